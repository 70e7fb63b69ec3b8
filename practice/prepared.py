"""Queries that are put together once: what Django makes of a queryset is kept, only the values change.

Building a queryset with many parts takes longer than running it, so those that every request needs are
prepared. The queryset has a `Param` in place of each value, and is never asked for rows itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import BooleanField, Expression, F, Field, Func, QuerySet


@dataclass(frozen=True)
class _Slot:
    name: str


class Param(Expression):
    """Stands for a value that `Prepared.rows` is given by this name."""

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [_Slot(self.name)]


class Prepared:
    """`build` returns the queryset, a `values_list` without names."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self.build = build

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """JSON comes as text."""
        statement, params = self._compiled
        filled = [values[each.name] if isinstance(each, _Slot) else each for each in params]
        with connection.cursor() as cursor:
            cursor.execute(statement, filled)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    @cached_property
    def _compiled(self) -> tuple[str, tuple[Any, ...]]:
        """The statement, and its values and slots."""
        statement, params = self.build().query.get_compiler(using=DEFAULT_DB_ALIAS).as_sql()
        return statement, tuple(params)


def is_one_of(path: str, name: str, of: Field[Any, Any]) -> Func:
    """A condition: the value at `path` is in the list that is given by this name."""
    return Func(
        F(path),
        Param(name, of),
        template="(%(expressions)s))",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )
