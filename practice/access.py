"""Who may see which client: the only way from a user to a client's records. The table of who may do what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils.translation import gettext_noop as _

from practice.errors import NotAllowed, OutOfScope
from practice.models import CareTeamMember, Client, Clinician, Role, User

M = TypeVar("M", bound=Model)

EVERYONE = frozenset(Role)
SEES_ALL_CLIENTS = frozenset({Role.PRACTICE_ADMIN, Role.FRONT_DESK, Role.NURSE, Role.AUDITOR})
ADMIN = frozenset({Role.PRACTICE_ADMIN})
AUDITORS = frozenset({Role.AUDITOR})
DESK = frozenset({Role.PRACTICE_ADMIN, Role.FRONT_DESK})
TREATING = frozenset({Role.THERAPIST, Role.PSYCHIATRIST})
CLINICAL = TREATING | {Role.NURSE}
PRESCRIBING = frozenset({Role.PSYCHIATRIST})

# What a role may do with the clients it sees. Nobody gets what is not written here; of records about clients
# auditors get the ids alone. People with several roles get what each role may do, for the clients it sees.
READS_SETUP = EVERYONE
CHANGES_SETUP = ADMIN  # locations, rooms, clinicians
READS_CLIENTS = EVERYONE
CHANGES_CLIENTS = DESK  # clients and their support persons
READS_CONSENTS = EVERYONE
TAKES_CONSENTS = DESK | TREATING  # whoever the client tells
READS_COURSES = DESK | CLINICAL | AUDITORS  # plans and their sessions, which the desk books
PLANS_COURSES = TREATING
READS_MEDICAL = CLINICAL | AUDITORS  # clearances, prescriptions, REMS enrolments, follow-ups
DECIDES_MEDICAL = PRESCRIBING
FOLLOWS_UP = TREATING
CALLS_BACK = CLINICAL  # puts check-ins off and closes them: nurses make those calls
READS_PROTOCOL_NAMES = EVERYONE
READS_PROTOCOLS = CLINICAL | ADMIN
APPROVES_PROTOCOLS = PRESCRIBING
READS_ACTIVITY = ADMIN | AUDITORS


class NoClinicianRecord(NotAllowed):
    code = "no_clinician_record"
    message = _("Your login belongs to no active clinician, so you can't sign.")


class NotYourName(NotAllowed):
    code = "not_your_name"
    message = _("You can sign in your own name only.")


def visible_to(
    user: User, queryset: QuerySet[M], *, client: str | None, roles: Iterable[str] = EVERYONE
) -> QuerySet[M]:
    """Rows of `queryset` that the user may see; `client` is the path to the client ("pk" for clients).

    Fails closed: none of `roles` sees nothing. Clinicians see the clients on whose care team they are. Only
    `roles` count, so that the wide view of one role does not lend itself to the rights of another.
    """
    counting = frozenset(roles)
    if not user.has_role(*counting):
        return queryset.none()
    if client is None or user.has_role(*counting & SEES_ALL_CLIENTS):
        return queryset
    on_team = CareTeamMember.objects.filter(
        client=OuterRef(client), clinician__user=user, clinician__is_active=True, left_at=None
    )
    return queryset.filter(Exists(on_team))


def access_client(
    user: User, client_id: int, *, roles: Iterable[str] = EVERYONE, pointer: str | None = "/client"
) -> Client:
    """Raises OutOfScope alike for a client that is missing and for one that is invisible."""
    return access_one(
        visible_to(user, Client.objects.select_related("location"), client="pk", roles=roles),
        client_id,
        pointer,
    )


def access_one(visible: QuerySet[M], pk: int, pointer: str | None) -> M:
    """The row of `visible`; raises OutOfScope, pointing at where the caller named it."""
    found = visible.filter(pk=pk).first()
    if found is None:
        raise OutOfScope(pointer=pointer)
    return found


def check_role(user: User, roles: Iterable[str]) -> None:
    if not user.has_role(*roles):
        raise NotAllowed


def check_signature(user: User, clinician_id: int | None, *, pointer: str) -> Clinician:
    """The clinician in whose name `user` signs: their own record, which is also the default.

    Raises NoClinicianRecord, or NotYourName when `clinician_id` is another's.
    """
    own = Clinician.objects.filter(user=user, is_active=True).first()
    if own is None:
        raise NoClinicianRecord
    if clinician_id not in (None, own.pk):
        raise NotYourName(pointer=pointer)
    return own
