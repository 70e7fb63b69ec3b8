"""A booking, and what happens to it once it is booked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.models import ClientNote, Reminder
from practice import clock, present
from practice.access import access_one, visible_to
from practice.admin_base import user_of
from practice.blockers import Blocker
from practice.errors import OutOfScope
from scheduling import booking, conflicts, lifecycle, readiness
from scheduling.care import session_room
from scheduling.models import Acknowledgement, Booking
from scheduling.readiness_rules import LightState
from scheduling.requests import BOOKINGS
from treatment_plans.models import DosingRecord
from web.frontdesk import roles
from web.frontdesk.clinic import zone_words
from web.frontdesk.forms.bookings import AcknowledgementForm, CancelForm
from web.frontdesk.history import history
from web.frontdesk.use_case import Done, UseCasePage
from web.frontdesk.visits import chip, prepare, with_series
from web.frontdesk.words import LIGHTS, reasons

ITEMS = {item.replace("_", "-"): item for item in Acknowledgement.Item.values}


def visible_bookings(user: Any, who: frozenset[Any]) -> QuerySet[Booking]:
    return with_series(visible_to(user, BOOKINGS, client="client", roles=who))


def booking_page(site: AdminSite, request: HttpRequest, booking_id: int) -> HttpResponse:
    user, now = user_of(request), present.now()
    try:
        found = access_one(visible_bookings(user, roles.READS_BOOKINGS), booking_id, None)
    except OutOfScope as missing:
        raise Http404 from missing
    [visit] = prepare(user, [found], now=now)
    said = {
        row.item: row
        for row in found.acknowledgements.filter(for_starts_at=found.starts_at).select_related("recorded_by")
    }
    clinical = roles.reads_medical(user, found.client)
    lights = [
        {
            "chip": chip(user, found, light),
            "reasons": reasons(light.blockers, clinical=clinical),
            "said": said.get(light.name),
            "can_be_said": light.name in Acknowledgement.Item.values,
        }
        for light in visit.lights
        if light.state != LightState.NOT_NEEDED
    ]
    return TemplateResponse(
        request,
        "frontdesk/booking.html",
        {
            **site.each_context(request),
            "title": f"{visit.name} · {visit.session}",
            "visit": visit,
            "zone_words": zone_words(clock.zone(found.time_zone), found.starts_at),
            "lights": lights,
            "conflicts": reasons(_conflicts(found, now), clinical=False),
            "actions": [one for one in (visit.first_action, *visit.more_actions) if one],
            "notes": ClientNote.objects.filter(booking=found).order_by("about") if clinical else (),
            "messages_of_it": Reminder.objects.filter(booking=found).order_by("due_at", "pk"),
            "history": history("scheduling.booking", found.pk),
            "here": request.get_full_path(),
        },
    )


def _conflicts(booking: Booking, now: datetime) -> tuple[Blocker, ...]:
    """What the calendar has against a session that is still to come."""
    to_come = conflicts.to_come(Booking.objects.filter(pk=booking.pk), now=now, ahead=None)
    return conflicts.find(to_come).get(booking.pk, ())


class BookingUseCase(UseCasePage):
    """About one booking; leads back to it, or to the day it came from."""

    def load(self, **ids: int) -> None:
        self.booking = access_one(visible_bookings(self.user, self.roles), ids["booking_id"], None)
        self.client = self.booking.client
        [self.visit] = prepare(self.user, [self.booking], now=self.now)

    def back(self) -> str:
        return reverse("admin:booking", args=[self.booking.pk])

    def page(self) -> dict[str, Any]:
        return {"visit": self.visit, "subtitle": f"{self.visit.name} · {self.visit.session}"}

    def say(self, text: str) -> Done:
        return Done(self.back(), text % {"name": self.visit.name})


class Confirm(BookingUseCase):
    roles = roles.BOOKS
    title = _("Confirm the held time")
    submit = _("Confirm")

    def run(self, values: dict[str, Any]) -> Booking:
        return booking.confirm(self.booking.pk, actor=self.user, now=self.now)

    def done(self, result: Booking) -> Done:
        return self.say(gettext("The session of %(name)s is booked."))


class Arrive(BookingUseCase):
    roles = roles.RECEIVES
    title = _("The client is here")
    submit = _("Arrived")

    def run(self, values: dict[str, Any]) -> Booking:
        return lifecycle.arrive(self.booking.pk, actor=self.user, now=self.now)

    def done(self, result: Booking) -> Done:
        return self.say(gettext("%(name)s is here."))


class EnterRoom(BookingUseCase):
    """To the page of the session; its record opens when somebody enters first."""

    roles = roles.STARTS
    title = _("Open the session room")
    submit = _("Session room")

    def run(self, values: dict[str, Any]) -> DosingRecord:
        return session_room.open_record(self.booking.pk, actor=self.user, now=self.now)

    def done(self, result: DosingRecord) -> Done:
        return Done(reverse("session_room", args=[result.pk]), "")

    def next_url(self) -> str:
        return ""


class Start(BookingUseCase):
    roles = roles.STARTS
    title = _("Start the session")
    submit = _("Start")

    def run(self, values: dict[str, Any]) -> Booking:
        return lifecycle.start(self.booking.pk, actor=self.user, now=self.now)

    def done(self, result: Booking) -> Done:
        return self.say(gettext("The session of %(name)s has started."))


class Complete(BookingUseCase):
    roles = roles.COMPLETES
    title = _("The session took place")
    submit = _("Complete")
    is_final = True

    def page(self) -> dict[str, Any]:
        intro = gettext("Its follow-ups are created, and the time can't be changed any more.")
        return {**super().page(), "intro": intro}

    def run(self, values: dict[str, Any]) -> Booking:
        return lifecycle.complete(self.booking.pk, actor=self.user, now=self.now)

    def done(self, result: Booking) -> Done:
        return self.say(gettext("The session of %(name)s is completed."))


class Cancel(BookingUseCase):
    form_class = CancelForm
    roles = roles.BOOKS
    title = _("Cancel the session")
    submit = _("Cancel the session")
    is_final = True

    def page(self) -> dict[str, Any]:
        intro = gettext(
            "The time becomes free at once. Messages about it are withdrawn, and the client is told."
        )
        return {**super().page(), "intro": intro}

    def run(self, values: dict[str, Any]) -> Booking:
        return lifecycle.cancel(self.booking.pk, **values, actor=self.user, now=self.now)

    def done(self, result: Booking) -> Done:
        return self.say(gettext("The session of %(name)s is cancelled."))


class NoShow(BookingUseCase):
    roles = roles.BOOKS
    title = _("The client did not come")
    submit = _("Did not come")
    is_final = True

    def run(self, values: dict[str, Any]) -> Booking:
        return lifecycle.mark_no_show(self.booking.pk, actor=self.user, now=self.now)

    def done(self, result: Booking) -> Done:
        return self.say(gettext("%(name)s did not come: recorded."))


class Acknowledge(BookingUseCase):
    form_class = AcknowledgementForm
    roles = roles.RECEIVES
    submit = _("Record")

    def load(self, **ids: Any) -> None:
        self.item = ITEMS.get(ids["item"], "")
        if not self.item:
            raise OutOfScope
        super().load(**ids)

    def form_options(self) -> dict[str, Any]:
        return {"may_override": self.user.has_role(*roles.OVERRIDES)}

    def initial(self) -> dict[str, Any]:
        return {"for_starts_at": self.booking.starts_at.isoformat()}

    def page(self) -> dict[str, Any]:
        intro = gettext("It counts for this start only: after a move it is asked again.")
        return {**super().page(), "title": LIGHTS[self.item], "intro": intro}

    def run(self, values: dict[str, Any]) -> Acknowledgement:
        return readiness.acknowledge(
            self.booking.pk,
            **{**values, "for_starts_at": _instant(values["for_starts_at"])},
            item=self.item,
            actor=self.user,
            now=self.now,
        )

    def done(self, result: Acknowledgement) -> Done:
        words = {"light": LIGHTS[self.item], "answer": result.get_answer_display(), "name": self.visit.name}
        return Done(self.back(), gettext("%(name)s, %(light)s: %(answer)s.") % words)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
