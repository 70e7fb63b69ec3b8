"""Whether a request was made by Twilio: the X-Twilio-Signature header, as its security page defines it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

MOST_BYTES = 64 * 1024  # Twilio's are below 8 KB
STANDARD_PORTS = {"https": 443, "http": 80}


def is_from_twilio(request: HttpRequest) -> bool:
    """Judge a POST, form or JSON, by the account's token or the one before it; compared in constant time.

    Twilio signs the address that it was given. Behind a proxy only PUBLIC_URL knows that one.
    """
    given = request.headers.get("X-Twilio-Signature", "").encode()
    signed = _signed_part(request)
    if not given or signed is None:
        return False
    tokens = [token for token in (settings.TWILIO_AUTH_TOKEN, settings.TWILIO_AUTH_TOKEN_FALLBACK) if token]
    expected = [
        signed_by(token, address, signed)
        for token in tokens
        for address in _addresses(request.get_full_path())
    ]
    return any(hmac.compare_digest(given, each.encode()) for each in expected)


def signed_by(token: str, address: str, params: str = "") -> str:
    """What Twilio signs with: the address and, joined by nothing, the form's sorted names and values."""
    digest = hmac.new(token.encode(), (address + params).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _signed_part(request: HttpRequest) -> str | None:
    """Return what follows the address in the signature; None if the body can't be what Twilio sent."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            return None
        if body_hash := request.GET.get("bodySHA256"):
            actual = hashlib.sha256(request.body).hexdigest()
            return "" if hmac.compare_digest(body_hash.lower().encode(), actual.encode()) else None
        form = request.POST
    except (ValueError, SuspiciousOperation):
        return None
    if request.content_type != "application/x-www-form-urlencoded":
        return None
    return "".join(name + value for name in sorted(form) for value in sorted(set(form.getlist(name))))


def _addresses(path: str) -> Iterator[str]:
    """The public address, and the same with its port written out: Twilio signs either."""
    yield settings.PUBLIC_URL + path
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.port is None and (port := STANDARD_PORTS.get(parts.scheme)):
        yield f"{parts.scheme}://{parts.netloc}:{port}{parts.path}{path}"
