"""One client's session through the doors, and what each door refuses."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from practice.errors import DomainError, Invalid, KeyReused, NotAllowed
from practice.models import Activity
from scheduling import booking, lifecycle, readiness
from scheduling.care import room_state, session_room
from scheduling.models import Booking
from tests.api.calls import Caller
from tests.cast import NOW, Clinic, at, make_client
from tests.treatment_plans.test_screening_rules import WELL as HEALTHY
from treatment_plans import safety
from treatment_plans.dosing import course_holds, discharges, doses
from treatment_plans.dosing import records as dosing
from treatment_plans.dosing import signatures as dose_signatures
from treatment_plans.first_rows import screening_form
from treatment_plans.models import (
    AdverseEvent,
    CheckIn,
    CourseHold,
    Dose,
    DosingRecord,
    Mark,
    Measure,
    Prescription,
    Protocol,
    SafetyAlert,
    ScreeningFlag,
    ScreeningForm,
    StockEvent,
    StockLot,
    SupplyEvent,
    SupplyTask,
    Vitals,
)
from treatment_plans.rules import balances
from treatment_plans.rules.dosing import WantedDose
from treatment_plans.screening import screenings
from treatment_plans.supply import accounts, prescriptions, stock

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")
MINUTE = timedelta(minutes=1)
WELL = {"systolic": 120, "diastolic": 78, "heart_rate": 70, "spo2": 98}
FORTY = WantedDose(
    number=1,
    amount=Decimal(40),
    unit="mg",
    route="im",
    weight_kg=None,
    is_self_administered=False,
    witnessed_by="",
)
FINE = {
    "sedation_score": 5,
    "is_oriented": True,
    "walks_steadily": True,
    "nausea": "none",
    "pain": "none",
    "taken_over_by": "Joel",
    "aftercare_given": True,
}


def key() -> uuid.UUID:
    return uuid.uuid4()


def codes(refusal: pytest.ExceptionInfo[DomainError]) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


@dataclass
class Session:
    """Maya's first dose. Times are minutes after the booked start."""

    clinic: Clinic
    booked: Booking
    record: DosingRecord

    def after(self, minutes: float) -> datetime:
        return START + minutes * MINUTE

    def who(self, minutes: float) -> dict[str, Any]:
        return {"actor": self.clinic.ana.user, "now": self.after(minutes)}

    def check_in(self, minutes: float = -5, **values: Any) -> Any:
        values = {"identified_by": ["name", "birth_date"]} | values
        return dosing.check_in(self.record.pk, key(), values, **self.who(minutes))

    def measure(self, minutes: float, **values: Any) -> Vitals:
        return dosing.record_vitals(self.record.pk, key(), WELL | values, **self.who(minutes))

    def sign_fit(self, minutes: float = 3, **values: Any) -> Any:
        return dose_signatures.sign(self.record.pk, key(), part="fit", **values, **self.who(minutes))

    def sign_cleared(self, minutes: float = 4, **values: Any) -> Any:
        who = {"actor": self.clinic.ito.user, "now": self.after(minutes)}
        return dose_signatures.sign(self.record.pk, key(), part="cleared", **values, **who)

    def give(self, minutes: float = 5, wanted: WantedDose = FORTY, **values: Any) -> Dose:
        order = Prescription.objects.get(client=self.record.client)
        given = {"prescription": order, **values}
        return session_room.give_dose(self.record.pk, key(), wanted, **given, **self.who(minutes))

    def prepare(self) -> None:
        """All that comes before the dose."""
        self.check_in()
        lifecycle.start(self.booked.pk, **self.who(0))
        self.measure(2)
        self.sign_fit()
        self.sign_cleared()

    def leave(self, minutes: float, override_reason: str = "", **values: Any) -> Any:
        return discharges.discharge(
            self.record.pk, key(), FINE | values, override_reason=override_reason, **self.who(minutes)
        )

    def room(self, minutes: float) -> room_state.Room:
        record = DosingRecord.objects.select_related("protocol", "client", "location", "planned_session").get(
            pk=self.record.pk
        )
        return room_state.load(record, now=self.after(minutes))


