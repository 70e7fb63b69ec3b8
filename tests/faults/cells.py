"""The fault matrix: every fault at every named place on the way of a message, on both channels.

A cell sends a few messages with a real worker that stops at the place, or dies there; the fault strikes;
everything goes on; and when all is settled, the providers' logs are held against the bookings.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.test import Client as Browser
from redis import RedisError

from config.celery import app
from config.servers import valkey
from notifications.channels.twilio_signature import signed_by
from notifications.models import Reminder
from practice import present
from practice.doors import door
from practice.models import ChannelConsent, Client
from scheduling import changes, lifecycle
from scheduling.models import Booking
from tests.cast import Clinic
from tests.faults.crowd import due_now
from tests.faults.lane import ACCEPT, LEASE, Lane
from tests.faults.oracle import Counts, ProviderLog, judge, states

PLACES = (
    "before_claim",
    "before_claim_commit",
    "after_claim",
    "before_send",
    "at_hand_over",  # connected, and nothing of the message has left
    "in_send",  # the provider has it and has not answered
    "after_accept",
    "before_mark",
    "after_mark",
)
ONCE_A_BATCH = frozenset({"before_claim", "before_claim_commit", "after_claim", "before_mark", "after_mark"})
CHANNELS = ("sms", "email")
MESSAGES = 4
SETTLED = frozenset({"sent", "delivered", "undelivered", "skipped", "failed", "dead"})
PATIENCE_SECONDS = 90  # of a busy machine; a cell takes one or two
DEAF_SECONDS = 20  # a worker that takes nothing for so long is replaced


@dataclass(frozen=True)
class Cell:
    fault: str
    place: str  # "" where the provider is the fault
    channel: str
    seed: int

    @property
    def name(self) -> str:
        return "/".join(filter(None, [self.fault, self.place, self.channel, str(self.seed)]))


@dataclass
class Outcome:
    cell: Cell
    counts: Counts
    seconds: float
    trouble: str = ""  # why the cell itself did not work


@dataclass
class Scene:
    """What a fault has to work with."""

    lane: Lane
    clinic: Clinic
    cell: Cell
    dice: random.Random
    bookings: list[Booking] = field(default_factory=list)
    may_be_skipped: set[int] = field(default_factory=set)
    ended: list[tuple[int, datetime]] = field(default_factory=list)
    pid: int = 0

    def reminders(self) -> dict[int, Reminder]:
        rows = Reminder.objects.filter(
            kind="booked", channel=self.cell.channel, booking__in=self.bookings, booking_version=1
        )
        return {row.booking_id: row for row in rows}

    def note_the_end(self, bookings: list[Booking]) -> None:
        """These are not wanted from now on; those that nobody has claimed must never go out."""
        now = present.now()
        for pk, row in self.reminders().items():
            if pk in {booking.pk for booking in bookings}:
                self.may_be_skipped.add(row.pk)
                if row.state in ("planned", "skipped"):
                    self.ended.append((row.pk, now))


# Faults


def kill_worker(scene: Scene) -> None:
    kill_worker_of(scene.lane)


def kill_worker_of(lane: Lane) -> None:
    lane.kill("worker")
    lane.forget_messages()  # what it had taken would come back after a minute
    lane.start_worker()


def kill_beat(scene: Scene) -> None:
    scene.lane.kill("beat")
    scene.lane.start_beat()


def two_beats(scene: Scene) -> None:
    scene.lane.start_beat("beat2")
    time.sleep(0.5)


def redis_kill(scene: Scene) -> None:
    scene.lane.kill_redis()
    time.sleep(0.1)
    scene.lane.start_redis()


def redis_stop(scene: Scene) -> None:
    scene.lane.signal_redis(signal.SIGSTOP)
    time.sleep(0.5)
    scene.lane.signal_redis(signal.SIGCONT)


def redis_flush(scene: Scene) -> None:
    scene.lane.forget_messages()


def postgres_crash(scene: Scene) -> None:
    scene.lane.crash_postgres()


def postgres_stop(scene: Scene) -> None:
    scene.lane.signal_postgres(signal.SIGSTOP)
    time.sleep(0.5)
    scene.lane.signal_postgres(signal.SIGCONT)


def clock_ahead(scene: Scene) -> None:
    scene.lane.put_clock_forward(3600)


def clock_back(scene: Scene) -> None:
    scene.lane.put_clock_forward(-3600)


def oversleep(scene: Scene) -> None:
    """The child sleeps until its lease is over, others have looked, and maybe sent; then it wakes up.

    Waited for is that, and no time: only what it holds in its open claim nobody else can take.
    """
    holds_them = scene.cell.place.startswith("before_claim")
    for seconds, is_so in (
        (LEASE + 1, lambda: "sending" not in states(pks_of(scene))),
        (ACCEPT + LEASE + 1, lambda: all_settled(scene)),
    ):
        scene.lane.put_clock_forward(seconds)
        deadline = time.monotonic() + (0.3 if holds_them else PATIENCE_SECONDS / 2)
        while time.monotonic() < deadline and not is_so():
            nudge()
            time.sleep(0.05)


def half_of(scene: Scene) -> list[Booking]:
    return scene.dice.sample(scene.bookings, MESSAGES // 2)


def cancel(scene: Scene) -> None:
    some = half_of(scene)
    with go_on_if_locked(scene):
        for booking in some:
            lifecycle.cancel(
                booking.pk, party="client", reason="ill", actor=scene.clinic.kim, now=present.now()
            )
            scene.note_the_end([booking])


def move(scene: Scene) -> None:
    some = half_of(scene)
    with go_on_if_locked(scene):
        for booking in some:
            moved(booking.pk, now=present.now())
            scene.note_the_end([booking])


@door
def moved(booking_id: int, *, now: datetime) -> None:
    """What a move means for messages: another start and version, told to the listeners under the lock."""
    booking = Booking.objects.select_for_update(no_key=True).get(pk=booking_id)
    Booking.objects.filter(pk=booking_id).update(
        starts_at=booking.starts_at + (booking.ends_at - booking.starts_at),
        ends_at=booking.ends_at + (booking.ends_at - booking.starts_at),
        version=booking.version + 1,
        moved_at=now,
        touched_at=now,
    )
    changes.announce([booking_id], now=now)


def opt_out(scene: Scene) -> None:
    some = half_of(scene)
    clients = [booking.client_id for booking in some]
    with go_on_if_locked(scene), transaction.atomic():
        # what every door about a client's consents does first
        list(Client.objects.select_for_update(no_key=True).filter(pk__in=clients).order_by("pk"))
        ChannelConsent.objects.filter(client__in=clients).update(withdrawn_at=present.now())
    scene.note_the_end(some)


@contextlib.contextmanager
def go_on_if_locked(scene: Scene) -> Iterator[None]:
    """A claim that was stopped before its commit holds the bookings: it goes on, and the desk waits."""
    if scene.cell.place == "before_claim_commit":
        cont(scene.pid)
    yield


AT_A_PLACE: dict[str, Callable[[Scene], None] | None] = {
    "kill_child": None,  # it does that itself
    "kill_worker": kill_worker,
    "kill_beat": kill_beat,
    "two_beats": two_beats,
    "redis_kill": redis_kill,
    "redis_stop": redis_stop,
    "redis_flush": redis_flush,
    "postgres_crash": postgres_crash,
    "postgres_stop": postgres_stop,
    "clock_ahead": clock_ahead,
    "clock_back": clock_back,
    "oversleep": oversleep,
    "cancel": cancel,
    "move": move,
    "opt_out": opt_out,
}
BY_PROVIDER = {
    "sms": (
        "drop_request",
        "drop_reply",
        "half_reply",
        "no_sid",
        "500_before",
        "500_after",
        "429:1",
        "429_date",
        "hang:0.6",
        "slow:0.6",
        "slow_take:0.6",
        "twice",
        "redirect",
        "callbacks",
    ),
    "email": (
        "refuse_sender:451",
        "refuse_recipient:451",
        "refuse_data:451",
        "drop_at_mail",
        "drop_at_recipient",
        "drop_at_data",
        "drop_in_data",
        "drop_reply",
        "hang_reply:0.6",
        "slow:0.6",
        "garbage",
    ),
}


def matrix(seeds: int, *, first_seed: int = 1) -> list[Cell]:
    """All cells, the same for the same numbers, in an order that mixes slow and fast ones."""
    cells = [
        Cell(fault, place, channel, seed)
        for seed, fault, place, channel in product(
            range(first_seed, first_seed + seeds), AT_A_PLACE, PLACES, CHANNELS
        )
    ]
    cells += [
        Cell(instruction, "", channel, seed)
        for seed in range(first_seed, first_seed + seeds)
        for channel, instructions in BY_PROVIDER.items()
        for instruction in instructions
    ]
    random.Random(0).shuffle(cells)
    return cells


# Running one

_next_client = 0


def run(cell: Cell, lane: Lane, clinic: Clinic, log: ProviderLog) -> Outcome:
    global _next_client
    began = time.monotonic()
    scene = Scene(lane, clinic, cell, random.Random(f"{cell.name}"))
    log.new_entries()
    first, _next_client = _next_client, _next_client + MESSAGES
    trouble = ""
    try:
        with nobody_at_work(lane):
            scene.bookings = again_if_broken(lambda: due_now(clinic, [cell.channel] * MESSAGES, first=first))
            arm(scene)
        nudge()
        if cell.place:
            strike(scene)
        elif cell.fault == "callbacks":
            wait_until(lambda: all_settled(scene), lane)
        settle(scene)
        if cell.channel == "sms" and (cell.fault == "callbacks" or scene.dice.random() < 0.25):
            report_in_disorder(scene)
    except TimeoutError as late:
        trouble = str(late)
    finally:
        tidy(scene)
    pks = [row.pk for row in scene.reminders().values()]
    counts = judge(
        pks,
        log.new_entries(),
        may_be_skipped=scene.may_be_skipped,
        unclaimed_at_the_end=scene.ended,
        taken_twice=cell.fault == "twice",
    )
    if trouble:
        trouble += f" {dict(states(pks))}"
    return Outcome(cell, counts, time.monotonic() - began, trouble)


@contextlib.contextmanager
def nobody_at_work(lane: Lane) -> Iterator[None]:
    """Or who looks and finds nothing yet would be taken for the one to be met at the place."""
    os.kill(lane.programs["beat"], signal.SIGSTOP)
    try:
        quiet_until(lane, time.monotonic() + PATIENCE_SECONDS)
        yield
    finally:
        os.kill(lane.programs["beat"], signal.SIGCONT)


def arm(scene: Scene) -> None:
    cell, lane = scene.cell, scene.lane
    for name in ("order", "reached"):
        (lane.faults / name).unlink(missing_ok=True)
    if not cell.place:
        if cell.fault != "callbacks":
            times = scene.dice.randint(1, MESSAGES)
            lane.misbehave(cell.channel, cell.fault, times)
        return
    visit = 1 if cell.place in ONCE_A_BATCH else scene.dice.randint(1, MESSAGES)
    action = "kill" if cell.fault == "kill_child" else "stop"
    place = cell.place
    if place == "in_send":
        lane.misbehave(cell.channel, "slow:1", MESSAGES if visit > 1 else 1)
        place, action = "before_send", "note"
    (lane.faults / "order.new").write_text(f"{place} {visit} {action}")
    (lane.faults / "order.new").rename(lane.faults / "order")


def strike(scene: Scene) -> None:
    """Wait until a child is at the place, do the harm, and let it go on if it lives."""
    cell, lane = scene.cell, scene.lane
    reached = lane.faults / "reached"
    size = lane.log_size()
    wait_until(lambda: reached.exists() and reached.read_text().strip(), lane)
    scene.pid = int(reached.read_text())
    if cell.place == "in_send":
        wait_until(lambda: lane.log_size() > size, lane)
        with contextlib.suppress(ProcessLookupError):
            os.kill(scene.pid, signal.SIGKILL if cell.fault == "kill_child" else signal.SIGSTOP)
    if harm := AT_A_PLACE[cell.fault]:
        again_if_broken(lambda: harm(scene))
    cont(scene.pid)


def cont(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def settle(scene: Scene) -> None:
    """Until nothing is on its way any more; leases and pauses pass by the clock, not by waiting."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        quiet_until(scene.lane, deadline)
        if again_if_broken(lambda: all_settled(scene)):
            return
        if time.monotonic() > deadline:
            raise TimeoutError("never settled")
        nudge()
        time.sleep(0.05)
        quiet_until(scene.lane, deadline)
        now = present.now()
        pending = again_if_broken(
            lambda: list(Reminder.objects.filter(pk__in=pks_of(scene)).exclude(state__in=SETTLED))
        )
        scene.lane.put_clock_forward(ahead_for(pending, now=now))


