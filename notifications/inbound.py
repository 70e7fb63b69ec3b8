"""Texts that come in: kept, understood, and acted upon in one transaction, once.

What a text can do by itself is little: say that something is settled, ask for a person, and end the texts.
Everything else, and everything that is not plain, waits for a person on the desk's list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications import answers, desk_tasks, links, offer_replies, replies
from notifications.answers import Answer
from notifications.models import DeskTask, InboundMessage, Message, Reminder
from notifications.reconcile import booking_changed
from notifications.replies import Meaning
from practice import activity
from practice.clients import change_channel_consent, support_person_opts_out
from practice.doors import door, step
from practice.models import Channel, ChannelConsent, Client, ContactPoint, Location
from scheduling import lifecycle, readiness
from scheduling.models import Acknowledgement, Booking
from scheduling.readiness_rules import FASTING, MEDICINE, RIDE, SUPPORT_PERSON

Kind = DeskTask.Kind
STOPPED_BY_TEXT = "STOP by SMS"
STARTED_BY_TEXT = "START by SMS"
# What a message asks; every other tells, so that a "yes" to it means nothing that could be noted.
QUESTIONS: dict[str, tuple[str, ...]] = {
    Reminder.Kind.RIDE_AND_SUPPORT: (RIDE, SUPPORT_PERSON),
    Reminder.Kind.FASTING: (FASTING,),
    Reminder.Kind.BRING_MEDICINE: (MEDICINE,),
}
A_QUESTION_STANDS = timedelta(days=7)
# Another machine may answer our answers.
MOST_ANSWERS, WITHIN = 3, timedelta(hours=1)
READ_ONCE_IN = timedelta(hours=12)
ALWAYS: frozenset[Answer] = frozenset({"crisis", "stopped"})
WITHOUT_CONSENT: frozenset[Answer] = ALWAYS | {"help", "started"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """`sender` in E.164. `provider_answers`: it has told the sender itself that texts end or begin."""

    provider: str
    provider_ref: str
    sender: str
    body: str
    meaning: Meaning | None = None
    provider_answers: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the last message to this number asked, if it still can be answered."""

    booking: Booking
    items: tuple[str, ...]


def receive(incoming: Incoming, *, now: datetime) -> str:
    """Act on it; returns the text to answer with, or nothing. The same reference again does nothing.

    A yes to an offer books by a door of its own, first: whoever hands the text in again finds it done.
    """
    meaning, settled = incoming.meaning or replies.meaning_of(incoming.body), None
    if meaning in ("confirm", "no"):
        client = _who(_clients_of(incoming.sender))
        offered = offer_replies.last_offer(client, incoming.sender, now=now) if client else None
        settled = offer_replies.answer(meaning, offered, now=now) if offered else None
    return _keep(incoming, meaning, settled, now=now)


def _clients_of(sender: str) -> list[Client]:
    found = ContactPoint.objects.filter(channel=Channel.SMS, value=sender)
    return list(
        Client.objects.filter(pk__in=found.values("client")).select_related("location").order_by("pk")
    )


def _who(clients: Sequence[Client]) -> Client | None:
    """Nobody when two share a phone."""
    active = [client for client in clients if client.is_active]
    return active[0] if len(active) == 1 else None


@door
def _keep(incoming: Incoming, meaning: Meaning, settled: Answer | None, *, now: datetime) -> str:
    clients = _clients_of(incoming.sender)
    client = _who(clients)
    message, is_new = InboundMessage.objects.get_or_create(
        provider=incoming.provider,
        provider_ref=incoming.provider_ref,
        defaults={
            "sender": incoming.sender,
            "body": incoming.body,
            "received_at": now,
            "client": client,
            "meaning": meaning,
        },
    )
    if not is_new:
        return ""
    activity.record("reply.received", message, actor=None, at=now, client=client, data={"meaning": meaning})
    answer = settled or _act(message, clients, client, now=now)
    if answer is None or not _may_answer(message, answer, incoming, now=now):
        return ""
    message.answer = answer
    message.save(update_fields=["answer"])
    location = client.location if client else _first_location()
    language = client.language if client else "en"
    link = _page_again(message, client, now=now) if answer == "more" and client else ""
    return answers.text_of(answer, language=language, location=location, link=link) if location else ""


