"""Plays the way to an evaluation: referred, asked by the screening form, and what that found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from notifications import links, page_messages, page_sending, screening_links
from notifications.models import ClientLink
from treatment_plans.models import Evaluation, ScreeningSheet
from treatment_plans.rules import screening as rules
from treatment_plans.rules.screening import Question
from treatment_plans.screening import evaluations, medications, screenings
from treatment_plans.screening.sheets import questions_of
from web.demo.course import Screened
from web.demo.so_far import ClientSoFar, Step
from web.demo.values import user_of

SWEEP, OPENED_AFTER, EACH_TAKES = timedelta(seconds=30), timedelta(hours=2), timedelta(seconds=25)
UNREMARKABLE: Mapping[str, Any] = {
    rules.YES_NO: "no",
    rules.TEXT: "",
    rules.BLOOD_PRESSURE: {"systolic": 122, "diastolic": 78},
}


@dataclass
class ScreeningPlayer:
    player: ClientSoFar
    _evaluation: Evaluation | None = None

    def steps(self) -> Iterator[Step]:
        course = self.player.course
        if course.referred_at is not None:
            yield course.referred_at, self.refer
        told = course.screened
        if told is None:
            return
        if told.by == "staff":
            yield told.at, partial(self.record, told)
            return
        yield told.at, self.send
        yield told.at + OPENED_AFTER, self.open
        keys = list(answers_of(questions_of(self.player.clinic.form), told, age=self.age))[: told.until]
        for number, key in enumerate(keys, start=1):
            yield told.at + OPENED_AFTER + number * EACH_TAKES, partial(self.answer, told, key)
        if told.until is None:
            yield told.at + OPENED_AFTER + (len(keys) + 2) * EACH_TAKES, self.finish

    @property
    def age(self) -> int:
        return (self.player.today - self.player.course.person.birth_date).days // 365

    @property
    def link_id(self) -> int:
        return ClientLink.objects.get(sheet__client=self.player.client).pk

    def refer(self, now: datetime) -> None:
        self._evaluation = evaluations.refer(
            self.player.client,
            prescriber=self.player.psychiatrist,
            actor=user_of(self.player.therapist),
            now=now,
        )

    def record(self, told: Screened, now: datetime) -> None:
        form, nurse = self.player.clinic.form, self.player.clinic.nurse
        answers = answers_of(questions_of(form), told, age=self.age)
        filled = screenings.Filled(form, answers, "with_staff")
        screenings.record(self.player.client, filled, actor=nurse, now=now)
        for name, medicine_class in told.medicines:
            values = {"name": name, "medicine_class": medicine_class, "source": "client"}
            medications.record(self.player.client, values, actor=nurse, now=now)

    def send(self, now: datetime) -> None:
        """By text, or by hand for those who want none."""
        client = self.player.client
        delivery = "message" if page_messages.addresses_of(client) else "copy"
        screening_links.ask(
            client,
            self.player.clinic.form,
            delivery=delivery,
            secret=links.new_secret(),
            actor=self.player.desk,
            now=now,
        )
        page_sending.tell_due(clock=lambda: now + SWEEP)
        if self._evaluation is not None:
            evaluations.ask(self._evaluation.pk, actor=self.player.desk, now=now)

    def open(self, now: datetime) -> None:
        links.note_view(self.link_id, now=now)
        links.prove(self.link_id, self.player.client.birth_date, now=now)

    def answer(self, told: Screened, key: str, now: datetime) -> None:
        sheet = ScreeningSheet.objects.select_related("form").get(client=self.player.client)
        value = answers_of(questions_of(sheet.form), told, age=self.age)[key]
        screening_links.answer(self.link_id, key, value, now=now)

    def finish(self, now: datetime) -> None:
        screening_links.finish(self.link_id, now=now)


def answers_of(questions: tuple[Question, ...], told: Screened, *, age: int) -> dict[str, Any]:
    """Of a choice the first option says that all is well."""
    found = {}
    for question in questions:
        usual = question.options[0].code if question.options else UNREMARKABLE.get(question.kind, age)
        found[question.key] = told.answers.get(question.key, usual)
    return {**found, "can_abstain": told.answers.get("can_abstain", "yes")}
