"""Previews as the API shows them: lines that a person can read and a program can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from practice.access import READS_MEDICAL
from scheduling.api.fields import ClinicTime
from scheduling.api.pages import clients_within
from scheduling.api.reasons import shown
from scheduling.api.serializers import BlockerOut, BookingOut
from scheduling.effects import Effect
from scheduling.models import Booking
from scheduling.moves import Follow, Preview


class EffectOut(serializers.Serializer[Effect]):
    """Clinical reasons only for those who may see them."""

    code = serializers.CharField()
    detail = serializers.SerializerMethodField()
    booking = serializers.IntegerField(source="booking_id")
    params = serializers.DictField()
    blockers = serializers.SerializerMethodField()
    needs_a_person = serializers.BooleanField(help_text="Nobody takes care of it by itself.")

    def get_detail(self, effect: Effect) -> str:
        return effect.text(gettext)

    @extend_schema_field(BlockerOut(many=True))
    def get_blockers(self, effect: Effect) -> Any:
        clinical = effect.booking_id in self.context.get("clinical", ())
        found: Any = shown(effect.blockers, clinical=clinical)
        return BlockerOut(found, many=True).data


class FollowMoveOut(serializers.Serializer[Follow]):
    """To be echoed as it is."""

    booking = serializers.IntegerField(source="booking_id")
    revision = serializers.IntegerField()
    starts_at = ClinicTime(zone=None)
    therapist = serializers.IntegerField(source="therapist_id", allow_null=True)
    psychiatrist = serializers.IntegerField(source="psychiatrist_id", allow_null=True)


class MovePreviewOut(serializers.Serializer[Preview]):
    """How it would be: nothing of it is written."""

    revision = serializers.IntegerField(help_text="Of the booking as it is now: the ETag to send with it.")
    booking = BookingOut(help_text="As it would be.")
    follow_moves = FollowMoveOut(many=True, help_text="What would move along.")
    effects = serializers.SerializerMethodField(help_text="What it would mean, line by line.")

    @extend_schema_field(EffectOut(many=True))
    def get_effects(self, preview: Preview) -> Any:
        return effects_data(preview.effects, self.context)


def effects_data(effects: tuple[Effect, ...], context: Mapping[str, Any]) -> Any:
    """For a reader, who may see the clinical reasons of some of the bookings."""
    of_bookings = dict(
        Booking.objects.filter(pk__in={each.booking_id for each in effects}).values_list("pk", "client_id")
    )
    readable = clients_within(context["request"].user, of_bookings.values(), READS_MEDICAL)
    clinical = {pk for pk, client_id in of_bookings.items() if client_id in readable}
    rows: Any = effects
    return EffectOut(rows, many=True, context={**context, "clinical": clinical}).data


def follow_of(listed: Mapping[str, Any]) -> Follow:
    return Follow(
        listed["booking"],
        listed["revision"],
        listed["starts_at"],
        listed.get("therapist"),
        listed.get("psychiatrist"),
    )
