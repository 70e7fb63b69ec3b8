"""Proposals for a whole course from rows, and the door that books them all or not at all."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from practice import clock
from practice.errors import Invalid, OutOfScope
from practice.models import Activity, Client, Closure, Holiday, Room, TimeOff, User
from scheduling import booking, changes
from scheduling.booking import Request
from scheduling.course import series
from scheduling.course.series import Item, PlanClosed, Proposal, SeriesNotBookable, Unplaced, Wanted
from scheduling.course.steps import Preferences, in_order, usual_interval_days
from scheduling.engine.types import Span
from scheduling.models import AppointmentType, Booking, Occupancy
from tests.cast import NOW, ZONE, Clinic, at, make_clinic, make_clinician
from treatment_plans import plans
from treatment_plans.models import Clearance, PlannedSession, Prescription, Protocol, TreatmentPlan

pytestmark = pytest.mark.django_db

TZ = clock.zone(ZONE)
WEEKS = 12
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLANS = TreatmentPlan.objects.select_related("protocol", "client__location", "therapist", "prescriber")


@pytest.fixture
def ready(clinic: Clinic) -> Clinic:
    """Nothing stands against a course of three doses for Maya."""
    clinic.appointment_type()
    clinic.ready_client()
    return clinic


def plan_of(clinic: Clinic, client: Client | None = None) -> TreatmentPlan:
    return PLANS.get(client=client or clinic.maya)


def propose(clinic: Clinic, *, weeks: int = WEEKS, limit: int = 1, **wishes: Any) -> tuple[Proposal, ...]:
    window = Span(NOW, NOW + timedelta(weeks=weeks))
    return series.propose(plan_of(clinic), window, preferences=Preferences(**wishes), limit=limit, now=NOW)


def best(clinic: Clinic, **also: Any) -> Proposal:
    return propose(clinic, **also)[0]


def wanted(items: Sequence[Item]) -> list[Wanted]:
    return [
        Wanted(
            item.planned_session.pk,
            item.starts_at,
            therapist_id=item.therapist.id if item.therapist else None,
            psychiatrist_id=item.psychiatrist.id if item.psychiatrist else None,
            room_id=item.room.id if item.room else None,
        )
        for item in items
    ]


def book(clinic: Clinic, items: Sequence[Wanted], **also: Any) -> tuple[Booking, ...]:
    return series.book(plan_of(clinic), items, actor=clinic.kim, now=NOW, **also).bookings


def when(proposal: Proposal) -> list[str]:
    """'dosing Mon 30 Nov 08:00'."""
    return [
        f"{item.planned_session.kind} {item.starts_at.astimezone(TZ):%a %d %b %H:%M}"
        for item in proposal.items
    ]


def days(proposal: Proposal, kind: str = "dosing") -> list[date]:
    return [
        item.starts_at.astimezone(TZ).date() for item in proposal.items if item.planned_session.kind == kind
    ]


def codes(item: Item | Unplaced) -> list[str]:
    return [each.code for each in (item.compromises if isinstance(item, Item) else item.blockers)]


def book_one(clinic: Clinic, session: PlannedSession, start: str, code: str = "dosing-im") -> Booking:
    request = Request(
        client=session.plan.client,
        appointment_type=clinic.appointment_type(code),
        location=clinic.location,
        planned_session=session,
    )
    return booking.book(request, at(start), actor=clinic.kim, now=NOW)


def integration(clinic: Clinic, number: int) -> PlannedSession:
    return PlannedSession.objects.select_related("plan__protocol", "plan__client").get(
        plan__client=clinic.maya, kind="integration", after_session__dose_number=number
    )


def with_intake(clinic: Clinic, *, doses: int = 6) -> Clinic:
    """A course from the consult to the last review, drafted as clinicians do it."""
    clinic.appointment_type()
    maya = clinic.maya
    clinic.consent(maya), clinic.clear(maya), clinic.prescribe(maya)
    plan = plans.draft(
        maya.pk,
        clinic.protocol,
        therapist=clinic.ana,
        prescriber=clinic.ito,
        doses=doses,
        actor=clinic.ito.user,
        now=NOW,
    )
    plans.activate(plan.pk, actor=clinic.ito.user, now=NOW)
    return clinic


# Proposals


def test_it_proposes_every_open_session_at_the_usual_distance(ready: Clinic) -> None:
    found = best(ready)
    assert when(found) == [
        "dosing Tue 24 Nov 10:30",
        "integration Wed 25 Nov 13:00",
        "dosing Tue 01 Dec 08:00",
        "integration Wed 02 Dec 10:30",
        "dosing Tue 08 Dec 08:00",
        "integration Wed 09 Dec 10:30",
    ]
    assert (found.compromise_count, found.unplaced) == (0, ())
    assert found.finishes_at == at("2026-12-09 11:30")
    first = found.items[0]
    assert (first.therapist.name, first.psychiatrist.name, first.room.name) == ("Ana", "Ito", "Room 1")


def test_a_course_goes_in_the_order_of_the_plan_from_consult_to_review(clinic: Clinic) -> None:
    found = best(with_intake(clinic))
    assert [item.planned_session.kind for item in found.items] == [
        "consult",
        "evaluation",
        "preparation",
        "preparation",
        *["dosing", "integration"] * 5,
        "review",  # the sixth is on the 35th day, and doses go on for 30
        "dosing",
        "integration",
        "review",
    ]
    assert (found.compromise_count, found.unplaced) == (0, ())
    for before, after in pairwise(found.items):
        assert before.ends_at <= after.starts_at
    own_days = [
        item.starts_at.astimezone(TZ).date()
        for item in found.items
        if item.planned_session.kind in ("preparation", "dosing", "review")
    ]
    assert len(set(own_days)) == len(own_days)


def test_what_is_proposed_is_what_the_door_accepts(clinic: Clinic) -> None:
    """With random absences and other clients' bookings; each proposal is booked, looked at and undone."""
    with_intake(clinic, doses=4)
    other = clinic.ready_client("Ivy Kahn", doses=6)
    chance = random.Random(4)
    for _each in range(60):
        start = NOW + chance.randrange(24 * 60) * HOUR
        absent = chance.choice([clinic.ana, clinic.ana, clinic.ito, clinic.ben])
        TimeOff.objects.create(clinician=absent, starts_at=start, ends_at=start + 5 * HOUR)
    Closure.objects.create(
        location=clinic.location, starts_at=at("2026-12-14 00:00"), ends_at=at("2026-12-17 00:00")
    )
    Holiday.objects.create(location=clinic.location, on=date(2026, 12, 25), name="Christmas")
    theirs = series.propose(plan_of(clinic, other), Span(NOW, NOW + 99 * DAY), limit=1, now=NOW)[0]
    series.book(plan_of(clinic, other), wanted(theirs.items), actor=clinic.kim, now=NOW)
    found = propose(clinic, limit=3, weekdays=frozenset({0, 3}))
    assert len(found) == 3
    for proposal in found:
        assert (len(proposal.items), proposal.unplaced) == (13, ())
        booked = book(clinic, wanted(proposal.items))
        assert [each.starts_at for each in booked] == [item.starts_at for item in proposal.items]
        assert propose(clinic) == ()
        Occupancy.objects.filter(booking__in=booked).delete()
        Booking.objects.filter(pk__in=[each.pk for each in booked]).update(
            status="cancelled", cancelled_at=NOW
        )


