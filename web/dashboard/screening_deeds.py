"""What may be done about a client's screening, results and medicines, as forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from practice.access import DECIDES_MEDICAL
from practice.models import Client, User
from treatment_plans.models import (
    ClinicalResult,
    CurrentMedication,
    FlagDisposition,
    HoldInstruction,
    ResultKind,
    ScreeningFlag,
)
from treatment_plans.rules import results
from web.dashboard.deeds import Deed, Field, fixed, of


def of_a_flag(user: User, flag: ScreeningFlag) -> Deed | None:
    if not user.has_role(*DECIDES_MEDICAL):
        return None
    seen = [] if flag.disposition_id is None else [fixed("replaces", flag.disposition_id)]
    return Deed(
        f"flag-{flag.pk}",
        _("Decide about it") if flag.disposition_id is None else _("Decide again"),
        f"screening-flags/{flag.pk}/dispose",
        [
            of(FlagDisposition, "decision"),
            of(FlagDisposition, "reason"),
            of(
                FlagDisposition,
                "valid_through_on",
                hint=_("Needed where treatment goes on."),
            ),
        ],
        about=flag.rule.fact,
        fixed=seen,
        button=_("Decide"),
        done=_("The decision is recorded."),
    )


def results_of(client: Client) -> list[Deed]:
    """One form for each kind, for each holds other values."""
    return [
        Deed(
            f"result-{kind.replace('_', '-')}",
            _("Record: %(kind)s") % {"kind": label},
            "clinical-results",
            [*_values(kind), *_around(None), of(ClinicalResult, "document_note")],
            fixed=[fixed("client", client.pk), fixed("kind", kind)],
            button=_("Record"),
            done=_("The result is recorded."),
        )
        for kind, label in ResultKind.choices
    ]


def of_a_result(result: ClinicalResult) -> Deed:
    return Deed(
        f"correct-result-{result.pk}",
        _("Correct"),
        f"clinical-results/{result.pk}/correct",
        [
            *_values(result.kind, result.values),
            *_around(result),
            Field("reason", _("Why it is corrected"), is_required=True, most=200),
        ],
        about=result.get_kind_display(),
        done=_("The result is corrected."),
    )


def _around(result: ClinicalResult | None) -> list[Field]:
    return [
        of(ClinicalResult, "taken_on", value=result.taken_on if result else ""),
        of(
            ClinicalResult,
            "valid_through_on",
            value=result.valid_through_on if result else "",
            hint=_("Empty: it does not end by itself."),
        ),
    ]


def _values(kind: str, known: Mapping[str, Any] | None = None) -> list[Field]:
    """The answers that make up the values of one kind, as places in the body."""
    known = known or {}
    outcomes = [("negative", _("negative")), ("positive", _("positive")), ("unclear", _("unclear"))]
    findings = [("normal", _("normal")), ("abnormal", _("abnormal")), ("unclear", _("unclear"))]

    def one(name: str, label: str, **more: Any) -> Field:
        shape = {"kind": "select"} if "choices" in more else {}
        return Field(f"values.{name}", label, value=known.get(name, ""), **{**shape, **more})

    number: dict[str, Any] = {"kind": "amount", "reads": "number"}
    match kind:
        case results.BLOOD_PRESSURE:
            return _readings(known.get("readings", ()))
        case results.ECG:
            return [
                one("finding", _("Finding"), choices=findings),
                one("note", _("Note"), most=results.LONGEST),
            ]
        case results.LIVER_TESTS:
            names = {"alt": "ALT", "ast": "AST", "alp": "ALP", "bilirubin": _("Bilirubin")}
            units = {"bilirubin": "mg/dL"}
            return [
                *(
                    one(name, names[name], hint=units.get(name, "U/L"), **number)
                    for name in results.LIVER_VALUES
                ),
                one("finding", _("Finding"), choices=[("", _("not said")), *findings]),
            ]
        case results.URINE_DRUG_TEST:
            return [
                one("outcome", _("Outcome"), choices=outcomes),
                one("found", _("What was found"), most=results.LONGEST),
            ]
    return [one("outcome", _("Outcome"), choices=outcomes)]


def _readings(known: Sequence[Mapping[str, int]]) -> list[Field]:
    """As many as there are, and one more; two for a new one."""
    words = {"systolic": _("Systolic, reading %(number)s"), "diastolic": _("Diastolic, reading %(number)s")}
    rows = [*known, {}] if known else [{}, {}]
    return [
        Field(
            f"values.readings.{place}.{name}",
            word % {"number": place + 1},
            "number",
            "number",
            value=row.get(name, ""),
            is_required=place == 0,
        )
        for place, row in enumerate(rows[: results.MOST_READINGS])
        for name, word in words.items()
    ]


def medicines_of(client: Client) -> Deed:
    return Deed(
        "medicine",
        _("Add a medicine"),
        "current-medications",
        [
            of(CurrentMedication, name)
            for name in ("name", "medicine_class", "dose_text", "since_on", "source")
        ],
        fixed=[fixed("client", client.pk)],
        button=_("Add"),
        done=_("It is on the list."),
    )


def of_a_medicine(row: CurrentMedication) -> list[Deed]:
    classify = Deed(
        f"classify-{row.pk}",
        _("Say which class"),
        f"current-medications/{row.pk}/classify",
        [of(CurrentMedication, "medicine_class", value=row.medicine_class, hint="")],
        about=row.name,
        button=_("Record"),
        done=_("The class is recorded."),
    )
    stop = Deed(
        f"stop-{row.pk}",
        _("It was stopped"),
        f"current-medications/{row.pk}/stop",
        [of(CurrentMedication, "stopped_on", is_required=True)],
        intro=_("A record of what happened: the client is told nothing."),
        about=row.name,
        button=_("Record"),
        done=_("The last day is recorded."),
    )
    return [stop] if row.medicine_class else [classify, stop]


def holds_of(user: User, client: Client, taken: Sequence[CurrentMedication]) -> list[Deed]:
    if not user.has_role(*DECIDES_MEDICAL):
        return []
    return [
        Deed(
            "hold",
            _("Approve words for this client"),
            "hold-instructions",
            [
                of(
                    HoldInstruction,
                    "medication",
                    choices=[("", _("none of the list")), *((row.pk, row.name) for row in taken)],
                ),
                of(HoldInstruction, "text_en", most=1000),
                of(HoldInstruction, "text_es", most=1000),
            ],
            fixed=[fixed("client", client.pk)],
            intro=_("In your name. The client reads them on their page once they gave their birth date."),
            done=_("The words are approved."),
        )
    ]


def of_a_hold(user: User, hold: HoldInstruction) -> Deed | None:
    if not user.has_role(*DECIDES_MEDICAL):
        return None
    return Deed(
        f"withdraw-{hold.pk}",
        _("Withdraw them"),
        f"hold-instructions/{hold.pk}/withdraw",
        [Field("reason", _("Why"), is_required=True, most=200)],
        done=_("The words reach the client no more."),
    )
