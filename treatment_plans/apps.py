from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TreatmentPlansConfig(AppConfig):
    name = "treatment_plans"
    verbose_name = _("Treatment plans")
