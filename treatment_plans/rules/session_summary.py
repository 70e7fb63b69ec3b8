"""A first draft of a session's note, in plain sentences, from what was written down meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from practice.blockers import gettext_noop as _
from treatment_plans.rules.vitals import Reading


@dataclass(frozen=True, slots=True)
class Sentence:
    """`message` is an English msgid with %(name)s holes."""

    message: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def text(self, translate: Callable[[str], str]) -> str:
        return translate(self.message) % self.params


@dataclass(frozen=True, slots=True)
class GivenDose:
    """`amount` with its unit and `by` are words."""

    at: datetime
    amount: str
    witnessed_by: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A mark: what it says, in words, and what was written to it."""

    at: datetime
    what: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryFacts:
    """All in the order of their times; corrected entries are left out. Words come translated."""

    intention: str = ""
    before: Reading | None = None
    doses: Sequence[GivenDose] = ()
    after: Sequence[Reading] = ()
    marks: Sequence[Seen] = ()
    events: Sequence[Seen] = ()
    left_at: datetime | None = None
    taken_over_by: str = ""
    no_dose_because: str = ""


def session_summary(facts: SummaryFacts, *, zone: ZoneInfo) -> tuple[Sentence, ...]:
    """One sentence for each thing that is on record, in the order in which it happened."""
    return tuple(_sentences(facts, zone))


def _sentences(facts: SummaryFacts, zone: ZoneInfo) -> Iterator[Sentence]:
    if facts.intention:
        yield Sentence(_("Intention: %(text)s."), {"text": facts.intention.rstrip(".")})
    if facts.before is not None:
        yield Sentence(
            _("Before the dose, at %(time)s: %(vitals)s."),
            {"time": _clock(facts.before.at, zone), "vitals": _vitals(facts.before)},
        )
    for dose in facts.doses:
        params: dict[str, str | int] = {"amount": dose.amount, "time": _clock(dose.at, zone)}
        if dose.witnessed_by:
            yield Sentence(
                _("%(amount)s taken at %(time)s, witnessed by %(witness)s."),
                {**params, "witness": dose.witnessed_by},
            )
        else:
            yield Sentence(_("%(amount)s given at %(time)s."), params)
    first = facts.doses[0].at if facts.doses else None
    yield from (_seen(mark, first) for mark in facts.marks)
    yield from _course_of_vitals(facts.after, first)
    for event in facts.events:
        yield Sentence(_("Adverse event: %(what)s."), {"what": _with_text(event), **_since(event.at, first)})
    yield from _end(facts, zone)


def _seen(mark: Seen, first: datetime | None) -> Sentence:
    since = _since(mark.at, first)
    if not since:
        return Sentence(_("Before the dose: %(what)s."), {"what": _with_text(mark)})
    return Sentence(_("After %(minutes)s min: %(what)s."), {"what": _with_text(mark), **since})


def _course_of_vitals(after: Sequence[Reading], first: datetime | None) -> Iterable[Sentence]:
    if not after or first is None:
        return
    peak = max(after, key=lambda reading: (reading.systolic, reading.diastolic))
    yield Sentence(
        _("Highest blood pressure %(systolic)s/%(diastolic)s after %(minutes)s min."),
        {"systolic": peak.systolic, "diastolic": peak.diastolic, **_since(peak.at, first)},
    )
    yield Sentence(
        _("Last vitals after %(minutes)s min: %(vitals)s."),
        {"vitals": _vitals(after[-1]), **_since(after[-1].at, first)},
    )


def _end(facts: SummaryFacts, zone: ZoneInfo) -> Iterable[Sentence]:
    if facts.no_dose_because:
        yield Sentence(_("No dose was given: %(reason)s."), {"reason": facts.no_dose_because.rstrip(".")})
    if facts.left_at is None:
        return
    params = {"time": _clock(facts.left_at, zone)}
    if facts.taken_over_by:
        yield Sentence(_("Left at %(time)s with %(name)s."), {**params, "name": facts.taken_over_by})
    else:
        yield Sentence(_("Left at %(time)s."), params)


def _with_text(seen: Seen) -> str:
    text = seen.text.strip().rstrip(".")
    return f"{seen.what}: {text}" if text else seen.what


def _since(at: datetime, first: datetime | None) -> dict[str, int]:
    if first is None or at < first:
        return {}
    return {"minutes": int((at - first).total_seconds() // 60)}


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%H:%M")


def _vitals(reading: Reading) -> str:
    parts = [f"{reading.systolic}/{reading.diastolic}", str(reading.heart_rate)]
    if reading.spo2 is not None:
        parts.append(f"{reading.spo2} %")
    return ", ".join(parts)
