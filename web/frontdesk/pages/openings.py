"""Booking and moving: openings to choose from, any other time to try, and every reason when it can't be."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from practice import clock
from practice.access import access_client, access_one
from practice.errors import Invalid
from practice.models import Client, Location
from scheduling import booking, moves
from scheduling.booking import Request
from scheduling.models import AppointmentType, Booking
from scheduling.requests import request_for, request_to_move
from scheduling.starts import resolve
from treatment_plans.models import PlannedSession, TreatmentPlan
from web.frontdesk import offers, roles
from web.frontdesk.clinic import zone_words
from web.frontdesk.consequences import grouped
from web.frontdesk.forms.bookings import SearchForm, TimeForm
from web.frontdesk.pages.bookings import visible_bookings
from web.frontdesk.use_case import Done, UseCasePage
from web.frontdesk.visits import prepare
from web.frontdesk.words import place_in_series, reasons

UNPLANNED = "none"
NO_TYPE = gettext_noop("There is no active appointment type for this kind of session.")
CHOICES = ("location", "therapist", "psychiatrist", "room")


def open_sessions(client: Client, *, now: datetime) -> QuerySet[PlannedSession]:
    """Of the client's open plan, what has no booking yet, in order."""
    in_force = Booking.in_force(now, or_done=True)
    booked = Booking.objects.filter(in_force, planned_session=OuterRef("pk"))
    return (
        PlannedSession.objects.filter(
            ~Exists(booked),
            plan__client=client,
            plan__status__in=TreatmentPlan.OPEN,
            completed_at=None,
            withdrawn_at=None,
        )
        .select_related("plan__protocol", "after_session")
        .order_by("position")
    )


class ChooseTime(UseCasePage):
    """What booking and moving have in common."""

    form_class = TimeForm
    roles = roles.BOOKS
    template_name = "frontdesk/book.html"

    client: Client
    kind: AppointmentType
    wanted: Request
    search: SearchForm

    def look_for(self, kind: AppointmentType, location: Location, kinds: QuerySet[AppointmentType]) -> None:
        """Read the search from the address, without what this kind of appointment has no use for."""
        self.kind, asked = kind, self.request.GET
        self.search = SearchForm({**self.search_initial(), **{name: asked[name] for name in asked}})
        self.search.offer(kind, location)
        types = self.search.fields["appointment_type"]
        assert isinstance(types, ModelChoiceField)
        types.queryset = kinds
        self.search.is_valid()

    def search_initial(self) -> dict[str, Any]:
        return {}

    def choices(self) -> dict[str, Any]:
        """Ids of what was chosen in the search."""
        found = ((name, self.search.cleaned_data.get(name)) for name in CHOICES)
        return {name: one.pk for name, one in found if one is not None}

    def page(self) -> dict[str, Any]:
        tz = clock.zone(self.wanted.location.time_zone)
        today = clock.local_day(self.now, tz)
        from_on = max(self.search.cleaned_data.get("from_on") or today, today)
        found = offers.find(self.wanted, from_on, now=self.now)
        near = offers.nearest(self.wanted, self.refusal.alternatives) if self.refusal else []
        asked_for = self.request.POST.get("start", "")
        return {
            "client": self.client,
            "search": self.search,
            "offers": found,
            "why_none": reasons(found.why_none, clinical=self.reads_medical()),
            "nearest": near,
            "checked": near[0].value if near else asked_for or found.first_value,
            "other_local": self.request.POST.get("other_local", ""),
            "later": found.next_on,
            "zone_words": zone_words(tz, self.now),
            "sheet": "wide",
            "address": self._address(),
        }

    def start(self, values: dict[str, Any]) -> tuple[datetime, offers.People]:
        """The instant, and the people who were shown with it."""
        if values["start"] == TimeForm.OTHER:
            local: datetime = values["other_local"]
            return resolve(
                self.wanted.location, starts_at=None, starts_local=local, fold=None
            ), offers.People()
        try:
            return offers.chosen(values["start"])
        except ValueError as wrong:
            raise ValidationError({"start": _("Choose one of the times.")}) from wrong

    def say(self, text: str, booked: Booking) -> Done:
        local = datetime.combine(booked.starts_on, booked.starts_local)
        words = {
            "session": place_in_series(booked.planned_session, None, booked.appointment_type.name),
            "day": formats.date_format(local, "l, F j"),
            "time": formats.time_format(local, "TIME_FORMAT"),
        }
        return Done(reverse("admin:booking", args=[booked.pk]), text % words)

    def _address(self, **changed: Any) -> str:
        query = self.request.GET.copy()
        for name, value in changed.items():
            query[name] = str(value)
        return f"?{query.urlencode()}"


