from __future__ import annotations

from typing import Any

from django.core.validators import validate_email
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from practice import phones
from practice.api.base import In, Out
from practice.api.fields import (
    ChoiceOf,
    DayField,
    IdField,
    InstantField,
    LineField,
    PhoneField,
    TruthField,
    WholeNumberField,
    ZoneField,
)
from practice.models import (
    Activity,
    CareTeamMember,
    Channel,
    ChannelConsent,
    Client,
    Clinician,
    Consent,
    ConsentDocument,
    ContactPoint,
    Licence,
    Location,
    Room,
    SupportPerson,
)
from practice.models.people import validate_dea_number, validate_npi

# Places and clinicians


class StateField(LineField):
    """Two letters, for example CA."""

    def __init__(self) -> None:
        super().__init__(min_length=2, max_length=2)


class LocationIn(In):
    name = LineField(max_length=120)
    display_name = LineField(
        max_length=24, help_text="Starts every text message: must not give away what the clinic does."
    )
    time_zone = ZoneField()
    state = StateField()
    address = LineField(max_length=200, required=False, allow_blank=True)
    phone = PhoneField()
    is_active = TruthField(required=False)
    keeps_tentative = TruthField(
        required=False, help_text="Whether doses may be booked as tentative until a prescription is renewed."
    )


class LocationOut(Out[Location]):
    class Meta:
        model = Location
        fields = (
            "id",
            "name",
            "display_name",
            "time_zone",
            "state",
            "address",
            "phone",
            "is_active",
            "keeps_tentative",
            "revision",
        )


class RoomChangeIn(In):
    """A room stays at its location."""

    name = LineField(max_length=60)
    kind = ChoiceOf(model=Room, of="kind")
    capacity = WholeNumberField(min_value=1, max_value=50, required=False)
    is_active = TruthField(required=False)


class RoomIn(RoomChangeIn):
    location = IdField()


class RoomOut(Out[Room]):
    class Meta:
        model = Room
        fields = ("id", "location", "name", "kind", "capacity", "is_active", "revision")


class ClinicianChangeIn(In):
    """A therapist does not become a psychiatrist by an edit."""

    name = LineField(max_length=120)
    credentials = LineField(max_length=80, required=False, allow_blank=True)
    npi = LineField(max_length=10, required=False, allow_blank=True, validators=[validate_npi])
    dea_number = LineField(max_length=9, required=False, allow_blank=True, validators=[validate_dea_number])
    user = IdField(required=False, allow_null=True, help_text="The login.")
    is_active = TruthField(required=False)


class ClinicianIn(ClinicianChangeIn):
    kind = ChoiceOf(model=Clinician, of="kind")


class LicenceOut(Out[Licence]):
    class Meta:
        model = Licence
        fields = ("id", "state", "number", "valid_from_on", "valid_through_on")


class ClinicianOut(Out[Clinician]):
    """The DEA number is written only: nobody needs to read it here, and others could use it."""

    licences = LicenceOut(many=True, read_only=True)
    has_dea_number = serializers.SerializerMethodField()

    class Meta:
        model = Clinician
        fields = (
            "id",
            "kind",
            "name",
            "credentials",
            "npi",
            "has_dea_number",
            "user",
            "is_active",
            "licences",
            "revision",
        )

    def get_has_dea_number(self, clinician: Clinician) -> bool:
        return bool(clinician.dea_number)


# Clients


class ContactPointIn(In):
    channel = ChoiceOf(model=ContactPoint, of="channel")
    value = LineField(max_length=254, help_text="A number in any spelling, or an email address.")
    label = LineField(max_length=40, required=False, allow_blank=True)  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        phones.normalise_contact(attrs["channel"], attrs["value"])
        return attrs


class ContactPointOut(Out[ContactPoint]):
    class Meta:
        model = ContactPoint
        fields = ("channel", "value", "label", "is_primary")


