"""Bookings as the day list and the booking page show them, prepared so that templates decide nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from practice import clock
from practice.access import TAKES_CONSENTS, visible_to
from practice.models import Location, User
from scheduling import lifecycle, readiness, readiness_rules
from scheduling.errors import NotReady
from scheduling.models import Booking
from scheduling.readiness import Judgement
from scheduling.readiness_rules import Light, LightState
from scheduling.requests import BOOKINGS
from treatment_plans.dosing import watch
from treatment_plans.models import PlannedSession
from web.frontdesk import roles
from web.frontdesk.clinic import Clinic, zone_words
from web.frontdesk.words import LIGHTS, OUTSTANDING, STATES, STATUS_GLYPHS, Chip, place_in_series, short_name


@dataclass(frozen=True)
class Action:
    """A button that posts, or a link to a page that asks first."""

    label: str | Promise
    url: str
    posts: bool = False
    page: str = ""


@dataclass(frozen=True)
class Offer:
    """A step that the table of transitions may allow: its words, its page, and who may take it."""

    label: str | Promise
    page: str
    who: frozenset[Any]
    posts: bool = False


# By the status that the step leads to, the usual one first.
STEPS = {
    "booked": Offer(_("Confirm"), "confirm", roles.BOOKS, posts=True),
    "arrived": Offer(_("Arrived"), "arrive", roles.RECEIVES, posts=True),
    "in_session": Offer(_("Start"), "start", roles.STARTS, posts=True),
    "completed": Offer(_("Complete"), "complete", roles.COMPLETES),
    "cancelled": Offer(_("Cancel"), "cancel", roles.BOOKS),
    "no_show": Offer(_("Did not come"), "no_show", roles.BOOKS),
}
ROOM = Offer(_("Session room"), "enter_room", roles.STARTS, posts=True)
EXITS = frozenset({"cancel", "no_show"})
ON_THE_DAY = frozenset({"arrive", "start"})


@dataclass(frozen=True)
class Visit:
    booking: Booking
    starts: datetime  # on the clinic's clock
    ends: datetime
    name: str
    session: str
    people: str
    status: str
    status_glyph: str
    since: datetime | None  # when the client came, or the session began
    edge: str
    is_over: bool
    unattended_since: datetime | None  # on the clinic's clock: vitals were due, and nobody recorded any
    lights: tuple[Light, ...]
    outstanding: tuple[Chip, ...]
    first_action: Action | None
    more_actions: tuple[Action, ...]

    @property
    def is_ready(self) -> bool:
        return self.edge == LightState.READY


@dataclass(frozen=True)
class Place:
    """One location's day."""

    location: Location
    zone_words: str
    visits: Sequence[Visit]
    over: Sequence[Visit]  # cancelled, not come, expired


@dataclass(frozen=True)
class Day:
    on: date
    places: Sequence[Place]
    unattended: Sequence[Visit]
    visits_count: int
    blocked_count: int
    waiting_count: int


