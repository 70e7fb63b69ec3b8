"""Which prescription each dose uses. Worked out anew each time; nothing is stored."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

# What a renewal puts right: with nothing else against it, a dose may be kept as tentative until then.
WAITS_FOR_RENEWAL = frozenset(
    {
        "prescription_expired",
        "prescription_lost",
        "prescription_missing",
        "prescription_not_signed",
        "prescription_not_yet_valid",
        "prescription_used_up",
    }
)
SCHEDULE_III_MAX_REFILLS = 5
SCHEDULE_III_MAX_MONTHS = 6


@dataclass(frozen=True, slots=True)
class PrescriptionFact:
    """`doses` counts all fills: doses per fill, times one more than the refills.

    A draft, which may have no days yet, covers every day and serves no dose.
    """

    id: int
    route: str
    valid_from_on: date
    valid_through_on: date
    revoked_at: datetime | None
    doses: int
    is_signed: bool = True
    lost_at: datetime | None = None

    def covers(self, day: date) -> bool:
        return self.valid_from_on <= day <= self.valid_through_on

    def is_revoked(self, at: datetime) -> bool:
        """Whether it was revoked by `at`; revoked at that very instant is revoked."""
        return self.revoked_at is not None and self.revoked_at <= at

    def is_lost(self, at: datetime) -> bool:
        return self.lost_at is not None and self.lost_at <= at

    def is_in_force(self, at: datetime) -> bool:
        return self.is_signed and not self.is_revoked(at) and not self.is_lost(at)


@dataclass(frozen=True, slots=True)
class DoseFact:
    """One dosing session of a client, booked, proposed (`booking_id` None) or `done`.

    `day` is the clinic-local date of `starts_at`.
    """

    booking_id: int | None
    route: str
    starts_at: datetime
    day: date
    done: bool = False
    plan_id: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    used: int
    booked: int
    left: int


def allocate(
    prescriptions: Iterable[PrescriptionFact], doses: Iterable[DoseFact]
) -> dict[DoseFact, int | None]:
    """Give each dose the id of the prescription it uses, or None when there is none for it.

    Doses go in order of time; each takes, of the prescriptions of its route that are valid on
    its day and not revoked by its start and that have a dose left, the one that ends first. So a
    renewal is used when the older one is used up or over, and no other choice would serve more
    doses. The order of the arguments does not matter.
    """
    ordered = sorted(set(doses), key=_in_time)
    serves = {each: _places(each, ordered) for each in prescriptions}
    # The last dose it could serve tells the end, because a revocation ends it early. Ties by date, then id.
    by_end = sorted(
        (each for each, places in serves.items() if places),
        key=lambda each: (max(serves[each]), each.valid_through_on, each.valid_from_on, each.id),
    )
    left = {each.id: each.doses for each in by_end}
    allocation: dict[DoseFact, int | None] = {}
    for place, dose in enumerate(ordered):
        taken = next((each.id for each in by_end if place in serves[each] and left[each.id] > 0), None)
        if taken is not None:
            left[taken] -= 1
        allocation[dose] = taken
    return allocation


def tally(prescriptions: Iterable[PrescriptionFact], doses: Iterable[DoseFact]) -> dict[int, Tally]:
    """Count, by prescription id, the doses that are used (done), booked (not done yet) and left."""
    prescriptions = tuple(prescriptions)
    allocation = allocate(prescriptions, doses)
    used = Counter(taken for dose, taken in allocation.items() if dose.done)
    booked = Counter(taken for dose, taken in allocation.items() if not dose.done)
    return {
        each.id: Tally(used[each.id], booked[each.id], each.doses - used[each.id] - booked[each.id])
        for each in prescriptions
    }


def waits_for_renewal(blockers: Iterable[Blocker]) -> bool:
    """Whether there are reasons, and a renewal would lift them all without taking a later booking's dose."""
    blockers = tuple(blockers)
    return bool(blockers) and all(
        each.code in WAITS_FOR_RENEWAL and "needed_later" not in each.params for each in blockers
    )


def left_without(
    prescriptions: Iterable[PrescriptionFact], doses: Iterable[DoseFact]
) -> dict[int, list[DoseFact]]:
    """The doses to come for which nothing is left, by the prescription of their route that ends last."""
    prescriptions = tuple(prescriptions)
    missing: dict[int, list[DoseFact]] = {each.id: [] for each in prescriptions}
    for dose, taken in allocate(prescriptions, doses).items():
        of_route = [each for each in prescriptions if each.route == dose.route]
        if taken is None and not dose.done and of_route:
            missing[max(of_route, key=lambda each: (each.valid_through_on, each.id)).id].append(dose)
    return missing


def prescription_blockers(
    prescriptions: Iterable[PrescriptionFact],
    other_doses: Iterable[DoseFact],
    dose: DoseFact,
    *,
    may_displace: bool,
) -> tuple[Blocker, ...]:
    """List why no prescription serves `dose` beside the client's `other_doses` (this one not among them).

    Unless it `may_displace`, a dose is also refused when a later booking would be left without:
    what is booked keeps its supply until it is moved or cancelled.
    """
    prescriptions, other_doses = tuple(prescriptions), tuple(other_doses)
    allocation = allocate(prescriptions, (*other_doses, dose))
    if allocation[dose] is not None and (
        may_displace or not _displaces(allocation, allocate(prescriptions, other_doses))
    ):
        return ()
    covering = [each for each in prescriptions if each.covers(dose.day)]
    usable = [each for each in covering if each.is_in_force(dose.starts_at)]
    of_route = [each for each in usable if each.route == dose.route]
    if of_route:
        tallies = tally(prescriptions, other_doses)
        used_up = _used_up([each.doses for each in of_route], [tallies[each.id] for each in of_route])
        return (used_up if allocation[dose] is None else used_up.with_params(needed_later=1),)
    ended = _not_in_force([each for each in covering if each.route == dose.route], dose.starts_at)
    if ended:
        return ended
    if out_of_date := _out_of_date([each for each in prescriptions if each.route == dose.route], dose.day):
        return out_of_date
    if not usable:
        return (Blocker("prescription_missing", _("There is no prescription.")),)
    return (_wrong_route({each.route for each in usable}, dose.route),)


