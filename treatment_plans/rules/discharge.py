"""May the client leave? Pure: facts in, blockers out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from treatment_plans.rules.dosing import Given
from treatment_plans.rules.vitals import Limits, Reading

# Locked. Source: Spravato US labelling and REMS documents, counted from the first device.
SPRAVATO, SPRAVATO_OBSERVATION = "spravato", timedelta(minutes=120)
IV = "iv"

# A reason of this code stands whatever a prescriber says.
LOCKED = frozenset(
    {"observation_locked", "no_dose", "no_serious_event", "discharge_signer_not_licensed", "left_before"}
)


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
