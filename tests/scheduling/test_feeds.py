"""Calendars that leave us: what is in them, who gets one, and what their addresses give away."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client as Browser
from django.test import override_settings
from icalendar import Calendar, Event
from pytest_django import DjangoAssertNumQueries

from config.logs import Discreet
from practice.models import Activity, Client, Clinician, IdempotencyKey, Location, Role, Room, User
from scheduling import booking, lifecycle, moves
from scheduling.calendars import feeds
from scheduling.models import Booking, Feed
from tests.api.calls import Caller, pointers
from tests.cast import NOW, Clinic, at, make_client, make_clinician, make_user

pytestmark = pytest.mark.django_db

TIMES = "DTSTART", "DTEND"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ready(clinic: Clinic) -> Clinic:
    clinic.appointment_type()
    clinic.ready_client()
    return clinic


def book(clinic: Clinic, start: str = "2026-12-01 09:30", number: int = 1) -> Booking:
    client = clinic.maya
    kind, session = clinic.appointment_type(), clinic.dose(client, number)
    request = booking.Request(client, kind, clinic.location, session)
    return booking.book(request, at(start), actor=clinic.kim, now=NOW)


def make(subject: Clinician | Room | Client, who: User) -> str:
    """The path of a new feed."""
    secret = feeds.new_secret()
    feeds.make(subject, secret=secret, actor=who, now=NOW)
    return f"/feeds/{secret}.ics"


def read(path: str) -> list[Event]:
    answer = Browser().get(path)
    assert answer.status_code == 200
    return Calendar.from_ical(answer.content).events


# What is in it


def test_a_clinicians_feed_shows_when_and_at_which_place_and_nothing_else(ready: Clinic) -> None:
    booked = book(ready)
    body = Browser().get(make(ready.ana, ready.ana.user)).content.decode()
    (event,) = Calendar.from_ical(body).events
    assert event["SUMMARY"] == "Appointment, Riverbend"
    assert event["UID"] == f"booking-{booked.pk}@localhost"
    assert (event["SEQUENCE"], event["STATUS"], event["DESCRIPTION"]) == (0, "CONFIRMED", "+15555550100")
    assert event["LOCATION"] == "1 River Road"
    assert [event[name].dt for name in TIMES] == [booked.starts_at, booked.ends_at]
    assert event["DTSTART"].params["TZID"] == "America/Los_Angeles"
    assert "TZID:America/Los_Angeles" in body
    for private in ("Maya", "Rivera", "MR", "M.R.", "etamin", "osing", "Clinic", "Room 1", "Ana"):
        assert private not in body


def test_each_feed_shows_its_own_bookings(ready: Clinic) -> None:
    book(ready)
    seen_by = {
        name: len(read(make(subject, ready.kim)))
        for name, subject in {
            "therapist": ready.ana,
            "psychiatrist": ready.ito,
            "another": ready.ben,
            "room": ready.dosing_room,
            "other room": ready.therapy_room,
            "client": ready.maya,
            "other client": make_client("Lee Tan", ready.location),
        }.items()
    }
    assert seen_by == {
        "therapist": 1,
        "psychiatrist": 1,
        "another": 0,
        "room": 1,
        "other room": 0,
        "client": 1,
        "other client": 0,
    }


def test_a_move_keeps_the_uid_and_raises_the_sequence(ready: Clinic) -> None:
    booked, path = book(ready), make(ready.maya, ready.kim)
    (before,) = read(path)
    later = NOW + timedelta(hours=1)
    moved = moves.reschedule(booked.pk, at("2026-12-02 13:00"), actor=ready.kim, now=later)
    (after,) = read(path)
    assert (after["UID"], after["SEQUENCE"]) == (before["UID"], before["SEQUENCE"] + 1)
    assert after["DTSTART"].dt == moved.starts_at
    assert before["LAST-MODIFIED"].dt == NOW
    assert after["LAST-MODIFIED"].dt == later == after["DTSTAMP"].dt


def test_a_cancelled_session_stays_for_thirty_days_and_says_so(ready: Clinic, clock: Any) -> None:
    booked, path = book(ready, "2027-01-20 09:30"), make(ready.maya, ready.kim)
    lifecycle.cancel(booked.pk, party="client", reason="a cold", actor=ready.kim, now=NOW)
    (event,) = read(path)
    assert (event["STATUS"], event["TRANSP"], event["SEQUENCE"]) == ("CANCELLED", "TRANSPARENT", 1)
    assert "cold" not in event.to_ical().decode()
    clock.move_to(NOW + timedelta(days=29))
    assert len(read(path)) == 1
    clock.move_to(NOW + timedelta(days=31))
    assert read(path) == []


def test_that_a_client_has_arrived_changes_nothing_out_there(ready: Clinic) -> None:
    booked, path = book(ready), make(ready.maya, ready.kim)
    before = Browser().get(path)
    lifecycle.arrive(booked.pk, actor=ready.kim, now=at("2026-12-01 09:20"))
    assert Browser().get(path)["ETag"] == before["ETag"]


def test_held_times_and_what_is_long_past_or_far_ahead_are_left_out(ready: Clinic, clock: Any) -> None:
    path = make(ready.maya, ready.kim)
    request = booking.Request(ready.maya, ready.appointment_type(), ready.location, ready.dose(ready.maya))
    start = at("2026-12-01 09:30")
    held = booking.book(request, start, hold_for=timedelta(minutes=5), actor=ready.kim, now=NOW)
    assert read(path) == []
    booking.confirm(held.pk, actor=ready.kim, now=NOW)
    shown = {}
    for name, now in {
        "181 days before": start - timedelta(days=181),
        "179 days before": start - timedelta(days=179),
        "29 days after": start + timedelta(days=29),
        "31 days after": start + timedelta(days=31),
    }.items():
        clock.move_to(now)
        shown[name] = len(read(path))
    assert list(shown.values()) == [0, 1, 1, 0]


def test_a_visit_by_video_names_no_address(clinic: Clinic) -> None:
    kind = clinic.appointment_type("consult")
    type(kind).objects.filter(pk=kind.pk).update(modality="telehealth")
    kind.refresh_from_db()
    request = booking.Request(clinic.maya, kind, clinic.location)
    booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    (event,) = read(make(clinic.maya, clinic.kim))
    assert "LOCATION" not in event


def test_a_title_is_escaped(ready: Clinic) -> None:
    Location.objects.update(display_name="R;b,2\\3\r\nEND:VEVENT")
    book(ready)
    (event,) = read(make(ready.maya, ready.kim))
    assert event["SUMMARY"] == "Appointment, R;b,2\\3\nEND:VEVENT"


# Days on which the clocks change


@pytest.mark.parametrize(
    ("zone", "starts", "written"),
    [
        ("America/Los_Angeles", "2027-03-14T09:59:00Z", "TZID=America/Los_Angeles:20270314T015900"),
        ("America/Los_Angeles", "2027-03-14T10:00:00Z", "TZID=America/Los_Angeles:20270314T030000"),
        ("America/Los_Angeles", "2027-11-07T07:30:00Z", "TZID=America/Los_Angeles:20271107T003000"),
        # The second half past one: a wall time would mean the first.
        ("America/Los_Angeles", "2027-11-07T09:30:00Z", ":20271107T093000Z"),
        ("Australia/Lord_Howe", "2027-04-03T15:15:00Z", ":20270403T151500Z"),
        ("America/Phoenix", "2027-03-14T17:00:00Z", "TZID=America/Phoenix:20270314T100000"),
    ],
)
def test_on_days_of_clock_changes_the_instants_come_back(
    ready: Clinic, clock: Any, zone: str, starts: str, written: str
) -> None:
    booked, path = book(ready), make(ready.maya, ready.kim)
    start = datetime.fromisoformat(starts)
    end = start + timedelta(minutes=150)
    Booking.objects.filter(pk=booked.pk).update(starts_at=start, ends_at=end, time_zone=zone)
    clock.move_to(start - timedelta(days=3))
    body = Browser().get(path).content.decode()
    assert f"DTSTART{';' if written[0] == 'T' else ''}{written}" in body
    (event,) = Calendar.from_ical(body).events
    assert [event[name].dt for name in TIMES] == [start, end]


@pytest.mark.parametrize(
    "zone", ["America/Los_Angeles", "Australia/Lord_Howe", "Europe/Dublin", "America/Phoenix", "Asia/Kolkata"]
)
def test_the_zone_is_explained_right_to_those_who_do_not_know_it(
    ready: Clinic, clock: Any, zone: str
) -> None:
    """Read by the VTIMEZONE alone, under a name that nobody knows, at every hour of the year's changes."""
    booked, path = book(ready), make(ready.maya, ready.kim)
    Booking.objects.filter(pk=booked.pk).update(time_zone=zone)
    body = Browser().get(path).content.decode().replace(f"{zone}\r\n", "Elsewhere\r\n")
    (described,) = Calendar.from_ical(body).timezones
    tz, known = described.to_tz(lookup_tzid=False), ZoneInfo(zone)
    first = datetime(2026, 1, 1, 0, 30)  # noqa: DTZ001  wall time
    for hours in range(365 * 24):
        wall = first + timedelta(hours=hours)
        if wall.replace(tzinfo=known).utcoffset() != wall.replace(tzinfo=known, fold=1).utcoffset():
            continue  # shown twice or never
        assert wall.replace(tzinfo=tz).utcoffset() == wall.replace(tzinfo=known).utcoffset(), wall


