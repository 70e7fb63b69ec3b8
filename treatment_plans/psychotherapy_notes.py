"""Psychotherapy notes: their author's alone. Nobody else opens one, whatever their role."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, OutOfScope
from practice.models import Client, Clinician, User
from treatment_plans.models import PlannedSession, PsychotherapyNote
from treatment_plans.sealing import reseal, seal, unseal

LONGEST = 50_000


def own(rows: QuerySet[PsychotherapyNote], user: User) -> QuerySet[PsychotherapyNote]:
    """Those that the user wrote."""
    return rows.filter(author__user=user, author__is_active=True)


def read(note: PsychotherapyNote, *, reader: User) -> str:
    """The text. Raises OutOfScope for anybody but the author, and what `sealing.unseal` does."""
    if note.author.user_id != reader.pk:
        raise OutOfScope
    return unseal(note.sealed)


@door
def write(
    client: Client,
    text: str,
    *,
    planned_session: PlannedSession | None = None,
    author: Clinician,
    actor: User,
    now: datetime,
) -> PsychotherapyNote:
    """Keep a new note, sealed. Raises Invalid without text, OutOfScope for a session of somebody else."""
    _check(text)
    if planned_session is not None and planned_session.plan.client_id != client.pk:
        raise OutOfScope(pointer="/planned_session")
    note = save_new(
        PsychotherapyNote(
            client=client,
            author=author,
            planned_session=planned_session,
            sealed=seal(text),
            written_at=now,
            changed_at=now,
        )
    )
    activity.record("psychotherapy_note.written", note, actor=actor, at=now, client=client)
    return note


@door
def rewrite(note_id: int, text: str, *, revision: int, actor: User, now: datetime) -> PsychotherapyNote:
    """Change one's own note. Raises Stale, OutOfScope for somebody else's, Invalid without text."""
    _check(text)
    note = lock_for_edit(
        PsychotherapyNote.objects.select_related("author").filter(author__user=actor),
        note_id,
        revision=revision,
    )
    save_changes(note, {"sealed": seal(text), "changed_at": now})
    activity.record("psychotherapy_note.changed", note, actor=actor, at=now, client=note.client_id)
    return note


@door
def reseal_some(*, after: int, limit: int = 500, now: datetime) -> tuple[int, int | None]:
    """Put notes under the newest key, those behind the id `after`. Returns how many, and the last id.

    What the notes say does not change, so neither does their revision.
    """
    rows = list(
        PsychotherapyNote.objects.select_for_update(no_key=True).filter(pk__gt=after).order_by("pk")[:limit]
    )
    for note in rows:
        note.sealed = reseal(note.sealed)
        activity.record("psychotherapy_note.resealed", note, actor=None, at=now, client=note.client_id)
    PsychotherapyNote.objects.bulk_update(rows, ["sealed"])
    return len(rows), rows[-1].pk if rows else None


def _check(text: str) -> None:
    if not text.strip():
        raise Invalid(_("Write something."), code="required", pointer="/text")
    if len(text) > LONGEST:
        raise Invalid(_("This is too long for one note."), code="max_length", pointer="/text")
