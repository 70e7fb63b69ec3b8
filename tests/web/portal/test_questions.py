"""Questionnaires on the link pages: birth date first, one question a page, help at once, scored once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser

from notifications import reconcile
from notifications.models import Reminder
from scheduling.models import Booking
from tests.cast import Clinic
from tests.web.portal.conftest import Clock
from treatment_plans.measuring import measures
from treatment_plans.measuring.measures import Answered
from treatment_plans.models import AnswerSheet, Measure, SafetyAlert

pytestmark = pytest.mark.django_db

BORN = {"month": "4", "day": "2", "year": "1988"}


@pytest.fixture
def path(clinic: Clinic, visit: Booking, clock: Clock, issue: Callable[..., str]) -> str:
    clinic.ask_questionnaires()
    clock.now = visit.starts_at - timedelta(days=6)
    return issue(visit)


@pytest.fixture
def known(client: Browser, path: str) -> Browser:
    """A phone whose owner gave the birth date."""
    assert client.post(f"{path}/ask", BORN).status_code == 303
    return client


def answered(browser: Browser, path: str, value: int = 0, *, part: int = 1, count: int = 9) -> str:
    """Answer every question alike; returns where the last one led."""
    for item in range(1, count + 1):
        answer = browser.post(f"{path}/ask/{part}/{item}", {"choice": str(value)})
        assert answer.status_code == 303
    return answer["Location"]


def test_nothing_is_asked_before_the_birth_date(client: Browser, path: str) -> None:
    for address in (f"{path}/ask", f"{path}/ask/1/1", f"{path}/ask/1/check"):
        page = client.get(address, follow=True)
        assert "First, is it you?" in page.content.decode()
        assert "pleasure" not in page.content.decode()
    client.post(f"{path}/ask/1/1", {"choice": "2"})
    assert not AnswerSheet.objects.exists()


def test_an_answer_that_is_sent_too_late_goes_along_with_the_birth_date(client: Browser, path: str) -> None:
    assert 'name="kept-choice" value="2"' in client.post(f"{path}/ask/1/1", {"choice": "2"}).content.decode()
    along = {"kept": "1", "kept-choice": "2"}
    assert client.post(f"{path}/ask/1/1", BORN | along)["Location"] == f"{path}/ask/1/2"
    assert AnswerSheet.objects.get().answers == {"1": 2}


def test_an_unsafe_answer_that_is_sent_too_late_is_heard_before_the_birth_date(
    client: Browser, path: str
) -> None:
    page = client.post(f"{path}/ask/1/9", {"choice": "2"}).content.decode()
    assert page.index("call or text 988 now") < page.index("First, is it you?")
    assert (SafetyAlert.objects.get().severity, AnswerSheet.objects.get().answers) == ("high", {})
    along = {"kept": "heard", "kept-choice": "2"}
    assert client.post(f"{path}/ask/1/9", BORN | along)["Location"] == f"{path}/ask/1/9/help"
    assert AnswerSheet.objects.get().answers == {"9": 2}
    assert SafetyAlert.objects.count() == 1


def test_the_visit_offers_them_in_the_week_before_and_not_earlier(
    client: Browser, path: str, visit: Booking, clock: Clock
) -> None:
    assert f'href="{path}/ask"' in client.get(path).content.decode()
    clock.now = visit.starts_at - timedelta(days=7, seconds=1)
    assert f'href="{path}/ask"' not in client.get(path).content.decode()


def test_one_question_a_page_and_back_where_one_stopped(known: Browser, path: str) -> None:
    first = known.get(f"{path}/ask")
    assert first["Location"] == f"{path}/ask/1/1"
    page = known.get(first["Location"]).content.decode()
    assert "Question 1 of 9" in page
    assert "Little interest or pleasure in doing things" in page
    assert "feeling down" not in page.lower()
    assert known.post(f"{path}/ask/1/1", {"choice": "2"})["Location"] == f"{path}/ask/1/2"
    assert known.get(f"{path}/ask")["Location"] == f"{path}/ask/1/2"
    again = known.get(f"{path}/ask/1/1").content.decode()
    assert again.count(" checked") == 1
    empty = known.post(f"{path}/ask/1/2", {})
    assert (empty.status_code, "Please choose one." in empty.content.decode()) == (422, True)


def test_the_end_is_looked_over_and_scored_once(known: Browser, path: str, clinic: Clinic) -> None:
    assert answered(known, path, 0).endswith("/ask/1/check")
    page = known.get(f"{path}/ask/1/check").content.decode()
    assert page.count("Not at all") == 9
    assert known.post(f"{path}/ask/1/check")["Location"] == f"{path}/ask"
    measure = Measure.objects.get()
    assert (measure.instrument, measure.total, measure.source, measure.recorded_by) == (
        "phq9",
        0,
        "link",
        None,
    )
    assert known.post(f"{path}/ask/1/check")["Location"] == f"{path}/ask"  # pressed twice
    assert Measure.objects.count() == 1
    assert known.get(f"{path}/ask")["Location"] == f"{path}/ask/2/1"
    assert answered(known, path, 1, part=2, count=7).endswith("/ask/2/check")
    known.post(f"{path}/ask/2/check")
    assert "Thank you" in known.get(f"{path}/ask").content.decode()
    assert f'href="{path}/ask"' not in known.get(path).content.decode()


def test_after_an_unsafe_answer_the_very_next_page_says_whom_to_call(known: Browser, path: str) -> None:
    answer = known.post(f"{path}/ask/1/9", {"choice": "1"})
    assert answer["Location"] == f"{path}/ask/1/9/help"
    page = known.get(answer["Location"]).content.decode()
    for words in ("call 911", "text 988", 'href="tel:988"', "tel:+15555550100"):
        assert words in page
    alert = SafetyAlert.objects.get()
    assert (alert.reason, alert.acknowledged_at) == ("item_9", None)
    assert f'href="{path}/ask/1/check"' in page
    assert known.post(f"{path}/ask/1/9", {"choice": "2"})["Location"] == f"{path}/ask/1/9/help"  # it is worse


def test_a_part_or_a_question_that_there_is_not_leads_back(known: Browser, path: str) -> None:
    for place in ("3/1", "0/1", "1/0", "1/10"):
        assert known.get(f"{path}/ask/{place}")["Location"] == f"{path}/ask"
        assert known.post(f"{path}/ask/{place}", {"choice": "0"})["Location"] == f"{path}/ask"
    assert known.post(f"{path}/ask/1/1", {"choice": "4"}).status_code == 422
    assert not AnswerSheet.objects.exists()


def test_it_asks_in_the_clients_language(visit: Booking, known: Browser, path: str) -> None:
    page = known.get(f"{path}/ask/1/1?lang=es").content.decode()
    assert "Poco interés o placer en hacer cosas" in page
    assert 'lang="es"' in page


def test_too_few_answers_are_told(known: Browser, path: str) -> None:
    known.post(f"{path}/ask/1/1", {"choice": "0"})
    answer = known.post(f"{path}/ask/1/check")
    assert answer.status_code == 422
    assert not Measure.objects.exists()


def test_pages_are_small(known: Browser, path: str) -> None:
    answered(known, path, 0)
    for address in ("ask/1/1", "ask/1/check"):
        assert len(known.get(f"{path}/{address}").content) < 15_000


def test_a_message_asks_until_it_was_answered(
    known: Browser, path: str, visit: Booking, clinic: Clinic, clock: Clock
) -> None:
    assert reminded(visit, clock) == {"planned"}
    for part, count in ((1, 9), (2, 7)):
        answered(known, path, 0, part=part, count=count)
        known.post(f"{path}/ask/{part}/check")
    assert reminded(visit, clock) == {"skipped not_needed"}


def test_a_message_asks_no_more_for_what_was_answered_with_staff(
    visit: Booking, path: str, clinic: Clinic, clock: Clock
) -> None:
    assert reminded(visit, clock) == {"planned"}
    for instrument, items in (("phq9", "123456789"), ("gad7", "1234567")):
        assert reminded(visit, clock) == {"planned"}
        with_staff = Answered(instrument, dict.fromkeys(items, 1), "with_staff", None, clock.now)
        measures.record(clinic.maya, with_staff, actor=clinic.ada, now=clock.now)
    assert reminded(visit, clock) == {"skipped not_needed"}


def reminded(visit: Booking, clock: Clock) -> set[str]:
    """How the reminders to answer before the dose stand."""
    reconcile.reconcile_these([visit.pk], now=clock.now)
    rows = Reminder.objects.filter(booking=visit, kind="measure_before")
    return {f"{row.state} {row.skip_reason}".strip() for row in rows}
