from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from practice.access import CHANGES_SETUP, CLINICAL, READS_SETUP
from practice.admin_base import READS_CLIENTS_BY_NAME, RoleAdmin, RoleInline, UseCaseAdmin
from scheduling.models import (
    Acknowledgement,
    AppointmentType,
    Booking,
    BusyCalendar,
    BusyTime,
    Feed,
    FreedTime,
    GroupSession,
    NoteAddendum,
    Occupancy,
    Phase,
    SessionNote,
    WaitlistClinician,
    WaitlistEntry,
    WaitlistLocation,
    WaitlistOffer,
)


class PhaseInline(RoleInline):
    model = Phase
    viewers = READS_SETUP
    editors = CHANGES_SETUP
    removers = CHANGES_SETUP


@admin.register(AppointmentType)
class AppointmentTypeAdmin(RoleAdmin):
    viewers = READS_SETUP
    editors = CHANGES_SETUP
    list_display = ("name", "kind", "modality", "duration_minutes", "start_step_minutes", "is_active")
    list_filter = ("kind", "modality", "is_active")
    search_fields = ("name", "code")
    prepopulated_fields = {"code": ("name",)}
    inlines = (PhaseInline,)

    def get_prepopulated_fields(self, request: Any, obj: Any = None) -> Any:
        return {} if obj else super().get_prepopulated_fields(request, obj)


@admin.register(Phase)
class PhaseAdmin(UseCaseAdmin):
    """To look at across types; changed with their type."""

    viewers = READS_SETUP
    list_display = ("appointment_type", "role", "room_kind", "from_minutes", "until_minutes")
    list_filter = ("role", "room_kind")
    list_select_related = ("appointment_type",)


@admin.register(GroupSession)
class GroupSessionAdmin(UseCaseAdmin):
    """Times and people; who sits in it is told by the bookings."""

    viewers = READS_SETUP
    list_display = ("starts_at", "appointment_type", "location", "therapist", "room", "seats", "cancelled_at")
    list_filter = ("location", "appointment_type")
    list_select_related = ("appointment_type", "location", "therapist", "room")
    date_hierarchy = "starts_at"


@admin.register(Booking)
class BookingAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "client"
    list_display = (
        "starts_on",
        "starts_local",
        "client",
        "appointment_type",
        "therapist",
        "psychiatrist",
        "room",
        "status",
    )
    list_display_links = ("starts_on", "starts_local")
    list_filter = (
        "status",
        ("starts_on", admin.DateFieldListFilter),
        "location",
        ("therapist", admin.RelatedOnlyFieldListFilter),
        "appointment_type",
    )
    list_select_related = ("client", "appointment_type", "therapist", "psychiatrist", "room")
    search_fields = ("client__legal_name", "client__preferred_name")
    date_hierarchy = "starts_on"
    ordering = ("-starts_at",)


@admin.register(Occupancy)
class OccupancyAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "booking__client"
    list_display = ("booking", "takes", "occupies")
    list_select_related = ("booking", "clinician", "room", "client")

    @admin.display(description=_("takes"))
    def takes(self, occupancy: Occupancy) -> str:
        return str(occupancy.clinician or occupancy.room or occupancy.client)


@admin.register(Acknowledgement)
class AcknowledgementAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "booking__client"
    list_display = ("booking", "item", "answer", "said_by", "source", "recorded_by", "recorded_at")
    list_filter = ("item", "answer", "source")
    list_select_related = ("booking", "recorded_by")
    search_fields = ("booking__client__legal_name", "booking__client__preferred_name")
    date_hierarchy = "recorded_at"


# Calendars that leave us, and calendars that we read. Their addresses are secrets and stay out of sight.


@admin.register(Feed)
class FeedAdmin(UseCaseAdmin):
    viewers = CHANGES_SETUP
    fields = (
        "label",
        "clinician",
        "room",
        "client",
        "created_by",
        "created_at",
        "revoked_at",
        "last_fetched_at",
    )
    list_display = ("label", "subject", "created_by", "created_at", "revoked_at", "last_fetched_at")
    list_select_related = ("clinician", "room", "client", "created_by")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)


@admin.register(BusyCalendar)
class BusyCalendarAdmin(UseCaseAdmin):
    viewers = CHANGES_SETUP
    fields = (
        "clinician",
        "host",
        "is_active",
        "created_by",
        "created_at",
        "checked_at",
        "fetched_at",
        "covers_until",
        "last_error_code",
        "failure_count",
    )
    readonly_fields = ("host",)
    list_display = ("clinician", "host", "is_active", "fetched_at", "last_error_code")
    list_select_related = ("clinician",)
    list_filter = ("is_active",)


@admin.register(BusyTime)
class BusyTimeAdmin(UseCaseAdmin):
    viewers = CHANGES_SETUP
    list_display = ("calendar", "span")
    list_select_related = ("calendar",)


class WaitlistLocationInline(RoleInline):
    model = WaitlistLocation
    viewers = READS_CLIENTS_BY_NAME


class WaitlistClinicianInline(RoleInline):
    model = WaitlistClinician
    viewers = READS_CLIENTS_BY_NAME


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "client"
    list_display = ("client", "appointment_type", "since_at", "status", "closed_at")
    list_filter = ("status", "appointment_type")
    list_select_related = ("client", "appointment_type")
    search_fields = ("client__legal_name", "client__preferred_name")
    ordering = ("-since_at",)
    inlines = (WaitlistLocationInline, WaitlistClinicianInline)


@admin.register(WaitlistLocation)
class WaitlistLocationAdmin(UseCaseAdmin):
    """To look at across entries; changed with their entry."""

    viewers = READS_CLIENTS_BY_NAME
    client = "entry__client"
    list_display = ("entry", "location")
    list_select_related = ("entry__appointment_type", "location")


@admin.register(WaitlistClinician)
class WaitlistClinicianAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "entry__client"
    list_display = ("entry", "clinician")
    list_select_related = ("entry__appointment_type", "clinician")


@admin.register(FreedTime)
class FreedTimeAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    list_display = ("starts_at", "ends_at", "location", "therapist", "room", "because", "status")
    list_filter = ("status", "because", "location")
    list_select_related = ("location", "therapist", "room")
    ordering = ("-starts_at",)


@admin.register(WaitlistOffer)
class WaitlistOfferAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "client"
    list_display = ("starts_at", "client", "sent_at", "expires_at", "status", "answered_at")
    list_filter = ("status",)
    list_select_related = ("client",)
    search_fields = ("client__legal_name", "client__preferred_name")
    ordering = ("-sent_at",)


class NoteAddendumInline(RoleInline):
    model = NoteAddendum
    viewers = CLINICAL
    extra = 0


@admin.register(SessionNote)
class SessionNoteAdmin(UseCaseAdmin):
    """Drafts are shown to nobody here: they are their authors'."""

    viewers = CLINICAL
    client = "client"
    list_display = ("client", "kind", "author", "begun_at", "signed_at")
    list_filter = ("kind",)
    list_select_related = ("client", "author")
    search_fields = ("client__legal_name", "client__preferred_name")
    date_hierarchy = "signed_at"
    inlines = (NoteAddendumInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SessionNote]:
        rows: QuerySet[SessionNote] = super().get_queryset(request)
        return rows.filter(signed_at__isnull=False)
