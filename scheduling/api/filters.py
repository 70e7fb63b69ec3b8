from __future__ import annotations

import django_filters

from practice.api.filters import IdFilter, InstantFilter, TruthFilter
from scheduling.models import AppointmentType, Booking
from treatment_plans.models import PlannedSession


class AnyOf(django_filters.BaseInFilter, django_filters.ChoiceFilter):
    """One word of a set, or several with commas between them."""


class BookingFilter(django_filters.FilterSet):
    until = InstantFilter("starts_at", "lt", help_text="Starts before this instant.")
    client = IdFilter("client")
    therapist = IdFilter("therapist")
    psychiatrist = IdFilter("psychiatrist")
    location = IdFilter("location")
    room = IdFilter("room")
    planned_session = IdFilter("planned_session")
    status = AnyOf("status", choices=Booking.Status.choices)

    class Meta:
        model = Booking
        fields: tuple[str, ...] = ()


BookingFilter.base_filters["from"] = InstantFilter(  # a keyword, so no attribute can have this name
    "starts_at", "gte", help_text="Starts at this instant or later."
)


class AppointmentTypeFilter(django_filters.FilterSet):
    kind = AnyOf("kind", choices=PlannedSession.Kind.choices)
    is_active = TruthFilter("is_active")

    class Meta:
        model = AppointmentType
        fields: tuple[str, ...] = ()
