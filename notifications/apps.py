from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Messages")

    def ready(self) -> None:
        from notifications.effects import watch
        from notifications.offers import offers_changed
        from notifications.reconcile import booking_changed
        from scheduling.changes import subscribe, subscribe_offers, subscribe_watcher

        subscribe(booking_changed)
        subscribe_offers(offers_changed)
        subscribe_watcher(watch)
