"""How a plan begins, goes on and ends: the end with what it means for what is booked, before it is done."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice.access import DECIDES_MEDICAL, PLANS_COURSES, access_one, check_signature, visible_to
from practice.models import CareTeamMember, Clinician
from scheduling.care import release
from scheduling.care.release import Ending
from treatment_plans import plans
from treatment_plans.models import PlannedSession, PlanReview, TreatmentPlan
from web.frontdesk.consequences import grouped
from web.frontdesk.first_look import FirstLook, LooksFirst
from web.frontdesk.forms.medical import PlanForm, ReasonForm, ReviewForm
from web.frontdesk.offers import sent_id
from web.frontdesk.pages.clients import ClientUseCase
from web.frontdesk.use_case import Done


class DraftPlan(ClientUseCase):
    form_class = PlanForm
    roles = PLANS_COURSES
    title = _("Plan a course of treatment")
    submit = _("Save the draft")

    def initial(self) -> dict[str, Any]:
        """Whoever is on the care team, one of each kind."""
        team = CareTeamMember.objects.filter(client=self.client, left_at=None).select_related("clinician")
        of_kind = {member.clinician.kind: member.clinician_id for member in team}
        return {
            "therapist": of_kind.get(Clinician.Kind.THERAPIST),
            "prescriber": of_kind.get(Clinician.Kind.PSYCHIATRIST),
        }

    def run(self, values: dict[str, Any]) -> TreatmentPlan:
        return plans.draft(self.client.pk, **values, actor=self.user, now=self.now)

    def done(self, result: TreatmentPlan) -> Done:
        return Done(self.at("plan"), gettext("The plan is drafted. Look it over, then activate it."))


class ActivatePlan(ClientUseCase):
    roles = PLANS_COURSES
    title = _("Activate the plan")
    submit = _("Activate")

    def load(self, **ids: int) -> None:
        rows = TreatmentPlan.objects.select_related("client", "protocol")
        visible = visible_to(self.user, rows, client="client", roles=self.roles)
        self.plan = access_one(visible, ids["plan_id"], None)
        self.client = self.plan.client

    def page(self) -> dict[str, Any]:
        intro = gettext("From then on its dosing sessions may be booked.")
        return {**super().page(), "intro": f"{self.plan.protocol}. {intro}"}

    def run(self, values: dict[str, Any]) -> TreatmentPlan:
        return plans.activate(self.plan.pk, actor=self.user, now=self.now)

    def done(self, result: TreatmentPlan) -> Done:
        return Done(self.at("plan"), gettext("The plan is active: its sessions can be booked."))


class PlanUseCase(LooksFirst):
    def load(self, **ids: int) -> None:
        rows = TreatmentPlan.objects.select_related("client__location", "protocol")
        visible = visible_to(self.user, rows, client="client", roles=self.roles)
        self.plan = access_one(visible, ids["plan_id"], None)
        self.client = self.plan.client

    def page(self) -> dict[str, Any]:
        return {**super().page(), "intro": str(self.plan)}

    def look(self, ending: Ending) -> FirstLook:
        return FirstLook(grouped(ending.effects, clinical=self.reads_medical()), seen=ending.revision)


class ClosePlan(PlanUseCase):
    form_class = ReasonForm
    roles = PLANS_COURSES
    title = _("Close the plan")
    submit = _("Close it")
    is_final = True

    def run(self, values: dict[str, Any]) -> TreatmentPlan:
        asked: dict[str, Any] = {**values, "actor": self.user, "now": self.now}
        if self.seen is None:
            raise self.look(release.preview_close(self.plan.pk, **asked))
        return release.close_plan(self.plan.pk, revision=revision_of(self.seen), **asked)

    def done(self, result: TreatmentPlan) -> Done:
        return Done(self.at("plan"), gettext("The plan is closed."))


class ReviewPlan(PlanUseCase):
    form_class = ReviewForm
    roles = DECIDES_MEDICAL
    title = _("Decide how the plan goes on")
    submit = _("Decide")

    def form_options(self) -> dict[str, Any]:
        rows = PlannedSession.objects.filter(
            plan=self.plan, kind=PlannedSession.Kind.REVIEW, completed_at=None, withdrawn_at=None
        )
        return {"reviews": rows}

    def run(self, values: dict[str, Any]) -> PlanReview:
        signer = check_signature(self.user, None, pointer="")
        asked: dict[str, Any] = {**values, "decided_by": signer, "actor": self.user, "now": self.now}
        if self.seen is None and values["decision"] == PlanReview.Decision.STOP:
            raise self.look(release.preview_review(self.plan.pk, **asked))
        revision = None if self.seen is None else revision_of(self.seen)
        return release.review_plan(self.plan.pk, revision=revision, **asked)

    def done(self, result: PlanReview) -> Done:
        return Done(self.at("plan"), gettext("The decision is recorded."))


def revision_of(seen: str) -> int | None:
    """Of the plan as it was looked at; what was never offered is no revision of it."""
    try:
        return sent_id(seen)
    except ValueError:
        return 0
