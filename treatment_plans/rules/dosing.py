"""May the dose be given, may the client leave, does the course go on? Pure: facts in, blockers out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from treatment_plans.rules import vitals
from treatment_plans.rules.vitals import Limits, Reading

# Locked. Source: Spravato US labelling and REMS documents, counted from the first device.
SPRAVATO, SPRAVATO_OBSERVATION = "spravato", timedelta(minutes=120)
IV = "iv"
MG, MG_PER_KG = "mg", "mg_per_kg"
SEVERITIES = ("mild", "moderate", "severe")

# A reason of this code stands whatever a prescriber says.
LOCKED = frozenset(
    {"observation_locked", "no_dose", "no_serious_event", "discharge_signer_not_licensed", "left_before"}
)


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
                {"amount": _plain(wanted.amount), "most": _plain(most)},
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """How the client is, as whoever signs says, and what the record has. `last` is the last reading."""

    route: str
    is_discharged: bool
    to_emergency_care: bool
    has_serious_event: bool
    given: Sequence[Given]
    infusion_ended_at: datetime | None
    min_observation: timedelta
    before: Reading | None
    last: Reading | None
    limits: Limits
    vitals_needed: bool
    lowest_sedation_score: int
    lowest_spo2: int
    bp_percent: int
    escort_needed: bool
    client_keeps_medicine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    sedation_score: int | None
    is_oriented: bool
    walks_steadily: bool
    nausea: str
    pain: str
    taken_over_by: str
    aftercare_given: bool
    medicine_remaining: int | None


def observed_from(facts: Leaving) -> datetime | None:
    """From when the observation counts: Spravato from the first device, IV from the end of the infusion,
    every other route from the last dose. None while it can't be said.
    """
    if not facts.given:
        return None
    times = [dose.at for dose in facts.given]
    if facts.route == SPRAVATO:
        return min(times)
    if facts.route == IV:
        ended = facts.infusion_ended_at
        return ended if ended is not None and ended >= max(times) else None
    return max(times)


def observed_until(facts: Leaving) -> datetime | None:
    """The first instant at which the client may leave by time alone."""
    begins = observed_from(facts)
    if begins is None:
        return None
    if facts.route == SPRAVATO:
        return begins + max(facts.min_observation, SPRAVATO_OBSERVATION)
    return begins + facts.min_observation


def time_blockers(facts: Leaving, *, now: datetime) -> tuple[Blocker, ...]:
    """Every reason why it is too early to leave, whoever asks and however the client is."""
    if facts.is_discharged:
        return (Blocker("left_before", _("The client has left before.")),)
    if not facts.given:
        return (Blocker("no_dose", _("No dose was given: end the session without a dose.")),)
    if facts.to_emergency_care:
        if facts.has_serious_event:
            return ()
        return (
            Blocker("no_serious_event", _("Record the serious adverse event that emergency care is for.")),
        )
    until = observed_until(facts)
    if until is None:
        return (
            Blocker("infusion_end_missing", _("Mark when the infusion ended: observation counts from it.")),
        )
    if now >= until:
        return ()
    left = -(-(until - now) // timedelta(minutes=1))
    params: dict[str, str | int] = {"until": until.isoformat(), "minutes": left}
    locked_until = (observed_from(facts) or until) + SPRAVATO_OBSERVATION if facts.route == SPRAVATO else None
    if locked_until is not None and now < locked_until:
        return (
            Blocker(
                "observation_locked",
                _("Observation lasts two hours from the first device: %(minutes)s min are left."),
                params,
            ),
        )
    return (
        Blocker(
            "observation_not_over",
            _("The protocol's observation is not over: %(minutes)s min are left."),
            params,
        ),
    )


def discharge_blockers(facts: Leaving, criteria: Criteria, *, now: datetime) -> tuple[Blocker, ...]:
    """Every reason why the client may not leave. Who leaves to emergency care has no criteria to meet."""
    too_early = time_blockers(facts, now=now)
    if facts.to_emergency_care or facts.is_discharged:
        return too_early
    return (*too_early, *_condition_blockers(facts, criteria), *_last_vitals_blockers(facts, now))


def _condition_blockers(facts: Leaving, criteria: Criteria) -> Iterable[Blocker]:
    if criteria.sedation_score is None:
        yield Blocker("sedation_score_missing", _("Say how awake the client is, by MOAA/S."))
    elif criteria.sedation_score < facts.lowest_sedation_score:
        yield Blocker(
            "sedated",
            _("MOAA/S is %(score)s; for leaving the protocol asks for %(wanted)s."),
            {"score": criteria.sedation_score, "wanted": facts.lowest_sedation_score},
        )
    if not criteria.is_oriented:
        yield Blocker("not_oriented", _("The client is not alert and oriented."))
    if not criteria.walks_steadily:
        yield Blocker("not_steady", _("The client does not walk steadily."))
    if criteria.nausea not in ("none", "mild"):
        yield Blocker("nausea", _("Nausea is more than mild."))
    if criteria.pain not in ("none", "mild"):
        yield Blocker("pain", _("Pain is more than mild."))
    if facts.escort_needed and not criteria.taken_over_by:
        yield Blocker("nobody_takes_over", _("Name the adult who takes over."))
    if not criteria.aftercare_given:
        yield Blocker("aftercare_missing", _("The aftercare instructions have not been given."))
    if facts.client_keeps_medicine and criteria.medicine_remaining is None:
        yield Blocker("medicine_not_counted", _("Count the medicine that remains."))


def _last_vitals_blockers(facts: Leaving, now: datetime) -> Iterable[Blocker]:
    last = facts.last
    if last is None or (facts.given and last.at <= max(dose.at for dose in facts.given)):
        if facts.vitals_needed:
            yield Blocker("vitals_missing", _("There are no vitals after the dose."))
        return
    if facts.vitals_needed and now - last.at > facts.limits.valid_for:
        yield Blocker(
            "vitals_too_old",
            _("The last vitals are older than %(minutes)s min."),
            {"minutes": facts.limits.valid_for // timedelta(minutes=1)},
        )
    if not _is_near(last, facts):
        yield Blocker(
            "bp_not_near_baseline",
            _(
                "%(systolic)s/%(diastolic)s is neither near the reading before the dose "
                "nor below %(top)s/%(bottom)s."
            ),
            {
                "systolic": last.systolic,
                "diastolic": last.diastolic,
                "top": facts.limits.warn_systolic,
                "bottom": facts.limits.warn_diastolic,
            },
        )
    if last.spo2 is None and facts.limits.spo2_required:
        yield Blocker("spo2_missing", _("The protocol requires an oxygen saturation, and none was taken."))
    elif last.spo2 is not None and last.spo2 < facts.lowest_spo2:
        yield Blocker(
            "spo2_too_low",
            _("Oxygen saturation is %(spo2)s %%; for leaving the protocol asks for %(wanted)s %%."),
            {"spo2": last.spo2, "wanted": facts.lowest_spo2},
        )


def _is_near(last: Reading, facts: Leaving) -> bool:
    """Near the first reading, or below the warning level. Source: domain conventions, docs/protocols.md."""
    limits = facts.limits
    if last.systolic < limits.warn_systolic and last.diastolic < limits.warn_diastolic:
        return True
    if facts.before is None:
        return False
    return all(
        abs(now - then) * 100 <= facts.bp_percent * then
        for now, then in (
            (last.systolic, facts.before.systolic),
            (last.diastolic, facts.before.diastolic),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedIn:
    """What the client said at the door, and what the protocol asks. None is what is not known."""

    last_food_at: datetime | None
    last_drink_at: datetime | None
    solids_fast: timedelta
    liquids_fast: timedelta
    brings_medicine: bool
    medicine_seen: bool | None
    ride_needed: bool
    has_ride_phone: bool
    has_new_medicines: bool | None
    is_ill: bool | None
    may_be_pregnant: bool | None
    has_bladder_symptoms: bool | None
    cssrs_wanted: bool
    has_cssrs: bool


def check_in_remarks(facts: CheckedIn, *, starts_at: datetime) -> tuple[Blocker, ...]:
    """What somebody should look at before the dose. Explained, never refused."""
    return (*_fasting_remarks(facts, starts_at), *_told_remarks(facts))


def _fasting_remarks(facts: CheckedIn, starts_at: datetime) -> Iterable[Blocker]:
    minute = timedelta(minutes=1)
    if facts.last_food_at is not None and starts_at - facts.last_food_at < facts.solids_fast:
        yield Blocker(
            "food_too_late",
            _("Ate %(minutes)s min before the start; the protocol asks for %(wanted)s min without food."),
            {"minutes": (starts_at - facts.last_food_at) // minute, "wanted": facts.solids_fast // minute},
        )
    if facts.last_drink_at is not None and starts_at - facts.last_drink_at < facts.liquids_fast:
        yield Blocker(
            "drink_too_late",
            _("Drank %(minutes)s min before the start; the protocol asks for %(wanted)s min without drinks."),
            {"minutes": (starts_at - facts.last_drink_at) // minute, "wanted": facts.liquids_fast // minute},
        )
    if facts.solids_fast and facts.last_food_at is None:
        yield Blocker("food_not_known", _("When the client last ate is not known."))


def _told_remarks(facts: CheckedIn) -> Iterable[Blocker]:
    if facts.brings_medicine and not facts.medicine_seen:
        yield Blocker("medicine_not_seen", _("The medicine has not been seen."))
    if facts.ride_needed and not facts.has_ride_phone:
        yield Blocker("ride_phone_missing", _("There is no phone number of the ride home."))
    if facts.has_new_medicines:
        yield Blocker("new_medicines", _("Medicines have changed: tell the prescriber."))
    if facts.is_ill:
        yield Blocker("ill", _("The client is ill: tell the prescriber."))
    if facts.may_be_pregnant:
        yield Blocker("may_be_pregnant", _("The client may be pregnant: tell the prescriber."))
    if facts.has_bladder_symptoms:
        yield Blocker("bladder_symptoms", _("The client has bladder symptoms: tell the prescriber."))
    if facts.cssrs_wanted and not facts.has_cssrs:
        yield Blocker("cssrs_missing", _("The C-SSRS screener for today has not been done."))


def holds_course(*, severity: str, is_serious: bool, holds_from: str) -> bool:
    """Whether an adverse event holds the rest of the course. A serious one always does."""
    if is_serious or holds_from == "serious":
        return is_serious
    return SEVERITIES.index(severity) >= SEVERITIES.index(holds_from)


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
