from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest

from scheduling.engine.openings import find_openings, why_not
from scheduling.engine.types import Calendar, Demand, GridRule, Need, Opening, ResourceKey, Span

MIDNIGHT = datetime(2026, 5, 4, tzinfo=UTC)
ANNA, BEN = ResourceKey("clinician", 1), ResourceKey("clinician", 2)
PETRA = ResourceKey("clinician", 9)
FERN, OAK = ResourceKey("room", 1), ResourceKey("room", 2)


def at(text: str) -> datetime:
    hour, minute = text.split(":")
    return MIDNIGHT + timedelta(hours=int(hour), minutes=int(minute))


def spans(*texts: str) -> tuple[Span, ...]:
    pairs = (text.split("-") for text in texts)
    return tuple(Span(at(start), at(end)) for start, end in pairs)


def minutes(*pairs: tuple[int, int]) -> tuple[tuple[timedelta, timedelta], ...]:
    return tuple((timedelta(minutes=start), timedelta(minutes=end)) for start, end in pairs)


THERAPIST = Need("therapist", minutes((0, 60)), (ANNA, BEN))
PSYCHIATRIST = Need("psychiatrist", minutes((0, 15), (50, 60)), (PETRA,))
ROOM = Need("room:dosing", minutes((-15, 75)), (FERN, OAK))

DEMAND = Demand(
    length=timedelta(minutes=60),
    needs=(THERAPIST, PSYCHIATRIST, ROOM),
    grid=GridRule(30, ZoneInfo("UTC")),
    earliest=at("00:00"),
    latest=at("24:00"),
)
CALENDARS: Mapping[ResourceKey, Calendar] = MappingProxyType(
    {
        ANNA: Calendar(spans("09:00-12:00")),
        BEN: Calendar(spans("10:00-13:00")),
        PETRA: Calendar(spans("08:00-18:00"), licensed=spans("00:00-24:00")),
        FERN: Calendar(None),
        OAK: Calendar(None),
    }
)
ALL_DAY = Span(at("00:00"), at("24:00"))


def starts(
    demand: Demand = DEMAND, calendars: Mapping[ResourceKey, Calendar] = CALENDARS, window: Span = ALL_DAY
) -> list[str]:
    return [one.start.strftime("%H:%M") for one in find_openings(demand, calendars, window=window, limit=99)]


def but(**changes: Mapping[str, object]) -> dict[ResourceKey, Calendar]:
    """Return the calendars with changes for some, by name."""
    keys = {"anna": ANNA, "ben": BEN, "petra": PETRA, "fern": FERN, "oak": OAK}
    changed = {keys[name]: replace(CALENDARS[keys[name]], **fields) for name, fields in changes.items()}  # type: ignore[arg-type]
    return {**CALENDARS, **changed}


def test_openings_come_with_their_people_and_room() -> None:
    found = find_openings(DEMAND, CALENDARS, window=ALL_DAY, limit=99)
    assert [one.start for one in found] == [
        at(text) for text in ("09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00")
    ]
    # Anna is preferred as long as she is there.
    assert found[4] == Opening(
        at("11:00"), at("12:00"), {"therapist": ANNA, "psychiatrist": PETRA, "room:dosing": FERN}
    )
    assert found[5] == Opening(
        at("11:30"), at("12:30"), {"therapist": BEN, "psychiatrist": PETRA, "room:dosing": FERN}
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # A busy time that touches the booking on either side leaves it standing.
        (
            {"anna": {"busy": spans("10:00-11:00")}, "ben": {"hours": ()}},
            ["09:00", "11:00"],
        ),
        # A minute more does not.
        (
            {"anna": {"busy": spans("09:59-11:01")}, "ben": {"hours": ()}},
            [],
        ),
        # Hours in two pieces that touch are one; a break of a minute splits them.
        (
            {"anna": {"hours": spans("10:00-10:30", "09:30-10:00")}, "ben": {"hours": ()}},
            ["09:30"],
        ),
        (
            {"anna": {"hours": spans("09:30-10:00", "10:01-10:30")}, "ben": {"hours": ()}},
            [],
        ),
        # The room is needed a quarter before and after: 10:00 would need it from 09:45.
        (
            {"fern": {"busy": spans("09:45-10:00")}, "oak": {"busy": spans("08:00-09:46")}},
            ["10:30", "11:00", "11:30", "12:00"],
        ),
        # The psychiatrist is free between the two visits only: nothing fits around it.
        (
            {"petra": {"busy": spans("09:15-09:50")}},
            ["09:00", "10:00", "10:30", "11:00", "11:30", "12:00"],
        ),
        # Away counts like busy.
        (
            {"petra": {"away": spans("10:00-18:00")}},
            ["09:00"],
        ),
        # Not licensed until 11:15.
        (
            {"petra": {"licensed": spans("11:15-24:00")}},
            ["11:30", "12:00"],
        ),
        # Licensed never; no licence asked for.
        ({"petra": {"licensed": ()}}, []),
        (
            {"petra": {"licensed": None}},
            ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00"],
        ),
    ],
)
def test_what_a_calendar_leaves(changes: dict[str, Mapping[str, object]], expected: list[str]) -> None:
    assert starts(calendars=but(**changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # The first start allowed by notice is included, the horizon is not.
        ({"earliest": at("10:00"), "latest": at("11:00")}, ["10:00", "10:30"]),
        ({"earliest": at("10:01"), "latest": at("11:01")}, ["10:30", "11:00"]),
        # Notice longer than the horizon.
        ({"earliest": at("12:00"), "latest": at("10:00")}, []),
        # The client may come straight from one thing and leave for the next.
        ({"client_busy": spans("11:00-24:00", "00:00-09:30")}, ["09:30", "10:00"]),
        # Another grid.
        ({"grid": GridRule(45, ZoneInfo("UTC"))}, ["09:00", "09:45", "10:30", "11:15", "12:00"]),
        # The grid of a zone at +05:45.
        ({"grid": GridRule(60, ZoneInfo("Asia/Kathmandu"))}, ["09:15", "10:15", "11:15"]),
        # A need nobody can fill.
        ({"needs": (THERAPIST, replace(PSYCHIATRIST, candidates=()))}, []),
        # No need at all: only the client's time, the grid and the limits.
        ({"needs": (), "earliest": at("22:59")}, ["23:00", "23:30"]),
    ],
)
def test_what_a_demand_leaves(changes: dict[str, object], expected: list[str]) -> None:
    assert starts(demand=replace(DEMAND, **changes)) == expected  # type: ignore[arg-type]