def test_others_have_another_rhythm(ready: Clinic) -> None:
    found = propose(ready, limit=3)
    assert [days(each)[0].isoformat() for each in found] == ["2026-11-24", "2026-11-25", "2026-11-26"]
    for one, other in pairwise(found):
        assert not set(days(one)) & set(days(other))


@pytest.mark.parametrize(
    ("wishes", "starts", "compromises"),
    [
        ({"weekdays": frozenset({3})}, "Thu 26 Nov 08:00", 0),
        ({"from_local": clock.datetime.min.time().replace(hour=13)}, "Tue 24 Nov 13:00", 0),
        ({"until_local": clock.datetime.min.time().replace(hour=9)}, "Wed 25 Nov 08:00", 0),
        # nobody works on Saturdays: the same for all, so the earliest finish decides
        ({"weekdays": frozenset({5})}, "Tue 24 Nov 10:30", 3),
    ],
)
def test_preferences_are_kept_where_that_is_possible(
    ready: Clinic, wishes: dict[str, Any], starts: str, compromises: int
) -> None:
    found = best(ready, **wishes)
    assert when(found)[0] == f"dosing {starts}"
    assert found.compromise_count == compromises
    assert all("outside_preferred_days" not in codes(item) for item in found.items[1::2])


def test_it_says_in_words_what_each_session_gives_up(ready: Clinic) -> None:
    ben_and_room = Room.objects.create(location=ready.location, name="Room 9", kind=Room.Kind.DOSING)
    book_one(ready, ready.dose(ready.maya, 1), "2026-11-30 09:00")
    TimeOff.objects.create(
        clinician=ready.ana, starts_at=at("2026-12-01 00:00"), ends_at=at("2027-03-01 00:00")
    )
    Closure.objects.create(
        location=ready.location, starts_at=at("2026-12-08 00:00"), ends_at=at("2026-12-16 00:00")
    )
    used = Booking.objects.get().room
    busy = used if used != ben_and_room else ready.dosing_room
    assert used == ready.dosing_room == busy
    Room.objects.filter(pk=ready.dosing_room.pk).update(kind=Room.Kind.RECOVERY)
    found = best(ready, weekdays=frozenset({2}))
    dose = next(item for item in found.items if item.planned_session.dose_number == 2)
    told = {each.code: each.text() for each in dose.compromises}
    assert told["other_therapist"] == "Ben instead of Ana."
    assert dose.room.name == "Room 9"
    assert "other_room" not in told  # the room of the first dose is none any more


