"""A small clinic with people whose names mean their rights. Rows only: use cases are what tests call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from uuid import uuid4

from practice.models import (
    CareTeamMember,
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
from scheduling.models import AppointmentType, Booking, Phase
from treatment_plans.first_rows import protocols as first_protocols
from treatment_plans.models import (
    AdverseEvent,
    CheckIn,
    Clearance,
    CourseHold,
    Delegate,
    DischargeCheck,
    Dose,
    DoseSignature,
    DosingRecord,
    Mark,
    PlannedSession,
    Prescription,
    Protocol,
    RemsForm,
    TreatmentPlan,
    Vitals,
)

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)  # Monday, 10:00 in Los Angeles
ZONE = "America/Los_Angeles"
PASSWORD = "correct horse battery"


def at(text: str) -> datetime:
    """'2026-12-01 09:30' on the clinic's clock in Los Angeles (winter: eight hours behind UTC)."""
    return datetime.fromisoformat(f"{text}:00-08:00").astimezone(UTC)


def make_user(name: str, *roles: str) -> User:
    return User.objects.create_user(
        f"{name}@example.org", PASSWORD, name=name.capitalize(), roles=list(roles)
    )


def make_clinician(name: str, kind: str, location: Location, *, user: User | None = None) -> Clinician:
    clinician = Clinician.objects.create(name=name, kind=kind, user=user)
    WorkingHours.objects.bulk_create(
        WorkingHours(
            clinician=clinician,
            location=location,
            weekday=weekday,
            starts_local=time(8),
            ends_local=time(18),
            effective_from_on=date(2020, 1, 1),
        )
        for weekday in range(5)
    )
    Licence.objects.create(
        clinician=clinician,
        state="CA",
        number=f"CA-{clinician.pk}",
        valid_from_on=date(2020, 1, 1),
        valid_through_on=date(2030, 12, 31),
    )
    return clinician


def make_client(
    name: str, location: Location, *, team: tuple[Clinician, ...] = (), phone: str = ""
) -> Client:
    client = Client.objects.create(
        legal_name=name, birth_date=date(1988, 4, 2), time_zone=ZONE, state="CA", location=location
    )
    number = phone or f"+1555555{5000 + client.pk % 5000}"  # not those that a test gives
    for channel, value in (("sms", number), ("email", f"client{client.pk}@example.org")):
        ContactPoint.objects.create(client=client, channel=channel, value=value)
        ChannelConsent.objects.create(client=client, channel=channel, granted_at=NOW)
    for clinician in team:
        CareTeamMember.objects.create(client=client, clinician=clinician, joined_at=NOW)
    return client


