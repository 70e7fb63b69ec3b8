"""python manage.py check --deploy: what an operator of a real practice is likely to have forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def what_a_real_practice_needs(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    wrong = {
        "quietroom.W001": (
            settings.EMBEDDED.database_url() == settings.DATABASE_URL,
            "DATABASE_URL is not set: the data live in the embedded PostgreSQL, which nobody backs up.",
        ),
        "quietroom.W002": (
            settings.EMBEDDED.redis_url == settings.REDIS_URL,
            "REDIS_URL is not set: other machines cannot share the embedded Redis.",
        ),
        "quietroom.W003": (not settings.EMAIL_HOST, "EMAIL_HOST is not set: no email leaves the outbox."),
        "quietroom.W004": (
            "@localhost" in settings.DEFAULT_FROM_EMAIL,
            "EMAIL_FROM is not set: clients cannot answer, and many servers refuse such mail.",
        ),
        "quietroom.W005": (
            not settings.TWILIO_ACCOUNT_SID,
            "TWILIO_ACCOUNT_SID is not set: no SMS leaves the outbox.",
        ),
        "quietroom.W006": (
            urlsplit(settings.PUBLIC_URL).scheme != "https",
            "PUBLIC_URL does not start with https: the links in messages can be read on their way.",
        ),
        "quietroom.W007": (
            not settings.NOTE_KEYS,
            "NOTE_KEYS is not set: nobody can write psychotherapy notes.",
        ),
    }
    return [Warning(words, id=number) for number, (is_wrong, words) in wrong.items() if is_wrong]
