"""`GET /dosing-records/{id}/room`: all that the session room shows, in one answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from practice.api.fields import ChoiceOf, DayField, InstantField
from practice.api.quick import Quick
from scheduling.api.dosing_rows import (
    AdverseEventOut,
    CheckInOut,
    DischargeOut,
    DoseOut,
    DoseSignatureOut,
    DosingRecordOut,
    MarkOut,
    VitalsOut,
)
from scheduling.api.fields import WordOf
from scheduling.api.serializers import BlockerOut, LightDetailOut, NamedRef
from scheduling.care.room_state import Room, Step
from scheduling.models import Booking
from treatment_plans.models import Prescription, Protocol
from treatment_plans.rules.vitals import Due


class RoomClientOut(Quick[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField(source="display_name")
    legal_name = serializers.CharField()
    pronouns = serializers.CharField(allow_blank=True)
    birth_date = DayField(allow_null=True)


class RoomBookingOut(Quick[Booking]):
    """`status` is for showing; commands are those of the booking."""

    id = serializers.IntegerField()
    status = ChoiceOf(model=Booking, of="status")
    starts_at = InstantField()
    ends_at = InstantField()
    time_zone = serializers.CharField()
    room = NamedRef(allow_null=True)
    therapist = NamedRef(allow_null=True)
    psychiatrist = NamedRef(allow_null=True)
    revision = serializers.IntegerField()


class RoomProtocolOut(Quick[Protocol]):
    """The numbers of the version that this session runs under."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    route = ChoiceOf(model=Protocol, of="route")
    bp_warn_systolic = serializers.IntegerField()
    bp_warn_diastolic = serializers.IntegerField()
    bp_hold_systolic = serializers.IntegerField(allow_null=True)
    bp_hold_diastolic = serializers.IntegerField(allow_null=True)
    bp_emergency_systolic = serializers.IntegerField()
    bp_emergency_diastolic = serializers.IntegerField()
    bp_recheck_wait_minutes = serializers.IntegerField()
    bp_recheck_max_count = serializers.IntegerField()
    heart_rate_low = serializers.IntegerField()
    heart_rate_high = serializers.IntegerField()
    spo2_low = serializers.IntegerField()
    oximetry = ChoiceOf(model=Protocol, of="oximetry")
    sedation_alert_score = serializers.IntegerField()
    vitals_schedule_minutes = serializers.ListField(child=serializers.IntegerField())
    vitals_tolerance_minutes = serializers.IntegerField()
    min_observation_minutes = serializers.IntegerField()
    second_dose_allowed = serializers.BooleanField()
    second_dose_max_amount = serializers.DecimalField(max_digits=8, decimal_places=3, allow_null=True)
    nurse_may_clear = serializers.BooleanField()
    client_brings_medication = serializers.BooleanField()
    escort_required = serializers.BooleanField()


class RoomPrescriptionOut(Quick[Prescription]):
    id = serializers.IntegerField()
    drug = serializers.CharField()
    dose_amount = serializers.DecimalField(max_digits=8, decimal_places=3)
    dose_unit = ChoiceOf(model=Prescription, of="dose_unit")
    directions = serializers.CharField(allow_blank=True)
    valid_through_on = DayField()


class VitalsPointOut(Quick[Any]):
    """Vitals that the protocol wants: `reading` is the entry that did them."""

    minutes = serializers.IntegerField(help_text="After the first dose.")
    due_at = InstantField(source="at")
    state = WordOf(component="VitalsPointState", words=Due)
    reading = serializers.IntegerField(source="reading_id", allow_null=True)


class SideEffectOut(Quick[Any]):
    what = serializers.CharField()
    minutes = serializers.IntegerField(allow_null=True, help_text="After that session's dose.")
    severity = serializers.CharField(allow_blank=True)


class LastSessionOut(Quick[Any]):
    record = serializers.IntegerField(source="record_id")
    dosed_at = InstantField()
    dose = serializers.CharField(help_text="Amount with its unit.")
    side_effects = SideEffectOut(many=True)
    highest_systolic = serializers.IntegerField(allow_null=True)
    highest_diastolic = serializers.IntegerField(allow_null=True)


