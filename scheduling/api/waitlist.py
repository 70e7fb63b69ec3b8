"""The waitlist: who waits for what, times that became free, and what clients were asked and said."""

from __future__ import annotations

from datetime import time
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice.access import AUDITORS, EVERYONE, READS_MEDICAL, access_one, visible_to
from practice.api.base import Resource
from practice.api.bodies import In, NothingIn
from practice.api.fields import ChoiceOf, DayField, IdField, InstantField, WholeNumberField
from practice.api.filters import IdFilter, InstantFilter
from practice.api.schema import PROBLEM, Problem
from practice.errors import Invalid
from practice.models import Clinician, Location
from scheduling import freed_times, offering, waitlist
from scheduling.api.fields import ClinicTime
from scheduling.api.filters import AnyOf
from scheduling.api.pages import clients_within
from scheduling.api.reasons import shown
from scheduling.api.serializers import AppointmentTypeRef, BlockerOut, ClientRef, NamedRef, PlannedSessionRef
from scheduling.api.series import TimeOfDay
from scheduling.api.views import BOOKS
from scheduling.engine.types import Span
from scheduling.models import FreedTime, WaitlistEntry, WaitlistOffer
from scheduling.offering import Verdict
from scheduling.requests import access_booking, request_for

MOST_NOTICE = 30 * 24 * 60
MOST_ASKED = 50
READS = EVERYONE
IN_FULL = EVERYONE - AUDITORS
WHOM = ("locations", "clinicians")

ENTRIES: QuerySet[WaitlistEntry] = WaitlistEntry.objects.select_related(
    "client", "appointment_type", "planned_session", "instead_of"
).prefetch_related("locations", "clinicians")
OFFERS: QuerySet[WaitlistOffer] = WaitlistOffer.objects.select_related(
    "client", "entry__appointment_type", "location", "therapist", "psychiatrist", "room"
)
FREED: QuerySet[FreedTime] = FreedTime.objects.select_related("location", "therapist", "psychiatrist", "room")


class DayTimesIn(In):
    """A session may start from one wall time on and before the other; 00:00 as an end is midnight."""

    from_local = TimeOfDay()
    until_local = TimeOfDay()


class WishesIn(In):
    """What is left out or empty means: any. Times are on the clock of the location."""

    weekdays = serializers.ListField(
        child=WholeNumberField(min_value=0, max_value=6),
        required=False,
        max_length=7,
        help_text="0 is Monday.",
    )
    times = serializers.ListField(child=DayTimesIn(), required=False, max_length=5)
    earliest_on = DayField(required=False, allow_null=True)
    latest_on = DayField(required=False, allow_null=True)
    locations = serializers.ListField(
        child=IdField(), required=False, max_length=20, help_text="By default the client's."
    )
    clinicians = serializers.ListField(
        child=IdField(), required=False, max_length=20, help_text="Of each kind that is named, only these."
    )
    notice_minutes = WholeNumberField(
        required=False, min_value=0, max_value=MOST_NOTICE, help_text="How long before they must know."
    )


class WaitlistEntryIn(WishesIn):
    """`planned_session`; or `client` and `appointment_type`; or `booking`, to exchange it for one sooner."""

    planned_session = IdField(required=False)
    client = IdField(required=False)
    appointment_type = IdField(required=False)
    booking = IdField(required=False)


class DayTimesOut(serializers.Serializer[Any]):
    from_local = serializers.SerializerMethodField()
    until_local = serializers.SerializerMethodField()

    def get_from_local(self, pair: list[time]) -> str:
        return pair[0].isoformat(timespec="minutes")

    def get_until_local(self, pair: list[time]) -> str:
        return pair[1].isoformat(timespec="minutes")


class WaitlistEntryOut(serializers.Serializer[WaitlistEntry]):
    id = serializers.IntegerField()
    client = ClientRef()
    appointment_type = AppointmentTypeRef()
    planned_session = PlannedSessionRef(allow_null=True)
    booking = serializers.IntegerField(
        source="instead_of_id", allow_null=True, help_text="What they have, to be exchanged."
    )
    weekdays = serializers.ListField(child=serializers.IntegerField())
    times = DayTimesOut(many=True)
    earliest_on = serializers.DateField(allow_null=True)
    latest_on = serializers.DateField(allow_null=True)
    locations = NamedRef(many=True)
    clinicians = NamedRef(many=True)
    notice_minutes = serializers.IntegerField()
    since_at = InstantField()
    status = ChoiceOf(model=WaitlistEntry, of="status")
    closed_at = InstantField(allow_null=True)
    revision = serializers.IntegerField()


