"""What providers report about messages of pages: the form that did not arrive is not shown as sent."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest

from notifications import page_sending, reports, screening_links
from notifications.channels import DeliveryError
from notifications.models import PageMessage, UnreachableAddress
from notifications.reports import Report
from practice import present
from tests.cast import NOW
from tests.faults.stage import MINUTE, Stage, clock_at, smtp, stage, twilio
from treatment_plans.first_rows import screening_form
from treatment_plans.models import ScreeningForm, ScreeningSheet

__all__ = ["smtp", "stage", "twilio"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def row(stage: Stage) -> PageMessage:
    """A form that is to be sent by text."""
    screening_form.add_missing()
    ScreeningForm.objects.update(approved_by=stage.clinic.ito, approved_at=NOW)
    client, form = stage.clinic.ready_client(), ScreeningForm.objects.get()
    screening_links.ask(client, form, delivery="message", secret="", actor=stage.clinic.kim, now=NOW)
    return PageMessage.objects.get()


def tell(moment: datetime = NOW) -> int:
    with clock_at(moment):
        return page_sending.tell_due(clock=present.now)


def report(status: str, *, error_code: str = "", token: uuid.UUID | None = None, ref: str = "") -> None:
    said = Report(
        provider="twilio",
        event_key=f"{status} {uuid.uuid4()}",
        status=status,
        token=token,
        provider_ref=ref,
        error_code=error_code,
    )
    assert reports.take(said, now=NOW + MINUTE) is None


def stage_now() -> str:
    return screening_links.stage(screening_links.with_progress(ScreeningSheet.objects.all()).get(), now=NOW)


@pytest.mark.parametrize("by", ["our token", "their reference"])
def test_a_text_that_did_not_arrive_is_told_by_mail_and_its_number_not_used_again(
    stage: Stage, row: PageMessage, by: str
) -> None:
    assert tell() == 1
    row.refresh_from_db()
    report(
        "undelivered",
        error_code="30005",
        token=row.token if by == "our token" else None,
        ref=row.provider_ref,
    )
    assert list(PageMessage.objects.order_by("pk").values_list("channel", "state")) == [
        ("sms", "undelivered"),
        ("email", "waiting"),
    ]
    (address,) = UnreachableAddress.objects.all()
    assert (address.client, address.value, address.reason) == (row.client, row.recipient, "invalid")
    assert tell(NOW + MINUTE) == 1
    assert len(stage.mails) == 1


def test_nothing_arrived_where_there_is_no_other_way(stage: Stage, row: PageMessage) -> None:
    row.client.channel_consents.filter(channel="email").update(withdrawn_at=NOW)
    tell()
    row.refresh_from_db()
    report("undelivered", error_code="30003", token=row.token)
    assert PageMessage.objects.get().error_code == "30003"
    assert stage_now() == "not_sent"
    assert not UnreachableAddress.objects.exists()


def test_never_backwards_and_what_nobody_knew_is_known_after_all(stage: Stage, row: PageMessage) -> None:
    with clock_at(NOW):
        assert page_sending._begin(row.pk, now=NOW)  # and the worker dies
    row.refresh_from_db()
    assert stage_now() == "not_known"
    for status in ("accepted", "delivered", "undelivered", "accepted"):
        report(status, token=row.token, ref="SM1")
    (row,) = PageMessage.objects.all()
    assert (row.state, row.provider, row.provider_ref) == ("delivered", "twilio", "SM1")
    assert stage_now() == "sent"


def test_a_complaint_stops_the_channel_and_not_the_form(stage: Stage, row: PageMessage) -> None:
    tell()
    row.refresh_from_db()
    report("complained", token=row.token)
    assert (PageMessage.objects.get().state, UnreachableAddress.objects.get().reason) == (
        "taken",
        "complained",
    )


def test_a_number_that_is_refused_for_good_is_used_for_nothing_else(row: PageMessage) -> None:
    with clock_at(NOW):
        assert page_sending._begin(row.pk, now=NOW)
    page_sending._refused(row.pk, DeliveryError("21610", permanent=True), now=NOW)
    assert UnreachableAddress.objects.get().reason == "opted_out"
