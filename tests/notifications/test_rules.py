from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules import (
    BEFORE_THE_VISIT,
    KINDS,
    BookingFacts,
    Missed,
    Policy,
    Wanted,
    due_messages,
    plan,
)

POLICY = Policy()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PACIFIC = ZoneInfo("America/Los_Angeles")


def la(day, hour, minute=0, *, month=11):
    """A wall time of November 2026 in Los Angeles, which is UTC-8 then (from the 2nd on)."""
    return datetime(2026, month, day, hour, minute, tzinfo=PACIFIC).astimezone(UTC)


# Dosing on Tuesday the 24th at 9:30, booked three weeks before: no food from 1:30, no drinks from 7:30.
DOSING = BookingFacts(
    booking_id=1,
    version=1,
    session_kind="dosing",
    status="booked",
    starts_at=la(24, 9, 30),
    ends_at=la(24, 12),
    booked_at=la(3, 10),
    client_zone="America/Los_Angeles",
    clinic_zone="America/Los_Angeles",
    solids_fast_minutes=480,
    liquids_fast_minutes=120,
    escort_required=True,
    missing=frozenset({"fasting", "ride", "support_person"}),
    channels=("sms", "email"),
)
INTEGRATION = replace(
    DOSING,
    session_kind="integration",
    solids_fast_minutes=None,
    liquids_fast_minutes=None,
    missing=frozenset(),
)
COMPLETED = replace(DOSING, status="completed", completed_at=la(24, 12))


def due(facts, now, policy=POLICY):
    """kind/channel → local time of a message; a kind that comes once, as one key."""
    zone = ZoneInfo(facts.client_zone)
    return {
        f"{item.kind}/{item.channel}": item.due_at.astimezone(zone).strftime("%d %H:%M")
        for item in due_messages(facts, policy, now=now)
    }


def missed(facts, now):
    return [(item.kind, item.channel, item.reason) for item in plan(facts, POLICY, now=now).missed]


def test_all_messages_before_a_dosing_session_in_their_order():
    assert list(due(DOSING, la(3, 10)).items()) == [
        ("booked/sms", "03 10:03"),
        ("ride_and_support/sms", "21 11:00"),
        ("fasting/sms", "23 16:00"),
        ("fasting/email", "23 16:00"),
        ("morning_of/sms", "24 08:00"),  # 7:30 is in the quiet hours
    ]


def test_a_session_without_dosing_has_no_fasting_and_no_ride():
    facts = replace(INTEGRATION, missing=frozenset({"ride"}), solids_fast_minutes=480)
    assert list(due(facts, la(3, 10))) == ["booked/sms", "morning_of/sms"]


@pytest.mark.parametrize(
    ("changes", "now", "expected"),
    [
        # -- booked: three minutes, in which a slip of the desk is put right
        ({"booked_at": la(3, 10)}, la(3, 10), {"booked/sms": "03 10:03"}),
        ({"booked_at": la(3, 10)}, la(3, 10, 2), {"booked/sms": "03 10:03"}),
        ({"booked_at": la(3, 10)}, la(3, 10, 4), {"booked/sms": "03 10:04"}),  # a worker was busy: now
        ({"booked_at": la(3, 10)}, la(4, 10, 2), {"booked/sms": "04 10:02"}),  # a day late is the last moment
        ({"booked_at": la(3, 10)}, la(4, 10, 3), {}),
        ({"booked_at": la(3, 7)}, la(3, 7), {"booked/sms": "03 08:00"}),  # before breakfast: at eight
        ({"booked_at": la(3, 19, 56)}, la(3, 19, 56), {"booked/sms": "03 19:59"}),
        ({"booked_at": la(3, 19, 57)}, la(3, 19, 57), {"booked/sms": "04 08:00"}),  # quiet from 20:00 sharp
        ({"booked_at": la(3, 23)}, la(3, 23), {"booked/sms": "04 08:00"}),
        # -- moved takes the place of booked, whether that was sent or not
        ({"moved_at": la(5, 10)}, la(5, 10), {"moved/sms": "05 10:03"}),
        ({"moved_at": la(3, 10, 2)}, la(3, 10, 3), {"moved/sms": "03 10:05"}),
        # -- one channel, the one the client likes best
        ({"channels": ("email", "sms")}, la(3, 10), {"booked/email": "03 10:03"}),
        ({"channels": ("email",)}, la(3, 10), {"booked/email": "03 10:03"}),
        # -- a held time is nothing to tell, and who sits in the room knows
        ({"status": "held"}, la(3, 10), {}),
        ({"status": "arrived"}, la(3, 10), {}),
        ({"status": "in_session"}, la(3, 10), {}),
        ({"status": "no_show"}, la(24, 12), {}),
        ({"status": "expired"}, la(3, 10), {}),
    ],
)
def test_the_news_of_a_booking(changes, now, expected):
    facts = replace(INTEGRATION, confirmed=True, **changes)
    assert due(facts, now) == expected


