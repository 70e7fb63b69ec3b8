"""tools/install.py says what is wrong; that it installs is shown by these tests running at all."""

import importlib.util
from collections import namedtuple

import pytest

from tests.config.places import BASE


@pytest.fixture
def install(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("install", BASE / "tools" / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(module, "STAMP", str(tmp_path / ".venv" / "installed.json"))
    return module


def test_a_python_that_is_too_old_is_named_with_the_way_out(install, monkeypatch):
    monkeypatch.setattr(install, "LEAST", (3, 99))
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="make run PYTHON="):
        install.use_a_python_that_is_new_enough()


def test_a_full_disk_is_said_before_anything_is_written(install, monkeypatch, tmp_path):
    usage = namedtuple("usage", "free")(100_000_000)
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(SystemExit, match="100 MB are free here, 500 MB are needed"):
        install.install("run")
    assert list(tmp_path.iterdir()) == []


def test_a_python_without_venv_gets_debians_name_for_it(install, monkeypatch):
    broken = ["/bin/sh", "-c", "echo ensurepip is not available; exit 1"]
    popen = install.subprocess.Popen
    monkeypatch.setattr(install.subprocess, "Popen", lambda line, **options: popen(broken, **options))
    with pytest.raises(SystemExit, match=r"ensurepip is not available\n.*python3-venv"):
        install.make_venv()


def test_nothing_counts_as_installed_when_the_locks_have_changed(install, tmp_path, monkeypatch):
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(install, "PYTHON", "/bin/true")
    stamp = tmp_path / ".venv" / "installed.json"
    stamp.write_text(install.json.dumps(install.expected("dev")))
    assert install.installed() == "dev"
    stamp.write_text(install.json.dumps({**install.expected("dev"), "locks": "others"}))
    assert install.installed() is None
