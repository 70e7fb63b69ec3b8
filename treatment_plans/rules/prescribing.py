"""What a prescription has to say before it counts as signed, and in what state it is. Amounts are Decimal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from practice import identifiers
from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from treatment_plans.rules import balances
from treatment_plans.rules.supply import schedule_iii_blockers

# What a prescription for a controlled medicine has to show. Source: 21 CFR 1306.05(a), docs/supply.md.
_REQUIRED = {
    "client_name": _("The client's full name is missing."),
    "client_address": _("The client's address is missing."),
    "drug": _("The drug is missing."),
    "strength_amount": _("The strength is missing."),
    "strength_unit": _("The unit of the strength is missing."),
    "form": _("The form is missing."),
    "quantity": _("The quantity is missing."),
    "units_per_dose": _("How much is taken for one dose is missing."),
    "directions": _("The directions are missing."),
    "issued_on": _("The day of issue is missing."),
    "valid_through_on": _("The last valid day is missing."),
    "reference": _("The reference of the e-prescribing system is missing."),
    "prescriber_name": _("The prescriber's name is missing."),
    "prescriber_address": _("The clinic has no address, which the prescriber's signature needs."),
    "dea_number": _("The prescriber has no DEA number on record."),
}

# What each form is counted in, and whether its strength goes by volume.
_COUNTED_IN = {
    "solution": "ml",
    "nasal_spray": "ml",
    "troche": "troche",
    "tablet": "tablet",
    "capsule": "capsule",
    "device": "device",
}
_BY_VOLUME = "mg_per_ml"
ROUNDING = Decimal("0.01")  # how far a dose may be from what its units contain, for volumes are rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is to be signed. Texts that are missing are "", the rest is None."""

    client_name: str
    client_address: str
    drug: str
    strength_amount: Decimal | None
    strength_unit: str
    form: str
    dose_amount: Decimal
    dose_unit: str
    doses_per_fill: int
    quantity: Decimal | None
    quantity_unit: str
    units_per_dose: Decimal | None
    days_supply: int | None
    refills: int
    directions: str
    issued_on: date | None
    valid_through_on: date | None
    reference: str
    prescriber_name: str
    prescriber_address: str
    dea_number: str
    replaces_one_in_force: bool = False


@dataclass(frozen=True, slots=True)
class StateLimit:
    """What a state allows beyond federal law, from its row; None where it says nothing."""

    state: str
    most_days_supply: int | None = None
    counts_refills: bool = False
    most_valid_days: int | None = None
    refill_days_before: int | None = None
    pdmp_check: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was looked up before. A check of the monitoring programme counts before `pdmp_due_on`.

    From `in_person_from_on` on a client has to have been seen in person; None where that is not in use.
    """

    pdmp_due_on: date | None = None
    in_person_from_on: date | None = None
    seen_on: date | None = None


def state_blockers(
    limit: StateLimit | None, *, days_supply: int | None, refills: int, days_valid: int | None
) -> tuple[Blocker, ...]:
    """List what the client's state does not allow. What is not known is asked for where there is a limit."""
    if limit is None:
        return ()
    blockers = []
    params: dict[str, str | int] = {"state": limit.state}
    if limit.most_days_supply is not None and days_supply is None:
        blockers.append(
            Blocker(
                "missing_days_supply",
                _("How long a fill lasts is missing: %(state)s limits it."),
                params,
            )
        )
    elif limit.most_days_supply is not None and days_supply is not None:
        days = days_supply * (1 + refills if limit.counts_refills else 1)
        if days > limit.most_days_supply:
            blockers.append(
                Blocker(
                    "state_days_supply",
                    _("%(state)s allows a supply of %(most)s days; this is for %(days)s."),
                    {**params, "most": limit.most_days_supply, "days": days},
                )
            )
    if limit.most_valid_days is not None and days_valid is not None and days_valid > limit.most_valid_days:
        blockers.append(
            Blocker(
                "state_valid_days",
                _("In %(state)s a prescription is valid for %(most)s days; this one for %(days)s."),
                {**params, "most": limit.most_valid_days, "days": days_valid},
            )
        )
    return tuple(blockers)


def pdmp_blockers(limit: StateLimit | None, looked: Looked, *, today: date) -> tuple[Blocker, ...]:
    """Whether the monitoring programme was looked into recently enough; the row says if that only warns."""
    if limit is None or limit.pdmp_check == "none":
        return ()
    if looked.pdmp_due_on is not None and today < looked.pdmp_due_on:
        return ()
    return (
        Blocker(
            "pdmp_check_due",
            _("The monitoring programme of %(state)s has to be looked into."),
            {"state": limit.state},
        ),
    )


