"""The practice's own words: each version a row of its own, one of them in use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from notifications import template_checks
from notifications.models import MessageTemplate
from notifications.wording import Words
from practice import activity
from practice.access import ADMIN, check_role
from practice.doors import door
from practice.errors import Invalid
from practice.models import User

Key = tuple[str, str, str, str]  # kind, language, channel, level


def in_use(kinds: Iterable[str]) -> Mapping[Key, Words]:
    """The practice's own words for messages of these kinds, one query. What is not there is ours."""
    rows = MessageTemplate.objects.filter(kind__in=set(kinds), is_in_use=True)
    found = rows.values_list("kind", "language", "channel", "detail", "subject", "body")
    return {
        (kind, language, channel, detail): Words(*words) for kind, language, channel, detail, *words in found
    }


@door
def write(
    kind: str, *, language: str, channel: str, detail: str, words: Words, actor: User, now: datetime
) -> MessageTemplate:
    """Put a new version in use; what is sent from now on uses it. Raises Invalid with all reasons."""
    check_role(actor, ADMIN)
    report = template_checks.check(kind, language=language, channel=channel, detail=detail, words=words)
    if report.blockers:
        raise Invalid(blockers=report.blockers, code=report.blockers[0].code)
    versions = MessageTemplate.objects.select_for_update(no_key=True).filter(
        kind=kind, language=language, channel=channel, detail=detail
    )
    latest = max((row.version for row in versions), default=0)
    versions.filter(is_in_use=True).update(is_in_use=False)
    written = MessageTemplate.objects.create(
        kind=kind,
        language=language,
        channel=channel,
        detail=detail,
        version=latest + 1,
        subject=words.subject.strip(),
        body=words.body.strip(),
        written_by=actor,
        written_at=now,
    )
    activity.record("template.written", written, actor=actor, at=now, data={"kind": kind})
    return written


@door
def use_shipped(template_id: int, *, actor: User, now: datetime) -> None:
    """Go back to our words. The versions stay."""
    check_role(actor, ADMIN)
    row = MessageTemplate.objects.select_for_update(no_key=True).get(pk=template_id)
    MessageTemplate.objects.filter(pk=row.pk).update(is_in_use=False)
    activity.record("template.withdrawn", row, actor=actor, at=now, data={"kind": row.kind})
