"""What a person does about a message that did not get through: again, another way, or by phone."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop as _

from notifications import facts, reconcile
from notifications.facts import Loaded
from notifications.models import Reminder, ReminderEvent
from practice import activity
from practice.access import CLINICAL, DESK, access_one, visible_to
from practice.blockers import Blocker
from practice.doors import door
from practice.errors import Refused
from practice.models import Channel, User
from scheduling.models import Booking

State, Settled = Reminder.State, Reminder.Settled
MAY_SETTLE = DESK | CLINICAL

STILL_UNDER_WAY = Blocker(
    "still_under_way", _("This message may still go out by itself. Look again in a minute.")
)
WENT_OUT = Blocker("went_out", _("This message went out."))
SETTLED_ALREADY = Blocker("settled_already", _("Somebody has already seen to this."))
MOVED_SINCE = Blocker("moved_since", _("The session was moved since: its new messages say so."))
NO_SUCH_CHANNEL = Blocker(
    "no_such_channel", _("The client can't be reached that way, or does not want to be.")
)
OF_NO_USE = Blocker(
    "of_no_use", _("It is too late for this message, or it is not needed any more. Call instead.")
)


@door
def settle(reminder_id: int, *, how: str, actor: User, now: datetime) -> Reminder:
    """A person has told the client, or it no longer matters: it leaves the desk's list and never goes out.

    Raises Refused with all reasons.
    """
    row = _locked(reminder_id, actor)
    _refuse(_state_blockers(row))
    _settle(row, how, actor=actor, now=now)
    activity.record(
        "message.settled", row, actor=actor, at=now, client=row.client_id, data={"kind": row.kind, "how": how}
    )
    return row


@door
def ask_again(reminder_id: int, *, channel: str = "", actor: User, now: datetime) -> Reminder:
    """Plan it once more, from the facts of now, on its own channel or another; returns what is planned.

    The rules still have the last word: nothing goes out at night, late, or without consent.
    Locks the booking, then the reminder. Raises Refused with all reasons.
    """
    row = _locked(reminder_id, actor)
    channel = channel or row.channel
    loaded = facts.load([row.booking])[row.booking_id]
    found = [*_state_blockers(row), *_asking_blockers(row, loaded, channel)]
    _refuse(found)
    asked = _of_channel(row, channel, actor=actor, now=now)
    wanted = reconcile.as_asked(loaded, asked, now=now)
    if wanted is None:
        raise Refused(blockers=[OF_NO_USE], code=OF_NO_USE.code)
    before = asked.state if asked.pk else ""
    asked.state, asked.skip_reason, asked.attempt_count, asked.asked_by = State.PLANNED, "", 0, actor
    asked.due_at = asked.next_attempt_at = wanted.due_at
    asked.expires_at = wanted.expires_at
    asked.lease_until = asked.lease_token = None
    asked.settled_at, asked.settled_by, asked.settled_how = None, None, ""
    if asked.pk:
        asked.save(update_fields=PLANNED_FIELDS)
    else:
        asked.save(force_insert=True)
    ReminderEvent.objects.create(
        reminder=asked, at=now, from_state=before, to_state=State.PLANNED, detail="asked_for"
    )
    if asked.pk != row.pk:
        _settle(row, Settled.OTHER_CHANNEL, actor=actor, now=now)
    activity.record(
        "message.asked_again",
        asked,
        actor=actor,
        at=now,
        client=row.client_id,
        data={"kind": row.kind, "channel": channel},
    )
    return asked


PLANNED_FIELDS = (
    "state",
    "skip_reason",
    "attempt_count",
    "asked_by",
    "due_at",
    "next_attempt_at",
    "expires_at",
    "lease_until",
    "lease_token",
    "settled_at",
    "settled_by",
    "settled_how",
)


def _locked(reminder_id: int, actor: User) -> Reminder:
    visible = visible_to(actor, Reminder.objects.all(), client="client", roles=MAY_SETTLE)
    row = access_one(visible, reminder_id, None)
    booking = (
        Booking.objects.select_for_update(no_key=True, of=("self",))
        .select_related(*reconcile.RELATED)
        .get(pk=row.booking_id)
    )
    row = Reminder.objects.select_for_update(no_key=True).get(pk=reminder_id)
    row.booking = booking
    return row


def _state_blockers(row: Reminder) -> list[Blocker]:
    if row.settled_at is not None:
        return [SETTLED_ALREADY]
    if row.state in (State.PLANNED, State.SENDING):
        return [STILL_UNDER_WAY]
    return [WENT_OUT] if row.state in (State.SENT, State.DELIVERED) else []


def _asking_blockers(row: Reminder, loaded: Loaded, channel: str) -> list[Blocker]:
    found = []
    if row.state == State.UNKNOWN:
        found.append(STILL_UNDER_WAY)
    if row.booking_version != loaded.booking.version:
        found.append(MOVED_SINCE)
    if channel not in Channel.values or channel not in loaded.addresses_for(row.kind):
        found.append(NO_SUCH_CHANNEL)
    return found


def _of_channel(row: Reminder, channel: str, *, actor: User, now: datetime) -> Reminder:
    """The row that carries it on this channel, which may not be there yet. Raises Refused if it is busy."""
    if channel == row.channel:
        return row
    other = (
        Reminder.objects.select_for_update(no_key=True)
        .filter(booking=row.booking_id, booking_version=row.booking_version, kind=row.kind, channel=channel)
        .first()
    )
    if other is None:
        return Reminder(
            booking=row.booking,
            booking_version=row.booking_version,
            client_id=row.client_id,
            kind=row.kind,
            channel=channel,
            created_at=now,
            asked_by=actor,
        )
    other.booking = row.booking
    other.settled_at = None
    _refuse(_state_blockers(other) + ([STILL_UNDER_WAY] if other.state == State.UNKNOWN else []))
    return other


def _settle(row: Reminder, how: str, *, actor: User, now: datetime) -> None:
    row.settled_at, row.settled_by, row.settled_how = now, actor, how
    row.save(update_fields=["settled_at", "settled_by", "settled_how"])


def _refuse(found: list[Blocker]) -> None:
    if found:
        raise Refused(blockers=found, code=found[0].code)
