from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from notifications.models import (
    ClientLink,
    ClientNote,
    DeskTask,
    InboundMessage,
    Message,
    OutboxMessage,
    ProviderEvent,
    Reminder,
    ReminderEvent,
    UnreachableAddress,
)
from practice.access import CLINICAL, DESK
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
    list_display = ("created_at", "kind", "client", "done_at", "outcome")
    list_filter = ("kind",)
    list_select_related = ("client",)


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
