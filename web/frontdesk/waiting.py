"""The waitlist as the desk reads it: times that are free, whom we asked about them, who waits for what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from practice import clock
from practice.access import visible_to
from practice.models import User
from scheduling import freed_times, offering
from scheduling.models import FreedTime, WaitlistEntry, WaitlistOffer
from web.frontdesk import roles
from web.frontdesk.forms.waitlist import range_words
from web.frontdesk.words import place_in_series, reasons, short_name

MOST_TIMES, MOST_WAITING = 30, 200
GLYPHS = {
    "open": ("waiting", "…"),
    "accepted": ("ready", "✓"),
    "declined": ("not_needed", "–"),
    "lost": ("not_needed", "–"),
    "expired": ("not_needed", "–"),
    "withdrawn": ("not_needed", "–"),
}


@dataclass(frozen=True)
class Asked:
    """One offer, on the location's clock."""

    offer: WaitlistOffer
    name: str
    edge: str
    glyph: str
    state: str
    sent: datetime
    until: datetime
    may_answer: bool


@dataclass(frozen=True)
class FreeTime:
    freed: FreedTime
    starts: datetime
    ends: datetime
    freed_on: datetime
    who: str
    asked: Sequence[Asked]
    next_at: datetime | None  # when the waitlist is gone through by itself; None while somebody may answer


@dataclass(frozen=True)
class Waits:
    entry: WaitlistEntry
    name: str
    session: str
    wishes: str
    days: int
    last_asked_at: datetime | None
    instead_of: str
    question: Asked | None


@dataclass(frozen=True)
class Candidate:
    """`reasons` are empty exactly if they may be asked now."""

    waits: Waits
    starts: datetime | None
    answer_by: datetime | None
    reasons: Sequence[str]


def free_times(user: User, *, now: datetime) -> list[FreeTime]:
    rows = list(
        freed_times.in_sight(now)
        .select_related("location", "therapist", "psychiatrist", "room")
        .order_by("starts_at", "pk")[:MOST_TIMES]
    )
    asked = _asked(user, rows, now=now)
    return [free_time(row, asked[row.pk]) for row in rows]


def free_time(row: FreedTime, asked: Sequence[Asked]) -> FreeTime:
    tz = clock.zone(row.location.time_zone)
    people = (row.therapist, row.psychiatrist, row.room)
    return FreeTime(
        row,
        row.starts_at.astimezone(tz),
        row.ends_at.astimezone(tz),
        row.freed_at.astimezone(tz),
        " · ".join(str(one.name) for one in people if one is not None),
        asked,
        None if any(one.may_answer for one in asked) else row.look_at.astimezone(tz),
    )


def asked_about(user: User, row: FreedTime, *, now: datetime) -> list[Asked]:
    return _asked(user, [row], now=now)[row.pk]


def _asked(user: User, rows: Iterable[FreedTime], *, now: datetime) -> dict[int, list[Asked]]:
    """By freed time, oldest first: of the clients whom `user` may book."""
    by_time: dict[int, list[Asked]] = defaultdict(list)
    offers = visible_to(user, WaitlistOffer.objects.all(), client="client", roles=roles.BOOKS)
    found = offers.filter(freed_time__in=list(rows)).select_related("client", "location")
    for offer in found.order_by("sent_at", "pk"):
        by_time[offer.freed_time_id].append(_question(offer, now=now))
    return by_time


def _question(offer: WaitlistOffer, *, now: datetime) -> Asked:
    tz = clock.zone(offer.location.time_zone)
    may_answer = offer.is_open and not offer.is_over(now)
    is_silent = offer.is_open and not may_answer
    edge, glyph = GLYPHS["expired" if is_silent else offer.status]
    return Asked(
        offer,
        short_name(offer.client),
        edge,
        glyph,
        str(WaitlistOffer.Status.EXPIRED.label) if is_silent else offer.get_status_display(),
        offer.sent_at.astimezone(tz),
        offer.expires_at.astimezone(tz),
        may_answer,
    )


def waiting(user: User, *, kind: int | None, now: datetime) -> list[Waits]:
    """In the order in which they are asked."""
    open_offers = WaitlistOffer.objects.filter(WaitlistOffer.open_at(now)).select_related(
        "client", "location"
    )
    entries = visible_to(user, offering.waiting(), client="client", roles=roles.BOOKS).prefetch_related(
        Prefetch("offers", queryset=open_offers, to_attr="open_offers"),
        "planned_session__after_session",
    )
    if kind is not None:
        entries = entries.filter(appointment_type=kind)
    return [_waits(entry, now=now) for entry in offering.in_turn(entries)[:MOST_WAITING]]


def candidates(user: User, freed: FreedTime, *, now: datetime) -> list[Candidate]:
    entries = visible_to(user, offering.waiting(), client="client", roles=roles.BOOKS)
    tz = clock.zone(freed.location.time_zone)
    found = []
    for judged in offering.verdicts(freed, entries, now=now):
        clinical = roles.reads_medical(user, judged.entry.client)
        found.append(
            Candidate(
                _waits(judged.entry, now=now),
                judged.opening.start.astimezone(tz) if judged.opening else None,
                judged.answer_by.astimezone(tz) if judged.answer_by else None,
                reasons(judged.blockers, clinical=clinical),
            )
        )
    return found


def _waits(entry: WaitlistEntry, *, now: datetime) -> Waits:
    had = entry.instead_of
    tz = clock.zone(entry.client.location.time_zone)
    questions = getattr(entry, "open_offers", [])
    return Waits(
        entry,
        short_name(entry.client),
        place_in_series(entry.planned_session, None, entry.appointment_type.name),
        wish_words(entry),
        (now - entry.since_at) // timedelta(days=1),
        entry.last_asked_at,  # type: ignore[attr-defined]  # annotated
        _moment(had.starts_at, tz) if had is not None else "",
        _question(questions[0], now=now) if questions else None,
    )


def wish_words(entry: WaitlistEntry) -> str:
    """ "Tue, Thu · Mornings, until noon · from Dec 1 · with Ana", or "any time"."""
    days = [str(WEEKDAYS_ABBR[day]) for day in entry.weekdays]
    words = [", ".join(days)] if days else []
    words += [range_words((begin, end)) for begin, end in entry.times]
    if entry.earliest_on:
        words.append(gettext("from %(day)s") % {"day": date_format(entry.earliest_on, "M j")})
    if entry.latest_on:
        words.append(gettext("until %(day)s") % {"day": date_format(entry.latest_on, "M j")})
    names = [clinician.name for clinician in entry.clinicians.all()]
    if names:
        words.append(gettext("with %(names)s") % {"names": ", ".join(names)})
    if entry.notice_minutes:
        hours = -(-entry.notice_minutes // 60)
        words.append(
            ngettext("%(count)s hour of notice", "%(count)s hours of notice", hours) % {"count": hours}
        )
    return " · ".join(words) or gettext("any time")


def _moment(at: datetime, tz: ZoneInfo) -> str:
    return date_format(at.astimezone(tz), "D M j, P")
