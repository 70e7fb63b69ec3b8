from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = _("Scheduling")

    def ready(self) -> None:
        from practice.calendars import subscribe, subscribe_kept
        from scheduling.absences import taken_back
        from scheduling.conflicts import watch

        subscribe(watch)
        subscribe_kept(taken_back)
