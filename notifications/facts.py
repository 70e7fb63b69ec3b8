"""Rows to what the reminder rules and the wording want to know, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import BigIntegerField, Exists, OuterRef, Q
from django.db.models.expressions import RawSQL

from notifications import rule_book, rules
from notifications.models import UnreachableAddress
from notifications.rules import BookingFacts, Policy
from practice.models import ChannelConsent, Client, ContactPoint, SupportPerson
from practice.packed import packed, unpacked
from practice.prepared import Prepared, is_one_of
from scheduling import readiness
from scheduling.models import Booking
from treatment_plans.measuring import answer_sheets, measures
from treatment_plans.rules import cadence

# An answer this long before its dose, which may have been moved since, is still looked for.
REACH = timedelta(days=60)
ORDER_OF_CHANNELS: tuple[rules.Channel, ...] = ("sms", "email")


@dataclass(frozen=True)
class Support:
    """Whoever takes the client home, or else stays with them, if the client agreed that we write to them."""

    name: str
    addresses: Mapping[str, str]
    person_id: int


@dataclass(frozen=True)
class Loaded:
    booking: Booking
    facts: BookingFacts
    addresses: Mapping[str, str]  # by channel, only those the client can and wants to be reached by
    book: rule_book.Book
    support: Support | None = None

    @property
    def client(self) -> Client:
        return self.booking.client

    @property
    def policy(self) -> Policy:
        return self.book.policy

    def addresses_for(self, kind: str) -> Mapping[str, str]:
        """Those of whom a message of this kind is for."""
        if kind != rules.SUPPORT_PERSON:
            return self.addresses
        return self.support.addresses if self.support else {}


def load(bookings: Iterable[Booking], *, are_new: bool = False) -> dict[int, Loaded]:
    """Four queries. The bookings come with client, location, appointment type, plan and protocol.

    About new ones nobody can have said anything yet: two queries less.
    """
    bookings = list(bookings)
    addresses, supports, book = _reached([booking.client_id for booking in bookings])
    open_items = readiness.open_items(bookings, are_new=are_new)
    answered = {} if are_new else _answers(bookings)
    return {
        booking.pk: Loaded(
            booking,
            _booking_facts(
                booking,
                open_items[booking.pk],
                addresses[booking.client_id],
                supports.get(booking.client_id) if booking.is_dosing else None,
                _open_questions(booking, answered.get(booking.client_id, {})),
            ),
            addresses[booking.client_id],
            book,
            supports.get(booking.client_id) if booking.is_dosing else None,
        )
        for booking in bookings
    }


def _booking_facts(
    booking: Booking,
    open_items: frozenset[str],
    addresses: Mapping[str, str],
    support: Support | None,
    questions: frozenset[str],
) -> BookingFacts:
    protocol = booking.planned_session.plan.protocol if booking.planned_session else None
    needs_fasting = booking.is_dosing and protocol is not None
    return BookingFacts(
        booking_id=booking.pk,
        version=booking.version,
        session_kind=booking.appointment_type.kind,
        status=booking.status,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        booked_at=booking.booked_at or booking.created_at,
        moved_at=booking.moved_at,
        cancelled_at=booking.cancelled_at,
        cancelled_by_party=booking.cancelled_by_party or None,
        completed_at=booking.completed_at,
        client_zone=booking.client.time_zone,
        clinic_zone=booking.location.time_zone,
        solids_fast_minutes=protocol.solids_fast_minutes if protocol and needs_fasting else None,
        liquids_fast_minutes=protocol.liquids_fast_minutes if protocol and needs_fasting else None,
        escort_required=protocol.escort_required if protocol else False,
        missing=open_items,
        confirmed=booking.is_dosing and not open_items,
        channels=_in_order(addresses),
        support_channels=_in_order(support.addresses) if support else (),
        questions=questions,
        window_from_at=booking.completed_at + cadence.WEEK if booking.completed_at else None,
    )


def _answers(bookings: Iterable[Booking]) -> Mapping[int, cadence.Answers]:
    """By client, of those whose protocol asks something around a dose. No query without one."""
    asked = [
        row
        for row in bookings
        if row.planned_session
        and row.planned_session.dose_number is not None
        and row.planned_session.plan.protocol.outcome_measures
    ]
    if not asked:
        return {}
    since = min(row.starts_at for row in asked) - REACH
    return measures.answers_of({row.client_id for row in asked}, since=since)


def _open_questions(booking: Booking, answered: cadence.Answers) -> frozenset[str]:
    """Before and after the dose: where something that the protocol asks for is still open (`cadence`)."""
    session = booking.planned_session
    if session is None or session.dose_number is None:
        return frozenset()
    at = booking.completed_at or booking.starts_at
    dose = cadence.Dose(session.dose_number, at, booking.completed_at is not None, session.pk)
    asked = session.plan.protocol.outcome_measures
    return frozenset(
        str(occasion)
        for occasion in answer_sheets.Occasion.values
        if set(cadence.open_around(asked, occasion, dose, answered)).intersection(
            answer_sheets.asked(session, occasion, language=booking.client.language)
        )
    )


_REACHED = Prepared(
    lambda: (
        Client.objects.filter(is_one_of("pk", "clients", BigIntegerField()))
        .order_by()
        .values_list(
            "pk",
            packed(
                ContactPoint.objects.filter(
                    Exists(
                        ChannelConsent.objects.filter(
                            client=OuterRef("client"),
                            channel=OuterRef("channel"),
                            granted_at__isnull=False,
                            withdrawn_at=None,
                        )
                    ),
                    ~Exists(
                        UnreachableAddress.objects.filter(
                            client=OuterRef("client"), channel=OuterRef("channel"), value=OuterRef("value")
                        )
                    ),
                    client=OuterRef("pk"),
                    is_primary=True,
                ),
                "channel",
                "value",
            ),
            packed(
                SupportPerson.objects.filter(
                    Q(is_escort=True) | Q(is_aftercare=True), client=OuterRef("pk"), may_be_contacted=True
                ),
                "is_escort",
                "pk",
                "name",
                "phone",
                "email",
            ),
            *(RawSQL(each, []) for each in rule_book.STORED),  # noqa: S611  constants
        )
    )
)


def _reached(
    client_ids: Sequence[int],
) -> tuple[dict[int, dict[str, str]], dict[int, Support], rule_book.Book]:
    """By client the addresses that they can be reached by, and at most one support person; and the rules."""
    addresses: dict[int, dict[str, str]] = defaultdict(dict)
    supports: dict[int, Support] = {}
    rows = _REACHED.rows(clients=client_ids)
    for client_id, points, people, *_rules in rows:
        addresses[client_id].update((channel, value) for channel, value in unpacked(points))
        # The escort comes last and stays, and of several the one who was entered first.
        for _is_escort, pk, name, phone, email in sorted(unpacked(people), key=lambda row: (row[0], -row[1])):
            reached = {way: value for way, value in (("sms", phone), ("email", email)) if value}
            if reached:
                supports[client_id] = Support(name, reached, pk)
    return addresses, supports, rule_book.read(*rows[0][-2:]) if rows else rule_book.load()


def _in_order(addresses: Mapping[str, str]) -> tuple[rules.Channel, ...]:
    return tuple(channel for channel in ORDER_OF_CHANNELS if channel in addresses)
