"""Links: issued with a message, found by their secret, and what a client may do through one.

Whoever holds the address may use it, so it is worth little: it answers a few questions about one visit,
and never opens the record. Whether it still counts is derived from what it is about: a move, a cancelled
session, another number or a support person taken off ends it, and nobody has to remember to.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from notifications import desk_tasks, replies
from notifications.models import ClientLink, ClientNote, DeskTask, Reminder
from practice import activity
from practice.clients import name_support_person
from practice.doors import door, step
from practice.errors import Gone
from practice.models import ContactPoint, Location, SupportPerson
from scheduling import lifecycle, readiness
from scheduling.models import Acknowledgement, Booking, WaitlistOffer
from treatment_plans.models import ScreeningSheet
from treatment_plans.screening import sheets as screening_sheets

Purpose = ClientLink.Purpose

# Letters and digits only: a phone that makes a text clickable may leave a "-" at the end out. A digit first,
# so that no secret begins with a word that a message must not have.
ALPHABET = string.ascii_letters + string.digits
LENGTH = 22  # 128 random bits
LASTS = {Purpose.AFTERCARE: timedelta(days=14), Purpose.SUPPORT: timedelta(hours=24)}
MOST_WRONG = 5
PURPOSES: dict[str, Purpose] = {
    Reminder.Kind.AFTERCARE: Purpose.AFTERCARE,
    Reminder.Kind.INTEGRATION_PROMPT: Purpose.AFTERCARE,
    Reminder.Kind.MEASURE_AFTER: Purpose.AFTERCARE,
}


class LinkOver(Gone):
    code = "link_over"
    message = _("This link has ended.")


def new_secret() -> str:
    rest, first = divmod(secrets.randbelow(10 * len(ALPHABET) ** (LENGTH - 1)), 10)
    letters = [string.digits[first]]
    for _each in range(LENGTH - 1):
        rest, place = divmod(rest, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters)


def address(secret: str) -> str:
    return f"{settings.PUBLIC_URL}/l/{secret}"


@dataclass(frozen=True)
class Draft:
    """A link that opens once `keep` has written it."""

    address: str
    row: ClientLink


def draft(
    booking: Booking,
    *,
    about: str = "booked",
    support_person_id: int | None = None,
    channel: str = "",
    sent_to: str = "",
    now: datetime,
) -> Draft:
    """A page about this booking; `about` is the kind of message that it comes with.

    For the client, or for a support person: that one only opens while the client lets us call them.
    """
    purpose = Purpose.VISIT if support_person_id is None else Purpose.SUPPORT
    purpose = PURPOSES.get(about, purpose)
    return _draft(
        now,
        purpose=purpose,
        client=booking.client,
        booking=booking,
        booking_version=booking.version,
        support_person_id=support_person_id,
        channel=channel,
        sent_to=sent_to,
        expires_at=booking.ends_at + LASTS.get(purpose, timedelta(0)),
    )


def draft_for_offer(offer: WaitlistOffer, *, channel: str = "", sent_to: str = "", now: datetime) -> Draft:
    """Opens until the time itself, so that who answers late reads what became of it."""
    return _draft(
        now,
        purpose=Purpose.OFFER,
        client=offer.client,
        offer=offer,
        channel=channel,
        sent_to=sent_to,
        expires_at=offer.starts_at,
    )


def draft_for_sheet(
    sheet: ScreeningSheet, *, channel: str = "", sent_to: str = "", secret: str = "", now: datetime
) -> Draft:
    """Opens as long as the sheet may be filled, or says what became of it. `secret`: one made before."""
    return _draft(
        now,
        secret=secret,
        purpose=Purpose.SCREENING,
        client=sheet.client,
        sheet=sheet,
        channel=channel,
        sent_to=sent_to,
        expires_at=sheet.expires_at,
    )


@step
def keep(drafts: Iterable[Draft]) -> None:
    ClientLink.objects.bulk_create(each.row for each in drafts)


@step
def revoke_all_of(client_id: int, *, now: datetime) -> int:
    """Every address that this client has; they get new ones with the next messages."""
    return ClientLink.objects.filter(client=client_id, revoked_at=None).update(revoked_at=now)


def find(secret: str, *, now: datetime) -> ClientLink | None:
    """The link of this address, unless it is over. The answer does not tell one from the other."""
    if len(secret) != LENGTH:
        return None
    found = _rows().filter(digest=_digest(secret)).first()
    return found if found is not None and is_open(found, now=now) else None


def is_open(link: ClientLink, *, now: datetime) -> bool:
    if link.revoked_at or link.locked_at or now >= link.expires_at or not link.client.is_active:
        return False
    if link.purpose == Purpose.SUPPORT:
        person = support_person_of(link)
        if person is None or link.sent_to not in ("", person.phone, person.email):
            return False
    elif not _reaches_the_client(link):
        return False
    if link.sheet is not None:
        return link.sheet.withdrawn_at is None
    booking = link.booking
    if booking is None:
        return True
    if booking.version != link.booking_version:
        return False
    if link.purpose == Purpose.VISIT:
        return booking.is_live
    took_place = booking.completed_at is not None
    if link.purpose == Purpose.SUPPORT:
        return booking.is_live or took_place
    return took_place or (booking.is_live and now >= booking.starts_at)


def location_of(link: ClientLink) -> Location:
    """Where to call about it."""
    if link.booking is not None:
        return link.booking.location
    return link.offer.location if link.offer is not None else link.client.location


def support_person_of(link: ClientLink) -> SupportPerson | None:
    """As long as the client agrees that we call them."""
    return SupportPerson.objects.filter(
        pk=link.support_person_id or 0, client=link.client_id, may_be_contacted=True
    ).first()


@door
def note_view(link_id: int, *, now: datetime) -> None:
    """It was fetched, perhaps by a machine: mail filters and previews open every link. Harmless to repeat."""
    if ClientLink.objects.filter(pk=link_id, viewed_at=None).update(viewed_at=now):
        link = ClientLink.objects.get(pk=link_id)
        activity.record("link.viewed", link, actor=None, at=now, client=link.client_id)


@door
def note_use(link_id: int, *, now: datetime) -> None:
    """Something was done through it by another door."""
    note_used(hold(link_id, now=now), now=now)


@door
def answer(
    link_id: int,
    *,
    item: str,
    answer: str,
    detail: str = "",
    for_starts_at: datetime,
    asks_for_help: bool = False,
    support_name: str = "",
    support_phone: str = "",
    may_call_them: bool = False,
    now: datetime,
) -> None:
    """What the client says about one item, for the start that the page showed; a later answer replaces it.

    Raises LinkOver, and NotPossibleNow when the session was moved since.
    """
    link = hold(link_id, now=now)
    assert link.booking is not None
    if link.booking.started_at is not None:
        raise LinkOver
    readiness.take_answer(
        link.booking.pk,
        item=item,
        answer=answer,
        said_by=Acknowledgement.Speaker.CLIENT,
        source=Acknowledgement.Source.LINK,
        detail=detail[:200],
        for_starts_at=for_starts_at,
        actor=None,
        now=now,
    )
    if support_name.strip():
        name_support_person(
            link.client_id,
            name=support_name,
            phone=support_phone,
            may_be_contacted=may_call_them,
            now=now,
        )
    if asks_for_help:
        desk_tasks.ask(
            DeskTask.Kind.NOT_READY,
            client=link.client,
            booking=link.booking,
            item=item,
            detail=detail,
            now=now,
        )
    listen(link, detail, now=now)
    note_used(link, now=now)


@door
def ask_the_desk(link_id: int, kind: str, *, detail: str = "", now: datetime) -> None:
    """Another time, or a call. The visit stays as it is until a person has spoken with the client."""
    link = hold(link_id, now=now)
    desk_tasks.ask(kind, client=link.client, booking=link.booking, detail=detail[:1000], now=now)
    listen(link, detail, now=now)
    note_used(link, now=now)


@door
def write_note(link_id: int, about: str, text: str, *, now: datetime) -> None:
    """For the care team alone; the last one counts."""
    link = hold(link_id, now=now)
    assert link.booking is not None
    note, is_new = ClientNote.objects.get_or_create(
        booking=link.booking,
        about=about,
        defaults={"client": link.client, "text": text[:1000], "written_at": now},
    )
    if not is_new:
        note.text, note.written_at = text[:1000], now
        note.save(update_fields=["text", "written_at"])
    activity.record("note.written", note, actor=None, at=now, client=link.client_id)
    listen(link, text, now=now)
    note_used(link, now=now)


@door
def prove(link_id: int, birth_date: date | None, *, now: datetime) -> bool:
    """Whether it is the client's birth date. After five wrong ones the link is locked, and the desk told."""
    link = hold(link_id, now=now)
    if not _knows_birth_date(link, birth_date, now=now):
        return False
    note_used(link, now=now)
    return True


