"""Whether a session may take place: every reason why not, judged for its own day.

The same functions answer when a time is offered, booked, moved, arrived at and started.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from treatment_plans.rules.flags import FlagFact, ResultFact, screening_blockers
from treatment_plans.rules.reviews import NO_REVIEWS, ReviewRule, review_blockers, review_day_blockers
from treatment_plans.rules.spacing import spacing_blockers
from treatment_plans.rules.supply import DoseFact, PrescriptionFact, prescription_blockers

ACTIVE, PAUSED = "active", "paused"


@dataclass(frozen=True, slots=True)
class RequiredDocument:
    """The version in force of a document that must be signed."""

    kind: str
    version: int
    title: str


@dataclass(frozen=True, slots=True)
class SignatureFact:
    kind: str
    version: int
    signed_at: datetime
    valid_through_on: date | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClearanceFact:
    """A clinician's decision that nothing has superseded. Without a last day it stands until superseded."""

    is_granted: bool
    valid_from_on: date
    valid_through_on: date | None = None


@dataclass(frozen=True, slots=True)
class LicenceFact:
    state: str
    valid_from_on: date
    valid_through_on: date


@dataclass(frozen=True, slots=True)
class ClinicianFact:
    licences: tuple[LicenceFact, ...]

    def is_licensed(self, state: str, day: date) -> bool:
        return any(
            licence.state == state and licence.valid_from_on <= day <= licence.valid_through_on
            for licence in self.licences
        )


@dataclass(frozen=True, slots=True)
class EnrollmentFact:
    """A REMS enrolment; on `ended_on` it no longer counts."""

    enrolled_on: date
    ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """`plan_status` is None without a plan, and "paused" for the doses of a paused one.

    `client_state` is where the client is during the session.

    `prescriber` is the booking's psychiatrist, else the plan's. A clinician who is None is not
    judged: whether one is needed is for the appointment type's phases to say.
    """

    plan_status: str | None
    client_state: str
    therapist: ClinicianFact | None
    prescriber: ClinicianFact | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DosingFacts(SessionFacts):
    """All that decides about one dosing session of one client.

    `route`, `min_days_between_doses` and the two `needs_` come from the plan's protocol,
    `booked_route` from the appointment type. `prescriptions` are all of the client's, on any
    route; `other_doses` all live and done dosing sessions except this one. `is_booked_here` says
    that this very time is booked already: then it may use a dose that a later booking counts on,
    which a new booking or a move may not. `doses_of_plan` are the plan's other doses, `reviews` when
    its reviews were decided, and the ends of those that are booked and still to come.
    """

    booking_id: int | None
    is_booked_here: bool
    route: str
    booked_route: str
    protocol_is_approved: bool
    min_days_between_doses: int
    needs_prescriber_on_site: bool
    needs_rems_enrollment: bool
    has_psychiatrist: bool
    required_documents: tuple[RequiredDocument, ...]
    signatures: tuple[SignatureFact, ...]
    clearances: tuple[ClearanceFact, ...]
    prescriptions: tuple[PrescriptionFact, ...]
    other_doses: tuple[DoseFact, ...]
    enrollments: tuple[EnrollmentFact, ...]
    has_open_alert: bool
    review_rule: ReviewRule = NO_REVIEWS
    doses_of_plan: tuple[DoseFact, ...] = ()
    reviews: tuple[datetime, ...] = ()
    flags: tuple[FlagFact, ...]
    results: tuple[ResultFact, ...]
    is_course_on_hold: bool


def session_blockers(facts: SessionFacts, *, day: date) -> tuple[Blocker, ...]:
    """List every reason why a session without a dose may not take place on `day` (clinic-local)."""
    return (
        *(_plan_blockers(facts.plan_status) if facts.plan_status is not None else ()),
        *_licence_blockers(facts, day),
    )


def dosing_blockers(facts: DosingFacts, *, at: datetime, day: date) -> tuple[Blocker, ...]:
    """List every reason why this dose may not be given at `at`, an aware instant on the clinic-local `day`.

    Booking passes the start. The door passes the present when that is later, so that what was
    withdrawn or revoked after the booked start still counts.
    """
    return (
        *_protocol_blockers(facts),
        *_plan_blockers(facts.plan_status),
        *_consent_blockers(facts, at, day),
        *_clearance_blockers(facts.clearances, day),
        *_safety_blockers(facts),
        *screening_blockers(facts.flags, facts.results, route=facts.route, day=day),
        *_hold_blockers(facts),
        *prescription_blockers(
            facts.prescriptions,
            facts.other_doses,
            DoseFact(facts.booking_id, facts.route, at, day),
            may_displace=facts.is_booked_here,
        ),
        *_review_blockers(facts, at, day),
        *spacing_blockers(
            (dose.day for dose in facts.other_doses), day, min_days=facts.min_days_between_doses
        ),
        *_licence_blockers(facts, day),
        *_supervision_blockers(facts, day),
    )


def _protocol_blockers(facts: DosingFacts) -> list[Blocker]:
    blockers = []
    if not facts.protocol_is_approved:
        blockers.append(
            Blocker("protocol_not_approved", _("The protocol has not been approved by a prescriber."))
        )
    if facts.booked_route != facts.route:
        blockers.append(
            Blocker(
                "route_mismatch",
                _("This appointment is for another route (%(booked)s) than the plan (%(planned)s)."),
                {"booked": facts.booked_route, "planned": facts.route},
            )
        )
    return blockers