def test_the_room_of_the_sessions_before_is_preferred_and_another_is_a_compromise(ready: Clinic) -> None:
    second = Room.objects.create(location=ready.location, name="Room 9", kind=Room.Kind.DOSING)
    booked = book_one(ready, ready.dose(ready.maya, 1), "2026-11-30 09:00")
    Occupancy.objects.filter(booking=booked, room__isnull=False).update(room=second)
    Booking.objects.update(room=second)
    found = best(ready)
    assert {item.room.name for item in found.items if item.planned_session.kind == "dosing"} == {"Room 9"}
    span = Occupancy.objects.filter(booking=booked, room=second).get()
    for number in range(2, 40):  # Room 9 is taken all the rest of the time
        taken = span.occupies
        Occupancy.objects.create(
            booking=booked,
            room=second,
            room_place=1,
            occupies=type(taken)(taken.lower + (number - 1) * DAY, taken.lower + number * DAY),
        )
    dose = best(ready, weeks=5).items[1]
    assert [each.text() for each in dose.compromises] == ["Room 1 instead of Room 9."]


@pytest.mark.parametrize(
    ("fixed", "expected", "code"),
    [
        ("2026-12-07 09:00", ["2026-11-24", "2026-12-14"], None),
        # too near to the first possible day for the usual distance
        ("2026-11-27 09:00", ["2026-11-24", "2026-12-04"], "shorter_gap"),
    ],
)
def test_a_booked_dose_stays_and_the_others_keep_their_distance(
    ready: Clinic, fixed: str, expected: list[str], code: str | None
) -> None:
    book_one(ready, ready.dose(ready.maya, 2), fixed)
    found = best(ready)
    assert [day.isoformat() for day in days(found)] == expected
    assert [code for item in found.items for code in codes(item)] == ([code] if code else [])
    if code:
        assert found.items[0].compromises[0].text() == (
            "Only 3 days from the dose of 2026-11-27; usual are 7."
        )


