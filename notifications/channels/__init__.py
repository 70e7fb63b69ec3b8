"""The ways to reach a client. Every channel keeps one contract; see `Channel`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Self

from django.conf import settings

from notifications.crash import crash_here
from practice import present


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One attempt. `token` is unique to it and travels along where the provider lets it.

    `to` is an E.164 number or an email address. `sender_name` is the practice's neutral name; a text
    carries it in its body. It is of no use from `expires_at` on. After `hand_over_by` the provider must not
    get it any more: others may have taken it for lost by then, and sent it.
    """

    token: str
    to: str
    subject: str
    body: str
    expires_at: datetime
    language: str
    sender_name: str = ""
    hand_over_by: datetime | None = None


class Receipt(NamedTuple):
    provider: str
    provider_ref: str


class DeliveryError(Exception):
    """The provider definitely did not take the message.

    `permanent`: no use to try this message again. `retry_after`: seconds the provider asked to wait.
    `code` is the provider's own where it has one, and never holds an address.
    """

    def __init__(self, code: str, *, permanent: bool, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent
        self.retry_after = retry_after


class OutcomeUnknown(Exception):
    """The provider may or may not have taken the message: its answer was lost."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Channel(ABC):
    """Sends a message and never tries twice: whoever calls knows what was sent before.

    As a context manager it may keep its connection between sends. At most `calls_at_once` threads may be in
    `send`, and one in everything else; where they are several, none uses the database.
    Nothing in it logs an address or a text, and its exceptions carry codes only.
    """

    provider: str
    # How many sends are noted as begun in the first go: what a killed worker leaves in doubt. Few where the
    # provider can't be asked afterwards. From then on it follows how fast the provider is.
    begins_at_once: int = 4
    calls_at_once: int = 1

    @abstractmethod
    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand the message over. Raises DeliveryError or OutcomeUnknown."""

    def find(self, outgoing: Outgoing, *, sent_after: datetime) -> list[Receipt] | None:
        """Return what the provider has of this message since `sent_after`, None if it can't tell.

        Raises DeliveryError if the provider did not answer the question.
        """
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None


class Unconfigured(Channel):
    """Stands in for a provider that nobody has set up: what is due waits for it until it expires."""

    provider = "none"

    def send(self, outgoing: Outgoing) -> Receipt:
        raise DeliveryError("channel_not_configured", permanent=False)


def channel_for(name: str) -> Channel:
    """Return the channel for "sms" or "email" by the settings; the outbox in a demo without a provider.

    Raises KeyError for another name.
    """
    # Inside, because the channels import this module's contract.
    from notifications.channels.email import EmailChannel
    from notifications.channels.outbox import OutboxChannel
    from notifications.channels.sms import TwilioChannel

    make: Callable[[], Channel]
    is_set_up, make = {
        "sms": (bool(settings.TWILIO_ACCOUNT_SID), TwilioChannel),
        "email": (bool(settings.EMAIL_HOST or settings.EMAIL_API_KEY), EmailChannel),
    }[name]
    if is_set_up:
        return make()
    return OutboxChannel(name) if settings.DEMO else Unconfigured()


def refuse_if_expired(outgoing: Outgoing) -> float:
    """Return the seconds until it expires. Raises DeliveryError if there are none."""
    seconds = (outgoing.expires_at - present.now()).total_seconds()
    if seconds < 1:
        raise DeliveryError("expired", permanent=True)
    return seconds


def refuse_if_late(outgoing: Outgoing) -> None:
    """The last look, with the connection made, before the words leave: a process may have slept until now.

    Raises DeliveryError.
    """
    crash_here("at_hand_over")
    if outgoing.hand_over_by is not None and present.now() > outgoing.hand_over_by:
        raise DeliveryError("woke_up_late", permanent=False)


def seconds_asked_for(retry_after: str) -> float | None:
    """What a Retry-After header says, which may be a number or a date; None if it says nothing."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - present.now()).total_seconds())
    except (ValueError, TypeError):
        return None
