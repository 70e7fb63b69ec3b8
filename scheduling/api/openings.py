"""When, with whom and where: openings, and why a proposed time is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from practice.access import AUDITORS, EVERYONE
from practice.api.base import Resource
from practice.api.fields import ChoiceOf
from practice.api.quick import Quick
from practice.api.schema import PROBLEM, Problem
from practice.blockers import Blocker
from practice.errors import DomainError, Invalid, OutOfScope
from practice.models import Clinician, Location, Room
from scheduling import best_openings, blocking_rules, booking
from scheduling.api.bodies import START, ExplainIn, OpeningsQuery, taken
from scheduling.api.fields import ClinicTime, WordOf
from scheduling.api.reasons import shown_to
from scheduling.api.serializers import NamedRef
from scheduling.best_openings import BY_RANK, BY_TIME, Found
from scheduling.blocking_rules import Rule
from scheduling.booking import Request
from scheduling.engine.ranking import MESSAGES, Preferences, Reason
from scheduling.engine.types import Opening, ResourceKey, Span
from scheduling.models import AppointmentType, Phase
from scheduling.requests import access_booking, request_for, request_to_move
from scheduling.starts import promise, resolve

USUAL_WINDOW, LONGEST_WINDOW = timedelta(days=14), timedelta(days=62)
CUT_BY = ("limit", "search", "window", "horizon")


@dataclass(frozen=True)
class Named:
    id: int
    name: str


@dataclass(frozen=True)
class PhaseOffer:
    """Who or what is taken for one part of the session."""

    role: str | None
    room_kind: str | None
    clinician: Named | None
    room: Named | None
    from_at: datetime
    until_at: datetime
    time_zone: str


@dataclass(frozen=True)
class Offer:
    starts_at: datetime
    ends_at: datetime
    starts_local: str
    fold: int
    time_zone: str
    location: Location
    therapist: Named | None
    psychiatrist: Named | None
    room: Named | None
    room_place: int | None
    phases: tuple[PhaseOffer, ...]
    reasons: tuple[Blocker, ...]


@dataclass(frozen=True)
class Offers:
    time_zone: str
    from_at: datetime
    until_at: datetime
    searched_until: datetime
    order: str
    cut_by: str | None
    openings: tuple[Offer, ...]

    @property
    def is_cut(self) -> bool:
        return self.cut_by is not None


@dataclass(frozen=True)
class Explained:
    code: str
    detail: str
    params: Mapping[str, str | int]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Explanation:
    starts_at: datetime
    time_zone: str
    blockers: tuple[Explained, ...]

    @property
    def is_bookable(self) -> bool:
        return not self.blockers


class PhaseOfferOut(Quick[PhaseOffer]):
    role = ChoiceOf(model=Phase, of="role", allow_null=True)
    room_kind = ChoiceOf(model=Room, of="kind", allow_null=True)
    clinician = NamedRef(allow_null=True)
    room = NamedRef(allow_null=True)
    from_at = ClinicTime()
    until_at = ClinicTime(help_text="Set-up and cleaning included.")


class RankReasonOut(Quick[Blocker]):
    """Why an opening stands where it does; also what speaks against it."""

    code = WordOf(component="RankReasonCode", words=MESSAGES)
    detail = serializers.SerializerMethodField()

    def get_detail(self, reason: Blocker) -> str:
        return reason.text(gettext)


class OfferOut(Quick[Offer]):
    starts_at = ClinicTime()
    ends_at = ClinicTime()
    starts_local = serializers.CharField()
    fold = serializers.IntegerField()
    time_zone = serializers.CharField()
    location = NamedRef()
    therapist = NamedRef(allow_null=True)
    psychiatrist = NamedRef(allow_null=True)
    room = NamedRef(allow_null=True)
    room_place = serializers.IntegerField(allow_null=True)
    phases = PhaseOfferOut(many=True)
    reasons = RankReasonOut(many=True)


class OffersOut(Quick[Offers]):
    time_zone = serializers.CharField()
    from_at = ClinicTime(help_text="What was searched, from here …")
    until_at = ClinicTime(help_text="… until before this.")
    searched_until = ClinicTime(help_text="Every opening before this was considered: go on from here.")
    order = WordOf(component="OpeningsOrder", words=(BY_TIME, BY_RANK))
    is_cut = serializers.BooleanField(help_text="There may be more than this; cut_by says why.")
    cut_by = WordOf(component="OpeningsCut", words=CUT_BY, allow_null=True)
    openings = OfferOut(many=True)


class RuleOut(Quick[Rule]):
    """A row that stands behind a reason. Of what is taken it is never said whose it is."""

    kind = WordOf(component="RuleKind", words=blocking_rules.KINDS)
    id = serializers.IntegerField()


class ExplainedBlockerOut(Quick[Explained]):
    """Clinical reasons only for those who may see them; others learn which light is closed."""

    code = serializers.CharField()
    detail = serializers.CharField()
    params = serializers.DictField()
    rules = RuleOut(many=True)


class ExplanationOut(Quick[Explanation]):
    starts_at = ClinicTime()
    time_zone = serializers.CharField()
    is_bookable = serializers.BooleanField()
    blockers = ExplainedBlockerOut(many=True)


class OpeningViews(Resource):
    queryset = AppointmentType.objects.none()
    client = None
    out = OffersOut
    permitted = {"find": EVERYONE - AUDITORS, "explain": EVERYONE - AUDITORS}
    query_params = frozenset(OpeningsQuery().fields)

    @extend_schema(
        summary="Find openings",
        parameters=[OpeningsQuery],
        responses={200: OffersOut, (404, PROBLEM): Problem},
    )
    def find(self, request: HttpRequest) -> Response:
        """What a booking would be accepted for, earliest or best first, each with the reasons for its rank.

        Preferences exclude nothing. Of each start there is one opening per location, with those people who
        suit best. `limit` cuts the answer; `search` means that only the earliest openings were compared;
        `window` that what was asked for is longer than 62 days; `horizon` that it is not bookable yet.
        """
        try:
            asked = self._query()
            limit, from_at, until = (asked.pop(name, None) for name in ("limit", "from", "until"))
            window, cut_by = bounded(from_at, until, now=self.now)
            wishes = taken(asked, ("order", "weekdays", "times", "clinicians", "locations"))
            wanted = self._places(asked, wishes["locations"])
            window, cut_by = within_horizon(window, cut_by, wanted[0].appointment_type, now=self.now)
            preferences = self._preferences(wishes)
        except DomainError as wrong:
            wrong.pointer = wrong.pointer and f"/query{wrong.pointer}"
            raise
        prefers = any(wishes[name] for name in ("weekdays", "times", "clinicians", "locations"))
        order = wishes["order"] or (BY_RANK if prefers else BY_TIME)
        found = best_openings.find(
            wanted, window, preferences=preferences, order=order, limit=limit, now=self.now
        )
        if found.has_more:
            cut_by = "search" if order == BY_RANK and found.searched_until < window.end else "limit"
        offers = Offers(
            time_zone=wanted[0].location.time_zone,
            from_at=window.start,
            until_at=window.end,
            searched_until=found.searched_until,
            order=order,
            cut_by=cut_by,
            openings=tuple(described(found)),
        )
        return Response(OffersOut(offers).data)

    @extend_schema(summary="Explain a time", request=ExplainIn, responses=ExplanationOut)
    def explain(self, request: HttpRequest) -> Response:
        """Every reason why a booking for this start would be refused; none exactly if it would be accepted.

        Writes nothing.
        """
        asked = self.valid(ExplainIn)
        start = taken(asked, START)
        wanted = self._wanted(asked)
        starts_at = resolve(wanted.location, **start)
        against = booking.blockers(wanted, starts_at, now=self.now)
        told = shown_to(self.user, against, wanted.client.pk)
        rules = blocking_rules.behind(told, wanted, starts_at, now=self.now)
        explained = tuple(
            Explained(one.code, one.text(gettext), one.params, found)
            for one, found in zip(told, rules, strict=True)
        )
        return Response(ExplanationOut(Explanation(starts_at, wanted.location.time_zone, explained)).data)

    def _query(self) -> dict[str, Any]:
        asked = OpeningsQuery(data=self.request.query_params.dict())
        try:
            asked.is_valid(raise_exception=True)
        except ValidationError as wrong:
            raise ValidationError({"query": wrong.detail}) from None
        data: dict[str, Any] = asked.validated_data
        return data

    def _places(self, asked: dict[str, Any], locations: Sequence[int] | None) -> list[Request]:
        """One request for each location, in the order of the caller."""
        if not locations:
            return [self._wanted(asked)]
        for name in ("location", "room", "booking"):
            if name in asked:
                raise Invalid(
                    _("This is at one location: leave out the others."),
                    code="not_needed",
                    pointer="/locations",
                )
        found = Location.objects.in_bulk(locations)
        if len(found) < len(locations):
            raise OutOfScope(pointer="/locations")
        wanted = self._wanted({**asked, "location": locations[0]})
        return [replace(wanted, location=found[pk]) for pk in locations]

    def _preferences(self, wishes: dict[str, Any]) -> Preferences:
        clinicians = wishes["clinicians"] or ()
        if clinicians and Clinician.objects.filter(pk__in=clinicians).count() < len(clinicians):
            raise OutOfScope(pointer="/clinicians")
        return Preferences(frozenset(wishes["weekdays"] or ()), tuple(wishes["times"] or ()), clinicians)

    def _wanted(self, asked: dict[str, Any]) -> Request:
        """For the session that is named, or for the booking that is to be moved."""
        moving = asked.pop("booking", None)
        if moving is None:
            return request_for(self.user, roles=self.roles, **asked)
        for name in ("planned_session", "client", "appointment_type", "location"):
            if name in asked:
                raise Invalid(
                    _("A booking has this already: leave it out."), code="not_needed", pointer=f"/{name}"
                )
        found = access_booking(self.user, moving, roles=self.roles, pointer="/booking")
        return request_to_move(found, **asked)


def bounded(from_at: datetime | None, until: datetime | None, *, now: datetime) -> tuple[Span, str | None]:
    """The window to search, and what made it shorter than what was asked for."""
    start = now if from_at is None else from_at
    end = start + USUAL_WINDOW if until is None else until
    if end <= start:
        raise Invalid(_("The end has to be after the start."), code="wrong_order", pointer="/until")
    if end <= now:
        raise Invalid(_("This is in the past."), code="in_the_past", pointer="/until")
    longest = start + LONGEST_WINDOW
    return Span(start, min(end, longest)), "window" if end > longest else None


def within_horizon(
    window: Span, cut_by: str | None, kind: AppointmentType, *, now: datetime
) -> tuple[Span, str | None]:
    """Raises Invalid when no start of the window can be booked yet."""
    horizon = now + timedelta(days=kind.horizon_days)
    if window.start >= horizon:
        raise Invalid(
            _("This can be booked %(days)s days ahead."),
            code="beyond_horizon",
            pointer="/from",
            params={"days": kind.horizon_days},
        )
    if window.end > horizon:
        return Span(window.start, horizon), "horizon"
    return window, cut_by


def described(found: Found) -> Iterator[Offer]:
    """With names instead of keys; no query."""
    keys = {key for one in found.openings for key in one.candidate.opening.chosen.values()}
    named = {key: Named(key.id, found.names[key]) for key in keys}
    for one in found.openings:
        opening, request = one.candidate.opening, found.request_of(one)
        chosen, local = opening.chosen, promise(opening.start, request.location)
        therapist, psychiatrist = chosen.get("therapist"), chosen.get("psychiatrist")
        room = booking.room_of(chosen)
        yield Offer(
            starts_at=opening.start,
            ends_at=opening.end,
            starts_local=datetime.combine(local.starts_on, local.starts_local).isoformat(timespec="minutes"),
            fold=local.fold,
            time_zone=local.time_zone,
            location=request.location,
            therapist=named[therapist] if therapist else None,
            psychiatrist=named[psychiatrist] if psychiatrist else None,
            room=named[room] if room else None,
            room_place=room.unit if room else None,
            phases=tuple(_phases(opening, request, named)),
            reasons=tuple(_in_words(reason, found.names) for reason in one.reasons),
        )


def _phases(opening: Opening, request: Request, named: Mapping[ResourceKey, Named]) -> Iterator[PhaseOffer]:
    for phase in request.appointment_type.phases.all():
        taken_by = named[opening.chosen[phase.need]]
        yield PhaseOffer(
            role=phase.role or None,
            room_kind=phase.room_kind or None,
            clinician=taken_by if phase.role else None,
            room=None if phase.role else taken_by,
            from_at=opening.start + timedelta(minutes=phase.from_minutes),
            until_at=opening.start + timedelta(minutes=phase.until_minutes),
            time_zone=request.location.time_zone,
        )


def _in_words(reason: Reason, names: Mapping[ResourceKey, str]) -> Blocker:
    who = names[reason.clinician] if reason.clinician else ""
    return Blocker(reason.code, reason.message, {"who": who} if who else {})
