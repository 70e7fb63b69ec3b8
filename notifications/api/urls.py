from django.urls import path
from rest_framework.routers import SimpleRouter

from notifications.api.inbox import ClientNoteViews, DeskTaskViews, ReplyViews
from notifications.api.screening_sheets import ScreeningSheetViews
from notifications.api.timeline import TimelineViews
from notifications.api.views import MessageViews, ReminderViews, SwitchViews

router = SimpleRouter(trailing_slash=False)
router.register("reminders", ReminderViews, basename="reminder")
router.register("messages", MessageViews, basename="message")
router.register("desk-tasks", DeskTaskViews, basename="desk-task")
router.register("replies", ReplyViews, basename="reply")
router.register("client-notes", ClientNoteViews, basename="client-note")
router.register("screening-sheets", ScreeningSheetViews, basename="screening-sheet")
router.register("switches", SwitchViews, basename="switch")

urlpatterns = [
    *router.urls,
    path("clients/<int:client_id>/timeline", TimelineViews.as_view({"get": "timeline"})),
]
