"""The session room: one record for each dosing session, written by many hands at once."""

from __future__ import annotations

import hashlib
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access, present
from practice.api.base import Resource
from practice.api.bodies import NothingIn
from practice.api.filters import IdFilter, InstantFilter
from practice.models import Role
from scheduling.api.dosing_bodies import (
    AdverseEventCorrectionIn,
    AdverseEventIn,
    CheckInIn,
    DischargeIn,
    DoseCorrectionIn,
    DoseIn,
    DoseSignatureIn,
    EndIn,
    MarkCorrectionIn,
    MarkIn,
    VitalsCorrectionIn,
    VitalsIn,
)
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
from scheduling.api.room import SessionRoomOut
from scheduling.care import room_state, session_room
from scheduling.requests import access_booking
from treatment_plans.dosing import discharges, doses, watch
from treatment_plans.dosing import records as dosing
from treatment_plans.dosing import signatures as dose_signatures
from treatment_plans.models import DoseSignature, DosingRecord, Measure, Prescription, StockLot
from treatment_plans.rules.dosing import WantedDose

RECORDS: QuerySet[DosingRecord] = DosingRecord.objects.select_related(
    "client", "protocol", "location", "planned_session"
)
ROW = r"(?P<row_id>[0-9]{1,18})"


class DosingRecordFilter(django_filters.FilterSet):
    client = IdFilter("client")
    planned_session = IdFilter("planned_session")
    until = InstantFilter("starts_at", "lt", help_text="Booked to start before this instant.")
    unattended = django_filters.BooleanFilter(
        method="only_unattended", help_text="Those whose vitals nobody has recorded within their grace."
    )

    class Meta:
        model = DosingRecord
        fields: tuple[str, ...] = ()

    def only_unattended(self, rows: QuerySet[DosingRecord], name: str, value: bool) -> QuerySet[DosingRecord]:
        found = [each.record.pk for each in watch.overdue(now=present.now())]
        return rows.filter(pk__in=found) if value else rows.exclude(pk__in=found)


def entry(summary: str, body: type[Any], shown: type[Any]) -> Any:
    return extend_schema(summary=summary, request=body, responses={201: shown})


