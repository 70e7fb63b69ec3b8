"""Outcome measures: what an answer may be, how answers are scored, and what a change of a score means.

Scores, bands and thresholds are facts about the published instruments (docs/measures.md has the sources).
A score never decides: it is shown, and an answer that sounds unsafe asks a person to look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

SCORER_VERSION = 1  # rises when the same answers would be scored differently

Answers = Mapping[str, int]  # by item, "1" to the last

HIGH, LOW = "high", "low"


@dataclass(frozen=True, slots=True)
class Band:
    """Scores of at least `from_score`, up to the next band."""

    from_score: int
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Score:
    """`total` is None where the answers make none. `alert` is "high", "low" or "" for no need to look.

    `parts` are totals of parts of the instrument, by code.
    """

    total: int | None
    band: str
    is_prorated: bool
    flags: tuple[str, ...]
    alert: str
    parts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """From a first score to a later one. `points` is positive for the better, whatever way the scale runs.

    The three verdicts are None for an instrument that has no such threshold.
    """

    points: int
    is_response: bool | None
    is_remission: bool | None
    is_reliable: bool | None


def _nothing(answers: Answers) -> tuple[tuple[str, ...], str]:
    return (), ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """Items count from "1". Each takes a whole number from 0 to `highest`.

    `optional_if` names items that are asked only after a yes (1) to another, by item. A total with up to
    `most_missing` unanswered items is prorated over the others; with more there is none.
    """

    code: str
    name: str
    version: int
    item_count: int
    highest: int
    bands: tuple[Band, ...] = ()
    most_missing: int = 0
    factor: int = 1
    rises_for_better: bool = False
    response_percent: int | None = None
    remission_below: int | None = None
    reliable_points: int | None = None
    optional_if: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    total_of: Callable[[Answers], int] = field(default=lambda answers: sum(answers.values()))
    parts_of: Callable[[Answers], Mapping[str, int]] = field(default=lambda answers: {})
    safety_of: Callable[[Answers], tuple[tuple[str, ...], str]] = _nothing
    has_total: bool = True

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(str(number) for number in range(1, self.item_count + 1))

    @property
    def most(self) -> int | None:
        """The highest total."""
        if not self.has_total:
            return None
        return self.total_of(dict.fromkeys(self.items, self.highest)) * self.factor


def answer_blockers(instrument: Instrument, answers: Answers) -> tuple[Blocker, ...]:
    """Every reason why these can't be answers to the instrument, in the order of its items.

    What was not answered is no reason unless so much is missing that nothing could be scored.
    """
    found = []
    for item in sorted(answers.keys() - set(instrument.items)):
        found.append(
            Blocker("no_such_item", _("%(name)s has no item %(item)s."), _about(instrument, str(item)[:20]))
        )
    for item in instrument.items:
        if item in answers and not 0 <= answers[item] <= instrument.highest:
            params = {**_about(instrument, item), "highest": instrument.highest}
            found.append(
                Blocker("out_of_range", _("Item %(item)s takes a number from 0 to %(highest)s."), params)
            )
        asked_if = instrument.optional_if.get(item)
        if asked_if is not None and item in answers and answers.get(asked_if) == 0:
            params = {**_about(instrument, item), "other": asked_if}
            found.append(
                Blocker("not_asked", _("Item %(item)s is asked only after a yes to %(other)s."), params)
            )
    missing = _missing(instrument, answers)
    if len(missing) > instrument.most_missing:
        params = {"name": instrument.name, "items": ", ".join(missing), "most": instrument.most_missing}
        found.append(
            Blocker("too_many_missing", _("%(name)s: no answer to %(items)s; at most %(most)s."), params)
        )
    return tuple(found)


def score(instrument: Instrument, answers: Answers) -> Score:
    """Score answers against which nothing speaks. Raises ValueError for others."""
    if answer_blockers(instrument, answers):
        raise ValueError("These are no answers to this instrument.")
    missing = _missing(instrument, answers)
    flags, alert = instrument.safety_of(answers)
    total = None
    if instrument.has_total:
        total = instrument.total_of(answers) * instrument.factor
        if missing:  # half up
            total = (2 * total * instrument.item_count + len(answers)) // (2 * len(answers))
    return Score(
        total=total,
        band=_band(instrument, total) if total is not None else alert or "none",
        is_prorated=bool(missing),
        flags=flags,
        alert=alert,
        parts=instrument.parts_of(answers) if not missing else {},
    )


def change(instrument: Instrument, first: int, later: int) -> Change:
    """What became of a first total. A remission needs a first score that was none."""
    points = later - first if instrument.rises_for_better else first - later
    remission, percent, reliable = (
        instrument.remission_below,
        instrument.response_percent,
        instrument.reliable_points,
    )
    return Change(
        points=points,
        is_response=None if percent is None else first > 0 and 100 * points >= percent * first,
        is_remission=None if remission is None else later < remission <= first,
        is_reliable=None if reliable is None else abs(points) >= reliable,
    )


def _about(instrument: Instrument, item: str) -> dict[str, str | int]:
    return {"name": instrument.name, "item": item}


def _missing(instrument: Instrument, answers: Answers) -> list[str]:
    return [
        item
        for item in instrument.items
        if item not in answers
        and (item not in instrument.optional_if or answers.get(instrument.optional_if[item]) == 1)
    ]


def _band(instrument: Instrument, total: int) -> str:
    return next((band.code for band in reversed(instrument.bands) if total >= band.from_score), "")


def _phq9_safety(answers: Answers) -> tuple[tuple[str, ...], str]:
    """Item 9 always needs a look, whatever the total; left out, it is asked again."""
    if "9" not in answers:
        return ("item_9_missing",), LOW
    return (("item_9",), HIGH if answers["9"] > 1 else LOW) if answers["9"] else ((), "")


def _cssrs_safety(answers: Answers) -> tuple[tuple[str, ...], str]:
    """By the highest item, never by a sum. Item 7 says whether 6 was within three months."""
    if answers.get("4") or answers.get("5") or answers.get("7"):
        return ("cssrs_high",), HIGH
    if answers.get("3") or answers.get("6"):
        return ("cssrs_moderate",), HIGH
    if answers.get("1") or answers.get("2"):
        return ("cssrs_low",), LOW
    return (), ""


def _clusters(answers: Answers) -> Mapping[str, int]:
    """PCL-5's clusters, and how many items of each count as symptoms (2 or more)."""
    clusters = {"b": range(1, 6), "c": range(6, 8), "d": range(8, 15), "e": range(15, 21)}
    totals = {name: sum(answers[str(item)] for item in items) for name, items in clusters.items()}
    symptoms = {
        f"{name}_symptoms": sum(answers[str(item)] >= 2 for item in items) for name, items in clusters.items()
    }
    return {**totals, **symptoms}