@pytest.mark.parametrize(
    ("changes", "now", "expected"),
    [
        ({}, la(20, 12), {"ride_and_support/sms": "21 11:00"}),
        ({"missing": frozenset({"ride"})}, la(20, 12), {"ride_and_support/sms": "21 11:00"}),
        ({"missing": frozenset({"support_person"})}, la(20, 12), {"ride_and_support/sms": "21 11:00"}),
        ({"missing": frozenset({"fasting", "medicine"})}, la(20, 12), {}),  # both answered: not asked
        ({}, la(22, 9), {"ride_and_support/sms": "22 09:00"}),  # an answer was taken back: asked at once
        ({"booked_at": la(22, 9)}, la(22, 9), {"ride_and_support/sms": "22 09:03"}),  # booked late: at once
        ({}, la(24, 7, 29), {}),  # two hours before there is no ride to be found by a text
    ],
)
def test_ride_and_support(changes, now, expected):
    found = due(replace(DOSING, **changes), now)
    assert {key: at for key, at in found.items() if key.startswith("ride")} == expected


@pytest.mark.parametrize(
    ("changes", "now", "expected"),
    [
        # the afternoon before, on every channel
        ({}, la(20, 12), {"sms": "23 16:00", "email": "23 16:00"}),
        ({"channels": ("email",)}, la(20, 12), {"email": "23 16:00"}),
        # an instruction, not a question: it comes although the client has said that they know
        ({"missing": frozenset()}, la(20, 12), {"sms": "23 16:00", "email": "23 16:00"}),
        # booked late, with time left: at once after the quiet period
        ({"booked_at": la(23, 18)}, la(23, 18), {"sms": "23 18:03", "email": "23 18:03"}),
        # moved late: the same, from the move
        ({"moved_at": la(23, 18)}, la(23, 18), {"sms": "23 18:03", "email": "23 18:03"}),
        # a worker that was down comes back in the evening
        ({}, la(23, 19, 59), {"sms": "23 19:59", "email": "23 19:59"}),
        # in the quiet hours, with no morning before the stop at 1:30: not sent, see below
        ({}, la(23, 20), {}),
        # an afternoon session, fast from 9:00: the morning is early enough
        (
            {"starts_at": la(24, 17), "booked_at": la(23, 22)},
            la(23, 22),
            {"sms": "24 08:00", "email": "24 08:00"},
        ),
        # the same an hour earlier, fast from 8:00: half an hour before that has passed at eight
        ({"starts_at": la(24, 16), "booked_at": la(23, 22)}, la(23, 22), {}),
        # booked on the day, for the evening
        (
            {"starts_at": la(24, 19), "booked_at": la(24, 9)},
            la(24, 9),
            {"sms": "24 09:03", "email": "24 09:03"},
        ),
        # a fast of a day and more begins before the afternoon before: the one before that
        ({"solids_fast_minutes": 1440}, la(20, 12), {"sms": "22 16:00", "email": "22 16:00"}),
        (
            {"solids_fast_minutes": 1020},
            la(20, 12),
            {"sms": "22 16:00", "email": "22 16:00"},
        ),  # no time to read
        ({"solids_fast_minutes": 1019}, la(20, 12), {"sms": "23 16:00", "email": "23 16:00"}),
        # only drinks
        ({"solids_fast_minutes": None}, la(20, 12), {"sms": "23 16:00", "email": "23 16:00"}),
        ({"solids_fast_minutes": None}, la(24, 6), {}),  # quiet, and stop drinking at 7:30 comes before eight
        # nothing to keep
        ({"solids_fast_minutes": None, "liquids_fast_minutes": None}, la(20, 12), {}),
        ({"solids_fast_minutes": 0, "liquids_fast_minutes": 0}, la(20, 12), {}),
    ],
)
def test_fasting(changes, now, expected):
    found = due(replace(DOSING, **changes), now)
    assert {
        key.removeprefix("fasting/"): at for key, at in found.items() if key.startswith("fasting")
    } == expected


