"""Writes a practice of any size straight into empty tables. Everything follows from numbers, nothing is drawn
by chance, so that a case can name a free time without looking for one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, models

from benchmarks import sizes
from benchmarks.filling import at_once, fill, without_indexes
from benchmarks.sizes import Size
from notifications import invariants as notification_invariants
from notifications import reconcile
from practice import clock
from practice.models import (
    Activity,
    ChannelConsent,
    Client,
    Clinician,
    Consent,
    ConsentDocument,
    ContactPoint,
    Licence,
    Location,
    Role,
    Room,
    User,
    WorkingHours,
)
from scheduling import appointment_types
from scheduling import invariants as scheduling_invariants
from scheduling.models import AppointmentType, Booking, Occupancy
from treatment_plans.first_rows import protocols as first_protocols
from treatment_plans.models import Clearance, PlannedSession, Prescription, Protocol, TreatmentPlan

ZONE = "America/Los_Angeles"
DESK = "desk@example.org"
LONG_AGO = date(2000, 1, 1)
DOSE_BEHIND_DAYS = 21
BY_HAND = 20_000  # above so many bookings neither foreign keys nor triggers are asked about what we write
Say = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Ground:
    """The first key of each run of keys; the n-th of a kind has key first + n."""

    here: int  # locations
    crowd: int
    talkers: int
    dosers: int
    crowd_therapists: int
    psychiatrists: int
    talk_rooms: int
    dosing_rooms: int
    crowd_rooms: int
    consult: int
    dosing: int
    clients: int
    clients_here: int  # how many of them; the others are the crowd's
    desk: int
    minutes: dict[int, int]  # by appointment type


def build(size: Size, *, now: datetime, say: Say) -> None:
    parts: list[tuple[str, Callable[[], Any]]] = []
    say("places and people", 0, 1)
    at_once("SET statement_timeout = 0")
    at_once("SET synchronous_commit = off")
    at_once("SET maintenance_work_mem = '1GB'")
    at_once("SET max_parallel_maintenance_workers = 2")
    if size.bookings > BY_HAND:
        at_once("SET session_replication_role = replica")
    ground = open_practice(size, now=now)
    today = clock.local_day(now, clock.zone(ZONE))
    writer = Writer(size, ground, today, now)
    parts = [
        ("clients", writer.clients),
        ("papers", writer.papers),
        ("plans", writer.plans),
        ("bookings", writer.bookings),
        ("what they take", writer.occupancies),
        ("activity", writer.activity),
    ]
    for number, (name, write) in enumerate(parts):
        say(name, number, len(parts))
        write()
    at_once("RESET session_replication_role")
    say("statistics", len(parts), len(parts))
    at_once("ANALYZE")
    plan_messages(now=now, say=say)
    at_once("VACUUM (ANALYZE)")
    if size.bookings <= BY_HAND:
        check(now)


def open_practice(size: Size, *, now: datetime) -> Ground:
    first_protocols.add_missing()
    appointment_types.add_missing()
    here, crowd = (
        Location.objects.create(
            name=name, display_name=name, time_zone=ZONE, state="CA", address="1 River Road", phone=phone
        )
        for name, phone in (("Atrium", "+14155550100"), ("Zenith", "+14155550101"))
    )
    desk = User(email=DESK, name="Kim Park", roles=[Role.FRONT_DESK])
    desk.set_unusable_password()
    desk.save()
    ConsentDocument.objects.create(kind="treatment", title="Consent to treatment")
    therapist, psychiatrist = Clinician.Kind.THERAPIST, Clinician.Kind.PSYCHIATRIST
    talkers = _hire("Talker", therapist, sizes.TALKERS, here)
    dosers = _hire("Doser", therapist, sizes.DOSERS, here)
    psychiatrists = _hire("Prescriber", psychiatrist, sizes.DOSING_ROOMS, here)
    crowd_therapists = _hire("Therapist", therapist, sizes.CROWD, crowd)
    Protocol.objects.filter(route="im").update(
        approved_by=psychiatrists, approved_at=now - timedelta(days=900)
    )
    types = {each.code: each for each in AppointmentType.objects.all()}
    return Ground(
        here=here.pk,
        crowd=crowd.pk,
        talkers=talkers,
        dosers=dosers,
        crowd_therapists=crowd_therapists,
        psychiatrists=psychiatrists,
        talk_rooms=_rooms("Talk", Room.Kind.THERAPY, sizes.TALK_ROOMS, here),
        dosing_rooms=_rooms("Dose", Room.Kind.DOSING, sizes.DOSING_ROOMS, here),
        crowd_rooms=_rooms("Room", Room.Kind.THERAPY, sizes.CROWD_ROOMS, crowd),
        consult=types["consult"].pk,
        dosing=types["dosing-im"].pk,
        clients=1,
        clients_here=size.clients * 6 // 10,
        desk=desk.pk,
        minutes={each.pk: each.duration_minutes for each in types.values()},
    )


def _hire(name: str, kind: str, count: int, location: Location) -> int:
    """Who works every day from 8 to 18. Returns the first key."""
    staff = _made([Clinician(name=f"{name} {number:04d}", kind=kind) for number in range(count)])
    WorkingHours.objects.bulk_create(
        [
            WorkingHours(
                clinician=each,
                location=location,
                weekday=weekday,
                starts_local=time(8),
                ends_local=time(18),
                effective_from_on=LONG_AGO,
            )
            for each in staff
            for weekday in range(7)
        ],
        batch_size=2000,
    )
    Licence.objects.bulk_create(
        Licence(
            clinician=each,
            state="CA",
            number=f"CA-{each.pk}",
            valid_from_on=LONG_AGO,
            valid_through_on=date(2099, 12, 31),
        )
        for each in staff
    )
    return int(staff[0].pk)


def _rooms(name: str, kind: str, count: int, location: Location) -> int:
    rooms = [Room(location=location, name=f"{name} {number:03d}", kind=kind) for number in range(count)]
    return int(_made(rooms)[0].pk)


def _made(rows: list[Any]) -> list[Any]:
    made = type(rows[0])._default_manager.bulk_create(rows)
    assert [row.pk for row in made] == list(range(made[0].pk, made[0].pk + len(made)))
    return made


@dataclass
class Writer:
    size: Size
    ground: Ground
    today: date
    now: datetime

    @property
    def at(self) -> str:
        return f"'{self.now.isoformat()}'::timestamptz"

    @property
    def day(self) -> str:
        return f"'{self.today.isoformat()}'::date"

    def clients(self) -> None:
        ground, size = self.ground, self.size
        numbers = f"FROM generate_series(0, {size.clients - 1}) n"
        long_ago = f"{self.at} - interval '2 years'"
        with without_indexes(Client, ContactPoint, ChannelConsent):
            fill(
                Client,
                {
                    "id": f"{ground.clients} + n",
                    "legal_name": "'Client ' || lpad(n::text, 7, '0')",
                    "birth_date": "date '1960-01-01' + mod(n, 14000)",
                    "time_zone": f"'{ZONE}'",
                    "state": "'CA'",
                    "location": f"CASE WHEN n < {ground.clients_here} "
                    f"THEN {ground.here} ELSE {ground.crowd} END",
                    "created_at": long_ago,
                },
                numbers,
            )
            for channel, value in (
                ("sms", "'+1415' || (5000000 + n)::text"),
                ("email", "'client' || n || '@example.org'"),
            ):
                of_client = {"client": f"{ground.clients} + n", "channel": f"'{channel}'"}
                fill(ContactPoint, {**of_client, "value": value}, numbers)
                fill(ChannelConsent, {**of_client, "granted_at": long_ago}, numbers)
        at_once(
            f"SELECT setval(pg_get_serial_sequence('{Client._meta.db_table}', 'id'), "
            f"{ground.clients + size.clients})"
        )

    @property
    def courses(self) -> str:
        """n counts the clients with a plan: first those with nothing booked, then those in a course."""
        return f"FROM generate_series(0, {self.size.series_plans + self.size.courses - 1}) n"

    def papers(self) -> None:
        ground = self.ground
        client = f"{ground.clients} + n"
        signed = f"{self.at} - interval '40 days'"
        prescriber = f"{ground.psychiatrists} + mod(n, {sizes.DOSING_ROOMS})"
        document = ConsentDocument.objects.get().pk
        fill(Consent, {"client": client, "document": str(document), "signed_at": signed}, self.courses)
        fill(
            Clearance,
            {
                "client": client,
                "decided_by": prescriber,
                "decided_at": signed,
                "decision": "'cleared'",
                "valid_from_on": f"{self.day} - 40",
                "valid_through_on": f"{self.day} + 325",
            },
            self.courses,
        )
        fill(
            Prescription,
            {
                "client": client,
                "prescriber": prescriber,
                "route": "'im'",
                "drug": "'ketamine 50 mg/mL'",
                "dose_amount": "40",
                "doses_per_fill": "6",
                "issued_on": f"{self.day} - 30",
                "valid_through_on": f"{self.day} + 140",
            },
            self.courses,
        )

    def plans(self) -> None:
        ground, size = self.ground, self.size
        began = f"{self.at} - interval '35 days'"
        fill(
            TreatmentPlan,
            {
                "client": f"{ground.clients} + n",
                "protocol": str(Protocol.objects.get(route="im").pk),
                "therapist": f"{ground.dosers} + mod(n, {sizes.DOSERS})",
                "prescriber": f"{ground.psychiatrists} + mod(n, {sizes.DOSING_ROOMS})",
                "status": "'active'",
                "created_by": str(ground.desk),
                "created_at": began,
                "activated_at": began,
            },
            self.courses,
        )
        plans, sessions = TreatmentPlan._meta.db_table, PlannedSession._meta.db_table
        first_in_course = ground.clients + size.series_plans
        fill(
            PlannedSession,
            {
                "plan": "p.id",
                "kind": "'dosing'",
                "position": "2 * k - 1",
                "dose_number": "k",
                "completed_at": f"CASE WHEN k = 1 AND p.client_id >= {first_in_course} "
                f"THEN {self.starts(f'{self.day} - {DOSE_BEHIND_DAYS}', self.dose_start)} "
                f"+ interval '{ground.minutes[ground.dosing]} minutes' END",
            },
            f"FROM {plans} p CROSS JOIN generate_series(1, 6) k "
            f"CROSS JOIN LATERAL (SELECT (p.client_id - {first_in_course})::int AS c) x",
        )
        fill(
            PlannedSession,
            {
                "plan": "d.plan_id",
                "kind": "'integration'",
                "position": "d.position + 1",
                "after_session": "d.id",
            },
            f"FROM {sessions} d WHERE d.kind = 'dosing'",
        )

    # The c-th client in a course: which day ahead, which of the day's starts, which room.
    dose_day = f"(1 + c / {sizes.DOSES_A_DAY})"
    dose_turn = f"mod(c / {sizes.DOSES_AT_ONCE}, {len(sizes.DOSE_STARTS)})"
    dose_start = f"(ARRAY{list(sizes.DOSE_STARTS)}::time[])[{dose_turn} + 1]"
    dose_room = f"mod(c, {sizes.DOSES_AT_ONCE})"

    @staticmethod
    def starts(day: str, local: str) -> str:
        return f"((({day}) + ({local})) AT TIME ZONE '{ZONE}')"

    def bookings(self) -> None:
        with without_indexes(Booking):
            ahead = self.talks() + self.crowd() + self.doses(ahead=True) + self.doses(ahead=False)
            self.past(self.size.bookings - ahead)

    def talks(self) -> int:
        """Full in the first days, later with 8 of 20 rooms free in every hour. Clients in a course and the
        free clients have none."""
        ground, size = self.ground, self.size
        first = size.series_plans + size.courses
        others = ground.clients_here - size.free_clients - first
        assert others > sizes.TALK_ROOMS, size.name
        return self.write(
            day="d",
            local="make_time(8 + h, 0, 0)",
            therapist=f"{ground.talkers} + mod(k + 7 * h + 3 * d, {sizes.TALKERS})",
            room=f"{ground.talk_rooms} + k",
            client=f"{ground.clients + first} + "
            f"mod((d * {sizes.HOURS} + h) * {sizes.TALK_ROOMS} + k, {others})",
            location=ground.here,
            kind=ground.consult,
            source=f"FROM generate_series(0, {size.days - 1}) d, generate_series(0, {sizes.HOURS - 1}) h, "
            f"LATERAL generate_series(0, CASE WHEN d < {sizes.FULL_DAYS} THEN {sizes.ROOMS_WHEN_FULL} "
            f"ELSE {sizes.ROOMS_USUALLY} END - 1) k",
        )

    def crowd(self) -> int:
        ground, size = self.ground, self.size
        return self.write(
            day="d",
            local="make_time(8 + h, 0, 0)",
            therapist=f"{ground.crowd_therapists} + mod(k + 37 * h + 11 * d, {sizes.CROWD})",
            room=f"{ground.crowd_rooms} + k",
            client=f"{ground.clients + ground.clients_here} + mod((d * {sizes.HOURS} + h) * "
            f"{size.crowd_rooms} + k, {size.clients - ground.clients_here})",
            location=ground.crowd,
            kind=ground.consult,
            source=f"FROM generate_series(0, {size.crowd_days - 1}) d, "
            f"generate_series(0, {sizes.HOURS - 1}) h, generate_series(0, {size.crowd_rooms - 1}) k",
        )

    def doses(self, *, ahead: bool) -> int:
        """The first dose of a course is over, the second lies ahead."""
        ground, size = self.ground, self.size
        first_in_course = ground.clients + size.series_plans
        return self.write(
            day=self.dose_day if ahead else f"-{DOSE_BEHIND_DAYS}",
            local=self.dose_start,
            therapist=f"{ground.dosers} + {self.dose_room}",
            psychiatrist=f"{ground.psychiatrists} + {self.dose_room}"
            if AppointmentType.objects.filter(pk=ground.dosing, phases__role="psychiatrist").exists()
            else "NULL::bigint",
            room=f"{ground.dosing_rooms} + {self.dose_room}",
            client=f"{first_in_course} + c",
            location=ground.here,
            kind=ground.dosing,
            session="s.id",
            source=f"FROM {PlannedSession._meta.db_table} s JOIN {TreatmentPlan._meta.db_table} p "
            f"ON p.id = s.plan_id CROSS JOIN LATERAL (SELECT (p.client_id - {first_in_course})::int AS c) x "
            f"WHERE p.client_id >= {first_in_course} AND s.dose_number = {2 if ahead else 1}",
        )

    def past(self, count: int) -> int:
        """Of 20 visits 17 took place, two were cancelled, one client did not come. A fifth was here."""
        ground, size = self.ground, self.size
        is_here = "mod(n, 5) = 0"
        beyond = size.clients - ground.clients_here
        return self.write(
            day=f"-1 - ({size.past_days}::bigint * ({count - 1} - n) / {count})::int",
            local=f"make_time(8 + mod(n, {sizes.HOURS}), 0, 0)",
            therapist=f"CASE WHEN {is_here} THEN {ground.talkers} + mod(n, {sizes.TALKERS}) "
            f"ELSE {ground.crowd_therapists} + mod(n, {sizes.CROWD}) END",
            room=f"CASE WHEN {is_here} THEN {ground.talk_rooms} + mod(n, {sizes.TALK_ROOMS}) "
            f"ELSE {ground.crowd_rooms} + mod(n, {sizes.CROWD_ROOMS}) END",
            client=f"{ground.clients} + CASE WHEN {is_here} THEN mod(n / 5, {ground.clients_here}) "
            f"ELSE {ground.clients_here} + mod(n, {beyond}) END",
            location=f"CASE WHEN {is_here} THEN {ground.here} ELSE {ground.crowd} END",
            kind=ground.consult,
            fate="mod(n, 20)",
            source=f"FROM generate_series(0, {count - 1}) n",
        )

    def write(
        self,
        *,
        day: str,
        local: str,
        therapist: str,
        room: str,
        client: str,
        location: int | str,
        kind: int,
        source: str,
        psychiatrist: str = "NULL::bigint",
        session: str = "NULL::bigint",
        fate: str = "9",
    ) -> int:
        """What has ended by now is over as `fate` says: 0 and 1 cancelled, 2 nobody came, else completed."""
        rows = (
            f"FROM (SELECT y.*, y.starts_at + interval '{self.ground.minutes[kind]} minutes' AS ends_at "
            f"FROM (SELECT ({self.day} + {day}) AS starts_on, {local} AS starts_local, "
            f"{self.starts(f'{self.day} + {day}', local)} AS starts_at, {client} AS client_id, "
            f"{therapist} AS therapist_id, {psychiatrist} AS psychiatrist_id, {room} AS room_id, "
            f"{location} AS location_id, {session} AS session_id, {fate} AS fate {source}) y) z "
            f"CROSS JOIN LATERAL (SELECT CASE WHEN z.ends_at > {self.at} THEN "
            f"CASE WHEN z.starts_at > {self.at} THEN 'booked' ELSE 'in_session' END "
            "WHEN z.fate < 2 THEN 'cancelled' WHEN z.fate = 2 THEN 'no_show' "
            "ELSE 'completed' END AS status) w"
        )
        booked_at = f"least({self.at} - interval '1 day', z.starts_at - interval '7 days')"
        came = "w.status IN ('in_session', 'completed')"
        return fill(
            Booking,
            {
                "client": "z.client_id",
                "planned_session": "z.session_id",
                "appointment_type": str(kind),
                "location": "z.location_id",
                "therapist": "z.therapist_id",
                "psychiatrist": "z.psychiatrist_id",
                "room": "z.room_id",
                "room_place": "1",
                "starts_at": "z.starts_at",
                "ends_at": "z.ends_at",
                "starts_on": "z.starts_on",
                "starts_local": "z.starts_local",
                "time_zone": f"'{ZONE}'",
                "status": "w.status",
                "created_at": booked_at,
                "booked_by": str(self.ground.desk),
                "booked_at": booked_at,
                "arrived_at": f"CASE WHEN {came} THEN z.starts_at - interval '10 minutes' END",
                "started_at": f"CASE WHEN {came} THEN z.starts_at END",
                "completed_at": "CASE WHEN w.status = 'completed' THEN z.ends_at END",
                "cancelled_at": "CASE WHEN w.status = 'cancelled' THEN z.starts_at - interval '1 day' END",
                "cancelled_by_party": "CASE WHEN w.status = 'cancelled' THEN 'client' ELSE '' END",
                "no_show_at": "CASE WHEN w.status = 'no_show' THEN z.starts_at + interval '30 minutes' END",
                "touched_at": f"CASE WHEN w.status = 'booked' THEN {booked_at} ELSE z.starts_at END",
            },
            rows,
        )

    def occupancies(self) -> None:
        live = f"FROM {Booking._meta.db_table} b"
        is_live = "WHERE b.status IN ('booked', 'in_session')"
        with without_indexes(Occupancy):
            fill(
                Occupancy,
                {"booking": "b.id", "client": "b.client_id", "occupies": "tstzrange(b.starts_at, b.ends_at)"},
                f"{live} {is_live}",
            )
            fill(
                Occupancy,
                {
                    "booking": "b.id",
                    "clinician": "CASE p.role WHEN 'therapist' THEN b.therapist_id "
                    "WHEN 'psychiatrist' THEN b.psychiatrist_id END",
                    "room": "CASE WHEN p.role = '' THEN b.room_id END",
                    "room_place": "CASE WHEN p.role = '' THEN 1 END",
                    "occupies": "tstzrange(b.starts_at + p.from_minutes * interval '1 minute', "
                    "b.starts_at + p.until_minutes * interval '1 minute')",
                },
                f"{live} JOIN scheduling_phase p ON p.appointment_type_id = b.appointment_type_id {is_live}",
            )

    def activity(self) -> None:
        with without_indexes(Activity):
            fill(
                Activity,
                {
                    "at": "b.booked_at",
                    "actor": str(self.ground.desk),
                    "action": "'booking.booked'",
                    "subject_type": "'scheduling.booking'",
                    "subject_id": "b.id",
                    "client": "b.client_id",
                },
                f"FROM {Booking._meta.db_table} b",
            )


def plan_messages(*, now: datetime, say: Say) -> None:
    """Through the product's own rules, booking by booking."""
    ahead = Booking.objects.filter(ends_at__gt=now - reconcile.STILL_OWED).count()
    place, done = reconcile.reconcile_upcoming(now=now), 500
    while place is not None:
        say("messages", min(done, ahead), ahead)
        place, done = reconcile.reconcile_upcoming(now=now, after=place), done + 500


def check(now: datetime) -> None:
    """The larger sizes are made by the same statements."""
    for each in (*scheduling_invariants.CHECKS, *notification_invariants.CHECKS):
        if broken := each.find(now):
            raise ValueError(f"{len(broken)} times {each.says}")


def biggest_keys() -> dict[str, int]:
    """By table, so that `put_back` can take away what came after."""
    found = {}
    with connection.cursor() as cursor:
        for model in _tables():
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {model._meta.db_table}")
            found[model._meta.db_table] = int(cursor.fetchone()[0])
    return found


def put_back(keys: dict[str, int]) -> None:
    at_once("SET session_replication_role = replica")
    at_once("SET statement_timeout = 0")
    for table, key in keys.items():
        at_once(f"DELETE FROM {table} WHERE id > {key}")
    at_once("RESET session_replication_role")


def _tables() -> list[type[models.Model]]:
    there = set(connection.introspection.table_names())
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.db_table in there
        and isinstance(model._meta.pk, models.AutoField | models.BigAutoField)
        and not model._meta.proxy
        and model._meta.app_label in {"practice", "treatment_plans", "scheduling", "notifications"}
    ]
