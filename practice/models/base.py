from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from practice import clock


def validate_time_zone(name: str) -> None:
    try:
        clock.zone(name)
    except clock.UnknownZone:
        raise ValidationError(_("There is no time zone of that name."), code="unknown_time_zone") from None


class Revisioned(models.Model):
    """`revision` rises with every change and is the ETag of the record."""

    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True
