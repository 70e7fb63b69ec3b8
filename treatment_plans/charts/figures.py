"""Charts as figures of HTML: an SVG with title, description and a table. No style of their own, so any page
under the strict policy, a print and an answer of the API can carry them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from treatment_plans.charts.vitals import Reading
from treatment_plans.charts.vitals import vitals_chart as draw_vitals

# Told apart by shape and dashes too, never by colour alone: colour, dashes, shape of a reading.
_LOOKS = {
    "systolic": ("#004a80", "", "M-4.5 4L0 -4.5L4.5 4z"),
    "diastolic": ("#004a80", "6 3", "M-4.5 -4L0 4.5L4.5 -4z"),
    "heart_rate": ("#a3123f", "2 3", "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"),
    "spo2": ("#4b5560", "", "M-3.5 -3.5h7v7h-7z"),
}


def vitals_figure(
    readings: Sequence[Reading],
    *,
    limits: Sequence[tuple[int, str]] = (),
    id: str = "vitals",
    is_open: bool = False,
) -> SafeString:
    """The readings as a figure, in the reader's language; empty without one. `id` is unique on its page.

    `limits` are pressures with their words; with `is_open` the table is unfolded, for prints.
    """
    try:
        chart = draw_vitals(readings, limits=limits)
    except ValueError:
        return SafeString()
    names = {
        "systolic": _("Systolic"),
        "diastolic": _("Diastolic"),
        "heart_rate": _("Pulse"),
        "spo2": _("SpO2"),
    }
    curves = []
    for curve in chart.curves:
        colour, dashes, shape = _LOOKS[curve.name]
        label = f"{names[curve.name]} {curve.dots[-1].value}"
        curves.append({**asdict(curve), "colour": colour, "dashes": dashes, "shape": shape, "label": label})
    summary = " ".join(
        _("%(name)s: last %(last)s, highest %(highest)s, lowest %(lowest)s.")
        % {
            "name": names[curve.name],
            "last": curve.dots[-1].value,
            "highest": max(dot.value for dot in curve.dots),
            "lowest": min(dot.value for dot in curve.dots),
        }
        for curve in chart.curves
    )
    rows = sorted(readings, key=lambda row: row.minutes)
    context = {
        "chart": chart,
        "curves": curves,
        "summary": summary,
        "rows": rows,
        "id": id,
        "is_open": is_open,
    }
    return render_to_string("treatment_plans/vitals_chart.html", context)
