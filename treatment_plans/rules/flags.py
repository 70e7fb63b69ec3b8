"""What open findings of the screening and results that ended mean for a session on its day. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _
from treatment_plans.rules.screening import BLOCKING

ACCEPTED, CONDITIONAL, NOT_NOW, MISTAKE = "accepted", "conditional", "not_now", "mistake"


@dataclass(frozen=True, slots=True)
class FlagFact:
    """A flag and its latest disposition; `decision` is None while nobody has disposed of it.

    No `routes` means all of them. `result_kind` names the result without which it may not be left behind.
    """

    id: int
    effect: str
    routes: frozenset[str]
    fact: str
    result_kind: str
    decision: str | None = None
    valid_through_on: date | None = None

    def counts_for(self, route: str) -> bool:
        return self.effect in BLOCKING and (not self.routes or route in self.routes)

    def is_open(self, day: date) -> bool:
        """Nobody has disposed of it, or the day to look again has passed."""
        ended_on = self.valid_through_on
        return self.decision is None or (ended_on is not None and ended_on < day)


@dataclass(frozen=True, slots=True)
class ResultFact:
    id: int
    kind: str
    taken_on: date
    valid_through_on: date | None = None


def screening_blockers(
    flags: Iterable[FlagFact], results: Iterable[ResultFact], *, route: str, day: date
) -> tuple[Blocker, ...]:
    """List what the screening has against a dose by `route` on the clinic-local `day`.

    Of the results of a kind the latest counts, whatever an older one says.
    """
    counting = [flag for flag in flags if flag.counts_for(route)]
    found = [blocker for flag in counting if (blocker := _judge(flag, day)) is not None]
    needed = {flag.result_kind for flag in counting if flag.result_kind and flag.decision != MISTAKE}
    results = tuple(results)
    for kind in sorted(needed):
        of_kind = [result for result in results if result.kind == kind]
        if not of_kind:
            found.append(
                Blocker(
                    "result_missing",
                    _("A result that the screening asks for is missing: %(kind)s."),
                    {"kind": kind},
                )
            )
            continue
        ended_on = max(of_kind, key=lambda each: (each.taken_on, each.id)).valid_through_on
        if ended_on is not None and ended_on < day:
            params = {"kind": kind, "ended_on": ended_on.isoformat()}
            found.append(Blocker("result_expired", _("The result ended on %(ended_on)s: %(kind)s."), params))
    return tuple(found)


def _judge(flag: FlagFact, day: date) -> Blocker | None:
    params: dict[str, str | int] = {"flag": flag.id, "fact": flag.fact}
    if flag.decision is None:
        return Blocker(
            "screening_flag_open", _("A prescriber has not disposed of this yet: %(fact)s"), params
        )
    if flag.decision == NOT_NOW:
        return Blocker(
            "screening_flag_not_now", _("A prescriber decided against treatment now: %(fact)s"), params
        )
    if flag.valid_through_on is not None and flag.valid_through_on < day:
        params["ended_on"] = flag.valid_through_on.isoformat()
        return Blocker(
            "screening_flag_due_again", _("To be looked at again since %(ended_on)s: %(fact)s"), params
        )
    return None
