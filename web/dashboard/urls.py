from django.urls import path

from web.dashboard import views
from web.dashboard.rems_form import rems_form

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/rems-forms/<int:form_id>/", rems_form, name="rems_form"),
]
