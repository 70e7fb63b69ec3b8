"""What must be true of every row, whatever happened: asked of the data itself, for after a restore.

The constraints of the database guard most of it while they are there. Each check is one query that returns
the keys of the rows that break it, so the constraints are not asked to vouch for themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection


@dataclass(frozen=True)
class Check:
    """`find` returns the keys of what is wrong, ascending; `of` names the table they are from."""

    name: str
    says: str
    of: str
    find: Callable[[datetime], list[int]]


def sql(name: str, says: str, of: str, query: str) -> Check:
    """A query that returns one column of keys. %(now)s is the present; it and no other percent sign."""

    def find(now: datetime) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(query, {"now": now})
            return sorted({int(row[0]) for row in cursor.fetchall()})

    return Check(name, says, of, find)


_LIVE = "b.status IN ('held', 'booked', 'arrived', 'in_session')"
_DOSES = """
    SELECT b.client_id, t.route, count(*) AS doses, array_agg(b.id) AS bookings
      FROM scheduling_booking b JOIN scheduling_appointmenttype t ON t.id = b.appointment_type_id
     WHERE t.kind = 'dosing'
       AND (b.status IN ('booked', 'arrived', 'in_session', 'completed')
            OR (b.status = 'held' AND b.held_until > %(now)s))
     GROUP BY b.client_id, t.route
