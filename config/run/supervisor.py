"""Keeps a handful of programs running: prefixes their lines, restarts the ones that die, stops them all.

One thread, one loop. Every child leads a process group of its own, so that Ctrl-C reaches only us and a
stop reaches all that a child started. Should we be killed, the kernel (Linux) and the janitor end them.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, Self

CHILD = Path(__file__).with_name("child.py")
JANITOR = Path(__file__).with_name("janitor.py")
BACKOFF_SECONDS = (0.5, 1, 2, 4, 8, 15, 30)
STEADY_SECONDS = 20
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(eq=False)
class Program:
    """`line` is the whole command. Its lines are shown behind its name, or go into the file `output`."""

    name: str
    line: Sequence[str]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    ends_with_us: bool = True  # False: `line` has seen to it
    stopped_last: bool = False  # after all the others: they still need it
    output: IO[bytes] | None = None
    again: bool = True
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    start_again_at: float | None = None
    quick_ends: int = 0
    unfinished: bytes = field(default=b"", repr=False)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class GaveUp(Exception):
    """A program ends as soon as it starts, again and again."""


class StopAsked(Exception):
    """Somebody wants everything to end while we wait for something."""


class Supervisor:
    def __init__(
        self,
        show: Callable[[str, str], None],
        env: Mapping[str, str],
        *,
        most_quick_ends: int = 5,
        janitor_seconds: float = 8,
    ) -> None:
        self.show, self.env = show, dict(env)
        self.most_quick_ends, self.janitor_seconds = most_quick_ends, janitor_seconds
        self.programs: list[Program] = []
        self.stop_asked = False
        self._selector = selectors.DefaultSelector()
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._wake_read, self._wake_write = os.pipe()
        for end in (self._wake_read, self._wake_write):
            os.set_blocking(end, False)
        self._wakeup_before = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        for number in STOP_SIGNALS:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup make run
            self._handlers[number] = signal.signal(number, self._on_stop)
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        self._janitor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(JANITOR), str(self.janitor_seconds)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        assert self._janitor.stdin
        self._janitor.stdin.close()
        self._janitor.wait()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def start(self, program: Program) -> Program:
        if program not in self.programs:
            self.programs.append(program)
        line = list(program.line)
        if program.ends_with_us:
            end_with = f"{os.getpid()}:{int(program.stop_signal)}"
            line = [sys.executable, "-I", "-S", str(CHILD), "--end-with", end_with, "--", *line]
        output = program.output or subprocess.PIPE
        program.process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=self.env,
            start_new_session=True,
        )
        program.started_at, program.start_again_at = time.monotonic(), None
        self._tell_janitor(f"+{program.process.pid} {int(program.stop_signal)}")
        if program.process.stdout:
            os.set_blocking(program.process.stdout.fileno(), False)
            self._selector.register(program.process.stdout, selectors.EVENT_READ, program)
        return program

    def wait_for(self, ready: Callable[[], bool], *, seconds: float, program: Program | None = None) -> bool:
        """Run until `ready()`; False when the time is over or `program` has ended. Raises StopAsked."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.stop_asked:
                raise StopAsked
            if time.monotonic() > deadline or (program is not None and not program.is_running):
                return False
            self.turn(0.05)
        return True

    def run_once(self, program: Program) -> int:
        """Run a program to its end and return its exit code. Raises StopAsked."""
        program.again = False
        self.start(program)
        assert program.process
        while program.is_running:
            if self.stop_asked:
                raise StopAsked
            self.turn(0.1)
        self._settle(program)
        self.programs.remove(program)
        return program.process.returncode

    def run(self) -> None:
        """Keep everything running until a stop is asked. Raises GaveUp."""
        while not self.stop_asked:
            self.turn(1)

    def turn(self, seconds: float) -> None:
        """One turn of the loop: print what was written, restart what has ended."""
        now = time.monotonic()
        pending = [program.start_again_at - now for program in self.programs if program.start_again_at]
        for key, _ in self._selector.select(max(0, min([seconds, *pending]))):
            if key.data is None:
                os.read(self._wake_read, 1024)
            else:
                self._read(key.data)
        for program in self.programs:
            if program.again and not self.stop_asked:
                self._restart_if_ended(program)

    def stop(self) -> None:
        """Stop all; what does not listen is killed."""
        self.stop_asked = True
        for program in self.programs:
            program.start_again_at = None
        self._end([program for program in self.programs if not program.stopped_last])
        self._end([program for program in self.programs if program.stopped_last])

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        if self.stop_asked:  # a second Ctrl-C
            for program in self.programs:
                _signal(program, signal.SIGKILL)
        self.stop_asked = True

    def _restart_if_ended(self, program: Program) -> None:
        if program.is_running or program.process is None:
            return
        if program.start_again_at is None:
            self._settle(program)
            lived = time.monotonic() - program.started_at
            program.quick_ends = program.quick_ends + 1 if lived < STEADY_SECONDS else 1
            how = _how_it_ended(program.process.returncode)
            if program.quick_ends > self.most_quick_ends:
                raise GaveUp(
                    f"{program.name} {how} {program.quick_ends} times in a row, soon after it started."
                )
            pause = BACKOFF_SECONDS[min(program.quick_ends, len(BACKOFF_SECONDS)) - 1]
            program.start_again_at = time.monotonic() + pause
            self.show(program.name, f"{how}; starts again in {pause:g} s")
        elif time.monotonic() >= program.start_again_at:
            self.start(program)

    def _settle(self, program: Program) -> None:
        """After a program's end: print what is left, kill what it may have left behind."""
        assert program.process
        _signal(program, signal.SIGKILL)
        self._tell_janitor(f"-{program.process.pid}")
        output = program.process.stdout
        if output and not output.closed:
            self._read(program)
            if program.unfinished:
                self.show(program.name, program.unfinished.decode(errors="replace"))
                program.unfinished = b""
            if not output.closed:
                self._selector.unregister(output)
                output.close()

    def _read(self, program: Program) -> None:
        assert program.process
        assert program.process.stdout
        output = program.process.stdout
        try:
            chunk = os.read(output.fileno(), 65536)
        except BlockingIOError:
            return
        if not chunk:
            self._selector.unregister(output)
            output.close()
            return
        *lines, program.unfinished = (program.unfinished + chunk).split(b"\n")
        for line in lines:
            self.show(program.name, line.decode(errors="replace"))

    def _end(self, programs: Sequence[Program]) -> None:
        for program in programs:
            if program.is_running:
                _signal(program, program.stop_signal, group=False)
        began = time.monotonic()
        while alive := [program for program in programs if program.is_running]:
            for program in alive:
                if time.monotonic() - began > program.stop_seconds:
                    self.show(program.name, "does not stop; killed")
                    _signal(program, signal.SIGKILL)
            self.turn(0.1)
        for program in programs:
            if program.process and program in self.programs:
                self._settle(program)
                program.process = None

    def _tell_janitor(self, text: str) -> None:
        assert self._janitor.stdin
        try:
            self._janitor.stdin.write(f"{text}\n".encode())
            self._janitor.stdin.flush()
        except BrokenPipeError:
            self.show("run", "the janitor is gone; a kill -9 of this process may leave others behind")


def _signal(program: Program, number: signal.Signals, *, group: bool = True) -> None:
    if program.process is None:
        return
    try:
        if group:
            os.killpg(program.process.pid, number)
        elif program.is_running:
            program.process.send_signal(number)
    except (ProcessLookupError, PermissionError):
        pass  # all of the group have ended


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
