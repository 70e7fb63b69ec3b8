"""Clients' records: registering, changing, consents, support persons, the care team, finding somebody."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from practice import access, clients
from practice.clients import ConsentWithdrawn, DuplicateContact
from practice.errors import Invalid, OutOfScope, Stale
from practice.models import (
    Activity,
    CareTeamMember,
    ChannelConsent,
    Client,
    Consent,
    ConsentDocument,
    ContactPoint,
    SupportPerson,
)
from tests.cast import NOW, ZONE, Clinic

pytestmark = pytest.mark.django_db

SMS = {"channel": "sms", "value": "(202) 555-0143"}
EMAIL = {"channel": "email", "value": "  Ivy@Example.ORG "}


def register(clinic: Clinic, **changes: Any) -> Client:
    values = {
        "legal_name": "Ivy Kahn",
        "birth_date": date(1990, 5, 17),
        "time_zone": ZONE,
        "state": "ca",
        "location": clinic.location,
    }
    arguments = {
        "contact_points": [SMS, EMAIL],
        "channels": ["sms"],
        "actor": clinic.kim,
        "now": NOW,
    } | changes
    return clients.register(values | arguments.pop("values", {}), **arguments)


def given(client: Client) -> set[str]:
    return {consent.channel for consent in ChannelConsent.objects.filter(client=client) if consent.is_given}


def test_a_new_client_has_normal_addresses_and_the_consents_that_were_given(clinic: Clinic) -> None:
    client = register(clinic, source="form")
    assert set(client.contact_points.values_list("channel", "value", "is_primary")) == {
        ("sms", "+12025550143", True),
        ("email", "ivy@example.org", True),
    }
    assert (client.state, given(client)) == ("CA", {"sms"})
    assert Activity.objects.get().action == "client.registered"


def test_the_front_desk_joins_no_care_team_but_a_clinician_does(clinic: Clinic) -> None:
    assert CareTeamMember.objects.filter(client=register(clinic)).count() == 0
    client = register(clinic, actor=clinic.ana.user, contact_points=[])
    assert CareTeamMember.objects.get(client=client).clinician == clinic.ana
    assert access.access_client(clinic.ana.user, client.pk) == client
    with pytest.raises(OutOfScope):
        access.access_client(clinic.ben.user, client.pk)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"legal_name": ""}, "legal_name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"language": "tlh"}, "language"),
        ({"message_detail": "loud"}, "message_detail"),
    ],
)
def test_every_wrong_field_is_named(clinic: Clinic, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        register(clinic, values=values)
    assert field in refusal.value.message_dict
    assert Client.objects.count() == 0


@pytest.mark.parametrize("name", ["   ", "\t", "\u00a0"])
def test_a_name_of_blanks_is_no_name(clinic: Clinic, name: str) -> None:
    """Messages greet with its first word."""
    with pytest.raises(ValidationError) as refusal:
        register(clinic, values={"legal_name": name})
    assert "legal_name" in refusal.value.message_dict
    client = register(clinic, values={"preferred_name": name})
    assert client.display_name == "Ivy Kahn"


@pytest.mark.parametrize("value", ["12", "not a number", ""])
def test_a_number_that_cannot_be_called_is_refused(clinic: Clinic, value: str) -> None:
    with pytest.raises(ValidationError):
        register(clinic, contact_points=[{"channel": "sms", "value": value}])


def test_the_same_address_twice_is_a_conflict(clinic: Clinic) -> None:
    with pytest.raises(DuplicateContact):
        register(clinic, contact_points=[SMS, {**SMS, "value": "202-555-0143"}])
    assert Client.objects.count() == 0


def test_the_first_address_of_a_channel_is_its_primary(clinic: Clinic) -> None:
    client = register(clinic, contact_points=[SMS, {**SMS, "value": "+12025550144"}])
    assert list(client.contact_points.filter(is_primary=True).values_list("value", flat=True)) == [
        "+12025550143"
    ]


def test_a_change_counts_the_revision_once_and_records_only_names_of_fields(clinic: Clinic) -> None:
    client = register(clinic)
    changed = clients.change(
        client.pk,
        {"preferred_name": "Vee", "pronouns": "they/them"},
        contact_points=[EMAIL],
        channels=["email"],
        revision=1,
        actor=clinic.kim,
        now=NOW,
    )
    assert (changed.revision, changed.display_name, given(client)) == (3, "Vee", {"email"})
    entry = Activity.objects.get(action="client.changed")
    assert set(entry.data["fields"]) == {
        "preferred_name", "pronouns", "contact_points", "consent_sms", "consent_email",
    }  # fmt: skip
    assert "Vee" not in str(entry.data)


def test_a_change_to_nothing_new_writes_nothing(clinic: Clinic) -> None:
    client = register(clinic)
    same = clients.change(
        client.pk,
        {"legal_name": "Ivy Kahn"},
        contact_points=[EMAIL, SMS],
        channels=["sms"],
        revision=None,
        actor=clinic.kim,
        now=NOW,
    )
    assert same.revision == 1
    assert not Activity.objects.filter(action="client.changed").exists()


def test_a_stale_change_is_refused(clinic: Clinic) -> None:
    client = register(clinic)
    clients.change(client.pk, {"pronouns": "she/her"}, revision=1, actor=clinic.kim, now=NOW)
    with pytest.raises(Stale):
        clients.change(client.pk, {"pronouns": "they/them"}, revision=1, actor=clinic.kim, now=NOW)
    assert Client.objects.get().pronouns == "she/her"


def test_a_consent_to_be_written_to_comes_and_goes_in_one_row(clinic: Clinic) -> None:
    client = register(clinic)

    def set_channels(*channels: str, hours: int) -> ChannelConsent:
        now = NOW + timedelta(hours=hours)
        clients.change(
            client.pk, {}, channels=channels, source="phone", revision=None, actor=clinic.kim, now=now
        )
        return ChannelConsent.objects.get(client=client, channel="sms")

    assert set_channels(hours=1).withdrawn_at == NOW + timedelta(hours=1)
    again = set_channels("sms", hours=2)
    assert (again.granted_at, again.withdrawn_at) == (NOW + timedelta(hours=2), None)
    assert Activity.objects.filter(action="client.changed").count() == 2


def test_documents_are_signed_in_their_current_version(clinic: Clinic) -> None:
    client = register(clinic)

    def sign(document: ConsentDocument, *, signed_at: Any = NOW) -> Consent:
        return clients.sign_consent(client.pk, document.pk, signed_at=signed_at, actor=clinic.kim, now=NOW)

    assert sign(clinic.document).document == clinic.document
    with pytest.raises(Invalid) as refusal:
        sign(clinic.document, signed_at=NOW + timedelta(seconds=1))
    assert refusal.value.code == "in_the_future"
    ConsentDocument.objects.update(is_current=False)
    with pytest.raises(Invalid) as refusal:
        sign(clinic.document)
    assert refusal.value.code == "outdated_document"
    with pytest.raises(OutOfScope):
        sign(ConsentDocument(pk=0))


def test_a_consent_is_withdrawn_once(clinic: Clinic) -> None:
    consent = clinic.consent(register(clinic))
    later = NOW + timedelta(hours=1)
    assert clients.withdraw_consent(consent.pk, actor=clinic.kim, now=later).withdrawn_at == later
    with pytest.raises(ConsentWithdrawn):
        clients.withdraw_consent(consent.pk, actor=clinic.kim, now=later)


def test_support_persons_come_change_and_go_on_record(clinic: Clinic) -> None:
    client = register(clinic)
    person = clients.add_support_person(
        client.pk, {"name": "Tom", "phone": "202 555 0199", "is_escort": True}, actor=clinic.kim, now=NOW
    )
    assert person.phone == "+12025550199"
    clients.change_support_person(person.pk, {"is_aftercare": True}, revision=1, actor=clinic.kim, now=NOW)
    clients.remove_support_person(person.pk, actor=clinic.kim, now=NOW)
    assert SupportPerson.objects.count() == 0
    said = list(
        Activity.objects.filter(action__startswith="support_person")
        .order_by("pk")
        .values_list("action", "client")
    )
    assert said == [(f"support_person.{verb}", client.pk) for verb in ("added", "changed", "removed")]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("ivy", True),
        ("kahn ivy", True),  # any order
        ("Vee", True),  # the name they go by
        ("ivy@exam", True),
        ("202 555 0143", True),
        ("+1 (202) 555-0143", True),
        ("0143", True),
        ("ivy rivera", False),
        ("0144", False),
        ("%", False),  # no wildcard
        ("_", False),
    ],
)
def test_somebody_is_found_by_what_is_said_on_the_phone(clinic: Clinic, text: str, is_found: bool) -> None:
    client = register(clinic, values={"preferred_name": "Vee"})
    assert list(clients.search(Client.objects.all(), text)) == [client] * is_found


def test_a_search_finds_nobody_twice(clinic: Clinic) -> None:
    register(clinic, contact_points=[SMS, {**SMS, "value": "+13035550143"}, EMAIL])
    for text in ("0143", "i", "ivy@"):
        assert clients.search(Client.objects.all(), text).count() == 1


def test_whoever_left_the_team_sees_nothing(clinic: Clinic) -> None:
    client = register(clinic, actor=clinic.ana.user)
    CareTeamMember.objects.update(left_at=NOW)
    assert not access.visible_to(clinic.ana.user, Client.objects.all(), client="pk").exists()
    assert (
        access.visible_to(clinic.kim, ContactPoint.objects.filter(client=client), client="client").count()
        == 2
    )
