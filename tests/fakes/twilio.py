"""Twilio's Messages resource: create and list.

In a test:      with FakeTwilio(tmp_path / "twilio.jsonl") as twilio: ... twilio.base_url ...
As a process:   python -m tests.fakes.twilio --log var/twilio.jsonl --port 9001 --chaos '{"drop_reply": 0.07}'

Instructions for `misbehave`, each for one create request:

drop_request   hang up before taking it          drop_reply    take it, hang up without an answer
half_reply     take it, hang up in the answer    no_sid        take it, answer without its id
500_before     fail without taking it            500_after     take it, then fail
429[:seconds]  too many requests, Retry-After    429_date      the same, with a date
hang[:s]       answer nothing, take nothing      slow[:s]      take it, answer after s seconds
slow_take[:s]  take it after s seconds, answer
late           take it after the client left     http:NNN      that status, no JSON, not taken
error:NNNNN    refuse with that Twilio error     redirect      point somewhere else
twice          take it two times, as no provider should
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.fakes import Log, Script, now_of

ACCOUNT_SID = "AC" + "0" * 31 + "1"
AUTH_TOKEN = "not-a-secret"
ERRORS = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    21211: (400, "Invalid 'To' Phone Number"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number is not a valid message-capable number for this account."),
    21609: (400, "The StatusCallback URL is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
    21624: (400, "Invalid validity period value"),
}
# Twilio's own magic numbers.
REFUSED_NUMBERS = {"+15005550001": 21211, "+15005550004": 21610, "+15005550009": 21614}


class FakeTwilio:
    def __init__(
        self, log: Path, *, port: int = 0, script: Script | None = None, clock: Path | None = None
    ) -> None:
        self.log = Log(log)
        self.clock = clock
        self.script = script or Script()
        self.requests: list[dict[str, str]] = []  # the forms of all create requests, taken or not
        self.closing = threading.Event()
        self._to: dict[str, list[dict[str, Any]]] = {}
        for entry in self.log.entries():
            self._to.setdefault(entry["to"], []).append(entry)
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.fake = self
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.misbehave = self.script.misbehave

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        self._server.serve_forever()

    def accepted(self) -> list[dict[str, Any]]:
        return self.log.entries()

    def to_number(self, number: str) -> list[dict[str, Any]]:
        """Without reading the log again, which grows."""
        return list(self._to.get(number, []))

    def _keep(self, entry: dict[str, Any]) -> None:
        self.log.append(entry)
        self._to.setdefault(entry["to"], []).append(entry)

    def accept(self, form: dict[str, str]) -> dict[str, Any]:
        entry = {
            "sid": "SM" + uuid.uuid4().hex,
            "at": now_of(self.clock).isoformat(),
            "to": form["To"],
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": form["Body"],
            "validity_period": int(form.get("ValidityPeriod", 36_000)),
            "status_callback": form.get("StatusCallback"),
        }
        self._keep(entry)
        return entry

    def plant(self, *, to: str, body: str, at: datetime) -> str:
        """Put a message into the log as if it had been accepted at `at`; returns its sid."""
        sid = "SM" + uuid.uuid4().hex
        entry = {"sid": sid, "at": at.isoformat(), "to": to, "from": None, "body": body}
        self._keep({**entry, "messaging_service_sid": None, "validity_period": 1, "status_callback": None})
        return sid


class _Server(ThreadingHTTPServer):
    fake: FakeTwilio
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client may have gone; that is what the tests are about."""


