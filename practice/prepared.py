"""Queries that are put together once: what Django makes of a queryset is kept, only the values change.

Building a queryset with many parts takes longer than running it, so those that every request needs are
prepared. The queryset has a `Param` in place of each value, and is never asked for rows itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import BooleanField, Expression, F, Field, Func, QuerySet
from django.db.models.query import get_related_populators


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
    """`build` returns the queryset."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self.build = build

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """For a queryset that is a `values_list`; JSON comes as text."""
        statement, params = self._compiled
        filled = [values[each.name] if isinstance(each, _Slot) else each for each in params]
        with connection.cursor() as cursor:
            cursor.execute(statement, filled)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def objects(self, **values: Any) -> Iterator[Any]:
        """Records with all that their queryset selects, joins and annotates; it is no `values_list` then.

        Those that join the same record share it, as with `prefetch_related`.
        """
        compiler, init, populators = self._records
        first, end, model = *self._own_columns, compiler.klass_info["model"]
        known: dict[tuple[int, Any], Any] = {}
        for row in compiler.results_iter([self.rows(**values)]):
            record = model.from_db(DEFAULT_DB_ALIAS, init, row[first:end])
            _join(populators, row, record, known)
            for name, place in compiler.annotation_col_map.items():
                setattr(record, name, row[place])
            yield record

    @cached_property
    def _compiled(self) -> tuple[str, tuple[Any, ...]]:
        """The statement, and its values and slots."""
        statement, params = self._compiler.as_sql()
        return statement, tuple(params)

    @cached_property
    def _compiler(self) -> Any:
        return self.build().query.get_compiler(using=DEFAULT_DB_ALIAS)

    @cached_property
    def _own_columns(self) -> tuple[int, int]:
        """The places of the record itself in a row, before what is joined to it."""
        places = self._compiler.klass_info["select_fields"]
        return places[0], places[-1] + 1

    @cached_property
    def _records(self) -> tuple[Any, list[str], list[Any]]:
        """As Django's own ModelIterable has it."""
        _statement, compiler = self._compiled, self._compiler
        first, end = self._own_columns
        init = [each[0].target.attname for each in compiler.select[first:end]]
        joined: Any = get_related_populators  # the stubs are of the next Django
        return compiler, init, joined(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)


def _join(populators: Iterable[Any], row: Any, record: Any, known: dict[tuple[int, Any], Any]) -> None:
    """What `populate` of each does, but for the sharing. None of our models inherits columns of another."""
    for each in populators:
        joined, key = None, row[each.cols_start + each.pk_idx]
        if key is not None:
            joined = known.get((each.cols_start, key))
            if joined is None:
                columns = row[each.cols_start : each.cols_end]
                joined = known[each.cols_start, key] = each.model_cls.from_db(
                    each.db, each.init_list, columns
                )
                _join(each.related_populators, row, joined, known)
        each.local_setter(record, joined)
        if joined is not None:
            each.remote_setter(joined, record)


def is_one_of(path: str, name: str, of: Field[Any, Any]) -> Func:
    """A condition: the value at `path` is in the list that is given by this name."""
    return Func(
        F(path),
        Param(name, of),
        template="(%(expressions)s))",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )
