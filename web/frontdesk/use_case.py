"""One page for every use case: a form, a door, and every reason when the door says no.

Not Django's change form, which holds a transaction around its view: doors open their own. The form carries
a key, made with it; a second click, or the same form sent again, gets the first answer and does nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from practice import idempotency, present
from practice.access import check_role
from practice.admin_base import user_of
from practice.errors import DomainError, KeyReused, NotAllowed, OutOfScope
from practice.models import Client, User
from web.frontdesk.roles import reads_medical
from web.frontdesk.words import reasons

Words = str | Promise
SENT_WITH_EVERY_FORM = frozenset({"csrfmiddlewaretoken", "key", "next"})


@dataclass(frozen=True)
class Done:
    """Where to go when it is done, and what to say there, if anything."""

    url: str
    message: str


class NoFields(forms.Form):
    """Nothing to fill in: the button is the question."""


class UseCasePage(View):
    """Subclasses name the form and the roles, load the subject, and call one door."""

    template_name = "frontdesk/use_case.html"
    form_class: type[forms.Form] = NoFields
    roles: frozenset[Any] = frozenset()
    title: Words = ""
    submit: Words = _("Save")
    is_final = False  # cannot be taken back: the button says so

    site: AdminSite | None = None

    # What a page says about itself

    def load(self, **ids: int) -> None:
        """Fetch what the page is about, within what the user may see. Raises OutOfScope."""

    def run(self, values: dict[str, Any]) -> Any:
        """Call the door, one only."""
        raise NotImplementedError

    def done(self, result: Any) -> Done:
        raise NotImplementedError

    def back(self) -> str:
        """Where "Cancel" leads."""
        raise NotImplementedError

    def initial(self) -> dict[str, Any]:
        return {}

    def form_options(self) -> dict[str, Any]:
        return {}

    def page(self) -> dict[str, Any]:
        """More for the template."""
        return {}

    # The mechanism

    def dispatch(self, request: HttpRequest, *args: Any, **ids: int) -> HttpResponse:
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        self.user: User = user_of(request)
        self.now: datetime = present.now()
        self.refusal: DomainError | None = None
        try:
            check_role(self.user, self.roles)
            self.load(**ids)
        except OutOfScope as missing:
            raise Http404 from missing
        except NotAllowed as refused:
            raise PermissionDenied(refused.text()) from refused
        except DomainError as refused:
            messages.error(request, refused.text())
            return HttpResponseRedirect(self.back())
        return self.post(request, **ids) if request.method == "POST" else self.get(request, **ids)

    def get(self, request: HttpRequest, **ids: int) -> HttpResponse:
        return self.show(self.form_class(initial=self.initial(), **self.form_options()))

    def post(self, request: HttpRequest, **ids: int) -> HttpResponse:
        form = self.form_class(request.POST, initial=self.initial(), **self.form_options())
        key = request.POST.get("key", "")[:200] or uuid.uuid4().hex
        if not form.is_valid():
            return self.show(form, key=key)
        claim = idempotency.Claim(
            user_id=self.user.pk,
            key=key,
            request_hash=_hash(request),
            render=lambda result: _answer(self.done(result)),
            now=self.now,
        )
        try:
            with idempotency.claiming(claim):
                done = self.done(self.run(form.cleaned_data))
        except idempotency.Replay as replay:
            done = Done(replay.answer.body["url"], replay.answer.body["message"])
        except ValidationError as wrong:
            add_errors(form, wrong)
            return self.show(form, key=key)
        except DomainError as refusal:
            self.refusal = refusal
            add_refusal(form, refusal, clinical=self.reads_medical())
            return self.show(form, key="" if isinstance(refusal, KeyReused) else key)
        if done.message:
            messages.success(request, done.message)
        return HttpResponseRedirect(self.next_url() or done.url)

    def show(self, form: forms.Form, *, key: str = "") -> HttpResponse:
        assert self.site is not None
        context = {
            **self.site.each_context(self.request),
            "title": self.title,
            "submit": self.submit,
            "is_final": self.is_final,
            "form": form,
            "errors": list(_linked_errors(form)),
            "key": key or uuid.uuid4().hex,
            "next": self.next_url(),
            "back": self.next_url() or self.back(),
            **self.page(),
        }
        return TemplateResponse(self.request, self.template_name, context)

    def reads_medical(self) -> bool:
        """Whether the user may read clinical reasons about the page's client."""
        client: Client | None = getattr(self, "client", None)
        return client is not None and reads_medical(self.user, client)

    def next_url(self) -> str:
        """The page that the user came from, if it named itself and is ours."""
        url = self.request.POST.get("next") or self.request.GET.get("next") or ""
        is_ours = url_has_allowed_host_and_scheme(
            url, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )
        return url if is_ours else ""


def add_refusal(form: forms.Form, refusal: DomainError, *, clinical: bool) -> None:
    """Each reason of a refusal as an error of its own, beside its field where it has one."""
    if isinstance(refusal, KeyReused):
        texts = [
            gettext("This form was sent before, with other values. Look at what it did, then send again.")
        ]
    else:
        judges_a_session = type(refusal).__module__.startswith("scheduling.")  # others have nothing to hide
        told = reasons(refusal.blockers, clinical=clinical or not judges_a_session)
        texts = told or [refusal.text()]
    field = (refusal.pointer or "").rpartition("/")[2]
    is_shown = field in form.fields and not form[field].is_hidden
    form.add_error(field if is_shown else None, [ValidationError(text) for text in texts])


def add_errors(form: forms.Form, wrong: ValidationError) -> None:
    """What a model's own validation found, beside the fields of the same name."""
    if not hasattr(wrong, "error_dict"):
        form.add_error(None, wrong)
        return
    for name, errors in wrong.error_dict.items():
        known = name in form.fields and name != NON_FIELD_ERRORS
        form.add_error(name if known else None, errors)


def _linked_errors(form: forms.Form) -> Iterable[tuple[str, str]]:
    """(id of the field, '' for the whole form; what is wrong) for the summary above the form."""
    for name, errors in form.errors.items():
        field = form[name] if name in form.fields else None
        for text in errors:
            if field is None:
                yield "", str(text)
            else:
                colon = "" if str(field.label).endswith("?") else ":"
                yield field.id_for_label or field.auto_id, f"{field.label}{colon} {text}"


def _hash(request: HttpRequest) -> str:
    sent = sorted((name, values) for name, values in request.POST.lists() if name not in SENT_WITH_EVERY_FORM)
    return hashlib.sha256(repr((request.get_full_path(), sent)).encode()).hexdigest()


def _answer(done: Done) -> idempotency.Answer:
    return idempotency.Answer(303, {"url": done.url, "message": done.message})