def test_a_dose_that_was_given_counts_and_its_integration_keeps_the_window_it_was_given(
    ready: Clinic,
) -> None:
    PlannedSession.objects.filter(dose_number=1).update(completed_at=NOW - 2 * DAY)
    PlannedSession.objects.filter(after_session__dose_number=1).update(
        due_from_at=NOW - DAY, due_until_at=at("2026-11-24 09:00")
    )
    found = best(ready)
    assert when(found)[:2] == ["integration Mon 23 Nov 12:30", "dosing Mon 30 Nov 08:00"]
    PlannedSession.objects.filter(after_session__dose_number=1).update(due_until_at=NOW + HOUR)
    found = best(ready)
    assert [codes(each) for each in found.unplaced] == [["window_over"]]
    assert when(found)[0] == "dosing Mon 30 Nov 08:00"


# What can't be placed


def nobody_in(state: str) -> Callable[[Clinic], Any]:
    def change(clinic: Clinic) -> None:
        for clinician in (clinic.ana, clinic.ben):
            clinician.licences.update(state=state)

    return change


def through(model: Any, day: str) -> Callable[[Clinic], Any]:
    return lambda clinic: model.objects.update(valid_through_on=date.fromisoformat(day))


@pytest.mark.parametrize(
    ("change", "placed", "blocker", "remedy"),
    [
        (
            through(Prescription, "2026-12-02"),
            ["dosing", "integration"] * 3,  # nearer than usual, but complete
            None,
            None,
        ),
        (
            through(Prescription, "2026-11-27"),
            ["dosing", "integration"] * 2,
            ("prescription_expired", "The prescription ended on 2026-11-27."),
            ("renew_prescription", "Renew the prescription that ends on 2026-11-27."),
        ),
        (
            lambda clinic: Prescription.objects.update(doses_per_fill=2),
            ["dosing", "integration"] * 2,
            ("prescription_used_up", "No dose is left: 2 prescribed, 0 used, 2 booked."),
            ("prescribe_more", "Prescribe more than these 2 doses."),
        ),
        (
            lambda clinic: Prescription.objects.all().delete(),
            [],
            ("prescription_missing", "There is no prescription."),
            ("prescribe", "Write a prescription."),
        ),
        (
            through(Clearance, "2026-11-25"),
            ["dosing", "integration"],
            ("clearance_expired", "Medical clearance ended on 2026-11-25."),
            ("renew_clearance", "Renew the clearance that ends on 2026-11-25."),
        ),
        (
            nobody_in("NV"),
            [],
            ("nobody_licensed", "Nobody with a licence in CA is free: therapist."),
            ("add_licence", "Add a licence in CA, or ask someone who has one."),
        ),
        (
            lambda clinic: Closure.objects.create(
                location=clinic.location, starts_at=at("2026-12-01 00:00"), ends_at=at("2027-04-01 00:00")
            ),
            [*["dosing", "integration"] * 2, "dosing"],  # its integration would be in December
            ("location_closed", "The location is closed on 2026-12-01."),
            ("open_location", "Open the location on 2026-12-01, or search further."),
        ),
        (
            lambda clinic: TimeOff.objects.create(
                clinician=clinic.ito, starts_at=at("2026-12-01 00:00"), ends_at=at("2027-04-01 00:00")
            ),
            ["dosing", "integration"] * 3,
            None,
            None,
        ),
        (
            lambda clinic: TreatmentPlan.objects.update(status="draft", activated_at=None),
            [],
            ("plan_not_active", "The treatment plan is not active."),
            ("activate_plan", "Activate the treatment plan."),
        ),
        (
            lambda clinic: AppointmentType.objects.filter(kind="dosing").update(is_active=False),
            [],
            ("no_appointment_type", "There is no active appointment type for this kind of session."),
            ("add_appointment_type", "Set up an appointment type for it."),
        ),
        (
            lambda clinic: Room.objects.filter(kind="dosing").update(is_active=False),
            [],
            ("no_candidate", "There is nobody and nothing to choose for: room, dosing."),
            ("add_resource", "Set up what this kind of session needs: room, dosing."),
        ),
    ],
)
def test_it_says_what_stands_against_a_session_and_what_would_lift_it(
    ready: Clinic,
    change: Callable[[Clinic], Any],
    placed: list[str],
    blocker: tuple[str, str] | None,
    remedy: tuple[str, str] | None,
) -> None:
    change(ready)
    found = best(ready)
    assert [item.planned_session.kind for item in found.items] == placed
    assert len(found.items) + len(found.unplaced) == 6
    if blocker is None:
        assert found.unplaced == ()
        return
    first = found.unplaced[0]
    assert blocker in [(each.code, each.text()) for each in first.blockers]
    assert remedy in [(each.code, each.text()) for each in first.remedies]
    assert {code for each in found.unplaced[1:] for code in codes(each)} <= {"waits_for"}


