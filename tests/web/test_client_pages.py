"""The clinicians' pages about one client: who may open them, what they say, which forms they offer to whom.

That the forms work is for tests/browser; what their doors refuse, for the tests of those.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser

from practice.models import Activity, CareTeamMember, Role, User
from scheduling import booking
from scheduling.booking import Request
from tests.cast import NOW, Clinic, at, make_clinician, make_user
from tests.treatment_plans.test_screening_rules import WELL
from tests.web.conftest import SignIn
from tests.web.pages import text_of
from treatment_plans.first_rows import interactions, screening_form
from treatment_plans.models import (
    Prescription,
    ScreeningFlag,
    ScreeningForm,
    StatePrescriptionLimit,
)
from treatment_plans.screening import clinical_results, flags, medications, screenings
from treatment_plans.supply import ledger, prescribing_checks, prescriptions

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIFE = {"sign", "change", "send", "dispense", "lost", "revoke", "again"}


def deeds_of(response: Any) -> set[str]:
    """The ids of the forms that a page offers."""
    return set(re.findall(r'<details class="deed" id="([a-z0-9_-]+)"', response.content.decode()))


def draft(clinic: Clinic, **values: Any) -> Prescription:
    order = {"route": "im", "drug": "ketamine 50 mg/mL", "dose_amount": Decimal(40), "doses_per_fill": 2}
    assert clinic.ito.user
    return prescriptions.draft(
        clinic.maya.pk, {**order, **values}, prescriber=clinic.ito, actor=clinic.ito.user, now=NOW
    )


def pages(clinic: Clinic) -> dict[str, str]:
    client = clinic.maya.pk
    return {
        "client": f"/dashboard/clients/{client}/",
        "prescriptions": f"/dashboard/clients/{client}/prescriptions/",
        "prescription": f"/dashboard/prescriptions/{draft(clinic).pk}/",
        "screening": f"/dashboard/clients/{client}/screening/",
        "plans": f"/dashboard/clients/{client}/plans/",
    }


@pytest.mark.parametrize("role", Role.values)
def test_they_are_for_those_who_treat_the_client(clinic: Clinic, sign_in: SignIn, role: str) -> None:
    addresses = pages(clinic)
    treating: dict[str, User | None] = {Role.THERAPIST: clinic.ana.user, Role.PSYCHIATRIST: clinic.ito.user}
    browser = sign_in(treating.get(role) or make_user("zoe", role))
    wanted = 200 if role in (*treating, Role.NURSE) else 403
    assert {name: browser.get(address).status_code for name, address in addresses.items()} == dict.fromkeys(
        addresses, wanted
    )


def test_who_does_not_treat_the_client_finds_nothing(clinic: Clinic, sign_in: SignIn) -> None:
    assert clinic.ben.user
    browser = sign_in(clinic.ben.user)
    assert {browser.get(address).status_code for address in pages(clinic).values()} == {404}


def test_that_somebody_looked_is_remembered_of_each(clinic: Clinic, ana: Browser) -> None:
    addresses = pages(clinic).values()
    for address in addresses:
        ana.get(address)
    assert Activity.objects.filter(action="client.viewed", client=clinic.maya).count() == len(addresses)


@pytest.mark.parametrize(
    ("who", "of_a_draft", "of_a_signed_one"),
    [
        ("ito", {"sign", "change", "revoke"}, {"send", "dispense", "lost", "revoke", "again"}),
        ("ana", set(), {"dispense", "lost"}),
        ("nia", set(), {"dispense", "lost"}),
    ],
)
def test_each_step_of_a_prescription_is_offered_to_those_who_may_take_it(
    clinic: Clinic, sign_in: SignIn, who: str, of_a_draft: set[str], of_a_signed_one: set[str]
) -> None:
    person: Any = getattr(clinic, who)
    browser = sign_in(person if isinstance(person, User) else person.user)
    row, signed = draft(clinic), clinic.prescribe(clinic.maya)
    assert deeds_of(browser.get(f"/dashboard/prescriptions/{row.pk}/")) == of_a_draft
    offered = deeds_of(browser.get(f"/dashboard/prescriptions/{signed.pk}/"))
    assert offered & LIFE == of_a_signed_one
    assert offered - LIFE == {"counted", "returned", "wasted"}


@pytest.mark.parametrize("end", ["revoke", "report_lost"])
def test_one_that_has_ended_offers_no_step(clinic: Clinic, ito: Browser, end: str) -> None:
    row = clinic.prescribe(clinic.maya)
    said = {"revoke": "reason", "report_lost": "report"}[end]
    getattr(prescriptions, end)(row.pk, **{said: "Left on the bus"}, actor=clinic.kim, now=NOW)
    page = ito.get(f"/dashboard/prescriptions/{row.pk}/")
    assert deeds_of(page) & LIFE == {"again"}
    assert "Left on the bus" in text_of(page)
    assert f'name="replaces" value="{row.pk}"' in page.content.decode()


def test_a_draft_says_everything_that_stands_against_its_signature_and_stays_undated(
    clinic: Clinic, ito: Browser, ana: Browser
) -> None:
    row = draft(clinic)
    page = ito.get(f"/dashboard/prescriptions/{row.pk}/")
    for reason in (
        "The directions are missing.",
        "The quantity is missing.",
        "The last valid day is missing.",
    ):
        assert reason in text_of(page)
    assert re.search(r'name="issued_on" value=""', page.content.decode())
    assert "Before it can be signed" not in text_of(ana.get(f"/dashboard/prescriptions/{row.pk}/"))


def test_what_is_left_is_told_in_doses_and_days_with_the_sessions_it_blocks(
    clinic: Clinic, ana: Browser
) -> None:
    client = clinic.ready_client()
    Prescription.objects.update(doses_per_fill=2)
    for number, day in ((1, "2026-12-01"), (2, "2026-12-08")):
        request = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client, number))
        booking.book(request, at(f"{day} 09:30"), actor=clinic.kim, now=NOW)
    Prescription.objects.update(valid_through_on=date(2026, 12, 2))
    for address in (f"/dashboard/clients/{client.pk}/", f"/dashboard/clients/{client.pk}/prescriptions/"):
        text = text_of(ana.get(address))
        assert "1 dose left of 2: 0 used, 1 booked" in text
        assert "10 days left" in text
        assert "Blocks one session: Tue Dec 8, 9:30 a.m." in text


def test_the_ledger_shows_what_does_not_fit_and_what_was_put_right(clinic: Clinic, ana: Browser) -> None:
    row = clinic.prescribe(clinic.maya)
    prescriptions.dispense(row.pk, key=uuid4(), actor=clinic.nia, now=NOW)

    def event(kind: str, amount: int) -> Any:
        new = ledger.NewEvent(
            prescription_id=row.pk, kind=kind, amount=Decimal(amount), unit="dose", key=uuid4()
        )
        return ledger.record(clinic.maya.pk, new, actor=clinic.nia, now=NOW)

    back = event("returned", 2)
    ledger.correct(back.pk, Decimal(1), reason="Two were empty", key=uuid4(), actor=clinic.nia, now=NOW)
    event("counted", 4)
    page = ana.get(f"/dashboard/prescriptions/{row.pk}/")
    text = text_of(page)
    assert "5 doses now: 6 dispensed, 0 used." in text
    assert "A count does not fit: 4 counted, 5 expected (doses)." in text
    assert "corrected: Two were empty" in text
    assert f"correct-{back.pk}" not in deeds_of(page)
    assert any(name.startswith("settle-") for name in deeds_of(page))


def test_the_monitoring_programme_is_due_again_after_its_days(
    clinic: Clinic, ito: Browser, ana: Browser
) -> None:
    assert clinic.ito.user
    StatePrescriptionLimit.objects.create(state="CA", pdmp_check="block", pdmp_valid_days=7, source="test")
    address = f"/dashboard/clients/{clinic.maya.pk}/prescriptions/"
    assert "The programme of CA has to be looked into" in text_of(ito.get(address))
    prescribing_checks.record_pdmp_check(
        clinic.maya.pk,
        prescriber=clinic.ito,
        result="nothing",
        key=uuid4(),
        actor=clinic.ito.user,
        now=NOW,
    )
    text = text_of(ana.get(address))
    assert "Next due on Nov. 30, 2026." in text
    assert "Nothing found CA" in text
    assert deeds_of(ito.get(address)) == {"draft", "pdmp", "in-person"}
    assert deeds_of(ana.get(address)) == set()


def test_nobody_signs_for_another(clinic: Clinic, sign_in: SignIn) -> None:
    other = make_clinician("Uma", "psychiatrist", clinic.location, user=make_user("uma", Role.PSYCHIATRIST))
    CareTeamMember.objects.create(client=clinic.maya, clinician=other, joined_at=NOW)
    assert other.user
    page = sign_in(other.user).get(f"/dashboard/prescriptions/{draft(clinic).pk}/")
    assert deeds_of(page) == {"change", "revoke"}


def test_a_renewal_begins_with_the_order_and_without_its_days(clinic: Clinic, ito: Browser) -> None:
    row = clinic.prescribe(clinic.maya)
    page = ito.get(f"/dashboard/prescriptions/{row.pk}/").content.decode()
    again = page[page.index('id="again-form"') :]
    assert f'name="renews" value="{row.pk}"' in again
    assert 'name="drug" value="ketamine 50 mg/mL"' in again
    assert 'name="valid_through_on" value=""' in again


@pytest.fixture
def screened(clinic: Clinic) -> Clinic:
    """Maya's blood pressure was high; she takes lorazepam, and something that nobody has classified."""
    screening_form.add_missing()
    interactions.add_missing()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    answers = WELL | {"blood_pressure": {"systolic": 150, "diastolic": 95}}
    filled = screenings.Filled(ScreeningForm.objects.get(), answers, "with_staff")
    screenings.record(clinic.maya, filled, actor=clinic.nia, now=NOW)
    for name, group in (("lorazepam", "benzodiazepine"), ("a herbal tea", "")):
        values = {"name": name, "medicine_class": group, "source": "client"}
        medications.record(clinic.maya, values, actor=clinic.nia, now=NOW)
    return clinic


