from __future__ import annotations

from django.utils.translation import gettext_noop as _

from practice.doors import on_violation
from practice.errors import Invalid, Refused, Taken


class NotAPrescriber(Invalid):
    code = "not_a_prescriber"
    message = _("Only a psychiatrist can decide and sign this.")


class NotATherapist(Invalid):
    code = "not_a_therapist"
    message = _("This has to be one of the therapists.")


class InactiveClinician(Invalid):
    code = "inactive_clinician"
    message = _("This clinician is no longer active.")


class AlreadyRevoked(Refused):
    code = "already_revoked"
    message = _("This prescription was revoked before.")


class AlreadyEnrolled(Taken):
    code = "already_enrolled"
    message = _("The client is enrolled already.")


class HasAnOpenPlan(Taken):
    code = "has_an_open_plan"
    message = _("The client has an open treatment plan already.")


class PlanNotDraft(Refused):
    code = "plan_not_draft"
    message = _("Only a draft can be activated.")


class ProtocolNotUsable(Refused):
    code = "protocol_not_usable"
    message = _("This protocol has not been approved, or is retired.")


class ProtocolDecided(Refused):
    code = "protocol_decided"
    message = _("This protocol has been approved or retired before.")


class PrescriptionNotPossible(Refused):
    code = "wrong_status"
    message = _("A prescription that is %(status)s can't become %(wanted)s.")


class NotSignable(Refused):
    code = "not_signable"
    message = _("This prescription is not ready to be signed.")


class EventCorrectedBefore(Taken):
    code = "corrected_before"
    message = _("This was corrected before: correct the correction.")


class KeyUsedBefore(Taken):
    code = "key_used_before"
    message = _("This key was used for another event.")
    pointer = "/key"


class AlreadySettled(Refused):
    code = "already_settled"
    message = _("This was settled before.")


class StillDoesNotFit(Refused):
    code = "still_does_not_fit"
    message = _("The ledger still expects %(expected)s; settle it with another outcome.")


class FormDecided(Refused):
    code = "form_decided"
    message = _("This form has been approved or retired before.")


on_violation("treatment_plans_one_open_plan", HasAnOpenPlan)
on_violation("treatment_plans_one_rems_enrollment", AlreadyEnrolled)
