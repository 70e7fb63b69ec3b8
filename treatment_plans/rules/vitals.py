"""Judging vitals: what can't be, what is out of the protocol's range, what is due when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

# No living person's: such a number is a slip of the finger. Not clinical limits, which the protocol has.
HIGHEST_PRESSURE, HIGHEST_RATE, HIGHEST_BREATHS, LOWEST_SPO2 = 300, 300, 80, 40
AWAKE = 5  # MOAA/S goes from 5, answers promptly, to 0, no reaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`at` is aware. Null is what was not measured. `id` is the row's, 0 for one that is not stored."""

    at: datetime
    systolic: int
    diastolic: int
    heart_rate: int
    spo2: int | None = None
    respiratory_rate: int | None = None
    sedation_score: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The protocol's numbers. Warned above the warning level, held from the hold level on (None: never)."""

    warn_systolic: int
    warn_diastolic: int
    hold_systolic: int | None
    hold_diastolic: int | None
    emergency_systolic: int
    emergency_diastolic: int
    heart_rate_low: int
    heart_rate_high: int
    spo2_low: int
    spo2_required: bool
    sedation_alert: int
    sedation_emergency: int
    recheck_wait: timedelta
    recheck_max: int
    tolerance: timedelta
    valid_for: timedelta

    @property
    def recheck_wait_minutes(self) -> int:
        return self.recheck_wait // timedelta(minutes=1)


def impossible(reading: Reading, *, not_before: datetime | None) -> tuple[Blocker, ...]:
    """Every reason why this can't have been measured. `not_before` is the check-in, None without one."""
    found = []
    if not 0 < reading.diastolic < reading.systolic <= HIGHEST_PRESSURE:
        found.append(
            Blocker(
                "impossible_pressure",
                _("%(systolic)s/%(diastolic)s can't be a blood pressure: the first is the higher one."),
                {"systolic": reading.systolic, "diastolic": reading.diastolic},
            )
        )
    if not 0 < reading.heart_rate <= HIGHEST_RATE:
        found.append(
            Blocker(
                "impossible_heart_rate",
                _("%(heart_rate)s can't be a heart rate."),
                {"heart_rate": reading.heart_rate},
            )
        )
    if reading.spo2 is not None and not LOWEST_SPO2 <= reading.spo2 <= 100:
        found.append(
            Blocker(
                "impossible_spo2", _("%(spo2)s %% can't be an oxygen saturation."), {"spo2": reading.spo2}
            )
        )
    if reading.respiratory_rate is not None and not 0 < reading.respiratory_rate <= HIGHEST_BREATHS:
        found.append(
            Blocker(
                "impossible_respiratory_rate",
                _("%(breaths)s can't be breaths a minute."),
                {"breaths": reading.respiratory_rate},
            )
        )
    if reading.sedation_score is not None and not 0 <= reading.sedation_score <= AWAKE:
        found.append(Blocker("impossible_sedation_score", _("MOAA/S goes from 0 to 5.")))
    if not_before is None:
        found.append(Blocker("check_in_missing", _("The client has not been checked in.")))
    elif reading.at < not_before.replace(second=0, microsecond=0):
        found.append(Blocker("taken_before_check_in", _("This reading was taken before the check-in.")))
    return tuple(found)


def is_held(reading: Reading, limits: Limits) -> bool:
    """From the hold level on no dose is given."""
    return (limits.hold_systolic is not None and reading.systolic >= limits.hold_systolic) or (
        limits.hold_diastolic is not None and reading.diastolic >= limits.hold_diastolic
    )


def remarks(reading: Reading, limits: Limits) -> tuple[Blocker, ...]:
    """What is out of the protocol's range, each with what to do. Nothing is refused for it."""
    pressure = _pressure_remark(reading, limits)
    return tuple(
        remark
        for remark in (pressure, *_other_remarks(reading, limits), *_not_measured(reading, limits))
        if remark
    )


def needs_acceptance(reading: Reading, limits: Limits) -> tuple[Blocker, ...]:
    """What the prescriber has to accept by name before a dose. Missing values can't be accepted."""
    pressure = _pressure_remark(reading, limits)
    return tuple(remark for remark in (pressure, *_other_remarks(reading, limits)) if remark)


