"""Email through Django's mail backend, SMTP unless the settings name another."""

from __future__ import annotations

import contextlib
import json
import re
import smtplib
import time
from email.utils import parseaddr, quote
from functools import lru_cache
from typing import Any

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused, AnymailRequestsAPIError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.utils.functional import cached_property

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

DJANGO_SMTP = "django.core.mail.backends.smtp.EmailBackend"
LATEST_DATA_SECONDS = 20  # after this a text is not begun: the sender's lease must outlast its end
GOODBYE_SECONDS = 2
ASK_AFTER_SECONDS = 2  # a connection that rested longer may be gone
ABOUT_THE_MESSAGE = frozenset({400, 413, 422})  # an API's refusals that last; the others an operator mends
AS_IT_IS = frozenset({"7bit", "8bit"})  # encodings that are none
LONGEST_LINE = 76  # of a header that needs no folding
LINE_END = re.compile(rb"\r\n|\r|\n")
LOG_IN_FIRST = frozenset({530, 534, 535, 538})  # RFC 4954, wherever a server says it


class Smtp(smtplib.SMTP):
    """A connection that remembers whether a text was begun.

    Before its text the server cannot have taken the message; after it, only the server knows.
    """

    data_begun = False
    begin_data_by = float("inf")  # time.monotonic()
    outgoing: Outgoing | None = None

    def send(self, s: Any) -> None:
        """Commands are sent as text, and only what stands for a message as bytes."""
        if isinstance(s, bytes):
            if self.outgoing is not None:
                refuse_if_late(self.outgoing)
            if time.monotonic() > self.begin_data_by:
                raise DeliveryError("smtp_slow", permanent=False)
            self.data_begun = True
        super().send(s)


class SmtpOverTls(Smtp, smtplib.SMTP_SSL):
    pass


class SmtpBackend(EmailBackend):
    @property
    def connection_class(self) -> type[Smtp]:
        return SmtpOverTls if self.use_ssl else Smtp

    def _send(self, email_message: EmailMessage) -> bool:
        """As Django's, which puts sender and text together anew each time."""
        sender = _sender(email_message.from_email)
        recipients = [
            to if to.isascii() else sanitize_address(to, "utf-8") for to in email_message.recipients()
        ]
        assert self.connection is not None
        self.connection.sendmail(sender, recipients, written(email_message.message()))
        return True

    def hang_up(self) -> None:
        """Close without a word: the other side may not be listening any more."""
        for smtp in (self._partial_connection, self.connection):  # type: ignore[attr-defined]  # not in the stubs
            if smtp is not None:
                smtp.close()
        self.close()


_sender = lru_cache(maxsize=16)(lambda address: sanitize_address(address, "utf-8"))


class Mail(EmailMessage):
    """Put together once, before the server hears of it."""

    @cached_property
    def _whole(self) -> Any:
        return super().message()

    def message(self, **_policy: Any) -> Any:
        return self._whole


def written(message: Any) -> bytes:
    """The bytes of it, as the standard library writes them, but quicker where no header wants folding."""
    lines = [f"{name}: {value}" for name, value in message.items()]
    is_plain = all(len(line) <= LONGEST_LINE and line.isascii() and "\n" not in line for line in lines)
    if not is_plain or message["Content-Transfer-Encoding"] not in AS_IT_IS:
        return message.as_bytes(linesep="\r\n")
    text: Any = message.get_payload(decode=True)
    return LINE_END.sub(b"\r\n", "\n".join((*lines, "", "")).encode() + text)


class EmailChannel(Channel):
    """SMTP knows no idempotency key and no look-up: a lost answer is for a person, unless a provider reports.

    The Message-ID is made from the token, so that a double can be recognised in the client's mailbox.
    """

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None
        self._keeps_connection = False
        self._used_at = 0.0  # time.monotonic()

    @cached_property
    def provider(self) -> str:  # type: ignore[override]
        return settings.EMAIL_PROVIDER

    def send(self, outgoing: Outgoing) -> Receipt:
        refuse_if_expired(outgoing)
        message = _message(outgoing)
        started = time.monotonic()
        backend = self._open()
        try:
            smtp = getattr(backend, "connection", None)
            if isinstance(smtp, Smtp):
                smtp.data_begun, smtp.begin_data_by = False, started + LATEST_DATA_SECONDS
                smtp.outgoing = outgoing
            _hand_over(backend, message)
            self._used_at = time.monotonic()
        except BaseException:
            self._hang_up()
            raise
        if not self._keeps_connection:
            self._close()
        status = getattr(message, "anymail_status", None)
        return Receipt(self.provider, status.message_id if status else message.extra_headers["Message-ID"])

    def __enter__(self) -> EmailChannel:
        self._keeps_connection = True
        return self

    def __exit__(self, *_exc: object) -> None:
        self._keeps_connection = False
        self._close()

    def _open(self) -> BaseEmailBackend:
        """Return an open connection. Whatever fails here, the message has not left."""
        if self._backend is not None:
            was_used_just_now = time.monotonic() - self._used_at < ASK_AFTER_SECONDS
            if was_used_just_now or _is_alive(self._backend):
                return self._backend
        self._close()
        smtp = settings.EMAIL_BACKEND == DJANGO_SMTP
        backend = self._backend = SmtpBackend() if smtp else get_connection()
        try:
            backend.open()
        except smtplib.SMTPResponseException as exc:
            self._hang_up()
            raise DeliveryError(f"smtp_{exc.smtp_code}", permanent=False) from None
        except (smtplib.SMTPException, OSError) as exc:
            self._hang_up()
            raise DeliveryError(type(exc).__name__, permanent=False) from None
        return backend

    def _close(self) -> None:
        """Say goodbye. What goes wrong now says nothing about the messages before."""
        backend, self._backend = self._backend, None
        if backend is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp = getattr(backend, "connection", None)
                if isinstance(smtp, Smtp) and smtp.sock is not None:
                    smtp.sock.settimeout(GOODBYE_SECONDS)
                backend.close()

    def _hang_up(self) -> None:
        if isinstance(self._backend, SmtpBackend):
            self._backend.hang_up()
        self._close()


