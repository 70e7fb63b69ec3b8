"""One client with one of everything, and a canary in every text of hers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import models, transaction

from notifications import links, screening_links, switches
from notifications.deliver import deliver_due
from notifications.models import ClientNote, DeskTask, InboundMessage, Message
from practice import activity
from practice.models import (
    CareTeamMember,
    Client,
    Closure,
    ExtraHours,
    Holiday,
    Location,
    Role,
    SupportPerson,
    TimeOff,
    User,
)
from scheduling import booking, groups, offering, readiness, waitlist
from scheduling.booking import Request
from scheduling.calendars import busy_times, feeds
from scheduling.engine.types import Span
from scheduling.models import Acknowledgement, Booking, SessionNote
from tests.api.calls import Caller
from tests.api.routes import Route
from tests.cast import NOW, Clinic, at, make_clinician, make_user
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans import psychotherapy_notes
from treatment_plans.first_rows import interactions as first_interactions
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.measuring import measures
from treatment_plans.models import (
    AdverseEvent,
    Clearance,
    CourseHold,
    CurrentMedication,
    Dose,
    FollowUp,
    FollowUpAttempt,
    InPersonEvaluation,
    Mark,
    PdmpCheck,
    PlanReview,
    Prescription,
    Protocol,
    RemsEnrollment,
    SafetyAlert,
    ScreeningFlag,
    ScreeningForm,
    TreatmentPlan,
    Vitals,
)
from treatment_plans.screening import clinical_results, evaluations, medications, screenings
from treatment_plans.screening import forms as screening_forms
from treatment_plans.supply import accounts, stock
from treatment_plans.supply import ledger as supply_ledger

CANARY = "Serinus c."
PLANTED: tuple[type[models.Model], ...] = (
    Client,
    SupportPerson,
    Booking,
    Acknowledgement,
    Message,
    Clearance,
    Prescription,
    RemsEnrollment,
    TreatmentPlan,
    FollowUp,
    CourseHold,
    SafetyAlert,
    ScreeningFlag,
    CurrentMedication,
)
ENTRIES: dict[str, type[models.Model]] = {
    "vitals": Vitals,
    "doses": Dose,
    "marks": Mark,
    "adverse-events": AdverseEvent,
}
WITH_A_FORM = {"time_zone", "state", "language", "provider", "provider_ref", "error_code", "token"}
WITH_A_FORM |= {"agreed", "outcome"}  # of a follow-up only where its kind or its end has one


@dataclass
class World:
    clinic: Clinic
    booking: Booking
    roles: dict[str, frozenset[str]]
    callers: dict[str, Caller]
    rows: dict[Any, Any] = field(default_factory=dict)

    def row(self, route: Route) -> Any:
        """What the address of a detail is filled with: always the same, for tests undo what they change."""
        if route.view not in self.rows:
            self.rows[route.view] = route.view.queryset.order_by("pk").first()
        return self.rows[route.view]

    def address(self, route: Route) -> str:
        path = route.path.replace("{client_id}", str(self.clinic.maya.pk))
        path = path.replace("{booking_id}", str(self.booking.pk))
        if "{row_id}" in path:  # an entry of the first dosing record
            entry: Any = ENTRIES[path.split("/")[2]]
            path = path.replace("{row_id}", str(entry.objects.order_by("pk").first().pk))
        path = path.replace("{follow_up_id}", str(FollowUp.objects.get(client=self.clinic.maya).pk))
        path = path.replace("{location_id}", str(self.clinic.location.pk))
        return path.replace("{pk}", str(self.row(route).pk)) if "{pk}" in path else path


def make_world(clinic: Clinic) -> World:
    clinic.ready_client()
    wanted = Request(
        client=clinic.maya,
        appointment_type=clinic.appointment_type(),
        location=clinic.location,
        planned_session=clinic.dose(clinic.maya),
    )
    booked = booking.book(wanted, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    second = clinic.dose(clinic.maya, 2)
    circle = groups.Wanted(clinic.circle, clinic.location)
    groups.open_session(circle, at("2026-12-14 10:00"), actor=clinic.kim, now=NOW)
    entry = waitlist.add(
        clinic.maya, clinic.appointment_type(), planned_session=second, actor=clinic.kim, now=NOW
    )
    span = Span(at("2026-12-09 09:30"), at("2026-12-09 12:00"))
    freed = waitlist.open_time(clinic.location, span, therapist=clinic.ana, actor=clinic.kim, now=NOW)
    offering.offer_to(freed.pk, [entry.pk], actor=clinic.kim, now=NOW)
    readiness.acknowledge(
        booked.pk,
        item="ride",
        answer="confirmed",
        said_by="client",
        source="phone",
        actor=clinic.kim,
        now=NOW,
    )
    deliver_due(clock=lambda: NOW + timedelta(minutes=30))
    switches.turn("kind", "aftercare", off=False, reason="tried", actor=clinic.kim, now=NOW)
    _keep_supply(clinic)
    _write_to_the_desk(clinic, booked)
    SupportPerson.objects.create(client=clinic.maya, name="Joel")
    RemsEnrollment.objects.create(client=clinic.maya, enrolled_on=date(2026, 11, 1))
    FollowUp.objects.create(
        client=clinic.maya,
        source_session=clinic.dose(clinic.maya),
        kind=FollowUp.Kind.CHECK_IN,
        position=1,
        due_from_at=NOW,
        due_until_at=NOW + timedelta(days=1),
    )
    _write_notes(clinic, booked)
    answers = dict.fromkeys("123456789", 1)
    measures.record(
        clinic.maya, measures.Answered("phq9", answers, "with_staff"), actor=clinic.ana.user, now=NOW
    )
    _screen(clinic)
    _medicate(clinic)
    early = NOW - timedelta(hours=2)
    Protocol.objects.update(nurse_may_clear=True)  # and Nia is a delegate
    record = clinic.discharged(booked, dosed_at=early, left_at=NOW - timedelta(hours=1))
    clinic.one_of_each_entry(record, early)
    summer = {"starts_at": at("2027-06-01 00:00"), "ends_at": at("2027-06-02 00:00")}
    TimeOff.objects.create(clinician=clinic.ana, **summer)
    Closure.objects.create(location=clinic.location, **summer)
    Holiday.objects.create(location=clinic.location, on=date(2027, 7, 4), name="Independence Day")
    ExtraHours.objects.create(
        clinician=clinic.ana,
        location=clinic.location,
        on=date(2027, 6, 5),
        starts_local=time(9),
        ends_local=time(12),
    )
    feeds.make(clinic.ana, secret=feeds.new_secret(), actor=clinic.kim, now=NOW)
    busy_times.add(clinic.ana, "https://calendar.example/ana.ics", actor=clinic.kim, now=NOW)
    with transaction.atomic():
        activity.record(
            "client.read", clinic.maya, actor=clinic.ada, at=NOW, client=clinic.maya, reason=CANARY
        )
    CareTeamMember.objects.create(client=clinic.maya, clinician=clinic.ben, joined_at=NOW, left_at=NOW)
    for model in PLANTED:
        texts = {field.name: CANARY for field in model._meta.fields if _is_text(field)}
        model._default_manager.update(**texts)
    actors = _actors(clinic)
    world = World(
        clinic,
        booked,
        {name: frozenset(user.roles) if user else frozenset() for name, user in actors.items()},
        {name: Caller(user) for name, user in actors.items()},
    )
    User.objects.filter(name="Gone").update(is_active=False)
    return world


def _screen(clinic: Clinic) -> None:
    """A flag that is a note, so that the sessions of the world stay bookable."""
    first_screening_form.add_missing()
    form = ScreeningForm.objects.get()
    screening_forms.approve(form.pk, approved_by=clinic.ito, actor=clinic.ito.user, now=NOW)
    form.refresh_from_db()
    filled = screenings.Filled(form, WELL | {"sleep_apnoea": "yes"}, "with_staff")
    screenings.record(clinic.maya, filled, actor=clinic.ana.user, now=NOW)
    screening_links.ask(
        clinic.maya, form, delivery="copy", secret=links.new_secret(), actor=clinic.kim, now=NOW
    )
    clinical_results.record(
        clinic.maya,
        "ecg",
        {"finding": "normal", "note": CANARY},
        taken_on=NOW.date(),
        actor=clinic.nia,
        now=NOW,
    )


def _keep_supply(clinic: Clinic) -> None:
    """A count of a client's medicine and one of the clinic's, neither of which fits, and another location."""
    told: dict[str, Any] = {"actor": clinic.nia, "now": NOW}
    of_maya = supply_ledger.NewEvent(
        prescription_id=Prescription.objects.get().pk,
        kind="counted",
        amount=Decimal(1),
        unit="dose",
        key=uuid4(),
    )
    supply_ledger.record(clinic.maya.pk, of_maya, **told)
    values = {
        "drug": "ketamine",
        "strength_amount": Decimal(50),
        "strength_unit": "mg_per_ml",
        "form": "solution",
        "route": "im",
        "lot": "A1",
        "unit": "ml",
        "expires_on": date(2027, 6, 30),
        "received_on": date(2026, 11, 1),
    }
    of_client: dict[str, Any] = {"client": clinic.maya, "recorded_by": clinic.ito.user, "recorded_at": NOW}
    PdmpCheck.objects.create(
        prescriber=clinic.ito, state="CA", checked_at=NOW, result="nothing", key=uuid4(), **of_client
    )
    InPersonEvaluation.objects.create(clinician=clinic.ito, evaluated_on=date(2026, 11, 1), **of_client)
    lot = stock.receive(clinic.location, values, Decimal(10), key=uuid4(), **told)
    stock.record(lot.pk, accounts.NewEvent(kind="counted", amount=Decimal(9), unit="ml", key=uuid4()), **told)
    Location.objects.create(
        name="Hill", display_name="Hill", time_zone="America/Denver", state="CO", phone="+15555550101"
    )


def _medicate(clinic: Clinic) -> None:
    first_interactions.add_missing()
    values = {"name": "lamotrigine", "medicine_class": "lamotrigine", "source": "client"}
    medications.record(clinic.maya, values, actor=clinic.ana.user, now=NOW)
    words = {"text_en": CANARY, "text_es": CANARY}
    medications.approve_hold(clinic.maya, **words, approved_by=clinic.ito, actor=clinic.ito.user, now=NOW)
    evaluations.refer(clinic.maya, actor=clinic.ana.user, now=NOW)


def _write_to_the_desk(clinic: Clinic, booked: Booking) -> None:
    hers: dict[str, Any] = {"client": clinic.maya, "booking": booked}
    said = InboundMessage.objects.create(
        **hers,
        provider="twilio",
        provider_ref="SM1",
        sender="+1",
        body=CANARY,
        received_at=NOW,
        meaning="more",
    )
    DeskTask.objects.create(**hers, kind="reply", reply=said, detail=CANARY, created_at=NOW)
    ClientNote.objects.create(**hers, about="intention", text=CANARY, written_at=NOW)


def _write_notes(clinic: Clinic, booked: Booking) -> None:
    """A signed note of Ana's, her psychotherapy note, a review, and an attempt to call."""
    SessionNote.objects.create(
        client=clinic.maya,
        kind=SessionNote.Kind.SESSION,
        booking=booked,
        author=clinic.ana,
        text=CANARY,
        begun_at=NOW,
        saved_at=NOW,
        signed_at=NOW,
    )
    psychotherapy_notes.write(clinic.maya, CANARY, author=clinic.ana, actor=clinic.ada, now=NOW)
    plan = TreatmentPlan.objects.get(client=clinic.maya)
    PlanReview.objects.create(
        plan=plan, decision="change", note=CANARY, decided_by=clinic.ito, decided_at=NOW
    )
    FollowUpAttempt.objects.create(
        follow_up=FollowUp.objects.get(client=clinic.maya),
        how="called",
        reached="no_answer",
        note=CANARY,
        made_at=NOW,
        made_by=clinic.ada,
    )


def _actors(clinic: Clinic) -> dict[str, User | None]:
    oma = make_clinician("Oma", "psychiatrist", clinic.location, user=make_user("oma", Role.PSYCHIATRIST))
    return {
        "anonymous": None,
        "inactive": make_user("gone", Role.PRACTICE_ADMIN),
        "without a role": make_user("nobody"),
        "admin": clinic.ada,
        "desk": clinic.kim,
        "nurse": clinic.nia,
        "auditor": clinic.odo,
        "therapist on the team": clinic.ana.user,
        "therapist who left the team": clinic.ben.user,
        "psychiatrist on the team": clinic.ito.user,
        "psychiatrist of others": oma.user,
    }


def _is_text(field: Any) -> bool:
    is_text = isinstance(field, models.CharField | models.TextField)
    return is_text and not field.choices and field.name not in WITH_A_FORM


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside has not happened; doors may open in it, as in a test case."""
    atomic = transaction.atomic()
    atomic._from_testcase = True  # type: ignore[attr-defined]
    with atomic:
        yield
        transaction.set_rollback(True)
