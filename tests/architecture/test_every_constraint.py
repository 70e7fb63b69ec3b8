"""Each constraint is violated on purpose, past our code. One without a line here fails the last test."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from notifications import rule_book
from notifications.models import (
    ClientLink,
    ClientNote,
    DeskTask,
    InboundMessage,
    Message,
    MessageTemplate,
    PageMessage,
    ProviderEvent,
    Reminder,
    ReminderRule,
    SendingPolicy,
    SessionAlarm,
    StaffNotice,
    Switch,
    UnreachableAddress,
)
from practice.models import (
    CareTeamMember,
    ChannelConsent,
    Clinician,
    Closure,
    Consent,
    ConsentDocument,
    ContactPoint,
    ExtraHours,
    Holiday,
    IdempotencyKey,
    Licence,
    PublicHoliday,
    Room,
    TimeOff,
    User,
    WorkingHours,
)
from scheduling import booking
from scheduling.groups import Wanted, open_session
from scheduling.models import (
    AppointmentType,
    Booking,
    BusyCalendar,
    BusyTime,
    Feed,
    FreedTime,
    GroupSession,
    NoteAddendum,
    Occupancy,
    Phase,
    SessionNote,
    WaitlistEntry,
    WaitlistOffer,
)
from tests.architecture.test_constraints import NAMED
from tests.cast import NOW, Clinic, at
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.measuring import measures
from treatment_plans.models import (
    AdverseEvent,
    AnswerSheet,
    CheckIn,
    Clearance,
    ClinicalResult,
    CourseHold,
    CurrentMedication,
    Delegate,
    DischargeCheck,
    Dose,
    DoseSignature,
    DosingRecord,
    Evaluation,
    FlagDisposition,
    FollowUp,
    HoldInstruction,
    InPersonEvaluation,
    InteractionRule,
    Mark,
    Measure,
    PdmpCheck,
    PlannedSession,
    PlanReview,
    Prescription,
    Protocol,
    PsychotherapyNote,
    RemsEnrollment,
    RemsForm,
    SafetyAlert,
    Screening,
    ScreeningFlag,
    ScreeningForm,
    ScreeningRule,
    ScreeningSheet,
    StockEvent,
    StockLot,
    StockTask,
    SupplyEvent,
    SupplyTask,
    TreatmentPlan,
    Vitals,
)
from treatment_plans.screening import clinical_results, screenings
from treatment_plans.supply import accounts, stock
from treatment_plans.supply import ledger as supply_ledger

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")
DAY = date(2026, 12, 1)
HOUR = timedelta(hours=1)
CORRECTABLE = {"vitals": Vitals, "dose": Dose, "mark": Mark, "event": AdverseEvent}
ENTRIES = {**CORRECTABLE, "check_in": CheckIn, "signature": DoseSignature, "discharge": DischargeCheck}


def a_review(clinic: Clinic, **changes: Any) -> PlanReview:
    session = clinic.dose(clinic.maya)
    values = {"plan": session.plan, "planned_session": session, "decision": "continue"}
    return PlanReview.objects.create(
        **{**values, "decided_by": clinic.ito, "decided_at": NOW, **changes},
    )


def a_note(clinic: Clinic, **changes: Any) -> SessionNote:
    values = {"client": clinic.maya, "kind": "session", "booking": Booking.objects.first(), "text": "x"}
    times = {"begun_at": NOW, "saved_at": NOW}
    return SessionNote.objects.create(**{**values, "author": clinic.ana, **times, **changes})


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """One of everything: a booked dosing session with its plan, people, reminders and absences."""
    client = clinic.ready_client()
    booking.book(
        booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client)),
        START,
        actor=clinic.kim,
        now=NOW,
    )
    TimeOff.objects.create(clinician=clinic.ben, starts_at=START, ends_at=START + HOUR)
    Closure.objects.create(location=clinic.location, starts_at=START - 99 * HOUR, ends_at=START - 98 * HOUR)
    Holiday.objects.create(location=clinic.location, on=date(2026, 12, 25), name="Christmas")
    circle = Wanted(clinic.circle, clinic.location)
    open_session(circle, at("2026-12-14 10:00"), actor=clinic.kim, now=NOW)
    PublicHoliday.objects.create(
        location=clinic.location, on=date(2026, 12, 25), name="Christmas", loaded_at=NOW
    )
    ExtraHours.objects.create(
        clinician=clinic.ana,
        location=clinic.location,
        on=date(2026, 12, 5),
        starts_local=time(9),
        ends_local=time(12),
    )
    FollowUp.objects.create(
        client=client,
        source_session=clinic.dose(client),
        kind="check_in",
        position=1,
        due_from_at=START,
        due_until_at=START + HOUR,
    )
    answers = dict.fromkeys("123456789", 1)
    measures.record(client, measures.Answered("phq9", answers, "with_staff"), actor=clinic.kim, now=NOW)
    booked = Booking.objects.get(client=client)
    record = clinic.discharged(booked, dosed_at=START, left_at=START + HOUR)
    clinic.one_of_each_entry(record, START)
    of_client: dict[str, Any] = {"client": client, "recorded_by": clinic.kim, "recorded_at": NOW}
    PdmpCheck.objects.create(
        prescriber=clinic.ito, state="CA", checked_at=NOW, result="nothing", key=uuid.uuid4(), **of_client
    )
    InPersonEvaluation.objects.create(clinician=clinic.ito, evaluated_on=DAY, **of_client)
    rx, told = Prescription.objects.get(), {"actor": clinic.kim, "now": NOW}
    looked = {"kind": "counted", "amount": Decimal(1)}  # of nothing, so that there is something to settle
    seen = supply_ledger.NewEvent(prescription_id=rx.pk, unit="dose", key=uuid.uuid4(), **looked)  # type: ignore[arg-type]
    supply_ledger.record(client.pk, seen, **told)
    lot = StockLot.objects.create(
        location=clinic.location,
        drug="ketamine",
        strength_amount=50,
        strength_unit="mg_per_ml",
        form="solution",
        route="im",
        lot="A1",
        unit="ml",
        expires_on=DAY,
        received_on=DAY,
    )
    stock.record(lot.pk, accounts.NewEvent(unit="ml", key=uuid.uuid4(), **looked), **told)  # type: ignore[arg-type]
    first_screening_form.add_missing()
    form = ScreeningForm.objects.get()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    form.refresh_from_db()
    filled = screenings.Filled(form, WELL | {"sleep_apnoea": "yes"}, "with_staff")
    screenings.record(client, filled, actor=clinic.kim, now=NOW)
    ScreeningSheet.objects.create(
        client=client, form=form, asked_by=clinic.kim, asked_at=NOW, expires_at=NOW + HOUR
    )
    clinical_results.record(
        client, "ecg", {"finding": "normal"}, taken_on=date(2026, 11, 20), actor=clinic.kim, now=NOW
    )
    Feed.objects.create(clinician=clinic.ana, digest="0" * 64, created_by=clinic.kim, created_at=NOW)
    calendar = BusyCalendar.objects.create(
        clinician=clinic.ana,
        url="https://calendar.example/ana.ics",
        created_by=clinic.kim,
        created_at=NOW,
        due_at=NOW,
    )
    BusyTime.objects.create(calendar=calendar, span=(START, START + HOUR))
    entry = WaitlistEntry.objects.create(
        client=client,
        appointment_type=clinic.appointment_type(),
        planned_session=clinic.dose(client, 2),
        earliest_on=DAY,
        latest_on=DAY,
        since_at=NOW,
        added_by=clinic.kim,
    )
    freed = FreedTime.objects.create(
        location=clinic.location,
        starts_at=START,
        ends_at=START + HOUR,
        because="cancelled",
        freed_at=NOW,
        look_at=NOW,
    )
    WaitlistOffer.objects.create(
        entry=entry,
        client=client,
        freed_time=freed,
        location=clinic.location,
        starts_at=START,
        ends_at=START + HOUR,
        sent_at=NOW,
        expires_at=NOW + HOUR,
    )
    PageMessage.objects.create(
        offer=WaitlistOffer.objects.get(),
        client=client,
        channel="sms",
        due_at=NOW,
        expires_at=NOW + HOUR,
    )
    PageMessage.objects.create(
        sheet=ScreeningSheet.objects.get(),
        client=client,
        channel="sms",
        due_at=NOW,
        expires_at=NOW + HOUR,
    )
    booked = Booking.objects.get()
    ClientLink.objects.create(
        purpose="visit",
        digest="0" * 64,
        client=client,
        booking=booked,
        booking_version=1,
        issued_at=NOW,
        expires_at=START,
    )
    ProviderEvent.objects.create(provider="twilio", event_key="1", status="delivered", received_at=NOW)
    UnreachableAddress.objects.create(
        client=client, channel="sms", value="+12025550100", reason="landline", since_at=NOW
    )
    ClientNote.objects.create(client=client, booking=booked, about="intention", text="x", written_at=NOW)
    InboundMessage.objects.create(
        provider="twilio", provider_ref="SM1", sender="+1", body="x", received_at=NOW, meaning="unclear"
    )
    DeskTask.objects.create(kind="call", client=client, created_at=NOW)
    rule_book.add_missing()
    Switch.objects.create(scope="kind", value="booked", reason="x", changed_at=NOW)
    MessageTemplate.objects.create(
        kind="booked",
        language="en",
        channel="sms",
        detail="plain",
        version=1,
        body="x",
        written_by=clinic.kim,
        written_at=NOW,
    )
    SessionAlarm.objects.create(record=record, due_at=NOW, raised_at=NOW, tell_at=NOW)
    StaffNotice.objects.create(
        user=clinic.kim,
        kind="failed_messages",
        subject_type="notifications.reminder",
        subject_id=0,
        on=DAY,
        due_at=NOW,
        raised_at=NOW,
    )
    return clinic


def a_copy_of(model: Any, **changes: Any) -> None:
    """The same row once more, under a new key."""
    row = model.objects.order_by("pk").first()
    row.pk = None
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)


def a_copy_with(model: Any, *clinic: Clinic, **changes: Any) -> None:
    """A copy of a ledger's row with a key of its own, unless told otherwise."""
    row = model.objects.order_by("pk").first()
    values = {"key": uuid.uuid4(), **changes}
    if values["key"] is None:
        values["key"] = row.key
    if "witness" in values:
        values["witness"] = row.recorded_by
    a_copy_of(model, **values)


