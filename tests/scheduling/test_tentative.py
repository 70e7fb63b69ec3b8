"""A dose kept until its prescription is renewed: booked on hold, never started, where that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import time_machine

from scheduling import booking, lifecycle
from scheduling.booking import Request
from scheduling.course import series
from scheduling.course.series import Wanted
from scheduling.engine.types import Span
from scheduling.errors import NotBookable, NotReady
from scheduling.models import Booking
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at
from treatment_plans.models import Clearance, PlannedSession, Prescription, TreatmentPlan

pytestmark = pytest.mark.django_db

START = "2026-12-01T09:30:00-08:00"


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def kept(clinic: Clinic) -> Clinic:
    """One dose is prescribed, three are planned, and the location keeps tentative ones."""
    clinic.ready_client()
    clinic.location.keeps_tentative = True
    clinic.location.save()
    Prescription.objects.update(doses_per_fill=1)
    clinic.appointment_type()
    return clinic


def book(clinic: Clinic, number: int, start: str, *, tentative: bool = True) -> Booking:
    wanted = Request(
        clinic.maya,
        clinic.appointment_type(),
        clinic.location,
        clinic.dose(clinic.maya, number),
        tentative=tentative,
    )
    return booking.book(wanted, at(start), actor=clinic.kim, now=NOW)


def codes(refused: pytest.ExceptionInfo[Any]) -> list[str]:
    return [blocker.code for blocker in refused.value.blockers]


def test_it_is_on_hold_until_the_renewal_and_does_not_start(kept: Clinic) -> None:
    book(kept, 1, "2026-12-01 09:30")
    with pytest.raises(NotBookable) as refused:
        book(kept, 2, "2026-12-08 09:30", tentative=False)
    assert codes(refused) == ["prescription_used_up"]
    body = {
        "planned_session": kept.dose(kept.maya, 2).pk,
        "starts_at": "2026-12-08T09:30:00-08:00",
        "tentative": True,
    }
    made = Caller(kept.kim).post("bookings", body).json()
    assert (made["status"], made["on_hold"], made["tentative"]) == ("booked", True, True)
    day = at("2026-12-08 09:30")
    lifecycle.arrive(made["id"], actor=kept.kim, now=day)
    with pytest.raises(NotReady) as closed:
        lifecycle.start(made["id"], actor=kept.ana.user, now=day)
    assert "prescription_used_up" in codes(closed)
    kept.prescribe(kept.maya)
    shown = Caller(kept.kim).get(f"bookings/{made['id']}").json()
    assert (shown["on_hold"], shown["tentative"]) == (False, False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda: Prescription.objects.update(valid_through_on=date(2026, 11, 30)), []),
        (lambda: Prescription.objects.update(status="draft", signed_at=None), []),
        (lambda: Prescription.objects.all().delete(), []),
        (lambda: Prescription.objects.update(status="revoked", revoked_at=NOW), ["prescription_revoked"]),
        (lambda: Prescription.objects.update(route="iv"), ["prescription_wrong_route"]),
        (
            lambda: [Prescription.objects.all().delete(), Clearance.objects.all().delete()],
            ["clearance_missing", "prescription_missing"],
        ),
    ],
)
def test_only_what_a_renewal_puts_right_is_tolerated(
    kept: Clinic, change: Callable[[], Any], expected: list[str]
) -> None:
    change()
    if not expected:
        assert book(kept, 1, "2026-12-01 09:30").status == "booked"
        return
    with pytest.raises(NotBookable) as refused:
        book(kept, 1, "2026-12-01 09:30")
    assert codes(refused) == expected


def test_where_the_location_does_not_keep_them_it_says_so(kept: Clinic) -> None:
    kept.location.keeps_tentative = False
    kept.location.save()
    Prescription.objects.all().delete()
    with pytest.raises(NotBookable) as refused:
        book(kept, 1, "2026-12-01 09:30")
    assert codes(refused) == ["prescription_missing", "tentative_not_allowed"]


def test_it_takes_no_dose_from_a_later_booking(kept: Clinic) -> None:
    book(kept, 2, "2026-12-08 09:30", tentative=False)
    with pytest.raises(NotBookable) as refused:
        book(kept, 1, "2026-12-01 09:30")
    assert codes(refused) == ["prescription_used_up"]


def test_it_is_booked_and_not_held(kept: Clinic) -> None:
    body = {
        "planned_session": kept.dose(kept.maya).pk,
        "starts_at": START,
        "tentative": True,
        "hold_minutes": 10,
    }
    answer = Caller(kept.kim).post("bookings", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/hold_minutes")


def test_a_course_keeps_what_is_not_prescribed_yet(kept: Clinic) -> None:
    PlannedSession.objects.filter(kind="integration").delete()
    plan = TreatmentPlan.objects.select_related(
        "client__location", "protocol", "therapist", "prescriber"
    ).get()
    window = Span(at("2026-11-30 00:00"), at("2027-02-01 00:00"))
    plain = series.propose(plan, window, limit=1, now=NOW)[0]
    assert [len(plain.items), [each.code for each in plain.unplaced[0].remedies]] == [
        1,
        ["keep_tentative", "prescribe_more"],
    ]
    whole = series.propose(plan, window, limit=1, tentative=True, now=NOW)[0]
    assert [item.is_tentative for item in whole.items] == [False, True, True]
    wanted = [
        Wanted(item.planned_session.pk, item.starts_at, tentative=item.is_tentative) for item in whole.items
    ]
    assert len(series.book(plan, wanted, actor=kept.kim, now=NOW).bookings) == 3