@pytest.fixture
def session(clinic: Clinic) -> Session:
    client = clinic.ready_client()
    made = booking.book(
        booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client)),
        START,
        actor=clinic.kim,
        now=NOW,
    )
    for item in ("fasting", "ride", "support_person"):
        readiness.acknowledge(
            made.pk,
            item=item,
            answer="confirmed",
            said_by="client",
            source="phone",
            actor=clinic.kim,
            now=NOW,
        )
    lifecycle.arrive(made.pk, actor=clinic.kim, now=START - 10 * MINUTE)
    record = session_room.open_record(made.pk, actor=clinic.ana.user, now=START - 10 * MINUTE)
    return Session(clinic, made, record)


def test_a_session_from_the_check_in_until_she_leaves(session: Session) -> None:
    steps = [session.room(-9).step]
    session.check_in()
    steps.append(session.room(-4).step)
    lifecycle.start(session.booked.pk, **session.who(0))
    session.measure(2)
    steps.append(session.room(2).step)
    session.sign_fit()
    session.sign_cleared()
    assert session.room(4).missing == ()
    dose = session.give(5)
    assert (dose.given_at, dose.prescriber_on_site) == (session.after(5), session.clinic.ito)
    steps.append(session.room(6).step)
    assert [str(point.state) for point in session.room(6).points] == ["done", *["upcoming"] * 3]
    session.measure(20)
    dosing.mark(session.record.pk, key(), {"kind": "monitoring_ended"}, **session.who(60))
    steps.append(session.room(60).step)
    session.measure(64)
    steps.append(session.room(65).step)
    session.leave(65)
    steps.append(session.room(66).step)
    done = lifecycle.complete(session.booked.pk, **session.who(70))
    assert (done.status, [str(step) for step in steps]) == (
        Booking.Status.COMPLETED,
        ["check_in", "vitals", "dose", "monitoring", "recovery", "leaving", "ended"],
    )
    assert session.room(71).note_draft == (
        "Before the dose, at 09:32: 120/78, 70, 98 %. 40 mg given at 09:35. "
        "After 55 min: monitoring ended. Highest blood pressure 120/78 after 15 min. "
        "Last vitals after 59 min: 120/78, 70, 98 %. Left at 10:35 with Joel."
    )
    record = DosingRecord.objects.get()
    assert record.revision == 10  # nine entries
    written = Activity.objects.filter(client=session.record.client, action="vitals.recorded")
    assert (written.count(), [row.data for row in written]) == (3, [{}, {}, {}])  # no value of hers


def test_a_record_opens_once_and_only_for_who_is_here(session: Session, clinic: Clinic) -> None:
    again = session_room.open_record(session.booked.pk, **session.who(1))
    assert again == session.record
    other = clinic.ready_client("Ivy Kahn")
    request = booking.Request(other, clinic.appointment_type(), clinic.location, clinic.dose(other))
    later = booking.book(request, at("2026-12-02 09:30"), actor=clinic.kim, now=NOW)
    with pytest.raises(session_room.NotHere):
        session_room.open_record(later.pk, **session.who(1))


def test_it_keeps_the_version_of_the_protocol(session: Session) -> None:
    assert session.record.protocol == session.record.planned_session.plan.protocol


def test_the_dose_is_refused_with_everything_that_is_missing(session: Session) -> None:
    with pytest.raises(doses.DoseRefused) as refusal:
        session.give(0)
    assert codes(refusal) == [
        "not_in_session",
        "check_in_missing",
        "fit_missing",
        "cleared_missing",
        "vitals_missing",
    ]
    assert not Dose.objects.exists()


def test_the_dose_is_refused_for_each_open_flag(session: Session) -> None:
    """Though they are reasons of one kind; what two rules found is named once."""
    session.prepare()
    screening_form.add_missing()
    ScreeningForm.objects.update(approved_by=session.clinic.ito, approved_at=NOW)
    said = HEALTHY | {"heart": "yes", "lungs": "yes", "stroke": "yes"}
    filled = screenings.Filled(ScreeningForm.objects.get(), said, "with_staff")
    screenings.record(session.record.client, filled, **session.who(4))
    with pytest.raises(doses.DoseRefused) as refusal:
        session.give(wanted=replace(FORTY, route="iv"))
    named = [each.params["flag"] for each in refusal.value.blockers if each.code == "screening_flag_open"]
    assert sorted(named) == sorted(ScreeningFlag.objects.values_list("pk", flat=True))
    assert len(named) == 3
    assert codes(refusal).count("route_mismatch") == 1
    assert [each.code for each in session.room(5).missing].count("screening_flag_open") == 3