def test_an_integration_that_fits_nowhere_does_not_stop_the_course(ready: Clinic) -> None:
    Room.objects.filter(kind="therapy").update(is_active=False)
    found = best(ready)
    assert [item.planned_session.kind for item in found.items] == ["dosing"] * 3
    assert [each.planned_session.kind for each in found.unplaced] == ["integration"] * 3
    assert {code for each in found.unplaced for code in codes(each)} == {"no_candidate"}


def test_the_end_of_the_search_is_a_reason_too(ready: Clinic) -> None:
    found = best(ready, weeks=1)
    assert [code for each in found.unplaced for code in codes(each)][:1] == ["search_ends"]
    assert found.unplaced[0].remedies[0].text() == "Search further than 2026-11-30."


def test_a_dose_has_to_fit_before_the_one_that_is_booked(ready: Clinic) -> None:
    book_one(ready, ready.dose(ready.maya, 2), "2026-11-24 10:30")
    found = best(ready)
    first = found.unplaced[0]
    assert (first.planned_session.dose_number, codes(first)) == (1, ["before_booked"])
    assert first.remedies[0].text() == "Move the session that is booked for 2026-11-24."


def test_nobody_works_more_than_they_may_also_by_the_proposal_itself(ready: Clinic) -> None:
    ready.ana.most_minutes_per_week = 200  # a dose of 150, an integration of 70
    ready.ana.save()
    found = best(ready)
    assert (len(found.items), found.unplaced) == (6, ())
    assert {item.therapist.name for item in found.items} == {"Ana", "Ben"} or found.compromise_count == 0
    assert len(book(ready, wanted(found.items))) == 6


def test_if_the_only_therapist_may_not_work_so_much_it_says_so(ready: Clinic) -> None:
    ready.ana.most_minutes_per_week = 200
    ready.ana.save()
    ready.ito.working_hours.exclude(weekday=0).delete()  # so the dose is on Monday,
    ready.ana.working_hours.filter(weekday__gt=2).delete()  # and its integration in the same week
    ready.ben.is_active = False
    ready.ben.save()
    found = best(ready)
    assert [item.planned_session.kind for item in found.items] == ["dosing"] * 3
    assert {code for each in found.unplaced for code in codes(each)} == {"limit_reached"}
    assert found.unplaced[0].remedies[0].text() == "Raise the limit on the work of Ana, or search further."
    assert len(book(ready, wanted(found.items))) == 3


def test_nothing_open_is_nothing_to_propose_and_a_closed_plan_is_refused(ready: Clinic) -> None:
    PlannedSession.objects.update(withdrawn_at=NOW)
    assert propose(ready) == ()
    TreatmentPlan.objects.update(status="closed", closed_at=NOW)
    with pytest.raises(PlanClosed):
        propose(ready)


