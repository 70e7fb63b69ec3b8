from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from treatment_plans.rules.gates import (
    ClearanceFact,
    ClinicianFact,
    DosingFacts,
    EnrollmentFact,
    LicenceFact,
    RequiredDocument,
    SessionFacts,
    SignatureFact,
    dosing_blockers,
    session_blockers,
)
from treatment_plans.rules.supply import DoseFact, PrescriptionFact

# A session at nine in the evening in Denver: already the next day in UTC. The clinic's day counts.
DAY = date(2026, 3, 10)
AT = datetime(2026, 3, 11, 3, tzinfo=UTC)
YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)
LONG_AGO, FAR_OFF = date(2025, 6, 1), date(2027, 6, 1)
A_SECOND = timedelta(seconds=1)
SIGNED_AT = datetime(2026, 1, 5, 17, tzinfo=UTC)

TREATMENT = RequiredDocument("treatment", 2, "Consent to treatment")
SIGNED = SignatureFact("treatment", 2, SIGNED_AT)
LICENSED = ClinicianFact((LicenceFact("CO", LONG_AGO, FAR_OFF),))
PRESCRIBED = PrescriptionFact(1, "im", LONG_AGO, FAR_OFF, None, 6)

ALL_WELL = DosingFacts(
    plan_status="active",
    client_state="CO",
    therapist=LICENSED,
    prescriber=LICENSED,
    booking_id=7,
    is_booked_here=True,
    route="im",
    booked_route="im",
    protocol_is_approved=True,
    min_days_between_doses=2,
    needs_prescriber_on_site=True,
    needs_rems_enrollment=False,
    has_psychiatrist=True,
    required_documents=(TREATMENT,),
    signatures=(SIGNED,),
    clearances=(ClearanceFact(True, LONG_AGO, FAR_OFF),),
    prescriptions=(PRESCRIBED,),
    other_doses=(),
    enrollments=(),
    has_open_alert=False,
    flags=(),
    results=(),
    is_course_on_hold=False,
)


def dose_on(day: date, *, booking_id: int, done: bool = False) -> DoseFact:
    return DoseFact(booking_id, "im", AT + (day - DAY), day, done)


def codes(**changes: Any) -> list[str]:
    """The codes for a session that would be fine but for `changes`."""
    return [blocker.code for blocker in dosing_blockers(replace(ALL_WELL, **changes), at=AT, day=DAY)]


def texts(**changes: Any) -> list[str]:
    return [blocker.text() for blocker in dosing_blockers(replace(ALL_WELL, **changes), at=AT, day=DAY)]


def test_nothing_stands_against_a_session_that_is_in_order() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"protocol_is_approved": False}, ["protocol_not_approved"]),
        ({"has_open_alert": True}, ["safety_alert_open"]),
        ({"is_course_on_hold": True}, ["course_on_hold"]),
        ({"booked_route": "iv"}, ["route_mismatch"]),
        ({"plan_status": "draft"}, ["plan_not_active"]),
        ({"plan_status": "closed"}, ["plan_not_active"]),
        ({"plan_status": None}, ["plan_not_active"]),  # a dose belongs to a plan
        ({"needs_prescriber_on_site": True, "has_psychiatrist": False}, ["prescriber_not_on_site"]),
        ({"needs_prescriber_on_site": False, "has_psychiatrist": False}, []),  # on call is enough
    ],
)
def test_plan_and_protocol(changes: dict[str, Any], expected: list[str]) -> None:
    assert codes(**changes) == expected


