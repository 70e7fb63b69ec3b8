"""Somebody is away: who, what that hits, and one choice for each session. Made for a phone in one hand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice import clock, phones, present
from practice.access import DESK, access_one
from practice.admin_base import user_of
from practice.errors import Invalid
from practice.models import Clinician
from scheduling import absences, cascade, conflicts
from scheduling.absences import Action, Affected, Choice
from scheduling.engine.types import Span
from scheduling.models import Booking
from web.frontdesk import offers
from web.frontdesk.clinic import clinic_of
from web.frontdesk.forms.absences import AbsenceForm
from web.frontdesk.use_case import Done, UseCasePage
from web.frontdesk.words import place_in_series, reasons, short_name

MOST_SHOWN = 100


def away_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Who may be away, and what is in conflict with the calendar."""
    user, now = user_of(request), present.now()
    if not user.has_role(*DESK):
        raise PermissionDenied
    found = conflicts.find(conflicts.to_come(Booking.objects.all(), now=now))
    rows = cascade.WITH_PLAN.filter(pk__in=list(found)[:MOST_SHOWN]).prefetch_related(
        "client__contact_points"
    )
    return TemplateResponse(
        request,
        "frontdesk/away.html",
        {
            **site.each_context(request),
            "title": gettext("Away and in conflict"),
            "clinicians": Clinician.objects.filter(is_active=True).order_by("name"),
            "rows": [
                {
                    "session": session_of(row),
                    "reasons": reasons(found[row.pk], clinical=False),
                }
                for row in rows.order_by("starts_at", "pk")
            ],
            "more": max(0, len(found) - MOST_SHOWN),
        },
    )


@dataclass(frozen=True)
class SessionWords:
    booking: Booking
    name: str
    session: str
    starts: datetime
    numbers: list[tuple[str, str]]


def session_of(row: Booking) -> SessionWords:
    return SessionWords(
        row,
        short_name(row.client),
        place_in_series(row.planned_session, None, row.appointment_type.name),
        row.starts_at.astimezone(clock.zone(row.location.time_zone)),
        [
            (point.value, phones.display(point.value))
            for point in row.client.contact_points.all()
            if point.channel == "sms"
        ],
    )


@dataclass(frozen=True)
class Card:
    """One session that is hit, with what can be chosen for it, the advice first."""

    session: SessionWords
    name: str
    options: list[tuple[str, str]]
    notes: list[str]

    @property
    def chosen(self) -> str:
        return self.options[0][0]


class Away(UseCasePage):
    """First for how long; then, with everything that it hits in view, what to do about each."""

    form_class = AbsenceForm
    roles = DESK
    submit = _("Show what it hits")
    template_name = "frontdesk/use_case.html"

    def load(self, **ids: int) -> None:
        rows = Clinician.objects.filter(is_active=True)
        self.clinician = access_one(rows, ids["clinician_id"], None)
        self.title = gettext("%(name)s is away") % {"name": self.clinician.name}

    def initial(self) -> dict[str, Any]:
        today = clock.local_day(self.now, clinic_of(self.request).zone)
        return {"from_on": today, "through_on": today, "reason": absences.Reason.ILLNESS}

    def back(self) -> str:
        return reverse("admin:away")

    def post(self, request: HttpRequest, **ids: int) -> HttpResponse:
        try:
            return super().post(request, **ids)
        except FirstLook as look:
            assert self.site is not None
            context = {
                **self.site.each_context(request),
                "title": self.title,
                "plan": look.plan,
                "cards": [self._card(each) for each in look.plan.affected],
                "sent": [(name, request.POST.get(name, "")) for name in self.form_class.base_fields],
                "key": request.POST.get("key") or uuid.uuid4().hex,
                "back": request.get_full_path(),
            }
            return TemplateResponse(request, "frontdesk/absence.html", context)

    def run(self, values: dict[str, Any]) -> absences.Recorded:
        tz = clinic_of(self.request).zone
        start = clock.day_span(values["from_on"], tz)[0]
        end = clock.day_span(values["through_on"], tz)[1]
        if end <= self.now:
            raise Invalid(gettext("This is over."), code="over", pointer="/through_on")
        span = Span(start, end)
        if "seen" not in self.request.POST:
            raise FirstLook(absences.propose(self.clinician, span, now=self.now))
        return absences.record(
            self.clinician.pk,
            span,
            reason=values["reason"],
            choices=self._choices(),
            actor=self.user,
            now=self.now,
        )

    def done(self, result: absences.Recorded) -> Done:
        words = {"name": self.clinician.name, "done": len(result.changed), "left": len(result.left)}
        text = gettext("%(name)s is away: %(done)s sessions are seen to, %(left)s still need somebody.")
        return Done(self.back(), text % words)

    def _choices(self) -> list[Choice]:
        sent = self.request.POST
        try:
            return [
                self._choice(offers.sent_id(name.removeprefix("choice-")), sent[name])
                for name in sent
                if name.startswith("choice-")
            ]
        except ValueError as wrong:
            raise ValidationError(_("Choose what to do about every session.")) from wrong

    def _choice(self, booking_id: int, value: str) -> Choice:
        """Raises ValueError for what this page never offered."""
        action, revision, who, start = value.split("/")
        why = gettext("%(name)s is away") % {"name": self.clinician.name}
        return Choice(
            booking_id,
            offers.sent_id(revision),
            Action(action),
            offers.sent_id(who) if who else None,
            offers.sent_instant(start) if start else None,
            why if action == Action.CANCEL else "",
        )

    def _card(self, affected: Affected) -> Card:
        row, revision = affected.booking, affected.booking.revision
        options = [
            (
                f"substitute/{revision}/{each.id}/",
                gettext("%(name)s takes it, same time") % {"name": each.name},
            )
            for each in affected.substitutes
        ]
        options += [
            (
                f"move/{revision}/{each.clinician_id}/{each.starts_at.astimezone(UTC).isoformat()}",
                gettext("Move to %(when)s, with %(name)s")
                % {"when": formats.date_format(each.starts_at, "D M j, P"), "name": each.name},
            )
            for each in affected.new_times
        ]
        leave = f"leave/{revision}//", gettext("Leave it: I call first")
        cancel = f"cancel/{revision}//", gettext("Cancel it; the client is told")
        notes = []
        if affected.out_of_window:
            notes.append(gettext("If it moves, the session after it needs a new time too."))
        return Card(
            session_of(row), f"choice-{row.pk}", [*options, leave, cancel], [capfirst(note) for note in notes]
        )


class FirstLook(Exception):
    """Not an error: what the absence hits is to be shown before anything is done."""

    def __init__(self, plan: absences.Plan) -> None:
        self.plan = plan
        super().__init__()
