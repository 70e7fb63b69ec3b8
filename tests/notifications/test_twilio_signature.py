"""Twilio's own example of its security page, and everything that somebody else might try."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from notifications.channels.twilio_signature import is_from_twilio, signed_by

TOKEN, OLD, PUBLIC = "12345", "54321", "https://mycompany.com"
PATH = "/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
SIGNED = "".join(name + value for name, value in sorted(FORM.items()))


@pytest.fixture(autouse=True)
def _account(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_AUTH_TOKEN_FALLBACK = TOKEN, ""
    settings.PUBLIC_URL = PUBLIC


def form_request(form: dict[str, str] | bytes, sign: str, path: str = PATH) -> HttpRequest:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    # Behind a proxy: host and scheme are not the ones that Twilio called.
    return RequestFactory().generic(
        "POST",
        path,
        body,
        content_type="application/x-www-form-urlencoded",
        headers={"Host": "10.0.0.7:8000", "X-Twilio-Signature": sign},
    )


def test_twilios_example() -> None:
    assert signed_by(TOKEN, PUBLIC + PATH, SIGNED) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert is_from_twilio(form_request(FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="))


def test_a_port_written_out_is_the_same_address() -> None:
    sign = signed_by(TOKEN, "https://mycompany.com:443" + PATH, SIGNED)
    assert is_from_twilio(form_request(FORM, sign))


@pytest.mark.parametrize("name", [*FORM])
def test_each_field_counts(name: str) -> None:
    sign = signed_by(TOKEN, PUBLIC + PATH, SIGNED)
    assert not is_from_twilio(form_request({**FORM, name: FORM[name] + "1"}, sign))
    assert not is_from_twilio(form_request({key: FORM[key] for key in FORM if key != name}, sign))


def test_other_ways_to_be_wrong() -> None:
    sign = signed_by(TOKEN, PUBLIC + PATH, SIGNED)
    assert not is_from_twilio(form_request(FORM, ""))
    assert not is_from_twilio(form_request(FORM, "é" + sign))
    assert not is_from_twilio(form_request(FORM, sign, path="/other?foo=1&bar=2"))
    assert not is_from_twilio(form_request(FORM, signed_by("guess", PUBLIC + PATH, SIGNED)))
    assert not is_from_twilio(form_request({**FORM, "More": "1"}, sign))
    assert not is_from_twilio(form_request(b"a=" + b"x" * 1_000_000, signed_by(TOKEN, PUBLIC + PATH)))
    assert not is_from_twilio(form_request(b"&".join(b"a%d=1" % n for n in range(1200)), sign))


def test_an_account_without_a_token_is_nobodys(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    assert not is_from_twilio(form_request(FORM, signed_by("", PUBLIC + PATH, SIGNED)))


def test_two_tokens_while_one_replaces_the_other(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN_FALLBACK = OLD
    for token in (TOKEN, OLD):
        assert is_from_twilio(form_request(FORM, signed_by(token, PUBLIC + PATH, SIGNED)))


def test_a_json_body_is_signed_by_its_hash() -> None:
    body = json.dumps({"a": 1}).encode()
    path = f"/hook?bodySHA256={hashlib.sha256(body).hexdigest()}"

    def asks(content: bytes, path: str = path) -> HttpRequest:
        sign = signed_by(TOKEN, PUBLIC + path)
        return RequestFactory().generic(
            "POST", path, content, "application/json", headers={"X-Twilio-Signature": sign}
        )

    assert is_from_twilio(asks(body))
    assert not is_from_twilio(asks(body + b" "))
    assert not is_from_twilio(asks(body, path="/hook"))  # JSON that nothing vouches for
