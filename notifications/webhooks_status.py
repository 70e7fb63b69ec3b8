"""Where providers report what became of a message. Anybody can call; only the provider is believed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from anymail.exceptions import AnymailError
from anymail.signals import AnymailTrackingEvent, RejectReason
from anymail.webhooks.amazon_ses import AmazonSESBaseWebhookView, AmazonSESTrackingWebhookView
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.resend import ResendTrackingWebhookView
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications import reconcile, reports
from notifications.channels.twilio_signature import MOST_BYTES, is_from_twilio
from notifications.models import ProviderEvent
from notifications.reports import Report
from practice import present

Status = ProviderEvent.Status
TWILIO = {
    "accepted": Status.ACCEPTED,
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.UNDELIVERED,
    "canceled": Status.UNDELIVERED,
}
EMAIL = {
    "queued": Status.ACCEPTED,
    "sent": Status.ACCEPTED,
    "deferred": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "rejected": Status.UNDELIVERED,
    "failed": Status.UNDELIVERED,
    "bounced": Status.BOUNCED,
    "complained": Status.COMPLAINED,
    "unsubscribed": Status.COMPLAINED,
}
PASSING = frozenset({RejectReason.TIMED_OUT, RejectReason.BLOCKED, RejectReason.OTHER})
OLDEST_SECONDS = 12 * 3600  # Mailgun tries again for eight hours


class Mailgun(MailgunTrackingWebhookView):
    """Its signature is about a number used once, not about the report: so that stands for the report."""

    def parse_events(self, request: HttpRequest) -> list[AnymailTrackingEvent]:
        events: list[AnymailTrackingEvent] = super().parse_events(request)
        signed = events[0].esp_event.get("signature", events[0].esp_event)
        if abs(present.now().timestamp() - float(signed["timestamp"])) > OLDEST_SECONDS:
            raise SuspiciousOperation("stale")
        for event in events:
            event.event_id = signed["token"]
        return events


class Ses(AmazonSESTrackingWebhookView):
    """Through SNS, of one topic. A subscription is confirmed by hand, which spares us Amazon's library."""

    def __init__(self, **kwargs: Any) -> None:
        self.auto_confirm_enabled = False
        super(AmazonSESBaseWebhookView, self).__init__(**kwargs)

    def validate_request(self, request: HttpRequest) -> None:
        topic = str(self._parse_sns_message(request).get("TopicArn"))
        if not settings.SES_TOPIC_ARN or not constant_time_compare(topic, settings.SES_TOPIC_ARN):
            raise SuspiciousOperation("topic")


READERS: dict[str, Callable[[str], AnymailBaseWebhookView]] = {
    "mailgun": lambda secret: Mailgun(webhook_signing_key=secret),
    "resend": lambda secret: ResendTrackingWebhookView(webhook_secret=secret),
    "ses": lambda secret: Ses(webhook_secret=secret),
}


@csrf_exempt
@require_POST
def twilio_status(request: HttpRequest) -> HttpResponse:
    if not is_from_twilio(request):
        return HttpResponse(status=403)
    form = request.POST
    sid, said = form.get("MessageSid", ""), form.get("MessageStatus", "")
    if sid and said in TWILIO:
        _take(
            [
                Report(
                    provider="twilio",
                    event_key=f"{sid}:{said}",
                    status=TWILIO[said],
                    provider_ref=sid,
                    token=_uuid(request.GET.get("message", "")),
                    error_code=form.get("ErrorCode", "")[:60],
                )
            ]
        )
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
def email_status(request: HttpRequest) -> HttpResponse:
    provider, secrets = settings.EMAIL_PROVIDER, settings.EMAIL_WEBHOOK_SECRETS
    if provider not in READERS or not secrets:
        return HttpResponse(status=404)
    if provider == "ses" and "Authorization" not in request.headers:
        # Only then does SNS say the password that is in the address.
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="webhooks"'})
    try:
        if len(request.body) > MOST_BYTES:
            return HttpResponse(status=413)
        events = _events(request, [READERS[provider](secret) for secret in secrets])
    except SuspiciousOperation:
        return HttpResponse(status=403)
    except (AnymailError, LookupError, ValueError, TypeError, AttributeError):
        return HttpResponse(status=400)
    _take(_email_reports(provider, events))
    return HttpResponse(status=204)


def _events(request: HttpRequest, readers: Iterable[AnymailBaseWebhookView]) -> list[AnymailTrackingEvent]:
    """Read with the first secret that fits. Raises SuspiciousOperation if none does."""
    for reader in readers:
        try:
            reader.run_validators(request)
        except SuspiciousOperation:
            continue
        events: list[AnymailTrackingEvent] = reader.parse_events(request)
        return events
    raise SuspiciousOperation("secret")


def _email_reports(provider: str, events: Iterable[AnymailTrackingEvent]) -> Iterator[Report]:
    for event in events:
        status = EMAIL.get(event.event_type)
        if status is None:
            continue  # opened, clicked: we do not follow people
        if status == Status.BOUNCED and _may_pass(event):
            status = Status.UNDELIVERED
        said = status.value if status in (Status.BOUNCED, Status.COMPLAINED) else ""
        key = event.event_id or f"{event.message_id}:{event.event_type}:{event.timestamp}"
        yield Report(
            provider=provider,
            event_key=str(key)[:200],
            status=status,
            provider_ref=str(event.message_id or "")[:120],
            token=_uuid(str((event.metadata or {}).get("message", ""))),
            error_code=said or (str(event.reject_reason or "")[:60] if status == Status.UNDELIVERED else ""),
        )


def _may_pass(event: AnymailTrackingEvent) -> bool:
    """A mailbox that is full, or a server that is busy, takes the next mail: the address is not to blame."""
    return event.reject_reason in PASSING or str(event.description or "").startswith("Transient")


def _take(found: Iterable[Report]) -> None:
    now = present.now()
    touched = {booking for report in found if (booking := reports.take(report, now=now)) is not None}
    if touched:
        reconcile.reconcile_these(touched, now=now)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


urlpatterns = [
    path("twilio/status", twilio_status, name="twilio_status"),
    path("email", email_status, name="email_status"),
]
