"""Use cases of which is shown what they would mean, before they are done."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from web.frontdesk.consequences import Group
from web.frontdesk.pages.clients import ClientUseCase
from web.frontdesk.use_case import SENT_WITH_EVERY_FORM

SEEN = "seen"


class FirstLook(Exception):
    """Not an error: what it would mean is to be shown before it is done.

    `seen` goes along with the form then, such as the revision that was looked at.
    """

    def __init__(self, groups: Sequence[Group], *, seen: object = "1") -> None:
        self.groups, self.seen = groups, seen
        super().__init__()


class LooksFirst(ClientUseCase):
    """`run` raises FirstLook while `seen` is None."""

    def post(self, request: HttpRequest, **ids: int) -> HttpResponse:
        self.seen = request.POST.get(SEEN)
        try:
            return super().post(request, **ids)
        except FirstLook as look:
            assert self.site is not None
            sent = [
                (name, value)
                for name, values in request.POST.lists()
                if name not in (*SENT_WITH_EVERY_FORM, SEEN)
                for value in values
            ]
            context = {
                **self.site.each_context(request),
                "title": self.title,
                "submit": self.submit,
                "is_final": self.is_final,
                "client": self.client,
                "groups": look.groups,
                "intro": gettext("Nothing is done yet."),
                "sent": [*sent, (SEEN, look.seen)],
                "key": request.POST.get("key") or uuid.uuid4().hex,
                "next": self.next_url(),
                "back": request.get_full_path(),
            }
            return TemplateResponse(request, "frontdesk/first_look.html", context)
