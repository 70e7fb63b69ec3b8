"""What a worker does until nothing is due any more. Prints the seconds of each batch."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta

import django


def main(shift: timedelta) -> None:
    django.setup()
    from django.db import connection

    from notifications import deliver
    from notifications.tasks import MOST_AT_ONCE
    from practice import present

    def clock() -> datetime:
        return present.now() + shift

    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.read()  # until all are ready
    limit = deliver.BATCH
    while True:
        began = time.perf_counter()
        handled = deliver.deliver_due(clock=clock, limit=limit)
        if not handled:
            return
        if handled == limit:
            limit = min(2 * limit, MOST_AT_ONCE)  # as the task does
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main(timedelta(seconds=float(sys.argv[1])))
