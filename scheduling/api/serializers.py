"""What the scheduling API answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from practice import clock
from practice.access import READS_MEDICAL
from practice.api.fields import ChoiceOf
from practice.api.quick import Quick
from practice.blockers import Blocker
from practice.models import Room
from scheduling import readiness
from scheduling.api.fields import ClinicTime, WordOf
from scheduling.api.pages import Prepared, clients_within
from scheduling.api.reasons import shown
from scheduling.models import Acknowledgement, AppointmentType, Booking, Phase
from scheduling.readiness import Judgement
from scheduling.readiness_rules import LightState
from treatment_plans.models import PlannedSession, Protocol
from treatment_plans.rules.supply import waits_for_renewal

LIGHTS = ("consent", "clearance", "prescription", "fasting", "ride", "support_person", "medicine")


class ClientRef(Quick[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField(source="display_name")


class NamedRef(Quick[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PlannedSessionRef(Quick[PlannedSession]):
    id = serializers.IntegerField()
    kind = ChoiceOf(model=PlannedSession, of="kind")
    position = serializers.IntegerField()
    dose_number = serializers.IntegerField(allow_null=True)


class AppointmentTypeRef(Prepared):
    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = ChoiceOf(model=PlannedSession, of="kind")
    modality = ChoiceOf(model=AppointmentType, of="modality")


class PhaseOut(Prepared):
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


class BlockerOut(Quick[Blocker]):
    code = serializers.CharField()
    detail = serializers.SerializerMethodField()
    params = serializers.DictField()

    def get_detail(self, blocker: Blocker) -> str:
        return blocker.text(gettext)


class LightOut(Quick[Any]):
    name = WordOf(component="LightName", words=LIGHTS)
    state = WordOf(component="LightState", words=LightState)


class WithJudgement(Prepared):
    """Judged for the moment of the request; a booking that is over has no lights and no blockers."""

    def prepare(self, rows: list[Booking]) -> None:
        live = [booking for booking in rows if booking.is_live]
        self._judged = readiness.judge(live, now=self.context["view"].now) if live else {}
        reader, clients = self.context["request"].user, {booking.client_id for booking in live}
        self._clinical = clients_within(reader, clients, READS_MEDICAL)

    def judgement(self, booking: Booking) -> Judgement:
        return self._judged.get(booking.pk, Judgement((), ()))

    def get_on_hold(self, booking: Booking) -> bool:
        return bool(self.judgement(booking).blockers)

    @extend_schema_field(BlockerOut(many=True))
    def get_blockers(self, booking: Booking) -> Any:
        return BlockerOut.show_all(self.reasons(booking, self.judgement(booking).blockers))

    def reasons(self, booking: Booking, blockers: Iterable[Blocker]) -> tuple[Blocker, ...]:
        return shown(blockers, clinical=booking.client_id in self._clinical)


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
    tentative = serializers.SerializerMethodField(
        help_text="On hold for its prescription alone: kept until that is renewed."
    )
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

    def get_tentative(self, booking: Booking) -> bool:
        return waits_for_renewal(self.judgement(booking).blockers)

    @extend_schema_field(LightOut(many=True))
    def get_lights(self, booking: Booking) -> Any:
        return LightOut.show_all(self.judgement(booking).lights)


class NewBookingOut(BookingOut):
    """The same in the transaction that booked, which has looked at everything."""

    def prepare(self, rows: list[Booking]) -> None:
        self._judged = {booking.pk: readiness.judge_new(booking) for booking in rows}
        self._clinical = set()


class LightDetailOut(LightOut):
    said_by = ChoiceOf(model=Acknowledgement, of="said_by", allow_null=True)
    source = ChoiceOf(model=Acknowledgement, of="source", allow_null=True)  # type: ignore[assignment]
    said_at = ClinicTime(source="at", zone=None, allow_null=True)
    overridden = serializers.BooleanField()
    blockers = BlockerOut(many=True)


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
        zone = clock.zone(booking.time_zone)
        lights: Any = [
            replace(
                light,
                blockers=self.reasons(booking, light.blockers),
                at=light.at.astimezone(zone) if light.at else None,
            )
            for light in self.judgement(booking).lights
        ]
        return LightDetailOut.show_all(lights)


class AcknowledgementOut(Quick[Acknowledgement]):
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
