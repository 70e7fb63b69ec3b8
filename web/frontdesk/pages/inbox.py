"""What clients ask and tell: tasks that wait for a person, and the texts that came in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import desk_tasks
from notifications.models import DeskTask, InboundMessage
from practice import phones
from practice.access import access_one
from practice.admin_base import user_of
from practice.models import User
from web.frontdesk.use_case import Done, UseCasePage
from web.frontdesk.words import LIGHTS, short_name

MOST_REPLIES = 50
# What comes first on the list; the rest by the time that it waits.
FIRST = [DeskTask.Kind.UNSAFE, DeskTask.Kind.CALL, DeskTask.Kind.NOT_READY]


def inbox_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if not user.has_role(*desk_tasks.READS):
        raise PermissionDenied
    tasks = list(
        desk_tasks.open_for(user)
        .select_related("client", "booking", "reply", "taken_by")
        .prefetch_related("client__contact_points")
        .order_by("created_at", "pk")
    )
    tasks.sort(key=lambda task: FIRST.index(task.kind) if task.kind in FIRST else len(FIRST))  # type: ignore[arg-type]
    return TemplateResponse(
        request,
        "frontdesk/inbox.html",
        {
            **site.each_context(request),
            "title": gettext("Inbox"),
            "tasks": [_row(task) for task in tasks],
            "replies": _replies(user),
        },
    )


def _row(task: DeskTask) -> dict[str, Any]:
    numbers = [point.value for point in task.client.contact_points.all()] if task.client else []
    if task.reply is not None and task.reply.sender not in numbers:
        numbers.append(task.reply.sender)
    return {
        "task": task,
        "name": short_name(task.client) if task.client else "",
        "what": task.get_kind_display(),
        "item": LIGHTS.get(task.item, ""),
        "is_unsafe": task.kind == DeskTask.Kind.UNSAFE,
        "numbers": [(number, phones.display(number)) for number in numbers if number.startswith("+")],
    }


def _replies(user: User) -> list[dict[str, Any]]:
    rows = InboundMessage.objects.select_related("client").order_by("-received_at", "-pk")
    seen = desk_tasks.seen_by(user, rows)
    return [
        {
            "reply": reply,
            "name": short_name(reply.client) if reply.client else phones.display(reply.sender),
        }
        for reply in seen[:MOST_REPLIES]
    ]


class OutcomeForm(forms.Form):
    outcome = forms.CharField(
        label=_("What came of it"), max_length=200, widget=forms.TextInput(attrs={"autofocus": True})
    )


class TaskDone(UseCasePage):
    form_class = OutcomeForm
    roles = desk_tasks.SETTLES
    title = _("Take it off the list")
    submit = _("Done")

    def load(self, **ids: int) -> None:
        self.task: DeskTask = access_one(desk_tasks.open_for(self.user), ids["task_id"], None)

    def page(self) -> dict[str, Any]:
        who = short_name(self.task.client) if self.task.client else ""
        return {"subtitle": " · ".join(filter(None, [who, self.task.get_kind_display()]))}

    def run(self, values: dict[str, Any]) -> DeskTask:
        return desk_tasks.finish(self.task.pk, **values, actor=self.user, now=self.now)

    def done(self, result: DeskTask) -> Done:
        return Done(self.back(), gettext("Done."))

    def back(self) -> str:
        return reverse("admin:inbox")
