"""The practice of the demo: its place, its rooms, who works there and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from practice import clock, directory
from practice.identifiers import dea_is_well_formed, npi_is_well_formed
from practice.models import (
    Client,
    Clinician,
    ConsentDocument,
    Licence,
    Location,
    Role,
    Room,
    TimeOff,
    User,
    WorkingHours,
)
from practice.models.base import Revisioned
from scheduling import appointment_types
from scheduling.models import AppointmentType
from treatment_plans import protocols
from treatment_plans.first_rows import interactions as first_interactions
from treatment_plans.first_rows import protocols as first_protocols
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import Protocol, ScreeningForm
from treatment_plans.screening import forms as screening_forms

PASSWORD = "quietroom-demo"  # noqa: S105  printed for everybody, guards nothing
ZONE = "America/Los_Angeles"
Kind = Clinician.Kind
R = TypeVar("R", bound=Revisioned)


@dataclass(frozen=True)
class Colleague:
    """`weekdays` counts from Monday = 0; `from_hour` and `until_hour` are hours on the clinic's clock."""

    name: str
    credentials: str
    weekdays: tuple[int, ...]
    from_hour: int = 8
    until_hour: int = 18
    states: tuple[str, ...] = ("CA",)


# Three of four work on every day of the week, so that the demo is alive on a Sunday too.
THERAPISTS = (
    Colleague("Ana Ruiz", "LMFT", (0, 1, 2, 3, 4)),
    Colleague("Ben Adeyemi", "PsyD", (0, 1, 2, 5, 6)),
    Colleague("Clara Lindqvist", "LCSW", (0, 3, 4, 5, 6), states=("CA", "AZ")),
    Colleague("Dmitri Kowalczyk", "LPCC", (1, 2, 3, 4, 5, 6)),
)
PSYCHIATRIST = Colleague("Emi Ito", "MD", (0, 1, 2, 3, 4, 5, 6), until_hour=17, states=("CA", "AZ"))
MORE_THERAPISTS = (
    "Farah Aziz",
    "Gil Moreau",
    "Hye-jin Seo",
    "Iris Novak",
    "Jonas Weber",
    "Keiko Mori",
    "Lamar Reed",
    "Marisol Vega",
    "Noa Levi",
    "Olu Bankole",
    "Petra Horvat",
    "Quentin Roy",
    "Rosa Benítez",
    "Sven Dahl",
    "Talia Romano",
    "Ugo Ricci",
    "Vera Sokolov",
    "Will Tanner",
    "Xin Zhao",
    "Yara Khoury",
    "Zev Adler",
    "Alba Serra",
    "Bo Nilsson",
    "Cai Rhys",
    "Dana Fox",
    "Eero Salo",
    "Fen Liu",
    "Greta Lang",
)
MORE_PSYCHIATRISTS = (
    "Ravi Menon",
    "Sol Herrera",
    "Tove Berg",
    "Ines Costa",
    "Hugo Bauer",
    "Mira Lindahl",
    "Abel Ncube",
)
OTHER_LOGINS = (
    ("Kim Park", Role.FRONT_DESK),
    ("Luis Ortega", Role.FRONT_DESK),
    ("Nia Thompson", Role.NURSE),
    ("Ada Brandt", Role.PRACTICE_ADMIN),
    ("Odo Frank", Role.AUDITOR),
)
DOCUMENTS = (
    ("treatment", "Consent to treatment"),
    ("privacy", "Notice of privacy practices"),
)
DRUGS = {
    "iv": ("ketamine 50 mg/mL, for infusion", 35),
    "im": ("ketamine 50 mg/mL, for injection", 40),
    "compounded_nasal": ("ketamine nasal spray 100 mg/mL", 60),
    "spravato": ("Spravato, 28 mg devices", 56),
    "sublingual": ("ketamine troche 100 mg", 100),
    "oral": ("ketamine capsule 100 mg", 120),
}


@dataclass(frozen=True)
class Clinic:
    location: Location
    rooms: tuple[Room, ...]
    therapists: tuple[Clinician, ...]
    psychiatrists: tuple[Clinician, ...]
    admin: User
    nurse: User
    desk: tuple[User, ...]
    documents: tuple[ConsentDocument, ...]
    protocols: dict[str, Protocol]  # by route
    form: ScreeningForm
    types: dict[str, AppointmentType]  # by code
    colleagues: dict[int, Colleague]  # by clinician
    days_off: dict[int, tuple[date, date]]  # by clinician, [from, until)


def is_empty() -> bool:
    """Whether the database holds no people and no places yet; the first settings don't count."""
    return not any(model._default_manager.exists() for model in (User, Client, Clinician, Location))


