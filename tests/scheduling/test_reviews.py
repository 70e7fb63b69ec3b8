"""A dose waits for the prescriber's review: booked in time when it is booked, done when it starts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduling import booking, gate, readiness
from scheduling.booking import Request
from scheduling.care import release
from scheduling.course import series
from scheduling.course.series import SeriesNotBookable, Wanted
from scheduling.engine.types import Span
from scheduling.errors import NotBookable
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at
from treatment_plans.models import PlannedSession, TreatmentPlan

pytestmark = pytest.mark.django_db

DOSES = ("2026-12-01 09:30", "2026-12-08 09:30", "2026-12-15 09:30")
BETWEEN = "2026-12-10 10:00"


@pytest.fixture
def two_first(clinic: Clinic) -> Clinic:
    """Three doses and a review after the second, which the protocol wants; integration has no place here."""
    clinic.ready_client()
    clinic.protocol.supply_before_review_doses = 2
    clinic.protocol.save()
    PlannedSession.objects.filter(kind="integration").delete()
    plan = TreatmentPlan.objects.get()
    PlannedSession.objects.create(plan=plan, kind="review", position=4)
    for kind in ("dosing-im", "review"):
        clinic.appointment_type(kind)
    return clinic


def review(clinic: Clinic) -> PlannedSession:
    return PlannedSession.objects.select_related("plan__protocol").get(kind="review")


def book(clinic: Clinic, session: PlannedSession, start: str) -> Booking:
    kind = clinic.appointment_type("review" if session.kind == "review" else "dosing-im")
    wanted = Request(clinic.maya, kind, clinic.location, session)
    return booking.book(wanted, at(start), actor=clinic.kim, now=NOW)


def test_the_third_dose_is_booked_after_the_review(two_first: Clinic) -> None:
    for number, start in enumerate(DOSES[:2], start=1):
        book(two_first, two_first.dose(two_first.maya, number), start)
    third = two_first.dose(two_first.maya, 3)
    with pytest.raises(NotBookable) as refused:
        book(two_first, third, DOSES[2])
    assert [blocker.code for blocker in refused.value.blockers] == ["review_missing"]
    reviewed = book(two_first, review(two_first), BETWEEN)
    booked = book(two_first, third, DOSES[2])
    start = at(DOSES[2])
    assert readiness.gate_blockers(booked, now=NOW) == ()
    # on the day it has to be decided, and not only to have taken place
    assert [each.code for each in readiness.gate_blockers(booked, now=start)] == ["review_missing"]
    ito, plan = two_first.ito, TreatmentPlan.objects.get()
    assert ito.user
    Booking.objects.filter(pk=reviewed.pk).update(status="completed", completed_at=at(BETWEEN))
    assert [each.code for each in readiness.gate_blockers(booked, now=start)] == ["review_missing"]
    release.review_plan(
        plan.pk,
        decision="continue",
        planned_session=review(two_first),
        decided_by=ito,
        actor=ito.user,
        now=at(BETWEEN) + timedelta(hours=1),
    )
    assert readiness.gate_blockers(booked, now=start) == ()


def decide(clinic: Clinic, now: str) -> None:
    ito = clinic.ito
    assert ito.user
    release.review_plan(
        TreatmentPlan.objects.get().pk,
        decision="continue",
        planned_session=review(clinic),
        decided_by=ito,
        actor=ito.user,
        now=at(now),
    )


def test_a_review_is_decided_in_its_session_and_that_is_over_then(two_first: Clinic) -> None:
    reviewed = book(two_first, review(two_first), BETWEEN)
    with pytest.raises(release.ReviewNotHeld) as refused:
        decide(two_first, "2026-12-09 10:00")
    assert "Dec 10" in refused.value.text()
    assert review(two_first).completed_at is None
    Booking.objects.filter(pk=reviewed.pk).update(
        status="in_session", arrived_at=at(BETWEEN), started_at=at(BETWEEN)
    )
    decide(two_first, "2026-12-10 10:20")
    reviewed.refresh_from_db()
    assert (reviewed.is_live, reviewed.completed_at) == (False, at("2026-12-10 10:20"))
    assert review(two_first).completed_at == at("2026-12-10 10:20")


def test_a_review_that_is_over_early_counts_by_its_decision_alone(two_first: Clinic) -> None:
    for number, start in enumerate(DOSES[:2], start=1):
        book(two_first, two_first.dose(two_first.maya, number), start)
    reviewed = book(two_first, review(two_first), BETWEEN)
    Booking.objects.filter(pk=reviewed.pk).update(status="completed", completed_at=at(BETWEEN))
    with pytest.raises(NotBookable) as refused:  # its booked end is still ahead
        book(two_first, two_first.dose(two_first.maya, 3), DOSES[2])
    assert [blocker.code for blocker in refused.value.blockers] == ["review_missing"]


def test_doses_do_not_go_on_for_more_days_than_the_protocol_says(two_first: Clinic) -> None:
    two_first.protocol.supply_before_review_doses = None
    two_first.protocol.review_after_doses, two_first.protocol.review_after_days = None, 13
    two_first.protocol.save()
    for number, start in enumerate(DOSES[:2], start=1):
        book(two_first, two_first.dose(two_first.maya, number), start)
    third = two_first.dose(two_first.maya, 3)
    with pytest.raises(NotBookable) as refused:
        book(two_first, third, DOSES[2])
    assert [blocker.code for blocker in refused.value.blockers] == ["review_due"]
    book(two_first, third, "2026-12-14 09:30")  # the thirteenth day


def test_a_series_keeps_to_the_days_of_a_review(two_first: Clinic) -> None:
    """Every second Tuesday would be too long without one; what is proposed can be booked."""
    review(two_first).delete()
    two_first.protocol.supply_before_review_doses = None
    two_first.protocol.review_after_doses, two_first.protocol.review_after_days = None, 13
    two_first.protocol.usual_interval_days = 7
    two_first.protocol.save()
    plan = TreatmentPlan.objects.select_related(
        "client__location", "protocol", "therapist", "prescriber"
    ).get()
    window = Span(at("2026-11-30 00:00"), at("2027-02-01 00:00"))
    proposal = series.propose(plan, window, now=NOW)[0]
    days = [item.starts_at.date() for item in proposal.items]
    assert (len(days), (days[-1] - days[0]).days <= 13, proposal.unplaced) == (3, True, ())
    wanted = [Wanted(item.planned_session.pk, item.starts_at) for item in proposal.items]
    assert len(series.book(plan, wanted, actor=two_first.kim, now=NOW).bookings) == 3


def test_a_series_says_when_no_review_comes_in_time(two_first: Clinic) -> None:
    review(two_first).delete()
    two_first.protocol.supply_before_review_doses = None
    two_first.protocol.review_after_doses, two_first.protocol.review_after_days = None, 1
    two_first.protocol.save()
    plan = TreatmentPlan.objects.select_related(
        "client__location", "protocol", "therapist", "prescriber"
    ).get()
    window = Span(at("2026-11-30 00:00"), at("2027-02-01 00:00"))
    proposal = series.propose(plan, window, now=NOW)[0]
    codes = [[each.code for each in one.blockers] for one in proposal.unplaced]
    assert codes[0] == ["review_due"]
    assert [each.code for each in proposal.unplaced[0].remedies] == ["plan_review"]


def test_a_decision_without_a_session_is_a_review_too(two_first: Clinic) -> None:
    for number, start in enumerate(DOSES[:2], start=1):
        book(two_first, two_first.dose(two_first.maya, number), start)
    third, plan, ito = two_first.dose(two_first.maya, 3), TreatmentPlan.objects.get(), two_first.ito
    assert ito.user
    with pytest.raises(NotBookable):
        book(two_first, third, DOSES[2])
    release.review_plan(plan.pk, decision="continue", decided_by=ito, actor=ito.user, now=at(BETWEEN))
    booked = book(two_first, third, DOSES[2])
    assert readiness.gate_blockers(booked, now=at(DOSES[2])) == ()


def test_openings_offer_what_booking_accepts(two_first: Clinic) -> None:
    for number, start in enumerate(DOSES[:2], start=1):
        book(two_first, two_first.dose(two_first.maya, number), start)
    book(two_first, review(two_first), BETWEEN)
    third = two_first.dose(two_first.maya, 3)
    wanted = Request(two_first.maya, two_first.appointment_type(), two_first.location, third)
    window = Span(at("2026-12-10 00:00"), at("2026-12-11 00:00"))  # the day of the review itself
    offered = {each.start for each in booking.openings(wanted, window, limit=99, now=NOW)}
    review_ends = Booking.objects.get(planned_session__kind="review").ends_at
    assert offered
    assert min(offered) >= review_ends
    assert all(not booking.blockers(wanted, start, now=NOW) for start in sorted(offered)[:2])


def test_a_series_places_the_review_between_and_books_it(two_first: Clinic) -> None:
    plan = TreatmentPlan.objects.select_related(
        "client__location", "protocol", "therapist", "prescriber"
    ).get()
    window = Span(at("2026-11-30 00:00"), at("2027-02-01 00:00"))
    proposal = series.propose(plan, window, now=NOW)[0]
    kinds = [item.planned_session.kind for item in proposal.items]
    assert (kinds, proposal.unplaced) == (["dosing", "dosing", "review", "dosing"], ())
    wanted = [Wanted(item.planned_session.pk, item.starts_at) for item in proposal.items]
    without = [each for each in wanted if each.planned_session_id != review(two_first).pk]
    with pytest.raises(SeriesNotBookable) as refused:
        series.book(plan, without, actor=two_first.kim, now=NOW)
    assert [each.code for each in refused.value.blockers] == ["review_missing"]
    assert len(series.book(plan, wanted, actor=two_first.kim, now=NOW).bookings) == 4


def test_a_plan_without_the_review_says_so_in_its_proposal(two_first: Clinic) -> None:
    review(two_first).delete()
    plan = TreatmentPlan.objects.select_related(
        "client__location", "protocol", "therapist", "prescriber"
    ).get()
    window = Span(at("2026-11-30 00:00"), at("2027-02-01 00:00"))
    proposal = series.propose(plan, window, now=NOW)[0]
    (left_out,) = proposal.unplaced
    assert [each.code for each in left_out.blockers] == ["review_missing"]
    assert [each.code for each in left_out.remedies] == ["plan_review"]


def test_it_takes_no_query_more(two_first: Clinic, django_assert_num_queries: object) -> None:
    session = gate.Session(
        two_first.maya,
        two_first.appointment_type(),
        two_first.location,
        two_first.dose(two_first.maya, 3),
        two_first.ana.pk,
        two_first.ito.pk,
    )
    with django_assert_num_queries(2):  # type: ignore[operator]
        gate.load([session], now=NOW)
