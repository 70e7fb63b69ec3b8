"""Calendar feeds under secret addresses: made, revoked, read. Whoever knows an address reads the feed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext

from practice import activity
from practice.access import DESK
from practice.doors import door
from practice.errors import OutOfScope
from practice.models import Client, Clinician, Room, User
from scheduling.calendars.feed_text import Entry
from scheduling.models import AppointmentType, Booking, Feed

BACK, AHEAD = timedelta(days=30), timedelta(days=180)
STAMP_EVERY = timedelta(hours=1)


def new_secret() -> str:
    """256 random bits in 43 characters."""
    return secrets.token_urlsafe(32)


def address(secret: str) -> str:
    return f"{settings.PUBLIC_URL}/feeds/{secret}.ics"


def within(user: User, feeds: QuerySet[Feed]) -> QuerySet[Feed]:
    """The desk's view is of all feeds, a clinician's of those of their own calendar."""
    if user.has_role(*DESK):
        return feeds
    return feeds.filter(clinician__user=user, clinician__is_active=True)


@door
def make(
    subject: Clinician | Room | Client, *, label: str = "", secret: str, actor: User, now: datetime
) -> Feed:
    """A feed that answers under `address(secret)`. The secret is not kept, so it can't be shown again."""
    about: dict[str, Any] = {subject._meta.model_name or "": subject}
    feed = Feed.objects.create(**about, label=label, digest=_digest(secret), created_by=actor, created_at=now)
    activity.record("feed.made", feed, actor=actor, at=now, client=feed.client_id, data=_about(feed))
    return feed


@door
def revoke(feed_id: int, *, actor: User, now: datetime) -> Feed:
    """From now on the address is unknown. Harmless to repeat."""
    feed = Feed.objects.select_for_update(no_key=True).filter(pk=feed_id).first()
    if feed is None:
        raise OutOfScope
    if feed.revoked_at is None:
        feed.revoked_at = now
        feed.save(update_fields=["revoked_at"])
        activity.record("feed.revoked", feed, actor=actor, at=now, client=feed.client_id, data=_about(feed))
    return feed


def find(secret: str) -> Feed | None:
    """The feed of this address, unless it is revoked, or nobody may read it any more."""
    feed = (
        Feed.objects.select_related("clinician", "room__location", "client__location", "created_by")
        .filter(digest=_digest(secret), revoked_at=None)
        .first()
    )
    return feed if feed is not None and _is_in_use(feed) else None


def note_fetch(feed: Feed, *, now: datetime) -> None:
    """At most once an hour: so that an unused address is seen for what it is."""
    if feed.last_fetched_at is None or feed.last_fetched_at <= now - STAMP_EVERY:
        _stamp(feed.pk, now=now)


def entries(feed: Feed, *, now: datetime) -> tuple[str, list[Entry]]:
    """The feed's name and what it shows: sessions that start from 30 days ago to 180 days ahead.

    A cancelled session stays for 30 days, marked as such. Held times are nobody's yet. One query.
    """
    bookings = Booking.objects.filter(
        _of(feed),
        Q(cancelled_at=None) | Q(cancelled_at__gt=now - BACK),
        booked_at__isnull=False,
        starts_at__gte=now - BACK,
        starts_at__lt=now + AHEAD,
    ).select_related("location", "appointment_type")
    with translation.override(feed.client.language if feed.client else settings.LANGUAGE_CODE):
        return gettext("Appointments"), [
            entry_of(booking) for booking in bookings.order_by("starts_at", "pk")
        ]


def entry_of(booking: Booking) -> Entry:
    """No name and no initials of the client, for clinicians neither: phones show titles to whoever looks."""
    place, is_remote = booking.location, AppointmentType.Modality.TELEHEALTH
    return Entry(
        booking_id=booking.pk,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        time_zone=booking.time_zone,
        # Only what the calendar shows counts: that a client has arrived is nobody's business out there.
        sequence=booking.version - 1 + bool(booking.cancelled_at),
        changed_at=booking.cancelled_at or booking.moved_at or booking.booked_at or booking.created_at,
        is_cancelled=booking.cancelled_at is not None,
        title=gettext("Appointment, %(place)s") % {"place": place.display_name},
        phone=place.phone,
        address="" if booking.appointment_type.modality == is_remote else place.address,
    )


@door
def _stamp(feed_id: int, *, now: datetime) -> None:
    Feed.objects.filter(pk=feed_id).update(last_fetched_at=now)


def _digest(secret: str) -> str:
    """Without salt or stretching: nobody guesses 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _about(feed: Feed) -> dict[str, Any]:
    return {"subject_type": feed.subject._meta.label_lower, "subject_id": feed.subject.pk}


def _is_in_use(feed: Feed) -> bool:
    """A clinician's or a room's feed ends with the right of whoever made it, for they know its address.

    A client's belongs to the client, who shouldn't miss a session because somebody left the desk.
    """
    if not feed.subject.is_active:
        return False
    maker = feed.created_by
    is_own = feed.clinician is not None and feed.clinician.user_id == maker.pk
    return feed.client is not None or maker.has_role(*DESK) or (is_own and maker.is_active)


def _of(feed: Feed) -> Q:
    if feed.clinician_id:
        return Q(therapist=feed.clinician_id) | Q(psychiatrist=feed.clinician_id)
    return Q(room=feed.room_id) if feed.room_id else Q(client=feed.client_id)
