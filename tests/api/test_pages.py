"""What is around the API: its document, its page for people, the meaning of its codes, unknown addresses."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, override_settings
from django.urls import path
from django.views.defaults import page_not_found

from config import problems
from tests.api.calls import Caller
from tests.cast import Clinic

pytestmark = pytest.mark.django_db

PROBLEM = "application/problem+json"


def test_the_page_has_no_inline_code_and_only_files_of_our_own(clinic: Clinic) -> None:
    page = Caller(clinic.odo).get("docs")
    html = page.content.decode()
    assert page.status_code == 200
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=|//", html.split("<body>")[0])
    files = re.findall(r'(?:src|href)="/static/([^"]+)"', html)
    assert len(files) == 4
    assert all(finders.find(name) for name in files)
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_people_who_are_not_signed_in_are_sent_to_the_login_and_programs_are_told(client: Client) -> None:
    assert client.get("/api/v1/docs").headers["Location"].startswith("/admin/login/")
    refused = client.get("/api/v1/schema")
    assert (refused.status_code, refused["Content-Type"], refused["WWW-Authenticate"]) == (
        401,
        PROBLEM,
        "Bearer",
    )


@pytest.mark.parametrize("code", sorted(problems.meanings()))
def test_every_code_has_a_page(client: Client, code: str) -> None:
    body = client.get(f"/problems/{code}").json()
    assert body["code"] == code
    assert body["detail"]


def test_an_unknown_code_has_none(client: Client) -> None:
    assert client.get("/problems/unheard-of").status_code == 404


def test_unknown_addresses_of_the_api_are_problems(client: Client) -> None:
    answer = client.get("/api/v1/unheard-of")
    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)
    assert answer.json()["code"] == "not_found"
    assert client.get("/unheard-of")["Content-Type"].startswith("text/html")


def test_a_forged_host_is_a_problem(client: Client) -> None:
    answer = client.get("/api/v1/bookings", headers={"Host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)


def broken(request: object) -> None:
    raise RuntimeError


urlpatterns = [path("api/v1/broken", broken), path("broken", broken)]
handler404 = page_not_found
handler500 = problems.server_error


@override_settings(ROOT_URLCONF="tests.api.test_pages")
def test_what_nobody_foresaw_is_a_problem_without_its_reason() -> None:
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/broken")
    assert (answer.status_code, answer["Content-Type"]) == (500, PROBLEM)
    assert set(answer.json()) == {"type", "title", "status", "code", "detail"}
    assert b"RuntimeError" not in answer.content
    assert client.get("/broken")["Content-Type"].startswith("text/html")
