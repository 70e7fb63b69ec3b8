"""What a rule would send for a real booking: when, on which channel, in which words. Nothing is planned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from notifications import deliver, facts, rules, template_editing
from notifications.models import Reminder
from notifications.reconcile import RELATED
from notifications.rules import Rule
from scheduling.models import Booking


@dataclass(frozen=True)
class Shown:
    """`due_at` is None when it could not go out; `why_not` is a reason to skip."""

    channel: str
    due_at: datetime | None
    why_not: str
    subject: str
    body: str


def example_for(rule: Rule) -> Booking | None:
    """The latest booking to which a rule of this kind may apply, with what a preview needs."""
    bookings = Booking.objects.select_related(*RELATED).order_by("-starts_at", "-pk")
    if rule.session_kinds:
        bookings = bookings.filter(appointment_type__kind__in=rule.session_kinds)
    if rule.kind == "cancelled":
        return bookings.filter(cancelled_at__isnull=False).first()
    if rule.kind in rules.AFTER_THE_VISIT:
        return bookings.filter(completed_at__isnull=False).first()
    return bookings.filter(status__in=Booking.UPCOMING).first()


def preview(rule: Rule, booking: Booking) -> list[Shown]:
    """What this rule alone would have said, counted from when the booking became known."""
    loaded = facts.load([booking])[booking.pk]
    policy = replace(loaded.policy, rules=(replace(rule, is_active=True),))
    moments = (booking.cancelled_at, booking.completed_at, booking.moved_at, booking.booked_at)
    now = next((at for at in moments if at is not None), booking.created_at)
    wanted = rules.plan(loaded.facts, policy, now=now)
    texts = template_editing.in_use([rule.kind])
    shown = []
    for item in wanted.due:
        row = Reminder(booking=booking, client=booking.client, kind=item.kind, channel=item.channel)
        text = deliver.render(row, loaded, texts)
        shown.append(Shown(item.channel, item.due_at, "", text.subject, text.body))
    shown += [Shown(item.channel or "", None, item.reason, "", "") for item in wanted.missed]
    return shown
