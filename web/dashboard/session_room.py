"""The page of the session room, its parts that change, and its printed record. All clinicians' who may see
the client; what they do there, the script sends to the REST API."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, Subquery, Sum
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import condition

from practice import clients, present
from practice.access import CLINICAL, visible_to
from practice.models import User
from scheduling.care import room_state
from scheduling.models import Booking, SessionNote
from treatment_plans.models import AdverseEvent, CheckIn, DosingRecord, Mark
from treatment_plans.models.dosing_course import Degree
from web.dashboard.frame import Page, page
from web.dashboard.room_page import WRITTEN, RoomPage
from web.dashboard.words import LIGHTS, STATES


@page()
def session_room(user: User, record_id: int) -> Page:
    shown = _looked_at(user, record_id)
    record = shown.record
    return Page(
        "dashboard/room.html",
        context=_context(shown),
        settings={
            "user": user.pk,
            "now": shown.room.now.isoformat(),
            "zone": record.time_zone,
            "record": f"dosing-records/{record.pk}",
            "booking": f"bookings/{shown.room.booking.pk}",
            "booking_id": shown.room.booking.pk,
            "clock": {
                "hour": "2-digit",
                "minute": "2-digit",
                "hourCycle": "h23",
                "timeZone": record.time_zone,
            },
            "live": reverse("session_room_live", args=[record.pk]),
        },
        words=_words(),
    )


def _tag(request: HttpRequest, record_id: int) -> str | None:
    """What all parts of the page follow from, but for what is known by the minute: the entries, the booking,
    the notes. Two queries, where drawing the page takes twenty.
    """
    user = request.user
    if not isinstance(user, User) or not user.has_role(*CLINICAL):
        return None
    rows = visible_to(user, DosingRecord.objects.all(), client="client", roles=CLINICAL).filter(pk=record_id)
    of_record = {"planned_session": OuterRef("planned_session"), "starts_at": OuterRef("starts_at")}
    bookings = Booking.objects.filter(**of_record).order_by("-pk")
    found = rows.values_list(
        "revision", Subquery(bookings.values("pk")[:1]), Subquery(bookings.values("revision")[:1])
    ).first()
    if found is None:
        return None
    notes = SessionNote.objects.filter(booking=found[1]).aggregate(
        revisions=Sum("revision"), addenda=Count("addenda")
    )
    minute = int(present.now().timestamp() // 60)
    parts = (user.pk, record_id, *found, notes["revisions"] or 0, notes["addenda"], minute, get_language())
    return '"' + "-".join(map(str, parts)) + '"'


@condition(etag_func=_tag)
@page()
def session_room_live(user: User, record_id: int) -> Page:
    """The parts of the page that others may change meanwhile; 304 while nothing has, for a minute at most."""
    return Page("dashboard/room_live.html", context=_context(_room(user, record_id)))


@page()
def session_record(user: User, record_id: int) -> Page:
    return Page("dashboard/room_print.html", context=_context(_looked_at(user, record_id)))


def _looked_at(user: User, record_id: int) -> RoomPage:
    shown = _room(user, record_id)
    clients.look_at(shown.record.client, actor=user, now=shown.room.now)
    return shown


def _room(user: User, record_id: int) -> RoomPage:
    rows = DosingRecord.objects.select_related(
        "client", "protocol", "location", "planned_session__plan", "opened_by", "ended_by"
    )
    record = visible_to(user, rows, client="client", roles=CLINICAL).filter(pk=record_id).first()
    if record is None:
        raise Http404
    return RoomPage(room_state.load(record, now=present.now()), user)


def _context(shown: RoomPage) -> dict[str, Any]:
    return {
        "page": shown,
        "room": shown.room,
        "record": shown.record,
        "protocol": shown.protocol,
        "zone": shown.record.time_zone,
        "lights": [
            {"word": LIGHTS[light.name], "state": light.state, "glyph": STATES[light.state]}
            for light in shown.room.lights
            if light.state != "not_needed"
        ],
        "identifiers": CheckIn.Identifier.choices,
        "degrees": Degree.choices,
        "phases": Mark.Phase.choices,
        "written": [(kind.value, kind.label) for kind in WRITTEN],
        "kinds": Mark.Kind.choices,
        "events": {
            "kind": AdverseEvent.Kind.choices,
            "severity": AdverseEvent.Severity.choices,
            "relatedness": AdverseEvent.Relatedness.choices,
            "action": AdverseEvent.Action.choices,
            "outcome": AdverseEvent.Outcome.choices,
        },
    }


def _words() -> dict[str, Any]:
    return {
        "sending": _("on its way"),
        "queued": _("not sent yet"),
        "waiting": _("not sent yet, retrying (%s)"),
        "signed_out": _("not sent yet: sign in again in another tab (%s)"),
        "refused": _("not saved"),
        "saved": _("Saved: %s"),
        "in": _("in %s min"),
        "soon": _("now"),
        "late": _("overdue by %s min"),
        "due": _("Vitals are due."),
        "four": _("Enter blood pressure, pulse and, if measured, oxygen saturation."),
        "since": _("+%s min"),
        "note": _("Note"),
        "note_sign": _("Signature of the note"),
        "note_new": _("As the record says so far; saved as soon as you write."),
        "note_typing": _("Writing…"),
        "note_saving": _("Saving…"),
        "note_saved": _("Saved %s"),
        "note_kept": _("Not saved yet, kept on this device while the page is open. Trying again."),
        "note_signed_out": _("Not saved yet, kept on this device: sign in again in another tab."),
        "note_both": _("written at the same time on this device"),
        "note_is_signed": _("The note is signed."),
        "note_unsigned": _("Not signed: %s"),
        "note_changed": _("the text has changed since you confirmed it. Look at it and sign it again."),
        "note_added": _("The addendum is signed."),
        "note_away": _("Thrown away."),
        "leave_title": _("Before you leave this page"),
        "leave_go": _("Leave all the same"),
        "leave_unsaved": _("Not saved yet: %s."),
        "leave_typed": _("Typed and not sent: %s."),
        "end_title": _("Before the session is completed"),
        "end_go": _("Complete it all the same"),
    }
