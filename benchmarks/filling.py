"""INSERT … SELECT for models: rows by the million, with the models' own defaults for what is not named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED


def fill(model: type[models.Model], values: Mapping[str, str], source: str) -> int:
    """Insert what `source` (FROM …) yields; `values` are SQL by field name. Returns the number of rows."""
    columns, expressions, params = [], [], []
    for field in model._meta.concrete_fields:
        if field.name in values:
            columns.append(field.column)
            expressions.append(values[field.name])
        elif not field.primary_key and not field.null:
            columns.append(field.column)
            expressions.append(f"%s::{field.cast_db_type(connection)}")
            params.append(field.get_db_prep_save(_default(field), connection))
    names = {field.name for field in model._meta.concrete_fields}
    if unknown := set(values) - names:
        raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
            f"SELECT {', '.join(expressions)} {source}",
            params,
        )
        return int(cursor.rowcount)


def _default(field: models.Field[Any, Any]) -> Any:
    if field.default is not NOT_PROVIDED or field.empty_strings_allowed:
        return field.get_default()
    raise ValueError(f"{field} has no default: name it")


@contextmanager
def without_indexes(*tables: type[models.Model]) -> Iterator[None]:
    """Build the plain indexes of these tables anew afterwards. Those of constraints stay."""
    found = []
    with connection.cursor() as cursor:
        for model in tables:
            cursor.execute(
                """SELECT c.relname, pg_get_indexdef(i.indexrelid)
                     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                    WHERE i.indrelid = %s::regclass AND NOT EXISTS (
                          SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)""",
                [model._meta.db_table],
            )
            found += cursor.fetchall()
        for name, _definition in found:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        for _name, definition in found:
            cursor.execute(definition)


def at_once(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