def _pressure_remark(reading: Reading, limits: Limits) -> Blocker | None:
    params: dict[str, str | int] = {
        "systolic": reading.systolic,
        "diastolic": reading.diastolic,
        "wait": limits.recheck_wait_minutes,
    }
    if reading.systolic >= limits.emergency_systolic or reading.diastolic >= limits.emergency_diastolic:
        params |= {"top": limits.emergency_systolic, "bottom": limits.emergency_diastolic}
        return Blocker(
            "bp_emergency",
            _(
                "%(systolic)s/%(diastolic)s reaches the emergency level set in the protocol, "
                "%(top)s/%(bottom)s. Call the prescriber now; with symptoms, call emergency services."
            ),
            params,
        )
    if is_held(reading, limits):
        top, bottom = limits.hold_systolic or 0, limits.hold_diastolic or 0
        params |= {"top": top, "bottom": bottom}
        is_above = reading.systolic > top or reading.diastolic > bottom
        return Blocker(
            "bp_above_hold" if is_above else "bp_at_hold",
            _(
                "%(systolic)s/%(diastolic)s is above the limit set in the protocol, %(top)s/%(bottom)s. "
                "Repeat in %(wait)s min; call the prescriber."
            )
            if is_above
            else _(
                "%(systolic)s/%(diastolic)s reaches the limit set in the protocol, %(top)s/%(bottom)s. "
                "Repeat in %(wait)s min; call the prescriber."
            ),
            params,
        )
    if reading.systolic > limits.warn_systolic or reading.diastolic > limits.warn_diastolic:
        params |= {"top": limits.warn_systolic, "bottom": limits.warn_diastolic}
        return Blocker(
            "bp_above_warning",
            _(
                "%(systolic)s/%(diastolic)s is above the warning level set in the protocol, "
                "%(top)s/%(bottom)s. The prescriber decides; repeat in %(wait)s min."
            ),
            params,
        )
    return None


def _other_remarks(reading: Reading, limits: Limits) -> Iterable[Blocker]:
    if not limits.heart_rate_low <= reading.heart_rate <= limits.heart_rate_high:
        yield Blocker(
            "heart_rate_out_of_range",
            _(
                "A heart rate of %(heart_rate)s is outside the range set in the protocol, "
                "%(low)s to %(high)s. Repeat; call the prescriber."
            ),
            {
                "heart_rate": reading.heart_rate,
                "low": limits.heart_rate_low,
                "high": limits.heart_rate_high,
            },
        )
    if reading.spo2 is not None and reading.spo2 < limits.spo2_low:
        yield Blocker(
            "spo2_low",
            _(
                "An oxygen saturation of %(spo2)s %% is below the limit set in the protocol, %(low)s %%. "
                "Check the sensor and the breathing; call the prescriber."
            ),
            {"spo2": reading.spo2, "low": limits.spo2_low},
        )
    score = reading.sedation_score
    if score is not None and score <= limits.sedation_emergency:
        yield Blocker(
            "sedation_emergency",
            _(
                "MOAA/S %(score)s: check airway and breathing; "
                "call the prescriber and emergency services now."
            ),
            {"score": score},
        )
    elif score is not None and score <= limits.sedation_alert:
        yield Blocker("sedation_deep", _("MOAA/S %(score)s: call the prescriber."), {"score": score})


def _not_measured(reading: Reading, limits: Limits) -> Iterable[Blocker]:
    if reading.spo2 is None and limits.spo2_required:
        yield Blocker("spo2_missing", _("The protocol requires an oxygen saturation, and none was taken."))


