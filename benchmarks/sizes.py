"""How much data there is at each size. Bookings that are over take up no time any more; those ahead do."""

from __future__ import annotations

from dataclasses import dataclass

# The practice that most cases ask about: therapists who talk, those who are there for doses, and rooms.
TALKERS, DOSERS, TALK_ROOMS, DOSING_ROOMS = 40, 10, 20, 10
# The other location, which is there to be large.
CROWD, CROWD_ROOMS = 1000, 200
HOURS = 9  # a talk begins at 8, 9 … 16 o'clock
FULL_DAYS, ROOMS_WHEN_FULL, ROOMS_USUALLY = 5, 20, 12
DOSES_AT_ONCE, DOSE_STARTS = 8, ("08:30", "12:00", "15:00")
DOSES_A_DAY = DOSES_AT_ONCE * len(DOSE_STARTS)


@dataclass(frozen=True)
class Size:
    """`bookings` in all. Those ahead reach `days` far, in the crowd's location `crowd_days` with
    `crowd_rooms` in use at a time. `free_clients` have no booking ahead, `series_plans` nothing booked yet.
    """

    name: str
    bookings: int
    clients: int
    days: int
    crowd_days: int
    crowd_rooms: int
    past_days: int
    free_clients: int = 1500
    series_plans: int = 24

    @property
    def courses(self) -> int:
        """Clients with a dose behind them and one ahead."""
        return DOSES_A_DAY * (self.days - 1)


SIZES = {
    size.name: size
    for size in (
        Size("tiny", 2_000, 1_200, 6, 2, 5, 30, free_clients=400, series_plans=3),
        Size("small", 10_000, 10_000, 21, 10, 10, 180),
        Size("medium", 100_000, 10_000, 35, 28, 40, 360),
        Size("large", 1_000_000, 50_000, 60, 60, 40, 1800),
        Size("messages", 60_000, 10_000, 21, 10, 10, 180),  # for a million planned messages
        Size("huge", 10_000_000, 250_000, 90, 90, 40, 3600),
    )
}
