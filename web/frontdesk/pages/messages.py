"""Messages that a person must look at: what did not get through, whom to call, and what to do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import report, settling, switches
from notifications.channels import codes
from notifications.models import Reminder, Switch
from practice import phones, present
from practice.access import DESK, access_one, visible_to
from practice.admin_base import user_of
from practice.models import Channel
from web.frontdesk import roles
from web.frontdesk.call_list import to_call
from web.frontdesk.clinic import clinic_of, needing_a_person
from web.frontdesk.forms.messages import SettleForm, SwitchForm
from web.frontdesk.use_case import Done, UseCasePage
from web.frontdesk.words import short_name

MOST_SHOWN = 100
REPORTED_DAYS = 90
SOON = timedelta(minutes=10)


def messages_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    user, now = user_of(request), present.now()
    if not user.has_role(*roles.READS_BOOKINGS):
        raise PermissionDenied
    rows = (
        needing_a_person(user, now)
        .select_related("client", "booking")
        .prefetch_related("client__contact_points")
        .order_by("urgency", "booking__starts_at", "pk")[:MOST_SHOWN]
    )
    return TemplateResponse(
        request,
        "frontdesk/messages.html",
        {
            **site.each_context(request),
            "title": gettext("Messages that need a person"),
            "stopped": Switch.objects.filter(is_off=True).select_related("changed_by"),
            "may_switch": user.has_role(*DESK),
            "may_settle": user.has_role(*settling.MAY_SETTLE),
            "calls": to_call(user, clinic_of(request)),
            "rows": [_row(reminder) for reminder in rows],
        },
    )


def report_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    if not user_of(request).has_role(*roles.READS_BOOKINGS):
        raise PermissionDenied
    return TemplateResponse(
        request,
        "frontdesk/message_report.html",
        {
            **site.each_context(request),
            "title": gettext("How messages do"),
            "days": REPORTED_DAYS,
            "lines": report.by_kind(until=present.now(), days=REPORTED_DAYS),
        },
    )


def _row(reminder: Reminder) -> dict[str, Any]:
    return {
        "reminder": reminder,
        "name": short_name(reminder.client),
        "why": reminder.get_skip_reason_display() or reminder.get_state_display(),
        "error": codes.words(reminder.last_error_code) if reminder.last_error_code else "",
        "numbers": [
            (point.value, phones.display(point.value))
            for point in reminder.client.contact_points.all()
            if point.channel == "sms"
        ],
        "is_open": not reminder.is_unknown,
        "others": [(channel, label) for channel, label in Channel.choices if channel != reminder.channel]
        if reminder.channel
        else [],
    }


class AboutMessage(UseCasePage):
    """One reminder that needs a person."""

    roles = settling.MAY_SETTLE

    def load(self, **ids: int) -> None:
        visible = visible_to(self.user, Reminder.objects.all(), client="client", roles=self.roles)
        self.reminder = access_one(visible.select_related("client", "booking"), ids["reminder_id"], None)
        self.client = self.reminder.client

    def back(self) -> str:
        return reverse("admin:messages")

    def page(self) -> dict[str, Any]:
        about = self.reminder.get_kind_display()
        return {"client": self.client, "subtitle": f"{short_name(self.client)} · {about}"}


class Settle(AboutMessage):
    title = _("Seen to")
    submit = _("It is settled")
    form_class = SettleForm

    def run(self, values: dict[str, Any]) -> Reminder:
        return settling.settle(self.reminder.pk, how=values["how"], actor=self.user, now=self.now)

    def done(self, result: Reminder) -> Done:
        return Done(self.back(), gettext("Noted: %(how)s.") % {"how": result.get_settled_how_display()})


class SendAgain(AboutMessage):
    """On the same channel, from the facts of now."""

    title = _("Send again")
    submit = _("Send again")
    channel = ""

    def run(self, values: dict[str, Any]) -> Reminder:
        return settling.ask_again(self.reminder.pk, channel=self.channel, actor=self.user, now=self.now)

    def done(self, result: Reminder) -> Done:
        if result.due_at > self.now + SOON:
            return Done(self.back(), gettext("It goes out in the morning: it is too late for today."))
        return Done(self.back(), gettext("It goes out within minutes."))


class SendByText(SendAgain):
    title = submit = _("Send as a text message")
    channel = Channel.SMS


class SendByEmail(SendAgain):
    title = submit = _("Send by email")
    channel = Channel.EMAIL


class TurnSwitch(UseCasePage):
    """Stops or starts messages, with a reason that everybody can read."""

    title = _("Stop or start messages")
    submit = _("Switch")
    form_class = SwitchForm
    roles = DESK

    def initial(self) -> dict[str, Any]:
        return {
            "what": self.request.GET.get("what", "everything:"),
            "turn": self.request.GET.get("turn", "off"),
        }

    def run(self, values: dict[str, Any]) -> Switch:
        scope, _colon, value = values["what"].partition(":")
        return switches.turn(
            scope,
            value,
            off=values["turn"] == "off",
            reason=values["reason"],
            actor=self.user,
            now=self.now,
        )

    def done(self, result: Switch) -> Done:
        if result.is_off:
            return Done(self.back(), gettext("Stopped. What falls due waits, as long as it is of use."))
        return Done(self.back(), gettext("Started again."))

    def back(self) -> str:
        return reverse("admin:messages")
