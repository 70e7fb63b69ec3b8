"""One client: who it is, how to reach them, where they stand, and the way on to the next session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from notifications import screening_links
from notifications.models import Reminder
from practice import clients, phones, present
from practice.access import (
    CHANGES_CLIENTS,
    CLINICAL,
    DECIDES_MEDICAL,
    PLANS_COURSES,
    READS_ACTIVITY,
    TAKES_CONSENTS,
    TREATING,
    access_one,
    visible_to,
)
from practice.admin_base import READS_CLIENTS_BY_NAME, user_of
from practice.clock import zone
from practice.errors import OutOfScope
from practice.models import Client, User
from scheduling.models import Booking
from scheduling.requests import BOOKINGS
from treatment_plans import follow_ups
from treatment_plans.measuring.outcomes import outcomes_of
from treatment_plans.measuring.questionnaires import languages
from treatment_plans.models import (
    Clearance,
    FollowUp,
    PlannedSession,
    Prescription,
    RemsEnrollment,
    SafetyAlert,
    Screening,
    ScreeningFlag,
    ScreeningForm,
    ScreeningSheet,
    TreatmentPlan,
)
from treatment_plans.rules.instruments import INSTRUMENTS
from web.frontdesk import roles
from web.frontdesk.clinic import zone_words
from web.frontdesk.history import history_of
from web.frontdesk.pages.openings import open_sessions
from web.frontdesk.pathway import pathway
from web.frontdesk.visits import prepare, with_series
from web.frontdesk.words import place_in_series

PAST_SHOWN = 20
MESSAGES_SHOWN = 20


def client_page(site: AdminSite, request: HttpRequest, client_id: int) -> HttpResponse:
    user, now = user_of(request), present.now()
    visible = visible_to(user, Client.objects.all(), client="pk", roles=READS_CLIENTS_BY_NAME)
    try:
        client = access_one(visible.select_related("location"), client_id, None)
    except OutOfScope as missing:
        raise Http404 from missing
    clients.look_at(client, actor=user, now=now)
    plan = (
        TreatmentPlan.objects.filter(client=client, status__in=TreatmentPlan.OPEN)
        .select_related("protocol", "therapist", "prescriber")
        .first()
    )
    unbooked = list(open_sessions(client, now=now))
    rows = list(with_series(BOOKINGS.filter(client=client)).order_by("starts_at", "pk"))
    visits = prepare(user, rows, now=now)
    coming = [visit for visit in visits if visit.booking.is_live]
    past = [visit for visit in reversed(visits) if not visit.booking.is_live]
    return TemplateResponse(
        request,
        "frontdesk/client.html",
        {
            **site.each_context(request),
            "title": client.display_name,
            "client": client,
            "points": _points(client),
            "channels": [row for row in client.channel_consents.all() if row.is_given],
            "other_zone": _other_zone(client, now),
            "pathway": pathway(
                user,
                client,
                plan,
                unbooked[0] if unbooked else None,
                coming[0].booking if coming else None,
                now=now,
            ),
            "plan": plan,
            "sessions": _sessions(plan, rows, unbooked),
            "coming": coming,
            "past": past[:PAST_SHOWN],
            "consents": client.consents.select_related("document").order_by("-signed_at"),
            "support_persons": [
                {"person": person, "phone": phones.display(person.phone) if person.phone else ""}
                for person in client.support_persons.all()
            ],
            "care_team": client.care_team.filter(left_at=None).select_related("clinician"),
            "reminders": Reminder.objects.filter(client=client)
            .select_related("booking")
            .order_by("-due_at")[:MESSAGES_SHOWN],
            "history": history_of(client) if user.has_role(*READS_ACTIVITY) else None,
            "health_forms": _forms(client, now) if user.has_role(*roles.SENDS_FORMS) else [],
            **_medical(user, client),
            **_may(user),
        },
    )


def _forms(client: Client, now: datetime) -> list[dict[str, Any]]:
    """Those in use, and how far the client is who was asked to fill one alone: never an answer."""
    asked = screening_links.with_progress(ScreeningSheet.objects.filter(client=client, withdrawn_at=None))
    sheets = {sheet.form.code: sheet for sheet in asked.order_by("asked_at", "pk")}
    words = dict(screening_links.STAGES)
    found = []
    for form in ScreeningForm.objects.filter(approved_at__isnull=False, retired_at=None):
        sheet = sheets.get(form.code)
        stage = screening_links.stage(sheet, now=now) if sheet else ""
        found.append({"form": form, "sheet": sheet, "stage": stage, "words": words.get(stage, "")})
    return found


def _medical(user: User, client: Client) -> dict[str, Any]:
    """What the front desk does not see."""
    if not roles.reads_medical(user, client):
        return {"sees_medical": False}
    return {
        "sees_medical": True,
        "flags": ScreeningFlag.objects.filter(client=client)
        .select_related("rule", "disposition", "screening")
        .order_by("disposition", "raised_at", "pk"),
        "screening_forms": ScreeningForm.objects.filter(approved_at__isnull=False, retired_at=None),
        "screenings": Screening.objects.filter(client=client, corrections=None).select_related("form")[:5],
        "clearances": Clearance.objects.filter(client=client).select_related("decided_by")[:5],
        "prescriptions": Prescription.objects.filter(client=client).select_related("prescriber"),
        "enrollments": RemsEnrollment.objects.filter(client=client),
        "follow_ups": FollowUp.objects.filter(client=client)
        .select_related("source_session", "done_by")
        .order_by("done_at", "due_from_at"),
        "outcomes": outcomes_of(client.pk),
        "alerts": SafetyAlert.objects.filter(client=client, disposed_at=None).select_related(
            "acknowledged_by"
        ),
        "questionnaires": [
            (code, instrument.name) for code, instrument in INSTRUMENTS.items() if languages(code)
        ],
    }


def _may(user: User) -> dict[str, Any]:
    return {
        "may_change": user.has_role(*CHANGES_CLIENTS),
        "may_take_consents": user.has_role(*TAKES_CONSENTS),
        "may_decide": user.has_role(*DECIDES_MEDICAL),
        "may_plan": user.has_role(*PLANS_COURSES),
        "may_close": [kind for kind in FollowUp.Kind.values if user.has_role(*follow_ups.closed_by(kind))],
        "may_measure": user.has_role(*CLINICAL),
        "may_dispose": user.has_role(*TREATING),
        "may_book": user.has_role(*roles.BOOKS),
    }


def _points(client: Client) -> list[dict[str, str]]:
    return [
        {
            "shown": phones.display(point.value) if point.channel == "sms" else point.value,
            "link": f"tel:{point.value}" if point.channel == "sms" else f"mailto:{point.value}",
            "label": point.label,
        }
        for point in client.contact_points.all()
    ]


def _sessions(
    plan: TreatmentPlan | None, bookings: list[Booking], unbooked: list[PlannedSession]
) -> list[dict[str, Any]]:
    """The plan's sessions in order, each with its booking or the offer to book it."""
    if plan is None:
        return []
    sessions = list(plan.sessions.select_related("after_session").filter(withdrawn_at=None))
    doses = sum(session.dose_number is not None for session in sessions)
    by_session = {
        booking.planned_session_id: booking
        for booking in bookings
        if booking.planned_session_id and (booking.is_live or booking.completed_at is not None)
    }
    can_be_booked = {session.pk for session in unbooked}
    return [
        {
            "session": session,
            "words": place_in_series(session, doses, str(session)),
            "booking": by_session.get(session.pk),
            "can_be_booked": session.pk in can_be_booked,
        }
        for session in sessions
    ]


def _other_zone(client: Client, now: Any) -> str:
    """The client's zone, if its clocks differ from the page's now."""
    theirs = now.astimezone(zone(client.time_zone))
    if theirs.utcoffset() == timezone.localtime(now).utcoffset():
        return ""
    return zone_words(zone(client.time_zone), now)
