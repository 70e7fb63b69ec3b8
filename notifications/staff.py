"""What staff are told: what expires, what did not get through, that sending has stopped. In one mail a day.

The mail has numbers and no names: it leaves the house unencrypted, and who may see a client sees them here.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, Q
from django.utils.translation import gettext

from notifications import staff_rules, switches
from notifications.channels import DeliveryError, OutcomeUnknown, Outgoing, channel_for
from notifications.models import Reminder, StaffKind, StaffNotice, StaffRule, Switch
from notifications.staff_rules import Matter, Person, Rule
from practice import clock
from practice.doors import door
from practice.models import Consent, Licence, Location, User
from treatment_plans.models import Clearance, Prescription, RemsForm

logger = logging.getLogger(__name__)

FURTHEST = 400  # days ahead that anything is looked for
AGAIN_AFTER = timedelta(minutes=15)
MOST_ATTEMPTS = 20
OF_USE = timedelta(hours=12)
REMEMBERED = timedelta(days=7)


def in_force() -> tuple[Rule, ...]:
    """What the practice has written, and for the other kinds what we ship."""
    written = {row.kind: _rule(row) for row in StaffRule.objects.all()}
    return tuple(written.get(rule.kind, rule) for rule in staff_rules.DEFAULT_RULES)


def add_missing() -> list[StaffRule]:
    """Write down the shipped rules that are not there yet; returns them. Changes none."""
    present = set(StaffRule.objects.values_list("kind", flat=True))
    rows = [
        StaffRule(
            kind=rule.kind,
            days_before=rule.days_before,
            local=rule.local,
            roles=sorted(rule.roles),
            to_responsible=rule.to_responsible,
        )
        for rule in staff_rules.DEFAULT_RULES
        if rule.kind not in present
    ]
    return StaffRule.objects.bulk_create(rows, ignore_conflicts=True)


@door
def raise_notices(*, now: datetime) -> int:
    """Note who is to be told of what. Each matter is told once to each; returns how many are new."""
    location = Location.objects.filter(is_active=True).order_by("pk").first()
    if location is None:
        return 0
    zone = clock.zone(location.time_zone)
    people = [
        Person(pk, frozenset(roles))
        for pk, roles in User.objects.filter(is_active=True).values_list("pk", "roles")
    ]
    wanted = staff_rules.notices(
        _matters(clock.local_day(now, zone), now=now), people, in_force(), zone=zone, now=now
    )
    before = StaffNotice.objects.count()
    StaffNotice.objects.bulk_create(
        (
            StaffNotice(
                user_id=notice.user,
                kind=notice.matter.kind,
                subject_type=notice.matter.subject_type,
                subject_id=notice.matter.subject_id,
                client_id=notice.matter.client,
                on=notice.matter.on,
                due_at=notice.due_at,
                raised_at=now,
            )
            for notice in wanted
        ),
        ignore_conflicts=True,
    )
    return StaffNotice.objects.count() - before


def tell(*, clock: Callable[[], datetime]) -> int:
    """Send a digest to everybody who has something due; returns to how many."""
    told = 0
    while (digest := _claim(now=clock())) is not None:
        if _send(digest, now=clock()):
            _mark(digest, now=clock())
            told += 1
    return told


@dataclass(frozen=True)
class Digest:
    notices: tuple[int, ...]
    to: str
    subject: str
    body: str
    sender_name: str


@door
def _claim(*, now: datetime) -> Digest | None:
    """Everything that is due for one user. Tried again later unless it is marked as sent."""
    stopped = switches.read()
    if "email" in stopped.channels:
        return None
    due = StaffNotice.objects.filter(
        sent_at=None, due_at__lte=now, attempt_count__lt=MOST_ATTEMPTS, user__is_active=True
    )
    first = (
        due.select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("due_at", "pk").first()
    )
    if first is None:
        return None
    rows = list(
        due.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(user=first.user_id)
        .order_by("kind", "on", "pk")
    )
    for row in rows:
        row.attempt_count, row.due_at = row.attempt_count + 1, now + AGAIN_AFTER
    StaffNotice.objects.bulk_update(rows, ["attempt_count", "due_at"])
    location = Location.objects.filter(is_active=True).order_by("pk").first()
    return Digest(
        tuple(row.pk for row in rows),
        first.user.email,
        gettext("Quietroom: %(count)d things to look at") % {"count": len(rows)},
        _words(rows),
        location.display_name if location else "",
    )


def _words(rows: Iterable[StaffNotice]) -> str:
    """How many of each kind, and by when the first. No name, no number of a record."""
    rows = list(rows)
    counts, first = Counter(row.kind for row in rows), dict[str, date]()
    for row in rows:
        first[row.kind] = min(row.on, first.get(row.kind, row.on))
    lines = [
        f"{StaffKind(kind).label}: {count} ({first[kind].isoformat()})"
        for kind, count in sorted(counts.items())
    ]
    return "\n".join([*lines, "", f"{settings.PUBLIC_URL}/admin/", ""])


def _send(digest: Digest, *, now: datetime) -> bool:
    outgoing = Outgoing(
        token=str(uuid.uuid4()),
        to=digest.to,
        subject=digest.subject,
        body=digest.body,
        expires_at=now + OF_USE,
        language="en",
        sender_name=digest.sender_name,
    )
    try:
        with channel_for("email") as channel:
            channel.send(outgoing)
    except (DeliveryError, OutcomeUnknown) as error:
        logger.error("a digest was not sent: %s", error.code)
        return False
    return True


@door
def _mark(digest: Digest, *, now: datetime) -> None:
    StaffNotice.objects.filter(pk__in=digest.notices).update(sent_at=now)


def _rule(row: StaffRule) -> Rule:
    return Rule(
        kind=row.kind,
        days_before=row.days_before,
        local=row.local,
        roles=frozenset(row.roles),
        to_responsible=row.to_responsible,
        is_active=row.is_active,
    )


# What there is to tell


def _matters(today: date, *, now: datetime) -> Iterator[Matter]:
    span = (today, today + timedelta(days=FURTHEST))
    yield from _prescriptions(span)
    yield from _clearances(span)
    yield from _consents(span)
    yield from _licences(span)
    yield from _rems_forms(span)
    yield from _failures(today, now=now)
    for pk in Switch.objects.filter(is_off=True).values_list("pk", flat=True):
        yield Matter(StaffKind.SENDING_STOPPED, Switch._meta.label_lower, pk, today)


def _prescriptions(span: tuple[date, date]) -> Iterator[Matter]:
    """Not those that another one of the same client and route has taken over."""
    later = Prescription.objects.filter(
        client=OuterRef("client"),
        route=OuterRef("route"),
        status__in=Prescription.IN_FORCE,
        valid_through_on__gt=OuterRef("valid_through_on"),
    )
    rows = Prescription.objects.filter(
        ~Exists(later),
        status__in=Prescription.IN_FORCE,
        valid_through_on__range=span,
        client__is_active=True,
    )
    for pk, on, user, client in rows.values_list("pk", "valid_through_on", "prescriber__user", "client"):
        assert on is not None  # by the range
        yield Matter(StaffKind.PRESCRIPTION_EXPIRING, Prescription._meta.label_lower, pk, on, user, client)


def _clearances(span: tuple[date, date]) -> Iterator[Matter]:
    rows = Clearance.objects.filter(superseded_at=None, valid_through_on__range=span, client__is_active=True)
    for pk, on, user, client in rows.values_list("pk", "valid_through_on", "decided_by__user", "client"):
        assert on is not None  # by the range
        yield Matter(StaffKind.CLEARANCE_EXPIRING, Clearance._meta.label_lower, pk, on, user, client)


def _consents(span: tuple[date, date]) -> Iterator[Matter]:
    newer = Consent.objects.filter(
        Q(valid_through_on=None) | Q(valid_through_on__gt=OuterRef("valid_through_on")),
        client=OuterRef("client"),
        document__kind=OuterRef("document__kind"),
        withdrawn_at=None,
    )
    rows = Consent.objects.filter(
        ~Exists(newer), withdrawn_at=None, valid_through_on__range=span, client__is_active=True
    )
    for pk, on, client in rows.values_list("pk", "valid_through_on", "client"):
        assert on is not None  # by the range
        yield Matter(StaffKind.CONSENT_EXPIRING, Consent._meta.label_lower, pk, on, None, client)


def _licences(span: tuple[date, date]) -> Iterator[Matter]:
    """The last licence of a clinician for a state."""
    ends: dict[tuple[int, str], date] = defaultdict(lambda: date.min)
    active = Licence.objects.filter(clinician__is_active=True)
    for clinician, state, on in active.values_list("clinician", "state").annotate(Max("valid_through_on")):
        ends[clinician, state] = on
    rows = active.filter(valid_through_on__range=span).select_related("clinician")
    for row in rows:
        if ends[row.clinician_id, row.state] == row.valid_through_on:
            yield Matter(
                StaffKind.LICENCE_EXPIRING,
                Licence._meta.label_lower,
                row.pk,
                row.valid_through_on,
                row.clinician.user_id,
            )


def _rems_forms(span: tuple[date, date]) -> Iterator[Matter]:
    rows = RemsForm.objects.filter(submitted_at=None, due_on__range=span)
    prescriber = "record__planned_session__plan__prescriber__user"
    for pk, on, user, client in rows.values_list("pk", "due_on", prescriber, "record__client"):
        yield Matter(StaffKind.REMS_FORM_DUE, RemsForm._meta.label_lower, pk, on, user, client)


def _failures(today: date, *, now: datetime) -> Iterator[Matter]:
    """One a day, as long as anything waits for a person."""
    waiting = Reminder.objects.filter(
        state__in=Reminder.NEEDS_A_PERSON, settled_at=None, due_at__gt=now - REMEMBERED
    )
    if waiting.exists():
        yield Matter(StaffKind.FAILED_MESSAGES, Reminder._meta.label_lower, 0, today)
