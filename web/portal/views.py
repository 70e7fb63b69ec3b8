"""The link pages. Each shows one thing by GET, and takes one answer by POST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from notifications import links
from notifications.models import ClientLink, ClientNote, DeskTask
from practice import clock
from practice.errors import DomainError
from scheduling import waitlist
from scheduling.calendars import feed_text, feeds
from scheduling.errors import NotBookable
from scheduling.models import WaitlistOffer
from scheduling.readiness_rules import MEDICINE
from treatment_plans.screening import medications
from web.portal import questions, sheets, visit
from web.portal.birth_dates import ask_birth_date
from web.portal.entry import back, ended, has_proof, page, said_no, through
from web.portal.forms import CallForm, CancelForm, MoveForm, NoteForm, OfferForm

Purpose = ClientLink.Purpose
LATE = timedelta(hours=24)  # so short before, a call does more than a form


def _sent(request: Any) -> Any:
    """None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


@through(*Purpose.values, posts=False)
def first(request: Any) -> HttpResponse:
    show = {
        Purpose.VISIT: _get_ready,
        Purpose.AFTERCARE: _aftercare,
        Purpose.SUPPORT: _support,
        Purpose.OFFER: _offer,
        Purpose.SCREENING: sheets.start,
    }
    return show[request.link.purpose](request)


def _get_ready(request: Any) -> HttpResponse:
    booking = request.link.booking
    items = visit.items_of(booking, names_medicine=has_proof(request), now=request.now)
    may_answer = booking.started_at is None
    following = next((item for item in items if item.is_open), None) if may_answer else None
    form = None
    if following is not None and following.name != MEDICINE:
        form = visit.form_class(booking, following.name)()
    return page(
        request,
        "visit",
        items=items,
        all_ready=bool(items) and all(item.is_ready for item in items),
        has_problem=any(item.is_problem for item in items),
        may_answer=may_answer,
        has_begun=booking.starts_at <= request.now,
        following=following,
        form=form,
        is_dosing=booking.is_dosing,
        asks_questions=questions.is_asked(request),
        **_holds(request),
        **visit.words_of(booking, language=request.language),
    )


def _holds(request: Any) -> dict[str, Any]:
    """What the prescriber wrote for this client about their medicines: after the birth date only."""
    booking = request.link.booking
    if not booking.is_dosing or booking.started_at is not None:
        return {}
    text = medications.hold_instruction(request.link.client_id, request.language)
    return {"hold": text if has_proof(request) else "", "has_hold": bool(text)}


@through(Purpose.VISIT)
def hold(request: Any) -> HttpResponse:
    """Asks for the birth date; the first page then shows the words."""
    return back(request) if has_proof(request) else ask_birth_date(request)


def _aftercare(request: Any) -> HttpResponse:
    booking = request.link.booking
    zone = clock.zone(request.link.client.time_zone)
    is_same_day = clock.local_day(request.now, zone) == clock.local_day(booking.starts_at, zone)
    return page(
        request,
        "aftercare",
        is_same_day=is_same_day,
        note=_note_of(booking, ClientNote.About.AFTER),
        asks_questions=questions.is_asked(request),
        form=NoteForm(),
        call_form=CallForm(),
    )


def _support(request: Any) -> HttpResponse:
    """For somebody else: whom to pick up, when and where, and no word of what for."""
    booking = request.link.booking
    words = visit.words_of(booking, language=request.language)
    return page(request, "support", is_over=booking.ends_at <= request.now, **words)


def _offer(request: Any, form: OfferForm | None = None, refusal: str = "") -> HttpResponse:
    offer = request.link.offer
    words = visit.words_of_offer(offer, language=request.language)
    if offer.is_open and not offer.is_over(request.now):
        form = form or OfferForm()
        status = 422 if form.errors or refusal else 200
        return page(request, "offer", status=status, form=form, refusal=refusal, **words)
    is_declined = offer.status == WaitlistOffer.Status.DECLINED
    is_won = offer.status in WaitlistOffer.WON
    return page(request, "offer_answered", is_won=is_won, is_declined=is_declined, **words)


@through(Purpose.OFFER)
def answer(request: Any) -> HttpResponse:
    """Yes or no to a sooner time; the page then says what became of it, however often it is asked."""
    form = OfferForm(_sent(request))
    if request.method != "POST" or not form.is_valid():
        return _offer(request, form)
    say = waitlist.accept if form.cleaned_data["choice"] == "yes" else waitlist.decline
    try:
        say(request.link.offer_id, actor=None, now=request.now)
    except NotBookable:  # why is between the clinic and the client
        return _offer(request, form, gettext("We can not book it this way. Please call us."))
    except DomainError:  # somebody was faster, or it is over: the page says so
        request.link.offer.refresh_from_db()
    links.note_use(request.link.pk, now=request.now)
    return back(request)


