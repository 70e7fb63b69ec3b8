from notifications.models.alarms import SessionAlarm
from notifications.models.inbound import DeskTask, InboundMessage
from notifications.models.links import ClientLink, ClientNote
from notifications.models.page_messages import PageMessage
from notifications.models.reminders import Message, OutboxMessage, Reminder, ReminderEvent
from notifications.models.reports import ProviderEvent, UnreachableAddress
from notifications.models.rules import ReminderRule, SendingPolicy, Switch
from notifications.models.staff import StaffKind, StaffNotice, StaffRule
from notifications.models.templates import MessageTemplate

__all__ = [
    "ClientLink",
    "ClientNote",
    "DeskTask",
    "InboundMessage",
    "Message",
    "MessageTemplate",
    "OutboxMessage",
    "PageMessage",
    "ProviderEvent",
    "Reminder",
    "ReminderEvent",
    "ReminderRule",
    "SendingPolicy",
    "SessionAlarm",
    "StaffKind",
    "StaffNotice",
    "StaffRule",
    "Switch",
    "UnreachableAddress",
]