def test_the_number_of_queries_does_not_depend_on_the_course_or_the_window(clinic: Clinic) -> None:
    clinic.appointment_type()
    clinic.ready_client(doses=6)
    other = clinic.ready_client("Ivy Kahn", doses=1)
    counts = set()
    for plan, weeks in ((plan_of(clinic, other), 2), (plan_of(clinic), 10), (plan_of(clinic), 26)):
        with CaptureQueriesContext(connection) as queries:
            series.propose(plan, Span(NOW, NOW + timedelta(weeks=weeks)), limit=3, now=NOW)
        counts.add(len(queries))
    assert len(counts) == 1
    assert counts.pop() <= 2 * 3 + 9  # two appointment types, and what is asked once


@pytest.mark.parametrize(
    ("usual", "steps", "expected"),
    [
        (7, [], [7, 7, 7]),
        (3, [{"from_week": 5, "interval_days": 7}], [3] * 8 + [7, 7]),
        (3, [{"from_week": 5, "interval_days": 7}, {"from_week": 6, "interval_days": 14}], [3] * 8 + [7, 14]),
        (14, [{"from_week": 1, "interval_days": 10}], [10, 10]),
    ],
)
def test_the_usual_distance_goes_by_the_week_of_the_course(
    usual: int, steps: list[dict[str, int]], expected: list[int]
) -> None:
    """`expected` are the days before the second dose, the third, …"""
    protocol = Protocol(usual_interval_days=usual, interval_steps=steps)
    assert [usual_interval_days(protocol, number + 2) for number in range(len(expected))] == expected


def test_what_belongs_to_a_dose_comes_right_after_it() -> None:
    first, second = (PlannedSession(pk=pk, kind="dosing", position=pk, dose_number=pk) for pk in (1, 2))
    talks = [
        PlannedSession(pk=pk, kind="integration", position=pk, after_session_id=dose)
        for pk, dose in ((3, 2), (4, 1), (5, None))
    ]
    assert [each.pk for each in in_order([*talks, second, first])] == [1, 4, 2, 3, 5]


# Booking


