"""What ends, by date or by doses, and which sessions it will block: the soonest blocked first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from practice.models import Consent, Licence
from scheduling import booking
from scheduling.booking import Request
from scheduling.care.expiring import expiring
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at, make_client
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import Clearance, Prescription, ScreeningFlag, ScreeningForm
from treatment_plans.screening import clinical_results, screenings
from treatment_plans.screening import flags as screening_flags
from treatment_plans.screening.flags import Disposal

pytestmark = pytest.mark.django_db

STARTS = ("2026-12-01 09:30", "2026-12-08 09:30")


@pytest.fixture
def booked(clinic: Clinic) -> Clinic:
    """Maya has two doses booked and four more prescribed; everything is in order beyond the year."""
    clinic.ready_client()
    for number, start in enumerate(STARTS, start=1):
        wanted = Request(
            clinic.maya, clinic.appointment_type(), clinic.location, clinic.dose(clinic.maya, number)
        )
        booking.book(wanted, at(start), actor=clinic.kim, now=NOW)
    return clinic


def found(clinic: Clinic, *, by: Any = None, days: int = 30) -> list[tuple[str, str, str, list[int | None]]]:
    rows = expiring(by or clinic.ito.user, days=days, now=NOW)
    return [
        (
            one.kind,
            one.ends_on.isoformat(),
            one.because,
            [each.planned_session.dose_number for each in one.blocks if each.planned_session],
        )
        for one in rows
    ]


def test_nothing_ends_soon(booked: Clinic) -> None:
    assert found(booked) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda: Prescription.objects.update(valid_through_on=date(2026, 12, 7)),
            [("prescription", "2026-12-07", "date", [2])],
        ),
        (
            lambda: Prescription.objects.update(valid_through_on=date(2026, 12, 8)),  # the day of the dose
            [("prescription", "2026-12-08", "date", [])],
        ),
        (
            lambda: Prescription.objects.update(valid_through_on=date(2026, 12, 23)),  # in thirty days
            [("prescription", "2026-12-23", "date", [])],
        ),
        (lambda: Prescription.objects.update(valid_through_on=date(2026, 12, 24)), []),
        (
            lambda: Prescription.objects.update(valid_through_on=date(2026, 11, 22)),  # over already
            [("prescription", "2026-11-22", "date", [1, 2])],
        ),
        (
            lambda: Prescription.objects.update(doses_per_fill=1),
            [("prescription", "2027-03-31", "used_up", [2])],
        ),
        (lambda: Prescription.objects.update(status="revoked", revoked_at=NOW), []),
        (
            lambda: Clearance.objects.update(valid_through_on=date(2026, 12, 1)),
            [("clearance", "2026-12-01", "date", [2])],
        ),
        (
            lambda: Consent.objects.update(valid_through_on=date(2026, 11, 30)),
            [("consent", "2026-11-30", "date", [1, 2])],
        ),
        (
            lambda: Licence.objects.filter(clinician__name="Ana").update(valid_through_on=date(2026, 12, 7)),
            [("licence", "2026-12-07", "date", [2])],
        ),
    ],
)
def test_what_ends_and_what_it_blocks(booked: Clinic, change: Callable[[], Any], expected: list[Any]) -> None:
    change()
    assert found(booked) == expected


def test_the_soonest_blocked_comes_first(booked: Clinic) -> None:
    Clearance.objects.update(valid_through_on=date(2026, 12, 1))  # blocks the second
    Prescription.objects.update(valid_through_on=date(2026, 11, 30))  # blocks the first too
    Licence.objects.filter(clinician__name="Ben").update(valid_through_on=date(2026, 11, 25))  # blocks none
    assert [kind for kind, *_rest in found(booked)] == ["prescription", "clearance", "licence"]


def test_a_renewal_takes_over(booked: Clinic) -> None:
    Prescription.objects.update(valid_through_on=date(2026, 12, 7))
    booked.prescribe(booked.maya)
    assert found(booked) == []


def test_a_renewal_that_is_only_drafted_does_not(booked: Clinic) -> None:
    Prescription.objects.update(valid_through_on=date(2026, 12, 7))
    drafted = booked.prescribe(booked.maya)
    Prescription.objects.filter(pk=drafted.pk).update(status="draft", signed_at=None)
    assert found(booked) == [("prescription", "2026-12-07", "date", [2])]


def test_everybody_reads_what_their_role_may(booked: Clinic) -> None:
    Prescription.objects.update(valid_through_on=date(2026, 12, 7))
    Clearance.objects.update(valid_through_on=date(2026, 12, 7))
    Consent.objects.update(valid_through_on=date(2026, 12, 7))
    Licence.objects.filter(clinician__name="Ana").update(valid_through_on=date(2026, 12, 7))
    read = {
        "kim": {"consent", "licence"},
        "nia": {"prescription", "clearance", "consent", "licence"},
    }
    for name, kinds in read.items():
        assert {kind for kind, *_rest in found(booked, by=getattr(booked, name))} == kinds
    of_ben = found(booked, by=booked.ben.user)  # who is not on the team
    assert of_ben == [("licence", "2026-12-07", "date", [])]


def test_the_list_has_pages_and_the_same_number_of_queries(
    booked: Clinic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Prescription.objects.update(doses_per_fill=1)
    for number in range(6):
        other = make_client(f"Client {number}", booked.location, team=(booked.ito,))
        Clearance.objects.filter(pk=booked.clear(other).pk).update(valid_through_on=date(2026, 12, 1))
    caller = Caller(booked.ito)
    with django_assert_num_queries(12):
        first = caller.get("expiring", limit=4)
    body = first.json()
    (session,) = body["results"][0]["blocks"]
    assert body["results"][0]["supply"] == {"doses": 1, "used": 0, "booked": 1}
    assert (session["starts_at"], session["planned_session"]["dose_number"]) == (
        "2026-12-08T09:30:00-08:00",
        2,
    )
    with django_assert_num_queries(12):
        rest = caller.http.get(body["next"]).json()
    kinds = [one["kind"] for one in (*body["results"], *rest["results"])]
    assert kinds == ["prescription", *["clearance"] * 6]
    assert (rest["next"], len(rest["results"])) == (None, 3)
    back = caller.http.get(rest["previous"]).json()
    assert back["results"] == body["results"]
    assert caller.get("expiring", cursor="x").status_code == 400
    assert caller.get("expiring", days=0).status_code == 400


def test_flags_to_look_at_again_and_results_that_they_ask_for(booked: Clinic) -> None:
    first_screening_form.add_missing()
    ScreeningForm.objects.update(approved_by=booked.ito, approved_at=NOW)
    filled = screenings.Filled(ScreeningForm.objects.get(), WELL | {"heart": "yes"}, "with_staff")
    screenings.record(booked.maya, filled, actor=booked.kim, now=NOW)
    looked = Disposal(ScreeningFlag.objects.get().pk, "accepted", "Letter.", date(2026, 12, 7))
    screening_flags.dispose(looked, decided_by=booked.ito, actor=booked.kim, now=NOW)
    for kind, values in (("ecg", {"finding": "normal"}), ("pregnancy_test", {"outcome": "negative"})):
        days = {"taken_on": date(2026, 11, 20), "valid_through_on": date(2026, 11, 30)}
        clinical_results.record(booked.maya, kind, values, **days, actor=booked.kim, now=NOW)
    assert found(booked) == [
        ("clinical_result", "2026-11-30", "date", [1, 2]),  # the other one is asked for by nobody
        ("screening_flag", "2026-12-07", "date", [2]),
    ]
    assert found(booked, by=booked.kim) == []


def test_it_can_be_asked_of_one_client_alone(booked: Clinic) -> None:
    other = booked.ready_client("Ivy Kim")
    Clearance.objects.update(valid_through_on=date(2026, 12, 4))
    rows = expiring(booked.ito.user, days=30, client_id=other.pk, now=NOW)  # type: ignore[arg-type]
    assert {row.client for row in rows} == {other}
    shown = Caller(booked.ito.user).get("expiring", client=booked.maya.pk).json()["results"]
    assert {row["client"]["id"] for row in shown} == {booked.maya.pk}
    assert Caller(booked.ben.user).get("expiring", client=booked.maya.pk).json()["results"] == []
