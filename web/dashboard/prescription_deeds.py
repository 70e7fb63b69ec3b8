"""What may be done with prescriptions and with what a client holds of them, as forms."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from practice.access import CLINICAL, DECIDES_MEDICAL
from practice.models import Client, User
from treatment_plans.models import InPersonEvaluation, PdmpCheck, Prescription, SupplyEvent, SupplyTask
from treatment_plans.rules import balances
from treatment_plans.supply.prescriptions import TRANSITIONS
from web.dashboard.deeds import Deed, Field, fixed, of
from web.dashboard.frame import ANY_ID

Kind, Status = SupplyEvent.Kind, Prescription.Status

ORDER = (
    *("route", "drug", "form", "strength_amount", "strength_unit", "dose_amount", "dose_unit", "directions"),
    *("doses_per_fill", "refills", "quantity", "quantity_unit", "units_per_dose", "days_supply"),
    *("issued_on", "valid_through_on", "client_address", "other_prescribers"),
)
DATES = {"issued_on", "valid_through_on"}
NEEDED = {"route", "drug", "dose_amount", "doses_per_fill"}


def _ordered(row: Prescription | None, *, undated: bool = False) -> list[Field]:
    hints = {
        "issued_on": _("Empty: the day of the signature."),
        "valid_through_on": _("Schedule III: six months after the issue at most."),
        "refills": _("Schedule III: five at most."),
    }
    default = Prescription()
    return [
        of(
            Prescription,
            name,
            value="" if undated and name in DATES else getattr(row or default, name),
            is_required=name in NEEDED,
            hint=hints.get(name, ""),
        )
        for name in ORDER
    ]


def for_client(user: User, client: Client) -> list[Deed]:
    """To draft one, and to record a look into the monitoring programme."""
    if not user.has_role(*DECIDES_MEDICAL):
        return []
    return [
        Deed(
            "draft",
            _("Draft a prescription"),
            "prescriptions/draft",
            _ordered(None),
            fixed=[fixed("client", client.pk)],
            intro=_("It counts for nothing until it was signed in the certified e-prescribing system."),
            done=_("The draft is saved."),
            goes=reverse("prescription", args=[ANY_ID]),
            button=_("Save the draft"),
        ),
        Deed(
            "pdmp",
            _("Record a look into the monitoring programme"),
            "pdmp-checks",
            [
                of(PdmpCheck, "result"),
                of(PdmpCheck, "state", value=client.state),
                of(PdmpCheck, "checked_at", is_required=False, hint=_("Empty: now.")),
                of(PdmpCheck, "note", hint=_("Needed where something was found.")),
            ],
            fixed=[fixed("client", client.pk)],
            is_keyed=True,
            button=_("Record"),
            done=_("The look is recorded."),
        ),
        Deed(
            "in-person",
            _("Record that you saw the client in person"),
            "in-person-evaluations",
            [of(InPersonEvaluation, "evaluated_on"), of(InPersonEvaluation, "note")],
            fixed=[fixed("client", client.pk)],
            button=_("Record"),
            done=_("The evaluation is recorded."),
        ),
    ]


def along_its_life(user: User, row: Prescription) -> list[Deed]:
    """The steps that are open to this reader, the next one first."""
    decides = user.has_role(*DECIDES_MEDICAL)
    steps = TRANSITIONS[row.status]
    at = f"prescriptions/{row.pk}"
    deeds = []
    if decides and row.is_draft and row.prescriber.user_id == user.pk:
        deeds.append(
            Deed(
                "sign",
                _("Record the signature"),
                f"{at}/sign",
                [of(Prescription, "reference", is_required=True)],
                intro=_("Of the certified system in which you signed it. Here nothing is signed."),
                revision=row.revision,
                done=_("The signature is recorded."),
                is_open=True,
                goes=reverse("prescription", args=[ANY_ID]),
            )
        )
    if decides and row.is_draft:
        deeds.append(
            Deed(
                "change",
                _("Change the draft"),
                at,
                _ordered(row),
                method="PATCH",
                button=_("Save the draft"),
                revision=row.revision,
                done=_("The draft is saved."),
            )
        )
    if decides and Status.SENT in steps:
        deeds.append(
            Deed(
                "send",
                _("Record that it was sent"),
                f"{at}/send",
                [of(Prescription, "pharmacy", is_required=True)],
                revision=row.revision,
                done=_("It is on its way to the pharmacy."),
            )
        )
    if Status.DISPENSED in steps:
        deeds.append(
            Deed(
                "dispense",
                _("Record a fill"),
                f"{at}/dispense",
                [
                    of(
                        SupplyEvent,
                        "amount",
                        is_required=False,
                        hint=_("Empty: one fill, %(amount)s %(unit)s.")
                        % {"amount": balances.shown(row.one_fill), "unit": row.get_quantity_unit_display()},
                    ),
                    Field("dispensed_at", _("When"), "moment", "moment", hint=_("Empty: now.")),
                ],
                is_keyed=True,
                button=_("Record"),
                done=_("The fill is the client's now."),
            )
        )
    if Status.LOST in steps:
        deeds.append(
            Deed(
                "lost",
                _("Report it lost"),
                f"{at}/report-lost",
                [Field("report", _("What was lost, and how"), is_required=True, most=400)],
                intro=_("It counts no more, and what the client holds of it is lost with it."),
                is_final=True,
                done=_("The loss is recorded."),
            )
        )
    if decides and Status.REVOKED in steps:
        deeds.append(
            Deed(
                "revoke",
                _("Revoke it"),
                f"{at}/revoke",
                [Field("reason", _("Why"), is_required=True, most=200)],
                intro=_("Sessions that need it are on hold from now on. None is cancelled."),
                is_final=True,
                done=_("It is revoked."),
            )
        )
    return deeds


def next_one(user: User, row: Prescription) -> Deed | None:
    """The same order again: it renews one in force, and replaces one that was lost or revoked."""
    if not user.has_role(*DECIDES_MEDICAL) or row.is_draft:
        return None
    renews = row.is_in_force
    return Deed(
        "again",
        _("Draft its renewal") if renews else _("Draft another in its place"),
        "prescriptions/draft",
        _ordered(row, undated=True),
        fixed=[fixed("client", row.client_id), fixed("renews" if renews else "replaces", row.pk)],
        button=_("Save the draft"),
        done=_("The draft is saved."),
        goes=reverse("prescription", args=[ANY_ID]),
    )


def of_the_supply(user: User, row: Prescription) -> list[Deed]:
    """A count, medicine that came back, waste with its witness."""
    if not user.has_role(*CLINICAL) or row.signed_at is None:
        return []
    words = {
        Kind.COUNTED: (_("Count what the client holds"), _("What does not fit is for somebody to settle.")),
        Kind.RETURNED: (_("Medicine was returned"), ""),
        Kind.WASTED: (_("Medicine was wasted"), _("Before a witness, who is somebody else.")),
    }
    return [_event(user, row, kind, label, intro) for kind, (label, intro) in words.items()]


def _event(user: User, row: Prescription, kind: str, label: str, intro: str) -> Deed:
    fields = [of(SupplyEvent, "amount", label=_("How much"), hint=row.get_quantity_unit_display())]
    if kind == Kind.WASTED:
        witnesses = User.objects.filter(is_active=True, roles__overlap=list(CLINICAL)).exclude(pk=user.pk)
        names = list(witnesses.order_by("name").values_list("pk", "name"))
        fields.append(of(SupplyEvent, "witness", choices=names, is_required=True))
    fields += [
        of(SupplyEvent, "occurred_at", is_required=False, hint=_("Empty: now.")),
        of(SupplyEvent, "note"),
    ]
    known = {"client": row.client_id, "prescription": row.pk, "kind": str(kind), "unit": row.quantity_unit}
    return Deed(
        kind,
        label,
        "supply-events",
        fields,
        intro=intro,
        fixed=[fixed(name, value) for name, value in known.items()],
        is_keyed=True,
        button=_("Record"),
        done=_("It is in the ledger."),
    )


def of_an_event(event: SupplyEvent) -> Deed | None:
    """Put an event of the ledger right; an adjustment is put right by another count."""
    if event.kind == Kind.ADJUSTED:
        return None
    return Deed(
        f"correct-{event.pk}",
        _("Correct"),
        f"supply-events/{event.pk}/correct",
        [
            of(SupplyEvent, "amount", label=_("The right amount"), hint=_("0 undoes it.")),
            Field("reason", _("Why"), is_required=True, most=200),
        ],
        about=event.get_kind_display(),
        is_keyed=True,
        done=_("The correction is in the ledger."),
    )


def of_a_task(task: SupplyTask) -> Deed:
    return Deed(
        f"settle-{task.pk}",
        _("Settle the count"),
        f"supply-tasks/{task.pk}/settle",
        [
            of(SupplyTask, "outcome", choices=SupplyTask.Outcome.choices, is_required=True),
            of(SupplyTask, "note", is_required=True),
        ],
        done=_("The count is settled."),
    )