def test_one_person_fills_all_windows_of_a_need() -> None:
    # Anna could take the first visit and Ben the last, but nobody both.
    calendars = but(anna={"hours": spans("09:00-09:30")}, ben={"hours": spans("09:30-10:00")})
    demand = replace(DEMAND, needs=(Need("therapist", minutes((0, 15), (50, 60)), (ANNA, BEN)),))
    assert starts(demand, calendars) == []
    assert starts(demand, but(anna={"hours": spans("09:00-09:15", "09:50-10:00")}, ben={"hours": ()})) == [
        "09:00"
    ]


def test_the_window_is_about_starts_and_half_open() -> None:
    assert starts(window=Span(at("09:30"), at("10:30"))) == ["09:30", "10:00"]
    assert starts(window=Span(at("09:31"), at("10:01"))) == ["10:00"]
    assert starts(window=Span(at("09:31"), at("09:59"))) == []


def test_the_limit_cuts_and_the_gate_is_asked_no_further() -> None:
    asked: list[datetime] = []

    def not_at_ten(start: datetime) -> bool:
        asked.append(start)
        return start != at("10:00")

    found = find_openings(DEMAND, CALENDARS, window=ALL_DAY, limit=3, allowed=not_at_ten)
    assert [one.start for one in found] == [at("09:00"), at("09:30"), at("10:30")]
    assert asked == [at("09:00"), at("09:30"), at("10:00"), at("10:30")]
    with pytest.raises(ValueError, match="limit"):
        find_openings(DEMAND, CALENDARS, window=ALL_DAY, limit=0)


def test_an_hour_shown_twice_offers_both_and_a_session_lasts_real_minutes() -> None:
    tz = ZoneInfo("America/Los_Angeles")
    night = Span(datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 1, 11, tzinfo=UTC))
    demand = Demand(timedelta(minutes=60), (), GridRule(60, tz), night.start, night.end)
    found = find_openings(demand, {}, window=night, limit=99)
    shown = [one.start.astimezone(tz) for one in found]
    assert [(wall.hour, wall.fold) for wall in shown] == [(1, 0), (1, 1), (2, 0)]
    assert {one.end - one.start for one in found} == {timedelta(minutes=60)}


Reasons = list[tuple[str, int | None]]


