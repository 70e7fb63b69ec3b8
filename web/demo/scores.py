"""What the demo's clients answer in questionnaires: most get better, some don't, as in life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random

from treatment_plans import safety
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.models import Measure, PlannedSession, SafetyAlert
from treatment_plans.rules.instruments import INSTRUMENTS
from web.demo.so_far import ARRIVES_BEFORE, ClientSoFar, Step
from web.demo.values import NO_TO_ALL, user_of

BEFORE_A_DOSE = ARRIVES_BEFORE - timedelta(minutes=5)
AFTER_A_TALK = timedelta(minutes=-20)
SPOKEN_AFTER = timedelta(minutes=25)
FINDING = "We spoke at length: passing thoughts, no plan, no intent. The safety plan is renewed."
ASKED = ("phq9", "gad7")
UNSAFE_ITEM = "9"
STEADY, WORSE, BETTER = 1.0, 1.04, 0.78  # of the score, with each dose


@dataclass
class ScorePlayer:
    """One client's answers: at the start, before each dose, and in the integration sessions."""

    player: ClientSoFar

    def __post_init__(self) -> None:
        number = self.player.course.number
        self.rng = Random(f"scores of {number}")  # noqa: S311  a story, not a secret
        self.first = {"phq9": self.rng.randint(13, 22), "gad7": self.rng.randint(8, 17)}
        self.by_dose = self.rng.choices((BETTER, STEADY, WORSE), (8, 2, 1))[0]
        self.has_dark_thoughts = number % 6 == 2

    def steps(self) -> Iterator[Step]:
        if self.player.course.activated_at is not None:
            yield self.player.course.activated_at + timedelta(minutes=5), self.begin
        doses = 0
        for visit in sorted(self.player.course.visits, key=lambda visit: visit.last_place.starts_at):
            if not visit.came or visit.cancelled_at is not None:
                continue
            if visit.kind == PlannedSession.Kind.DOSING:
                yield (
                    visit.last_place.starts_at - BEFORE_A_DOSE,
                    partial(self.answer, doses=doses, session=(visit.kind, visit.number)),
                )
                doses += 1
            elif visit.kind == PlannedSession.Kind.INTEGRATION:
                yield visit.last_place.ends_at + AFTER_A_TALK, partial(self.answer, doses=doses)

    def begin(self, now: datetime) -> None:
        """At the start the screener is asked as well; before a dose it is part of the check-in."""
        self.answer(now, doses=0)
        answered = Answered(Measure.Instrument.CSSRS, NO_TO_ALL, Measure.Source.WITH_STAFF)
        measures.record(self.player.client, answered, actor=self.player.clinic.nurse, now=now)

    def answer(self, now: datetime, *, doses: int, session: tuple[str, int] | None = None) -> None:
        player = self.player
        for code in ASKED:
            total = self.first[code] * self.by_dose**doses + self.rng.uniform(-2, 2)
            answered = Answered(
                code,
                self.spread(code, round(total), is_first=doses == 0 and session is None),
                Measure.Source.WITH_STAFF,
                player.session(*session) if session else None,
            )
            measure = measures.record(player.client, answered, actor=player.clinic.nurse, now=now)
            if measure.flags:
                self.look(measure, now + SPOKEN_AFTER)

    def spread(self, code: str, total: int, *, is_first: bool) -> dict[str, int]:
        """Answers that add up to about `total`, without dark thoughts but for a few, once."""
        instrument = INSTRUMENTS[code]
        answers = dict.fromkeys(instrument.items, 0)
        open_items = [item for item in instrument.items if (code, item) != ("phq9", UNSAFE_ITEM)]
        for _each in range(max(0, min(total, len(open_items) * instrument.highest))):
            item = self.rng.choice([item for item in open_items if answers[item] < instrument.highest])
            answers[item] += 1
        if code == "phq9" and is_first and self.has_dark_thoughts:
            answers[UNSAFE_ITEM] = 1
        return answers

    def look(self, measure: Measure, at: datetime) -> None:
        """The therapist talks with the client at once."""
        alert = SafetyAlert.objects.get(measure=measure)
        safety.dispose(
            alert.pk,
            disposition=SafetyAlert.Disposition.SAFETY_PLAN,
            note=FINDING,
            actor=user_of(self.player.therapist),
            now=at,
        )
