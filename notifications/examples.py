"""Made-up facts on which texts are tried out: every way in which the words change with the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from notifications.wording import MessageFacts

HOUR = timedelta(hours=1)
TUESDAY = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)  # 9:30 am in Los Angeles, 10:30 am in Denver

USUAL = MessageFacts(
    display_name="Riverbend",
    phone="(555) 555-0100",
    starts_at=TUESDAY,
    client_zone="America/Los_Angeles",
    clinic_zone="America/Los_Angeles",
    first_name="Sam",
    visit_minutes=150,
    address="12 Main Street",
    client_name="Sam",
    stop_eating_at=TUESDAY - 8 * HOUR,
    stop_drinking_at=TUESDAY - 2 * HOUR,
    asks=frozenset({"ride", "support_person"}),
)
# The longest of everything that can come together.
LONGEST = replace(
    USUAL,
    display_name="Cedar & Stonebridge Hall",  # as many characters as a location's name in messages may have
    starts_at=TUESDAY + 24 * HOUR,
    stop_eating_at=TUESDAY + 12 * HOUR,
    stop_drinking_at=TUESDAY + 23 * HOUR,
    client_zone="America/Denver",
    clinic_zone="America/New_York",
    address="1200 Stonebridge Avenue, Suite 210, Boulder",
    by_email_too=True,
    client_name="Maximiliano",
)
VARIANTS: Mapping[str, MessageFacts] = {
    "usual": USUAL,
    "longest": LONGEST,
    "ride only": replace(LONGEST, asks=frozenset({"ride"})),
    "support only": replace(LONGEST, asks=frozenset({"support_person"}), by_email_too=False),
    "any ride": replace(USUAL, escort_required=False),
    "one stop": replace(LONGEST, stop_drinking_at=LONGEST.stop_eating_at),
    "solids only": replace(LONGEST, stop_drinking_at=None),
    "liquids only": replace(LONGEST, stop_eating_at=None),
    "no name, no place": replace(USUAL, first_name="", client_name="", address="", visit_minutes=None),
    "with a page": replace(LONGEST, link="https://q.example/l/0123456789abcdefghijkl"),
}
