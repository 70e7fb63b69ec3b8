from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from config import health
from config.heartbeats import record_heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def _all_well():
    for name in ("worker", "beat"):
        record_heartbeat(name)


@pytest.mark.usefixtures("_all_well")
def test_all_is_well(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ok"] is True
    assert set(answer.json()["checks"]) == {"database", "redis", "migrations", "worker", "beat", "reminders"}


@pytest.mark.usefixtures("_all_well")
def test_a_silent_worker_is_seen_but_shuts_nobody_out(client):
    record_heartbeat("worker", now=timezone.now() - timedelta(minutes=1))
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").json()["checks"]["worker"]["ok"] is False
    assert client.get("/healthz").status_code == 200


@pytest.mark.usefixtures("_all_well")
def test_a_reminder_that_should_have_gone_out_long_ago_is_seen(client, monkeypatch):
    monkeypatch.setattr(health, "oldest_due_reminder_age", lambda *, now: 301.0)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["reminders"] == {"ok": False, "age_seconds": 301.0}


@pytest.mark.usefixtures("_all_well")
@pytest.mark.parametrize("check", ["redis_answers", "migrations_are_applied"])
def test_what_is_missing_is_seen(client, monkeypatch, check):
    monkeypatch.setattr(health, check, lambda: False)
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").json() == {"ok": True}


@override_settings(ALLOWED_HOSTS=["desk.example.org"], SECURE_SSL_REDIRECT=True)
def test_a_balancer_may_ask_by_address_and_without_tls(client):
    assert client.get("/healthz", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/admin/", headers={"host": "10.0.0.7:8000"}).status_code == 400


def test_without_a_due_reminder_there_is_no_age():
    assert health.oldest_due_reminder_age(now=timezone.now()) is None
