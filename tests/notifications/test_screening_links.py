"""A form sent to a client: told once and neutrally, refused with every reason, and how far it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from notifications import links, page_sending, screening_links, switches
from notifications.channels import Channel, DeliveryError, OutcomeUnknown, Outgoing, Receipt
from notifications.models import ClientLink, PageMessage
from practice import present
from practice.models import Client
from tests.api.calls import Caller
from tests.cast import NOW, Clinic
from tests.faults.stage import HOUR, MINUTE, Stage, clock_at, smtp, stage, twilio
from treatment_plans.first_rows import screening_form
from treatment_plans.models import ScreeningForm, ScreeningSheet
from treatment_plans.screening import forms, sheets

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db


def approved(clinic: Clinic) -> ScreeningForm:
    made = screening_form.add_missing()
    assert made is not None
    return forms.approve(made.pk, approved_by=clinic.ito, actor=clinic.kim, now=NOW)


def post(clinic: Clinic, client: Client, form: ScreeningForm, delivery: str, **headers: Any) -> Any:
    said = {"client": client.pk, "form": form.pk, "delivery": delivery}
    return Caller(clinic.kim).post("screening-sheets", said, **headers)


def stage_of(sheet_id: int, *, now: Any = NOW) -> str:
    rows = screening_links.with_progress(ScreeningSheet.objects.filter(pk=sheet_id))
    return screening_links.stage(rows.get(), now=now)


def tell(moment: Any = NOW) -> int:
    with clock_at(moment):
        return page_sending.tell_due(clock=present.now)


def test_it_is_told_once_and_without_a_health_word(stage: Stage) -> None:
    clinic = stage.clinic
    client, form = clinic.ready_client(), approved(clinic)
    with clock_at(NOW):
        answer = post(clinic, client, form, "message")
        assert (answer.status_code, answer.json()["stage"], answer.json()["address"]) == (
            201,
            "waiting",
            None,
        )
        post(clinic, client, form, "message")  # pressed again before it went out
    sheet = ScreeningSheet.objects.get()
    assert tell() == 1
    assert tell(NOW + MINUTE) == 0
    (text,) = stage.texts
    assert "We have some questions for you. Start here: " in text
    assert (PageMessage.objects.get().state, stage_of(sheet.pk)) == ("taken", "sent")
    link = ClientLink.objects.get()
    assert (link.purpose, link.sheet, link.expires_at) == ("screening", sheet, NOW + sheets.LASTS)


@pytest.mark.parametrize("how", ["withdrawn", "replaced", "switched off", "no consent"])
def test_what_is_of_no_use_any_more_is_not_told(stage: Stage, how: str) -> None:
    clinic = stage.clinic
    client, form = clinic.ready_client(), approved(clinic)
    with clock_at(NOW):
        sheet_id = post(clinic, client, form, "message").json()["id"]
    if how == "withdrawn":
        screening_links.withdraw(sheet_id, actor=clinic.kim, now=NOW)
    elif how == "replaced":
        second = forms.revise(form.pk, actor=clinic.kim, now=NOW)
        forms.approve(second.pk, approved_by=clinic.ito, actor=clinic.kim, now=NOW)
    elif how == "switched off":
        switches.turn("kind", "form_to_fill", off=True, reason="x", actor=clinic.kim, now=NOW)
    else:
        client.channel_consents.update(withdrawn_at=NOW)
    assert tell() == 0
    assert stage.texts == stage.mails == []
    expected = {"withdrawn": "withdrawn", "replaced": "replaced", "switched off": "waiting"}
    assert stage_of(sheet_id) == expected.get(how, "not_sent")


def test_a_number_that_is_none_is_told_by_mail(stage: Stage) -> None:
    clinic = stage.clinic
    client, form = clinic.ready_client(), approved(clinic)
    with clock_at(NOW):
        post(clinic, client, form, "message")
    PageMessage.objects.update(state="begun", attempt_count=1)
    refused = DeliveryError("21211", permanent=True)
    page_sending._refused(PageMessage.objects.get().pk, refused, now=NOW)
    assert tell() == 1
    (mail,) = stage.mails
    assert "some questions for you" in mail


def test_an_address_to_hand_on_is_shown_once_and_kept_nowhere(clinic: Clinic) -> None:
    form = approved(clinic)
    first = post(clinic, clinic.maya, form, "copy", **{"Idempotency-Key": "k1"})
    secret = first.json()["address"].rpartition("/")[2]
    found = links.find(secret, now=present.now())
    assert found is not None
    assert (found.client, secret in str(found.__dict__)) == (clinic.maya, False)
    again = post(clinic, clinic.maya, form, "copy", **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()["address"]) == (201, None)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert ClientLink.objects.count() == 1


def test_every_reason_why_not_is_named(clinic: Clinic) -> None:
    form = approved(clinic)
    ScreeningForm.objects.update(retired_at=NOW)
    Client.objects.filter(pk=clinic.maya.pk).update(birth_date=None, is_active=False)
    clinic.maya.channel_consents.update(withdrawn_at=NOW)
    answer = post(clinic, clinic.maya, form, "message")
    assert answer.status_code == 409
    assert [each["code"] for each in answer.json()["blockers"]] == [
        "form_not_usable",
        "no_birth_date",
        "client_inactive",
        "no_channel",
    ]
    assert not ScreeningSheet.objects.exists()


def test_how_far_it_is_at_each_step(clinic: Clinic) -> None:
    form = approved(clinic)
    secret = links.new_secret()
    sheet = screening_links.ask(clinic.maya, form, delivery="copy", secret=secret, actor=clinic.kim, now=NOW)
    link = links.find(secret, now=NOW)
    assert link is not None
    assert stage_of(sheet.pk) == "to_hand_on"
    links.note_view(link.pk, now=NOW)  # a mail filter, perhaps
    assert stage_of(sheet.pk) == "to_hand_on"
    assert links.prove(link.pk, clinic.maya.birth_date, now=NOW)
    assert stage_of(sheet.pk) == "opened"
    screening_links.answer(link.pk, "age", 38, now=NOW)
    assert stage_of(sheet.pk) == "half_done"
    assert stage_of(sheet.pk, now=NOW + sheets.LASTS) == "expired"
    row = Caller(clinic.kim).get(f"screening-sheets?client={clinic.maya.pk}").json()["results"][0]
    assert (row["answered_count"], row["question_count"]) == (1, len(form.questions))
    assert "38" not in str({name: row[name] for name in row if not name.endswith(("_at", "_count"))})
    own = form.questions[0]
    ScreeningForm.objects.create(code="short", name="Short", questions=[own])
    ScreeningSheet.objects.update(form=ScreeningForm.objects.get(code="short"))
    ScreeningForm.objects.filter(code="short").update(approved_by=clinic.ito, approved_at=NOW)
    first = screening_links.finish(link.pk, now=NOW)
    assert screening_links.finish(link.pk, now=NOW + timedelta(days=1)) == first
    assert stage_of(sheet.pk) == "done"
    with pytest.raises(sheets.SheetOver):
        screening_links.withdraw(sheet.pk, actor=clinic.kim, now=NOW)


def test_a_form_that_is_sent_again_during_a_send_waits_once(stage: Stage) -> None:
    clinic = stage.clinic
    client, form = clinic.ready_client(), approved(clinic)
    with clock_at(NOW):
        post(clinic, client, form, "message")
        assert page_sending._begin(PageMessage.objects.get().pk, now=NOW)
        post(clinic, client, form, "message")
    first, _second = PageMessage.objects.order_by("pk")
    page_sending._refused(first.pk, DeliveryError("20429", permanent=False), now=NOW)
    assert [row.state for row in PageMessage.objects.order_by("pk")] == ["refused", "waiting"]
    assert tell() == 1
    assert len(stage.texts) == 1


@pytest.mark.parametrize("how", ["died", "no answer", "a defect"])
def test_what_nobody_knows_is_not_shown_as_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    clinic = stage.clinic
    client, form = clinic.ready_client(), approved(clinic)
    with clock_at(NOW):
        sheet_id = post(clinic, client, form, "message").json()["id"]
    if how == "died":
        assert page_sending._begin(PageMessage.objects.get().pk, now=NOW)
    else:
        error = OutcomeUnknown("timeout") if how == "no answer" else ValueError("x")
        with monkeypatch.context() as broken:
            broken.setattr(page_sending, "channel_for", lambda _name: Broken(error))
            assert tell() == 1
    assert tell(NOW + HOUR) == 0
    assert (PageMessage.objects.get().state, stage_of(sheet_id)) == ("begun", "not_known")
    with clock_at(NOW + HOUR):  # the desk sends it again
        assert post(clinic, client, form, "message").json()["stage"] == "waiting"


class Broken(Channel):
    provider = "twilio"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def send(self, outgoing: Outgoing) -> Receipt:
        raise self.error
