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
