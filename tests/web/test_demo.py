"""One small demo is built in full, once; the rest is tested on its plan, or with two clients."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.core.management.base import CommandError, OutputWrapper

from config.run import prepare
from notifications import reconcile, screening_links
from notifications.models import OutboxMessage, PageMessage, Reminder
from practice import clock, present
from practice.models import Activity, Client, Clinician, Role, User
from scheduling import readiness
from scheduling.models import Booking, Occupancy, SessionNote, WaitlistEntry, WaitlistOffer
from tests.cast import make_user
from treatment_plans.models import (
    CourseHold,
    CurrentMedication,
    Evaluation,
    FollowUp,
    Prescription,
    Protocol,
    Screening,
    ScreeningForm,
    ScreeningSheet,
    StockTask,
)
from treatment_plans.screening import evaluations
from treatment_plans.supply import prescriptions
from web.demo import build, description, post
from web.demo.clinic import PASSWORD, ZONE, Clinic, open_clinic
from web.demo.course import Course
from web.demo.diary import Diary
from web.demo.parts import DAYS_AHEAD, NASAL, PARTS, Part
from web.demo.people import invent
from web.demo.progress import Progress
from web.demo.story import tell
from web.demo.visits import Planner

pytestmark = pytest.mark.django_db

TZ = clock.zone(ZONE)
NOW = datetime(2026, 11, 25, 20, 15, tzinfo=UTC)  # Wednesday, 12:15 in Los Angeles
FEW = (Part("consult_booked", 2), Part("inquiry", -3))


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def check_invariants() -> dict[str, int]:
    out = StringIO()
    call_command("check_invariants", "--json", stdout=out)
    return {name: found["count"] for name, found in json.loads(out.getvalue()).items()}


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present, "now", lambda: NOW)


@pytest.fixture
def with_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo of two clients, so that a test takes a second."""
    monkeypatch.setattr(build, "PARTS", FEW)
    monkeypatch.setattr(build, "UNREACHABLE", 1)
    monkeypatch.setitem(build.SIZES, "small", build.Size(clients=len(FEW), teams=1, casts=1))
    monkeypatch.setitem(
        build.SIZES, "medium", build.Size(clients=len(FEW) + 13, teams=1, casts=1, past_days=90)
    )


