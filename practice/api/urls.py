from django.urls import path
from rest_framework.routers import SimpleRouter

from practice.api import calendars, views
from practice.api.public_holidays import PublicHolidayViews

router = SimpleRouter(trailing_slash=False)
router.register("locations", views.LocationViews, basename="location")
router.register("rooms", views.RoomViews, basename="room")
router.register("clinicians", views.ClinicianViews, basename="clinician")
router.register("therapists", views.TherapistViews, basename="therapist")
router.register("psychiatrists", views.PsychiatristViews, basename="psychiatrist")
router.register("working-hours", calendars.WorkingHoursViews, basename="working-hours")
router.register("extra-hours", calendars.ExtraHoursViews, basename="extra-hours")
router.register("time-off", calendars.TimeOffViews, basename="time-off")
router.register("closures", calendars.ClosureViews, basename="closure")
router.register("holidays", calendars.HolidayViews, basename="holiday")
router.register("clients", views.ClientViews, basename="client")
router.register("consent-documents", views.ConsentDocumentViews, basename="consent-document")
router.register("consents", views.ConsentViews, basename="consent")
router.register("activity", views.ActivityViews, basename="activity")

urlpatterns = [
    path(
        "clients/<int:client_id>/support-persons",
        views.SupportPersonViews.as_view({"get": "list", "post": "create"}),
        name="support-person-list",
    ),
    path(
        "clients/<int:client_id>/support-persons/<int:pk>",
        views.SupportPersonViews.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="support-person-detail",
    ),
    path(
        "locations/<int:location_id>/public-holidays",
        PublicHolidayViews.as_view({"post": "create"}),
        name="public-holiday-list",
    ),
    *router.urls,
]
