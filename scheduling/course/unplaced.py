"""Why a session of a course has no place, and what would give it one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from practice import clock
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from scheduling.availability import where_the_client_is
from scheduling.course.steps import DAY, Bounds, OpenCourse, Survey
from scheduling.engine.series import Placed, Proposal, survey
from scheduling.engine.types import Calendar, Opening, Span
from treatment_plans.models import PlannedSession
from treatment_plans.rules.supply import DoseFact, waits_for_renewal

REVIEW_DUE = _("Doses go on for at most %(most)s days before the prescriber reviews the course.")
NO_APPOINTMENT_TYPE = Blocker(
    "no_appointment_type", _("There is no active appointment type for this kind of session.")
)
# What may stand against every opening, each of which alone is tried to be thought away.
OBSTACLES = ("licensed", "away", "busy", "full", "hours", "client")

# By the code of a reason: what would lift it, in a sentence that the reason's params fill.
REMEDIES = {
    "prescription_expired": ("renew_prescription", _("Renew the prescription that ends on %(ended_on)s.")),
    "prescription_used_up": ("prescribe_more", _("Prescribe more than these %(doses)s doses.")),
    "prescription_missing": ("prescribe", _("Write a prescription.")),
    "prescription_revoked": ("prescribe", _("Write a new prescription.")),
    "prescription_lost": ("prescribe", _("Write a new prescription.")),
    "prescription_not_signed": ("sign_prescription", _("Have the prescription signed.")),
    "review_missing": ("plan_review", _("Plan a review before it.")),
    "review_due": ("plan_review", _("Plan a review before it.")),
    "prescription_wrong_route": ("prescribe", _("Write a prescription for the route of the plan.")),
    "clearance_expired": ("renew_clearance", _("Renew the clearance that ends on %(ended_on)s.")),
    "clearance_missing": ("decide_clearance", _("Decide on the medical clearance.")),
    "clearance_not_granted": ("decide_clearance", _("Decide on the medical clearance again.")),
    "consent_missing": ("sign_consent", _("Have it signed: %(title)s.")),
    "consent_withdrawn": ("sign_consent", _("Have it signed again: %(title)s.")),
    "consent_outdated": ("sign_consent", _("Have the version in force signed: %(title)s.")),
    "consent_expired": ("sign_consent", _("Have it signed again: %(title)s.")),
    "plan_not_active": ("activate_plan", _("Activate the treatment plan.")),
    "protocol_not_approved": ("approve_protocol", _("Have the protocol approved by a prescriber.")),
    "rems_not_enrolled": ("enroll", _("Enrol the client in the REMS.")),
    "therapist_not_licensed": ("add_licence", _("Add a licence in %(state)s, or ask someone who has one.")),
    "prescriber_not_licensed": ("add_licence", _("Add a licence in %(state)s, or ask someone who has one.")),
    "nobody_licensed": ("add_licence", _("Add a licence in %(state)s, or ask someone who has one.")),
    "no_candidate": ("add_resource", _("Set up what this kind of session needs: %(who)s.")),
    "no_appointment_type": ("add_appointment_type", _("Set up an appointment type for it.")),
    "location_closed": ("open_location", _("Open the location on %(on)s, or search further.")),
    "away": ("shorten_time_off", _("Ask %(who)s to come in, or search further.")),
    "outside_hours": ("add_hours", _("Add hours for %(who)s.")),
    "busy": ("free_time", _("Free a time of %(who)s, or search further.")),
    "limit_reached": ("raise_limit", _("Raise the limit on the work of %(who)s, or search further.")),
    "client_busy": ("move_other", _("Move what else the client has booked.")),
    "too_close_to_next_dose": ("move_booked", _("Move the dose of %(other_on)s.")),
    "before_booked": ("move_booked", _("Move the session that is booked for %(booked_on)s.")),
    "search_ends": ("search_further", _("Search further than %(until_on)s.")),
    "too_far": ("ask_later", _("Ask again nearer to the time.")),
    "window_over": ("withdraw_session", _("Withdraw the session, or book it outside its window.")),
}


KEEP_TENTATIVE = Blocker("keep_tentative", _("Keep it as tentative until the prescription is renewed."))


def remedies(reasons: Iterable[Blocker], *, keeps_tentative: bool = False) -> tuple[Blocker, ...]:
    reasons, found = tuple(reasons), dict[str, Blocker]()
    if keeps_tentative and waits_for_renewal(reasons):
        found["keep_tentative"] = KEEP_TENTATIVE
    for reason in reasons:
        if reason.code in REMEDIES:
            code, message = REMEDIES[reason.code]
            found.setdefault(code, Blocker(code, message, reason.params))
    return tuple(found.values())


def why(course: OpenCourse, session: PlannedSession, proposal: Proposal) -> tuple[Blocker, ...]:
    """What stands against every time for the session, beside all that the proposal has placed before it."""
    if session.pk in proposal.waiting:
        needed = course.open[proposal.without_place[-1]]
        params: dict[str, str | int] = {"session": str(needed), "after_session": needed.pk}
        return (
            Blocker("waits_for", _("It comes after a session that has no time yet: %(session)s."), params),
        )
    if session.kind not in course.surveys:
        return (NO_APPOINTMENT_TYPE,)
    if no_review := course.review_blockers(session):
        return no_review
    if session.pk in course.too_long:
        days = course.plan.protocol.review_after_days or 0
        return (Blocker("review_due", REVIEW_DUE, {"most": days}),)
    of_type = course.surveys[session.kind]
    ahead = {each.pk for each in course.order[: course.order.index(session)]}
    before = [each for each in proposal.placed if each.key in ahead]
    bounds = _beside(course, session, before)
    options = tuple(bounds.within(of_type.options))
    if not options:
        return tuple(_obstacles(course, of_type, bounds)) or (_nothing_fits(course, bounds),)
    doses = {dose.pk for dose in course.doses}
    with_these = [
        *course.loaded.doses.get(course.client.pk, ()),
        *(
            DoseFact(None, course.plan.protocol.route, each.option.opening.start, each.option.on)
            for each in before
            if each.key in doses
        ),
    ]
    loaded = replace(course.loaded, doses={course.client.pk: with_these})
    judged = (
        loaded.blockers(
            course.session(session, one.opening.chosen), starts_at=one.opening.start, now=course.now
        )
        for one in {option.on: option for option in reversed(options)}.values()
    )
    closed = list(judged)
    if all(closed):
        return closed[-1]  # of the first day
    if who := course.over_their_limit(session):
        return (
            Blocker("limit_reached", _("%(who)s may not work more in the time in question."), {"who": who}),
        )
    return (_nothing_fits(course, bounds),)


def _beside(course: OpenCourse, session: PlannedSession, before: Sequence[Placed]) -> Bounds:
    """The session's bounds, narrowed by what is placed before it."""
    bounds, dose = course.bounds(session), course.dose_of(session)
    from_at, until_at = bounds.from_at, bounds.until_at
    for each in before:
        placed, option = course.open[each.key], each.option
        from_at = max(from_at, option.closes)
        if course.has_own_day(session):
            from_at = max(from_at, clock.day_span(option.closes_on, course.tz)[1])
        if session in course.doses and placed in course.doses:
            possible_on = option.on + DAY * course.plan.protocol.min_days_between_doses
            from_at = max(from_at, clock.day_span(possible_on, course.tz)[0])
        if placed == dose:
            due = course.due_after(session, option.opening.end)
            from_at, until_at = max(from_at, due[0]), min(until_at, due[1])
    return replace(bounds, from_at=from_at, until_at=until_at)


