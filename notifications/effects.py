"""What a change of bookings means for their messages: compares the reminders before and after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from notifications.models import Reminder
from practice.blockers import gettext_noop as _
from scheduling.effects import Effect, spoken
from scheduling.models import Booking

State = Reminder.State
NEWS = frozenset({Reminder.Kind.MOVED, Reminder.Kind.CANCELLED})

WITHDRAWN = _("Not sent any more: %(about)s (%(channel)s), planned for %(when)s")
OUT_OF_DATE = _("Was sent before and is no longer right: %(about)s (%(channel)s).")
CORRECTED = _("The client is told: %(about)s (%(channel)s), %(when)s")
TO_SEND = _("Will be sent: %(about)s (%(channel)s), %(when)s")
LATER = _("Will be sent at another time: %(about)s (%(channel)s), %(when)s")
NOT_POSSIBLE = _("Can't be sent, so call the client: %(about)s (%(why)s).")


def watch(booking_ids: Sequence[int]) -> Callable[[], Sequence[Effect]]:
    """Watches for `scheduling.changes`: two queries before, two after."""
    ids = list(booking_ids)
    before = _reminders(ids)
    zones = _zones(ids)

    def compare() -> Sequence[Effect]:
        after = _reminders(ids)
        versions = dict(Booking.objects.filter(pk__in=ids).values_list("pk", "version"))
        found = [
            effect
            for pk, reminder in sorted(after.items(), key=lambda pair: (pair[1].booking_id, pair[1].due_at))
            for effect in [_effect(before.get(pk), reminder, versions, zones[reminder.booking_id])]
            if effect is not None
        ]
        return sorted(found, key=lambda effect: ids.index(effect.booking_id))

    return compare


def _effect(
    before: Reminder | None, after: Reminder, versions: Mapping[int, int], zone: str
) -> Effect | None:
    if before is None:
        if after.state == State.SKIPPED:
            return _said("message_not_possible", NOT_POSSIBLE, after, zone, needs_a_person=True)
        if after.kind in NEWS:
            return _said("message_to_correct", CORRECTED, after, zone)
        return _said("message_to_send", TO_SEND, after, zone)
    if before.state == State.PLANNED and after.state == State.SKIPPED:
        return _said("message_withdrawn", WITHDRAWN, before, zone)
    if before.state != State.PLANNED and after.state == State.PLANNED:
        return _said("message_to_send", TO_SEND, after, zone)
    if after.state == State.PLANNED and after.due_at != before.due_at:
        return _said("message_to_send", LATER, after, zone)
    is_old = after.booking_version != versions[after.booking_id]
    is_news_now = before.booking_version == after.booking_version == versions[after.booking_id] - 1
    if is_old and is_news_now and before.may_have_gone_out:
        return _said("message_out_of_date", OUT_OF_DATE, after, zone)
    return None


def _said(code: str, message: str, of: Reminder, zone: str, *, needs_a_person: bool = False) -> Effect:
    """Without the reminder's id: in a rehearsal it means nothing."""
    return Effect(
        code,
        message,
        of.booking_id,
        {
            "kind": of.kind,
            "about": str(of.get_kind_display()),
            "channel": str(of.get_channel_display()),
            "due_at": of.due_at.isoformat(),
            "when": spoken(of.due_at, zone),
            "why": str(of.get_skip_reason_display()),
        },
        needs_a_person=needs_a_person,
    )


def _reminders(booking_ids: Sequence[int]) -> dict[int, Reminder]:
    return {reminder.pk: reminder for reminder in Reminder.objects.filter(booking__in=booking_ids)}


def _zones(booking_ids: Sequence[int]) -> dict[int, str]:
    return dict(Booking.objects.filter(pk__in=booking_ids).values_list("pk", "location__time_zone"))
