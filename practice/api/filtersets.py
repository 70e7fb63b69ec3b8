from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from practice import clients
from practice.api.filters import IdFilter, InstantFilter, TextFilter, TruthFilter
from practice.models import Activity, Client, Clinician, Consent, ConsentDocument, Location, Room


class LocationFilter(django_filters.FilterSet):
    is_active = TruthFilter()

    class Meta:
        model = Location
        fields: tuple[str, ...] = ()


class RoomFilter(django_filters.FilterSet):
    location = IdFilter()
    kind = django_filters.ChoiceFilter(choices=Room.Kind.choices)
    is_active = TruthFilter()

    class Meta:
        model = Room
        fields: tuple[str, ...] = ()


class OneKindFilter(django_filters.FilterSet):
    is_active = TruthFilter()

    class Meta:
        model = Clinician
        fields: tuple[str, ...] = ()


class ClinicianFilter(OneKindFilter):
    kind = django_filters.ChoiceFilter(choices=Clinician.Kind.choices)


class ClientFilter(django_filters.FilterSet):
    search = TextFilter(
        method="fitting",
        max_length=100,
        help_text="Words of a name or email, a date of birth, or a number in any spelling; its last four"
        " digits are enough.",
    )
    location = IdFilter()
    is_active = TruthFilter()

    class Meta:
        model = Client
        fields: tuple[str, ...] = ()

    def fitting(self, queryset: QuerySet[Client], name: str, value: str) -> QuerySet[Client]:
        return clients.search(queryset, value)


class ConsentDocumentFilter(django_filters.FilterSet):
    kind = TextFilter(max_length=40)
    is_current = TruthFilter()

    class Meta:
        model = ConsentDocument
        fields: tuple[str, ...] = ()


class ConsentFilter(django_filters.FilterSet):
    client = IdFilter()
    document = IdFilter()

    class Meta:
        model = Consent
        fields: tuple[str, ...] = ()


class ActivityFilter(django_filters.FilterSet):
    client = IdFilter()
    actor = IdFilter()
    action = TextFilter(max_length=60)
    subject_type = TextFilter(max_length=60)
    subject_id = IdFilter()
    since = InstantFilter("at", "gte", help_text="At this instant or later.")
    before = InstantFilter("at", "lt", help_text="Before this instant.")

    class Meta:
        model = Activity
        fields: tuple[str, ...] = ()
