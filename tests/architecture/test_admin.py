"""What is stored can be looked at: each model has its page in the admin site, or its place on another's."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import models

from tests.architecture.test_constraints import OWN_MODELS
from treatment_plans.models import PsychotherapyNote


def on_another_page() -> set[type[models.Model]]:
    return {inline.model for page in admin.site._registry.values() for inline in page.inlines}


# Their author's alone: not even their existence is shown there.
APART = {PsychotherapyNote}


@pytest.mark.parametrize("model", OWN_MODELS, ids=[model._meta.label for model in OWN_MODELS])
def test_it_is_in_the_admin(model: type[models.Model]) -> None:
    is_there = model in admin.site._registry or model in on_another_page()
    assert is_there == (model not in APART)
