"""What the providers' own logs say, held against the bookings. Our rows are only asked what was wanted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from notifications.models import Message, Reminder
from notifications.redaction import redacted


@dataclass
class Counts:
    """What must be zero comes first."""

    lost: int = 0
    doubled: int = 0
    after_cancel: int = 0
    late: int = 0
    reminders: int = 0
    accepted: int = 0
    for_a_person: int = 0  # shown to the desk because nobody can tell, as with a mail whose answer was lost

    def __iadd__(self, other: Counts) -> Counts:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    @property
    def wrong(self) -> int:
        return self.lost + self.doubled + self.after_cancel + self.late


class ProviderLog:
    """Reads on where it stopped."""

    def __init__(self, folder: Path) -> None:
        self._files = [folder / "sms.jsonl", folder / "mail.jsonl"]
        self._read = dict.fromkeys(self._files, 0)

    def new_entries(self) -> list[tuple[str, str, datetime]]:
        """Recipient, text and time of what was accepted since the last call."""
        found = []
        for file in self._files:
            with file.open("rb") as log:
                log.seek(self._read[file])
                for line in log:
                    if not line.endswith(b"\n"):
                        break
                    self._read[file] += len(line)
                    entry = json.loads(line)
                    to = entry["to"] if isinstance(entry["to"], str) else entry["to"][0]
                    found.append((to, redacted(entry["body"]).strip(), datetime.fromisoformat(entry["at"])))
        return found


def judge(
    reminder_ids: Collection[int],
    entries: Iterable[tuple[str, str, datetime]],
    *,
    may_be_skipped: Collection[int] = (),
    unclaimed_at_the_end: Collection[tuple[int, datetime]] = (),
    taken_twice: bool = False,
) -> Counts:
    """Count what went wrong with these reminders.

    `may_be_skipped`: nobody wants them any more. `unclaimed_at_the_end`: those that no worker had claimed
    when their booking's cancellation (or move, or the client's STOP) had committed, with that time: nothing
    of theirs may be accepted after it. `taken_twice`: the provider was told to take a request two times,
    which nobody here can help.
    """
    reminders = {row.pk: row for row in Reminder.objects.filter(pk__in=reminder_ids)}
    about: dict[tuple[str, str], int] = {}
    for message in Message.objects.filter(reminder__in=reminder_ids):
        about[message.recipient, message.body.strip()] = message.reminder_id
    accepted: dict[int, list[datetime]] = {pk: [] for pk in reminders}
    for to, body, at in entries:
        if (pk := about.get((to, body))) is not None:
            accepted[pk].append(at)
    ended = dict(unclaimed_at_the_end)
    counts = Counts(reminders=len(reminders), accepted=sum(map(len, accepted.values())))
    for pk, row in reminders.items():
        times = accepted[pk]
        most = 2 if taken_twice else 1
        counts.doubled += max(0, len(times) - most)
        counts.late += sum(at >= row.expires_at for at in times)
        counts.after_cancel += sum(pk in ended and at > ended[pk] for at in times)
        if not times and row.state in Reminder.NEEDS_A_PERSON:
            counts.for_a_person += 1
        elif not times and not (row.state == Reminder.State.SKIPPED and pk in may_be_skipped):
            counts.lost += 1  # a row that says "sent" of what no provider has is lost too
        elif times and row.state in (Reminder.State.DEAD, Reminder.State.UNKNOWN):
            counts.for_a_person += 1
    return counts


def states(reminder_ids: Collection[int]) -> Counter[str]:
    return Counter(Reminder.objects.filter(pk__in=reminder_ids).values_list("state", flat=True))
