"""Text messages through Twilio's REST API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from notifications.channels import (
    Channel,
    DeliveryError,
    OutcomeUnknown,
    Outgoing,
    Receipt,
    refuse_if_expired,
    refuse_if_late,
    seconds_asked_for,
)
from notifications.channels.codes import OURS
from notifications.channels.one_request import AnswerLost, NeverLeft, Reply, ask
from notifications.redaction import redacted

CONNECT_SECONDS, TIMEOUT_SECONDS = 5, 10  # of each step; with TLS at most 30 in all
LONGEST_VALIDITY_SECONDS = 36_000  # Twilio's limit, and its default
PAGE_SIZE, MOST_PAGES = 200, 20
CLOCK_SKEW = timedelta(minutes=2)

STATUS_PATH = "/webhooks/twilio/status"  # said here too: a worker need not read all our addresses for it
OPTED_OUT = "21610"  # the client has answered STOP

# About the account or the moment, not about the message: an operator mends it and what waits goes out.
NOT_ABOUT_THE_MESSAGE = frozenset({401, 403, 404, 408, 429})


class TwilioChannel(Channel):
    """Twilio knows no idempotency key, so a lost answer is never followed by a second try."""

    provider = "twilio"
    begins_at_once = calls_at_once = 10  # an answer takes a tenth of a second; Twilio takes 100 at once

    def send(self, outgoing: Outgoing) -> Receipt:
        form = {
            "To": outgoing.to,
            # The id of a messaging service (MG…) may stand where a number does.
            "MessagingServiceSid" if settings.TWILIO_FROM.startswith("MG") else "From": settings.TWILIO_FROM,
            "Body": outgoing.body,
            # From here the network drops it instead of delivering it late.
            "ValidityPeriod": str(min(LONGEST_VALIDITY_SECONDS, int(refuse_if_expired(outgoing)))),
        }
        if callback := _callback(outgoing.token):
            form["StatusCallback"] = callback

        reply = _answer("POST", _messages_url(), form, last_look=lambda: refuse_if_late(outgoing))
        if not reply.is_success:
            _refuse(reply)
        match _json(reply):
            case {"sid": str(sid)} if sid:
                return Receipt(self.provider, sid)
            case _:
                raise OutcomeUnknown("unreadable_answer")  # taken, but by what reference?

    def find(self, outgoing: Outgoing, *, sent_after: datetime) -> list[Receipt]:
        """Twilio keeps no reference of ours: look for the same words to the same number, oldest first.

        Without its filter by DateSent: a message that still waits in Twilio's queue has none.
        """
        url = f"{_messages_url()}?{urlencode({'To': outgoing.to, 'PageSize': PAGE_SIZE})}"
        found: list[tuple[datetime, str]] = []
        for _page in range(MOST_PAGES):
            rows, next_page = _look_up(url)
            # A trial account puts a sentence of its own in front.
            found += [(at, sid) for at, body, sid in rows if redacted(body).endswith(outgoing.body)]
            if not next_page:
                break
            url = settings.TWILIO_BASE_URL + next_page
        else:
            raise DeliveryError("too_many_pages", permanent=True)  # "not there" would be a guess
        since = sent_after - CLOCK_SKEW
        return [Receipt(self.provider, sid) for at, sid in sorted(found) if at >= since]


def _callback(token: str) -> str:
    """Where Twilio reports; nowhere if it can't reach us. The token finds a message whose answer was lost."""
    if urlsplit(settings.PUBLIC_URL).hostname == "localhost":
        return ""
    return f"{settings.PUBLIC_URL}{STATUS_PATH}?message={token}"


def _messages_url() -> str:
    return f"{settings.TWILIO_BASE_URL}/2010-04-01/Accounts/{settings.TWILIO_ACCOUNT_SID}/Messages.json"


def _answer(
    method: str,
    url: str,
    form: dict[str, str] | None = None,
    *,
    last_look: Callable[[], None] = lambda: None,
) -> Reply:
    account = (settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)
    try:
        return ask(
            method,
            url,
            account=account,
            form=form,
            connect_seconds=CONNECT_SECONDS,
            seconds=TIMEOUT_SECONDS,
            last_look=last_look,
        )
    except NeverLeft as exc:
        raise DeliveryError(str(exc), permanent=False) from None
    except AnswerLost as exc:
        raise OutcomeUnknown(str(exc)) from None


def _look_up(url: str) -> tuple[list[tuple[datetime, str, str]], str | None]:
    """Return (created, body, sid) of the messages on a page, and the path of the next page."""
    try:
        reply = _answer("GET", url)
    except OutcomeUnknown as exc:
        raise DeliveryError(exc.code, permanent=False) from None  # a question may be asked again
    if not reply.is_success:
        raise DeliveryError(
            f"http_{reply.status}",
            permanent=False,
            retry_after=_retry_after(reply),
        )
    try:
        page: Any = reply.json()
        rows = [(parsedate_to_datetime(m["date_created"]), m["body"], m["sid"]) for m in page["messages"]]
        return rows, page.get("next_page_uri")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeliveryError("unreadable_answer", permanent=False) from None


def _refuse(reply: Reply) -> NoReturn:
    """Turn an answer that is no success into the exception that says what it means."""
    status = reply.status
    if status >= 500:
        # Twilio may have queued the message before it failed to say so.
        raise OutcomeUnknown(f"http_{status}")
    match _json(reply):
        case {"code": int(number)}:
            code = str(number)
        case _:
            code = f"http_{status}"
    retryable = status in NOT_ABOUT_THE_MESSAGE or status < 400 or code in OURS
    raise DeliveryError(code, permanent=not retryable, retry_after=_retry_after(reply))


def _retry_after(reply: Reply) -> float | None:
    return seconds_asked_for(reply.headers.get("Retry-After", ""))


def _json(reply: Reply) -> object:
    try:
        return reply.json()
    except ValueError:
        return None
