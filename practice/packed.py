"""Many resources with all that hangs on them in one query: correlated rows, packed into one JSON value."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, TypeAlias

from django.db.models import Func, JSONField, QuerySet, Subquery
from django.db.models.functions import JSONArray

# Rows as lists of JSON values in the order of the columns; None when there is no row.
Rows: TypeAlias = list[list[Any]] | None


def packed(queryset: QuerySet[Any], *columns: str) -> Subquery:
    """The rows of a correlated queryset, in no particular order. Dates and instants come as ISO 8601 text."""
    rows = Func(JSONArray(*columns), function="jsonb_agg", output_field=JSONField())
    return Subquery(queryset.order_by().values(rows=rows))


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def unpacked(value: str | None) -> list[list[Any]]:
    """The rows, when the value comes as the database writes it (`practice.prepared`)."""
    rows: list[list[Any]] = json.loads(value) if value else []
    return rows