def in_person_blockers(looked: Looked, *, today: date) -> tuple[Blocker, ...]:
    """Whether an evaluation in person is on file, from the day on which the rule applies."""
    if looked.in_person_from_on is None or today < looked.in_person_from_on or looked.seen_on is not None:
        return ()
    return (
        Blocker(
            "in_person_evaluation_missing",
            _("Since %(from_on)s the client has to have been evaluated in person."),
            {"from_on": looked.in_person_from_on.isoformat()},
        ),
    )


def refill_blockers(
    limit: StateLimit | None, *, last_filled_on: date | None, days_supply: int | None, day: date
) -> tuple[Blocker, ...]:
    """Whether a refill comes too early for the state: before so many days are left of the last fill."""
    if limit is None or limit.refill_days_before is None or last_filled_on is None or days_supply is None:
        return ()
    possible_on = last_filled_on + timedelta(days=max(0, days_supply - limit.refill_days_before))
    if day >= possible_on:
        return ()
    return (
        Blocker(
            "refill_too_early",
            _("In %(state)s the next refill is possible from %(possible_on)s."),
            {"state": limit.state, "possible_on": possible_on.isoformat()},
        ),
    )


def signing_blockers(content: Content, *, today: date) -> tuple[Blocker, ...]:
    """List every reason why this can't count as signed on `today`, the clinic-local day."""
    return (
        *_missing(content),
        *_dea_blockers(content.dea_number),
        *_date_blockers(content, today),
        *_unit_blockers(content),
        *_quantity_blockers(content),
        *_replacement_blockers(content),
    )


def state(
    status: str,
    *,
    is_in_force: bool,
    valid_through_on: date | None,
    day: date,
    prescribed: Decimal,
    used: Decimal,
) -> str:
    """The stored status, or what has become of a prescription in force: in use, exhausted, expired.

    `prescribed` counts all fills; what is used up is exhausted before it is expired.
    """
    if not is_in_force:
        return status
    if used >= prescribed:
        return "exhausted"
    if valid_through_on is not None and valid_through_on < day:
        return "expired"
    return "in_use" if used > 0 else status


def _missing(content: Content) -> Iterator[Blocker]:
    for name, message in _REQUIRED.items():
        value = getattr(content, name)
        if value is None or (isinstance(value, str) and not value.strip()):
            yield Blocker(f"missing_{name}", message, {"field": name})


def _dea_blockers(number: str) -> Iterator[Blocker]:
    if number and not identifiers.dea_is_well_formed(number):
        yield Blocker("dea_number_malformed", _("The prescriber's DEA number is not well-formed."))


def _date_blockers(content: Content, today: date) -> Iterator[Blocker]:
    if content.issued_on is None:
        return
    if content.issued_on > today:
        yield Blocker(
            "issued_ahead",
            _("It is dated %(issued_on)s, which lies ahead; it is signed on the day of issue."),
            {"issued_on": content.issued_on.isoformat()},
        )
    if content.valid_through_on is None:
        return
    if content.valid_through_on < content.issued_on:
        yield Blocker("ends_before_it_begins", _("The last day can't come before the first."))
    yield from schedule_iii_blockers(content.issued_on, content.valid_through_on, content.refills)


def _unit_blockers(content: Content) -> Iterator[Blocker]:
    """Never mg where mL is meant: form, strength and count go together."""
    counted_in = _COUNTED_IN.get(content.form)
    if counted_in is None:
        return
    if content.quantity_unit != counted_in:
        yield Blocker(
            "wrong_unit",
            _("This is counted in %(counted_in)s, not in %(unit)s; nothing is converted."),
            {"unit": content.quantity_unit, "counted_in": counted_in},
        )
    if content.strength_unit and (content.strength_unit == _BY_VOLUME) != (counted_in == "ml"):
        yield Blocker("strength_of_another_form", _("The strength of this form is given in another unit."))


def _replacement_blockers(content: Content) -> Iterator[Blocker]:
    if content.replaces_one_in_force:
        yield Blocker(
            "replaced_still_in_force",
            _("The prescription that it replaces is still in force: revoke it, or report it lost, first."),
        )


def _quantity_blockers(content: Content) -> Iterator[Blocker]:
    """Whether strength, dose and quantity agree; a dose by body weight can't be compared."""
    per_dose, strength = content.units_per_dose, content.strength_amount
    if per_dose is None:
        return
    if content.quantity is not None and content.quantity < per_dose * content.doses_per_fill:
        yield Blocker(
            "quantity_too_small",
            _("%(doses)s doses need more than the quantity of one fill."),
            {"doses": content.doses_per_fill},
        )
    if strength is None or content.dose_unit != "mg":
        return
    contained = per_dose * strength
    if abs(contained - content.dose_amount) > ROUNDING * content.dose_amount:
        yield Blocker(
            "dose_does_not_match_strength",
            _("One dose is %(dose)s mg, but contains %(contained)s mg."),
            {"dose": balances.shown(content.dose_amount), "contained": balances.shown(contained)},
        )
