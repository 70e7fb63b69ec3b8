"""Django's own forms, where the set-up is done with them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.test import Client as Browser
from django.urls import reverse

from practice.api.authentication import issue_token
from practice.models import Activity, ApiToken, Clinician, ConsentDocument, Licence, Role, Room, TimeOff, User
from scheduling.models import AppointmentType
from tests.cast import NOW, PASSWORD, Clinic, at, make_client, make_clinician
from tests.web.conftest import SignIn
from tests.web.pages import text_of
from treatment_plans.models import Protocol

pytestmark = pytest.mark.django_db

NO_INLINES = {"licences-TOTAL_FORMS": 0, "licences-INITIAL_FORMS": 0}


def address(model: str, verb: str, *ids: int) -> str:
    return reverse(f"admin:{model}_{verb}", args=ids)


def room(clinic: Clinic, **changed: Any) -> dict[str, Any]:
    return {"location": clinic.location.pk, "name": "Room 9", "kind": "therapy", "capacity": 1, **changed}


def test_what_is_added_leaves_a_trace_in_the_activity_log(clinic: Clinic, ada: Browser) -> None:
    ada.post(address("practice_room", "add"), room(clinic, is_active="on"))
    added = Room.objects.get(name="Room 9")
    trace = Activity.objects.get(action="room.added")
    assert (trace.actor, trace.subject_id) == (clinic.ada, added.pk)
    assert "name" in trace.data["fields"]
    assert "Room 9" not in str(trace.data)


def test_a_change_raises_the_revision_and_says_which_fields(clinic: Clinic, ada: Browser) -> None:
    kept = clinic.therapy_room
    values = room(clinic, name=kept.name, capacity=2, is_active="on", read_revision=1)
    ada.post(address("practice_room", "change", kept.pk), values)
    kept.refresh_from_db()
    assert (kept.capacity, kept.revision) == (2, 2)
    assert Activity.objects.get(action="room.changed").data == {"fields": ["capacity"]}


def test_a_form_opened_before_somebody_elses_change_is_refused(clinic: Clinic, ada: Browser) -> None:
    kept = clinic.therapy_room
    Room.objects.filter(pk=kept.pk).update(revision=2, capacity=3)
    values = room(clinic, name="Blue room", read_revision=1)
    response = ada.post(address("practice_room", "change", kept.pk), values)
    assert "Someone changed this record since you opened it." in text_of(response)
    kept.refresh_from_db()
    assert (kept.name, kept.capacity) == ("Room 2", 3)


def test_the_form_carries_the_revision_that_was_read(clinic: Clinic, ada: Browser) -> None:
    page = ada.get(address("practice_room", "change", clinic.therapy_room.pk)).content.decode()
    assert 'name="read_revision" value="1"' in page


def test_who_may_only_look_gets_a_page_without_a_form(clinic: Clinic, kim: Browser) -> None:
    page = kim.get(address("practice_room", "change", clinic.therapy_room.pk))
    assert "read_revision" not in page.content.decode()
    assert "View room" in text_of(page)
    assert kim.post(address("practice_room", "change", clinic.therapy_room.pk), {}).status_code == 403


def test_the_history_is_the_activity_log(clinic: Clinic, ada: Browser) -> None:
    ada.post(address("practice_room", "add"), room(clinic))
    added = Room.objects.get(name="Room 9")
    history = text_of(ada.get(address("practice_room", "history", added.pk)))
    assert "room.added: location, name, kind" in history
    assert "ada@example.org" in history


def test_time_off_is_typed_on_the_clinics_clock_and_can_be_taken_back(clinic: Clinic, kim: Browser) -> None:
    values = {
        "clinician": clinic.ana.pk,
        "starts_at": "2026-12-01T08:00",
        "ends_at": "2026-12-02T08:00",
        "reason": "Away",
    }
    kim.post(address("practice_timeoff", "add"), values)
    absence = TimeOff.objects.get()
    assert absence.starts_at == at("2026-12-01 08:00")
    assert (
        'value="2026-12-01T08:00"'
        in kim.get(address("practice_timeoff", "change", absence.pk)).content.decode()
    )
    kim.post(address("practice_timeoff", "delete", absence.pk), {"post": "yes"})
    assert not TimeOff.objects.exists()
    assert Activity.objects.filter(action="timeoff.removed", actor=clinic.kim).exists()


def test_an_appointment_type_is_set_up_with_its_phases(clinic: Clinic, ada: Browser) -> None:
    values = {
        "code": "music",
        "name": "Music",
        "kind": "integration",
        "modality": "in_person",
        "duration_minutes": 50,
        "start_step_minutes": 30,
        "min_notice_minutes": 0,
        "horizon_days": 90,
        "most_members": 1,
        "is_active": "on",
        "phases-TOTAL_FORMS": 2,
        "phases-INITIAL_FORMS": 0,
        "phases-0-role": "therapist",
        "phases-0-from_minutes": 0,
        "phases-0-until_minutes": 60,
        "phases-0-people": 1,
        "phases-1-room_kind": "therapy",
        "phases-1-from_minutes": 0,
        "phases-1-until_minutes": 50,
        "phases-1-people": 1,
    }
    response = ada.post(address("scheduling_appointmenttype", "add"), values)
    assert response.status_code == 302, text_of(response)
    added = AppointmentType.objects.get(code="music")
    assert [phase.need for phase in added.phases.all()] == ["therapist", "room:therapy"]
    assert "phases" in Activity.objects.get(action="appointmenttype.added").data["fields"]


def test_a_phase_names_a_role_or_a_room(clinic: Clinic, ada: Browser) -> None:
    row = clinic.appointment_type("consult")
    [phase, _room] = row.phases.all()
    values = {
        **{name: getattr(row, name) for name in ("code", "name", "kind", "modality")},
        "duration_minutes": 45,
        "start_step_minutes": 30,
        "min_notice_minutes": 0,
        "horizon_days": 90,
        "read_revision": row.revision,
        "phases-TOTAL_FORMS": 1,
        "phases-INITIAL_FORMS": 1,
        "phases-0-id": phase.pk,
        "phases-0-appointment_type": row.pk,
        "phases-0-role": "therapist",
        "phases-0-room_kind": "therapy",
        "phases-0-from_minutes": 0,
        "phases-0-until_minutes": 60,
        "phases-0-people": 1,
    }
    response = ada.post(address("scheduling_appointmenttype", "change", row.pk), values)
    assert response.status_code == 200
    assert "Please correct the error" in text_of(response)


def test_a_licence_is_entered_with_its_clinician(clinic: Clinic, ada: Browser) -> None:
    licence = Licence.objects.get(clinician=clinic.ben)
    values = {
        "name": "Ben",
        "credentials": "LMFT",
        "is_active": "on",
        "read_revision": clinic.ben.revision,
        "licences-TOTAL_FORMS": 1,
        "licences-INITIAL_FORMS": 1,
        "licences-0-id": licence.pk,
        "licences-0-clinician": clinic.ben.pk,
        "licences-0-state": "or",
        "licences-0-number": "OR-1",
        "licences-0-valid_from_on": "2026-01-01",
        "licences-0-valid_through_on": "2027-01-01",
    }
    response = ada.post(address("practice_therapist", "change", clinic.ben.pk), values)
    assert response.status_code == 302, text_of(response)
    licence.refresh_from_db()
    assert (licence.state, licence.revision) == ("OR", 2)
    assert Clinician.objects.get(pk=clinic.ben.pk).kind == "therapist"


def test_the_desk_sees_no_dea_number(clinic: Clinic, kim: Browser, ada: Browser) -> None:
    page = address("practice_psychiatrist", "change", clinic.ito.pk)
    assert "DEA number" not in text_of(kim.get(page))
    assert "DEA number" in text_of(ada.get(page))


def test_a_text_that_was_signed_stays_as_it_was(clinic: Clinic, ada: Browser) -> None:
    clinic.consent(clinic.maya)
    document = clinic.document
    values = {"title": "Something else", "is_current": "on", "read_revision": document.revision}
    ada.post(address("practice_consentdocument", "change", document.pk), values)
    kept = ConsentDocument.objects.get(pk=document.pk)
    assert (kept.title, kept.is_required) == ("Consent to treatment", False)


def test_an_approved_protocol_can_only_be_looked_at(clinic: Clinic, ito: Browser) -> None:
    page = ito.get(address("treatment_plans_protocol", "change", clinic.protocol.pk))
    assert "View protocol" in text_of(page)
    new = ito.get(address("treatment_plans_protocol", "add"), {"based_on": clinic.protocol.pk})
    initial = new.context["adminform"].form.initial
    assert (initial["version"], initial["route"]) == (clinic.protocol.version + 1, "im")
    assert initial["solids_fast_minutes"] == clinic.protocol.solids_fast_minutes
    assert "approved_at" not in initial


def test_a_locked_setting_is_refused_in_words(clinic: Clinic, ito: Browser) -> None:
    assert clinic.protocol
    spravato = Protocol.objects.get(route="spravato")
    page = ito.get(address("treatment_plans_protocol", "change", spravato.pk))
    shown = page.context["adminform"].form.initial
    values = {name: value for name, value in shown.items() if value is not None and value is not False}
    values |= {
        "vitals_schedule_minutes": ",".join(map(str, spravato.vitals_schedule_minutes)),
        "interval_steps": "[]",
        "outcome_measures": "[]",
        "sources": "{}",
        "min_observation_minutes": 30,
    }
    response = ito.post(address("treatment_plans_protocol", "change", spravato.pk), values)
    assert "This setting is locked for this route." in text_of(response)


# People who sign in


def test_a_new_user_can_sign_in_and_lands_at_home(clinic: Clinic, ada: Browser) -> None:
    values = {"email": "Zoe@Example.org", "name": "Zoe", "roles": ["front_desk"]}
    secret = {"password1": "a quiet blue morning", "password2": "a quiet blue morning"}
    response = ada.post(address("practice_user", "add"), {**values, **secret})
    assert response.status_code == 302, text_of(response)
    assert User.objects.get(email="zoe@example.org").roles == ["front_desk"]
    browser = Browser()
    form = {"username": "ZOE@example.org", "password": "a quiet blue morning"}
    assert browser.post("/admin/login/?next=/", form)["Location"] == "/"
    assert browser.get("/")["Location"] == "/admin/"


def test_an_admin_sets_a_password_and_it_is_remembered_who(clinic: Clinic, ada: Browser) -> None:
    page = reverse("admin:auth_user_password_change", args=[clinic.kim.pk])
    secret = {"password1": "a quiet blue morning", "password2": "a quiet blue morning"}
    response = ada.post(page, {**secret, "usable_password": "true", "set-password": "1"})
    assert response.status_code == 302, text_of(response)
    assert authenticate(username="kim@example.org", password="a quiet blue morning")
    trace = Activity.objects.get(action="user.changed")
    assert (trace.actor, trace.data) == (clinic.ada, {"fields": ["password"]})


def test_everybody_changes_their_own_password(clinic: Clinic, kim: Browser) -> None:
    secret = {"new_password1": "a quiet blue morning", "new_password2": "a quiet blue morning"}
    kim.post(reverse("admin:password_change"), {"old_password": PASSWORD, **secret})
    assert authenticate(username="kim@example.org", password="a quiet blue morning")


def test_a_short_password_is_refused(clinic: Clinic, kim: Browser) -> None:
    secret = {"new_password1": "short", "new_password2": "short"}
    response = kim.post(reverse("admin:password_change"), {"old_password": PASSWORD, **secret})
    assert "at least 12 characters" in text_of(response)


def test_users_are_found_by_role(clinic: Clinic, ada: Browser) -> None:
    assert clinic.kim
    found = text_of(ada.get(address("practice_user", "changelist"), {"role": Role.FRONT_DESK}))
    assert "kim@example.org" in found
    assert "ana@example.org" not in found


def test_a_token_is_revoked_from_the_list(clinic: Clinic, ada: Browser) -> None:
    issue_token(clinic.kim, name="wall screen", now=NOW)
    token = ApiToken.objects.get()
    ada.post(address("practice_apitoken", "changelist"), {"action": "revoke", "_selected_action": token.pk})
    token.refresh_from_db()
    assert token.revoked_at == NOW
    assert Activity.objects.filter(action="apitoken.revoked", actor=clinic.ada).exists()


# Finding people


@pytest.mark.parametrize(
    "words", ["(555) 555-0142", "555.555.0142", "+1 555 555 0142", "5555550142", "0142", "riv maya", "@maya."]
)
def test_a_client_is_found_by_any_spelling_and_no_address_names_her(
    clinic: Clinic, kim: Browser, words: str
) -> None:
    maya = clinic.maya
    maya.contact_points.filter(channel="sms").update(value="+15555550142")
    maya.contact_points.filter(channel="email").update(value="me@maya.example.org")
    make_client("Ivy Kim", clinic.location)
    page = address("practice_client", "changelist")
    response = kim.post(page, {"search": words})
    assert "Maya" not in response["Location"]
    assert "0142" not in response["Location"]
    found = kim.get(page + response["Location"])
    assert "Maya Rivera" in text_of(found)
    assert "Ivy Kim" not in text_of(found)
    straight = kim.post(reverse("admin:find"), {"search": words})
    assert straight["Location"] == reverse("admin:client", args=[maya.pk])


def test_a_search_of_somebody_elses_session_finds_nothing(clinic: Clinic, kim: Browser, ada: Browser) -> None:
    page = address("practice_client", "changelist")
    assert clinic.maya
    token = kim.post(page, {"search": "Maya"})["Location"]
    assert "Maya Rivera" not in text_of(ada.get(page + token))


def test_several_matches_are_listed_with_what_tells_them_apart(clinic: Clinic, kim: Browser) -> None:
    assert clinic.maya
    make_client("Maya Roth", clinic.location)
    text = text_of(kim.post(reverse("admin:find"), {"search": "maya"}))
    assert "2 clients" in text
    assert "April 2, 1988" in text


def test_nobody_found_offers_to_register(clinic: Clinic, kim: Browser) -> None:
    text = text_of(kim.post(reverse("admin:find"), {"search": "Nobody"}))
    assert "Nobody matches. Register a client" in text


def test_bookings_of_a_client_are_searched_the_same_way(clinic: Clinic, kim: Browser) -> None:
    page = address("scheduling_booking", "changelist")
    response = kim.post(page + "?status__exact=booked", {"search": "Maya"})
    assert response["Location"].startswith("?status__exact=booked&q=")
    assert kim.get(page + response["Location"]).status_code == 200


@pytest.mark.parametrize("model", ["practice_client", "practice_consent", "practice_workinghours"])
def test_a_list_takes_the_same_queries_for_one_row_and_for_many(
    clinic: Clinic, sign_in: SignIn, model: str, django_assert_max_num_queries: Any
) -> None:
    browser = sign_in(clinic.ada)
    clinic.consent(clinic.maya)
    page = address(model, "changelist")
    with django_assert_max_num_queries(20) as few:
        browser.get(page)
    for number in range(3):
        client = make_client(f"Client {number}", clinic.location)
        clinic.consent(client)
        make_clinician(f"Clinician {number}", "therapist", clinic.location)
    with django_assert_max_num_queries(20) as many:
        browser.get(page)
    assert len(few) == len(many)
