"""Tell whoever is on call that somebody may not be safe: at once, and again until a provider took it.

The message says that a person has to look, never about whom or what. It may come twice when a worker dies
at the wrong moment, which is better than not at all.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Q

from notifications.channels import DeliveryError, OutcomeUnknown, Outgoing, channel_for
from notifications.models import DeskTask
from practice import activity
from practice.doors import door
from practice.models import Channel, Role, User
from treatment_plans import safety

logger = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(minutes=1)
OF_USE = timedelta(hours=1)
SLOW = timedelta(seconds=5)
SUBJECT = "Quietroom: please look now"
TEXT = "Quietroom: something needs you at once. Please sign in: {address}"
Recipient = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Alert:
    """Whom to tell, and the door that notes that a provider has the first message about it."""

    recipients: tuple[Recipient, ...]
    mark: Callable[..., None]


def alert_due(*, clock: Callable[[], datetime]) -> int:
    """Tell of every task and every safety alert that is due; returns of how many somebody was told.

    No switch holds for it.
    """
    alerts = _claim(now=clock())
    for alert in safety.claim_untold(now=clock()):
        alerts.append(Alert(recipients(alert.client_id), partial(safety.told, alert.pk)))
    text = TEXT.format(address=f"{settings.PUBLIC_URL}/admin/inbox/")
    return tell(alerts, subject=SUBJECT, text=text, of_use=OF_USE, clock=clock)


def tell(
    alerts: Sequence[Alert], *, subject: str, text: str, of_use: timedelta, clock: Callable[[], datetime]
) -> int:
    """Send to all; returns of how many alerts somebody was told. Outside any transaction.

    Each is marked with its first message, before the others go. Mail goes first, and what is left of a
    channel that was slow goes last: nobody waits for a provider that hangs for somebody else.
    """
    if not all(alert.recipients for alert in alerts):
        logger.error("an alert has nobody to go to")
    waiting = [(alert, each) for alert in alerts for each in alert.recipients]
    waiting.sort(key=lambda call: call[1][0] != Channel.EMAIL)
    slow, told = set[str](), set[Alert]()
    while waiting:
        place = next((place for place, (_, to) in enumerate(waiting) if to[0] not in slow), 0)
        alert, recipient = waiting.pop(place)
        began_at = clock()
        is_sent = send(recipient, subject=subject, text=text, of_use=of_use, now=began_at)
        if clock() - began_at > SLOW:
            slow.add(recipient[0])
        if is_sent and alert not in told:
            told.add(alert)
            _note(alert, now=clock())
    return len(told)


def _note(alert: Alert, *, now: datetime) -> None:
    try:
        alert.mark(now=now)
    except Exception:  # it is told again, which is better than not telling the others
        logger.exception("an alert could not be marked as told")


@door
def _claim(*, now: datetime) -> list[Alert]:
    rows = list(
        DeskTask.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(next_alert_at__lte=now, alerted_at=None, done_at=None)
        .order_by("next_alert_at", "pk")[:20]
    )
    DeskTask.objects.filter(pk__in=[row.pk for row in rows]).update(next_alert_at=now + AGAIN_AFTER)
    return [Alert(recipients(row.client_id), partial(_mark, row.pk)) for row in rows]


@door
def _mark(task_id: int, *, now: datetime) -> None:
    """Its revision stays: what whoever sees to it has read is still all there is."""
    task = DeskTask.objects.select_for_update(no_key=True).get(pk=task_id)
    task.alerted_at = now
    task.save(update_fields=["alerted_at"])
    activity.record("task.alerted", task, actor=None, at=now, client=task.client_id)


def named() -> tuple[Recipient, ...]:
    """Whom the practice's configuration names."""
    return (
        *((Channel.SMS.value, number) for number in settings.ON_CALL_SMS),
        *((Channel.EMAIL.value, address) for address in settings.ON_CALL_EMAIL),
    )


def recipients(client_id: int | None) -> tuple[Recipient, ...]:
    """Who is named, or else the client's care team and the practice's admins."""
    if settled := named():
        return settled
    on_team = Q(
        clinician__care_teams__client=client_id,
        clinician__care_teams__left_at=None,
        clinician__is_active=True,
    )
    staff = User.objects.filter(
        Q(roles__contains=[Role.PRACTICE_ADMIN]) | (on_team if client_id else Q(pk=None)), is_active=True
    )
    return tuple((Channel.EMAIL.value, email) for email in staff.values_list("email", flat=True).distinct())


def send(recipient: Recipient, *, subject: str, text: str, of_use: timedelta, now: datetime) -> bool:
    """Whether a provider has it, as far as it said; who might have it counts as told."""
    name, to = recipient
    outgoing = Outgoing(
        token=str(uuid.uuid4()),
        to=to,
        subject=subject if name == Channel.EMAIL else "",
        body=text,
        expires_at=now + of_use,
        language="en",
        sender_name="Quietroom",
    )
    try:
        with channel_for(name) as channel:
            channel.send(outgoing)
    except OutcomeUnknown:
        return True
    except DeliveryError as refused:
        logger.error("an alert by %s was refused: %s", name, refused.code)
        return False
    except Exception:
        logger.exception("an alert by %s could not be sent", name)
        return False
    return True
