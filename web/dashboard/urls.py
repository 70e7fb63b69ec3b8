from django.urls import path

from web.dashboard import evaluations, views
from web.dashboard.rems_form import rems_form

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/evaluations/", evaluations.evaluations, name="evaluations"),
    path("dashboard/rems-forms/<int:form_id>/", rems_form, name="rems_form"),
]
