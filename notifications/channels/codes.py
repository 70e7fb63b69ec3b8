"""What the providers' error codes mean to a desk. Twilio's: https://www.twilio.com/docs/api/errors."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.models import UnreachableAddress

Reason = UnreachableAddress.Reason

# Nothing sent there will ever arrive.
FOR_GOOD = {
    "21211": Reason.INVALID,
    "21217": Reason.INVALID,
    "21421": Reason.INVALID,
    "30005": Reason.INVALID,
    "bad_address": Reason.INVALID,
    "21614": Reason.LANDLINE,
    "30006": Reason.LANDLINE,
    "21610": Reason.OPTED_OUT,
}
WORDS: dict[str, Promise] = {
    "21211": _("There is no such number."),
    "21217": _("There is no such number."),
    "21408": _("Our account may not text numbers in that country."),
    "21421": _("There is no such number."),
    "21606": _("Our own number can't send texts."),
    "21610": _("The client answered STOP to our texts."),
    "21612": _("The number can't be reached from ours."),
    "21614": _("This number can't get texts: it may be a landline."),
    "30003": _("The phone was off or out of reach."),
    "30004": _("The network blocks texts to this number."),
    "30005": _("The number is not in service."),
    "30006": _("This is a landline, or its network takes no texts."),
    "30007": _("The network took the text for spam."),
    "30008": _("The network did not say why."),
    "30034": _("Our number is not registered for texting in the US."),
    "30036": _("It could not be delivered in time."),
    "bounced": _("The mail was sent back."),
    "complained": _("The client marked our mail as spam."),
    "bad_address": _("This is not a mail address."),
    "lease_expired": _("A program stopped while it was sending."),
    "channel_not_configured": _("No provider is set up for this channel."),
    "expired": _("Its time was over."),
}
# About our account or our settings: an operator mends it, and what waits goes out.
OURS = frozenset({"20003", "21212", "21408", "21603", "21606", "21607", "21609", "21659", "21660", "21703"})


def words(code: str) -> str:
    """Say what a code means; the code itself where nobody has worded it."""
    return str(WORDS.get(code, code))
