"""Pages outside the admin: the way home by role, and the demo's outbox."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from notifications.models import OutboxMessage
from practice import phones
from practice.access import DESK, TREATING
from practice.models import User

PER_PAGE = 50


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Therapists and psychiatrists start with their own day, everybody else with the clinic's."""
    user = request.user
    if not isinstance(user, User):
        return redirect_to_login("/", reverse("admin:login"))
    is_treating = user.has_role(*TREATING) and not user.has_role(*DESK)
    return HttpResponseRedirect(reverse("dashboard" if is_treating else "admin:index"))


@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """What the demo clinic would have sent. A real practice has no such page."""
    if not settings.DEMO:
        raise Http404
    return admin.site.admin_view(_outbox_page)(request)


def _outbox_page(request: HttpRequest) -> HttpResponse:
    page = Paginator(OutboxMessage.objects.order_by("-created_at", "-pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    return TemplateResponse(
        request,
        "frontdesk/outbox.html",
        {
            **admin.site.each_context(request),
            "title": gettext("Demo outbox"),
            "page": page,
            "sent": [
                {
                    "message": message,
                    "to": phones.display(message.recipient)
                    if message.channel == "sms"
                    else message.recipient,
                }
                for message in page
            ],
        },
    )