def test_a_small_practice_is_alive_at_noon(at_noon: None, client) -> None:
    said = run()
    assert PASSWORD in said
    assert "kim@example.org" in said

    # people
    assert Client.objects.count() == 60
    assert Counter(Clinician.objects.values_list("kind", flat=True)) == {"therapist": 4, "psychiatrist": 1}
    assert Counter(role for user in User.objects.all() for role in user.roles) == {
        Role.THERAPIST: 4,
        Role.FRONT_DESK: 2,
        Role.PSYCHIATRIST: 1,
        Role.NURSE: 1,
        Role.PRACTICE_ADMIN: 1,
        Role.AUDITOR: 1,
    }
    assert authenticate(username="kim@example.org", password=PASSWORD).name == "Kim Park"
    assert Client.objects.filter(language="es").count() >= 10
    assert Client.objects.filter(message_detail="discreet").count() >= 5
    assert Client.objects.exclude(time_zone=ZONE).exists()
    assert max(len(name) for name in Client.objects.values_list("legal_name", flat=True)) > 40
    assert not Protocol.objects.filter(approved_by=None).exists()

    # today and tomorrow
    today = clock.local_day(NOW, TZ)
    on_day = {day: list(bookings_on(today + timedelta(days=day))) for day in (0, 1)}
    statuses = {day: Counter(booking.status for booking in on_day[day]) for day in (0, 1)}
    assert len(on_day[0]) >= 10
    assert len(on_day[1]) >= 10
    assert set(statuses[0]) >= {"completed", "in_session", "booked", "cancelled", "no_show"}
    assert set(statuses[1]) == {"booked"}
    lights = readiness.judge(on_day[1], now=NOW)
    codes = {blocker.code for judgement in lights.values() for blocker in judgement.blockers}
    assert codes == {"prescription_revoked"}
    missing = {name for judgement in lights.values() for name in judgement.missing}
    assert missing >= {"ride", "support_person", "fasting", "medicine", "prescription"}
    dosing = [lights[booking.pk] for booking in on_day[1] if booking.is_dosing]
    assert any(not judgement.missing for judgement in dosing)

    soon = Booking.objects.filter(starts_at__gte=NOW, starts_at__lt=NOW + timedelta(hours=36))

    # the past, and what is owed
    assert Prescription.objects.filter(valid_through_on__lt=today).count() == 2
    owed = FollowUp.objects.filter(done_at=None, due_until_at__lt=NOW)
    assert set(owed.values_list("kind", flat=True)) == {"integration", "check_in"}
    assert FollowUp.objects.exclude(done_at=None).count() > 20
    assert Activity.objects.filter(at__gt=NOW).count() == 0
    assert Client.objects.filter(created_at__gt=NOW - timedelta(hours=12)).count() == 0

    # the waitlist
    assert WaitlistEntry.waiting().count() == 9
    assert 1 <= WaitlistOffer.objects.filter(WaitlistOffer.open_at(NOW)).count() <= 9

    # messages
    states = Counter(Reminder.objects.values_list("state", flat=True))
    assert set(states) == {"sent", "planned", "skipped", "failed"}
    told = PageMessage.objects.filter(state=PageMessage.State.TAKEN).count()
    assert OutboxMessage.objects.count() == states["sent"] + told
    assert not Reminder.objects.filter(state=Reminder.State.PLANNED, next_attempt_at__lte=NOW).exists()
    assert not OutboxMessage.objects.filter(created_at__gt=NOW).exists()
    sent = Reminder.objects.exclude(sent_at=None)
    late = [row.sent_at - max(row.due_at, row.next_attempt_at) for row in sent]  # a cap puts some off
    assert max(late) <= timedelta(minutes=2)
    reconcile.reconcile_upcoming(now=NOW)
    assert Counter(Reminder.objects.values_list("state", flat=True)) == states

    _it_shows_everything()

    assert set(check_invariants().values()) == {0}
    assert "already" in run()
    described = run("--describe")
    assert "already" not in described
    assert "/demo/outbox" in described
    assert json.loads(run("--describe", "--json"))["counts"]["clients"] == 60
    therapist = description._busiest(description.logins(), now=NOW)
    assert soon.filter(therapist__user__email=therapist).exists()
    built = build.find_demo()
    assert "QUIETROOM_DATA" not in description.as_words(built, now=NOW)
    assert "2026-11-25" in description.as_words(built, now=NOW + timedelta(days=5))


def _it_shows_everything() -> None:
    """Who looks around finds an example of each thing that waits for somebody."""
    assert ScreeningForm.objects.get().is_usable
    queue = {
        waiting.evaluation.client_id: waiting
        for waiting in evaluations.load(Evaluation.objects.filter(closed_at=None), day=NOW.date())
    }
    assert len(queue) == 3
    assert sum(bool(waiting.flags) for waiting in queue.values()) == 2
    assert {row.medicine_class for row in CurrentMedication.objects.all()} == {"benzodiazepine", ""}
    sheets = screening_links.with_progress(ScreeningSheet.objects.all())
    assert {screening_links.stage(sheet, now=NOW) for sheet in sheets} == {"half_done", "done"}
    assert Screening.objects.filter(source="link").count() == 1
    assert StockTask.objects.filter(settled_at=None).count() == 1
    assert CourseHold.objects.get(released_at=None).event.severity == "severe"
    states = {prescriptions.state_of(each, now=NOW) for each in Prescription.objects.all()}
    assert states >= {"draft", "sent", "revoked"}
    assert Prescription.objects.exclude(dispensed_at=None).exists()
    written = Counter(note.signed_at is not None for note in SessionNote.objects.all())
    owed = Booking.objects.filter(completed_at__isnull=False).count() - sum(written.values())
    assert written[True] > 40
    assert 1 <= written[False] + owed <= 6


