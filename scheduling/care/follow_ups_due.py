"""What a clinician has to do for their clients now, in one list: safety first, then what is overdue.

Only alerts and follow-ups are rows. Notes that are not signed, questionnaires that were not answered and
reviews without a decision are derived each time, so that nothing has to be tidied up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from practice import clock
from practice.access import DECIDES_MEDICAL, READS_MEDICAL, visible_to
from practice.models import Client, User
from scheduling.care import measures_due
from scheduling.models import Booking, SessionNote
from treatment_plans.models import (
    CourseHold,
    FollowUp,
    FollowUpAttempt,
    PlannedSession,
    PlanReview,
    SafetyAlert,
    TreatmentPlan,
)

# A session that nobody wrote about shows for so long; a draft until it is signed or discarded.
NOTE_OWED_FOR = timedelta(days=30)
SOON = timedelta(hours=24)  # what becomes due within a day is shown already

SAFETY, OVERDUE, DUE, SOON_DUE = "safety", "overdue", "due", "soon"
_ORDER = {SAFETY: 0, OVERDUE: 1, DUE: 2, SOON_DUE: 3}
KINDS = {
    "safety_alert": _("safety alert"),
    "follow_up": _("follow-up"),
    "note": _("note to sign"),
    "measures": _("questionnaires without an answer"),
    "review": _("review without a decision"),
    "course_hold": _("course on hold after an adverse event"),
}


@dataclass(frozen=True)
class Item:
    """`id` is of the row that `kind` names: of the booking for a note, of the session for a review, of the
    client for measures. `codes` says what: the kind of follow-up or of event, the instruments, the reason of
    the alert.
    """

    kind: str
    id: int
    client: Client
    codes: tuple[str, ...]
    due_from_at: datetime
    due_until_at: datetime | None
    pressing: str
    agreed: str = ""
    attempt_count: int = 0
    last_attempt_at: datetime | None = None
    last_attempt_how: str = ""
    booked_at: datetime | None = None
    note_id: int | None = None

    def hours_left(self, now: datetime) -> int | None:
        """Whole hours until it is overdue, 0 from then on."""
        if self.due_until_at is None:
            return None
        return max(0, int((self.due_until_at - now) / timedelta(hours=1)))


def due(user: User, *, now: datetime) -> Sequence[Item]:
    """Of the clients whom the user treats. The number of queries does not depend on theirs."""
    found = [item for source in SOURCES for item in source(user, now)]
    return sorted(found, key=lambda item: (_ORDER[item.pressing], item.due_until_at or item.due_from_at))


def _alerts(user: User, now: datetime) -> Iterator[Item]:
    rows = SafetyAlert.objects.filter(disposed_at=None).select_related("client")
    for row in _visible(user, rows):
        yield Item(
            "safety_alert", row.pk, row.client, (row.reason,), row.raised_at, row.acknowledge_by_at, SAFETY
        )


def _follow_ups(user: User, now: datetime) -> Iterator[Item]:
    """Not those that are put off, nor an integration session that is booked and still to come."""
    attempts = FollowUpAttempt.objects.filter(follow_up=OuterRef("pk")).order_by("-made_at", "-pk")
    booked = Booking.objects.filter(
        Booking.in_force(now), planned_session=OuterRef("planned_session"), starts_at__gt=now
    )
    rows = (
        FollowUp.objects.filter(done_at=None, due_from_at__lte=now + SOON)
        .select_related("client__location")
        .annotate(
            attempt_count=Count("attempts"),
            last_attempt_at=Subquery(attempts.values("made_at")[:1]),
            last_attempt_how=Subquery(attempts.values("how")[:1]),
            booked_at=Subquery(booked.values("starts_at")[:1]),
        )
    )
    for row in _visible(user, rows):
        today = clock.local_day(now, clock.zone(row.client.location.time_zone))
        if row.snoozed_until_on and row.snoozed_until_on > today:
            continue
        if row.booked_at is not None and row.booked_at < row.due_until_at:
            continue
        yield Item(
            "follow_up",
            row.pk,
            row.client,
            tuple(filter(None, (row.kind, row.practice))),
            row.due_from_at,
            row.due_until_at,
            _pressing(row.due_from_at, row.due_until_at, now),
            row.agreed,
            row.attempt_count,
            row.last_attempt_at,
            row.last_attempt_how or "",
            row.booked_at,
        )


def _notes(user: User, now: datetime) -> Iterator[Item]:
    """The user's own drafts, and the sessions of theirs of which there is no note."""
    drafts = SessionNote.objects.filter(author__user=user, signed_at=None).select_related("client", "booking")
    for note in _visible(user, drafts):
        about = note.booking.completed_at if note.booking else None
        begun_at = about or note.begun_at
        yield Item(
            "note",
            note.booking_id or note.pk,
            note.client,
            (note.kind,),
            begun_at,
            begun_at + SOON,
            _pressing(begun_at, begun_at + SOON, now),
            note_id=note.pk,
        )
    has_note = SessionNote.objects.filter(booking=OuterRef("pk"))
    sessions = Booking.objects.filter(
        ~Exists(has_note), completed_at__gte=now - NOTE_OWED_FOR, therapist__user=user
    ).select_related("client")
    for row in _visible(user, sessions):
        done_at = row.completed_at or row.ends_at
        yield Item(
            "note",
            row.pk,
            row.client,
            (SessionNote.Kind.SESSION.value,),
            done_at,
            done_at + SOON,
            _pressing(done_at, done_at + SOON, now),
        )


