"""What clients ask and tell: tasks that wait for a person, and the texts that came in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import desk_tasks
from notifications.models import DeskTask, InboundMessage
from practice import phones, present
from practice.access import DESK, access_one
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
            "tasks": [_row(task, user, now=present.now()) for task in tasks],
            "replies": _replies(user),
        },
    )


def _row(task: DeskTask, user: User, *, now: datetime) -> dict[str, Any]:
    numbers = [point.value for point in task.client.contact_points.all()] if task.client else []
    if task.reply is not None and task.reply.sender not in numbers:
        numbers.append(task.reply.sender)
    holder = desk_tasks.holder(task)
    return {
        "task": task,
        "waits": _since(task.created_at, now),
        "held_for": _since(task.taken_at, now) if task.taken_at else "",
        "holder": holder,
        "is_mine": holder == user,
        "may_give_back": holder is not None and (holder == user or user.has_role(*DESK)),
        "name": short_name(task.client) if task.client else "",
        "what": task.get_kind_display(),
        "item": LIGHTS.get(task.item, ""),
        "is_unsafe": task.kind == DeskTask.Kind.UNSAFE,
        "numbers": [(number, phones.display(number)) for number in numbers if number.startswith("+")],
    }


def _since(at: datetime, now: datetime) -> str:
    """In words; nothing below a minute."""
    return timesince(at, now) if now - at >= timedelta(minutes=1) else ""


def place_of(task_id: int) -> str:
    """The row itself, so that whoever comes back is where they were."""
    return f"{reverse('admin:inbox')}#task-{task_id}"


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


class AboutTask(UseCasePage):
    """One task. Its page is there for a refusal: the inbox has the buttons themselves."""

    roles = desk_tasks.SETTLES

    def load(self, **ids: int) -> None:
        tasks = desk_tasks.seen_by(self.user, DeskTask.objects.select_related("client", "taken_by"))
        self.task: DeskTask = access_one(tasks, ids["task_id"], None)
        if self.task.done_at is not None and self.request.method != "POST":  # a second click is answered
            raise desk_tasks.AlreadyDone

    def page(self) -> dict[str, Any]:
        who = short_name(self.task.client) if self.task.client else ""
        holder = desk_tasks.holder(self.task)
        held = gettext("%(name)s sees to it") % {"name": holder.name} if holder else ""
        return {
            "subtitle": " · ".join(filter(None, [who, self.task.get_kind_display(), held])),
            "intro": self.task.detail,
            "revision": self.read(),
        }

    def read(self) -> int:
        """The revision that the user has seen, which after a refusal is what this page shows."""
        sent = self.request.POST.get("revision", "")
        has_seen_it = self.refusal is None and sent.isdecimal() and len(sent) < 10
        return int(sent) if has_seen_it else self.task.revision

    def back(self) -> str:
        return place_of(self.task.pk)


class TakeTask(AboutTask):
    title = _("See to it")
    submit = _("I see to it")

    def run(self, values: dict[str, Any]) -> DeskTask:
        return desk_tasks.take(self.task.pk, actor=self.user, now=self.now)

    def done(self, result: DeskTask) -> Done:
        return Done(self.back(), "")


class GiveTaskBack(AboutTask):
    title = submit = _("Give it back")

    def run(self, values: dict[str, Any]) -> DeskTask:
        return desk_tasks.give_back(self.task.pk, actor=self.user, now=self.now)

    def done(self, result: DeskTask) -> Done:
        return Done(self.back(), "")


class TaskDone(AboutTask):
    form_class = OutcomeForm
    title = _("Take it off the list")
    submit = _("Done")

    def run(self, values: dict[str, Any]) -> DeskTask:
        return desk_tasks.finish(self.task.pk, **values, revision=self.read(), actor=self.user, now=self.now)

    def done(self, result: DeskTask) -> Done:
        return Done(reverse("admin:inbox"), gettext("Done."))
