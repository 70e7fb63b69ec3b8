"""What needs Django, in a process per database: python -m benchmarks.worker build|measure|…"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import django


def main() -> None:
    django.setup()
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--size", required=True)
    parser.add_argument("--cases", default="", help="by default all")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--racers", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--count", type=int, default=0)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the web server is stopped
    found = WORKS[options.work](options)
    if options.out:
        options.out.write_text(json.dumps(found))


def build(options: argparse.Namespace) -> dict[str, Any]:
    from django.core.management.base import OutputWrapper

    from benchmarks import dataset
    from benchmarks.sizes import SIZES
    from practice import present
    from web.demo.progress import Progress

    size = SIZES[options.size]
    progress = Progress(OutputWrapper(sys.stderr), quiet=False)  # type: ignore[arg-type]
    began = time.monotonic()
    dataset.build(size, now=present.now(), say=progress)
    progress.finish()
    return {"seconds": round(time.monotonic() - began, 1)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import dataset, engine, http_cases
    from benchmarks.samples import Samples, ground_of
    from benchmarks.sizes import SIZES
    from benchmarks.stand import web_server
    from practice import present
    from scheduling.models import Booking, Occupancy

    size = SIZES[options.size]
    keys = dataset.biggest_keys()
    samples = Samples(size, ground_of(size), present.now())
    stored = {"bookings": Booking.objects.count(), "occupancies": Occupancy.objects.count()}
    names = options.cases.split(",") if options.cases else [*http_cases.CASES, "engine"]
    found, began = [], time.monotonic()
    try:
        with web_server(os.environ) as port:
            run = http_cases.Run(
                samples,
                port,
                token=token(),
                cookie=f"session_{port}={session_key()}",  # the name that the settings give it without TLS
                seconds=options.seconds,
                racers=options.racers,
                rounds=options.rounds,
            )
            for name, cases in http_cases.CASES.items():
                for line in cases(run) if name in names else ():
                    found.append(told(line))
        if "engine" in names:
            found += [told(line) for line in engine.lines(samples, seconds=options.seconds / 2)]
        overlapping = overlaps()
    finally:
        dataset.put_back(keys)
    return {
        "size": size.name,
        **stored,
        "clients": size.clients,
        "overlaps": overlapping,
        "left_behind": Booking.objects.count() - stored["bookings"],
        "seconds": round(time.monotonic() - began, 1),
        "lines": found,
    }


def messages(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import messages

    return {"lines": [told(line) for line in messages.lines(planned=options.count)]}


def contend(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import contend

    return {"lines": [told(line) for line in contend.lines(attempts=options.count)]}


def told(line: Any) -> dict[str, Any]:
    said = {True: "ok", False: "MISSED", None: ""}[line.is_met]
    floors = f"{line.floors:g} floors" if line.floors else ""
    wrong = f" WRONG {line.wrong}" if line.wrong else ""
    print(f"  {line.what:<64} {line.p50:>9.1f} ms {floors:>13}  {said}{wrong}")
    if line.case.startswith(("contention", "series", "sends")):
        print(f"    {line.notes}")
    sys.stdout.flush()
    return asdict(line)


def token() -> str:
    from benchmarks.dataset import DESK
    from practice import present
    from practice.api.authentication import issue_token
    from practice.models import User

    return issue_token(
        User.objects.get(email=DESK), name="benchmarks", now=present.now(), lasts=timedelta(hours=2)
    )


def session_key() -> str:
    """Somebody at the desk, signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from benchmarks.dataset import DESK
    from practice.models import User

    user, session = User.objects.get(email=DESK), SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def overlaps() -> int:
    """Pairs of occupancies that take the same thing at the same time."""
    from practice import present
    from scheduling.invariants import CHECKS

    return sum(len(check.find(present.now())) for check in CHECKS if check.name.endswith("_overlap"))


WORKS = {"build": build, "measure": measure, "messages": messages, "contend": contend}

if __name__ == "__main__":
    main()
