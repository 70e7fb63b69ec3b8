"""Django's admin site with the front desk's day as its home, every page on the clinic's clock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from practice.access import CLINICAL
from practice.admin_base import READS_CLIENTS_BY_NAME
from practice.models import User
from web.frontdesk import roles
from web.frontdesk.clinic import clinic_of

# Which word of the main navigation a page belongs to, by the name of its address.
NAV = {
    "index": "day",
    "find": "clients",
    "practice_client_changelist": "clients",
    "client": "clients",
    "register": "clients",
    "messages": "messages",
    "inbox": "inbox",
    "take_task": "inbox",
    "give_task_back": "inbox",
    "task_done": "inbox",
    "waitlist": "waitlist",
    "offer_time": "waitlist",
    "hide_time": "waitlist",
    "open_time": "waitlist",
    "join_waitlist": "waitlist",
    "change_wishes": "waitlist",
    "leave_waitlist": "waitlist",
    "setup": "setup",
}

View = Callable[..., HttpResponse]


class SignInForm(AdminAuthenticationForm):
    """Addresses are stored in lower case, and people type them as they like."""

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip().lower()


class ClinicAdminSite(admin.AdminSite):
    site_header = site_title = "Quietroom"
    index_title = _("Set-up and records")
    site_url = None
    enable_nav_sidebar = False
    login_form = SignInForm

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]
        inner = super().admin_view(view, cacheable)

        def on_the_clinics_clock(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with timezone.override(clinic_of(request).zone):
                response = inner(request, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()
                return response

        return update_wrapper(on_the_clinics_clock, inner)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Ours first: some stand where Django would put its own form, which writes past the use cases."""
        from web.frontdesk.pages.all import urls

        return [
            *urls(self),
            path("setup/", self.admin_view(self.records), name="setup"),
            *super().get_urls(),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        from web.frontdesk.pages.day import day

        return day(self, request)

    def records(self, request: HttpRequest) -> HttpResponse:
        """Everything that is on record, by app."""
        return super().index(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Made where it is shown: Django asks for it on every page, and it takes a third of a page's time."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        user = request.user
        known = user if isinstance(user, User) else None
        return {
            **super().each_context(request),
            "clinic": clinic_of(request),
            "nav": NAV.get(request.resolver_match.url_name or "", "") if request.resolver_match else "",
            "demo": settings.DEMO,
            "has_own_sessions": known is not None and known.has_role(*CLINICAL),
            "reads_clients": known is not None and known.has_role(*READS_CLIENTS_BY_NAME),
            "books": known is not None and known.has_role(*roles.BOOKS),
        }
