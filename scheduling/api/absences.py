"""A clinician is away: what that hits and what could be done, and doing it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import clock
from practice.access import DESK
from practice.api.base import Resource
from practice.api.bodies import In
from practice.api.fields import (
    ChoiceOf,
    DayField,
    IdField,
    InstantField,
    LineField,
    TruthField,
    WholeNumberField,
)
from practice.errors import Invalid, OutOfScope
from practice.models import Clinician, Location, WorkingHours
from scheduling import absences
from scheduling.absences import Action, Affected, Choice, Plan, Reason, Recorded
from scheduling.api.bodies import LARGEST_REVISION, MOST_FOLLOWERS, FollowMoveIn
from scheduling.api.fields import ClinicTime, WordOf
from scheduling.api.moves import EffectOut, effects_data, follow_of
from scheduling.api.serializers import ClientRef, NamedRef, PlannedSessionRef
from scheduling.engine.types import Span
from scheduling.models import Booking

MOST_CHOICES = 100
ADVICE = (Action.SUBSTITUTE.value, Action.MOVE.value, "call_client")


class OneOf(ChoiceOf):
    """One of some words that no model has, in a body."""

    def __init__(self, *, component: str, choices: Any, **kwargs: Any) -> None:
        serializers.ChoiceField.__init__(self, choices=choices, **kwargs)
        self.component = component


class ChoiceIn(In):
    """What to do about one session, as it was proposed or otherwise."""

    booking = IdField()
    revision = WholeNumberField(min_value=1, max_value=LARGEST_REVISION)
    action = OneOf(component="AbsenceAction", choices=Action.choices)
    clinician = IdField(required=False, help_text="Who takes it; of a move, left out: who is booked.")
    starts_at = InstantField(required=False, help_text="To when it moves.")
    reason = LineField(required=False, max_length=200, help_text="Why it is cancelled.")
    follow_moves = serializers.ListField(
        child=FollowMoveIn(), required=False, max_length=MOST_FOLLOWERS, help_text="What moves along with it."
    )


class AbsenceIn(In):
    """`from_on` with `through_on`, whole days on the clock of `location`; or `starts_at` with `ends_at`."""

    from_on = DayField(required=False, help_text="The first day.")
    through_on = DayField(required=False, help_text="The last day.")
    starts_at = InstantField(required=False)
    ends_at = InstantField(required=False)
    location = IdField(
        required=False, help_text="Whose clock counts. Left out: where the clinician works, if it is one."
    )
    reason = OneOf(component="AbsenceReason", choices=Reason.choices)
    dry_run = TruthField(required=False, help_text="Only show what it hits; nothing is written.")
    choices = serializers.ListField(
        child=ChoiceIn(),
        required=False,
        max_length=MOST_CHOICES,
        help_text="All or nothing. What is not in it stays as it is.",
    )


class SubstituteOut(serializers.Serializer[absences.Substitute]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    is_on_care_team = serializers.BooleanField()


class NewTimeOut(serializers.Serializer[absences.NewTime]):
    starts_at = ClinicTime(zone=None)
    clinician = serializers.IntegerField(source="clinician_id")
    name = serializers.CharField()
    is_usual = serializers.BooleanField(help_text="With the one who is away, before or after that.")


class SessionRef(serializers.Serializer[Booking]):
    id = serializers.IntegerField()
    revision = serializers.IntegerField()
    starts_at = ClinicTime()
    ends_at = ClinicTime()
    time_zone = serializers.CharField()
    client = ClientRef()
    planned_session = PlannedSessionRef(allow_null=True)
    appointment_type = NamedRef()
    room = NamedRef(allow_null=True)


class AffectedOut(serializers.Serializer[Affected]):
    booking = SessionRef()
    advice = WordOf(component="AbsenceAdvice", words=ADVICE)
    substitutes = SubstituteOut(many=True, help_text="The same time and room; the care team first.")
    new_times = NewTimeOut(many=True, help_text="The next openings.")
    out_of_window = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Bookings of sessions after it that its first new time leaves outside their window.",
    )


class AbsencePlanOut(serializers.Serializer[Plan]):
    """What the absence hits, earliest first. Nothing of it is written."""

    starts_at = serializers.SerializerMethodField()
    ends_at = serializers.SerializerMethodField()
    is_cut = serializers.BooleanField(help_text="There are more than are listed: go on with a later start.")
    bookings = AffectedOut(many=True, source="affected")
    effects = serializers.SerializerMethodField(help_text="What the choices would mean, line by line.")

    def get_starts_at(self, plan: Plan) -> datetime:
        return plan.span.start

    def get_ends_at(self, plan: Plan) -> datetime:
        return plan.span.end

    @extend_schema_field(EffectOut(many=True))
    def get_effects(self, plan: Plan) -> Any:
        return effects_data(plan.effects, self.context)


class AbsenceOut(serializers.Serializer[Recorded]):
    """What was done. `left` are the sessions that still need somebody or a new time."""

    time_off = serializers.IntegerField(source="time_off.pk")
    starts_at = InstantField(source="time_off.starts_at")
    ends_at = InstantField(source="time_off.ends_at")
    reason = serializers.CharField(source="time_off.reason")
    changed = SessionRef(many=True)
    left = SessionRef(many=True)


class AbsenceViews(Resource):
    queryset = Clinician.objects.filter(is_active=True)
    client = None
    out = AbsenceOut
    permitted = {"record": DESK}

    @extend_schema(
        summary="Record an absence, or preview it",
        request=AbsenceIn,
        responses=PolymorphicProxySerializer(
            component_name="AbsenceOrPlan",
            serializers=[AbsenceOut, AbsencePlanOut],
            resource_type_field_name=None,
        ),
    )
    def record(self, request: Request, pk: int) -> Response:
        """A dry run lists every session that is hit: who could take it, and when else it could be.

        With `choices` it also says what they would mean. Without `dry_run` the time off is kept and all the
        choices are carried out, or nothing is: 409 then has every reason, with the booking in its params.
        """
        clinician = self.get_queryset().filter(pk=pk).first()
        if clinician is None:
            raise OutOfScope
        body = self.valid(AbsenceIn)
        span = self._span(clinician, body)
        listed = body.get("choices")
        choices = None if listed is None else [choice_of(each) for each in listed]
        if body.get("dry_run"):
            return Response(
                absences.preview(
                    clinician,
                    span,
                    reason=body["reason"],
                    choices=choices,
                    actor=self.user,
                    now=self.now,
                    show=lambda plan: AbsencePlanOut(plan, context=self.get_serializer_context()).data,
                )
            )
        return self.write(
            lambda: absences.record(
                clinician.pk,
                span,
                reason=body["reason"],
                choices=choices or (),
                actor=self.user,
                now=self.now,
            )
        )

    def _span(self, clinician: Clinician, body: dict[str, Any]) -> Span:
        days = body.get("from_on"), body.get("through_on")
        instants = body.get("starts_at"), body.get("ends_at")
        if any(days) == any(instants) or None in (days if any(days) else instants):
            raise Invalid(
                _("Give from_on and through_on, or starts_at and ends_at."),
                code="required",
                pointer="/through_on" if days[0] else "/from_on",
            )
        start, end = instants
        if days[0] is not None and days[1] is not None:
            tz = clock.zone(self._location(clinician, body.get("location")).time_zone)
            start, end = clock.day_span(days[0], tz)[0], clock.day_span(days[1], tz)[1]
        if start is None or end is None or end <= start:
            raise Invalid(
                _("The end lies before the beginning."),
                code="wrong_order",
                pointer="/through_on" if days[0] else "/ends_at",
            )
        if end <= self.now:
            raise Invalid(_("This is over."), code="over", pointer="/through_on" if days[0] else "/ends_at")
        return Span(start, end)

    def _location(self, clinician: Clinician, pk: int | None) -> Location:
        if pk is not None:
            return self.access(Location.objects.all(), pk, "/location")
        places = Location.objects.filter(
            pk__in=WorkingHours.objects.filter(clinician=clinician).values("location")
        )
        by_zone = {place.time_zone: place for place in places}
        if len(by_zone) != 1:
            raise Invalid(_("Say whose clock counts."), code="required", pointer="/location")
        return next(iter(by_zone.values()))


def choice_of(listed: dict[str, Any]) -> Choice:
    return Choice(
        listed["booking"],
        listed["revision"],
        listed["action"],
        listed.get("clinician"),
        listed.get("starts_at"),
        listed.get("reason", ""),
        tuple(follow_of(each) for each in listed.get("follow_moves", ())),
    )
