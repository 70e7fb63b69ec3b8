"""Thousands of messages while everything dies at random, and bookings are cancelled and moved meanwhile."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from notifications import reconcile
from notifications.models import Reminder
from practice import present
from practice.errors import Busy, DomainError
from practice.models import ChannelConsent, Client
from scheduling import lifecycle
from scheduling.models import Booking
from tests.cast import Clinic
from tests.faults.cells import again_if_broken, ahead_for, is_quiet, moved, nudge
from tests.faults.crowd import due_now
from tests.faults.lane import Lane
from tests.faults.oracle import ProviderLog, judge, states

SIZES = {  # messages, kills of workers or their children, of Redis, of PostgreSQL
    "small": (600, 15, 1, 1),
    "thousands": (2_000, 42, 1, 1),
    "medium": (6_000, 130, 3, 3),
    "full": (20_000, 420, 10, 10),
}
TOLD_EVERY, KILLS_A_ROUND = 20, 2
WORKS_WITHIN_SECONDS = 10
KILLED = ("child", "worker", "redis", "postgres")
KINDS = ("booked", "moved", "cancelled")
SECONDS_A_KILL = 1.2
DRAIN_SECONDS = 900


@dataclass
class Storm:
    lane: Lane
    clinic: Clinic
    dice: random.Random
    channels: tuple[str, ...] = ("sms", "sms", "email")
    first: int = 0
    booking_ids: list[int] = field(default_factory=list)
    fresh: list[Booking] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    ended: list[tuple[int, datetime]] = field(default_factory=list)
    log_size: int = 0  # of the providers, at the last kill
    at_work: int = 0  # how many of the kills met somebody who worked
    killed: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("child", "worker", "redis", "postgres"), 0)
    )

    def add(self, count: int) -> None:
        """New bookings whose first message is due at once; all or none, also when PostgreSQL dies."""
        channels = [self.dice.choice(self.channels) for _each in range(count)]
        first, self.first = self.first, self.first + 2 * count

        def book() -> list[Booking]:
            left = Booking.objects.filter(client__legal_name=f"Client {first}")
            if left.exists():  # committed, but the answer was lost with the server
                return list(Booking.objects.filter(client__legal_name__in=names))
            with transaction.atomic():
                return due_rows()

        def due_rows() -> list[Booking]:
            return due_now(self.clinic, channels, first=first, reconcile_them=False)

        names = [f"Client {first + number}" for number in range(count)]
        booked = again_if_broken(book)
        self.fresh = booked + self.fresh[: 4 * count]
        self.booking_ids += [booking.pk for booking in booked]
        plan([booking.pk for booking in booked])

    def change_some(self) -> None:
        """Cancel two, move two, and let one client withdraw, of those that are due about now."""
        some = [booking for booking in self.fresh if booking.pk not in self.touched]
        for number, booking in enumerate(self.dice.sample(some, min(5, len(some)))):
            self.touched.add(booking.pk)
            again_if_broken(lambda number=number, booking=booking: self.change(number, booking))
            now = present.now()
            rows = again_if_broken(
                lambda booking=booking: list(
                    Reminder.objects.filter(booking=booking, kind="booked", booking_version=1)
                )
            )
            self.ended += [(row.pk, now) for row in rows if row.state in ("planned", "skipped")]

    def change(self, number: int, booking: Booking) -> None:
        """Until it is done: a claim on a busy machine may hold the booking for longer than a door waits."""
        while True:
            try:
                self._change(number, booking)
                return
            except Busy:
                time.sleep(0.1)
            except DomainError:
                return  # done already, but the answer was lost with the server

    def _change(self, number: int, booking: Booking) -> None:
        now = present.now()
        if number < 2:
            lifecycle.cancel(booking.pk, party="clinic", reason="ill", actor=self.clinic.kim, now=now)
        elif number < 4:
            if Booking.objects.get(pk=booking.pk).version == 1:
                moved(booking.pk, now=now)
        else:
            with transaction.atomic():
                # what every door about a client's consents does first: no claim that began before is open
                list(Client.objects.select_for_update(no_key=True).filter(pk=booking.client_id))
                ChannelConsent.objects.filter(client=booking.client_id).update(withdrawn_at=now)

    def kill_one(self) -> None:
        """In the middle of its work, once something went out since the last kill, however slow that is."""
        deadline = time.monotonic() + WORKS_WITHIN_SECONDS
        while self.lane.log_size() == self.log_size and time.monotonic() < deadline:
            nudge("deliver_due")
            time.sleep(0.05)
            self.lane.supervise()
        time.sleep(self.dice.uniform(0, 0.3))
        busy, self.log_size = self.lane.busy_children(), self.lane.log_size()
        children = self.lane.workers_children()
        self.at_work += bool(busy)
        if not children or self.dice.random() < 0.15:
            self.killed["worker"] += 1
            self.lane.kill("worker")
            self.lane.start_worker()
            return
        self.killed["child"] += 1
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.dice.choice([pid for pid in children if pid in busy] or children), signal.SIGKILL)

    def kill_redis(self) -> None:
        self.killed["redis"] += 1
        self.lane.kill_redis()
        time.sleep(self.dice.uniform(0, 0.5))
        self.lane.start_redis()

    def crash_postgres(self) -> None:
        self.killed["postgres"] += 1
        self.lane.crash_postgres(self.dice.choice([signal.SIGQUIT, signal.SIGKILL]))


def plan(booking_ids: list[int]) -> None:
    again_if_broken(lambda: reconcile.reconcile_these(booking_ids, now=present.now()))


def run(lane: Lane, *, size: str, seed: int, share: tuple[int, int]) -> dict[str, Any]:
    from tests.faults.parts import open_practice

    messages, kills, redis_kills, postgres_crashes = SIZES[size]
    storm = Storm(lane, open_practice(lane), random.Random(seed))
    log, began = ProviderLog(lane.folder), time.monotonic()
    at_redis = {round((number + 0.3) * kills / redis_kills) for number in range(redis_kills)}
    at_postgres = {round((number + 0.7) * kills / postgres_crashes) for number in range(postgres_crashes)}
    for kill in range(kills):
        next_at = time.monotonic() + SECONDS_A_KILL * storm.dice.uniform(0.5, 1.5)
        if kill % KILLS_A_ROUND == 0:
            storm.add(messages * min(kill + KILLS_A_ROUND, kills) // kills - messages * kill // kills)
            nudge("deliver_due", "deliver_due", "resolve_unknown")
            time.sleep(storm.dice.uniform(0.05, 0.3))
            storm.change_some()
        while time.monotonic() < next_at:
            nudge("deliver_due")
            time.sleep(0.1)
        lane.supervise()
        storm.kill_one()
        if kill in at_redis:
            storm.kill_redis()
        if kill in at_postgres:
            storm.crash_postgres()
        if (kill + 1) % TOLD_EVERY == 0:
            print(f"{kill + 1} of {kills} kills, {time.monotonic() - began:.0f} s", flush=True)
    storm_seconds = time.monotonic() - began
    drain(storm)
    rows = Reminder.objects.filter(booking__in=storm.booking_ids, kind__in=KINDS, due_at__lte=present.now())
    pks = list(rows.values_list("pk", flat=True))
    may_be_skipped = set(rows.filter(booking__in=storm.touched).values_list("pk", flat=True))
    counts = judge(pks, log.new_entries(), may_be_skipped=may_be_skipped, unclaimed_at_the_end=storm.ended)
    unsettled = sum(count for state, count in states(pks).items() if state in ("planned", "sending"))
    return {
        "seed": seed,
        **asdict(counts),
        "killed": storm.killed,
        "killed_at_work": storm.at_work,
        "changed": len(storm.touched),
        "unsettled": unsettled,
        "workers_that_ended": lane.workers_that_ended,
        "workers_that_went_deaf": lane.workers_that_went_deaf,
        "as_it_should_be": counts.wrong == 0 and unsettled == 0,
        "seconds_of_storm": round(storm_seconds, 1),
        "seconds": round(time.monotonic() - began, 1),
    }


def drain(storm: Storm) -> None:
    """No more kills: everything that is due goes out, or to a person. Leases pass by the clock."""
    lane, deadline = storm.lane, time.monotonic() + DRAIN_SECONDS
    lane.put_clock_forward(int(timedelta(minutes=4).total_seconds()))  # the news of moves is due by then
    plan(list(storm.touched))
    progress_at, before = time.monotonic(), -1
    while time.monotonic() < deadline:
        lane.supervise()
        rows = Reminder.objects.filter(
            booking__in=storm.booking_ids, kind__in=KINDS, state__in=("planned", "sending", "unknown")
        )
        pending = list(rows.filter(due_at__lte=present.now()))
        if not pending:
            return
        if len(pending) != before:
            progress_at, before = time.monotonic(), len(pending)
        elif time.monotonic() - progress_at > 20:
            lane.replace_worker()
            progress_at = time.monotonic()
        nudge("deliver_due", "deliver_due", "resolve_unknown")
        time.sleep(0.2)
        is_waiting = all(row.state != "planned" or row.next_attempt_at > present.now() for row in pending)
        if is_waiting and is_quiet(lane):
            lane.put_clock_forward(min(60, ahead_for(pending, now=present.now())))
