"""Locking what a booking makes scarcer, in the order of docs/locking.md, and reading it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import connection

from practice.doors import step
from practice.models import Client, Clinician, Room
from scheduling.engine.types import ResourceKey
from treatment_plans.models import TreatmentPlan

# One statement. PostgreSQL works through the parts of a UNION ALL from the first to the last, and each part
# takes its rows in the order of their primary keys.
_IN_ORDER = " UNION ALL ".join(
    f"SELECT '{what}', id, {name} FROM (SELECT * FROM {model._meta.db_table}"  # noqa: S608  our own names
    f" WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE) AS {what}s"
    for what, model, name in (
        ("plan", TreatmentPlan, "''"),
        ("clinician", Clinician, "name"),
        ("room", Room, "name"),
        ("client", Client, "''"),
    )
)

Names = Mapping[tuple[str, int], str]


@step
def lock_rows(plan_ids: Iterable[int], keys: Iterable[ResourceKey], client_ids: Iterable[int]) -> Names:
    """One query; returns the names of the clinicians and rooms, by kind and id. What was read before this is
    only good for choosing what to lock.
    """
    keys = list(keys)
    ids = [
        sorted(set(plan_ids)),
        *(sorted({key.id for key in keys if key.kind == kind}) for kind in ("clinician", "room")),
        sorted(set(client_ids)),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_IN_ORDER, ids)
        return {(what, pk): name for what, pk, name in cursor.fetchall()}


@step
def lock_all(
    plan_ids: Iterable[int], keys: Iterable[ResourceKey], client_ids: Iterable[int]
) -> tuple[dict[int, TreatmentPlan], dict[int, Client]]:
    """Plans and clients as they are now, by id."""
    plan_ids, client_ids = set(plan_ids), set(client_ids)
    lock_rows(plan_ids, keys, client_ids)
    plans = TreatmentPlan.objects.select_related("protocol").in_bulk(plan_ids) if plan_ids else {}
    return plans, Client.objects.in_bulk(client_ids)


@step
def lock(
    plan_id: int | None, keys: Iterable[ResourceKey], client_id: int
) -> tuple[TreatmentPlan | None, Client]:
    """The same for one booking."""
    plans, clients = lock_all([] if plan_id is None else [plan_id], keys, [client_id])
    return plans.get(plan_id or 0), clients[client_id]


def named(model: type[Clinician] | type[Room], pk: int | None, names: Names) -> Clinician | Room | None:
    """The one that was locked, with its name; whatever else is asked of it is read then."""
    name = names.get((model._meta.model_name or "", pk or 0))
    return None if name is None else model.from_db(connection.alias, ["id", "name"], [pk, name])
