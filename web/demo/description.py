"""What a demo holds: its logins, how much of everything, and what to try first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _

from notifications.models import Reminder
from practice.models import Activity, Client, Role, User
from scheduling.models import Booking
from web.demo.clinic import PASSWORD

ALIVE_FOR = timedelta(days=2)


@dataclass(frozen=True)
class Login:
    email: str
    name: str
    roles: tuple[str, ...]

    @property
    def role_words(self) -> str:
        return ", ".join(str(Role(role).label) for role in self.roles)


def logins() -> list[Login]:
    """Everybody who may sign in, the front desk first, then in the order in which they were made."""
    users = User.objects.filter(is_active=True).order_by("pk")
    return [Login(user.email, user.name, tuple(user.roles)) for user in users]


def counts() -> dict[str, object]:
    return {
        "clients": Client.objects.count(),
        "bookings": _by("status", Booking),
        "reminders": _by("state", Reminder),
        "activity": Activity.objects.count(),
    }


def _by(field: str, model: type[Booking] | type[Reminder]) -> dict[str, int]:
    rows = model._default_manager.order_by().values_list(field).annotate(Count("pk"))
    return {str(value): number for value, number in sorted(rows)}


def as_json(status: str, built: Activity | None) -> dict[str, object]:
    """One object with the same keys whatever the status: built, present or absent."""
    noted: Mapping[str, object] = built.data if built else {}
    return {
        "status": status,
        "size": noted.get("size"),
        "seed": noted.get("seed"),
        "built_at": built.at.isoformat() if built else None,
        "address": settings.PUBLIC_URL,
        "password": PASSWORD if built else None,
        "logins": [
            {"email": each.email, "name": each.name, "roles": list(each.roles)}
            for each in (logins() if built else ())
        ],
        "counts": counts() if built else None,
    }


def as_words(built: Activity, *, now: datetime) -> str:
    people = logins()
    shown = [*people[:5], *_first_of_each(people[5:])]
    width = max(len(each.email) for each in shown)
    words = {
        "password": PASSWORD,
        "address": settings.PUBLIC_URL,
        "therapist": _busiest(shown, now=now).partition("@")[0],
        "built_on": f"{built.at:%Y-%m-%d}",
    }
    lines = [
        _("  Sign in as one of them; everybody's password is  %(password)s"),
        "",
        *(f"    {each.email:<{width}}  {each.name}, {each.role_words}" for each in shown),
        "",
        _("  Three things to try at %(address)s/"),
        "",
        _("  1. As kim, press n for tomorrow, and see who is not ready, and why."),
        _("  2. Move one of these sessions, wait three minutes, and read what the client is told:"),
        "     %(address)s/demo/outbox",
        _("  3. As %(therapist)s, go through your own sessions. Then do the same by program:"),
        "     %(address)s/api/v1/docs",
    ]
    if now - built.at > ALIVE_FOR:
        lines += [
            "",
            _("  Built on %(built_on)s: for days that are full again, start with an empty QUIETROOM_DATA."),
        ]
    return "\n".join(line % words for line in lines)


def _busiest(people: list[Login], *, now: datetime) -> str:
    """The address of the therapist among them who has most to do within a day and a half."""
    soon = Booking.objects.filter(starts_at__gte=now, starts_at__lt=now + timedelta(hours=36))
    sessions = Counter(soon.values_list("therapist__user__email", flat=True))
    therapists = [each.email for each in people if Role.THERAPIST in each.roles]
    return max(therapists, key=lambda email: sessions[email])


def _first_of_each(people: list[Login]) -> list[Login]:
    """All therapists and psychiatrists of a small practice, two of each of a larger one."""
    seen: dict[tuple[str, ...], int] = {}
    kept = []
    for each in people:
        seen[each.roles] = seen.get(each.roles, 0) + 1
        if seen[each.roles] <= (4 if len(people) <= 5 else 2):
            kept.append(each)
    return kept
