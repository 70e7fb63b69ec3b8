"""Use cases about clients: registering them, how to reach them, who supports and treats them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _

from practice import activity, phones
from practice.doors import door, on_violation, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import DomainError, Invalid, OutOfScope, Refused
from practice.models import (
    CareTeamMember,
    Channel,
    ChannelConsent,
    Client,
    Clinician,
    Consent,
    ConsentDocument,
    ContactPoint,
    SupportPerson,
    User,
)


class ConsentWithdrawn(Refused):
    """This consent was withdrawn before."""

    code = "consent_already_withdrawn"


class DuplicateContact(DomainError):
    status = 409
    code = "duplicate_contact"


on_violation("practice_contact_unique", DuplicateContact)
on_violation("practice_contact_one_primary", DuplicateContact)


@door
def register(
    values: Mapping[str, Any],
    *,
    contact_points: Sequence[Mapping[str, Any]] = (),
    channels: Sequence[str] = (),
    source: str = "",
    actor: User,
    now: datetime,
) -> Client:
    """Register a client with contact points, and consent to the given channels ("sms", "email").

    A clinician who registers someone joins the care team at once, or would not see the record.
    Raises ValidationError with every field's reasons.
    """
    client = save_new(Client(**values))
    _replace_contact_points(client, contact_points)
    for channel in channels:
        _set_channel_consent(client, channel, given=True, source=source, now=now)
    activity.record("client.registered", client, actor=actor, at=now, client=client)
    clinician = Clinician.objects.filter(user=actor).first()
    if clinician:
        join_care_team(client.pk, [clinician.pk], actor=actor, now=now)
    return client


@door
def change(
    client_id: int,
    values: Mapping[str, Any],
    *,
    contact_points: Sequence[Mapping[str, Any]] | None = None,
    channels: Sequence[str] | None = None,
    source: str = "",
    revision: int | None,
    actor: User,
    now: datetime,
) -> Client:
    """Change a client's record; `contact_points` and `channels`, when given, replace what was there."""
    client = lock_for_edit(Client.objects.all(), client_id, revision=revision)
    changed = save_changes(client, values)
    if contact_points is not None and _replace_contact_points(client, contact_points):
        changed.append("contact_points")
    if channels is not None:
        for channel in Channel.values:
            if _set_channel_consent(client, channel, given=channel in channels, source=source, now=now):
                changed.append(f"consent_{channel}")
    if set(changed) - set(values):
        Client.objects.filter(pk=client.pk).update(revision=client.revision + 1)
        client.revision += 1
    if changed:
        activity.record(
            "client.changed", client, actor=actor, at=now, client=client, data={"fields": changed}
        )
    return client


@door
def add_support_person(
    client_id: int, values: Mapping[str, Any], *, actor: User, now: datetime
) -> SupportPerson:
    person = save_new(SupportPerson(client_id=client_id, **values))
    activity.record("support_person.added", person, actor=actor, at=now, client=client_id)
    return person


@door
def change_support_person(
    person_id: int, values: Mapping[str, Any], *, revision: int | None, actor: User, now: datetime
) -> SupportPerson:
    person = lock_for_edit(SupportPerson.objects.all(), person_id, revision=revision)
    changed = save_changes(person, values)
    if changed:
        activity.record(
            "support_person.changed",
            person,
            actor=actor,
            at=now,
            client=person.client_id,
            data={"fields": changed},
        )
    return person


@door
def remove_support_person(person_id: int, *, actor: User, now: datetime) -> None:
    person = lock_for_edit(SupportPerson.objects.all(), person_id, revision=None)
    activity.record("support_person.removed", person, actor=actor, at=now, client=person.client_id)
    person.delete()


@door
def sign_consent(
    client_id: int,
    document_id: int,
    *,
    signed_at: datetime,
    valid_through_on: date | None = None,
    actor: User,
    now: datetime,
) -> Consent:
    """Record that a client signed a document. Raises Invalid for a version that is not current."""
    document = ConsentDocument.objects.filter(pk=document_id).first()
    if document is None:
        raise OutOfScope(pointer="/document")
    if not document.is_current:
        raise Invalid(
            _("There is a newer version of this document."), code="outdated_document", pointer="/document"
        )
    if signed_at > now:
        raise Invalid(_("A signature can't lie in the future."), code="in_the_future", pointer="/signed_at")
    consent = save_new(
        Consent(
            client_id=client_id, document=document, signed_at=signed_at, valid_through_on=valid_through_on
        )
    )
    activity.record(
        "consent.signed", consent, actor=actor, at=now, client=client_id, data={"document": document.pk}
    )
    return consent


@door
def withdraw_consent(consent_id: int, *, actor: User, now: datetime, reason: str = "") -> Consent:
    consent = lock_for_edit(Consent.objects.all(), consent_id, revision=None)
    if consent.withdrawn_at is not None:
        raise ConsentWithdrawn
    save_changes(consent, {"withdrawn_at": now})
    activity.record(
        "consent.withdrawn", consent, actor=actor, at=now, client=consent.client_id, reason=reason
    )
    return consent


@step
def join_care_team(
    client_id: int, clinician_ids: Sequence[int], *, actor: User | None, now: datetime
) -> None:
    """Put clinicians on the care team; those who are on it stay as they are."""
    present = set(
        CareTeamMember.objects.filter(client_id=client_id, left_at=None).values_list(
            "clinician_id", flat=True
        )
    )
    for clinician_id in sorted(set(clinician_ids) - present):
        member = CareTeamMember.objects.create(client_id=client_id, clinician_id=clinician_id, joined_at=now)
        activity.record(
            "care_team.joined",
            member,
            actor=actor,
            at=now,
            client=client_id,
            data={"clinician": clinician_id},
        )


def search(clients: QuerySet[Client], text: str) -> QuerySet[Client]:
    """Clients whose name has every word of `text`, whose email has it, or whose number ends in its digits."""
    digits = phones.search_digits(text)
    if digits:
        return clients.filter(
            Q(contact_points__channel=Channel.SMS, contact_points__value__endswith=digits)
        ).distinct()
    named = Q()
    for word in text.split():
        named &= Q(legal_name__icontains=word) | Q(preferred_name__icontains=word)
    return clients.filter(named | Q(contact_points__value__icontains=text.strip())).distinct()


def _replace_contact_points(client: Client, wanted: Sequence[Mapping[str, Any]]) -> bool:
    """The first point of each channel becomes its primary. Returns whether anything changed."""
    before = set(client.contact_points.values_list("channel", "value", "label", "is_primary"))
    points: list[ContactPoint] = []
    seen: set[str] = set()
    for values in wanted:
        point = ContactPoint(client=client, **values, is_primary=values["channel"] not in seen)
        point.clean()
        point.full_clean(validate_unique=False, validate_constraints=False)
        seen.add(point.channel)
        points.append(point)
    after = {(point.channel, point.value, point.label, point.is_primary) for point in points}
    if before == after:
        return False
    client.contact_points.all().delete()
    ContactPoint.objects.bulk_create(points)
    return True


def _set_channel_consent(client: Client, channel: str, *, given: bool, source: str, now: datetime) -> bool:
    consent = ChannelConsent.objects.filter(client=client, channel=channel).first()
    if (consent is not None and consent.is_given) == given:
        return False
    if consent is None:
        ChannelConsent.objects.create(client=client, channel=channel, granted_at=now, source=source)
    elif given:
        ChannelConsent.objects.filter(pk=consent.pk).update(granted_at=now, withdrawn_at=None, source=source)
    else:
        ChannelConsent.objects.filter(pk=consent.pk).update(withdrawn_at=now, source=source)
    return True