@pytest.mark.parametrize(
    ("signatures", "expected"),
    [
        ((), ["consent_missing"]),
        ((SignatureFact("photos", 2, SIGNED_AT),), ["consent_missing"]),  # another document
        ((replace(SIGNED, valid_through_on=DAY),), []),  # the last valid day
        ((replace(SIGNED, valid_through_on=YESTERDAY),), ["consent_expired"]),
        ((replace(SIGNED, withdrawn_at=AT - A_SECOND),), ["consent_withdrawn"]),  # the same day, just before
        ((replace(SIGNED, withdrawn_at=AT),), ["consent_withdrawn"]),
        ((replace(SIGNED, withdrawn_at=AT + A_SECOND),), []),  # just after: it stood at the time
        ((replace(SIGNED, version=1),), ["consent_outdated"]),
        # Withdrawn tells more than outdated or expired.
        ((replace(SIGNED, version=1, withdrawn_at=SIGNED_AT),), ["consent_withdrawn"]),
        ((replace(SIGNED, valid_through_on=YESTERDAY, withdrawn_at=SIGNED_AT),), ["consent_withdrawn"]),
        # The version in force counts, though an old paper form was entered later.
        ((SIGNED, replace(SIGNED, version=1, signed_at=SIGNED_AT + A_SECOND)), []),
        # Signed again after withdrawing, in any order.
        ((replace(SIGNED, signed_at=SIGNED_AT + A_SECOND), replace(SIGNED, withdrawn_at=SIGNED_AT)), []),
        # Withdrawn after signing twice: the older signature does not revive.
        (
            (SIGNED, replace(SIGNED, signed_at=SIGNED_AT + A_SECOND, withdrawn_at=SIGNED_AT + A_SECOND)),
            ["consent_withdrawn"],
        ),
        # Signed on arrival, after the booked start.
        ((replace(SIGNED, signed_at=AT + timedelta(minutes=5)),), []),
    ],
)
def test_consent(signatures: tuple[SignatureFact, ...], expected: list[str]) -> None:
    assert codes(signatures=signatures) == expected
    assert codes(signatures=signatures[::-1]) == expected


def test_each_required_document_is_judged() -> None:
    blockers = dosing_blockers(
        replace(
            ALL_WELL,
            required_documents=(TREATMENT, RequiredDocument("telehealth", 1, "Video visits")),
            signatures=(replace(SIGNED, version=1),),
        ),
        at=AT,
        day=DAY,
    )
    assert [(blocker.code, blocker.params["kind"]) for blocker in blockers] == [
        ("consent_outdated", "treatment"),
        ("consent_missing", "telehealth"),
    ]
    assert [blocker.text() for blocker in blockers] == [
        "Signed in version 1, but version 2 is in force: Consent to treatment.",
        "Not signed: Video visits.",
    ]


@pytest.mark.parametrize(
    ("clearances", "expected"),
    [
        ((), ["clearance_missing"]),
        ((ClearanceFact(True, DAY, DAY),), []),  # first and last valid day at once
        ((ClearanceFact(True, LONG_AGO, YESTERDAY),), ["clearance_expired"]),
        ((ClearanceFact(True, TOMORROW, FAR_OFF),), ["clearance_not_yet_valid"]),
        ((ClearanceFact(True, LONG_AGO, None),), []),  # without an end
        ((ClearanceFact(False, LONG_AGO, None),), ["clearance_not_granted"]),
        ((ClearanceFact(False, DAY, None),), ["clearance_not_granted"]),  # decided today
        ((ClearanceFact(False, LONG_AGO, YESTERDAY),), ["clearance_not_granted"]),  # a no does not lapse
        ((ClearanceFact(False, TOMORROW, None),), ["clearance_missing"]),  # says nothing about today
        # A decision against wins over one in favour: superseding is for a person to do.
        (
            (ClearanceFact(True, LONG_AGO, FAR_OFF), ClearanceFact(False, DAY, None)),
            ["clearance_not_granted"],
        ),
        # In the gap between two.
        (
            (ClearanceFact(True, TOMORROW, FAR_OFF), ClearanceFact(True, LONG_AGO, YESTERDAY)),
            ["clearance_expired", "clearance_not_yet_valid"],
        ),
        (
            (ClearanceFact(True, LONG_AGO, YESTERDAY), ClearanceFact(True, DAY, FAR_OFF)),
            [],
        ),  # renewed in time
    ],
)
def test_clearance(clearances: tuple[ClearanceFact, ...], expected: list[str]) -> None:
    assert codes(clearances=clearances) == expected


