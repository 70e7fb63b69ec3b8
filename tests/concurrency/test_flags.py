"""Two prescribers at one flag: one decision stands, the other is told to look again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from tests.cast import NOW, Clinic
from tests.concurrency.racing import settled_deadlocks, together
from tests.treatment_plans.test_screening_rules import WELL
from treatment_plans.first_rows import screening_form as first_screening_form
from treatment_plans.models import Clearance, FlagDisposition, ScreeningFlag, ScreeningForm
from treatment_plans.screening import clearances, screenings
from treatment_plans.screening import flags as screening_flags
from treatment_plans.screening.flags import Disposal, FlagDisposedMeanwhile

pytestmark = pytest.mark.django_db(transaction=True)

UNTIL = date(2027, 5, 31)


@pytest.fixture(autouse=True)
def _no_deadlock(transactional_db: None) -> Iterator[None]:
    before = settled_deadlocks()
    yield
    assert settled_deadlocks() == before


@pytest.fixture
def flag(clinic: Clinic) -> ScreeningFlag:
    first_screening_form.add_missing()
    ScreeningForm.objects.update(approved_by=clinic.ito, approved_at=NOW)
    filled = screenings.Filled(ScreeningForm.objects.get(), WELL | {"lungs": "yes"}, "with_staff")
    screenings.record(clinic.maya, filled, actor=clinic.kim, now=NOW)
    return ScreeningFlag.objects.get()


def disposing(clinic: Clinic, flag: ScreeningFlag, decision: str) -> Callable[[], Any]:
    disposal = Disposal(flag.pk, decision, "x", UNTIL)
    return lambda: screening_flags.dispose(disposal, decided_by=clinic.ito, actor=clinic.kim, now=NOW)


def test_of_two_who_dispose_at_once_one_is_told_to_look_again(clinic: Clinic, flag: ScreeningFlag) -> None:
    results = together([disposing(clinic, flag, each) for each in ("accepted", "not_now") * 3])
    refused = [each for each in results if isinstance(each, Exception)]
    assert [type(each) for each in refused] == [FlagDisposedMeanwhile] * 5
    flag.refresh_from_db()
    assert flag.disposition == FlagDisposition.objects.get()


def test_a_clearance_that_comes_too_late_decides_nothing(clinic: Clinic, flag: ScreeningFlag) -> None:
    values = {"decision": "cleared", "valid_from_on": NOW.date(), "valid_through_on": UNTIL}
    said = [Disposal(flag.pk, "accepted", "x", UNTIL)]

    def decide() -> Clearance:
        return clearances.decide(
            clinic.maya.pk, values, flags=said, decided_by=clinic.ito, actor=clinic.kim, now=NOW
        )

    clearance, disposed = together([decide, disposing(clinic, flag, "not_now")])
    one_lost = [isinstance(each, FlagDisposedMeanwhile) for each in (clearance, disposed)]
    assert sorted(one_lost) == [False, True]
    assert Clearance.objects.count() == int(not isinstance(clearance, Exception))
    assert FlagDisposition.objects.count() == 1
