"""A screening form on a link page: sent to a client, answered through the link, and how far it got."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from notifications import links, page_messages, rule_book
from notifications.models import ClientLink, PageMessage
from practice.blockers import Blocker
from practice.doors import door, step
from practice.errors import Refused
from practice.models import Client, User
from treatment_plans.models import Screening, ScreeningForm, ScreeningSheet
from treatment_plans.screening import sheets as screening_sheets

MESSAGE, COPY = "message", "copy"
DELIVERIES = ((MESSAGE, gettext_lazy("by text or email")), (COPY, gettext_lazy("an address to hand on")))

DONE, HALF_DONE, OPENED, SENT, WAITING = "done", "half_done", "opened", "sent", "waiting"
NOT_SENT, NOT_KNOWN, TO_HAND_ON = "not_sent", "not_known", "to_hand_on"
REPLACED, EXPIRED, WITHDRAWN = "replaced", "expired", "withdrawn"
STAGES = (
    (WAITING, gettext_lazy("to be sent")),
    (NOT_SENT, gettext_lazy("did not get through")),
    (NOT_KNOWN, gettext_lazy("not known whether it got through")),
    (TO_HAND_ON, gettext_lazy("address to hand on")),
    (SENT, gettext_lazy("sent")),
    (OPENED, gettext_lazy("opened")),
    (HALF_DONE, gettext_lazy("begun")),
    (DONE, gettext_lazy("filled")),
    (REPLACED, gettext_lazy("a newer version is in use: send that one")),
    (EXPIRED, gettext_lazy("too old: send it again")),
    (WITHDRAWN, gettext_lazy("taken back")),
)


class NotAskable(Refused):
    code = "not_askable"
    message = _("The client can't be asked to fill this form on a page.")


NO_CHANNEL = Blocker(
    "no_channel", _("There is no number or address at which the client can and wants to be reached.")
)


@door
def ask(
    client: Client, form: ScreeningForm, *, delivery: str, secret: str, actor: User, now: datetime
) -> ScreeningSheet:
    """Have the client fill the form alone: told by text or email, or by an address of `secret` to hand on.

    A sheet that waits already is kept with its answers, and open for longer. Locks the client.
    Raises NotAskable with every reason.
    """
    addresses = page_messages.addresses_of(client)
    blockers = [*screening_sheets.asking_blockers(client, form)]
    if delivery == MESSAGE and not addresses:
        blockers.append(NO_CHANNEL)
    if blockers:
        raise NotAskable(blockers=blockers, client_id=client.pk)
    sheet = screening_sheets.open_sheet(client, form, actor=actor, now=now)
    if delivery == COPY:
        links.keep([links.draft_for_sheet(sheet, secret=secret, now=now)])
    elif not PageMessage.objects.filter(sheet=sheet, state=PageMessage.State.WAITING).exists():
        row = PageMessage(sheet=sheet, client=client, expires_at=sheet.expires_at)
        page_messages.plan(row, addresses, rule_book.policy(), now=now)
    return with_progress(ScreeningSheet.objects.filter(pk=sheet.pk)).get()


@door
def withdraw(sheet_id: int, *, actor: User, now: datetime) -> ScreeningSheet:
    """Take the form back: its links end. Raises SheetOver once it is filled."""
    screening_sheets.withdraw(sheet_id, actor=actor, now=now)
    return with_progress(ScreeningSheet.objects.filter(pk=sheet_id)).get()


@door
def answer(link_id: int, key: str, value: Any, *, is_heard: bool = False, now: datetime) -> bool:
    """Keep one answer. Whether it sounds unsafe: the next page then says whom to call.

    `is_heard` says that `overhear` found it unsafe, so that the same words call nobody twice.
    Locks the sheet, then the link. Raises LinkOver, and what `screening.sheets.answer` raises.
    """
    link = links.hold(link_id, now=now)
    assert link.sheet_id is not None
    is_unsafe = screening_sheets.answer(screening_sheets.lock(link.sheet_id), key, value, now=now)
    links.note_used(link, now=now)
    return is_heard or _listen(link, value, now=now) or is_unsafe


@door
def overhear(link_id: int, key: str, value: Any, *, now: datetime) -> bool:
    """Listen to an answer that can't be kept before the birth date is given. Whether it sounds unsafe.

    Locks the sheet, then the link. Raises LinkOver.
    """
    link = links.hold(link_id, now=now)
    assert link.sheet_id is not None
    severity = screening_sheets.overhear(screening_sheets.lock(link.sheet_id), key, value, now=now)
    return _listen(link, value, now=now) or bool(severity)


@door
def finish(link_id: int, *, now: datetime) -> Screening:
    """Send the answers, once; pressed again it is the same screening.

    Locks the sheet, then the link. Raises LinkOver, and what `screening.sheets.finish` raises.
    """
    link = links.hold(link_id, now=now)
    assert link.sheet_id is not None
    screening = screening_sheets.finish(screening_sheets.lock(link.sheet_id), now=now)
    links.note_used(link, now=now)
    return screening


@step
def _listen(link: ClientLink, value: Any, *, now: datetime) -> bool:
    return isinstance(value, str) and links.listen(link, value, now=now)


def with_progress(sheets: QuerySet[ScreeningSheet]) -> QuerySet[ScreeningSheet]:
    """With what `stage` looks at: `opened_at`, by a person and not by a machine, and `message_state`."""
    opened = ClientLink.objects.filter(sheet=OuterRef("pk"), opened_at__isnull=False)
    latest = PageMessage.objects.filter(sheet=OuterRef("pk")).order_by("-pk")
    return sheets.select_related("form", "client").annotate(
        opened_at=Subquery(opened.order_by("opened_at").values("opened_at")[:1]),
        message_state=Subquery(latest.values("state")[:1]),
        message_channel=Subquery(latest.values("channel")[:1]),
    )


def stage(sheet: Any, *, now: datetime) -> str:
    """How far it is; `sheet` comes from `with_progress`."""
    State = PageMessage.State
    if sheet.screening_id is not None:
        return DONE
    if sheet.withdrawn_at is not None:
        return WITHDRAWN
    if not sheet.form.is_usable:
        return REPLACED
    if sheet.is_over(now):
        return EXPIRED
    if sheet.answers:
        return HALF_DONE
    if sheet.opened_at is not None:
        return OPENED
    by_message = {
        None: TO_HAND_ON,
        State.WAITING: WAITING,
        State.BEGUN: NOT_KNOWN,  # its answer was lost, or it is being sent at this moment
        State.NOT_SENT: NOT_SENT,
        State.REFUSED: NOT_SENT,
        State.UNDELIVERED: NOT_SENT,
    }
    return by_message.get(sheet.message_state, SENT)