def test_clearance_names_its_nearest_dates() -> None:
    far, near = ClearanceFact(True, LONG_AGO, LONG_AGO), ClearanceFact(True, LONG_AGO, YESTERDAY)
    soon, late = ClearanceFact(True, TOMORROW, FAR_OFF), ClearanceFact(True, FAR_OFF, FAR_OFF)
    assert texts(clearances=(near, late, far, soon)) == [
        "Medical clearance ended on 2026-03-09.",
        "Medical clearance is valid only from 2026-03-11.",
    ]


@pytest.mark.parametrize(
    ("prescription", "expected"),
    [
        (None, ["prescription_missing"]),
        (replace(PRESCRIBED, valid_from_on=DAY, valid_through_on=DAY), []),
        (replace(PRESCRIBED, valid_through_on=YESTERDAY), ["prescription_expired"]),
        (replace(PRESCRIBED, valid_from_on=TOMORROW), ["prescription_not_yet_valid"]),
        (replace(PRESCRIBED, route="oral"), ["prescription_wrong_route"]),
        (replace(PRESCRIBED, revoked_at=AT - A_SECOND), ["prescription_revoked"]),
        (replace(PRESCRIBED, revoked_at=AT), ["prescription_revoked"]),
        (replace(PRESCRIBED, revoked_at=AT + A_SECOND), []),
        (replace(PRESCRIBED, doses=0), ["prescription_used_up"]),
        (replace(PRESCRIBED, doses=1), []),
    ],
)
def test_prescription(prescription: PrescriptionFact | None, expected: list[str]) -> None:
    assert codes(prescriptions=() if prescription is None else (prescription,)) == expected


@pytest.mark.parametrize(
    ("is_booked_here", "other_on", "expected"),
    [
        (True, DAY - timedelta(days=9), ["prescription_used_up"]),  # used by an earlier session
        (True, DAY + timedelta(days=9), []),  # hoped for by a later one, which then has none
        (False, DAY + timedelta(days=9), ["prescription_used_up"]),  # a new booking does not take it away
    ],
)
def test_the_last_dose(is_booked_here: bool, other_on: date, expected: list[str]) -> None:
    assert (
        codes(
            prescriptions=(replace(PRESCRIBED, doses=1),),
            other_doses=(dose_on(other_on, booking_id=6),),
            is_booked_here=is_booked_here,
        )
        == expected
    )


def test_a_revocation_after_the_booked_start_counts_at_the_door() -> None:
    facts = replace(ALL_WELL, prescriptions=(replace(PRESCRIBED, revoked_at=AT + timedelta(minutes=10)),))
    late = AT + timedelta(minutes=20)
    assert dosing_blockers(facts, at=AT, day=DAY) == ()
    assert [blocker.code for blocker in dosing_blockers(facts, at=late, day=DAY)] == ["prescription_revoked"]


@pytest.mark.parametrize(
    ("other_days", "expected"),
    [
        ((-2, 2), []),  # exactly the protocol's minimum, on either side
        ((-1,), ["too_soon_after_dose"]),
        ((1,), ["too_close_to_next_dose"]),
        ((-1, 1), ["too_soon_after_dose", "too_close_to_next_dose"]),
    ],
)
def test_spacing(other_days: tuple[int, ...], expected: list[str]) -> None:
    others = tuple(dose_on(DAY + timedelta(days=days), booking_id=100 + days) for days in other_days)
    assert codes(other_doses=others) == expected


def test_spacing_counts_doses_on_any_route() -> None:
    on_another_route = replace(dose_on(YESTERDAY, booking_id=6), route="oral")
    assert codes(other_doses=(on_another_route,)) == ["too_soon_after_dose"]


LICENCE_CASES = [
    ((), False),
    ((LicenceFact("CO", DAY, DAY),), True),  # first and last valid day
    ((LicenceFact("CO", LONG_AGO, YESTERDAY),), False),
    ((LicenceFact("CO", TOMORROW, FAR_OFF),), False),
    ((LicenceFact("UT", LONG_AGO, FAR_OFF),), False),  # another state
    ((LicenceFact("CO", LONG_AGO, YESTERDAY), LicenceFact("CO", DAY, FAR_OFF)), True),  # renewed
    ((LicenceFact("CO", LONG_AGO, YESTERDAY), LicenceFact("UT", DAY, FAR_OFF)), False),
]


