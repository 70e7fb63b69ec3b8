"""Pages of lists, each beginning after the last row of the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.core import signing
from django.db.models import BigIntegerField, Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext_noop as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from practice.errors import Invalid
from practice.prepared import Prepared, is_one_of


class BadLimit(Invalid):
    code = "bad_limit"
    message = _("A page has 1 to 200 records.")


class BadCursor(Invalid):
    code = "bad_cursor"
    message = _("This cursor does not come from a page of this list.")


class CursorPages(BasePagination):
    """A cursor holds the ordering values of a row, signed: rows that come and go repeat and skip no others.

    The view's `ordering` ends in a unique field, has no nulls and nothing that identifies a person.
    """

    page_size = 50
    max_page_size = 200
    ordering: Sequence[str] = ("pk",)
    query_params = frozenset({"cursor", "limit"})

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:  # type: ignore[override]
        limit = self._limit(request.query_params.get("limit"))
        self.url = request.build_absolute_uri()
        self.signer = signing.Signer(salt=f"cursor {queryset.model._meta.label} {' '.join(self.ordering)}")
        cursor = self._read(request.query_params.get("cursor"))
        back, values = cursor if cursor else (False, [])
        ordering = [_turned(name) for name in self.ordering] if back else list(self.ordering)
        if cursor:
            queryset = queryset.filter(_beyond(ordering, values))
        page, places, more = self._first(queryset.order_by(*ordering), limit, view)
        self.page, self.places = (page[::-1], places[::-1]) if back else (page, places)
        self.has_next, self.has_previous = (cursor is not None, more) if back else (more, cursor is not None)
        return self.page

    def get_paginated_response(self, data: Any) -> Response:
        links = {
            "next": self._link(self.places[-1], back=False) if self.places and self.has_next else None,
            "previous": self._link(self.places[0], back=True) if self.places and self.has_previous else None,
        }
        relations = {"next": "next", "previous": "prev"}
        header = ", ".join(f'<{url}>; rel="{relations[name]}"' for name, url in links.items() if url)
        return Response({**links, "results": data}, headers={"Link": header} if header else None)

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": dict(schema)},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where the page begins: taken from `next` or `previous` of another page.",
                "schema": {"type": "string", "minLength": 1},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "How many a page has at most.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                },
            },
        ]

    def _limit(self, text: str | None) -> int:
        if text is None:
            return self.page_size
        if not (
            text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= self.max_page_size
        ):
            raise BadLimit(pointer="/query/limit")
        return int(text)

    def _read(self, text: str | None) -> tuple[bool, list[Any]] | None:
        if text is None:
            return None
        try:
            back, *values = self.signer.unsign_object(text)
        except (signing.BadSignature, ValueError):
            raise BadCursor(pointer="/query/cursor") from None
        return bool(back), [
            datetime.fromisoformat(value) if isinstance(value, str) else value for value in values
        ]

    def _first(
        self, rows: QuerySet[Any], limit: int, view: Any
    ) -> tuple[list[Any], list[Sequence[Any]], bool]:
        """The rows, the ordering values that each had when its place was decided, and whether there are more.

        What is joined is looked up for these rows only: asked at once, the database may join whole tables.
        """
        names = [name.lstrip("-") for name in self.ordering]
        if not rows.query.select_related:
            found = list(rows[: limit + 1])
            page = found[:limit]
            return page, [[getattr(row, name) for name in names] for row in page], len(found) > limit
        places = list(rows.prefetch_related(None).values_list("pk", *names)[: limit + 1])
        keys = [key for key, *_values in places[:limit]]
        if rows.query.select_related == view.queryset.query.select_related and not rows.query.annotations:
            kind: Any = type(view)
            by_key = {row.pk: row for row in _joined(kind).objects(keys=keys)} if keys else {}
            lookups: tuple[Any, ...] = vars(rows)["_prefetch_related_lookups"]
            prefetch_related_objects(list(by_key.values()), *lookups)
        else:
            by_key = rows.order_by().in_bulk(keys)
        page = [by_key[key] for key in keys if key in by_key]
        return page, [values for _key, *values in places[:limit]], len(places) > limit

    def _link(self, values: Sequence[Any], *, back: bool) -> str:
        plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
        return replace_query_param(self.url, "cursor", self.signer.sign_object([back, *plain]))


class ValuePages(CursorPages):
    """Pages of values that are worked out and no rows: each has its `place`, a list that orders them all."""

    def page_of(self, values: Sequence[Any], request: Request, *, name: str) -> list[Any]:
        """The page that the request asks for; `name` is of the list, whose cursors are no other's."""
        limit = self._limit(request.query_params.get("limit"))
        self.url = request.build_absolute_uri()
        self.signer = signing.Signer(salt=f"cursor {name}")
        cursor = self._read(request.query_params.get("cursor"))
        back, place = cursor if cursor else (False, [])
        if back:
            found = [each for each in values if each.place < place]
            page = found[-limit:]
        else:
            found = [each for each in values if not cursor or each.place > place]
            page = found[:limit]
        more = len(found) > limit
        self.places = [each.place for each in page]
        self.has_next, self.has_previous = (True, more) if back else (more, cursor is not None)
        return page

    def _read(self, text: str | None) -> tuple[bool, list[Any]] | None:
        if text is None:
            return None
        try:
            back, *place = self.signer.unsign_object(text)
        except (signing.BadSignature, ValueError):
            raise BadCursor(pointer="/query/cursor") from None
        return bool(back), place


@cache
def _joined(view: Any) -> Prepared:
    """Rows of a view by their keys; which keys is decided before."""
    rows = view.queryset.prefetch_related(None).order_by()
    return Prepared(lambda: rows.filter(is_one_of("pk", "keys", BigIntegerField())))


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after the one with `values`, by the first field in which they differ."""
    beyond, same = Q(), Q()
    for name, value in zip(ordering, values, strict=True):
        field, side = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
        beyond |= same & Q((f"{field}__{side}", value))
        same &= Q((field, value))
    first = ordering[0]
    bound = "lte" if first.startswith("-") else "gte"  # says nothing new, but an index can use it
    return Q((f"{first.lstrip('-')}__{bound}", values[0])) & beyond
