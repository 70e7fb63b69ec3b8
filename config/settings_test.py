"""The settings with what a test run needs; tests/conftest.py starts the servers."""

import os
from pathlib import Path

os.environ["QUIETROOM_DEMO"] = "1"
os.environ["QUIETROOM_DATA"] = str(Path(__file__).resolve().parents[1] / "var" / "test")
# Several runs at once share the servers: each has databases and cache keys of its own.
RUN = os.environ.setdefault("QUIETROOM_TEST_RUN", str(os.getpid()))

from config.settings import *  # noqa: E402, F403  the environment first
from config.settings import CACHES, DATABASES, STATIC_ROOT  # noqa: E402

STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # empty, or whitenoise warns

DATABASES["default"]["TEST"] = {"NAME": f"test_{RUN}"}
CACHES["default"]["KEY_PREFIX"] = f"test-{RUN}-{os.environ.get('PYTEST_XDIST_WORKER', '')}"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
