"""Words and glyphs for the lights, as the clinicians' pages show them. Never colour alone."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

LIGHTS = {
    "consent": _("Consent"),
    "clearance": _("Clearance"),
    "prescription": _("Prescription"),
    "fasting": _("Fasting"),
    "ride": _("Ride home"),
    "support_person": _("Support person"),
    "medicine": _("Medicine in hand"),
}
STATES = {
    "ready": ("✓", _("ready")),
    "waiting": ("…", _("waiting")),
    "blocked": ("✕", _("blocked")),
    "not_needed": ("–", _("not needed")),
}
# What ends by itself, and whose work it is to renew it.
ENDING = {
    "prescription": _("Prescription"),
    "clearance": _("Clearance"),
    "rems_enrollment": _("REMS enrolment"),
    "consent": _("Consent"),
    "licence": _("Licence"),
    "screening_flag": _("Look again"),
    "clinical_result": _("Result"),
}
OWNERS = {
    "psychiatrist": _("the psychiatrist"),
    "nurse": _("the nurse"),
    "front_desk": _("the front desk"),
    "practice_admin": _("the practice admin"),
}
DOSES = {
    "given": ("✓", _("given")),
    "booked": ("○", _("booked")),
    "planned": ("–", _("planned")),
    "not_given": ("✕", _("ended without a dose")),
}
