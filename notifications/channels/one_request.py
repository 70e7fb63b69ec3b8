"""One HTTP request on a connection of its own, with what failed before it left told from what failed after.

A client with a pool keeps connections, and when a kept one dies nobody can say whether a request got through
on it. It also costs several times as much of the processor.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from functools import cache
from urllib.parse import SplitResult, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

# Between look and words a process may be halted: so one thread at a time, and nothing in between.
_handing_over = threading.Lock()


class NeverLeft(Exception):
    """No word of the request left this machine; what failed is its only argument, a code."""


class AnswerLost(Exception):
    """The request was on its way: a time-out, a dropped connection, half an answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Message
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> object:
        """Raises ValueError."""
        return json.loads(self.body)


def ask(
    method: str,
    url: str,
    *,
    account: tuple[str, str],
    form: dict[str, str] | None = None,
    connect_seconds: float,
    seconds: float,
    last_look: Callable[[], None] = lambda: None,
) -> Reply:
    """Send it, and return what came back, whatever its status; redirects are not followed.

    `last_look` is taken with the connection made, before the form leaves, and may refuse by raising what it
    likes. Raises NeverLeft, AnswerLost, both without a cause: what is behind them ends in logs, and knows the
    request.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise NeverLeft("no_address")
    connection = _connection(parts, connect_seconds)
    body = urlencode(form or {}).encode()
    try:
        try:
            connection.connect()
            connection.sock.settimeout(seconds)
            connection.putrequest(method, f"{parts.path}?{parts.query}" if parts.query else parts.path)
            for name, value in _headers(account, body).items():
                connection.putheader(name, value)
            connection.endheaders()
        except (OSError, http.client.HTTPException) as exc:  # nobody takes a form without its words
            raise NeverLeft(type(exc).__name__) from None
        try:
            if body:
                with _handing_over:
                    last_look()
                    connection.send(body)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException) as exc:
            raise AnswerLost(type(exc).__name__) from None
    finally:
        connection.close()


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    proxy = proxy_for(parts.scheme, parts.hostname or "")
    through = proxy or parts
    place = (through.hostname or "", through.port)
    connection = (
        http.client.HTTPSConnection(*place, timeout=seconds, context=_tls())
        if parts.scheme == "https"
        else http.client.HTTPConnection(*place, timeout=seconds)
    )
    if proxy:
        named = (
            {"Proxy-Authorization": _basic(proxy.username, proxy.password or "")} if proxy.username else {}
        )
        connection.set_tunnel(parts.hostname or "", parts.port, named)
    return connection


@cache
def proxy_for(scheme: str, host: str) -> SplitResult | None:
    """What the environment of this process names for it."""
    proxies = getproxies()
    named = proxies.get(scheme) or proxies.get("all")
    return urlsplit(named) if named and not proxy_bypass(host) else None


@cache
def _tls() -> ssl.SSLContext:
    """Read the certificates once: it takes longer than a request."""
    return httpx.create_ssl_context()


def _headers(account: tuple[str, str], body: bytes) -> dict[str, str]:
    common = {"Authorization": _basic(*account), "Accept": "application/json", "Connection": "close"}
    of_a_form = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
    }
    return {**common, **of_a_form} if body else common


def _basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"
