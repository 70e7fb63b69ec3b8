"""A provider that takes everything and only counts: what is measured is the sender.

It knows as much of SMTP, or with the word "sms" of Twilio's API, as a sender needs, and costs little of the
processor that it shares with it. A number is the milliseconds that it takes for each text. Prints its port,
and when its standard input ends, how many messages it got, how many different ones, and the milliseconds of
processor time that it took.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time

MESSAGE_ID = re.compile(rb"^Message-ID: *(\S+)", re.IGNORECASE | re.MULTILINE)
LENGTH = re.compile(rb"^Content-Length: *(\d+)", re.IGNORECASE | re.MULTILINE)
END_OF_TEXT = b"\r\n.\r\n"
ANSWERS = {b"EHLO": b"250 sink.example\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


SECONDS_EACH = int(sys.argv[-1]) / 1000 if sys.argv[-1].isdecimal() else 0
ids: list[bytes] = []  # of what was taken, on all connections


class Mail(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.pending, self.is_text = transport, b"", False
        transport.write(b"220 sink.example\r\n")

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while True:
            unit, end, rest = self.pending.partition(END_OF_TEXT if self.is_text else b"\r\n")
            if not end:
                return
            self.pending = rest
            if self.is_text:
                found = MESSAGE_ID.search(unit)
                ids.append(found[1] if found else b"")
            verb = b"" if self.is_text else unit[:4].upper()
            self.is_text = verb == b"DATA"
            self.transport.write(ANSWERS.get(verb, b"250 OK\r\n"))
            if verb == b"QUIT":
                self.transport.close()


class Texts(asyncio.Protocol):
    """One request on a connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.pending = transport, b""

    def data_received(self, data: bytes) -> None:
        self.pending += data
        head, end, body = self.pending.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return
        ids.append(body)  # it has the token, in the address of the callback
        answer = b'{"sid": "SM%032x"}' % len(ids)
        whole = (
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(answer), answer)
        )
        asyncio.get_running_loop().call_later(SECONDS_EACH, self.answer, whole)

    def answer(self, whole: bytes) -> None:
        self.transport.write(whole)
        self.transport.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Texts if "sms" in sys.argv else Mail, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    print(len(ids), len(set(ids)), round(time.process_time() * 1000), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
