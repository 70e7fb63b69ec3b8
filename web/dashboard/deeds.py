"""The forms of a page: what each asks, and where in the REST API it is sent.

A page lists those that its reader may use; deeds.js sends them. What an answer is called, how long it may be
and what it may say, comes from the field of the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from treatment_plans.rules import balances

Choices = Iterable[tuple[Any, Any]]
# What the script says.
WORDS = {
    "signed_out": gettext_lazy("You are signed out. Sign in in another window, then send it again."),
    "meanwhile": gettext_lazy("Somebody wrote meanwhile"),
    "nothing": gettext_lazy("nothing"),
    "no_effects": gettext_lazy("Nothing that is booked changes."),
}


@dataclass(frozen=True)
class Field:
    """One answer of a form. `name` may be a place inside the body: "values.readings.0.systolic".

    `reads` says how the script reads it (entry.js); `emptied` what is sent of a change that empties it.
    """

    name: str
    label: Any
    kind: str = "text"
    reads: str = "text"
    value: Any = ""
    choices: Choices = ()
    is_required: bool = False
    hint: Any = ""
    most: int | None = None
    emptied: str = "blank"
    is_unit: bool = False

    @property
    def shown(self) -> str:
        return spelt(self.value)

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """Code, word, and whether it is chosen; nothing is chosen for anybody."""
        found = [
            (str(code), str(word if self.is_unit and code else capfirst(word)), str(code) == self.shown)
            for code, word in self.choices
        ]
        is_chosen = any(chosen for _code, _word, chosen in found)
        return found if is_chosen else [("", _("Choose"), True), *found]


@dataclass(frozen=True)
class Deed:
    """One form. `name` is its id in the page; `about` tells screen readers alike ones apart. `button` is what
    its button says, if that is not its label.

    With `rehearses` it is sent as a dry run first, "always" or when a field has a value ("decision=stop"),
    and what it would mean is shown. `revision` is sent as If-Match. `goes` is where it leads, the id of the
    answer in the place of `frame.ANY_ID`.
    """

    name: str
    label: Any
    path: str
    fields: Sequence[Field] = ()
    button: Any = ""
    about: Any = ""
    intro: Any = ""
    done: Any = ""
    method: str = "POST"
    revision: int | None = None
    is_keyed: bool = False
    is_final: bool = False
    is_open: bool = False
    rehearses: str = ""
    goes: str = ""
    fixed: Sequence[Field] = field(default=())

    @property
    def hidden(self) -> list[Field]:
        return [each for each in (*self.fields, *self.fixed) if each.kind == "hidden"]

    @property
    def asked(self) -> list[Field]:
        return [each for each in self.fields if each.kind != "hidden"]


def fixed(name: str, value: Any) -> Field:
    """What the page knows and nobody is asked."""
    return Field(name, "", kind="hidden", reads="number" if isinstance(value, int) else "text", value=value)


def of(model: type[models.Model], name: str, **changes: Any) -> Field:
    """A field of a form after one of a model; `changes` are of `Field`."""
    described: Any = model._meta.get_field(name)
    made = Field(
        name,
        capfirst(described.verbose_name),
        is_required=not described.blank and not described.null,
        hint=described.help_text,
        emptied="null" if described.null else "blank",
        is_unit=name.endswith("unit"),
        **_kind(described),
    )
    return replace(made, **changes)


def _kind(described: Any) -> dict[str, Any]:
    if described.choices:
        blank = [] if not described.blank else [("", _("not said"))]
        return {"kind": "select", "choices": [*blank, *described.flatchoices]}
    match described:
        case models.TextField():
            return {"kind": "area", "most": described.max_length or 4000}
        case models.DateTimeField():
            return {"kind": "moment", "reads": "moment"}
        case models.DateField():
            return {"kind": "date"}
        case models.DecimalField():
            return {"kind": "amount"}
        case models.IntegerField():
            return {"kind": "number", "reads": "number"}
        case models.ForeignKey():
            return {"kind": "select", "reads": "number"}
    return {"most": described.max_length}


def spelt(value: Any) -> str:
    """As the field of a form holds it."""
    match value:
        case None:
            return ""
        case Decimal():
            return balances.shown(value)
        case date():
            return value.isoformat()
    return str(value)
