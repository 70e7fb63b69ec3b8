from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Case, Q, When
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from notifications import preview
from notifications.models import (
    ClientLink,
    ClientNote,
    DeskTask,
    InboundMessage,
    Message,
    MessageTemplate,
    OutboxMessage,
    PageMessage,
    ProviderEvent,
    Reminder,
    ReminderEvent,
    ReminderRule,
    SendingPolicy,
    SessionAlarm,
    StaffNotice,
    StaffRule,
    Switch,
    UnreachableAddress,
)
from practice import clock
from practice.access import ADMIN, CLINICAL, DESK
from practice.admin_base import READS_CLIENTS_BY_NAME, RoleAdmin, RoleInline, UseCaseAdmin, user_of


class ReadInline(RoleInline):
    viewers = READS_CLIENTS_BY_NAME
    can_delete = False


class MessageInline(ReadInline):
    model = Message
    fields = ("started_at", "recipient", "subject", "body", "outcome", "error_code")
    readonly_fields = fields


class EventInline(ReadInline):
    model = ReminderEvent
    fields = ("at", "from_state", "to_state", "detail")
    readonly_fields = fields


NEEDS_A_PERSON = Q(state__in=Reminder.NEEDS_A_PERSON, settled_at=None)


@admin.register(Reminder)
class ReminderAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "client"
    fields = (
        "client",
        "booking",
        "booking_version",
        "kind",
        "channel",
        "state",
        "skip_reason",
        "due_at",
        "expires_at",
        "next_attempt_at",
        "attempt_count",
        "last_error_code",
        "created_at",
        "sent_at",
    )
    list_display = ("due_at", "client", "kind", "channel", "state", "skip_reason", "attempt_count")
    list_filter = ("state", "kind", "channel", "skip_reason")
    list_select_related = ("client",)
    search_fields = ("client__legal_name", "client__preferred_name")
    date_hierarchy = "due_at"
    # What nobody knows of, or did not get through, and nobody has seen to: before all that went well.
    ordering = (Case(When(NEEDS_A_PERSON, then=0), default=1).asc(), "-due_at")
    inlines = (MessageInline, EventInline)


@admin.register(Message)
class MessageAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "reminder__client"
    list_display = ("started_at", "of_client", "about", "recipient", "outcome", "provider", "error_code")
    list_filter = ("outcome", "provider")
    list_select_related = ("reminder__client",)
    search_fields = ("reminder__client__legal_name", "reminder__client__preferred_name", "recipient")
    date_hierarchy = "started_at"

    @admin.display(description=_("client"), ordering="reminder__client__legal_name")
    def of_client(self, message: Message) -> Any:
        return message.reminder.client

    @admin.display(description=_("about"), ordering="reminder__kind")
    def about(self, message: Message) -> str:
        return message.reminder.get_kind_display()


@admin.register(ReminderEvent)
class ReminderEventAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "reminder__client"
    list_display = ("at", "reminder", "from_state", "to_state", "detail")
    list_filter = ("to_state",)
    list_select_related = ("reminder",)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(UseCaseAdmin):
    """Knows no clients, so it is for those who may see all of them."""

    viewers = DESK
    client = None
    list_display = ("created_at", "channel", "recipient", "subject")
    list_filter = ("channel",)


@admin.register(ClientLink)
class ClientLinkAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "client"
    exclude = ("digest",)
    list_display = ("issued_at", "client", "purpose", "channel", "viewed_at", "opened_at", "expires_at")
    list_filter = ("purpose", "channel")
    list_select_related = ("client",)


@admin.register(ClientNote)
class ClientNoteAdmin(UseCaseAdmin):
    """The client's own words to the care team."""

    viewers = CLINICAL
    client = "client"
    list_display = ("written_at", "client", "about")
    list_filter = ("about",)
    list_select_related = ("client",)


@admin.register(InboundMessage)
class InboundMessageAdmin(UseCaseAdmin):
    """Some come from numbers of nobody, so they are for those who may see all clients."""

    viewers = DESK
    client = None
    list_display = ("received_at", "sender", "client", "meaning", "answer")
    list_filter = ("meaning",)
    list_select_related = ("client",)


@admin.register(DeskTask)
class DeskTaskAdmin(UseCaseAdmin):
    viewers = DESK
    client = None
    list_display = ("created_at", "kind", "client", "taken_by", "done_at", "outcome")
    list_filter = ("kind",)
    list_select_related = ("client", "taken_by")


