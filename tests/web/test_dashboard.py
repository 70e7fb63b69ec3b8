"""The clinicians' page is a frame; what it shows comes from the API, which tests/browser looks at."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.test import Client as Browser
from django.urls import reverse

from practice.models import Role
from tests.cast import Clinic, make_user
from tests.web.conftest import SignIn
from tests.web.pages import text_of
from web.dashboard.frame import NAVIGATION

pytestmark = pytest.mark.django_db

SCRIPTS = Path(__file__).resolve().parents[2] / "web/dashboard/static/dashboard"


def settings_of(response: object) -> dict[str, str]:
    found = re.search(r'<script id="settings"[^>]*>(.*?)</script>', response.content.decode())  # type: ignore[attr-defined]
    assert found
    settings: dict[str, str] = json.loads(found.group(1))
    return settings


def test_it_asks_for_the_clinics_today_and_tomorrow(clinic: Clinic, ana: Browser) -> None:
    settings = settings_of(ana.get("/dashboard/"))
    assert settings["from"] == "2026-11-23T08:00:00+00:00"
    assert settings["day_ends"] == "2026-11-24T08:00:00+00:00"
    assert settings["until"] == "2026-11-25T08:00:00+00:00"
    assert settings["mine"] == f"therapist={clinic.ana.pk}"


def test_prescribers_also_see_what_ends_soon(clinic: Clinic, ana: Browser, ito: Browser) -> None:
    assert "Ending within 30 days" in text_of(ito.get("/dashboard/"))
    assert settings_of(ito.get("/dashboard/"))["expires_within_days"] == 30
    assert "Ending within 30 days" not in text_of(ana.get("/dashboard/"))


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.THERAPIST, 200),
        (Role.PSYCHIATRIST, 200),
        (Role.NURSE, 200),
        (Role.FRONT_DESK, 403),
        (Role.PRACTICE_ADMIN, 403),
        (Role.AUDITOR, 403),
    ],
)
def test_it_is_for_clinicians(clinic: Clinic, sign_in: SignIn, role: str, status: int) -> None:
    assert sign_in(make_user("zoe", role)).get("/dashboard/").status_code == status


def test_who_is_not_signed_in_is_asked_to(client: Browser) -> None:
    assert client.get("/dashboard/")["Location"] == "/admin/login/?next=/dashboard/"


def test_the_page_itself_names_nobody(clinic: Clinic, ana: Browser) -> None:
    clinic.ready_client()
    assert "Maya" not in ana.get("/dashboard/").content.decode()


def test_every_place_of_the_navigation_exists(clinic: Clinic, ana: Browser) -> None:
    page = ana.get("/dashboard/").content.decode()
    for entry in NAVIGATION:
        assert f'<a href="{reverse(entry.name)}"' in page
    assert page.count('aria-current="page"') == 1


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.js")), ids=lambda path: path.name)
def test_each_script_stays_small(script: Path) -> None:
    assert len(script.read_text(encoding="utf-8").splitlines()) < 170


def test_evaluations_are_drawn_for_clinicians_and_decided_by_prescribers(
    clinic: Clinic, ana: Browser, ito: Browser, kim: Browser
) -> None:
    page = ito.get("/dashboard/evaluations/")
    assert "Ready to decide" in text_of(page)
    assert settings_of(page)["decides"] is True
    assert settings_of(page)["decide_page"] == "/admin/clients/1234567890/clearance/"
    assert settings_of(ana.get("/dashboard/evaluations/"))["decides"] is False
    assert kim.get("/dashboard/evaluations/").status_code == 403


def test_a_clients_page_is_for_those_who_treat_the_client(clinic: Clinic, sign_in: SignIn) -> None:
    address = f"/dashboard/clients/{clinic.maya.pk}/"
    statuses = {
        name: sign_in(user).get(address).status_code
        for name, user in (("ana", clinic.ana.user), ("ben", clinic.ben.user), ("kim", clinic.kim))
        if user
    }
    assert statuses == {"ana": 200, "ben": 404, "kim": 403}
