"""Everything points down: what import-linter cannot see, because it is no import."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.migrations.loader import MigrationLoader

from tests.architecture.sources import calls, imports, sources

RANK = {label: rank for rank, label in enumerate(settings.APP_LAYERS)}  # bottom first


def rank(app_label: str) -> int | None:
    """Of one of our apps, else None; the parts of `web` are all one layer."""
    folder = Path(apps.get_app_config(app_label).path).relative_to(settings.BASE_DIR)
    return RANK.get(folder.parts[0])


def own_apps() -> list[str]:
    inside = [
        config.label
        for config in apps.get_app_configs()
        if Path(config.path).is_relative_to(settings.BASE_DIR) and ".venv" not in Path(config.path).parts
    ]
    assert "practice" in inside
    return inside


def cross_app_relations() -> Iterator[tuple[type[models.Model], Any, int, int]]:
    own = own_apps()
    for model in apps.get_models(include_auto_created=True):
        here = model._meta.app_label
        for field in model._meta.get_fields():
            if here in own and field.is_relation and not field.auto_created and field.related_model:
                there = field.related_model._meta.app_label
                if there in own and there != here:
                    yield model, field, rank(here) or 0, rank(there) or 0


def test_every_app_of_ours_has_its_layer() -> None:
    assert [label for label in own_apps() if rank(label) is None] == []


def test_relations_point_down() -> None:
    relations = list(cross_app_relations())
    assert len(relations) > 10
    assert [
        f"{model._meta.label}.{field.name}" for model, field, here, there in relations if there > here
    ] == []


def test_lower_apps_cannot_walk_up() -> None:
    visible = [
        f"{model._meta.label}.{field.name}"
        for model, field, *_ in cross_app_relations()
        if not field.remote_field.hidden
    ]
    assert visible == []


def test_no_delete_reaches_into_another_app() -> None:
    """Nor does one quietly empty a field there. What lies between many and many is a model, looked at too."""
    reaching = [
        f"{model._meta.label}.{field.name}"
        for model, field, *_ in cross_app_relations()
        if field.remote_field.on_delete not in (models.PROTECT, models.RESTRICT)
        and not (field.many_to_many and not field.remote_field.through._meta.auto_created)
    ]
    assert reaching == []


def test_migrations_point_down() -> None:
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    own = own_apps()
    upward = [
        f"{app}.{name} -> {needed}"
        for (app, name), migration in loader.disk_migrations.items()
        if app in own
        for needed, _ in [*migration.dependencies, *migration.run_before]
        if needed in own and (rank(needed) or 0) > (rank(app) or 0)
    ]
    assert upward == []


def test_the_faces_know_nothing_of_each_other() -> None:
    crossing = [
        f"{source.at(node)} {name}"
        for source in sources()
        if source.app == "web" and len(source.path.parts) > 2
        for node, name in imports(source)
        if name.startswith("web.") and name.split(".")[1] != source.path.parts[1]
    ]
    assert crossing == []


def test_nothing_is_reached_by_its_name_in_a_string() -> None:
    """What a linter of imports can't follow: signals, lookups by label, tasks by name."""
    hidden = ("django.db.models.signals", "django.dispatch", "import_string")
    found = [
        f"{source.at(node)} {name}"
        for source in sources()
        for node, name in imports(source)
        if any(part in name for part in hidden)
    ]
    found += [
        f"{source.at(node)} {name}"
        for source in sources()
        for node, name in calls(source)
        if name.endswith(("apps.get_model", "send_task", ".signature")) or name in {"get_model", "signature"}
    ]
    assert found == []
