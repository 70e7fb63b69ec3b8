"""The protocols that a new practice starts with: one per route, not approved, so without effect."""

from __future__ import annotations

from treatment_plans.defaults.protocols import DEFAULT_PROTOCOLS
from treatment_plans.models import Protocol, Route


def add_missing() -> list[Protocol]:
    """Create a first version for each route that has none; returns them. Changes none."""
    present = set(Protocol.objects.values_list("route", flat=True))
    return Protocol.objects.bulk_create(
        Protocol(route=route, version=1, name=str(Route(route).label).capitalize(), **settings)
        for route, settings in DEFAULT_PROTOCOLS.items()
        if route not in present
    )
