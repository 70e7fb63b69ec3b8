"""The words of messages: what is in use, how it reads, and a new version."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications import template_checks, template_editing, wording
from notifications.models import MessageTemplate, Reminder
from notifications.rules import CHANNELS, WORDED
from notifications.template_checks import QUESTIONS, VARIABLES, Report
from notifications.wording import LANGUAGES, LEVELS, Words
from practice.access import ADMIN
from practice.admin_base import user_of
from web.frontdesk import roles
from web.frontdesk.use_case import Done, UseCasePage

KEYS = [
    (kind, language, channel, detail)
    for kind in WORDED
    for language in LANGUAGES
    for channel in CHANNELS
    for detail in LEVELS
]


def texts_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if not user.has_role(*roles.READS_BOOKINGS):
        raise PermissionDenied
    own = template_editing.in_use(WORDED)
    return TemplateResponse(
        request,
        "frontdesk/texts.html",
        {
            **site.each_context(request),
            "title": gettext("Message texts"),
            "may_write": user.has_role(*ADMIN),
            "texts": [_shown(key, own.get(key)) for key in KEYS],
        },
    )


def _shown(key: template_editing.Key, own: Words | None) -> dict[str, Any]:
    kind, language, channel, detail = key
    words = own or wording.shipped(kind, channel=channel, language=language, detail=detail)
    report = template_checks.check(kind, language=language, channel=channel, detail=detail, words=words)
    return {
        "key": key,
        "about": Reminder.Kind(kind).label,
        "is_own": own is not None,
        "report": report,
        "url": reverse("admin:write_text", args=key),
    }


class TextForm(forms.Form):
    subject = forms.CharField(label=_("Subject"), max_length=200, required=False)
    body = forms.CharField(label=_("Text"), max_length=5000, widget=forms.Textarea({"rows": 14}))


class WriteText(UseCasePage):
    """A new version of one text, in use at once. Refused with all reasons when it breaks the bar."""

    template_name = "frontdesk/write_text.html"
    title = _("Write a message text")
    submit = _("Use these words")
    form_class = TextForm
    roles = ADMIN

    def load(self, **ids: Any) -> None:
        self.key = (ids["kind"], ids["language"], ids["channel"], ids["detail"])
        if self.key not in KEYS:
            raise Http404

    @property
    def of(self) -> dict[str, str]:
        _kind, language, channel, detail = self.key
        return {"language": language, "channel": channel, "detail": detail}

    def words(self) -> Words:
        own = template_editing.in_use([self.key[0]]).get(self.key)
        return own or wording.shipped(self.key[0], **self.of)

    def initial(self) -> dict[str, Any]:
        words = self.words()
        return {"subject": words.subject, "body": words.body}

    def run(self, values: dict[str, Any]) -> MessageTemplate:
        words = Words(values["subject"], values["body"].replace("\r\n", "\n"))
        return template_editing.write(self.key[0], **self.of, words=words, actor=self.user, now=self.now)

    def done(self, result: MessageTemplate) -> Done:
        return Done(self.back(), gettext("Version %(version)d is in use.") % {"version": result.version})

    def back(self) -> str:
        return reverse("admin:texts")

    def page(self) -> dict[str, Any]:
        return {
            "subtitle": f"{Reminder.Kind(self.key[0]).label} · {' · '.join(self.key[1:])}",
            "report": self.report(),
            "variables": sorted(VARIABLES),
            "questions": sorted(QUESTIONS),
        }

    def report(self) -> Report:
        """Of what was typed, or else of what is in use."""
        words = self.words()
        if self.request.method == "POST":
            body = self.request.POST.get("body", "").replace("\r\n", "\n")
            words = Words(self.request.POST.get("subject", ""), body)
        return template_checks.check(self.key[0], **self.of, words=words)
