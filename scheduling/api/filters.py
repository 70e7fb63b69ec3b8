from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from practice import present
from practice.api.filters import IdFilter, InstantFilter, TruthFilter
from scheduling import conflicts
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
    in_conflict = TruthFilter(
        method="conflicting",
        help_text="What the calendar no longer allows, in the next 60 days; or the others.",
    )

    class Meta:
        model = Booking
        fields: tuple[str, ...] = ()

    def conflicting(self, queryset: QuerySet[Booking], name: str, value: bool) -> QuerySet[Booking]:
        rows = conflicts.to_come(queryset.order_by(), now=present.now())
        found = conflicts.find(rows)
        return queryset.filter(pk__in=found) if value else queryset.exclude(pk__in=found)


BookingFilter.base_filters["from"] = InstantFilter(  # a keyword, so no attribute can have this name
    "starts_at", "gte", help_text="Starts at this instant or later."
)


class AppointmentTypeFilter(django_filters.FilterSet):
    kind = AnyOf("kind", choices=PlannedSession.Kind.choices)
    is_active = TruthFilter("is_active")

    class Meta:
        model = AppointmentType
        fields: tuple[str, ...] = ()
