"""A client's whole timeline: the course, its sessions, and what the client wrote."""

from __future__ import annotations

import scheduling.timeline
import treatment_plans.timeline
from notifications.models import ClientNote
from practice.timeline import Source, Words


def _wrote(row: ClientNote) -> Words:
    return Words(str(row.get_about_display()).capitalize(), row.text)


SOURCES = (
    *treatment_plans.timeline.SOURCES,
    *scheduling.timeline.SOURCES,
    Source("client_wrote", lambda: ClientNote.objects.all(), "written_at", _wrote),
)
