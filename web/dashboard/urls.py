from django.urls import path

from web.dashboard import (
    client,
    evaluations,
    follow_ups,
    plans,
    prescriptions,
    screening,
    session_room,
    views,
)
from web.dashboard.rems_form import rems_form

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/evaluations/", evaluations.evaluations, name="evaluations"),
    path("dashboard/follow-ups/", follow_ups.follow_ups, name="dashboard_follow_ups"),
    path("dashboard/clients/<int:client_id>/", client.client, name="dashboard_client"),
    path(
        "dashboard/clients/<int:client_id>/prescriptions/",
        prescriptions.client_prescriptions,
        name="client_prescriptions",
    ),
    path("dashboard/clients/<int:client_id>/screening/", screening.client_screening, name="client_screening"),
    path("dashboard/clients/<int:client_id>/plans/", plans.client_plans, name="client_plans"),
    path("dashboard/prescriptions/<int:prescription_id>/", prescriptions.prescription, name="prescription"),
    path("dashboard/rems-forms/<int:form_id>/", rems_form, name="rems_form"),
    path("dashboard/sessions/<int:record_id>/", session_room.session_room, name="session_room"),
    path(
        "dashboard/sessions/<int:record_id>/live/", session_room.session_room_live, name="session_room_live"
    ),
    path("dashboard/sessions/<int:record_id>/print/", session_room.session_record, name="session_record"),
]
