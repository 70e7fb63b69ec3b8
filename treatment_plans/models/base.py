from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Route(models.TextChoices):
    IV = "iv", _("intravenous")
    IM = "im", _("intramuscular")
    COMPOUNDED_NASAL = "compounded_nasal", _("compounded nasal spray")
    SPRAVATO = "spravato", _("Spravato nasal spray")
    SUBLINGUAL = "sublingual", _("sublingual")
    ORAL = "oral", _("oral")
