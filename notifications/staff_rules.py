"""Who of the staff hears of what, and how long ahead. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from practice import clock

AT_ONCE = frozenset({"sending_stopped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Told from `days_before` the last valid day on, at `local` on the practice's clock.

    To everybody in `roles`, and with `to_responsible` to the clinician whose matter it is.
    """

    kind: str
    days_before: int = 14
    local: time = time(7, 30)
    roles: frozenset[str] = frozenset()
    to_responsible: bool = False
    is_active: bool = True


DEFAULT_RULES: tuple[Rule, ...] = (
    Rule(kind="prescription_expiring", to_responsible=True),
    Rule(kind="clearance_expiring", to_responsible=True),
    Rule(kind="consent_expiring", roles=frozenset({"front_desk"})),
    Rule(kind="licence_expiring", days_before=60, roles=frozenset({"practice_admin"}), to_responsible=True),
    Rule(kind="rems_form_due", days_before=3, roles=frozenset({"nurse"}), to_responsible=True),
    # Told within minutes and not in the digest, so the days and the time of day don't matter.
    Rule(kind="vitals_overdue", days_before=0, roles=frozenset({"nurse"}), to_responsible=True),
    Rule(kind="failed_messages", days_before=0, roles=frozenset({"practice_admin", "front_desk"})),
    Rule(kind="sending_stopped", days_before=0, roles=frozenset({"practice_admin", "front_desk"})),
)


@dataclass(frozen=True, slots=True)
class Matter:
    """Something to be told of. `on` is its last valid day, or the day it happened."""

    kind: str
    subject_type: str
    subject_id: int
    on: date
    responsible: int | None = None
    client: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    user: int
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Notice:
    user: int
    matter: Matter
    due_at: datetime


def notices(
    matters: Iterable[Matter],
    people: Iterable[Person],
    rules: Iterable[Rule],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[Notice]:
    """Yield who is to be told of what, and from when on; the same whenever it is asked."""
    in_force = {rule.kind: rule for rule in rules if rule.is_active}
    people = list(people)
    today = clock.local_day(now, zone)
    for matter in matters:
        rule = in_force.get(matter.kind)
        if rule is None or not today <= matter.on <= today + timedelta(days=rule.days_before):
            continue
        due_at = now if matter.kind in AT_ONCE else _next(rule.local, zone, now)
        for person in people:
            is_theirs = rule.to_responsible and person.user == matter.responsible
            if is_theirs or person.roles & rule.roles:
                yield Notice(person.user, matter, due_at)


def _next(local: time, zone: ZoneInfo, now: datetime) -> datetime:
    """The next time that the practice's clock shows `local`."""
    day = clock.local_day(now, zone)
    at = clock.first_instant(datetime.combine(day, local), zone)
    return at if at >= now else clock.first_instant(datetime.combine(day + timedelta(days=1), local), zone)