class FreedTimeIn(In):
    """A time that nothing freed, to be offered: with whom is left to choose unless it is said."""

    location = IdField()
    starts_at = InstantField()
    ends_at = InstantField()
    therapist = IdField(required=False)
    psychiatrist = IdField(required=False)


class FreedTimeOut(serializers.Serializer[FreedTime]):
    id = serializers.IntegerField()
    location = NamedRef()
    starts_at = ClinicTime(zone="location.time_zone")
    ends_at = ClinicTime(zone="location.time_zone")
    time_zone = serializers.CharField(source="location.time_zone")
    therapist = NamedRef(allow_null=True)
    psychiatrist = NamedRef(allow_null=True)
    room = NamedRef(allow_null=True)
    because = ChoiceOf(model=FreedTime, of="because")
    freed_at = ClinicTime(zone="location.time_zone")
    look_at = ClinicTime(zone="location.time_zone", help_text="When the waitlist is gone through next.")
    status = ChoiceOf(model=FreedTime, of="status")
    closed_at = ClinicTime(zone="location.time_zone", allow_null=True)


class CandidateOut(serializers.Serializer[Verdict]):
    """One who waits. `fits` is true exactly if they may be asked now; else the blockers say why not."""

    entry = serializers.IntegerField(source="entry.pk")
    client = ClientRef(source="entry.client")
    appointment_type = AppointmentTypeRef(source="entry.appointment_type")
    planned_session = PlannedSessionRef(source="entry.planned_session", allow_null=True)
    since_at = InstantField(source="entry.since_at")
    last_asked_at = InstantField(source="entry.last_asked_at", allow_null=True)
    fits = serializers.SerializerMethodField()
    starts_at = InstantField(source="opening.start", allow_null=True, default=None)
    ends_at = InstantField(source="opening.end", allow_null=True, default=None)
    answer_by = InstantField(allow_null=True)
    blockers = serializers.SerializerMethodField(
        help_text="Clinical reasons only for those who may see them."
    )

    def get_fits(self, judged: Verdict) -> bool:
        return judged.opening is not None

    @extend_schema_field(BlockerOut(many=True))
    def get_blockers(self, judged: Verdict) -> Any:
        reasons: Any = shown(
            judged.blockers, clinical=judged.entry.client_id in self.context.get("clinical", ())
        )
        return BlockerOut(reasons, many=True).data


class CandidatesOut(serializers.Serializer[Any]):
    freed_time = serializers.IntegerField()
    candidates = CandidateOut(many=True)


class OffersIn(In):
    entries = serializers.ListField(child=IdField(), allow_empty=False, max_length=MOST_ASKED)
    starts_at = InstantField(required=False, help_text="By default the first start that serves the first.")


class WaitlistOfferOut(serializers.Serializer[WaitlistOffer]):
    id = serializers.IntegerField()
    entry = serializers.IntegerField(source="entry_id")
    freed_time = serializers.IntegerField(source="freed_time_id")
    client = ClientRef()
    appointment_type = AppointmentTypeRef(source="entry.appointment_type")
    location = NamedRef()
    starts_at = ClinicTime(zone="location.time_zone")
    ends_at = ClinicTime(zone="location.time_zone")
    time_zone = serializers.CharField(source="location.time_zone")
    therapist = NamedRef(allow_null=True)
    psychiatrist = NamedRef(allow_null=True)
    room = NamedRef(allow_null=True)
    sent_at = ClinicTime(zone="location.time_zone")
    expires_at = ClinicTime(zone="location.time_zone")
    status = ChoiceOf(model=WaitlistOffer, of="status")
    answered_at = ClinicTime(zone="location.time_zone", allow_null=True)
    booking = serializers.IntegerField(source="booking_id", allow_null=True)


class MadeOffersOut(serializers.Serializer[Any]):
    """Of a list, which has no fields of its own."""

    offers = serializers.SerializerMethodField()

    @extend_schema_field(WaitlistOfferOut(many=True))
    def get_offers(self, made: Any) -> Any:
        return WaitlistOfferOut(made, many=True, context=self.context).data


class EntryFilter(django_filters.FilterSet):
    client = IdFilter("client")
    appointment_type = IdFilter("appointment_type")
    status = AnyOf("status", choices=WaitlistEntry.Status.choices)

    class Meta:
        model = WaitlistEntry
        fields: tuple[str, ...] = ()


