"""What the scheduling API answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from practice import clock
from practice.api.fields import ChoiceOf
from practice.blockers import Blocker
from practice.models import Room
from scheduling import readiness
from scheduling.api.fields import BlankIsNull, ClinicTime
from scheduling.api.reasons import shown_to
from scheduling.models import Acknowledgement, AppointmentType, Booking, Phase
from scheduling.readiness import Judgement
from scheduling.readiness_rules import Light, LightState
from treatment_plans.models import PlannedSession, Protocol

LIGHTS = ("consent", "clearance", "prescription", "fasting", "ride", "support_person", "medicine")


class ClientRef(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField(source="display_name")


class NamedRef(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PlannedSessionRef(serializers.Serializer[PlannedSession]):
    id = serializers.IntegerField()
    kind = ChoiceOf(model=PlannedSession, of="kind")
    position = serializers.IntegerField()
    dose_number = serializers.IntegerField(allow_null=True)


class AppointmentTypeRef(BlankIsNull):
    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = ChoiceOf(model=PlannedSession, of="kind")
    modality = ChoiceOf(model=AppointmentType, of="modality")


class PhaseOut(BlankIsNull):
    """A role or a kind of room, and when the session needs it, in minutes from the start."""

    role = ChoiceOf(model=Phase, of="role", allow_null=True)
    room_kind = ChoiceOf(model=Room, of="kind", allow_null=True)
    from_minutes = serializers.IntegerField()
    until_minutes = serializers.IntegerField()


class AppointmentTypeOut(AppointmentTypeRef):
    route = ChoiceOf(model=Protocol, of="route", allow_null=True)
    duration_minutes = serializers.IntegerField()
    start_step_minutes = serializers.IntegerField()
    min_notice_minutes = serializers.IntegerField()
    horizon_days = serializers.IntegerField()
    is_active = serializers.BooleanField()
    phases = PhaseOut(many=True)
    revision = serializers.IntegerField()


class BlockerOut(serializers.Serializer[Blocker]):
    code = serializers.CharField()
    detail = serializers.SerializerMethodField()
    params = serializers.DictField()

    def get_detail(self, blocker: Blocker) -> str:
        return blocker.text(gettext)


class LightOut(serializers.Serializer[Any]):
    name = serializers.ChoiceField(choices=LIGHTS)
    state = serializers.ChoiceField(choices=[state.value for state in LightState])


def _reasons(context: Mapping[str, Any], blockers: Iterable[Blocker]) -> Any:
    shown: Any = shown_to(context["request"].user, blockers)
    return BlockerOut(shown, many=True).data


class _Judged(serializers.ListSerializer[Any]):
    """Judges the whole page at once."""

    def to_representation(self, data: Iterable[Booking]) -> list[Any]:  # type: ignore[override]
        bookings = list(data)
        child: Any = self.child
        child.judge(bookings)
        return list(super().to_representation(bookings))


class WithJudgement(BlankIsNull):
    """Judged for the moment of the request; a booking that is over has no lights and no blockers."""

    class Meta:
        list_serializer_class = _Judged

    def judge(self, bookings: Iterable[Booking]) -> None:
        live = [booking for booking in bookings if booking.is_live]
        self._judged = readiness.judge(live, now=self.context["view"].now) if live else {}

    def judgement(self, booking: Booking) -> Judgement:
        return self._judged.get(booking.pk, Judgement((), ()))

    def to_representation(self, instance: Booking) -> dict[str, Any]:
        if not isinstance(self.parent, _Judged):
            self.judge([instance])
        return super().to_representation(instance)

    def get_on_hold(self, booking: Booking) -> bool:
        return bool(self.judgement(booking).blockers)

    @extend_schema_field(BlockerOut(many=True))
    def get_blockers(self, booking: Booking) -> Any:
        return _reasons(self.context, self.judgement(booking).blockers)


class BookingOut(WithJudgement):
    id = serializers.IntegerField()
    client = ClientRef()
    planned_session = PlannedSessionRef(allow_null=True)
    appointment_type = AppointmentTypeRef()
    location = NamedRef()
    therapist = NamedRef(allow_null=True)
    psychiatrist = NamedRef(allow_null=True)
    room = NamedRef(allow_null=True)
    room_place = serializers.IntegerField(allow_null=True)
    starts_at = ClinicTime()
    ends_at = ClinicTime()
    time_zone = serializers.CharField()
    starts_local = serializers.SerializerMethodField()
    fold = serializers.IntegerField()
    status = ChoiceOf(model=Booking, of="status")
    version = serializers.IntegerField(help_text="Rises with every move.")
    revision = serializers.IntegerField(help_text="Rises with every change.")
    on_hold = serializers.SerializerMethodField(help_text="Booked, but as things are it may not take place.")
    lights = serializers.SerializerMethodField(help_text="Empty once the booking is over.")
    blockers = serializers.SerializerMethodField(
        help_text="Clinical reasons only for those who may see them."
    )
    held_until = ClinicTime(allow_null=True)
    booked_at = ClinicTime(allow_null=True)
    moved_at = ClinicTime(allow_null=True)
    arrived_at = ClinicTime(allow_null=True)
    started_at = ClinicTime(allow_null=True)
    completed_at = ClinicTime(allow_null=True)
    no_show_at = ClinicTime(allow_null=True)
    cancelled_at = ClinicTime(allow_null=True)
    cancelled_by_party = ChoiceOf(model=Booking, of="cancelled_by_party", allow_null=True)
    cancel_reason = serializers.CharField(allow_blank=True)

    def get_starts_local(self, booking: Booking) -> str:
        return datetime.combine(booking.starts_on, booking.starts_local).isoformat(timespec="minutes")

    @extend_schema_field(LightOut(many=True))
    def get_lights(self, booking: Booking) -> Any:
        return LightOut(self.judgement(booking).lights, many=True).data


class LightDetailOut(LightOut):
    said_by = ChoiceOf(model=Acknowledgement, of="said_by", allow_null=True)
    source = ChoiceOf(model=Acknowledgement, of="source", allow_null=True)  # type: ignore[assignment]
    said_at = serializers.SerializerMethodField()
    overridden = serializers.BooleanField()
    blockers = serializers.SerializerMethodField()

    def get_said_at(self, light: Light) -> datetime | None:
        return light.at and light.at.astimezone(clock.zone(self.context["time_zone"]))

    @extend_schema_field(BlockerOut(many=True))
    def get_blockers(self, light: Light) -> Any:
        return _reasons(self.context, light.blockers)


class ReadinessOut(WithJudgement):
    """The seven lights: blockers on consent, clearance and prescription, who said so on the other four."""

    booking = serializers.IntegerField(source="pk")
    starts_at = ClinicTime(help_text="Answers count for this start only.")
    time_zone = serializers.CharField()
    status = ChoiceOf(model=Booking, of="status")
    is_ready = serializers.SerializerMethodField()
    on_hold = serializers.SerializerMethodField()
    blockers = serializers.SerializerMethodField()
    lights = serializers.SerializerMethodField()

    def get_is_ready(self, booking: Booking) -> bool:
        return booking.is_live and not self.judgement(booking).missing

    @extend_schema_field(LightDetailOut(many=True))
    def get_lights(self, booking: Booking) -> Any:
        context = {**self.context, "time_zone": booking.time_zone}
        return LightDetailOut(self.judgement(booking).lights, many=True, context=context).data


class AcknowledgementOut(serializers.Serializer[Acknowledgement]):
    id = serializers.IntegerField()
    booking = serializers.IntegerField(source="booking_id")
    item = ChoiceOf(model=Acknowledgement, of="item")
    answer = ChoiceOf(model=Acknowledgement, of="answer")
    said_by = ChoiceOf(model=Acknowledgement, of="said_by")
    source = ChoiceOf(model=Acknowledgement, of="source")  # type: ignore[assignment]
    detail = serializers.CharField(allow_blank=True)
    for_starts_at = ClinicTime(zone="booking.time_zone")
    recorded_by = NamedRef(allow_null=True)
    recorded_at = ClinicTime(zone="booking.time_zone")
