"""Messages that a person must look at: what did not get through, and whom to call instead."""

from __future__ import annotations

from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from practice import phones, present
from practice.admin_base import user_of
from web.frontdesk import roles
from web.frontdesk.clinic import needing_a_person
from web.frontdesk.words import short_name

MOST_SHOWN = 100


def messages_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if not user.has_role(*roles.READS_BOOKINGS):
        raise PermissionDenied
    rows = (
        needing_a_person(user, present.now())
        .select_related("client", "booking")
        .prefetch_related("client__contact_points")
        .order_by("booking__starts_at", "pk")[:MOST_SHOWN]
    )
    return TemplateResponse(
        request,
        "frontdesk/messages.html",
        {
            **site.each_context(request),
            "title": gettext("Messages that need a person"),
            "rows": [
                {
                    "reminder": reminder,
                    "name": short_name(reminder.client),
                    "why": reminder.get_skip_reason_display() or reminder.get_state_display(),
                    "numbers": [
                        (point.value, phones.display(point.value))
                        for point in reminder.client.contact_points.all()
                        if point.channel == "sms"
                    ],
                }
                for reminder in rows
            ],
        },
    )
