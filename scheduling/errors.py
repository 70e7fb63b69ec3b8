from __future__ import annotations

from django.utils.translation import gettext_noop as _

from practice.doors import on_violation
from practice.errors import DomainError, Gone, Invalid, Refused, Taken


class NotBookable(Refused):
    """The blockers say why; the alternatives are the nearest openings."""

    code = "not_bookable"
    message = _("This time can't be booked.")


class ClinicianTaken(Taken):
    code = "clinician_taken"
    message = _("The clinician was just booked for this time.")


class RoomTaken(Taken):
    code = "room_taken"
    message = _("The room was just booked for this time.")


class ClientTaken(Taken):
    code = "client_taken"
    message = _("The client was just booked for another session at this time.")


class AlreadyBooked(Taken):
    code = "already_booked"
    message = _("This planned session has a booking already.")


class NotPossibleNow(Refused):
    """The booking is not in a state for this."""

    code = "wrong_status"
    message = _("A booking that is %(status)s can't become %(wanted)s.")


class NotReady(Refused):
    code = "not_ready"
    message = _("The session may not start yet.")


class HoldOver(Gone):
    code = "hold_over"
    message = _("The minutes for which this time was held are over.")


class NoSuchTime(Invalid):
    """A wall-clock time that does not exist, or exists twice, that day."""

    code = "no_such_time"
    message = _("The clocks skip this time on that day.")


class TimeIsAmbiguous(Invalid):
    code = "ambiguous_time"
    message = _("The clocks show this time twice on that day: say which with fold 0 or 1.")


class AlreadyWaiting(Refused):
    code = "already_waiting"
    message = _("The client is on the waitlist for this already.")


class OfferLost(Taken):
    code = "offer_lost"
    message = _("This time has just gone to someone else. They keep their place on the list.")


class OfferOver(Gone):
    code = "offer_over"
    message = _("The time to answer is over. They keep their place on the list.")


class OfferClosed(Refused):
    code = "offer_closed"
    message = _("This offer was answered or taken back before.")


class NotOfferable(Refused):
    """Each reason says in its params about whom it is: `entry`."""

    code = "not_offerable"
    message = _("This time can't be offered.")


TAKEN: dict[str, type[DomainError]] = {
    "scheduling_clinician_no_overlap": ClinicianTaken,
    "scheduling_room_no_overlap": RoomTaken,
    "scheduling_client_no_overlap": ClientTaken,
    "scheduling_one_booking_per_planned_session": AlreadyBooked,
    "scheduling_waitlist_session_once": AlreadyWaiting,
    "scheduling_waitlist_type_once": AlreadyWaiting,
    "scheduling_offer_one_winner": OfferLost,
    "scheduling_offer_once": OfferClosed,
    "scheduling_offer_one_question": OfferClosed,
    "scheduling_offer_once_per_time": OfferClosed,
}
for _constraint, _error in TAKEN.items():
    on_violation(_constraint, _error)
