"""A server of calendars.

with FakeCalendars() as calendars:
    calendars.put("/ana.ics", body)         what a GET gets, with an ETag
    calendars.redirect("/old.ics", url)     somewhere else instead
    calendars.answer("/x.ics", function)    whatever: the function gets the handler
    calendars.url("/ana.ics")               http://127.0.0.1:…/ana.ics

`event` and `calendar` write what goes into the bodies.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = Callable[[BaseHTTPRequestHandler], None]

LOS_ANGELES = """BEGIN:VTIMEZONE
TZID:America/Los_Angeles
BEGIN:DAYLIGHT
DTSTART:19700308T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
TZOFFSETFROM:-0800
TZOFFSETTO:-0700
TZNAME:PDT
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19701101T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0700
TZOFFSETTO:-0800
TZNAME:PST
END:STANDARD
END:VTIMEZONE"""


def event(*lines: str, uid: str = "1@example.org") -> str:
    """`event("DTSTART:20261201T173000Z", "DTEND:20261201T183000Z")`."""
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T000000Z", *lines, "END:VEVENT"])


def calendar(*parts: str) -> bytes:
    text = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", *parts, "END:VCALENDAR", ""])
    return text.replace("\n", "\r\n").encode()


class FakeCalendars:
    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def put(self, path: str, body: bytes, *, etag: str | None = None) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"' if etag is None else etag

        def serve(handler: BaseHTTPRequestHandler) -> None:
            if tag and handler.headers.get("If-None-Match") == tag:
                send(handler, 304, b"", {"ETag": tag})
            else:
                send(handler, 200, body, {"Content-Type": "text/calendar", **({"ETag": tag} if tag else {})})

        self.answers[path] = serve

    def redirect(self, path: str, url: str, status: int = 302) -> None:
        self.answers[path] = lambda handler: send(handler, status, b"", {"Location": url})

    def answer(self, path: str, answer: Answer) -> None:
        self.answers[path] = answer

    def stream(self, path: str, chunks: Iterable[bytes], *, every_seconds: float = 0) -> None:
        """Without a length, for as long as there are chunks or the other side listens."""

        def serve(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Connection", "close")
            handler.end_headers()
            for chunk in chunks:
                handler.wfile.write(chunk)
                if every_seconds and self.closing.wait(every_seconds):
                    return

        self.answers[path] = serve


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


class _Server(ThreadingHTTPServer):
    fake: FakeCalendars
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client has gone; that is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        fake = self.server.fake
        fake.requests.append((self.path, dict(self.headers)))
        answer = fake.answers.get(self.path)
        if answer is None:
            send(self, 404, b"", {})
        else:
            answer(self)

    def log_message(self, *_args: Any) -> None:
        """Quiet."""