def ahead_for(pending: Sequence[Reminder], *, now: datetime) -> int:
    """The seconds after which all of these can be settled."""
    waits = [row.next_attempt_at if row.state == "planned" else row.lease_until for row in pending]
    latest = max((at for at in waits if at is not None), default=now)
    is_leased = any(row.state != "planned" for row in pending)
    if latest <= now and not is_leased:
        return 0
    return max(0, int((latest - now).total_seconds())) + 1 + (ACCEPT + 1 if is_leased else 0)


def pks_of(scene: Scene) -> list[int]:
    return [row.pk for row in scene.reminders().values()]


def all_settled(scene: Scene) -> bool:
    return set(states(pks_of(scene))) <= SETTLED


def quiet_until(lane: Lane, deadline: float) -> None:
    """Wait until no child is in the middle of a task: only then may the clock be put forward.

    Redis can't tell, for it may have forgotten what it gave out; the children say so themselves.
    """
    calm, deaf_at = 0, time.monotonic() + DEAF_SECONDS
    while calm < 2:
        lane.supervise()
        if time.monotonic() > deadline:
            raise TimeoutError("the worker never became quiet")
        if time.monotonic() > deaf_at:
            lane.replace_worker()
            deaf_at = deadline
        calm = calm + 1 if is_quiet(lane) else 0
        time.sleep(0.02)