@admin.register(ProviderEvent)
class ProviderEventAdmin(UseCaseAdmin):
    """Some are about nobody's message, so they are for those who may see all clients."""

    viewers = DESK
    client = None
    list_display = ("received_at", "provider", "status", "error_code")
    list_filter = ("provider", "status")


@admin.register(UnreachableAddress)
class UnreachableAddressAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "client"
    list_display = ("since_at", "client", "channel", "reason")
    list_filter = ("channel", "reason")
    list_select_related = ("client",)


@admin.register(ReminderRule)
class ReminderRuleAdmin(RoleAdmin):
    """One row for each kind. What is not sent yet is planned again within a minute of a change."""

    viewers = READS_CLIENTS_BY_NAME
    editors = ADMIN
    list_display = ("kind", "is_active", "moment", "channels", "revision")
    fields = (
        "kind",
        "is_active",
        "anchor",
        "offset_minutes",
        "days",
        "local",
        "lasts_minutes",
        "last_call_minutes",
        "channels",
        "on_all_channels",
        "session_kinds",
        "asks",
        "skip_if_confirmed",
        "gap_minutes",
        "tried_out",
    )
    readonly_fields = ("tried_out",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # `add_rules` writes one for each kind; no rule at all means ours

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The preview shows a client's message: not to everybody who may read the rules."""
        fields = super().get_fields(request, obj)
        return fields if user_of(request).has_role(*ADMIN) else [one for one in fields if one != "tried_out"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("kind", *super().get_readonly_fields(request, obj))

    @admin.display(description=_("when"))
    def moment(self, rule: ReminderRule) -> str:
        if rule.local is not None:
            days = ngettext("%(days)d day", "%(days)d days", abs(rule.days)) % {"days": rule.days}
            return f"{rule.local:%H:%M}, {days}"
        return gettext("%(minutes)d minutes") % {"minutes": rule.offset_minutes}

    @admin.display(description=_("For the latest booking it applies to"))
    def tried_out(self, rule: ReminderRule) -> Any:
        value = rule.value()
        booking = preview.example_for(value)
        if booking is None:
            return gettext("There is no such booking yet.")
        zone = clock.zone(booking.client.time_zone)
        shown = preview.preview(value, booking)
        if not shown:
            return gettext("It has nothing to say about this booking: %(booking)s.") % {"booking": booking}
        return format_html_join(
            "",
            "<p><strong>{}</strong> {}</p><p>{}</p><p>{}</p>",
            (
                (
                    date_format(one.due_at.astimezone(zone), "DATETIME_FORMAT")
                    if one.due_at
                    else Reminder.Skip(one.why_not).label,
                    one.channel,
                    one.subject,
                    one.body,
                )
                for one in shown
            ),
        )


@admin.register(SendingPolicy)
class SendingPolicyAdmin(RoleAdmin):
    viewers = READS_CLIENTS_BY_NAME
    editors = ADMIN
    list_display = ("__str__", "texts_per_day", "texts_per_week", "client_per_hour", "practice_per_minute")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and not SendingPolicy.objects.exists()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


@admin.register(Switch)
class SwitchAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    list_display = ("scope", "value", "is_off", "reason", "changed_at", "changed_by")
    list_select_related = ("changed_by",)


@admin.register(MessageTemplate)
class MessageTemplateAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    list_display = ("kind", "language", "channel", "detail", "version", "is_in_use", "written_by")
    list_filter = ("kind", "language", "channel", "detail", "is_in_use")
    list_select_related = ("written_by",)


@admin.register(StaffRule)
class StaffRuleAdmin(RoleAdmin):
    viewers = READS_CLIENTS_BY_NAME
    editors = ADMIN
    list_display = ("kind", "is_active", "days_before", "local", "roles", "to_responsible")


@admin.register(StaffNotice)
class StaffNoticeAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = None
    list_display = ("due_at", "user", "kind", "on", "sent_at")
    list_filter = ("kind",)
    list_select_related = ("user",)


@admin.register(SessionAlarm)
class SessionAlarmAdmin(UseCaseAdmin):
    viewers = CLINICAL
    client = "record__client"
    list_display = ("raised_at", "record", "due_at", "told_count", "told_at", "over_at")
    list_filter = ("over_at",)
    list_select_related = ("record__client",)


@admin.register(PageMessage)
class PageMessageAdmin(UseCaseAdmin):
    viewers = READS_CLIENTS_BY_NAME
    client = "client"
    list_display = ("due_at", "client", "channel", "state", "error_code")
    list_filter = ("state", "channel")
    list_select_related = ("client",)