def with_series(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    """Adds how many doses the plan has, and what comes before an integration session."""
    doses = (
        PlannedSession.objects.filter(
            plan=OuterRef("planned_session__plan"), kind=PlannedSession.Kind.DOSING, withdrawn_at=None
        )
        .order_by()
        .annotate(of=F("plan"))
        .values("of")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return bookings.select_related("planned_session__after_session").annotate(
        doses_count=Subquery(doses, output_field=IntegerField())
    )


def load_day(user: User, clinic: Clinic, on: date) -> Day:
    """Every location's bookings of its own day `on`; nine queries at most for any number of them."""
    rows = visible_to(user, BOOKINGS, client="client", roles=roles.READS_BOOKINGS).filter(
        ~Booking.hold_is_over(clinic.now), starts_on=on
    )
    bookings = list(with_series(rows).order_by("starts_at", "pk"))
    visits = prepare(user, bookings, now=clinic.now)
    locations = {location.pk: location for location in clinic.locations}
    locations |= {visit.booking.location_id: visit.booking.location for visit in visits}
    places = []
    for location in locations.values():
        here = [visit for visit in visits if visit.booking.location_id == location.pk]
        noon = datetime.combine(on, datetime.min.time().replace(hour=12))
        at = clock.first_instant(noon, clock.zone(location.time_zone))
        places.append(
            Place(
                location,
                zone_words(clock.zone(location.time_zone), at),
                [visit for visit in here if not visit.is_over],
                [visit for visit in here if visit.is_over],
            )
        )
    edges = Counter(visit.edge for visit in visits)
    return Day(
        on=on,
        places=places,
        unattended=[visit for visit in visits if visit.unattended_since],
        visits_count=sum(not visit.is_over for visit in visits),
        blocked_count=edges[LightState.BLOCKED],
        waiting_count=edges[LightState.WAITING],
    )


def prepare(user: User, bookings: Iterable[Booking], *, now: datetime) -> list[Visit]:
    bookings = list(bookings)
    judged = readiness.judge(bookings, now=now) if bookings else {}
    short = Counter(short_name(booking.client) for booking in bookings)
    clients = {(short_name(booking.client), booking.client_id) for booking in bookings}
    twins = {name for name in short if sum(name == other for other, _client in clients) > 1}
    since = _unattended(bookings, now=now)
    return [
        _visit(user, booking, judged[booking.pk], twins, since.get(booking.pk), now=now)
        for booking in bookings
    ]


def _unattended(bookings: Iterable[Booking], *, now: datetime) -> dict[int, datetime]:
    """Since when nobody has recorded the vitals of a session; no query where none goes on."""
    going_on = {
        (booking.planned_session_id, booking.starts_at): booking.pk
        for booking in bookings
        if booking.is_dosing and booking.is_in_session
    }
    overdue = watch.overdue(now=now) if going_on else []
    found = {(each.record.planned_session_id, each.record.starts_at): each.point.at for each in overdue}
    return {pk: found[key] for key, pk in going_on.items() if key in found}


def chip(user: User, booking: Booking, light: Light) -> Chip:
    glyph, word = STATES[light.state]
    return Chip(
        light.name,
        str(LIGHTS[light.name]),
        light.state,
        glyph,
        str(word),
        _where_to_settle(user, booking, light) if light.state in OUTSTANDING else "",
    )


def actions(user: User, booking: Booking, *, now: datetime) -> list[Action]:
    """What may be done next with a booking, the usual thing first and what ends it last."""
    possible = lifecycle.TRANSITIONS[booking.status]
    offers = [offer for status, offer in STEPS.items() if status in possible and user.has_role(*offer.who)]
    steps = [_action(offer, booking) for offer in offers if offer.page not in EXITS]
    if booking.status in Booking.UPCOMING and user.has_role(*roles.BOOKS):
        steps.append(Action(_("Move"), reverse("admin:move", args=[booking.pk])))
        join = reverse("admin:join_waitlist", args=[booking.client_id])
        steps.append(Action(_("Wants it sooner"), f"{join}?booking={booking.pk}"))
    if booking.is_dosing and (booking.is_here or booking.completed_at) and user.has_role(*ROOM.who):
        steps.insert(0, _action(ROOM, booking))
    if not _is_its_day(booking, now):
        steps = [step for step in steps if step.page not in ON_THE_DAY]
    has_begun = now >= booking.starts_at
    exits = [offer for offer in offers if offer.page in EXITS and (has_begun or offer.page != "no_show")]
    return steps + [_action(offer, booking) for offer in exits]


def _is_its_day(booking: Booking, now: datetime) -> bool:
    try:
        lifecycle.check_its_day(booking, now=now)
    except NotReady:
        return False
    return True


def _action(offer: Offer, booking: Booking) -> Action:
    return Action(offer.label, reverse(f"admin:{offer.page}", args=[booking.pk]), offer.posts, offer.page)


def _visit(
    user: User,
    booking: Booking,
    judgement: Judgement,
    twins: set[str],
    unattended_since: datetime | None,
    *,
    now: datetime,
) -> Visit:
    is_awaited = booking.is_live and booking.started_at is None
    lights = judgement.lights if is_awaited else ()
    outstanding = tuple(chip(user, booking, light) for light in lights if light.state in OUTSTANDING)
    tz = clock.zone(booking.time_zone)
    name = short_name(booking.client)
    doses: int | None = getattr(booking, "doses_count", None)
    choices = actions(user, booking, now=now)
    first = choices[0] if choices and choices[0].page not in EXITS else None
    return Visit(
        booking=booking,
        starts=booking.starts_at.astimezone(tz),
        ends=booking.ends_at.astimezone(tz),
        name=booking.client.display_name if name in twins else name,
        session=place_in_series(booking.planned_session, doses, booking.appointment_type.name),
        people=" · ".join(person.name for person in (booking.therapist, booking.psychiatrist) if person),
        status=booking.get_status_display(),
        status_glyph=STATUS_GLYPHS[booking.status],
        since=(booking.started_at or booking.arrived_at) if booking.is_live else None,
        edge=_edge(is_awaited, outstanding),
        is_over=not booking.is_live and booking.completed_at is None,
        unattended_since=unattended_since.astimezone(tz) if unattended_since else None,
        lights=lights,
        outstanding=outstanding,
        first_action=first,
        more_actions=tuple(choices[1:] if first else choices),
    )


def _edge(is_awaited: bool, outstanding: Sequence[Chip]) -> str:
    """The worst light of a visit that is still to come; nothing is needed of the others."""
    states = {chip.state for chip in outstanding}
    if not is_awaited:
        return LightState.NOT_NEEDED
    if LightState.BLOCKED in states:
        return LightState.BLOCKED
    return LightState.WAITING if LightState.WAITING in states else LightState.READY


def _where_to_settle(user: User, booking: Booking, light: Light) -> str:
    if light.name in (
        readiness_rules.FASTING,
        readiness_rules.RIDE,
        readiness_rules.SUPPORT_PERSON,
        readiness_rules.MEDICINE,
    ):
        if not user.has_role(*roles.RECEIVES):
            return ""
        return reverse("admin:acknowledge", args=[booking.pk, light.name.replace("_", "-")])
    anchor: dict[str, Any] = {readiness_rules.CONSENT: "consents", readiness_rules.CLEARANCE: "clearance"}
    if light.name == readiness_rules.CONSENT and not user.has_role(*TAKES_CONSENTS):
        return ""
    return f"{reverse('admin:client', args=[booking.client_id])}#{anchor.get(light.name, light.name)}"
