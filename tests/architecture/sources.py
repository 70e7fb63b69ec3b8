"""Our own source files, parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class Source:
    path: Path  # from the top of the repository
    tree: ast.Module

    @property
    def module(self) -> str:
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")

    @property
    def app(self) -> str:
        return self.path.parts[0]

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 0)}"


@cache
def sources() -> tuple[Source, ...]:
    """Everything that runs in production, migrations aside."""
    return tuple(
        Source(path.relative_to(settings.BASE_DIR), ast.parse(path.read_text(encoding="utf-8")))
        for app in settings.APP_LAYERS
        for path in sorted((settings.BASE_DIR / app).rglob("*.py"))
        if "migrations" not in path.parts
    )


def imports(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Each imported name in full, "package.module.name"."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def calls(source: Source) -> Iterator[tuple[ast.Call, str]]:
    """Each call with the dotted name of what is called, '' where it has none."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def dotted(node: ast.AST) -> str:
    """The name of an attribute chain; a call in the middle, as in `Model.objects.all().update`, is no end."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{dotted(node.value)}.{node.attr}"
        case ast.Call():
            return dotted(node.func)
        case _:
            return ""


def strings(node: ast.AST) -> set[str]:
    return {
        inner.value
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    }
