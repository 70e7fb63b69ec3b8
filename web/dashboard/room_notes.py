"""The notes about a session as the room shows them: the reader's own draft, and what was signed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from practice.access import TREATING
from practice.models import Clinician, User
from scheduling.care import notes
from scheduling.models import Booking, SessionNote


@dataclass(frozen=True)
class RoomNotes:
    """`own` is the reader's, signed or not; `signed` is everybody's, the first one first."""

    own: SessionNote | None
    signed: tuple[SessionNote, ...]
    writes: bool

    @property
    def draft(self) -> SessionNote | None:
        return self.own if self.own is not None and self.own.signed_at is None else None

    @property
    def may_write(self) -> bool:
        """Begin a note, or go on with one's draft."""
        return self.writes and (self.own is None or self.own.signed_at is None)


def load(booking: Booking, user: User) -> RoomNotes:
    """Three queries. Others' drafts are their authors' alone."""
    rows = SessionNote.objects.filter(Q(signed_at__isnull=False) | Q(author__user=user), booking=booking)
    found = list(rows.select_related("author").prefetch_related("addenda__author").order_by("begun_at", "pk"))
    author = Clinician.objects.filter(user=user, is_active=True).first()
    return RoomNotes(
        next((note for note in found if note.author.user_id == user.pk), None),
        tuple(note for note in found if note.signed_at is not None),
        author is not None and user.has_role(*TREATING) and notes.has_begun(booking),
    )
