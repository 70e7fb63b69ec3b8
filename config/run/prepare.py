"""What must be true before web, worker and beat start, in one process."""

import hashlib
import io
import time
from collections.abc import Callable

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config.run.screen import step_line
from config.schedule import ensure_schedule
from notifications import rule_book, staff

DEMO_COMMAND = "demo"


def migrate() -> str:
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        call_command("migrate", interactive=False, verbosity=0)
    return f"Database ({pending} migrations applied)" if pending else "Database is up to date"


def schedule() -> str:
    added = ensure_schedule()
    return f"Schedule ({len(added)} sweeps added)" if added else "Schedule is complete"


def rules() -> str:
    """Write our rules for messages down, so that they can be edited."""
    added = len(rule_book.add_missing()) + len(staff.add_missing())
    return f"Rules for messages ({added} added)" if added else "Rules for messages are there"


def demo() -> str:
    """Fill an empty database once, and keep the demo's own description for the launcher to print."""
    if not settings.DEMO:
        return "No demo data (QUIETROOM_DEMO is off)"
    if DEMO_COMMAND not in get_commands():
        return "No demo data (there is no demo command yet)"
    filled = not get_user_model()._default_manager.exists()
    if filled:
        print("  Inventing a practice for the demo, once; this takes half a minute ...", flush=True)
        call_command(DEMO_COMMAND, stdout=io.StringIO())
    words = io.StringIO()
    call_command(DEMO_COMMAND, describe=True, stdout=words)
    (settings.DATA_DIR / "welcome.txt").write_text(words.getvalue(), encoding="utf-8")
    return "Demo practice" if filled else "Demo practice is there already"


def static_files() -> str:
    """Collect the static files when one was added, removed or changed since the last time."""
    found = sorted(
        (path, storage.path(path), storage.size(path), storage.get_modified_time(path).timestamp())
        for finder in get_finders()
        for path, storage in finder.list([])
    )
    fingerprint = hashlib.sha256(repr((django.VERSION, found)).encode()).hexdigest()
    stamp = settings.STATIC_ROOT / ".fingerprint"
    if stamp.exists() and stamp.read_text() == fingerprint:
        return "Static files are collected"
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(fingerprint)
    return f"Static files ({len(found)} collected)"


def prepare() -> None:
    steps: list[Callable[[], str]] = [migrate, schedule, rules, demo, static_files]
    for step in steps:
        began = time.monotonic()
        words = step()
        print(step_line(words, time.monotonic() - began), flush=True)
