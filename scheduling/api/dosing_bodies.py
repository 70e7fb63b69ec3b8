"""What devices send from the session room. Each entry has a `key` that the device made for it."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from practice.api.base import In
from practice.api.fields import (
    ChoiceOf,
    IdField,
    InstantField,
    LineField,
    PhoneField,
    TextField,
    TruthField,
    WholeNumberField,
)
from treatment_plans.api.measures import AnswersField
from treatment_plans.models import AdverseEvent, DischargeCheck, Dose, Mark, Vitals
from treatment_plans.models.dosing_rows import CheckIn

SMALL = 32767
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class KeyField(serializers.UUIDField):
    """A UUID with its hyphens, made by the device for this entry."""

    default_error_messages = {"invalid": _("This is not a UUID.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            help_text="A UUID that the device makes for this entry, and sends again when it sends it again: "
            "the answer is then the entry that is there. With other values 422.",
            **kwargs,
        )

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str) or not _UUID.fullmatch(data):
            self.fail("invalid")
        return uuid.UUID(data)


class KeyedIn(In):
    key = KeyField()


class Correction(In):
    reason = LineField(max_length=200, help_text="Why it is corrected.")


def _reading() -> dict[str, Any]:
    """Any number, for the rule to refuse with all other reasons what can't be."""
    return {"min_value": -SMALL, "max_value": SMALL}


def _amount(**kwargs: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=8, decimal_places=3, min_value=Decimal("0.001"), **kwargs)


def _weight() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=Decimal(1),
        required=False,
        allow_null=True,
        help_text="Today's, needed when the order is by weight.",
    )


class IdentifierField(ChoiceOf):
    def __init__(self) -> None:
        serializers.ChoiceField.__init__(self, choices=CheckIn.Identifier.choices)
        self.component = "CheckInIdentifier"


class IdentifiedByField(serializers.ListField):
    child = IdentifierField()


class CheckInIn(KeyedIn):
    identified_by = IdentifiedByField(
        min_length=2, max_length=5, help_text="Two different things at least that say who the client is."
    )
    last_food_at = InstantField(required=False, allow_null=True, help_text="Null when it is not known.")
    last_drink_at = InstantField(required=False, allow_null=True, help_text="Null when it is not known.")
    medicine_seen = TruthField(required=False, allow_null=True)
    medicine_count = WholeNumberField(min_value=0, max_value=1000, required=False, allow_null=True)
    ride_name = LineField(max_length=120, required=False, allow_blank=True)
    ride_phone = PhoneField(required=False, allow_blank=True)
    has_new_medicines = TruthField(required=False, allow_null=True, help_text="Since the last visit.")
    is_ill = TruthField(required=False, allow_null=True)
    may_be_pregnant = TruthField(required=False, allow_null=True)
    has_bladder_symptoms = TruthField(required=False, allow_null=True)
    changes = TextField(max_length=2000, required=False, allow_blank=True)
    cssrs = IdField(
        required=False, allow_null=True, help_text="The measure of the C-SSRS screener since last contact."
    )
    cssrs_answers = AnswersField(
        required=False,
        help_text="Instead of `cssrs`: its answers by item, kept as a measure; unsafe ones raise an alert.",
    )


class VitalsIn(KeyedIn):
    """Impossible values are refused, all reasons at once; what is out of range is saved and explained."""

    taken_at = InstantField(
        required=False,
        help_text="Defaults to now; needed when it is sent later than it was taken. The server's time leads: "
        "one that lies ahead is kept as `device_at`.",
    )
    systolic = WholeNumberField(**_reading())
    diastolic = WholeNumberField(**_reading())
    heart_rate = WholeNumberField(**_reading())
    spo2 = WholeNumberField(required=False, allow_null=True, **_reading())
    respiratory_rate = WholeNumberField(required=False, allow_null=True, **_reading())
    sedation_score = WholeNumberField(
        required=False, allow_null=True, help_text="MOAA/S: 5 awake to 0 no reaction.", **_reading()
    )
    source = ChoiceOf(model=Vitals, of="source", required=False)  # type: ignore[assignment]
    method = ChoiceOf(model=Vitals, of="method", required=False)
    note = LineField(max_length=200, required=False, allow_blank=True)


class VitalsCorrectionIn(VitalsIn, Correction):
    """What is left out stays as it was."""

    systolic = WholeNumberField(required=False, **_reading())
    diastolic = WholeNumberField(required=False, **_reading())
    heart_rate = WholeNumberField(required=False, **_reading())


