"""What of bookings and notes belongs on a client's timeline."""

from __future__ import annotations

from django.utils.translation import gettext as _

from practice.timeline import Source, Words
from scheduling.models import Booking, SessionNote


def _note(row: SessionNote) -> Words:
    """Its title and its author: who wants to read it opens it."""
    return Words(
        _("%(kind)s signed") % {"kind": str(row.get_kind_display()).capitalize()}, by=row.author.name
    )


def _unplanned(row: Booking) -> Words:
    return Words(row.appointment_type.name)


def _cancelled(row: Booking) -> Words:
    said = {"session": row.appointment_type.name, "party": row.get_cancelled_by_party_display()}
    return Words(_("%(session)s cancelled by %(party)s") % said, row.cancel_reason)


def _no_show(row: Booking) -> Words:
    return Words(_("%(session)s: did not come") % {"session": row.appointment_type.name})


SOURCES = (
    Source("note", lambda: SessionNote.objects.select_related("author"), "signed_at", _note),
    Source(
        "unplanned_session",
        lambda: Booking.objects.filter(planned_session=None).select_related("appointment_type"),
        "completed_at",
        _unplanned,
    ),
    Source(
        "cancelled",
        lambda: Booking.objects.select_related("appointment_type"),
        "cancelled_at",
        _cancelled,
    ),
    Source("no_show", lambda: Booking.objects.select_related("appointment_type"), "no_show_at", _no_show),
)