def _message(outgoing: Outgoing) -> EmailMessage:
    try:
        validate_email(outgoing.to)
    except ValidationError:
        raise DeliveryError("bad_address", permanent=True) from None
    practice, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    domain = address.rpartition("@")[2] or "localhost"
    message = Mail(
        subject=outgoing.subject,
        body=outgoing.body,
        from_email=f'"{quote(outgoing.sender_name or practice)}" <{address}>',
        to=[outgoing.to],
        headers={
            "Message-ID": f"<{outgoing.token}@{domain}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",  # Exchange's holiday replies
            "Content-Language": outgoing.language,
        },
    )
    # Comes back with every report, whatever the provider calls its own reference.
    if settings.EMAIL_PROVIDER == "ses":
        message.extra_headers["X-Metadata"] = json.dumps({"message": outgoing.token})
    else:
        message.metadata = {"message": outgoing.token}  # type: ignore[attr-defined]  # anymail's
    try:
        message.message()
    except ValueError:  # a line break in the subject
        raise DeliveryError("bad_header", permanent=True) from None
    return message


def _hand_over(backend: BaseEmailBackend, message: EmailMessage) -> None:
    # `from None` throughout: smtplib's exceptions hold the client's address.
    try:
        taken = backend.send_messages([message])
    except smtplib.SMTPRecipientsRefused as exc:
        code = max(code for code, _ in exc.recipients.values())
        raise _refused(code) from None
    except smtplib.SMTPNotSupportedError:
        raise DeliveryError("smtp_not_supported", permanent=True) from None
    except smtplib.SMTPResponseException as exc:
        if exc.smtp_code < 400:  # -1: an answer that nobody can read
            raise _lost(backend, "smtp_unreadable") from None
        # MAIL FROM names our account, not the client's.
        raise _refused(exc.smtp_code, is_ours=isinstance(exc, smtplib.SMTPSenderRefused)) from None
    except AnymailError as exc:
        raise _api_error(exc) from None
    except (smtplib.SMTPException, OSError) as exc:
        raise _lost(backend, type(exc).__name__) from None
    if not taken:
        raise DeliveryError("not_taken", permanent=False)


def _refused(code: int, *, is_ours: bool = False) -> DeliveryError:
    """SMTP says which refusals last: 5yz does, 4yz does not.

    What is wrong with our account an operator mends, and what waits goes out.
    """
    is_ours = is_ours or code in LOG_IN_FIRST
    return DeliveryError(f"smtp_{code}", permanent=code >= 500 and not is_ours)


def _api_error(exc: AnymailError) -> DeliveryError | OutcomeUnknown:
    """A provider's API: below 500 it did not take the mail."""
    if isinstance(exc, AnymailRecipientsRefused):
        return DeliveryError("bad_address", permanent=True)
    if not isinstance(exc, AnymailRequestsAPIError):
        return DeliveryError(type(exc).__name__, permanent=True)  # never left: a header it can't carry
    status = exc.status_code
    if status is None:
        never_left = isinstance(exc.__cause__, requests.exceptions.ConnectTimeout)
        code = type(exc.__cause__ or exc).__name__
        return DeliveryError(code, permanent=False) if never_left else OutcomeUnknown(code)
    if status >= 500 or status < 400:
        return OutcomeUnknown(f"http_{status}")
    retry_after = seconds_asked_for(exc.response.headers.get("Retry-After", ""))
    return DeliveryError(f"http_{status}", permanent=status in ABOUT_THE_MESSAGE, retry_after=retry_after)


def _lost(backend: BaseEmailBackend, code: str) -> DeliveryError | OutcomeUnknown:
    """No answer: harmless before the text was begun. Another backend than ours can't tell."""
    smtp = getattr(backend, "connection", None)
    if isinstance(smtp, Smtp) and not smtp.data_begun:
        return DeliveryError(code, permanent=False)
    return OutcomeUnknown(code)


def _is_alive(backend: BaseEmailBackend) -> bool:
    """A server may have hung up on a kept connection; asking costs less than a lost answer."""
    smtp = getattr(backend, "connection", None)
    if smtp is None:
        return True
    try:
        return bool(smtp.noop()[0] == 250)
    except (smtplib.SMTPException, OSError):
        return False
