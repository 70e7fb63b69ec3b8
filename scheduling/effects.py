"""What a change would bring with it, as lines that people and programs can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import formats

from practice import clock
from practice.blockers import Blocker


@dataclass(frozen=True)
class Effect:
    """One consequence for one booking.

    `code` is for programs and never changes meaning; `message` is the English msgid with holes for `params`.
    `blockers` are the reasons behind it, clinical ones among them: who shows it leaves those out that the
    reader may not see. `needs_a_person` says that nobody takes care of it by itself.
    """

    code: str
    message: str
    booking_id: int
    params: Mapping[str, str | int] = field(default_factory=dict, hash=False)
    blockers: tuple[Blocker, ...] = ()
    needs_a_person: bool = False

    def text(self, translate: Callable[[str], str]) -> str:
        return translate(self.message) % self.params


def spoken(at: datetime, time_zone: str) -> str:
    """On the clock of `time_zone`, in the active language."""
    return formats.date_format(at.astimezone(clock.zone(time_zone)), "D M j, P")
