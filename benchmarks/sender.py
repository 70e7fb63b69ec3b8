"""What a worker does until nothing is due any more.

Prints the seconds of each batch, and at the end the milliseconds of processor time that it took, and the
database for it.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import django

LONG_AGO = timedelta(days=900)  # nothing was due then


def main(shift: timedelta) -> None:
    django.setup()
    from django.db import connection

    from notifications import deliver
    from notifications.channels import channel_for
    from notifications.tasks import MOST_AT_ONCE
    from practice import present

    def clock() -> datetime:
        return present.now() + shift

    deliver.claim(now=clock() - LONG_AGO, limit=1)  # connects, and imports what a worker has by then
    for name in ("email", "sms"):
        channel_for(name)
    backend = connection.connection.info.backend_pid
    print("ready", flush=True)
    sys.stdin.read()  # until all are ready
    limit, spent = deliver.BATCH, (time.process_time(), spent_by(backend))
    while True:
        began = time.perf_counter()
        handled = deliver.deliver_due(clock=clock, limit=limit)
        if not handled:
            break
        if handled == limit:
            limit = min(2 * limit, MOST_AT_ONCE)  # as the task does
        print(time.perf_counter() - began, flush=True)
    ours, theirs = time.process_time() - spent[0], spent_by(backend) - spent[1]
    print("processor", round(1000 * ours), round(1000 * theirs), flush=True)


def spent_by(pid: int) -> float:
    """Seconds of processor time; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(timedelta(seconds=float(sys.argv[1])))
