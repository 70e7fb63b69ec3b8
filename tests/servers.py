"""The servers and databases of a test run. DATABASE_URL and REDIS_URL, when set, win.

Runs share the servers: each holds a shared lock while it lasts, and the one that ends last stops them.
All databases are copies of one template that was migrated once for the migrations as they are now.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from config.servers import postgres, valkey
from config.servers.places import locate

BASE = Path(__file__).resolve().parents[1]
DATA = BASE / "var" / "test"
PLACES = locate(DATA)
# A crash may lose the test databases: the next run makes its own.
FAST_AND_LOOSE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "autovacuum": "off",
}


def start() -> int:
    """Start what is missing; return the lock that says so, for `leave`."""
    DATA.mkdir(parents=True, exist_ok=True)
    runs = os.open(DATA / "runs.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(runs, fcntl.LOCK_SH)
    with alone("start"):
        if not os.environ.get("DATABASE_URL"):
            postgres.start(PLACES, FAST_AND_LOOSE)
            drop_databases_of_dead_runs()
        if not os.environ.get("REDIS_URL"):
            valkey.start(PLACES, keep=False)
    return runs


def leave(runs: int) -> None:
    """Stop the servers unless another run is still busy."""
    try:
        fcntl.flock(runs, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        valkey.stop(PLACES)
        postgres.stop(PLACES)
    finally:
        os.close(runs)


@contextmanager
def alone(what: str) -> Iterator[None]:
    lock = os.open(DATA / f"{what}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def template() -> str:
    """Return the name of a migrated database to copy; make it if the migrations have changed."""
    name = f"template_{fingerprint()}"
    with alone("template"), postgres.connect(PLACES, "postgres") as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'")
        known = {str(row[0]) for row in rows}
        if name in known:
            return name
        for old in known:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))
        postgres.ensure_database(PLACES, half_made := "template_half_made")
        env = {**os.environ, "DATABASE_URL": PLACES.database_url(half_made)}
        env |= {"DJANGO_SETTINGS_MODULE": "config.settings_test", "DATABASE_STATEMENT_TIMEOUT_MS": "0"}
        line = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(line, cwd=BASE, env=env, check=True)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(half_made), sql.Identifier(name)))
    return name


def dump() -> bytes:
    """All that the migrations make, for a server of somebody's own."""
    line = postgres.command(PLACES, "pg_dump", ["--no-owner", "--dbname", PLACES.database_url(template())])
    return subprocess.run(line, cwd="/", capture_output=True, check=True).stdout


def fingerprint() -> str:
    """Return what changes when a migration or a dependency does."""
    files = [*sorted(BASE.glob("*/migrations/*.py")), BASE / "requirements" / "run.txt"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def drop_databases_of_dead_runs() -> None:
    with postgres.connect(PLACES, "postgres") as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'").fetchall()
        for name in [str(row[0]) for row in rows]:
            run = name.split("_")[1]
            if not (run.isdigit() and postgres.is_alive(int(run))):
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                connection.execute(drop.format(sql.Identifier(name)))
