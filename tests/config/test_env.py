import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


@pytest.fixture
def setting(monkeypatch):
    return lambda value, name="THING": monkeypatch.setenv(name, value)


def test_unset_and_empty_both_mean_the_default(setting):
    assert env.integer("THING", 7, least=1, most=9) == 7
    setting("  ")
    assert env.integer("THING", 7, least=1, most=9) == 7
    assert env.flag("THING", default=True) is True
    assert env.words("THING") == []


@pytest.mark.parametrize(("value", "meant"), [("1", True), ("Yes", True), ("off", False), ("0", False)])
def test_flags(setting, value, meant):
    setting(value)
    assert env.flag("THING") is meant


@pytest.mark.parametrize(
    "read",
    [
        lambda: env.flag("THING"),
        lambda: env.integer("THING", 1, least=1, most=9),
        lambda: env.choice("THING", "a", {"a", "b"}),
        lambda: env.url("THING", "", schemes={"https"}),
    ],
)
def test_nonsense_is_refused_by_name_without_repeating_the_value(setting, read):
    setting("hunter2")
    with pytest.raises(ImproperlyConfigured, match="THING") as refusal:
        read()
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("value", ["0", "10", "1.5", "-3"])
def test_a_number_must_be_whole_and_in_range(setting, value):
    setting(value)
    with pytest.raises(ImproperlyConfigured):
        env.integer("THING", 1, least=1, most=9)


@pytest.mark.parametrize("value", ["ftp://example.org", "https://", "//example.org", "https://a:port"])
def test_an_address_needs_a_scheme_that_we_know_and_a_place(setting, value):
    setting(value)
    with pytest.raises(ImproperlyConfigured):
        env.url("THING", "", schemes={"https"})


def test_an_address_loses_the_slash_at_its_end(setting):
    setting("https://example.org/")
    assert env.url("THING", "", schemes={"https"}) == "https://example.org"


def test_a_secret_may_come_from_a_file(setting, tmp_path):
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    setting(str(file), "THING_FILE")
    assert env.secret("THING") == "from a file"


def test_a_secret_from_two_places_is_refused(setting, tmp_path):
    setting("a")
    setting(str(tmp_path), "THING_FILE")
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env.secret("THING")


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_secret_file_that_is_missing_or_empty_is_refused(setting, tmp_path, content):
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    setting(str(file), "THING_FILE")
    with pytest.raises(ImproperlyConfigured, match="THING_FILE"):
        env.secret("THING")
