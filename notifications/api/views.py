from __future__ import annotations

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from notifications import settling, switches
from notifications.api.serializers import (
    AskAgainIn,
    MessageOut,
    ReminderOut,
    SettleIn,
    SwitchIn,
    SwitchOut,
)
from notifications.models import Message, Reminder, Switch
from notifications.settling import MAY_SETTLE
from practice.access import AUDITORS, DESK, EVERYONE
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
    list=extend_schema(summary="List reminders"),
    retrieve=extend_schema(summary="Read a reminder"),
    settle=extend_schema(summary="Say that a person saw to it", request=SettleIn, responses=ReminderOut),
    ask_again=extend_schema(summary="Send it again", request=AskAgainIn, responses=ReminderOut),
)
class ReminderViews(Resource):
    """What clients are to be told about their bookings, and how far it got. Lists begin with the last due."""

    queryset = Reminder.objects.select_related("booking", "client")
    client = "client"
    out = ReminderOut
    ordering = ("-due_at", "-pk")
    filterset_class = ReminderFilter
    permitted = {
        "list": EVERYONE,
        "retrieve": EVERYONE - AUDITORS,
        "settle": MAY_SETTLE,
        "ask_again": MAY_SETTLE,
    }

    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str) -> Response:
        """Of what did not get through: the client was told, or it no longer matters. It never goes out."""
        found, body = self.get_object(), self.valid(SettleIn)
        return self.write(lambda: settling.settle(found.pk, **body, actor=self.user, now=self.now))

    @action(detail=True, methods=["post"], url_path="ask-again")
    def ask_again(self, request: Request, pk: str) -> Response:
        """From the facts of now, on its own channel or another. The rules still have the last word."""
        found, body = self.get_object(), self.valid(AskAgainIn)
        return self.write(lambda: settling.ask_again(found.pk, **body, actor=self.user, now=self.now))


@extend_schema_view(
    list=extend_schema(summary="List switches"),
    retrieve=extend_schema(summary="Read a switch"),
    create=extend_schema(summary="Stop or start messages", request=SwitchIn, responses={201: SwitchOut}),
)
class SwitchViews(Resource):
    """What stops messages: everything, a channel, a provider or a kind. Those that were ever used."""

    queryset = Switch.objects.all()
    client = None
    out = SwitchOut
    ordering = ("scope", "value", "pk")
    permitted = {"list": EVERYONE, "retrieve": EVERYONE, "create": DESK}

    def create(self, request: Request) -> Response:
        """When this has answered, no message begins that the switch stops."""
        body = self.valid(SwitchIn)
        return self.write(
            lambda: switches.turn(
                body["scope"],
                body["value"],
                off=body["is_off"],
                reason=body["reason"],
                actor=self.user,
                now=self.now,
            ),
            status_code=201,
        )


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
