"""Claim what is due, and check once more. `notifications.sending` sends it.

What may go wrong, and what then: a worker that dies after its claim leaves rows in `sending`. When their
lease is over, those whose message was never begun are planned again. The others become `unknown` and are
never simply sent again: `notifications.resolve` asks the provider, and where it can't tell, a person
decides. So each reminder is accepted by a provider at most
once, and none is claimed after the booking's cancellation has committed: the claim holds the booking's lock
when it looks. What was claimed just before may still arrive, and the news of the cancellation follows it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from notifications import caps, facts, leases, links, reports, sending, switches, template_editing, wording
from notifications.channels import Outgoing, channel_for
from notifications.crash import crash_here
from notifications.facts import Loaded
from notifications.leases import Claimed
from notifications.links import Draft
from notifications.lint import problems
from notifications.models import Reminder, ReminderEvent
from notifications.reconcile import (
    RELATED,
    apply,
    as_asked,
    has_another_channel,
    judged,
    reconcile_these,
    reminders_of,
    skip,
    why_skipped,
)
from notifications.rules import Wanted
from practice import phones
from practice.doors import door
from practice.models import Channel as ChannelName
from scheduling.models import AppointmentType, Booking

State = Reminder.State
logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.REMINDER_LEASE_SECONDS)  # longer, or a living worker would lose its row
BATCH = 20


def deliver_due(*, clock: Callable[[], datetime], stop_at: datetime | None = None, limit: int = BATCH) -> int:
    """Send what is due, at most `limit`; returns how many rows were dealt with, 0 when there is no work.

    No send begins after `stop_at`, or so late in the lease that the provider's answer could miss its end.
    """
    crash_here("before_claim")
    handled, claimed = claim(now=clock(), limit=limit)
    if claimed:
        crash_here("after_claim")
    for name in {one.reminder.channel for one in claimed}:
        of_channel = [one for one in claimed if one.reminder.channel == name]
        with channel_for(name) as channel:
            sending.send_all(of_channel, channel, clock=clock, stop_at=stop_at)
    _look_for_another_way(claimed, now=clock())
    return handled


def _look_for_another_way(claimed: Iterable[Claimed], *, now: datetime) -> None:
    """What was refused for good on one channel may be wanted on the next."""
    failed = Reminder.objects.filter(pk__in=[one.reminder.pk for one in claimed], state=State.FAILED)
    if booking_ids := dict(failed.values_list("pk", "booking")):
        reports.refused(booking_ids, now=now)
        reconcile_these(booking_ids.values(), now=now)


@door
def claim(*, now: datetime, limit: int) -> tuple[int, list[Claimed]]:
    """Take due rows for sending, in one short transaction that ends before any provider is called.

    Returns how many rows were dealt with, and those that were taken.
    Never waits: a reminder that another worker has, or whose booking or client (a consent, a number) is being
    changed, is left for the next round. Each row is judged again by the rules, with the facts of now.
    """
    stopped = switches.read()
    if stopped.everything:
        return 0, []
    rows = list(_due(stopped, now=now)[:limit])
    bookings = (
        Booking.objects.select_for_update(no_key=True, skip_locked=True, of=("self", "client"))
        .filter(pk__in={row.booking_id for row in rows})
        .select_related(*RELATED)
        .order_by("pk")
    )
    loaded = facts.load(bookings)
    stored = reminders_of(loaded)
    rows = [row for row in rows if row.booking_id in loaded]
    counted, texts = caps.count(rows, now=now), template_editing.in_use(row.kind for row in rows)
    claimed: list[Claimed] = []
    for row in rows:
        one = loaded[row.booking_id]
        try:
            wanted, why_not = may_send(row, one, stored[row.booking_id], now=now)
            link = _link(row, one, now=now)
            rendered = render(row, one, texts, link=link) if wanted and wanted.due_at <= now else None
        except Exception:  # one broken record must not keep the others waiting
            logger.exception("reminder %s can not be judged or worded", row.pk)
            _give_up(row, now=now)
            continue
        if wanted is None:
            skip(row, why_not, now=now)
        elif rendered is None:
            _postpone(row, wanted)
        elif broken := _problems(rendered, row, one):
            logger.error("reminder %s not sent: wording %s", row.pk, ",".join(broken))
            skip(row, Reminder.Skip.WORDING, now=now)
        elif (verdict := counted.verdict(row, one)) == "send":
            counted.add(row)
            claimed.append(_claimed(row, one, rendered, link, now=now))
        else:
            _hold_back(row, one, stored[row.booking_id], verdict, now=now)
    claimed = _below_the_ceiling(claimed, loaded.values(), now=now)
    leases.take(claimed, now=now)
    links.keep(one.link for one in claimed if one.link is not None)
    if claimed:
        crash_here("before_claim_commit")
    return len(rows), claimed


def _due(stopped: switches.Stopped, *, now: datetime) -> QuerySet[Reminder]:
    """Planned rows whose time has come, oldest first, less what a switch stops."""
    due = Reminder.objects.select_for_update(no_key=True, skip_locked=True).filter(
        state=State.PLANNED, next_attempt_at__lte=now
    )
    channels = set(stopped.channels)
    if stopped.providers:
        channels |= {name for name in ChannelName.values if channel_for(name).provider in stopped.providers}
    if channels:
        due = due.exclude(channel__in=channels)
    if stopped.kinds:
        due = due.exclude(kind__in=stopped.kinds)
    return due.order_by("next_attempt_at", "pk")


def _hold_back(
    row: Reminder, loaded: Loaded, stored: Sequence[Reminder], verdict: caps.Verdict, *, now: datetime
) -> None:
    """Over a cap: by email instead, else on another day, else on the desk's list. A flood is for the desk."""
    if verdict == "wait":
        return
    if verdict == "ceiling":
        logger.error("reminder %s not sent: the client got too many messages within an hour", row.pk)
        skip(row, Reminder.Skip.CEILING, now=now)
        return
    next_at = caps.next_morning(loaded, now=now)
    if has_another_channel(loaded, row) or next_at >= row.expires_at:
        skip(row, Reminder.Skip.CAPPED, now=now)
        row.state, row.skip_reason = State.SKIPPED, Reminder.Skip.CAPPED
        apply(loaded, [row if each.pk == row.pk else each for each in stored], now=now)
    else:
        Reminder.objects.filter(pk=row.pk).update(next_attempt_at=next_at)


