"""python -m config.run: everything that Quietroom needs on this machine, in one terminal.

PORT and HOST choose the address, QUIETROOM_DATA the data folder, DATABASE_URL and REDIS_URL servers of yours.
"""

import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.run.polling import answer_of
from config.run.screen import Screen
from config.run.supervisor import GaveUp, Program, StopAsked, Supervisor
from config.servers import postgres, valkey
from config.servers.places import Places, locate

BASE = Path(__file__).resolve().parents[2]
READY_SECONDS = 90


class CannotStart(Exception):
    """Says what is wrong and what to do."""


def main() -> int:
    screen = Screen(sys.stdout)
    try:
        port = env.integer("PORT", 8000, least=1, most=65535)
        host = env.text("HOST", "127.0.0.1")
        data = env.folder("QUIETROOM_DATA", BASE / "var")
        data.mkdir(parents=True, exist_ok=True)
        hold(data)
        check_port_is_free(host, port)
        with Supervisor(screen.line, environment(host, port, data)) as supervisor:
            with suppress(StopAsked):
                start_all(supervisor, screen, locate(data), host, port)
                supervisor.run()
            screen.say("\nStopping ...")
    except (CannotStart, GaveUp, ImproperlyConfigured, postgres.ServerError, OSError) as exc:
        screen.say(f"\n{exc}")
        return 1
    except KeyboardInterrupt:
        pass  # before there was anything to stop
    screen.say("Stopped.")
    return 0


def environment(host: str, port: int, data: Path) -> dict[str, str]:
    return {
        "QUIETROOM_DEMO": "1",
        **os.environ,
        "HOST": host,
        "PORT": str(port),
        "QUIETROOM_DATA": str(data),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(BASE),
    }


def hold(data: Path) -> None:
    """Make sure that we are the only launcher for this data folder, until this process ends."""
    lock = os.open(data / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotStart(
            f"Quietroom runs already with the data in {data}.\n"
            "For a second copy give it a folder and a port of its own:\n"
            "    QUIETROOM_DATA=var2 PORT=8001 make run"
        ) from None


def check_port_is_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise CannotStart(f"Port {port} needs more rights. Choose another: PORT=8001 make run") from None
        except OSError as exc:
            raise CannotStart(
                f"Cannot use port {port} on {host} ({exc.strerror}). Stop what uses it, or choose another:\n"
                "    PORT=8001 make run"
            ) from None


def start_all(supervisor: Supervisor, screen: Screen, places: Places, host: str, port: int) -> None:
    began = time.monotonic()
    start_servers(supervisor, screen, places)
    python = [sys.executable, "-m"]
    if supervisor.run_once(Program("setup", [*python, "django", "prepare"], stop_seconds=5)) != 0:
        raise CannotStart("The database could not be set up; see above.")
    celery = [*python, "celery", "-A", "config.celery", "--quiet", "--skip-checks"]
    level = ["--loglevel", env.text("LOG_LEVEL", "INFO")]
    slots = str(env.integer("WORKER_PROCESSES", 2, least=1, most=64))
    worker = [
        "worker",
        "--concurrency",
        slots,
        "--queues",
        "work,messages",
        "--without-mingle",
        "--without-gossip",
    ]
    with screen.step("Web, worker and beat"):
        supervisor.start(Program("web", [*python, "gunicorn", "-c", "python:config.gunicorn", "config.wsgi"]))
        supervisor.start(Program("worker", [*celery, *worker, "-n", "worker@%h", *level], stop_seconds=15))
        supervisor.start(Program("beat", [*celery, "beat", *level]))
        if not supervisor.wait_for(
            every_so_often(lambda: answers(host, port, "/healthz")), seconds=READY_SECONDS
        ):
            raise CannotStart(f"The site did not become ready within {READY_SECONDS} s; see the lines above.")
    screen.welcome(places.data / "welcome.txt", host, port, seconds=time.monotonic() - began)
    well = supervisor.wait_for(every_so_often(lambda: answers(host, port, "/readyz")), seconds=READY_SECONDS)
    if not well:
        screen.say(f"Something is not well yet; http://{host}:{port}/readyz says what.")


def start_servers(supervisor: Supervisor, screen: Screen, places: Places) -> None:
    (places.data / "log").mkdir(exist_ok=True)
    if not env.text("DATABASE_URL") and not postgres.is_running(places):
        new = not (places.postgres_data / "PG_VERSION").exists()
        with screen.step("PostgreSQL (first start: makes its files)" if new else "PostgreSQL"):
            postgres.prepare(places)
            postgres.forget_a_dead_server(places)
            line = postgres.start_line(places, parent=os.getpid())
            log = places.postgres_log.open("ab")
            program = Program(
                "postgres", line, signal.SIGINT, 20, ends_with_us=False, stopped_last=True, output=log
            )
            supervisor.start(program)
            if not supervisor.wait_for(lambda: postgres.is_running(places), seconds=60, program=program):
                raise CannotStart(f"PostgreSQL did not start:\n{postgres.log_end(places)}")
    if not env.text("DATABASE_URL"):
        postgres.ensure_database(places)
    if not env.text("REDIS_URL") and not valkey.is_running(places):
        with screen.step("Valkey (Redis)"):
            valkey.prepare(places)
            line = valkey.start_line(places, parent=os.getpid())
            log = places.valkey_log.open("ab")
            program = Program("valkey", line, ends_with_us=False, stopped_last=True, output=log)
            supervisor.start(program)
            if not supervisor.wait_for(lambda: valkey.is_running(places), seconds=20, program=program):
                raise CannotStart(f"Valkey did not start; see {places.valkey_log}.")


def answers(host: str, port: int, path: str) -> bool:
    return answer_of(host, port, path) == 200


def every_so_often(ask: Callable[[], bool], seconds: float = 0.25) -> Callable[[], bool]:
    """Wrap a costly question so that the supervisor's quick loop asks it only now and then."""
    asked_at = 0.0

    def ask_now_and_then() -> bool:
        nonlocal asked_at
        if time.monotonic() - asked_at < seconds:
            return False
        asked_at = time.monotonic()
        return ask()

    return ask_now_and_then


if __name__ == "__main__":
    sys.exit(main())