@dataclass
class Clinic:
    """Ana treats Maya; Ben does not. Dr Ito prescribes. Kim is at the desk, Ada runs the practice."""

    location: Location

    @cached_property
    def ada(self) -> User:
        return make_user("ada", Role.PRACTICE_ADMIN)

    @cached_property
    def kim(self) -> User:
        return make_user("kim", Role.FRONT_DESK)

    @cached_property
    def nia(self) -> User:
        return make_user("nia", Role.NURSE)

    @cached_property
    def odo(self) -> User:
        return make_user("odo", Role.AUDITOR)

    @cached_property
    def ana(self) -> Clinician:
        return make_clinician("Ana", "therapist", self.location, user=make_user("ana", Role.THERAPIST))

    @cached_property
    def ben(self) -> Clinician:
        return make_clinician("Ben", "therapist", self.location, user=make_user("ben", Role.THERAPIST))

    @cached_property
    def ito(self) -> Clinician:
        return make_clinician("Ito", "psychiatrist", self.location, user=make_user("ito", Role.PSYCHIATRIST))

    @cached_property
    def dosing_room(self) -> Room:
        return Room.objects.create(location=self.location, name="Room 1", kind=Room.Kind.DOSING)

    @cached_property
    def therapy_room(self) -> Room:
        return Room.objects.create(location=self.location, name="Room 2", kind=Room.Kind.THERAPY)

    @cached_property
    def document(self) -> ConsentDocument:
        return ConsentDocument.objects.create(kind="treatment", version=1, title="Consent to treatment")

    @cached_property
    def protocol(self) -> Protocol:
        """Intramuscular, approved by Dr Ito; asks no questionnaires (`ask_questionnaires`)."""
        first_protocols.add_missing()
        protocol = Protocol.objects.get(route="im")
        protocol.approved_by, protocol.approved_at = self.ito, NOW - timedelta(days=30)
        protocol.outcome_measures = []
        protocol.save()
        return protocol

    def ask_questionnaires(self) -> None:
        """Of everybody, before each dose and a week after it."""
        self.protocol.outcome_measures = [
            {"measure": code, "when": ["before_dose", "week_after_dose"]} for code in ("phq9", "gad7")
        ]
        self.protocol.save(update_fields=["outcome_measures"])

    def appointment_type(self, code: str = "dosing-im") -> AppointmentType:
        appointment_types.add_missing()
        return AppointmentType.objects.get(code=code)

    @cached_property
    def circle(self) -> AppointmentType:
        """Integration in a group of eight, with two therapists."""
        kind = AppointmentType.objects.create(
            code="circle", name="Circle", kind="integration", duration_minutes=90, most_members=8
        )
        Phase.objects.create(
            appointment_type=kind, role="therapist", from_minutes=0, until_minutes=100, people=2
        )
        Phase.objects.create(appointment_type=kind, room_kind="therapy", from_minutes=0, until_minutes=90)
        return kind

    @cached_property
    def maya(self) -> Client:
        return make_client("Maya Rivera", self.location, team=(self.ana, self.ito))

    def clear(self, client: Client) -> Clearance:
        return Clearance.objects.create(
            client=client,
            decided_by=self.ito,
            decided_at=NOW,
            decision=Clearance.Decision.CLEARED,
            valid_from_on=date(2026, 11, 1),
            valid_through_on=date(2027, 10, 31),
        )

    def prescribe(self, client: Client, *, doses: int = 6, route: str = "im") -> Prescription:
        return Prescription.objects.create(
            client=client,
            prescriber=self.ito,
            route=route,
            drug="ketamine 50 mg/mL",
            dose_amount=40,
            doses_per_fill=doses,
            issued_on=date(2026, 11, 20),
            valid_through_on=date(2027, 3, 31),
            status=Prescription.Status.SIGNED,
            signed_at=NOW,
        )

    def consent(self, client: Client) -> Consent:
        return Consent.objects.create(client=client, document=self.document, signed_at=NOW)

    def plan(self, client: Client, *, doses: int = 3) -> TreatmentPlan:
        """An active plan of dosing and integration sessions only."""
        plan = TreatmentPlan.objects.create(
            client=client,
            protocol=self.protocol,
            therapist=self.ana,
            prescriber=self.ito,
            status=TreatmentPlan.Status.ACTIVE,
            created_by=self.ada,
            created_at=NOW,
            activated_at=NOW,
        )
        for number in range(1, doses + 1):
            dose = PlannedSession.objects.create(
                plan=plan, kind=PlannedSession.Kind.DOSING, position=2 * number - 1, dose_number=number
            )
            PlannedSession.objects.create(
                plan=plan, kind=PlannedSession.Kind.INTEGRATION, position=2 * number, after_session=dose
            )
        return plan

    def ready_client(self, name: str = "Maya Rivera", *, doses: int = 3) -> Client:
        """A client for whom nothing stands against a dosing session."""
        client = (
            self.maya
            if name == "Maya Rivera"
            else make_client(name, self.location, team=(self.ana, self.ito))
        )
        self.consent(client)
        self.clear(client)
        self.prescribe(client)
        self.plan(client, doses=doses)
        return client

    def discharged(self, booking: Booking, *, dosed_at: datetime, left_at: datetime) -> DosingRecord:
        """The record of a dosing session that is over, so that its booking can be completed."""
        session = PlannedSession.objects.select_related("plan__protocol").get(pk=booking.planned_session_id)
        record = DosingRecord.objects.create(
            client=booking.client,
            planned_session=session,
            protocol=session.plan.protocol,
            therapist=self.ana,
            psychiatrist=self.ito,
            location=self.location,
            state="CA",
            starts_at=booking.starts_at,
            opened_at=dosed_at,
            opened_by=self.ana.user,
        )
        Dose.objects.create(
            **self._entry(record, dosed_at),
            given_at=dosed_at,
            amount=40,
            unit="mg",
            route=session.plan.protocol.route,
            prescription=Prescription.objects.filter(client=booking.client).earliest("pk"),
        )
        DischargeCheck.objects.create(
            **self._entry(record, left_at),
            is_oriented=True,
            walks_steadily=True,
            nausea="none",
            pain="none",
            aftercare_given=True,
            signed_by=self.ana,
        )
        return record

    def one_of_each_entry(self, record: DosingRecord, at: datetime) -> None:
        """One of everything else that a record may have, and what hangs on it."""
        entry = self._entry(record, at)
        CheckIn.objects.create(**entry, identified_by=["name", "birth_date"])
        Vitals.objects.create(**entry, taken_at=at, systolic=120, diastolic=78, heart_rate=70, spo2=98)
        DoseSignature.objects.create(**entry, part="fit", signed_by=self.ana)
        Mark.objects.create(**entry, kind="calm", seen_at=at)
        event = AdverseEvent.objects.create(**entry, kind="dizziness", severity="mild", began_at=at)
        CourseHold.objects.create(
            plan=record.planned_session.plan,
            event=event,
            raised_at=at,
            released_at=at,
            released_by=self.ito,
            disposition="continue",
            note="Gone within the hour.",
        )
        Delegate.objects.create(
            plan=record.planned_session.plan, nurse=self.nia, named_by=self.ito, named_at=at
        )
        day = at.date()
        RemsForm.objects.create(record=record, treated_on=day, due_on=day + timedelta(days=7))

    def _entry(self, record: DosingRecord, at: datetime) -> dict[str, Any]:
        return {"record": record, "key": uuid4(), "recorded_by": self.ana.user, "recorded_at": at}

    def dose(self, client: Client, number: int = 1) -> PlannedSession:
        return PlannedSession.objects.select_related("plan__protocol").get(
            plan__client=client, dose_number=number
        )


def make_clinic() -> Clinic:
    clinic = Clinic(
        Location.objects.create(
            name="Riverbend Clinic",
            display_name="Riverbend",
            time_zone=ZONE,
            state="CA",
            address="1 River Road",
            phone="+15555550100",
        )
    )
    for _each in (clinic.dosing_room, clinic.therapy_room, clinic.ana, clinic.ben, clinic.ito):
        continue  # made when first asked for
    return clinic
