from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class FrontdeskConfig(AppConfig):
    name = "web.frontdesk"
    verbose_name = _("Front desk")
    default = True


class ClinicAdminConfig(admin_apps.AdminConfig):
    """Django's admin, on our site."""

    default = False
    default_site = "web.frontdesk.site.ClinicAdminSite"
