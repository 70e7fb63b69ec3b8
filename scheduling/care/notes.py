"""Notes of the record: a draft of its author's, then signed for good; what comes later is an addendum."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from practice import activity
from practice.doors import door, on_violation, step
from practice.editing import lock_for_edit, save_changes, save_new
from practice.errors import Invalid, NotAllowed, OutOfScope, Refused, Stale, Taken
from practice.models import Clinician, User
from scheduling.models import Booking, NoteAddendum, SessionNote
from treatment_plans.models import TreatmentPlan

Kind = SessionNote.Kind
LONGEST = 50_000
# A note is about what has begun.
BEGUN = frozenset(
    {Booking.Status.ARRIVED, Booking.Status.IN_SESSION, Booking.Status.COMPLETED, Booking.Status.NO_SHOW}
)


class NoteExists(Taken):
    code = "note_exists"
    message = _("You have begun a note about this already.")


class ClosingNoteExists(Taken):
    code = "closing_note_exists"
    message = _("This plan has such a note already.")


class NotBegun(Refused):
    code = "session_not_begun"
    message = _("A note is written once the client is here.")


class NotYourNote(NotAllowed):
    code = "not_your_note"
    message = _("Only its author writes and signs this note.")


class SignedBefore(Refused):
    code = "signed_before"
    message = _("This note is signed: add to it by an addendum.")


class NotSigned(Refused):
    code = "note_not_signed"
    message = _("This note is still a draft: its author can change it.")


class StaleDraft(Stale):
    """`alternatives` has the text as it is now, so that neither of the two is lost."""

    code = "stale"
    message = _("This draft was saved elsewhere meanwhile. Keep what you need of both.")


on_violation("scheduling_one_note_per_author", NoteExists)
on_violation("scheduling_one_closing_note", ClosingNoteExists)


@door
def begin(booking_id: int, *, text: str = "", author: Clinician, actor: User, now: datetime) -> SessionNote:
    """Begin a draft about a session of any kind. Raises NotBegun, NoteExists for a second of one author."""
    booking = Booking.objects.select_for_update(no_key=True).filter(pk=booking_id).first()
    if booking is None:
        raise OutOfScope(pointer="/booking")
    if not has_begun(booking):
        raise NotBegun
    return _begin(
        SessionNote(client_id=booking.client_id, kind=Kind.SESSION, booking=booking),
        text,
        author,
        actor,
        now,
    )


def has_begun(booking: Booking) -> bool:
    """Also when it ended without a dose: then the booking is cancelled, but the client was here."""
    return booking.status in BEGUN or booking.arrived_at is not None


@door
def begin_closing(
    plan_id: int, *, kind: str, text: str = "", author: Clinician, actor: User, now: datetime
) -> SessionNote:
    """Begin the discharge summary or the relapse plan of a plan. Raises ClosingNoteExists, Invalid."""
    if kind == Kind.SESSION:
        raise Invalid(_("A session note is about a booking."), pointer="/kind")
    plan = TreatmentPlan.objects.select_for_update(no_key=True).filter(pk=plan_id).first()
    if plan is None:
        raise OutOfScope(pointer="/plan")
    return _begin(SessionNote(client_id=plan.client_id, kind=kind, plan=plan), text, author, actor, now)


@door
def save(note_id: int, text: str, *, revision: int, actor: User, now: datetime) -> SessionNote:
    """Save one's own draft. Raises StaleDraft, NotYourNote, SignedBefore, Invalid."""
    _check(text)
    note = _lock_own(note_id, actor=actor)
    _check_draft(note, revision)
    save_changes(note, {"text": text, "saved_at": now})
    _recorded("saved", note, actor, now)
    return note


@door
def sign(note_id: int, *, revision: int, actor: User, now: datetime) -> SessionNote:
    """Sign one's own draft as it was read: from now on it never changes.

    Raises StaleDraft, NotYourNote, SignedBefore, Invalid without text.
    """
    note = _lock_own(note_id, actor=actor)
    _check_draft(note, revision)
    if not note.text.strip():
        raise Invalid(_("There is nothing to sign yet."), code="required", pointer="/text")
    save_changes(note, {"signed_at": now})
    _recorded("signed", note, actor, now)
    return note


@door
def discard(note_id: int, *, revision: int, actor: User, now: datetime) -> None:
    """Throw one's own draft away. Raises StaleDraft, NotYourNote, SignedBefore."""
    note = _lock_own(note_id, actor=actor)
    _check_draft(note, revision)
    _recorded("discarded", note, actor, now)
    note.delete()


@door
def add(note_id: int, text: str, *, author: Clinician, actor: User, now: datetime) -> NoteAddendum:
    """Add to a signed note, in one's own name. Raises NotSigned, Invalid."""
    _check(text)
    if not text.strip():
        raise Invalid(_("Write something."), code="required", pointer="/text")
    note = lock_for_edit(SessionNote.objects.all(), note_id, revision=None)
    if note.signed_at is None:
        raise NotSigned
    addendum = save_new(
        NoteAddendum(note=note, author=author, text=text.strip(), signed_at=now, signed_by=actor)
    )
    _recorded("added_to", note, actor, now)
    return addendum


@step
def _begin(note: SessionNote, text: str, author: Clinician, actor: User, now: datetime) -> SessionNote:
    _check(text)
    note.author, note.text, note.begun_at, note.saved_at = author, text, now, now
    save_new(note)
    _recorded("drafted", note, actor, now)
    return note


@step
def _lock_own(note_id: int, *, actor: User) -> SessionNote:
    note = lock_for_edit(SessionNote.objects.select_related("author"), note_id, revision=None)
    if note.author.user_id != actor.pk:
        raise NotYourNote
    return note


def _check_draft(note: SessionNote, revision: int) -> None:
    if note.signed_at is not None:
        raise SignedBefore
    if note.revision != revision:
        raise StaleDraft(
            pointer="/headers/If-Match",
            alternatives=[{"revision": note.revision, "text": note.text, "saved_at": _spelt(note.saved_at)}],
        )


def _check(text: str) -> None:
    if len(text) > LONGEST:
        raise Invalid(_("This is too long for one note."), code="max_length", pointer="/text")


def _spelt(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@step
def _recorded(what: str, note: SessionNote, actor: User, at: datetime) -> None:
    data: dict[str, Any] = {"kind": note.kind, "booking": note.booking_id}
    activity.record(f"session_note.{what}", note, actor=actor, at=at, client=note.client_id, data=data)