def use_blockers(
    prescription: PrescriptionFact, *, route: str | None, at: datetime, day: date
) -> tuple[Blocker, ...]:
    """List why nothing of this prescription may be handed out or given at `at`, on the clinic-local `day`.

    `route` is the one that the medicine is given by, None when it is only handed out.
    """
    blockers = [*_not_in_force([prescription], at), *_out_of_date([prescription], day)]
    if route is not None and route != prescription.route:
        blockers.append(_wrong_route({prescription.route}, route))
    return tuple(blockers)


def last_schedule_iii_day(issued_on: date) -> date:
    """Return the last day on which a prescription issued on `issued_on` may be filled or refilled.

    Six calendar months on; the end of the month when that month has no such day (31 August: 28 or
    29 February). Source: 21 CFR 1306.22.
    """
    months = issued_on.month - 1 + SCHEDULE_III_MAX_MONTHS
    year, month = issued_on.year + months // 12, months % 12 + 1
    return date(year, month, min(issued_on.day, calendar.monthrange(year, month)[1]))


def schedule_iii_blockers(issued_on: date, valid_through_on: date, refills: int) -> tuple[Blocker, ...]:
    """List what a Schedule III prescription may not have. Source: 21 CFR 1306.22. States may be stricter."""
    blockers = []
    if refills > SCHEDULE_III_MAX_REFILLS:
        blockers.append(
            Blocker(
                "prescription_too_many_refills",
                _("At most %(most)s refills are allowed; this prescription has %(refills)s."),
                {"most": SCHEDULE_III_MAX_REFILLS, "refills": refills},
            )
        )
    last_on = last_schedule_iii_day(issued_on)
    if valid_through_on > last_on:
        blockers.append(
            Blocker(
                "prescription_valid_too_long",
                _("A prescription ends at most %(months)s months after its issue: by %(last_on)s."),
                {"months": SCHEDULE_III_MAX_MONTHS, "last_on": last_on.isoformat()},
            )
        )
    return tuple(blockers)


def _in_time(dose: DoseFact) -> tuple[datetime, date, bool, int, str, bool]:
    return dose.starts_at, dose.day, dose.booking_id is None, dose.booking_id or 0, dose.route, dose.done


def _places(prescription: PrescriptionFact, ordered: list[DoseFact]) -> frozenset[int]:
    """The places in `ordered` of the doses that the prescription could serve, supply aside."""
    return frozenset(
        place
        for place, dose in enumerate(ordered)
        if dose.route == prescription.route
        and prescription.covers(dose.day)
        and prescription.is_in_force(dose.starts_at)
    )


def _displaces(after: Mapping[DoseFact, int | None], before: Mapping[DoseFact, int | None]) -> bool:
    return any(after[dose] is None for dose, taken in before.items() if taken is not None)


def _used_up(doses: list[int], tallies: list[Tally]) -> Blocker:
    return Blocker(
        "prescription_used_up",
        _("No dose is left: %(doses)s prescribed, %(used)s used, %(booked)s booked."),
        {
            "doses": sum(doses),
            "used": sum(each.used for each in tallies),
            "booked": sum(each.booked for each in tallies),
        },
    )


def _not_in_force(prescriptions: list[PrescriptionFact], at: datetime) -> tuple[Blocker, ...]:
    """Why those that would be for this day don't count."""
    revoked_at = [
        each.revoked_at for each in prescriptions if each.revoked_at is not None and each.is_revoked(at)
    ]
    lost_at = [each.lost_at for each in prescriptions if each.lost_at is not None and each.is_lost(at)]
    blockers = []
    if revoked_at:
        blockers.append(
            Blocker(
                "prescription_revoked",
                _("The prescription for this day was revoked."),
                {"revoked_at": max(revoked_at).isoformat()},
            )
        )
    if lost_at:
        blockers.append(
            Blocker(
                "prescription_lost",
                _("The prescription for this day was reported lost."),
                {"lost_at": max(lost_at).isoformat()},
            )
        )
    if any(not each.is_signed and not each.is_revoked(at) for each in prescriptions):
        blockers.append(
            Blocker("prescription_not_signed", _("The prescription for this day has not been signed yet."))
        )
    return tuple(blockers)


def _wrong_route(prescribed: set[str], planned: str) -> Blocker:
    return Blocker(
        "prescription_wrong_route",
        _("The prescription is for another route (%(prescribed)s) than the plan (%(planned)s)."),
        {"prescribed": ", ".join(sorted(prescribed)), "planned": planned},
    )


def _out_of_date(prescriptions: list[PrescriptionFact], day: date) -> tuple[Blocker, ...]:
    ended = [each.valid_through_on for each in prescriptions if each.valid_through_on < day]
    upcoming = [each.valid_from_on for each in prescriptions if each.valid_from_on > day]
    blockers = []
    if ended:
        blockers.append(
            Blocker(
                "prescription_expired",
                _("The prescription ended on %(ended_on)s."),
                {"ended_on": max(ended).isoformat()},
            )
        )
    if upcoming:
        blockers.append(
            Blocker(
                "prescription_not_yet_valid",
                _("The prescription is valid only from %(valid_from_on)s."),
                {"valid_from_on": min(upcoming).isoformat()},
            )
        )
    return tuple(blockers)
