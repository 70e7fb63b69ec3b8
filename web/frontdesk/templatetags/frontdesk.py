"""What the overridden templates of Django's admin need to know of ours."""

from __future__ import annotations

import uuid
from typing import Any

from django import template

from practice.access import APPROVES_PROTOCOLS, CHANGES_CLIENTS
from practice.models import User
from web.frontdesk import roles

register = template.Library()

MAY = {
    "register": CHANGES_CLIENTS,
    "book": roles.BOOKS,
    "approve_protocol": APPROVES_PROTOCOLS,
    "approve_screening_form": APPROVES_PROTOCOLS,
}


@register.simple_tag(takes_context=True)
def may(context: dict[str, Any], what: str) -> bool:
    user = context.get("user") or getattr(context.get("request"), "user", None)
    return isinstance(user, User) and user.has_role(*MAY[what])


@register.simple_tag
def new_key() -> str:
    """A key for one button: pressed twice, it acts once."""
    return uuid.uuid4().hex
