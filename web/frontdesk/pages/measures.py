"""Filling in a questionnaire with a client, and what a safety alert asks of a clinician."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice.access import CLINICAL, TREATING, access_one, visible_to
from practice.errors import OutOfScope
from treatment_plans import safety
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.measuring.questionnaires import find_questionnaire
from treatment_plans.models import Measure, SafetyAlert
from treatment_plans.rules.instruments import INSTRUMENTS
from web.frontdesk.forms.measures import DispositionForm, QuestionnaireForm, answers
from web.frontdesk.pages.clients import ClientUseCase
from web.frontdesk.use_case import Done

IN_DANGER = _("Whoever is in danger now: call 911. Thoughts of suicide: 988, by call or text, day and night.")


class FillIn(ClientUseCase):
    form_class = QuestionnaireForm
    roles = CLINICAL
    title = _("Fill in with the client")
    submit = _("Save the answers")

    def load(self, **ids: Any) -> None:
        super().load(client_id=ids["client_id"])
        self.instrument = ids["instrument"]
        found = find_questionnaire(self.instrument, self.client.language)
        found = found or find_questionnaire(self.instrument, "en")
        if found is None:
            raise OutOfScope
        self.questionnaire = found

    def form_options(self) -> dict[str, Any]:
        return {"questionnaire": self.questionnaire}

    def page(self) -> dict[str, Any]:
        return {
            **super().page(),
            "title": f"{INSTRUMENTS[self.instrument].name}: {self.title}",
            "intro": self.questionnaire.intro,
        }

    def run(self, values: dict[str, Any]) -> Measure:
        answered = Answered(self.instrument, answers(values), Measure.Source.WITH_STAFF)
        return measures.record(self.client, answered, actor=self.user, now=self.now)

    def done(self, result: Measure) -> Done:
        name = INSTRUMENTS[self.instrument].name
        if result.flags:
            return Done(
                self.at("outcomes"),
                gettext("%(name)s is saved. One answer needs you to look at it now.") % {"name": name},
            )
        return Done(self.at("outcomes"), gettext("%(name)s is saved.") % {"name": name})


class OfAlert(ClientUseCase):
    """A page about one alert."""

    roles = TREATING

    def load(self, **ids: Any) -> None:
        rows = SafetyAlert.objects.select_related("client", "measure")
        visible = visible_to(self.user, rows, client="client", roles=self.roles)
        self.alert = access_one(visible, ids["alert_id"], None)
        self.client = self.alert.client

    def page(self) -> dict[str, Any]:
        return {
            **super().page(),
            "intro": self.alert.get_reason_display().capitalize(),
            "warning": IN_DANGER,
        }


class TakeAlert(OfAlert):
    roles = CLINICAL
    title = _("Take care of an alert")
    submit = _("I take care of it")

    def run(self, values: dict[str, Any]) -> SafetyAlert:
        return safety.acknowledge(self.alert.pk, actor=self.user, now=self.now)

    def done(self, result: SafetyAlert) -> Done:
        return Done(self.at("outcomes"), gettext("It is yours. It stays open until you say what you found."))


class DisposeOfAlert(OfAlert):
    form_class = DispositionForm
    title = _("Close a safety alert")
    submit = _("Close it")

    def run(self, values: dict[str, Any]) -> SafetyAlert:
        return safety.dispose(self.alert.pk, **values, actor=self.user, now=self.now)

    def done(self, result: SafetyAlert) -> Done:
        return Done(self.at("outcomes"), gettext("The alert is closed. Doses may be given again."))
