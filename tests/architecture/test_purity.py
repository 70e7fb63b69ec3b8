"""The decisions are functions of their arguments: no framework, no clock, no chance, no environment."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.sources import Source, calls, imports, sources

PURE = (
    "practice.blockers",
    "practice.clock",
    "practice.identifiers",
    "treatment_plans.charts.outcomes",
    "treatment_plans.charts.vitals",
    "treatment_plans.defaults",
    "treatment_plans.rules",
    "scheduling.engine",
    "scheduling.readiness_rules",
    "scheduling.waitlist_rules",
    "notifications.rules",
    "notifications.rule_checks",
    "notifications.staff_rules",
    "notifications.lint",
    "notifications.redaction",
    "notifications.replies",
)
IMPURE = {
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "time",
    "uuid",
    "pathlib",
    "logging",
    "threading",
}
ASKING_THE_CLOCK = ("timezone.now", "datetime.now", "datetime.utcnow", "date.today", "time.time")
# Whoever asks by `present.now()` can be made to live in another time; these measure this machine's processes,
# or are told a time by someone else's clock.
REAL_TIME = {
    "practice/present.py",
    "config/health.py",
    "config/heartbeats.py",
    "config/management/commands/heartbeat.py",
    "notifications/channels/sms.py",
}


def is_pure(module: str) -> bool:
    return any(module == pure or module.startswith(f"{pure}.") for pure in PURE)


def pure_sources() -> list[Source]:
    return [source for source in sources() if is_pure(source.module)]


def test_all_of_them_are_looked_at() -> None:
    found = {pure for pure in PURE for source in pure_sources() if source.module.startswith(pure)}
    assert found == set(PURE)


@pytest.mark.parametrize("source", pure_sources(), ids=lambda source: source.module)
def test_a_decision_imports_the_standard_library_and_other_decisions(source: Source) -> None:
    wrong = []
    for node, name in imports(source):
        root = name.split(".")[0]
        is_standard = root in sys.stdlib_module_names and root not in IMPURE
        if not is_standard and not is_pure(name) and not is_pure(name.rpartition(".")[0]):
            wrong.append(f"{source.at(node)} {name}")
    assert wrong == []


@pytest.mark.parametrize("source", pure_sources(), ids=lambda source: source.module)
def test_a_decision_is_told_what_time_it_is(source: Source) -> None:
    assert [source.at(node) for node, name in calls(source) if name.endswith(ASKING_THE_CLOCK)] == []


@pytest.mark.parametrize("source", pure_sources(), ids=lambda source: source.module)
def test_a_decision_remembers_nothing(source: Source) -> None:
    changed = [
        source.at(node) for node in ast.walk(source.tree) if isinstance(node, ast.Global | ast.Nonlocal)
    ]
    assert changed == []


def test_one_module_asks_for_the_time() -> None:
    asking = [
        f"{source.at(node)} {name}"
        for source in sources()
        if str(source.path) not in REAL_TIME
        for node, name in calls(source)
        if name.endswith(ASKING_THE_CLOCK)
    ]
    named = [
        f"{source.at(node)} {ast.unparse(node)}"
        for source in sources()
        if str(source.path) not in REAL_TIME
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "timezone.now"
    ]
    assert asking + named == []
