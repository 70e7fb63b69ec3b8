"""Openings in the order that suits the client, with the reasons; rows to values for `engine.ranking`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from practice import clock
from scheduling import booking
from scheduling.availability import Board
from scheduling.booking import Request
from scheduling.engine.ranking import Candidate, Place, Preferences, Ranked, best_first, judged
from scheduling.engine.spans import union
from scheduling.engine.types import Opening, ResourceKey, Span
from scheduling.models import Booking

BY_TIME, BY_RANK = "time", "rank"
MOST_RANKED = 500  # of one location


@dataclass(frozen=True)
class Found:
    """`searched_until`: every opening before it was considered. `requests` are by the rank of their place."""

    openings: tuple[Ranked, ...]
    searched_until: datetime
    has_more: bool
    requests: Sequence[Request]
    names: Mapping[ResourceKey, str]  # of everybody and everything that could be chosen

    def request_of(self, one: Ranked) -> Request:
        return self.requests[one.candidate.place.rank]


def find(
    requests: Sequence[Request],
    window: Span,
    *,
    preferences: Preferences,
    order: str,
    limit: int,
    now: datetime,
) -> Found:
    """At most `limit` openings of one client's `requests`, which differ in their location only.

    By time they are the earliest, by rank the best of the earliest MOST_RANKED at each location. Of each
    start there is one opening per location: with the people and the room that suit best.
    """
    preferences = _with_the_last_time(requests[0], preferences, looks_back=order == BY_RANK)
    most = limit if order == BY_TIME else max(limit, MOST_RANKED)
    until, candidates = window.end, []
    names: dict[ResourceKey, str] = {}
    for rank, request in enumerate(requests):
        wanted = replace(request, prefers=_people(preferences), prefers_room=preferences.room)
        board, openings = booking.search(wanted, window, limit=most + 1, now=now)
        if len(openings) > most:
            until = min(until, openings[most].start)
        names |= board.names
        place = _place(request, board, rank, openings)
        candidates += [Candidate(opening, place) for opening in openings]
    considered = judged((one for one in candidates if one.opening.start < until), preferences)
    ordered = considered if order == BY_TIME else best_first(considered)
    if order == BY_TIME and len(ordered) > limit:
        until = min(until, ordered[limit].candidate.opening.start)
    return Found(ordered[:limit], until, len(ordered) > limit or until < window.end, requests, names)


def _with_the_last_time(request: Request, preferences: Preferences, *, looks_back: bool) -> Preferences:
    """The plan's therapist, or else the last one; and the last room of the same type of appointment.

    One query if it looks back to what was, none otherwise.
    """
    plan = request.planned_session.plan if request.planned_session else None
    usual = plan.therapist_id if plan else None
    if not looks_back:
        return replace(preferences, therapist=usual)
    done = Booking.objects.filter(client=request.client, completed_at__isnull=False)
    rows = done.order_by("-starts_at").values_list("therapist_id", "room_id", "appointment_type_id")[:20]
    room = None
    for therapist_id, room_id, type_id in reversed(rows):
        usual = usual if plan else therapist_id or usual
        room = room_id or room if type_id == request.appointment_type.pk else room
    return replace(preferences, therapist=usual, room=room)


def _people(preferences: Preferences) -> tuple[int, ...]:
    usual = preferences.therapist
    return (*preferences.clinicians, *([] if usual is None else [usual]))


def _place(request: Request, board: Board, rank: int, openings: Sequence[Opening]) -> Place:
    people = {key for one in openings for key in one.chosen.values() if key.kind == "clinician"}
    return Place(
        tz=clock.zone(request.location.time_zone),
        rank=rank,
        busy={key: union(board.calendars[key].busy) for key in people},
        taken={need.key: _hull(need.windows) for need in board.demand.needs},
    )


def _hull(windows: Sequence[tuple[timedelta, timedelta]]) -> tuple[timedelta, timedelta]:
    return min(first for first, _last in windows), max(last for _first, last in windows)
