"""What happens to one client of the demo, as plain values: nothing is written here.

Days count from today = 0; what lies after the present is planned too, and left to the future by `play`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

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
    visits: list[Visit] = field(default_factory=list)
    left_at: datetime | None = None

    @property
    def doses_told(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.kind == PlannedSession.Kind.DOSING]
