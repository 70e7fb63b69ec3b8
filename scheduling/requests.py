"""From the ids that a caller names to what `booking` wants to know, within what the caller may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import BigIntegerField, QuerySet
from django.utils.translation import gettext_noop as _

from practice.access import access_client, access_one, visible_to
from practice.errors import Invalid, OutOfScope
from practice.models import Clinician, Location, Room, User
from practice.prepared import Param, Prepared
from scheduling.booking import Request
from scheduling.models import AppointmentType, Booking, GroupSession, Phase
from treatment_plans.models import PlannedSession

Kind = PlannedSession.Kind
THERAPIST, PSYCHIATRIST = Clinician.Kind.THERAPIST, Clinician.Kind.PSYCHIATRIST

BOOKINGS: QuerySet[Booking] = Booking.objects.select_related(
    "client",
    "location",
    "appointment_type",
    "planned_session__plan__protocol",
    "therapist",
    "psychiatrist",
    "room",
)


def request_for(
    user: User,
    *,
    roles: Iterable[str],
    planned_session: int | None = None,
    client: int | None = None,
    appointment_type: int | None = None,
    location: int | None = None,
    therapist: int | None = None,
    psychiatrist: int | None = None,
    room: int | None = None,
) -> Request:
    """A planned session, or else a client with an appointment type; the other ids narrow the choice.

    The appointment type of a planned session defaults to the one of its kind and route, the location to
    the client's. `roles` are those that count for seeing the client.
    Raises OutOfScope for an id that is missing or invisible, Invalid for what doesn't fit.
    """
    session = None
    if planned_session is not None:
        if client is not None:
            raise Invalid(
                _("A planned session says for whom it is: leave out the client."),
                code="not_needed",
                pointer="/client",
            )
        session = _access_session(user, planned_session, roles)
        of_client = session.plan.client
        kind = default_type(session) if appointment_type is None else _active_type(appointment_type)
    elif client is None or appointment_type is None:
        raise Invalid(
            _("Give planned_session, or client and appointment_type."),
            code="required",
            pointer="/planned_session",
        )
    else:
        of_client = access_client(user, client, roles=roles)
        kind = _active_type(appointment_type)
        if kind.kind == Kind.DOSING:
            raise Invalid(
                _("A dosing session is booked for a planned session of a treatment plan."),
                code="required",
                pointer="/planned_session",
            )
    place = of_client.location
    if location is not None:
        place = access_one(Location.objects.all(), location, "/location")
    _check_choice(kind, place, therapist=therapist, psychiatrist=psychiatrist, room=room)
    if kind.is_group:
        raise Invalid(
            _("Clients join a group session: this type has no time of its own for one."),
            code="is_group",
            pointer="/appointment_type",
        )
    return Request(
        client=of_client,
        appointment_type=kind,
        location=place,
        planned_session=session,
        therapist_id=therapist,
        psychiatrist_id=psychiatrist,
        room_id=room,
    )


def request_to_join(
    user: User,
    group: GroupSession,
    *,
    roles: Iterable[str],
    planned_session: int | None = None,
    client: int | None = None,
) -> Request:
    """For a client, or for a planned session of theirs; a dose needs one. Raises OutOfScope and Invalid."""
    if (planned_session is None) == (client is None):
        raise Invalid(_("Give planned_session, or client."), code="required", pointer="/planned_session")
    session = None if planned_session is None else _access_session(user, planned_session, roles)
    of_client = session.plan.client if session else access_client(user, client or 0, roles=roles)
    if session is None and group.appointment_type.kind == Kind.DOSING:
        raise Invalid(
            _("A dosing session is booked for a planned session of a treatment plan."),
            code="required",
            pointer="/planned_session",
        )
    return Request(
        client=of_client,
        appointment_type=group.appointment_type,
        location=group.location,
        planned_session=session,
    )


def request_to_move(
    booking: Booking,
    *,
    therapist: int | None = None,
    psychiatrist: int | None = None,
    room: int | None = None,
) -> Request:
    """What `moves.reschedule` will ask for: who is booked stays, unless named anew."""
    _check_choice(
        booking.appointment_type,
        booking.location,
        therapist=therapist,
        psychiatrist=psychiatrist,
        room=room,
    )
    return Request(
        client=booking.client,
        appointment_type=booking.appointment_type,
        location=booking.location,
        planned_session=booking.planned_session,
        therapist_id=therapist or booking.therapist_id,
        psychiatrist_id=psychiatrist or booking.psychiatrist_id,
        room_id=room,
        moving=booking,
    )


def access_booking(
    user: User, booking_id: int, *, roles: Iterable[str], pointer: str | None = None
) -> Booking:
    """Raises OutOfScope alike for a booking that is missing and for one that is invisible."""
    return access_one(visible_to(user, BOOKINGS, client="client", roles=roles), booking_id, pointer)


def default_type(session: PlannedSession) -> AppointmentType:
    """The oldest active type of the session's kind; of a dose, on the plan's route."""
    route = session.plan.protocol.route if session.kind == Kind.DOSING else ""
    found = _with_phases(
        AppointmentType.objects.filter(kind=session.kind, route=route, is_active=True, most_members=1)
    )
    if found is None:
        raise Invalid(
            _("There is no active appointment type for this kind of session."),
            code="no_appointment_type",
            pointer="/appointment_type",
        )
    return found


def _access_session(user: User, pk: int, roles: Iterable[str]) -> PlannedSession:
    sessions = PlannedSession.objects.select_related("plan__protocol", "plan__client__location")
    visible = visible_to(user, sessions, client="plan__client", roles=roles)
    return access_one(visible, pk, "/planned_session")


def _with_phases(types: QuerySet[AppointmentType]) -> AppointmentType | None:
    """The oldest of them as `prefetch_related` would have it, but in one query if it has phases."""
    oldest = types.order_by("pk")
    rows = list(
        Phase.objects.filter(appointment_type=oldest.values("pk")[:1])
        .select_related("appointment_type")
        .order_by("from_minutes", "pk")
    )
    return _as_prefetched(rows) if rows else oldest.prefetch_related("phases").first()


def _as_prefetched(rows: list[Phase]) -> AppointmentType:
    """The type of these phases, which are all of its."""
    found = rows[0].appointment_type
    phases: Any = found.phases.all()
    phases._result_cache = rows
    found._prefetched_objects_cache = {"phases": phases}  # type: ignore[attr-defined]
    return found


_PHASES = Prepared(
    lambda: (
        Phase.objects.filter(appointment_type_id=Param("pk", BigIntegerField()))
        .select_related("appointment_type")
        .order_by("from_minutes", "pk")
    )
)


def _active_type(pk: int) -> AppointmentType:
    rows = list(_PHASES.objects(pk=pk))
    if rows:
        found: AppointmentType | None = _as_prefetched(rows)
    else:
        found = AppointmentType.objects.prefetch_related("phases").filter(pk=pk).first()
    if found is None:
        raise OutOfScope(pointer="/appointment_type")
    if not found.is_active:
        raise Invalid(
            _("This appointment type is no longer in use."), code="inactive", pointer="/appointment_type"
        )
    return found


def _check_choice(
    kind: AppointmentType,
    location: Location,
    *,
    therapist: int | None,
    psychiatrist: int | None,
    room: int | None,
) -> None:
    """That each is there, and that a session of this type has a use for it."""
    needs = {phase.need for phase in kind.phases.all()}
    if not needs:
        raise Invalid(
            _("This appointment type takes nobody and no room yet: give it its phases first."),
            code="no_phases",
            pointer="/appointment_type",
        )
    for name, pk in ((THERAPIST, therapist), (PSYCHIATRIST, psychiatrist)):
        if pk is not None:
            access_one(Clinician.objects.filter(kind=name), pk, f"/{name}")
            if name not in needs:
                raise _not_needed(f"/{name}")
    if room is not None:
        access_one(Room.objects.filter(location=location), room, "/room")
        if not any(need.startswith("room:") for need in needs):
            raise _not_needed("/room")


def _not_needed(pointer: str) -> Invalid:
    return Invalid(_("This appointment type has no use for that."), code="not_needed", pointer=pointer)