def test_a_client_in_another_zone_gets_the_clinics_instants(ready: Clinic) -> None:
    Client.objects.update(time_zone="Europe/Berlin")
    booked = book(ready)
    (event,) = read(make(ready.maya, ready.kim))
    shown = event["DTSTART"].dt.astimezone(ZoneInfo("Europe/Berlin"))
    assert (event["DTSTART"].dt, f"{shown:%H:%M}") == (booked.starts_at, "18:30")


# The address


def test_an_answer_may_be_kept_by_nobody_and_is_not_sent_twice(ready: Clinic) -> None:
    book(ready)
    path = make(ready.ana, ready.kim)
    first = Browser().get(path)
    assert first["Content-Type"] == "text/calendar; charset=utf-8"
    assert first["Cache-Control"] == "private, no-store"
    assert first["Referrer-Policy"] == "no-referrer"
    assert not first.cookies
    again = Browser().get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "private, no-store"
    head = Browser().head(path)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", first["ETag"])
    Location.objects.update(phone="+15555550111")
    assert Browser().get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert Browser().post(path).status_code == 405


def test_unknown_revoked_and_malformed_addresses_answer_alike(ready: Clinic) -> None:
    path = make(ready.ana, ready.kim)
    feeds.revoke(Feed.objects.get().pk, actor=ready.kim, now=NOW)
    answers = [Browser().get(each) for each in (path, f"/feeds/{feeds.new_secret()}.ics", "/feeds/é.ics")]
    assert {(each.status_code, each.content, str(sorted(each.headers.items()))) for each in answers} == {
        (404, b"Not found.\n", str(sorted(answers[0].headers.items())))
    }
    assert answers[0]["Cache-Control"] == "private, no-store"


