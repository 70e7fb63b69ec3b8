"""Wanted against stored: plan, move and withdraw reminders until they say what the rules say. Idempotent."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet

from notifications import facts
from notifications.facts import Loaded
from notifications.models import Message, Reminder, ReminderEvent
from notifications.rules import CHANNELS, Missed, Plan, Wanted, plan
from practice.doors import door, step
from practice.models import Activity
from scheduling.models import Booking

State, Skip = Reminder.State, Reminder.Skip
logger = logging.getLogger(__name__)

NOT_REACHED = frozenset({State.FAILED, State.UNDELIVERED})  # the next channel takes its place
CHANGES_WHO_IS_REACHED = ("client.changed", "contact.unreachable", "contact.reachable")
STILL_OWED = timedelta(days=3)  # the last message about a session is due within this time after it
Place = tuple[datetime, int]  # where a sweep stands: a booking's start and id
RELATED = ("client", "location", "appointment_type", "planned_session__plan__protocol")


@step
def booking_changed(booking_ids: Sequence[int], now: datetime, *, new: Sequence[Booking] = ()) -> None:
    """Listens to `scheduling.changes`: runs in the transaction that changed the bookings, under its locks."""
    if booking_ids:
        _reconcile(Booking.objects.filter(pk__in=booking_ids), now=now)
    for one in facts.load(new, are_new=True).values() if new else ():
        _apply(one, (), judged(one, (), now=now), now=now)


@door
def reconcile_touched(*, since: datetime, now: datetime, limit: int = 500) -> int:
    """Reconcile what may want other messages since `since`; returns how many bookings that were.

    Those that changed, and those whose client's record did: another number, a consent withdrawn. A booking
    that a door holds at this moment is left to it. The last changes come first.
    """
    changes = Activity.objects.filter(at__gte=since, action__in=CHANGES_WHO_IS_REACHED)
    of_changed_clients = changes.values("client")
    bookings = Booking.objects.filter(
        Q(touched_at__gte=since) | Q(client__in=of_changed_clients, ends_at__gt=now - STILL_OWED)
    ).order_by("-touched_at", "-pk")
    return _reconcile_unlocked(bookings.values_list("pk", flat=True)[:limit], now=now)


@door
def reconcile_these(booking_ids: Iterable[int], *, now: datetime) -> int:
    """Reconcile bookings of whose messages something became known, for example that one was refused."""
    return _reconcile_unlocked(booking_ids, now=now)


@door
def reconcile_upcoming(*, now: datetime, after: Place | None = None, limit: int = 500) -> Place | None:
    """Reconcile a batch of all bookings that may still have messages due, the next to come first.

    Returns the place to go on after, None at the end. It finds what no booking's change announces:
    a new phone number, a withdrawn consent, another policy.
    """
    bookings = Booking.objects.filter(ends_at__gt=now - STILL_OWED).order_by("starts_at", "pk")
    if after is not None:
        starts_at, pk = after
        bookings = bookings.filter(Q(starts_at__gt=starts_at) | Q(starts_at=starts_at, pk__gt=pk))
    places = list(bookings.values_list("starts_at", "pk")[:limit])
    _reconcile_unlocked([pk for _, pk in places], now=now)
    return places[-1] if len(places) == limit else None


def judged(loaded: Loaded, stored: Iterable[Reminder], *, now: datetime) -> Plan:
    """What the rules want for one booking, less what would be said twice or to no purpose.

    `stored` are its reminders. Who cannot know of the booking is not told that it is off; what was told on
    one channel is not told again on another that came after it; what one channel refused for good is wanted
    on the next.
    """
    stored = list(stored)
    wanted = plan(replace(loaded.facts, refused=_refused(loaded, stored)), loaded.policy, now=now)
    everywhere = {rule.kind for rule in loaded.policy.rules if rule.on_all_channels}
    channels_told: dict[str, set[str]] = defaultdict(set)
    was_told = False
    for reminder in stored:
        if not reminder.may_have_gone_out:
            continue
        was_told = True
        if reminder.booking_version == loaded.booking.version and reminder.state != State.UNDELIVERED:
            channels_told[reminder.kind].add(reminder.channel)

    def is_to_be_said(item: Wanted | Missed) -> bool:
        if item.kind == "cancelled" and not was_told and _nobody_waits_for(loaded):
            return False
        told = channels_told[item.kind]
        return not told or item.channel in told or (item.kind in everywhere and item.channel is not None)

    return Plan(
        tuple(item for item in wanted.due if is_to_be_said(item)),
        tuple(item for item in wanted.missed if is_to_be_said(item)),
    )


def _nobody_waits_for(loaded: Loaded) -> bool:
    """Whether a cancelled booking of which nothing went out is news to nobody.

    The client knows of what was booked with them on the phone, whether or not a message confirmed it.
    """
    booking = loaded.booking
    if booking.cancelled_by_party == Booking.Party.CLIENT:
        return True
    known_from = (booking.booked_at or booking.created_at) + loaded.policy.quiet_period
    return booking.cancelled_at is not None and booking.cancelled_at < known_from


def _refused(loaded: Loaded, stored: Iterable[Reminder]) -> frozenset[tuple[str, str]]:
    """Kinds and channels that are capped, or refused for good while the number or address stays the same."""
    return frozenset(
        (reminder.kind, reminder.channel)
        for reminder in stored
        if reminder.booking_version == loaded.booking.version
        and (
            reminder.skip_reason == Skip.CAPPED
            or (
                reminder.state in NOT_REACHED
                and loaded.addresses_for(reminder.kind).get(reminder.channel) == _last_recipient(reminder)
            )
        )
    )


def _last_recipient(reminder: Reminder) -> str | None:
    return next((message.recipient for message in reminder.messages.all()), None)


def reminders_of(booking_ids: Iterable[int]) -> Mapping[int, list[Reminder]]:
    """All reminders of these bookings, in two queries; what was refused comes with where it was to go."""
    ids = list(booking_ids)
    stored: dict[int, list[Reminder]] = {pk: [] for pk in ids}
    refused = Message.objects.filter(reminder__state__in=NOT_REACHED).only("reminder", "recipient")
    reminders = Reminder.objects.filter(booking__in=ids).order_by("pk")
    for reminder in reminders.prefetch_related(Prefetch("messages", refused)):
        stored[reminder.booking_id].append(reminder)
    return stored


def _reconcile_unlocked(booking_ids: Iterable[int], *, now: datetime) -> int:
    locked = Booking.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return _reconcile(locked.filter(pk__in=list(booking_ids)).order_by("pk"), now=now, all_or_none=False)


def _reconcile(bookings: QuerySet[Booking], *, now: datetime, all_or_none: bool = True) -> int:
    loaded = facts.load(bookings.select_related(*RELATED))
    stored = reminders_of(loaded)
    for pk, one in loaded.items():
        try:
            wanted = judged(one, stored[pk], now=now)
        except Exception:
            if all_or_none:
                raise
            logger.exception("booking %s: its reminders can not be judged", pk)  # the others' can
            continue
        _apply(one, stored[pk], wanted, now=now)
    return len(loaded)


@step
def apply(loaded: Loaded, stored: Sequence[Reminder], *, now: datetime) -> None:
    """Make the stored reminders of one locked booking say what the rules say."""
    _apply(loaded, stored, judged(loaded, stored, now=now), now=now)


def has_another_channel(loaded: Loaded, row: Reminder) -> bool:
    """Whether the rules would take another channel if this one were out of the question."""
    out = frozenset({*loaded.facts.refused, (row.kind, row.channel)})
    wanted = plan(replace(loaded.facts, refused=out), loaded.policy, now=row.due_at)
    return any(item.kind == row.kind for item in wanted.due)


def as_asked(loaded: Loaded, row: Reminder, *, now: datetime) -> Wanted | None:
    """What the rules want of a message that a person asked for on this channel, whatever was sent before."""
    channel = row.channel
    only = replace(
        loaded.facts,
        refused=frozenset(),
        channels=tuple(each for each in loaded.facts.channels if each == channel),
        support_channels=tuple(each for each in loaded.facts.support_channels if each == channel),
    )
    rules = tuple(
        replace(rule, channels=CHANNELS, is_active=True, gap_minutes=0, skip_if_confirmed=False)
        for rule in loaded.policy.rules
        if rule.kind == row.kind
    )
    wanted = plan(only, replace(loaded.policy, rules=rules), now=now)
    return next((item for item in wanted.due if item.channel == channel), None)


def _apply(loaded: Loaded, stored: Sequence[Reminder], wanted: Plan, *, now: datetime) -> None:
    booking = loaded.booking
    due: dict[tuple[str, str], Wanted] = {(item.kind, item.channel): item for item in wanted.due}
    missed: dict[tuple[str, str], Missed] = {(item.kind, item.channel or ""): item for item in wanted.missed}
    present = set()
    for reminder in stored:
        key = (reminder.kind, reminder.channel)
        is_of_this_time = reminder.booking_version == booking.version
        if is_of_this_time:
            present.add(key)
        if reminder.state == State.PLANNED:
            if is_of_this_time and key in due:
                _set_times(reminder, due[key], now=now)
            elif is_of_this_time and reminder.asked_by_id and as_asked(loaded, reminder, now=now):
                continue
            else:
                skip(reminder, why_skipped(loaded, reminder, missed.get(key), now=now), now=now)
        elif is_of_this_time and key in due and _may_come_back(reminder):
            _plan_again(reminder, due[key], now=now)
    new = [_planned(booking, item, now=now) for key, item in due.items() if key not in present]
    new += [_missed(booking, item, now=now) for key, item in missed.items() if key not in present]
    Reminder.objects.bulk_create(new, ignore_conflicts=True)


def why_skipped(loaded: Loaded, reminder: Reminder, missed: Missed | None, *, now: datetime) -> str:
    """Why the rules no longer want a planned reminder."""
    booking = loaded.booking
    if reminder.booking_version != booking.version:
        return Skip.MOVED
    if missed is not None:
        return Skip(missed.reason)
    if reminder.channel not in loaded.addresses_for(reminder.kind):
        return Skip.NO_CHANNEL
    if now >= reminder.expires_at:
        return Skip.TOO_LATE
    is_upcoming = booking.status in Booking.UPCOMING
    return Skip.NOT_NEEDED if is_upcoming else Skip.CANCELLED


@step
def skip(reminder: Reminder, reason: str, *, now: datetime) -> None:
    """planned → skipped, unless a sender was faster."""
    if Reminder.objects.filter(pk=reminder.pk, state=State.PLANNED).update(
        state=State.SKIPPED, skip_reason=reason
    ):
        ReminderEvent.objects.create(
            reminder=reminder, at=now, from_state=State.PLANNED, to_state=State.SKIPPED, detail=reason
        )


def _set_times(reminder: Reminder, wanted: Wanted, *, now: datetime) -> None:
    """Follow the rules, but leave alone what is due already: for the rules it is due at every `now`."""
    is_due = reminder.due_at <= now and wanted.due_at <= now
    due_at = reminder.due_at if is_due else wanted.due_at
    if (reminder.due_at, reminder.expires_at) == (due_at, wanted.expires_at):
        return
    Reminder.objects.filter(pk=reminder.pk, state=State.PLANNED).update(
        due_at=due_at,
        next_attempt_at=max(due_at, reminder.next_attempt_at if is_due else due_at),
        expires_at=wanted.expires_at,
    )


def _may_come_back(reminder: Reminder) -> bool:
    if reminder.settled_at is not None:
        return False  # a person has seen to it
    return reminder.state == State.FAILED or reminder.skip_reason in Reminder.MAY_COME_BACK


def _plan_again(reminder: Reminder, wanted: Wanted, *, now: datetime) -> None:
    """skipped → planned, or failed → planned with all its attempts."""
    if Reminder.objects.filter(pk=reminder.pk, state=reminder.state).update(
        state=State.PLANNED,
        skip_reason="",
        attempt_count=0,
        due_at=wanted.due_at,
        next_attempt_at=wanted.due_at,
        expires_at=wanted.expires_at,
    ):
        ReminderEvent.objects.create(
            reminder=reminder,
            at=now,
            from_state=reminder.state,
            to_state=State.PLANNED,
            detail="needed_again",
        )


def _planned(booking: Booking, item: Wanted, *, now: datetime) -> Reminder:
    return Reminder(
        booking=booking,
        booking_version=booking.version,
        client_id=booking.client_id,
        kind=item.kind,
        channel=item.channel,
        due_at=item.due_at,
        next_attempt_at=item.due_at,
        expires_at=item.expires_at,
        created_at=now,
    )


def _missed(booking: Booking, item: Missed, *, now: datetime) -> Reminder:
    """Kept so that the desk sees whom to call."""
    return Reminder(
        booking=booking,
        booking_version=booking.version,
        client_id=booking.client_id,
        kind=item.kind,
        channel=item.channel or "",
        due_at=now,
        next_attempt_at=now,
        expires_at=now + timedelta(minutes=1),
        state=State.SKIPPED,
        skip_reason=Skip(item.reason),
        created_at=now,
    )