def test_fasting_dies_half_an_hour_before_the_first_stop():
    for item in due_messages(DOSING, POLICY, now=la(20, 12)):
        if item.kind == "fasting":
            assert item.expires_at == la(24, 1)
    drinks_first = replace(DOSING, solids_fast_minutes=60, liquids_fast_minutes=120)
    item = next(i for i in due_messages(drinks_first, POLICY, now=la(20, 12)) if i.kind == "fasting")
    assert item.expires_at == la(24, 7)


@pytest.mark.parametrize(
    ("changes", "now", "expected"),
    [
        ({"starts_at": la(24, 14)}, la(20, 12), "24 12:00"),
        ({}, la(20, 12), "24 08:00"),  # 7:30 is quiet; eight is early enough for 9:30
        ({"starts_at": la(24, 8)}, la(20, 12), "23 19:00"),  # eight is too late for 8:00: the evening before
        ({"starts_at": la(24, 8)}, la(23, 19, 30), "23 19:30"),  # a little later that evening
        ({"starts_at": la(24, 8)}, la(23, 20), None),  # missed
        ({"starts_at": la(24, 8, 30)}, la(20, 12), "23 19:00"),  # at eight it would be no use any more
        ({"starts_at": la(24, 8, 31)}, la(20, 12), "24 08:00"),
        ({"starts_at": la(24, 14), "confirmed": True}, la(20, 12), None),
        ({"starts_at": la(24, 14)}, la(24, 13, 29), "24 13:29"),
        ({"starts_at": la(24, 14)}, la(24, 13, 30), None),  # nothing in the last half hour
        # who booked or moved the evening before has been told then
        ({"starts_at": la(24, 14), "booked_at": la(23, 21, 57)}, la(23, 22), "24 12:00"),
        ({"starts_at": la(24, 14), "booked_at": la(23, 21, 58)}, la(23, 22), None),
        ({"starts_at": la(24, 14), "moved_at": la(24, 9)}, la(24, 9), None),
    ],
)
def test_morning_of(changes, now, expected):
    assert due(replace(INTEGRATION, **changes), now).get("morning_of/sms") == expected


@pytest.mark.parametrize(
    ("changes", "now", "expected"),
    [
        # four hours after the end, not after the booked end
        (
            {"completed_at": la(24, 12, 30)},
            la(24, 12, 30),
            {"aftercare/sms": "24 16:30", "integration_prompt/sms": "25 10:00"},
        ),
        # pressed hours late: the session ended an hour after its booked end at most
        (
            {"completed_at": la(24, 15)},
            la(24, 15),
            {"aftercare/sms": "24 17:00", "integration_prompt/sms": "25 10:00"},
        ),
        # pressed a day late: nobody is told to rest "today", and the prompt is for this day
        ({"completed_at": la(25, 15)}, la(25, 15), {"integration_prompt/sms": "25 15:00"}),
        ({"completed_at": la(26, 9)}, la(26, 9), {}),
        ({}, la(24, 12), {"aftercare/sms": "24 16:00", "integration_prompt/sms": "25 10:00"}),
        # would be due at 21:00: early is better than tomorrow, it is about tonight
        (
            {"ends_at": la(24, 17), "completed_at": la(24, 17)},
            la(24, 17),
            {"aftercare/sms": "24 19:00", "integration_prompt/sms": "25 10:00"},
        ),
        (
            {"ends_at": la(24, 19), "completed_at": la(24, 19, 30)},
            la(24, 19, 30),
            {"aftercare/sms": "24 19:33", "integration_prompt/sms": "25 10:00"},
        ),
        # missed
        (
            {"ends_at": la(24, 19), "completed_at": la(24, 19, 57)},
            la(24, 19, 57),
            {"integration_prompt/sms": "25 10:00"},
        ),
        # three hours late is too late
        ({}, la(24, 18, 59), {"aftercare/sms": "24 18:59", "integration_prompt/sms": "25 10:00"}),
        ({}, la(24, 19), {"integration_prompt/sms": "25 10:00"}),
        ({}, la(25, 18, 59), {"integration_prompt/sms": "25 18:59"}),
        ({}, la(25, 19), {}),
        # completed after midnight: the next day is the day after that
        (
            {"ends_at": la(25, 0), "completed_at": la(25, 0, 30)},
            la(25, 0, 30),
            {"integration_prompt/sms": "26 10:00"},
        ),
        # not before it is completed, and not after another session
        ({"status": "in_session", "completed_at": None}, la(24, 12), {}),
        ({"session_kind": "integration"}, la(24, 12), {}),
        ({"session_kind": "preparation"}, la(24, 12), {}),
    ],
)
def test_after_a_dosing_session(changes, now, expected):
    assert due(replace(COMPLETED, **changes), now) == expected


