"""The parts that the demo's clients play: how far each is, relative to today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from random import Random

NASAL = "compounded_nasal"


@dataclass(frozen=True)
class Part:
    """`day` is that of the visit that the part is about; for a series, of the next dose after `done` ones.

    `local` is the time that is tried first. `turn` names what is special about it.
    """

    stage: str
    day: int = 0
    local: time = time(10)
    route: str = NASAL
    done: int = 0
    turn: str = ""


def _series(route: str, day: int, done: int, local: time, turn: str = "") -> Part:
    return Part("in_series", day, local, route, done, turn)


# Those with a session today or tomorrow come first, so that they get the times they want.
PARTS = (
    _series("im", 0, 1, time(9), "all_set"),
    _series(NASAL, 0, 1, time(9, 30)),
    _series("iv", 0, 1, time(13), "override"),
    _series(NASAL, 0, 0, time(13, 30), "ride_open"),
    _series(NASAL, 0, 1, time(16), "revoked"),
    _series("iv", 1, 1, time(9), "all_set"),
    _series(NASAL, 1, 0, time(9, 30), "support_open"),
    _series("sublingual", 1, 0, time(13), "ride_problem"),
    _series(NASAL, 1, 0, time(13, 30), "revoked"),
    _series(NASAL, 5, 1, time(9, 30), "talk_after_two_days"),
    _series("iv", 5, 1, time(13), "talk_after_two_days"),
    _series(NASAL, 6, 1, time(9, 30), "talk_after_two_days"),
    _series("iv", 6, 1, time(13), "talk_after_two_days"),
    Part("consult_booked", 0, time(8), turn="stays_away"),
    Part("consult_booked", 0, time(15), turn="calls_off"),
    Part("preparing", 0, time(11)),
    Part("evaluation_waiting", 0, time(14), turn="flagged"),
    Part("review", 0, time(12)),
    Part("consult_booked", 0, time(16)),
    Part("consult_booked", 1, time(10)),
    Part("preparing", 1, time(12)),
    Part("evaluation_waiting", 1, time(10), turn="half_filled"),
    Part("preparing", 1, time(16), turn="moved"),
    _series("spravato", 2, 1, time(9), "adverse_event"),
    _series(NASAL, 3, 0, time(9, 30), "moved"),
    Part("on_hold", 2, done=1),
    Part("on_hold", 3, route="iv"),
    Part("finished", -9, done=1),
    *(Part("consult_booked", day) for day in (2, 5)),
    Part("evaluation_waiting", turn="unbooked"),
    *(Part("cleared", turn=decision) for decision in ("cleared", "needs_more", "conditional", "not_now")),
    *(Part("prescribed", turn=turn) for turn in ("", "", "sent", "sent", "dispensed", "dispensed")),
    Part("preparing", 4),
    *(Part("inquiry", -day) for day in range(1, 19)),
)

# For the many: doses are a week apart, so with these the last one is some days ago.
DAYS_AHEAD = (8, 9, 15, 16, 22, 23)
MANY_ROUTES = (NASAL, NASAL, NASAL, "im", "iv", "sublingual")


def more_parts(count: int, *, rng: Random, past_days: int) -> Iterator[Part]:
    """Parts for those who only make the practice larger; what is over lies up to `past_days` back."""
    for _each in range(count):
        route, stage = rng.choice(MANY_ROUTES), rng.random()
        if stage < 0.25:
            yield Part("inquiry", -rng.randint(2, past_days))
        elif stage < 0.35:
            yield Part("prescribed", route=route)
        elif stage < 0.40:
            yield Part("cleared", turn="conditional", route=route)
        elif stage < 0.85:
            yield Part("finished", -rng.randint(20, past_days), done=rng.randint(1, 4), route=route)
        else:
            yield Part("in_series", rng.choice(DAYS_AHEAD), done=rng.randint(0, 4), route=route)
