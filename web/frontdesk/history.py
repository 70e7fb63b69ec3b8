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
    "follow_up.agreed": _("agreed on a practice"),
    "follow_up.planned": _("planned a follow-up"),
    "follow_up.attempted": _("tried to reach the client"),
    "follow_up.snoozed": _("put a follow-up off"),
    "follow_up.moved": _("moved a follow-up"),
    "follow_up.done": _("closed a follow-up"),
    "follow_up.missed": _("closed a follow-up as missed"),
    "plan.reviewed": _("reviewed the plan"),
    "plan.closed": _("closed the plan"),
    "plan.dose_added": _("planned a further dose"),
    "session_note.drafted": _("began a note"),
    "session_note.saved": _("saved a draft of a note"),
    "session_note.discarded": _("discarded a draft of a note"),
    "session_note.signed": _("signed a note"),
    "session_note.added_to": _("added to a note"),
    "psychotherapy_note.written": _("wrote a psychotherapy note"),
    "psychotherapy_note.resealed": _("put a psychotherapy note under a new key"),
    "psychotherapy_note.changed": _("changed a psychotherapy note"),
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