@step
def _act(
    message: InboundMessage, clients: Sequence[Client], client: Client | None, *, now: datetime
) -> Answer | None:
    if message.meaning == "stop":
        return _stop(message, clients, now=now)
    if message.meaning == "unsafe":
        desk_tasks.alarm(
            client=client, booking=_next_of(client, now), reply=message, detail=message.body, now=now
        )
        return "crisis"
    if message.meaning == "help":
        return "help"
    if client is None:  # a number of nobody, or of two who share a phone
        desk_tasks.ask(Kind.WHO, client=None, reply=message, detail=message.body, now=now)
        return None
    if message.meaning == "start":
        return _start(message, client, now=now)
    if message.meaning in ("call", "move"):
        kind: Answer = "call" if message.meaning == "call" else "move"
        return _for_the_desk(message, client, Kind(kind), kind, now=now)
    if message.meaning == "more" and _page_of(client, now=now) is not None:
        return "more"
    if message.meaning == "no" and _is_not_ready(message, client, now=now):
        return "not_ready"
    if message.meaning in ("confirm", "ride") and _confirm(message, client, now=now):
        return "noted"
    return _for_the_desk(message, client, Kind.REPLY, "read", now=now)


@step
def _stop(message: InboundMessage, clients: Sequence[Client], *, now: datetime) -> Answer:
    """For everybody who has this number, at once: planned texts are withdrawn in this transaction."""
    for client in clients:
        change_channel_consent(
            client.pk, Channel.SMS, given=False, source=STOPPED_BY_TEXT, actor=None, now=now
        )
    for person in support_person_opts_out(message.sender, now=now):
        desk_tasks.ask(Kind.WHO, client=person.client, reply=message, detail=message.body, now=now)
    _plan_again(clients, now=now)
    if replies.may_mean_the_visit(message.body):
        for client in clients:
            desk_tasks.ask(
                Kind.REPLY,
                client=client,
                booking=_next_of(client, now),
                reply=message,
                detail=message.body,
                now=now,
            )
    return "stopped"


@step
def _start(message: InboundMessage, client: Client, *, now: datetime) -> Answer | None:
    """Undoes a STOP that came from this phone. What was withdrawn in another way only a person grants."""
    consent = ChannelConsent.objects.filter(client=client, channel=Channel.SMS).first()
    if consent is not None and consent.is_given:
        return "started"
    if consent is None or consent.granted_at is None or consent.source != STOPPED_BY_TEXT:
        desk_tasks.ask(Kind.TEXTS, client=client, reply=message, detail=message.body, now=now)
        return None
    change_channel_consent(client.pk, Channel.SMS, given=True, source=STARTED_BY_TEXT, actor=None, now=now)
    _plan_again([client], now=now)
    return "started"


@step
def _confirm(message: InboundMessage, client: Client, *, now: datetime) -> bool:
    """Note what the last message asked, and no more. False if it asked nothing that this could answer."""
    asked = _asked(client, message.sender, now=now)
    if asked is None:
        return False
    items = tuple(item for item in asked.items if message.meaning == "confirm" or item == RIDE)
    for item in items:
        readiness.take_answer(
            asked.booking.pk,
            item=item,
            answer=Acknowledgement.Answer.CONFIRMED,
            said_by=Acknowledgement.Speaker.CLIENT,
            source=Acknowledgement.Source.SMS,
            for_starts_at=asked.booking.starts_at,
            actor=None,
            now=now,
        )
    if items:
        message.booking = asked.booking
        message.save(update_fields=["booking"])
    return bool(items)


@step
def _is_not_ready(message: InboundMessage, client: Client, *, now: datetime) -> bool:
    """A no to what the last message asked: a person helps. Nothing is noted, for we do not know to which."""
    asked = _asked(client, message.sender, now=now)
    if asked is None:
        return False
    item = asked.items[0] if len(asked.items) == 1 else ""
    message.booking = asked.booking
    message.save(update_fields=["booking"])
    desk_tasks.ask(
        Kind.NOT_READY,
        client=client,
        booking=asked.booking,
        reply=message,
        item=item,
        detail=message.body,
        now=now,
    )
    return True


