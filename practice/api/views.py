from __future__ import annotations

from typing import Any

from django.db import models
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access, clients, directory
from practice.api.base import Resource
from practice.api.filtersets import (
    ActivityFilter,
    ClientFilter,
    ClinicianFilter,
    ConsentDocumentFilter,
    ConsentFilter,
    LocationFilter,
    OneKindFilter,
    RoomFilter,
)
from practice.api.serializers import (
    ActivityOut,
    ClientIn,
    ClientOut,
    ClinicianChangeIn,
    ClinicianIn,
    ClinicianOut,
    ConsentDocumentOut,
    ConsentIn,
    ConsentOut,
    LocationIn,
    LocationOut,
    RoomChangeIn,
    RoomIn,
    RoomOut,
    SupportPersonIn,
    SupportPersonOut,
    WithdrawIn,
)
from practice.models import (
    Activity,
    Client,
    Clinician,
    Consent,
    ConsentDocument,
    Location,
    Psychiatrist,
    Room,
    SupportPerson,
    Therapist,
    User,
)

SET_UP = {
    "list": access.READS_SETUP,
    "retrieve": access.READS_SETUP,
    "create": access.CHANGES_SETUP,
    "partial_update": access.CHANGES_SETUP,
}


@extend_schema_view(
    list=extend_schema(summary="List the locations"), retrieve=extend_schema(summary="Read a location")
)
class LocationViews(Resource):
    queryset = Location.objects.all()
    client = None
    out = LocationOut
    filterset_class = LocationFilter
    permitted = SET_UP

    @extend_schema(summary="Add a location", request=LocationIn)
    def create(self, request: Request) -> Response:
        body = self.valid(LocationIn)
        return self.write(
            lambda: directory.add(Location(**body), actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(summary="Change a location", request=LocationIn)
    def partial_update(self, request: Request, pk: str) -> Response:
        body, revision = self.valid(LocationIn, partial=True), self.revision()
        return self.write(
            lambda: directory.change(
                Location, int(pk), body, revision=revision, actor=self.user, now=self.now
            )
        )


@extend_schema_view(
    list=extend_schema(summary="List the rooms"), retrieve=extend_schema(summary="Read a room")
)
class RoomViews(Resource):
    queryset = Room.objects.all()
    client = None
    out = RoomOut
    filterset_class = RoomFilter
    permitted = SET_UP

    @extend_schema(summary="Add a room", request=RoomIn)
    def create(self, request: Request) -> Response:
        body = self.valid(RoomIn)
        body["location"] = self.access(Location.objects.all(), body["location"], "/location")
        return self.write(lambda: directory.add(Room(**body), actor=self.user, now=self.now), status_code=201)

    @extend_schema(summary="Change a room", request=RoomChangeIn)
    def partial_update(self, request: Request, pk: str) -> Response:
        body, revision = self.valid(RoomChangeIn, partial=True), self.revision()
        return self.write(
            lambda: directory.change(Room, int(pk), body, revision=revision, actor=self.user, now=self.now)
        )


@extend_schema_view(
    list=extend_schema(summary="List therapists and psychiatrists"),
    retrieve=extend_schema(summary="Read a clinician with licences"),
)
class ClinicianViews(Resource):
    queryset: models.QuerySet[Any] = Clinician.objects.prefetch_related("licences")
    client = None
    out = ClinicianOut
    filterset_class: Any = ClinicianFilter
    permitted = SET_UP

    @extend_schema(summary="Add a clinician", request=ClinicianIn)
    def create(self, request: Request) -> Response:
        values = self._with_login(self.valid(ClinicianIn))
        return self.write(
            lambda: directory.add(Clinician(**values), actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(summary="Change a clinician", request=ClinicianChangeIn)
    def partial_update(self, request: Request, pk: str) -> Response:
        values, revision = self._with_login(self.valid(ClinicianChangeIn, partial=True)), self.revision()
        return self.write(
            lambda: directory.change(
                Clinician, int(pk), values, revision=revision, actor=self.user, now=self.now
            )
        )

    def _with_login(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("user") is not None:
            body["user"] = self.access(User.objects.all(), body["user"], "/user")
        return body


READ_SET_UP = {"list": access.READS_SETUP, "retrieve": access.READS_SETUP}


@extend_schema_view(
    list=extend_schema(summary="List the therapists"), retrieve=extend_schema(summary="Read a therapist")
)
class TherapistViews(Resource):
    queryset = Therapist.objects.prefetch_related("licences")
    client = None
    out = ClinicianOut
    filterset_class = OneKindFilter
    permitted = READ_SET_UP


@extend_schema_view(
    list=extend_schema(summary="List the psychiatrists"),
    retrieve=extend_schema(summary="Read a psychiatrist"),
)
class PsychiatristViews(Resource):
    queryset = Psychiatrist.objects.prefetch_related("licences")
    client = None
    out = ClinicianOut
    filterset_class = OneKindFilter
    permitted = READ_SET_UP


@extend_schema_view(
    list=extend_schema(summary="List or search clients"), retrieve=extend_schema(summary="Read a client")
)
class ClientViews(Resource):
    """Clinicians see the clients on whose care team they are. The order is that of registration."""

    queryset = Client.objects.prefetch_related("contact_points", "channel_consents", "care_team")
    client = "pk"
    out = ClientOut
    filterset_class = ClientFilter
    permitted = {
        "list": access.READS_CLIENTS,
        "retrieve": access.READS_CLIENTS - access.AUDITORS,
        "create": access.CHANGES_CLIENTS,
        "partial_update": access.CHANGES_CLIENTS,
    }

    @extend_schema(summary="Register a client", request=ClientIn)
    def create(self, request: Request) -> Response:
        values, reached_by = self._split(self.valid(ClientIn))
        return self.write(
            lambda: clients.register(values, **reached_by, actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(summary="Change a client", request=ClientIn)
    def partial_update(self, request: Request, pk: str) -> Response:
        values, reached_by = self._split(self.valid(ClientIn, partial=True))
        revision, client = self.revision(), self.get_object()
        return self.write(
            lambda: clients.change(
                client.pk, values, **reached_by, revision=revision, actor=self.user, now=self.now
            )
        )

    def _split(self, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values of the client's own row, and how the client may be reached."""
        if "location" in body:
            body["location"] = self.access(Location.objects.all(), body["location"], "/location")
        reached_by: dict[str, Any] = {
            name: body.pop(name) for name in ("contact_points", "channels") if name in body
        }
        reached_by["source"] = body.pop("consent_source", "")
        return body, reached_by


@extend_schema_view(
    list=extend_schema(summary="List a client's support persons"),
    retrieve=extend_schema(summary="Read a support person"),
)
class SupportPersonViews(Resource):
    queryset = SupportPerson.objects.all()
    client = "client"
    out = SupportPersonOut
    permitted = {
        "list": access.READS_CLIENTS,
        "retrieve": access.READS_CLIENTS - access.AUDITORS,
        "create": access.CHANGES_CLIENTS,
        "partial_update": access.CHANGES_CLIENTS,
        "destroy": access.CHANGES_CLIENTS,
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.about = self.access_client(self.kwargs["client_id"], pointer=None)

    def get_queryset(self) -> models.QuerySet[SupportPerson]:
        people = super().get_queryset()
        return people if "client_id" not in self.kwargs else people.filter(client=self.kwargs["client_id"])

    @extend_schema(summary="Add a support person", request=SupportPersonIn)
    def create(self, request: Request, client_id: int) -> Response:
        body = self.valid(SupportPersonIn)
        return self.write(
            lambda: clients.add_support_person(self.about.pk, body, actor=self.user, now=self.now),
            status_code=201,
        )

    @extend_schema(summary="Change a support person", request=SupportPersonIn)
    def partial_update(self, request: Request, client_id: int, pk: int) -> Response:
        body, revision, person = self.valid(SupportPersonIn, partial=True), self.revision(), self.get_object()
        return self.write(
            lambda: clients.change_support_person(
                person.pk, body, revision=revision, actor=self.user, now=self.now
            )
        )

    @extend_schema(summary="Remove a support person")
    def destroy(self, request: Request, client_id: int, pk: int) -> Response:
        revision, person = self.revision(), self.get_object()
        return self.write(
            lambda: clients.remove_support_person(
                person.pk, revision=revision, actor=self.user, now=self.now
            ),
            status_code=204,
        )


@extend_schema_view(
    list=extend_schema(summary="List the documents that clients sign"),
    retrieve=extend_schema(summary="Read a document"),
)
class ConsentDocumentViews(Resource):
    queryset = ConsentDocument.objects.all()
    client = None
    out = ConsentDocumentOut
    filterset_class = ConsentDocumentFilter
    permitted = READ_SET_UP


@extend_schema_view(
    list=extend_schema(summary="List consents"), retrieve=extend_schema(summary="Read a consent")
)
class ConsentViews(Resource):
    queryset = Consent.objects.select_related("document")
    client = "client"
    out = ConsentOut
    filterset_class = ConsentFilter
    permitted = {
        "list": access.READS_CONSENTS,
        "retrieve": access.READS_CONSENTS - access.AUDITORS,
        "create": access.TAKES_CONSENTS,
        "withdraw": access.TAKES_CONSENTS,
    }

    @extend_schema(summary="Record that a client signed a document", request=ConsentIn)
    def create(self, request: Request) -> Response:
        body = self.valid(ConsentIn)
        client = self.access_client(body.pop("client"))
        document = self.access(ConsentDocument.objects.all(), body.pop("document"), "/document")
        values = {"signed_at": self.now, **body}
        return self.write(
            lambda: clients.sign_consent(client.pk, document.pk, **values, actor=self.user, now=self.now),
            status_code=201,
        )

    @extend_schema(summary="Withdraw a consent", request=WithdrawIn)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        body, consent = self.valid(WithdrawIn), self.get_object()
        return self.write(lambda: clients.withdraw_consent(consent.pk, **body, actor=self.user, now=self.now))


@extend_schema_view(
    list=extend_schema(summary="List what was done, newest first"),
    retrieve=extend_schema(summary="Read one entry"),
)
class ActivityViews(Resource):
    """Who did what to which record, and when. Entries are never changed."""

    queryset = Activity.objects.select_related("actor")
    client = "client"
    out = ActivityOut
    full_for = access.READS_ACTIVITY
    ordering = ("-at", "-pk")
    filterset_class = ActivityFilter
    permitted = {"list": access.READS_ACTIVITY, "retrieve": access.READS_ACTIVITY}
