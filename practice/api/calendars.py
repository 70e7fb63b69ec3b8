"""Hours, extra hours, time off, closures and holidays: read, and changed once what they hit has been seen."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import django_filters
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access, calendars
from practice.api.base import In, Out, Resource
from practice.api.fields import DayField, IdField, InstantField, LineField, TruthField, WholeNumberField
from practice.api.filters import DayFilter, IdFilter, InstantFilter
from practice.api.schema import BlockerOfProblemOut
from practice.calendars import Hit
from practice.doors import rehearse
from practice.errors import Invalid
from practice.models import Clinician, Closure, ExtraHours, Holiday, Location, TimeOff, WorkingHours
from practice.models.base import Revisioned

MOST_CONFIRMED = 1000
ID = re.compile(r"[0-9]{1,18}")


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"})
class ClockField(serializers.TimeField):
    """A time on the location's clock, such as 09:30."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)


class KeptIn(In):
    """Fields of every change of a calendar."""

    dry_run = TruthField(required=False, help_text="Only show which bookings it hits; nothing is written.")
    confirmed = serializers.ListField(
        child=IdField(),
        required=False,
        max_length=MOST_CONFIRMED,
        help_text="The bookings that it hits, as a sign that somebody has looked at them.",
    )


class HitOut(serializers.Serializer[Hit]):
    """A booking that would be left without somebody or somewhere, and then shows as in conflict."""

    booking = serializers.IntegerField(source="booking_id")
    client = serializers.SerializerMethodField()
    session = serializers.CharField()
    starts_at = InstantField()
    time_zone = serializers.CharField()
    blockers = serializers.SerializerMethodField()

    @extend_schema_field(
        {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
    )
    def get_client(self, hit: Hit) -> dict[str, Any]:
        return {"id": hit.client.pk, "name": hit.client.display_name}

    @extend_schema_field(BlockerOfProblemOut(many=True))
    def get_blockers(self, hit: Hit) -> list[dict[str, Any]]:
        return [
            {"code": each.code, "detail": each.text(gettext), "params": dict(each.params)}
            for each in hit.blockers
        ]


class HitsOut(serializers.Serializer[Any]):
    """What a change would hit, earliest first."""

    hits = HitOut(many=True)


class CalendarViews(Resource):
    """What is hit has to be confirmed: 409 `hits_bookings` names it, and a dry run shows it before."""

    client = None
    model: ClassVar[type[Revisioned]]
    body: ClassVar[type[KeptIn]]
    change_body: ClassVar[type[KeptIn]]

    def create(self, request: Request) -> Response:
        values, confirmed, is_dry = self._split(self.valid(self.body))
        for name, rows in (("clinician", Clinician.objects.all()), ("location", Location.objects.all())):
            if name in values:
                values[name] = self.access(rows, values[name], f"/{name}")
        made = self.model(**values)
        if is_dry:
            return self._hits(made, lambda: calendars.add(made, confirmed=None, **self._who()))
        return self.write(
            lambda: calendars.add(self.model(**values), confirmed=confirmed, **self._who()), status_code=201
        )

    def partial_update(self, request: Request, pk: str) -> Response:
        values, confirmed, is_dry = self._split(self.valid(self.change_body, partial=True))
        revision, row = self.revision(), self.get_object()
        change: dict[str, Any] = {"revision": revision, **self._who()}
        if is_dry:
            return self._hits(
                row, lambda: calendars.change(self.model, row.pk, values, confirmed=None, **change)
            )
        return self.write(lambda: calendars.change(self.model, row.pk, values, confirmed=confirmed, **change))

    def destroy(self, request: Request, pk: str) -> Response:
        revision, row = self.revision(), self.get_object()
        change: dict[str, Any] = {"revision": revision, **self._who()}
        if request.query_params.get("dry_run") == "true":
            return self._hits(row, lambda: calendars.remove(self.model, row.pk, confirmed=None, **change))
        confirmed = self._confirmed(request.query_params.get("confirmed", ""))
        return self.write(
            lambda: calendars.remove(self.model, row.pk, confirmed=confirmed, **change), status_code=204
        )

    def _hits(self, row: Revisioned, act: Any) -> Response:
        """The same change, rehearsed; what it hits is looked at before it is undone."""
        compare = calendars.watch(row, now=self.now)
        found = rehearse(act, lambda _kept: compare())
        return Response({"hits": HitOut(found, many=True).data})  # type: ignore[arg-type]

    def _split(self, body: dict[str, Any]) -> tuple[dict[str, Any], list[int], bool]:
        confirmed, is_dry = body.pop("confirmed", []), body.pop("dry_run", False)
        return body, confirmed, is_dry

    def _confirmed(self, text: str) -> list[int]:
        ids = text.split(",") if text else []
        if len(ids) > MOST_CONFIRMED or not all(ID.fullmatch(each) for each in ids):
            raise Invalid(
                _("These are no ids with commas between them."), code="invalid", pointer="/query/confirmed"
            )
        return [int(each) for each in ids]

    def _who(self) -> dict[str, Any]:
        return {"actor": self.user, "now": self.now}

    def _check_query_params(self, request: Request) -> None:
        self.query_params = frozenset({"confirmed", "dry_run"} if self.action == "destroy" else ())  # type: ignore[misc]
        super()._check_query_params(request)


def of_calendar(many: str, one: str, body: type[KeptIn], change: type[KeptIn], out: Any) -> Any:
    """The words of the API document for one kind of entry."""
    either = {200: HitsOut, 201: out}
    removing = [
        OpenApiParameter("dry_run", {"type": "string", "enum": ["true", "false"]}, OpenApiParameter.QUERY),
        OpenApiParameter("confirmed", str, OpenApiParameter.QUERY, description="Ids with commas between."),
    ]

    def described(view: Any) -> Any:
        summaries: dict[str, dict[str, Any]] = {
            "list": {"summary": f"List {many}"},
            "retrieve": {"summary": f"Read {one}"},
            "create": {"summary": f"Add {one}", "request": body, "responses": either},
            "partial_update": {"summary": f"Change {one}", "request": change, "responses": {200: out}},
            "destroy": {
                "summary": f"Remove {one}",
                "parameters": removing,
                "responses": {204: None, 200: HitsOut},
            },
        }
        for name, options in summaries.items():
            method = getattr(view, name)

            def wrapped(self: Any, *args: Any, _method: Any = method, **kwargs: Any) -> Any:
                return _method(self, *args, **kwargs)

            wrapped.__name__, wrapped.__doc__ = name, method.__doc__
            setattr(view, name, extend_schema(**options)(wrapped))
        return view

    return described


def _permitted(roles: frozenset[Any]) -> dict[str, frozenset[Any]]:
    reads = {"list": access.READS_SETUP, "retrieve": access.READS_SETUP}
    return {**reads, "create": roles, "partial_update": roles, "destroy": roles}


class _OfClinician(django_filters.FilterSet):
    clinician = IdFilter("clinician")


# Weekly hours


class WorkingHoursChangeIn(KeptIn):
    weekday = WholeNumberField(min_value=0, max_value=6, required=False, help_text="0 is Monday.")
    starts_local = ClockField(required=False)
    ends_local = ClockField(required=False, help_text="00:00 is midnight at the end of the day.")
    effective_from_on = DayField(required=False, help_text="The first day.")
    effective_until_on = DayField(required=False, allow_null=True, help_text="No longer from this day on.")


class WorkingHoursIn(KeptIn):
    clinician = IdField()
    location = IdField()
    weekday = WholeNumberField(min_value=0, max_value=6, help_text="0 is Monday.")
    starts_local = ClockField()
    ends_local = ClockField(help_text="00:00 is midnight at the end of the day.")
    effective_from_on = DayField(help_text="The first day.")
    effective_until_on = DayField(required=False, allow_null=True, help_text="No longer from this day on.")


class WorkingHoursOut(Out[WorkingHours]):
    starts_local = ClockField(read_only=True)
    ends_local = ClockField(read_only=True)
    weekday = serializers.IntegerField(read_only=True)

    class Meta:
        model = WorkingHours
        fields = (
            "id",
            "clinician",
            "location",
            "weekday",
            "starts_local",
            "ends_local",
            "effective_from_on",
            "effective_until_on",
            "revision",
        )


class WorkingHoursFilter(_OfClinician):
    location = IdFilter("location")

    class Meta:
        model = WorkingHours
        fields: tuple[str, ...] = ()


@of_calendar("weekly hours", "weekly hours", WorkingHoursIn, WorkingHoursChangeIn, WorkingHoursOut)
class WorkingHoursViews(CalendarViews):
    """On the location's clock, in force from `effective_from_on` to before `effective_until_on`."""

    queryset = WorkingHours.objects.all()
    model, out = WorkingHours, WorkingHoursOut
    body, change_body = WorkingHoursIn, WorkingHoursChangeIn
    filterset_class = WorkingHoursFilter
    permitted = _permitted(access.CHANGES_SETUP)


# Extra hours


class ExtraHoursChangeIn(KeptIn):
    on = DayField(required=False)
    starts_local = ClockField(required=False)
    ends_local = ClockField(required=False, help_text="00:00 is midnight at the end of the day.")


class ExtraHoursIn(KeptIn):
    clinician = IdField()
    location = IdField()
    on = DayField()
    starts_local = ClockField()
    ends_local = ClockField(help_text="00:00 is midnight at the end of the day.")


class ExtraHoursOut(Out[ExtraHours]):
    starts_local = ClockField(read_only=True)
    ends_local = ClockField(read_only=True)

    class Meta:
        model = ExtraHours
        fields = ("id", "clinician", "location", "on", "starts_local", "ends_local", "revision")


class ExtraHoursFilter(_OfClinician):
    location = IdFilter("location")
    from_on = DayFilter("on", "gte")
    until_on = DayFilter("on", "lt")

    class Meta:
        model = ExtraHours
        fields: tuple[str, ...] = ()


@of_calendar("extra hours", "extra hours", ExtraHoursIn, ExtraHoursChangeIn, ExtraHoursOut)
class ExtraHoursViews(CalendarViews):
    """Hours on one date beyond the weekly ones, on the location's clock."""

    queryset = ExtraHours.objects.all()
    model, out = ExtraHours, ExtraHoursOut
    body, change_body = ExtraHoursIn, ExtraHoursChangeIn
    filterset_class = ExtraHoursFilter
    permitted = _permitted(access.DESK)


# Time off and closures


class AbsentChangeIn(KeptIn):
    starts_at = InstantField(required=False)
    ends_at = InstantField(required=False)
    reason = LineField(max_length=120, required=False, allow_blank=True)


class TimeOffIn(KeptIn):
    clinician = IdField()
    starts_at = InstantField()
    ends_at = InstantField()
    reason = LineField(max_length=120, required=False, allow_blank=True)


class TimeOffChangeIn(AbsentChangeIn):
    pass


class TimeOffOut(Out[TimeOff]):
    class Meta:
        model = TimeOff
        fields = ("id", "clinician", "starts_at", "ends_at", "reason", "revision")


class _During(django_filters.FilterSet):
    until = InstantFilter("starts_at", "lt", help_text="Begins before this instant.")


_During.base_filters["from"] = InstantFilter("ends_at", "gt", help_text="Ends after this instant.")


class TimeOffFilter(_During, _OfClinician):
    class Meta:
        model = TimeOff
        fields: tuple[str, ...] = ()


@of_calendar("time off", "time off", TimeOffIn, TimeOffChangeIn, TimeOffOut)
class TimeOffViews(CalendarViews):
    """When a clinician is away. `POST /clinicians/{id}/absence` also takes care of what it hits."""

    queryset = TimeOff.objects.all()
    model, out = TimeOff, TimeOffOut
    body, change_body = TimeOffIn, TimeOffChangeIn
    filterset_class = TimeOffFilter
    permitted = _permitted(access.DESK)


class ClosureIn(KeptIn):
    location = IdField()
    starts_at = InstantField()
    ends_at = InstantField()
    reason = LineField(max_length=120, required=False, allow_blank=True)


class ClosureChangeIn(AbsentChangeIn):
    pass


class ClosureOut(Out[Closure]):
    class Meta:
        model = Closure
        fields = ("id", "location", "starts_at", "ends_at", "reason", "revision")


class ClosureFilter(_During):
    location = IdFilter("location")

    class Meta:
        model = Closure
        fields: tuple[str, ...] = ()


@of_calendar("closures", "a closure", ClosureIn, ClosureChangeIn, ClosureOut)
class ClosureViews(CalendarViews):
    """When a whole location is closed."""

    queryset = Closure.objects.all()
    model, out = Closure, ClosureOut
    body, change_body = ClosureIn, ClosureChangeIn
    filterset_class = ClosureFilter
    permitted = _permitted(access.DESK)


class HolidayIn(KeptIn):
    location = IdField()
    on = DayField()
    name = LineField(max_length=80)


class HolidayChangeIn(KeptIn):
    on = DayField(required=False)
    name = LineField(max_length=80, required=False)


class HolidayOut(Out[Holiday]):
    class Meta:
        model = Holiday
        fields = ("id", "location", "on", "name", "revision")


class HolidayFilter(django_filters.FilterSet):
    location = IdFilter("location")
    from_on = DayFilter("on", "gte")
    until_on = DayFilter("on", "lt")

    class Meta:
        model = Holiday
        fields: tuple[str, ...] = ()


@of_calendar("holidays", "a holiday", HolidayIn, HolidayChangeIn, HolidayOut)
class HolidayViews(CalendarViews):
    """Days on which a location is closed, on its own clock."""

    queryset: models.QuerySet[Any] = Holiday.objects.all()
    model, out = Holiday, HolidayOut
    body, change_body = HolidayIn, HolidayChangeIn
    filterset_class = HolidayFilter
    permitted = _permitted(access.DESK)
