"""What moving or losing a booking means for the client's other sessions, by looking before and after."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.text import capfirst

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from scheduling import changes, readiness
from scheduling.effects import Effect, spoken
from scheduling.models import Acknowledgement, Booking
from scheduling.readiness import Judgement
from scheduling.readiness_rules import LightState
from treatment_plans.models import PlannedSession
from treatment_plans.rules import spacing

Kind = PlannedSession.Kind

LONGEST_SEARCH = timedelta(days=14)
WITH_PLAN: QuerySet[Booking] = Booking.objects.select_related(
    "client",
    "location",
    "appointment_type",
    "planned_session__plan__protocol",
    "planned_session__after_session",
    "therapist",
    "psychiatrist",
    "room",
)

MOVES = _("%(session)s moves from %(from)s to %(to)s")
CANCELLED = _("%(session)s on %(from)s is cancelled.")
OTHER_PEOPLE = _("%(session)s is with %(who)s instead of %(usual)s.")
OTHER_ROOM = _("%(session)s is in %(who)s instead of %(usual)s.")
ASKED_AGAIN = _("To be asked again for the new time: %(item)s.")
NEEDS_NEW_TIME = _("%(session)s on %(when)s needs a new time: from %(from)s to %(until)s")
ON_HOLD = _("%(session)s on %(when)s can't take place as things would be.")
RELEASED = _("%(session)s on %(when)s is no longer on hold.")
REVIEW = _("%(session)s on %(when)s is no longer in its order: %(review)s on %(review_when)s")


@dataclass(frozen=True)
class Seen:
    booking: Booking
    judgement: Judgement

    @property
    def session(self) -> str:
        return capfirst(str(self.booking.planned_session or self.booking.appointment_type.name))

    @property
    def when(self) -> str:
        return spoken(self.booking.starts_at, self.booking.location.time_zone)


@dataclass(frozen=True)
class Before:
    """What was there before the change."""

    client_ids: frozenset[int]
    changing: frozenset[int]
    seen: Mapping[int, Seen]
    messages: Callable[[], tuple[Effect, ...]]

    def compare(self, *, now: datetime) -> tuple[Effect, ...]:
        """Every line about what has become different, those of the changed bookings first."""
        after = _seen(self.client_ids, self.changing, now=now)
        found: list[Effect] = []
        for pk in sorted(after, key=lambda pk: (pk not in self.changing, after[pk].booking.starts_at)):
            if pk not in self.seen:
                continue
            found += _of_booking(self.seen[pk], after[pk])
            found += _of_window(self.seen[pk], after[pk], after.values())
        found += _of_reviews(self.seen, after)
        return (*found, *self.messages())


def look(client_ids: int | Collection[int], changing: Collection[int], *, now: datetime) -> Before:
    """Look at all that is still to come for the clients. Eight queries, whatever the numbers."""
    ids = frozenset([client_ids] if isinstance(client_ids, int) else client_ids)
    seen = _seen(ids, frozenset(changing), now=now)
    return Before(ids, frozenset(changing), seen, changes.watch(list(seen)))


def followers_of(dose: Booking | None) -> list[Booking]:
    """The live bookings of the integration sessions after a dose, earliest first."""
    if dose is None or dose.planned_session_id is None:
        return []
    return list(
        WITH_PLAN.filter(
            planned_session__after_session=dose.planned_session_id,
            planned_session__kind=Kind.INTEGRATION,
            status__in=Booking.LIVE,
        ).order_by("starts_at", "pk")
    )


def window_of(session: PlannedSession | None, *, dose_ended_at: datetime) -> tuple[datetime, datetime]:
    """When an integration session may start; without hours in the protocol for two weeks after the dose."""
    protocol = session.plan.protocol if session is not None else None
    from_hours = (protocol.integration_from_hours if protocol else None) or 0
    until_hours = (protocol.integration_until_hours if protocol else None) or 0
    longest = from_hours + int(LONGEST_SEARCH / timedelta(hours=1))
    return spacing.integration_window(
        dose_ended_at, from_hours=from_hours, until_hours=until_hours or longest
    )


def out_of_window(
    session: PlannedSession | None, starts_at: datetime, *, dose_ended_at: datetime
) -> tuple[Blocker, ...]:
    """Why an integration session is not in its window; () for what has none."""
    if session is None or session.kind != Kind.INTEGRATION or session.after_session_id is None:
        return ()
    protocol = session.plan.protocol
    if not protocol.integration_until_hours:
        if starts_at >= dose_ended_at:
            return ()
        return (Blocker("before_its_dose", _("This session belongs after its dosing session.")),)
    return spacing.integration_blockers(
        starts_at,
        dose_ended_at=dose_ended_at,
        from_hours=protocol.integration_from_hours or 0,
        until_hours=protocol.integration_until_hours,
    )


def _seen(client_ids: Collection[int], changing: Collection[int], *, now: datetime) -> dict[int, Seen]:
    """What is to come, and what is changing even if it is over by then."""
    to_come = WITH_PLAN.filter(Booking.in_force(now), client__in=client_ids, ends_at__gt=now)
    rows = {row.pk: row for row in (*to_come, *WITH_PLAN.filter(pk__in=changing))}
    judged = readiness.judge(rows.values(), now=now)
    return {pk: Seen(row, judged[pk]) for pk, row in rows.items()}


def _of_booking(before: Seen, after: Seen) -> Iterable[Effect]:
    was, new = before.booking, after.booking
    about: dict[str, str | int] = {"session": after.session, "when": after.when}
    if not new.is_live:
        if was.is_live:
            yield Effect("cancelled", CANCELLED, new.pk, {**about, "from": before.when})
        return
    if was.starts_at != new.starts_at:
        instants = {"from_at": was.starts_at.isoformat(), "to_at": new.starts_at.isoformat()}
        yield Effect("moves", MOVES, new.pk, {**about, "from": before.when, "to": after.when, **instants})
    for code, message, usual, now_it_is in (
        ("other_therapist", OTHER_PEOPLE, was.therapist, new.therapist),
        ("other_psychiatrist", OTHER_PEOPLE, was.psychiatrist, new.psychiatrist),
        ("other_room", OTHER_ROOM, was.room, new.room),
    ):
        if usual != now_it_is and usual is not None and now_it_is is not None:
            who: dict[str, str | int] = {"who": now_it_is.name, "usual": usual.name}
            yield Effect(code, message, new.pk, {**about, **who})
    yield from _asked_again(before, after)
    held, holds = set(before.judgement.blockers), after.judgement.blockers
    if fresh := tuple(each for each in holds if each not in held):
        yield Effect("put_on_hold", ON_HOLD, new.pk, about, blockers=fresh, needs_a_person=True)
    elif held and not holds:
        yield Effect("released", RELEASED, new.pk, about)


def _asked_again(before: Seen, after: Seen) -> Iterable[Effect]:
    """Answers that counted for the old start and count no longer."""
    now_waiting = {light.name for light in after.judgement.lights if light.state == LightState.WAITING}
    for light in before.judgement.lights:
        if light.said_by is not None and light.name in now_waiting:
            item = str(Acknowledgement.Item(light.name).label)
            yield Effect("asked_again", ASKED_AGAIN, after.booking.pk, {"item": item, "light": light.name})


def _of_window(before: Seen, after: Seen, all_after: Iterable[Seen]) -> Iterable[Effect]:
    """A session that is outside its window now, and was not before or belongs to a dose that moved."""
    new, session = after.booking, after.booking.planned_session
    dose = next(
        (
            each.booking
            for each in all_after
            if session is not None
            and session.after_session_id is not None
            and each.booking.planned_session_id == session.after_session_id
            and each.booking.is_live
        ),
        None,
    )
    if dose is None or not new.is_live:
        return
    reasons = out_of_window(session, new.starts_at, dose_ended_at=dose.ends_at)
    if reasons:
        from_at, until_at = window_of(session, dose_ended_at=dose.ends_at)
        zone = new.location.time_zone
        params: dict[str, str | int] = {
            "session": after.session,
            "when": after.when,
            "from": spoken(from_at, zone),
            "until": spoken(until_at, zone),
            "from_at": from_at.isoformat(),
            "until_at": until_at.isoformat(),
        }
        yield Effect("needs_new_time", NEEDS_NEW_TIME, new.pk, params, blockers=reasons, needs_a_person=True)


def _of_reviews(before: Mapping[int, Seen], after: Mapping[int, Seen]) -> Iterable[Effect]:
    """Doses and reviews of a plan that follow each other as planned before, and no longer do."""
    known = set(_inversions(before.values()))
    for dose_id, review_id in _inversions(after.values()):
        if (dose_id, review_id) in known:
            continue
        dose, review = after[dose_id], after[review_id]
        params: dict[str, str | int] = {
            "session": dose.session,
            "when": dose.when,
            "review": review.session,
            "review_when": review.when,
            "review_booking": review_id,
        }
        yield Effect("review_out_of_order", REVIEW, dose_id, params, needs_a_person=True)


def _inversions(seen: Iterable[Seen]) -> Iterable[tuple[int, int]]:
    """Pairs of a dose and a review whose times are the other way round than their positions."""
    placed = [
        (each.booking, each.booking.planned_session)
        for each in seen
        if each.booking.planned_session is not None and each.booking.is_live
    ]
    doses = [(row, session) for row, session in placed if session and session.kind == Kind.DOSING]
    reviews = [(row, session) for row, session in placed if session and session.kind == Kind.REVIEW]
    for dose, of_dose in doses:
        for review, of_review in reviews:
            if of_dose.plan_id == of_review.plan_id and (of_dose.position < of_review.position) != (
                dose.starts_at < review.starts_at
            ):
                yield dose.pk, review.pk