class Book(ChooseTime):
    title = _("Book a session")
    submit = _("Book")

    def load(self, **ids: int) -> None:
        self.client = access_client(self.user, ids["client_id"], roles=self.roles)
        self.sessions = list(open_sessions(self.client, now=self.now))
        self.session = self._asked_session()
        kinds = AppointmentType.objects.filter(is_active=True, most_members=1).prefetch_related("phases")
        if self.session is None:
            kinds = kinds.exclude(kind=PlannedSession.Kind.DOSING)
        else:
            is_dose = self.session.kind == PlannedSession.Kind.DOSING
            route = self.session.plan.protocol.route if is_dose else ""
            kinds = kinds.filter(kind=self.session.kind, route=route)
        asked = self.request.GET.get("appointment_type", "")
        kind = (kinds.filter(pk=asked).first() if asked.isdecimal() else None) or kinds.order_by("pk").first()
        if kind is None:
            raise Invalid(NO_TYPE)
        place = self.request.GET.get("location", "")
        location = Location.objects.filter(pk=place).first() if place.isdecimal() else None
        self.look_for(kind, location or self.client.location, kinds)
        about: dict[str, Any] = (
            {"planned_session": self.session.pk} if self.session is not None else {"client": self.client.pk}
        )
        self.wanted = request_for(
            self.user, roles=self.roles, **about, appointment_type=kind.pk, **self.choices()
        )

    def search_initial(self) -> dict[str, Any]:
        return {"location": self.client.location_id, "appointment_type": self.kind.pk}

    def back(self) -> str:
        return reverse("admin:client", args=[self.client.pk])

    def page(self) -> dict[str, Any]:
        plan_id = self.sessions[0].plan_id if self.sessions else None
        total = PlannedSession.objects.filter(
            plan=plan_id, kind=PlannedSession.Kind.DOSING, withdrawn_at=None
        ).count()
        return {
            **super().page(),
            "address": self._address(session=self.session.pk if self.session else UNPLANNED),
            "subtitle": self.client.display_name,
            "sessions": [
                {
                    "session": session,
                    "words": place_in_series(session, total, str(session)),
                    "url": f"?session={session.pk}",
                    "is_chosen": session == self.session,
                }
                for session in self.sessions
            ],
            "is_unplanned": self.session is None,
            "session": self.session,
        }

    def run(self, values: dict[str, Any]) -> Booking:
        starts_at, people = self.start(values)
        return booking.book(replace(self.wanted, **people), starts_at, actor=self.user, now=self.now)

    def done(self, result: Booking) -> Done:
        return self.say(gettext("Booked: %(session)s on %(day)s, %(time)s"), result)

    def _asked_session(self) -> PlannedSession | None:
        """The one in the address, none for "none", or else the next in the plan.

        The form carries what was shown: what is booked meanwhile is refused, not replaced by the next.
        """
        asked = self.request.GET.get("session", "")
        if asked == UNPLANNED or not (asked or self.sessions):
            return None
        if not asked:
            return self.sessions[0]
        sessions = PlannedSession.objects.select_related("plan__protocol", "after_session")
        return access_one(
            sessions.filter(plan__client=self.client), int(asked) if asked.isdecimal() else 0, None
        )


