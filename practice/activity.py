"""Who did what to which client. Written by every use case in its own transaction; never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models

from practice.doors import step
from practice.models import Activity, Client, User


@step
def record(
    action: str,
    subject: models.Model,
    *,
    actor: User | None,
    at: datetime,
    client: Client | int | None = None,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> Activity:
    """Append one entry. `data` carries codes, ids and field names, never a value that a person typed.

    `actor` is None when the system acts by itself.
    """
    return Activity.objects.create(
        at=at,
        actor=actor,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        client_id=client.pk if isinstance(client, Client) else client,
        reason=reason,
        data=dict(data or {}),
    )