def reasons(
    start: datetime,
    demand: Demand = DEMAND,
    calendars: Mapping[ResourceKey, Calendar] = CALENDARS,
    choice: Mapping[str, ResourceKey] | None = None,
) -> Reasons:
    found = why_not(start, demand, calendars, choice=choice)
    return [(blocker.code, blocker.params.get("resource_id")) for blocker in found]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("start", "demand_changes", "calendar_changes", "expected"),
    [
        # An opening.
        ("09:30", {}, {}, []),
        # Before and after what the type allows; the horizon itself is too far.
        ("09:30", {"earliest": at("09:31")}, {}, [("too_soon", None)]),
        ("09:30", {"earliest": at("09:30")}, {}, []),
        ("09:30", {"latest": at("09:30")}, {}, [("too_far", None)]),
        ("09:31", {}, {}, [("off_grid", None)]),
        ("09:30", {"client_busy": spans("10:29-10:40")}, {}, [("client_busy", None)]),
        ("09:30", {"client_busy": spans("10:30-10:40", "09:00-09:30")}, {}, []),
        # Both therapists are out of their hours.
        ("12:30", {}, {}, [("outside_hours", 1), ("outside_hours", 2)]),
        # One of two is enough: Anna has left, Ben has not.
        ("11:30", {}, {}, []),
        # One resource, several reasons; a busy time seen by both visits is told once.
        (
            "10:00",
            {},
            {
                "petra": {
                    "hours": spans("10:30-12:00"),
                    "away": spans("10:00-10:01"),
                    "busy": spans("10:00-11:00"),
                    "licensed": spans("10:00-10:59"),
                }
            },
            [("outside_hours", 9), ("away", 9), ("busy", 9), ("not_licensed", 9)],
        ),
        # Only the time in between is taken.
        ("10:00", {}, {"petra": {"busy": spans("10:15-10:50")}}, []),
        # Buffers count.
        (
            "10:00",
            {},
            {"fern": {"busy": spans("09:00-09:46")}, "oak": {"busy": spans("11:14-12:00")}},
            [("busy", 1), ("busy", 2)],
        ),
        ("10:00", {"needs": (replace(ROOM, candidates=()),)}, {}, [("no_candidate", None)]),
        # Everything at once, in a fixed order.
        (
            "23:59",
            {
                "earliest": MIDNIGHT + timedelta(days=2),
                "latest": at("12:00"),
                "client_busy": spans("00:00-24:00"),
            },
            {"ben": {"away": spans("00:00-24:00")}},
            [
                ("off_grid", None),
                ("too_soon", None),
                ("too_far", None),
                ("client_busy", None),
                ("outside_hours", 1),
                ("outside_hours", 2),
                ("away", 2),
                ("outside_hours", 9),
                ("not_licensed", 9),
            ],
        ),
    ],
)
def test_why_not_names_every_reason(
    start: str,
    demand_changes: dict[str, object],
    calendar_changes: dict[str, Mapping[str, object]],
    expected: Reasons,
) -> None:
    demand = replace(DEMAND, **demand_changes)  # type: ignore[arg-type]
    calendars = but(**calendar_changes)
    assert reasons(at(start), demand, calendars) == expected
    assert (start in starts(demand, calendars)) == (not expected)


def test_a_choice_is_judged_alone() -> None:
    # Anyone would do, but Anna has left.
    assert reasons(at("11:30")) == []
    assert reasons(at("11:30"), choice={"therapist": ANNA}) == [("outside_hours", 1)]
    assert reasons(at("11:30"), choice={"therapist": BEN}) == []
    # The psychiatrist is no therapist.
    assert reasons(at("11:30"), choice={"therapist": PETRA}) == [("no_candidate", 9)]
    with pytest.raises(ValueError, match="needs"):
        reasons(at("11:30"), choice={"dentist": ANNA})


def test_what_was_chosen_is_no_reason_against() -> None:
    for one in find_openings(DEMAND, CALENDARS, window=ALL_DAY, limit=99):
        assert why_not(one.start, DEMAND, CALENDARS, choice=one.chosen) == ()


def test_a_start_may_come_in_any_zone_but_not_without_one() -> None:
    there = at("09:30").astimezone(ZoneInfo("Asia/Kathmandu"))
    assert why_not(there, DEMAND, CALENDARS) == ()
    with pytest.raises(ValueError, match="zone"):
        why_not(at("09:30").replace(tzinfo=None), DEMAND, CALENDARS)


def test_a_candidate_without_a_calendar_is_a_mistake() -> None:
    for missing in (ANNA, BEN, FERN):
        calendars = {key: calendar for key, calendar in CALENDARS.items() if key != missing}
        with pytest.raises(KeyError):
            starts(calendars=calendars)
        with pytest.raises(KeyError):
            why_not(at("09:30"), DEMAND, calendars)


def test_every_reason_reads_as_a_sentence_and_tells_nothing_else() -> None:
    demand = replace(
        DEMAND,
        needs=(THERAPIST, ROOM, replace(PSYCHIATRIST, candidates=())),
        earliest=at("24:00"),
        latest=at("01:00"),
        client_busy=spans("00:00-24:00"),
    )
    calendars = but(
        anna={"away": spans("00:00-24:00"), "licensed": ()},
        ben={"busy": spans("00:00-24:00")},
        fern={"busy": spans("00:00-24:00")},
        oak={"away": spans("00:00-24:00")},
    )
    found = why_not(at("20:01"), demand, calendars)
    assert {blocker.code for blocker in found} == {
        "off_grid",
        "too_soon",
        "too_far",
        "client_busy",
        "outside_hours",
        "away",
        "busy",
        "not_licensed",
        "no_candidate",
    }
    for blocker in found:
        assert set(blocker.params) <= {
            "step_minutes",
            "who",
            "need",
            "resource_kind",
            "resource_id",
            "resource_unit",
        }
        assert "%" not in blocker.text()
        assert blocker.text().endswith(".")


def test_a_reason_is_translated_before_its_holes_are_filled() -> None:
    (blocker,) = why_not(at("09:31"), DEMAND, CALENDARS)
    catalogue = {
        "Starts are every %(step_minutes)s minutes, counted from midnight.": "Cada %(step_minutes)s minutos."
    }
    assert blocker.text(catalogue.__getitem__) == "Cada 30 minutos."
