from django.urls import path

from web.dashboard import views

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
]