@through(Purpose.VISIT)
def item(request: Any, slug: str) -> HttpResponse:
    booking, name = request.link.booking, visit.BY_SLUG.get(slug, "")
    items = visit.items_of(booking, names_medicine=has_proof(request), now=request.now)
    wanted = next((each for each in items if each.name == name), None)
    if wanted is None or booking.started_at is not None:
        return back(request)
    if name == MEDICINE and not has_proof(request):
        return ask_birth_date(request)
    form, refusal = visit.form_class(booking, name)(_sent(request)), ""
    if request.method == "POST" and form.is_valid():
        said = form.said()
        answer = said.answer or ("problem" if wanted.is_ready else "")
        if not answer:  # nothing to note, and nothing to take back
            return back(request)
        try:
            links.answer(
                request.link.pk,
                item=name,
                answer=answer,
                detail=said.detail or form.detail(),
                for_starts_at=booking.starts_at,
                asks_for_help=said.asks_for_help,
                support_name=said.support_name,
                support_phone=said.support_phone,
                may_call_them=said.may_call_them,
                now=request.now,
            )
        except links.LinkOver:
            raise
        except DomainError as refused:
            refusal = said_no(refused)
        else:
            return back(request, "next")
    return page(
        request,
        "item",
        status=422 if form.errors or refusal else 200,
        item=wanted,
        form=form,
        refusal=refusal,
        **visit.words_of(booking, language=request.language),
    )


@through(Purpose.VISIT)
def move(request: Any) -> HttpResponse:
    booking = request.link.booking
    if booking.starts_at <= request.now:
        return back(request)
    form = MoveForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        links.ask_the_desk(request.link.pk, DeskTask.Kind.MOVE, detail=form.detail(), now=request.now)
        return page(request, "move_asked", **visit.words_of(booking, language=request.language))
    return page(
        request,
        "move",
        status=422 if form.errors else 200,
        form=form,
        is_late=booking.starts_at - request.now < LATE,
        **visit.words_of(booking, language=request.language),
    )


@through(Purpose.VISIT)
def cancel(request: Any) -> HttpResponse:
    booking = request.link.booking
    if booking.starts_at <= request.now or booking.arrived_at is not None:
        return back(request)
    form, refusal = CancelForm(_sent(request)), ""
    words = visit.words_of(booking, language=request.language)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"] or "on the link page"
        if links.cancel(request.link.pk, form.birth_date, reason=reason, now=request.now):
            return page(request, "cancelled", **words)
        if links.find(request.secret, now=request.now) is None:
            return ended(request)
        refusal = gettext("This is not the date that we have. Please try again, or call us.")
    return page(
        request,
        "cancel",
        status=422 if form.errors or refusal else 200,
        form=form,
        refusal=refusal,
        can_ask=request.link.client.birth_date is not None,
        is_late=booking.starts_at - request.now < LATE,
        is_dosing=booking.is_dosing,
        **words,
    )


@through(Purpose.VISIT)
def intention(request: Any) -> HttpResponse:
    booking = request.link.booking
    if not booking.is_dosing or booking.started_at is not None:
        return back(request)
    return _note(request, "intention", ClientNote.About.INTENTION)


@through(Purpose.AFTERCARE)
def note(request: Any) -> HttpResponse:
    return _note(request, "note", ClientNote.About.AFTER)


def _note(request: Any, template: str, about: str) -> HttpResponse:
    """What was written is not shown again: the phone may be in other hands by then."""
    form = NoteForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        links.write_note(request.link.pk, about, form.cleaned_data["text"], now=request.now)
        return page(request, "note_kept")
    return page(
        request,
        template,
        status=422 if form.errors else 200,
        form=form,
        note=_note_of(request.link.booking, about),
    )


def _note_of(booking: Any, about: str) -> bool:
    return ClientNote.objects.filter(booking=booking, about=about).exists()


@through(Purpose.VISIT, Purpose.AFTERCARE)
def call(request: Any) -> HttpResponse:
    form = CallForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        links.ask_the_desk(request.link.pk, DeskTask.Kind.CALL, now=request.now)
        return page(request, "call_asked")
    return page(request, "call", status=422 if form.errors else 200, form=form)


@through(Purpose.VISIT, posts=False)
def calendar(request: Any) -> HttpResponse:
    """The same event as in the client's feed: a later move changes it instead of adding another."""
    booking = request.link.booking
    text = feed_text.write(gettext("Appointments"), [feeds.entry_of(booking)])
    return HttpResponse(
        text,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="appointment.ics"'},
    )