def test_it_books_all_with_their_people_and_rooms_in_one_go(
    ready: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[Any] = []
    monkeypatch.setattr(
        changes, "_listeners", [lambda ids, now, new: announced.append([*ids, *(each.pk for each in new)])]
    )
    proposal = best(ready)
    booked = book(ready, wanted(proposal.items))
    assert [(each.planned_session_id, each.starts_at) for each in booked] == [
        (item.planned_session.pk, item.starts_at) for item in proposal.items
    ]
    assert {each.therapist for each in booked} == {ready.ana}
    assert [each.room.name for each in booked] == ["Room 1", "Room 2"] * 3
    assert announced == [[each.pk for each in booked]]
    told = Activity.objects.filter(action="booking.booked").values_list("subject_id", flat=True)
    assert sorted(told) == sorted(each.pk for each in booked)
    assert Activity.objects.filter(action="series.booked", client=ready.maya, actor=ready.kim).count() == 1


def test_what_is_not_named_is_chosen(ready: Clinic) -> None:
    items = [Wanted(item.planned_session.pk, item.starts_at) for item in best(ready).items]
    booked = book(ready, items)
    assert [(each.therapist.name, each.room.name) for each in booked] == [
        ("Ana", "Room 1"),
        ("Ana", "Room 2"),
    ] * 3


@pytest.mark.parametrize(
    ("starts", "failing"),
    [
        ({}, {}),
        # the first of two that are too near to each other stays, and what follows is judged beside it
        ({2: "2026-11-25 13:00"}, {2: {"client_busy", "too_soon_after_dose"}}),
        ({4: "2026-12-02 13:00"}, {4: {"too_soon_after_dose"}}),
        ({1: "2026-12-01 09:00"}, {1: {"client_busy"}}),
        # what fails takes no time from the others
        ({1: "2026-12-01 07:30"}, {1: {"outside_hours"}}),
        ({0: "2026-11-24 09:30"}, {0: {"too_soon"}}),
        ({0: "2026-11-24 09:30", 5: "2026-12-12 09:00"}, {0: {"too_soon"}, 5: {"outside_hours"}}),
    ],
)
def test_every_item_is_judged_beside_the_others(
    ready: Clinic, starts: dict[int, str], failing: dict[int, set[str]]
) -> None:
    items = wanted(best(ready).items)
    for index, start in starts.items():
        items[index] = Wanted(items[index].planned_session_id, at(start))
    if not failing:
        assert len(book(ready, items)) == 6
        return
    with pytest.raises(SeriesNotBookable) as refusal:
        book(ready, items)
    assert by_index(refusal.value) == failing
    assert (Booking.objects.count(), Occupancy.objects.count()) == (0, 0)
    assert not Activity.objects.filter(action__in=["booking.booked", "series.booked"]).exists()


def test_a_therapist_who_still_writes_notes_of_one_item_is_not_there_for_the_next(ready: Clinic) -> None:
    items = wanted(best(ready).items)
    items[1] = Wanted(items[1].planned_session_id, at("2026-12-01 08:00"), therapist_id=ready.ana.pk)
    items[2] = Wanted(items[2].planned_session_id, at("2026-12-01 09:00"), therapist_id=ready.ana.pk)
    with pytest.raises(SeriesNotBookable) as refusal:
        book(ready, items)
    assert by_index(refusal.value) == {2: {"busy"}}
    items[2] = Wanted(items[2].planned_session_id, at("2026-12-01 09:00"))
    assert book(ready, items)[2].therapist == ready.ben


def by_index(refusal: SeriesNotBookable) -> dict[Any, set[str]]:
    found: dict[Any, set[str]] = {}
    for each in refusal.blockers:
        found.setdefault(each.params["index"], set()).add(each.code)
    return found


def test_an_integration_is_not_booked_before_its_dose(ready: Clinic) -> None:
    items = wanted(best(ready).items)
    items[3] = Wanted(items[3].planned_session_id, at("2026-11-30 13:00"))
    with pytest.raises(SeriesNotBookable) as refusal:
        book(ready, items)
    assert by_index(refusal.value) == {3: {"before_its_dose"}}


def test_only_the_dose_too_many_fails(ready: Clinic) -> None:
    items = wanted(best(ready).items)
    Prescription.objects.update(doses_per_fill=2)
    with pytest.raises(SeriesNotBookable) as refusal:
        book(ready, items)
    assert by_index(refusal.value) == {4: {"prescription_used_up"}}


@pytest.mark.parametrize(
    ("meanwhile", "failing"),
    [
        (
            lambda clinic, items: TimeOff.objects.create(
                clinician=clinic.ana, starts_at=items[2].starts_at, ends_at=items[2].ends_at
            ),
            {2: {"away"}},
        ),
        (
            lambda clinic, items: book_one(clinic, items[0].planned_session, "2026-11-24 10:30"),
            {0: {"already_booked", "busy", "client_busy", "too_soon_after_dose"}},
        ),
        (
            lambda clinic, items: clinic.ito.licences.update(valid_through_on=date(2026, 12, 1)),
            {4: {"not_licensed", "prescriber_not_licensed"}},
        ),
        (
            lambda clinic, items: PlannedSession.objects.filter(pk=items[5].planned_session.pk).update(
                withdrawn_at=NOW
            ),
            {5: {"session_withdrawn"}},
        ),
        (
            lambda clinic, items: Prescription.objects.update(status="revoked", revoked_at=NOW),
            {0: {"prescription_revoked"}, 2: {"prescription_revoked"}, 4: {"prescription_revoked"}},
        ),
    ],
)
def test_a_proposal_that_is_older_than_the_facts_fails_as_a_whole(
    ready: Clinic, meanwhile: Callable[..., Any], failing: dict[int, set[str]]
) -> None:
    items = best(ready).items
    meanwhile(ready, items)
    before = Booking.objects.count()
    with pytest.raises(SeriesNotBookable) as refusal:
        book(ready, wanted(items))
    assert by_index(refusal.value) == failing
    assert Booking.objects.count() == before


def test_a_plan_that_was_closed_meanwhile_is_refused(ready: Clinic) -> None:
    items = wanted(best(ready).items)
    plan = plan_of(ready)
    TreatmentPlan.objects.update(status="closed", closed_at=NOW)
    with pytest.raises(PlanClosed):
        series.book(plan, items, actor=ready.kim, now=NOW)


@pytest.mark.parametrize(
    ("change", "error", "pointer"),
    [
        (lambda clinic, item: {"planned_session_id": 10**9}, OutOfScope, "/items/1/planned_session"),
        (
            lambda clinic, item: {"planned_session_id": clinic.dose(clinic.ready_client("Ivy Kahn"), 1).pk},
            OutOfScope,
            "/items/1/planned_session",
        ),
        (
            lambda clinic, item: {"planned_session_id": clinic.dose(clinic.maya, 1).pk},
            Invalid,
            "/items/1/planned_session",
        ),
        (lambda clinic, item: {"therapist_id": clinic.ito.pk}, OutOfScope, "/items/1/therapist"),
        (lambda clinic, item: {"psychiatrist_id": clinic.ito.pk}, Invalid, "/items/1/psychiatrist"),
        (lambda clinic, item: {"room_id": 10**9}, OutOfScope, "/items/1/room"),
    ],
)
def test_what_names_nothing_or_does_not_fit_is_pointed_at(
    ready: Clinic, change: Callable[..., dict[str, Any]], error: type[Exception], pointer: str
) -> None:
    items = wanted(best(ready).items)
    kept = {"planned_session_id": items[1].planned_session_id} | change(ready, items[1])
    items[1] = Wanted(starts_at=items[1].starts_at, **kept)
    with pytest.raises(error) as refusal:
        book(ready, items)
    assert refusal.value.pointer == pointer  # type: ignore[attr-defined]
    assert Booking.objects.filter(client=ready.maya).count() == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_who_book_the_same_times_at_once_one_wins_and_nothing_is_left_of_the_other() -> None:
    clinic = make_clinic()
    clinic.appointment_type()
    clients = [clinic.maya, None]
    clinic.ready_client()
    clients[1] = clinic.ready_client("Ivy Kahn")
    actor: User = clinic.kim
    found = [
        series.propose(plan_of(clinic, each), Span(NOW, NOW + 60 * DAY), limit=1, now=NOW)[0]
        for each in clients
    ]
    assert when(found[0]) == when(found[1])
    begin = threading.Barrier(2)

    def attempt(number: int) -> bool:
        try:
            plan = plan_of(clinic, clients[number])
            begin.wait(30)
            series.book(plan, wanted(found[number].items), actor=actor, now=NOW)
        except SeriesNotBookable:
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(attempt, range(2)))
    assert sorted(won) == [False, True]
    assert Booking.objects.count() == 6
    assert Booking.objects.values("client").distinct().count() == 1


def test_therapists_are_others_too(ready: Clinic) -> None:
    """A therapist who is not the plan's is a compromise that is told, and joins the care team when booked."""
    ready.ana.is_active = False
    ready.ana.save()
    make_clinician("Cleo", "therapist", ready.location)
    found = best(ready)
    assert {tuple(codes(item)) for item in found.items} == {("other_therapist",)}
    assert found.items[0].compromises[0].text() == "Ben instead of Ana."
    book(ready, wanted(found.items))
    assert ready.maya.care_team.filter(clinician=ready.ben).exists()
