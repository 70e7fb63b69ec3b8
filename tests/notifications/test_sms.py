"""The Twilio channel against a server that speaks Twilio's protocol, on this machine."""

import logging
import socket
import threading
import time
import traceback
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from notifications.channels import (
    DeliveryError,
    OutcomeUnknown,
    Outgoing,
    Receipt,
    Unconfigured,
    channel_for,
    one_request,
)
from notifications.channels import sms as sms_module
from notifications.channels.outbox import OutboxChannel
from notifications.channels.sms import OPTED_OUT, TwilioChannel
from notifications.models import OutboxMessage
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio

NUMBER, BODY = "+12025550143", "Riverbend: You are booked Tue Nov 24 at 9:30 am."


@pytest.fixture
def twilio(tmp_path, settings):
    with FakeTwilio(tmp_path / "twilio.jsonl") as fake:
        settings.TWILIO_BASE_URL = fake.base_url
        settings.TWILIO_ACCOUNT_SID = ACCOUNT_SID
        settings.TWILIO_AUTH_TOKEN = AUTH_TOKEN
        settings.TWILIO_FROM = "+12025550100"
        settings.PUBLIC_URL = "https://desk.example.org"
        yield fake


@pytest.fixture
def impatient(monkeypatch):
    """The real time-outs, in a size for tests."""
    monkeypatch.setattr(sms_module, "TIMEOUT_SECONDS", 0.3)


def outgoing(*, seconds=3600, **changes):
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
    usual = {"token": "tok-1", "to": NUMBER, "subject": "", "body": BODY, "language": "en"}
    return Outgoing(**(usual | changes), expires_at=expires_at)


def send(**changes):
    return TwilioChannel().send(outgoing(**changes))


def test_it_is_accepted_once_with_all_that_twilio_needs(twilio):
    receipt = send()

    (message,) = twilio.accepted()
    assert receipt == Receipt("twilio", message["sid"])
    assert (message["to"], message["from"], message["body"]) == (NUMBER, "+12025550100", BODY)


def test_a_messaging_service_takes_the_place_of_a_number(twilio, settings):
    settings.TWILIO_FROM = "MG" + "0" * 32
    send()
    (message,) = twilio.accepted()
    assert (message["messaging_service_sid"], message["from"]) == (settings.TWILIO_FROM, None)


@pytest.mark.parametrize(
    ("seconds", "least", "most"),
    [
        (90.9, 88, 90),  # whole seconds, rounded towards dropping it
        (36_000 + 3600, 36_000, 36_000),  # Twilio's own limit
        (2.5, 1, 2),
    ],
)
def test_twilio_is_told_until_when_it_may_deliver(twilio, seconds, least, most):
    send(seconds=seconds)
    assert least <= twilio.accepted()[0]["validity_period"] <= most


def test_what_has_expired_is_not_sent(twilio):
    with pytest.raises(DeliveryError) as caught:
        send(seconds=0.5)
    assert (caught.value.code, caught.value.permanent) == ("expired", True)
    assert twilio.requests == []


def test_who_wakes_up_after_others_may_have_looked_hands_nothing_over(twilio, monkeypatch):
    """It slept with the connection made: the last look comes after that, and before the words."""
    by = datetime.now(UTC) + timedelta(seconds=30)
    assert send(hand_over_by=by).provider == "twilio"
    moments = iter([by])  # refuse_if_expired
    monkeypatch.setattr("practice.present.now", lambda: next(moments, by + timedelta(seconds=1)))
    with pytest.raises(DeliveryError) as caught:
        send(hand_over_by=by)
    assert (caught.value.code, caught.value.permanent) == ("woke_up_late", False)
    assert len(twilio.requests) == 1


def test_no_callback_is_asked_for_where_twilio_could_not_reach_us(twilio, settings):
    settings.PUBLIC_URL = "http://localhost:8000"
    send()
    assert twilio.accepted()[0]["status_callback"] is None


def test_twilio_is_told_where_we_listen():
    assert reverse("twilio_status") == sms_module.STATUS_PATH


def test_it_goes_through_the_proxy_that_the_environment_names(twilio, monkeypatch):
    """And is not sent when the proxy does not let it through."""
    asked = []
    proxy = socket.create_server(("127.0.0.1", 0))

    def take_one_and_refuse():
        connection, _address = proxy.accept()
        asked.append(connection.recv(1000).decode())
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        connection.close()

    threading.Thread(target=take_one_and_refuse).start()
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://ada:secret@127.0.0.1:{proxy.getsockname()[1]}")
    one_request.proxy_for.cache_clear()
    try:
        with pytest.raises(DeliveryError) as caught:
            send()
    finally:
        one_request.proxy_for.cache_clear()
        proxy.close()
    assert (caught.value.code, caught.value.permanent) == ("OSError", False)
    assert asked[0].startswith(f"CONNECT {urlsplit(twilio.base_url).netloc} ")
    assert "Proxy-Authorization: Basic YWRhOnNlY3JldA==" in asked[0]
    assert twilio.requests == []


