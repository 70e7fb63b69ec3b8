"""Who may see which client: the only way from a user to a client's records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet

from practice.errors import NotAllowed, OutOfScope
from practice.models import CareTeamMember, Client, Role, User

M = TypeVar("M", bound=Model)

EVERYONE = frozenset(Role)
SEES_ALL_CLIENTS = frozenset({Role.PRACTICE_ADMIN, Role.FRONT_DESK, Role.NURSE, Role.AUDITOR})
CLINICAL = frozenset({Role.THERAPIST, Role.PSYCHIATRIST, Role.NURSE})
DESK = frozenset({Role.PRACTICE_ADMIN, Role.FRONT_DESK})


def visible_to(user: User, queryset: QuerySet[M], *, client: str | None) -> QuerySet[M]:
    """Rows of `queryset` that the user may see; `client` is the path to the client ("pk" for clients).

    Fails closed: no role sees nothing. Clinicians see the clients on whose care team they are.
    """
    if not user.has_role(*EVERYONE):
        return queryset.none()
    if client is None or user.has_role(*SEES_ALL_CLIENTS):
        return queryset
    on_team = CareTeamMember.objects.filter(
        client=OuterRef(client), clinician__user=user, clinician__is_active=True, left_at=None
    )
    return queryset.filter(Exists(on_team))


def access_client(user: User, client_id: int) -> Client:
    """Raises OutOfScope alike for a client that is missing and for one that is invisible."""
    found = visible_to(user, Client.objects.all(), client="pk").filter(pk=client_id).first()
    if found is None:
        raise OutOfScope(pointer="/client")
    return found


def check_role(user: User, roles: Iterable[str]) -> None:
    if not user.has_role(*roles):
        raise NotAllowed