def _measures(user: User, now: datetime) -> Iterator[Item]:
    plans = TreatmentPlan.objects.filter(status=TreatmentPlan.Status.ACTIVE).select_related("client")
    clients = {plan.client_id: plan.client for plan in _visible(user, plans)}
    for client_id, owed in measures_due.load(clients, now=now).items():
        if not owed:
            continue
        until = min((one.until_at for one in owed if one.until_at), default=None)
        yield Item(
            "measures",
            client_id,
            clients[client_id],
            tuple(dict.fromkeys(one.instrument for one in owed)),
            min(one.from_at for one in owed),
            until,
            DUE,
        )


def _reviews(user: User, now: datetime) -> Iterator[Item]:
    """For prescribers: review sessions that took place and have no decision on record."""
    if not user.has_role(*DECIDES_MEDICAL):
        return
    decided = PlanReview.objects.filter(planned_session=OuterRef("pk"))
    rows = PlannedSession.objects.filter(
        ~Exists(decided),
        Q(plan__status=TreatmentPlan.Status.ACTIVE),
        kind=PlannedSession.Kind.REVIEW,
        completed_at__isnull=False,
    ).select_related("plan__client")
    for row in visible_to(user, rows, client="plan__client", roles=DECIDES_MEDICAL):
        done_at = row.completed_at or now
        yield Item(
            "review",
            row.pk,
            row.plan.client,
            (),
            done_at,
            done_at + SOON,
            _pressing(done_at, done_at + SOON, now),
        )


def _holds(user: User, now: datetime) -> Iterator[Item]:
    """For prescribers: no dose of these courses is given until one of them has looked at what happened."""
    if not user.has_role(*DECIDES_MEDICAL):
        return
    rows = CourseHold.objects.filter(released_at=None).select_related("plan__client", "event")
    for row in visible_to(user, rows, client="plan__client", roles=DECIDES_MEDICAL):
        until_at = row.raised_at + SOON
        pressing = _pressing(row.raised_at, until_at, now)
        yield Item(
            "course_hold", row.pk, row.plan.client, (row.event.kind,), row.raised_at, until_at, pressing
        )


Source = Callable[[User, datetime], Iterator[Item]]
SOURCES: tuple[Source, ...] = (_alerts, _follow_ups, _notes, _measures, _reviews, _holds)


def _visible(user: User, rows: QuerySet) -> QuerySet:
    return visible_to(user, rows, client="client", roles=READS_MEDICAL)


def _pressing(from_at: datetime, until_at: datetime, now: datetime) -> str:
    if now >= until_at:
        return OVERDUE
    return DUE if now >= from_at else SOON_DUE
