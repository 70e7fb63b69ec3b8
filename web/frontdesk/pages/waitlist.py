"""The waitlist: who waits, which times are free, whom to ask about them, and what they said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from practice import clock, present
from practice.access import access_client, access_one, visible_to
from practice.admin_base import user_of
from practice.errors import Invalid, OutOfScope
from scheduling import freed_times, offering, waitlist
from scheduling.booking import Request
from scheduling.engine.types import Span
from scheduling.models import AppointmentType, Booking, FreedTime, WaitlistEntry, WaitlistOffer
from scheduling.requests import request_for
from scheduling.starts import resolve
from treatment_plans.models import PlannedSession
from web.frontdesk import roles, waiting
from web.frontdesk.clinic import zone_words
from web.frontdesk.forms.waitlist import OfferForm, OpenTimeForm, WishesForm, range_key
from web.frontdesk.pages.bookings import visible_bookings
from web.frontdesk.pages.openings import NO_TYPE, open_sessions
from web.frontdesk.use_case import Done, UseCasePage
from web.frontdesk.words import short_name

ENDS_BEFORE = gettext_noop("The end comes after the start, on the same day.")
TICKED = offering.POLICY.batch_size


def waitlist_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    user, now = user_of(request), present.now()
    if not user.has_role(*roles.BOOKS):
        raise PermissionDenied
    asked = request.GET.get("type", "")
    kind = int(asked) if asked.isdecimal() and len(asked) < 18 else None
    types = AppointmentType.objects.filter(
        pk__in=WaitlistEntry.objects.filter(status__in=WaitlistEntry.LIVE).values("appointment_type")
    )
    return TemplateResponse(
        request,
        "frontdesk/waitlist.html",
        {
            **site.each_context(request),
            "title": gettext("Waitlist"),
            "times": waiting.free_times(user, now=now),
            "waiting": waiting.waiting(user, kind=kind, now=now),
            "types": types.order_by("name"),
            "kind": kind,
            "here": request.get_full_path(),
        },
    )


class Wishes(UseCasePage):
    """What joining the list and changing one's wishes have in common."""

    form_class = WishesForm
    roles = roles.BOOKS
    kind: AppointmentType
    entry: WaitlistEntry | None = None

    def form_options(self) -> dict[str, Any]:
        return {"roles": {phase.role for phase in self.kind.phases.all()} - {""}, "entry": self.entry}

    def back(self) -> str:
        return reverse("admin:waitlist")


class Join(Wishes):
    """For ?session= of a plan, ?booking= to exchange, or ?type= of appointment."""

    title = _("Put on the waitlist")
    submit = _("Put on the list")

    def load(self, **ids: int) -> None:
        self.client = access_client(self.user, ids["client_id"], roles=self.roles)
        self.had: Booking | None = None
        about = {name: self.request.GET.get(name, "") for name in ("booking", "session", "type")}
        about = {name: value for name, value in about.items() if value.isdecimal() and len(value) < 18}
        if "booking" in about:
            of_client = visible_bookings(self.user, self.roles).filter(client=self.client)
            self.had = access_one(of_client, int(about["booking"]), None)
            self.kind, self.session = self.had.appointment_type, self.had.planned_session
            return
        if "session" in about:
            wanted = request_for(self.user, roles=self.roles, planned_session=int(about["session"]))
        elif "type" in about:
            wanted = request_for(
                self.user, roles=self.roles, client=self.client.pk, appointment_type=int(about["type"])
            )
        else:
            wanted = self._usual()
        if wanted.client != self.client:
            raise OutOfScope
        self.kind, self.session = wanted.appointment_type, wanted.planned_session

    def _usual(self) -> Request:
        """The next session of their plan, or else what a new client comes for."""
        session = open_sessions(self.client, now=self.now).first()
        if session is not None:
            return request_for(self.user, roles=self.roles, planned_session=session.pk)
        kinds = AppointmentType.objects.filter(is_active=True).exclude(kind=PlannedSession.Kind.DOSING)
        first = kinds.order_by("pk").first()
        if first is None:
            raise Invalid(NO_TYPE)
        return request_for(self.user, roles=self.roles, client=self.client.pk, appointment_type=first.pk)

    def initial(self) -> dict[str, Any]:
        return {"locations": [self.client.location_id], "notice_minutes": 0}

    def back(self) -> str:
        return reverse("admin:client", args=[self.client.pk])

    def page(self) -> dict[str, Any]:
        intro = gettext("When a time becomes free that fits, and they can still be ready, they are asked.")
        if self.had is not None:
            intro = gettext("They keep what they have until they say yes to something sooner.")
        return {
            "client": self.client,
            "subtitle": f"{self.client.display_name} · {self.kind.name}",
            "intro": intro,
            "address": f"?{self.request.GET.urlencode()}",
        }

    def run(self, values: dict[str, Any]) -> WaitlistEntry:
        locations, clinicians = values.pop("locations"), values.pop("clinicians")
        return waitlist.add(
            self.client,
            self.kind,
            planned_session=self.session,
            instead_of=self.had,
            locations=locations,
            clinicians=clinicians,
            wishes=values,
            actor=self.user,
            now=self.now,
        )

    def done(self, result: WaitlistEntry) -> Done:
        words = {"name": short_name(self.client)}
        return Done(reverse("admin:waitlist"), gettext("%(name)s is on the waitlist.") % words)


