"""What ends for a client by itself, when, and who has to see to it: clearances, consents, results, flags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from practice.models import Consent, Role
from treatment_plans.models import Clearance, ClinicalResult, ScreeningFlag
from treatment_plans.rules import flags as flag_rules
from treatment_plans.rules.screening import BLOCKING

# Whose work it is to renew it.
OWNERS = {
    "clearance": Role.PSYCHIATRIST,
    "consent": Role.FRONT_DESK,
    "result": Role.NURSE,
    "flag": Role.PSYCHIATRIST,
}


@dataclass(frozen=True, slots=True)
class Lifetime:
    """`valid_through_on` is the last day on which the record counts."""

    kind: str
    client_id: int
    record_id: int
    valid_through_on: date
    owner: str


def load(client_ids: Iterable[int]) -> tuple[Lifetime, ...]:
    """What has a last day, the first to end first, over or not; of results the latest. Four queries."""
    clients = sorted(set(client_ids))
    clearances = Clearance.objects.filter(
        client__in=clients, superseded_at=None, decision__in=Clearance.GRANTED
    )
    consents = Consent.objects.filter(client__in=clients, withdrawn_at=None, document__is_current=True)
    results = ClinicalResult.objects.filter(client__in=clients, corrections=None)
    latest = {
        (client, kind): (pk, through)
        for pk, client, kind, through in results.order_by("taken_on", "pk").values_list(
            "pk", "client", "kind", "valid_through_on"
        )
    }
    flags = ScreeningFlag.objects.filter(
        client__in=clients,
        rule__effect__in=BLOCKING,
        disposition__decision__in=(flag_rules.ACCEPTED, flag_rules.CONDITIONAL),
    )
    rows = [
        *(("clearance", *row) for row in clearances.values_list("client", "pk", "valid_through_on")),
        *(("consent", *row) for row in consents.values_list("client", "pk", "valid_through_on")),
        *(("result", client, pk, through) for (client, _kind), (pk, through) in latest.items()),
        *(("flag", *row) for row in flags.values_list("client", "pk", "disposition__valid_through_on")),
    ]
    found = [
        Lifetime(kind, client, pk, through, str(OWNERS[kind]))
        for kind, client, pk, through in rows
        if through is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.valid_through_on, each.kind, each.record_id)))
