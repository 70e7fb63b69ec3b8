"""Answers for which something is asked once for all rows of a page."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db.models import Manager
from rest_framework import serializers

from practice.access import visible_to
from practice.api.quick import Quick
from practice.models import Client, User


class _Page(serializers.ListSerializer[Any]):
    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data.all() if isinstance(data, Manager) else data)
        child: Any = self.child
        child.prepare(rows)
        return list(super().to_representation(rows))


class Prepared(Quick[Any]):
    """Null stands for a blank word of the row where the field allows null."""

    class Meta:
        list_serializer_class = _Page

    def prepare(self, rows: list[Any]) -> None:
        """Called before `rows`, or one alone, are shown."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        if not isinstance(self.parent, _Page):
            self.prepare([instance])
        shown = super().to_representation(instance)
        for name in _nullable(type(self)):
            if shown[name] == "":
                shown[name] = None
        return shown


@cache
def _nullable(cls: type[Prepared]) -> tuple[str, ...]:
    return tuple(name for name, field in cls().fields.items() if field.allow_null)


def clients_within(user: User, client_ids: Iterable[int], roles: Iterable[str]) -> set[int]:
    """Those whom `user` sees by one of `roles`; other roles of theirs may show more clients."""
    clients = Client.objects.filter(pk__in=set(client_ids))
    return set(visible_to(user, clients, client="pk", roles=roles).values_list("pk", flat=True))
