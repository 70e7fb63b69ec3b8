"""Celery nudges. What must happen is a row; what travels through the broker tells nothing about anybody."""

from __future__ import annotations

import ast
import inspect

import pytest
from django.conf import settings

from config.celery import app
from config.schedule import SWEEPS
from notifications.reconcile import booking_changed
from scheduling import changes
from tests.architecture.sources import calls, sources

app.loader.import_default_modules()
TASKS = {name: task for name, task in app.tasks.items() if name.split(".")[0] in settings.APP_LAYERS}


def test_there_are_tasks() -> None:
    assert "notifications.tasks.deliver_due" in TASKS


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_task_takes_ids_at_most(name: str) -> None:
    arguments = inspect.signature(TASKS[name].run).parameters
    assert [argument for argument in arguments if not argument.endswith(("_id", "_ids"))] == []


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_task_leaves_no_result_behind(name: str) -> None:
    assert TASKS[name].ignore_result


def test_nothing_is_scheduled_in_the_broker() -> None:
    """Past the visibility timeout such a task runs again and again."""
    found = [
        f"{source.at(call)} {keyword.arg}"
        for source in sources()
        for call, _ in calls(source)
        for keyword in call.keywords
        if keyword.arg in {"eta", "countdown"}
    ]
    assert found == []


def test_a_task_has_no_rule_and_no_query_in_it() -> None:
    found = [
        f"{source.at(node)} {ast.unparse(node)}"
        for source in sources()
        if source.path.name == "tasks.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr == "objects"
    ]
    assert found == []


def test_every_sweep_is_a_task() -> None:
    assert {sweep.task for sweep in SWEEPS} <= set(TASKS)


def test_only_the_messages_listen_to_bookings() -> None:
    assert changes._listeners == [booking_changed]
