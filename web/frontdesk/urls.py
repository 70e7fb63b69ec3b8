from django.urls import path

from web.frontdesk.pages import outside

urlpatterns = [
    path("", outside.home, name="home"),
    path("demo/outbox", outside.outbox, name="demo_outbox"),
]
