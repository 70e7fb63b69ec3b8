"""Safety alerts: raised at once, acknowledged by a clinician in time or escalated, open until disposed of.

While one is open no dose is given (`gates`). The alert says that a person has to look, never what is true.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, step
from practice.editing import lock_for_edit, save_changes
from practice.errors import Invalid, Refused
from practice.models import User
from treatment_plans.models import Measure, SafetyAlert

Severity = SafetyAlert.Severity

# How long until somebody must have seen it. Source: docs/measures.md.
ACKNOWLEDGED_WITHIN = {Severity.HIGH: timedelta(minutes=15), Severity.LOW: timedelta(hours=8)}

TOLD_AGAIN_AFTER = timedelta(minutes=1)


class AlreadyDisposed(Refused):
    code = "already_disposed"
    message = _("This alert was disposed of before.")


@step
def raise_alert(
    client_id: int,
    *,
    reason: str,
    severity: str,
    measure: Measure | None = None,
    is_told: bool = False,
    actor: User | None,
    now: datetime,
) -> SafetyAlert:
    """Open an alert. Whoever is on call is told at once, unless the caller sees to that (`is_told`)."""
    alert = SafetyAlert.objects.create(
        client_id=client_id,
        measure=measure,
        reason=reason,
        severity=severity,
        raised_at=now,
        acknowledge_by_at=now + ACKNOWLEDGED_WITHIN[Severity(severity)],
        tell_at=None if is_told else now,
    )
    activity.record("safety_alert.raised", alert, actor=actor, at=now, client=client_id)
    return alert


@step
def hear(
    alert: SafetyAlert | None, client_id: int, *, reason: str, severity: str, now: datetime
) -> SafetyAlert:
    """The alert about an answer that a client gives alone: `alert` while it is open and says as much, or new.

    Who disposed of `alert` had not heard this answer. Locks it.
    """
    if alert is not None:
        alert = SafetyAlert.objects.select_for_update(no_key=True).get(pk=alert.pk)
        if alert.disposed_at is None and is_as_bad(alert.severity, severity):
            return alert
    return raise_alert(client_id, reason=reason, severity=severity, actor=None, now=now)


def is_as_bad(severity: str, other: str) -> bool:
    """Whether `severity` says all that `other` would; '' says nothing."""
    return severity in (other, Severity.HIGH)


def worst(severities: Collection[str]) -> str:
    """'' for none."""
    return next((each for each in Severity.values if each in severities), "")


@step
def found_in(alert: SafetyAlert, measure: Measure) -> None:
    """Name the measure of an alert that was raised while its questions were still being answered."""
    SafetyAlert.objects.filter(pk=alert.pk).update(measure=measure, revision=F("revision") + 1)


@door
def acknowledge(alert_id: int, *, actor: User, now: datetime) -> SafetyAlert:
    """Somebody takes care of it. Who did so first stays on record; a repeat changes nothing."""
    alert = lock_for_edit(SafetyAlert.objects.all(), alert_id, revision=None)
    if alert.acknowledged_at is None:
        _acknowledged(alert, actor=actor, now=now)
    return alert


@door
def dispose(alert_id: int, *, disposition: str, note: str, actor: User, now: datetime) -> SafetyAlert:
    """Close it with what was found and done. Raises AlreadyDisposed, Invalid without a note."""
    if not note.strip():
        raise Invalid(_("Say what was found and done."), code="required", pointer="/note")
    alert = lock_for_edit(SafetyAlert.objects.all(), alert_id, revision=None)
    if alert.disposed_at is not None:
        raise AlreadyDisposed
    if alert.acknowledged_at is None:
        _acknowledged(alert, actor=actor, now=now)
    values = {
        "disposition": disposition,
        "note": note.strip(),
        "disposed_at": now,
        "disposed_by": actor,
    }
    save_changes(alert, values)
    activity.record(
        "safety_alert.disposed",
        alert,
        actor=actor,
        at=now,
        client=alert.client_id,
        data={"disposition": disposition},
    )
    return alert


@door
def escalate_unseen(*, now: datetime) -> int:
    """Tell again about every alert that nobody acknowledged in time, once. Returns how many."""
    waiting = SafetyAlert.objects.filter(
        acknowledged_at=None, escalated_at=None, acknowledge_by_at__lte=now
    ).order_by("pk")
    alerts = list(waiting.select_for_update(no_key=True, skip_locked=True))
    for alert in alerts:
        save_changes(alert, {"escalated_at": now, "tell_at": now})
        activity.record("safety_alert.escalated", alert, actor=None, at=now, client=alert.client_id)
    return len(alerts)


@door
def claim_untold(*, now: datetime, limit: int = 20) -> list[SafetyAlert]:
    """Those of which whoever is on call has to be told now; in a minute again, unless `told` comes first."""
    rows = SafetyAlert.objects.filter(tell_at__lte=now, acknowledged_at=None).order_by("tell_at", "pk")
    alerts = list(rows.select_for_update(no_key=True, skip_locked=True)[:limit])
    SafetyAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(tell_at=now + TOLD_AGAIN_AFTER)
    return alerts


@door
def told(alert_id: int, *, now: datetime) -> None:
    """A provider took the message about it."""
    alert = lock_for_edit(SafetyAlert.objects.all(), alert_id, revision=None)
    save_changes(alert, {"tell_at": None})
    activity.record("safety_alert.told", alert, actor=None, at=now, client=alert.client_id)


@step
def _acknowledged(alert: SafetyAlert, *, actor: User, now: datetime) -> None:
    save_changes(alert, {"acknowledged_at": now, "acknowledged_by": actor})
    activity.record("safety_alert.acknowledged", alert, actor=actor, at=now, client=alert.client_id)
