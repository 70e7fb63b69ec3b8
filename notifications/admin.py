from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from notifications.models import Message, OutboxMessage, Reminder, ReminderEvent
from practice.access import DESK
from practice.admin_base import READS_CLIENTS_BY_NAME, RoleInline, UseCaseAdmin


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
    ordering = ("-due_at",)
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