def test_the_screening_side_states_facts_with_their_sources(screened: Clinic, ana: Browser) -> None:
    text = text_of(ana.get(f"/dashboard/clients/{screened.maya.pk}/screening/"))
    assert "Open Blood pressure above 140/90. to be cleared first" in text
    assert "answer: 150/95" in text
    assert "lorazepam : Benzodiazepines" in text
    assert "a herbal tea in no class yet" in text
    assert "Clearance: no decision yet" in text


def test_only_prescribers_decide_about_flags_and_approve_words(
    screened: Clinic, ito: Browser, ana: Browser, sign_in: SignIn
) -> None:
    address = f"/dashboard/clients/{screened.maya.pk}/screening/"
    flag = f"flag-{ScreeningFlag.objects.get().pk}"
    decides = deeds_of(ito.get(address))
    everybody = decides - {flag, "hold"}
    assert flag in decides
    assert "hold" in decides
    assert {"medicine", "result-ecg", "result-blood-pressure", "result-liver-tests"} <= everybody
    for browser in (ana, sign_in(screened.nia)):
        assert deeds_of(browser.get(address)) == everybody


def test_a_result_says_what_it_will_block_before_it_lapses(screened: Clinic, ana: Browser) -> None:
    client = screened.ready_client()
    clinical_results.record(
        client,
        "blood_pressure",
        {"readings": [{"systolic": 128, "diastolic": 82}]},
        taken_on=NOW.date(),
        valid_through_on=date(2026, 11, 30),
        actor=screened.nia,
        now=NOW,
    )
    dispose(screened)
    request = Request(client, screened.appointment_type(), screened.location, screened.dose(client))
    booking.book(request, at("2026-11-30 09:30"), actor=screened.kim, now=NOW)
    clinical_results.record(
        client,
        "blood_pressure",
        {"readings": [{"systolic": 126, "diastolic": 80}]},
        taken_on=NOW.date(),
        valid_through_on=date(2026, 11, 29),
        actor=screened.nia,
        now=NOW,
    )
    text = text_of(ana.get(f"/dashboard/clients/{client.pk}/screening/"))
    assert "Result : blood pressure last day Nov. 29, 2026 to be renewed by the nurse" in text
    assert "Blocks one session: Mon Nov 30, 9:30 a.m." in text
    assert "Blood pressure : 126/80" in text
    assert "128/82 – Replaced by a later one" in text


