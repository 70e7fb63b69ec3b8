import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.schedule import SWEEPS, ensure_schedule

pytestmark = pytest.mark.django_db


def test_every_sweep_is_added_once():
    assert len(ensure_schedule()) == len(SWEEPS)
    assert ensure_schedule() == []
    assert PeriodicTask.objects.count() == len(SWEEPS)


def test_what_an_admin_changed_stays_changed():
    ensure_schedule()
    slower = IntervalSchedule.objects.create(every=5, period=IntervalSchedule.MINUTES)
    task = PeriodicTask.objects.get(task="notifications.tasks.deliver_due")
    task.interval, task.enabled = slower, False
    task.save()
    ensure_schedule()
    task.refresh_from_db()
    assert (task.interval, task.enabled) == (slower, False)


def test_sweeps_share_a_row_for_the_same_interval():
    ensure_schedule()
    assert IntervalSchedule.objects.count() == len({sweep.every_seconds for sweep in SWEEPS})
