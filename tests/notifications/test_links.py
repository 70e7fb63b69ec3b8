"""Links: what opens them, what ends them, and that nobody finds one by guessing."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from notifications import links, lint
from notifications.models import ClientLink
from notifications.redaction import redacted
from practice.models import Client, ContactPoint, SupportPerson
from scheduling import booking
from scheduling.booking import Request
from scheduling.models import Booking
from tests.cast import NOW, Clinic, at

pytestmark = pytest.mark.django_db

START = at("2026-12-01 09:30")
HOUR = timedelta(hours=1)


@pytest.fixture
def visit(clinic: Clinic) -> Booking:
    client = clinic.ready_client()
    request = Request(client, clinic.appointment_type(), clinic.location, clinic.dose(client))
    return booking.book(request, START, actor=clinic.kim, now=NOW)


def issue(visit: Booking, **options: Any) -> str:
    """Returns the secret."""
    made = links.draft(visit, now=NOW, **options)
    with transaction.atomic():
        links.keep([made])
    return made.address.rpartition("/")[2]


def opens(secret: str, *, now: Any = NOW) -> bool:
    return links.find(secret, now=now) is not None


def test_a_secret_is_random_short_and_kept_as_a_digest(visit: Booking) -> None:
    secrets = {links.new_secret() for _each in range(2_000)}
    assert len(secrets) == 2_000
    assert all(len(each) == 22 and each.isalnum() and each.isascii() for each in secrets)
    assert all(lint.words_found(f"x /l/{each}", level="discreet", language="es") == [] for each in secrets)
    secret = issue(visit)
    assert ClientLink.objects.get().digest == hashlib.sha256(secret.encode()).hexdigest()
    assert opens(secret)


def test_only_the_whole_secret_opens(visit: Booking) -> None:
    secret = issue(visit)
    for wrong in ("", secret[:-1], secret + "A", secret.swapcase(), "0" * 22, "é" * 22, "\x00" * 22, "%"):
        assert not opens(wrong)


def test_a_move_a_cancellation_and_the_end_of_the_visit_end_it(visit: Booking) -> None:
    secret = issue(visit)
    assert opens(secret, now=visit.ends_at - HOUR)
    assert not opens(secret, now=visit.ends_at)
    Booking.objects.update(version=2)
    assert not opens(secret)
    Booking.objects.update(version=1, status="cancelled", cancelled_at=NOW)
    assert not opens(secret)


def test_another_number_or_a_client_who_left_end_it(visit: Booking) -> None:
    number = ContactPoint.objects.get(client=visit.client, channel="sms").value
    secret = issue(visit, channel="sms", sent_to=number)
    assert opens(secret)
    Client.objects.update(is_active=False)
    assert not opens(secret)
    Client.objects.update(is_active=True)
    ContactPoint.objects.filter(value=number).update(value="+13035550111")
    assert not opens(secret)


def test_the_desk_can_take_all_of_a_client_back(visit: Booking) -> None:
    secret = issue(visit)
    with transaction.atomic():
        assert links.revoke_all_of(visit.client_id, now=NOW) == 1
    assert not opens(secret)


def test_care_after_the_visit_opens_after_it_and_for_two_weeks(visit: Booking) -> None:
    secret = issue(visit, about="aftercare")
    assert not opens(secret, now=NOW)
    assert opens(secret, now=START + HOUR)
    Booking.objects.update(status="completed", completed_at=visit.ends_at)
    assert opens(secret, now=visit.ends_at + timedelta(days=13))
    assert not opens(secret, now=visit.ends_at + timedelta(days=14))


def test_a_support_persons_page_hangs_on_the_clients_consent(visit: Booking) -> None:
    person = SupportPerson.objects.create(
        client=visit.client, name="Joel", phone="+13035550188", may_be_contacted=True
    )
    secret = issue(visit, support_person_id=person.pk, channel="sms", sent_to=person.phone)
    assert opens(secret)
    SupportPerson.objects.update(may_be_contacted=False)
    assert not opens(secret)
    SupportPerson.objects.update(may_be_contacted=True, phone="+13035550199")
    assert not opens(secret)
    person.delete()
    assert not opens(secret)


def test_what_is_stored_of_a_message_leaves_the_secret_out() -> None:
    secret = links.new_secret()
    assert redacted(f"See {links.address(secret)} Reply STOP") == f"See {links.address('…')} Reply STOP"
    assert redacted("nothing here /l/short") == "nothing here /l/short"