class CourseHoldRef(Quick[Any]):
    id = serializers.IntegerField()
    event = serializers.IntegerField(source="event_id")
    raised_at = InstantField()


class SessionRoomOut(serializers.Serializer[Room]):
    """Draw the timer from `dosed_at` and `now`, both the server's; all that is due is in `vitals_schedule`.

    Entries come in the order in which they were saved, corrected ones too: show those whose `corrected_by` is
    not null struck through. `missing` says everything that stands against the next step: before the dose what
    `POST …/doses` would refuse for, after it what `POST …/discharge` would refuse for by time.
    """

    id = serializers.IntegerField(source="record.pk")
    revision = serializers.IntegerField(source="record.revision", help_text="Rises with every entry.")
    now = InstantField(help_text="The server's clock at this answer; it does not count for the ETag.")
    step = WordOf(component="RoomStep", words=Step)
    record = DosingRecordOut()
    client = RoomClientOut(source="record.client")
    booking = RoomBookingOut()
    dose_number = serializers.IntegerField(source="record.planned_session.dose_number")
    planned_doses = serializers.IntegerField(help_text="Of the whole plan.")
    protocol = RoomProtocolOut(source="record.protocol")
    lights = LightDetailOut(many=True, help_text="Empty once the booking is over.")
    missing = BlockerOut(many=True)
    prescriptions = RoomPrescriptionOut(many=True, help_text="From which a dose may be given today.")
    dosed_at = InstantField(allow_null=True, help_text="The first dose: the base of the timer.")
    observed_from = InstantField(
        allow_null=True, help_text="IV: from the mark `infusion_ended`. Spravato: from the first device."
    )
    observed_until = InstantField(allow_null=True, help_text="Not before this may the client leave.")
    vitals_schedule = VitalsPointOut(source="points", many=True)
    next_vitals = VitalsPointOut(source="next_point", allow_null=True)
    check_ins = serializers.SerializerMethodField(help_text="The last one counts.")
    vitals = serializers.SerializerMethodField()
    signatures = serializers.SerializerMethodField(help_text="The last one of each part counts.")
    doses = serializers.SerializerMethodField()
    marks = serializers.SerializerMethodField()
    adverse_events = serializers.SerializerMethodField()
    discharge = DischargeOut(source="rows.discharge", allow_null=True)
    course_holds = CourseHoldRef(source="holds", many=True, help_text="Open ones of this plan.")
    last_session = LastSessionOut(allow_null=True)
    note_draft = serializers.CharField(allow_blank=True, help_text="A note to begin with, in sentences.")

    @extend_schema_field(CheckInOut(many=True))
    def get_check_ins(self, room: Room) -> Any:
        return self._shown(CheckInOut, room, room.rows.check_ins)

    @extend_schema_field(VitalsOut(many=True))
    def get_vitals(self, room: Room) -> Any:
        return self._shown(VitalsOut, room, room.rows.vitals)

    @extend_schema_field(DoseSignatureOut(many=True))
    def get_signatures(self, room: Room) -> Any:
        return self._shown(DoseSignatureOut, room, room.rows.signatures)

    @extend_schema_field(DoseOut(many=True))
    def get_doses(self, room: Room) -> Any:
        return self._shown(DoseOut, room, room.rows.doses)

    @extend_schema_field(MarkOut(many=True))
    def get_marks(self, room: Room) -> Any:
        return self._shown(MarkOut, room, room.rows.marks)

    @extend_schema_field(AdverseEventOut(many=True))
    def get_adverse_events(self, room: Room) -> Any:
        return self._shown(AdverseEventOut, room, room.rows.events)

    def _shown(self, out: Any, room: Room, rows: Iterable[Any]) -> Any:
        rows = list(rows)
        context = {
            **self.context,
            "record": room.record,
            "dosed_at": room.dosed_at,
            "is_screened": room.rows.is_screened,
            "corrected_by": {getattr(row, "corrects_id", None): row.pk for row in rows},
        }
        return out(rows, many=True, context=context).data
