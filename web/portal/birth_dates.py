"""The birth date, before anything that names medicine or asks how somebody feels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from notifications import links
from web.portal.entry import back, ended, has_proof, page, remember_proof
from web.portal.forms import BirthDateForm

KEPT, GONE_ON = "kept", 303
HEARD = "heard"  # what is kept sounded unsafe, and somebody has been told


def ask_birth_date(
    request: Any, *, kept: Mapping[str, str] | None = None, is_unsafe: bool = False
) -> HttpResponse:
    """Before anything that names medicine. The answer comes back to the same address.

    `kept` is what was sent there when the birth date no longer counted: it goes along in hidden fields. Where
    it `is_unsafe` the page says first whom to call.
    """
    asks = kept is None and request.method == "POST" and "month" in request.POST
    form, refusal = BirthDateForm(request.POST if asks else None), ""
    if asks and form.is_valid():
        if links.prove(request.link.pk, form.birth_date, now=request.now):
            answer = back(request)
            answer["Location"] = request.path
            remember_proof(answer, request)
            return answer
        if links.find(request.secret, now=request.now) is None:
            return ended(request)  # that was one too many
        refusal = gettext("This is not the date that we have. Please try again, or call us.")
    return page(
        request,
        "birth_date",
        status=422 if form.errors or refusal else 200,
        form=form,
        refusal=refusal,
        can_ask=request.link.client.birth_date is not None,
        kept=_kept(request) if kept is None else kept,
        is_unsafe=is_unsafe or is_heard(request),
    )


def sent_with_proof(
    request: Any, overhear: Callable[[Mapping[str, str]], bool]
) -> Mapping[str, str] | HttpResponse:
    """What was posted, for who gave the birth date; else the page that asks for it.

    An answer that comes too late, perhaps after a long rest over one question, goes along and is not lost.
    Whoever sent it may never come back: `overhear` looks at it at once and says whether it sounds unsafe.
    """
    kept = _kept(request)
    if has_proof(request):  # the birth date perhaps in another window
        posted: Mapping[str, str] = request.POST if kept is None else kept
        return posted
    if kept is None:
        return ask_birth_date(request, kept=request.POST.dict(), is_unsafe=overhear(request.POST))
    asked = ask_birth_date(request)
    return kept if asked.status_code == GONE_ON else asked


def is_heard(request: Any) -> bool:
    """Whether what goes along with the birth date sounded unsafe when it was sent."""
    return request.method == "POST" and request.POST.get(KEPT) == HEARD


def _kept(request: Any) -> dict[str, str] | None:
    """What went along with the birth date, None where nothing did."""
    if KEPT not in request.POST:
        return None
    mark = f"{KEPT}-"
    return {name[len(mark) :]: value for name, value in request.POST.items() if name.startswith(mark)}
