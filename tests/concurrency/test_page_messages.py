"""The sender of page messages waits for nobody, and passes over no change that somebody is making."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from notifications import page_sending, screening_links
from notifications.models import PageMessage
from practice.models import Client
from tests.cast import NOW, Clinic
from tests.faults.stage import clock_at
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import ScreeningForm, ScreeningSheet

pytestmark = pytest.mark.django_db(transaction=True)


def tell() -> int:
    try:
        with clock_at(NOW):
            return page_sending.tell_due(clock=lambda: NOW)
    finally:
        connections.close_all()


@pytest.mark.parametrize("model", [Client, ScreeningSheet])
def test_what_is_being_changed_is_left_for_the_next_round(
    clinic: Clinic, model: type[Client | ScreeningSheet]
) -> None:
    first_screening_form.add_missing()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    client, form = clinic.ready_client(), ScreeningForm.objects.get()
    screening_links.ask(client, form, delivery="message", secret="", actor=clinic.kim, now=NOW)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            held = model.objects.select_for_update(no_key=True).filter(pk__gt=0)
            assert list(held)
            client.channel_consents.update(withdrawn_at=NOW)
            assert pool.submit(tell).result(timeout=10) == 0
            assert PageMessage.objects.get().state == "waiting"
        assert pool.submit(tell).result(timeout=10) == 0
    assert PageMessage.objects.get().state == "not_sent"
