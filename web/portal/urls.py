from django.urls import path

from web.portal import questions, sheets, views

# Short, for they stand in a text of one segment, and the same whatever they are about.
urlpatterns = [
    path("l/<str:secret>", views.first, name="link"),
    path("l/<str:secret>/q/<slug:slug>", views.item, name="link_item"),
    path("l/<str:secret>/more", views.hold, name="link_more"),
    path("l/<str:secret>/ask", questions.ask, name="link_ask"),
    path("l/<str:secret>/ask/<int:part>/<int:item>", questions.question, name="link_question"),
    path("l/<str:secret>/ask/<int:part>/<int:item>/help", questions.help_now, name="link_help"),
    path("l/<str:secret>/ask/<int:part>/check", questions.check, name="link_check"),
    path("l/<str:secret>/form", sheets.ask, name="link_form"),
    path("l/<str:secret>/form/<int:number>", sheets.question, name="link_form_question"),
    path("l/<str:secret>/form/<int:number>/help", sheets.help_now, name="link_form_help"),
    path("l/<str:secret>/form/check", sheets.check, name="link_form_check"),
    path("l/<str:secret>/answer", views.answer, name="link_answer"),
    path("l/<str:secret>/move", views.move, name="link_move"),
    path("l/<str:secret>/cancel", views.cancel, name="link_cancel"),
    path("l/<str:secret>/call", views.call, name="link_call"),
    path("l/<str:secret>/intention", views.intention, name="link_intention"),
    path("l/<str:secret>/note", views.note, name="link_note"),
    path("l/<str:secret>/appointment.ics", views.calendar, name="link_calendar"),
]