def dispose(clinic: Clinic) -> None:
    assert clinic.ito.user
    disposal = flags.Disposal(ScreeningFlag.objects.get().pk, "accepted", "White coat", date(2027, 6, 1))
    flags.dispose(disposal, decided_by=clinic.ito, actor=clinic.ito.user, now=NOW)


def test_a_plan_goes_on_by_the_prescriber_and_ends_by_those_who_plan(
    clinic: Clinic, ito: Browser, ana: Browser, sign_in: SignIn
) -> None:
    plan = clinic.plan(clinic.maya)
    address = f"/dashboard/clients/{clinic.maya.pk}/plans/"
    assert deeds_of(ito.get(address)) == {f"review-{plan.pk}", f"close-{plan.pk}"}
    assert deeds_of(ana.get(address)) == {f"close-{plan.pk}"}
    assert deeds_of(sign_in(clinic.nia).get(address)) == set()
    assert 'data-rehearses="always"' in ana.get(address).content.decode()
    assert 'data-rehearses="decision=stop"' in ito.get(address).content.decode()


def test_nothing_is_chosen_for_a_prescriber(screened: Clinic, ito: Browser) -> None:
    page = ito.get(f"/dashboard/clients/{screened.maya.pk}/screening/").content.decode()
    decision = re.search(r'<select id="flag-[0-9]+--decision".*?</select>', page, re.S)
    assert decision
    assert '<option value="" selected>Choose</option>' in decision.group(0)
