"""What changes the world is a door or a step, and says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from tests.architecture.sources import Source, calls, dotted, sources

WRITES = {
    "create",
    "bulk_create",
    "get_or_create",
    "update_or_create",
    "save",
    "update",
    "bulk_update",
    "delete",
    "select_for_update",
}
MARKS = {"door", "step"}
# Faces and machinery: they have no rules of their own.
ELSEWHERE = {"api", "management", "run", "models", "servers", "admin"}
EXCEPTIONS = {
    "practice.idempotency.forget_old": "tidies, alone",
    "practice.idempotency.Claim.finish": "a part of every door",
    "practice.api.authentication.issue_token": "a command's",
    "config.heartbeats.record_heartbeat": "a process about itself",
    "config.schedule.ensure_schedule": "before anything runs",
    "scheduling.appointment_types.add_missing": "before anything runs",
    "treatment_plans.first_rows.prescribing_rules.add_missing": "before anything runs",
    "treatment_plans.first_rows.protocols.add_missing": "before anything runs",
    "treatment_plans.first_rows.interactions.add_missing": "before anything runs",
    "treatment_plans.first_rows.screening_form.add_missing": "before anything runs",
    "notifications.rule_book.add_missing": "before anything runs",
    "notifications.staff.add_missing": "before anything runs",
    "notifications.channels.outbox.OutboxChannel.send": "a provider, as far as anybody can tell",
}
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def functions(source: Source) -> Iterator[tuple[str, FunctionNode]]:
    """Of the module and of its classes; what is nested belongs to what is around it."""
    for node in source.tree.body:
        if isinstance(node, FunctionNode):
            yield f"{source.module}.{node.name}", node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, FunctionNode):
                    yield f"{source.module}.{node.name}.{inner.name}", inner


def use_case_functions() -> Iterator[tuple[Source, str, FunctionNode]]:
    for source in use_case_modules():
        yield from ((source, name, node) for name, node in functions(source))


def use_case_modules() -> Iterator[Source]:
    for source in sources():
        parts = {part.removesuffix("_base") for part in source.module.split(".")}
        if source.app != "web" and not parts & ELSEWHERE:
            yield source


def marks(node: FunctionNode) -> set[str]:
    return {dotted(decorator) for decorator in node.decorator_list} & MARKS


def is_write(name: str) -> bool:
    """A call on a manager, a queryset or an instance; `dict.update` has no `objects` before it."""
    verb = name.rpartition(".")[2]
    if verb not in WRITES or "." not in name:
        return False
    return verb != "update" or ".objects." in name or ".filter." in name


def writes(node: FunctionNode) -> bool:
    return any(
        is_write(dotted(inner.func))
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call) and not dotted(inner.func).startswith(("cache.", "hashlib."))
    )


def test_the_net_catches_something() -> None:
    found = [name for _, name, node in use_case_functions() if writes(node) and marks(node)]
    assert {"scheduling.lifecycle.move_to", "practice.clients.change", "notifications.deliver.claim"} <= set(
        found
    )


def test_every_public_writer_is_a_door_or_a_step() -> None:
    unmarked = [
        f"{source.at(node)} {name}"
        for source, name, node in use_case_functions()
        if writes(node)
        and not marks(node)
        and not name.rpartition(".")[2].startswith("_")
        and name not in EXCEPTIONS
    ]
    assert unmarked == []


def test_no_exception_has_outlived_its_function() -> None:
    assert set(EXCEPTIONS) - {name for source in sources() for name, _ in functions(source)} == set()


def test_a_door_says_when_and_a_step_never_opens_a_transaction() -> None:
    wrong = [
        f"{source.at(node)} {name}"
        for source, name, node in use_case_functions()
        for arguments in [{argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}]
        if ("door" in marks(node) and "now" not in arguments)
        or (
            "step" in marks(node)
            and any(
                dotted(inner.func).endswith("atomic")
                for inner in ast.walk(node)
                if isinstance(inner, ast.Call)
            )
        )
    ]
    assert wrong == []


def test_what_people_do_is_on_record() -> None:
    """A door that knows who acts writes the activity log, itself or by what it calls."""
    every = {name: (source, node) for source in sources() for name, node in functions(source)}
    called = {name: called_by(source, node) for name, (source, node) in every.items()}
    recording = {name for name, (_, node) in every.items() if records(node)}
    while more := {name for name in every if called[name] & recording} - recording:
        recording |= more
    silent = [
        f"{source.at(node)} {name}"
        for name, (source, node) in every.items()
        for arguments in [{argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}]
        if marks(node) == {"door"} and "actor" in arguments and name not in recording
    ]
    assert silent == []


def called_by(source: Source, node: FunctionNode) -> set[str]:
    """By their full names: of this module, or where they were imported from."""
    found = set()
    for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
        first, dot, rest = dotted(call.func).partition(".")
        found.add(f"{imported(source).get(first, f'{source.module}.{first}')}{dot}{rest}")
    return found


@cache
def imported(source: Source) -> dict[str, str]:
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def records(node: FunctionNode) -> bool:
    return any(
        isinstance(inner, ast.Call) and dotted(inner.func) == "activity.record" for inner in ast.walk(node)
    )


def test_saving_names_its_fields() -> None:
    """`save()` of a whole row writes back what another transaction has changed since."""
    whole = [
        f"{source.at(call)} {name}"
        for source in use_case_modules()
        for call, name in calls(source)
        if name.endswith(".save")
        and not name.startswith("super")
        and not {"update_fields", "force_insert"} & {keyword.arg for keyword in call.keywords}
    ]
    assert whole == []
