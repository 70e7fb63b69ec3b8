"""What is measured runs here: servers, databases and a web server of the benchmarks' own, under var/bench."""

from __future__ import annotations

import fcntl
import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from config import env
from config.servers import postgres, valkey
from config.servers.places import Places, locate

BASE = Path(__file__).resolve().parents[1]
START_SECONDS = 40


def data_folder() -> Path:
    return env.folder("QUIETROOM_BENCH_DATA", BASE / "var" / "bench")


@contextmanager
def servers(data: Path) -> Iterator[Places]:
    """PostgreSQL with the product's own settings and Valkey, for one run at a time."""
    data.mkdir(parents=True, exist_ok=True)
    places = locate(data)
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        postgres.start(places, {"max_wal_size": "8GB"})  # or checkpoints take turns with the building
        valkey.start(places, keep=False)
        try:
            yield places
        finally:
            valkey.stop(places)
            postgres.stop(places)


def database_of(size: str) -> str:
    return f"bench_{size}"


def drop_database(places: Places, name: str) -> None:
    with postgres.connect(places, "postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def copy_database(places: Places, original: str, name: str) -> None:
    drop_database(places, name)
    with postgres.connect(places, "postgres") as connection:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(original)))


def remark(places: Places, name: str) -> str:
    """What was said about a database when it was complete; nothing about one that is missing or half made."""
    with postgres.connect(places, "postgres") as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        return str(row[0] or "") if row else ""


def set_remark(places: Places, name: str, text: str) -> None:
    with postgres.connect(places, "postgres") as connection:
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(text))
        )


def environment(data: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """Production settings; without TLS, which a proxy would do."""
    ours = {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "QUIETROOM_DATA": str(data),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "127.0.0.1",
        "OVER_TLS": "0",
        "LOG_LEVEL": "ERROR",
        "EMAIL_FROM": "Practice <practice@example.org>",
    }
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM", "TMPDIR") if name in os.environ
    }
    return {**kept, **ours}


def run(line: list[str], env: Mapping[str, str]) -> None:
    process = subprocess.Popen([sys.executable, *line], cwd=BASE, env=dict(env))
    try:
        code = process.wait()
    finally:  # when we are stopped, so is it
        process.terminate()
        process.wait()
    if code:
        raise SystemExit(f"{' '.join(line[:3])} ended with code {code}.")


@contextmanager
def web_server(env: Mapping[str, str]) -> Iterator[int]:
    """gunicorn as in production, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    line = ["-m", "gunicorn", "-c", "python:config.gunicorn", "config.wsgi"]
    process = subprocess.Popen([sys.executable, *line], cwd=BASE, env={**env, "PORT": str(port)})
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"The web server ended with code {process.returncode}.")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/floor")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise SystemExit("The web server does not answer.")