def hold_blockers(before: Sequence[Reading], limits: Limits, *, now: datetime) -> tuple[Blocker, ...]:
    """What stands against a dose because of a pressure that was held, by tries and waiting time.

    `before` are the readings before the dose, corrected ones left out, in the order of their times.
    """
    held = [reading for reading in before if is_held(reading, limits)]
    if not held:
        return ()
    again_at = held[-1].at + limits.recheck_wait
    if held[-1] is not before[-1]:
        if before[-1].at >= again_at:
            return ()
        return (
            Blocker(
                "bp_repeated_too_early",
                _(
                    "The reading after %(systolic)s/%(diastolic)s came too early: "
                    "the protocol asks to wait %(wait)s min."
                ),
                _of(held[-1], limits),
            ),
        )
    if len(held) > limits.recheck_max:
        return (
            Blocker(
                "bp_tries_used",
                _(
                    "%(systolic)s/%(diastolic)s after %(tries)s more tries, the most that the protocol "
                    "allows: no dose today."
                ),
                _of(held[-1], limits),
            ),
        )
    return (
        Blocker(
            "bp_on_hold",
            _("%(systolic)s/%(diastolic)s holds the dose. Measure again %(wait)s min after that reading."),
            {**_of(held[-1], limits), "again_at": again_at.isoformat()},
        ),
    )


def _of(reading: Reading, limits: Limits) -> dict[str, str | int]:
    return {
        "systolic": reading.systolic,
        "diastolic": reading.diastolic,
        "wait": limits.recheck_wait_minutes,
        "tries": limits.recheck_max,
    }


class Due(StrEnum):
    DONE = "done"
    MISSED = "missed"
    OVERDUE = "overdue"
    DUE = "due"
    UPCOMING = "upcoming"


@dataclass(frozen=True, slots=True)
class Point:
    """Vitals that the protocol wants, `minutes` after the dose. Done by the first reading of its time."""

    minutes: int
    at: datetime
    state: Due
    reading_id: int | None = None


def schedule(
    minutes: Iterable[int],
    readings: Iterable[Reading],
    limits: Limits,
    *,
    dosed_at: datetime,
    now: datetime,
) -> tuple[Point, ...]:
    """When vitals are due after the dose. The point at 0 is done by the last reading before the dose.

    A point's time begins the tolerance before it and lasts until the next one's begins; the last has no end.
    Corrected readings are left out by the caller.
    """
    wanted = sorted(set(minutes))
    starts = [dosed_at + timedelta(minutes=each) - limits.tolerance for each in wanted]
    ordered = sorted(readings, key=lambda reading: reading.at)
    points = []
    for place, each in enumerate(wanted):
        at = dosed_at + timedelta(minutes=each)
        begins = min(starts[place], dosed_at - limits.valid_for) if each == 0 else starts[place]
        ends = starts[place + 1] if place + 1 < len(wanted) else None
        if each > 0:
            begins = max(begins, dosed_at)
        inside = [one for one in ordered if begins <= one.at and (ends is None or one.at < ends)]
        points.append(
            Point(each, at, _state(at, begins, ends, bool(inside), limits, now), inside[0].id)
            if inside
            else Point(each, at, _state(at, begins, ends, False, limits, now))
        )
    return tuple(points)


def _state(
    at: datetime,
    begins: datetime,
    ends: datetime | None,
    is_done: bool,
    limits: Limits,
    now: datetime,
) -> Due:
    if is_done:
        return Due.DONE
    if ends is not None and now >= ends:
        return Due.MISSED
    if now > at + limits.tolerance:
        return Due.OVERDUE
    return Due.DUE if now >= begins else Due.UPCOMING


def next_point(points: Iterable[Point]) -> Point | None:
    """The first that is still to be done."""
    waiting = {Due.OVERDUE, Due.DUE, Due.UPCOMING}
    return next((point for point in points if point.state in waiting), None)


def unattended(points: Sequence[Point]) -> Point | None:
    """The first point since the last reading whose grace is over: from then on nobody has measured."""
    done = [place for place, point in enumerate(points) if point.state == Due.DONE]
    since = points[done[-1] + 1 :] if done else points
    return next((point for point in since if point.state in {Due.MISSED, Due.OVERDUE}), None)


def clock_remark(taken_at: datetime, device_at: datetime | None) -> tuple[Blocker, ...]:
    """That the device's clock was ahead, so that the reading has the server's time."""
    if device_at is None:
        return ()
    minutes = -(-(device_at - taken_at) // timedelta(minutes=1))
    return (
        Blocker(
            "device_clock_ahead",
            _("The device's clock was ahead by %(minutes)s min: this has the time at which it arrived."),
            {"minutes": minutes, "device_at": device_at.isoformat()},
        ),
    )
