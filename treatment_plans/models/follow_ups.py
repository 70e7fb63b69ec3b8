from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from practice.models import Client
from practice.models.base import Revisioned
from treatment_plans.models.plans import PlannedSession


class FollowUp(Revisioned):
    """What is owed to a client, in [due_from_at, due_until_at): after a dose, or as it was agreed with them.

    Until `snoozed_until_on`, a day on the clinic's clock, it is not shown as due.
    """

    class Kind(models.TextChoices):
        INTEGRATION = "integration", _("integration session")
        CHECK_IN = "check_in", _("check-in")
        JOURNALING = "journaling", _("journaling prompt")
        PRACTICE = "practice", _("practice agreed")
        REVIEW = "review", _("review")

    class Practice(models.TextChoices):
        MINDFULNESS = "mindfulness", _("mindfulness")
        MOVEMENT = "movement", _("movement")
        CREATIVE_WORK = "creative_work", _("creative work")
        SLEEP = "sleep", _("sleep")

    class Often(models.TextChoices):
        DAILY = "daily", _("every day")
        MOST_DAYS = "most_days", _("most days")
        TWICE_A_WEEK = "twice_a_week", _("twice a week")
        WEEKLY = "weekly", _("once a week")

    class Result(models.TextChoices):
        DONE = "done", _("done")
        MISSED = "missed", _("missed")

    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    source_session = models.ForeignKey(
        PlannedSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name=_("after"),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    position = models.PositiveSmallIntegerField(_("position"), null=True, blank=True)
    planned_session = models.ForeignKey(
        PlannedSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("planned session"),
    )
    practice = models.CharField(_("practice"), max_length=16, choices=Practice.choices, blank=True)
    agreed = models.CharField(_("what was agreed"), max_length=200, blank=True)
    how_often = models.CharField(_("how often"), max_length=16, choices=Often.choices, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,  # created with the session that it follows
        blank=True,
        related_name="+",
        verbose_name=_("created by"),
    )
    due_from_at = models.DateTimeField(_("due from"))
    due_until_at = models.DateTimeField(_("due until"))
    snoozed_until_on = models.DateField(_("not shown before"), null=True, blank=True)
    move_reason = models.CharField(_("why moved"), max_length=200, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("done by"),
    )
    result = models.CharField(_("result"), max_length=8, choices=Result.choices, blank=True)
    outcome = models.CharField(_("outcome"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        ordering = ("due_from_at", "pk")
        constraints = (
            models.UniqueConstraint("source_session", "position", name="treatment_plans_follow_up_once"),
            models.CheckConstraint(
                condition=Q(due_until_at__gt=F("due_from_at")), name="treatment_plans_follow_up_due_order"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["integration", "journaling"])
                | Q(source_session__isnull=False, position__isnull=False),
                name="treatment_plans_follow_up_source",
            ),
            models.CheckConstraint(
                condition=(Q(kind="practice") & ~Q(practice="") & ~Q(agreed="") & ~Q(how_often=""))
                | (~Q(kind="practice") & Q(practice="", agreed="", how_often="")),
                name="treatment_plans_follow_up_practice",
            ),
            models.CheckConstraint(
                condition=Q(done_at=None, result="", outcome="")
                | (Q(done_at__isnull=False) & ~Q(result="") & ~Q(outcome="")),
                name="treatment_plans_follow_up_outcome",
            ),
        )
        indexes = (
            models.Index(
                fields=["due_until_at"], condition=Q(done_at=None), name="treatment_plans_follow_ups_due"
            ),
        )

    def __str__(self) -> str:
        return str(self.get_kind_display())


class FollowUpAttempt(models.Model):
    """Somebody tried to reach a client about a follow-up. Append-only."""

    class How(models.TextChoices):
        CALLED = "called", _("called")
        TEXTED = "texted", _("texted")
        EMAILED = "emailed", _("emailed")

    class Reached(models.TextChoices):
        REACHED = "reached", _("reached")
        LEFT_MESSAGE = "left_message", _("left a message")
        NO_ANSWER = "no_answer", _("no answer")

    follow_up = models.ForeignKey(
        FollowUp, models.PROTECT, related_name="attempts", verbose_name=_("follow-up")
    )
    how = models.CharField(_("how"), max_length=8, choices=How.choices)
    reached = models.CharField(_("reached"), max_length=12, choices=Reached.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    made_at = models.DateTimeField(_("when"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("made_at", "pk")

    def __str__(self) -> str:
        return str(self.get_how_display())
