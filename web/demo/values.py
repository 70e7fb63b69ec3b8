"""The fields of a client's records, for those who write them through the doors and for those who don't."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from practice.models import Client, Clinician, User
from treatment_plans.models import Clearance
from treatment_plans.rules.supply import last_schedule_iii_day
from web.demo.clinic import DRUGS, Clinic
from web.demo.course import Course, Decision
from web.demo.people import Person

# To the C-SSRS screener; its other items are asked only after a yes.
NO_TO_ALL = {"1": 0, "2": 0, "6": 0}


def client_values(clinic: Clinic, person: Person) -> dict[str, Any]:
    detail = Client.MessageDetail.DISCREET if person.is_discreet else Client.MessageDetail.PLAIN
    return {
        "legal_name": person.legal_name,
        "preferred_name": person.preferred_name,
        "pronouns": person.pronouns,
        "birth_date": person.birth_date,
        "language": person.language,
        "time_zone": person.time_zone,
        "state": person.state,
        "location": clinic.location,
        "message_detail": detail,
    }


def helper_values(person: Person) -> dict[str, Any]:
    return {
        "name": person.helper.name,
        "relationship": person.helper.relationship,
        "phone": person.helper.phone,
        "is_escort": True,
        "is_aftercare": True,
        "is_emergency": True,
        "may_be_contacted": True,
    }


def clearance_values(decision: Decision, on: date) -> dict[str, Any]:
    is_granted = decision.decision in Clearance.GRANTED
    return {
        "decision": decision.decision,
        "conditions": decision.conditions,
        "valid_from_on": on,
        "valid_through_on": on + timedelta(days=decision.lasts_days) if is_granted else None,
    }


def prescription_values(course: Course, on: date, today: date) -> dict[str, Any]:
    order = course.order
    assert order is not None
    drug, milligrams = DRUGS[course.route]
    last_on = last_schedule_iii_day(on)
    if order.last_day is not None:
        last_on = min(last_on, today + timedelta(days=order.last_day))
    return {
        "route": course.route,
        "drug": drug,
        "dose_amount": milligrams,
        "directions": "As agreed at the evaluation",
        "doses_per_fill": order.doses_per_fill,
        "refills": order.refills,
        "issued_on": on,
        "valid_through_on": last_on,
        "reference": f"RX-{310_000 + course.number}",
    }


def user_of(clinician: Clinician) -> User:
    assert clinician.user is not None
    return clinician.user
