"""What happened to a client, newest first, page by page: rows of many kinds in one order.

A source is one small function of one model: what to call a row of it. Each app has a tuple of its own, and
the highest that anybody asks puts them together. A page takes one query for each source, whatever lies
before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet


@dataclass(frozen=True, slots=True)
class Entry:
    """`source` and `id` name the row. `title`, `detail` and `by` are words in the reader's language."""

    at: datetime
    source: str
    id: int
    title: str
    detail: str = ""
    by: str = ""

    @property
    def place(self) -> Place:
        return Place(self.at, self.source, self.id)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the order a page ended."""

    at: datetime
    source: str
    id: int


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    detail: str = ""
    by: str = ""


@dataclass(frozen=True)
class Source:
    """Rows with the path to their client, the field that says when, and what each is called."""

    name: str
    rows: Callable[[], QuerySet[Any]]
    at: str
    show: Callable[[Any], Words]
    client: str = "client"

    def entries(self, client_id: int, after: Place | None, limit: int) -> list[Entry]:
        rows = self.rows().filter(**{self.client: client_id, f"{self.at}__isnull": False})
        if after is not None:
            rows = rows.filter(self._beyond(after))
        found = rows.order_by(f"-{self.at}", "-pk")[:limit]
        return [self._entry(row) for row in found]

    def _beyond(self, after: Place) -> Q:
        """Older, or of the same instant and later in the order: by source, then the newest id first."""
        older = Q(**{f"{self.at}__lt": after.at})
        same = Q(**{self.at: after.at})
        if self.name > after.source:
            return older | same
        if self.name == after.source:
            return older | (same & Q(pk__lt=after.id))
        return older

    def _entry(self, row: Any) -> Entry:
        words = self.show(row)
        return Entry(getattr(row, self.at), self.name, row.pk, words.title, words.detail, words.by)


def page(
    sources: Iterable[Source], client_id: int, *, after: Place | None, limit: int
) -> tuple[Sequence[Entry], Place | None]:
    """The entries behind `after`, and where the next page goes on; None when there is none."""
    found = [entry for source in sources for entry in source.entries(client_id, after, limit + 1)]
    found.sort(key=lambda entry: entry.id, reverse=True)
    found.sort(key=lambda entry: entry.source)
    found.sort(key=lambda entry: entry.at, reverse=True)
    shown = found[:limit]
    return shown, shown[-1].place if len(found) > limit else None
