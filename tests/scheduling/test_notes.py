"""Session notes: drafts, signatures, addenda."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from practice.errors import Invalid
from scheduling import booking
from scheduling.booking import Request
from scheduling.care import notes
from scheduling.models import Booking, NoteAddendum, SessionNote
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(clinic: Clinic) -> Booking:
    """A session of Maya's that has taken place."""
    client = clinic.ready_client()
    wanted = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    row = booking.book(wanted, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    Booking.objects.filter(pk=row.pk).update(status="completed", completed_at=row.ends_at)
    return row


@pytest.fixture
def draft(clinic: Clinic, held: Booking) -> SessionNote:
    assert clinic.ana.user
    return notes.begin(held.pk, text="calm", author=clinic.ana, actor=clinic.ana.user, now=NOW)


def test_a_note_is_about_what_has_begun_and_one_of_each_author(clinic: Clinic, held: Booking) -> None:
    ana = clinic.ana.user
    assert ana
    Booking.objects.update(status="booked", completed_at=None)
    with pytest.raises(notes.NotBegun):
        notes.begin(held.pk, author=clinic.ana, actor=ana, now=NOW)
    Booking.objects.update(status="arrived", arrived_at=NOW)
    notes.begin(held.pk, author=clinic.ana, actor=ana, now=NOW)
    with pytest.raises(notes.NoteExists):
        notes.begin(held.pk, author=clinic.ana, actor=ana, now=NOW)
    assert clinic.ito.user
    notes.begin(held.pk, author=clinic.ito, actor=clinic.ito.user, now=NOW)


def test_who_saves_second_is_shown_the_first(clinic: Clinic, draft: SessionNote) -> None:
    caller, tag = Caller(clinic.ana.user), '"1"'
    first = caller.send("PATCH", f"session-notes/{draft.pk}", {"text": "one"}, **{"If-Match": tag})
    second = caller.send("PATCH", f"session-notes/{draft.pk}", {"text": "two"}, **{"If-Match": tag})
    assert (first.status_code, second.status_code) == (200, 412)
    shown = second.json()["alternatives"]
    assert [(one["text"], one["revision"]) for one in shown] == [("one", 2)]
    assert SessionNote.objects.get().text == "one"


def test_only_the_author_saves_signs_and_discards(clinic: Clinic, draft: SessionNote) -> None:
    ito = clinic.ito.user
    assert ito
    for attempt in (
        lambda: notes.save(draft.pk, "mine", revision=1, actor=ito, now=NOW),
        lambda: notes.sign(draft.pk, revision=1, actor=ito, now=NOW),
        lambda: notes.discard(draft.pk, revision=1, actor=ito, now=NOW),
    ):
        with pytest.raises(notes.NotYourNote):
            attempt()  # type: ignore[no-untyped-call]
    assert Caller(ito).get(f"session-notes/{draft.pk}").status_code == 404  # a draft is its author's
    notes.discard(draft.pk, revision=1, actor=clinic.ana.user, now=NOW)  # type: ignore[arg-type]
    assert not SessionNote.objects.exists()


def test_signed_is_signed_for_the_database_too(clinic: Clinic, draft: SessionNote) -> None:
    ana, ito = clinic.ana.user, clinic.ito.user
    assert ana
    assert ito
    with pytest.raises(notes.NotSigned):
        notes.add(draft.pk, "too early", author=clinic.ito, actor=ito, now=NOW)
    with pytest.raises(notes.StaleDraft):  # what is signed is what was read
        notes.sign(draft.pk, revision=2, actor=ana, now=NOW)
    notes.sign(draft.pk, revision=1, actor=ana, now=NOW)
    with pytest.raises(notes.SignedBefore):
        notes.save(draft.pk, "other", revision=2, actor=ana, now=NOW)
    for statement in ("UPDATE scheduling_sessionnote SET text = 'x'", "DELETE FROM scheduling_sessionnote"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    notes.add(draft.pk, "and slept", author=clinic.ito, actor=ito, now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        NoteAddendum.objects.update(text="x")
    shown = Caller(ito).get(f"session-notes/{draft.pk}").json()
    assert (shown["text"], [one["text"] for one in shown["addenda"]]) == ("calm", ["and slept"])


def test_nothing_is_not_signed(clinic: Clinic, draft: SessionNote) -> None:
    ana = clinic.ana.user
    assert ana
    notes.save(draft.pk, "", revision=1, actor=ana, now=NOW)
    with pytest.raises(Invalid):
        notes.sign(draft.pk, revision=2, actor=ana, now=NOW)
