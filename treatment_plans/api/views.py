from __future__ import annotations

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import NothingIn, Resource
from practice.models import Clinician
from treatment_plans import plans, protocols
from treatment_plans.api.filters import (
    OfClientFilter,
    PlanFilter,
    PlannedSessionFilter,
    ProtocolFilter,
)
from treatment_plans.api.serializers import (
    ClearanceIn,
    ClearanceOut,
    PlanIn,
    PlannedSessionOut,
    PlanOut,
    ProtocolNameOut,
    ProtocolOut,
    RemsEnrollmentIn,
    RemsEnrollmentOut,
)
from treatment_plans.models import (
    Clearance,
    PlannedSession,
    Protocol,
    RemsEnrollment,
    TreatmentPlan,
)
from treatment_plans.screening import clearances
from treatment_plans.screening.flags import Disposal

MEDICAL = {
    "list": access.READS_MEDICAL,
    "retrieve": access.READS_MEDICAL - access.AUDITORS,
    "create": access.DECIDES_MEDICAL,
}


@extend_schema_view(
    list=extend_schema(summary="List the protocols"), retrieve=extend_schema(summary="Read a protocol")
)
class ProtocolViews(Resource):
    """The settings are for clinicians and the practice admin; others read names and versions."""

    queryset = Protocol.objects.all()
    client = None
    out = ProtocolOut
    brief = ProtocolNameOut
    full_for = access.READS_PROTOCOLS
    filterset_class = ProtocolFilter
    permitted = {
        "list": access.READS_PROTOCOL_NAMES,
        "retrieve": access.READS_PROTOCOL_NAMES,
        "approve": access.APPROVES_PROTOCOLS,
    }

    @extend_schema(summary="Approve a version; the one in use for its route is retired", request=None)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """From now on new plans are made with it. Plans keep the version that they began with."""
        self.valid(NothingIn)
        protocol, signer = self.get_object(), access.check_signature(self.user, None, pointer="")
        return self.write(
            lambda: protocols.approve(protocol.pk, approved_by=signer, actor=self.user, now=self.now)
        )


def disposal_of(body: dict[str, Any], through: date | None) -> Disposal:
    return Disposal(
        body["flag"],
        body["decision"],
        body["reason"],
        body.get("valid_through_on") or through,
        body.get("replaces"),
    )


@extend_schema_view(
    list=extend_schema(summary="List clearances"), retrieve=extend_schema(summary="Read a clearance")
)
class ClearanceViews(Resource):
    queryset = Clearance.objects.all()
    client = "client"
    out = ClearanceOut
    filterset_class = OfClientFilter
    permitted = MEDICAL

    @extend_schema(summary="Decide whether a client may be treated", request=ClearanceIn)
    def create(self, request: Request) -> Response:
        """The decision supersedes the one before at once, and disposes of the flags that it names."""
        body = self.valid(ClearanceIn)
        client = self.access_client(body.pop("client"))
        signer = access.check_signature(self.user, body.pop("decided_by", None), pointer="/decided_by")
        flags = [disposal_of(each, body.get("valid_through_on")) for each in body.pop("flags", ())]
        return self.write(
            lambda: clearances.decide(
                client.pk, body, flags=flags, decided_by=signer, actor=self.user, now=self.now
            ),
            status_code=201,
        )


@extend_schema_view(
    list=extend_schema(summary="List enrolments in the Spravato REMS"),
    retrieve=extend_schema(summary="Read an enrolment"),
)
class RemsEnrollmentViews(Resource):
    queryset = RemsEnrollment.objects.all()
    client = "client"
    out = RemsEnrollmentOut
    filterset_class = OfClientFilter
    permitted = MEDICAL

    @extend_schema(summary="Record that a client is enrolled", request=RemsEnrollmentIn)
    def create(self, request: Request) -> Response:
        body = self.valid(RemsEnrollmentIn)
        client = self.access_client(body.pop("client"))
        return self.write(
            lambda: clearances.enroll(client.pk, **body, actor=self.user, now=self.now), status_code=201
        )


@extend_schema_view(
    list=extend_schema(summary="List treatment plans"),
    retrieve=extend_schema(summary="Read a treatment plan"),
)
class PlanViews(Resource):
    queryset = TreatmentPlan.objects.all()
    client = "client"
    out = PlanOut
    filterset_class = PlanFilter
    permitted = {
        "list": access.READS_COURSES,
        "retrieve": access.READS_COURSES - access.AUDITORS,
        "create": access.PLANS_COURSES,
        "activate": access.PLANS_COURSES,
    }

    @extend_schema(summary="Draft a plan with its sessions", request=PlanIn)
    def create(self, request: Request) -> Response:
        """Its therapist and prescriber join the client's care team."""
        body = self.valid(PlanIn)
        client = self.access_client(body.pop("client"))
        protocol = self.access(Protocol.objects.all(), body.pop("protocol"), "/protocol")
        for name in ("therapist", "prescriber"):
            body[name] = self.access(Clinician.objects.all(), body[name], f"/{name}")
        return self.write(
            lambda: plans.draft(client.pk, protocol, **body, actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(summary="Activate a draft", request=None)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """From then on its dosing sessions may be booked."""
        self.valid(NothingIn)
        plan = self.get_object()
        return self.write(lambda: plans.activate(plan.pk, actor=self.user, now=self.now))


@extend_schema_view(
    list=extend_schema(summary="List planned sessions"),
    retrieve=extend_schema(summary="Read a planned session"),
)
class PlannedSessionViews(Resource):
    queryset = PlannedSession.objects.select_related("plan")
    client = "plan__client"
    out = PlannedSessionOut
    filterset_class = PlannedSessionFilter
    ordering = ("plan_id", "position", "pk")
    permitted = {
        "list": access.READS_COURSES,
        "retrieve": access.READS_COURSES - access.AUDITORS,
    }