def _page_of(client: Client, *, now: datetime) -> tuple[Booking, str] | None:
    """The booking whose page they can have again, and about what: the next one, else the last that was."""
    coming = _next_of(client, now)
    if coming is not None:
        return coming, Reminder.Kind.BOOKED
    after = Booking.objects.filter(
        client=client, completed_at__isnull=False, ends_at__gt=now - links.LASTS[links.Purpose.AFTERCARE]
    )
    last = after.order_by("-ends_at", "-pk").first()
    return None if last is None else (last, Reminder.Kind.AFTERCARE)


@step
def _page_again(message: InboundMessage, client: Client, *, now: datetime) -> str:
    """The address of a new link to it. The old ones stay: they open the same page."""
    found = _page_of(client, now=now)
    assert found is not None
    booking, about = found
    draft = links.draft(booking, about=about, channel=Channel.SMS, sent_to=message.sender, now=now)
    links.keep([draft])
    message.booking = booking
    message.save(update_fields=["booking"])
    return draft.address


@step
def _for_the_desk(
    message: InboundMessage, client: Client, kind: str, answer: Answer, *, now: datetime
) -> Answer:
    booking = _next_of(client, now)
    message.booking = booking
    message.save(update_fields=["booking"])
    detail = message.body if kind == Kind.REPLY else ""
    desk_tasks.ask(kind, client=client, booking=booking, reply=message, detail=detail, now=now)
    return answer


@step
def _plan_again(clients: Sequence[Client], *, now: datetime) -> None:
    """What the next sweep would do, before anything else is sent."""
    bookings = Booking.objects.filter(
        Booking.in_force(now), client__in=[client.pk for client in clients]
    ).order_by("pk")
    locked = bookings.select_for_update(no_key=True, of=("self",))
    booking_changed([booking.pk for booking in locked], now)


@step
def _asked(client: Client, sender: str, *, now: datetime) -> Asked | None:
    """The question of the last text to this number, if its visit is still at the time it spoke of.

    Only what has no answer yet: a "yes" must not undo a "no ride" that was said on the page meanwhile.
    """
    if offer_replies.last_page(client, sender, now=now) is not None:
        return None
    last = (
        Message.objects.filter(
            recipient=sender,
            outcome=Message.Outcome.ACCEPTED,
            started_at__gt=now - A_QUESTION_STANDS,
            reminder__client=client,
        )
        .select_related("reminder")
        .order_by("-started_at", "-pk")
        .first()
    )
    if last is None or last.reminder.kind not in QUESTIONS:
        return None
    booking = lifecycle.lock(last.reminder.booking_id)
    is_at_that_time = booking.version == last.reminder.booking_version
    if not is_at_that_time or not booking.is_live or booking.starts_at <= now:
        return None
    of_plan = Booking.objects.select_related("appointment_type", "planned_session__plan__protocol")
    booking = of_plan.get(pk=booking.pk)
    open_items = readiness.open_items([booking])[booking.pk]
    answered = Acknowledgement.objects.filter(booking=booking, for_starts_at=booking.starts_at)
    unanswered = open_items - set(answered.values_list("item", flat=True))
    items = tuple(item for item in QUESTIONS[last.reminder.kind] if item in unanswered)
    return Asked(booking, items) if items else None


def _next_of(client: Client | None, now: datetime) -> Booking | None:
    if client is None:
        return None
    coming = Booking.objects.filter(Booking.in_force(now), client=client, ends_at__gt=now)
    return coming.order_by("starts_at", "pk").first()


def _may_answer(message: InboundMessage, answer: Answer, incoming: Incoming, *, now: datetime) -> bool:
    if incoming.provider_answers and answer in ("stopped", "started", "help"):
        return False
    if answer in ALWAYS:
        return True
    before = InboundMessage.objects.filter(sender=message.sender).exclude(pk=message.pk)
    if before.filter(received_at__gt=now - WITHIN).exclude(answer="").count() >= MOST_ANSWERS:
        return False
    if answer == "read" and before.filter(received_at__gt=now - READ_ONCE_IN, answer="read").exists():
        return False
    if answer in WITHOUT_CONSENT or message.client_id is None:
        return True
    consent = ChannelConsent.objects.filter(client=message.client_id, channel=Channel.SMS).first()
    return consent is not None and consent.is_given


def _first_location() -> Location | None:
    return Location.objects.filter(is_active=True).order_by("pk").first()
