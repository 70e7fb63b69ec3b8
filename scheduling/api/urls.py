from django.urls import path
from rest_framework.routers import SimpleRouter

from scheduling.api.absences import AbsenceViews
from scheduling.api.clearances import ClearancePreviewViews
from scheduling.api.doses import DoseViews
from scheduling.api.dosing_records import DosingRecordViews
from scheduling.api.expiring import ExpiringViews
from scheduling.api.feeds import BusyCalendarViews, FeedViews
from scheduling.api.follow_ups import DueViews
from scheduling.api.groups import GroupSessionViews
from scheduling.api.notes import SessionNoteViews
from scheduling.api.openings import OpeningViews
from scheduling.api.plans import PlanEndViews, PlanReviewViews
from scheduling.api.series import SeriesViews
from scheduling.api.views import AcknowledgementViews, AppointmentTypeViews, BookingViews
from scheduling.api.waitlist import FreedTimeViews, WaitlistEntryViews, WaitlistOfferViews

router = SimpleRouter(trailing_slash=False)
router.register("appointment-types", AppointmentTypeViews, basename="appointment-type")
router.register("bookings", BookingViews, basename="booking")
router.register("dosing-records", DosingRecordViews, basename="dosing-record")
router.register("group-sessions", GroupSessionViews, basename="group-session")
router.register("feeds", FeedViews, basename="feed")
router.register("busy-calendars", BusyCalendarViews, basename="busy-calendar")
router.register("waitlist-entries", WaitlistEntryViews, basename="waitlist-entry")
router.register("waitlist-offers", WaitlistOfferViews, basename="waitlist-offer")
router.register("freed-times", FreedTimeViews, basename="freed-time")
router.register("session-notes", SessionNoteViews, basename="session-note")
router.register("plan-reviews", PlanReviewViews, basename="plan-review")

urlpatterns = [
    path(
        "clearances/preview",
        ClearancePreviewViews.as_view({"post": "preview"}),
        name="clearance-preview",
    ),
    path("openings", OpeningViews.as_view({"get": "find"}), name="opening-find"),
    path("openings/explain", OpeningViews.as_view({"post": "explain"}), name="opening-explain"),
    path(
        "bookings/<int:booking_id>/acknowledgements",
        AcknowledgementViews.as_view({"get": "list", "post": "create"}),
        name="acknowledgement-list",
    ),
    path(
        "bookings/<int:booking_id>/dosing-record",
        DosingRecordViews.as_view({"post": "open"}),
        name="booking-dosing-record",
    ),
    path(
        "treatment-plans/<int:pk>/series:propose",
        SeriesViews.as_view({"post": "propose"}),
        name="series-propose",
    ),
    path("treatment-plans/<int:pk>/series", SeriesViews.as_view({"post": "book"}), name="series-book"),
    path("expiring", ExpiringViews.as_view({"get": "list"}), name="expiring"),
    path("treatment-plans/<int:pk>/review", PlanEndViews.as_view({"post": "review"}), name="plan-review-now"),
    path("treatment-plans/<int:pk>/doses", PlanEndViews.as_view({"post": "add_dose"}), name="plan-add-dose"),
    path("treatment-plans/<int:pk>/close", PlanEndViews.as_view({"post": "close"}), name="plan-close"),
    path("follow-ups/due", DueViews.as_view({"get": "due"}), name="follow-ups-due"),
    path("clients/<int:client_id>/doses", DoseViews.as_view({"get": "list"}), name="client-doses"),
    path("clients/<int:client_id>/measures/due", DueViews.as_view({"get": "measures"}), name="measures-due"),
    path("clinicians/<int:pk>/absence", AbsenceViews.as_view({"post": "record"}), name="clinician-absence"),
    *router.urls,
]
