import pytest
from django.utils import timezone

from config.beat import HeartbeatScheduler
from config.celery import REDELIVER_SECONDS, TASK_SECONDS, app, broker_url
from config.heartbeats import heartbeat_ages
from config.tasks import heartbeat


@pytest.mark.parametrize(
    ("redis_url", "expected"),
    [
        ("redis://redis:6379/1", "redis://redis:6379/1"),
        ("unix:///run/valkey.sock?db=2", "redis+socket:///run/valkey.sock?virtual_host=2"),
    ],
)
def test_the_broker_has_celerys_form_of_the_address(redis_url, expected):
    assert broker_url(redis_url) == expected


def test_a_task_ends_before_its_message_is_delivered_again():
    assert TASK_SECONDS < REDELIVER_SECONDS


def test_nothing_but_json_is_accepted():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_always_eager is False


@pytest.mark.django_db
def test_the_workers_heartbeat_is_recorded():
    heartbeat()
    age = heartbeat_ages(now=timezone.now())["worker"]
    assert age is not None
    assert age < 5


@pytest.mark.django_db(transaction=True)
def test_beat_records_its_own():
    HeartbeatScheduler(app=app).tick()
    assert heartbeat_ages(now=timezone.now())["beat"] is not None
