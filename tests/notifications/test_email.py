"""The email channel against a mail server on this machine."""

import logging
import socket
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta

import pytest

from notifications.channels import DeliveryError, OutcomeUnknown, Outgoing, Receipt
from notifications.channels import email as email_module
from notifications.channels.email import EmailChannel
from tests.fakes.smtp import FakeSmtp

ADDRESS = "sam@example.org"


@pytest.fixture
def smtp(tmp_path, settings):
    with FakeSmtp(tmp_path / "mail.jsonl") as fake:
        settings.EMAIL_BACKEND = (
            "django.core.mail.backends.smtp.EmailBackend"  # pytest-django puts another there
        )
        settings.EMAIL_HOST, settings.EMAIL_PORT = fake.host, fake.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = 0.5
        settings.DEFAULT_FROM_EMAIL = "Quietroom <no-reply@riverbend.example>"
        yield fake


def outgoing(*, seconds=3600, **changes):
    usual = {
        "token": "tok-1",
        "to": ADDRESS,
        "subject": "A note",
        "body": "You are booked.\n\nQuestions? Call us.\n",
        "language": "en",
        "sender_name": "Riverbend",
    }
    return Outgoing(**(usual | changes), expires_at=datetime.now(UTC) + timedelta(seconds=seconds))


def send(**changes):
    return EmailChannel().send(outgoing(**changes))


def test_it_is_accepted_once_with_a_message_id_made_from_the_token(smtp):
    receipt = send()

    (mail,) = smtp.accepted()
    assert receipt == Receipt("smtp", "<tok-1@riverbend.example>")
    assert mail["message_id"] == "<tok-1@riverbend.example>"
    assert (mail["from"], mail["to"]) == ("no-reply@riverbend.example", [ADDRESS])
    assert mail["body"] == "You are booked.\n\nQuestions? Call us.\n"


def test_it_says_who_writes_and_that_no_person_did(smtp):
    send()
    headers = smtp.accepted()[0]["headers"]
    assert headers["From"] == "Riverbend <no-reply@riverbend.example>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Content-Language"] == "en"


@pytest.mark.parametrize("name", ["Café del Río", 'The "Quiet" Room', "A, B & C"])
def test_any_name_of_a_practice_arrives(smtp, name):
    send(sender_name=name)
    headers = smtp.accepted()[0]["headers"]
    assert (
        headers["From"].removesuffix(" <no-reply@riverbend.example>").strip('"').replace('\\"', '"') == name
    )


def test_spanish_arrives_with_its_accents(smtp):
    send(subject="Riverbend: cómo descansar hoy", body="¿Cómo se siente? Hasta mañana.\n")
    (mail,) = smtp.accepted()
    assert (mail["subject"], mail["body"]) == (
        "Riverbend: cómo descansar hoy",
        "¿Cómo se siente? Hasta mañana.\n",
    )


@pytest.mark.parametrize("subject", ["A note", "Una cita mañana", "A very long subject " * 6])
@pytest.mark.parametrize("body", ["Plain.\n", "Ñandú\nque vuela\r\n", "." + "x" * 1200 + "\n", "no end", ""])
def test_the_quick_way_to_write_a_mail_writes_what_the_slow_one_does(subject, body):
    message = email_module._message(outgoing(subject=subject, body=body)).message()
    assert email_module.written(message) == message.as_bytes(linesep="\r\n")


def test_what_has_expired_is_not_sent(smtp):
    with pytest.raises(DeliveryError) as caught:
        send(seconds=0)
    assert (caught.value.code, caught.value.permanent) == ("expired", True)
    assert smtp.connection_count == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": "two\nBcc: eve@example.org"}, "bad_header"),
        ({"to": "sam@example.org\nBcc: eve@example.org"}, "bad_address"),
        ({"to": "no address"}, "bad_address"),
        ({"to": ""}, "bad_address"),
    ],
)
def test_what_cannot_be_a_mail_is_refused_before_the_server_hears_of_it(smtp, changes, code):
    with pytest.raises(DeliveryError) as caught:
        send(**changes)
    assert (caught.value.code, caught.value.permanent) == (code, True)
    assert smtp.connection_count == 0


@pytest.mark.parametrize(
    ("instruction", "code", "permanent"),
    [
        ("refuse_recipient:550", "smtp_550", True),  # no such mailbox
        ("refuse_recipient:450", "smtp_450", False),  # greylisted
        ("refuse_recipient:421", "smtp_421", False),  # the server goes down
        ("refuse_sender:530", "smtp_530", False),  # our account, not the message: log in first
        ("refuse_sender:550", "smtp_550", False),
        ("refuse_sender:553", "smtp_553", False),
        ("refuse_recipient:530", "smtp_530", False),
        ("refuse_data:535", "smtp_535", False),
        ("refuse_sender:451", "smtp_451", False),
        ("refuse_data:500", "smtp_500", True),
        ("refuse_data:554", "smtp_554", True),  # taken for spam: an answer, so a definite one
        ("refuse_data:452", "smtp_452", False),  # disk full
        ("refuse_data:421", "smtp_421", False),
        # Gone before the text was begun: nobody has it.
        ("drop_at_mail", "SMTPServerDisconnected", False),
        ("drop_at_recipient", "SMTPServerDisconnected", False),
        ("drop_at_data", "SMTPServerDisconnected", False),
        ("hang_greeting", "SMTPServerDisconnected", False),
    ],
)
def test_a_refusal_is_definite(smtp, instruction, code, permanent):
    smtp.misbehave(instruction)
    with pytest.raises(DeliveryError) as caught:
        send()
    assert (caught.value.code, caught.value.permanent) == (code, permanent)
    assert smtp.accepted() == []