def is_quiet(lane: Lane) -> bool:
    try:
        client = valkey.client(lane.places)
        with contextlib.closing(client):
            prefix = "quietroom:"
            waiting = client.llen(f"{prefix}messages") + client.hlen(f"{prefix}unacked")
    except RedisError:
        return False
    return not waiting and not lane.busy_children() and not sends_are_open()


def sends_are_open() -> bool:
    """Whether a worker's transaction is under way."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
            row = cursor.fetchone()
    except (OperationalError, InterfaceError):
        connection.close()
        return True
    return bool(row and row[0])


def nudge(*names: str) -> None:
    """What beat does every second anyway."""
    for name in names or ("deliver_due", "resolve_unknown"):
        with contextlib.suppress(Exception):
            app.send_task(f"notifications.tasks.{name}", queue="messages", expires=5, retry=False)


def report_in_disorder(scene: Scene) -> None:
    """The provider's callbacks: late, in any order, many times."""
    numbers = {message.recipient for row in scene.reminders().values() for message in row.messages.all()}
    lines = (scene.lane.folder / "sms.jsonl").read_text().splitlines()[-50:]
    entries = [entry for entry in map(json.loads, lines) if entry["to"] in numbers]
    calls = [
        (entry, status)
        for entry in entries
        for status in ("queued", "sent", "delivered", "undelivered")
        for _each in range(3)
        if status != "undelivered" or entry["sid"] < "SM8"
    ]
    scene.dice.shuffle(calls)
    for entry, status in calls:
        form = {"MessageSid": entry["sid"], "MessageStatus": status, "To": entry["to"]}
        parts = urlsplit(entry["status_callback"])
        params = "".join(name + value for name, value in sorted(form.items()))
        sign = signed_by(settings.TWILIO_AUTH_TOKEN, entry["status_callback"], params)
        Browser().post(
            f"{parts.path}?{parts.query}",
            urlencode(form),
            content_type="application/x-www-form-urlencoded",
            headers={"X-Twilio-Signature": sign, "Host": "localhost"},
        )


def tidy(scene: Scene) -> None:
    lane = scene.lane
    (lane.faults / "order").unlink(missing_ok=True)
    if "beat2" in lane.programs:
        lane.kill("beat2")
    if scene.cell.fault == "clock_back":
        lane.put_clock_forward(3600)


def wait_until(is_so: Callable[[], Any], lane: Lane) -> None:
    began, turn = time.monotonic(), 0
    deaf_at = began + DEAF_SECONDS
    while not is_so():
        lane.supervise()
        if time.monotonic() > began + PATIENCE_SECONDS:
            raise TimeoutError("the place was never reached")
        if time.monotonic() > deaf_at:
            lane.replace_worker()
            deaf_at += PATIENCE_SECONDS
        turn += 1
        if turn % 50 == 0:
            nudge()
        time.sleep(0.01)


def again_if_broken(ask: Callable[[], Any]) -> Any:
    """PostgreSQL may just have died under us too."""
    for _attempt in range(100):
        try:
            return ask()
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.05)
    return ask()