class ClientIn(In):
    legal_name = LineField(max_length=160)
    preferred_name = LineField(max_length=80, required=False, allow_blank=True)
    pronouns = LineField(max_length=40, required=False, allow_blank=True)
    birth_date = DayField(required=False, allow_null=True)
    language = ChoiceOf(model=Client, of="language", required=False)
    time_zone = ZoneField()
    state = StateField()
    location = IdField()
    message_detail = ChoiceOf(model=Client, of="message_detail", required=False)
    is_active = TruthField(required=False)
    contact_points = ContactPointIn(  # type: ignore[call-arg]
        many=True,
        required=False,
        max_length=10,
        help_text="All of them; the first of each channel is the primary one.",
    )
    channels = serializers.ListField(
        child=ChoiceOf(model=ContactPoint, of="channel"),
        required=False,
        max_length=len(Channel),
        help_text="All channels on which the client agreed to be written to.",
    )
    consent_source = LineField(
        max_length=80, required=False, allow_blank=True, help_text="How we know about the channels."
    )


class ClientOut(Out[Client]):
    display_name = serializers.CharField(read_only=True)
    contact_points = ContactPointOut(many=True, read_only=True)
    channels = serializers.SerializerMethodField()
    care_team = serializers.SerializerMethodField(help_text="The clinicians who treat the client now.")

    class Meta:
        model = Client
        fields = (
            "id",
            "legal_name",
            "preferred_name",
            "display_name",
            "pronouns",
            "birth_date",
            "language",
            "time_zone",
            "state",
            "location",
            "message_detail",
            "is_active",
            "created_at",
            "contact_points",
            "channels",
            "care_team",
            "revision",
        )

    @extend_schema_field(serializers.ListField(child=ChoiceOf(model=ContactPoint, of="channel")))
    def get_channels(self, client: Client) -> list[str]:
        consents: list[ChannelConsent] = list(client.channel_consents.all())
        return sorted(consent.channel for consent in consents if consent.is_given)

    def get_care_team(self, client: Client) -> list[int]:
        members: list[CareTeamMember] = list(client.care_team.all())
        return sorted(member.clinician_id for member in members if member.left_at is None)


class SupportPersonIn(In):
    name = LineField(max_length=120)
    relationship = LineField(max_length=60, required=False, allow_blank=True)
    phone = PhoneField(required=False, allow_blank=True)
    email = LineField(max_length=254, required=False, allow_blank=True, validators=[validate_email])
    is_escort = TruthField(required=False)
    is_aftercare = TruthField(required=False)
    is_emergency = TruthField(required=False)
    may_be_contacted = TruthField(required=False)


class SupportPersonOut(Out[SupportPerson]):
    class Meta:
        model = SupportPerson
        fields = (
            "id",
            "client",
            "name",
            "relationship",
            "phone",
            "email",
            "is_escort",
            "is_aftercare",
            "is_emergency",
            "may_be_contacted",
            "revision",
        )


# Consents


class ConsentDocumentOut(Out[ConsentDocument]):
    class Meta:
        model = ConsentDocument
        fields = ("id", "kind", "version", "title", "body", "is_current", "is_required", "revision")


class ConsentIn(In):
    client = IdField()
    document = IdField()
    signed_at = InstantField(required=False, help_text="Defaults to now.")
    valid_through_on = DayField(required=False, allow_null=True, help_text="The last valid day.")


class WithdrawIn(In):
    reason = LineField(max_length=200, required=False, allow_blank=True)


class ConsentOut(Out[Consent]):
    document_kind = serializers.CharField(source="document.kind", read_only=True)
    document_version = serializers.IntegerField(source="document.version", read_only=True)

    class Meta:
        model = Consent
        fields = (
            "id",
            "client",
            "document",
            "document_kind",
            "document_version",
            "signed_at",
            "valid_through_on",
            "withdrawn_at",
            "revision",
        )


# What was done


class ActivityOut(Out[Activity]):
    actor_name = serializers.CharField(source="actor.name", read_only=True, allow_null=True, default=None)
    data = serializers.DictField(  # type: ignore[assignment]
        read_only=True, help_text="Codes, ids and names of fields."
    )

    class Meta:
        model = Activity
        fields = (
            "id",
            "at",
            "actor",
            "actor_name",
            "action",
            "subject_type",
            "subject_id",
            "client",
            "reason",
            "data",
        )
