"""One practice under attack: PostgreSQL, Redis, worker, beat and both providers, all real processes.

PostgreSQL has its default settings, so that what it said it has committed survives its death. Everything
lives in one folder and ends with this process. The clock of practice and providers can be put forward.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from config.servers import postgres, valkey
from config.servers.places import locate

BASE = Path(__file__).resolve().parents[2]
LEASE, PROVIDER, ACCEPT = 60, 20, 10  # seconds by the practice's clock, which the matrix puts forward
PR_SET_PDEATHSIG = 1
SCHEMA = "FAULTS_SCHEMA"  # a file that pg_dump wrote


class Lane:
    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        chaos: Mapping[str, Mapping[str, float]] | None = None,
        seed: int = 0,
    ) -> None:
        self.folder = folder
        self.places = locate(folder / "data")
        self.clock, self.faults = folder / "clock", folder / "faults"
        self.faults.mkdir(parents=True, exist_ok=True)
        self.programs: dict[str, int] = {}  # pids, each the leader of its group
        self._mail: subprocess.Popen[bytes] | None = None
        self.sabotage: Callable[[], None] | None = None
        self.workers_that_ended = self.workers_that_went_deaf = 0
        self._start_providers(chaos or {}, seed)
        self._start_servers()
        os.environ.update(
            DJANGO_SETTINGS_MODULE="config.settings",
            QUIETROOM_DEMO="1",
            QUIETROOM_DATA=str(folder / "data"),
            QUIETROOM_CLOCK_FILE=str(self.clock),
            QUIETROOM_FAULTS=str(self.faults),
            DATABASE_URL=self.places.database_url(),
            DATABASE_LOCK_TIMEOUT_MS="3000",
            REDIS_URL=self.places.redis_url,
            LOG_LEVEL="WARNING",
            PUBLIC_URL="https://visits.example.org",
            TWILIO_BASE_URL=self.twilio_url,
            TWILIO_ACCOUNT_SID="AC" + "0" * 31 + "1",
            TWILIO_AUTH_TOKEN="not-a-secret",
            TWILIO_FROM="+12025550100",
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=str(self.smtp_port),
            EMAIL_TLS="none",
            REMINDER_LEASE_SECONDS=str(LEASE),
            REMINDER_PROVIDER_SECONDS=str(PROVIDER),
            REMINDER_ACCEPT_SECONDS=str(ACCEPT),
        )
        os.environ.update(settings or {})

    # Servers

    def _start_servers(self) -> None:
        postgres.prepare(self.places)
        valkey.prepare(self.places)
        self.start_postgres()
        postgres.ensure_database(self.places)
        self.start_redis()

    def start_postgres(self) -> None:
        postgres.forget_a_dead_server(self.places)
        self._spawn("postgres", postgres.start_line(self.places, parent=os.getpid()))
        postgres.wait(self.places, self.programs["postgres"])

    def start_redis(self) -> None:
        self.places.valkey_socket.unlink(missing_ok=True)
        self._spawn("redis", valkey.start_line(self.places, keep=False, parent=os.getpid()))
        valkey.wait(self.places, self.programs["redis"])

    def postmaster(self) -> int:
        return int((self.places.postgres_data / "postmaster.pid").read_text().split()[0])

    def crash_postgres(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """SIGQUIT is its immediate shutdown: no checkpoint, nothing flushed; SIGKILL takes the postmaster."""
        postmaster = self.postmaster()
        os.kill(postmaster, how)
        self._reap("postgres")
        deadline = time.monotonic() + 20
        while _group_of(postmaster) and time.monotonic() < deadline:  # its children notice, and end
            time.sleep(0.01)
        self.start_postgres()

    def migrate(self) -> None:
        """Or take a database that was migrated elsewhere, as SCHEMA names it: in a tenth of the time."""
        if schema := os.environ.get(SCHEMA):
            line = ["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname", self.places.database_url()]
            with Path(schema).open("rb") as file:
                psql = postgres.command(self.places, "psql", line)
                subprocess.run(psql, stdin=file, stdout=subprocess.DEVNULL, cwd="/", check=True)
            return
        from django.core.management import call_command

        call_command("migrate", verbosity=0)

    def kill_redis(self) -> None:
        self.kill("redis")

    def signal_postgres(self, what: signal.Signals) -> None:
        for pid in [*_children_of(self.postmaster()), self.postmaster()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)

    def signal_redis(self, what: signal.Signals) -> None:
        os.kill(self.programs["redis"], what)

    def forget_messages(self) -> None:
        """All of Redis: what a broker without a memory loses."""
        client = valkey.client(self.places)
        with contextlib.closing(client):
            client.flushall()

    # Providers

    def _start_providers(self, chaos: Mapping[str, Mapping[str, float]], seed: int) -> None:
        common = ["--clock", str(self.clock), "--seed", str(seed)]
        sms = ["--log", str(self.folder / "sms.jsonl"), "--chaos", json.dumps(chaos.get("sms", {}))]
        email = ["--log", str(self.folder / "mail.jsonl"), "--chaos", json.dumps(chaos.get("email", {}))]
        twilio = self._python("twilio", "tests.fakes.twilio", *sms, *common)
        assert twilio.stdout is not None
        self.twilio_url = twilio.stdout.readline().decode().strip()
        mail = self._python("mail", "tests.fakes.smtp", *email, *common)
        assert mail.stdout is not None
        self.smtp_port = int(mail.stdout.readline())
        self._mail = mail

    def misbehave(self, channel: str, instruction: str, times: int = 1) -> None:
        if channel == "email":
            assert self._mail is not None
            assert self._mail.stdin is not None
            self._mail.stdin.write(f"{instruction}\n".encode() * times)
            self._mail.stdin.flush()
            time.sleep(0.02)
        else:
            order = json.dumps([{"do": instruction, "times": times}]).encode()
            urllib.request.urlopen(f"{self.twilio_url}/_fake/misbehave", order, timeout=5).close()  # noqa: S310  our own

    def log_size(self) -> int:
        return sum((self.folder / name).stat().st_size for name in ("sms.jsonl", "mail.jsonl"))

    def put_clock_forward(self, seconds: int) -> None:
        new = self.folder / "clock.new"
        new.write_text(str(self.seconds_ahead() + seconds))
        new.rename(self.clock)

    def seconds_ahead(self) -> int:
        return int(self.clock.read_text()) if self.clock.exists() else 0

    # Worker and beat: forked from here, where everything is imported already

    def start_worker(self, processes: int = 2) -> None:
        options = ["--concurrency", str(processes), "--queues", "work,messages"]
        options += ["--without-mingle", "--without-gossip", "--without-heartbeat"]
        self._fork("worker", ["-q", "worker", *options, "--loglevel", "WARNING"], self.sabotage)

    def start_beat(self, name: str = "beat") -> None:
        self._fork(name, ["-q", "beat", "--loglevel", "WARNING"], None)

    def supervise(self) -> None:
        """Start the worker again if it has ended by itself, as whatever supervises it in a clinic does."""
        pid, _status = os.waitpid(self.programs["worker"], os.WNOHANG)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.programs.pop("worker"), signal.SIGKILL)
            self.workers_that_ended += 1
            self.start_worker()

    def replace_worker(self) -> None:
        """For one that lives and takes no work, which the clinic sees by its heartbeat."""
        self.workers_that_went_deaf += 1
        self.kill("worker")
        self.forget_messages()
        self.start_worker()

    def workers_children(self) -> list[int]:
        return _children_of(self.programs["worker"])

    def busy_children(self) -> list[int]:
        """Those in the middle of a task, whatever the broker still knows of it."""
        pids = [int(file.suffix[1:]) for file in self.faults.glob("busy.*")]
        return [pid for pid in pids if _lives(pid)]

    def _tell_who_works(self) -> None:
        """For the children of a worker, which inherit it."""
        from celery.signals import task_postrun, task_prerun

        def begins(**_task: Any) -> None:
            (self.faults / f"busy.{os.getpid()}").touch()

        def ends(**_task: Any) -> None:
            (self.faults / f"busy.{os.getpid()}").unlink(missing_ok=True)

        task_prerun.connect(begins, weak=False)
        task_postrun.connect(ends, weak=False)

    def _fork(self, name: str, arguments: list[str], sabotage: Callable[[], None] | None) -> None:
        from django.db import connections

        from config.celery import app

        connections.close_all()
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self.programs[name] = pid
            return
        try:
            os.setsid()
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            log = os.open(self.folder / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for source, target in ((nothing, 0), (log, 1), (log, 2)):
                os.dup2(source, target)
            if sabotage is not None:
                sabotage()
            self._tell_who_works()
            app.conf.worker_lost_wait = 0.5  # seconds; ten would only be waited for
            sys.argv = ["celery"]
            app.start(argv=arguments)
        finally:
            os._exit(0)

    # Ends

    def kill(self, name: str) -> None:
        """SIGKILL for the whole group: parent and children, in whatever they were doing."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.programs[name], signal.SIGKILL)
        self._reap(name)

    def _reap(self, name: str) -> None:
        pid = self.programs.pop(name)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)

    def close(self) -> None:
        for name in ("beat2", "beat", "worker", "redis", "twilio", "mail", "postgres"):
            if name not in self.programs:
                continue
            if name == "postgres":
                with contextlib.suppress(OSError, ValueError):
                    os.kill(self.postmaster(), signal.SIGQUIT)
                self._reap(name)
            else:
                self.kill(name)

    def _python(self, name: str, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-I", "-S", str(postgres.CHILD)]
        line += ["--end-with", f"{os.getpid()}:{int(signal.SIGKILL)}"]
        return self._spawn(name, [*line, "--", sys.executable, "-m", module, *arguments], talks=True)

    def _spawn(self, name: str, line: list[str], *, talks: bool = False) -> subprocess.Popen[bytes]:
        pipe: int | IO[Any] = subprocess.PIPE if talks else subprocess.DEVNULL
        with (self.folder / f"{name}.log").open("ab") as log:
            program = subprocess.Popen(
                line,
                stdin=pipe,
                stdout=subprocess.PIPE if talks else log,
                stderr=log,
                cwd=BASE if talks else "/",
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(BASE)},
            )
        self.programs[name] = program.pid
        _kept.append(program)  # or its end would be waited for by the garbage collector
        return program


_kept: list[subprocess.Popen[bytes]] = []


def _children_of(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _lives(pid: int) -> bool:
    """A process that has died may wait for somebody to take note of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _group_of(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
