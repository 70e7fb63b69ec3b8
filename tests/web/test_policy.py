"""A strict content policy only holds when nothing is written into the pages that it forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client as Browser

from tests.cast import Clinic

pytestmark = pytest.mark.django_db

WEB = Path(__file__).resolve().parents[2] / "web"
OURS = [WEB / "frontdesk", WEB / "dashboard", WEB / "portal"]
PAGES = sorted(path for folder in OURS for path in folder.rglob("*.html"))
INLINE = re.compile(r"""<style|\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:|<script(?![^>]*\ssrc=)""", re.I)
ELSEWHERE = re.compile(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", re.I)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(WEB)))
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert INLINE.findall(text) == []
    assert ELSEWHERE.findall(text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(WEB)))
def test_every_word_of_a_page_can_be_translated(page: Path) -> None:
    """What is left when tags, variables and translated parts are taken away has no letters."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"{% block bodyclass %}.*?{% endblock %}|&[a-z]+;", " ", text)
    text = re.sub(r"(?s){%\s*blocktranslate.*?endblocktranslate\s*%}|{#.*?#}|{%.*?%}|{{.*?}}", " ", text)
    text = re.sub(r"(?s)<!--.*?-->|<kbd>.*?</kbd>|<option[^>]*>|<[^>]*>", " ", text)
    words = set(re.findall(r"[A-Za-z]{2,}", text)) - {"Quietroom"}
    assert words == set()


@pytest.mark.parametrize("address", ["/admin/", "/admin/setup/", "/dashboard/", "/demo/outbox"])
def test_the_policy_allows_our_own_files_and_nothing_else(clinic: Clinic, ana: Browser, address: str) -> None:
    policy = ana.get(address)["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy


def test_the_link_pages_have_no_script_at_all() -> None:
    assert list((WEB / "portal").rglob("*.js")) == []
    assert [page for page in PAGES if "portal" in page.parts and "<script" in page.read_text("utf-8")] == []


@pytest.mark.parametrize(
    "script", ["frontdesk/static/frontdesk/frontdesk.js", "dashboard/static/dashboard/dashboard.js"]
)
def test_a_script_builds_no_markup_and_runs_no_text(script: str) -> None:
    text = (WEB / script).read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", text)
