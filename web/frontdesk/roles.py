"""Who may do what with bookings and forms. The rest is in `practice.access`; the API permits the same."""

from __future__ import annotations

from practice.access import CLINICAL, DESK, TREATING, visible_to
from practice.models import Client, User

READS_BOOKINGS = DESK | CLINICAL
BOOKS = DESK | TREATING
RECEIVES = BOOKS | CLINICAL  # arrivals, and what clients say
STARTS = CLINICAL
COMPLETES = TREATING
OVERRIDES = TREATING
SENDS_FORMS = DESK | CLINICAL


def reads_medical(user: User, client: Client) -> bool:
    """By a clinical role that reaches this client; an auditor reads the activity log instead."""
    return visible_to(user, Client.objects.filter(pk=client.pk), client="pk", roles=CLINICAL).exists()
