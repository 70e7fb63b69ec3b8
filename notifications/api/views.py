from __future__ import annotations

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view

from notifications.api.serializers import MessageOut, ReminderOut
from notifications.models import Message, Reminder
from practice.access import AUDITORS, EVERYONE
from practice.api.base import Resource
from practice.api.filters import IdFilter
from scheduling.api.filters import AnyOf


class ReminderFilter(django_filters.FilterSet):
    booking = IdFilter("booking")
    client = IdFilter("client")
    state = AnyOf("state", choices=Reminder.State.choices)

    class Meta:
        model = Reminder
        fields: tuple[str, ...] = ()


class MessageFilter(django_filters.FilterSet):
    reminder = IdFilter("reminder")
    booking = IdFilter("reminder__booking")
    client = IdFilter("reminder__client")
    outcome = AnyOf("outcome", choices=Message.Outcome.choices)

    class Meta:
        model = Message
        fields: tuple[str, ...] = ()


@extend_schema_view(
    list=extend_schema(summary="List reminders"), retrieve=extend_schema(summary="Read a reminder")
)
class ReminderViews(Resource):
    """What clients are to be told about their bookings, and how far it got. Lists begin with the last due."""

    queryset = Reminder.objects.select_related("booking", "client")
    client = "client"
    out = ReminderOut
    ordering = ("-due_at", "-pk")
    filterset_class = ReminderFilter
    permitted = {"list": EVERYONE, "retrieve": EVERYONE - AUDITORS}


@extend_schema_view(
    list=extend_schema(summary="List messages"), retrieve=extend_schema(summary="Read a message")
)
class MessageViews(Resource):
    """Each attempt to send a reminder. Lists begin with the latest."""

    queryset = Message.objects.select_related("reminder__booking", "reminder__client")
    client = "reminder__client"
    out = MessageOut
    ordering = ("-started_at", "-pk")
    filterset_class = MessageFilter
    permitted = {"list": EVERYONE, "retrieve": EVERYONE - AUDITORS}