class DoseSignatureIn(KeyedIn):
    """In your own name. The latest signature of each part counts."""

    is_yes = TruthField(required=False, help_text="The default is true. A no needs a note.")
    accepts = IdField(
        required=False,
        allow_null=True,
        help_text="The last reading, when it is out of range and the prescriber accepts it.",
    )
    note = LineField(max_length=200, required=False, allow_blank=True)


class DoseIn(KeyedIn):
    """Given now, by the server's clock."""

    number = WholeNumberField(
        min_value=1, max_value=2, required=False, help_text="1, or 2 for a second dose; the default is 1."
    )
    amount = _amount()
    unit = ChoiceOf(model=Dose, of="unit", required=False)
    weight_kg = _weight()
    route = ChoiceOf(model=Dose, of="route")
    prescription = IdField(help_text="One of the room's `prescriptions`.")
    stock_lot = IdField(
        required=False, allow_null=True, help_text="The lot of the clinic's stock that it is taken from."
    )
    units_used = serializers.DecimalField(
        max_digits=10,
        decimal_places=3,
        min_value=Decimal("0.001"),
        required=False,
        allow_null=True,
        help_text="How much goes out of the lot, or of what the client holds, in its unit. Of the client's "
        "own medicine it defaults to one dose.",
    )
    lot_number = LineField(
        max_length=40, required=False, allow_blank=True, help_text="Defaults to that of the lot."
    )
    is_self_administered = TruthField(required=False)
    witnessed_by = LineField(
        max_length=120, required=False, allow_blank=True, help_text="Needed when it is self-administered."
    )


class DoseCorrectionIn(KeyedIn, Correction):
    """What is left out stays as it was."""

    amount = _amount(required=False)
    weight_kg = _weight()
    lot_number = LineField(max_length=40, required=False, allow_blank=True)
    is_self_administered = TruthField(required=False)
    witnessed_by = LineField(max_length=120, required=False, allow_blank=True)


class MarkIn(KeyedIn):
    kind = ChoiceOf(model=Mark, of="kind")
    phase = ChoiceOf(model=Mark, of="phase", required=False)
    text = TextField(
        max_length=2000, required=False, allow_blank=True, help_text="Needed of note, intention, technique."
    )
    seen_at = InstantField(required=False, help_text="Defaults to now.")


class MarkCorrectionIn(MarkIn, Correction):
    """What is left out stays as it was."""

    kind = ChoiceOf(model=Mark, of="kind", required=False)


class AdverseEventIn(KeyedIn):
    """A serious one holds the rest of the course, and so does a severe one where the protocol says so."""

    kind = ChoiceOf(model=AdverseEvent, of="kind")
    severity = ChoiceOf(model=AdverseEvent, of="severity")
    is_serious = TruthField(
        required=False,
        help_text="Death, danger to life, hospital, disability, birth defect, an important medical event.",
    )
    relatedness = ChoiceOf(model=AdverseEvent, of="relatedness", required=False)
    action = ChoiceOf(model=AdverseEvent, of="action", required=False)
    outcome = ChoiceOf(model=AdverseEvent, of="outcome", required=False)
    began_at = InstantField(required=False, help_text="Defaults to now.")
    ended_at = InstantField(required=False, allow_null=True)
    note = TextField(max_length=4000, required=False, allow_blank=True)


class AdverseEventCorrectionIn(AdverseEventIn, Correction):
    """What is left out stays as it was."""

    kind = ChoiceOf(model=AdverseEvent, of="kind", required=False)
    severity = ChoiceOf(model=AdverseEvent, of="severity", required=False)


class DischargeIn(KeyedIn):
    """Whoever is signed in signs. `override_reason` is for prescribers; nothing that is locked gives way."""

    leaves_to = ChoiceOf(model=DischargeCheck, of="leaves_to", required=False)
    sedation_score = WholeNumberField(min_value=0, max_value=5, required=False, allow_null=True)
    is_oriented = TruthField()
    walks_steadily = TruthField()
    nausea = ChoiceOf(model=DischargeCheck, of="nausea")
    pain = ChoiceOf(model=DischargeCheck, of="pain")
    taken_over_by = LineField(max_length=120, required=False, allow_blank=True)
    taken_over_phone = PhoneField(required=False, allow_blank=True)
    aftercare_given = TruthField()
    medicine_remaining = WholeNumberField(min_value=0, max_value=1000, required=False, allow_null=True)
    override_reason = LineField(max_length=200, required=False, allow_blank=True)


class EndIn(In):
    reason = LineField(max_length=200)
