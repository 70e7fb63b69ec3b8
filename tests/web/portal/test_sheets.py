"""A screening form on a link page: birth date first, one question a page, help at once, sent once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from notifications import links, screening_links
from notifications.models import ClientLink, DeskTask
from practice.models import Client
from tests.cast import Clinic
from tests.web.portal.conftest import Clock
from treatment_plans import safety
from treatment_plans.first_rows import screening_form
from treatment_plans.models import SafetyAlert, Screening, ScreeningFlag, ScreeningForm, ScreeningSheet
from treatment_plans.rules.screening import questions_of
from treatment_plans.screening import forms, sheets

pytestmark = pytest.mark.django_db

BORN = {"month": "4", "day": "2", "year": "1988"}
WELL: dict[str, dict[str, str]] = {
    "yes_no": {"choice": "no"},
    "number": {"number": "38"},
    "text": {"text": ""},
    "blood_pressure": {"systolic": "", "diastolic": ""},
}
# Of the choices the first says that all is well, but for these.
ELSE = {"can_abstain": {"choice": "yes"}}


@pytest.fixture
def form(clinic: Clinic, clock: Clock) -> ScreeningForm:
    made = screening_form.add_missing()
    assert made is not None
    return forms.approve(made.pk, approved_by=clinic.ito, actor=clinic.kim, now=clock.now)


@pytest.fixture
def path(clinic: Clinic, form: ScreeningForm, clock: Clock) -> str:
    return send(clinic.maya, form, clinic, clock)


@pytest.fixture
def known(client: Browser, path: str) -> Browser:
    """A phone whose owner gave the birth date."""
    assert client.post(f"{path}/form", BORN).status_code == 303
    return client


def send(client: Client, form: ScreeningForm, clinic: Clinic, clock: Clock) -> str:
    secret = links.new_secret()
    screening_links.ask(client, form, delivery="copy", secret=secret, actor=clinic.kim, now=clock.now)
    return f"/l/{secret}"


def well(question: Any) -> dict[str, str]:
    if question.kind == "choice":
        return {"choice": question.options[0].code}
    return ELSE.get(question.key, WELL[question.kind])


def fill(browser: Browser, path: str, form: ScreeningForm, **other: dict[str, str]) -> str:
    """Answer every question as a healthy person would, but for `other`; returns where the last one led."""
    for number, question in enumerate(questions_of(form.questions), start=1):
        answer = browser.post(f"{path}/form/{number}", other.get(question.key, well(question)))
        assert answer.status_code == 303, question.key
    return answer["Location"]


def number_of(form: ScreeningForm, key: str) -> int:
    return [each["key"] for each in form.questions].index(key) + 1


def test_nothing_is_asked_before_the_birth_date(client: Browser, path: str) -> None:
    first = client.get(path).content.decode()
    assert "Some questions for you" in first
    for word in ("health", "medic", "screen", "ketamin"):
        assert word not in first.lower()
    for address in ("form", "form/1", "form/check", "form/1/help"):
        page = client.get(f"{path}/{address}", follow=True).content.decode()
        assert "First, is it you?" in page
        assert "How old" not in page
    client.post(f"{path}/form/1", {"number": "30"})
    client.post(f"{path}/form/check")
    sheet = ScreeningSheet.objects.get()
    assert (sheet.answers, sheet.screening) == ({}, None)


def test_one_question_a_page_and_back_where_one_stopped(
    known: Browser, path: str, form: ScreeningForm
) -> None:
    assert known.get(f"{path}/form")["Location"] == f"{path}/form/1"
    page = known.get(f"{path}/form/1").content.decode()
    assert f"Question 1 of {len(form.questions)}" in page
    assert "How old are you?" in page
    assert "Which illnesses" not in page
    assert known.post(f"{path}/form/1", {"number": "38"})["Location"] == f"{path}/form/2"
    assert known.post(f"{path}/form/2", {"text": ""})["Location"] == f"{path}/form/3"  # passed over
    assert known.get(f"{path}/form")["Location"] == f"{path}/form/3"
    assert 'value="38"' in known.get(f"{path}/form/1").content.decode()
    assert known.post(f"{path}/form/1", {"number": "39"})["Location"] == f"{path}/form/3"
    assert ScreeningSheet.objects.get().answers == {"age": 39, "conditions": ""}
    assert "Go on where you stopped" in known.get(path).content.decode()


def test_the_end_is_looked_over_and_sent_once(
    known: Browser, path: str, form: ScreeningForm, clinic: Clinic
) -> None:
    assert fill(known, path, form, heart={"choice": "yes"}).endswith("/form/check")
    page = known.get(f"{path}/form/check").content.decode()
    assert "38 years" in page
    for _twice in range(2):
        assert known.post(f"{path}/form/check")["Location"] == f"{path}/form"
    screening = Screening.objects.get()
    assert (screening.source, screening.recorded_by, screening.form) == ("link", None, form)
    assert screening.answers["heart"] == "yes"
    assert "conditions" not in screening.answers
    assert list(ScreeningFlag.objects.values_list("rule__question", flat=True)) == ["heart"]
    done = known.get(f"{path}/form", follow=True).content.decode()
    assert "We have your answers" in done
    assert "Question" not in known.get(f"{path}/form/1", follow=True).content.decode()
    assert ScreeningSheet.objects.get().answers == {}


def test_what_is_missing_is_named_and_nothing_is_lost(known: Browser, path: str, form: ScreeningForm) -> None:
    known.post(f"{path}/form/1", {"number": "38"})
    answer = known.post(f"{path}/form/check")
    page = answer.content.decode()
    assert answer.status_code == 422
    required = [each for each in questions_of(form.questions) if each.is_required][1:]
    told = page.partition("</ul>")[0]
    assert told.count("<li>") == len(required)
    assert all(f'href="{path}/form/{number_of(form, each.key)}"' in told for each in required)
    assert ScreeningSheet.objects.get().answers == {"age": 38}
    assert not Screening.objects.exists()


@pytest.mark.parametrize(
    ("key", "sent", "said"),
    [
        ("age", {"number": "380"}, "120 or less"),
        ("age", {"number": "-1"}, "0 or more"),
        ("age", {"number": "old"}, "write a number"),
        ("age", {}, "answer this question"),
        ("pregnancy", {"choice": "perhaps"}, "valid"),
        ("pregnancy", {}, "choose one"),
        ("blood_pressure", {"systolic": "120", "diastolic": ""}, "write a number"),
        ("blood_pressure", {"systolic": "80", "diastolic": "120"}, "upper number is the larger"),
        ("blood_pressure", {"systolic": "1200", "diastolic": "80"}, "300 or less"),
        ("conditions", {"text": "x" * 2001}, "2000"),
    ],
)
def test_what_is_no_answer_is_refused_and_stays_to_be_put_right(
    known: Browser, path: str, form: ScreeningForm, key: str, sent: dict[str, str], said: str
) -> None:
    answer = known.post(f"{path}/form/{number_of(form, key)}", sent)
    page = answer.content.decode()
    assert (answer.status_code, said in page) == (422, True)
    assert all(f'value="{value}"' in page for name, value in sent.items() if value and name != "choice") or (
        "text" in sent and sent["text"] in page
    )
    assert ScreeningSheet.objects.get().answers == {}


def test_a_date_is_three_numbers_and_has_to_be_in_the_calendar(
    known: Browser, path: str, form: ScreeningForm
) -> None:
    ask_for_a_date(form)
    for wrong in ({"month": "2", "day": "30", "year": "2020"}, {"month": "2"}):
        assert known.post(f"{path}/form/1", wrong).status_code == 422
    sent = {"month": "2", "day": "29", "year": "2020"}
    assert known.post(f"{path}/form/1", sent)["Location"] == f"{path}/form/check"
    assert ScreeningSheet.objects.get().answers == {"since": "2020-02-29"}
    assert 'value="29"' in known.get(f"{path}/form/1").content.decode()


def test_after_an_unsafe_answer_the_very_next_page_says_whom_to_call(
    known: Browser, path: str, form: ScreeningForm
) -> None:
    number = number_of(form, "suicidality")
    for said, severities in (("thoughts", ["low"]), ("past", ["low"]), ("intent", ["low", "high"])):
        answer = known.post(f"{path}/form/{number}", {"choice": said})
        assert answer["Location"].endswith("/help") == (said != "past")
        assert list(SafetyAlert.objects.values_list("severity", flat=True).order_by("pk")) == severities
    page = known.get(f"{path}/form/{number}/help").content.decode()
    for words in ("call 911", "text 988", 'href="tel:988"', f'href="{path}/form"'):
        assert words in page
    fill(known, path, form, suicidality={"choice": "intent"})
    known.post(f"{path}/form/check")
    assert SafetyAlert.objects.count() == 2  # the flag of the end raises no third
    assert ScreeningFlag.objects.get().rule.alert == "high"


def test_after_a_disposal_the_next_unsafe_answer_is_heard_again(
    known: Browser, path: str, form: ScreeningForm, clinic: Clinic, clock: Clock
) -> None:
    number = number_of(form, "suicidality")
    opened = SafetyAlert.objects.filter(disposed_at=None)
    for said in ("intent", "thoughts", "intent"):
        known.post(f"{path}/form/{number}", {"choice": said})
        dispose(opened.get(), clinic, clock)
    assert list(SafetyAlert.objects.values_list("severity", flat=True).order_by("pk")) == [
        "high",
        "low",
        "high",
    ]
    for asked, question in enumerate(questions_of(form.questions), start=1):
        if asked != number:
            known.post(f"{path}/form/{asked}", well(question))
    known.post(f"{path}/form/check")
    assert Screening.objects.exists()
    assert not opened.exists()  # nothing is said at the end that nobody has heard
    assert ScreeningSheet.objects.get().heard == {}


def dispose(alert: SafetyAlert, clinic: Clinic, clock: Clock) -> None:
    said = {"disposition": "safety_plan", "note": "We talked."}
    safety.dispose(alert.pk, **said, actor=clinic.ana.user, now=clock.now)  # type: ignore[arg-type]


def test_words_that_sound_unsafe_reach_a_person_at_once(
    known: Browser, path: str, form: ScreeningForm
) -> None:
    number = number_of(form, "conditions")
    answer = known.post(f"{path}/form/{number}", {"text": "I want to kill myself"})
    assert answer["Location"] == f"{path}/form/{number}/help"
    assert DeskTask.objects.get().kind == "unsafe"


def test_it_asks_in_the_language_of_the_page(known: Browser, path: str, form: ScreeningForm) -> None:
    page = known.get(f"{path}/form/1?lang=es").content.decode()
    assert "¿Cuántos años tiene?" in page
    assert 'lang="es"' in page
    assert "No lo sé con seguridad" in known.get(f"{path}/form/{number_of(form, 'heart')}").content.decode()


def test_another_version_is_told_of_and_takes_along_what_stayed_the_same(
    known: Browser, path: str, form: ScreeningForm, clinic: Clinic, clock: Clock
) -> None:
    known.post(f"{path}/form/1", {"number": "38"})
    known.post(f"{path}/form/{number_of(form, 'stroke')}", {"choice": "no"})
    second = forms.revise(form.pk, actor=clinic.kim, now=clock.now)
    second.questions[0]["en"] = "How old are you now?"
    second.save()
    assert known.post(f"{path}/form/2", {"text": "none"}).status_code == 303  # not in use yet
    second = forms.approve(second.pk, approved_by=clinic.ito, actor=clinic.kim, now=clock.now)
    for address in ("", "/form", "/form/2", "/form/check"):
        assert "There are new questions" in known.get(path + address, follow=True).content.decode()
    known.post(f"{path}/form/2", {"text": "late"})
    known.post(f"{path}/form/check")
    assert not Screening.objects.exists()
    again = send(clinic.maya, second, clinic, clock)
    assert ScreeningSheet.objects.get(form=second).answers == {"conditions": "none", "stroke": "no"}
    assert known.get(path).status_code == 404  # taken back with its sheet
    assert known.get(again).status_code == 200


def test_what_was_answered_before_it_was_taken_back_is_there_when_it_is_asked_again(
    known: Browser, path: str, form: ScreeningForm, clinic: Clinic, clock: Clock
) -> None:
    number = number_of(form, "suicidality")
    known.post(f"{path}/form/1", {"number": "38"})
    known.post(f"{path}/form/{number}", {"choice": "thoughts"})
    said = {"age": 38, "suicidality": "thoughts"}
    for _time in range(2):
        taken_back = ScreeningSheet.objects.get(withdrawn_at=None)
        screening_links.withdraw(taken_back.pk, actor=clinic.kim, now=clock.now)
        path = send(clinic.maya, form, clinic, clock)
        assert ScreeningSheet.objects.get(withdrawn_at=None).answers == said
        taken_back.refresh_from_db()
        assert (taken_back.answers, taken_back.heard) == ({}, {})  # in one place only
    assert known.post(f"{path}/form", BORN).status_code == 303
    assert known.get(f"{path}/form")["Location"] == f"{path}/form/2"
    for asked, question in enumerate(questions_of(form.questions), start=1):
        if question.key not in said:
            known.post(f"{path}/form/{asked}", well(question))
    known.post(f"{path}/form/check")
    assert Screening.objects.get().answers.items() >= said.items()
    assert SafetyAlert.objects.count() == 1  # it was heard before


def test_a_new_link_opens_the_same_sheet_and_old_ones_end_in_time(
    known: Browser, path: str, form: ScreeningForm, clinic: Clinic, clock: Clock
) -> None:
    known.post(f"{path}/form/1", {"number": "38"})
    clock.now += sheets.LASTS
    assert known.get(path).status_code == 404
    again = send(clinic.maya, form, clinic, clock)
    assert known.post(f"{again}/form", BORN).status_code == 303
    assert known.get(f"{again}/form")["Location"] == f"{again}/form/2"
    screening_links.withdraw(ScreeningSheet.objects.get().pk, actor=clinic.kim, now=clock.now)
    ended = known.get(f"{again}/form/2")
    assert (ended.status_code, "This link has ended" in ended.content.decode()) == (404, True)


def test_the_birth_date_is_asked_again_after_half_an_hour_without_an_answer(
    known: Browser, path: str, monkeypatch: Any
) -> None:
    import time

    real = time.time
    for minutes, expected in ((20, "/form/2"), (40, "/form/3")):
        monkeypatch.setattr(time, "time", lambda at=minutes: real() + at * 60)
        sent = {"number": "38"} if minutes == 20 else {"text": ""}
        assert known.post(f"{path}/form/{minutes // 20}", sent)["Location"] == path + expected
    monkeypatch.setattr(time, "time", lambda: real() + 80 * 60)
    assert "First, is it you?" in known.get(f"{path}/form", follow=True).content.decode()
    assert ScreeningSheet.objects.get().answers == {"age": 38, "conditions": ""}


def test_what_was_sent_too_late_is_kept_once_the_birth_date_is_given(
    client: Browser, path: str, form: ScreeningForm
) -> None:
    number = number_of(form, "medicines")
    asked = client.post(f"{path}/form/{number}", {"text": 'lithium, "as always" <b>'})
    page = asked.content.decode()
    assert "First, is it you?" in page
    assert "lithium, &quot;as always&quot; &lt;b&gt;" in page
    assert ScreeningSheet.objects.get().answers == {}
    along = {"kept": "1", "kept-text": 'lithium, "as always" <b>'}
    wrong = client.post(f"{path}/form/{number}", {**BORN, "year": "1980", **along})
    assert (wrong.status_code, "lithium" in wrong.content.decode()) == (422, True)
    assert ScreeningSheet.objects.get().answers == {}
    assert client.post(f"{path}/form/{number}", BORN | along)["Location"] == f"{path}/form/1"
    assert ScreeningSheet.objects.get().answers == {"medicines": 'lithium, "as always" <b>'}
    assert client.get(f"{path}/form/2").status_code == 200


@pytest.mark.parametrize("said", ["choice", "text"])
def test_what_sounds_unsafe_and_was_sent_too_late_is_heard_before_the_birth_date(
    client: Browser, path: str, form: ScreeningForm, said: str
) -> None:
    key, sent = {
        "choice": ("suicidality", {"choice": "intent"}),
        "text": ("conditions", {"text": "I want to kill myself"}),
    }[said]
    address = f"{path}/form/{number_of(form, key)}"
    page = client.post(address, sent).content.decode()
    assert (SafetyAlert.objects.get().severity, ScreeningSheet.objects.get().answers) == ("high", {})
    along = {"kept": "heard"} | {f"kept-{name}": value for name, value in sent.items()}
    wrong = client.post(address, {**BORN, "year": "1980", **along}).content.decode()
    for shown in (page, wrong):
        assert shown.index("call or text 988 now") < shown.index("First, is it you?")
        assert 'name="kept" value="heard"' in shown
    assert client.post(address, BORN | along)["Location"] == f"{address}/help"
    assert ScreeningSheet.objects.get().answers == {key: next(iter(sent.values()))}
    assert SafetyAlert.objects.count() == 1  # the same words call nobody twice
    assert DeskTask.objects.count() == (said == "text")


def test_what_goes_along_is_kept_though_the_birth_date_was_given_in_another_window(
    known: Browser, path: str, form: ScreeningForm
) -> None:
    ask_for_a_date(form)
    along = {"kept": "1", "kept-month": "2", "kept-day": "29", "kept-year": "2020"}
    assert known.post(f"{path}/form/1", BORN | along)["Location"] == f"{path}/form/check"
    assert ScreeningSheet.objects.get().answers == {"since": "2020-02-29"}


def test_a_date_that_was_sent_too_late_is_not_taken_for_the_birth_date(
    client: Browser, path: str, form: ScreeningForm
) -> None:
    ask_for_a_date(form)
    since = {"month": "2", "day": "29", "year": "2020"}
    assert "First, is it you?" in client.post(f"{path}/form/1", since).content.decode()
    assert ClientLink.objects.get().wrong_count == 0
    along = {"kept": "1"} | {f"kept-{name}": value for name, value in since.items()}
    assert client.post(f"{path}/form/1", BORN | along)["Location"] == f"{path}/form/check"
    assert ScreeningSheet.objects.get().answers == {"since": "2020-02-29"}


def ask_for_a_date(form: ScreeningForm) -> None:
    own = [{"key": "since", "kind": "date", "en": "Since when?", "es": "¿Desde cuándo?"}]
    ScreeningSheet.objects.update(
        form=ScreeningForm.objects.create(
            code="own",
            name="Own",
            questions=own,
            approved_by=form.approved_by,
            approved_at=form.approved_at,
        )
    )


def test_looking_changes_nothing(known: Browser, path: str, form: ScreeningForm) -> None:
    known.post(f"{path}/form/1", {"number": "38"})
    before = list(ScreeningSheet.objects.values())
    for address in ("", "/form", "/form/1", "/form/2", "/form/3/help", "/form/check", "/form/99", "/form/0"):
        known.get(path + address)
    assert list(ScreeningSheet.objects.values()) == before
    assert not SafetyAlert.objects.exists()


def test_a_link_of_a_form_opens_nothing_else(known: Browser, path: str) -> None:
    for address in ("/ask", "/q/1", "/call", "/note", "/answer", "/cancel"):
        assert known.get(path + address).status_code == 404
    assert ClientLink.objects.get().purpose == "screening"


def test_pages_are_small(known: Browser, path: str, form: ScreeningForm) -> None:
    fill(known, path, form, conditions={"text": "x" * 2000}, medicines={"text": "y" * 2000})
    sizes = [len(known.get(f"{path}/form/{number}?lang=es").content) for number in range(1, 12)]
    sizes.append(len(known.get(f"{path}/form/check").content))
    print(sizes)
    style = Path("web/portal/static/portal/portal.css").stat().st_size
    assert max(sizes) + style < 15 * 1024
