from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from practice.api.filters import IdFilter, TruthFilter
from treatment_plans.models import PlannedSession, Prescription, Protocol, Route, TreatmentPlan


class ProtocolFilter(django_filters.FilterSet):
    route = django_filters.ChoiceFilter(choices=Route.choices)
    is_usable = TruthFilter(method="usable", help_text="Approved, and not retired.")

    class Meta:
        model = Protocol
        fields: tuple[str, ...] = ()

    def usable(self, queryset: QuerySet[Protocol], name: str, value: bool) -> QuerySet[Protocol]:
        in_use = Q(approved_at__isnull=False, retired_at=None)
        return queryset.filter(in_use if value else ~in_use)


class OfClientFilter(django_filters.FilterSet):
    client = IdFilter()


class CorrectableFilter(django_filters.FilterSet):
    is_current = TruthFilter("corrections", "isnull", help_text="Not corrected by a later row.")


class PrescriptionFilter(OfClientFilter):
    route = django_filters.ChoiceFilter(choices=Route.choices)
    status = django_filters.ChoiceFilter(choices=Prescription.Status.choices)
    is_in_force = TruthFilter(method="in_force", help_text="Signed, and neither revoked nor reported lost.")

    def in_force(self, queryset: QuerySet[Prescription], name: str, value: bool) -> QuerySet[Prescription]:
        in_force = Q(status__in=Prescription.IN_FORCE)
        return queryset.filter(in_force if value else ~in_force)


class PlanFilter(OfClientFilter):
    status = django_filters.ChoiceFilter(choices=TreatmentPlan.Status.choices)
    therapist = IdFilter()
    prescriber = IdFilter()


class PlannedSessionFilter(django_filters.FilterSet):
    plan = IdFilter()
    client = IdFilter("plan__client")
    kind = django_filters.ChoiceFilter(choices=PlannedSession.Kind.choices)
    is_open = TruthFilter(method="still_open", help_text="Neither completed nor withdrawn.")

    def still_open(
        self, queryset: QuerySet[PlannedSession], name: str, value: bool
    ) -> QuerySet[PlannedSession]:
        is_open = Q(completed_at=None, withdrawn_at=None)
        return queryset.filter(is_open if value else ~is_open)
