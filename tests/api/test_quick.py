"""What is shown the quick way is what Django REST framework itself would show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from practice.api.quick import Quick
from tests.api.routes import served
from tests.api.world import World

pytestmark = pytest.mark.django_db

# Of what has been made a moment ago: fields that others have too, and the links of feeds and forms.
BY_COMMANDS = {"AskedOut", "MadeFeedOut", "NewBookingOut"}
OF_TIMES = {  # in the test after it
    "ExplainedBlockerOut",
    "ExplanationOut",
    "OfferOut",
    "OffersOut",
    "PhaseOfferOut",
    "RankReasonOut",
    "RuleOut",
}
OF_MORE_THAN_THE_WORLD_HAS = {  # their own tests read them
    "AddendumOut",
    "BlockedSessionOut",
    "CourseHoldRef",
    "DispositionOut",
    "ExpiringOut",
    "LastSessionOut",
    "SideEffectOut",
    "SupplyOfDosesOut",
}
ABSTRACT = {"Out", "Prepared", "WithJudgement", "_Correctable", "_Row"}


@dataclass
class Compared:
    shown: set[str] = field(default_factory=set)
    went_slowly: set[str] = field(default_factory=set)
    differences: list[tuple[str, Any, Any]] = field(default_factory=list)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Compared:
    """From here on everything is shown both ways, and so is what is nested in it."""
    found = Compared()
    quickly, slowly = Quick.to_representation, serializers.Serializer.to_representation

    def counted(self: Any, row: Any) -> Any:
        found.went_slowly.add(type(self).__name__)
        return slowly(self, row)

    def both_ways(self: Any, row: Any) -> Any:
        quick, slow = quickly(self, row), slowly(self, row)
        found.shown.add(type(self).__name__)
        if JSONRenderer().render(quick) != JSONRenderer().render(slow):
            found.differences.append((type(self).__name__, quick, slow))
        return quick

    monkeypatch.setattr(serializers.Serializer, "to_representation", counted)
    monkeypatch.setattr(Quick, "to_representation", both_ways)
    return found


def quick_ones(cls: type[Any] = Quick) -> set[str]:
    return {name for each in cls.__subclasses__() for name in {each.__name__, *quick_ones(each)}} - ABSTRACT


@pytest.mark.usefixtures("at_now")
def test_both_ways_show_the_same_of_everything_that_can_be_read(world: World, compared: Compared) -> None:
    for name in ("admin", "desk", "nurse", "auditor", "therapist on the team", "psychiatrist on the team"):
        for route in served():
            if route.method == "GET" and route.view is not None:
                assert world.callers[name].get(world.address(route)).status_code < 500
    assert compared.differences == []
    assert quick_ones() - compared.shown == BY_COMMANDS | OF_TIMES | OF_MORE_THAN_THE_WORLD_HAS
    assert not quick_ones() & compared.went_slowly


@pytest.mark.usefixtures("at_now")
def test_both_ways_show_the_same_openings_and_reasons_against_them(world: World, compared: Compared) -> None:
    caller, clinic = world.callers["desk"], world.clinic
    consult = {"client": clinic.maya.pk, "appointment_type": clinic.appointment_type("consult").pk}
    found = caller.get("openings", **consult, order="rank").json()
    assert found["openings"], found
    away = {**consult, "starts_at": "2026-12-01T09:30:00-08:00", "therapist": clinic.ana.pk}
    assert caller.post("openings/explain", away).json()["blockers"]
    assert compared.differences == []
    assert compared.shown >= OF_TIMES
    assert not quick_ones() & compared.went_slowly


@pytest.mark.usefixtures("at_now")
def test_a_row_that_lacks_an_attribute_is_shown_as_ever(compared: Compared) -> None:
    class Odd(Quick[Any]):
        name = serializers.CharField(default="nobody")
        about = serializers.CharField(source="row.text", allow_null=True, default=None)
        count = serializers.IntegerField(required=False)

    for row in ({}, {"name": 3, "row": {"text": "x"}}, {"count": None}, type("Row", (), {"name": "A"})()):
        Odd(row).data  # noqa: B018  shown is compared
    assert (compared.differences, compared.went_slowly) == ([], {"Odd"})
    assert Odd({}).data == {"name": "nobody", "about": None}
