"""Where a client stands on the way to the next session: consents, clearance, prescription, plan, booking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice import clock
from practice.access import DECIDES_MEDICAL, PLANS_COURSES, TAKES_CONSENTS
from practice.blockers import Blocker
from practice.models import Client, User
from scheduling import gate
from scheduling.models import AppointmentType, Booking
from scheduling.readiness_rules import LightState
from treatment_plans.facts import needs_rems_enrollment
from treatment_plans.models import PlannedSession, TreatmentPlan
from treatment_plans.rules import gates
from treatment_plans.rules.supply import DoseFact
from web.frontdesk import roles
from web.frontdesk.words import LIGHTS, STATES, hard_lights, reasons


@dataclass(frozen=True)
class Step:
    name: str | Promise
    state: str
    glyph: str
    state_word: str
    reasons: Sequence[str]
    anchor: str
    action: str | Promise = ""
    url: str = ""


def pathway(
    user: User,
    client: Client,
    plan: TreatmentPlan | None,
    next_session: PlannedSession | None,
    upcoming: Booking | None,
    *,
    now: datetime,
) -> list[Step]:
    """Judged by the very rules that booking applies, as if the next dose were today."""
    here = [client.pk]
    urls = {
        "consent": (TAKES_CONSENTS, _("Record a signature"), reverse("admin:sign_consent", args=here)),
        "clearance": (DECIDES_MEDICAL, _("Decide"), reverse("admin:decide_clearance", args=here)),
        "prescription": (
            DECIDES_MEDICAL,
            _("Record a prescription"),
            reverse("admin:issue_prescription", args=here),
        ),
    }
    clinical = roles.reads_medical(user, client)
    steps = []
    for light in hard_lights(_blockers(client, plan, now=now)):
        who, action, url = urls[light.name]
        is_open = light.state in (LightState.WAITING, LightState.BLOCKED)
        may = is_open and user.has_role(*who)
        steps.append(
            _step(
                LIGHTS[light.name],
                light.state,
                reasons(light.blockers, clinical=clinical),
                "consents" if light.name == "consent" else light.name,
                action if may else "",
                url if may else "",
            )
        )
    steps.append(_plan_step(user, client, plan))
    steps.append(_booking_step(user, client, next_session, upcoming))
    return steps


def _blockers(client: Client, plan: TreatmentPlan | None, *, now: datetime) -> tuple[Blocker, ...]:
    """The gate's reasons about the client alone: not about times, people or the plan's state."""
    everybody = gate.Session(
        client=client,
        appointment_type=AppointmentType(),
        location=client.location,
        planned_session=None,
        therapist_id=None,
        psychiatrist_id=None,
    )
    loaded = gate.load([everybody], now=now)
    of_client = loaded.facts.clients[client.pk]
    route = plan.protocol.route if plan else next((one.route for one in of_client.prescriptions), "")
    day = clock.local_day(now, clock.zone(client.location.time_zone))
    doses: Sequence[DoseFact] = loaded.doses.get(client.pk, ())
    return gates.dosing_blockers(
        gates.DosingFacts(
            plan_status=gates.ACTIVE,
            client_state="",
            therapist=None,
            prescriber=None,
            booking_id=None,
            is_booked_here=False,
            route=route,
            booked_route=route,
            protocol_is_approved=True,
            min_days_between_doses=0,
            needs_prescriber_on_site=False,
            needs_rems_enrollment=plan is not None and needs_rems_enrollment(plan.protocol),
            has_psychiatrist=True,
            required_documents=loaded.facts.documents,
            signatures=of_client.signatures,
            clearances=of_client.clearances,
            prescriptions=of_client.prescriptions,
            other_doses=tuple(dose for dose in doses if dose.day != day),
            enrollments=of_client.enrollments,
            has_open_alert=of_client.has_open_alert,
            flags=of_client.flags,
            results=of_client.results,
            is_course_on_hold=plan is not None and plan.pk in of_client.held_plans,
        ),
        at=now,
        day=day,
    )


def _plan_step(user: User, client: Client, plan: TreatmentPlan | None) -> Step:
    name, may = _("Plan"), user.has_role(*PLANS_COURSES)
    if plan is None:
        url = reverse("admin:draft_plan", args=[client.pk]) if may else ""
        return _step(
            name, LightState.WAITING, [gettext("There is no plan yet.")], "plan", _("Plan a course"), url
        )
    if plan.activated_at is None:
        url = reverse("admin:activate_plan", args=[plan.pk]) if may else ""
        return _step(
            name, LightState.WAITING, [gettext("A draft, not active yet.")], "plan", _("Activate"), url
        )
    return _step(name, LightState.READY, [], "plan")


def _booking_step(
    user: User, client: Client, next_session: PlannedSession | None, upcoming: Booking | None
) -> Step:
    url = reverse("admin:book_for", args=[client.pk]) if user.has_role(*roles.BOOKS) else ""
    state = LightState.WAITING if upcoming is None else LightState.READY
    open_words = [gettext("Nothing is booked.")] if upcoming is None else []
    action = _("Book the next session") if next_session else _("Book")
    return _step(_("Booked"), state, open_words, "bookings", action, url)


def _step(
    name: str | Promise,
    state: str,
    words: Sequence[str],
    anchor: str,
    action: str | Promise = "",
    url: str = "",
) -> Step:
    glyph, word = STATES[LightState(state)]
    return Step(name, state, glyph, str(word), words, anchor, action if url else "", url)
