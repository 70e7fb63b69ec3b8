"""What prescribers and therapists decide: clearance, prescriptions, protocols and follow-ups."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice import clock
from practice.access import (
    APPROVES_PROTOCOLS,
    CALLS_BACK,
    DECIDES_MEDICAL,
    access_one,
    check_role,
    check_signature,
    visible_to,
)
from scheduling.care import clearance_preview
from treatment_plans import follow_ups, protocols
from treatment_plans.models import (
    Clearance,
    FollowUp,
    Prescription,
    Protocol,
    RemsEnrollment,
    ScreeningFlag,
)
from treatment_plans.screening import clearances
from treatment_plans.screening import flags as screening_flags
from treatment_plans.supply import prescriptions
from web.frontdesk.clinic import clinic_of
from web.frontdesk.consequences import judged
from web.frontdesk.first_look import FirstLook, LooksFirst
from web.frontdesk.forms.medical import (
    EnrollmentForm,
    FollowUpForm,
    PrescriptionForm,
    ReasonForm,
)
from web.frontdesk.forms.screening import CoveringClearanceForm, decision_of, disposals_of
from web.frontdesk.pages.clients import ClientUseCase
from web.frontdesk.use_case import Done, UseCasePage

HOLDS = _("Sessions that need it are on hold from now on. None is cancelled.")


class DecideClearance(LooksFirst):
    """One act: the decision, and what it says about each open flag. Whether it blocks or frees sessions is
    shown first."""

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
        asked: dict[str, Any] = {
            "flags": disposals_of(self.flags, values),
            "decided_by": check_signature(self.user, None, pointer="/decided_by"),
            "actor": self.user,
            "now": self.now,
        }
        if self.seen is None:
            found = clearance_preview.preview(self.client.pk, decision_of(values), **asked)
            if found.blocks or found.frees:
                raise FirstLook(
                    [
                        *judged(_("Sessions it blocks"), found.blocks),
                        *judged(_("Sessions it frees"), found.frees),
                    ]
                )
        return clearances.decide(self.client.pk, decision_of(values), **asked)

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


class FollowUpDone(ClientUseCase):
    form_class = FollowUpForm
    roles = CALLS_BACK
    title = _("Close a follow-up")
    submit = _("Done")

    def load(self, **ids: int) -> None:
        rows = FollowUp.objects.select_related("client")
        visible = visible_to(self.user, rows, client="client", roles=self.roles)
        self.follow_up = access_one(visible, ids["follow_up_id"], None)
        check_role(self.user, follow_ups.closed_by(self.follow_up.kind))
        self.client = self.follow_up.client

    def page(self) -> dict[str, Any]:
        return {**super().page(), "intro": self.follow_up.get_kind_display().capitalize()}

    def run(self, values: dict[str, Any]) -> FollowUp:
        return follow_ups.mark_done(
            self.follow_up.pk, outcome=values["outcome"], actor=self.user, now=self.now
        )

    def done(self, result: FollowUp) -> Done:
        return Done(self.at("follow-ups"), gettext("The follow-up is closed."))