@pytest.mark.parametrize(
    ("cancelled_at", "now", "expected"),
    [
        (la(10, 10), la(10, 10), {"cancelled/sms": "10 10:03"}),
        (la(10, 21), la(10, 21), {"cancelled/sms": "11 08:00"}),
        (la(10, 10), la(11, 10, 2), {"cancelled/sms": "11 10:02"}),
        (la(10, 10), la(11, 10, 3), {}),  # a day late: they have heard of it
        (la(24, 7), la(24, 7), {"cancelled/sms": "24 08:00"}),
        (la(24, 9, 27), la(24, 9, 27), {}),  # nothing after the start
        (la(24, 11), la(24, 11), {}),
    ],
)
def test_cancelled(cancelled_at, now, expected):
    facts = replace(DOSING, status="cancelled", cancelled_at=cancelled_at, cancelled_by_party="clinic")
    assert due(facts, now) == expected


# What the desk has to make up for


def test_without_a_channel_everything_is_the_desks_call():
    assert due(replace(DOSING, channels=()), la(3, 10)) == {}
    assert missed(replace(DOSING, channels=()), la(3, 10)) == [
        ("booked", None, "no_channel"),
        ("fasting", None, "no_channel"),
        ("ride_and_support", None, "no_channel"),
        ("morning_of", None, "no_channel"),
    ]


def test_a_booking_at_ten_at_night_for_the_morning_is_a_call():
    facts = replace(DOSING, booked_at=la(23, 22))
    assert due(facts, la(23, 22)) == {"booked/sms": "24 08:00"}
    assert missed(facts, la(23, 22)) == [
        ("fasting", "sms", "quiet_hours"),
        ("fasting", "email", "quiet_hours"),
        ("ride_and_support", "sms", "quiet_hours"),
    ]


def test_what_came_too_late_is_missed_until_the_visit_begins():
    facts = replace(DOSING, confirmed=True, missing=frozenset())
    late = [("booked", "sms", "too_late"), ("fasting", "sms", "too_late"), ("fasting", "email", "too_late")]
    assert missed(facts, la(24, 1)) == late
    assert missed(facts, la(24, 9, 29)) == late
    assert missed(facts, la(24, 9, 30)) == []  # no call makes up for it now


def test_an_aftercare_text_that_could_not_go_out_is_still_a_call():
    assert missed(COMPLETED, la(24, 22)) == [("aftercare", "sms", "too_late")]
    late = replace(COMPLETED, ends_at=la(24, 19), completed_at=la(24, 19, 58))
    assert missed(late, la(24, 19, 58)) == [("aftercare", "sms", "quiet_hours")]
    next_day = replace(COMPLETED, completed_at=la(25, 15))
    assert missed(next_day, la(25, 15)) == [("aftercare", "sms", "too_late")]


@pytest.mark.parametrize(
    ("refused", "news", "fasting"),
    [
        ({("booked", "sms")}, ["email"], ["sms", "email"]),
        ({("fasting", "sms")}, ["sms"], ["email"]),
        ({("booked", "sms"), ("booked", "email")}, [], ["sms", "email"]),  # on the desk's list already
    ],
)
def test_the_next_channel_takes_the_place_of_one_that_refused(refused, news, fasting):
    facts = replace(DOSING, refused=frozenset(refused))
    result = plan(facts, POLICY, now=la(3, 10))
    assert [item.channel for item in result.due if item.kind == "booked"] == news
    assert [item.channel for item in result.due if item.kind == "fasting"] == fasting
    assert result.missed == ()


