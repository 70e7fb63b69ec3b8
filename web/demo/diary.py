"""Who and what is free when, while the demo is being thought up: nothing is promised twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from practice import clock
from scheduling.models import AppointmentType, Phase
from web.demo.clinic import Clinic

Key = tuple[str, int]
Spans = list[tuple[datetime, datetime]]


class NothingFree(Exception):
    """Nobody, or no room, was free at any of the times."""


@dataclass(frozen=True)
class Place:
    """A time, with whom and in which room."""

    starts_at: datetime
    ends_at: datetime
    therapist_id: int | None = None
    psychiatrist_id: int | None = None
    room_id: int | None = None


class Diary:
    def __init__(self, clinic: Clinic, today: date) -> None:
        self.clinic, self.today = clinic, today
        self.tz = clock.zone(clinic.location.time_zone)
        self._taken: dict[tuple[Key, date], Spans] = defaultdict(list)
        self._clinicians = {
            Phase.Role.THERAPIST: [each.pk for each in clinic.therapists],
            Phase.Role.PSYCHIATRIST: [each.pk for each in clinic.psychiatrists],
        }

    def at(self, day: int, local: time) -> datetime:
        """The instant of a wall-clock time, `day` days from today."""
        return clock.first_instant(datetime.combine(self.today + timedelta(days=day), local), self.tz)

    def day_of(self, at: datetime) -> int:
        return (clock.local_day(at, self.tz) - self.today).days

    def reserve(
        self,
        code: str,
        slots: Iterable[tuple[int, time]],
        *,
        client: int,
        therapist_id: int | None = None,
    ) -> Place:
        """Take the first place that is free at one of the slots (day and time); that therapist if possible.

        Raises NothingFree.
        """
        kind = self.clinic.types[code]
        for day, local in slots:
            place = self._take(kind, client, day, local, therapist_id)
            if place is not None:
                return place
        raise NothingFree(code)

    def _take(
        self, kind: AppointmentType, client: int, day: int, local: time, therapist_id: int | None
    ) -> Place | None:
        on, starts_at = self.today + timedelta(days=day), self.at(day, local)
        visible = (starts_at, starts_at + timedelta(minutes=kind.duration_minutes))
        spans = _spans(kind, starts_at)
        chosen: dict[str, Key] = {"client": ("client", client)}
        spans["client"] = [visible]
        if self._overlaps(chosen["client"], on, [visible]):
            return None
        for need in [need for need in spans if need not in chosen]:
            for key in self._candidates(need, therapist_id):
                if self._is_free(key, on, spans[need]):
                    chosen[need] = key
                    break
            else:
                return None
        for need, key in chosen.items():
            self._taken[key, on] += spans[need]
        ids = {key[0]: key[1] for key in chosen.values()}
        return Place(*visible, ids.get("therapist"), ids.get("psychiatrist"), ids.get("room"))

    def _candidates(self, need: str, therapist_id: int | None) -> Iterable[Key]:
        if need.startswith("room:"):
            kind = need.removeprefix("room:")
            return [("room", room.pk) for room in self.clinic.rooms if room.kind == kind]
        ids = sorted(self._clinicians[Phase.Role(need)], key=lambda pk: pk != therapist_id)
        return [(need, pk) for pk in ids]

    def _is_free(self, key: Key, on: date, spans: Spans) -> bool:
        return (key[0] == "room" or self._works(key[1], on, spans)) and not self._overlaps(key, on, spans)

    def _works(self, clinician_id: int, on: date, spans: Spans) -> bool:
        colleague = self.clinic.colleagues[clinician_id]
        first_off, end_off = self.clinic.days_off.get(clinician_id, (on, on))
        if on.weekday() not in colleague.weekdays or first_off <= on < end_off:
            return False
        opens = clock.first_instant(datetime.combine(on, time(colleague.from_hour)), self.tz)
        closes = clock.first_instant(datetime.combine(on, time(colleague.until_hour)), self.tz)
        return all(opens <= start and end <= closes for start, end in spans)

    def _overlaps(self, key: Key, on: date, spans: Spans) -> bool:
        return any(
            start < other_end and other_start < end
            for other_start, other_end in self._taken[key, on]
            for start, end in spans
        )


def _spans(kind: AppointmentType, starts_at: datetime) -> dict[str, Spans]:
    """What the type's phases take, by need."""
    spans: dict[str, Spans] = {}
    for phase in kind.phases.all():
        spans.setdefault(phase.need, []).append(
            (
                starts_at + timedelta(minutes=phase.from_minutes),
                starts_at + timedelta(minutes=phase.until_minutes),
            )
        )
    return spans
