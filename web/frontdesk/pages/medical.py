"""What prescribers and therapists decide: clearance, prescriptions, protocols, plans and follow-ups."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice import clock
from practice.access import (
    APPROVES_PROTOCOLS,
    DECIDES_MEDICAL,
    FOLLOWS_UP,
    PLANS_COURSES,
    access_one,
    check_signature,
    visible_to,
)
from practice.models import CareTeamMember, Clinician
from treatment_plans import follow_ups, plans, protocols
from treatment_plans.models import (
    Clearance,
    FollowUp,
    Prescription,
    Protocol,
    RemsEnrollment,
    ScreeningFlag,
    TreatmentPlan,
)
from treatment_plans.screening import clearances
from treatment_plans.screening import flags as screening_flags
from treatment_plans.supply import prescriptions
from web.frontdesk.clinic import clinic_of
from web.frontdesk.forms.medical import (
    EnrollmentForm,
    FollowUpForm,
    PlanForm,
    PrescriptionForm,
    ReasonForm,
)
from web.frontdesk.forms.screening import CoveringClearanceForm, decision_of, disposals_of
from web.frontdesk.pages.clients import ClientUseCase
from web.frontdesk.use_case import Done, UseCasePage

HOLDS = _("Sessions that need it are on hold from now on. None is cancelled.")


class DecideClearance(ClientUseCase):
    """One act: the decision, and what it says about each open flag of the screening."""

    form_class = CoveringClearanceForm
    roles = DECIDES_MEDICAL
    title = _("Decide on medical clearance")
    submit = _("Decide")

    def load(self, **ids: int) -> None:
        super().load(**ids)
        today = clock.local_day(self.now, clock.zone(self.client.location.time_zone))
        open_ids = [each.id for each in screening_flags.open_flags(self.client.pk, on=today)]
        rows = ScreeningFlag.objects.filter(pk__in=open_ids).select_related("rule")
        self.flags = list(rows.order_by("raised_at", "pk"))

    def form_options(self) -> dict[str, Any]:
        return {"flags": self.flags}

    def initial(self) -> dict[str, Any]:
        return {"valid_from_on": clinic_of(self.request).today}

    def page(self) -> dict[str, Any]:
        return {
            **super().page(),
            "intro": gettext("The decision is yours, and takes the place of the one before."),
        }

    def run(self, values: dict[str, Any]) -> Clearance:
        decided_by = check_signature(self.user, None, pointer="/decided_by")
        return clearances.decide(
            self.client.pk,
            decision_of(values),
            flags=disposals_of(self.flags, values),
            decided_by=decided_by,
            actor=self.user,
            now=self.now,
        )

    def done(self, result: Clearance) -> Done:
        return Done(self.at("clearance"), gettext("The decision is recorded."))


class EnrollInRems(ClientUseCase):
    form_class = EnrollmentForm
    roles = DECIDES_MEDICAL
    title = _("Record the Spravato REMS enrolment")
    submit = _("Record")

    def run(self, values: dict[str, Any]) -> RemsEnrollment:
        return clearances.enroll(self.client.pk, **values, actor=self.user, now=self.now)

    def done(self, result: RemsEnrollment) -> Done:
        return Done(self.at("prescription"), gettext("The enrolment is recorded."))


class IssuePrescription(ClientUseCase):
    form_class = PrescriptionForm
    roles = DECIDES_MEDICAL
    title = _("Record a prescription")
    submit = _("Record")

    def initial(self) -> dict[str, Any]:
        return {"issued_on": clinic_of(self.request).today}

    def page(self) -> dict[str, Any]:
        intro = gettext("You sign it in the e-prescribing system. This is what sessions are counted against.")
        return {**super().page(), "intro": intro}

    def run(self, values: dict[str, Any]) -> Prescription:
        prescriber = check_signature(self.user, None, pointer="/prescriber")
        return prescriptions.issue(
            self.client.pk, values, prescriber=prescriber, actor=self.user, now=self.now
        )

    def done(self, result: Prescription) -> Done:
        return Done(self.at("prescription"), gettext("The prescription is recorded."))


class RevokePrescription(ClientUseCase):
    form_class = ReasonForm
    roles = DECIDES_MEDICAL
    title = _("Revoke a prescription")
    submit = _("Revoke")
    is_final = True

    def load(self, **ids: int) -> None:
        rows = Prescription.objects.select_related("client")
        visible = visible_to(self.user, rows, client="client", roles=self.roles)
        self.prescription = access_one(visible, ids["prescription_id"], None)
        self.client = self.prescription.client

    def page(self) -> dict[str, Any]:
        return {**super().page(), "intro": str(self.prescription), "warning": HOLDS}

    def run(self, values: dict[str, Any]) -> Prescription:
        return prescriptions.revoke(
            self.prescription.pk, reason=values["reason"], actor=self.user, now=self.now
        )

    def done(self, result: Prescription) -> Done:
        return Done(self.at("prescription"), gettext("The prescription is revoked."))


class ApproveProtocol(UseCasePage):
    roles = APPROVES_PROTOCOLS
    title = _("Approve a protocol")
    submit = _("Approve it in my name")

    def load(self, **ids: int) -> None:
        self.protocol = access_one(Protocol.objects.all(), ids["protocol_id"], None)

    def page(self) -> dict[str, Any]:
        return {
            "subtitle": str(self.protocol),
            "intro": gettext(
                "Plans may use it from now on, and it can't be changed any more. The version in use for the "
                "same route is retired; plans keep the version they began with."
            ),
        }

    def back(self) -> str:
        return reverse("admin:treatment_plans_protocol_change", args=[self.protocol.pk])

    def run(self, values: dict[str, Any]) -> Protocol:
        approved_by = check_signature(self.user, None, pointer="/approved_by")
        return protocols.approve(self.protocol.pk, approved_by=approved_by, actor=self.user, now=self.now)

    def done(self, result: Protocol) -> Done:
        return Done(self.back(), gettext("%(protocol)s is approved.") % {"protocol": result})


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


class FollowUpDone(ClientUseCase):
    form_class = FollowUpForm
    roles = FOLLOWS_UP
    title = _("Close a follow-up")
    submit = _("Done")

    def load(self, **ids: int) -> None:
        rows = FollowUp.objects.select_related("client")
        visible = visible_to(self.user, rows, client="client", roles=self.roles)
        self.follow_up = access_one(visible, ids["follow_up_id"], None)
        self.client = self.follow_up.client

    def page(self) -> dict[str, Any]:
        return {**super().page(), "intro": self.follow_up.get_kind_display().capitalize()}

    def run(self, values: dict[str, Any]) -> FollowUp:
        return follow_ups.mark_done(
            self.follow_up.pk, outcome=values["outcome"], actor=self.user, now=self.now
        )

    def done(self, result: FollowUp) -> Done:
        return Done(self.at("follow-ups"), gettext("The follow-up is closed."))
