"""Clients: finding, registering and changing them, whom they trust, and what they signed."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from practice import clients, phones
from practice.access import (
    CHANGES_CLIENTS,
    TAKES_CONSENTS,
    access_client,
    access_one,
    visible_to,
)
from practice.admin_base import READS_CLIENTS_BY_NAME, user_of
from practice.models import Client, Consent, SupportPerson
from web.frontdesk.clinic import clinic_of
from web.frontdesk.forms.clients import OF_THE_CLIENT, ClientForm, SupportPersonForm, contact_points, record
from web.frontdesk.forms.medical import ConsentForm, OptionalReasonForm
from web.frontdesk.use_case import Done, UseCasePage
from web.frontdesk.words import short_name

MOST_FOUND = 20


def find(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Clients by name, phone or email. The words come in a POST: an address would be kept by logs.

    One match leads straight on: to the booking page when that is what for, else to the client.
    """
    words = request.POST.get("search", "").strip()
    is_booking = request.POST.get("purpose", request.GET.get("purpose", "")) == "book"
    target = "admin:book_for" if is_booking else "admin:client"
    found: list[Client] = []
    if words:
        visible = visible_to(
            user_of(request), Client.objects.all(), client="pk", roles=READS_CLIENTS_BY_NAME
        ).filter(is_active=True)
        matching = clients.search(visible, words).select_related("location")
        found = list(matching.prefetch_related("contact_points")[: MOST_FOUND + 1])
    if len(found) == 1:
        return HttpResponseRedirect(reverse(target, args=[found[0].pk]))
    rows = [
        {
            "client": client,
            "numbers": [
                phones.display(point.value) for point in client.contact_points.all() if point.channel == "sms"
            ],
            "url": reverse(target, args=[client.pk]),
        }
        for client in found[:MOST_FOUND]
    ]
    return TemplateResponse(
        request,
        "frontdesk/find.html",
        {
            **site.each_context(request),
            "title": gettext("Book a session: for whom?") if is_booking else gettext("Find a client"),
            "words": words,
            "rows": rows,
            "there_are_more": len(found) > MOST_FOUND,
            "is_booking": is_booking,
            "may_register": user_of(request).has_role(*CHANGES_CLIENTS),
        },
    )


class ClientUseCase(UseCasePage):
    """About one client; leads back to the client's page."""

    client: Client

    def load(self, **ids: int) -> None:
        self.client = access_client(self.user, ids["client_id"], roles=self.roles)

    def back(self) -> str:
        return reverse("admin:client", args=[self.client.pk])

    def page(self) -> dict[str, Any]:
        return {"client": self.client, "subtitle": self.client.display_name}

    def at(self, anchor: str) -> str:
        return f"{reverse('admin:client', args=[self.client.pk])}#{anchor}"


class Register(UseCasePage):
    form_class = ClientForm
    roles = CHANGES_CLIENTS
    title = _("Register a client")
    submit = _("Register")
    template_name = "frontdesk/client_form.html"

    def initial(self) -> dict[str, Any]:
        location = next(iter(clinic_of(self.request).locations), None)
        if location is None:
            return {}
        return {"location": location.pk, "time_zone": location.time_zone, "state": location.state}

    def run(self, values: dict[str, Any]) -> Client:
        return clients.register(
            record(values),
            contact_points=contact_points(values, []),
            channels=values["channels"],
            source="desk",
            actor=self.user,
            now=self.now,
        )

    def done(self, result: Client) -> Done:
        text = gettext("%(name)s is registered. Next: consents.") % {"name": short_name(result)}
        return Done(reverse("admin:client", args=[result.pk]), text)

    def back(self) -> str:
        return reverse("admin:practice_client_changelist")


class Edit(ClientUseCase):
    form_class = ClientForm
    roles = CHANGES_CLIENTS
    title = _("Change a client's record")
    template_name = "frontdesk/client_form.html"

    def initial(self) -> dict[str, Any]:
        points = {
            point.channel: point.value for point in self.client.contact_points.all() if point.is_primary
        }
        given = [consent.channel for consent in self.client.channel_consents.all() if consent.is_given]
        return {
            **{name: getattr(self.client, name) for name in OF_THE_CLIENT},
            "location": self.client.location_id,
            "phone": phones.display(points["sms"]) if "sms" in points else "",
            "email": points.get("email", ""),
            "channels": given,
        }

    def page(self) -> dict[str, Any]:
        return {**super().page(), "revision": self.request.POST.get("revision") or self.client.revision}

    def run(self, values: dict[str, Any]) -> Client:
        others = [
            {"channel": point.channel, "value": point.value, "label": point.label}
            for point in self.client.contact_points.all()
            if not point.is_primary
        ]
        read = self.request.POST.get("revision", "")
        return clients.change(
            self.client.pk,
            record(values),
            contact_points=contact_points(values, others),
            channels=values["channels"],
            source="desk",
            revision=int(read) if read.isdecimal() else 0,
            actor=self.user,
            now=self.now,
        )

    def done(self, result: Client) -> Done:
        return Done(self.back(), gettext("The record is saved."))