# Clocks


def test_hours_are_the_clients_not_the_clinics():
    facts = replace(DOSING, client_zone="America/New_York", booked_at=la(3, 18))  # 21:00 in New York
    assert due(facts, la(3, 18)) == {
        "booked/sms": "04 08:00",
        "ride_and_support/sms": "21 11:00",
        "fasting/sms": "23 16:00",
        "fasting/email": "23 16:00",
        "morning_of/sms": "24 10:30",
    }


def test_the_day_before_is_the_clients():
    # 9:30 on the 24th in Los Angeles is half past two on the 25th in Tokyo, where the fast begins at 18:30.
    facts = replace(DOSING, client_zone="Asia/Tokyo")
    assert due(facts, la(20, 12))["fasting/sms"] == "24 16:00"


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (datetime(2026, 3, 8, 9, 30, tzinfo=PACIFIC), 23),  # the night before it is an hour short
        (datetime(2026, 11, 1, 9, 30, tzinfo=PACIFIC), 25),
        (datetime(2026, 6, 9, 9, 30, tzinfo=PACIFIC), 24),
    ],
)
def test_the_wall_clock_stays_when_the_clocks_change(day, hours):
    starts_at = day.astimezone(UTC)
    facts = replace(DOSING, starts_at=starts_at, ends_at=starts_at + 2 * HOUR, booked_at=starts_at - 10 * DAY)
    times = due(facts, starts_at - 9 * DAY - 12 * HOUR)
    assert times["fasting/sms"].endswith("16:00")
    assert times["ride_and_support/sms"].endswith("11:00")
    assert times["morning_of/sms"].endswith("08:00")
    # The stomach counts hours, not what the clock shows.
    assert facts.stop_eating_at == starts_at - 8 * HOUR
    sent_at = next(
        i.due_at for i in due_messages(facts, POLICY, now=starts_at - 5 * DAY) if i.kind == "fasting"
    )
    assert starts_at - sent_at == (17.5 - 24 + hours) * HOUR


def test_the_next_morning_is_found_across_a_change():
    # Saturday night before the clocks go back: eight o'clock is eleven hours after 22:00, not ten.
    facts = replace(INTEGRATION, confirmed=True, booked_at=la(31, 22, month=10))
    (item,) = due_messages(facts, POLICY, now=la(31, 22, month=10))
    assert item.due_at - la(31, 22, month=10) == 11 * HOUR


def test_a_policy_whose_evening_is_not_in_the_day_is_refused():
    with pytest.raises(ValueError, match="evening"):
        Policy(evening_local=time(21))


def test_a_policy_can_be_stricter():
    policy = Policy(day_starts_local=time(9), day_ends_local=time(18), evening_local=time(17))
    assert due(DOSING, la(20, 12), policy)["morning_of/sms"] == "23 17:00"
    assert due(DOSING, la(20, 12), policy)["fasting/sms"] == "23 16:00"


# Properties

ZONES = st.sampled_from(
    [
        "America/Los_Angeles",
        "America/New_York",
        "America/Phoenix",
        "Pacific/Honolulu",
        "Asia/Tokyo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",  # half an hour of summer time
        "America/Santiago",  # changes at midnight
        "Africa/Casablanca",
        "Pacific/Kiritimati",
    ]
)
STARTS = st.integers(0, 700 * 24 * 12).map(lambda n: datetime(2026, 1, 10, tzinfo=UTC) + n * 5 * MINUTE)
BEFORE = st.timedeltas(timedelta(0), timedelta(days=40))


