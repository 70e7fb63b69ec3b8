from scheduling.models.acknowledgements import Acknowledgement
from scheduling.models.appointment_types import AppointmentType, Phase
from scheduling.models.bookings import Booking, Occupancy

__all__ = ["Acknowledgement", "AppointmentType", "Booking", "Occupancy", "Phase"]
