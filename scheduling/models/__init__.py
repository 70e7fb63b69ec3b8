from scheduling.models.acknowledgements import Acknowledgement
from scheduling.models.appointment_types import AppointmentType, Phase
from scheduling.models.bookings import Booking, Occupancy
from scheduling.models.feeds import BusyCalendar, BusyTime, Feed
from scheduling.models.groups import GroupSession
from scheduling.models.notes import NoteAddendum, SessionNote
from scheduling.models.waitlist import (
    FreedTime,
    WaitlistClinician,
    WaitlistEntry,
    WaitlistLocation,
    WaitlistOffer,
)

__all__ = [
    "Acknowledgement",
    "AppointmentType",
    "Booking",
    "BusyCalendar",
    "BusyTime",
    "Feed",
    "FreedTime",
    "GroupSession",
    "NoteAddendum",
    "Occupancy",
    "Phase",
    "SessionNote",
    "WaitlistClinician",
    "WaitlistEntry",
    "WaitlistLocation",
    "WaitlistOffer",
]
