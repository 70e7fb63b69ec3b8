"""What a request to the scheduling API may hold. Shapes only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from practice.api.bodies import In
from practice.api.fields import (
    LARGEST_ID,
    ChoiceOf,
    IdField,
    InstantField,
    LineField,
    TruthField,
    WholeNumberField,
)
from scheduling.api.fields import WallTime
from scheduling.api.query_lists import IdsField, TimesField, WeekdaysField
from scheduling.models import Acknowledgement, Booking

LARGEST_REVISION, MOST_FOLLOWERS = 2**31 - 1, 20
START = ("starts_at", "starts_local", "fold")


def taken(body: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Move `names` out of the body; those that are not in it are None."""
    return {name: body.pop(name, None) for name in names}


class WithStart(In):
    """Exactly one of `starts_at` and `starts_local`."""

    starts_at = InstantField(required=False, help_text="The instant, with an offset.")
    starts_local = WallTime(required=False, help_text="Or the time on the clinic's clock.")
    fold = WholeNumberField(
        required=False,
        min_value=0,
        max_value=1,
        help_text="Of a time that the clocks show twice: 0 the first, 1 the second.",
    )


TENTATIVE = (
    "Keep a dose until its prescription is renewed, where the location does so and only that is missing."
)


class WithChoice(In):
    """Left out: whoever and whatever fits, those whom the plan names first."""

    therapist = IdField(required=False)
    psychiatrist = IdField(required=False)
    room = IdField(required=False)


class _BookingIn(WithStart, WithChoice):
    """`planned_session`, or else `client` and `appointment_type`."""

    planned_session = IdField(required=False)
    client = IdField(required=False)
    appointment_type = IdField(required=False, help_text="Defaults to the one for the planned session.")
    location = IdField(required=False, help_text="Defaults to the client's.")


class BookingIn(_BookingIn):
    hold_minutes = WholeNumberField(
        required=False,
        min_value=1,
        max_value=60,
        help_text="Only hold the time for so long; it is free again unless confirmed before.",
    )
    tentative = TruthField(required=False, help_text=TENTATIVE)


class ExplainIn(_BookingIn):
    """As for a booking; or `booking`, to ask about moving it."""

    booking = IdField(required=False)


class FollowMoveIn(In):
    """One of the `follow_moves` of a preview, as it was proposed."""

    booking = IdField()
    revision = WholeNumberField(min_value=1, max_value=LARGEST_REVISION)
    starts_at = InstantField()
    therapist = IdField(required=False, allow_null=True)
    psychiatrist = IdField(required=False, allow_null=True)


class RescheduleIn(WithStart, WithChoice):
    """Who was booked stays unless named anew; the room may change if it must."""

    dry_run = TruthField(required=False, help_text="Only show what it would mean; nothing is written.")
    follow_moves = serializers.ListField(
        child=FollowMoveIn(),
        required=False,
        max_length=MOST_FOLLOWERS,
        help_text=(
            "What moves along, out of the preview's proposals. Needs If-Match. Left out: nothing moves "
            "along; in a preview, everything that is proposed."
        ),
    )


class CancelIn(In):
    party = ChoiceOf(model=Booking, of="cancelled_by_party", help_text="On whose side the reason is.")
    reason = LineField(max_length=200)


class AcknowledgementIn(In):
    item = ChoiceOf(model=Acknowledgement, of="item")
    answer = ChoiceOf(
        model=Acknowledgement, of="answer", help_text="Only a clinician may override, with a detail."
    )
    said_by = ChoiceOf(model=Acknowledgement, of="said_by")
    source = ChoiceOf(model=Acknowledgement, of="source")  # type: ignore[assignment]
    detail = LineField(max_length=200, required=False, allow_blank=True)
    for_starts_at = InstantField(
        required=False, help_text="The start that the speaker had in mind; refused when it has moved since."
    )


class QueryId(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, required=False, **kwargs)


class OpeningsQuery(In):
    """`planned_session`, or `client` and `appointment_type`, or `booking`; the others narrow the search."""

    planned_session = QueryId()
    client = QueryId()
    appointment_type = QueryId()
    booking = QueryId(help_text="Where this booking could be moved to.")
    location = QueryId(help_text="Defaults to the client's.")
    therapist = QueryId()
    psychiatrist = QueryId()
    room = QueryId()
    from_at = InstantField(required=False, help_text="Starts at this instant or later; default now.")
    until = InstantField(required=False, help_text="Starts before this; 14 days on, and at most 62.")
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)
    order = serializers.ChoiceField(
        choices=("time", "rank"),
        required=False,
        help_text="Earliest first, or best first; by rank if a preference is given.",
    )
    weekdays = WeekdaysField(most=7, help_text="Preferred weekdays, such as mon,thu.")
    times = TimesField(most=5, help_text="Preferred times on the clinic's clock, such as 09:00-12:00.")
    clinicians = IdsField(help_text="Preferred clinicians, best first; others are offered too.")
    locations = IdsField(most=5, help_text="Search these, best first, instead of one location.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a keyword, so no attribute can have this name."""
        fields = super().get_fields()
        return {"from" if name == "from_at" else name: field for name, field in fields.items()}
