"""Use cases about clients: registering them, how to reach them, who supports and treats them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from practice import activity, clock
from practice import search as search_words
from practice.doors import door, on_violation, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope, Refused, Taken
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
    code = "consent_already_withdrawn"
    message = _("This consent was withdrawn before.")


class DuplicateContact(Taken):
    code = "duplicate_contact"
    message = _("An address or number is given twice.")
    pointer = "/contact_points"


class OutdatedDocument(Invalid):
    code = "outdated_document"
    message = _("There is a newer version of this document.")


class InTheFuture(Invalid):
    code = "in_the_future"
    message = _("This can't lie in the future.")


class EndsBeforeItBegins(Invalid):
    code = "ends_before_it_begins"
    message = _("The last day can't come before the first.")


on_violation("practice_contact_unique", DuplicateContact)
on_violation("practice_contact_one_primary", DuplicateContact)


@door
def look_at(client: Client, *, actor: User, now: datetime) -> None:
    """Remember who opened the whole record. What lists and searches show of it is not remembered."""
    activity.record("client.viewed", client, actor=actor, at=now, client=client)


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
    client = Client(**values)
    _check_birth_date(client, now=now)
    points = _checked_contact_points(client, contact_points)
    save_new(client)
    ContactPoint.objects.bulk_create(points)
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
    points = None if contact_points is None else _checked_contact_points(client, contact_points)
    changed = save_changes(client, values)
    _check_birth_date(client, now=now)
    if points is not None and _replace_contact_points(client, points):
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
def remove_support_person(person_id: int, *, revision: int | None = None, actor: User, now: datetime) -> None:
    person = lock_for_edit(SupportPerson.objects.all(), person_id, revision=revision)
    activity.record("support_person.removed", person, actor=actor, at=now, client=person.client_id)
    person.delete()


@step
def name_support_person(
    client_id: int, *, name: str, phone: str, may_be_contacted: bool, now: datetime
) -> SupportPerson:
    """Who stays with the client, as the client names them without our help; one we know stays one.

    A number that can't be called is left out, for it comes from someone who can't be asked now.
    """
    person = SupportPerson(
        client_id=client_id, name=name.strip()[:120], phone=phone.strip(), is_aftercare=True
    )
    person.may_be_contacted = may_be_contacted
    try:
        person.clean()
    except ValidationError:
        person.phone = ""
    known = SupportPerson.objects.select_for_update(no_key=True).filter(client=client_id)
    before = known.filter(name__iexact=person.name).order_by("pk").first()
    if before is None:
        save_new(person)
        activity.record("support_person.added", person, actor=None, at=now, client=client_id)
        return person
    values = {"is_aftercare": True, "may_be_contacted": may_be_contacted}
    changed = save_changes(before, {**values, "phone": before.phone or person.phone})
    if changed:
        activity.record(
            "support_person.changed",
            before,
            actor=None,
            at=now,
            client=client_id,
            data={"fields": changed},
        )
    return before


@step
def support_person_opts_out(phone: str, *, now: datetime) -> list[SupportPerson]:
    """They are not written to any more, for whichever client it was. Returns those of whom that is new."""
    known = SupportPerson.objects.filter(phone=phone, may_be_contacted=True)
    people = list(known.select_for_update(no_key=True, of=("self",)).select_related("client").order_by("pk"))
    for person in people:
        changed = save_changes(person, {"may_be_contacted": False})
        activity.record(
            "support_person.changed",
            person,
            actor=None,
            at=now,
            client=person.client_id,
            data={"fields": changed},
        )
    return people


@step
def change_channel_consent(
    client_id: int, channel: str, *, given: bool, source: str, actor: User | None, now: datetime
) -> bool:
    """What the client wants of one channel, as they told us there. Returns whether anything changed."""
    client = lock_for_edit(Client.objects.all(), client_id, revision=None)
    if not _set_channel_consent(client, channel, given=given, source=source, now=now):
        return False
    Client.objects.filter(pk=client.pk).update(revision=client.revision + 1)
    activity.record(
        "client.changed", client, actor=actor, at=now, client=client, data={"fields": [f"consent_{channel}"]}
    )
    return True


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
    """Record that a client signed a document.

    Raises OutdatedDocument unless its version is current, InTheFuture, EndsBeforeItBegins.
    """
    document = ConsentDocument.objects.filter(pk=document_id).first()
    if document is None:
        raise OutOfScope(pointer="/document")
    if not document.is_current:
        raise OutdatedDocument(pointer="/document")
    if signed_at > now:
        raise InTheFuture(pointer="/signed_at")
    if valid_through_on is not None and valid_through_on < _local_day(client_id, signed_at):
        raise EndsBeforeItBegins(pointer="/valid_through_on")
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
    client_id: int,
    clinician_ids: Sequence[int],
    *,
    present: Collection[int] | None = None,
    actor: User | None,
    now: datetime,
) -> None:
    """Put clinicians on the care team; those who are on it stay as they are.

    `present` is who is on it, from a caller who has read that under the client's lock.
    """
    if present is None:
        present = CareTeamMember.objects.filter(client_id=client_id, left_at=None).values_list(
            "clinician_id", flat=True
        )
    for clinician_id in sorted(set(clinician_ids) - set(present)):
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
    return clients.filter(search_words.fits(text))


def _checked_contact_points(client: Client, wanted: Sequence[Mapping[str, Any]]) -> list[ContactPoint]:
    """The first point of each channel becomes its primary. Raises ValidationError, with JSON pointers."""
    points: list[ContactPoint] = []
    wrong: dict[str, Any] = {}
    for place, values in enumerate(wanted):
        point = ContactPoint(
            client=client,
            **values,
            is_primary=all(before.channel != values["channel"] for before in points),
        )
        try:
            point.full_clean(exclude=["client"], validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            wrong |= {f"/contact_points/{place}/{name}": each for name, each in error.error_dict.items()}
        points.append(point)
    if wrong:
        raise ValidationError(wrong)
    if len({(point.channel, point.value) for point in points}) < len(points):
        raise DuplicateContact
    return points


def _replace_contact_points(client: Client, points: Sequence[ContactPoint]) -> bool:
    """Returns whether anything changed."""
    before = set(client.contact_points.values_list("channel", "value", "label", "is_primary"))
    if before == {(point.channel, point.value, point.label, point.is_primary) for point in points}:
        return False
    client.contact_points.all().delete()
    ContactPoint.objects.bulk_create(points)
    return True


def _check_birth_date(client: Client, *, now: datetime) -> None:
    if client.birth_date is not None and client.birth_date > now.date():
        raise InTheFuture(pointer="/birth_date")


def _local_day(client_id: int, at: datetime) -> date:
    zone = Client.objects.values_list("time_zone", flat=True).get(pk=client_id)
    return clock.local_day(at, clock.zone(zone))


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
