"""The activity log in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice.models import Activity, Client
from web.frontdesk.words import LIGHTS

SHOWN = 30

WORDS: dict[str, str | Promise] = {
    "client.registered": _("registered the client"),
    "client.changed": _("changed the record"),
    "client.viewed": _("looked at the record"),
    "support_person.added": _("added a support person"),
    "support_person.changed": _("changed a support person"),
    "support_person.removed": _("removed a support person"),
    "care_team.joined": _("put a clinician on the care team"),
    "consent.signed": _("recorded a signature"),
    "consent.withdrawn": _("withdrew a consent"),
    "clearance.decided": _("decided on clearance"),
    "rems.enrolled": _("recorded the REMS enrolment"),
    "prescription.issued": _("recorded a prescription"),
    "prescription.revoked": _("revoked a prescription"),
    "plan.drafted": _("drafted the plan"),
    "plan.activated": _("activated the plan"),
    "follow_up.done": _("closed a follow-up"),
    "booking.booked": _("booked a session"),
    "booking.moved": _("moved a session"),
    "booking.arrived": _("saw the client arrive"),
    "booking.in_session": _("started the session"),
    "booking.completed": _("completed the session"),
    "booking.cancelled": _("cancelled the session"),
    "booking.no_show": _("recorded that the client did not come"),
    "booking.expired": _("let the held time go"),
    "readiness.confirmed": _("recorded as confirmed"),
    "readiness.problem": _("recorded a problem"),
    "readiness.overridden": _("overrode"),
}


@dataclass(frozen=True)
class Entry:
    at: datetime
    who: str
    what: str


def history(subject_type: str, subject_id: int) -> list[Entry]:
    return _entries(Q(subject_type=subject_type, subject_id=subject_id))


def history_of(client: Client) -> list[Entry]:
    return _entries(Q(client=client))


def _entries(which: Q) -> list[Entry]:
    rows = Activity.objects.filter(which).select_related("actor").order_by("-at", "-pk")[:SHOWN]
    return [Entry(row.at, str(row.actor or gettext("The system")), _what(row)) for row in rows]


def _what(row: Activity) -> str:
    words = str(WORDS.get(row.action, row.action))
    item = row.data.get("item")
    return f"{words}: {LIGHTS[item]}" if item in LIGHTS else words
