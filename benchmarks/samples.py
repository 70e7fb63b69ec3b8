"""Whom and what the cases ask about, and times that are certainly free: `dataset` says which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from benchmarks import sizes
from benchmarks.dataset import ZONE, Ground
from benchmarks.sizes import Size
from practice import clock
from practice.models import Client, Clinician, Location, Room, User
from scheduling.models import AppointmentType, Booking
from treatment_plans.models import PlannedSession, TreatmentPlan

RACERS = 200


def ground_of(size: Size) -> Ground:
    """The keys in a database that is there already."""

    def first(model: Any, **of: Any) -> int:
        return int(model.objects.filter(**of).order_by("pk").values_list("pk", flat=True)[0])

    here, crowd = (Location.objects.get(name=name).pk for name in ("Atrium", "Zenith"))
    types = {each.code: each for each in AppointmentType.objects.all()}
    return Ground(
        here=here,
        crowd=crowd,
        talkers=first(Clinician, name__startswith="Talker"),
        dosers=first(Clinician, name__startswith="Doser"),
        crowd_therapists=first(Clinician, name__startswith="Therapist"),
        psychiatrists=first(Clinician, name__startswith="Prescriber"),
        talk_rooms=first(Room, name__startswith="Talk"),
        dosing_rooms=first(Room, name__startswith="Dose"),
        crowd_rooms=first(Room, name__startswith="Room"),
        consult=types["consult"].pk,
        dosing=types["dosing-im"].pk,
        clients=first(Client),
        clients_here=size.clients * 6 // 10,
        desk=User.objects.get(name="Kim Park").pk,
        minutes={each.pk: each.duration_minutes for each in types.values()},
    )


@dataclass(frozen=True)
class FreeTime:
    client: int
    therapist: int
    starts_at: datetime


@dataclass
class Samples:
    size: Size
    ground: Ground
    now: datetime

    @cached_property
    def free_clients(self) -> list[int]:
        """Of the practice that most cases ask about; nothing is booked for them."""
        end = self.ground.clients + self.ground.clients_here
        return list(range(end - self.size.free_clients, end))

    @property
    def racers(self) -> list[int]:
        """Those of them who book nothing but what they race for."""
        return self.free_clients[-RACERS:]

    @cached_property
    def crowd_clients(self) -> list[int]:
        first = self.ground.clients + self.ground.clients_here
        return list(range(first, first + min(500, self.size.clients - self.ground.clients_here)))

    @cached_property
    def series_plans(self) -> list[int]:
        plans = TreatmentPlan.objects.order_by("pk").values_list("pk", flat=True)
        return list(plans[: self.size.series_plans])

    @cached_property
    def built_on(self) -> Any:
        """Day 0 of the data: it may be some days ago."""
        last = Booking.objects.filter(location=self.ground.here, appointment_type=self.ground.consult)
        at = last.order_by("-starts_at").values_list("starts_on", flat=True)[0]
        return at - timedelta(days=self.size.days - 1)

    @cached_property
    def free_times(self) -> Iterator[FreeTime]:
        """Each a time of its own, at which that therapist and a room are free whatever is booked here."""
        return self._free_times()

    def _free_times(self) -> Iterator[FreeTime]:
        """From the days when an hour has free rooms on, each hour as often as rooms are free."""
        tz, number = clock.zone(ZONE), 0
        bookers = self.free_clients[:-RACERS]
        first = max(sizes.FULL_DAYS, (clock.local_day(self.now, tz) - self.built_on).days + 2)
        for day in range(first, 170):
            taken = sizes.ROOMS_USUALLY if day < self.size.days else 0
            for hour in range(sizes.HOURS):
                on = self.built_on + timedelta(days=day)
                starts_at = clock.first_instant(datetime.combine(on, time(8 + hour)), tz)
                for k in range(taken, sizes.TALK_ROOMS):
                    therapist = self.ground.talkers + (k + 7 * hour + 3 * day) % sizes.TALKERS
                    client = bookers[number % len(bookers)]
                    number += 1
                    yield FreeTime(client, therapist, starts_at)

    def openings(self, **narrow: Any) -> str:
        return f"/api/v1/openings?{urlencode(narrow)}"

    def one_clinician(self, *, days: int, limit: int = 20) -> list[list[Any]]:
        """A month of one therapist, another one each time."""
        return [
            [
                "GET",
                self.openings(
                    client=client,
                    appointment_type=self.ground.consult,
                    therapist=self.ground.talkers + number % sizes.TALKERS,
                    until=(self.now + timedelta(days=days)).isoformat(),
                    limit=limit,
                ),
                None,
            ]
            for number, client in enumerate(self.free_clients[:40])
        ]

    def any_of(self, clients: list[int], *, days: int, limit: int) -> list[list[Any]]:
        until = (self.now + timedelta(days=days)).isoformat()
        return [
            [
                "GET",
                self.openings(client=client, appointment_type=self.ground.consult, until=until, limit=limit),
                None,
            ]
            for client in clients[:40]
        ]

    def proposals(self) -> list[list[Any]]:
        return [["POST", f"/api/v1/treatment-plans/{pk}/series:propose", {}] for pk in self.series_plans]

    def booking(self, free: FreeTime, client: int | None = None) -> list[Any]:
        return [
            "POST",
            "/api/v1/bookings",
            {
                "client": client or free.client,
                "appointment_type": self.ground.consult,
                "therapist": free.therapist,
                "starts_at": free.starts_at.isoformat(),
            },
        ]

    def day(self, ahead: int) -> list[Any]:
        """All bookings of one day here, a page of fifty."""
        tz = clock.zone(ZONE)
        start, end = clock.day_span(clock.local_day(self.now, tz) + timedelta(days=ahead), tz)
        asked = urlencode({"location": self.ground.here, "from": start.isoformat(), "until": end.isoformat()})
        return ["GET", f"/api/v1/bookings?{asked}", None]

    def open_doses(self) -> list[PlannedSession]:
        sessions = PlannedSession.objects.filter(plan__in=self.series_plans, dose_number=1)
        return list(sessions.select_related("plan__protocol", "plan__client__location").order_by("pk"))