@st.composite
def situations(draw):
    """Any booking, however odd, and a moment to ask about it."""
    starts_at = draw(STARTS)
    booked_at = starts_at - draw(BEFORE)
    status = draw(st.sampled_from(["booked"] * 5 + ["completed", "cancelled", "held", "arrived", "no_show"]))
    facts = BookingFacts(
        booking_id=1,
        version=1,
        session_kind=draw(st.sampled_from(["dosing", "dosing", "integration", "consult"])),
        status=status,
        starts_at=starts_at,
        ends_at=starts_at + 2 * HOUR,
        booked_at=booked_at,
        moved_at=draw(
            st.none() | st.timedeltas(timedelta(0), starts_at - booked_at).map(lambda d: booked_at + d)
        ),
        cancelled_at=starts_at - draw(BEFORE) + 2 * HOUR if status == "cancelled" else None,
        completed_at=starts_at + draw(st.integers(1, 300)) * MINUTE if status == "completed" else None,
        client_zone=draw(ZONES),
        clinic_zone="America/Los_Angeles",
        solids_fast_minutes=draw(st.none() | st.integers(0, 3000)),
        liquids_fast_minutes=draw(st.none() | st.integers(0, 600)),
        missing=draw(st.frozensets(st.sampled_from(["fasting", "ride", "support_person", "medicine"]))),
        confirmed=draw(st.booleans()),
        channels=draw(st.sampled_from([("sms",), ("email",), ("sms", "email"), ("email", "sms"), ()])),
    )
    now = starts_at - draw(BEFORE) + draw(st.timedeltas(timedelta(0), 3 * DAY))
    return facts, now


def is_daytime(at, facts):
    return time(8) <= at.astimezone(ZoneInfo(facts.client_zone)).time() < time(20)


@given(situations())
def test_nothing_is_ever_due_at_night_too_early_or_too_late(situation):
    facts, now = situation
    for item in due_messages(facts, POLICY, now=now):
        assert is_daytime(item.due_at, facts)
        assert now <= item.due_at < item.expires_at
        assert item.due_at.tzinfo is UTC
        settled_at = max(facts.booked_at, facts.moved_at or facts.booked_at) + 3 * MINUTE
        assert item.due_at >= settled_at or facts.status in ("cancelled", "completed")


@given(situations())
def test_fasting_always_comes_before_the_stop(situation):
    facts, now = situation
    stops = [at for at in (facts.stop_eating_at, facts.stop_drinking_at) if at]
    fasting = [item for item in due_messages(facts, POLICY, now=now) if item.kind == "fasting"]
    for item in fasting:
        assert item.due_at < item.expires_at <= min(stops) - 30 * MINUTE
    assert {item.channel for item in fasting} in (set(), set(facts.channels))


@given(situations())
def test_nothing_about_the_visit_comes_once_it_has_begun_or_been_cancelled(situation):
    facts, now = situation
    kinds = {item.kind for item in due_messages(facts, POLICY, now=now)}
    allowed = {
        "booked": BEFORE_THE_VISIT,
        "cancelled": {"cancelled"},
        "completed": {"aftercare", "integration_prompt"},
    }.get(facts.status, set())
    assert kinds <= allowed
    assert not {"booked", "moved"} <= kinds
    if now >= facts.starts_at:
        assert kinds <= {"aftercare", "integration_prompt"}


@given(situations(), st.floats(0, 1))
def test_a_due_time_does_not_drift_while_it_is_awaited(situation, part):
    facts, now = situation
    for item in due_messages(facts, POLICY, now=now):
        later = now + (item.due_at - now) * part
        assert item in due_messages(facts, POLICY, now=later)


@given(situations())
def test_every_wish_is_planned_or_reported_and_never_both(situation):
    facts, now = situation
    result = plan(facts, POLICY, now=now)
    assert result == plan(facts, POLICY, now=now)
    planned = [(item.kind, item.channel) for item in result.due]
    reported = [(item.kind, item.channel) for item in result.missed]
    assert len({*planned, *reported}) == len(planned) + len(reported)
    assert list(result.due) == sorted(
        result.due, key=lambda i: (i.due_at, KINDS.index(i.kind), facts.channels.index(i.channel))
    )
    assert all(item.channel is None for item in result.missed) or facts.channels
    assert result.due == due_messages(facts, POLICY, now=now)


@given(situations())
def test_once_missed_for_good_it_stays_missed(situation):
    """Nothing that the desk was told to call about goes out by itself afterwards."""
    facts, now = situation
    lost = {(m.kind, m.channel) for m in plan(facts, POLICY, now=now).missed if m.channel}
    for later in (now + MINUTE, now + 5 * HOUR, now + DAY):
        assert lost.isdisjoint((i.kind, i.channel) for i in due_messages(facts, POLICY, now=later))