def _qids_total(answers: Answers) -> int:
    """Nine domains: the worst of sleep, of appetite and weight, of the psychomotor pair; and six singles."""
    worst = ((1, 2, 3, 4), (6, 7, 8, 9), (15, 16))
    singles = (5, 10, 11, 12, 13, 14)
    return sum(max(answers[str(item)] for item in group) for group in worst) + sum(
        answers[str(item)] for item in singles
    )


INSTRUMENTS: Mapping[str, Instrument] = MappingProxyType(
    {
        each.code: each
        for each in (
            Instrument(
                code="phq9",
                name="PHQ-9",
                version=1,
                item_count=9,
                highest=3,
                bands=(
                    Band(0, "minimal", _("minimal")),
                    Band(5, "mild", _("mild")),
                    Band(10, "moderate", _("moderate")),
                    Band(15, "moderately_severe", _("moderately severe")),
                    Band(20, "severe", _("severe")),
                ),
                most_missing=2,
                response_percent=50,
                remission_below=5,
                reliable_points=5,
                safety_of=_phq9_safety,
            ),
            Instrument(
                code="gad7",
                name="GAD-7",
                version=1,
                item_count=7,
                highest=3,
                bands=(
                    Band(0, "minimal", _("minimal")),
                    Band(5, "mild", _("mild")),
                    Band(10, "moderate", _("moderate")),
                    Band(15, "severe", _("severe")),
                ),
                response_percent=50,
                remission_below=5,
                reliable_points=6,
            ),
            Instrument(
                code="pcl5",
                name="PCL-5",
                version=1,
                item_count=20,
                highest=4,
                bands=(
                    Band(0, "below", _("below the cut-off")),
                    Band(31, "probable", _("at or above the cut-off")),
                ),
                reliable_points=10,
                parts_of=_clusters,
            ),
            Instrument(
                code="cssrs",
                name="C-SSRS screener",
                version=1,
                item_count=7,
                highest=1,
                optional_if=MappingProxyType({"3": "2", "4": "2", "5": "2", "7": "6"}),
                safety_of=_cssrs_safety,
                has_total=False,
            ),
            Instrument(
                code="who5",
                name="WHO-5",
                version=1,
                item_count=5,
                highest=5,
                factor=4,
                bands=(
                    Band(0, "low", _("low")),
                    Band(51, "usual", _("usual")),
                ),
                rises_for_better=True,
                reliable_points=10,
            ),
            Instrument(
                code="qids16",
                name="QIDS-SR16",
                version=1,
                item_count=16,
                highest=3,
                bands=(
                    Band(0, "none", _("none")),
                    Band(6, "mild", _("mild")),
                    Band(11, "moderate", _("moderate")),
                    Band(16, "severe", _("severe")),
                    Band(21, "very_severe", _("very severe")),
                ),
                response_percent=50,
                remission_below=6,
                total_of=_qids_total,
            ),
            Instrument(
                code="madrs",
                name="MADRS",
                version=1,
                item_count=10,
                highest=6,
                bands=(
                    Band(0, "minimal", _("minimal")),
                    Band(7, "mild", _("mild")),
                    Band(20, "moderate", _("moderate")),
                    Band(35, "severe", _("severe")),
                ),
                response_percent=50,
                remission_below=10,
            ),
            Instrument(code="cadss6", name="CADSS-6", version=1, item_count=6, highest=4),
        )
    }
)
