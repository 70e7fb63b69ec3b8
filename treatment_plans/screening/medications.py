"""What clients take besides, and the words about it that a prescriber approved for one client."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope, Refused
from practice.models import Client, Clinician, User
from treatment_plans.errors import NotAPrescriber
from treatment_plans.models import CurrentMedication, HoldInstruction, InteractionRule
from treatment_plans.rules import interactions as interaction_rules
from treatment_plans.rules.interactions import InteractionFact, InteractionHit, MedicationFact


class StoppedBefore(Refused):
    code = "stopped_before"
    message = _("This was stopped before.")


class WithdrawnBefore(Refused):
    code = "withdrawn_before"
    message = _("These words were withdrawn before.")


@door
def record(client: Client, values: Mapping[str, Any], *, actor: User, now: datetime) -> CurrentMedication:
    medication = save_new(CurrentMedication(client=client, recorded_by=actor, recorded_at=now, **values))
    activity.record("medication.recorded", medication, actor=actor, at=now, client=client)
    return medication


@door
def stop(medication_id: int, *, stopped_on: date, actor: User, now: datetime) -> CurrentMedication:
    """It was taken for the last time on `stopped_on`: a record of what happened, no instruction."""
    medication = lock_for_edit(CurrentMedication.objects.all(), medication_id, revision=None)
    if medication.stopped_on is not None:
        raise StoppedBefore
    if medication.since_on is not None and stopped_on < medication.since_on:
        raise Invalid(
            _("The last day can't come before the first."),
            code="ends_before_it_begins",
            pointer="/stopped_on",
        )
    save_changes(medication, {"stopped_on": stopped_on})
    activity.record("medication.stopped", medication, actor=actor, at=now, client=medication.client_id)
    return medication


@door
def classify(medication_id: int, *, medicine_class: str, actor: User, now: datetime) -> CurrentMedication:
    medication = lock_for_edit(CurrentMedication.objects.all(), medication_id, revision=None)
    save_changes(medication, {"medicine_class": medicine_class})
    activity.record("medication.classified", medication, actor=actor, at=now, client=medication.client_id)
    return medication


@door
def approve_hold(
    client: Client,
    *,
    text_en: str,
    text_es: str,
    medication: CurrentMedication | None = None,
    approved_by: Clinician,
    actor: User,
    now: datetime,
) -> HoldInstruction:
    """Approve words for this client. Raises NotAPrescriber, Invalid without both languages."""
    if approved_by.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/approved_by")
    for name, text in (("text_en", text_en), ("text_es", text_es)):
        if not text.strip():
            raise Invalid(_("Write it in both languages."), code="required", pointer=f"/{name}")
    if medication is not None and medication.client_id != client.pk:
        raise OutOfScope(pointer="/medication")
    hold = save_new(
        HoldInstruction(
            client=client,
            medication=medication,
            text_en=text_en.strip(),
            text_es=text_es.strip(),
            approved_by=approved_by,
            approved_at=now,
        )
    )
    activity.record("hold_instruction.approved", hold, actor=actor, at=now, client=client)
    return hold


@door
def withdraw_hold(
    hold_id: int, *, reason: str, withdrawn_by: Clinician, actor: User, now: datetime
) -> HoldInstruction:
    """The words reach the client no more. Raises NotAPrescriber, WithdrawnBefore."""
    if withdrawn_by.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber
    hold = HoldInstruction.objects.select_for_update(no_key=True, of=("self",)).filter(pk=hold_id).first()
    if hold is None:
        raise OutOfScope
    if hold.withdrawn_at is not None:
        raise WithdrawnBefore
    hold.withdrawn_at, hold.withdrawn_by, hold.withdraw_reason = now, withdrawn_by, reason
    hold.save(update_fields=["withdrawn_at", "withdrawn_by", "withdraw_reason"])
    activity.record("hold_instruction.withdrawn", hold, actor=actor, at=now, client=hold.client_id)
    return hold


def hold_instruction(client_id: int, language: str) -> str:
    """The words that stand for this client, a paragraph each; '' when there are none.

    The only text about medicines that may reach the client, and only after their birth date was given:
    never in a text message, a subject or an address.
    """
    standing = HoldInstruction.objects.filter(client=client_id, withdrawn_at=None).order_by(
        "approved_at", "pk"
    )
    column = "text_es" if language == "es" else "text_en"
    return "\n\n".join(standing.values_list(column, flat=True))


def interactions_of(
    client_ids: list[int], *, route: str | None, day: date
) -> dict[int, tuple[tuple[InteractionHit, ...], tuple[MedicationFact, ...]]]:
    """By client what matters on `day`, and what belongs to no class yet. Two queries."""
    rules = [
        InteractionFact(
            row.pk,
            row.medicine_class,
            row.effect,
            row.advice,
            row.source,
            row.hold_hours,
            row.hold_days,
            frozenset(row.routes),
        )
        for row in InteractionRule.objects.filter(is_active=True).order_by("medicine_class", "pk")
    ]
    taken: dict[int, list[MedicationFact]] = {client_id: [] for client_id in client_ids}
    rows = CurrentMedication.objects.filter(client__in=client_ids).filter(
        Q(stopped_on=None) | Q(stopped_on__year__gte=day.year - 1)
    )
    for row in rows.order_by("name", "pk"):
        taken[row.client_id].append(
            MedicationFact(row.pk, row.name, row.medicine_class, row.since_on, row.stopped_on)
        )
    return {
        client_id: (
            interaction_rules.interactions(medications, rules, route=route, day=day),
            interaction_rules.unclassified(medications, day=day),
        )
        for client_id, medications in taken.items()
    }