class OfferFilter(django_filters.FilterSet):
    client = IdFilter("client")
    entry = IdFilter("entry")
    freed_time = IdFilter("freed_time")
    status = AnyOf("status", choices=WaitlistOffer.Status.choices)

    class Meta:
        model = WaitlistOffer
        fields: tuple[str, ...] = ()


class FreedTimeFilter(django_filters.FilterSet):
    location = IdFilter("location")
    status = AnyOf("status", choices=FreedTime.Status.choices)
    until = InstantFilter("starts_at", "lt", help_text="Starts before this instant.")

    class Meta:
        model = FreedTime
        fields: tuple[str, ...] = ()


@extend_schema_view(
    list=extend_schema(summary="List who waits"),
    retrieve=extend_schema(summary="Read a waitlist entry"),
    create=extend_schema(
        summary="Put a client on the waitlist", request=WaitlistEntryIn, responses={201: WaitlistEntryOut}
    ),
    partial_update=extend_schema(
        summary="Change what they wish", request=WishesIn, responses=WaitlistEntryOut
    ),
    withdraw=extend_schema(
        summary="Take a client off the waitlist", request=NothingIn, responses=WaitlistEntryOut
    ),
)
class WaitlistEntryViews(Resource):
    """Who waits, since when and for what. `status` changes by what happens, not by PATCH."""

    queryset = ENTRIES
    client = "client"
    out = WaitlistEntryOut
    ordering = ("since_at", "pk")
    filterset_class = EntryFilter
    permitted = {
        "list": READS,
        "retrieve": IN_FULL,
        "create": BOOKS,
        "partial_update": BOOKS,
        "withdraw": BOOKS,
    }

    def create(self, request: Request) -> Response:
        """They are asked in turn when a time becomes free that they wish, may have and can be ready for."""
        body = self.valid(WaitlistEntryIn)
        wishes = self._wishes(body)
        for name in WHOM:
            body.pop(name, None)
        had = body.pop("booking", None)
        many = {name: wishes.pop(name) for name in WHOM if name in wishes}
        if had is not None:
            if body:
                raise Invalid(
                    _("A booking says for whom and for what it is: leave out the rest."),
                    code="not_needed",
                    pointer=f"/{next(iter(body))}",
                )
            found = access_booking(self.user, had, roles=self.roles, pointer="/booking")
            about: dict[str, Any] = {"planned_session": found.planned_session, "instead_of": found}
            client, kind = found.client, found.appointment_type
        else:
            asked = request_for(self.user, roles=self.roles, **body)
            about = {"planned_session": asked.planned_session}
            client, kind = asked.client, asked.appointment_type
        return self.write(
            lambda: waitlist.add(client, kind, **about, **many, wishes=wishes, actor=self.user, now=self.now),
            status_code=201,
        )

    def partial_update(self, request: Request, pk: str) -> Response:
        """Their place on the list stays."""
        found = self.get_object()
        wishes, revision = self._wishes(self.valid(WishesIn, partial=True)), self.revision()
        return self.write(
            lambda: waitlist.change(found.pk, wishes, revision=revision, actor=self.user, now=self.now)
        )

    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """What they were asked is taken back."""
        found = self.get_object()
        self.valid(NothingIn)
        return self.write(lambda: waitlist.withdraw(found.pk, actor=self.user, now=self.now))

    def _wishes(self, body: dict[str, Any]) -> dict[str, Any]:
        """The fields of an entry; takes them out of the body."""
        names = ("weekdays", "earliest_on", "latest_on", "notice_minutes")
        wishes = {name: body.pop(name) for name in names if name in body}
        if "times" in body:
            wishes["times"] = [[pair["from_local"], pair["until_local"]] for pair in body.pop("times")]
        for name, rows in (
            ("locations", Location.objects.filter(is_active=True)),
            ("clinicians", Clinician.objects.filter(is_active=True)),
        ):
            if name in body:
                ids = body.pop(name)
                wishes[name] = [self.access(rows, pk, f"/{name}/{index}") for index, pk in enumerate(ids)]
        return wishes


