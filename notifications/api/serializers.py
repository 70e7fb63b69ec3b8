from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notifications.models import ClientNote, DeskTask, InboundMessage, Message, Reminder, Switch
from practice.access import DESK, TREATING
from practice.api.bodies import In, Out
from practice.api.fields import ChoiceOf
from scheduling.api.fields import ClinicTime
from scheduling.api.pages import Prepared, clients_within
from scheduling.api.serializers import ClientRef

READS_TEXTS = DESK | TREATING


class ReminderOut(Prepared):
    id = serializers.IntegerField()
    booking = serializers.IntegerField(source="booking_id")
    booking_version = serializers.IntegerField(help_text="Of the booking's time that it is about.")
    client = ClientRef()
    kind = ChoiceOf(model=Reminder, of="kind")
    channel = ChoiceOf(model=Reminder, of="channel", allow_null=True)
    state = ChoiceOf(model=Reminder, of="state")
    skip_reason = ChoiceOf(model=Reminder, of="skip_reason", allow_null=True)
    needs_a_person = serializers.SerializerMethodField()
    time_zone = serializers.CharField(source="booking.time_zone")
    due_at = ClinicTime(zone="booking.time_zone")
    expires_at = ClinicTime(zone="booking.time_zone", help_text="It is not sent from here on.")
    next_attempt_at = ClinicTime(zone="booking.time_zone")
    sent_at = ClinicTime(zone="booking.time_zone", allow_null=True)
    created_at = ClinicTime(zone="booking.time_zone")
    attempt_count = serializers.IntegerField()
    last_error_code = serializers.CharField(allow_blank=True)
    settled_at = ClinicTime(zone="booking.time_zone", allow_null=True, help_text="When a person saw to it.")
    settled_how = ChoiceOf(model=Reminder, of="settled_how", allow_null=True)

    def get_needs_a_person(self, reminder: Reminder) -> bool:
        return reminder.state in Reminder.NEEDS_A_PERSON and reminder.settled_at is None


class MessageOut(Prepared):
    """`recipient`, `subject` and `body` are for the desk and the care team; null for others."""

    id = serializers.IntegerField()
    reminder = serializers.IntegerField(source="reminder_id")
    booking = serializers.IntegerField(source="reminder.booking_id")
    client = ClientRef(source="reminder.client")
    kind = ChoiceOf(model=Reminder, of="kind", source="reminder.kind")
    channel = ChoiceOf(model=Reminder, of="channel", source="reminder.channel", allow_null=True)
    outcome = ChoiceOf(model=Message, of="outcome")
    time_zone = serializers.CharField(source="reminder.booking.time_zone")
    started_at = ClinicTime(zone="reminder.booking.time_zone")
    ended_at = ClinicTime(zone="reminder.booking.time_zone", allow_null=True)
    provider = serializers.CharField(allow_blank=True)
    error_code = serializers.CharField(allow_blank=True)
    recipient = serializers.CharField(allow_null=True)
    subject = serializers.CharField(allow_null=True, allow_blank=True)
    body = serializers.CharField(allow_null=True)

    def prepare(self, rows: list[Message]) -> None:
        reader, clients = self.context["request"].user, {row.reminder.client_id for row in rows}
        self._read = clients_within(reader, clients, READS_TEXTS)

    def to_representation(self, instance: Message) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if instance.reminder.client_id not in self._read:
            shown |= {"recipient": None, "subject": None, "body": None}
        return shown


class ReplyOut(Prepared):
    """A text that a client sent us. `client` is null for a number that is not one client's."""

    id = serializers.IntegerField()
    client = ClientRef(allow_null=True)
    booking = serializers.IntegerField(source="booking_id", allow_null=True)
    sender = serializers.CharField()
    body = serializers.CharField(allow_blank=True)
    received_at = serializers.DateTimeField()
    meaning = ChoiceOf(model=InboundMessage, of="meaning", help_text="What we took it for.")
    answer = serializers.CharField(allow_blank=True, help_text="Which of our fixed texts it got.")


class DeskTaskOut(Prepared):
    """`detail` has the client's own words. `reply` is the text that it came with, if it came with one."""

    id = serializers.IntegerField()
    kind = ChoiceOf(model=DeskTask, of="kind")
    client = ClientRef(allow_null=True)
    booking = serializers.IntegerField(source="booking_id", allow_null=True)
    reply = serializers.IntegerField(source="reply_id", allow_null=True)
    item = serializers.CharField(allow_blank=True, help_text="Which of the things to get ready.")
    detail = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    alerted_at = serializers.DateTimeField(allow_null=True, help_text="When whoever is on call was told.")
    taken_at = serializers.DateTimeField(allow_null=True)
    taken_by = serializers.IntegerField(source="taken_by_id", allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    done_by = serializers.IntegerField(source="done_by_id", allow_null=True)
    outcome = serializers.CharField(allow_blank=True)
    revision = serializers.IntegerField()


class FinishIn(In):
    outcome = serializers.CharField(max_length=200, help_text="What came of it.")


class ClientNoteOut(Prepared):
    """What a client wrote for the care team on a link page."""

    id = serializers.IntegerField()
    client = ClientRef()
    booking = serializers.IntegerField(source="booking_id")
    about = ChoiceOf(model=ClientNote, of="about")
    text = serializers.CharField()
    written_at = serializers.DateTimeField()


class SettleIn(In):
    how = ChoiceOf(model=Reminder, of="settled_how", help_text="What the person did.")


class AskAgainIn(In):
    channel = ChoiceOf(
        model=Reminder, of="channel", required=False, help_text="Another channel than its own."
    )


class SwitchIn(In):
    scope = ChoiceOf(model=Switch, of="scope")
    value = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20,
        default="",
        help_text="Which channel, provider or kind; nothing for everything.",
    )
    is_off = serializers.BooleanField(help_text="True stops, false starts again.")
    reason = serializers.CharField(max_length=200)


class SwitchOut(Out[Switch]):
    class Meta:
        model = Switch
        fields = ("id", "scope", "value", "is_off", "reason", "changed_at", "changed_by")
        read_only_fields = fields
