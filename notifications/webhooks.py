"""Where a provider hands in what clients text us. Anybody can call; only the provider is believed."""

from __future__ import annotations

from xml.sax.saxutils import escape

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications import inbound
from notifications.channels.twilio_signature import is_from_twilio
from notifications.inbound import Incoming
from notifications.replies import Meaning
from practice import phones, present

LONGEST_TEXT = 1_600
BY_TWILIO: dict[str, Meaning] = {"STOP": "stop", "START": "start", "HELP": "help"}


@csrf_exempt
@require_POST
def sms(request: HttpRequest) -> HttpResponse:
    """Twilio's messaging webhook. 403 without a word why; whatever is signed is kept, or answered 400."""
    if not is_from_twilio(request):
        return HttpResponse(status=403)
    form = request.POST
    reference = form.get("MessageSid") or form.get("SmsSid", "")
    if form.get("AccountSid") != settings.TWILIO_ACCOUNT_SID:
        return HttpResponse(status=403)
    if not reference or not form.get("From"):
        return HttpResponse(status=400)
    opted = form.get("OptOutType", "")
    answer = inbound.receive(
        Incoming(
            provider="twilio",
            provider_ref=reference[:120],
            sender=_number(form["From"]),
            body=form.get("Body", "").replace("\x00", "")[:LONGEST_TEXT],
            meaning=BY_TWILIO.get(opted),
            provider_answers=bool(opted) or settings.TWILIO_ANSWERS_STOP,
        ),
        now=present.now(),
    )
    said = f"<Message>{escape(answer)}</Message>" if answer else ""
    return HttpResponse(
        f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>',
        content_type="text/xml; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )


def _number(text: str) -> str:
    try:
        return phones.normalise(text)
    except ValidationError:  # a short code, or a name: of nobody
        return text[:254]


urlpatterns = [path("twilio/sms", sms, name="twilio_sms")]
