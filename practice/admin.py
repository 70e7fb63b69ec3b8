from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from practice import activity, clients, phones, present, public_holidays
from practice.access import ADMIN, AUDITORS, CHANGES_SETUP, DESK, READS_ACTIVITY, READS_SETUP
from practice.admin_base import (
    READS_CLIENTS_BY_NAME,
    RoleAdmin,
    RoleInline,
    UseCaseAdmin,
    searched_words,
    user_of,
)
from practice.calendar_admin import HitsAdmin
from practice.errors import DomainError
from practice.models import (
    Activity,
    ApiToken,
    CareTeamMember,
    ChannelConsent,
    Client,
    Clinician,
    Closure,
    Consent,
    ConsentDocument,
    ContactPoint,
    ExtraHours,
    Heartbeat,
    Holiday,
    IdempotencyKey,
    Licence,
    Location,
    Psychiatrist,
    PublicHoliday,
    Role,
    Room,
    SupportPerson,
    Therapist,
    TimeOff,
    User,
    WorkingHours,
)

admin.site.unregister(Group)  # roles take its place

# Users


class RolesField(forms.TypedMultipleChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=Role.choices, widget=forms.CheckboxSelectMultiple, label=_("Roles"), **options
        )


class UserAddForm(BaseUserCreationForm):
    roles = RolesField()

    class Meta:
        model = User
        fields = ("email", "name", "roles")


class UserEditForm(UserChangeForm):
    roles = RolesField(required=False, help_text=_("Without a role a person can't sign in."))

    class Meta:
        model = User
        fields = ("email", "name", "password", "roles", "is_active")


class RoleFilter(admin.SimpleListFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Role.choices)

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[User]) -> models.QuerySet[User]:
        return queryset.filter(roles__contains=[self.value()]) if self.value() else queryset


@admin.register(User)
class UserAdmin(RoleAdmin, StockUserAdmin):
    viewers = AUDITORS
    editors = ADMIN
    form = UserEditForm
    add_form = UserAddForm
    fieldsets = ((None, {"fields": ("email", "name", "password", "roles", "is_active")}),)
    add_fieldsets = ((None, {"fields": ("email", "name", "roles", "password1", "password2")}),)
    list_display = ("name", "email", "role_names", "is_active", "last_login")
    list_filter = (RoleFilter, "is_active")
    search_fields = ("name", "email")
    ordering = ("name",)
    filter_horizontal = ()

    @admin.display(description=_("roles"))
    def role_names(self, user: User) -> str:
        return ", ".join(str(Role(role).label) for role in user.roles if role in Role.values)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        return super().user_change_password(request, id, form_url)


# The practice: places, people, hours


class SetUpAdmin(RoleAdmin):
    """Everybody sees how the practice is set up, its admin changes it."""

    viewers = READS_SETUP
    editors = CHANGES_SETUP