@pytest.mark.parametrize(
    ("instruction", "code", "is_out"),
    [
        ("drop_in_data", "SMTPServerDisconnected", False),  # looks the same as the next one from here
        ("drop_reply", "SMTPServerDisconnected", True),
        ("hang_reply", "SMTPServerDisconnected", True),
        ("garbage", "smtp_unreadable", True),
    ],
)
def test_a_lost_answer_is_unknown(smtp, instruction, code, is_out):
    smtp.misbehave(instruction)
    with pytest.raises(OutcomeUnknown) as caught:
        send()
    assert caught.value.code == code
    assert len(smtp.accepted()) == is_out


def test_a_closed_door_is_a_definite_no(smtp, settings):
    settings.EMAIL_PORT = 1
    with pytest.raises(DeliveryError) as caught:
        send()
    assert (caught.value.code, caught.value.permanent) == ("ConnectionRefusedError", False)


def test_a_server_that_wants_no_login_is_the_operators_matter(smtp, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "desk", "wrong"
    with pytest.raises(DeliveryError) as caught:
        send()
    assert caught.value.permanent is False
    assert smtp.accepted() == []


def test_a_text_is_not_begun_when_the_sender_may_have_given_up(smtp, monkeypatch):
    monkeypatch.setattr(email_module, "LATEST_DATA_SECONDS", -1)
    with pytest.raises(DeliveryError) as caught:
        send()
    assert (caught.value.code, caught.value.permanent) == ("smtp_slow", False)
    assert smtp.accepted() == []


def test_a_text_is_not_begun_by_who_woke_up_after_others_may_have_looked(smtp):
    with pytest.raises(DeliveryError) as caught:
        send(hand_over_by=datetime.now(UTC) - timedelta(seconds=1))
    assert (caught.value.code, caught.value.permanent) == ("woke_up_late", False)
    assert (smtp.connection_count, smtp.accepted()) == (1, [])


def test_a_failed_goodbye_does_not_undo_what_was_accepted_nor_hold_up_the_rest(settings, monkeypatch):
    """A server that takes the mail and then answers nothing more, not even QUIT."""
    monkeypatch.setattr(email_module, "GOODBYE_SECONDS", 0.2)
    taken, is_over = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(
            target=_take_one_and_fall_silent, args=(listener, taken, is_over), daemon=True
        ).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", listener.getsockname()[1]
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 10
        started = time.monotonic()
        assert send().provider == "smtp"
        assert time.monotonic() - started < 5
    assert taken.is_set()
    is_over.set()


def _take_one_and_fall_silent(listener, taken, is_over):
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb", buffering=0) as stream:
        stream.write(b"220 hello\r\n")
        is_text = False
        while not taken.is_set():
            line = stream.readline().strip()
            if is_text:
                is_text = line != b"."
                if not is_text:
                    stream.write(b"250 taken\r\n")
                    taken.set()
            else:
                is_text = line.upper() == b"DATA"
                stream.write(b"354 go on\r\n" if is_text else b"250 OK\r\n")
        is_over.wait(15)


# Many at once


def test_a_batch_shares_a_connection(smtp):
    with EmailChannel() as channel:
        for i in range(5):
            channel.send(outgoing(token=f"tok-{i}"))
    assert smtp.connection_count == 1
    assert [mail["message_id"] for mail in smtp.accepted()] == [
        f"<tok-{i}@riverbend.example>" for i in range(5)
    ]


@pytest.mark.parametrize(
    "instruction", ["refuse_recipient:550", "drop_at_mail", "drop_reply", "refuse_data:421"]
)
def test_one_bad_mail_does_not_stop_the_next(smtp, instruction):
    with EmailChannel() as channel:
        channel.send(outgoing(token="tok-1"))
        smtp.misbehave(instruction)
        with pytest.raises((DeliveryError, OutcomeUnknown)):
            channel.send(outgoing(token="tok-2"))
        channel.send(outgoing(token="tok-3"))
    ids = [mail["message_id"] for mail in smtp.accepted()]
    assert ids.count("<tok-1@riverbend.example>") == ids.count("<tok-3@riverbend.example>") == 1


def test_a_connection_that_died_in_between_is_replaced_before_anything_is_sent(smtp, monkeypatch):
    monkeypatch.setattr("notifications.channels.email.ASK_AFTER_SECONDS", 0)  # as if it had rested
    with EmailChannel() as channel:
        channel.send(outgoing(token="tok-1"))
        channel._backend.connection.sock.shutdown(socket.SHUT_RDWR)
        channel.send(outgoing(token="tok-2"))
    assert smtp.connection_count == 2
    assert len(smtp.accepted()) == 2


# Another backend than SMTP


def test_another_backend_is_used_when_the_settings_name_one(settings, mailoutbox):
    assert send() == Receipt("smtp", "<tok-1@localhost>")
    assert mailoutbox[0].to == [ADDRESS]


def test_smtp_has_no_look_up():
    assert EmailChannel().find(outgoing(), sent_after=datetime.now(UTC)) is None


def test_no_log_line_and_no_exception_holds_an_address_or_a_text(smtp, caplog):
    caplog.set_level(logging.DEBUG)
    said = []
    for instruction in ("", "refuse_recipient:550", "drop_reply", "refuse_data:554", "refuse_sender:553"):
        if instruction:
            smtp.misbehave(instruction)
        try:
            send()
        except (DeliveryError, OutcomeUnknown) as exc:
            said += traceback.format_exception(exc)

    text = "\n".join([*said, caplog.text])
    assert "notifications.channels.DeliveryError: smtp_550" in text
    assert "sam@" not in text
    assert "booked" not in text
