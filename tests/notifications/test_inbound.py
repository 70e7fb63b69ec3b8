"""Texts that come in by Twilio's webhook: believed or not, once, and what follows from each."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from django.test import Client as Browser

from notifications import answers, inbound, links, lint, on_call
from notifications.lint import sms_segments
from notifications.models import (
    ClientLink,
    DeskTask,
    InboundMessage,
    Message,
    OutboxMessage,
    PageMessage,
    Reminder,
)
from notifications.wording import Rendered
from practice import present
from practice.models import Activity, ChannelConsent, Client, ContactPoint, SupportPerson
from scheduling import booking, offering, readiness, waitlist
from scheduling.booking import Request
from scheduling.engine.types import Span
from scheduling.models import Acknowledgement, Booking, WaitlistOffer
from tests.cast import NOW, Clinic, at, make_client, make_clinic
from tests.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, incoming, sign
from treatment_plans.models import SafetyAlert

PUBLIC, PATH = "https://visits.example.org", "/webhooks/twilio/sms"
MAYAS = "+15555550142"
db = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _account(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT_SID, AUTH_TOKEN
    settings.TWILIO_AUTH_TOKEN_FALLBACK = ""
    settings.TWILIO_ANSWERS_STOP = False
    settings.PUBLIC_URL = PUBLIC
    settings.ON_CALL_SMS, settings.ON_CALL_EMAIL = [], []
    monkeypatch.setattr(present, "now", lambda: NOW)


@pytest.fixture
def maya(clinic: Clinic) -> Client:
    maya = clinic.ready_client()
    ContactPoint.objects.filter(client=maya, channel="sms").update(value=MAYAS)
    return maya


@pytest.fixture
def visit(clinic: Clinic, maya: Client) -> Booking:
    request = Request(maya, clinic.appointment_type(), clinic.location, clinic.dose(maya))
    return booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW - timedelta(days=1))


def post(form: dict[str, str], *, signature: str | None = None, path: str = PATH) -> Any:
    return Browser().post(
        path,
        urlencode(form),
        content_type=FORM,
        headers={"X-Twilio-Signature": sign(PUBLIC + path, form) if signature is None else signature},
    )


def say(body: str, **more: str) -> str:
    """What the client is answered, '' for nothing."""
    response = post(incoming(body, **more))
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/xml")
    text = response.content.decode().removeprefix('<?xml version="1.0" encoding="UTF-8"?><Response>')
    return text.removesuffix("</Response>").removeprefix("<Message>").removesuffix("</Message>")


def asked(visit: Booking, kind: str, *, at: datetime = NOW - timedelta(hours=1), to: str = MAYAS) -> Message:
    """A text that went out."""
    reminder, _ = Reminder.objects.update_or_create(
        booking=visit,
        booking_version=visit.version,
        kind=kind,
        channel="sms",
        defaults={
            "client": visit.client,
            "due_at": at,
            "expires_at": at + timedelta(hours=2),
            "next_attempt_at": at,
            "state": "planned",
            "created_at": at,
        },
    )
    return Message.objects.create(
        reminder=reminder, token=uuid.uuid4(), recipient=to, body="?", started_at=at, outcome="accepted"
    )


def lights(visit: Booking) -> dict[str, str]:
    row = Booking.objects.select_related(
        "appointment_type", "location", "client", "planned_session__plan__protocol"
    ).get(pk=visit.pk)
    return {light.name: light.state for light in readiness.judge([row], now=NOW)[row.pk].lights}


# Who is believed


@db
def test_each_field_tampered_with_is_refused_without_a_word(visit: Booking) -> None:
    form = incoming("C")
    right = sign(PUBLIC + PATH, form)
    for name in form:
        response = post({**form, name: form[name] + "1"}, signature=right)
        assert (response.status_code, response.content) == (403, b"")
        assert post({key: form[key] for key in form if key != name}, signature=right).status_code == 403
    for signature in ("", "nonsense", sign(PUBLIC + PATH, form, token="guessed"), "é"):
        assert post(form, signature=signature).status_code == 403
    assert post(form, signature=sign("https://elsewhere.example.org" + PATH, form)).status_code == 403
    assert not InboundMessage.objects.exists()
    assert Browser().get(PATH).status_code == 405


@db
def test_another_account_of_the_same_key_is_not_ours(visit: Booking) -> None:
    assert post(incoming("C", AccountSid="AC" + "9" * 32)).status_code == 403


@db
def test_a_megabyte_is_not_read(visit: Booking) -> None:
    form = incoming("C" * 1_000_000)
    assert post(form).status_code == 403
    assert not InboundMessage.objects.exists()


@db
def test_nobody_texts_a_clinic_without_an_account(visit: Booking, settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    form = incoming("C")
    assert post(form, signature=sign(PUBLIC + PATH, form, token="")).status_code == 403


@db
def test_two_keys_while_one_replaces_the_other(visit: Booking, settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN_FALLBACK = "old"
    form = incoming("HELP")
    assert post(form, signature=sign(PUBLIC + PATH, form, token="old")).status_code == 200
    assert post(incoming("HELP")).status_code == 200


@db
def test_a_hundred_times_is_once(visit: Booking) -> None:
    asked(visit, "ride_and_support")
    form = incoming("C")
    answered = [b"<Message>" in post(form).content for _time in range(100)]
    assert answered == [True] + [False] * 99
    assert InboundMessage.objects.count() == 1
    assert Acknowledgement.objects.count() == 2


@db
def test_odd_but_signed_texts_are_kept(visit: Booking) -> None:
    for body in ("", "\x00C\x00", "x" * 10_000, "👩‍🚀" * 300, "<script>", "' OR 1=1 --"):
        say(body)
    assert InboundMessage.objects.count() == 6
    assert post(incoming("C", sid=" ") | {"From": ""}).status_code == 400


# What follows


@db
def test_c_settles_what_the_last_text_asked_and_the_desk_sees_it_at_once(visit: Booking) -> None:
    asked(visit, "ride_and_support")
    assert say("C") == "Riverbend: Thank you. We have noted it. Questions? Call (555) 555-0100."
    assert lights(visit) | {"ride": "ready", "support_person": "ready", "fasting": "waiting"} == lights(visit)
    said = Acknowledgement.objects.first()
    assert said is not None
    assert (said.said_by, said.source, said.recorded_by) == ("client", "sms", None)
    assert not DeskTask.objects.exists()


@db
def test_ride_settles_the_ride_alone(visit: Booking) -> None:
    asked(visit, "ride_and_support")
    say("RIDE")
    assert (lights(visit)["ride"], lights(visit)["support_person"]) == ("ready", "waiting")


@db
@pytest.mark.parametrize("kind", ["booked", "morning_of", "moved"])
def test_yes_to_what_asked_nothing_is_for_a_person(visit: Booking, kind: str) -> None:
    asked(visit, "ride_and_support", at=NOW - timedelta(hours=3))
    asked(visit, kind)
    assert "A person will read this" in say("YES")
    assert lights(visit)["ride"] == "waiting"
    assert DeskTask.objects.get().kind == "reply"


@db
def test_yes_to_a_time_that_has_moved_is_for_a_person(visit: Booking) -> None:
    asked(visit, "ride_and_support")
    Booking.objects.filter(pk=visit.pk).update(version=2)
    say("C")
    assert not Acknowledgement.objects.exists()
    assert DeskTask.objects.get().detail == "C"


@db
def test_yes_does_not_undo_what_was_said_on_the_page_meanwhile(clinic: Clinic, visit: Booking) -> None:
    asked(visit, "ride_and_support")
    readiness.acknowledge(
        visit.pk, item="ride", answer="problem", said_by="client", source="link", actor=clinic.kim, now=NOW
    )
    say("C")
    assert (lights(visit)["ride"], lights(visit)["support_person"]) == ("blocked", "ready")


@db
@pytest.mark.parametrize(
    ("kind", "item"), [("ride_and_support", ""), ("bring_medicine", None), ("fasting", "fasting")]
)
def test_no_to_what_was_asked_gets_help_and_notes_nothing(
    visit: Booking, kind: str, item: str | None
) -> None:
    before = lights(visit)
    asked(visit, kind)
    said = say("No")
    task = DeskTask.objects.get()
    if item is None:  # this session needs no medicine: there was nothing to say no to
        assert (task.kind, "A person will read this" in said) == ("reply", True)
    else:
        assert (task.kind, task.item, task.booking) == ("not_ready", item, visit)
        assert "call you and help" in said
    assert lights(visit) == before


@db
def test_more_brings_the_page_again_and_the_old_one_stays(clinic: Clinic, visit: Booking) -> None:
    said = say("MORE")
    secret = said.partition("/l/")[2][:22]
    link = links.find(secret, now=NOW)
    assert link is not None
    assert (link.purpose, link.booking, link.sent_to) == ("visit", visit, MAYAS)
    assert secret not in str(list(InboundMessage.objects.values()))
    assert say("Más").count("/l/") == 1
    assert links.find(secret, now=NOW) is not None
    assert not DeskTask.objects.exists()


@db
def test_more_without_a_session_is_for_a_person(maya: Client) -> None:
    assert "A person will read this" in say("more")
    assert (DeskTask.objects.get().kind, ClientLink.objects.count()) == ("reply", 0)


@pytest.fixture
def offered(clinic: Clinic, maya: Client) -> WaitlistOffer:
    return offer_to(clinic, maya)


def offer_to(clinic: Clinic, maya: Client, *, number: int = 1) -> WaitlistOffer:
    """They wait, and the last text to them was a sooner time."""
    kind, span = clinic.appointment_type(), Span(at("2026-12-09 09:30"), at("2026-12-09 12:00"))
    entry = waitlist.add(maya, kind, planned_session=clinic.dose(maya, number), actor=clinic.kim, now=NOW)
    freed = waitlist.open_time(clinic.location, span, therapist=clinic.ana, actor=clinic.kim, now=NOW)
    offering.offer_to(freed.pk, [entry.pk], actor=clinic.kim, now=NOW)
    PageMessage.objects.update(state="taken", recipient=MAYAS, begun_at=NOW, attempt_count=1)
    return WaitlistOffer.objects.get()


@db
def test_yes_to_an_offer_books_it_once(offered: WaitlistOffer) -> None:
    form = incoming("YES")
    for _each in range(3):
        assert post(form).status_code == 200
    offered.refresh_from_db()
    assert (offered.status, Booking.objects.count()) == ("accepted", 1)
    assert InboundMessage.objects.get().answer == "yours"
    assert "The time is yours" in say("Sí")
    assert Booking.objects.count() == 1


@db
def test_a_late_yes_is_told_so_and_a_no_keeps_the_place(
    offered: WaitlistOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "You keep your place" in say("No thanks")
    offered.refresh_from_db()
    assert offered.status == "declined"
    monkeypatch.setattr(present, "now", lambda: offered.expires_at)
    assert "that time is gone" in say("yes")
    assert not Booking.objects.exists()


@db
def test_yes_to_an_offer_does_not_answer_an_older_question(clinic: Clinic, visit: Booking) -> None:
    """The ride was asked for before: the yes is about the offer, which was taken back since."""
    offer = offer_to(clinic, visit.client, number=2)
    asked(visit, "ride_and_support", at=NOW - timedelta(hours=1))
    waitlist.withdraw(offer.entry_id, actor=clinic.kim, now=NOW)
    assert "that time is gone" in say("yes")
    assert not Acknowledgement.objects.filter(item="ride").exists()
    asked(visit, "fasting", at=NOW)  # and a question after the offer is the one that is answered
    Message.objects.filter(reminder__kind="fasting").update(begun_at=NOW)
    assert "We have noted it" in say("yes")
    assert Acknowledgement.objects.get().item == "fasting"


@db
@pytest.mark.parametrize(("body", "kind"), [("R", "move"), ("CAMBIAR", "move"), ("LLAMAR", "call")])
def test_who_wants_a_person_gets_one(visit: Booking, body: str, kind: str) -> None:
    assert "We will call you" in say(body)
    task = DeskTask.objects.get()
    assert (task.kind, task.client, task.booking) == (kind, visit.client, visit)
    visit.refresh_from_db()
    assert visit.is_live


@db
def test_stop_ends_all_texts_at_once_and_is_confirmed_once(visit: Booking) -> None:
    planned = Reminder.objects.filter(channel="sms", state="planned")
    assert planned.exists()
    form = incoming("Stop.")
    assert b"You will get no more texts" in post(form).content
    assert b"Message" not in post(form).content
    consent = ChannelConsent.objects.get(client=visit.client, channel="sms")
    assert (consent.is_given, consent.source) == (False, "STOP by SMS")
    assert not planned.exists()
    assert ChannelConsent.objects.get(client=visit.client, channel="email").is_given
    assert Activity.objects.filter(action="client.changed", data={"fields": ["consent_sms"]}).exists()
    assert say("where do I park") == ""  # they asked for no more texts
    assert DeskTask.objects.get().detail == "where do I park"


@db
def test_what_twilio_answers_itself_is_not_answered_twice(visit: Booking, settings: Any) -> None:
    assert say("STOP", OptOutType="STOP") == ""
    assert not ChannelConsent.objects.get(client=visit.client, channel="sms").is_given
    assert say("START", OptOutType="START") == ""
    assert ChannelConsent.objects.get(client=visit.client, channel="sms").is_given
    settings.TWILIO_ANSWERS_STOP = True
    assert say("HELP") == ""


@db
def test_cancel_ends_the_texts_and_a_person_asks_about_the_visit(visit: Booking) -> None:
    say("CANCEL")
    assert not ChannelConsent.objects.get(client=visit.client, channel="sms").is_given
    assert DeskTask.objects.get().kind == "reply"
    visit.refresh_from_db()
    assert visit.is_live


@db
def test_start_undoes_only_what_stop_did(visit: Booking) -> None:
    say("STOP")
    assert "You will get our texts again" in say("START")
    assert ChannelConsent.objects.get(client=visit.client, channel="sms").is_given
    assert Reminder.objects.filter(channel="sms", state="planned").exists()
    ChannelConsent.objects.filter(channel="sms").update(withdrawn_at=NOW, source="told Kim by phone")
    assert say("START") == ""
    assert not ChannelConsent.objects.get(client=visit.client, channel="sms").is_given
    assert DeskTask.objects.get().kind == "texts"


@db
def test_a_shared_phone_stops_for_both_and_else_needs_a_person(clinic: Clinic, visit: Booking) -> None:
    make_client("Sam Rivera", clinic.location, phone=MAYAS)
    asked(visit, "ride_and_support")
    assert say("C") == ""
    assert not Acknowledgement.objects.exists()
    task = DeskTask.objects.get()
    assert (task.kind, task.client) == ("who", None)
    say("STOP")
    assert not ChannelConsent.objects.filter(channel="sms", withdrawn_at=None).exists()


@db
def test_a_number_of_nobody_learns_nothing(visit: Booking) -> None:
    for body in ("C", "who are you", "START", "R"):
        assert say(body, sender="+13035550177") == ""
    assert DeskTask.objects.filter(kind="who", client=None).count() == 4
    assert "For help call" in say("HELP", sender="+13035550177")


@db
def test_a_support_person_can_stop_too(visit: Booking) -> None:
    SupportPerson.objects.create(
        client=visit.client, name="Joel", phone="+13035550188", may_be_contacted=True, is_escort=True
    )
    say("STOP", sender="+13035550188")
    assert not SupportPerson.objects.get().may_be_contacted
    assert DeskTask.objects.get().client == visit.client


@db
def test_another_machine_is_not_answered_forever(visit: Booking) -> None:
    replies = [say(f"I am driving, I will answer later. {n}") for n in range(5)]
    assert [bool(reply) for reply in replies] == [True, False, False, False, False]
    assert [bool(say("HELP")) for _time in range(5)] == [True, True, False, False, False]


# Who may not be safe


@db
@pytest.mark.parametrize("body", ["I want to kill myself", "C I took too many pills", "No quiero vivir"])
def test_a_cry_goes_to_a_person_at_once_and_no_parser_answers_it(
    clinic: Clinic, visit: Booking, body: str
) -> None:
    asked(visit, "ride_and_support")
    reply = say(body)
    assert "911" in reply
    assert "988" in reply
    assert not Acknowledgement.objects.exists()
    task = DeskTask.objects.get()
    assert (task.kind, task.detail, task.client) == ("unsafe", body, visit.client)
    alert = SafetyAlert.objects.get()
    assert (alert.reason, alert.severity) == ("reply", "high")
    assert on_call.alert_due(clock=lambda: NOW) == 1
    assert on_call.alert_due(clock=lambda: NOW + timedelta(hours=1)) == 0
    told = {message.recipient for message in OutboxMessage.objects.all()}
    assert told >= {"ana@example.org", "ito@example.org"}
    for message in OutboxMessage.objects.all():
        said = f"{message.subject} {message.body}"
        assert "Maya" not in said
        assert lint.words_found(said, level="plain", language="en") == []


@db
def test_whoever_is_named_is_on_call_and_is_tried_again_until_reached(
    visit: Booking, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ON_CALL_EMAIL = ["oncall@example.org"]
    say("I am not safe")
    settings.DEMO = False  # no provider at all: nobody can be told
    assert on_call.alert_due(clock=lambda: NOW) == 0
    assert on_call.alert_due(clock=lambda: NOW + timedelta(seconds=30)) == 0
    settings.DEMO = True
    assert on_call.alert_due(clock=lambda: NOW + timedelta(minutes=1)) == 1
    assert OutboxMessage.objects.get().recipient == "oncall@example.org"
    assert DeskTask.objects.get().alerted_at == NOW + timedelta(minutes=1)


@db
def test_a_cry_from_a_number_of_nobody_is_heard(clinic: Clinic) -> None:
    assert "988" in say("quiero morir", sender="+13035550177")
    assert DeskTask.objects.get().kind == "unsafe"
    assert clinic.ada
    assert on_call.alert_due(clock=lambda: NOW) == 1
    assert OutboxMessage.objects.get().recipient == "ada@example.org"


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("answer", sorted(answers.TEXTS["en"]))
def test_every_answer_is_one_segment_without_a_health_word(
    clinic: Clinic, language: str, answer: answers.Answer
) -> None:
    clinic.location.display_name = "Riverbend on the Hill 24"
    link = links.address(links.new_secret())
    text = answers.text_of(answer, language=language, location=clinic.location, link=link)
    assert sms_segments(text) == 1
    found = lint.problems(Rendered("", text), channel="sms", level="discreet", language=language)
    assert found == ()


# Over the wire


@pytest.mark.django_db(transaction=True)
def test_the_same_text_from_many_sides_at_once_is_one(live_server: Any) -> None:
    clinic = make_clinic()
    maya = clinic.ready_client()
    ContactPoint.objects.filter(client=maya, channel="sms").update(value=MAYAS)
    form = incoming("LLAMAR")
    headers = {"X-Twilio-Signature": sign(PUBLIC + PATH, form)}
    send: Callable[[int], httpx.Response] = lambda _n: httpx.post(  # noqa: E731
        live_server.url + PATH, data=form, headers=headers, timeout=20
    )
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(send, range(12)))
    assert {reply.status_code for reply in replies} == {200}
    assert sum("<Message>" in reply.text for reply in replies) == 1
    assert (InboundMessage.objects.count(), DeskTask.objects.count()) == (1, 1)


def test_questions_are_kinds_that_exist() -> None:
    assert set(inbound.QUESTIONS) <= set(Reminder.Kind.values)
