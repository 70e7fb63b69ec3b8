"""The notes of the demo's sessions: nearly all are signed, a few of the last days still wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random

from scheduling.care import notes
from treatment_plans.models import PlannedSession
from web.demo.so_far import Step, VisitSoFar
from web.demo.values import user_of

BEGUN_AFTER, SIGNED_AFTER = timedelta(minutes=12), timedelta(minutes=25)
STILL_OPEN_DAYS, OPEN_SHARE, DRAFT_SHARE = 2, 0.25, 0.6
Kind = PlannedSession.Kind
TEXTS: dict[str, tuple[str, ...]] = {
    Kind.CONSULT: (
        "Came by themselves, after years of low mood. Two medicines tried. Asks what a course is like. "
        "We spoke about what it can and can not do, and about who would stay with them. Evaluation next.",
        "Heard of us from their doctor. Sleep is poor, work suffers. No question left. Evaluation next.",
    ),
    Kind.EVALUATION: (
        "History taken, medicines gone through, pressure measured. Risks and other ways explained; agrees.",
    ),
    Kind.PREPARATION: (
        "Went through the day step by step: fasting, who drives, music, what to do when it gets hard. "
        "Intention: to be able to be with their sister without anger.",
        "Practised breathing and looking inward. Some fear of losing control; we agreed on a hand to hold.",
    ),
    Kind.DOSING: (
        "Settled within ten minutes. Quiet, some tears, spoke of the house of the grandparents. "
        "Came back slowly, ate a little, was steady when leaving.",
        "Restless at first, calm after the music changed. Few words. Says it was lighter than feared.",
    ),
    Kind.INTEGRATION: (
        "Brought a drawing of the session. We stayed with the door that would not open. "
        "Will write for ten minutes in the mornings.",
        "Slept better. Noticed an old argument starting and left it. Agreed on a walk each day.",
    ),
    Kind.REVIEW: ("Looked at the scores together and at what changed at home. Both see that it helps.",),
}


@dataclass
class NotePlayer:
    """Of one visit; chance is its own, so that nothing else of the demo depends on it."""

    visiting: VisitSoFar
    _rng: Random = field(default_factory=lambda: Random(1))  # noqa: S311  a story, not a secret

    def steps(self) -> Iterator[Step]:
        visit, player = self.visiting.visit, self.visiting.player
        ends_at = visit.last_place.ends_at
        self._rng.seed(f"note {visit.code} {visit.last_place.starts_at.isoformat()}")
        text = self._rng.choice(TEXTS[visit.kind])
        is_recent = (player.today - player.local_day(ends_at)).days < STILL_OPEN_DAYS
        if not is_recent or self._rng.random() > OPEN_SHARE:
            yield ends_at + SIGNED_AFTER, partial(self.write, text, True)
        elif self._rng.random() < DRAFT_SHARE:
            yield ends_at + BEGUN_AFTER, partial(self.write, text.partition(". ")[0], False)

    def write(self, text: str, is_signed: bool, now: datetime) -> None:
        author = self.visiting.clinician
        actor = user_of(author)
        note = notes.begin(self.visiting.booking_id, text=text, author=author, actor=actor, now=now)
        if is_signed:
            notes.sign(note.pk, revision=note.revision, actor=actor, now=now)
