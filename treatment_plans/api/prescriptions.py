"""Prescriptions, from the draft to the client's hand, or to their end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access, present
from practice.api.base import In, Out, Resource
from practice.api.fields import (
    ChoiceOf,
    DayField,
    IdField,
    InstantField,
    LineField,
    NamedChoice,
    TextField,
    WholeNumberField,
)
from practice.api.quick import Quick
from practice.blockers import Blocker
from practice.models import Client
from treatment_plans.api.filters import PrescriptionFilter
from treatment_plans.models import Prescription
from treatment_plans.supply import prescriptions

IN_YOUR_NAME = "Defaults to your own clinician record; you can't sign for another."
KEY = "Made by you, once for each event: what is sent again under it is saved once."
STATES = (*Prescription.Status.values, "in_use", "exhausted", "expired")
LEAST = Decimal("0.001")


class AmountField(serializers.DecimalField):
    """A number with up to three places, as a string or a number; never rounded."""

    def __init__(self, *, min_value: Decimal = LEAST, max_digits: int = 10, **kwargs: Any) -> None:
        super().__init__(max_digits=max_digits, decimal_places=3, min_value=min_value, **kwargs)


class OrderIn(In):
    """What is ordered. What is left out of a draft is asked for when it is signed."""

    client_address = LineField(max_length=200, required=False, allow_blank=True)
    strength_amount = AmountField(max_digits=8, required=False, allow_null=True)
    strength_unit = ChoiceOf(model=Prescription, of="strength_unit", required=False)
    form = ChoiceOf(model=Prescription, of="form", required=False)
    dose_unit = ChoiceOf(model=Prescription, of="dose_unit", required=False)
    directions = TextField(max_length=4000, required=False, allow_blank=True)
    quantity = AmountField(required=False, allow_null=True, help_text="Of one fill.")
    quantity_unit = ChoiceOf(model=Prescription, of="quantity_unit", required=False)
    units_per_dose = AmountField(max_digits=8, required=False, allow_null=True)
    days_supply = WholeNumberField(
        min_value=1, max_value=366, required=False, allow_null=True, help_text="How long one fill lasts."
    )
    refills = WholeNumberField(min_value=0, max_value=100, required=False, help_text="By law at most 5.")
    other_prescribers = TextField(
        max_length=2000,
        required=False,
        allow_blank=True,
        help_text="Who else prescribes controlled medicines to the client.",
    )
    renews = IdField(required=False, allow_null=True)
    replaces = IdField(required=False, allow_null=True)


class PrescriptionIn(OrderIn):
    """What was signed in the e-prescribing system."""

    client = IdField()
    prescriber = IdField(required=False, help_text=IN_YOUR_NAME)
    route = ChoiceOf(model=Prescription, of="route")
    drug = LineField(max_length=160)
    dose_amount = AmountField(max_digits=8)
    doses_per_fill = WholeNumberField(min_value=1, max_value=100)
    issued_on = DayField()
    valid_through_on = DayField(help_text="The last valid day, by law at most six months after the issue.")
    reference = LineField(max_length=80, required=False, allow_blank=True)


class PrescriptionDraftIn(OrderIn):
    client = IdField()
    prescriber = IdField(required=False, help_text=IN_YOUR_NAME)
    route = ChoiceOf(model=Prescription, of="route")
    drug = LineField(max_length=160)
    dose_amount = AmountField(max_digits=8)
    doses_per_fill = WholeNumberField(min_value=1, max_value=100)
    issued_on = DayField(required=False, allow_null=True, help_text="Left out: the day of the signature.")
    valid_through_on = DayField(required=False, allow_null=True)


class PrescriptionChangeIn(OrderIn):
    route = ChoiceOf(model=Prescription, of="route", required=False)
    drug = LineField(max_length=160, required=False)
    dose_amount = AmountField(max_digits=8, required=False)
    doses_per_fill = WholeNumberField(min_value=1, max_value=100, required=False)
    issued_on = DayField(required=False, allow_null=True)
    valid_through_on = DayField(required=False, allow_null=True)


class SignIn(In):
    reference = LineField(max_length=80, help_text="Of the certified system where it was signed.")


class SendIn(In):
    pharmacy = LineField(max_length=120)


class DispenseIn(In):
    key = serializers.UUIDField(help_text=KEY)
    amount = AmountField(required=False, help_text="Defaults to one fill.")
    dispensed_at = InstantField(required=False, help_text="Defaults to now.")


class RevokeIn(In):
    reason = LineField(max_length=200)


class LossIn(In):
    report = LineField(max_length=400)


class SigningReasonOut(Quick[Blocker]):
    code = serializers.CharField()
    detail = serializers.SerializerMethodField()

    def get_detail(self, reason: Blocker) -> str:
        return reason.text(gettext)


class SigningOut(serializers.Serializer[prescriptions.Signing]):
    blockers = SigningReasonOut(many=True)
    warnings = SigningReasonOut(many=True)


class PrescriptionOut(Out[Prescription]):
    doses = serializers.IntegerField(read_only=True, help_text="How many doses all fills together allow.")
    state = serializers.SerializerMethodField(
        help_text="The status, or what has become of it: in use, exhausted, expired."
    )

    class Meta:
        model = Prescription
        fields = (
            "id",
            "client",
            "prescriber",
            "client_name",
            "client_address",
            "route",
            "drug",
            "strength_amount",
            "strength_unit",
            "form",
            "dose_amount",
            "dose_unit",
            "directions",
            "doses_per_fill",
            "quantity",
            "quantity_unit",
            "units_per_dose",
            "days_supply",
            "refills",
            "doses",
            "issued_on",
            "valid_through_on",
            "reference",
            "pharmacy",
            "other_prescribers",
            "renews",
            "replaces",
            "status",
            "state",
            "signed_at",
            "sent_at",
            "dispensed_at",
            "revoked_at",
            "revoke_reason",
            "reported_lost_at",
            "loss_report",
            "revision",
        )

    @extend_schema_field(NamedChoice("PrescriptionState", ((state, state) for state in STATES)))
    def get_state(self, prescription: Prescription) -> str:
        return prescriptions.state_of(prescription, now=present.now())


@extend_schema_view(
    list=extend_schema(summary="List prescriptions"), retrieve=extend_schema(summary="Read a prescription")
)
class PrescriptionViews(Resource):
    queryset = Prescription.objects.prefetch_related("supply_events", "client__location")
    client = "client"
    out = PrescriptionOut
    filterset_class = PrescriptionFilter
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.READS_MEDICAL - access.AUDITORS,
        "create": access.DECIDES_MEDICAL,
        "draft": access.DECIDES_MEDICAL,
        "partial_update": access.DECIDES_MEDICAL,
        "signing": access.DECIDES_MEDICAL,
        "sign": access.DECIDES_MEDICAL,
        "send": access.DECIDES_MEDICAL,
        "dispense": access.CLINICAL,
        "revoke": access.DECIDES_MEDICAL,
        "report_lost": access.CLINICAL,
    }

    @extend_schema(summary="Record a prescription that was signed elsewhere", request=PrescriptionIn)
    def create(self, request: Request) -> Response:
        """The short way, for one whose content was checked where it was signed."""
        client, body = self._ordered(self.valid(PrescriptionIn))
        signer = access.check_signature(self.user, body.pop("prescriber", None), pointer="/prescriber")
        return self.write(
            lambda: prescriptions.issue(client.pk, body, prescriber=signer, actor=self.user, now=self.now),
            status_code=201,
        )

    @extend_schema(
        summary="Draft a prescription", request=PrescriptionDraftIn, responses={201: PrescriptionOut}
    )
    @action(detail=False, methods=["post"])
    def draft(self, request: Request) -> Response:
        """It counts for nothing until its signature is recorded."""
        client, body = self._ordered(self.valid(PrescriptionDraftIn))
        signer = access.check_signature(self.user, body.pop("prescriber", None), pointer="/prescriber")
        return self.write(
            lambda: prescriptions.draft(client.pk, body, prescriber=signer, actor=self.user, now=self.now),
            status_code=201,
        )

    @extend_schema(summary="Change a draft", request=PrescriptionChangeIn)
    def partial_update(self, request: Request, pk: str) -> Response:
        prescription, body = self.get_object(), self.valid(PrescriptionChangeIn, partial=True)
        self._resolve(prescription.client, body)
        revision = self.revision()
        return self.write(
            lambda: prescriptions.change(
                prescription.pk, body, revision=revision, actor=self.user, now=self.now
            )
        )

    @extend_schema(summary="Read what stands against a signature today", responses=SigningOut)
    @action(detail=True, methods=["get"])
    def signing(self, request: Request, pk: str) -> Response:
        """Blockers refuse a signature; warnings are for the prescriber to know."""
        found = prescriptions.before_signing(self.get_object(), now=self.now)
        return Response(SigningOut(found).data)

    @extend_schema(summary="Record the signature", request=SignIn)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: str) -> Response:
        """In the prescriber's own name. Refused with everything that is missing or does not agree."""
        body, prescription = self.valid(SignIn), self.get_object()
        access.check_signature(self.user, prescription.prescriber_id, pointer="/path/id")
        revision = self.revision_if_sent()
        return self.write(
            lambda: prescriptions.sign(
                prescription.pk, **body, revision=revision, actor=self.user, now=self.now
            )
        )

    @extend_schema(summary="Record that it was sent to a pharmacy", request=SendIn)
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str) -> Response:
        body, prescription = self.valid(SendIn), self.get_object()
        revision = self.revision_if_sent()
        return self.write(
            lambda: prescriptions.send(
                prescription.pk, **body, revision=revision, actor=self.user, now=self.now
            )
        )

    @extend_schema(summary="Record that the client got a fill", request=DispenseIn)
    @action(detail=True, methods=["post"])
    def dispense(self, request: Request, pk: str) -> Response:
        """From then on it is theirs in the ledger. Once for each fill."""
        body, prescription = self.valid(DispenseIn), self.get_object()
        return self.write(
            lambda: prescriptions.dispense(prescription.pk, **body, actor=self.user, now=self.now)
        )

    @extend_schema(summary="Revoke a prescription", request=RevokeIn)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Bookings that need it are on hold from then on; none is cancelled."""
        body, prescription = self.valid(RevokeIn), self.get_object()
        return self.write(
            lambda: prescriptions.revoke(prescription.pk, **body, actor=self.user, now=self.now)
        )

    @extend_schema(summary="Report a prescription or its medicine lost", request=LossIn)
    @action(detail=True, methods=["post"], url_path="report-lost")
    def report_lost(self, request: Request, pk: str) -> Response:
        """It counts no more, and what the client held of it is lost in the ledger."""
        body, prescription = self.valid(LossIn), self.get_object()
        return self.write(
            lambda: prescriptions.report_lost(prescription.pk, **body, actor=self.user, now=self.now)
        )

    def _ordered(self, body: dict[str, Any]) -> tuple[Client, dict[str, Any]]:
        client = self.access_client(body.pop("client"))
        self._resolve(client, body)
        return client, body

    def _resolve(self, client: Client, body: dict[str, Any]) -> None:
        """The prescriptions that it goes on from."""
        for name in ("renews", "replaces"):
            if body.get(name) is not None:
                of_client = Prescription.objects.filter(client=client)
                body[name] = self.access(of_client, body[name], f"/{name}")