@extend_schema_view(
    list=extend_schema(summary="List what clients were asked"),
    retrieve=extend_schema(summary="Read an offer"),
    accept=extend_schema(
        summary="They said yes", request=NothingIn, responses={200: WaitlistOfferOut, (410, PROBLEM): Problem}
    ),
    decline=extend_schema(summary="They said no", request=NothingIn, responses=WaitlistOfferOut),
)
class WaitlistOfferViews(Resource):
    """Questions to those who wait, the latest first. The first yes books the time."""

    queryset = OFFERS
    client = "client"
    out = WaitlistOfferOut
    ordering = ("-sent_at", "-pk")
    filterset_class = OfferFilter
    permitted = {"list": READS, "retrieve": IN_FULL, "accept": BOOKS, "decline": BOOKS}

    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """For a client on the telephone. Who is too late keeps their place on the list."""
        found = self.get_object()
        self.valid(NothingIn)
        return self.write(lambda: waitlist.accept(found.pk, actor=self.user, now=self.now))

    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """They keep waiting, and are not asked about this time again."""
        found = self.get_object()
        self.valid(NothingIn)
        return self.write(lambda: waitlist.decline(found.pk, actor=self.user, now=self.now))


@extend_schema_view(
    list=extend_schema(summary="List times that became free"),
    retrieve=extend_schema(summary="Read a freed time"),
    create=extend_schema(
        summary="Open a time to the waitlist", request=FreedTimeIn, responses={201: FreedTimeOut}
    ),
    candidates=extend_schema(summary="Who fits a freed time?", responses=CandidatesOut),
    offers=extend_schema(
        summary="Offer a freed time to some", request=OffersIn, responses={201: MadeOffersOut}
    ),
    hide=extend_schema(summary="Offer a freed time to nobody", request=NothingIn, responses=FreedTimeOut),
)
class FreedTimeViews(Resource):
    """Times that a cancellation, a move, an expired hold or the desk made free. They offer themselves."""

    queryset = FREED
    client = None
    out = FreedTimeOut
    ordering = ("starts_at", "pk")
    filterset_class = FreedTimeFilter
    permitted = {
        "list": BOOKS,
        "retrieve": BOOKS,
        "create": BOOKS,
        "candidates": BOOKS,
        "offers": BOOKS,
        "hide": BOOKS,
    }

    def create(self, request: Request) -> Response:
        """The waitlist is gone through for it at once."""
        body = self.valid(FreedTimeIn)
        if body["ends_at"] <= body["starts_at"]:
            raise Invalid(_("The end has to be after the start."), code="wrong_order", pointer="/ends_at")
        location = self.access(Location.objects.filter(is_active=True), body["location"], "/location")
        people = {
            str(kind): self.access(
                Clinician.objects.filter(kind=kind, is_active=True), body[kind], f"/{kind}"
            )
            for kind in (Clinician.Kind.THERAPIST, Clinician.Kind.PSYCHIATRIST)
            if kind in body
        }
        span = Span(body["starts_at"], body["ends_at"])
        if span.end - span.start > freed_times.LONGEST:
            raise Invalid(_("A time to offer is one day at most."), code="too_long", pointer="/ends_at")
        return self.write(
            lambda: waitlist.open_time(location, span, **people, actor=self.user, now=self.now),
            status_code=201,
        )

    @action(detail=True, methods=["get"])
    def candidates(self, request: Request, pk: str) -> Response:
        """Those of the caller's clients who wait: in turn who may be asked; then the others, and why not."""
        freed = self.get_object()
        entries = visible_to(self.user, offering.waiting(), client="client", roles=self.roles)
        found = offering.verdicts(freed, entries, now=self.now)
        clinical = clients_within(self.user, [one.entry.client_id for one in found], READS_MEDICAL)
        context = {**self.get_serializer_context(), "clinical": clinical}
        answer = {"freed_time": freed.pk, "candidates": found}
        return Response(CandidatesOut(answer, context=context).data)

    @action(detail=True, methods=["post"])
    def offers(self, request: Request, pk: str) -> Response:
        """Whatever they wish, as long as they may have it and can be ready. All are asked, or none."""
        freed = self.get_object()
        body = self.valid(OffersIn)
        entries = visible_to(self.user, WaitlistEntry.objects.all(), client="client", roles=self.roles)
        chosen = [
            access_one(entries, entry_id, f"/entries/{index}")
            for index, entry_id in enumerate(dict.fromkeys(body["entries"]))
        ]

        return self.write(
            lambda: offering.offer_to(
                freed.pk,
                [entry.pk for entry in chosen],
                starts_at=body.get("starts_at"),
                actor=self.user,
                now=self.now,
            ),
            status_code=201,
            out=MadeOffersOut,
        )

    @action(detail=True, methods=["post"])
    def hide(self, request: Request, pk: str) -> Response:
        """Open questions about it are taken back."""
        found = self.get_object()
        self.valid(NothingIn)
        return self.write(lambda: waitlist.hide(found.pk, actor=self.user, now=self.now))