class Move(ChooseTime):
    title = _("Move a session")
    submit = _("Move it here")

    def load(self, **ids: int) -> None:
        self.booking = access_one(visible_bookings(self.user, self.roles), ids["booking_id"], None)
        self.client = self.booking.client
        kinds = AppointmentType.objects.filter(pk=self.booking.appointment_type_id)
        self.look_for(self.booking.appointment_type, self.booking.location, kinds)
        for name in ("location", "appointment_type"):
            del self.search.fields[name]
        self.wanted = request_to_move(
            self.booking, **{name: pk for name, pk in self.choices().items() if name != "location"}
        )

    def search_initial(self) -> dict[str, Any]:
        return {"therapist": self.booking.therapist_id, "psychiatrist": self.booking.psychiatrist_id}

    def back(self) -> str:
        return reverse("admin:booking", args=[self.booking.pk])

    def page(self) -> dict[str, Any]:
        [visit] = prepare(self.user, [self.booking], now=self.now)
        return {
            **super().page(),
            "subtitle": f"{visit.name} · {visit.session}",
            "visit": visit,
            "moving": self.booking,
            "intro": gettext(
                "What the client said about the old time no longer counts, and the client is told. "
                "You see everything that it means before it is done."
            ),
        }

    def post(self, request: HttpRequest, **ids: int) -> HttpResponse:
        """First what it would mean; then, sent with what was seen, the move itself."""
        try:
            return super().post(request, **ids)
        except FirstLook as look:
            assert self.site is not None
            context = {
                **self.site.each_context(request),
                "title": gettext("Move it like this?"),
                "submit": self.submit,
                "visit": look.page.pop("visit"),
                "key": request.POST.get("key") or uuid.uuid4().hex,
                "next": self.next_url(),
                "back": request.get_full_path(),
                "address": request.get_full_path(),
                "sent": [(name, request.POST.get(name, "")) for name in ("start", "other_local")],
                **look.page,
            }
            return TemplateResponse(request, "frontdesk/move.html", context)

    def run(self, values: dict[str, Any]) -> Booking:
        starts_at, people = self.start(values)
        wanted, sent = replace(self.wanted, **people), self.request.POST
        move: dict[str, Any] = {
            "therapist_id": wanted.therapist_id,
            "psychiatrist_id": wanted.psychiatrist_id,
            "room_id": wanted.room_id,
            "actor": self.user,
            "now": self.now,
        }
        if "revision" not in sent:
            raise FirstLook(moves.preview(self.booking.pk, starts_at, show=self._told, **move))
        try:
            follow = [followed(value) for value in sent.getlist("follow")]
            revision = offers.sent_id(sent["revision"])
        except ValueError as wrong:
            raise ValidationError(_("Choose one of the times.")) from wrong
        return moves.reschedule(self.booking.pk, starts_at, follow=follow, revision=revision, **move)

    def _told(self, preview: moves.Preview) -> dict[str, Any]:
        """In words, while it is as if it were done."""
        following = {each.booking_id: each for each in preview.follow_moves}
        follows = [
            (follow_value(following[effect.booking_id]), effect.text(gettext))
            for effect in preview.effects
            if effect.code == "moves" and effect.booking_id in following
        ]
        [visit] = prepare(self.user, [self.booking], now=self.now)
        return {
            "revision": preview.revision,
            "follows": follows,
            "groups": grouped(preview.effects, clinical=self.reads_medical()),
            "visit": visit,
        }

    def done(self, result: Booking) -> Done:
        return self.say(gettext("Moved: %(session)s to %(day)s, %(time)s"), result)


class FirstLook(Exception):
    """Not an error: what a move would mean is to be shown before it is done."""

    def __init__(self, page: dict[str, Any]) -> None:
        self.page = page
        super().__init__()


def follow_value(follow: moves.Follow) -> str:
    people = f"{follow.therapist_id or ''}/{follow.psychiatrist_id or ''}"
    return f"{follow.booking_id}/{follow.revision}/{follow.starts_at.astimezone(UTC).isoformat()}/{people}"


def followed(value: str) -> moves.Follow:
    """Raises ValueError for what this page never offered."""
    booking_id, revision, start, therapist, psychiatrist = value.split("/")
    return moves.Follow(
        offers.sent_id(booking_id),
        offers.sent_id(revision),
        offers.sent_instant(start),
        offers.sent_id(therapist) if therapist else None,
        offers.sent_id(psychiatrist) if psychiatrist else None,
    )
