"""Clients who wait for a prescriber's decision: what is there, what is missing, and what was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext_noop as _

from practice import activity
from practice.clients import join_care_team
from practice.doors import door, on_violation
from practice.editing import save_new
from practice.errors import Invalid, OutOfScope, Refused, Taken
from practice.models import Client, Clinician, Consent, ConsentDocument, User
from treatment_plans.errors import InactiveClinician, NotAPrescriber
from treatment_plans.models import (
    ClinicalResult,
    Evaluation,
    Screening,
    ScreeningFlag,
    ScreeningForm,
)
from treatment_plans.rules import flags as flag_rules
from treatment_plans.rules.interactions import InteractionHit, MedicationFact
from treatment_plans.rules.screening import BLOCKING
from treatment_plans.screening import flags as screening_flags
from treatment_plans.screening import medications

NEW, WAITING_ON_CLIENT, READY = "new", "waiting_on_client", "ready_to_decide"


class ReferredBefore(Taken):
    code = "referred_before"
    message = _("The client waits for a decision already.")


class NobodyToDecide(Invalid):
    code = "nobody_to_decide"
    message = _("Name the psychiatrist who is to decide.")


class EvaluationClosed(Refused):
    code = "evaluation_closed"
    message = _("This has been decided.")


on_violation("treatment_plans_one_open_evaluation", ReferredBefore)


@dataclass(frozen=True, slots=True)
class Missing:
    """`kind` is form, consent or result; `code` names which."""

    kind: str
    code: str
    title: str


@dataclass(frozen=True)
class Waiting:
    """A client who waits. `flags` are those that stand against a dose, and notes nobody has looked at."""

    evaluation: Evaluation
    needed: int
    missing: tuple[Missing, ...]
    flags: tuple[ScreeningFlag, ...]
    interactions: tuple[InteractionHit, ...]
    unclassified: tuple[MedicationFact, ...]

    @property
    def filled(self) -> int:
        return self.needed - len(self.missing)

    @property
    def stage(self) -> str:
        return stage(self.missing, self.evaluation.asked_at)


def stage(missing: Sequence[Missing], asked_at: datetime | None) -> str:
    """Where it stands: all is there, the client was asked for what is missing, or nobody has begun."""
    if not missing:
        return READY
    return NEW if asked_at is None else WAITING_ON_CLIENT


@door
def refer(client: Client, *, prescriber: Clinician | None = None, actor: User, now: datetime) -> Evaluation:
    """Send the client to a prescriber, who joins the care team and so finds the client in the queue.

    Without one it goes to the psychiatrists of the team, else to the only one of the practice.
    Locks the client. Raises ReferredBefore, NotAPrescriber, InactiveClinician, NobodyToDecide.
    """
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    if prescriber is not None and prescriber.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/prescriber")
    if prescriber is not None and not prescriber.is_active:
        raise InactiveClinician(pointer="/prescriber")
    evaluation = save_new(Evaluation(client=client, referred_by=actor, referred_at=now))
    activity.record("evaluation.referred", evaluation, actor=actor, at=now, client=client)
    join_care_team(client.pk, _deciders(client, prescriber), actor=actor, now=now)
    return evaluation


def _deciders(client: Client, prescriber: Clinician | None) -> list[int]:
    if prescriber is not None:
        return [prescriber.pk]
    psychiatrists = Clinician.objects.filter(kind=Clinician.Kind.PSYCHIATRIST, is_active=True)
    on_team = list(
        psychiatrists.filter(care_teams__client=client, care_teams__left_at=None).values_list("pk", flat=True)
    )
    if on_team:
        return on_team
    everybody = list(psychiatrists.values_list("pk", flat=True)[:2])
    if len(everybody) != 1:
        raise NobodyToDecide(pointer="/prescriber")
    return everybody


@door
def ask(evaluation_id: int, *, actor: User, now: datetime) -> Evaluation:
    """The client was asked for what is missing. Raises EvaluationClosed."""
    rows = Evaluation.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "client", "referred_by"
    )
    evaluation = rows.filter(pk=evaluation_id).first()
    if evaluation is None:
        raise OutOfScope
    if evaluation.closed_at is not None:
        raise EvaluationClosed
    evaluation.asked_at = now
    evaluation.save(update_fields=["asked_at"])
    activity.record("evaluation.asked", evaluation, actor=actor, at=now, client=evaluation.client_id)
    return evaluation


def load(evaluations: Iterable[Evaluation], *, day: date) -> list[Waiting]:
    """In the order given. Eight queries, whatever the number."""
    evaluations = list(evaluations)
    ids = sorted({each.client_id for each in evaluations})
    forms = list(ScreeningForm.objects.filter(approved_at__isnull=False, retired_at=None).order_by("code"))
    documents = list(ConsentDocument.objects.filter(is_current=True, is_required=True).order_by("kind"))
    filled = set(Screening.objects.filter(client__in=ids).values_list("client", "form__code"))
    signed = set(
        Consent.objects.filter(
            Q(valid_through_on=None) | Q(valid_through_on__gte=day),
            client__in=ids,
            withdrawn_at=None,
            document__in=documents,
        ).values_list("client", "document")
    )
    flags = _flags(ids, day)
    results = _results(ids)
    taken = medications.interactions_of(ids, route=None, day=day)
    found = []
    for evaluation in evaluations:
        client = evaluation.client_id
        wanted = [
            *(Missing("form", form.code, form.name) for form in forms),
            *(Missing("consent", document.kind, document.title) for document in documents),
        ]
        missing = [
            *(Missing("form", form.code, form.name) for form in forms if (client, form.code) not in filled),
            *(
                Missing("consent", document.kind, document.title)
                for document in documents
                if (client, document.pk) not in signed
            ),
        ]
        for flag in flags[client]:
            kind = flag.rule.result_kind
            asked = Missing("result", kind, flag.rule.get_result_kind_display()) if kind else None
            if (
                asked is None
                or asked in wanted
                or screening_flags.fact_of(flag).decision == flag_rules.MISTAKE
            ):
                continue
            wanted.append(asked)
            if (client, kind) not in results or (results[client, kind] or day) < day:
                missing.append(asked)
        interactions, unclassified = taken[client]
        found.append(
            Waiting(evaluation, len(wanted), tuple(missing), tuple(flags[client]), interactions, unclassified)
        )
    return found


def _flags(client_ids: list[int], day: date) -> dict[int, list[ScreeningFlag]]:
    """Of each client what is still to be disposed of, the oldest first."""
    rows = ScreeningFlag.objects.filter(client__in=client_ids).select_related(
        "rule", "disposition", "screening"
    )
    by_client: dict[int, list[ScreeningFlag]] = defaultdict(list)
    for flag in rows.order_by("raised_at", "pk"):
        fact = screening_flags.fact_of(flag)
        if fact.is_open(day) or (fact.effect in BLOCKING and fact.decision != flag_rules.MISTAKE):
            by_client[flag.client_id].append(flag)
    return by_client


def _results(client_ids: list[int]) -> dict[tuple[int, str], date | None]:
    """The last day of the latest result of each kind."""
    rows = ClinicalResult.objects.filter(client__in=client_ids, corrections=None)
    return {
        (client, kind): through
        for client, kind, through in rows.order_by("taken_on", "pk").values_list(
            "client", "kind", "valid_through_on"
        )
    }