def _below_the_ceiling(claimed: list[Claimed], loaded: Iterable[Loaded], *, now: datetime) -> list[Claimed]:
    """Those that the practice may begin in this minute. If there are more, nothing goes out until a person
    says so: rather a late message than a loop that texts thousands."""
    most = next((one.book.limits.practice_per_minute for one in loaded), 0)
    room = switches.room_left(most, now=now) if claimed else None
    if room is None or len(claimed) <= room:
        return claimed
    logger.error("more than %s messages within a minute: sending is stopped", most)
    switches.stop_at_ceiling(now=now)
    return claimed[:room]


def may_send(
    row: Reminder, loaded: Loaded, stored: Iterable[Reminder], *, now: datetime
) -> tuple[Wanted | None, str]:
    """What the rules want of this row now; or None, and why it is not wanted any more.

    Asked under the locks of the claim, for the last time before the provider is called.
    """
    if row.booking_version != loaded.booking.version or now >= row.expires_at:
        return None, why_skipped(loaded, row, None, now=now)
    plan, key = judged(loaded, stored, now=now), (row.kind, row.channel)
    due = next((item for item in plan.due if (item.kind, item.channel) == key), None)
    missed = next((item for item in plan.missed if (item.kind, item.channel) == key), None)
    if due is None and row.asked_by_id is not None:
        due = as_asked(loaded, row, now=now)
    return due, "" if due else why_skipped(loaded, row, missed, now=now)


def _give_up(row: Reminder, *, now: datetime) -> None:
    """planned → dead: on the desk's list."""
    row.state, row.last_error_code = State.DEAD, Reminder.BROKEN
    row.save(update_fields=["state", "last_error_code"])
    _record(row, State.PLANNED, State.DEAD, now=now, detail=Reminder.BROKEN)