def open_clinic(*, teams: int, today: date, now: datetime) -> Clinic:
    """Make the practice as it was on its first day, `now`, `teams` times as large as a small one.

    Works to `today`, so that what ends soon does.
    """
    staff = {Kind.THERAPIST: _therapists(teams), Kind.PSYCHIATRIST: _psychiatrists(teams)}
    roles = [*OTHER_LOGINS, *((each.name, str(kind)) for kind in staff for each in staff[kind])]
    secret = make_password(PASSWORD)  # once: it is slow on purpose
    users = {name: _make_login(name, role, secret) for name, role in roles}
    opening = _Opening(admin=users["Ada Brandt"], today=today, now=now)
    location = opening.add(
        Location(
            name="Riverbend Practice",
            display_name="Riverbend",
            time_zone=ZONE,
            state="CA",
            address="120 River Road, Sacramento",
            phone="+14155550100",
        )
    )
    rooms = tuple(
        opening.add(Room(location=location, name=name, kind=kind)) for name, kind in _room_names(teams)
    )
    hired = {
        kind: tuple(opening.hire(each, kind, users[each.name], location) for each in staff[kind])
        for kind in staff
    }
    therapists, psychiatrists = hired[Kind.THERAPIST], hired[Kind.PSYCHIATRIST]
    first_interactions.add_missing()
    return Clinic(
        location=location,
        rooms=rooms,
        therapists=therapists,
        psychiatrists=psychiatrists,
        admin=opening.admin,
        nurse=users["Nia Thompson"],
        desk=(users["Kim Park"], users["Luis Ortega"]),
        documents=tuple(opening.add(ConsentDocument(kind=kind, title=title)) for kind, title in DOCUMENTS),
        protocols=_approved_protocols(psychiatrists[0], now=now),
        form=_approved_form(psychiatrists[0], now=now),
        types=_appointment_types(),
        colleagues={
            clinician.pk: colleague
            for kind in staff
            for clinician, colleague in zip(hired[kind], staff[kind], strict=True)
        },
        days_off={therapists[0].pk: opening.take_days_off(therapists[0])},
    )


@dataclass(frozen=True)
class _Opening:
    admin: User
    today: date
    now: datetime

    def add(self, instance: R) -> R:
        return directory.add(instance, actor=self.admin, now=self.now)

    def hire(self, colleague: Colleague, kind: str, user: User, location: Location) -> Clinician:
        is_prescriber = kind == Kind.PSYCHIATRIST
        clinician = self.add(
            Clinician(
                user=user,
                kind=kind,
                name=f"Dr. {colleague.name}" if is_prescriber else colleague.name,
                credentials=colleague.credentials,
                npi=_npi(user.pk),
                dea_number=_dea(colleague.name, user.pk) if is_prescriber else "",
            )
        )
        for state in colleague.states:
            self.add(
                Licence(
                    clinician=clinician,
                    state=state,
                    number=f"{state}-{70_000 + clinician.pk}",
                    valid_from_on=self.today - timedelta(days=1500),
                    # A therapist's second one ends soon, so that someone has something to do.
                    valid_through_on=self.today
                    + timedelta(days=400 if state == "CA" or is_prescriber else 26),
                )
            )
        for weekday in colleague.weekdays:
            self.add(
                WorkingHours(
                    clinician=clinician,
                    location=location,
                    weekday=weekday,
                    starts_local=time(colleague.from_hour),
                    ends_local=time(colleague.until_hour),
                    effective_from_on=self.today - timedelta(days=1500),
                )
            )
        return clinician

    def take_days_off(self, clinician: Clinician) -> tuple[date, date]:
        first, end = self.today + timedelta(days=16), self.today + timedelta(days=21)
        tz = clock.zone(ZONE)
        self.add(
            TimeOff(
                clinician=clinician,
                starts_at=clock.day_span(first, tz)[0],
                ends_at=clock.day_span(end, tz)[0],
                reason="holiday",
            )
        )
        return first, end


def _therapists(teams: int) -> list[Colleague]:
    patterns = [replace(THERAPISTS[i % 4], name=name) for i, name in enumerate(MORE_THERAPISTS)]
    return [*THERAPISTS, *patterns][: len(THERAPISTS) * teams]


def _psychiatrists(teams: int) -> list[Colleague]:
    return [PSYCHIATRIST, *(replace(PSYCHIATRIST, name=name) for name in MORE_PSYCHIATRISTS)][:teams]


def _room_names(teams: int) -> list[tuple[str, str]]:
    """Two rooms for dosing and one for talking, for each team."""
    kinds = (Room.Kind.DOSING, Room.Kind.DOSING, Room.Kind.THERAPY)
    return [(f"Room {number}", kinds[(number - 1) % 3]) for number in range(1, 3 * teams + 1)]


def _make_login(name: str, role: str, secret: str) -> User:
    user = User(email=f"{slugify(name.split()[0])}@example.org", name=name, roles=[role], password=secret)
    user.save(force_insert=True)
    return user


def _approved_protocols(psychiatrist: Clinician, *, now: datetime) -> dict[str, Protocol]:
    first_protocols.add_missing()
    assert psychiatrist.user is not None
    return {
        protocol.route: protocols.approve(
            protocol.pk, approved_by=psychiatrist, actor=psychiatrist.user, now=now
        )
        for protocol in Protocol.objects.filter(approved_at=None, retired_at=None)
    }


def _approved_form(psychiatrist: Clinician, *, now: datetime) -> ScreeningForm:
    form = first_screening_form.add_missing()
    assert form is not None
    assert psychiatrist.user is not None
    return screening_forms.approve(form.pk, approved_by=psychiatrist, actor=psychiatrist.user, now=now)


def _appointment_types() -> dict[str, AppointmentType]:
    appointment_types.add_missing()
    return {each.code: each for each in AppointmentType.objects.prefetch_related("phases")}


def _npi(number: int) -> str:
    return next(npi for digit in range(10) if npi_is_well_formed(npi := f"1{555_000_00 + number:08d}{digit}"))


def _dea(name: str, number: int) -> str:
    initial = name.split()[-1][0]
    return next(
        dea for digit in range(10) if dea_is_well_formed(dea := f"B{initial}{555_000 + number:06d}{digit}")
    )
