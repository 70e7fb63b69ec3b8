"""What providers report: verified, once, in any order, never backwards; and what follows from it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser

from notifications import reports, unreachable
from notifications.channels.twilio_signature import signed_by
from notifications.models import Message, ProviderEvent, Reminder, UnreachableAddress
from notifications.reports import Report
from practice.models import Activity, ChannelConsent, ContactPoint
from tests.cast import at
from tests.fakes.twilio import AUTH_TOKEN
from tests.faults.stage import HOUR, MINUTE, SECOND, TOLD, Stage, clock_at, smtp, stage, twilio

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db

PUBLIC = "https://visits.example.org"
RIDE_DUE = at("2026-11-28 11:00")


@pytest.fixture(autouse=True)
def _public(settings: Any) -> None:
    settings.PUBLIC_URL = PUBLIC
    settings.TWILIO_AUTH_TOKEN_FALLBACK = ""


def twilio_says(status: str, *, sid: str = "", query: str | None = None, sign: str = "", **form: str) -> int:
    message = Message.objects.order_by("pk").last()
    assert message is not None
    form = {"MessageSid": sid or message.provider_ref, "MessageStatus": status, **form}
    path = f"/webhooks/twilio/status?{f'message={message.token}' if query is None else query}"
    params = "".join(name + value for name, value in sorted(form.items()))
    reply = Browser().post(
        path,
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": sign or signed_by(AUTH_TOKEN, PUBLIC + path, params)},
    )
    return reply.status_code


def test_twilio_is_told_where_to_report(stage: Stage) -> None:
    stage.book()
    stage.deliver(TOLD)
    (accepted,) = stage.twilio.accepted()
    token = Message.objects.get().token
    assert accepted["status_callback"] == f"{PUBLIC}/webhooks/twilio/status?message={token}"


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
def test_any_order_any_number_of_times_ends_delivered(stage: Stage, order: tuple[str, ...]) -> None:
    stage.book()
    stage.deliver(TOLD)
    for status in order:
        for _time in range(100 if status == "delivered" else 3):
            assert twilio_says(status) == 204
    assert stage.only().state == "delivered"
    assert ProviderEvent.objects.count() == 3


def test_never_backwards(stage: Stage) -> None:
    stage.book()
    stage.deliver(TOLD)
    twilio_says("delivered")
    for status in ("queued", "sent", "undelivered", "failed"):
        twilio_says(status)
    assert stage.only().state == "delivered"


def test_a_forged_report_is_refused_and_leaves_no_trace(stage: Stage) -> None:
    stage.book()
    stage.deliver(TOLD)
    good = signed_by(AUTH_TOKEN, PUBLIC + "/webhooks/twilio/status", "MessageSidSM1MessageStatusdelivered")
    assert twilio_says("delivered", sign="nonsense") == 403
    assert twilio_says("delivered", sid="SM1", sign=good) == 403  # of another address
    assert twilio_says("undelivered", sid="SM1", sign=good, query="") == 403
    assert Browser().get("/webhooks/twilio/status").status_code == 405
    assert (stage.only().state, ProviderEvent.objects.count()) == ("sent", 0)


def test_each_field_of_a_report_tampered_with_is_refused_and_a_megabyte_is_not_read(stage: Stage) -> None:
    stage.book()
    stage.deliver(TOLD)
    message = Message.objects.get()
    form = {"MessageSid": message.provider_ref, "MessageStatus": "sent", "To": message.recipient}
    params = "".join(name + value for name, value in sorted(form.items()))
    good = signed_by(AUTH_TOKEN, f"{PUBLIC}/webhooks/twilio/status?message={message.token}", params)
    for name in form:
        changed = {**form, name: form[name] + "1"}
        assert (
            twilio_says(changed.pop("MessageStatus"), sid=changed["MessageSid"], sign=good, **changed) == 403
        )
    assert twilio_says("sent", To=form["To"], query=f"message={uuid.uuid4()}", sign=good) == 403
    assert twilio_says("sent", To="x" * 1_000_000) in (400, 403, 413)
    assert (stage.only().state, ProviderEvent.objects.count()) == ("sent", 0)
    assert twilio_says("sent", To=form["To"], sign=good) == 204


def test_a_report_about_nobodys_message_is_kept_and_changes_nothing(stage: Stage) -> None:
    stage.book()
    stage.deliver(TOLD)
    assert twilio_says("delivered", sid="SM" + "9" * 32, query=f"message={uuid.uuid4()}") == 204
    assert twilio_says("delivered", sid="SM" + "8" * 32, query="message=1") == 204
    assert stage.only().state == "sent"
    assert ProviderEvent.objects.filter(message=None).count() == 2


def test_a_report_settles_a_lost_answer(stage: Stage) -> None:
    """The address that Twilio calls has our token, so that we learn its reference by the way."""
    stage.book()
    stage.twilio.misbehave("drop_reply")
    stage.deliver(TOLD)
    assert stage.only().state == "unknown"
    twilio_says("delivered", sid=stage.twilio.accepted()[0]["sid"])
    message = Message.objects.get()
    assert (stage.only().state, message.outcome) == ("delivered", "accepted")
    assert message.provider_ref == stage.twilio.accepted()[0]["sid"]
    stage.resolve(TOLD + HOUR)
    stage.deliver(TOLD + HOUR)
    assert len(stage.texts) == 1


def test_a_landline_gets_no_more_texts_and_mail_takes_over(stage: Stage) -> None:
    booked = stage.book()
    stage.deliver(TOLD)
    with clock_at(TOLD + SECOND):
        twilio_says("undelivered", ErrorCode="30006")
    assert (stage.only().state, stage.only().last_error_code) == ("undelivered", "30006")
    assert UnreachableAddress.objects.get().reason == "landline"
    noted = Activity.objects.get(action="contact.unreachable")
    assert (noted.client_id, noted.data) == (booked.client_id, {"channel": "sms", "reason": "landline"})
    stage.deliver(TOLD + MINUTE)
    assert stage.only(channel="email").state == "sent"
    stage.deliver(RIDE_DUE)
    assert (len(stage.texts), len(stage.mails)) == (1, 2)


def test_a_phone_that_was_off_is_not_given_up(stage: Stage) -> None:
    stage.book()
    stage.deliver(TOLD)
    with clock_at(TOLD + SECOND):
        twilio_says("undelivered", ErrorCode="30003")
    stage.deliver(TOLD + MINUTE)
    assert stage.only(channel="email").state == "sent"  # this one by mail
    stage.deliver(RIDE_DUE)
    assert len(stage.texts) == 2  # the next as a text again


@pytest.mark.parametrize(
    ("number", "reason"),
    [("+15005550001", "invalid"), ("+15005550004", "opted_out"), ("+15005550009", "landline")],
)
def test_a_number_refused_at_once_is_remembered_too(stage: Stage, number: str, reason: str) -> None:
    stage.book()
    ContactPoint.objects.filter(channel="sms").update(value=number)
    stage.deliver(TOLD)
    assert UnreachableAddress.objects.get().reason == reason
    stage.deliver(RIDE_DUE)
    assert len(stage.twilio.requests) == 1


def test_a_new_number_or_the_word_of_a_person_opens_the_channel(stage: Stage) -> None:
    stage.book()
    stage.deliver(TOLD)
    with clock_at(TOLD + SECOND):
        twilio_says("failed", ErrorCode="30005")
    ContactPoint.objects.filter(channel="sms").update(value="+12025550177")
    stage.reconcile(TOLD + MINUTE)
    assert Reminder.objects.filter(kind="ride_and_support", channel="sms", state="planned").exists()
    ContactPoint.objects.filter(channel="sms").update(value=UnreachableAddress.objects.get().value)
    unreachable.works_again(UnreachableAddress.objects.get(), actor=stage.clinic.kim, now=TOLD + MINUTE)
    stage.reconcile(TOLD + MINUTE)
    assert Reminder.objects.filter(kind="ride_and_support", channel="sms", state="planned").exists()


# Email


def mailgun(event: Mapping[str, Any], *, key: str = "key", ago: float = 0, token: str = "") -> int:
    stamp, token = str(int(time.time() - ago)), token or uuid.uuid4().hex
    signed = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    body = {
        "signature": {"timestamp": stamp, "token": token, "signature": signed},
        "event-data": {"timestamp": time.time(), "recipient": "m@example.org", **event},
    }
    return Browser().post("/webhooks/email", body, content_type="application/json").status_code


def basic(words: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(words.encode()).decode()}


@pytest.fixture
def mail(stage: Stage, settings: Any) -> Message:
    """A mail that was sent."""
    client = stage.clinic.ready_client()
    ChannelConsent.objects.filter(channel="sms").delete()
    stage.book(client)
    stage.deliver(TOLD)
    settings.EMAIL_WEBHOOK_SECRETS = ["key", "old"]
    return Message.objects.get()


def variables(message: Message) -> dict[str, Any]:
    return {"user-variables": {"message": str(message.token)}}


def test_mailgun_delivers_and_bounces(stage: Stage, mail: Message, settings: Any) -> None:
    settings.EMAIL_PROVIDER = "mailgun"
    with clock_at(TOLD):  # requests are young by the clock of everybody
        assert mailgun({"event": "opened", **variables(mail)}) == 204
        assert mailgun({"event": "delivered", **variables(mail)}, key="old") == 204
        assert stage.only(channel="email").state == "delivered"
        assert mailgun({"event": "complained", **variables(mail)}) == 204
    assert UnreachableAddress.objects.get().reason == "complained"
    assert stage.only(channel="email").state == "delivered"


def test_a_bounce_ends_mail_to_that_address(stage: Stage, mail: Message, settings: Any) -> None:
    settings.EMAIL_PROVIDER = "mailgun"
    with clock_at(TOLD):
        bounce = {"event": "failed", "severity": "permanent", "reason": "bounce", **variables(mail)}
        assert mailgun({**bounce, "severity": "temporary"}) == 204
        assert stage.only(channel="email").state == "sent"
        assert mailgun(bounce) == 204
    assert stage.only(channel="email").state == "undelivered"
    assert UnreachableAddress.objects.get().reason == "bounced"
    stage.deliver(RIDE_DUE)
    assert len(stage.mails) == 1


def test_mailgun_forged_stale_or_said_again_with_another_body(
    stage: Stage, mail: Message, settings: Any
) -> None:
    settings.EMAIL_PROVIDER = "mailgun"
    delivered = {"event": "delivered", **variables(mail)}
    with clock_at(TOLD):
        assert mailgun(delivered, key="guess") == 403
        assert mailgun(delivered, ago=24 * 3600) == 403
        assert mailgun({}) == 400
        assert stage.only(channel="email").state == "sent"
        assert mailgun(delivered, token="once") == 204
        assert mailgun({**delivered, "event": "complained"}, token="once") == 204
    assert UnreachableAddress.objects.count() == 0
    huge = Browser().post("/webhooks/email", b"x" * 100_000, content_type="application/json")
    assert huge.status_code == 413


def test_resend(stage: Stage, mail: Message, settings: Any) -> None:
    settings.EMAIL_PROVIDER, settings.EMAIL_WEBHOOK_SECRETS = "resend", ["us:secret"]
    Message.objects.update(provider="resend", provider_ref="re-1")
    body = {"type": "email.delivered", "created_at": "2026-11-23T17:00:00Z", "data": {"email_id": "re-1"}}

    def says(headers: dict[str, str]) -> int:
        reply = Browser().post("/webhooks/email", body, content_type="application/json", headers=headers)
        return reply.status_code

    assert says({}) == says(basic("us:guess")) == 403
    assert stage.only(channel="email").state == "sent"
    assert says({**basic("us:secret"), "svix-id": "msg_1"}) == 204
    assert stage.only(channel="email").state == "delivered"


def sns(kind: str, message: Any, *, topic: str = "arn:aws:sns:us-east-1:1:mail", **auth: str) -> int:
    body = {"Type": kind, "MessageId": "sns-1", "TopicArn": topic, "Message": json.dumps(message)}
    headers = {"x-amz-sns-message-type": kind, "x-amz-sns-message-id": "sns-1", **auth}
    reply = Browser().post("/webhooks/email", json.dumps(body), content_type="text/plain", headers=headers)
    return reply.status_code


def test_amazon_ses(stage: Stage, mail: Message, settings: Any) -> None:
    settings.EMAIL_PROVIDER, settings.EMAIL_WEBHOOK_SECRETS = "ses", ["us:secret"]
    settings.SES_TOPIC_ARN = "arn:aws:sns:us-east-1:1:mail"
    headers = [{"name": "X-Metadata", "value": json.dumps({"message": str(mail.token)})}]
    event = {
        "eventType": "Bounce",
        "mail": {"messageId": "ses-1", "timestamp": "2026-11-23T17:00:00.000Z", "headers": headers},
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "timestamp": "2026-11-23T17:00:00.000Z",
            "bouncedRecipients": [{"emailAddress": mail.recipient}],
        },
    }
    assert sns("Notification", event) == 401
    assert sns("Notification", event, **basic("us:guess")) == 403
    assert sns("Notification", event, topic="arn:aws:sns:us-east-1:2:mail", **basic("us:secret")) == 403
    assert stage.only(channel="email").state == "sent"
    assert sns("SubscriptionConfirmation", "", **basic("us:secret")) == 204
    assert sns("Notification", event, **basic("us:secret")) == 204
    assert stage.only(channel="email").state == "undelivered"
    assert UnreachableAddress.objects.get().reason == "bounced"


def test_without_a_provider_that_reports_there_is_no_such_page(stage: Stage, mail: Message) -> None:
    assert mailgun({"event": "delivered", **variables(mail)}) == 404


def test_a_report_that_comes_before_the_answer(stage: Stage) -> None:
    """Twilio calls while the worker still waits: its own mark then finds everything done."""
    stage.book()
    take = stage.twilio.accept

    def reports_first(form: dict[str, str]) -> dict[str, Any]:
        entry = take(form)
        report = Report(
            provider="twilio",
            event_key="k",
            status="delivered",
            provider_ref=entry["sid"],
            token=uuid.UUID(form["StatusCallback"].rpartition("=")[2]),
        )
        found.append(report)
        return entry

    found: list[Report] = []
    stage.twilio.accept = reports_first  # type: ignore[method-assign]
    begin = reports.take
    stage.deliver(TOLD)
    begin(found[0], now=TOLD)
    assert stage.only().state == "delivered"