@pytest.mark.parametrize(("licences", "is_licensed"), LICENCE_CASES)
@pytest.mark.parametrize("who", ["therapist", "prescriber"])
def test_licences(who: str, licences: tuple[LicenceFact, ...], is_licensed: bool) -> None:
    expected = [] if is_licensed else [f"{who}_not_licensed"]
    assert codes(**{who: ClinicianFact(licences)}) == expected


def test_a_clinician_who_is_not_named_is_not_judged() -> None:
    assert codes(therapist=None, prescriber=None) == []


def test_a_missing_licence_names_the_state_and_the_day() -> None:
    assert texts(client_state="NM") == [
        "The therapist is not licensed in NM on 2026-03-10.",
        "The prescriber is not licensed in NM on 2026-03-10.",
    ]


@pytest.mark.parametrize(
    ("enrollments", "expected"),
    [
        ((), ["rems_not_enrolled"]),
        ((EnrollmentFact(DAY),), []),  # enrolled the same day, before the dose
        ((EnrollmentFact(TOMORROW),), ["rems_not_enrolled"]),
        ((EnrollmentFact(LONG_AGO, ended_on=TOMORROW),), []),  # the last day that counts
        ((EnrollmentFact(LONG_AGO, ended_on=DAY),), ["rems_not_enrolled"]),
        ((EnrollmentFact(LONG_AGO, ended_on=YESTERDAY), EnrollmentFact(DAY)), []),  # enrolled again
    ],
)
def test_rems_enrollment(enrollments: tuple[EnrollmentFact, ...], expected: list[str]) -> None:
    assert codes(needs_rems_enrollment=True, enrollments=enrollments) == expected
    assert codes(needs_rems_enrollment=False, enrollments=enrollments) == []


def test_every_reason_is_given_at_once_and_reads_as_a_sentence() -> None:
    facts = replace(
        ALL_WELL,
        plan_status="closed",
        therapist=ClinicianFact(()),
        prescriber=ClinicianFact(()),
        booked_route="iv",
        protocol_is_approved=False,
        needs_rems_enrollment=True,
        has_psychiatrist=False,
        signatures=(),
        clearances=(),
        prescriptions=(),
        other_doses=(dose_on(YESTERDAY, booking_id=5, done=True), dose_on(TOMORROW, booking_id=6)),
    )
    blockers = dosing_blockers(facts, at=AT, day=DAY)
    assert [blocker.code for blocker in blockers] == [
        "protocol_not_approved",
        "route_mismatch",
        "plan_not_active",
        "consent_missing",
        "clearance_missing",
        "prescription_missing",
        "too_soon_after_dose",
        "too_close_to_next_dose",
        "therapist_not_licensed",
        "prescriber_not_licensed",
        "rems_not_enrolled",
        "prescriber_not_on_site",
    ]
    assert all("%" not in blocker.text() and blocker.text().endswith(".") for blocker in blockers)


@pytest.mark.parametrize(
    ("plan_status", "licences", "expected"),
    [
        ("active", LICENSED.licences, []),
        (None, LICENSED.licences, []),  # a first consult comes before any plan
        ("closed", LICENSED.licences, ["plan_not_active"]),
        ("active", (), ["therapist_not_licensed"]),
        ("draft", (), ["plan_not_active", "therapist_not_licensed"]),
    ],
)
def test_a_session_without_a_dose_needs_a_plan_in_force_and_a_licence(
    plan_status: str | None, licences: tuple[LicenceFact, ...], expected: list[str]
) -> None:
    facts = SessionFacts(
        plan_status=plan_status, client_state="CO", therapist=ClinicianFact(licences), prescriber=None
    )
    assert [blocker.code for blocker in session_blockers(facts, day=DAY)] == expected
