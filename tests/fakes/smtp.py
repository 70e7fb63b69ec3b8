"""A mail server that delivers to a log.

In a test:      with FakeSmtp(tmp_path / "mail.jsonl") as smtp: ... smtp.host, smtp.port ...
As a process:   python -m tests.fakes.smtp --log var/mail.jsonl [--port 2525] [--chaos '{"drop_reply": 0.07}']

Instructions for `misbehave`, each for one message:

refuse_sender:NNN  refuse_recipient:NNN  refuse_data:NNN   answer with that code at that point
drop_at_mail  drop_at_recipient  drop_at_data  drop_in_data   hang up at that point, nothing taken
drop_reply     take it, hang up without an answer           hang_reply   take it, never answer
slow:s         take it, answer after s seconds              garbage      take it, answer nonsense
hang_greeting  take the connection, say nothing
"""

from __future__ import annotations

import argparse
import asyncio
import email.policy
import json
import logging
import sys
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.fakes import Log, Script, now_of

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's: it repeats every address


class FakeSmtp:
    host = "127.0.0.1"

    def __init__(
        self, log: Path, *, port: int = 0, script: Script | None = None, clock: Path | None = None
    ) -> None:
        self.log = Log(log)
        self.clock = clock
        self.script = script or Script()
        self.misbehave = self.script.misbehave
        self.transports: list[Any] = []
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_ready.wait(10)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        """The loop's own thread; aiosmtpd's Controller cannot take a free port."""
        loop = self._loop
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(lambda *_: None)  # hang-ups on purpose
        server = loop.run_until_complete(loop.create_server(lambda: _Server(self), self.host, self.port))
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        for transport in self.transports:
            transport.abort()
        loop.run_until_complete(asyncio.sleep(0.01))  # let the sockets close
        loop.close()

    @property
    def connection_count(self) -> int:
        return len(self.transports)

    def accepted(self) -> list[dict[str, Any]]:
        return self.log.entries()

    def accept(self, envelope: Envelope) -> None:
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.log.append(
            {
                "at": now_of(self.clock).isoformat(),
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "message_id": str(message["Message-ID"]),
                "subject": str(message["Subject"]),
                "headers": {name: str(value) for name, value in message.items()},
                "body": message.get_content().replace("\r\n", "\n"),
            }
        )


class _Server(SMTP):
    """aiosmtpd with an instruction for each message."""

    def __init__(self, fake: FakeSmtp) -> None:
        super().__init__(_Handler(fake), enable_SMTPUTF8=False, hostname="mail.example")
        self.fake = fake
        self.instruction, self.detail = "", ""

    def connection_made(self, transport: Any) -> None:
        self.fake.transports.append(transport)
        super().connection_made(transport)

    async def push(self, status: Any) -> None:
        if self.instruction == "hang_greeting":
            await asyncio.sleep(60)
        await super().push(status)

    def take_instruction(self) -> None:
        self.instruction, _, self.detail = self.fake.script.next().partition(":")

    def hang_up(self) -> str:
        if self.transport is not None:
            self.transport.abort()
        raise ConnectionResetError

    async def _handle_client(self) -> None:
        if self.fake.script.peek() == "hang_greeting":
            self.take_instruction()
        await super()._handle_client()

    async def smtp_DATA(self, arg: str) -> None:
        if self.instruction == "drop_at_data":
            self.hang_up()
        await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, fake: FakeSmtp) -> None:
        self.fake = fake

    async def handle_MAIL(
        self, server: _Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        server.take_instruction()
        if server.instruction == "refuse_sender":
            return f"{server.detail} no"
        if server.instruction == "drop_at_mail":
            server.hang_up()
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: _Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if server.instruction == "refuse_recipient":
            return f"{server.detail} <{address}> no"
        if server.instruction == "drop_at_recipient":
            server.hang_up()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: _Server, session: Session, envelope: Envelope) -> str:
        match server.instruction:
            case "refuse_data":
                return f"{server.detail} no"
            case "drop_in_data":
                return server.hang_up()
        self.fake.accept(envelope)
        match server.instruction:
            case "drop_reply":
                return server.hang_up()
            case "hang_reply":
                await asyncio.sleep(float(server.detail or 60))
            case "slow":
                await asyncio.sleep(float(server.detail))
            case "garbage":
                return "what?"
        return "250 OK"


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake mail server.")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--chaos", type=json.loads, default={})
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clock", type=Path)
    options = parser.parse_args()
    script = Script(options.chaos, options.seed)
    with FakeSmtp(options.log, port=options.port, script=script, clock=options.clock) as fake:
        print(fake.port, flush=True)
        for line in sys.stdin:  # one instruction a line; the end of it is ours
            fake.misbehave(line.strip())


if __name__ == "__main__":
    main()