def _plan_blockers(status: str | None) -> list[Blocker]:
    if status == ACTIVE:
        return []
    if status == PAUSED:
        return [
            Blocker("plan_paused", _("The treatment plan is paused: no dose until a review continues it."))
        ]
    return [Blocker("plan_not_active", _("The treatment plan is not active."), {"status": status or "none"})]


def _review_blockers(facts: DosingFacts, at: datetime, day: date) -> tuple[Blocker, ...]:
    """Of the two reasons the first: one review lifts both."""
    rule, reviews = facts.review_rule, facts.reviews
    starts = [dose.starts_at for dose in facts.doses_of_plan]
    days = [(dose.starts_at, dose.day) for dose in facts.doses_of_plan]
    return review_blockers(rule, at, other_doses=starts, reviews=reviews) or review_day_blockers(
        rule, at, day, other_doses=days, reviews=reviews
    )


def _consent_blockers(facts: DosingFacts, at: datetime, day: date) -> list[Blocker]:
    judged = (_judge_document(document, facts.signatures, at, day) for document in facts.required_documents)
    return [blocker for blocker in judged if blocker is not None]


def _judge_document(
    document: RequiredDocument, signatures: tuple[SignatureFact, ...], at: datetime, day: date
) -> Blocker | None:
    """Judge the newest signature under the version in force, or else under any version."""
    of_kind = [signature for signature in signatures if signature.kind == document.kind]
    params: dict[str, str | int] = {"kind": document.kind, "title": document.title}
    if not of_kind:
        return Blocker("consent_missing", _("Not signed: %(title)s."), params)
    signature = max(of_kind, key=lambda each: (each.version == document.version, each.signed_at))
    if signature.withdrawn_at is not None and signature.withdrawn_at <= at:
        params["withdrawn_at"] = signature.withdrawn_at.isoformat()
        return Blocker("consent_withdrawn", _("Consent was withdrawn: %(title)s."), params)
    if signature.version != document.version:
        params |= {"signed_version": signature.version, "version": document.version}
        return Blocker(
            "consent_outdated",
            _("Signed in version %(signed_version)s, but version %(version)s is in force: %(title)s."),
            params,
        )
    if signature.valid_through_on is not None and signature.valid_through_on < day:
        params["ended_on"] = signature.valid_through_on.isoformat()
        return Blocker("consent_expired", _("Consent ended on %(ended_on)s: %(title)s."), params)
    return None


def _clearance_blockers(clearances: tuple[ClearanceFact, ...], day: date) -> list[Blocker]:
    """A decision against stands from its first day on, whatever else was granted, until it is superseded."""
    if not clearances:
        return [Blocker("clearance_missing", _("There is no medical clearance."))]
    if any(not each.is_granted and each.valid_from_on <= day for each in clearances):
        return [Blocker("clearance_not_granted", _("Medical clearance was not granted."))]
    granted = [each for each in clearances if each.is_granted]
    ended = [on for each in granted if (on := each.valid_through_on) is not None and on < day]
    upcoming = [each.valid_from_on for each in granted if each.valid_from_on > day]
    if any(each.valid_from_on <= day and (each.valid_through_on or day) >= day for each in granted):
        return []
    blockers = []
    if ended:
        blockers.append(
            Blocker(
                "clearance_expired",
                _("Medical clearance ended on %(ended_on)s."),
                {"ended_on": max(ended).isoformat()},
            )
        )
    if upcoming:
        blockers.append(
            Blocker(
                "clearance_not_yet_valid",
                _("Medical clearance is valid only from %(valid_from_on)s."),
                {"valid_from_on": min(upcoming).isoformat()},
            )
        )
    return blockers or [Blocker("clearance_missing", _("There is no medical clearance."))]


def _safety_blockers(facts: DosingFacts) -> list[Blocker]:
    """Locked: no dose while an answer that sounded unsafe waits for a clinician."""
    if not facts.has_open_alert:
        return []
    return [Blocker("safety_alert_open", _("A clinician has to look at an open alert first."))]


def _hold_blockers(facts: DosingFacts) -> list[Blocker]:
    if not facts.is_course_on_hold:
        return []
    return [
        Blocker(
            "course_on_hold",
            _("The course is on hold after an adverse event, until a prescriber lets it go on."),
        )
    ]


def _licence_blockers(facts: SessionFacts, day: date) -> list[Blocker]:
    params = {"state": facts.client_state, "day": day.isoformat()}
    blockers = []
    if facts.therapist is not None and not facts.therapist.is_licensed(facts.client_state, day):
        blockers.append(
            Blocker(
                "therapist_not_licensed",
                _("The therapist is not licensed in %(state)s on %(day)s."),
                params,
            )
        )
    if facts.prescriber is not None and not facts.prescriber.is_licensed(facts.client_state, day):
        blockers.append(
            Blocker(
                "prescriber_not_licensed",
                _("The prescriber is not licensed in %(state)s on %(day)s."),
                params,
            )
        )
    return blockers


def _supervision_blockers(facts: DosingFacts, day: date) -> list[Blocker]:
    blockers = []
    if facts.needs_rems_enrollment and not any(
        each.enrolled_on <= day and (each.ended_on is None or day < each.ended_on)
        for each in facts.enrollments
    ):
        blockers.append(
            Blocker(
                "rems_not_enrolled",
                _("The client is not enrolled in the REMS on %(day)s."),
                {"day": day.isoformat()},
            )
        )
    if facts.needs_prescriber_on_site and not facts.has_psychiatrist:
        blockers.append(
            Blocker(
                "prescriber_not_on_site", _("This session needs a psychiatrist on site, and none is booked.")
            )
        )
    return blockers
