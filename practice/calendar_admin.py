"""Calendars in the admin: before a change is kept, the page shows which bookings it hits and asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from practice import calendars, present
from practice.admin_base import RoleAdmin
from practice.calendars import Hit, HitsBookings
from practice.models.base import Revisioned

CONFIRMED = "confirmed_hits"
ID = re.compile(r"[0-9]{1,18}")


class HitsAdmin(RoleAdmin):
    """Every way of writing is tried first; what hits bookings is undone until somebody has seen them."""

    hits_template = "admin/practice/hits.html"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = type(obj)._default_manager.get(pk=obj.pk) if change else None
        compares = [self._watch(each) for each in (obj, before) if each is not None]
        super().save_model(request, obj, form, change)
        self._check(request, compares)
        calendars.announce(before, obj, now=present.now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        compares = [self._watch(obj)]
        calendars.announce(obj, None, now=present.now())
        super().delete_model(request, obj)
        self._check(request, compares)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        compares = [self._watch(obj) for obj in queryset]
        with transaction.atomic():
            for obj in queryset:
                calendars.announce(obj, None, now=present.now())
            super().delete_queryset(request, queryset)
            self._check(request, compares)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self._asking(
            request,
            lambda: super(HitsAdmin, self).changeform_view(request, object_id, form_url, extra_context),
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._asking(
            request, lambda: super(HitsAdmin, self).delete_view(request, object_id, extra_context)
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._asking(request, lambda: super(HitsAdmin, self).changelist_view(request, extra_context))

    def _watch(self, obj: Revisioned) -> Callable[[], Sequence[Hit]]:
        return calendars.watch(obj, now=present.now())

    def _check(self, request: HttpRequest, compares: Sequence[Callable[[], Sequence[Hit]]]) -> None:
        found = {hit.booking_id: hit for compare in compares for hit in compare()}
        hits = sorted(found.values(), key=lambda hit: (hit.starts_at, hit.booking_id))
        calendars.check(hits, _ids(request.POST))

    def _asking(self, request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
        """The admin's own transaction is over, and undone, when the refusal arrives here."""
        try:
            return act()
        except HitsBookings as refusal:
            return self._ask(request, refusal.hits)

    def _ask(self, request: HttpRequest, hits: Sequence[Hit]) -> HttpResponse:
        assert not isinstance(request.user, AnonymousUser)
        sent = [
            (name, value)
            for name, values in request.POST.lists()
            if name not in ("csrfmiddlewaretoken", CONFIRMED)
            for value in values
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("This hits sessions that are booked"),
            "opts": self.opts,
            "hits": [
                (hit, reverse("admin:scheduling_booking_change", args=[hit.booking_id])) for hit in hits
            ],
            "sent": sent,
            "confirmed": [(CONFIRMED, hit.booking_id) for hit in hits],
            "address": request.get_full_path(),
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
        }
        return TemplateResponse(request, self.hits_template, context)


def _ids(sent: QueryDict) -> set[int]:
    return {int(value) for value in sent.getlist(CONFIRMED) if ID.fullmatch(value)}