@pytest.mark.parametrize("address", ["", "api.twilio.com", "https://"])
def test_an_address_that_is_none_sends_nothing(settings, twilio, address):
    settings.TWILIO_BASE_URL = address
    with pytest.raises(DeliveryError, match="no_address"):
        send()


# What the provider does, what it means, and whether the message is out.
REFUSED = [
    # (instruction, to, code, permanent, retry_after)
    ("", "+15005550001", "21211", True, None),  # no such number
    ("", "+15005550004", OPTED_OUT, True, None),  # has answered STOP
    ("", "+15005550009", "21614", True, None),  # a landline
    ("error:21606", NUMBER, "21606", False, None),  # our own number is not ours: for an operator
    ("http:400", NUMBER, "http_400", True, None),  # a refusal without Twilio's JSON
    ("error:20003", NUMBER, "20003", False, None),  # the account's password is old: mended, it goes out
    ("error:20404", NUMBER, "20404", False, None),
    ("http:408", NUMBER, "http_408", False, None),
    ("429", NUMBER, "20429", False, 7),
    ("429:120", NUMBER, "20429", False, 120),
    ("429_date", NUMBER, "20429", False, 30),
    ("redirect", NUMBER, "http_307", False, None),  # not followed: the form holds a number
]


@pytest.mark.parametrize(("instruction", "to", "code", "permanent", "retry_after"), REFUSED)
def test_a_refusal_is_definite(twilio, instruction, to, code, permanent, retry_after):
    if instruction:
        twilio.misbehave(instruction)
    with pytest.raises(DeliveryError) as caught:
        send(to=to)
    assert (caught.value.code, caught.value.permanent) == (code, permanent)
    assert caught.value.retry_after == (retry_after and pytest.approx(retry_after, abs=2))
    assert twilio.accepted() == []


@pytest.mark.parametrize(
    ("instruction", "code", "is_out"),
    [
        ("drop_request", "RemoteDisconnected", False),  # looks the same as the next one from here
        ("drop_reply", "RemoteDisconnected", True),
        ("half_reply", "IncompleteRead", True),
        ("500_before", "http_500", False),  # looks the same as the next one from here
        ("500_after", "http_500", True),
        ("http:503", "http_503", False),
        ("no_sid", "unreadable_answer", True),
        ("hang", "TimeoutError", False),
        ("slow:2", "TimeoutError", True),
    ],
)
def test_a_lost_answer_is_unknown_and_not_tried_again(twilio, impatient, instruction, code, is_out):
    twilio.misbehave(instruction)
    with pytest.raises(OutcomeUnknown) as caught:
        send()
    assert caught.value.code == code
    assert len(twilio.requests) == 1
    assert len(twilio.accepted()) == is_out


def test_a_closed_door_is_a_definite_no(twilio, settings):
    settings.TWILIO_BASE_URL = "http://127.0.0.1:1"
    with pytest.raises(DeliveryError) as caught:
        send()
    assert (caught.value.code, caught.value.permanent) == ("ConnectionRefusedError", False)


def test_a_wrong_password_is_not_the_messages_fault(twilio, settings):
    settings.TWILIO_AUTH_TOKEN = "old"
    with pytest.raises(DeliveryError) as caught:
        send()
    assert (caught.value.code, caught.value.permanent) == ("20003", False)


# Looking a lost message up


def test_it_finds_what_was_taken_without_an_answer(twilio):
    started_at = datetime.now(UTC)
    twilio.misbehave("drop_reply")
    with pytest.raises(OutcomeUnknown):
        send()

    found = TwilioChannel().find(outgoing(), sent_after=started_at)

    assert found == [Receipt("twilio", twilio.accepted()[0]["sid"])]


def test_it_finds_nothing_that_was_not_taken(twilio):
    started_at = datetime.now(UTC)
    twilio.misbehave("drop_request")
    with pytest.raises(OutcomeUnknown):
        send()
    assert TwilioChannel().find(outgoing(), sent_after=started_at) == []


def test_only_the_same_words_to_the_same_number_since_then_count(twilio):
    now = datetime.now(UTC)
    twilio.plant(to=NUMBER, body=BODY, at=now - timedelta(days=7))  # last week's
    twilio.plant(to=NUMBER, body="Riverbend: See you soon.", at=now)  # other words
    twilio.plant(to="+12025550199", body=BODY, at=now)  # another client
    second = twilio.plant(
        to=NUMBER, body="Sent from a trial account - " + BODY, at=now + timedelta(seconds=9)
    )
    first = twilio.plant(to=NUMBER, body=BODY, at=now)

    found = TwilioChannel().find(outgoing(), sent_after=now)

    assert [receipt.provider_ref for receipt in found] == [first, second]  # oldest first


