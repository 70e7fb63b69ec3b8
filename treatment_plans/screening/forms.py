"""Screening forms become usable when a prescriber approves them, one version at a time."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from practice import activity
from practice.doors import door
from practice.editing import lock_for_edit, save_changes, save_new
from practice.models import Clinician, User
from treatment_plans.errors import FormDecided, NotAPrescriber
from treatment_plans.models import ScreeningForm


@door
def approve(form_id: int, *, approved_by: Clinician, actor: User, now: datetime) -> ScreeningForm:
    """Approve a version; the one in use is retired. What was filled keeps the version it was filled with."""
    if approved_by.kind != Clinician.Kind.PSYCHIATRIST:
        raise NotAPrescriber(pointer="/approved_by")
    form = lock_for_edit(ScreeningForm.objects.all(), form_id, revision=None)
    if form.approved_at is not None or form.retired_at is not None:
        raise FormDecided
    for rule in form.rules.all():
        rule.full_clean()
    others = ScreeningForm.objects.filter(code=form.code, approved_at__isnull=False, retired_at=None)
    for other in others.select_for_update(no_key=True):
        save_changes(other, {"retired_at": now})
        activity.record("screening_form.retired", other, actor=actor, at=now)
    save_changes(form, {"approved_by": approved_by, "approved_at": now})
    activity.record("screening_form.approved", form, actor=actor, at=now)
    return form


@door
def revise(form_id: int, *, actor: User, now: datetime) -> ScreeningForm:
    """Begin the next version with the questions and rules of this one."""
    first = lock_for_edit(ScreeningForm.objects.all(), form_id, revision=None)
    latest = ScreeningForm.objects.filter(code=first.code).aggregate(latest=Max("version"))["latest"]
    form = save_new(
        ScreeningForm(code=first.code, version=latest + 1, name=first.name, questions=first.questions)
    )
    for rule in first.rules.all():
        rule.pk, rule.form = None, form
        rule.save(force_insert=True)
    activity.record("screening_form.revised", form, actor=actor, at=now)
    return form
