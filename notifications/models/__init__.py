from notifications.models.reminders import Message, OutboxMessage, Reminder, ReminderEvent

__all__ = ["Message", "OutboxMessage", "Reminder", "ReminderEvent"]
