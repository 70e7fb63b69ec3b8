from notifications.models.inbound import DeskTask, InboundMessage
from notifications.models.links import ClientLink, ClientNote
from notifications.models.reminders import Message, OutboxMessage, Reminder, ReminderEvent

__all__ = [
    "ClientLink",
    "ClientNote",
    "DeskTask",
    "InboundMessage",
    "Message",
    "OutboxMessage",
    "Reminder",
    "ReminderEvent",
]
