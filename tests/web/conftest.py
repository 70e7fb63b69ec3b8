from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from practice import present
from practice.models import User
from tests.cast import NOW, Clinic

SignIn = Callable[[User], Browser]


@pytest.fixture
def monday_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Monday, November 23, ten in the morning at the clinic."""
    monkeypatch.setattr(present, "now", lambda: NOW)


@pytest.fixture
def sign_in(db: None, monday_morning: None) -> SignIn:
    def signed_in(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return signed_in


@pytest.fixture
def kim(clinic: Clinic, sign_in: SignIn) -> Browser:
    """At the front desk."""
    return sign_in(clinic.kim)


@pytest.fixture
def ana(clinic: Clinic, sign_in: SignIn) -> Browser:
    """A therapist."""
    assert clinic.ana.user
    return sign_in(clinic.ana.user)


@pytest.fixture
def ito(clinic: Clinic, sign_in: SignIn) -> Browser:
    """A psychiatrist."""
    assert clinic.ito.user
    return sign_in(clinic.ito.user)


@pytest.fixture
def ada(clinic: Clinic, sign_in: SignIn) -> Browser:
    """Runs the practice."""
    return sign_in(clinic.ada)
