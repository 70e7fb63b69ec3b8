"""What happens to one client of the demo, as plain values: nothing is written here.

Days count from today = 0; what lies after the present is planned too, and left to the future by `play`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from treatment_plans.models import PlannedSession
from web.demo.diary import Place
from web.demo.people import Person

DESK, THERAPIST = "desk", "therapist"


@dataclass(frozen=True)
class Answer:
    """What somebody said about an item of a dosing session, and who wrote it down."""

    item: str
    at: datetime
    answer: str = "confirmed"
    said_by: str = "client"
    source: str = "phone"
    detail: str = ""
    recorded_by: str = DESK


@dataclass(frozen=True)
class Screened:
    """What was answered to the screening form where it is not as a healthy person would.

    `by` is staff, or link; of a form on a link the first `until` questions, None for all.
    """

    at: datetime
    by: str = "staff"
    answers: Mapping[str, Any] = field(default_factory=dict)
    until: int | None = None
    medicines: tuple[tuple[str, str], ...] = ()  # name and class


@dataclass
class Visit:
    """One booking. `kind` and `number` (from 1) name the planned session that it is for."""

    code: str
    kind: str
    number: int
    booked_at: datetime
    place: Place
    came: bool = True
    answers: list[Answer] = field(default_factory=list)
    has_adverse_event: bool = False
    moved_at: datetime | None = None
    moved_to: Place | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str = ""
    cancel_reason: str = ""

    @property
    def last_place(self) -> Place:
        return self.moved_to or self.place


@dataclass(frozen=True)
class Decision:
    at: datetime
    decision: str
    conditions: str = ""
    lasts_days: int = 364


@dataclass(frozen=True)
class Order:
    """A prescription, valid to `last_day` from today, or for as long as the law lets it."""

    at: datetime
    doses_per_fill: int
    refills: int
    last_day: int | None


@dataclass
class Course:
    number: int
    stage: str
    person: Person
    registered_at: datetime
    therapist_id: int
    psychiatrist_id: int
    route: str = "compounded_nasal"
    doses: int | None = None
    with_intake: bool = True
    drafted_at: datetime | None = None
    signed_at: tuple[datetime, ...] = ()  # one for each document, in their order
    enrolled_at: datetime | None = None
    decision: Decision | None = None
    order: Order | None = None
    activated_at: datetime | None = None
    revoked_at: datetime | None = None
    sent_at: datetime | None = None  # the prescription, to a pharmacy
    dispensed_at: datetime | None = None
    renewed_at: datetime | None = None  # as a draft
    referred_at: datetime | None = None
    screened: Screened | None = None
    visits: list[Visit] = field(default_factory=list)
    left_at: datetime | None = None

    @property
    def doses_told(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.kind == PlannedSession.Kind.DOSING]