def _obstacles(course: OpenCourse, of_type: Survey, bounds: Bounds) -> Iterator[Blocker]:
    """What stands against openings that there would be with one obstacle less; each reason once."""
    until_at = bounds.until_at
    if bounds.next_booked is not None:
        until_at = min(until_at, bounds.next_booked.starts_at)
    if bounds.from_at >= until_at:
        return
    board, told = of_type.board, set()
    for reason in board.why_not(bounds.from_at):
        if reason.code == "no_candidate":
            yield reason
            return
    for obstacle in OBSTACLES:
        opening = _without(obstacle, of_type, Span(bounds.from_at, until_at))
        if opening is None:
            continue
        on = clock.local_day(opening.start, course.tz)
        reasons = board.why_not(opening.start, choice=opening.chosen)
        if any(reason.code == "away" and reason.params["resource_kind"] == "room" for reason in reasons):
            reasons = (
                Blocker("location_closed", _("The location is closed on %(on)s."), {"on": on.isoformat()}),
            )
        for reason in reasons:
            if reason.code == "not_licensed":
                reason = _nobody_licensed(reason, course, of_type)
            if reason.code not in told:
                told.add(reason.code)
                yield reason


def _without(obstacle: str, of_type: Survey, window: Span) -> Opening | None:
    """The first opening if no calendar knew of such a thing."""
    demand = of_type.board.demand
    calendars = {
        key: Calendar(
            hours=None if obstacle == "hours" else each.hours,
            away=() if obstacle == "away" else each.away,
            busy=() if obstacle == "busy" else each.busy,
            licensed=None if obstacle == "licensed" else each.licensed,
            full=() if obstacle == "full" else each.full,
        )
        for key, each in of_type.board.calendars.items()
    }
    if obstacle == "client":
        demand = replace(demand, client_busy=())
    found, _home = survey(demand, calendars, window=window, home={})
    return found[0] if found else None


def _nobody_licensed(reason: Blocker, course: OpenCourse, of_type: Survey) -> Blocker:
    state = where_the_client_is(of_type.appointment_type, course.location, course.client)
    params: dict[str, str | int] = {"need": str(reason.params["need"]), "state": state}
    return Blocker("nobody_licensed", _("Nobody with a licence in %(state)s is free: %(need)s."), params)


def _nothing_fits(course: OpenCourse, bounds: Bounds) -> Blocker:
    following = bounds.next_booked
    if following is not None and following.starts_at <= bounds.until_at:
        return Blocker(
            "before_booked",
            _("There is no time for it before the session that is booked for %(booked_on)s."),
            {"booked_on": following.on.isoformat()},
        )
    until_on = {"until_on": clock.local_day(bounds.until_at, course.tz).isoformat()}
    if bounds.until_at < course.window.end:
        return Blocker(
            "window_over", _("Nothing fits in its time after the dose, up to %(until_on)s."), until_on
        )
    return Blocker("search_ends", _("Nothing fits before %(until_on)s."), until_on)