def test_values_can_be_compared_and_kept_in_sets():
    at = la(23, 16)
    assert Wanted("fasting", "sms", at, at + HOUR) == Wanted("fasting", "sms", at, at + HOUR)
    assert len({Missed("fasting", "sms", "too_late"), Missed("fasting", "sms", "too_late")}) == 1


# The kinds that a practice may want beside the first eight

MEDICINE = replace(DOSING, missing=frozenset({"medicine"}), support_channels=("sms",), confirmed=False)


def only(kind, **changes):
    rule = next(rule for rule in POLICY.rules if rule.kind == kind)
    return replace(POLICY, rules=(replace(rule, is_active=True, **changes),))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bring_medicine", {"bring_medicine/sms": "19 11:00"}),
        ("support_person", {"support_person/sms": "23 17:00"}),
        ("intention", {"intention/email": "23 17:00"}),
        ("measure_before", {}),
    ],
)
def test_other_kinds_before_a_session(kind, expected):
    assert due(MEDICINE, la(3, 10), only(kind)) == expected


def test_the_medicine_is_asked_for_until_it_is_there():
    assert due(replace(MEDICINE, missing=frozenset({"ride"})), la(3, 10), only("bring_medicine")) == {}


def test_without_a_support_person_who_agreed_nobody_is_told_and_nobody_called():
    result = plan(replace(MEDICINE, support_channels=()), only("support_person"), now=la(3, 10))
    assert result.due == result.missed == ()


def test_questions_are_asked_when_there_are_some():
    asked = replace(MEDICINE, questions=frozenset({"before"}))
    assert due(asked, la(3, 10), only("measure_before")) == {"measure_before/email": "17 11:00"}
    after = replace(COMPLETED, questions=frozenset({"after"}), window_from_at=la(30, 12))
    assert due(after, la(25, 10), only("measure_after")) == {"measure_after/email": "30 10:00"}


def test_a_rule_names_its_channels_in_its_order():
    facts, both = MEDICINE, only("bring_medicine", on_all_channels=True)
    assert list(due(facts, la(3, 10), both)) == ["bring_medicine/sms", "bring_medicine/email"]
    mail_first = only("bring_medicine", channels=("email", "sms"))
    assert list(due(facts, la(3, 10), mail_first)) == ["bring_medicine/email"]
    refused = replace(facts, refused=frozenset({("bring_medicine", "email")}))
    assert list(due(refused, la(3, 10), mail_first)) == ["bring_medicine/sms"]
    mail_only = only("bring_medicine", channels=("email",))
    assert missed_by(replace(facts, channels=("sms",)), mail_only) == [("bring_medicine", None, "no_channel")]


def missed_by(facts, policy):
    return [(item.kind, item.channel, item.reason) for item in plan(facts, policy, now=la(3, 10)).missed]


@pytest.mark.parametrize(
    "kind", ["bring_medicine", "ride_and_support", "support_person", "intention", "fasting"]
)
@pytest.mark.parametrize(
    "day",
    [
        datetime(2026, 3, 8, 9, 30, tzinfo=ZoneInfo("America/Los_Angeles")),  # 23 hours
        datetime(2026, 11, 1, 9, 30, tzinfo=ZoneInfo("America/Los_Angeles")),  # 25 hours
        datetime(2026, 4, 5, 9, 30, tzinfo=ZoneInfo("Australia/Lord_Howe")),  # 24 and a half
        datetime(2026, 9, 6, 9, 30, tzinfo=ZoneInfo("America/Santiago")),  # the day begins at one
        datetime(2026, 3, 29, 9, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    ],
)
def test_every_rule_by_the_clock_keeps_it_when_the_clocks_change(kind, day):
    zone = day.tzinfo.key
    starts_at = day.astimezone(UTC)
    facts = replace(
        MEDICINE,
        missing=frozenset({"medicine", "ride"}),
        starts_at=starts_at,
        ends_at=starts_at + 2 * HOUR,
        booked_at=starts_at - 20 * DAY,
        client_zone=zone,
    )
    rule = next(rule for rule in POLICY.rules if rule.kind == kind)
    for item in due_messages(facts, only(kind), now=starts_at - 19 * DAY):
        local = item.due_at.astimezone(ZoneInfo(zone))
        assert local.time() == rule.local
        assert local.date() - day.date() == timedelta(days=rule.days)
