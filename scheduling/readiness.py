"""Is everybody ready? The lights of bookings, and who said what about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.access import TREATING, check_role
from practice.blockers import Blocker
from practice.doors import door, step
from practice.errors import Invalid, NotAllowed, OutOfScope
from practice.models import User
from scheduling import changes, gate, readiness_rules
from scheduling.errors import NotPossibleNow
from scheduling.models import Acknowledgement, Booking
from scheduling.readiness_rules import AcknowledgementFact, Light, LightState, ReadinessFacts, Requirements

NOT_READY = {
    readiness_rules.FASTING: _("Fasting has not been confirmed for this start."),
    readiness_rules.RIDE: _("The ride home has not been confirmed for this start."),
    readiness_rules.SUPPORT_PERSON: _("The support person has not been confirmed for this start."),
    readiness_rules.MEDICINE: _("The medicine has not been seen."),
}


@dataclass(frozen=True)
class Judgement:
    """`blockers` are the closed gate's reasons; a live booking that has any is on hold."""

    lights: tuple[Light, ...]
    blockers: tuple[Blocker, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return readiness_rules.missing(self.lights)


def judge(bookings: Iterable[Booking], *, now: datetime) -> dict[int, Judgement]:
    """The lights of many bookings, by booking id; five queries for any number.

    The bookings come with appointment type, location, client, and planned session with plan and protocol.
    """
    bookings = list(bookings)
    sessions = {booking.pk: gate.session_of(booking) for booking in bookings}
    loaded = gate.load(sessions.values(), now=now)
    said = _acknowledgements(bookings)
    judged = {}
    for booking in bookings:
        blockers: tuple[Blocker, ...] = ()
        if booking.is_live:
            blockers = loaded.blockers(sessions[booking.pk], starts_at=booking.starts_at, now=now)
        facts = ReadinessFacts(
            starts_at=booking.starts_at,
            is_dosing=booking.is_dosing,
            requirements=requirements(booking),
            blockers=blockers,
            acknowledgements=said[booking.pk],
        )
        judged[booking.pk] = Judgement(readiness_rules.lights(facts), blockers)
    return judged


def judge_new(booking: Booking) -> Judgement:
    """Of one that was booked a moment ago, through an open gate: nobody has said anything yet. No query."""
    facts = ReadinessFacts(
        starts_at=booking.starts_at, is_dosing=booking.is_dosing, requirements=requirements(booking)
    )
    return Judgement(readiness_rules.lights(facts), ())


def open_items(bookings: Iterable[Booking], *, are_new: bool = False) -> dict[int, frozenset[str]]:
    """What the client still has to settle, by booking id: lights that rest on what people say.

    One query, and none for new ones, of which nothing was said yet.
    """
    bookings = list(bookings)
    said = _acknowledgements([] if are_new else bookings)
    return {
        booking.pk: frozenset(
            readiness_rules.missing(
                readiness_rules.lights(
                    ReadinessFacts(
                        starts_at=booking.starts_at,
                        is_dosing=booking.is_dosing,
                        requirements=requirements(booking),
                        acknowledgements=said[booking.pk],
                    )
                )
            )
        )
        for booking in bookings
    }


def requirements(booking: Booking) -> Requirements:
    """What the plan's protocol asks of the client for this session."""
    if not booking.is_dosing or booking.planned_session is None:
        return Requirements()
    protocol = booking.planned_session.plan.protocol
    return Requirements(
        fasting=bool(protocol.solids_fast_minutes or protocol.liquids_fast_minutes),
        ride=protocol.ride_required,
        support_person=protocol.support_person_required,
        medicine=protocol.client_brings_medication,
    )


def gate_blockers(booking: Booking, *, now: datetime) -> tuple[Blocker, ...]:
    """Every reason of the gate against a booking at its own time."""
    session = gate.session_of(booking)
    return gate.load([session], now=now).blockers(session, starts_at=booking.starts_at, now=now)


def start_blockers(booking: Booking, *, now: datetime) -> tuple[Blocker, ...]:
    """Every reason why a session may not start: the gate's, judged for today, and each item that is open."""
    session = gate.session_of(booking)
    closed = gate.load([session], now=now).blockers(session, starts_at=now, now=now)
    judgement = judge([booking], now=now)[booking.pk]
    open_items = [
        Blocker(f"{light.name}_not_confirmed", NOT_READY[light.name])
        for light in judgement.lights
        if light.name in NOT_READY and light.state in (LightState.WAITING, LightState.BLOCKED)
    ]
    return (*closed, *open_items)


@door
def acknowledge(
    booking_id: int,
    *,
    item: str,
    answer: str,
    said_by: str,
    source: str,
    detail: str = "",
    for_starts_at: datetime | None = None,
    actor: User,
    now: datetime,
) -> Acknowledgement:
    """Record what someone said about an item, for the booking's present start.

    `for_starts_at`, when given, is the start that the speaker had in mind: an answer for another one is
    refused, for the times have changed since. "overridden" is for clinicians, with a reason in `detail`.
    """
    return take_answer(
        booking_id,
        item=item,
        answer=answer,
        said_by=said_by,
        source=source,
        detail=detail,
        for_starts_at=for_starts_at,
        actor=actor,
        now=now,
    )


@step
def take_answer(
    booking_id: int,
    *,
    item: str,
    answer: str,
    said_by: str,
    source: str,
    detail: str = "",
    for_starts_at: datetime | None = None,
    actor: User | None,
    now: datetime,
) -> Acknowledgement:
    """The work of `acknowledge`; nobody is the actor of what a client says without our help."""
    booking = (
        Booking.objects.select_for_update(no_key=True, of=("self",))
        .select_related("appointment_type", "planned_session__plan__protocol")
        .filter(pk=booking_id)
        .first()
    )
    if booking is None:
        raise OutOfScope
    if not booking.is_live:
        raise NotPossibleNow(
            _("This booking is over."), params={"status": booking.get_status_display(), "wanted": ""}
        )
    if for_starts_at is not None and for_starts_at != booking.starts_at:
        raise NotPossibleNow(
            _("The session was moved since: ask again for its new time."),
            code="moved_since",
            pointer="/for_starts_at",
        )
    if not getattr(requirements(booking), item):
        raise Invalid(_("This session does not need that."), code="not_needed", pointer="/item")
    if answer == Acknowledgement.Answer.OVERRIDDEN:
        if actor is None:
            raise NotAllowed
        check_role(actor, TREATING)
        if not detail.strip():
            raise Invalid(_("An override needs a reason."), code="required", pointer="/detail")
    said = Acknowledgement.objects.create(
        booking=booking,
        item=item,
        for_starts_at=booking.starts_at,
        answer=answer,
        said_by=said_by,
        source=source,
        detail=detail.strip(),
        recorded_by=actor,
        recorded_at=now,
    )
    Booking.objects.filter(pk=booking.pk).update(touched_at=now)
    activity.record(
        f"readiness.{answer}", booking, actor=actor, at=now, client=booking.client_id, data={"item": item}
    )
    changes.announce([booking.pk], now=now)
    return said


def _acknowledgements(bookings: Iterable[Booking]) -> Mapping[int, tuple[AcknowledgementFact, ...]]:
    said: dict[int, tuple[AcknowledgementFact, ...]] = defaultdict(tuple)
    bookings = list(bookings)
    if not bookings:
        return said
    for row in Acknowledgement.objects.filter(booking__in=[booking.pk for booking in bookings]).order_by(
        "pk"
    ):
        said[row.booking_id] += (
            AcknowledgementFact(
                row.item, row.for_starts_at, row.answer, row.said_by, row.source, row.recorded_at
            ),
        )
    return said