def _postpone(row: Reminder, wanted: Wanted) -> None:
    """The rules want it later by now, for example because quiet hours have begun."""
    Reminder.objects.filter(pk=row.pk).update(
        due_at=wanted.due_at, next_attempt_at=wanted.due_at, expires_at=wanted.expires_at
    )


def _problems(rendered: wording.Rendered, row: Reminder, loaded: Loaded) -> tuple[str, ...]:
    return problems(
        rendered,
        channel=row.channel,
        level=loaded.client.message_detail,
        language=loaded.client.language,
        forbidden=(loaded.client.legal_name, *filter(None, [loaded.client.birth_date])),
    )


def _link(row: Reminder, loaded: Loaded, *, now: datetime) -> Draft | None:
    """The page that the message may lead to; nothing is written yet. What is off has none."""
    addresses = loaded.addresses_for(row.kind)
    if row.kind == Reminder.Kind.CANCELLED or row.channel not in addresses:
        return None
    is_theirs = row.kind == Reminder.Kind.SUPPORT_PERSON and loaded.support is not None
    return links.draft(
        loaded.booking,
        about=row.kind,
        support_person_id=loaded.support.person_id if is_theirs and loaded.support else None,
        channel=row.channel,
        sent_to=addresses[row.channel],
        now=now,
    )


def _claimed(
    row: Reminder, loaded: Loaded, rendered: wording.Rendered, link: Draft | None, *, now: datetime
) -> Claimed:
    row.attempt_count += 1
    outgoing = Outgoing(
        token=str(uuid.uuid4()),
        to=loaded.addresses_for(row.kind)[row.channel],
        subject=rendered.subject,
        body=rendered.body,
        expires_at=row.expires_at,
        language=loaded.client.language,
        sender_name=loaded.booking.location.display_name,
        hand_over_by=now + LEASE,
    )
    is_in_it = link is not None and link.address in rendered.body
    return Claimed(row, outgoing, now + LEASE, link if is_in_it else None)


def render(
    row: Reminder,
    loaded: Loaded,
    texts: Mapping[template_editing.Key, wording.Words],
    *,
    link: Draft | None = None,
) -> wording.Rendered:
    """The text of a reminder from the facts of now."""
    booking, client = loaded.booking, loaded.client
    is_here = booking.appointment_type.modality == AppointmentType.Modality.IN_PERSON
    return wording.render(
        row.kind,
        channel=row.channel,
        language=client.language,
        detail=client.message_detail,
        own=texts.get((row.kind, client.language, row.channel, client.message_detail)),
        facts=wording.MessageFacts(
            display_name=booking.location.display_name,
            phone=phones.display(booking.location.phone),
            starts_at=booking.starts_at,
            client_zone=client.time_zone,
            clinic_zone=booking.location.time_zone,
            first_name=_first_name(row, loaded),
            client_name=client.display_name.split()[0],
            ends_at=booking.ends_at,
            visit_minutes=booking.appointment_type.duration_minutes,
            address=booking.location.address if is_here else "",
            stop_eating_at=loaded.facts.stop_eating_at,
            stop_drinking_at=loaded.facts.stop_drinking_at,
            asks=loaded.facts.missing,
            escort_required=loaded.facts.escort_required,
            by_email_too=row.kind == Reminder.Kind.FASTING and "email" in loaded.addresses,
            link=link.address if link else "",
        ),
    )


def _first_name(row: Reminder, loaded: Loaded) -> str:
    """Of whom the message is for."""
    is_theirs = row.kind == Reminder.Kind.SUPPORT_PERSON and loaded.support is not None
    name = loaded.support.name if is_theirs and loaded.support else loaded.client.display_name
    return name.split()[0]


def _record(row: Reminder, before: str, after: str, *, now: datetime, detail: str = "") -> None:
    ReminderEvent.objects.create(reminder=row, at=now, from_state=before, to_state=after, detail=detail)
