"""The settings in processes of their own, as an operator would start them."""

import json
import os
import subprocess
import sys

import pytest

from config.servers.places import locate
from tests.config.places import BASE

STRONG = "q8Zr2" * 3 + "Vw7mKx0TnB4cYd9LsJ6hGf3eRaUiOp1" * 2
PRODUCTION = {"SECRET_KEY": STRONG, "ALLOWED_HOSTS": "desk.example.org"}


@pytest.fixture
def load(tmp_path):
    def load(expression: str = "None", **variables: str) -> subprocess.CompletedProcess[str]:
        code = f"import json; from config import settings; print(json.dumps({expression}))"
        env = {"PATH": os.environ["PATH"], "QUIETROOM_DATA": str(tmp_path), **variables}
        return subprocess.run(
            [sys.executable, "-c", code], env=env, cwd=BASE, capture_output=True, text=True, check=False
        )

    return load


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ALLOWED_HOSTS": "desk.example.org"}, "SECRET_KEY"),
        ({**PRODUCTION, "SECRET_KEY": "short"}, "SECRET_KEY"),
        ({**PRODUCTION, "SECRET_KEY": "x" * 80}, "SECRET_KEY"),
        ({**PRODUCTION, "SECRET_KEY": f"demo-only-{STRONG}"}, "SECRET_KEY"),
        ({"SECRET_KEY": STRONG}, "ALLOWED_HOSTS"),
        ({**PRODUCTION, "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({**PRODUCTION, "DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL"),
        ({**PRODUCTION, "PORT": "eighty"}, "PORT"),
        ({**PRODUCTION, "TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO"),
        ({**PRODUCTION, "EMAIL_TLS": "maybe"}, "EMAIL_TLS"),
    ],
)
def test_production_refuses_to_start(load, variables, words):
    outcome = load(**variables)
    assert outcome.returncode != 0
    assert words in outcome.stderr.splitlines()[-1]
    assert STRONG not in outcome.stderr


def test_production_starts_with_a_secret_and_hosts_and_is_strict(load):
    outcome = load(
        "[settings.DEBUG, settings.SESSION_COOKIE_SECURE, settings.SECURE_SSL_REDIRECT, settings.PUBLIC_URL]",
        **PRODUCTION,
    )
    assert json.loads(outcome.stdout) == [False, True, True, "https://desk.example.org"]


def test_a_demo_keeps_the_key_that_it_made(load):
    first, second = (load("settings.SECRET_KEY", QUIETROOM_DEMO="1").stdout for _ in range(2))
    assert first == second
    assert first.startswith('"demo-only-')


def test_without_addresses_the_servers_of_the_data_folder_are_used(load, tmp_path):
    outcome = load("[settings.DATABASE_URL, settings.REDIS_URL]", QUIETROOM_DEMO="1")
    places = locate(tmp_path)
    assert json.loads(outcome.stdout) == [places.database_url(), places.redis_url]


def test_servers_of_ones_own_win(load):
    urls = {"DATABASE_URL": "postgresql://db.example.org/q", "REDIS_URL": "redis://redis.example.org:6379/0"}
    outcome = load("[settings.DATABASES['default']['HOST'], settings.REDIS_URL]", QUIETROOM_DEMO="1", **urls)
    assert json.loads(outcome.stdout) == ["db.example.org", urls["REDIS_URL"]]


def test_only_the_web_asks_for_a_pool(load):
    expression = "settings.DATABASES['default']['OPTIONS'].get('pool', {}).get('max_size')"
    assert json.loads(load(expression, QUIETROOM_DEMO="1").stdout) is None
    assert json.loads(load(expression, QUIETROOM_DEMO="1", DATABASE_POOL_SIZE="8").stdout) == 8