@extend_schema_view(
    list=extend_schema(summary="List dosing records, the latest start first"),
    retrieve=extend_schema(summary="Read a dosing record"),
    room=extend_schema(
        summary="Read all that the session room shows",
        responses={
            200: SessionRoomOut,
            304: OpenApiResponse(description="Nothing but the time has changed."),
        },
    ),
    check_in=entry("Check the client in", CheckInIn, CheckInOut),
    vitals=entry("Save vitals", VitalsIn, VitalsOut),
    correct_vitals=entry("Correct vitals by a new entry", VitalsCorrectionIn, VitalsOut),
    sign_fit=entry("Sign that the client is fit today", DoseSignatureIn, DoseSignatureOut),
    sign_cleared=entry("Sign that the dose is cleared", DoseSignatureIn, DoseSignatureOut),
    doses=entry("Give the dose", DoseIn, DoseOut),
    correct_dose=entry("Correct a dose by a new entry", DoseCorrectionIn, DoseOut),
    marks=entry("Mark what was seen or done", MarkIn, MarkOut),
    correct_mark=entry("Correct a mark by a new entry", MarkCorrectionIn, MarkOut),
    adverse_events=entry("Record an adverse event", AdverseEventIn, AdverseEventOut),
    correct_event=entry("Correct an adverse event by a new entry", AdverseEventCorrectionIn, AdverseEventOut),
    discharge=entry("Discharge the client", DischargeIn, DischargeOut),
    end_without_dose=extend_schema(
        summary="End the session without a dose", request=EndIn, responses={200: DosingRecordOut}
    ),
)
class DosingRecordViews(Resource):
    """What happened in a dosing session, under the version of the protocol that it opened with.

    Every entry is written once: a correction is a new entry, and both stay readable.
    """

    queryset = RECORDS
    client = "client"
    out = DosingRecordOut
    filterset_class = DosingRecordFilter
    ordering = ("-starts_at", "-pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.CLINICAL,
        "open": access.CLINICAL,
        "room": access.CLINICAL,
        "check_in": access.CLINICAL,
        "vitals": access.CLINICAL,
        "correct_vitals": access.CLINICAL,
        "sign_fit": frozenset({Role.THERAPIST}),
        "sign_cleared": access.PRESCRIBING | {Role.NURSE},
        "doses": access.CLINICAL,
        "correct_dose": access.TREATING,
        "marks": access.CLINICAL,
        "correct_mark": access.CLINICAL,
        "adverse_events": access.CLINICAL,
        "correct_event": access.CLINICAL,
        "discharge": access.TREATING,
        "end_without_dose": access.TREATING,
    }

    @extend_schema(
        summary="Open the dosing record of a booking", request=NothingIn, responses={200: DosingRecordOut}
    )
    def open(self, request: Request, booking_id: int) -> Response:
        """Once the client has arrived. Asked again, the answer is the record that is there."""
        self.valid(NothingIn)
        booking = access_booking(self.user, booking_id, roles=self.roles)
        return self.write(lambda: session_room.open_record(booking.pk, actor=self.user, now=self.now))

    @action(detail=True, methods=["get"])
    def room(self, request: Request, pk: str) -> Response:
        """A fixed number of queries. With If-None-Match 304 while nothing but the time has changed."""
        shown = SessionRoomOut(
            room_state.load(self.get_object(), now=self.now), context=self.get_serializer_context()
        ).data
        tag = _tag(shown)
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        return Response(shown, headers={"ETag": tag})

    @action(detail=True, methods=["post"], url_path="check-in")
    def check_in(self, request: Request, pk: str) -> Response:
        """What is missing comes back as `remarks` and refuses nothing. A later check-in counts instead."""
        record, body = self.get_object(), self.valid(CheckInIn)
        if body.get("cssrs") is not None:
            measures = Measure.objects.filter(client=record.client_id)
            body["cssrs"] = self.access(measures, body["cssrs"], "/cssrs")
        key = body.pop("key")
        return self._entry(CheckInOut, lambda: dosing.check_in(record.pk, key, body, **self._who))

    @action(detail=True, methods=["post"])
    def vitals(self, request: Request, pk: str) -> Response:
        """Never refused for being out of range: then `remarks` says what to do."""
        record, body = self.get_object(), self.valid(VitalsIn)
        key = body.pop("key")
        return self._entry(VitalsOut, lambda: dosing.record_vitals(record.pk, key, body, **self._who))

    @action(detail=True, methods=["post"], url_path=f"vitals/{ROW}/correct")
    def correct_vitals(self, request: Request, pk: str, row_id: str) -> Response:
        """The first stays as it was."""
        return self._correction(VitalsCorrectionIn, VitalsOut, dosing.correct_vitals)

    @action(detail=True, methods=["post"], url_path="signatures/fit")
    def sign_fit(self, request: Request, pk: str) -> Response:
        """The therapist's: the client is fit today."""
        return self._signature(DoseSignature.Part.FIT)

    @action(detail=True, methods=["post"], url_path="signatures/cleared")
    def sign_cleared(self, request: Request, pk: str) -> Response:
        """The prescriber's, or that of a nurse whom they named and the protocol lets: the dose is cleared.

        A last reading that is out of range is named as `accepts`, by a prescriber.
        """
        return self._signature(DoseSignature.Part.CLEARED)

    @action(detail=True, methods=["post"])
    def doses(self, request: Request, pk: str) -> Response:
        """Refused with every reason: the gate's as of now, the signatures', the vitals', the order's."""
        record, body = self.get_object(), self.valid(DoseIn)
        prescription = self.access(
            Prescription.objects.filter(client=record.client_id), body["prescription"], "/prescription"
        )
        lot = None
        if body.get("stock_lot") is not None:
            lots = StockLot.objects.filter(location=record.location_id)
            lot = self.access(lots, body["stock_lot"], "/stock_lot")
        wanted = WantedDose(
            number=body.get("number", 1),
            amount=body["amount"],
            unit=body.get("unit", Prescription.Unit.MG),
            route=body["route"],
            weight_kg=body.get("weight_kg"),
            is_self_administered=body.get("is_self_administered", False),
            witnessed_by=body.get("witnessed_by", "").strip(),
        )
        return self._entry(
            DoseOut,
            lambda: session_room.give_dose(
                record.pk,
                body["key"],
                wanted,
                prescription=prescription,
                lot_number=body.get("lot_number", ""),
                stock_lot=lot,
                units_used=body.get("units_used"),
                **self._who,
            ),
        )

    @action(detail=True, methods=["post"], url_path=f"doses/{ROW}/correct")
    def correct_dose(self, request: Request, pk: str, row_id: str) -> Response:
        """What was written wrongly; when it was given stays."""
        return self._correction(DoseCorrectionIn, DoseOut, doses.correct_dose)

    @action(detail=True, methods=["post"])
    def marks(self, request: Request, pk: str) -> Response:
        """`infusion_ended` starts the observation of an IV session."""
        record, body = self.get_object(), self.valid(MarkIn)
        key = body.pop("key")
        return self._entry(MarkOut, lambda: dosing.mark(record.pk, key, body, **self._who))

    @action(detail=True, methods=["post"], url_path=f"marks/{ROW}/correct")
    def correct_mark(self, request: Request, pk: str, row_id: str) -> Response:
        """The first stays as it was."""
        return self._correction(MarkCorrectionIn, MarkOut, dosing.correct_mark)

    @action(detail=True, methods=["post"], url_path="adverse-events")
    def adverse_events(self, request: Request, pk: str) -> Response:
        """Also after the session."""
        record, body = self.get_object(), self.valid(AdverseEventIn)
        key = body.pop("key")
        return self._entry(AdverseEventOut, lambda: dosing.record_event(record.pk, key, body, **self._who))

    @action(detail=True, methods=["post"], url_path=f"adverse-events/{ROW}/correct")
    def correct_event(self, request: Request, pk: str, row_id: str) -> Response:
        """The first stays as it was, and so does a hold that it raised."""
        return self._correction(AdverseEventCorrectionIn, AdverseEventOut, dosing.correct_event)

    @action(detail=True, methods=["post"])
    def discharge(self, request: Request, pk: str) -> Response:
        """Too early, or not well enough: refused with every reason. Then the booking can be completed."""
        record, body = self.get_object(), self.valid(DischargeIn)
        key, reason = body.pop("key"), body.pop("override_reason", "")
        return self._entry(
            DischargeOut,
            lambda: discharges.discharge(record.pk, key, body, override_reason=reason, **self._who),
        )

    @action(detail=True, methods=["post"], url_path="end-without-dose")
    def end_without_dose(self, request: Request, pk: str) -> Response:
        """The booking is cancelled, and the planned session can be booked again."""
        record, body = self.get_object(), self.valid(EndIn)
        return self.write(lambda: session_room.end_without_dose(record.pk, **body, **self._who))

    @property
    def _who(self) -> dict[str, Any]:
        return {"actor": self.user, "now": self.now}

    def _entry(self, out: type[Any], use_case: Any) -> Response:
        return self.write(use_case, status_code=201, out=out)

    def _correction(self, body: type[Any], out: type[Any], correct: Any) -> Response:
        record, values = self.get_object(), self.valid(body)
        key, reason = values.pop("key"), values.pop("reason")
        row_id = int(self.kwargs["row_id"])
        return self._entry(out, lambda: correct(record.pk, row_id, key, values, reason=reason, **self._who))

    def _signature(self, part: str) -> Response:
        record, body = self.get_object(), self.valid(DoseSignatureIn)
        key = body.pop("key")
        return self._entry(
            DoseSignatureOut, lambda: dose_signatures.sign(record.pk, key, part=part, **body, **self._who)
        )


def _tag(shown: Any) -> str:
    """Of everything but the time."""
    body = JSONRenderer().render({name: value for name, value in shown.items() if name != "now"})
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