@door
def cancel(link_id: int, birth_date: date | None, *, reason: str, now: datetime) -> bool:
    """Give the visit up, for which the address alone is not enough. False if the birth date was wrong."""
    link = hold(link_id, now=now)
    assert link.booking is not None
    if not _knows_birth_date(link, birth_date, now=now):
        return False
    lifecycle.call_off(link.booking.pk, party=Booking.Party.CLIENT, reason=reason[:200], actor=None, now=now)
    listen(link, reason, now=now)
    note_used(link, now=now)
    return True


@step
def hold(link_id: int, *, now: datetime) -> ClientLink:
    """What it is about locked, booking or sheet, then the link; all as they are now. Raises LinkOver."""
    booking_id, sheet_id = ClientLink.objects.values_list("booking", "sheet").get(pk=link_id)
    if booking_id is not None:
        lifecycle.lock(booking_id)
    if sheet_id is not None:
        screening_sheets.lock(sheet_id)
    link = _rows().select_for_update(no_key=True, of=("self",)).get(pk=link_id)
    if not is_open(link, now=now):
        raise LinkOver
    return link


@step
def _knows_birth_date(link: ClientLink, birth_date: date | None, *, now: datetime) -> bool:
    if link.client.birth_date is not None and link.client.birth_date == birth_date:
        return True
    link.wrong_count += 1
    if link.wrong_count >= MOST_WRONG:
        link.locked_at = now
        desk_tasks.ask(DeskTask.Kind.LOCKED, client=link.client, booking=link.booking, now=now)
        activity.record("link.locked", link, actor=None, at=now, client=link.client_id)
    link.save(update_fields=["wrong_count", "locked_at"])
    return False


