"""Every route, method and actor, against a table that is written down here and nowhere else.

A route that is not in the table fails, and so does a row without a route. Each row: who may, by the letters
of the roles, and whether it is about a client; then a clinician who isn't on the care team finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from practice.api.authentication import issue_token
from practice.models import ApiToken, Location, Role, User
from scheduling.models import AppointmentType, WaitlistEntry
from tests.api.calls import Caller
from tests.api.routes import METHODS, Route, routes, served
from tests.api.world import CANARY, World, undone
from tests.cast import NOW, Clinic
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans.models import Prescription, Protocol, ScreeningForm, StockLot, TreatmentPlan

pytestmark = pytest.mark.django_db

LETTERS = {
    "A": Role.PRACTICE_ADMIN,
    "D": Role.FRONT_DESK,
    "T": Role.THERAPIST,
    "P": Role.PSYCHIATRIST,
    "N": Role.NURSE,
    "O": Role.AUDITOR,
}
WHOEVER = "whoever is signed in"
CLIENT, OPEN = True, False

POLICY: dict[str, tuple[str, bool]] = {
    "GET schema": (WHOEVER, OPEN),
    "GET docs": (WHOEVER, OPEN),
    # the practice
    "GET locations": ("ADTPNO", OPEN),
    "GET locations/{pk}": ("ADTPNO", OPEN),
    "POST locations": ("A", OPEN),
    "PATCH locations/{pk}": ("A", OPEN),
    "GET rooms": ("ADTPNO", OPEN),
    "GET rooms/{pk}": ("ADTPNO", OPEN),
    "POST rooms": ("A", OPEN),
    "PATCH rooms/{pk}": ("A", OPEN),
    "GET clinicians": ("ADTPNO", OPEN),
    "GET clinicians/{pk}": ("ADTPNO", OPEN),
    "POST clinicians": ("A", OPEN),
    "PATCH clinicians/{pk}": ("A", OPEN),
    "GET therapists": ("ADTPNO", OPEN),
    "GET therapists/{pk}": ("ADTPNO", OPEN),
    "GET psychiatrists": ("ADTPNO", OPEN),
    "GET psychiatrists/{pk}": ("ADTPNO", OPEN),
    "GET working-hours": ("ADTPNO", OPEN),
    "GET working-hours/{pk}": ("ADTPNO", OPEN),
    "POST working-hours": ("A", OPEN),
    "PATCH working-hours/{pk}": ("A", OPEN),
    "DELETE working-hours/{pk}": ("A", OPEN),
    "GET extra-hours": ("ADTPNO", OPEN),
    "GET extra-hours/{pk}": ("ADTPNO", OPEN),
    "POST extra-hours": ("AD", OPEN),
    "PATCH extra-hours/{pk}": ("AD", OPEN),
    "DELETE extra-hours/{pk}": ("AD", OPEN),
    "GET time-off": ("ADTPNO", OPEN),
    "GET time-off/{pk}": ("ADTPNO", OPEN),
    "POST time-off": ("AD", OPEN),
    "PATCH time-off/{pk}": ("AD", OPEN),
    "DELETE time-off/{pk}": ("AD", OPEN),
    "GET closures": ("ADTPNO", OPEN),
    "GET closures/{pk}": ("ADTPNO", OPEN),
    "POST closures": ("AD", OPEN),
    "PATCH closures/{pk}": ("AD", OPEN),
    "DELETE closures/{pk}": ("AD", OPEN),
    "GET holidays": ("ADTPNO", OPEN),
    "GET holidays/{pk}": ("ADTPNO", OPEN),
    "POST holidays": ("AD", OPEN),
    "PATCH holidays/{pk}": ("AD", OPEN),
    "DELETE holidays/{pk}": ("AD", OPEN),
    "POST locations/{location_id}/public-holidays": ("AD", OPEN),
    "GET consent-documents": ("ADTPNO", OPEN),
    "GET consent-documents/{pk}": ("ADTPNO", OPEN),
    "GET activity": ("AO", CLIENT),
    "GET activity/{pk}": ("AO", CLIENT),
    # clients
    "GET clients": ("ADTPNO", CLIENT),
    "GET clients/{pk}": ("ADTPN", CLIENT),
    "POST clients": ("AD", OPEN),
    "PATCH clients/{pk}": ("AD", CLIENT),
    "GET clients/{client_id}/support-persons": ("ADTPNO", CLIENT),
    "GET clients/{client_id}/support-persons/{pk}": ("ADTPN", CLIENT),
    "POST clients/{client_id}/support-persons": ("AD", CLIENT),
    "PATCH clients/{client_id}/support-persons/{pk}": ("AD", CLIENT),
    "DELETE clients/{client_id}/support-persons/{pk}": ("AD", CLIENT),
    "GET consents": ("ADTPNO", CLIENT),
    "GET consents/{pk}": ("ADTPN", CLIENT),
    "POST consents": ("ADTP", CLIENT),
    "POST consents/{pk}/withdraw": ("ADTP", CLIENT),
    # treatment
    "GET protocols": ("ADTPNO", OPEN),
    "GET protocols/{pk}": ("ADTPNO", OPEN),
    "POST protocols/{pk}/approve": ("P", OPEN),
    "GET clearances": ("TPNO", CLIENT),
    "GET clearances/{pk}": ("TPN", CLIENT),
    "POST clearances": ("P", CLIENT),
    "GET rems-enrollments": ("TPNO", CLIENT),
    "GET rems-enrollments/{pk}": ("TPN", CLIENT),
    "POST rems-enrollments": ("P", CLIENT),
    "GET prescriptions": ("TPNO", CLIENT),
    "GET prescriptions/{pk}": ("TPN", CLIENT),
    "POST prescriptions": ("P", CLIENT),
    "POST prescriptions/{pk}/revoke": ("P", CLIENT),
    "POST prescriptions/draft": ("P", CLIENT),
    "PATCH prescriptions/{pk}": ("P", CLIENT),
    "GET prescriptions/{pk}/signing": ("P", CLIENT),
    "POST prescriptions/{pk}/sign": ("P", CLIENT),
    "POST prescriptions/{pk}/send": ("P", CLIENT),
    "POST prescriptions/{pk}/dispense": ("TPN", CLIENT),
    "POST prescriptions/{pk}/report-lost": ("TPN", CLIENT),
    "GET pdmp-checks": ("TPNO", CLIENT),
    "GET pdmp-checks/{pk}": ("TPN", CLIENT),
    "POST pdmp-checks": ("P", CLIENT),
    "GET in-person-evaluations": ("TPNO", CLIENT),
    "GET in-person-evaluations/{pk}": ("TPN", CLIENT),
    "POST in-person-evaluations": ("P", CLIENT),
    "GET supply-events": ("TPNO", CLIENT),
    "GET supply-events/{pk}": ("TPN", CLIENT),
    "POST supply-events": ("TPN", CLIENT),
    "POST supply-events/{pk}/correct": ("TPN", CLIENT),
    "GET supply-tasks": ("TPNO", CLIENT),
    "GET supply-tasks/{pk}": ("TPN", CLIENT),
    "POST supply-tasks/{pk}/settle": ("TPN", CLIENT),
    "GET clients/{client_id}/supply": ("TPN", CLIENT),
    "GET stock-lots": ("ATPN", OPEN),
    "GET stock-lots/{pk}": ("ATPN", OPEN),
    "POST stock-lots": ("ATPN", OPEN),
    "POST stock-lots/{pk}/transfer": ("ATPN", OPEN),
    "GET stock-events": ("ATPN", OPEN),
    "GET stock-events/{pk}": ("ATPN", OPEN),
    "POST stock-events": ("TPN", OPEN),
    "POST stock-events/{pk}/correct": ("TPN", OPEN),
    "GET stock-tasks": ("ATPN", OPEN),
    "GET stock-tasks/{pk}": ("ATPN", OPEN),
    "POST stock-tasks/{pk}/settle": ("ATPN", OPEN),
    "GET treatment-plans": ("ADTPNO", CLIENT),
    "GET treatment-plans/{pk}": ("ADTPN", CLIENT),
    "POST treatment-plans": ("TP", CLIENT),
    "POST treatment-plans/{pk}/activate": ("TP", CLIENT),
    "GET planned-sessions": ("ADTPNO", CLIENT),
    "GET planned-sessions/{pk}": ("ADTPN", CLIENT),
    "GET follow-ups": ("TPNO", CLIENT),
    "GET follow-ups/{pk}": ("TPN", CLIENT),
    "POST follow-ups": ("TP", CLIENT),
    "POST follow-ups/practices": ("TP", CLIENT),
    "GET follow-ups/{follow_up_id}/attempts": ("TPNO", CLIENT),
    "POST follow-ups/{follow_up_id}/attempts": ("TPN", CLIENT),
    "POST follow-ups/{pk}/snooze": ("TPN", CLIENT),
    "POST follow-ups/{pk}/move": ("TP", CLIENT),
    "POST follow-ups/{pk}/done": ("TPN", CLIENT),
    "GET psychotherapy-notes": ("TPO", CLIENT),
    "GET psychotherapy-notes/{pk}": ("TP", CLIENT),
    "POST psychotherapy-notes": ("TP", CLIENT),
    "PATCH psychotherapy-notes/{pk}": ("TP", CLIENT),
    "GET instruments": ("TPN", OPEN),
    "GET measures": ("TPNO", CLIENT),
    "GET measures/{pk}": ("TPN", CLIENT),
    "POST measures": ("TPN", CLIENT),
    "POST measures/{pk}/correct": ("TPN", CLIENT),
    "GET safety-alerts": ("TPNO", CLIENT),
    "GET safety-alerts/{pk}": ("TPN", CLIENT),
    "POST safety-alerts/{pk}/acknowledge": ("TPN", CLIENT),
    "POST safety-alerts/{pk}/dispose": ("TP", CLIENT),
    "GET clients/{client_id}/outcomes": ("TPN", CLIENT),
    "GET screening-forms": ("ADTPNO", OPEN),
    "GET screening-forms/{pk}": ("ADTPNO", OPEN),
    "POST screening-forms/{pk}/approve": ("P", OPEN),
    "POST screening-forms/{pk}/revise": ("P", OPEN),
    "GET screenings": ("ADTPNO", CLIENT),
    "GET screenings/{pk}": ("ADTPN", CLIENT),
    "POST screenings": ("TPN", CLIENT),
    "POST screenings/{pk}/correct": ("TPN", CLIENT),
    "GET screening-sheets": ("ADTPNO", CLIENT),
    "GET screening-sheets/{pk}": ("ADTPN", CLIENT),
    "POST screening-sheets": ("ADTPN", CLIENT),
    "POST screening-sheets/{pk}/withdraw": ("ADTPN", CLIENT),
    "GET screening-flags": ("TPNO", CLIENT),
    "GET screening-flags/{pk}": ("TPN", CLIENT),
    "POST screening-flags/{pk}/dispose": ("P", CLIENT),
    "GET current-medications": ("TPNO", CLIENT),
    "GET current-medications/{pk}": ("TPN", CLIENT),
    "POST current-medications": ("TPN", CLIENT),
    "POST current-medications/{pk}/stop": ("TPN", CLIENT),
    "POST current-medications/{pk}/classify": ("TPN", CLIENT),
    "GET clients/{client_id}/interactions": ("TPN", CLIENT),
    "GET interaction-rules": ("TPN", OPEN),
    "GET interaction-rules/{pk}": ("TPN", OPEN),
    "GET hold-instructions": ("TPNO", CLIENT),
    "GET hold-instructions/{pk}": ("TPN", CLIENT),
    "POST hold-instructions": ("P", CLIENT),
    "POST hold-instructions/{pk}/withdraw": ("P", CLIENT),
    "GET evaluations": ("ADTPNO", CLIENT),
    "GET evaluations/{pk}": ("ADTPN", CLIENT),
    "POST evaluations": ("ADTP", CLIENT),
    "POST evaluations/{pk}/ask": ("ADTPN", CLIENT),
    "GET clinical-results": ("TPNO", CLIENT),
    "GET clinical-results/{pk}": ("TPN", CLIENT),
    "POST clinical-results": ("TPN", CLIENT),
    "POST clinical-results/{pk}/correct": ("TPN", CLIENT),
    "GET course-holds": ("TPNO", CLIENT),
    "GET course-holds/{pk}": ("TPN", CLIENT),
    "POST course-holds/{pk}/release": ("P", CLIENT),
    "GET delegates": ("TPNO", CLIENT),
    "GET delegates/{pk}": ("TPN", CLIENT),
    "POST delegates": ("P", CLIENT),
    "POST delegates/{pk}/end": ("P", CLIENT),
    "GET rems-forms": ("TPNO", CLIENT),
    "GET rems-forms/{pk}": ("TPN", CLIENT),
    "PATCH rems-forms/{pk}": ("TPN", CLIENT),
    "POST rems-forms/{pk}/submitted": ("TPN", CLIENT),
    # the session room
    "POST bookings/{booking_id}/dosing-record": ("TPN", CLIENT),
    "GET dosing-records": ("TPNO", CLIENT),
    "GET dosing-records/{pk}": ("TPN", CLIENT),
    "GET dosing-records/{pk}/room": ("TPN", CLIENT),
    "POST dosing-records/{pk}/check-in": ("TPN", CLIENT),
    "POST dosing-records/{pk}/vitals": ("TPN", CLIENT),
    "POST dosing-records/{pk}/vitals/{row_id}/correct": ("TPN", CLIENT),
    "POST dosing-records/{pk}/signatures/fit": ("T", CLIENT),
    "POST dosing-records/{pk}/signatures/cleared": ("PN", CLIENT),
    "POST dosing-records/{pk}/doses": ("TPN", CLIENT),
    "POST dosing-records/{pk}/doses/{row_id}/correct": ("TP", CLIENT),
    "POST dosing-records/{pk}/marks": ("TPN", CLIENT),
    "POST dosing-records/{pk}/marks/{row_id}/correct": ("TPN", CLIENT),
    "POST dosing-records/{pk}/adverse-events": ("TPN", CLIENT),
    "POST dosing-records/{pk}/adverse-events/{row_id}/correct": ("TPN", CLIENT),
    "POST dosing-records/{pk}/discharge": ("TP", CLIENT),
    "POST dosing-records/{pk}/end-without-dose": ("TP", CLIENT),
    "GET clients/{client_id}/measures/due": ("TPN", CLIENT),
    "GET clients/{client_id}/timeline": ("TPN", CLIENT),
    "GET clients/{client_id}/doses": ("TPN", CLIENT),
    "GET follow-ups/due": ("TPN", OPEN),
    # scheduling
    "GET appointment-types": ("ADTPNO", OPEN),
    "GET appointment-types/{pk}": ("ADTPNO", OPEN),
    "POST clearances/preview": ("P", CLIENT),
    "GET openings": ("ADTPN", CLIENT),
    "POST openings/explain": ("ADTPN", CLIENT),
    "GET expiring": ("ADTPN", OPEN),
    "GET bookings": ("ADTPNO", CLIENT),
    "GET bookings/{pk}": ("ADTPN", CLIENT),
    "GET bookings/{pk}/readiness": ("ADTPN", CLIENT),
    "GET bookings/{booking_id}/acknowledgements": ("ADTPNO", CLIENT),
    "GET group-sessions": ("ADTPNO", OPEN),
    "GET group-sessions/{pk}": ("ADTPNO", OPEN),
    "POST group-sessions": ("ADTP", OPEN),
    "POST group-sessions/{pk}/members": ("ADTP", CLIENT),
    "POST group-sessions/{pk}/reschedule": ("ADTP", OPEN),
    "POST group-sessions/{pk}/cancel": ("ADTP", OPEN),
    "POST bookings": ("ADTP", CLIENT),
    "POST bookings/{pk}/confirm": ("ADTP", CLIENT),
    "POST bookings/{pk}/reschedule": ("ADTP", CLIENT),
    "POST bookings/{pk}/cancel": ("ADTP", CLIENT),
    "POST bookings/{pk}/arrive": ("ADTPN", CLIENT),
    "POST bookings/{pk}/start": ("TPN", CLIENT),
    "POST bookings/{pk}/complete": ("TP", CLIENT),
    "POST bookings/{pk}/no-show": ("ADTP", CLIENT),
    "POST bookings/{booking_id}/acknowledgements": ("ADTPN", CLIENT),
    "POST treatment-plans/{pk}/series:propose": ("ADTP", CLIENT),
    "POST treatment-plans/{pk}/series": ("ADTP", CLIENT),
    "POST treatment-plans/{pk}/review": ("P", CLIENT),
    "POST treatment-plans/{pk}/doses": ("TP", CLIENT),
    "POST treatment-plans/{pk}/close": ("TP", CLIENT),
    "GET plan-reviews": ("TPNO", CLIENT),
    "GET plan-reviews/{pk}": ("TPN", CLIENT),
    "GET session-notes": ("TPNO", CLIENT),
    "GET session-notes/{pk}": ("TPN", CLIENT),
    "POST session-notes": ("TP", CLIENT),
    "PATCH session-notes/{pk}": ("TP", CLIENT),
    "DELETE session-notes/{pk}": ("TP", CLIENT),
    "POST session-notes/{pk}/sign": ("TP", CLIENT),
    "POST session-notes/{pk}/addenda": ("TP", CLIENT),
    "POST clinicians/{pk}/absence": ("AD", OPEN),
    "GET waitlist-entries": ("ADTPNO", CLIENT),
    "GET waitlist-entries/{pk}": ("ADTPN", CLIENT),
    "POST waitlist-entries": ("ADTP", CLIENT),
    "PATCH waitlist-entries/{pk}": ("ADTP", CLIENT),
    "POST waitlist-entries/{pk}/withdraw": ("ADTP", CLIENT),
    "GET waitlist-offers": ("ADTPNO", CLIENT),
    "GET waitlist-offers/{pk}": ("ADTPN", CLIENT),
    "POST waitlist-offers/{pk}/accept": ("ADTP", CLIENT),
    "POST waitlist-offers/{pk}/decline": ("ADTP", CLIENT),
    "GET freed-times": ("ADTP", OPEN),
    "GET freed-times/{pk}": ("ADTP", OPEN),
    "POST freed-times": ("ADTP", OPEN),
    "GET freed-times/{pk}/candidates": ("ADTP", OPEN),
    "POST freed-times/{pk}/offers": ("ADTP", CLIENT),
    "POST freed-times/{pk}/hide": ("ADTP", OPEN),
    "GET feeds": ("ADTP", OPEN),
    "GET feeds/{pk}": ("ADTP", OPEN),
    "POST feeds": ("ADTP", OPEN),
    "POST feeds/{pk}/revoke": ("ADTP", OPEN),
    "GET busy-calendars": ("ADTP", OPEN),
    "GET busy-calendars/{pk}": ("ADTP", OPEN),
    "POST busy-calendars": ("ADTP", OPEN),
    "POST busy-calendars/{pk}/stop": ("ADTP", OPEN),
    # messages
    "GET reminders": ("ADTPNO", CLIENT),
    "GET reminders/{pk}": ("ADTPN", CLIENT),
    "POST reminders/{pk}/settle": ("ADTPN", CLIENT),
    "POST reminders/{pk}/ask-again": ("ADTPN", CLIENT),
    "GET switches": ("ADTPNO", OPEN),
    "GET switches/{pk}": ("ADTPNO", OPEN),
    "POST switches": ("AD", OPEN),
    "GET messages": ("ADTPNO", CLIENT),
    "GET messages/{pk}": ("ADTPN", CLIENT),
    "GET desk-tasks": ("ADTPN", CLIENT),
    "GET desk-tasks/{pk}": ("ADTPN", CLIENT),
    "POST desk-tasks/{pk}/take": ("ADTPN", CLIENT),
    "POST desk-tasks/{pk}/give-back": ("ADTPN", CLIENT),
    "POST desk-tasks/{pk}/finish": ("ADTPN", CLIENT),
    "GET replies": ("ADTPN", CLIENT),
    "GET replies/{pk}": ("ADTPN", CLIENT),
    "GET client-notes": ("TPN", CLIENT),
    "GET client-notes/{pk}": ("TPN", CLIENT),
}

KEY = "7b0dca6e-58d5-4c0a-9d36-8f9a60a5f4c1"
BODIES: dict[str, Callable[[Clinic], dict[str, Any]]] = {
    "POST locations": lambda clinic: {
        "name": "Hill Clinic",
        "display_name": "Hill",
        "time_zone": "America/Denver",
        "state": "CO",
        "phone": "+1 303 555 0100",
    },
    "PATCH locations/{pk}": lambda clinic: {"address": "2 River Road"},
    "POST rooms": lambda clinic: {"location": clinic.location.pk, "name": "Room 3", "kind": "therapy"},
    "PATCH rooms/{pk}": lambda clinic: {"capacity": 2},
    "POST clinicians": lambda clinic: {"kind": "therapist", "name": "Cy"},
    "PATCH clinicians/{pk}": lambda clinic: {"credentials": "MD"},
    "POST clients": lambda clinic: {
        "legal_name": "Lee Tan",
        "time_zone": "America/Los_Angeles",
        "state": "CA",
        "location": clinic.location.pk,
    },
    "PATCH clients/{pk}": lambda clinic: {"pronouns": "they"},
    "POST clients/{client_id}/support-persons": lambda clinic: {"name": "Rosa"},
    "PATCH clients/{client_id}/support-persons/{pk}": lambda clinic: {
        "is_escort": True,
        "phone": "+1 303 555 0101",
        "email": "rosa@example.org",
    },
    "POST consents": lambda clinic: {"client": clinic.maya.pk, "document": clinic.document.pk},
    "POST clearances": lambda clinic: {
        "client": clinic.maya.pk,
        "decision": "cleared",
        "valid_from_on": "2026-11-23",
        "valid_through_on": "2027-11-22",
    },
    "POST clearances/preview": lambda clinic: {
        "client": clinic.maya.pk,
        "decision": "not_now",
        "valid_from_on": "2026-11-23",
    },
    "POST rems-enrollments": lambda clinic: {"client": clinic.maya.pk, "enrolled_on": "2026-11-23"},
    "POST prescriptions": lambda clinic: {
        "client": clinic.maya.pk,
        "route": "im",
        "drug": "ketamine 50 mg/mL",
        "dose_amount": "40",
        "doses_per_fill": 2,
        "issued_on": "2026-11-23",
        "valid_through_on": "2027-03-01",
    },
    "POST prescriptions/{pk}/revoke": lambda clinic: {"reason": "reaction"},
    "POST prescriptions/draft": lambda clinic: {
        "client": clinic.maya.pk,
        "route": "im",
        "drug": "ketamine",
        "dose_amount": "40",
        "doses_per_fill": 2,
    },
    "PATCH prescriptions/{pk}": lambda clinic: {"refills": 1},
    "POST prescriptions/{pk}/sign": lambda clinic: {"reference": "EPCS-1"},
    "POST prescriptions/{pk}/send": lambda clinic: {"pharmacy": "Elm Pharmacy"},
    "POST prescriptions/{pk}/dispense": lambda clinic: {"key": str(uuid4()), "amount": "1"},
    "POST prescriptions/{pk}/report-lost": lambda clinic: {"report": "bag stolen"},
    "POST pdmp-checks": lambda clinic: {
        "client": clinic.maya.pk,
        "result": "nothing",
        "key": str(uuid4()),
    },
    "POST in-person-evaluations": lambda clinic: {"client": clinic.maya.pk, "evaluated_on": "2026-11-20"},
    "POST supply-events": lambda clinic: {
        "client": clinic.maya.pk,
        "prescription": Prescription.objects.get().pk,
        "kind": "counted",
        "amount": "0",
        "unit": "dose",
        "key": str(uuid4()),
    },
    "POST supply-events/{pk}/correct": lambda clinic: {
        "amount": "0",
        "reason": "an empty box",
        "key": str(uuid4()),
    },
    "POST supply-tasks/{pk}/settle": lambda clinic: {"outcome": "adjusted", "note": "one too many"},
    "POST stock-lots": lambda clinic: {
        "location": clinic.location.pk,
        "drug": "ketamine",
        "strength_amount": "50",
        "strength_unit": "mg_per_ml",
        "form": "solution",
        "route": "im",
        "lot": "B2",
        "unit": "ml",
        "expires_on": "2027-06-30",
        "received_on": "2026-11-23",
        "amount": "10",
        "key": str(uuid4()),
    },
    "POST stock-lots/{pk}/transfer": lambda clinic: {
        "to_location": Location.objects.exclude(pk=clinic.location.pk).get().pk,
        "amount": "1",
        "unit": "ml",
        "key": str(uuid4()),
    },
    "POST stock-events": lambda clinic: {
        "stock_lot": StockLot.objects.get().pk,
        "kind": "counted",
        "amount": "10",
        "unit": "ml",
        "key": str(uuid4()),
    },
    "POST stock-events/{pk}/correct": lambda clinic: {
        "amount": "11",
        "reason": "read wrongly",
        "key": str(uuid4()),
    },
    "POST stock-tasks/{pk}/settle": lambda clinic: {"outcome": "adjusted", "note": "spilled"},
    "POST treatment-plans": lambda clinic: {
        "client": clinic.maya.pk,
        "protocol": Protocol.objects.get(route="im").pk,
        "therapist": clinic.ana.pk,
        "prescriber": clinic.ito.pk,
    },
    "POST follow-ups": lambda clinic: {
        "client": clinic.maya.pk,
        "kind": "check_in",
        "due_from_at": "2026-12-24T09:00:00-08:00",
        "due_until_at": "2026-12-24T18:00:00-08:00",
    },
    "POST follow-ups/practices": lambda clinic: {
        "client": clinic.maya.pk,
        "practice": "sleep",
        "agreed": "no screens after ten",
        "how_often": "daily",
        "until_on": "2026-12-24",
    },
    "POST follow-ups/{follow_up_id}/attempts": lambda clinic: {"how": "called", "reached": "no_answer"},
    "POST follow-ups/{pk}/snooze": lambda clinic: {"until_on": "2026-11-26"},
    "POST follow-ups/{pk}/move": lambda clinic: {
        "due_from_at": "2026-12-24T09:00:00-08:00",
        "due_until_at": "2026-12-24T18:00:00-08:00",
        "reason": "away",
    },
    "POST follow-ups/{pk}/done": lambda clinic: {"outcome": "sleeps well"},
    "POST psychotherapy-notes": lambda clinic: {"client": clinic.maya.pk, "text": "She was silent long."},
    "PATCH psychotherapy-notes/{pk}": lambda clinic: {"text": "She was silent."},
    "POST treatment-plans/{pk}/review": lambda clinic: {"decision": "continue"},
    "POST treatment-plans/{pk}/close": lambda clinic: {"reason": "moved away"},
    "POST session-notes": lambda clinic: {
        "plan": clinic.dose(clinic.maya).plan_id,
        "kind": "discharge_summary",
    },
    "PATCH session-notes/{pk}": lambda clinic: {"text": "calm"},
    "POST session-notes/{pk}/sign": lambda clinic: {"revision": 1},
    "POST session-notes/{pk}/addenda": lambda clinic: {"text": "and later"},
    "POST measures": lambda clinic: {
        "client": clinic.maya.pk,
        "instrument": "gad7",
        "answers": dict.fromkeys("1234567", 1),
        "source": "with_staff",
    },
    "POST measures/{pk}/correct": lambda clinic: {
        "answers": dict.fromkeys("123456789", 0),
        "reason": "read aloud wrongly",
    },
    "POST course-holds/{pk}/release": lambda clinic: {"disposition": "continue", "note": "We spoke."},
    "POST delegates": lambda clinic: {
        "plan": TreatmentPlan.objects.get(client=clinic.maya).pk,
        "nurse": clinic.nia.pk,
    },
    "PATCH rems-forms/{pk}": lambda clinic: {"takes_maoi": False},
    "POST rems-forms/{pk}/submitted": lambda clinic: {"confirmation_number": "C-1"},
    "POST dosing-records/{pk}/check-in": lambda clinic: {"key": KEY, "identified_by": ["name", "phone"]},
    "POST dosing-records/{pk}/vitals": lambda clinic: {
        "key": KEY,
        "systolic": 120,
        "diastolic": 80,
        "heart_rate": 70,
    },
    "POST dosing-records/{pk}/vitals/{row_id}/correct": lambda clinic: {
        "key": KEY,
        "systolic": 121,
        "reason": "misread",
    },
    "POST dosing-records/{pk}/signatures/fit": lambda clinic: {"key": KEY},
    "POST dosing-records/{pk}/signatures/cleared": lambda clinic: {"key": KEY},
    "POST dosing-records/{pk}/doses": lambda clinic: {
        "key": KEY,
        "amount": "40",
        "route": "im",
        "prescription": Prescription.objects.get(client=clinic.maya).pk,
    },
    "POST dosing-records/{pk}/doses/{row_id}/correct": lambda clinic: {
        "key": KEY,
        "amount": "30",
        "reason": "misread",
    },
    "POST dosing-records/{pk}/marks": lambda clinic: {"key": KEY, "kind": "calm"},
    "POST dosing-records/{pk}/marks/{row_id}/correct": lambda clinic: {
        "key": KEY,
        "kind": "talking",
        "reason": "the wrong button",
    },
    "POST dosing-records/{pk}/adverse-events": lambda clinic: {
        "key": KEY,
        "kind": "headache",
        "severity": "mild",
    },
    "POST dosing-records/{pk}/adverse-events/{row_id}/correct": lambda clinic: {
        "key": KEY,
        "severity": "moderate",
        "reason": "asked again",
    },
    "POST dosing-records/{pk}/discharge": lambda clinic: {
        "key": KEY,
        "is_oriented": True,
        "walks_steadily": True,
        "nausea": "none",
        "pain": "none",
        "aftercare_given": True,
    },
    "POST dosing-records/{pk}/end-without-dose": lambda clinic: {"reason": "too high"},
    "POST safety-alerts/{pk}/dispose": lambda clinic: {"disposition": "no_acute_risk", "note": "We spoke."},
    "POST screenings": lambda clinic: {
        "client": clinic.maya.pk,
        "form": ScreeningForm.objects.get().pk,
        "answers": WELL,
        "source": "paper",
    },
    "POST screenings/{pk}/correct": lambda clinic: {"answers": WELL, "reason": "misheard"},
    "POST screening-sheets": lambda clinic: {
        "client": clinic.maya.pk,
        "form": ScreeningForm.objects.get(approved_at__isnull=False).pk,
        "delivery": "copy",
    },
    "POST screening-flags/{pk}/dispose": lambda clinic: {"decision": "mistake", "reason": "a slip"},
    "POST current-medications": lambda clinic: {
        "client": clinic.maya.pk,
        "name": "lorazepam",
        "medicine_class": "benzodiazepine",
        "source": "client",
    },
    "POST current-medications/{pk}/stop": lambda clinic: {"stopped_on": "2026-11-22"},
    "POST current-medications/{pk}/classify": lambda clinic: {"medicine_class": "other"},
    "POST hold-instructions": lambda clinic: {
        "client": clinic.maya.pk,
        "text_en": "Do as we agreed.",
        "text_es": "Haga lo acordado.",
    },
    "POST hold-instructions/{pk}/withdraw": lambda clinic: {"reason": "changed"},
    "POST evaluations": lambda clinic: {"client": clinic.maya.pk},
    "POST clinical-results": lambda clinic: {
        "client": clinic.maya.pk,
        "kind": "ecg",
        "values": {"finding": "normal"},
        "taken_on": "2026-11-20",
    },
    "POST clinical-results/{pk}/correct": lambda clinic: {
        "values": {"finding": "unclear"},
        "taken_on": "2026-11-20",
        "reason": "read again",
    },
    "GET openings": lambda clinic: {"planned_session": clinic.dose(clinic.maya, 2).pk},
    "POST openings/explain": lambda clinic: {
        "planned_session": clinic.dose(clinic.maya, 2).pk,
        "starts_at": "2026-12-08T09:30:00-08:00",
    },
    "POST group-sessions": lambda clinic: {
        "appointment_type": AppointmentType.objects.get(code="circle").pk,
        "location": clinic.location.pk,
        "starts_at": "2026-12-15T10:00:00-08:00",
    },
    "POST group-sessions/{pk}/members": lambda clinic: {"client": clinic.maya.pk},
    "POST group-sessions/{pk}/reschedule": lambda clinic: {"starts_at": "2026-12-16T10:00:00-08:00"},
    "POST group-sessions/{pk}/cancel": lambda clinic: {"party": "clinic", "reason": "ill"},
    "POST bookings": lambda clinic: {
        "planned_session": clinic.dose(clinic.maya, 2).pk,
        "starts_at": "2026-12-08T09:30:00-08:00",
    },
    "POST treatment-plans/{pk}/series:propose": lambda clinic: {"limit": 1},
    "POST treatment-plans/{pk}/series": lambda clinic: {
        "items": [
            {
                "planned_session": clinic.dose(clinic.maya, 2).pk,
                "starts_at": "2026-12-08T09:30:00-08:00",
            }
        ]
    },
    "POST working-hours": lambda clinic: {
        "clinician": clinic.ana.pk,
        "location": clinic.location.pk,
        "weekday": 5,
        "starts_local": "09:00",
        "ends_local": "12:00",
        "effective_from_on": "2027-01-01",
    },
    "PATCH working-hours/{pk}": lambda clinic: {"ends_local": "19:00"},
    "POST extra-hours": lambda clinic: {
        "clinician": clinic.ana.pk,
        "location": clinic.location.pk,
        "on": "2027-05-01",
        "starts_local": "09:00",
        "ends_local": "12:00",
    },
    "PATCH extra-hours/{pk}": lambda clinic: {"ends_local": "13:00"},
    "POST time-off": lambda clinic: {
        "clinician": clinic.ana.pk,
        "starts_at": "2027-05-01T00:00:00-07:00",
        "ends_at": "2027-05-02T00:00:00-07:00",
    },
    "PATCH time-off/{pk}": lambda clinic: {"reason": "training"},
    "POST closures": lambda clinic: {
        "location": clinic.location.pk,
        "starts_at": "2027-05-01T00:00:00-07:00",
        "ends_at": "2027-05-02T00:00:00-07:00",
    },
    "PATCH closures/{pk}": lambda clinic: {"reason": "paint"},
    "POST holidays": lambda clinic: {"location": clinic.location.pk, "on": "2027-12-25", "name": "Christmas"},
    "PATCH holidays/{pk}": lambda clinic: {"name": "Fourth of July"},
    "POST locations/{location_id}/public-holidays": lambda clinic: {"years": 1},
    "POST clinicians/{pk}/absence": lambda clinic: {
        "from_on": "2026-12-01",
        "through_on": "2026-12-02",
        "reason": "illness",
    },
    "POST bookings/{pk}/reschedule": lambda clinic: {"starts_local": "2026-12-02T13:00"},
    "POST bookings/{pk}/cancel": lambda clinic: {"party": "client", "reason": "a cold"},
    "POST desk-tasks/{pk}/finish": lambda clinic: {"outcome": "called"},
    "POST reminders/{pk}/settle": lambda clinic: {"how": "phone"},
    "POST switches": lambda clinic: {"scope": "kind", "value": "booked", "is_off": True, "reason": "x"},
    "POST waitlist-entries": lambda clinic: {"planned_session": clinic.dose(clinic.maya, 3).pk},
    "PATCH waitlist-entries/{pk}": lambda clinic: {"weekdays": [1]},
    "POST freed-times": lambda clinic: {
        "location": clinic.location.pk,
        "starts_at": "2026-12-10T09:00:00-08:00",
        "ends_at": "2026-12-10T12:00:00-08:00",
    },
    "POST freed-times/{pk}/offers": lambda clinic: {
        "entries": [WaitlistEntry.objects.get(client=clinic.maya).pk]
    },
    "POST feeds": lambda clinic: {"clinician": clinic.ana.pk},
    "POST busy-calendars": lambda clinic: {"clinician": clinic.ana.pk, "url": "https://other.example/a.ics"},
    "POST bookings/{booking_id}/acknowledgements": lambda clinic: {
        "item": "fasting",
        "answer": "confirmed",
        "said_by": "client",
        "source": "phone",
    },
}

DONE = {200, 201, 204, 409}  # 409: the booking or the plan is not in a state for this
TOO_EARLY = {400}  # nobody is a no-show before the start
NOT_SIGNED_IN = {"anonymous", "inactive"}
OFF_THE_TEAM = {"therapist who left the team", "psychiatrist of others"}
# Calendars are their clinician's and the desk's: those of the world are of the therapist on the team.
CALENDARS = {"feeds", "busy-calendars"}
OTHER_CLINICIANS = {*OFF_THE_TEAM, "psychiatrist on the team"}
# Whoever is on the team reads a signed note; of what is still to be signed only its author knows.
PRIVATE = "psychotherapy-notes/{pk}"
SIGNED = {"PATCH session-notes/{pk}", "DELETE session-notes/{pk}", "POST session-notes/{pk}/sign"}
UNSERVED = [
    Route(method, path, view)
    for path, view in sorted({(route.path, route.view) for route in routes()}, key=lambda pair: pair[0])
    for method in METHODS
    if f"{method} {path}" not in POLICY
]


def test_the_table_and_the_urlconf_have_the_same_routes() -> None:
    assert {str(route) for route in served()} == set(POLICY)


def test_the_views_permit_what_the_table_says() -> None:
    for route in served():
        roles = POLICY[str(route)][0]
        if roles != WHOEVER:
            assert set(route.view.permitted[route.action]) == {LETTERS[one] for one in roles}, str(route)


def test_the_bodies_are_for_routes_that_there_are() -> None:
    assert set(BODIES) <= set(POLICY)


def ask(world: World, actor: str, route: Route) -> Any:
    caller, address = world.callers[actor], world.address(route)
    body = BODIES.get(str(route), lambda clinic: {})(world.clinic)
    if route.method == "GET":
        return caller.get(address, **body)
    headers = {}
    if route.method in {"PATCH", "DELETE"}:
        headers["If-Match"] = f'"{world.row(route).revision}"'
    return caller.send(route.method, address, None if route.method == "DELETE" else body, **headers)


def expected(world: World, actor: str, route: Route) -> set[int]:
    roles, is_about_a_client = POLICY[str(route)]
    if actor in NOT_SIGNED_IN:
        return {302} if str(route) == "GET docs" else {401}
    if roles == WHOEVER:
        return {200}
    if world.roles[actor].isdisjoint(LETTERS[one] for one in roles):
        return {403}
    if is_about_a_client and actor in OFF_THE_TEAM and not is_plain_list(route):
        return {404}
    if actor in OTHER_CLINICIANS and route.path.split("/")[0] in CALENDARS and not is_plain_list(route):
        return {404} if "{pk}" in route.path else {403}
    if route.path == PRIVATE and actor == "psychiatrist on the team":
        return {404}
    if str(route) in SIGNED and actor == "psychiatrist on the team":
        return {403}
    return TOO_EARLY if str(route) == "POST bookings/{pk}/no-show" else DONE


def is_plain_list(route: Route) -> bool:
    return route.method == "GET" and route.action == "list" and "{" not in route.path


@pytest.mark.parametrize("route", served(), ids=str)
def test_everybody_may_do_what_the_table_says_and_nothing_else(world: World, route: Route) -> None:
    wrong = []
    is_about_a_client = POLICY[str(route)][1]
    for actor in world.callers:
        with undone():
            answer = ask(world, actor, route)
        wanted = expected(world, actor, route)
        if answer.status_code not in wanted:
            wrong.append(f"{actor}: {answer.status_code} {answer.content[:300]!r}")
        is_reader = wanted is DONE and actor not in OFF_THE_TEAM
        is_reader = is_reader and (actor != "auditor" or "activity" in route.path)  # auditors get ids
        if is_about_a_client and not is_reader and CANARY.encode() in answer.content:
            wrong.append(f"{actor} reads a text of a client out of reach")
    assert wrong == []


def test_the_canary_sings_for_those_who_may_hear_it(world: World) -> None:
    heard = {
        route.path
        for route in served()
        if route.method == "GET" and POLICY[str(route)][1] and "activity" not in route.path
        if CANARY.encode() in ask(world, "psychiatrist on the team", route).content
    }
    resources = {
        *("clients", "clients/{client_id}/support-persons", "clearances", "rems-enrollments"),
        *("prescriptions", "follow-ups", "bookings", "reminders", "messages", "safety-alerts"),
        *(
            "clinical-results",
            "course-holds",
            "current-medications",
            "evaluations",
            "hold-instructions",
            "screening-flags",
            "waitlist-entries",
            "waitlist-offers",
        ),
        *("desk-tasks", "replies", "client-notes"),
        "plan-reviews",
        "session-notes",
    }
    details = {f"{resource}/{{pk}}" for resource in resources}
    of_one = {
        "clients/{client_id}/timeline",
        "follow-ups/{follow_up_id}/attempts",
        "bookings/{booking_id}/acknowledgements",
        "clients/{client_id}/interactions",
        "clients/{client_id}/supply",
        "clients/{client_id}/doses",
        "dosing-records/{pk}/room",
        "rems-forms/{pk}",
    }
    assert heard == {*resources, *details, *of_one}


@pytest.mark.parametrize("path", sorted({route.path for route in UNSERVED}))
def test_methods_that_a_path_does_not_have_are_refused_alike_for_everybody(world: World, path: str) -> None:
    actors = ("anonymous", "admin", "inactive", "without a role", "psychiatrist of others")
    for number, route in enumerate(one for one in UNSERVED if one.path == path):
        address = world.address(route) if route.view is not None else path
        for actor in actors[: None if number == 0 else 2]:  # one code refuses all methods, whoever asks
            answer = world.callers[actor].send(route.method, address)
            wanted = 401 if actor in NOT_SIGNED_IN and path != "docs" else 405
            assert answer.status_code == wanted, (str(route), actor, answer.content)
            if wanted == 405:
                assert route.method not in answer["Allow"].split(", ")


@pytest.mark.parametrize("trouble", ["revoked", "expired", "of somebody inactive", "unknown", "malformed"])
def test_a_token_that_is_no_longer_good_lets_nobody_in(world: World, trouble: str) -> None:
    token = issue_token(world.clinic.ada, name="report", now=NOW)
    good = Caller().http.get("/api/v1/clients", headers={"Authorization": f"Bearer {token}"})
    assert good.status_code == 200
    if trouble == "revoked":
        ApiToken.objects.update(revoked_at=NOW)
    elif trouble == "expired":
        ApiToken.objects.update(expires_at=NOW)
    elif trouble == "of somebody inactive":
        User.objects.update(is_active=False)
    else:
        token = {"unknown": "qr_x", "malformed": "two words"}[trouble]
    answer = Caller().http.get("/api/v1/clients", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert CANARY.encode() not in answer.content
