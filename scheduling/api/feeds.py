"""Calendars out and in: feeds under secret addresses, and the clinicians' own calendars that we read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import present
from practice.access import DESK, TREATING
from practice.api.base import Resource
from practice.api.bodies import In, NothingIn, Out
from practice.api.fields import IdField, LineField
from practice.errors import Invalid, NotAllowed
from practice.models import Client, Clinician, Room
from scheduling.api.fields import WordOf
from scheduling.calendars import busy_times, feed_text, feeds
from scheduling.models import BusyCalendar, Feed
from scheduling.outside_calendars.addresses import LONGEST
from scheduling.outside_calendars.errors import explain

MANAGES_CALENDARS = DESK | TREATING

HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """For whoever knows the address. Answers alike for one that never was and for one that is no more."""
    now = present.now()
    found = feeds.find(secret)
    if found is None:
        return HttpResponse("Not found.\n", status=404, content_type="text/plain", headers=HEADERS)
    feeds.note_fetch(found, now=now)
    name, entries = feeds.entries(found, now=now)
    answer = HttpResponse(content_type="text/calendar; charset=utf-8", headers=HEADERS)
    answer["ETag"] = tag = feed_text.etag(name, entries)
    answer["Content-Disposition"] = 'inline; filename="appointments.ics"'
    same = get_conditional_response(request, etag=tag, response=answer)
    if same is not None and same is not answer:
        return HttpResponse(status=same.status_code, headers={**HEADERS, "ETag": tag})
    answer.content = feed_text.write(name, entries)
    return answer


class FeedIn(In):
    """One of `clinician`, `room` and `client`; a clinician who names none means their own calendar."""

    clinician = IdField(required=False)
    room = IdField(required=False)
    client = IdField(required=False)
    label = LineField(  # type: ignore[assignment]
        max_length=40, required=False, allow_blank=True, help_text="Where it is used: a phone, a screen."
    )


class FeedOut(Out[Feed]):
    class Meta:
        model = Feed
        fields = (
            "id",
            "clinician",
            "room",
            "client",
            "label",
            "created_by",
            "created_at",
            "revoked_at",
            "last_fetched_at",
        )


class MadeFeedOut(FeedOut):
    address = serializers.URLField(
        allow_null=True,
        read_only=True,
        default=None,
        help_text="Shown this once; null in the answer to a repeat of the request.",
    )

    class Meta:
        model = Feed
        fields = (*FeedOut.Meta.fields, "address")


@extend_schema_view(
    list=extend_schema(summary="List the calendar feeds"),
    retrieve=extend_schema(summary="Read about a calendar feed"),
    create=extend_schema(summary="Make a calendar feed", request=FeedIn, responses={201: MadeFeedOut}),
    revoke=extend_schema(summary="Revoke a calendar feed", request=NothingIn, responses=FeedOut),
)
class FeedViews(Resource):
    """Addresses of calendars, for phones and screens. Whoever knows one reads it: revoke what gets lost.

    The desk sees the feeds of all clinicians, rooms and clients; a clinician those of their own calendar.
    """

    queryset = Feed.objects.all()
    client = None
    out = FeedOut
    permitted = {
        "list": MANAGES_CALENDARS,
        "retrieve": MANAGES_CALENDARS,
        "create": MANAGES_CALENDARS,
        "revoke": MANAGES_CALENDARS,
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        return rows if getattr(self, "swagger_fake_view", False) else feeds.within(self.user, rows)

    def create(self, request: Request) -> Response:
        """The address is in this answer alone: no copy of it is kept, nor does a repeat show it."""
        body = self.valid(FeedIn)
        label, secret = body.pop("label", ""), feeds.new_secret()
        subject = self._subject(**body)
        answer = self.write(
            lambda: feeds.make(subject, label=label, secret=secret, actor=self.user, now=self.now),
            status_code=201,
            out=MadeFeedOut,
        )
        if "Idempotency-Replayed" not in answer.headers:
            answer.data["address"] = feeds.address(secret)
        return answer

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """From now on its address is unknown."""
        found = self.get_object()
        self.valid(NothingIn)
        return self.write(lambda: feeds.revoke(found.pk, actor=self.user, now=self.now))

    def _subject(self, **named: int) -> Clinician | Room | Client:
        if len(named) > 1 or (not named and self.user.has_role(*DESK)):
            raise Invalid(
                _("Name a clinician, a room or a client, and only one."), code="one_of", pointer="/clinician"
            )
        if "room" in named or "client" in named:
            if not self.user.has_role(*DESK):
                raise NotAllowed
            if "client" in named:
                return self.access_client(named["client"])
            return self.access(Room.objects.all(), named["room"], "/room")
        return own_or_named(self, named.get("clinician"))


class BusyCalendarIn(In):
    clinician = IdField(required=False, help_text="Defaults to the caller's own record.")
    url = LineField(max_length=LONGEST, help_text="The calendar's address: https, http or webcal.")


class FailureOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class BusyCalendarOut(Out[BusyCalendar]):
    host = serializers.CharField(read_only=True, help_text="The address is a secret and not shown again.")
    state = WordOf(component="BusyCalendarState", words=BusyCalendar.State.values)
    age_minutes = serializers.SerializerMethodField(
        help_text="How old what we know is; null while we know nothing."
    )
    last_error = serializers.SerializerMethodField(help_text="Why the last try failed.")

    class Meta:
        model = BusyCalendar
        fields = (
            "id",
            "clinician",
            "host",
            "state",
            "is_active",
            "created_by",
            "created_at",
            "checked_at",
            "fetched_at",
            "age_minutes",
            "covers_until",
            "failure_count",
            "unread_count",
            "last_error",
        )

    def get_age_minutes(self, calendar: BusyCalendar) -> int | None:
        age = calendar.age(now=self.context["view"].now)
        return None if age is None else age // timedelta(minutes=1)

    @extend_schema_field(FailureOut(allow_null=True))
    def get_last_error(self, calendar: BusyCalendar) -> dict[str, str] | None:
        if not calendar.last_error_code:
            return None
        return {
            "code": calendar.last_error_code,
            "detail": explain(calendar.last_error_code).text(gettext),
        }


@extend_schema_view(
    list=extend_schema(summary="List the clinicians' own calendars"),
    retrieve=extend_schema(summary="Read about a clinician's own calendar"),
    create=extend_schema(
        summary="Add a clinician's own calendar", request=BusyCalendarIn, responses={201: BusyCalendarOut}
    ),
    stop=extend_schema(summary="Stop reading a calendar", request=NothingIn, responses=BusyCalendarOut),
)
class BusyCalendarViews(Resource):
    """Calendars of clinicians at other providers, read every ten minutes for when they are busy.

    Of what is in them only the times are kept. When one can't be read, what was read last still counts, and
    `age_minutes` says how old it is.
    """

    queryset = BusyCalendar.objects.all()
    client = None
    out = BusyCalendarOut
    permitted = {
        "list": MANAGES_CALENDARS,
        "retrieve": MANAGES_CALENDARS,
        "create": MANAGES_CALENDARS,
        "stop": MANAGES_CALENDARS,
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False) or self.user.has_role(*DESK):
            return rows
        return rows.filter(clinician__user=self.user, clinician__is_active=True)

    def create(self, request: Request) -> Response:
        """Its busy times count from the next reading on, within minutes."""
        body = self.valid(BusyCalendarIn)
        clinician = own_or_named(self, body.get("clinician"))
        return self.write(
            lambda: busy_times.add(clinician, body["url"], actor=self.user, now=self.now), status_code=201
        )

    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Its busy times no longer count, and its address is forgotten."""
        found = self.get_object()
        self.valid(NothingIn)
        return self.write(lambda: busy_times.stop(found.pk, actor=self.user, now=self.now))


def own_or_named(view: Resource, clinician_id: int | None) -> Clinician:
    """Anybody's for the desk; for a clinician their own, which is also the default."""
    clinicians = Clinician.objects.filter(is_active=True)
    if clinician_id is None:
        found = clinicians.filter(user=view.user).first()
        if found is None:
            raise Invalid(_("Say whose calendar it is."), code="required", pointer="/clinician")
        return found
    named = view.access(clinicians, clinician_id, "/clinician")
    busy_times.check_own(view.user, named)
    return named