@step
def listen(link: ClientLink, text: str, *, now: datetime) -> bool:
    """Nobody reads these pages at once, so that what sounds unsafe must speak for itself. Whether it did."""
    if not replies.sounds_unsafe(text):
        return False
    desk_tasks.alarm(client=link.client, booking=link.booking, detail=text, now=now)
    return True


@step
def note_used(link: ClientLink, *, now: datetime) -> None:
    link.used_at = now
    link.opened_at = link.opened_at or now
    link.save(update_fields=["used_at", "opened_at"])


def _draft(now: datetime, *, secret: str = "", **values: Any) -> Draft:
    secret = secret or new_secret()
    return Draft(address(secret), ClientLink(digest=_digest(secret), issued_at=now, **values))


def _rows() -> QuerySet[ClientLink]:
    return ClientLink.objects.select_related(
        "client",
        "booking__location",
        "booking__client",
        "booking__appointment_type",
        "booking__planned_session__plan__protocol",
        "offer__location",
        "offer__client",
        "offer__entry__appointment_type",
        "client__location",
        "sheet__client",
        "sheet__form",
    )


def _reaches_the_client(link: ClientLink) -> bool:
    """Whether what it was sent to is still theirs."""
    return (
        not link.sent_to
        or ContactPoint.objects.filter(
            client=link.client_id, channel=link.channel, value=link.sent_to
        ).exists()
    )


def _digest(secret: str) -> str:
    """Without salt or stretching: nobody guesses 128 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
