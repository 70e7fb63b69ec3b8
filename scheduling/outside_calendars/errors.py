"""Why a calendar could not be read. The code is stored, its text is for the person who gave the address."""

from __future__ import annotations

from practice.blockers import Blocker
from practice.blockers import gettext_noop as _

HTTP = "http_"

TEXTS = {
    "bad_address": _("This is not an address that starts with https:// or http://."),
    "forbidden_address": _("This address leads into a private network."),
    "unreachable": _("The server can't be reached."),
    "too_many_redirects": _("The address leads to another, and that to another, and so on."),
    "timed_out": _("The server takes too long to answer."),
    "too_large": _("The calendar has more than 5 MB."),
    "not_a_calendar": _("What is there is not a calendar."),
    "incomplete": _("The calendar breaks off in the middle."),
    "too_many_events": _("The calendar has too many events."),
    "too_many_occurrences": _("The events of the calendar repeat too often."),
    "too_complex": _("The calendar takes too much time or memory to read."),
    "unreadable": _("The calendar has something in it that can't be understood."),
}
_ANSWERED = _("The server answered with the error %(status)s.")


class Unreadable(Exception):
    """`code` is one of TEXTS, or "http_" with a status."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def explain(code: str) -> Blocker:
    if code.startswith(HTTP):
        return Blocker(code, _ANSWERED, {"status": code.removeprefix(HTTP)})
    return Blocker(code, TEXTS.get(code, TEXTS["unreadable"]))
