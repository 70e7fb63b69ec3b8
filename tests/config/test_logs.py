import logging

from config.logs import hide_secrets, without_secrets, without_values


def test_a_database_error_loses_the_row_it_repeats():
    text = 'duplicate key value violates "x"\nDETAIL:  Key (email)=(ada@example.org) already exists.'
    assert without_values(text) == 'duplicate key value violates "x"'


def test_other_text_stays_as_it_is():
    assert without_values("a\nb\n") == "a\nb\n"


def test_the_address_of_a_feed_loses_its_secret():
    line = "WARNING django.request: Not Found: /feeds/Zk3-_x9.ics"
    assert without_secrets(line) == "WARNING django.request: Not Found: /feeds/…"
    assert without_secrets("GET https://clinic.example/feeds/Zk3.ics?x HTTP/1.1").endswith(
        "/feeds/… HTTP/1.1"
    )


def test_the_address_of_a_link_page_loses_its_secret():
    line = 'WARNING django.request: Not Found: /l/Zk39xAbQ/q/1 "/l/Zk39xAbQ"'
    assert without_secrets(line) == 'WARNING django.request: Not Found: /l/…/q/1 "/l/…"'


def test_other_peoples_loggers_keep_their_form_and_lose_the_secret():
    record = logging.makeLogRecord({"msg": "Error handling request %s %s", "args": ("GET", "/feeds/Zk3.ics")})
    assert hide_secrets(record)
    assert record.getMessage() == "Error handling request GET /feeds/…"