ORDERED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"amount": Decimal("40.001")}, ["above_the_order"]),
    ({"amount": Decimal("39.999")}, []),
    ({"unit": "mg_per_kg"}, ["wrong_unit"]),
    ({"route": "iv"}, ["wrong_route", "route_mismatch"]),
    ({"is_self_administered": True}, ["witness_missing"]),
    ({"number": 2}, ["second_dose_not_allowed", "first_dose_missing"]),
]


@pytest.mark.parametrize(("changes", "expected"), ORDERED)
def test_what_is_given_is_what_was_ordered(
    session: Session, changes: dict[str, Any], expected: list[str]
) -> None:
    session.prepare()
    wanted = WantedDose(**{name: getattr(FORTY, name) for name in FORTY.__slots__} | changes)
    if not expected:
        assert session.give(wanted=wanted).amount == wanted.amount
        return
    with pytest.raises(doses.DoseRefused) as refusal:
        session.give(wanted=wanted)
    assert codes(refusal) == expected


def revoke(session: Session) -> None:
    Prescription.objects.update(status="revoked", revoked_at=NOW)


def withdraw_consent(session: Session) -> None:
    session.record.client.consents.update(withdrawn_at=NOW)  # type: ignore[attr-defined]


def send_the_prescriber_home(session: Session) -> None:
    from practice.models import TimeOff

    TimeOff.objects.create(clinician=session.clinic.ito, starts_at=START, ends_at=START + timedelta(hours=8))


@pytest.mark.parametrize(
    ("happens", "expected"),
    [(revoke, "prescription_not_in_force"), (send_the_prescriber_home, "prescriber_not_on_site")],
)
def test_what_happens_after_the_start_still_counts(
    session: Session, happens: Callable[[Session], None], expected: str
) -> None:
    session.prepare()
    happens(session)
    with pytest.raises(doses.DoseRefused) as refusal:
        session.give()
    assert expected in codes(refusal)


def test_a_pressure_out_of_range_is_accepted_by_name(session: Session) -> None:
    session.prepare()
    high = session.measure(5, systolic=150)
    with pytest.raises(doses.DoseRefused) as refusal:
        session.give(6)
    assert codes(refusal) == ["vitals_not_accepted"]
    session.sign_cleared(7, accepts=high.pk)
    assert session.give(8).number == 1


def test_at_the_hold_level_nobody_can_accept_it(session: Session) -> None:
    session.prepare()
    high = session.measure(5, systolic=160)
    with pytest.raises(dose_signatures.SignatureRefused) as refusal:
        session.sign_cleared(6, accepts=high.pk)
    assert codes(refusal) == ["bp_on_hold"]
    with pytest.raises(doses.DoseRefused) as held:
        session.give(7)
    assert codes(held) == ["bp_on_hold"]


def test_each_part_is_signed_by_its_own_profession(session: Session, clinic: Clinic) -> None:
    session.check_in()
    for part, wrong in (("fit", clinic.ito.user), ("fit", clinic.nia), ("cleared", clinic.ana.user)):
        with pytest.raises(NotAllowed):
            dose_signatures.sign(session.record.pk, key(), part=part, actor=wrong, now=START)  # type: ignore[arg-type]


