from rest_framework.routers import SimpleRouter

from notifications.api.views import MessageViews, ReminderViews

router = SimpleRouter(trailing_slash=False)
router.register("reminders", ReminderViews, basename="reminder")
router.register("messages", MessageViews, basename="message")

urlpatterns = router.urls
