from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class Route(models.TextChoices):
    IV = "iv", _("intravenous")
    IM = "im", _("intramuscular")
    COMPOUNDED_NASAL = "compounded_nasal", _("compounded nasal spray")
    SPRAVATO = "spravato", _("Spravato nasal spray")
    SUBLINGUAL = "sublingual", _("sublingual")
    ORAL = "oral", _("oral")


class SupplyUnit(models.TextChoices):
    """What medicine is counted in. Nothing converts one into another."""

    DOSE = "dose", _("doses")
    ML = "ml", _("mL")
    TROCHE = "troche", _("troches")
    TABLET = "tablet", _("tablets")
    CAPSULE = "capsule", _("capsules")
    DEVICE = "device", _("devices")


class Form(models.TextChoices):
    SOLUTION = "solution", _("solution")
    NASAL_SPRAY = "nasal_spray", _("nasal spray")
    TROCHE = "troche", _("troche")
    TABLET = "tablet", _("rapidly dissolving tablet")
    CAPSULE = "capsule", _("capsule")
    DEVICE = "device", _("nasal spray device")


class StrengthUnit(models.TextChoices):
    MG_PER_ML = "mg_per_ml", "mg/mL"
    MG_EACH = "mg_each", _("mg each")


def ends_before_it_begins() -> ValidationError:
    reason = ValidationError(_("The last day can't come before the first."), "ends_before_it_begins")
    return ValidationError({"valid_through_on": reason})
