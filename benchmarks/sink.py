"""A mail server that takes everything and only counts: what is measured is the sender.

Prints its port, and when its standard input ends, how many messages it got and how many different ones.
"""

from __future__ import annotations

import asyncio
import re
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session

MESSAGE_ID = re.compile(rb"^Message-ID: *(\S+)", re.IGNORECASE | re.MULTILINE)


class Counting:
    def __init__(self) -> None:
        self.ids: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        found = MESSAGE_ID.search(content) if isinstance(content, bytes) else None
        self.ids.append(found[1] if found else b"")
        return "250 OK"


async def main() -> None:
    counting, loop = Counting(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(counting, hostname="sink.example"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    print(len(counting.ids), len(set(counting.ids)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
