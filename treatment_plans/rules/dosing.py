"""May the dose be given, and does the course go on? Pure: facts in, blockers out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from treatment_plans.rules import balances, vitals
from treatment_plans.rules.vitals import Limits, Reading

MG, MG_PER_KG = "mg", "mg_per_kg"
SEVERITIES = ("mild", "moderate", "severe")


@dataclass(frozen=True, slots=True)
class Signed:
    """A yes or no before the dose. `accepts` is the id of the reading that it accepts."""

    is_yes: bool
    at: datetime
    accepts: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    number: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeDose:
    """All that decides, beside the gate, whether a dose may be given now; of signatures the latest.

    `readings` are those before it, corrected ones left out, in the order of their times.
    """

    is_in_session: bool
    is_ended: bool
    is_checked_in: bool
    needs_therapist: bool
    fit: Signed | None
    cleared: Signed | None
    readings: Sequence[Reading]
    limits: Limits
    given: Sequence[Given]
    second_dose_allowed: bool
    needs_prescriber_on_site: bool
    is_prescriber_on_site: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the prescription says; a draft may have no days yet."""

    route: str
    unit: str
    amount: Decimal
    issued_on: date | None
    valid_through_on: date | None
    is_in_force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDose:
    number: int
    amount: Decimal
    unit: str
    route: str
    weight_kg: Decimal | None
    is_self_administered: bool
    witnessed_by: str


def before_dose_blockers(facts: BeforeDose, *, number: int, now: datetime) -> tuple[Blocker, ...]:
    """Every reason why no dose may be given yet, whatever its amount."""
    return (
        *_state_blockers(facts, number),
        *_signature_blockers(facts),
        *_vitals_blockers(facts, now),
        *_presence_blockers(facts),
    )


def _state_blockers(facts: BeforeDose, number: int) -> Iterable[Blocker]:
    if facts.is_ended:
        yield Blocker("record_ended", _("This session has ended."))
    if not facts.is_in_session:
        yield Blocker("not_in_session", _("The session has not been started."))
    if not facts.is_checked_in:
        yield Blocker("check_in_missing", _("The client has not been checked in."))
    numbers = {dose.number for dose in facts.given}
    if number in numbers:
        yield Blocker(
            "dose_given", _("Dose %(number)s of this session was given before."), {"number": number}
        )
    if number > 1 and not facts.second_dose_allowed:
        yield Blocker("second_dose_not_allowed", _("The protocol does not allow a second dose."))
    if number > 1 and number - 1 not in numbers:
        yield Blocker("first_dose_missing", _("There was no first dose."))


def _signature_blockers(facts: BeforeDose) -> Iterable[Blocker]:
    if facts.needs_therapist:
        if facts.fit is None:
            yield Blocker("fit_missing", _("The therapist has not signed that the client is fit today."))
        elif not facts.fit.is_yes:
            yield Blocker("not_fit", _("The therapist signed that the client is not fit today."))
    if facts.cleared is None:
        yield Blocker("cleared_missing", _("The prescriber has not signed that the dose is cleared."))
    elif not facts.cleared.is_yes:
        yield Blocker("not_cleared", _("The prescriber signed that the dose is not cleared."))


def _vitals_blockers(facts: BeforeDose, now: datetime) -> Iterable[Blocker]:
    if not facts.readings:
        yield Blocker("vitals_missing", _("There are no vitals before the dose."))
        return
    last, limits = facts.readings[-1], facts.limits
    if now - last.at > limits.valid_for:
        yield Blocker(
            "vitals_too_old",
            _("The last vitals are older than %(minutes)s min."),
            {"minutes": limits.valid_for // timedelta(minutes=1)},
        )
    if last.spo2 is None and limits.spo2_required:
        yield Blocker("spo2_missing", _("The protocol requires an oxygen saturation, and none was taken."))
    held = vitals.hold_blockers(facts.readings, limits, now=now)
    if held:
        yield from held
        return
    signed = facts.cleared
    if signed is not None and signed.is_yes and signed.accepts == last.id:
        return
    for remark in vitals.needs_acceptance(last, limits):
        yield Blocker(
            "vitals_not_accepted",
            _(
                "%(systolic)s/%(diastolic)s, pulse %(heart_rate)s: out of range, "
                "and no prescriber accepted this reading."
            ),
            {
                "systolic": last.systolic,
                "diastolic": last.diastolic,
                "heart_rate": last.heart_rate,
                "because": remark.code,
            },
        )
        return


def _presence_blockers(facts: BeforeDose) -> Iterable[Blocker]:
    """Locked for Spravato. Source: Spravato REMS."""
    if facts.needs_prescriber_on_site and not facts.is_prescriber_on_site:
        yield Blocker("prescriber_not_on_site", _("The prescriber who is booked is not on site now."))


def order_blockers(
    wanted: WantedDose, order: Order, *, second_dose_max: Decimal | None, day: date
) -> tuple[Blocker, ...]:
    """Every reason why what is to be given is not what was ordered."""
    found = list(_validity_blockers(order, day))
    if wanted.route != order.route:
        found.append(
            Blocker(
                "wrong_route",
                _("Ordered for another route (%(ordered)s) than this (%(given)s)."),
                {"ordered": order.route, "given": wanted.route},
            )
        )
    if wanted.is_self_administered and not wanted.witnessed_by:
        found.append(Blocker("witness_missing", _("Say who saw the client take it.")))
    most, of_unit = _ordered_mg(wanted, order)
    found += of_unit
    if most is not None and wanted.number > 1 and second_dose_max is not None:
        most = min(most, second_dose_max)
    if most is not None and wanted.amount > most:
        found.append(
            Blocker(
                "above_the_order",
                _("%(amount)s mg is more than may be given, %(most)s mg."),
                {"amount": balances.shown(wanted.amount), "most": balances.shown(most)},
            )
        )
    return tuple(found)


def _validity_blockers(order: Order, day: date) -> Iterable[Blocker]:
    if not order.is_in_force:
        yield Blocker("prescription_not_in_force", _("This prescription is a draft, lost, or revoked."))
    if order.issued_on is None or order.valid_through_on is None:
        return
    if not order.issued_on <= day <= order.valid_through_on:
        yield Blocker(
            "prescription_not_valid_today",
            _("This prescription is valid from %(first)s to %(last)s."),
            {"first": order.issued_on.isoformat(), "last": order.valid_through_on.isoformat()},
        )


def _ordered_mg(wanted: WantedDose, order: Order) -> tuple[Decimal | None, list[Blocker]]:
    """The most that may be given at once, in mg; None, with the reasons, when that can't be said."""
    if wanted.unit != MG:
        return None, [
            Blocker(
                "wrong_unit", _("What is given is recorded in mg, not in %(unit)s."), {"unit": wanted.unit}
            )
        ]
    if order.unit == MG:
        return order.amount, []
    if order.unit == MG_PER_KG:
        if wanted.weight_kg is None:
            return None, [Blocker("weight_missing", _("The order is by weight: say the weight of today."))]
        return order.amount * wanted.weight_kg, []
    return None, [Blocker("wrong_unit", _("The order is in %(unit)s, not in mg."), {"unit": order.unit})]


def holds_course(*, severity: str, is_serious: bool, holds_from: str) -> bool:
    """Whether an adverse event holds the rest of the course. A serious one always does."""
    if is_serious or holds_from == "serious":
        return is_serious
    return SEVERITIES.index(severity) >= SEVERITIES.index(holds_from)