class _Refusal(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        text = self.rfile.read(length).decode()
        if len(text.encode()) < length:  # the client hung up: half a request is none
            return self._hang_up()
        if self.path == "/_fake/misbehave":
            for order in json.loads(text):
                self.server.fake.misbehave(order["do"], order.get("times", 1))
            return self._send(200, {})
        form = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
        try:
            self._check_account()
            self.server.fake.requests.append(form)
            instruction, _, detail = self.server.fake.script.next().partition(":")
            _check(form)
        except _Refusal as refusal:
            return self._refuse(refusal.code)
        return self._create(form, instruction, detail)

    def _create(self, form: dict[str, str], instruction: str, detail: str) -> None:
        fake = self.server.fake
        match instruction:
            case "":
                self._send(201, _resource(fake.accept(form)))
            case "drop_request":
                self._hang_up()
            case "drop_reply":
                fake.accept(form)
                self._hang_up()
            case "half_reply":
                fake.accept(form)
                self._send_head(201, length=1_000)
                self.wfile.write(b'{"sid": "SM')
                self._hang_up()
            case "no_sid":
                fake.accept(form)
                self._send(201, {"status": "queued"})
            case "500_before":
                self._send(500, {"code": 20500, "message": "Internal Server Error", "status": 500})
            case "500_after":
                fake.accept(form)
                self._send(500, {"code": 20500, "message": "Internal Server Error", "status": 500})
            case "429":
                self._refuse(20429, {"Retry-After": detail or "7"})
            case "429_date":
                at = datetime.now(UTC) + timedelta(seconds=30)
                self._refuse(20429, {"Retry-After": format_datetime(at, usegmt=True)})
            case "twice":
                self._send(201, _resource(fake.accept(form)))
                fake.accept(form)
            case "hang":
                fake.closing.wait(float(detail or 60))
                self._hang_up()
            case "slow":
                entry = fake.accept(form)
                fake.closing.wait(float(detail or 1))
                self._send(201, _resource(entry))
            case "slow_take":
                fake.closing.wait(float(detail or 1))
                self._send(201, _resource(fake.accept(form)))
            case "late":
                self._hang_up()
                fake.closing.wait(float(detail or 1))
                fake.accept(form)
            case "http":
                self._send(int(detail), None)
            case "redirect":
                self._send(307, None, {"Location": "http://127.0.0.1:1/"})
            case "error":
                self._refuse(int(detail))
            case _:
                raise ValueError(instruction)

    def do_GET(self) -> None:
        try:
            self._check_account()
        except _Refusal as refusal:
            return self._refuse(refusal.code)
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        entries = self.server.fake.to_number(query["To"]) if "To" in query else self.server.fake.accepted()
        found = [entry for entry in reversed(entries) if _matches(entry, query)]
        size, page = int(query.get("PageSize", 50)), int(query.get("Page", 0))
        rows, path = found[page * size :][:size], urlsplit(self.path).path
        following = f"{path}?To={query.get('To', '')}&PageSize={size}&Page={page + 1}".replace("+", "%2B")
        return self._send(
            200,
            {
                "messages": [_resource(entry) for entry in rows],
                "page": page,
                "page_size": size,
                "uri": self.path,
                "next_page_uri": following if found[(page + 1) * size :] else None,
            },
        )

    def _check_account(self) -> None:
        wanted = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            raise _Refusal(20003)
        if urlsplit(self.path).path != f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json":
            raise _Refusal(20404)

    def _refuse(self, code: int, headers: dict[str, str] | None = None) -> None:
        status, message = ERRORS[code]
        more_info = f"https://www.twilio.com/docs/errors/{code}"
        self._send(
            status, {"code": code, "message": message, "more_info": more_info, "status": status}, headers
        )

    def _send(self, status: int, payload: object, headers: dict[str, str] | None = None) -> None:
        body = b"<html>no JSON</html>" if payload is None else json.dumps(payload).encode()
        self._send_head(status, length=len(body), headers=headers)
        self.wfile.write(body)

    def _send_head(self, status: int, *, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.server.shutdown_request(self.connection)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _check(form: dict[str, str]) -> None:
    to, validity = form.get("To", ""), form.get("ValidityPeriod", "1")
    callback = form.get("StatusCallback")
    checks = (
        (not to, 21604),
        (to in REFUSED_NUMBERS, REFUSED_NUMBERS.get(to, 0)),
        (not (to.startswith("+") and to[1:].isdecimal() and 8 <= len(to) <= 16), 21211),
        (not (form.get("From") or form.get("MessagingServiceSid")), 21603),
        (not form.get("MessagingServiceSid", "MG").startswith("MG"), 21606),
        (not form.get("From", "+").startswith("+"), 21606),
        (not form.get("Body"), 21602),
        (len(form.get("Body", "")) > 1600, 21617),
        (not (validity.isdecimal() and 1 <= int(validity) <= 36_000), 21624),
        (callback is not None and urlsplit(callback).hostname in (None, "localhost"), 21609),
    )
    for is_wrong, code in checks:
        if is_wrong:
            raise _Refusal(code)


def _resource(entry: dict[str, Any]) -> dict[str, Any]:
    created = format_datetime(datetime.fromisoformat(entry["at"]))
    return {
        "account_sid": ACCOUNT_SID,
        "api_version": "2010-04-01",
        "body": entry["body"],
        "date_created": created,
        "date_sent": None,  # it waits in the queue, as a message does whose fate is in doubt
        "date_updated": created,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": entry["from"],
        "messaging_service_sid": entry["messaging_service_sid"],
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": entry["sid"],
        "status": "accepted" if entry["messaging_service_sid"] else "queued",
        "to": entry["to"],
        "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{entry['sid']}.json",
    }


def _matches(entry: dict[str, Any], query: dict[str, str]) -> bool:
    # No row has been sent yet, so a filter by DateSent finds none.
    return query.get("To", entry["to"]) == entry["to"] and not any(
        name.startswith("DateSent") for name in query
    )


def incoming(body: str, *, sender: str = "+15555550142", sid: str = "", **more: str) -> dict[str, str]:
    """The form that Twilio posts when somebody texts the account's number."""
    sid = sid or "SM" + uuid.uuid4().hex
    return {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "Body": body,
        "From": sender,
        "FromCountry": "US",
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": "+12025550100",
        **more,
    }


def sign(url: str, form: dict[str, str], *, token: str = AUTH_TOKEN) -> str:
    """X-Twilio-Signature, as Twilio's security page tells how to make it."""
    text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake Twilio.")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--chaos", type=json.loads, default={})
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clock", type=Path)
    options = parser.parse_args()
    script = Script(options.chaos, options.seed)
    fake = FakeTwilio(options.log, port=options.port, script=script, clock=options.clock)
    print(fake.base_url, flush=True)
    fake.serve()


if __name__ == "__main__":
    main()
