"""A process that dies at each named place on the way of a message, and who finds out how.

The oracle is the provider's log: exactly one message for each client, whatever our own rows say.
"""

from __future__ import annotations

import os
import signal
from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from notifications import deliver, resolve, tasks
from notifications.deliver import LEASE
from notifications.models import Message, Reminder, SendingPolicy
from notifications.resolve import ACCEPT_LATENCY
from tests.cast import Clinic
from tests.fakes.twilio import FakeTwilio
from tests.faults.crowd import by_number, due_texts
from tests.faults.stage import twilio

__all__ = ["twilio"]
pytestmark = pytest.mark.django_db(transaction=True)

# place, is the message with the provider by then, what our row says after the crash, and after its lease
PLACES = [
    ("before_claim_commit", False, "planned", "planned"),
    ("after_claim", False, "sending", "planned"),
    ("before_send", False, "sending", "unknown"),
    ("after_accept", True, "sending", "unknown"),
    ("before_mark", True, "sending", "unknown"),
    ("after_mark", True, "sent", "sent"),
]


def send_and_die(place: str) -> None:
    """Run the worker's task in a process of its own that the crash point kills."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        os.environ["QUIETROOM_CRASH"] = place
        try:
            tasks.deliver_due()
        finally:
            os._exit(0)  # not reached where the crash point works; never back into the test
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"nothing died at {place}"
    assert os.WTERMSIG(status) == signal.SIGKILL


def the_row() -> Reminder:
    return Reminder.objects.get(kind="booked")


def later() -> datetime:
    """When leases are over and the provider would know."""
    return timezone.now() + LEASE + ACCEPT_LATENCY + timedelta(seconds=2)


@pytest.mark.parametrize(("place", "is_out", "state", "expired"), PLACES, ids=[place for place, *_ in PLACES])
def test_a_death_there_costs_nothing(
    clinic: Clinic, twilio: FakeTwilio, place: str, is_out: bool, state: str, expired: str
) -> None:
    due_texts(clinic, 1)
    send_and_die(place)
    assert (sum(by_number(twilio).values()), the_row().state) == (is_out, state)

    if state != "planned":
        deliver.deliver_due(clock=timezone.now)  # another worker, at once: the row is not for it to send
    assert sum(by_number(twilio).values()) == is_out

    resolve.expire_leases(now=later())
    assert the_row().state == expired
    resolve.resolve_unknown(clock=later)
    deliver.deliver_due(clock=later)
    assert (sum(by_number(twilio).values()), the_row().state) == (1, "sent")
    assert Message.objects.get(outcome="accepted").provider_ref == twilio.accepted()[0]["sid"]


def test_the_control_doubles(clinic: Clinic, twilio: FakeTwilio) -> None:
    """What almost everybody does: take an expired lease for a message that was not sent."""
    SendingPolicy.objects.create(pk=1, texts_per_day=0)  # the cap would stop the second text as well
    due_texts(clinic, 1)
    send_and_die("after_accept")
    Message.objects.update(outcome="unknown")
    Reminder.objects.filter(state="sending").update(state="planned", lease_token=None, lease_until=None)
    deliver.deliver_due(clock=later)
    assert list(by_number(twilio).values()) == [2]
