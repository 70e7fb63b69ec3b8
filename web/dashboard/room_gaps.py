"""What the record of a session lacks, as one reader may see to it."""

from __future__ import annotations

from practice.blockers import Blocker
from scheduling.care.room_state import Room
from treatment_plans.models import RemsForm
from treatment_plans.rules.record_gaps import OnRecord, record_gaps
from web.dashboard.room_notes import RoomNotes


def room_gaps(room: Room, notes: RoomNotes, form: RemsForm | None) -> tuple[Blocker, ...]:
    """None before a dose: until then the room says what stands against one."""
    rows = room.rows
    if not rows.given:
        return ()
    return record_gaps(
        OnRecord(
            points=room.points,
            unattended=room.unattended,
            is_cssrs_missing=any(each.code == "cssrs_missing" for each in rows.remarks),
            has_unsigned_note=notes.draft is not None,
            has_signed_note=bool(notes.signed),
            has_left=rows.is_ended,
            is_rems_form_open=form is not None and form.submitted_at is None,
        )
    )