@admin.register(Location)
class LocationAdmin(SetUpAdmin):
    list_display = ("name", "display_name", "time_zone", "state", "phone", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name",)
    actions = ("load_public_holidays",)

    @admin.action(description=_("Load the public holidays of the next three years"), permissions=["change"])
    def load_public_holidays(self, request: HttpRequest, queryset: models.QuerySet[Location]) -> None:
        """Refused for a location with sessions on one of them: the desk closes such a day by hand."""
        for location in queryset:
            try:
                added = public_holidays.load(
                    location.pk, years=3, confirmed=(), actor=user_of(request), now=present.now()
                )
            except DomainError as refused:
                text = " ".join([refused.text(), *(refused.reasons() if refused.blockers else ())])
                self.message_user(request, f"{location}: {text}", messages.ERROR)
            else:
                words = ngettext("%(count)s holiday was added.", "%(count)s holidays were added.", len(added))
                self.message_user(request, f"{location}: {words % {'count': len(added)}}")


@admin.register(Room)
class RoomAdmin(SetUpAdmin):
    list_display = ("name", "location", "kind", "capacity", "is_active")
    list_filter = ("kind", "location", "is_active")
    list_select_related = ("location",)
    search_fields = ("name", "location__name")
    autocomplete_fields = ("location",)


class LicenceInline(RoleInline):
    model = Licence
    viewers = READS_SETUP
    editors = CHANGES_SETUP


@admin.register(Clinician)
class ClinicianAdmin(SetUpAdmin):
    list_display: tuple[str, ...] = ("name", "credentials", "kind", "is_active")
    list_filter: ClassVar[Any] = ("kind", "is_active")
    search_fields = ("name", "npi")
    autocomplete_fields = ("user",)
    inlines = (LicenceInline,)
    numbers = ("npi", "dea_number")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        names = list(super().get_fields(request, obj))
        if user_of(request).has_role(*CHANGES_SETUP):
            return names
        return [name for name in names if name not in (*self.numbers, "user")]


class ProxyAdmin(ClinicianAdmin):
    list_display = ("name", "credentials", "is_active")
    list_filter = ("is_active",)
    exclude: ClassVar[tuple[str, ...]] = ("kind",)


@admin.register(Therapist)
class TherapistAdmin(ProxyAdmin):
    exclude = ("kind", "npi", "dea_number")


@admin.register(Psychiatrist)
class PsychiatristAdmin(ProxyAdmin):
    pass


@admin.register(Licence)
class LicenceAdmin(SetUpAdmin):
    list_display = ("clinician", "state", "number", "valid_from_on", "valid_through_on")
    list_filter = ("state", ("valid_through_on", admin.DateFieldListFilter))
    list_select_related = ("clinician",)
    search_fields = ("clinician__name", "number")
    autocomplete_fields = ("clinician",)


@admin.register(WorkingHours)
class WorkingHoursAdmin(HitsAdmin, SetUpAdmin):
    removers = CHANGES_SETUP
    list_display = (
        "clinician",
        "location",
        "weekday",
        "starts_local",
        "ends_local",
        "effective_from_on",
        "effective_until_on",
    )
    list_filter = ("weekday", "location", ("clinician", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("clinician", "location")
    search_fields = ("clinician__name",)
    autocomplete_fields = ("clinician", "location")


class CalendarAdmin(HitsAdmin):
    """The desk keeps the calendar: who is away, who works longer, when a place is closed."""

    viewers = READS_SETUP
    editors = DESK
    removers = DESK


@admin.register(ExtraHours)
class ExtraHoursAdmin(CalendarAdmin):
    list_display = ("on", "clinician", "location", "starts_local", "ends_local")
    list_filter = (("clinician", admin.RelatedOnlyFieldListFilter), "location")
    list_select_related = ("clinician", "location")
    search_fields = ("clinician__name",)
    autocomplete_fields = ("clinician", "location")
    date_hierarchy = "on"


@admin.register(Holiday)
class HolidayAdmin(CalendarAdmin):
    list_display = ("on", "name", "location")
    list_filter = ("location",)
    list_select_related = ("location",)
    search_fields = ("name",)
    autocomplete_fields = ("location",)
    date_hierarchy = "on"


@admin.register(PublicHoliday)
class PublicHolidayAdmin(UseCaseAdmin):
    """What was offered; what became of it is among the holidays."""

    viewers = READS_SETUP
    list_display = ("on", "name", "location", "loaded_at")
    list_filter = ("location",)
    list_select_related = ("location",)
    date_hierarchy = "on"


class AbsenceAdmin(CalendarAdmin):
    date_hierarchy = "starts_at"


@admin.register(TimeOff)
class TimeOffAdmin(AbsenceAdmin):
    list_display = ("clinician", "starts_at", "ends_at", "reason")
    list_filter = (("clinician", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("clinician",)
    search_fields = ("clinician__name", "reason")
    autocomplete_fields = ("clinician",)


@admin.register(Closure)
class ClosureAdmin(AbsenceAdmin):
    list_display = ("location", "starts_at", "ends_at", "reason")
    list_filter = ("location",)
    list_select_related = ("location",)
    search_fields = ("location__name", "reason")
    autocomplete_fields = ("location",)


@admin.register(ConsentDocument)
class ConsentDocumentAdmin(SetUpAdmin):
    list_display = ("title", "kind", "version", "is_current", "is_required")
    list_filter = ("is_current", "is_required")
    search_fields = ("title", "kind")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What clients signed stays as it is: another text is another version."""
        if obj is not None and obj.consents.exists():
            return ("kind", "version", "title", "body")
        return ()


# Clients: written by use cases


@admin.register(Client)
class ClientAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "pk"
    list_display = (
        "legal_name",
        "preferred_name",
        "birth_date",
        "number",
        "location",
        "language",
        "is_active",
    )
    list_filter = ("is_active", "location", "language")
    list_select_related = ("location",)
    search_fields = ("legal_name",)
    search_help_text = _(
        "Any part of the name, a phone number in any spelling or its last four digits, an email."
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Client]:
        return super().get_queryset(request).prefetch_related("contact_points")

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Client], search_term: str
    ) -> tuple[models.QuerySet[Client], bool]:
        if not search_term:
            return queryset, False
        words = searched_words(request, search_term)
        return (clients.search(queryset, words) if words else queryset.none()), False

    @admin.display(description=_("phone"))
    def number(self, client: Client) -> str:
        numbers = [point.value for point in client.contact_points.all() if point.channel == "sms"]
        return phones.display(numbers[0]) if numbers else "–"


class ClientPartAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "client"
    list_select_related: ClassVar[tuple[str, ...]] = ("client",)
    search_fields: ClassVar[tuple[str, ...]] = ("client__legal_name", "client__preferred_name")


@admin.register(ContactPoint)
class ContactPointAdmin(ClientPartAdmin):
    list_display = ("client", "channel", "value", "label", "is_primary")
    list_filter = ("channel", "is_primary")


@admin.register(ChannelConsent)
class ChannelConsentAdmin(ClientPartAdmin):
    list_display = ("client", "channel", "granted_at", "withdrawn_at", "source")
    list_filter = ("channel", ("withdrawn_at", admin.EmptyFieldListFilter))


@admin.register(SupportPerson)
class SupportPersonAdmin(ClientPartAdmin):
    list_display = ("name", "client", "relationship", "is_escort", "is_aftercare", "is_emergency")
    search_fields = ("name", "client__legal_name", "client__preferred_name")


@admin.register(CareTeamMember)
class CareTeamMemberAdmin(ClientPartAdmin):
    list_display = ("client", "clinician", "joined_at", "left_at")
    list_filter = (("clinician", admin.RelatedOnlyFieldListFilter), ("left_at", admin.EmptyFieldListFilter))
    list_select_related = ("client", "clinician")


@admin.register(Consent)
class ConsentAdmin(ClientPartAdmin):
    list_display = ("client", "document", "signed_at", "valid_through_on", "withdrawn_at")
    list_filter = ("document", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("client", "document")
    date_hierarchy = "signed_at"


# What the practice remembers


@admin.register(Activity)
class ActivityAdmin(UseCaseAdmin):
    """Who did what. It names no client: those who may see names follow the number."""

    viewers = READS_ACTIVITY
    fields = ("at", "actor", "action", "client_number", "subject_type", "subject_id", "reason", "data")
    list_display = ("at", "actor", "action", "client_number", "subject_type", "subject_id", "reason")
    list_filter = ("subject_type", ("actor", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("actor",)
    date_hierarchy = "at"
    search_fields = ("action", "=client__pk")

    @admin.display(description=_("client"), ordering="client_id")
    def client_number(self, row: Activity) -> int | None:
        return row.client_id


@admin.register(ApiToken)
class ApiTokenAdmin(UseCaseAdmin):
    viewers = ADMIN
    fields = ("user", "name", "created_at", "expires_at", "revoked_at")
    list_display = ("name", "user", "created_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__name")
    actions = ("revoke",)

    @admin.action(description=_("Revoke the selected tokens"))
    @transaction.atomic
    def revoke(self, request: HttpRequest, queryset: models.QuerySet[ApiToken]) -> None:
        now = present.now()
        for token in queryset.select_for_update(of=("self",)).filter(revoked_at=None):
            ApiToken.objects.filter(pk=token.pk).update(revoked_at=now)
            activity.record("apitoken.revoked", token, actor=user_of(request), at=now)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(UseCaseAdmin):
    """Without the stored answers, which hold what they are about."""

    viewers = ADMIN
    fields = ("user", "key", "status", "created_at")
    list_display = ("key", "user", "status", "created_at")
    list_select_related = ("user",)


@admin.register(Heartbeat)
class HeartbeatAdmin(UseCaseAdmin):
    viewers = ADMIN
    list_display = ("name", "beat_at")
