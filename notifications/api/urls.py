from rest_framework.routers import SimpleRouter

from notifications.api.views import MessageViews, ReminderViews, SwitchViews

router = SimpleRouter(trailing_slash=False)
router.register("reminders", ReminderViews, basename="reminder")
router.register("messages", MessageViews, basename="message")
router.register("switches", SwitchViews, basename="switch")

urlpatterns = router.urls
