"""Which page stands at which address of the admin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib.admin.sites import AdminSite
from django.http import HttpResponse
from django.urls import URLPattern, path

from web.frontdesk.pages import (
    bookings,
    clients,
    inbox,
    measures,
    medical,
    messages,
    openings,
    plans,
    screening,
    texts,
    waitlist,
)
from web.frontdesk.pages.absences import Away, away_page
from web.frontdesk.pages.bookings import booking_page
from web.frontdesk.pages.client import client_page
from web.frontdesk.pages.clients import find
from web.frontdesk.pages.messages import messages_page, report_page
from web.frontdesk.pages.texts import texts_page
from web.frontdesk.use_case import UseCasePage

Page = Callable[..., HttpResponse]

PAGES: list[tuple[str, Page, str]] = [
    ("find/", find, "find"),
    ("messages/", messages_page, "messages"),
    ("away/", away_page, "away"),
    ("waitlist/", waitlist.waitlist_page, "waitlist"),
    ("inbox/", inbox.inbox_page, "inbox"),
    ("messages/report/", report_page, "message_report"),
    ("messages/texts/", texts_page, "texts"),
    # in the place of Django's own forms, which would write past the use cases
    ("practice/client/<int:client_id>/change/", client_page, "client"),
    ("scheduling/booking/<int:booking_id>/change/", booking_page, "booking"),
]

USE_CASES: list[tuple[str, type[UseCasePage], str]] = [
    ("practice/client/add/", clients.Register, "register"),
    ("clients/<int:client_id>/edit/", clients.Edit, "edit_client"),
    ("clients/<int:client_id>/support-persons/add/", clients.AddSupportPerson, "add_support_person"),
    ("support-persons/<int:person_id>/edit/", clients.EditSupportPerson, "edit_support_person"),
    ("support-persons/<int:person_id>/remove/", clients.RemoveSupportPerson, "remove_support_person"),
    ("clients/<int:client_id>/consents/sign/", clients.SignConsent, "sign_consent"),
    ("consents/<int:consent_id>/withdraw/", clients.WithdrawConsent, "withdraw_consent"),
    ("clients/<int:client_id>/clearance/", medical.DecideClearance, "decide_clearance"),
    ("clients/<int:client_id>/screening/<slug:code>/", screening.FillScreening, "fill_screening"),
    ("clients/<int:client_id>/screening/<slug:code>/send/", screening.SendScreening, "send_screening"),
    ("clients/<int:client_id>/rems/", medical.EnrollInRems, "enroll_in_rems"),
    ("clients/<int:client_id>/prescriptions/add/", medical.IssuePrescription, "issue_prescription"),
    ("prescriptions/<int:prescription_id>/revoke/", medical.RevokePrescription, "revoke_prescription"),
    ("protocols/<int:protocol_id>/approve/", medical.ApproveProtocol, "approve_protocol"),
    ("screening-forms/<int:form_id>/approve/", screening.ApproveForm, "approve_screening_form"),
    ("clients/<int:client_id>/plan/", plans.DraftPlan, "draft_plan"),
    ("plans/<int:plan_id>/activate/", plans.ActivatePlan, "activate_plan"),
    ("plans/<int:plan_id>/review/", plans.ReviewPlan, "review_plan"),
    ("plans/<int:plan_id>/close/", plans.ClosePlan, "close_plan"),
    ("follow-ups/<int:follow_up_id>/done/", medical.FollowUpDone, "follow_up_done"),
    ("clients/<int:client_id>/measures/<slug:instrument>/", measures.FillIn, "fill_in"),
    ("safety-alerts/<int:alert_id>/take/", measures.TakeAlert, "take_alert"),
    ("safety-alerts/<int:alert_id>/close/", measures.DisposeOfAlert, "dispose_of_alert"),
    ("clients/<int:client_id>/book/", openings.Book, "book_for"),
    ("away/<int:clinician_id>/", Away, "record_absence"),
    ("bookings/<int:booking_id>/move/", openings.Move, "move"),
    ("clients/<int:client_id>/waitlist/add/", waitlist.Join, "join_waitlist"),
    ("waitlist/entries/<int:entry_id>/edit/", waitlist.ChangeWishes, "change_wishes"),
    ("waitlist/entries/<int:entry_id>/withdraw/", waitlist.LeaveWaitlist, "leave_waitlist"),
    ("waitlist/times/add/", waitlist.OpenTime, "open_time"),
    ("waitlist/times/<int:freed_id>/", waitlist.OfferTime, "offer_time"),
    ("waitlist/times/<int:freed_id>/hide/", waitlist.HideTime, "hide_time"),
    ("waitlist/offers/<int:offer_id>/accept/", waitlist.AcceptOffer, "accept_offer"),
    ("waitlist/offers/<int:offer_id>/decline/", waitlist.DeclineOffer, "decline_offer"),
    ("inbox/<int:task_id>/take/", inbox.TakeTask, "take_task"),
    ("inbox/<int:task_id>/give-back/", inbox.GiveTaskBack, "give_task_back"),
    ("inbox/<int:task_id>/done/", inbox.TaskDone, "task_done"),
    ("bookings/<int:booking_id>/confirm/", bookings.Confirm, "confirm"),
    ("bookings/<int:booking_id>/arrive/", bookings.Arrive, "arrive"),
    ("bookings/<int:booking_id>/room/", bookings.EnterRoom, "enter_room"),
    ("bookings/<int:booking_id>/start/", bookings.Start, "start"),
    ("bookings/<int:booking_id>/complete/", bookings.Complete, "complete"),
    ("bookings/<int:booking_id>/cancel/", bookings.Cancel, "cancel"),
    ("bookings/<int:booking_id>/no-show/", bookings.NoShow, "no_show"),
    ("messages/<int:reminder_id>/settle/", messages.Settle, "settle_message"),
    ("messages/<int:reminder_id>/again/", messages.SendAgain, "send_again"),
    ("messages/<int:reminder_id>/by-text/", messages.SendByText, "send_by_text"),
    ("messages/<int:reminder_id>/by-email/", messages.SendByEmail, "send_by_email"),
    ("messages/switch/", messages.TurnSwitch, "switch"),
    (
        "messages/texts/<slug:kind>/<slug:language>/<slug:channel>/<slug:detail>/",
        texts.WriteText,
        "write_text",
    ),
    ("bookings/<int:booking_id>/items/<slug:item>/", bookings.Acknowledge, "acknowledge"),
]


def urls(site: AdminSite) -> list[URLPattern]:
    return [
        *(path(route, site.admin_view(partial(page, site)), name=name) for route, page, name in PAGES),
        *(
            path(route, site.admin_view(page.as_view(site=site)), name=name)
            for route, page, name in USE_CASES
        ),
    ]
