"""Who gets where: every page of ours and every list of the admin, for every role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client as Browser
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from notifications.models import DeskTask, Reminder
from practice.access import (
    ADMIN,
    APPROVES_PROTOCOLS,
    CALLS_BACK,
    CHANGES_CLIENTS,
    CHANGES_SETUP,
    CLINICAL,
    DECIDES_MEDICAL,
    DESK,
    EVERYONE,
    PLANS_COURSES,
    READS_ACTIVITY,
    READS_PROTOCOLS,
    TAKES_CONSENTS,
    TREATING,
)
from practice.admin_base import RoleAdmin
from practice.models import Role, SupportPerson, User
from scheduling import booking, offering, waitlist
from scheduling.booking import Request
from scheduling.engine.types import Span
from scheduling.models import NoteAddendum
from tests.api.world import undone
from tests.cast import NOW, Clinic, at, make_clinic
from tests.web.conftest import SignIn
from tests.web.pages import get, text_of
from treatment_plans import safety
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.measuring import measures
from treatment_plans.models import FollowUp, Prescription, PsychotherapyNote, SafetyAlert, ScreeningForm
from treatment_plans.screening import forms as screening_forms
from web.frontdesk.pages.all import PAGES, USE_CASES
from web.frontdesk.use_case import UseCasePage

pytestmark = pytest.mark.django_db

OWN = {"practice", "treatment_plans", "scheduling", "notifications"}
READS_BY_NAME = DESK | CLINICAL
BOOKS = DESK | TREATING

WHO_MAY: dict[str, frozenset[Any]] = {
    "find": EVERYONE,  # but an auditor finds nobody
    "messages": READS_BY_NAME,
    "message_report": READS_BY_NAME,
    "texts": READS_BY_NAME,
    "write_text": ADMIN,
    "inbox": READS_BY_NAME,
    "take_task": BOOKS | CLINICAL,
    "give_task_back": BOOKS | CLINICAL,
    "task_done": BOOKS | CLINICAL,
    "settle_message": READS_BY_NAME,
    "send_again": READS_BY_NAME,
    "send_by_text": READS_BY_NAME,
    "send_by_email": READS_BY_NAME,
    "switch": DESK,
    "waitlist": BOOKS,
    "join_waitlist": BOOKS,
    "change_wishes": BOOKS,
    "leave_waitlist": BOOKS,
    "open_time": BOOKS,
    "offer_time": BOOKS,
    "hide_time": BOOKS,
    "accept_offer": BOOKS,
    "decline_offer": BOOKS,
    "client": READS_BY_NAME,
    "booking": READS_BY_NAME,
    "register": CHANGES_CLIENTS,
    "edit_client": CHANGES_CLIENTS,
    "add_support_person": CHANGES_CLIENTS,
    "edit_support_person": CHANGES_CLIENTS,
    "remove_support_person": CHANGES_CLIENTS,
    "sign_consent": TAKES_CONSENTS,
    "withdraw_consent": TAKES_CONSENTS,
    "decide_clearance": DECIDES_MEDICAL,
    "enroll_in_rems": DECIDES_MEDICAL,
    "issue_prescription": DECIDES_MEDICAL,
    "revoke_prescription": DECIDES_MEDICAL,
    "approve_protocol": APPROVES_PROTOCOLS,
    "fill_screening": CLINICAL,
    "send_screening": CLINICAL | DESK,
    "approve_screening_form": APPROVES_PROTOCOLS,
    "draft_plan": PLANS_COURSES,
    "activate_plan": PLANS_COURSES,
    "review_plan": DECIDES_MEDICAL,
    "close_plan": PLANS_COURSES,
    "follow_up_done": CALLS_BACK,
    "fill_in": CLINICAL,
    "take_alert": CLINICAL,
    "dispose_of_alert": TREATING,
    "book_for": BOOKS,
    "move": BOOKS,
    "away": DESK,
    "record_absence": DESK,
    "confirm": BOOKS,
    "arrive": BOOKS | CLINICAL,
    "enter_room": CLINICAL,
    "start": CLINICAL,
    "complete": TREATING,
    "cancel": BOOKS,
    "no_show": BOOKS,
    "acknowledge": BOOKS | CLINICAL,
}

ABOUT_A_MESSAGE = ("settle_message", "send_again", "send_by_text", "send_by_email")


@dataclass
class Scene:
    """Maya is treated by Ana and Ito; everything that a page may be about exists."""

    clinic: Clinic
    users: dict[str, User]
    ids: dict[str, list[object]]


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Scene]:
    """Made once, for it takes longer than most pages; each test undoes its own changes."""
    with django_db_blocker.unblock(), undone():
        yield make_scene(make_clinic())


def make_scene(clinic: Clinic) -> Scene:
    client = clinic.ready_client()
    request = Request(
        client=client,
        appointment_type=clinic.appointment_type(),
        location=clinic.location,
        planned_session=clinic.dose(client),
    )
    row = booking.book(request, at("2026-12-01 09:30"), actor=clinic.kim, now=NOW)
    person = SupportPerson.objects.create(client=client, name="Joel")
    follow_up = FollowUp.objects.create(
        client=client,
        source_session=clinic.dose(client),
        kind="check_in",
        position=1,
        due_from_at=NOW,
        due_until_at=at("2026-12-01 09:30"),
    )
    unsafe = measures.Answered("phq9", dict.fromkeys("123456789", 1), "with_staff")
    measures.record(client, unsafe, actor=clinic.ana.user, now=NOW)
    alert = SafetyAlert.objects.get()
    safety.dispose(
        alert.pk, disposition="no_acute_risk", note="We spoke.", actor=clinic.ana.user or clinic.kim, now=NOW
    )
    task = DeskTask.objects.create(kind="call", client=client, created_at=NOW)
    entry = waitlist.add(
        client,
        clinic.appointment_type(),
        planned_session=clinic.dose(client, 2),
        actor=clinic.kim,
        now=NOW,
    )
    span = Span(at("2026-12-09 09:30"), at("2026-12-09 12:00"))
    freed = waitlist.open_time(clinic.location, span, therapist=clinic.ana, actor=clinic.kim, now=NOW)
    [offer] = offering.offer_to(freed.pk, [entry.pk], actor=clinic.kim, now=NOW)
    first_screening_form.add_missing()
    form = ScreeningForm.objects.get()
    screening_forms.approve(form.pk, approved_by=clinic.ito, actor=clinic.kim, now=NOW)
    of_client: list[object] = [client.pk]
    of_booking: list[object] = [row.pk]
    ids: dict[str, list[object]] = {
        name: of_booking if "<int:booking_id>" in route else of_client if "<int:client_id>" in route else []
        for route, _page, name in (*PAGES, *USE_CASES)
    }
    ids |= {
        "edit_support_person": [person.pk],
        "remove_support_person": [person.pk],
        "withdraw_consent": [client.consents.get().pk],
        "revoke_prescription": [Prescription.objects.get(client=client).pk],
        "approve_protocol": [clinic.protocol.pk],
        "record_absence": [clinic.ana.pk],
        **{page: [clinic.dose(client).plan_id] for page in ("activate_plan", "review_plan", "close_plan")},
        "follow_up_done": [follow_up.pk],
        "fill_in": [client.pk, "phq9"],
        "fill_screening": [client.pk, "intake"],
        "send_screening": [client.pk, "intake"],
        "approve_screening_form": [form.pk],
        "take_alert": [alert.pk],
        "dispose_of_alert": [alert.pk],
        "acknowledge": [row.pk, "ride"],
        "change_wishes": [entry.pk],
        "leave_waitlist": [entry.pk],
        "offer_time": [freed.pk],
        "hide_time": [freed.pk],
        "accept_offer": [offer.pk],
        "decline_offer": [offer.pk],
        **{page: [task.pk] for page in ("take_task", "give_task_back", "task_done")},
        "write_text": ["booked", "en", "sms", "plain"],
        **{page: [Reminder.objects.filter(booking=row)[0].pk] for page in ABOUT_A_MESSAGE},
    }
    assert clinic.ana.user
    assert clinic.ito.user
    users = {
        Role.PRACTICE_ADMIN: clinic.ada,
        Role.FRONT_DESK: clinic.kim,
        Role.THERAPIST: clinic.ana.user,
        Role.PSYCHIATRIST: clinic.ito.user,
        Role.NURSE: clinic.nia,
        Role.AUDITOR: clinic.odo,
    }
    return Scene(clinic, {str(role): user for role, user in users.items()}, ids)


def status_of(browser: Browser, page: str, ids: list[object]) -> int:
    return int(get(browser, page, *ids).status_code)


@pytest.mark.parametrize("role", Role.values)
def test_a_page_opens_for_the_roles_it_is_for(scene: Scene, sign_in: SignIn, role: str) -> None:
    browser = sign_in(scene.users[role])
    opened = {page for page in WHO_MAY if status_of(browser, page, scene.ids[page]) == 200}
    assert opened == {page for page, roles in WHO_MAY.items() if role in roles}


def test_every_page_of_ours_is_in_the_table() -> None:
    assert set(WHO_MAY) == {name for _route, _page, name in (*PAGES, *USE_CASES)}


def test_a_page_that_names_no_role_is_for_nobody() -> None:
    assert UseCasePage.roles == frozenset()


def test_a_therapist_who_does_not_treat_a_client_finds_nothing(scene: Scene, sign_in: SignIn) -> None:
    assert scene.clinic.ben.user
    browser = sign_in(scene.clinic.ben.user)
    about_nobody = {"approve_protocol", "approve_screening_form", "offer_time", "hide_time"}
    about_maya = [page for page, ids in scene.ids.items() if ids and page not in about_nobody]
    assert {status_of(browser, page, scene.ids[page]) for page in about_maya} <= {403, 404}


def test_nobody_gets_in_without_signing_in(scene: Scene) -> None:
    for page, ids in scene.ids.items():
        response = get(Browser(), page, *ids)
        assert response["Location"].startswith("/admin/login/"), page


# The lists of the admin

EDITED: dict[str, frozenset[Any]] = {
    "practice.user": ADMIN,
    "practice.location": CHANGES_SETUP,
    "practice.room": CHANGES_SETUP,
    "practice.clinician": CHANGES_SETUP,
    "practice.therapist": CHANGES_SETUP,
    "practice.psychiatrist": CHANGES_SETUP,
    "practice.licence": CHANGES_SETUP,
    "practice.workinghours": CHANGES_SETUP,
    "practice.consentdocument": CHANGES_SETUP,
    "practice.extrahours": DESK,
    "practice.holiday": DESK,
    "practice.timeoff": DESK,
    "practice.closure": DESK,
    "treatment_plans.protocol": APPROVES_PROTOCOLS,
    "treatment_plans.screeningform": APPROVES_PROTOCOLS,
    "treatment_plans.interactionrule": APPROVES_PROTOCOLS,
    "treatment_plans.stateprescriptionlimit": APPROVES_PROTOCOLS | ADMIN,
    "treatment_plans.prescribingrule": APPROVES_PROTOCOLS | ADMIN,
    "scheduling.appointmenttype": CHANGES_SETUP,
    "notifications.sendingpolicy": CHANGES_SETUP,
    "notifications.staffrule": CHANGES_SETUP,
}
SEEN: dict[str, frozenset[Any]] = {
    "practice.user": ADMIN | {Role.AUDITOR},
    "practice.activity": READS_ACTIVITY,
    "practice.apitoken": ADMIN,
    "practice.idempotencykey": ADMIN,
    "practice.heartbeat": ADMIN,
    "treatment_plans.protocol": READS_PROTOCOLS,
    "treatment_plans.clearance": CLINICAL,
    "treatment_plans.prescription": CLINICAL,
    "treatment_plans.remsenrollment": CLINICAL,
    "treatment_plans.treatmentplan": CLINICAL,
    "treatment_plans.followup": CLINICAL,
    "treatment_plans.measure": CLINICAL,
    "treatment_plans.safetyalert": CLINICAL,
    "treatment_plans.answersheet": CLINICAL,
    "treatment_plans.screeningform": READS_PROTOCOLS,
    "treatment_plans.screeningrule": READS_PROTOCOLS,
    "treatment_plans.screening": CLINICAL,
    "treatment_plans.screeningflag": CLINICAL,
    "treatment_plans.screeningsheet": CLINICAL,
    "treatment_plans.flagdisposition": CLINICAL,
    "treatment_plans.clinicalresult": CLINICAL,
    "treatment_plans.currentmedication": CLINICAL,
    "treatment_plans.interactionrule": CLINICAL,
    "treatment_plans.holdinstruction": CLINICAL,
    "treatment_plans.evaluation": CLINICAL,
    "treatment_plans.followupattempt": CLINICAL,
    "treatment_plans.planreview": CLINICAL,
    "treatment_plans.pdmpcheck": CLINICAL,
    "treatment_plans.inpersonevaluation": CLINICAL,
    "treatment_plans.dosingrecord": CLINICAL,
    "treatment_plans.checkin": CLINICAL,
    "treatment_plans.vitals": CLINICAL,
    "treatment_plans.dosesignature": CLINICAL,
    "treatment_plans.dose": CLINICAL,
    "treatment_plans.mark": CLINICAL,
    "treatment_plans.adverseevent": CLINICAL,
    "treatment_plans.dischargecheck": CLINICAL,
    "treatment_plans.coursehold": CLINICAL,
    "treatment_plans.delegate": CLINICAL,
    "treatment_plans.remsform": CLINICAL,
    "treatment_plans.supplyevent": CLINICAL,
    "treatment_plans.supplytask": CLINICAL,
    "treatment_plans.stockevent": CLINICAL,
    "treatment_plans.stocklot": CLINICAL | ADMIN,
    "treatment_plans.stocktask": CLINICAL | ADMIN,
    "treatment_plans.stateprescriptionlimit": CLINICAL | ADMIN,
    "treatment_plans.prescribingrule": CLINICAL | ADMIN,
    "scheduling.sessionnote": CLINICAL,
    "notifications.outboxmessage": DESK,
    "notifications.clientnote": CLINICAL,
    "notifications.sessionalarm": CLINICAL,
    "notifications.inboundmessage": DESK,
    "notifications.desktask": DESK,
    "notifications.providerevent": DESK,
    "practice.publicholiday": EVERYONE,
    "scheduling.groupsession": EVERYONE,
    "scheduling.feed": ADMIN,
    "scheduling.busycalendar": ADMIN,
    "scheduling.busytime": ADMIN,
}
SET_UP = {label for label in EDITED if label.startswith(("practice.", "scheduling."))}
SET_UP = (SET_UP | {"scheduling.phase"}) - {"practice.user"}


# Its author's alone, and a part of another page.
WITHOUT_A_LIST = {PsychotherapyNote, NoteAddendum}


def own_models() -> list[Any]:
    models = [model for model in apps.get_models() if model._meta.app_label in OWN]
    return [model for model in models if model not in WITHOUT_A_LIST]


def test_every_model_is_found_in_the_admin() -> None:
    assert [model for model in own_models() if model not in admin.site._registry] == []


@pytest.mark.parametrize("role", Role.values)
def test_a_list_opens_for_the_roles_that_read_it(scene: Scene, sign_in: SignIn, role: str) -> None:
    browser = sign_in(scene.users[role])
    for model in own_models():
        label = model._meta.label_lower
        default = EVERYONE if label in SET_UP else READS_BY_NAME
        is_allowed = role in SEEN.get(label, default)
        address = reverse(f"admin:{label.replace('.', '_')}_changelist")
        assert browser.get(address).status_code == (200 if is_allowed else 403), label


@pytest.mark.parametrize("role", Role.values)
def test_what_a_use_case_owns_has_no_form_of_djangos(scene: Scene, sign_in: SignIn, role: str) -> None:
    browser = sign_in(scene.users[role])
    for model, model_admin in admin.site._registry.items():
        label = model._meta.label_lower
        if model._meta.app_label not in OWN or label in ("practice.client", "scheduling.booking"):
            continue
        is_allowed = role in EDITED.get(label, frozenset())
        address = reverse(f"admin:{label.replace('.', '_')}_add")
        assert browser.get(address).status_code == (200 if is_allowed else 403), label
        assert isinstance(model_admin, RoleAdmin)


def test_nothing_about_clients_can_be_deleted(scene: Scene, rf: Any) -> None:
    request = rf.get("/")
    removable = set()
    for user in scene.users.values():
        request.user = user
        for model, model_admin in admin.site._registry.items():
            if model._meta.app_label in OWN and model_admin.has_delete_permission(request):
                removable.add(model._meta.label_lower)
    assert removable == {
        "practice.workinghours",
        "practice.extrahours",
        "practice.holiday",
        "practice.timeoff",
        "practice.closure",
    }


def test_the_desk_reads_no_clinical_word(scene: Scene, sign_in: SignIn) -> None:
    """Neither the drug nor the protocol nor the dose, on any page it has."""
    browser = sign_in(scene.clinic.kim)
    secrets = ("ketamine", "50 mg", scene.clinic.protocol.name + " v1")
    for page, ids in scene.ids.items():
        text = text_of(get(browser, page, *ids))
        assert not [secret for secret in secrets if secret in text], page


def test_a_clinician_reads_them(scene: Scene, sign_in: SignIn) -> None:
    assert scene.clinic.ana.user
    text = text_of(get(sign_in(scene.clinic.ana.user), "client", *scene.ids["client"]))
    assert "ketamine 50 mg/mL, 40 mg, intramuscular" in text


def test_an_auditor_reads_no_name(scene: Scene, sign_in: SignIn) -> None:
    browser = sign_in(scene.clinic.odo)
    log = text_of(browser.get(reverse("admin:practice_activity_changelist")))
    assert "booking.booked" in log
    assert "Maya" not in log
    assert "Maya" not in text_of(browser.post(reverse("admin:find"), {"search": "Maya"}))


def test_looking_at_a_record_is_remembered(scene: Scene, sign_in: SignIn) -> None:
    get(sign_in(scene.clinic.kim), "client", scene.clinic.maya.pk)
    log = text_of(sign_in(scene.clinic.ada).get(reverse("admin:client", args=[scene.clinic.maya.pk])))
    assert "Kim looked at the record" in log
