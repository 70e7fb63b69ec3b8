"""What the pages say about one visit, prepared so that templates decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications import facts, wording
from notifications.facts import Loaded
from practice import phones
from scheduling import readiness
from scheduling.models import AppointmentType, Booking, WaitlistOffer
from scheduling.readiness_rules import FASTING, MEDICINE, RIDE, SUPPORT_PERSON, LightState
from web.portal.forms import ITEMS, EscortForm, ItemForm

# In the order in which they need doing. Not named before the birth date: what is to be brought.
ORDER = (RIDE, SUPPORT_PERSON, FASTING, MEDICINE)
NAMES: dict[str, str | Promise] = {
    RIDE: _("Ride home"),
    SUPPORT_PERSON: _("Someone with you"),
    FASTING: _("Food and drink"),
    MEDICINE: _("Your medicine"),
}
UNNAMED = _("One thing to bring")


@dataclass(frozen=True)
class Item:
    name: str
    words: str | Promise
    state: str

    @property
    def slug(self) -> str:
        """An address says nothing of what it is about."""
        return SLUGS[self.name]

    @property
    def is_ready(self) -> bool:
        return self.state == LightState.READY

    @property
    def is_open(self) -> bool:
        return self.state == LightState.WAITING

    @property
    def is_problem(self) -> bool:
        return self.state == LightState.BLOCKED


SLUGS = {RIDE: "1", SUPPORT_PERSON: "2", FASTING: "3", MEDICINE: "4"}
BY_SLUG = {slug: name for name, slug in SLUGS.items()}


def words_of(booking: Booking, *, language: str) -> dict[str, Any]:
    """The words of the messages about it: when, how long, where, when to stop eating."""
    loaded = facts.load([booking])[booking.pk]
    return wording.shown(message_facts(loaded), language=language)


def words_of_offer(offer: WaitlistOffer, *, language: str) -> dict[str, Any]:
    kind, location = offer.entry.appointment_type, offer.location
    is_here = kind.modality == AppointmentType.Modality.IN_PERSON
    asked = wording.MessageFacts(
        display_name=location.display_name,
        phone=phones.display(location.phone),
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
        client_zone=offer.client.time_zone,
        clinic_zone=location.time_zone,
        visit_minutes=kind.duration_minutes,
        address=location.address if is_here else "",
    )
    return wording.shown(asked, language=language)


def message_facts(loaded: Loaded) -> wording.MessageFacts:
    booking, client = loaded.booking, loaded.client
    is_here = booking.appointment_type.modality == AppointmentType.Modality.IN_PERSON
    return wording.MessageFacts(
        display_name=booking.location.display_name,
        phone=phones.display(booking.location.phone),
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        client_zone=client.time_zone,
        clinic_zone=booking.location.time_zone,
        first_name=client.display_name.split()[0],
        visit_minutes=booking.appointment_type.duration_minutes,
        address=booking.location.address if is_here else "",
        stop_eating_at=loaded.facts.stop_eating_at,
        stop_drinking_at=loaded.facts.stop_drinking_at,
        asks=loaded.facts.missing,
        escort_required=loaded.facts.escort_required,
    )


def items_of(booking: Booking, *, names_medicine: bool, now: Any) -> list[Item]:
    """What this visit needs of the client; no more than that is asked."""
    lights = {light.name: light for light in readiness.judge([booking], now=now)[booking.pk].lights}
    return [
        Item(name, UNNAMED if name == MEDICINE and not names_medicine else NAMES[name], lights[name].state)
        for name in ORDER
        if lights[name].state != LightState.NOT_NEEDED
    ]


def form_class(booking: Booking, name: str) -> type[ItemForm]:
    protocol = booking.planned_session.plan.protocol if booking.planned_session else None
    if name == RIDE and protocol is not None and protocol.escort_required:
        return EscortForm
    return ITEMS[name]