def corrected_twice(model: Any) -> None:
    first = model.objects.order_by("pk").first()
    for _each in range(2):
        a_copy_of(model, key=uuid.uuid4(), corrects=first, correction_reason="typo")


def messages(**values: Any) -> None:
    reminder = Reminder.objects.first()
    for _each in range(2):
        Message.objects.create(
            reminder=reminder, token=uuid.uuid4(), recipient="+1", body="x", started_at=NOW, **values
        )


def freed_again() -> FreedTime:
    freed = FreedTime.objects.get()
    freed.pk = None
    freed.save(force_insert=True)
    return freed


def another_entry() -> WaitlistEntry:
    entry = WaitlistEntry.objects.get()
    entry.pk, entry.status, entry.closed_at = None, "ended", NOW
    entry.save(force_insert=True)
    return entry


def keys(clinic: Clinic) -> None:
    for _each in range(2):
        IdempotencyKey.objects.create(
            user=clinic.kim, key="k", request_hash="h", status=200, response={}, created_at=NOW
        )


VIOLATIONS: dict[str, Callable[[Clinic], Any]] = {
    # practice
    "practice_user_email_lower_case": lambda c: User.objects.filter(pk=c.kim.pk).update(email="Kim@x.org"),
    "practice_clinician_kind_known": lambda c: Clinician.objects.update(kind="shaman"),
    "practice_clinician_npi_unique": lambda c: Clinician.objects.update(npi="1234567893"),
    "practice_licence_unique": lambda c: a_copy_of(Licence),
    "practice_licence_dates": lambda c: Licence.objects.update(valid_through_on=date(2019, 12, 31)),
    "practice_contact_unique": lambda c: a_copy_of(ContactPoint, is_primary=False),
    "practice_contact_one_primary": lambda c: a_copy_of(ContactPoint, value="+15555550777"),
    "practice_channel_consent_unique": lambda c: a_copy_of(ChannelConsent),
    "practice_care_team_unique": lambda c: a_copy_of(CareTeamMember),
    "practice_consent_document_unique": lambda c: a_copy_of(ConsentDocument, is_current=False),
    "practice_consent_document_one_current": lambda c: a_copy_of(ConsentDocument, version=2),
    "practice_consent_withdrawn_after_signed": lambda c: Consent.objects.update(
        withdrawn_at=NOW - timedelta(seconds=1)
    ),
    "practice_room_name_unique": lambda c: a_copy_of(Room),
    "practice_room_capacity": lambda c: Room.objects.update(capacity=0),
    "practice_hours_order": lambda c: WorkingHours.objects.update(ends_local=time(7, 59)),
    "practice_hours_weekday": lambda c: WorkingHours.objects.update(weekday=7),
    "practice_hours_effective": lambda c: WorkingHours.objects.update(effective_until_on=date(2020, 1, 1)),
    "practice_extra_hours_order": lambda c: ExtraHours.objects.update(ends_local=time(8, 59)),
    "practice_holiday_unique": lambda c: a_copy_of(Holiday),
    "practice_public_holiday_unique": lambda c: a_copy_of(PublicHoliday),
    "practice_time_off_order": lambda c: TimeOff.objects.update(ends_at=START),
    "practice_closure_order": lambda c: Closure.objects.update(ends_at=START - 99 * HOUR),
    "practice_idempotency_key_unique": keys,
    # treatment_plans
    "treatment_plans_one_current_clearance": lambda c: a_copy_of(Clearance),
    "treatment_plans_clearance_dates": lambda c: Clearance.objects.update(
        valid_through_on=date(2026, 10, 31)
    ),
    "treatment_plans_clearance_ends": lambda c: Clearance.objects.update(valid_through_on=None),
    "treatment_plans_prescription_five_refills": lambda c: Prescription.objects.update(refills=6),
    "treatment_plans_prescription_doses": lambda c: Prescription.objects.update(dose_amount=0),
    "treatment_plans_prescription_dates": lambda c: Prescription.objects.update(
        valid_through_on=date(2026, 11, 19)
    ),
    "treatment_plans_prescription_revoked_at": lambda c: Prescription.objects.update(status="revoked"),
    "treatment_plans_prescription_dated": lambda c: Prescription.objects.update(valid_through_on=None),
    "treatment_plans_prescription_signed_at": lambda c: Prescription.objects.update(signed_at=None),
    "treatment_plans_prescription_sent_at": lambda c: Prescription.objects.update(status="sent"),
    "treatment_plans_prescription_dispensed_at": lambda c: Prescription.objects.update(status="dispensed"),
    "treatment_plans_prescription_lost_at": lambda c: Prescription.objects.update(status="lost"),
    "treatment_plans_prescription_one_before": lambda c: Prescription.objects.update(
        renews=F("pk"), replaces=F("pk")
    ),
    "treatment_plans_prescription_amounts": lambda c: Prescription.objects.update(quantity=0),
    "treatment_plans_prescription_quantity": lambda c: Prescription.objects.update(quantity_unit="ml"),
    **{
        f"treatment_plans_{name}_{rule}": partial(a_copy_with, model, **changes)
        for model, name in ((SupplyEvent, "supply_event"), (StockEvent, "stock_event"))
        for rule, changes in {
            "key": {"key": None},
            "amount": {"amount": -1},
            "witnessed": {"kind": "wasted"},
            "other_witness": {"witness": "the recorder"},
            "not_ahead": {"occurred_at": NOW + HOUR},
            "correction_reason": {"correction_reason": "typo"},
            "used_in": {"kind": "used"},
        }.items()
    },
    "treatment_plans_supply_event_corrected_once": lambda c: corrected_twice(SupplyEvent),
    "treatment_plans_stock_event_corrected_once": lambda c: corrected_twice(StockEvent),
    "treatment_plans_stock_event_disposal": lambda c: a_copy_with(StockEvent, kind="disposed"),
    "treatment_plans_stock_event_moved": lambda c: a_copy_with(StockEvent, kind="moved_out"),
    "treatment_plans_stock_lot_once": lambda c: a_copy_of(StockLot),
    "treatment_plans_stock_lot_strength": lambda c: StockLot.objects.update(strength_amount=0),
    "treatment_plans_one_supply_task_per_count": lambda c: a_copy_of(SupplyTask),
    "treatment_plans_supply_task_settled": lambda c: SupplyTask.objects.update(outcome="adjusted"),
    "treatment_plans_one_stock_task_per_count": lambda c: a_copy_of(StockTask),
    "treatment_plans_stock_task_settled": lambda c: StockTask.objects.update(outcome="adjusted"),
    **{
        f"treatment_plans_{name}_key_once": partial(a_copy_with, model, key=None)
        for name, model in ENTRIES.items()
    },
    **{
        f"treatment_plans_{name}_correction_reason": partial(a_copy_with, model, correction_reason="typo")
        for name, model in CORRECTABLE.items()
    },
    **{
        f"treatment_plans_{name}_corrected_once": partial(lambda model, c: corrected_twice(model), model)
        for name, model in CORRECTABLE.items()
    },
    "treatment_plans_one_dosing_record": lambda c: a_copy_of(DosingRecord),
    "treatment_plans_dosing_record_end": lambda c: DosingRecord.objects.update(end_reason="ill"),
    "treatment_plans_check_in_two_identifiers": lambda c: a_copy_with(CheckIn, identified_by=["name"]),
    "treatment_plans_vitals_not_ahead": lambda c: a_copy_with(Vitals, taken_at=START + HOUR),
    "treatment_plans_vitals_pressure": lambda c: a_copy_with(Vitals, diastolic=120),
    "treatment_plans_vitals_scales": lambda c: a_copy_with(Vitals, spo2=101),
    "treatment_plans_signature_accepts": lambda c: a_copy_with(DoseSignature, accepts=Vitals.objects.first()),
    "treatment_plans_signature_no_says_why": lambda c: a_copy_with(DoseSignature, is_yes=False),
    "treatment_plans_signature_signer": lambda c: a_copy_with(DoseSignature, signed_by=None),
    "treatment_plans_dose_once": lambda c: a_copy_with(Dose),
    "treatment_plans_dose_amount": lambda c: a_copy_with(Dose, number=3),
    "treatment_plans_dose_witness": lambda c: a_copy_with(Dose, number=2, is_self_administered=True),
    "treatment_plans_mark_phase": lambda c: a_copy_with(Mark, phase="music"),
    "treatment_plans_mark_not_ahead": lambda c: a_copy_with(Mark, seen_at=START + HOUR),
    "treatment_plans_event_not_ahead": lambda c: a_copy_with(AdverseEvent, began_at=START + HOUR),
    "treatment_plans_event_order": lambda c: a_copy_with(AdverseEvent, ended_at=START - HOUR),
    "treatment_plans_one_discharge": lambda c: a_copy_with(DischargeCheck),
    "treatment_plans_discharge_override": lambda c: a_copy_with(DischargeCheck, override_reason="x"),
    "treatment_plans_one_hold_per_event": lambda c: a_copy_of(CourseHold),
    "treatment_plans_hold_release": lambda c: CourseHold.objects.update(note=""),
    "treatment_plans_one_delegation": lambda c: a_copy_of(Delegate),
    "treatment_plans_rems_form_seven_days": lambda c: RemsForm.objects.update(due_on=DAY + timedelta(days=8)),
    "treatment_plans_rems_form_submitted": lambda c: RemsForm.objects.update(submitted_at=NOW),
    "treatment_plans_pdmp_check_key": lambda c: a_copy_of(PdmpCheck),
    "treatment_plans_pdmp_check_not_ahead": lambda c: PdmpCheck.objects.update(checked_at=NOW + HOUR),
    "treatment_plans_pdmp_check_concern": lambda c: PdmpCheck.objects.update(result="concern"),
    "treatment_plans_in_person_once": lambda c: a_copy_of(InPersonEvaluation),
    "treatment_plans_one_rems_enrollment": lambda c: [
        RemsEnrollment.objects.create(client=c.maya, enrolled_on=DAY) for _each in range(2)
    ],
    "treatment_plans_protocol_version_unique": lambda c: a_copy_of(Protocol, retired_at=NOW),
    "treatment_plans_one_protocol_in_use": lambda c: a_copy_of(
        Protocol, route="im", version=2, approved_by=c.ito, approved_at=NOW
    ),
    "treatment_plans_protocol_approver": lambda c: Protocol.objects.update(approved_at=NOW, approved_by=None),
    "treatment_plans_protocol_spravato_locked": lambda c: Protocol.objects.filter(route="spravato").update(
        rems_form_due_days=None
    ),
    "treatment_plans_one_open_plan": lambda c: a_copy_of(TreatmentPlan),
    "treatment_plans_plan_closed_at": lambda c: TreatmentPlan.objects.update(status="closed"),
    "treatment_plans_plan_activated_at": lambda c: TreatmentPlan.objects.update(activated_at=None),
    "treatment_plans_session_position_unique": lambda c: a_copy_of(PlannedSession, dose_number=99),
    "treatment_plans_session_dose_unique": lambda c: a_copy_of(PlannedSession, position=99),
    "treatment_plans_session_dose_number": lambda c: PlannedSession.objects.update(dose_number=None),
    "treatment_plans_session_one_end": lambda c: PlannedSession.objects.update(
        completed_at=NOW, withdrawn_at=NOW
    ),
    "treatment_plans_session_due_order": lambda c: PlannedSession.objects.update(
        due_from_at=NOW, due_until_at=NOW
    ),
    "treatment_plans_follow_up_once": lambda c: a_copy_of(FollowUp),
    "treatment_plans_follow_up_due_order": lambda c: FollowUp.objects.update(due_until_at=START),
    "treatment_plans_follow_up_source": lambda c: FollowUp.objects.update(
        kind="integration", source_session=None
    ),
    "treatment_plans_follow_up_practice": lambda c: FollowUp.objects.update(agreed="ten minutes a day"),
    "treatment_plans_follow_up_outcome": lambda c: FollowUp.objects.update(done_at=NOW, result="done"),
    "treatment_plans_plan_paused": lambda c: TreatmentPlan.objects.update(
        status="closed", closed_at=NOW, paused_at=NOW
    ),
    "treatment_plans_plan_maintenance": lambda c: TreatmentPlan.objects.update(
        status="draft", activated_at=None, maintenance_at=NOW
    ),
    "treatment_plans_one_review_per_session": lambda c: [a_review(c) for _each in range(2)],
    "treatment_plans_review_note": lambda c: a_review(c, decision="pause"),
    "treatment_plans_psychotherapy_note_sealed": lambda c: PsychotherapyNote.objects.create(
        client=c.maya, author=c.ana, sealed="He said", written_at=NOW, changed_at=NOW
    ),
    "scheduling_one_note_per_author": lambda c: [a_note(c) for _each in range(2)],
    "scheduling_one_closing_note": lambda c: [
        a_note(c, kind="relapse_plan", booking=None, plan=c.dose(c.maya).plan, author=author)
        for author in (c.ana, c.ito)
    ],
    "scheduling_note_about": lambda c: a_note(c, booking=None),
    "scheduling_note_signed_text": lambda c: a_note(c, text="", signed_at=NOW),
    "scheduling_addendum_text": lambda c: NoteAddendum.objects.create(
        note=a_note(c), author=c.ana, text="", signed_at=NOW, signed_by=c.kim
    ),
    "treatment_plans_measure_not_ahead": lambda c: a_copy_of(Measure, answered_at=NOW + HOUR),
    "treatment_plans_measure_correction_reason": lambda c: a_copy_of(Measure, correction_reason="typo"),
    "treatment_plans_measure_corrected_once": lambda c: [
        a_copy_of(Measure, corrects=Measure.objects.order_by("pk").first(), correction_reason="typo")
        for _each in range(2)
    ],
    "treatment_plans_alert_disposition": lambda c: SafetyAlert.objects.update(disposition="safety_plan"),
    "treatment_plans_alert_acknowledged": lambda c: SafetyAlert.objects.update(acknowledged_at=NOW),
    "treatment_plans_alert_acknowledged_first": lambda c: SafetyAlert.objects.update(
        disposed_at=NOW, disposed_by=c.kim, disposition="safety_plan", note="made"
    ),
    "treatment_plans_one_alert_per_measure": lambda c: a_copy_of(SafetyAlert),
    "treatment_plans_one_answer_sheet": lambda c: [
        AnswerSheet.objects.create(
            client=c.maya,
            planned_session=PlannedSession.objects.order_by("pk").first(),
            occasion="before",
            instrument="phq9",
            started_at=NOW,
        )
        for _each in range(2)
    ],
    "treatment_plans_form_version_unique": lambda c: ScreeningForm.objects.create(
        code="intake", version=1, name="x", questions=[]
    ),
    "treatment_plans_one_form_in_use": lambda c: ScreeningForm.objects.create(
        code="intake", version=2, name="x", questions=[], approved_by=c.ito, approved_at=NOW
    ),
    "treatment_plans_form_approver": lambda c: ScreeningForm.objects.update(approved_by=None),
    "treatment_plans_screening_rule_unique": lambda c: [
        ScreeningRule.objects.create(
            form=draft_form(), code="x", question="age", condition={}, effect="note"
        ),
        ScreeningRule.objects.create(
            form=ScreeningForm.objects.get(version=2),
            code="x",
            question="age",
            condition={},
            effect="note",
        ),
    ],
    "treatment_plans_screening_rule_cleared_by": lambda c: ScreeningRule.objects.create(
        form=draft_form(), code="x", question="age", condition={}, effect="needs_clearance"
    ),
    "treatment_plans_screening_not_ahead": lambda c: a_copy_of(Screening, filled_at=NOW + HOUR),
    "treatment_plans_screening_correction_reason": lambda c: a_copy_of(Screening, correction_reason="typo"),
    "treatment_plans_screening_corrected_once": lambda c: [
        a_copy_of(Screening, corrects=Screening.objects.order_by("pk").first(), correction_reason="typo")
        for _each in range(2)
    ],
    "treatment_plans_flag_once": lambda c: a_copy_of(ScreeningFlag),
    "treatment_plans_one_open_sheet": lambda c: a_copy_of(ScreeningSheet),
    "treatment_plans_sheet_filled_once": lambda c: [
        ScreeningSheet.objects.update(screening=Screening.objects.order_by("pk").first(), answered_at=NOW),
        a_copy_of(ScreeningSheet),
    ],
    "treatment_plans_sheet_filled": lambda c: ScreeningSheet.objects.update(
        screening=Screening.objects.order_by("pk").first(), answered_at=NOW, withdrawn_at=NOW
    ),
    "treatment_plans_sheet_expiry": lambda c: ScreeningSheet.objects.update(expires_at=NOW),
    "treatment_plans_disposition_ends": lambda c: disposed(c, decision="accepted", reason="x"),
    "treatment_plans_disposition_reason": lambda c: disposed(c, decision="mistake", reason=""),
    "treatment_plans_medication_dates": lambda c: CurrentMedication.objects.create(
        client=c.maya,
        name="x",
        source="client",
        since_on=DAY,
        stopped_on=date(2026, 11, 30),
        recorded_by=c.kim,
        recorded_at=NOW,
    ),
    "treatment_plans_interaction_one_hold": lambda c: InteractionRule.objects.create(
        medicine_class="maoi", hold_hours=1, hold_days=1
    ),
    "treatment_plans_hold_withdrawn": lambda c: HoldInstruction.objects.create(
        client=c.maya, text_en="x", text_es="x", approved_by=c.ito, approved_at=NOW, withdrawn_at=NOW
    ),
    "treatment_plans_hold_both_languages": lambda c: HoldInstruction.objects.create(
        client=c.maya, text_en="x", text_es="", approved_by=c.ito, approved_at=NOW
    ),
    "treatment_plans_one_open_evaluation": lambda c: [
        Evaluation.objects.create(client=c.maya, referred_by=c.kim, referred_at=NOW) for _each in range(2)
    ],
    "treatment_plans_evaluation_order": lambda c: Evaluation.objects.create(
        client=c.maya, referred_by=c.kim, referred_at=NOW, closed_at=NOW - HOUR
    ),
    "treatment_plans_result_dates": lambda c: a_copy_of(ClinicalResult, valid_through_on=date(2026, 1, 1)),
    "treatment_plans_result_correction_reason": lambda c: a_copy_of(ClinicalResult, correction_reason="typo"),
    "treatment_plans_result_corrected_once": lambda c: [
        a_copy_of(
            ClinicalResult,
            corrects=ClinicalResult.objects.order_by("pk").first(),
            correction_reason="typo",
        )
        for _each in range(2)
    ],
    # scheduling
    "scheduling_type_duration": lambda c: AppointmentType.objects.update(duration_minutes=4),
    "scheduling_type_members": lambda c: AppointmentType.objects.update(most_members=51),
    "scheduling_phase_people": lambda c: Phase.objects.filter(role="").update(people=2),
    "scheduling_occupancy_of_one_session": lambda c: Occupancy.objects.update(booking=None),
    "scheduling_group_order": lambda c: GroupSession.objects.update(ends_at=START),
    "scheduling_group_cancelled": lambda c: GroupSession.objects.update(cancelled_at=START),
    "scheduling_type_step": lambda c: AppointmentType.objects.update(start_step_minutes=0),
    "scheduling_type_route_for_dosing": lambda c: AppointmentType.objects.update(route="im"),
    "scheduling_phase_role_or_room": lambda c: Phase.objects.update(role="therapist", room_kind="dosing"),
    "scheduling_phase_order": lambda c: Phase.objects.update(from_minutes=10, until_minutes=10),
    "scheduling_booking_order": lambda c: Booking.objects.update(ends_at=START),
    "scheduling_booking_status_known": lambda c: Booking.objects.update(status="perhaps"),
    "scheduling_booking_held_until": lambda c: Booking.objects.update(status="held"),
    "scheduling_booking_completed_at": lambda c: Booking.objects.update(completed_at=NOW),
    "scheduling_booking_cancelled_at": lambda c: Booking.objects.update(status="cancelled"),
    "scheduling_booking_no_show_at": lambda c: Booking.objects.update(no_show_at=NOW),
    "scheduling_booking_expired_at": lambda c: Booking.objects.update(status="expired"),
    "scheduling_one_booking_per_planned_session": lambda c: a_copy_of(Booking, starts_at=NOW),
    "scheduling_clinician_no_overlap": lambda c: double("clinician"),
    "scheduling_room_no_overlap": lambda c: double("room"),
    "scheduling_client_no_overlap": lambda c: double("client"),
    "scheduling_occupancy_takes_one_thing": lambda c: Occupancy.objects.update(
        clinician=c.ben, room=None, room_place=None, client=c.maya
    ),
    "scheduling_occupancy_half_open": lambda c: Occupancy.objects.update(occupies="[2026-12-01,2026-12-01)"),
    "scheduling_feed_is_about_one": lambda c: Feed.objects.update(client=c.maya),
    "scheduling_busy_calendar_unique": lambda c: a_copy_of(BusyCalendar),
    "scheduling_busy_time_half_open": lambda c: BusyTime.objects.update(span="[2026-12-01,2026-12-02]"),
    # the waitlist
    "scheduling_waitlist_status": lambda c: WaitlistEntry.objects.update(status="taken"),
    "scheduling_waitlist_dates": lambda c: WaitlistEntry.objects.update(earliest_on=date(2026, 12, 2)),
    "scheduling_waitlist_weekdays": lambda c: WaitlistEntry.objects.update(weekdays=[7]),
    "scheduling_waitlist_notice": lambda c: WaitlistEntry.objects.update(notice_minutes=43201),
    "scheduling_waitlist_session_once": lambda c: a_copy_of(WaitlistEntry),
    "scheduling_waitlist_type_once": lambda c: [
        WaitlistEntry.objects.update(planned_session=None),
        a_copy_of(WaitlistEntry),
    ],
    "scheduling_freed_order": lambda c: FreedTime.objects.update(ends_at=START),
    "scheduling_freed_status": lambda c: FreedTime.objects.update(status="gone"),
    "scheduling_offer_order": lambda c: WaitlistOffer.objects.update(ends_at=START),
    "scheduling_offer_expiry": lambda c: WaitlistOffer.objects.update(expires_at=START),
    "scheduling_offer_status": lambda c: WaitlistOffer.objects.update(answered_at=NOW),
    "scheduling_offer_accepted_is_booked": lambda c: WaitlistOffer.objects.update(
        status="accepted", answered_at=NOW
    ),
    "scheduling_offer_once": lambda c: a_copy_of(WaitlistOffer, status="declined", answered_at=NOW),
    "scheduling_offer_one_question": lambda c: a_copy_of(
        WaitlistOffer, freed_time=freed_again(), starts_at=START - HOUR
    ),
    "scheduling_offer_once_per_time": lambda c: a_copy_of(
        WaitlistOffer, freed_time=freed_again(), entry=another_entry()
    ),
    "scheduling_offer_one_winner": lambda c: [
        WaitlistOffer.objects.update(status="accepted", answered_at=NOW, booking=Booking.objects.get()),
        a_copy_of(WaitlistOffer, entry=another_entry()),
    ],
    # notifications
    "notifications_link_is_about_one": lambda c: ClientLink.objects.update(support_person_id=1),
    "notifications_note_one_of_a_kind": lambda c: a_copy_of(ClientNote),
    "notifications_inbound_once": lambda c: a_copy_of(InboundMessage),
    "notifications_task_taken": lambda c: DeskTask.objects.update(taken_at=NOW),
    "notifications_task_done": lambda c: DeskTask.objects.update(done_at=NOW),
    "notifications_reminder_once": lambda c: a_copy_of(Reminder),
    "notifications_reminder_expiry": lambda c: Reminder.objects.update(expires_at=NOW),
    "notifications_reminder_lease": lambda c: Reminder.objects.update(state="sending"),
    "notifications_reminder_skip_reason": lambda c: Reminder.objects.update(state="skipped"),
    "notifications_reminder_settled": lambda c: Reminder.objects.update(settled_at=NOW),
    "notifications_offer_told_once": lambda c: a_copy_of(PageMessage),
    "notifications_page_is_one": lambda c: PageMessage.objects.filter(sheet=None).update(
        sheet=ScreeningSheet.objects.get(), state="refused"
    ),
    "notifications_sheet_one_waiting": lambda c: a_copy_of(
        PageMessage, offer=None, sheet=ScreeningSheet.objects.get()
    ),
    "notifications_page_expiry": lambda c: PageMessage.objects.update(state="waiting", expires_at=NOW - HOUR),
    "notifications_rule_ends": lambda c: ReminderRule.objects.update(
        lasts_minutes=None, last_call_minutes=None
    ),
    "notifications_one_policy": lambda c: SendingPolicy.objects.create(pk=2),
    "notifications_policy_day": lambda c: SendingPolicy.objects.create(pk=1, evening_local=time(21)),
    "notifications_switch_once": lambda c: a_copy_of(Switch),
    "notifications_switch_value": lambda c: Switch.objects.update(value=""),
    "notifications_template_version": lambda c: a_copy_of(MessageTemplate, is_in_use=False),
    "notifications_template_one_in_use": lambda c: a_copy_of(MessageTemplate, version=2),
    "notifications_template_subject": lambda c: MessageTemplate.objects.update(subject="x"),
    "notifications_session_alarm_once": lambda c: a_copy_of(SessionAlarm),
    "notifications_session_alarm_told": lambda c: SessionAlarm.objects.update(told_count=1),
    "notifications_notice_once": lambda c: a_copy_of(StaffNotice),
    "notifications_message_provider_ref": lambda c: messages(
        provider="twilio", provider_ref="SM1", outcome="accepted"
    ),
    "notifications_message_one_open": lambda c: messages(),
    "notifications_provider_event_once": lambda c: a_copy_of(ProviderEvent),
    "notifications_unreachable_once": lambda c: a_copy_of(UnreachableAddress),
}


