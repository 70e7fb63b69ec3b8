"""Filling in the screening form with a client, and approving a version of it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import screening_links
from practice.access import APPROVES_PROTOCOLS, CLINICAL, access_one, check_signature
from practice.errors import OutOfScope
from treatment_plans.models import Screening, ScreeningForm, ScreeningSheet
from treatment_plans.rules import screening as screening_rules
from treatment_plans.screening import forms as screening_forms
from treatment_plans.screening import screenings
from treatment_plans.screening.screenings import Filled
from web.frontdesk.forms.screening import ScreeningForm as ScreeningFields
from web.frontdesk.forms.screening import answers_of
from web.frontdesk.pages.clients import ClientUseCase
from web.frontdesk.roles import SENDS_FORMS
from web.frontdesk.use_case import Done, UseCasePage


class FillScreening(ClientUseCase):
    form_class = ScreeningFields
    roles = CLINICAL
    title = _("Fill in the screening form")
    submit = _("Save the answers")

    def load(self, **ids: Any) -> None:
        super().load(client_id=ids["client_id"])
        self.screening_form = _in_use(ids["code"])
        self.questions = screening_rules.questions_of(self.screening_form.questions)

    def form_options(self) -> dict[str, Any]:
        return {"questions": self.questions}

    def page(self) -> dict[str, Any]:
        return {**super().page(), "title": f"{self.screening_form}: {self.title}"}

    def run(self, values: dict[str, Any]) -> Screening:
        answers = answers_of(self.questions, values)
        filled = Filled(self.screening_form, answers, values["source"])
        return screenings.record(self.client, filled, actor=self.user, now=self.now)

    def done(self, result: Screening) -> Done:
        count = result.flags.count()
        if count:
            words = gettext("The answers are saved. %(count)s of them wait for a prescriber.") % {
                "count": count
            }
            return Done(self.at("clearance"), words)
        return Done(self.at("clearance"), gettext("The answers are saved."))


class SendScreening(ClientUseCase):
    """The client fills it alone; an address to hand on is made on the clinicians' pages, and shown once."""

    roles = SENDS_FORMS
    title = _("Send the screening form")
    submit = _("Send it by text or email")

    def load(self, **ids: Any) -> None:
        super().load(client_id=ids["client_id"])
        self.screening_form = _in_use(ids["code"])

    def page(self) -> dict[str, Any]:
        return {
            **super().page(),
            "title": f"{self.screening_form}: {self.title}",
            "intro": gettext(
                "The message names no health matter. The page behind it asks for the birth date, then one "
                "question after the other. What was answered before is kept."
            ),
        }

    def run(self, values: dict[str, Any]) -> ScreeningSheet:
        return screening_links.ask(
            self.client,
            self.screening_form,
            delivery=screening_links.MESSAGE,
            secret="",
            actor=self.user,
            now=self.now,
        )

    def done(self, result: ScreeningSheet) -> Done:
        return Done(self.at("forms"), gettext("It goes out now, or in the morning when it is night there."))


def _in_use(code: Any) -> ScreeningForm:
    found = ScreeningForm.objects.filter(code=code, approved_at__isnull=False, retired_at=None).first()
    if found is None:
        raise OutOfScope
    return found


class ApproveForm(UseCasePage):
    roles = APPROVES_PROTOCOLS
    title = _("Approve a screening form")
    submit = _("Approve it in my name")

    def load(self, **ids: int) -> None:
        self.screening_form = access_one(ScreeningForm.objects.all(), ids["form_id"], None)

    def page(self) -> dict[str, Any]:
        return {
            "subtitle": str(self.screening_form),
            "intro": gettext(
                "It is filled in from now on, and it can't be changed any more, nor can its rules. "
                "The version in use is retired."
            ),
        }

    def back(self) -> str:
        return reverse("admin:treatment_plans_screeningform_change", args=[self.screening_form.pk])

    def run(self, values: dict[str, Any]) -> ScreeningForm:
        signer = check_signature(self.user, None, pointer="/approved_by")
        return screening_forms.approve(
            self.screening_form.pk, approved_by=signer, actor=self.user, now=self.now
        )

    def done(self, result: ScreeningForm) -> Done:
        return Done(self.back(), gettext("%(form)s is approved.") % {"form": result})