class AddSupportPerson(ClientUseCase):
    form_class = SupportPersonForm
    roles = CHANGES_CLIENTS
    title = _("Add a support person")
    submit = _("Add")

    def run(self, values: dict[str, Any]) -> SupportPerson:
        return clients.add_support_person(self.client.pk, values, actor=self.user, now=self.now)

    def done(self, result: SupportPerson) -> Done:
        return Done(self.at("support"), gettext("%(name)s is added.") % {"name": result.name})


class SupportPersonUseCase(ClientUseCase):
    roles = CHANGES_CLIENTS

    def load(self, **ids: int) -> None:
        rows = SupportPerson.objects.select_related("client")
        visible = visible_to(self.user, rows, client="client", roles=self.roles)
        self.person = access_one(visible, ids["person_id"], None)
        self.client = self.person.client


class EditSupportPerson(SupportPersonUseCase):
    form_class = SupportPersonForm
    title = _("Change a support person")

    def initial(self) -> dict[str, Any]:
        return {name: getattr(self.person, name) for name in SupportPersonForm.base_fields}

    def page(self) -> dict[str, Any]:
        return {**super().page(), "revision": self.request.POST.get("revision") or self.person.revision}

    def run(self, values: dict[str, Any]) -> SupportPerson:
        read = self.request.POST.get("revision", "")
        return clients.change_support_person(
            self.person.pk,
            values,
            revision=int(read) if read.isdecimal() else 0,
            actor=self.user,
            now=self.now,
        )

    def done(self, result: SupportPerson) -> Done:
        return Done(self.at("support"), gettext("The record is saved."))


class RemoveSupportPerson(SupportPersonUseCase):
    title = _("Remove a support person")
    submit = _("Remove")
    is_final = True

    def page(self) -> dict[str, Any]:
        return {**super().page(), "intro": self.person.name}

    def run(self, values: dict[str, Any]) -> None:
        clients.remove_support_person(self.person.pk, actor=self.user, now=self.now)

    def done(self, result: None) -> Done:
        return Done(self.at("support"), gettext("%(name)s is removed.") % {"name": self.person.name})


class SignConsent(ClientUseCase):
    form_class = ConsentForm
    roles = TAKES_CONSENTS
    title = _("Record a signature")
    submit = _("Record")

    def initial(self) -> dict[str, Any]:
        wanted = self.request.GET.get("document", "")
        return {"signed_at": self.now, **({"document": int(wanted)} if wanted.isdecimal() else {})}

    def run(self, values: dict[str, Any]) -> Consent:
        return clients.sign_consent(
            self.client.pk,
            values["document"].pk,
            signed_at=values["signed_at"],
            valid_through_on=values["valid_through_on"],
            actor=self.user,
            now=self.now,
        )

    def done(self, result: Consent) -> Done:
        return Done(self.at("consents"), gettext("The signature is recorded."))


class WithdrawConsent(ClientUseCase):
    form_class = OptionalReasonForm
    roles = TAKES_CONSENTS
    title = _("Withdraw a consent")
    submit = _("Withdraw")
    is_final = True

    def load(self, **ids: int) -> None:
        rows = Consent.objects.select_related("client", "document")
        visible = visible_to(self.user, rows, client="client", roles=self.roles)
        self.consent = access_one(visible, ids["consent_id"], None)
        self.client = self.consent.client

    def page(self) -> dict[str, Any]:
        warning = gettext("Sessions that need this consent are on hold from now on. None is cancelled.")
        return {**super().page(), "intro": str(self.consent.document), "warning": warning}

    def run(self, values: dict[str, Any]) -> Consent:
        return clients.withdraw_consent(
            self.consent.pk, reason=values["reason"], actor=self.user, now=self.now
        )

    def done(self, result: Consent) -> Done:
        return Done(self.at("consents"), gettext("The consent is withdrawn."))