def test_a_nurse_clears_when_the_protocol_lets_and_the_prescriber_named_them(
    session: Session, clinic: Clinic
) -> None:
    session.check_in()
    plan = session.record.planned_session.plan

    def sign() -> Any:
        return dose_signatures.sign(session.record.pk, key(), part="cleared", actor=clinic.nia, now=START)

    course_holds.name_delegate(plan, clinic.nia, actor=clinic.ito.user, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        sign()  # the protocol does not let a nurse
    clinic.protocol.nurse_may_clear = True
    clinic.protocol.save(update_fields=["nurse_may_clear"])
    assert sign().signed_by is None
    delegate = plan.delegates.get()
    course_holds.end_delegate(delegate.pk, actor=clinic.ito.user, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        sign()


def test_impossible_vitals_are_refused_with_all_reasons(session: Session) -> None:
    with pytest.raises(dosing.NotVitals) as refusal:
        session.measure(1, diastolic=130, spo2=101, taken_at=session.after(2))
    assert codes(refusal) == ["impossible_pressure", "impossible_spo2", "check_in_missing"]
    assert not Vitals.objects.exists()


def test_a_device_whose_clock_is_ahead_loses_nothing(session: Session) -> None:
    """The server's time leads; what the device said is kept beside it, and sent again it is the same row."""
    session.check_in()
    mine, said = key(), session.after(90)

    def send(**values: Any) -> Vitals:
        return dosing.record_vitals(
            session.record.pk, mine, WELL | {"taken_at": said} | values, **session.who(2)
        )

    row = send()
    assert (row.taken_at, row.device_at) == (session.after(2), said)
    assert send() == row
    with pytest.raises(KeyReused):
        send(taken_at=session.after(91))
    right = dosing.correct_vitals(
        session.record.pk, row.pk, key(), {"systolic": 121}, reason="slip", **session.who(3)
    )
    assert (right.taken_at, right.device_at) == (row.taken_at, said)
    again = dosing.correct_vitals(
        session.record.pk,
        right.pk,
        key(),
        {"taken_at": session.after(1)},
        reason="it was earlier",
        **session.who(4),
    )
    assert (again.taken_at, again.device_at) == (session.after(1), None)
    seen = dosing.mark(session.record.pk, key(), {"kind": "calm", "seen_at": said}, **session.who(5))
    assert (seen.seen_at, seen.device_at) == (session.after(5), said)


def test_saving_vitals_is_cheap(
    session: Session, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    """With its activity and the record's revision; each statement is a wait for whoever stands at the bed."""
    session.check_in()
    with django_assert_max_num_queries(10):
        session.measure(1)


def answer(session: Session, minutes: float = -5, **answers: int) -> Any:
    return session.check_in(
        minutes, cssrs_answers={name.removeprefix("item_"): v for name, v in answers.items()}
    )


CALM = {"item_1": 0, "item_2": 0, "item_6": 0}


def test_a_high_answer_at_the_check_in_is_an_alert_at_once_and_stops_the_dose(session: Session) -> None:
    checked = answer(session, **CALM | {"item_2": 1, "item_3": 0, "item_4": 1, "item_5": 0})
    alert = SafetyAlert.objects.get()
    assert (checked.cssrs.flags, alert.severity, alert.measure) == (["cssrs_high"], "high", checked.cssrs)
    assert alert.tell_at == session.after(-5)  # whoever is on call is told in the next seconds
    assert "safety_alert_open" in [each.code for each in session.room(-4).missing]
    with pytest.raises(DomainError) as refused:
        lifecycle.start(session.booked.pk, **session.who(0))
    assert "safety_alert_open" in codes(refused)
    ana = session.clinic.ana.user
    safety.dispose(alert.pk, disposition="safety_plan", note="Talked.", actor=ana, now=session.after(1))  # type: ignore[arg-type]
    lifecycle.start(session.booked.pk, **session.who(2))
    assert "safety_alert_open" not in [each.code for each in session.room(3).missing]


def test_a_calm_answer_is_kept_and_raises_nothing(session: Session) -> None:
    checked = answer(session, **CALM)
    assert (checked.cssrs.answers, checked.cssrs.client) == (
        {"1": 0, "2": 0, "6": 0},
        session.record.client,
    )
    assert not SafetyAlert.objects.exists()
    assert "cssrs_missing" not in [each.code for each in session.room(-4).rows.remarks]


def test_who_checks_in_again_is_not_asked_the_screener_twice(session: Session) -> None:
    protocol = session.clinic.protocol
    protocol.outcome_measures = [{"measure": "cssrs", "when": ["dosing_day"]}]
    protocol.save(update_fields=["outcome_measures"])

    def remarks() -> set[str]:
        return {each.code for each in session.room(-2).rows.remarks}

    session.check_in(-6)
    assert "cssrs_missing" in remarks()
    answer(session, **CALM)
    assert "cssrs_missing" not in remarks()
    again = session.check_in(-3, is_ill=True)
    assert remarks() >= {"ill"}
    assert "cssrs_missing" not in remarks()
    shown = Caller(session.clinic.ana.user).get(f"dosing-records/{session.record.pk}/room").json()
    (row,) = (each for each in shown["check_ins"] if each["id"] == again.pk)
    assert "cssrs_missing" not in [each["code"] for each in row["remarks"]]


def test_the_same_check_in_sent_again_asks_and_alarms_once(session: Session) -> None:
    mine = key()
    values = {
        "identified_by": ["name", "birth_date"],
        "cssrs_answers": {"1": 0, "2": 1, "3": 1, "4": 0, "5": 0, "6": 0},
    }
    first = dosing.check_in(session.record.pk, mine, values, **session.who(-5))
    assert dosing.check_in(session.record.pk, mine, values, **session.who(-4)) == first
    assert (Measure.objects.count(), SafetyAlert.objects.count()) == (1, 1)
    other = values | {"cssrs_answers": {"1": 0, "2": 0, "6": 0}}
    with pytest.raises(KeyReused):
        dosing.check_in(session.record.pk, mine, other, **session.who(-4))


def test_half_an_answer_is_refused_and_nothing_is_kept(session: Session) -> None:
    with pytest.raises(DomainError) as refused:
        answer(session, item_1=0, item_2=1, item_6=0)
    assert codes(refused) == ["too_many_missing"]
    assert not CheckIn.objects.exists()


def test_the_same_key_is_the_same_entry(session: Session) -> None:
    session.check_in()
    one, who = key(), session.who(1)
    first = dosing.record_vitals(session.record.pk, one, WELL, **who)
    for minutes in range(2, 21):
        assert dosing.record_vitals(session.record.pk, one, WELL, **session.who(minutes)) == first
    assert Vitals.objects.count() == 1
    with pytest.raises(KeyReused):
        dosing.record_vitals(session.record.pk, one, WELL | {"systolic": 121}, **who)


def test_two_devices_with_different_values_are_both_kept(session: Session) -> None:
    session.check_in()
    session.measure(1, taken_at=session.after(1))
    session.measure(1, taken_at=session.after(1), systolic=131)
    assert list(Vitals.objects.values_list("systolic", flat=True).order_by("pk")) == [120, 131]


def test_a_correction_stands_beside_the_first(session: Session) -> None:
    session.check_in()
    first = session.measure(1, systolic=180)
    who = session.who(3)
    right = dosing.correct_vitals(
        session.record.pk, first.pk, key(), {"systolic": 118}, reason="misread", **who
    )
    assert (right.corrects, right.taken_at, right.diastolic) == (first, first.taken_at, 78)
    assert [reading.systolic for reading in session.room(4).rows.readings] == [118]
    with pytest.raises(DomainError) as refusal:
        dosing.correct_vitals(session.record.pk, first.pk, key(), {"systolic": 1}, reason="again", **who)
    assert refusal.value.code == "row_corrected_before"
    with pytest.raises(Invalid):
        dosing.correct_vitals(session.record.pk, right.pk, key(), {}, reason=" ", **who)


@pytest.mark.parametrize("model", [Vitals, Dose, Mark])
def test_the_database_refuses_to_change_an_entry(session: Session, model: Any) -> None:
    session.prepare()
    session.give()
    dosing.mark(session.record.pk, key(), {"kind": "calm"}, **session.who(6))
    for change in (
        lambda: model.objects.update(recorded_at=NOW),
        lambda: model.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_too_early_and_not_well_are_refused_together(session: Session) -> None:
    session.prepare()
    session.give(5)
    with pytest.raises(discharges.NotDischarged) as refusal:
        session.leave(64, is_oriented=False, nausea="moderate", taken_over_by="", sedation_score=4)
    assert codes(refusal) == [
        "observation_not_over",
        "sedated",
        "not_oriented",
        "nausea",
        "nobody_takes_over",
        "vitals_missing",
    ]


def test_a_prescriber_overrides_with_a_reason_and_a_therapist_does_not(
    session: Session, clinic: Clinic
) -> None:
    session.prepare()
    session.give(5)
    session.measure(50)
    with pytest.raises(discharges.NotDischarged):
        session.leave(50, override_reason="feels well")
    left = discharges.discharge(
        session.record.pk,
        key(),
        FINE,
        override_reason="feels well",
        actor=clinic.ito.user,  # type: ignore[arg-type]
        now=session.after(50),
    )
    assert (left.overridden, left.override_reason) == (["observation_not_over"], "feels well")


def test_a_reading_from_before_she_left_may_arrive_after(session: Session) -> None:
    session.prepare()
    session.give(5)
    session.measure(64)
    session.leave(66)
    session.measure(80, taken_at=session.after(60))
    with pytest.raises(DomainError) as refusal:
        session.measure(80, taken_at=session.after(70))
    assert refusal.value.code == "record_ended"


def test_a_serious_event_holds_the_course_until_a_prescriber_lets_it_go_on(
    session: Session, clinic: Clinic
) -> None:
    session.prepare()
    session.give(5)
    mild = {"kind": "nausea_vomiting", "severity": "moderate"}
    dosing.record_event(session.record.pk, key(), mild, **session.who(20))
    assert not CourseHold.objects.exists()
    bad = {"kind": "syncope", "severity": "mild", "is_serious": True}
    dosing.record_event(session.record.pk, key(), bad, **session.who(21))
    hold = CourseHold.objects.get()
    client = session.record.client
    second = booking.Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client, 2))
    with pytest.raises(DomainError) as refusal:
        booking.book(second, at("2026-12-08 09:30"), actor=clinic.kim, now=session.after(22))
    assert codes(refusal) == ["course_on_hold"]
    talk = clinic.dose(client).followed_by.get()
    integration = booking.Request(client, clinic.appointment_type("integration"), clinic.location, talk)
    assert booking.book(integration, at("2026-12-02 13:00"), actor=clinic.kim, now=session.after(22)).pk
    with pytest.raises(NotAllowed):
        course_holds.release(hold.pk, disposition="continue", note="x", **session.who(30))
    course_holds.release(
        hold.pk,
        disposition="continue",
        note="Fainted at the needle.",
        actor=clinic.ito.user,
        now=START,  # type: ignore[arg-type]
    )
    assert booking.book(second, at("2026-12-08 09:30"), actor=clinic.kim, now=session.after(31)).pk
    assert AdverseEvent.objects.count() == 2


def test_without_a_dose_the_session_can_be_booked_again(session: Session, clinic: Clinic) -> None:
    session.prepare()
    session_room.end_without_dose(session.record.pk, reason="pressure too high", **session.who(60))
    session.booked.refresh_from_db()
    assert session.booked.status == Booking.Status.CANCELLED
    planned = clinic.dose(session.record.client)
    assert planned.completed_at is None
    request = booking.Request(session.record.client, clinic.appointment_type(), clinic.location, planned)
    again = booking.book(request, at("2026-12-03 09:30"), actor=clinic.kim, now=session.after(61))
    lifecycle.arrive(again.pk, actor=clinic.kim, now=at("2026-12-03 09:30"))
    fresh = session_room.open_record(again.pk, actor=clinic.ana.user, now=at("2026-12-03 09:30"))  # type: ignore[arg-type]
    assert fresh != session.record


def test_after_a_dose_there_is_no_end_without_one(session: Session) -> None:
    session.prepare()
    session.give()
    with pytest.raises(doses.DoseGivenBefore):
        session_room.end_without_dose(session.record.pk, reason="x", **session.who(10))
    with pytest.raises(discharges.RecordNotFinished) as refusal:
        lifecycle.complete(session.booked.pk, **session.who(120))
    assert codes(refusal) == ["discharge_missing"]


def test_who_leaves_before_the_start_ends_the_record_too(session: Session, clinic: Clinic) -> None:
    lifecycle.cancel(
        session.booked.pk, party="client", reason="feels ill", actor=clinic.kim, now=session.after(-1)
    )
    session.record.refresh_from_db()
    assert session.record.end_reason == "feels ill"


# From the clinic's stock


@pytest.fixture
def lot(session: Session) -> StockLot:
    """Ten millilitres of 50 mg/ml, for an injection."""
    values = {
        "drug": "ketamine",
        "strength_amount": Decimal(50),
        "strength_unit": "mg_per_ml",
        "form": "solution",
        "route": "im",
        "lot": "A1",
        "unit": "ml",
        "expires_on": date(2026, 12, 1),
        "received_on": date(2026, 11, 1),
    }
    nia = session.clinic.nia
    return stock.receive(session.clinic.location, values, Decimal(10), key=key(), actor=nia, now=NOW)


def left(lot: StockLot) -> Decimal:
    return balances.balance(accounts.entries_of(lot.events.all()))


def test_a_dose_from_a_lot_is_taken_from_it_once(session: Session, lot: StockLot) -> None:
    session.prepare()
    mine = key()

    def give() -> Dose:
        order = Prescription.objects.get(client=session.record.client)
        return session_room.give_dose(
            session.record.pk,
            mine,
            FORTY,
            prescription=order,
            stock_lot=lot,
            units_used=Decimal("0.8"),
            **session.who(5),
        )

    dose = give()
    assert give() == dose  # the answer was lost, and it was sent again
    assert (dose.stock_lot, dose.units_used, dose.lot_number) == (lot, Decimal("0.8"), "A1")
    assert left(lot) == Decimal("9.2")
    used = StockEvent.objects.get(kind="used")
    assert (used.planned_session, used.recorded_by) == (
        session.record.planned_session,
        session.clinic.ana.user,
    )


@pytest.mark.parametrize(
    ("changes", "used", "expected"),
    [
        ({}, "10.1", "not_enough_left"),
        ({}, None, "units_missing"),
        ({"expires_on": date(2026, 11, 30)}, "0.8", "lot_expired"),
        ({"route": "iv"}, "0.8", "lot_wrong_route"),
    ],
)
def test_a_lot_from_which_no_dose_can_be_taken(
    session: Session, lot: StockLot, changes: dict[str, Any], used: str | None, expected: str
) -> None:
    StockLot.objects.filter(pk=lot.pk).update(**changes)
    session.prepare()
    with pytest.raises(DomainError) as refused:
        session.give(5, stock_lot=lot, units_used=Decimal(used) if used else None)
    assert codes(refused) == [expected]
    assert (Dose.objects.count(), left(lot)) == (0, Decimal(10))


def test_a_refused_dose_takes_nothing_from_the_lot(session: Session, lot: StockLot) -> None:
    """The lot would do, and is named among nothing else: what is used is undone with the rest."""
    session.check_in()
    lifecycle.start(session.booked.pk, **session.who(0))
    with pytest.raises(DomainError) as refused:
        session.give(5, stock_lot=lot, units_used=Decimal("0.8"))
    assert codes(refused) == ["fit_missing", "cleared_missing", "vitals_missing"]
    assert left(lot) == Decimal(10)


def test_a_lot_in_the_name_of_another_client_is_not_hers(session: Session, lot: StockLot) -> None:
    other = make_client("Ivy Kahn", session.clinic.location)
    StockLot.objects.filter(pk=lot.pk).update(for_client=other)
    session.prepare()
    with pytest.raises(DomainError) as refused:
        session.give(5, stock_lot=lot, units_used=Decimal("0.8"))
    assert codes(refused) == ["lot_of_another"]


# What the client brings


@pytest.fixture
def brings(session: Session) -> Session:
    """One fill of one dose is at home with Maya; the record's protocol has her bring it."""
    Protocol.objects.filter(pk=session.record.protocol_id).update(client_brings_medication=True)
    Prescription.objects.update(doses_per_fill=1, refills=0)
    order = Prescription.objects.get(client=session.record.client)
    prescriptions.dispense(order.pk, key=key(), actor=session.clinic.nia, now=NOW)
    return session


@pytest.mark.parametrize(("counted", "rows", "tasks"), [(None, 0, 0), (0, 0, 0), (1, 1, 0), (2, 1, 1)])
def test_more_than_a_client_should_hold_is_a_task_and_refuses_nothing(
    brings: Session, counted: int | None, rows: int, tasks: int
) -> None:
    sent = key()
    values = {"identified_by": ["name", "birth_date"], "medicine_seen": True, "medicine_count": counted}
    for _again in range(2):
        row = dosing.check_in(brings.record.pk, sent, values, **brings.who(-5))
        assert row.medicine_count == counted
    assert SupplyEvent.objects.filter(kind="brought").count() == rows
    assert SupplyTask.objects.filter(client=brings.record.client, settled_at=None).count() == tasks


def test_what_was_never_filled_has_nothing_to_be_held_against(session: Session) -> None:
    Protocol.objects.filter(pk=session.record.protocol_id).update(client_brings_medication=True)
    session.check_in(medicine_count=9)
    assert SupplyEvent.objects.count() == SupplyTask.objects.count() == 0
