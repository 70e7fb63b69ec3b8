"""Every use case has a page: what it does, and how it says no."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from practice.models import Activity, ChannelConsent, Client, Consent, SupportPerson
from scheduling import booking, lifecycle
from scheduling.booking import Request
from scheduling.models import Acknowledgement, Booking
from tests.cast import NOW, Clinic, at
from tests.web.conftest import SignIn
from tests.web.pages import get, messages_of, post, reasons_of, text_of
from treatment_plans.models import (
    Clearance,
    FollowUp,
    Prescription,
    Protocol,
    RemsEnrollment,
    TreatmentPlan,
)

pytestmark = pytest.mark.django_db

JORDAN = {
    "legal_name": "Jordan Pell",
    "preferred_name": "Jo",
    "phone": "(555) 555-0142",
    "email": "Jo@Example.org",
    "channels": ["sms"],
    "language": "es",
    "message_detail": "discreet",
    "state": "ca",
    "time_zone": "America/Denver",
}


def jordan(clinic: Clinic, **changed: Any) -> dict[str, Any]:
    return {**JORDAN, "location": clinic.location.pk, **changed}


def booked(clinic: Clinic, start: str = "2026-12-01 09:30", *, early: bool = False) -> Booking:
    client = clinic.ready_client()
    request = Request(
        client=client,
        appointment_type=clinic.appointment_type(),
        location=clinic.location,
        planned_session=clinic.dose(client),
    )
    now = NOW - timedelta(days=10) if early else NOW
    return booking.book(request, at(start), actor=clinic.kim, now=now)


@pytest.fixture
def today(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Booking:
    """A dosing session of this morning, booked ten days ago."""
    monkeypatch.setattr("tests.cast.NOW", NOW - timedelta(days=11))
    return booked(clinic, "2026-11-23 11:00", early=True)


# Clients


def test_a_client_is_registered_with_how_to_be_reached(clinic: Clinic, kim: Browser) -> None:
    response = post(kim, "register", **jordan(clinic))
    client = Client.objects.get(legal_name="Jordan Pell")
    assert response.redirect_chain[-1][0].endswith(f"/client/{client.pk}/change/")
    assert (client.language, client.message_detail, client.state, client.time_zone) == (
        "es",
        "discreet",
        "CA",
        "America/Denver",
    )
    assert sorted(client.contact_points.values_list("channel", "value", "is_primary")) == [
        ("email", "jo@example.org", True),
        ("sms", "+15555550142", True),
    ]
    assert [consent.channel for consent in client.channel_consents.all() if consent.is_given] == ["sms"]
    assert Activity.objects.filter(action="client.registered", actor=clinic.kim).exists()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"legal_name": ""}, "Legal name: This field is required."),
        ({"phone": "12"}, "Mobile phone: This is not a phone number that can be called."),
        ({"phone": ""}, "Mobile phone: Without a number nobody can be reached by SMS."),
        ({"email": "", "channels": ["email"]}, "Email: Without an address nobody can be reached by email."),
        ({"time_zone": "Mars/Olympus"}, "Time zone: There is no time zone of that name."),
    ],
)
def test_a_form_with_a_mistake_is_shown_again_with_the_reason(
    clinic: Clinic, kim: Browser, changed: dict[str, Any], reason: str
) -> None:
    response = post(kim, "register", **jordan(clinic, **changed))
    assert reason in reasons_of(response)
    assert not Client.objects.filter(legal_name__in=["Jordan Pell", ""]).exists()
    assert "Error:" in response.content.decode().split("</title>")[0]


def test_a_double_click_registers_one_client(clinic: Clinic, kim: Browser) -> None:
    first = post(kim, "register", key="one form", **jordan(clinic))
    again = post(kim, "register", key="one form", **jordan(clinic))
    assert Client.objects.filter(legal_name="Jordan Pell").count() == 1
    assert first.redirect_chain == again.redirect_chain
    assert messages_of(first) == messages_of(again)


def test_the_same_form_with_other_words_is_asked_about_first(clinic: Clinic, kim: Browser) -> None:
    post(kim, "register", key="one form", **jordan(clinic))
    response = post(kim, "register", key="one form", **jordan(clinic, legal_name="Somebody Else"))
    assert "This form was sent before" in reasons_of(response)[0]
    key = response.context["key"]
    assert key != "one form"
    assert post(kim, "register", key=key, **jordan(clinic, legal_name="Somebody Else")).redirect_chain


def test_a_refused_form_may_be_sent_again_with_its_key(clinic: Clinic, kim: Browser) -> None:
    refused = post(kim, "register", key="one form", **jordan(clinic, email="jo@", phone=""))
    assert refused.context["key"] == "one form"
    assert post(kim, "register", key="one form", **jordan(clinic)).redirect_chain


def test_a_record_is_changed_and_keeps_what_the_form_does_not_show(clinic: Clinic, kim: Browser) -> None:
    client = clinic.maya
    client.contact_points.create(channel="sms", value="+15555550199", label="work", is_primary=False)
    shown = get(kim, "edit_client", client.pk).context["form"].initial
    values = {**shown, "channels": ["email"], "preferred_name": "May", "birth_date": "1988-04-02"}
    post(kim, "edit_client", client.pk, revision=client.revision, **values)
    client.refresh_from_db()
    assert client.preferred_name == "May"
    assert client.contact_points.filter(label="work", is_primary=False).exists()
    assert not ChannelConsent.objects.get(client=client, channel="sms").is_given


def test_a_record_that_someone_else_changed_is_not_written_over(clinic: Clinic, kim: Browser) -> None:
    client = clinic.maya
    shown = get(kim, "edit_client", client.pk).context["form"].initial
    Client.objects.filter(pk=client.pk).update(revision=client.revision + 1, pronouns="she/her")
    values = {**shown, "birth_date": "1988-04-02", "pronouns": "they/them"}
    response = post(kim, "edit_client", client.pk, revision=client.revision, **values)
    assert reasons_of(response) == ["Someone changed this record since you read it."]
    client.refresh_from_db()
    assert client.pronouns == "she/her"


def test_support_persons_come_change_and_go(clinic: Clinic, kim: Browser) -> None:
    post(kim, "add_support_person", clinic.maya.pk, name="Joel", phone="555-555-0199", is_escort="on")
    person = SupportPerson.objects.get(client=clinic.maya)
    assert (person.phone, person.is_escort, person.may_be_contacted) == ("+15555550199", True, False)
    post(kim, "edit_support_person", person.pk, revision=1, name="Joel R.", phone="")
    person.refresh_from_db()
    assert person.name == "Joel R."
    post(kim, "remove_support_person", person.pk)
    assert not SupportPerson.objects.exists()


def test_a_support_person_needs_a_number_that_exists(clinic: Clinic, kim: Browser) -> None:
    response = post(kim, "add_support_person", clinic.maya.pk, name="Joel", phone="12")
    assert reasons_of(response) == ["Phone: This is not a phone number that can be called."]


# Consents


def test_a_signature_is_recorded_on_the_clinics_clock_and_withdrawn(clinic: Clinic, kim: Browser) -> None:
    post(kim, "sign_consent", clinic.maya.pk, document=clinic.document.pk, signed_at="2026-11-23T09:15")
    consent = Consent.objects.get(client=clinic.maya)
    assert consent.signed_at == at("2026-11-23 09:15")
    post(kim, "withdraw_consent", consent.pk, reason="Changed her mind")
    consent.refresh_from_db()
    assert consent.withdrawn_at == NOW
    again = post(kim, "withdraw_consent", consent.pk)
    assert reasons_of(again) == ["This consent was withdrawn before."]


def test_a_signature_cannot_lie_in_the_future(clinic: Clinic, kim: Browser) -> None:
    response = post(
        kim, "sign_consent", clinic.maya.pk, document=clinic.document.pk, signed_at="2026-11-23T23:00"
    )
    [reason] = reasons_of(response)
    assert reason.startswith("Signed at: ")
    assert not Consent.objects.exists()


# What prescribers decide


def test_a_psychiatrist_decides_on_clearance(clinic: Clinic, ito: Browser) -> None:
    values = {"decision": "cleared", "valid_from_on": "2026-11-23", "valid_through_on": "2027-05-01"}
    post(ito, "decide_clearance", clinic.maya.pk, **values)
    clearance = Clearance.objects.get(client=clinic.maya, superseded_at=None)
    assert (clearance.decided_by, clearance.valid_through_on) == (clinic.ito, date(2027, 5, 1))


def test_a_clearance_needs_an_end(clinic: Clinic, ito: Browser) -> None:
    response = post(ito, "decide_clearance", clinic.maya.pk, decision="cleared", valid_from_on="2026-11-23")
    assert reasons_of(response) == ["Last valid day: Say until when the client is cleared."]


RX = {
    "route": "im",
    "drug": "ketamine 50 mg/mL",
    "dose_amount": "40",
    "dose_unit": "mg",
    "doses_per_fill": "3",
    "refills": "1",
    "issued_on": "2026-11-20",
    "valid_through_on": "2027-03-01",
}


def test_a_prescription_is_recorded_and_revoked(clinic: Clinic, ito: Browser) -> None:
    post(ito, "issue_prescription", clinic.maya.pk, **RX)
    prescription = Prescription.objects.get(client=clinic.maya)
    assert (prescription.prescriber, prescription.doses) == (clinic.ito, 6)
    post(ito, "revoke_prescription", prescription.pk, reason="Interaction")
    prescription.refresh_from_db()
    assert prescription.revoke_reason == "Interaction"


def test_schedule_iii_limits_are_said_in_words(clinic: Clinic, ito: Browser) -> None:
    response = post(ito, "issue_prescription", clinic.maya.pk, **{**RX, "valid_through_on": "2028-01-01"})
    assert reasons_of(response)
    assert not Prescription.objects.exists()


def test_an_enrolment_is_recorded(clinic: Clinic, ito: Browser) -> None:
    post(ito, "enroll_in_rems", clinic.maya.pk, enrolled_on="2026-11-20", reference="R-1")
    assert RemsEnrollment.objects.get(client=clinic.maya).reference == "R-1"


def test_a_prescriber_approves_a_protocol_in_her_own_name(clinic: Clinic, ito: Browser) -> None:
    protocol = clinic.protocol
    Protocol.objects.filter(pk=protocol.pk).update(approved_by=None, approved_at=None)
    post(ito, "approve_protocol", protocol.pk)
    protocol.refresh_from_db()
    assert (protocol.approved_by, protocol.approved_at) == (clinic.ito, NOW)
    assert reasons_of(post(ito, "approve_protocol", protocol.pk)) == [
        "This protocol has been approved or retired before."
    ]


def test_a_login_without_a_clinician_cannot_sign(clinic: Clinic, sign_in: SignIn) -> None:
    assert clinic.ito.user
    browser = sign_in(clinic.ito.user)
    assert clinic.maya
    clinic.ito.user, stranger = None, clinic.ito.user
    clinic.ito.save()
    protocol = clinic.protocol
    Protocol.objects.filter(pk=protocol.pk).update(approved_by=None, approved_at=None)
    assert stranger
    response = post(browser, "approve_protocol", protocol.pk)
    assert reasons_of(response) == ["Your login belongs to no active clinician, so you can't sign."]


# The course


def test_a_course_is_drafted_and_activated(clinic: Clinic, ana: Browser) -> None:
    values = {
        "protocol": clinic.protocol.pk,
        "therapist": clinic.ana.pk,
        "prescriber": clinic.ito.pk,
        "doses": 2,
    }
    assert get(ana, "draft_plan", clinic.maya.pk).context["form"].initial["therapist"] == clinic.ana.pk
    post(ana, "draft_plan", clinic.maya.pk, **values)
    plan = TreatmentPlan.objects.get(client=clinic.maya)
    assert plan.activated_at is None
    response = post(ana, "activate_plan", plan.pk)
    plan.refresh_from_db()
    assert plan.activated_at == NOW
    assert "Dosing 1 of 2" in text_of(response)
    assert reasons_of(post(ana, "draft_plan", clinic.maya.pk, **values)) == [
        "The client has an open treatment plan already."
    ]
    assert reasons_of(post(ana, "activate_plan", plan.pk)) == ["Only a draft can be activated."]


def test_a_follow_up_is_closed_with_an_outcome(clinic: Clinic, ana: Browser) -> None:
    client = clinic.ready_client()
    follow_up = FollowUp.objects.create(
        client=client,
        source_session=clinic.dose(client),
        kind="check_in",
        position=1,
        due_from_at=NOW,
        due_until_at=NOW + timedelta(days=1),
    )
    assert reasons_of(post(ana, "follow_up_done", follow_up.pk, outcome=" ")) == [
        "What came of it: This field is required."
    ]
    post(ana, "follow_up_done", follow_up.pk, outcome="Sleeps well")
    follow_up.refresh_from_db()
    assert (follow_up.outcome, follow_up.done_by) == ("Sleeps well", clinic.ana.user)


# The life of a booking


def test_what_people_say_is_recorded_for_this_start(clinic: Clinic, kim: Browser) -> None:
    row = booked(clinic)
    values = {
        "answer": "confirmed",
        "said_by": "client",
        "source": "phone",
        "detail": "Joel drives",
        "for_starts_at": row.starts_at.isoformat(),
    }
    response = post(kim, "acknowledge", row.pk, "ride", **values)
    said = Acknowledgement.objects.get(booking=row)
    assert (said.item, said.answer, said.detail, said.recorded_by) == (
        "ride",
        "confirmed",
        "Joel drives",
        clinic.kim,
    )
    assert "Joel drives" in text_of(response)
    moved = {**values, "for_starts_at": at("2026-12-02 09:30").isoformat()}
    assert reasons_of(post(kim, "acknowledge", row.pk, "ride", **moved)) == [
        "The session was moved since: ask again for its new time."
    ]


def test_an_override_is_for_clinicians_and_needs_a_reason(clinic: Clinic, kim: Browser, ana: Browser) -> None:
    row = booked(clinic)
    values = {"answer": "overridden", "said_by": "staff", "source": "in_person"}
    refused = post(kim, "acknowledge", row.pk, "support-person", **values, detail="I know best")
    assert "not one of the available choices" in reasons_of(refused)[0]
    assert reasons_of(post(ana, "acknowledge", row.pk, "support-person", **values)) == [
        "Detail: An override needs a reason."
    ]
    post(ana, "acknowledge", row.pk, "support-person", **values, detail="Sister waits at home")
    assert Acknowledgement.objects.get(booking=row).answer == "overridden"


def test_what_a_session_does_not_need_is_not_asked(clinic: Clinic, kim: Browser) -> None:
    row = booked(clinic)
    values = {"answer": "confirmed", "said_by": "client", "source": "phone"}
    assert reasons_of(post(kim, "acknowledge", row.pk, "medicine", **values)) == [
        "This session does not need that."
    ]
    assert kim.get(f"/admin/bookings/{row.pk}/items/mood/").status_code == 404


def test_a_session_starts_only_when_every_light_is_ready(
    clinic: Clinic, ana: Browser, kim: Browser, today: Booking
) -> None:
    row = today
    post(kim, "arrive", row.pk)
    refused = post(ana, "start", row.pk)
    assert reasons_of(refused) == [
        "Fasting has not been confirmed for this start.",
        "The ride home has not been confirmed for this start.",
        "The support person has not been confirmed for this start.",
    ]
    for item in ("fasting", "ride", "support-person"):
        post(kim, "acknowledge", row.pk, item, answer="confirmed", said_by="client", source="in_person")
    post(ana, "start", row.pk)
    assert reasons_of(post(ana, "complete", row.pk)) == ["There is no record of this dosing session."]
    clinic.discharged(row, dosed_at=NOW, left_at=NOW)
    post(ana, "complete", row.pk)
    row.refresh_from_db()
    assert row.completed_at == NOW
    assert FollowUp.objects.filter(client=row.client).count() == 4
    assert "can't become" in reasons_of(post(ana, "complete", row.pk))[0]


def test_a_cancellation_says_who_and_why(clinic: Clinic, kim: Browser) -> None:
    row = booked(clinic)
    assert reasons_of(post(kim, "cancel", row.pk)) == [
        "Who cancels? This field is required.",
        "Why: This field is required.",
    ]
    post(kim, "cancel", row.pk, party="client", reason="Ill")
    row.refresh_from_db()
    assert (row.cancelled_by_party, row.cancel_reason, row.cancelled_at) == ("client", "Ill", NOW)


def test_nobody_is_absent_before_the_start(clinic: Clinic, kim: Browser) -> None:
    row = booked(clinic)
    assert reasons_of(post(kim, "no_show", row.pk)) == ["The session has not started yet."]


def test_a_held_time_is_confirmed(clinic: Clinic, kim: Browser) -> None:
    client = clinic.ready_client()
    request = Request(
        client=client,
        appointment_type=clinic.appointment_type(),
        location=clinic.location,
        planned_session=clinic.dose(client),
    )
    held = booking.book(
        request, at("2026-12-01 09:30"), hold_for=timedelta(minutes=10), actor=clinic.kim, now=NOW
    )
    assert "Confirm" in text_of(get(kim, "booking", held.pk))
    post(kim, "confirm", held.pk)
    held.refresh_from_db()
    assert held.booked_at == NOW


def test_nobody_arrives_on_another_day(clinic: Clinic, kim: Browser) -> None:
    row = booked(clinic)
    assert "Arrived" not in text_of(get(kim, "booking", row.pk))
    assert reasons_of(post(kim, "arrive", row.pk)) == ["This session is booked for another day."]


def test_a_form_goes_back_only_to_our_own_pages(clinic: Clinic, kim: Browser, today: Booking) -> None:
    row = today
    response = kim.post(
        f"/admin/bookings/{row.pk}/arrive/", {"key": "k", "next": "https://example.com/admin/"}
    )
    assert response["Location"] == f"/admin/scheduling/booking/{row.pk}/change/"


def test_what_happened_stands_on_the_bookings_page(clinic: Clinic, kim: Browser, today: Booking) -> None:
    row = today
    lifecycle.arrive(row.pk, actor=clinic.kim, now=NOW)
    text = text_of(get(kim, "booking", row.pk))
    assert "Kim saw the client arrive" in text
    assert "Kim booked a session" in text
    assert "Ride home and support person" in text  # the messages about it