"""


def _overlap(name: str, says: str, same: str) -> Check:
    return sql(
        name,
        says,
        "scheduling.occupancy",
        f"""
        SELECT later.id FROM scheduling_occupancy first
          JOIN scheduling_occupancy later ON {same} AND first.id < later.id
           AND first.occupies && later.occupies
        """,  # noqa: S608  our own words
    )


CHECKS = (
    _overlap(
        "clinician_overlap",
        "a clinician is taken twice at the same time",
        "first.clinician_id = later.clinician_id",
    ),
    _overlap(
        "room_overlap",
        "a place in a room is taken twice at the same time",
        "first.room_id = later.room_id AND first.room_place = later.room_place",
    ),
    _overlap(
        "client_overlap", "a client is taken twice at the same time", "first.client_id = later.client_id"
    ),
    sql(
        "live_without_client",
        "a live booking does not take its client for its time",
        "scheduling.booking",
        f"""
        SELECT b.id FROM scheduling_booking b
         WHERE {_LIVE} AND NOT EXISTS (
               SELECT FROM scheduling_occupancy o
                WHERE o.booking_id = b.id AND o.client_id = b.client_id
                  AND o.occupies = tstzrange(b.starts_at, b.ends_at))
        """,  # noqa: S608  our own words
    ),
    sql(
        "live_without_people_or_room",
        "a live booking does not take a clinician or room of its own",
        "scheduling.booking",
        f"""
        SELECT b.id FROM scheduling_booking b
          JOIN scheduling_phase p ON p.appointment_type_id = b.appointment_type_id
         WHERE {_LIVE} AND NOT EXISTS (
               SELECT FROM scheduling_occupancy o
                WHERE (o.booking_id = b.id OR o.group_session_id = b.group_session_id)
                  AND CASE p.role WHEN 'therapist' THEN o.clinician_id = b.therapist_id
                                  WHEN 'psychiatrist' THEN o.clinician_id = b.psychiatrist_id
                                  ELSE o.room_id = b.room_id
                                   AND (o.room_place = b.room_place OR b.group_session_id IS NOT NULL) END)
        """,  # noqa: S608  our own words
    ),
    sql(
        "occupancy_without_live_booking",
        "something is taken for a booking that is over",
        "scheduling.occupancy",
        f"""
        SELECT o.id FROM scheduling_occupancy o JOIN scheduling_booking b ON b.id = o.booking_id
         WHERE NOT {_LIVE}
        """,  # noqa: S608  our own words
    ),
    sql(
        "group_with_too_many_members",
        "a group session has more members than seats",
        "scheduling.groupsession",
        f"""
        SELECT g.id FROM scheduling_groupsession g
          JOIN scheduling_booking b ON b.group_session_id = g.id AND {_LIVE}
         GROUP BY g.id HAVING count(*) > g.seats
        """,  # noqa: S608  our own words
    ),
    sql(
        "member_apart_from_its_group",
        "a live booking is at another time than its group session, or that was cancelled",
        "scheduling.booking",
        f"""
        SELECT b.id FROM scheduling_booking b JOIN scheduling_groupsession g ON g.id = b.group_session_id
         WHERE {_LIVE} AND (b.starts_at <> g.starts_at OR g.cancelled_at IS NOT NULL)
        """,  # noqa: S608  our own words
    ),
    sql(
        "occupancy_of_cancelled_group",
        "something is taken for a group session that was cancelled",
        "scheduling.occupancy",
        """
        SELECT o.id FROM scheduling_occupancy o JOIN scheduling_groupsession g ON g.id = o.group_session_id
         WHERE g.cancelled_at IS NOT NULL
        """,
    ),
    sql(
        "status_without_its_time",
        "a booking's status and the times of its steps do not agree",
        "scheduling.booking",
        """
        SELECT id FROM scheduling_booking
         WHERE (status = 'held') <> (booked_at IS NULL AND cancelled_at IS NULL AND expired_at IS NULL)
            OR (status = 'held' AND held_until IS NULL)
            OR (status = 'completed') <> (completed_at IS NOT NULL)
            OR (status = 'cancelled') <> (cancelled_at IS NOT NULL)
            OR (status = 'no_show') <> (no_show_at IS NOT NULL)
            OR (status = 'expired') <> (expired_at IS NOT NULL)
            OR (status IN ('arrived', 'in_session', 'completed') AND arrived_at IS NULL)
            OR (status IN ('in_session', 'completed') AND started_at IS NULL)
            OR (status IN ('held', 'booked', 'expired') AND arrived_at IS NOT NULL)
            OR (status IN ('held', 'booked', 'arrived', 'expired', 'no_show') AND started_at IS NOT NULL)
            OR arrived_at > started_at OR started_at > completed_at
        """,
    ),
    sql(
        "two_bookings_for_a_session",
        "a planned session has more than one booking that counts",
        "scheduling.booking",
        """
        SELECT later.id FROM scheduling_booking first
          JOIN scheduling_booking later
            ON first.planned_session_id = later.planned_session_id AND first.id < later.id
         WHERE first.status IN ('held', 'booked', 'arrived', 'in_session', 'completed')
           AND later.status IN ('held', 'booked', 'arrived', 'in_session', 'completed')
        """,
    ),
    sql(
        "completed_but_still_planned",
        "a completed booking's planned session is not completed",
        "scheduling.booking",
        """
        SELECT b.id FROM scheduling_booking b
          JOIN treatment_plans_plannedsession s ON s.id = b.planned_session_id
         WHERE b.status = 'completed' AND s.completed_at IS NULL
        """,
    ),
    sql(
        "more_doses_than_prescribed",
        "a client has more doses booked and given on a route than were ever prescribed",
        "practice.client",
        f"""
        SELECT d.client_id FROM ({_DOSES}) d
         WHERE d.doses > (SELECT coalesce(sum(p.doses_per_fill * (1 + p.refills)), 0)
                            FROM treatment_plans_prescription p
                           WHERE p.client_id = d.client_id AND p.route = d.route)
        """,  # noqa: S608  our own words
    ),
    sql(
        "wall_time_differs",
        "a booking's time on the clinic's clock is not that of its start",
        "scheduling.booking",
        """
        SELECT id FROM scheduling_booking
         WHERE (starts_at AT TIME ZONE time_zone) <> (starts_on + starts_local)
        """,
    ),
    sql(
        "accepted_without_its_booking",
        "a waitlist offer was accepted, but its booking is another client's, or of another session",
        "scheduling.waitlistoffer",
        """
        SELECT o.id FROM scheduling_waitlistoffer o
          JOIN scheduling_waitlistentry e ON e.id = o.entry_id
          LEFT JOIN scheduling_booking b ON b.id = o.booking_id
         WHERE o.status = 'accepted'
           AND (b.id IS NULL OR b.client_id <> e.client_id OR o.client_id <> e.client_id
                OR b.planned_session_id IS DISTINCT FROM e.planned_session_id)
        """,
    ),
    sql(
        "two_winners",
        "a freed time was won twice",
        "scheduling.freedtime",
        """
        SELECT freed_time_id FROM scheduling_waitlistoffer WHERE status = 'accepted'
         GROUP BY freed_time_id HAVING count(*) > 1
        """,
    ),
    sql(
        "filled_by_nobody",
        "a freed time counts as filled, and nobody has accepted it, or the other way round",
        "scheduling.freedtime",
        """
        SELECT f.id FROM scheduling_freedtime f
         WHERE (f.status = 'filled') <> EXISTS (
               SELECT FROM scheduling_waitlistoffer o
                WHERE o.freed_time_id = f.id AND o.status = 'accepted')
        """,
    ),
    sql(
        "asked_off_the_list",
        "an offer is open to somebody who no longer waits",
        "scheduling.waitlistoffer",
        """
        SELECT o.id FROM scheduling_waitlistoffer o JOIN scheduling_waitlistentry e ON e.id = o.entry_id
         WHERE o.status = 'open' AND e.status <> 'waiting'
        """,
    ),
)
