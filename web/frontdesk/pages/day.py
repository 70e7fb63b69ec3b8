"""The home page: today's visits, what is not ready about each, and the next thing to do with it."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext

from practice.access import CHANGES_SETUP, DESK
from practice.admin_base import user_of
from web.frontdesk import roles
from web.frontdesk.clinic import clinic_of
from web.frontdesk.visits import load_day


def day(site: AdminSite, request: HttpRequest) -> HttpResponse:
    user, clinic = user_of(request), clinic_of(request)
    if not user.has_role(*roles.READS_BOOKINGS):  # an auditor reads the log, and sees nobody's name
        return HttpResponseRedirect(reverse("admin:practice_activity_changelist"))
    on = _asked_for(request) or clinic.today
    names = {
        clinic.today - timedelta(days=1): gettext("Yesterday"),
        clinic.today: gettext("Today"),
        clinic.today + timedelta(days=1): gettext("Tomorrow"),
    }
    return TemplateResponse(
        request,
        "frontdesk/day.html",
        {
            **site.each_context(request),
            "title": names.get(on, gettext("Day")),
            "named": names.get(on, ""),
            "day": load_day(user, clinic, on),
            "yesterday": _link(on - timedelta(days=1)),
            "today": _link(clinic.today),
            "tomorrow": _link(on + timedelta(days=1)),
            "is_today": on == clinic.today,
            "other_year": on.year != clinic.today.year,
            "may_book": user.has_role(*roles.BOOKS),
            "may_set_up": user.has_role(*CHANGES_SETUP),
            "may_keep_calendar": user.has_role(*DESK),
        },
    )


def _asked_for(request: HttpRequest) -> date | None:
    try:
        on = date.fromisoformat(request.GET.get("date", ""))
    except ValueError:
        return None
    return on if 2000 < on.year < 2100 else None


def _link(on: date) -> str:
    return f"{reverse('admin:index')}?date={on.isoformat()}"