def draft_form() -> ScreeningForm:
    return ScreeningForm.objects.create(code="intake", version=2, name="x", questions=[])


def disposed(clinic: Clinic, **values: Any) -> None:
    flag = ScreeningFlag.objects.get()
    FlagDisposition.objects.create(flag=flag, decided_by=clinic.ito, decided_at=NOW, **values)


def double(taken: str) -> None:
    """The same thing once more, for its last minute only."""
    row = Occupancy.objects.filter(**{f"{taken}__isnull": False}).order_by("pk").first()
    assert row is not None
    span = row.occupies
    Occupancy.objects.create(
        booking=row.booking,
        clinician=row.clinician,
        room=row.room,
        room_place=row.room_place,
        client=row.client,
        occupies=type(span)(span.upper - timedelta(minutes=1), span.upper + HOUR),
    )


def what_fires(name: str, clinic: Clinic) -> str | None:
    try:
        with transaction.atomic():
            VIOLATIONS[name](clinic)
            transaction.set_rollback(True)
    except IntegrityError as refused:
        fired: str = refused.__cause__.diag.constraint_name  # type: ignore[union-attr]
        return fired
    return None


def test_the_database_refuses_each_by_its_name(busy: Clinic) -> None:
    """One set-up for all: each violation is undone before the next."""
    fired = {name: what_fires(name, busy) for name in VIOLATIONS}
    assert {name: by for name, by in fired.items() if by != name} == {}


def test_none_is_forgotten() -> None:
    assert {constraint.name for _, constraint in NAMED} == set(VIOLATIONS)
