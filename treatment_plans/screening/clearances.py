"""A prescriber's medical decisions about a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from practice import activity
from practice.clients import join_care_team
from practice.doors import door
from practice.editing import save_new
from practice.models import Client, Clinician, User
from treatment_plans.errors import NotAPrescriber
from treatment_plans.models import Clearance, Evaluation, RemsEnrollment
from treatment_plans.screening import flags as screening_flags
from treatment_plans.screening.flags import Disposal


@door
def decide(
    client_id: int,
    values: Mapping[str, Any],
    *,
    flags: Sequence[Disposal] = (),
    decided_by: Clinician,
    actor: User,
    now: datetime,
) -> Clearance:
    """Record a decision; it supersedes the one before from now on. `flags` are disposed of with it.

    Locks the client. Raises NotAPrescriber unless `decided_by` is a psychiatrist, FlagsNotCovered when a
    granted clearance leaves out an open flag.
    """
    if decided_by.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/decided_by")
    Client.objects.select_for_update(no_key=True).get(pk=client_id)
    Clearance.objects.filter(client_id=client_id, superseded_at=None).update(superseded_at=now)
    clearance = save_new(Clearance(client_id=client_id, decided_by=decided_by, decided_at=now, **values))
    activity.record("clearance.decided", clearance, actor=actor, at=now, client=client_id)
    is_final = clearance.decision != Clearance.Decision.NEEDS_MORE
    waiting = Evaluation.objects.filter(client=client_id, closed_at=None)
    waiting.update(**{"closed_at" if is_final else "asked_at": now})
    on = clearance.valid_from_on
    screening_flags.cover(clearance, flags, on=on, decided_by=decided_by, actor=actor, now=now)
    join_care_team(client_id, [decided_by.pk], actor=actor, now=now)
    return clearance


@door
def enroll(
    client_id: int, *, enrolled_on: date, reference: str = "", actor: User, now: datetime
) -> RemsEnrollment:
    """Record that the client is enrolled in the Spravato REMS. Raises AlreadyEnrolled."""
    enrollment = save_new(RemsEnrollment(client_id=client_id, enrolled_on=enrolled_on, reference=reference))
    activity.record("rems.enrolled", enrollment, actor=actor, at=now, client=client_id)
    return enrollment
