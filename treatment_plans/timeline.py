"""What of a course belongs on a client's timeline. Never a psychotherapy note."""

from __future__ import annotations

from django.utils.translation import gettext as _

from practice.timeline import Source, Words
from treatment_plans.models import (
    AdverseEvent,
    Clearance,
    DischargeCheck,
    Dose,
    DosingRecord,
    FollowUp,
    FollowUpAttempt,
    Measure,
    PlannedSession,
    PlanReview,
    Prescription,
    SafetyAlert,
    Screening,
    SupplyEvent,
    TreatmentPlan,
)
from treatment_plans.rules.balances import shown


def _session(row: PlannedSession) -> Words:
    return Words(str(row).capitalize())


def _measure(row: Measure) -> Words:
    total = "" if row.total is None else str(row.total)
    return Words(" ".join(filter(None, (str(row), total))), str(row.get_source_display()))


def _clearance(row: Clearance) -> Words:
    return Words(
        _("Clearance: %(decision)s") % {"decision": row.get_decision_display()},
        row.conditions,
        row.decided_by.name,
    )


def _prescription(row: Prescription) -> Words:
    return Words(_("Prescription: %(drug)s") % {"drug": row.drug}, by=row.prescriber.name)


def _revoked(row: Prescription) -> Words:
    return Words(_("Prescription revoked: %(drug)s") % {"drug": row.drug}, row.revoke_reason)


def _review(row: PlanReview) -> Words:
    return Words(
        _("Review: %(decision)s") % {"decision": row.get_decision_display()}, row.note, row.decided_by.name
    )


def _closed(row: TreatmentPlan) -> Words:
    return Words(_("Plan closed"), row.close_reason)


def _alert(row: SafetyAlert) -> Words:
    return Words(_("Safety alert: %(reason)s") % {"reason": row.get_reason_display()})


def _disposed(row: SafetyAlert) -> Words:
    by = row.disposed_by.name if row.disposed_by else ""
    said = {"disposition": row.get_disposition_display()}
    return Words(_("Safety alert closed: %(disposition)s") % said, row.note, by)


def _follow_up(row: FollowUp) -> Words:
    title = f"{row.get_kind_display()}: {row.get_result_display()}".capitalize()
    return Words(
        title, " · ".join(filter(None, (row.agreed, row.outcome))), row.done_by.name if row.done_by else ""
    )


def _attempt(row: FollowUpAttempt) -> Words:
    title = f"{row.get_how_display()}: {row.get_reached_display()}".capitalize()
    return Words(title, row.note, row.made_by.name)


def _dose(row: Dose) -> Words:
    said = {"dose": row, "route": row.get_route_display()}
    return Words(_("Dose given: %(dose)s, %(route)s") % said, by=row.recorded_by.name)


def _no_dose(row: DosingRecord) -> Words:
    return Words(_("Ended without a dose"), row.end_reason, row.ended_by.name if row.ended_by else "")


def _adverse_event(row: AdverseEvent) -> Words:
    said = {"kind": row.get_kind_display(), "severity": row.get_severity_display()}
    return Words(_("Adverse event: %(kind)s, %(severity)s") % said, by=row.recorded_by.name)


def _left(row: DischargeCheck) -> Words:
    return Words(_("Left the clinic after the dose"), by=row.recorded_by.name)


def _screening(row: Screening) -> Words:
    """That it was filled: what was answered stays in it."""
    by = row.recorded_by.name if row.recorded_by else ""
    return Words(_("Screening: %(form)s") % {"form": row.form}, str(row.get_source_display()), by)


def _supply(row: SupplyEvent) -> Words:
    said = {
        "event": str(row.get_kind_display()).capitalize(),
        "amount": shown(row.amount),
        "unit": row.get_unit_display(),
    }
    return Words(_("%(event)s: %(amount)s %(unit)s") % said, row.note, row.recorded_by.name)


SOURCES = (
    Source("session", lambda: PlannedSession.objects.all(), "completed_at", _session, "plan__client"),
    Source("measure", lambda: Measure.objects.filter(corrections=None), "answered_at", _measure),
    Source("clearance", lambda: Clearance.objects.select_related("decided_by"), "decided_at", _clearance),
    Source(
        "prescription", lambda: Prescription.objects.select_related("prescriber"), "signed_at", _prescription
    ),
    Source("prescription_revoked", lambda: Prescription.objects.all(), "revoked_at", _revoked),
    Source(
        "review",
        lambda: PlanReview.objects.select_related("decided_by"),
        "decided_at",
        _review,
        "plan__client",
    ),
    Source("plan_closed", lambda: TreatmentPlan.objects.all(), "closed_at", _closed),
    Source("alert", lambda: SafetyAlert.objects.all(), "raised_at", _alert),
    Source(
        "alert_disposed", lambda: SafetyAlert.objects.select_related("disposed_by"), "disposed_at", _disposed
    ),
    Source("follow_up", lambda: FollowUp.objects.select_related("done_by"), "done_at", _follow_up),
    Source(
        "attempt",
        lambda: FollowUpAttempt.objects.select_related("made_by"),
        "made_at",
        _attempt,
        "follow_up__client",
    ),
    Source(
        "dose",
        lambda: Dose.objects.filter(corrections=None).select_related("recorded_by"),
        "given_at",
        _dose,
        "record__client",
    ),
    Source(
        "no_dose",
        lambda: DosingRecord.objects.select_related("ended_by"),
        "ended_without_dose_at",
        _no_dose,
    ),
    Source(
        "adverse_event",
        lambda: AdverseEvent.objects.filter(corrections=None).select_related("recorded_by"),
        "began_at",
        _adverse_event,
        "record__client",
    ),
    Source(
        "discharge",
        lambda: DischargeCheck.objects.select_related("recorded_by"),
        "recorded_at",
        _left,
        "record__client",
    ),
    Source(
        "screening",
        lambda: Screening.objects.filter(corrections=None).select_related("form", "recorded_by"),
        "filled_at",
        _screening,
    ),
    Source(
        "supply",
        lambda: SupplyEvent.objects.filter(corrections=None).select_related("recorded_by"),
        "occurred_at",
        _supply,
    ),
)
