"""Tell staff, within minutes, that nobody has recorded the vitals of a session in time.

Raised when the protocol's grace is over, told at once, again every few minutes and three times at most, and
over with the next reading or the end of the session. The message says that somebody is needed, never where
or why: whoever signs in sees it on the board.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Q

from notifications import on_call, staff, switches
from notifications.models import SessionAlarm, StaffKind
from notifications.on_call import Alert, Recipient
from practice import activity
from practice.doors import door
from practice.models import Channel, User
from treatment_plans.dosing import watch as session_watch
from treatment_plans.dosing.watch import Overdue
from treatment_plans.models import DosingRecord

TOLD_AGAIN_AFTER = timedelta(minutes=5)
TRIED_AGAIN_AFTER = timedelta(minutes=1)
MOST_TIMES = 3
SUBJECT = "Quietroom: somebody is needed now"
TEXT = "Quietroom: somebody is needed now. Please sign in: {address}"


@door
def watch(*, now: datetime) -> int:
    """Note which sessions nobody attends to, and which are attended to again; returns how many are new.

    What was over is new once more when its reading turns out to be none: it is told from the beginning.
    """
    found = session_watch.overdue(now=now)
    due = {(each.record.pk, each.point.at) for each in found}
    rows = SessionAlarm.objects.select_for_update(no_key=True).filter(Q(over_at=None) | _any_of(found))
    known = {(row.record_id, row.due_at): row for row in rows.order_by("pk")}
    for key, row in known.items():
        if key not in due and row.over_at is None:
            row.over_at, row.tell_at = now, None
            row.save(update_fields=["over_at", "tell_at"])
    again = [row for key, row in known.items() if key in due and row.over_at is not None]
    for row in again:
        row.over_at, row.told_count, row.told_at = None, 0, None
        row.raised_at = row.tell_at = now
        row.save(update_fields=["over_at", "told_count", "told_at", "raised_at", "tell_at"])
    new = [
        SessionAlarm(record=each.record, due_at=each.point.at, raised_at=now, tell_at=now)
        for each in found
        if (each.record.pk, each.point.at) not in known
    ]
    SessionAlarm.objects.bulk_create(new, ignore_conflicts=True)
    return len(new) + len(again)


def tell_due(*, clock: Callable[[], datetime]) -> int:
    """Tell of what is due; returns of how many somebody was told. Outside any transaction."""
    text = TEXT.format(address=f"{settings.PUBLIC_URL}/admin/")
    alerts = _claim(now=clock())
    return on_call.tell(alerts, subject=SUBJECT, text=text, of_use=TOLD_AGAIN_AFTER, clock=clock)


@door
def _claim(*, now: datetime) -> list[Alert]:
    """Looks again: what was recorded meanwhile is not told.

    The switch for everything does not hold for it: that also flips without a person, while a client may be in
    danger. A channel that is off is not used.
    """
    stopped = switches.read()
    rule = next(rule for rule in staff.in_force() if rule.kind == StaffKind.VITALS_OVERDUE)
    if not rule.is_active:
        return []
    rows = list(
        SessionAlarm.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(over_at=None, tell_at__lte=now, told_count__lt=MOST_TIMES)
        .order_by("tell_at", "pk")[:20]
    )
    overdue = session_watch.overdue(now=now, records=[row.record_id for row in rows]) if rows else []
    records = {(each.record.pk, each.point.at): each.record for each in overdue}
    SessionAlarm.objects.filter(pk__in=[row.pk for row in rows]).update(tell_at=now + TRIED_AGAIN_AFTER)
    return [
        Alert(_recipients(record, rule.roles, rule.to_responsible, stopped.channels), partial(_mark, row.pk))
        for row in rows
        if (record := records.get((row.record_id, row.due_at))) is not None
    ]


@door
def _mark(alarm_id: int, *, now: datetime) -> None:
    alarm = (
        SessionAlarm.objects.select_for_update(no_key=True, of=("self",))
        .select_related("record")
        .get(pk=alarm_id)
    )
    alarm.told_count, alarm.told_at = alarm.told_count + 1, now
    may_go_on = alarm.over_at is None and alarm.told_count < MOST_TIMES
    alarm.tell_at = now + TOLD_AGAIN_AFTER if may_go_on else None
    alarm.save(update_fields=["told_count", "told_at", "tell_at"])
    activity.record("session_alarm.told", alarm, actor=None, at=now, client=alarm.record.client_id)


def _recipients(
    record: DosingRecord, roles: frozenset[str], to_responsible: bool, stopped: frozenset[str]
) -> tuple[Recipient, ...]:
    """Whoever is on call, those whose session it is, and everybody in the rule's roles; each once."""
    people = (record.therapist, record.psychiatrist) if to_responsible else ()
    theirs = [person.user_id for person in people if person is not None and person.user_id is not None]
    users = User.objects.filter(Q(pk__in=theirs) | Q(roles__overlap=sorted(roles)), is_active=True)
    emails = users.order_by("pk").values_list("email", flat=True)
    found = [*on_call.named(), *((Channel.EMAIL.value, email) for email in emails)]
    if not found:
        found = list(on_call.recipients(record.client_id))
    return tuple(each for each in dict.fromkeys(found) if each[0] not in stopped)


def _any_of(found: Iterable[Overdue]) -> Q:
    wanted = Q(pk=None)
    for each in found:
        wanted |= Q(record=each.record.pk, due_at=each.point.at)
    return wanted