class EntryUseCase(UseCasePage):
    roles = roles.BOOKS

    def load(self, **ids: int) -> None:
        visible = visible_to(self.user, WaitlistEntry.objects.all(), client="client", roles=self.roles)
        self.entry = access_one(
            visible.select_related("client", "appointment_type", "planned_session"), ids["entry_id"], None
        )
        self.client, self.kind = self.entry.client, self.entry.appointment_type

    def back(self) -> str:
        return reverse("admin:waitlist")

    def page(self) -> dict[str, Any]:
        return {"client": self.client, "subtitle": f"{self.client.display_name} · {self.kind.name}"}

    def say(self, text: str) -> Done:
        return Done(self.back(), text % {"name": short_name(self.client)})


class ChangeWishes(EntryUseCase, Wishes):  # type: ignore[misc]
    title = _("Change what they wish")

    def initial(self) -> dict[str, Any]:
        entry = self.entry
        return {
            "weekdays": entry.weekdays,
            "times": [range_key(pair) for pair in entry.times],
            "earliest_on": entry.earliest_on,
            "latest_on": entry.latest_on,
            "notice_minutes": entry.notice_minutes,
            "locations": list(entry.locations.values_list("pk", flat=True)),
            "clinicians": list(entry.clinicians.values_list("pk", flat=True)),
        }

    def page(self) -> dict[str, Any]:
        sent = self.request.POST.get("revision", "")
        return {**super().page(), "revision": sent or self.entry.revision}

    def run(self, values: dict[str, Any]) -> WaitlistEntry:
        sent = self.request.POST.get("revision", "")
        revision = int(sent) if sent.isdecimal() and len(sent) < 10 else 0
        return waitlist.change(self.entry.pk, values, revision=revision, actor=self.user, now=self.now)

    def done(self, result: WaitlistEntry) -> Done:
        return self.say(gettext("The wishes of %(name)s are changed."))


class LeaveWaitlist(EntryUseCase):
    title = _("Take off the waitlist")
    submit = _("Take off the list")
    is_final = True

    def run(self, values: dict[str, Any]) -> WaitlistEntry:
        return waitlist.withdraw(self.entry.pk, actor=self.user, now=self.now)

    def done(self, result: WaitlistEntry) -> Done:
        return self.say(gettext("%(name)s is off the waitlist."))


class FreedTimeUseCase(UseCasePage):
    roles = roles.BOOKS

    def load(self, **ids: int) -> None:
        rows = FreedTime.objects.select_related("location", "therapist", "psychiatrist", "room")
        self.freed = access_one(rows, ids["freed_id"], None)
        self.zone = clock.zone(self.freed.location.time_zone)

    def back(self) -> str:
        return reverse("admin:waitlist")

    def page(self) -> dict[str, Any]:
        starts = self.freed.starts_at.astimezone(self.zone)
        day, begins = formats.date_format(starts, "l, F j"), formats.time_format(starts, "TIME_FORMAT")
        return {"subtitle": f"{day}, {begins}"}