def test_reading_writes_no_more_than_the_hour_of_the_last_reading(ready: Clinic, clock: Any) -> None:
    path = make(ready.ana, ready.kim)
    stamps = []
    for minutes in (0, 59, 60, 61):
        clock.move_to(NOW + timedelta(minutes=minutes))
        Browser().get(path)
        stamps.append(Feed.objects.get().last_fetched_at)
    assert stamps == [NOW, NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=1)]
    assert not Activity.objects.filter(at__gt=NOW).exists()


def test_the_number_of_queries_does_not_grow(
    ready: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = make(ready.maya, ready.kim)
    Browser().get(path)
    for number, day in ((1, "2026-12-01"), (2, "2026-12-08"), (3, "2026-12-15")):
        book(ready, f"{day} 09:30", number)
        with django_assert_num_queries(2):
            assert len(read(path)) == number


def test_the_secret_is_kept_nowhere(ready: Clinic) -> None:
    answer = Caller(ready.kim).post("feeds", {"room": ready.dosing_room.pk}, **{"Idempotency-Key": "k"})
    secret = answer.json()["address"].removeprefix("http://localhost:8000/feeds/").removesuffix(".ics")
    assert len(secret) == 43
    row = Feed.objects.values().get()
    stored = [row, *Activity.objects.values(), *IdempotencyKey.objects.values()]
    assert secret not in str(stored)


@pytest.mark.parametrize("level", [logging.WARNING, logging.ERROR])
def test_no_log_line_has_the_secret(
    ready: Clinic, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, level: int
) -> None:
    path = make(ready.ana, ready.kim)
    with caplog.at_level(logging.DEBUG):
        if level == logging.ERROR:
            monkeypatch.setattr(feeds, "entries", lambda *_, **__: {}[path])
            assert Browser(raise_request_exception=False).get(path).status_code == 500
        else:
            assert Browser().post(path).status_code == 405
            assert Browser().get(path.replace("feeds/", "feeds/x")).status_code == 404
            assert Browser().get(f"{path}/").status_code == 404
    lines = [Discreet().format(record) for record in caplog.records if record.levelno >= level]
    assert lines
    assert "/feeds/" in "".join(lines)
    assert path[7:20] not in "".join(lines)


# Who gets one


def test_the_desk_makes_one_for_anybody_and_a_clinician_for_themselves(ready: Clinic) -> None:
    desk, ana = Caller(ready.kim), Caller(ready.ana)
    for body in (
        {"clinician": ready.ben.pk},
        {"room": ready.dosing_room.pk, "label": "wall"},
        {"client": ready.maya.pk},
    ):
        answer = desk.post("feeds", body)
        assert answer.status_code == 201, answer.json()
        shown = answer.json()
        assert Browser().get(shown["address"]).status_code == 200
        assert body.items() <= shown.items()
        assert "address" not in desk.get(f"feeds/{shown['id']}").json()
    mine = ana.post("feeds").json()
    assert mine["clinician"] == ready.ana.pk
    assert ana.post("feeds", {"clinician": ready.ana.pk}).status_code == 201
    for body in (
        {"clinician": ready.ben.pk},
        {"room": ready.dosing_room.pk},
        {"client": ready.maya.pk},
    ):
        assert ana.post("feeds", body).status_code == 403
    assert {row["clinician"] for row in ana.get("feeds").json()["results"]} == {ready.ana.pk}
    assert len(desk.get("feeds").json()["results"]) == 5


@pytest.mark.parametrize("body", [{}, {"room": 1, "client": 1}, {"clinician": 1, "client": 1}])
def test_a_feed_is_about_one(clinic: Clinic, body: dict[str, int]) -> None:
    answer = Caller(clinic.kim).post("feeds", body)
    assert (answer.status_code, pointers(answer)) == (400, {"/clinician"})


def test_others_get_none(ready: Clinic) -> None:
    for user in (ready.nia, ready.odo):
        assert Caller(user).post("feeds", {"clinician": ready.ana.pk}).status_code == 403
        assert Caller(user).get("feeds").status_code == 403
    assert Caller().get("feeds").status_code == 401
    lone = make_user("lou", Role.THERAPIST)  # has no clinician's record
    assert Caller(lone).post("feeds").status_code == 400
    assert Caller(lone).get("feeds").json()["results"] == []


def test_a_repeat_with_the_same_key_makes_no_second_one_and_does_not_show_the_address(
    ready: Clinic,
) -> None:
    first, second = (
        Caller(ready.kim).post("feeds", {"client": ready.maya.pk}, **{"Idempotency-Key": "k"}).json()
        for _each in range(2)
    )
    assert first["address"]
    assert second["address"] is None
    assert first["id"] == second["id"]
    assert Feed.objects.count() == 1


def test_it_is_revoked_by_the_desk_or_by_whose_calendar_it_is(ready: Clinic) -> None:
    path = make(ready.ana, ready.kim)
    feed = Feed.objects.get()
    assert Caller(ready.ben).post(f"feeds/{feed.pk}/revoke").status_code == 404
    assert Browser().get(path).status_code == 200
    answer = Caller(ready.ana).post(f"feeds/{feed.pk}/revoke")
    assert (answer.status_code, answer.json()["revoked_at"]) == (200, "2026-11-23T18:00:00Z")
    assert Browser().get(path).status_code == 404
    assert Caller(ready.ana).post(f"feeds/{feed.pk}/revoke").status_code == 200
    entries = Activity.objects.filter(subject_type="scheduling.feed").order_by("pk")
    assert [(entry.action, entry.actor_id) for entry in entries] == [
        ("feed.made", ready.kim.pk),
        ("feed.revoked", ready.ana.user_id),
    ]


def test_a_clients_feed_is_on_the_clients_record(ready: Clinic) -> None:
    make(ready.maya, ready.kim)
    assert Activity.objects.get(action="feed.made").client_id == ready.maya.pk


@pytest.mark.parametrize("what", ["login", "role", "clinician", "room", "client"])
def test_a_feed_ends_with_the_right_to_it(ready: Clinic, what: str) -> None:
    subject = {"room": ready.dosing_room, "client": ready.maya}.get(what, ready.ana)
    path = make(subject, ready.kim)
    if what == "login":
        User.objects.filter(pk=ready.kim.pk).update(is_active=False)
    elif what == "role":
        User.objects.filter(pk=ready.kim.pk).update(roles=[Role.NURSE])
    else:
        type(subject)._default_manager.update(is_active=False)
    assert Browser().get(path).status_code == 404


def test_a_clinicians_own_feed_ends_with_the_login(ready: Clinic) -> None:
    path = make(ready.ana, ready.ana.user)
    assert Browser().get(path).status_code == 200
    User.objects.filter(pk=ready.ana.user_id).update(is_active=False)
    assert Browser().get(path).status_code == 404


def test_a_client_keeps_the_feed_when_somebody_leaves_the_desk(ready: Clinic) -> None:
    path = make(ready.maya, ready.kim)
    User.objects.filter(pk=ready.kim.pk).update(is_active=False)
    assert Browser().get(path).status_code == 200


def test_a_client_reads_it_in_the_own_language_whatever_the_phone_speaks(ready: Clinic) -> None:
    path = make(ready.maya, ready.kim)
    english = Browser().get(path)
    assert Browser().get(path, headers={"Accept-Language": "es"})["ETag"] == english["ETag"]


@override_settings(PUBLIC_URL="https://clinic.example")
def test_the_address_is_on_our_public_name(clinic: Clinic) -> None:
    answer = Caller(clinic.kim).post("feeds", {"clinician": clinic.ana.pk}).json()
    assert answer["address"].startswith("https://clinic.example/feeds/")


def test_a_clinician_elsewhere_is_none_of_ours(clinic: Clinic) -> None:
    retired = make_clinician("Cy", "therapist", clinic.location)
    Clinician.objects.filter(pk=retired.pk).update(is_active=False)
    assert Caller(clinic.kim).post("feeds", {"clinician": retired.pk}).status_code == 404