def bookings_on(day):
    return Booking.objects.filter(starts_on=day).select_related(
        "client", "location", "appointment_type", "planned_session__plan__protocol"
    )


def test_more_clients_are_written_in_bulk_as_the_doors_would_leave_them(
    with_few: None, at_noon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [
        *(Part("finished", -day, done=3, route=route) for day in (30, 50) for route in ("im", NASAL)),
        *(Part("in_series", day, done=day % 3) for day in DAYS_AHEAD),
        Part("prescribed"),
        Part("cleared", turn="conditional"),
        Part("inquiry", -9),
    ]
    monkeypatch.setattr(build, "more_parts", lambda *args, **options: many)
    run("--size", "medium")
    assert Client.objects.count() == len(FEW) + len(many)
    assert Client.objects.filter(is_active=False).exists()
    assert Booking.objects.filter(status__in=Booking.FINAL).count() > 30
    live = Booking.objects.filter(status__in=Booking.LIVE)
    assert live.count() >= len(DAYS_AHEAD)
    assert set(Occupancy.objects.values_list("booking", flat=True)) == set(live.values_list("pk", flat=True))
    assert not FollowUp.objects.filter(done_at=None, due_until_at__lt=NOW).exists()
    assert set(check_invariants().values()) == {0}
    states = Counter(Reminder.objects.values_list("state", flat=True))
    reconcile.reconcile_upcoming(now=NOW)
    assert Counter(Reminder.objects.values_list("state", flat=True)) == states


def test_the_json_has_the_same_keys_before_and_after(with_few: None) -> None:
    absent = json.loads(run("--describe", "--json"))
    built = json.loads(run("--json", "--seed", "3"))
    present_ = json.loads(run("--json"))
    assert absent.keys() == built.keys() == present_.keys()
    assert [each["status"] for each in (absent, built, present_)] == ["absent", "built", "present"]
    assert (built["size"], built["seed"], built["password"]) == ("small", 3, PASSWORD)
    assert built["logins"] == present_["logins"]
    assert absent["logins"] == []


def test_it_does_not_touch_a_database_with_other_people() -> None:
    make_user("ada", Role.PRACTICE_ADMIN)
    with pytest.raises(CommandError) as refusal:
        run()
    assert refusal.value.returncode == 3
    assert User.objects.count() == 1
    assert "no demo" in run("--describe")


def test_real_practices_have_none(settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError) as refusal:
        run()
    assert refusal.value.returncode == 2


def test_the_first_start_makes_it_and_the_next_finds_it(
    with_few: None, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DATA_DIR = tmp_path
    assert prepare.demo() == "Demo practice"
    assert "this takes half a minute" in capsys.readouterr().out
    assert PASSWORD in (tmp_path / "welcome.txt").read_text()
    assert prepare.demo() == "Demo practice is there already"
    assert PASSWORD in (tmp_path / "welcome.txt").read_text()


def test_who_stops_it_leaves_the_database_as_it_was(with_few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "note", stop)
    with pytest.raises(CommandError) as stopped:
        run()
    assert stopped.value.returncode == 130
    assert (User.objects.count(), Client.objects.count(), Booking.objects.count()) == (0, 0, 0)


def test_no_message_of_the_past_leaves_the_machine(with_few: None, settings) -> None:
    settings.TWILIO_ACCOUNT_SID = settings.EMAIL_HOST = "somebody's"
    run()
    assert OutboxMessage.objects.count() == Reminder.objects.filter(state=Reminder.State.SENT).count() > 0
    assert not Reminder.objects.filter(state__in=[Reminder.State.UNKNOWN]).exists()


@pytest.fixture
def practice() -> Clinic:
    return open_clinic(teams=1, today=clock.local_day(NOW, TZ), now=NOW - timedelta(days=60))


def courses(clinic: Clinic, today, *, seed: int = 7) -> list[Course]:
    planner, rng = Planner(clinic, Diary(clinic, today)), Random(seed)
    return [tell(planner, number, part, rng=rng) for number, part in enumerate(PARTS)]


def test_the_same_seed_tells_the_same_stories(practice: Clinic) -> None:
    today = clock.local_day(NOW, TZ)
    assert courses(practice, today) == courses(practice, today)
    people = [[course.person for course in courses(practice, today, seed=seed)] for seed in (7, 8)]
    assert people[0] != people[1]


def test_every_day_of_the_year_is_a_good_day_to_begin(practice: Clinic) -> None:
    """Each weekday, and the weeks in which the clocks change."""
    days = [clock.local_day(NOW, TZ) + timedelta(days=days) for days in range(7)]
    days += [datetime(2026, 3, day, tzinfo=UTC).date() for day in range(5, 12)]
    days += [datetime(2026, 10, 29, tzinfo=UTC).date() + timedelta(days=day) for day in range(7)]
    for today in days:
        visits = [visit for course in courses(practice, today) for visit in course.visits]
        dates = Counter(clock.local_day(visit.last_place.starts_at, TZ) for visit in visits)
        assert dates[today] >= 10, today
        assert dates[today + timedelta(days=1)] >= 10, today
        assert all(visit.booked_at < visit.place.starts_at for visit in visits)


def test_nobody_is_in_two_places(practice: Clinic) -> None:
    visits = [visit for course in courses(practice, clock.local_day(NOW, TZ)) for visit in course.visits]
    for one, other in combinations([visit.last_place for visit in visits], 2):
        if one.starts_at < other.ends_at and other.starts_at < one.ends_at:
            assert one.therapist_id is None or one.therapist_id != other.therapist_id
            assert one.room_id is None or one.room_id != other.room_id


def test_people_are_invented() -> None:
    today, rng = NOW.date(), Random(1)
    people = [invent(number, rng, today=today) for number in range(300)]
    assert len({person.phone for person in people}) == len({person.email for person in people}) == 300
    assert all(person.email.endswith("@example.org") for person in people)
    assert all("555" in person.phone and "555" in person.helper.phone for person in people)
    assert {person.channels for person in people} == {("sms", "email"), ("sms",), ("email",), ()}
    assert any(not person.legal_name.isascii() for person in people)


def test_a_number_that_is_out_of_service_refuses_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from notifications.channels import DeliveryError, Outgoing

    past = post.Past()
    channel = post.DemoChannel("sms", {"+14155550101": NOW})
    outgoing = Outgoing(
        token="0b9d5f0e-6f3b-4f0e-9a53-5f4c1f3d2b1a",
        to="+14155550101",
        subject="",
        body="Hello",
        expires_at=NOW + timedelta(hours=5),
        language="en",
    )
    monkeypatch.setattr(present, "now", past.now)
    past.at = NOW - timedelta(seconds=1)
    assert channel.send(outgoing).provider == "outbox"
    past.at = NOW
    with pytest.raises(DeliveryError) as refused:
        channel.send(outgoing)
    assert refused.value.permanent


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "quiet", "lines", "has_bar"),
    [(StringIO, False, 2, False), (StringIO, True, 0, False), (Terminal, False, 2, True)],
)
def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(
    monkeypatch: pytest.MonkeyPatch, stream: type[StringIO], quiet: bool, lines: int, has_bar: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = stream()
    progress = Progress(OutputWrapper(out), quiet=quiet)
    for part in ("practice", "clients"):
        for done in range(1, 4):
            progress(part, done, 3)
    progress.finish()
    assert out.getvalue().count("\n") == lines
    assert ("[####" in out.getvalue()) is has_bar
