"""The REMS monitoring form of a Spravato session: what it asks, read off the record, and that it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import DateField, DateTimeField, F, Func, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_noop as _

from practice import activity
from practice.blockers import Blocker
from practice.doors import door
from practice.editing import lock_for_edit, save_changes
from practice.errors import Invalid, Refused
from practice.models import User
from treatment_plans.dosing import facts as dosing_facts
from treatment_plans.dosing.facts import Rows, current
from treatment_plans.models import RemsForm
from treatment_plans.rules import balances, vitals
from treatment_plans.rules.vitals import Reading

ANSWERS = (
    "sex",
    "is_first_treatment",
    "takes_benzodiazepine",
    "takes_hypnotic",
    "takes_psychostimulant",
    "takes_maoi",
    "takes_opioid",
    "had_sedation",
    "had_dissociation",
    "had_respiratory_depression",
    "ready_after_minutes",
)
AROUND_40 = timedelta(minutes=10)  # what may stand for the reading at 40 minutes


class FormNotComplete(Refused):
    code = "form_not_complete"
    message = _("The form is not complete.")


class AlreadySubmitted(Refused):
    code = "already_submitted"
    message = _("This form was submitted before.")


@dataclass(frozen=True)
class Field:
    """One line of the form; None is missing."""

    name: str
    value: Any


def form_fields(form: RemsForm, rows: Rows) -> tuple[Field, ...]:
    """The form's lines in its order, as far as the record and the answers have them.

    Source: Spravato REMS patient monitoring form, November 2021, with what the newer form adds.
    """
    client, location, doses = rows.record.client, rows.record.location, current(rows.doses)
    leaving = dosing_facts.leaving(rows)
    first = min((dose.given_at for dose in doses), default=None)
    left = rows.discharge.recorded_at if rows.discharge else None
    signer = rows.discharge.signed_by if rows.discharge else None
    before, at_40 = leaving.before, _near(rows.readings, first, timedelta(minutes=40))
    last = leaving.last if first and leaving.last and leaving.last.at > first else None
    lots = sorted({dose.lot_number for dose in doses if dose.lot_number})
    values: list[tuple[str, Any]] = [
        ("client_name", client.legal_name),
        ("birth_date", client.birth_date),
        *((name, getattr(form, name) if getattr(form, name) != "" else None) for name in ANSWERS[:7]),
        ("monitored_by", str(signer) if signer else None),
        ("setting_name", location.name),
        ("setting_address", location.address or None),
        ("setting_phone", location.phone),
        ("treated_on", form.treated_on),
        ("dose_mg", balances.shown(sum((dose.amount for dose in doses), Decimal(0))) if doses else None),
        ("lot_number", ", ".join(lots) or None),
        ("minutes_observed", (left - first) // timedelta(minutes=1) if first and left else None),
        ("ready_after_minutes", form.ready_after_minutes),
        ("pressure_before", _pressure(before)),
        ("pressure_at_40", _pressure(at_40)),
        ("pressure_before_leaving", _pressure(last)),
        ("vitals_acceptable_before", _acceptable(before, rows)),
        ("vitals_acceptable_before_leaving", _acceptable(last, rows)),
        *((name, getattr(form, name)) for name in ANSWERS[7:10]),
        ("serious_events", [str(event) for event in current(rows.events) if event.is_serious]),
    ]
    return tuple(Field(name, value) for name, value in values)


def missing(fields: tuple[Field, ...]) -> tuple[str, ...]:
    return tuple(field.name for field in fields if field.value is None)


def is_overdue(form: RemsForm, *, today: date) -> bool:
    return form.submitted_at is None and form.due_on < today


def overdue(forms: QuerySet[RemsForm], *, now: datetime, is_overdue: bool = True) -> QuerySet[RemsForm]:
    """Those whose last day has passed where the client was treated, or the others."""
    local = Func(
        F("record__location__time_zone"),
        Value(now, DateTimeField()),
        function="timezone",
        output_field=DateTimeField(),
    )
    today = Cast(local, DateField())
    late = Q(submitted_at=None, due_on__lt=today)
    return forms.filter(late if is_overdue else ~late)


@door
def answer(
    form_id: int, values: Mapping[str, Any], *, revision: int | None, actor: User, now: datetime
) -> RemsForm:
    """What the record does not say. Raises Stale, AlreadySubmitted."""
    form = lock_for_edit(RemsForm.objects.select_related("record"), form_id, revision=revision)
    if form.submitted_at is not None:
        raise AlreadySubmitted
    changed = save_changes(form, {name: values[name] for name in ANSWERS if name in values})
    activity.record(
        "rems_form.answered",
        form,
        actor=actor,
        at=now,
        client=form.record.client_id,
        data={"fields": changed},
    )
    return form


@door
def submitted(form_id: int, *, confirmation_number: str, actor: User, now: datetime) -> RemsForm:
    """It was sent at the REMS's own site or by fax, and this is the receipt.

    Raises AlreadySubmitted, FormNotComplete with every line that is missing.
    """
    if not confirmation_number.strip():
        raise Invalid(_("Write down the receipt's number."), code="required", pointer="/confirmation_number")
    form = lock_for_edit(
        RemsForm.objects.select_related("record__protocol", "record__client", "record__location"),
        form_id,
        revision=None,
    )
    if form.submitted_at is not None:
        raise AlreadySubmitted
    gaps = missing(form_fields(form, dosing_facts.load(form.record)))
    if gaps:
        raise FormNotComplete(
            blockers=[Blocker(f"{gap}_missing", _("Missing: %(field)s."), {"field": gap}) for gap in gaps]
        )
    values = {
        "submitted_at": now,
        "submitted_by": actor,
        "confirmation_number": confirmation_number.strip(),
    }
    save_changes(form, values)
    activity.record("rems_form.submitted", form, actor=actor, at=now, client=form.record.client_id)
    return form


def _near(readings: tuple[Reading, ...], first: datetime | None, after: timedelta) -> Reading | None:
    if first is None:
        return None
    close = [each for each in readings if each.at > first and abs(each.at - first - after) <= AROUND_40]
    return min(close, key=lambda each: abs(each.at - first - after), default=None)


def _pressure(reading: Reading | None) -> str | None:
    return f"{reading.systolic}/{reading.diastolic}" if reading else None


def _acceptable(reading: Reading | None, rows: Rows) -> bool | None:
    if reading is None:
        return None
    return not vitals.needs_acceptance(reading, dosing_facts.limits(rows.record.protocol))
