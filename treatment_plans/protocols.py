"""Protocols become usable when a prescriber approves them, one version per route at a time."""

from __future__ import annotations

from datetime import datetime

from practice import activity
from practice.doors import door
from practice.editing import lock_for_edit, save_changes
from practice.models import Clinician, User
from treatment_plans.errors import NotAPrescriber, ProtocolDecided
from treatment_plans.models import Protocol


@door
def approve(protocol_id: int, *, approved_by: Clinician, actor: User, now: datetime) -> Protocol:
    """Approve a version; the one in use for its route is retired. Plans keep the version they began with."""
    if approved_by.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/approved_by")
    protocol = lock_for_edit(Protocol.objects.all(), protocol_id, revision=None)
    if protocol.approved_at is not None or protocol.retired_at is not None:
        raise ProtocolDecided
    for other in Protocol.objects.select_for_update(no_key=True).filter(
        route=protocol.route, approved_at__isnull=False, retired_at=None
    ):
        save_changes(other, {"retired_at": now})
        activity.record("protocol.retired", other, actor=actor, at=now)
    save_changes(protocol, {"approved_by": approved_by, "approved_at": now})
    activity.record("protocol.approved", protocol, actor=actor, at=now)
    return protocol