def test_a_look_up_reads_every_page(twilio, monkeypatch):
    monkeypatch.setattr(sms_module, "PAGE_SIZE", 2)
    now = datetime.now(UTC)
    planted = [twilio.plant(to=NUMBER, body=BODY, at=now + timedelta(seconds=i)) for i in range(5)]
    found = TwilioChannel().find(outgoing(), sent_after=now)
    assert [receipt.provider_ref for receipt in found] == planted


def test_a_look_up_that_cannot_read_to_the_end_does_not_say_no(twilio, monkeypatch):
    monkeypatch.setattr(sms_module, "PAGE_SIZE", 1)
    monkeypatch.setattr(sms_module, "MOST_PAGES", 2)
    for _ in range(3):
        twilio.plant(to=NUMBER, body="other words", at=datetime.now(UTC))
    with pytest.raises(DeliveryError, match="too_many_pages"):
        TwilioChannel().find(outgoing(), sent_after=datetime.now(UTC))


def test_a_look_up_without_an_answer_may_be_asked_again(twilio, settings):
    settings.TWILIO_AUTH_TOKEN = "old"
    with pytest.raises(DeliveryError) as caught:
        TwilioChannel().find(outgoing(), sent_after=datetime.now(UTC))
    assert (caught.value.code, caught.value.permanent) == ("http_401", False)


# What is not ours to tell


def test_no_log_line_and_no_exception_holds_a_number_or_a_text(twilio, settings, caplog, impatient):
    caplog.set_level(logging.DEBUG)
    said = []
    for instruction in ("", "drop_reply", "hang", "error:21614", "500_after"):
        if instruction:
            twilio.misbehave(instruction)
        try:
            send()
        except (DeliveryError, OutcomeUnknown) as exc:
            said += traceback.format_exception(exc)
    TwilioChannel().find(outgoing(), sent_after=datetime.now(UTC))
    settings.TWILIO_BASE_URL = "http://127.0.0.1:1"
    for call in (send, lambda: TwilioChannel().find(outgoing(), sent_after=datetime.now(UTC))):
        with pytest.raises(DeliveryError) as caught:
            call()
        said += traceback.format_exception(caught.value)

    text = "\n".join([*said, caplog.text])
    assert "notifications.channels.OutcomeUnknown: TimeoutError" in text
    assert "http.client." not in text  # its exceptions hold what was sent or read
    assert "2025550143" not in text
    assert "booked" not in text


def test_the_log_of_what_was_accepted_survives_the_fake(twilio, tmp_path):
    send()
    with FakeTwilio(tmp_path / "twilio.jsonl") as successor:
        assert successor.accepted() == twilio.accepted() != []


def test_a_hanging_provider_costs_no_more_than_the_time_out(twilio, impatient):
    twilio.misbehave("hang")
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        send()
    assert time.monotonic() - started < 3


# Which channel


@pytest.mark.parametrize("name", ["sms", "email"])
def test_without_a_provider_what_is_due_waits(settings, name):
    settings.DEMO = False
    settings.TWILIO_ACCOUNT_SID = settings.EMAIL_HOST = ""
    with pytest.raises(DeliveryError) as caught:
        channel_for(name).send(outgoing())
    assert (caught.value.code, caught.value.permanent) == ("channel_not_configured", False)
    assert isinstance(channel_for(name), Unconfigured)


@pytest.mark.parametrize("name", ["sms", "email"])
def test_the_demo_without_a_provider_has_an_outbox(settings, name):
    settings.DEMO = True
    settings.TWILIO_ACCOUNT_SID = settings.EMAIL_HOST = ""
    assert channel_for(name).provider == "outbox"


@pytest.mark.parametrize("is_demo", [True, False])
def test_a_provider_is_used_where_there_is_one(settings, twilio, is_demo):
    settings.DEMO, settings.EMAIL_HOST = is_demo, "mail.example.org"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert [channel_for(name).provider for name in ("sms", "email")] == ["twilio", "smtp"]


def test_there_is_no_other_channel():
    with pytest.raises(KeyError):
        channel_for("fax")


# The outbox


@pytest.mark.django_db
def test_the_outbox_keeps_the_same_token_once():
    channel, token = OutboxChannel("sms"), str(uuid.uuid4())
    assert channel.find(outgoing(token=token), sent_after=datetime.now(UTC)) == []

    receipts = [channel.send(outgoing(token=token)) for _ in range(2)]

    assert receipts == channel.find(outgoing(token=token), sent_after=datetime.now(UTC)) * 2
    message = OutboxMessage.objects.get()
    assert (message.channel, message.recipient, message.body) == ("sms", NUMBER, BODY)


@pytest.mark.django_db
def test_the_outbox_takes_nothing_that_has_expired():
    with pytest.raises(DeliveryError, match="expired"):
        OutboxChannel("email").send(outgoing(token=str(uuid.uuid4()), seconds=0))
    assert not OutboxMessage.objects.exists()
