"""One GET of an outside calendar, within a size and a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from scheduling.outside_calendars import addresses
from scheduling.outside_calendars.addresses import Target
from scheduling.outside_calendars.errors import HTTP, Unreadable

MOST_BYTES = 5 * 1024 * 1024
MOST_REDIRECTS = 3
SECONDS = 20.0
LONGEST_ETAG = 200

_HEADERS = {
    "Accept": "text/calendar, */*;q=0.1",
    "Accept-Encoding": "identity",  # a small file may unpack to a large one
    "User-Agent": "Quietroom",
    "Connection": "close",
}


@dataclass(frozen=True)
class Fetched:
    """`body` is None when the calendar is as it was when we got `etag`."""

    body: bytes | None
    etag: str


def fetch(url: str, *, etag: str = "", allow_loopback: bool = False, seconds: float = SECONDS) -> Fetched:
    """Raises Unreadable.

    `seconds` is for all of it, looked at between two waits; who must be sure sets an alarm (`sandbox`).
    """
    stop_at = time.monotonic() + seconds
    headers = {**_HEADERS, **({"If-None-Match": etag} if etag else {})}
    try:
        for _hop in range(MOST_REDIRECTS + 1):
            target = addresses.check(url, allow_loopback=allow_loopback)
            found = addresses.resolve(target, allow_loopback=allow_loopback)
            answer = _get(url, target, found, headers, stop_at)
            if isinstance(answer, Fetched):
                return answer
            url = urljoin(url, answer)
        raise Unreadable("too_many_redirects")
    except httpx.TimeoutException:
        raise Unreadable("timed_out") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        raise Unreadable("unreachable") from None


def _get(
    url: str, target: Target, found: list[str], headers: Mapping[str, str], stop_at: float
) -> Fetched | str:
    """What is there, or the address that it redirects to."""
    last: Exception = Unreadable("unreachable")
    for address in found:
        try:
            return _ask(url, target, address, headers, stop_at)
        except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
            last = failed
    raise last


def _ask(url: str, target: Target, address: str, headers: Mapping[str, str], stop_at: float) -> Fetched | str:
    """Connect to `address` under the name of the host, which the certificate is checked against.

    No proxy of the environment: it would resolve the name anew.
    """
    asked = httpx.URL(url)
    request = httpx.Request(
        "GET",
        asked.copy_with(host=address, fragment=None),
        headers={**headers, "Host": asked.netloc.decode("ascii")},
        extensions={"sni_hostname": target.host, "timeout": _time_left(stop_at).as_dict()},
    )
    with httpx.Client(trust_env=False, verify=httpx.create_ssl_context()) as client:
        answer = client.send(request, stream=True)
        try:
            if answer.has_redirect_location:
                return answer.headers["Location"]
            if answer.status_code == httpx.codes.NOT_MODIFIED and "If-None-Match" in headers:
                return Fetched(None, headers["If-None-Match"])
            if answer.status_code != httpx.codes.OK:
                raise Unreadable(f"{HTTP}{answer.status_code}")
            etag = answer.headers.get("ETag", "")
            return Fetched(_body(answer, stop_at), etag if len(etag) <= LONGEST_ETAG else "")
        finally:
            answer.close()


def _body(answer: httpx.Response, stop_at: float) -> bytes:
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Unreadable("not_a_calendar")
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise Unreadable("too_large")
    body = bytearray()
    try:
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > MOST_BYTES:
                raise Unreadable("too_large")
            _time_left(stop_at)
    except httpx.RemoteProtocolError:
        raise Unreadable("incomplete") from None
    return bytes(body)


def _time_left(stop_at: float) -> httpx.Timeout:
    """For the next wait of any kind. Raises Unreadable when there is none left."""
    left = stop_at - time.monotonic()
    if left <= 0:
        raise Unreadable("timed_out")
    return httpx.Timeout(left)
