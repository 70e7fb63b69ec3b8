from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client, Clinician, Location
from practice.models.base import Revisioned
from treatment_plans.models.corrected import Correctable, correction_constraints
from treatment_plans.models.plans import PlannedSession
from treatment_plans.models.protocols import Protocol


class DosingRecord(Revisioned):
    """What happened to one client in one dosing session, under the protocol's version of that day.

    `revision` rises with every row that is added to it. Those who are booked, and the start, are kept as they
    were when it opened.
    """

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    planned_session = models.ForeignKey(
        PlannedSession, models.PROTECT, related_name="dosing_records", verbose_name=_("planned session")
    )
    protocol = models.ForeignKey(Protocol, models.PROTECT, related_name="+", verbose_name=_("protocol"))
    therapist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("therapist")
    )
    psychiatrist = models.ForeignKey(
        Clinician, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("psychiatrist")
    )
    starts_at = models.DateTimeField(_("booked start"))
    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    state = models.CharField(_("where the client is"), max_length=2)
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("opened by")
    )
    ended_without_dose_at = models.DateTimeField(_("ended without a dose"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("ended by"),
    )
    end_reason = models.CharField(_("why it ended without a dose"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("dosing record")
        verbose_name_plural = _("dosing records")
        ordering = ("-starts_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                "planned_session",
                condition=Q(ended_without_dose_at=None),
                name="treatment_plans_one_dosing_record",
            ),
            models.CheckConstraint(
                condition=Q(ended_without_dose_at=None, ended_by=None, end_reason="")
                | (Q(ended_without_dose_at__isnull=False) & ~Q(end_reason="")),
                name="treatment_plans_dosing_record_end",
            ),
        )
        indexes = (models.Index(fields=["client", "starts_at"], name="treatment_plans_records"),)

    def __str__(self) -> str:
        return f"{self.planned_session}, {self.starts_at:%Y-%m-%d}"

    @property
    def time_zone(self) -> str:
        return self.location.time_zone


class RecordRow(models.Model):
    """One entry of a dosing record, written once.

    `key` is made by the device that saves it: sent again, it is the same row.
    """

    record = models.ForeignKey(
        DosingRecord, models.PROTECT, related_name="%(class)s_rows", verbose_name=_("dosing record")
    )
    key = models.UUIDField(_("key of the device"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        abstract = True
        ordering = ("record", "pk")


class CorrectableRow(Correctable, RecordRow):
    """An entry that a later one may put right; both stay."""

    class Meta(RecordRow.Meta):
        abstract = True


def device_time() -> models.DateTimeField[Any, Any]:
    """What a device said whose clock was ahead of the server's; null where its time was taken."""
    return models.DateTimeField(_("time by the device's clock, which was ahead"), null=True, blank=True)


def once(model: str) -> models.UniqueConstraint:
    return models.UniqueConstraint("record", "key", name=f"treatment_plans_{model}_key_once")


def corrected(model: str) -> tuple[models.BaseConstraint, ...]:
    return (once(model), *correction_constraints(model))