class OfferTime(FreedTimeUseCase):
    """Who fits, in turn, the first of them ticked; why the others don't; and what was said so far."""

    form_class = OfferForm
    template_name = "frontdesk/offer_time.html"
    title = _("Who fits this time?")
    submit = _("Offer it to those ticked")

    def load(self, **ids: int) -> None:
        super().load(**ids)
        self.candidates = (
            waiting.candidates(self.user, self.freed, now=self.now) if self.freed.is_open else []
        )

    def form_options(self) -> dict[str, Any]:
        """Whoever waits may be named: one who fitted a minute ago is refused with reasons, not as unknown."""
        return {"entry_ids": [one.waits.entry.pk for one in self.candidates]}

    def page(self) -> dict[str, Any]:
        fitting = [one for one in self.candidates if not one.reasons]
        asked = self.request.POST.getlist("entries")
        ticked = asked or [str(one.waits.entry.pk) for one in fitting[:TICKED]]
        questions = waiting.asked_about(self.user, self.freed, now=self.now)
        return {
            **super().page(),
            "time": waiting.free_time(self.freed, questions),
            "fitting": fitting,
            "others": [one for one in self.candidates if one.reasons],
            "ticked": ticked,
            "zone_words": zone_words(self.zone, self.freed.starts_at),
            "here": self.request.get_full_path(),
        }

    def run(self, values: dict[str, Any]) -> list[WaitlistOffer]:
        fitting = {one.waits.entry.pk: one.starts for one in self.candidates if one.starts is not None}
        starts = next((fitting[pk] for pk in values["entries"] if pk in fitting), None)
        return offering.offer_to(
            self.freed.pk, values["entries"], starts_at=starts, actor=self.user, now=self.now
        )

    def done(self, result: list[WaitlistOffer]) -> Done:
        names = ", ".join(short_name(offer.client) for offer in result)
        text = gettext("Asked, and the first yes gets it: %(names)s") % {"names": names}
        return Done(reverse("admin:offer_time", args=[self.freed.pk]), text)


class HideTime(FreedTimeUseCase):
    title = _("Offer this time to nobody")
    submit = _("Offer it to nobody")
    is_final = True

    def page(self) -> dict[str, Any]:
        return {**super().page(), "intro": gettext("What was asked about it is taken back.")}

    def run(self, values: dict[str, Any]) -> FreedTime:
        return waitlist.hide(self.freed.pk, actor=self.user, now=self.now)

    def done(self, result: FreedTime) -> Done:
        return Done(self.back(), gettext("The time is no longer offered."))


class OpenTime(UseCasePage):
    form_class = OpenTimeForm
    roles = roles.BOOKS
    title = _("Offer a time to the waitlist")
    submit = _("Offer it")

    def back(self) -> str:
        return reverse("admin:waitlist")

    def run(self, values: dict[str, Any]) -> FreedTime:
        location = values["location"]
        starts, ends = (
            resolve(location, starts_at=None, starts_local=values[name].replace(tzinfo=None), fold=None)
            for name in ("starts_local", "ends_local")
        )
        if ends <= starts or ends - starts > freed_times.LONGEST:
            raise Invalid(ENDS_BEFORE, code="wrong_order", pointer="/ends_local")
        return waitlist.open_time(
            location, Span(starts, ends), therapist=values["therapist"], actor=self.user, now=self.now
        )

    def done(self, result: FreedTime) -> Done:
        return Done(
            reverse("admin:offer_time", args=[result.pk]), gettext("The time is offered to the waitlist.")
        )


class OfferUseCase(UseCasePage):
    """What a client said on the telephone."""

    roles = roles.BOOKS

    def load(self, **ids: int) -> None:
        visible = visible_to(self.user, WaitlistOffer.objects.all(), client="client", roles=self.roles)
        self.offer = access_one(visible.select_related("client", "location"), ids["offer_id"], None)
        self.client = self.offer.client

    def back(self) -> str:
        return reverse("admin:offer_time", args=[self.offer.freed_time_id])

    def page(self) -> dict[str, Any]:
        return {"client": self.client, "subtitle": f"{self.client.display_name} · {self.words()}"}

    def words(self) -> str:
        starts: datetime = self.offer.starts_at.astimezone(clock.zone(self.offer.location.time_zone))
        return formats.date_format(starts, "l, F j, P")


class AcceptOffer(OfferUseCase):
    title = _("They want the time")
    submit = _("Book it")

    def run(self, values: dict[str, Any]) -> WaitlistOffer:
        return waitlist.accept(self.offer.pk, actor=self.user, now=self.now)

    def done(self, result: WaitlistOffer) -> Done:
        words = {"name": short_name(self.client), "time": self.words()}
        text = gettext("%(name)s has the time: %(time)s") % words
        return Done(reverse("admin:booking", args=[result.booking_id]), text)


class DeclineOffer(OfferUseCase):
    title = _("They do not want the time")
    submit = _("No, thank you")

    def run(self, values: dict[str, Any]) -> WaitlistOffer:
        return waitlist.decline(self.offer.pk, actor=self.user, now=self.now)

    def done(self, result: WaitlistOffer) -> Done:
        words = {"name": short_name(self.client)}
        return Done(self.back(), gettext("%(name)s said no, and stays on the list.") % words)
