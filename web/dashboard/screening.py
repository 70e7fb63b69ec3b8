"""A client's screening: flags, results and what will end, medicines, and the words approved about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from practice import clock, present
from practice.access import DECIDES_MEDICAL
from practice.models import Client, User
from scheduling.care import expiring
from scheduling.care.expiring import Expiring
from treatment_plans.models import (
    Clearance,
    ClinicalResult,
    CurrentMedication,
    HoldInstruction,
    ScreeningFlag,
)
from treatment_plans.screening import flags, medications
from web.dashboard import screening_deeds
from web.dashboard.deeds import WORDS, Deed
from web.dashboard.frame import Page, here, page
from web.dashboard.prescribed import LOOKS_AHEAD_DAYS
from web.dashboard.reader import client_of
from web.dashboard.words import ENDING, OWNERS

ENDS_HERE = {"clearance", "screening_flag", "clinical_result", "consent", "rems_enrollment"}


@page()
def client_screening(user: User, client_id: int) -> Page:
    client = client_of(user, client_id)
    shown = ScreeningPage(client, user, present.now())
    return Page(
        "dashboard/screening.html",
        context={
            "client": client,
            "screening": shown,
            "result_deeds": screening_deeds.results_of(client),
            "medicine_deed": screening_deeds.medicines_of(client),
            "hold_deeds": screening_deeds.holds_of(user, client, [row for row, _deeds in shown.taken]),
            "decides": user.has_role(*DECIDES_MEDICAL),
            "zone": here(),
        },
        words=WORDS,
    )


@dataclass(frozen=True)
class Flagged:
    """A flag; `is_open` says that it stands against a dose today."""

    row: ScreeningFlag
    is_open: bool
    deed: Deed | None


@dataclass(frozen=True)
class Result:
    """The latest of its kind counts. `blocks` are sessions ahead after its last day."""

    row: ClinicalResult
    lines: str
    is_latest: bool
    is_over: bool
    deed: Deed


@dataclass(frozen=True)
class Ending:
    what: Expiring
    kind: Any
    owner: Any
    is_over: bool


@dataclass(frozen=True)
class ScreeningPage:
    """What one reader sees of one client."""

    client: Client
    user: User
    now: datetime

    @property
    def today(self) -> date:
        return clock.local_day(self.now, clock.zone(self.client.location.time_zone))

    @cached_property
    def clearance(self) -> Clearance | None:
        rows = Clearance.objects.filter(client=self.client, superseded_at=None)
        return rows.select_related("decided_by").first()

    @cached_property
    def flags(self) -> list[Flagged]:
        """What stands against a dose first, then the oldest."""
        rows = ScreeningFlag.objects.filter(client=self.client).select_related(
            "rule", "screening__form", "disposition__decided_by"
        )
        found = [
            Flagged(row, flags.fact_of(row).is_open(self.today), screening_deeds.of_a_flag(self.user, row))
            for row in rows.order_by("raised_at", "pk")
        ]
        return sorted(found, key=lambda each: not each.is_open)

    @cached_property
    def results(self) -> list[Result]:
        rows = ClinicalResult.objects.filter(client=self.client, corrections=None).select_related(
            "recorded_by"
        )
        seen: set[str] = set()
        found = []
        for row in rows.order_by("-taken_on", "-pk"):
            found.append(
                Result(
                    row,
                    _spoken(row.values),
                    row.kind not in seen,
                    row.valid_through_on is not None and row.valid_through_on < self.today,
                    screening_deeds.of_a_result(row),
                )
            )
            seen.add(row.kind)
        return found

    @cached_property
    def ends(self) -> list[Ending]:
        """The soonest blocked session first."""
        found = expiring.expiring(self.user, days=LOOKS_AHEAD_DAYS, client_id=self.client.pk, now=self.now)
        return [
            Ending(each, ENDING[each.kind], OWNERS[each.owner], each.ends_on < self.today)
            for each in found
            if each.kind in ENDS_HERE
        ]

    @cached_property
    def taken(self) -> list[tuple[CurrentMedication, list[Deed]]]:
        rows = CurrentMedication.objects.filter(client=self.client, stopped_on=None)
        return [(row, screening_deeds.of_a_medicine(row)) for row in rows.order_by("name", "pk")]

    @cached_property
    def stopped(self) -> list[CurrentMedication]:
        rows = CurrentMedication.objects.filter(client=self.client, stopped_on__isnull=False)
        return list(rows.order_by("-stopped_on", "name"))

    @cached_property
    def hits(self) -> Any:
        """Interactions of today, and what no rule can name because it is in no class."""
        found = medications.interactions_of([self.client.pk], route=None, day=self.today)
        return dict(zip(("interactions", "unclassified"), found[self.client.pk], strict=True))

    @cached_property
    def holds(self) -> list[tuple[HoldInstruction, Deed | None]]:
        rows = HoldInstruction.objects.filter(client=self.client, withdrawn_at=None)
        return [
            (row, screening_deeds.of_a_hold(self.user, row))
            for row in rows.select_related("approved_by", "medication").order_by("approved_at", "pk")
        ]


def _spoken(values: Mapping[str, Any]) -> str:
    """The values of a result in a line."""
    words = {
        "negative": _("negative"),
        "positive": _("positive"),
        "unclear": _("unclear"),
        "normal": _("normal"),
        "abnormal": _("abnormal"),
        "bilirubin": _("Bilirubin"),
        "alt": "ALT",
        "ast": "AST",
        "alp": "ALP",
    }
    parts = []
    for name, value in values.items():
        if name == "readings":
            parts += [f"{each['systolic']}/{each['diastolic']}" for each in value]
        elif isinstance(value, str):
            parts.append(words.get(value, value))
        else:
            parts.append(f"{words.get(name, name)} {value}")
    return ", ".join(filter(None, parts))
