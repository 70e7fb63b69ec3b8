"""Psychotherapy notes: sealed in the database, open to their author alone."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from config.note_keys import note_keys
from practice.errors import Invalid, OutOfScope, Stale
from practice.models import Activity
from tests.api.calls import Caller
from tests.cast import NOW, Clinic
from treatment_plans import psychotherapy_notes
from treatment_plans.models import PsychotherapyNote
from treatment_plans.sealing import NoKey, Unreadable

pytestmark = pytest.mark.django_db
SAID = "She spoke of her sister."


@pytest.fixture
def note(clinic: Clinic) -> PsychotherapyNote:
    return psychotherapy_notes.write(clinic.maya, SAID, author=clinic.ana, actor=clinic.ana.user, now=NOW)  # type: ignore[arg-type]


def read(clinic: Clinic, note: PsychotherapyNote) -> str:
    assert clinic.ana.user
    return psychotherapy_notes.read(PsychotherapyNote.objects.get(pk=note.pk), reader=clinic.ana.user)


def test_the_database_holds_no_word_of_it(clinic: Clinic, note: PsychotherapyNote) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(n)::text FROM treatment_plans_psychotherapynote n")
        stored = cursor.fetchone()[0]
    assert "sister" not in stored
    assert not any("sister" in str(row.data) for row in Activity.objects.all())
    assert read(clinic, note) == SAID


def test_nobody_but_the_author_opens_it(clinic: Clinic, note: PsychotherapyNote) -> None:
    for other in (clinic.ito.user, clinic.ben.user, clinic.ada, clinic.odo):
        assert other
        with pytest.raises(OutOfScope):
            psychotherapy_notes.read(note, reader=other)
        with pytest.raises(OutOfScope):
            psychotherapy_notes.rewrite(note.pk, "mine", revision=1, actor=other, now=NOW)
    assert read(clinic, note) == SAID


def test_two_windows_of_one_author_lose_nothing(clinic: Clinic, note: PsychotherapyNote) -> None:
    ana = clinic.ana.user
    assert ana
    psychotherapy_notes.rewrite(note.pk, "first", revision=1, actor=ana, now=NOW)
    with pytest.raises(Stale):
        psychotherapy_notes.rewrite(note.pk, "second", revision=1, actor=ana, now=NOW)
    with pytest.raises(Invalid):
        psychotherapy_notes.rewrite(note.pk, " ", revision=2, actor=ana, now=NOW)
    assert read(clinic, note) == "first"


def test_through_the_api_only_the_author_learns_that_it_exists(
    clinic: Clinic, note: PsychotherapyNote
) -> None:
    listed = {
        name: Caller(user).get("psychotherapy-notes").json()["results"]
        for name, user in (("ana", clinic.ana.user), ("ito", clinic.ito.user), ("odo", clinic.odo))
    }
    assert [row["id"] for row in listed["ana"]] == [note.pk]
    assert "text" not in listed["ana"][0]
    assert listed["ito"] == []
    assert listed["odo"] == [{"id": note.pk, "client": clinic.maya.pk}]
    answer = Caller(clinic.ana.user).get(f"psychotherapy-notes/{note.pk}")
    assert (answer.json()["text"], answer["Cache-Control"]) == (SAID, "no-store")


def test_keys_are_changed_without_losing_a_note(
    clinic: Clinic, note: PsychotherapyNote, settings: Any
) -> None:
    old, new = settings.NOTE_KEYS[0], Fernet.generate_key().decode()
    settings.NOTE_KEYS = [new, old]
    assert read(clinic, note) == SAID
    call_command("reseal_notes", verbosity=0)
    settings.NOTE_KEYS = [new]
    assert read(clinic, note) == SAID
    settings.NOTE_KEYS = [old]
    with pytest.raises(Unreadable):
        read(clinic, note)
    settings.NOTE_KEYS = []
    with pytest.raises(NoKey):
        read(clinic, note)


@pytest.mark.parametrize("words", ["x", "a" * 42, "é" * 44, f"{'A' * 43}=,short"])
def test_what_is_no_key_is_refused_without_repeating_it(words: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        note_keys(words)
    assert words not in str(refusal.value)


def test_keys_are_listed_with_commas() -> None:
    keys = [Fernet.generate_key().decode() for _each in range(2)]
    assert note_keys(f" {keys[0]}, {keys[1]}, ") == keys
    assert note_keys("") == []
