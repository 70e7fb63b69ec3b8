"""A client's prescriptions as the pages show them: what is left, in doses and days, and what that blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from practice import clock
from practice.models import Client, User
from scheduling import gate
from scheduling.care import expiring
from scheduling.models import Booking
from treatment_plans.models import InPersonEvaluation, PdmpCheck, Prescription
from treatment_plans.rules import prescribing, supply
from treatment_plans.rules.prescribing import Looked
from treatment_plans.supply import ledger as supply_ledger
from treatment_plans.supply import prescribing_checks, prescriptions
from treatment_plans.supply.ledger import Supply

LOOKS_AHEAD_DAYS = 365
# A glyph, an edge and a word: never colour alone.
STATES: dict[str, tuple[str, str, Any]] = {
    "draft": ("✎", "waiting", _("draft")),
    "signed": ("✓", "ready", _("signed elsewhere")),
    "sent": ("✓", "ready", _("sent to the pharmacy")),
    "dispensed": ("✓", "ready", _("dispensed")),
    "in_use": ("✓", "ready", _("in use")),
    "exhausted": ("–", "not_needed", _("used up")),
    "expired": ("–", "not_needed", _("over")),
    "revoked": ("✕", "blocked", _("revoked")),
    "lost": ("✕", "blocked", _("reported lost")),
}


@dataclass(frozen=True)
class Held:
    """One prescription today. `used`, `booked` and `left` are doses; `held` is what the ledger says."""

    row: Prescription
    code: str
    used: int
    booked: int
    left: int
    days_left: int | None
    held: Supply
    blocks: Sequence[Booking]

    @property
    def glyph(self) -> str:
        return STATES[self.code][0]

    @property
    def edge(self) -> str:
        return STATES[self.code][1]

    @property
    def word(self) -> Any:
        return STATES[self.code][2]

    @property
    def counts(self) -> bool:
        """Whether sessions may still be given from it."""
        return self.row.is_in_force


@dataclass(frozen=True)
class Prescribed:
    """What one reader sees of one client's prescriptions."""

    client: Client
    user: User
    now: datetime

    @property
    def today(self) -> date:
        return clock.local_day(self.now, clock.zone(self.client.location.time_zone))

    @cached_property
    def all(self) -> list[Held]:
        """The latest first."""
        rows = Prescription.objects.filter(client=self.client).select_related(
            "prescriber", "client__location", "renews", "replaces"
        )
        rows = rows.prefetch_related("supply_events").order_by("-issued_on", "-pk")
        facts = [row.fact for row in rows if row.is_in_force]
        doses = gate.booked_doses([self.client.pk], now=self.now).get(self.client.pk, ())
        tallies = supply.tally(facts, doses)
        held = {each.prescription.pk: each for each in supply_ledger.supplies(self.client.pk)}
        return [self._held(row, tallies.get(row.pk), held[row.pk]) for row in rows]

    @cached_property
    def blocked(self) -> dict[int, Sequence[Booking]]:
        """By prescription the sessions ahead for which nothing is left of it."""
        found = expiring.expiring(self.user, days=LOOKS_AHEAD_DAYS, client_id=self.client.pk, now=self.now)
        return {each.subject_id: each.blocks for each in found if each.kind == "prescription"}

    @cached_property
    def pdmp_checks(self) -> list[PdmpCheck]:
        rows = PdmpCheck.objects.filter(client=self.client).select_related("prescriber")
        return list(rows.order_by("-checked_at", "-pk")[:5])

    @cached_property
    def seen_in_person(self) -> InPersonEvaluation | None:
        rows = InPersonEvaluation.objects.filter(client=self.client).select_related("clinician")
        return rows.order_by("-evaluated_on", "-pk").first()

    @cached_property
    def looked(self) -> Looked:
        return prescribing_checks.looked(self.client.pk, self.client.state)

    @property
    def pdmp_is_due(self) -> bool:
        """Whether the client's state wants a look into its programme before the next signature."""
        limit = prescribing_checks.state_limit(self.client.state)
        return bool(prescribing.pdmp_blockers(limit, self.looked, today=self.today))

    def _held(self, row: Prescription, tally: supply.Tally | None, held: Supply) -> Held:
        last_on = row.valid_through_on
        return Held(
            row=row,
            code=prescriptions.state_of(row, now=self.now),
            used=tally.used if tally else 0,
            booked=tally.booked if tally else 0,
            left=tally.left if tally else 0,
            days_left=max(0, (last_on - self.today).days + 1) if last_on else None,
            held=held,
            blocks=self.blocked.get(row.pk, ()),
        )
