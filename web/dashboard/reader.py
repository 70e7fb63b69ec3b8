"""What a reader of the clinicians' pages asks for by number: found within what they may see, or 404."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from practice import clients, present
from practice.access import CLINICAL, access_client, access_one, visible_to
from practice.errors import OutOfScope
from practice.models import Client, User

M = TypeVar("M", bound=Model)


def client_of(user: User, client_id: int) -> Client:
    """The client, and that somebody looked."""
    try:
        found = access_client(user, client_id, roles=CLINICAL, pointer=None)
    except OutOfScope as missing:
        raise Http404 from missing
    clients.look_at(found, actor=user, now=present.now())
    return found


def row_of(user: User, rows: QuerySet[M], pk: int, *, client: str = "client") -> M:
    try:
        return access_one(visible_to(user, rows, client=client, roles=CLINICAL), pk, None)
    except OutOfScope as missing:
        raise Http404 from missing
