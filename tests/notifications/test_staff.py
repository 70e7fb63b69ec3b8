"""What staff are told of, once each, in a mail without a name."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from notifications import staff, switches
from notifications.models import Reminder, StaffKind, StaffNotice, StaffRule
from practice import present
from practice.models import Licence, User
from scheduling import booking
from tests.cast import NOW, Clinic, at
from tests.faults.stage import DAY, HOUR, MINUTE, Stage, clock_at, smtp, stage, twilio
from treatment_plans.models import Clearance, Prescription, RemsForm

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
MORNING = at("2026-11-24 07:30")


@pytest.fixture(autouse=True)
def _licences_last(clinic: Clinic) -> None:
    """Only what a test says expires."""
    assert clinic.kim
    assert clinic.ada
    assert clinic.nia
    for person in (clinic.ana, clinic.ben, clinic.ito):
        Licence.objects.filter(clinician=person).update(valid_through_on=date(2030, 1, 1))


def told() -> list[tuple[str, str]]:
    rows = StaffNotice.objects.select_related("user").order_by("pk")
    return sorted((row.kind, row.user.name) for row in rows)


@pytest.mark.parametrize(("days", "is_told"), [(-1, False), (0, True), (14, True), (15, False)])
def test_a_prescription_is_told_to_its_prescriber(clinic: Clinic, days: int, is_told: bool) -> None:
    client = clinic.ready_client()
    Prescription.objects.filter(client=client).update(valid_through_on=TODAY + timedelta(days=days))
    staff.raise_notices(now=NOW)
    assert told() == ([("prescription_expiring", clinic.ito.user.name)] if is_told else [])  # type: ignore[union-attr]


def test_each_kind_goes_to_whom_it_concerns(clinic: Clinic) -> None:
    client = clinic.ready_client()
    soon = TODAY + timedelta(days=5)
    Clearance.objects.filter(client=client).update(valid_through_on=soon)
    client.consents.update(valid_through_on=soon)
    assert clinic.ana.user
    assert clinic.ito.user
    Licence.objects.filter(clinician=clinic.ana).update(valid_through_on=soon)
    staff.raise_notices(now=NOW)
    kinds = {kind: {name for of, name in told() if of == kind} for kind, _name in told()}
    assert kinds == {
        "clearance_expiring": {clinic.ito.user.name},
        "consent_expiring": {clinic.kim.name},
        "licence_expiring": {clinic.ana.user.name, clinic.ada.name},
    }


@pytest.mark.parametrize(("days", "is_told"), [(0, True), (3, True), (4, False)])
def test_a_form_that_is_due_is_told_to_the_prescriber_and_the_nurses(
    clinic: Clinic, days: int, is_told: bool
) -> None:
    client, due_on = clinic.ready_client(), TODAY + timedelta(days=days)
    request = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    booked = booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    record = clinic.discharged(booked, dosed_at=NOW, left_at=NOW)
    form = RemsForm.objects.create(record=record, treated_on=due_on - timedelta(days=7), due_on=due_on)
    assert clinic.nia
    staff.raise_notices(now=NOW)
    whoever = [clinic.ito.user.name, clinic.nia.name]  # type: ignore[union-attr]
    assert told() == ([("rems_form_due", name) for name in whoever] if is_told else [])
    RemsForm.objects.filter(pk=form.pk).update(
        submitted_at=NOW, submitted_by=clinic.nia, confirmation_number="C-1"
    )
    StaffNotice.objects.all().delete()
    staff.raise_notices(now=NOW)
    assert told() == []


def test_what_was_renewed_is_no_matter(clinic: Clinic) -> None:
    client = clinic.ready_client()
    Prescription.objects.filter(client=client).update(valid_through_on=TODAY + timedelta(days=3))
    clinic.prescribe(client)
    staff.raise_notices(now=NOW)
    assert told() == []


def test_everybody_hears_once_in_the_morning_and_reads_no_name(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    Clearance.objects.filter(client=client).update(valid_through_on=TODAY + timedelta(days=5))
    for moment in (NOW, NOW + HOUR, NOW + 2 * DAY):
        staff.raise_notices(now=moment)
    assert StaffNotice.objects.count() == 1

    def tell(moment: Any) -> int:
        with clock_at(moment):
            return staff.tell(clock=present.now)

    assert tell(MORNING - MINUTE) == 0
    assert tell(MORNING) == 1
    assert tell(MORNING + DAY) == 0
    (mail,) = stage.mails
    assert "clearance expires: 1 (2026-11-28)" in mail
    for word in ("Maya", "Rivera", "ketamine"):
        assert word not in mail


def test_a_mail_that_could_not_be_sent_is_tried_again(stage: Stage, settings: Any) -> None:
    client = stage.clinic.ready_client()
    Clearance.objects.filter(client=client).update(valid_through_on=TODAY + timedelta(days=5))
    staff.raise_notices(now=NOW)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    with clock_at(MORNING):
        assert staff.tell(clock=present.now) == 0
    settings.EMAIL_PORT = port
    for moment, expected in ((MORNING + MINUTE, 0), (MORNING + 15 * MINUTE, 1)):
        with clock_at(moment):
            assert staff.tell(clock=present.now) == expected
    assert StaffNotice.objects.get().attempt_count == 2


def test_nothing_is_mailed_while_mail_is_switched_off(stage: Stage) -> None:
    client = stage.clinic.ready_client()
    Clearance.objects.filter(client=client).update(valid_through_on=TODAY + timedelta(days=5))
    staff.raise_notices(now=NOW)
    switches.turn("channel", "email", off=True, reason="x", actor=stage.clinic.kim, now=NOW)
    with clock_at(MORNING):
        assert staff.tell(clock=present.now) == 0
    assert StaffNotice.objects.get().attempt_count == 0


def test_that_sending_has_stopped_is_told_at_once(stage: Stage) -> None:
    switches.stop_after_restore(now=NOW)
    staff.raise_notices(now=NOW)
    assert told() == [("sending_stopped", stage.clinic.ada.name), ("sending_stopped", stage.clinic.kim.name)]
    with clock_at(NOW):
        assert staff.tell(clock=present.now) == 2


def test_failed_messages_are_one_line_a_day(stage: Stage) -> None:
    stage.book()
    Reminder.objects.filter(kind="booked").update(state="skipped", skip_reason="wording")
    staff.raise_notices(now=NOW)
    assert told() == []
    Reminder.objects.filter(kind="morning_of").update(state="dead", due_at=NOW)
    for moment in (NOW, NOW + HOUR):
        staff.raise_notices(now=moment)
    assert told() == [("failed_messages", stage.clinic.ada.name), ("failed_messages", stage.clinic.kim.name)]
    staff.raise_notices(now=NOW + DAY)
    assert len(told()) == 4


def test_a_practice_writes_its_own_rules(clinic: Clinic) -> None:
    assert len(staff.add_missing()) == len(StaffKind.values)
    assert staff.add_missing() == []
    client = clinic.ready_client()
    Clearance.objects.filter(client=client).update(valid_through_on=TODAY + timedelta(days=20))
    staff.raise_notices(now=NOW)
    assert told() == []
    StaffRule.objects.filter(kind="clearance_expiring").update(days_before=30, roles=["nurse"])
    staff.raise_notices(now=NOW)
    assert {name for _kind, name in told()} == {clinic.nia.name, clinic.ito.user.name}  # type: ignore[union-attr]
    StaffRule.objects.update(is_active=False)
    User.objects.filter(pk=clinic.nia.pk).update(is_active=False)
    StaffNotice.objects.all().delete()
    staff.raise_notices(now=NOW)
    assert told() == []
