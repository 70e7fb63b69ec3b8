"""Clinicians' own calendars: what counts as busy, what an address may lead to, and what becomes of it."""

from __future__ import annotations

import itertools
import logging
import os
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries

from practice.errors import Invalid
from practice.models import Activity, Clinician, Location, Role
from scheduling import availability, booking
from scheduling.availability import Wish
from scheduling.calendars import busy_times
from scheduling.engine.types import Span
from scheduling.errors import NotBookable
from scheduling.models import BusyCalendar, BusyTime
from scheduling.outside_calendars import addresses, fetching, sandbox
from scheduling.outside_calendars.errors import TEXTS, Unreadable, explain
from scheduling.outside_calendars.reading import Found, find_busy
from scheduling.outside_calendars.sandbox import Order
from tests.api.calls import Caller, pointers
from tests.cast import NOW, Clinic, at, make_user
from tests.fakes.ics import LOS_ANGELES, FakeCalendars, calendar, event

WINDOW = Span(NOW - timedelta(days=1), NOW + timedelta(days=370))
HOME = ZoneInfo("America/Los_Angeles")
HALF_PAST_NINE = "DTSTART:20261201T173000Z", "DTEND:20261201T183000Z"
EVERY_SECOND = ";".join(f"BY{unit}={','.join(map(str, range(60)))}" for unit in ("MINUTE", "SECOND"))


def busy(*parts: str, tz: ZoneInfo = HOME, own_uids: str = "") -> list[str]:
    found = find_busy(calendar(*parts), window=WINDOW, tz=tz, own_uids=own_uids)
    assert found.unread_count == 0
    return [f"{span.start:%m-%d %H:%M}/{span.end:%m-%d %H:%M}" for span in found.spans]


# What counts as busy


@pytest.mark.parametrize(
    ("lines", "spans"),
    [
        (HALF_PAST_NINE, ["12-01 17:30/12-01 18:30"]),
        (("DTSTART:20261201T173000Z", "DURATION:PT90M"), ["12-01 17:30/12-01 19:00"]),
        (("DTSTART;TZID=America/New_York:20261201T093000", "DURATION:PT1H"), ["12-01 14:30/12-01 15:30"]),
        # a name of Windows
        (
            ("DTSTART;TZID=Eastern Standard Time:20261201T093000", "DURATION:PT1H"),
            ["12-01 14:30/12-01 15:30"],
        ),
        # on the clinician's clock: times without a zone, days
        (("DTSTART:20261201T093000", "DTEND:20261201T103000"), ["12-01 17:30/12-01 18:30"]),
        (("DTSTART;VALUE=DATE:20261201",), ["12-01 08:00/12-02 08:00"]),
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203"), ["12-01 08:00/12-03 08:00"]),
        # a day of 23 hours
        (("DTSTART;VALUE=DATE:20270314",), ["03-14 08:00/03-15 07:00"]),
        # no length, no time
        (("DTSTART:20261201T173000Z",), []),
        ((*HALF_PAST_NINE, "TRANSP:TRANSPARENT"), []),
        ((*HALF_PAST_NINE, "X-MICROSOFT-CDO-BUSYSTATUS:FREE"), []),
        ((*HALF_PAST_NINE, "STATUS:CANCELLED"), []),
        ((*HALF_PAST_NINE, "STATUS:TENTATIVE"), ["12-01 17:30/12-01 18:30"]),
        # outside the window, or half in it
        (("DTSTART:20261101T173000Z", "DTEND:20261101T183000Z"), []),
        (("DTSTART:20281101T173000Z", "DTEND:20281101T183000Z"), []),
        (("DTSTART:20261101T173000Z", "DTEND:20261201T183000Z"), ["11-22 18:00/12-01 18:30"]),
        # again and again
        (
            (*HALF_PAST_NINE, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261202T173000Z"),
            ["12-01 17:30/12-01 18:30", "12-03 17:30/12-03 18:30"],
        ),
        (
            (*HALF_PAST_NINE, "RDATE;VALUE=PERIOD:20261205T173000Z/PT2H"),
            ["12-01 17:30/12-01 18:30", "12-05 17:30/12-05 19:30"],
        ),
        # over long ago
        (
            ("DTSTART:20160101T173000Z", "DTEND:20160101T183000Z", "RRULE:FREQ=DAILY;UNTIL=20160301T000000Z"),
            [],
        ),
    ],
)
def test_what_counts_and_when(lines: tuple[str, ...], spans: list[str]) -> None:
    assert busy(event(*lines)) == spans


def test_a_weekly_time_stays_on_its_clock_when_the_clocks_change() -> None:
    lines = (
        "DTSTART;TZID=America/Los_Angeles:20270307T093000",
        "DTEND;TZID=America/Los_Angeles:20270307T103000",
        "RRULE:FREQ=WEEKLY;COUNT=2",
    )
    wanted = ["03-07 17:30/03-07 18:30", "03-14 16:30/03-14 17:30"]
    assert busy(event(*lines)) == wanted
    assert busy(LOS_ANGELES, event(*lines)) == wanted
    unknown = (
        LOS_ANGELES.replace("America/Los_Angeles", "Ours"),
        event(*lines).replace("America/Los_Angeles", "Ours"),
    )
    assert busy(*unknown, tz=ZoneInfo("Asia/Tokyo")) == wanted


def test_one_of_many_is_moved_freed_or_cancelled() -> None:
    daily = event(*HALF_PAST_NINE, "RRULE:FREQ=DAILY;COUNT=4")
    second, third, fourth = (f"RECURRENCE-ID:202612{day}T173000Z" for day in ("02", "03", "04"))
    moved = event(second, "DTSTART:20261202T203000Z", "DTEND:20261202T213000Z")
    cancelled = event(third, "DTSTART:20261203T173000Z", "DTEND:20261203T183000Z", "STATUS:CANCELLED")
    freed = event(fourth, "DTSTART:20261204T173000Z", "DTEND:20261204T183000Z", "TRANSP:TRANSPARENT")
    assert busy(daily, moved, cancelled, freed) == ["12-01 17:30/12-01 18:30", "12-02 20:30/12-02 21:30"]


def test_times_that_touch_or_overlap_are_one() -> None:
    assert busy(
        event(*HALF_PAST_NINE),
        event("DTSTART:20261201T183000Z", "DTEND:20261201T190000Z", uid="2"),
        event("DTSTART:20261201T180000Z", "DTEND:20261201T183000Z", uid="3"),
    ) == ["12-01 17:30/12-01 19:00"]


def test_a_calendar_that_says_only_free_and_busy() -> None:
    assert busy(
        "BEGIN:VFREEBUSY\nFREEBUSY;FBTYPE=BUSY:20261201T173000Z/20261201T183000Z,20261202T173000Z/PT1H\n"
        "FREEBUSY;FBTYPE=FREE:20261203T173000Z/PT1H\nEND:VFREEBUSY"
    ) == ["12-01 17:30/12-01 18:30", "12-02 17:30/12-02 18:30"]


def test_our_own_bookings_come_back_as_nothing() -> None:
    """Who copies our feed into the own calendar is not busy twice."""
    ours, theirs = event(*HALF_PAST_NINE, uid="booking-7@clinic.example"), event(*HALF_PAST_NINE)
    assert busy(ours, own_uids="@clinic.example") == []
    assert len(busy(ours, theirs, own_uids="@clinic.example")) == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        ("DTEND:20261201T183000Z",),
        ("DTSTART:tomorrow", "DTEND:20261201T183000Z"),
        (*HALF_PAST_NINE, "RRULE:FREQ=SOMETIMES"),
        (*HALF_PAST_NINE, "EXDATE:never"),
        (*HALF_PAST_NINE, "SEQUENCE:first"),
        (HALF_PAST_NINE[0], *HALF_PAST_NINE),
        ("DTSTART:20200101T000000Z", "DTEND:99991231T235959Z"),
    ],
)
def test_an_event_that_makes_no_sense_is_counted_and_the_others_still_count(
    nonsense: tuple[str, ...],
) -> None:
    good = event(*HALF_PAST_NINE, uid="good")
    found = find_busy(calendar(good, event(*nonsense)), window=WINDOW, tz=HOME)
    assert (len(found.spans), found.unread_count) == (1, 1)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_a_calendar"),
        (b"<!doctype html><title>Sign in</title>", "not_a_calendar"),
        (calendar(event(*HALF_PAST_NINE))[:-20], "incomplete"),
        (calendar("BEGIN:VEVENT", *HALF_PAST_NINE), "incomplete"),
        (calendar(event("DTSTART:soon")), "unreadable"),
        (calendar(event(*HALF_PAST_NINE, "RRULE:FREQ=SECONDLY")), "too_many_occurrences"),
        (calendar(event(*HALF_PAST_NINE, "RRULE:COUNT=9;FREQ=MINUTELY")), "too_many_occurrences"),
        (calendar(*[event(*HALF_PAST_NINE)] * 10_001), "too_many_events"),
    ],
)
def test_a_calendar_that_is_none(body: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        find_busy(body, window=WINDOW, tz=HOME)
    assert refused.value.code == code


def test_an_empty_calendar_is_one() -> None:
    assert find_busy(b"\xef\xbb\xbf" + calendar(), window=WINDOW, tz=HOME) == Found((), 0)


# Where an address may lead


@pytest.mark.parametrize(
    "url",
    [
        "ftp://calendar.example/a.ics",
        "file:///etc/passwd",
        "gopher://calendar.example/",
        "calendar.example/a.ics",
        "https://",
        "https:///a.ics",
        "https://user:password@calendar.example/a.ics",
        "https://calendar.example\\@10.0.0.1/",
        "https://calendar.example:99999/",
        "https://calendar.example:0/",
        "https://calendar.example/ a.ics",
        "https://calendar.example/\r\nHost: other",
        "https://kalendär.example/",
        "https://[::1/",
        f"https://calendar.example/{'a' * 1000}",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(Unreadable, match="bad_address"):
        addresses.check(url, allow_loopback=True)


PRIVATE = [
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "2130706433",
    "017700000001",
    "0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:7f00:1]",
    "[::10.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::1]",
    "[2002:0a00:0001::1]",
    "[2001:0:a00:1::1]",
    "[2001:db8::1]",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(Unreadable, match="forbidden_address"):
        addresses.check(f"http://{host}/a.ics", allow_loopback=False)


@pytest.mark.parametrize(
    "host", ["93.184.215.14", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]", "[64:ff9b::5db8:d70e]"]
)
def test_public_addresses_are_not(host: str) -> None:
    addresses.check(f"https://{host}/a.ics", allow_loopback=False)


def test_loopback_is_for_tests_and_nothing_else_is(settings: Any) -> None:
    assert settings.CALENDARS_ON_LOOPBACK is False
    addresses.check("http://127.0.0.1/", allow_loopback=True)
    with pytest.raises(Unreadable):
        addresses.check("http://10.0.0.1/", allow_loopback=True)


def answers(monkeypatch: pytest.MonkeyPatch, *rounds: list[str]) -> list[str]:
    """Let names lead to the addresses of one round after the other; returns the names that were asked for."""
    asked: list[str] = []
    waiting, real = iter(rounds), socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        if host[0].isdigit():
            return real(host, port, *args, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in next(waiting)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("found", [["10.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["fe80::1%eth0"]])
def test_a_name_that_leads_into_a_private_network_is_refused(
    monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    answers(monkeypatch, found)
    with pytest.raises(Unreadable, match="forbidden_address"):
        fetching.fetch("https://calendar.example/a.ics")


def test_a_name_that_changes_its_mind_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """We connect to what we judged, under the name of the host."""
    with FakeCalendars() as calendars:
        calendars.put("/ana.ics", calendar())
        asked = answers(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        url = calendars.url("/ana.ics", host="calendar.example")
        assert fetching.fetch(url, allow_loopback=True).body == calendar()
    assert asked == ["calendar.example"]
    ((_path, headers),) = calendars.requests
    assert headers["Host"] == f"calendar.example:{calendars.port}"
    assert headers["Accept-Encoding"] == "identity"


def test_the_certificate_has_to_be_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def shake_hands(context: ssl.SSLContext, *_args: Any, server_hostname: str, **_options: Any) -> Any:
        asked.append((server_hostname, context.check_hostname, context.verify_mode))
        raise ssl.SSLCertVerificationError

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", shake_hands)
    answers(monkeypatch, ["127.0.0.1"])
    with FakeCalendars() as calendars, pytest.raises(Unreadable, match="unreachable"):
        fetching.fetch(f"https://calendar.example:{calendars.port}/", allow_loopback=True)
    assert asked == [("calendar.example", True, ssl.CERT_REQUIRED)]


def test_a_redirect_is_judged_like_the_first_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeCalendars() as calendars:
        for path, url in {
            "/private": "http://10.0.0.1/",
            "/named": "http://inside.example/",
            "/file": "file:///etc/passwd",
            "/loop": calendars.url("/loop"),
            "/1": "/2",
            "/2": calendars.url("/3"),
            "/3": "/ana.ics",
        }.items():
            calendars.redirect(path, url)
        calendars.put("/ana.ics", calendar())
        codes = {}
        for path in ("/private", "/file", "/loop"):
            with pytest.raises(Unreadable) as refused:
                fetching.fetch(calendars.url(path), allow_loopback=True)
            codes[path] = refused.value.code
        assert codes == {
            "/private": "forbidden_address",
            "/file": "bad_address",
            "/loop": "too_many_redirects",
        }
        assert [path for path, _ in calendars.requests].count("/loop") == 4
        assert fetching.fetch(calendars.url("/1"), allow_loopback=True).body == calendar()
        answers(monkeypatch, ["127.0.0.1"], ["192.168.0.1"])
        with pytest.raises(Unreadable, match="forbidden_address"):
            fetching.fetch(calendars.url("/named", host="outside.example"), allow_loopback=True)


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    with FakeCalendars() as calendars:
        calendars.put("/ana.ics", calendar())
        assert fetching.fetch(calendars.url("/ana.ics"), allow_loopback=True).body == calendar()


# How much it may take


@pytest.fixture
def calendars() -> Iterator[FakeCalendars]:
    with FakeCalendars() as running:
        yield running


SHORT = sandbox.Limits(fetch_seconds=10, cpu_seconds=1, memory_mb=400, seconds=60)


def outcome(calendars: FakeCalendars, path: str, etag: str = "", limits: sandbox.Limits = SHORT) -> str:
    """The code, or how many spans there are."""
    began = time.monotonic()
    order = Order(calendars.url(path), etag, WINDOW, "America/Los_Angeles", "", allow_loopback=True)
    try:
        reading = sandbox.read(order, limits)
    except Unreadable as refused:
        said = refused.code
    else:
        said = "unchanged" if reading.spans is None else str(len(reading.spans))
    assert time.monotonic() - began < limits.seconds + 10
    return said


def test_it_reads_in_a_process_of_its_own(calendars: FakeCalendars) -> None:
    calendars.put("/ana.ics", calendar(event(*HALF_PAST_NINE)), etag='"1"')
    assert outcome(calendars, "/ana.ics") == "1"
    assert outcome(calendars, "/ana.ics", etag='"1"') == "unchanged"
    assert outcome(calendars, "/gone.ics") == "http_404"


def test_that_process_has_none_of_our_secrets(
    calendars: FakeCalendars, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "s3cret")
    given: dict[str, Any] = {}

    def run(line: list[str], **options: Any) -> Any:
        given.update(options, line=line)
        raise Unreadable("timed_out")

    monkeypatch.setattr(sandbox.subprocess, "run", run)
    outcome(calendars, "/token.ics")
    assert set(given["env"]) <= {"PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONTZPATH"}
    assert "token.ics" not in " ".join(given["line"])  # where everybody on the machine could read it
    assert "s3cret" in os.environ.values()


def minutes(number: int) -> str:
    """A thousand of them, others for each number."""
    start = NOW + timedelta(minutes=1000 * number)
    return ",".join(f"{start + timedelta(minutes=each):%Y%m%dT%H%M%SZ}" for each in range(1000))


HOSTILE = {
    "every second of a year": event(*HALF_PAST_NINE, f"RRULE:FREQ=HOURLY;{EVERY_SECOND}"),
    "never": event(*HALF_PAST_NINE, f"RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;{EVERY_SECOND}"),
    "since the year 1": "\n".join(
        event("DTSTART:00010101T000000Z", "DTEND:00010101T010000Z", "RRULE:FREQ=DAILY", uid=str(number))
        for number in range(100)
    ),
    "a quarter of a million dates": event(*HALF_PAST_NINE, *(f"RDATE:{minutes(n)}" for n in range(250))),
    "a zone of seconds": event("DTSTART;TZID=X:20261201T173000", "DURATION:PT1H")
    + "\nBEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19700101T000000\nRRULE:FREQ=SECONDLY\n"
    + "TZOFFSETFROM:-0800\nTZOFFSETTO:-0700\nEND:STANDARD\nEND:VTIMEZONE",
    "parameters": event("DTSTART" + ";X=1" * 1_000_000 + ":20261201T173000Z", "DURATION:PT1H"),
    "one line": event(f"UID:{'x' * 4_900_000}", *HALF_PAST_NINE),
    "nested": "BEGIN:VEVENT\n" * 150_000 + "END:VEVENT\n" * 150_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_calendars_end_in_bounded_time_and_memory(calendars: FakeCalendars, name: str) -> None:
    calendars.put("/x.ics", calendar(HOSTILE[name]))
    assert outcome(calendars, "/x.ics") in {"too_complex", "too_many_occurrences", "unreadable", "0", "1"}


def test_a_process_gets_no_more_memory_than_it_is_allowed(calendars: FakeCalendars) -> None:
    calendars.put("/x.ics", calendar(event(*HALF_PAST_NINE, *(f"RDATE:{minutes(n)}" for n in range(21)))))
    enough, little = sandbox.Limits(), sandbox.Limits(memory_mb=70)
    assert outcome(calendars, "/x.ics", limits=little) == "too_complex"
    assert outcome(calendars, "/x.ics", limits=enough) == "too_many_occurrences"


def test_a_look_up_that_hangs_ends_with_the_process(calendars: FakeCalendars) -> None:
    """The system's own look-up of names can't be interrupted from inside."""
    calendars.answer("/hang.ics", lambda handler: calendars.closing.wait(60))
    assert outcome(calendars, "/hang.ics", limits=sandbox.Limits(seconds=1)) == "timed_out"


def test_more_than_five_megabytes_are_not_taken(calendars: FakeCalendars) -> None:
    calendars.stream("/50mb.ics", itertools.repeat(b"x" * 65_536, 800))
    calendars.answer("/claims.ics", lambda handler: _claim_length(handler, 50_000_000))
    assert outcome(calendars, "/50mb.ics") == outcome(calendars, "/claims.ics") == "too_large"
    calendars.answer("/breaks.ics", lambda handler: _claim_length(handler, 4_000_000))
    assert outcome(calendars, "/breaks.ics") == "incomplete"


def _claim_length(handler: Any, length: int) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(length))
    handler.end_headers()
    handler.wfile.write(b"BEGIN:VCALENDAR\r\n")


def test_a_packed_calendar_is_refused(calendars: FakeCalendars) -> None:
    def serve(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()

    calendars.answer("/bomb.ics", serve)
    assert outcome(calendars, "/bomb.ics") == "not_a_calendar"


@pytest.mark.parametrize("slow", ["body", "head"])
def test_a_server_that_drips_is_left(calendars: FakeCalendars, slow: str) -> None:
    if slow == "body":
        calendars.stream("/drip.ics", itertools.repeat(b"x"), every_seconds=0.2)
    else:
        calendars.answer("/drip.ics", lambda handler: _drip(handler, calendars))
    began = time.monotonic()
    assert outcome(calendars, "/drip.ics", limits=sandbox.Limits(fetch_seconds=0.5)) == "timed_out"
    assert time.monotonic() - began < 15


def _drip(handler: Any, calendars: FakeCalendars) -> None:
    while not calendars.closing.wait(0.2):
        handler.wfile.write(b"X")


def test_every_code_has_a_text() -> None:
    assert all(explain(code).text() for code in TEXTS)
    assert explain("http_404").text() == "The server answered with the error 404."


# What becomes of it


@pytest.fixture
def ana(clinic: Clinic, settings: Any) -> Clinician:
    settings.CALENDARS_ON_LOOPBACK = True
    clinic.appointment_type()
    clinic.ready_client()
    return clinic.ana


def add(
    calendars: FakeCalendars, clinician: Clinician, clinic: Clinic, path: str = "/ana.ics"
) -> BusyCalendar:
    return busy_times.add(clinician, calendars.url(path), actor=clinic.kim, now=NOW)


def sweep(now: datetime = NOW) -> int:
    return busy_times.read_due(clock=lambda: now, stop_at=now + timedelta(seconds=10))


@pytest.mark.django_db
def test_a_busy_time_takes_the_openings_says_why_and_closes_the_door(
    clinic: Clinic, ana: Clinician, calendars: FakeCalendars
) -> None:
    kind = clinic.appointment_type("consult")
    request = booking.Request(clinic.maya, kind, clinic.location, therapist_id=ana.pk)
    day = Span(at("2026-12-01 08:00"), at("2026-12-01 18:00"))
    starts = {opening.start for opening in booking.openings(request, day, limit=100, now=NOW)}
    nine = at("2026-12-01 09:30")
    assert nine in starts
    calendars.put("/ana.ics", calendar(event(*HALF_PAST_NINE)))
    add(calendars, ana, clinic)
    assert sweep() == 1
    left = {opening.start for opening in booking.openings(request, day, limit=100, now=NOW)}
    length = timedelta(minutes=kind.duration_minutes)
    assert starts - left == {
        start for start in starts if start < nine + timedelta(hours=1) and start + length > nine
    }
    assert [blocker.code for blocker in booking.blockers(request, nine, now=NOW)] == ["away"]
    with pytest.raises(NotBookable):
        booking.book(request, nine, actor=clinic.kim, now=NOW)
    others = booking.Request(clinic.maya, kind, clinic.location, therapist_id=clinic.ben.pk)
    booking.book(others, nine, actor=clinic.kim, now=NOW)


@pytest.mark.django_db
def test_busy_times_cost_no_query(
    clinic: Clinic, ana: Clinician, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    kind = clinic.appointment_type("consult")
    wish = Wish(kind, clinic.location, clinic.maya)
    list(kind.phases.all())
    window = Span(at("2026-12-01 08:00"), at("2026-12-15 18:00"))
    counts = []
    for clinician in (None, ana, clinic.ben, clinic.ito):
        if clinician is not None:
            row = BusyCalendar.objects.create(
                clinician=clinician,
                url="https://x.example/",
                created_by=clinic.kim,
                created_at=NOW,
                due_at=NOW,
            )
            for hours in range(0, 48, 2):
                start = window.start + timedelta(hours=hours)
                BusyTime.objects.create(calendar=row, span=(start, start + timedelta(hours=1)))
        with django_assert_num_queries(2) as asked:
            availability.load(wish, window, now=NOW)
        counts.append(len(asked))
    assert len(set(counts)) == 1


@pytest.mark.django_db
def test_it_is_read_again_after_ten_minutes_and_only_the_difference_is_written(
    clinic: Clinic, ana: Clinician, calendars: FakeCalendars
) -> None:
    second = event("DTSTART:20261202T173000Z", "DTEND:20261202T183000Z", uid="2")
    third = event("DTSTART:20261203T173000Z", "DTEND:20261203T183000Z", uid="3")
    calendars.put("/ana.ics", calendar(event(*HALF_PAST_NINE), second))
    calendar_id = add(calendars, ana, clinic).pk
    assert (sweep(), sweep(), sweep(NOW + timedelta(minutes=9))) == (1, 0, 0)
    first_keys = set(BusyTime.objects.values_list("pk", flat=True))
    assert sweep(NOW + timedelta(minutes=10)) == 1
    assert calendars.requests[-1][1]["If-None-Match"]
    assert set(BusyTime.objects.values_list("pk", flat=True)) == first_keys
    calendars.put("/ana.ics", calendar(second, third))
    sweep(NOW + timedelta(minutes=20))
    left = [(row.pk in first_keys, row.span.lower.day) for row in BusyTime.objects.order_by("span")]
    assert left == [(True, 2), (False, 3)]
    row = BusyCalendar.objects.get(pk=calendar_id)
    assert row.fetched_at == row.checked_at == NOW + timedelta(minutes=20)
    # Days later the same file is read in full again, for the window has moved.
    sweep(NOW + timedelta(days=2))
    assert "If-None-Match" not in calendars.requests[-1][1]


@pytest.mark.django_db
def test_what_cannot_be_read_keeps_what_was_read_and_shows_how_old_it_is(
    clinic: Clinic, ana: Clinician, calendars: FakeCalendars, caplog: pytest.LogCaptureFixture
) -> None:
    calendars.put("/ana.ics", calendar(event(*HALF_PAST_NINE)))
    row = add(calendars, ana, clinic)
    sweep()
    now, pauses = NOW, []
    with caplog.at_level(logging.INFO, logger="scheduling"):
        for _each in range(8):
            busy_times.keep(row.pk, "http_404", covers_until=now, now=now)
            row.refresh_from_db()
            pauses.append((row.due_at - now) // timedelta(minutes=1))
            now = row.due_at
    assert pauses == [10, 20, 40, 80, 160, 240, 240, 240]
    assert (row.state, row.last_error_code, row.failure_count, row.fetched_at) == (
        "failing",
        "http_404",
        8,
        NOW,
    )
    assert BusyTime.objects.count() == 1
    assert caplog.messages == [f"busy calendar {row.pk} can't be read: http_404"]
    calendars.put("/ana.ics", calendar())
    sweep(now)
    row.refresh_from_db()
    assert (row.state, row.last_error_code, row.failure_count, row.due_at - now) == (
        "current",
        "",
        0,
        timedelta(minutes=10),
    )
    assert BusyTime.objects.count() == 0


@pytest.mark.django_db
def test_one_bad_calendar_does_not_stop_the_others(
    clinic: Clinic, ana: Clinician, calendars: FakeCalendars
) -> None:
    calendars.put("/good.ics", calendar(event(*HALF_PAST_NINE)))
    calendars.put("/html.ics", b"<html>")
    for path in ("/gone.ics", "/html.ics", "/good.ics"):
        add(calendars, ana, clinic, path)
    for path in ("/good.ics", "/gone.ics"):
        add(calendars, clinic.ben, clinic, path)
    assert sweep() == 5
    assert sorted(BusyCalendar.objects.values_list("last_error_code", flat=True)) == [
        "",
        "",
        "http_404",
        "http_404",
        "not_a_calendar",
    ]
    assert BusyTime.objects.count() == 2


@pytest.mark.django_db
def test_nobody_reads_after_the_time_is_over(
    clinic: Clinic, ana: Clinician, calendars: FakeCalendars
) -> None:
    add(calendars, ana, clinic)
    assert busy_times.read_due(clock=lambda: NOW, stop_at=NOW) == 0


@pytest.mark.django_db
def test_a_calendar_that_is_stopped_or_whose_clinician_left_is_not_read(
    clinic: Clinic, ana: Clinician, calendars: FakeCalendars
) -> None:
    calendars.put("/ana.ics", calendar(event(*HALF_PAST_NINE)))
    row, bens = add(calendars, ana, clinic), add(calendars, clinic.ben, clinic)
    (claimed, _other) = busy_times.claim(now=NOW, limit=9)
    busy_times.stop(row.pk, actor=clinic.kim, now=NOW)
    reading = sandbox.Reading((Span(NOW, NOW + timedelta(hours=1)),), 0, "")
    busy_times.keep(claimed.calendar.pk, reading, covers_until=NOW, now=NOW)  # too late
    Clinician.objects.filter(pk=bens.clinician_id).update(is_active=False)
    assert sweep(NOW + timedelta(hours=1)) == 0
    assert BusyTime.objects.count() == 0


@pytest.mark.django_db
def test_days_are_read_on_the_clock_of_the_place_where_the_clinician_works(
    clinic: Clinic, ana: Clinician, calendars: FakeCalendars
) -> None:
    Location.objects.create(name="Hill", display_name="Hill", time_zone="Asia/Tokyo", phone="+15555550102")
    calendars.put("/ana.ics", calendar(event("DTSTART;VALUE=DATE:20261201")))
    add(calendars, ana, clinic)
    sweep()
    span = BusyTime.objects.get().span
    assert (span.lower, span.upper) == (at("2026-12-01 00:00"), at("2026-12-02 00:00"))


# Over HTTP


@pytest.mark.django_db
def test_a_clinician_adds_sees_and_stops_the_own_calendar(
    clinic: Clinic, ana: Clinician, calendars: FakeCalendars
) -> None:
    calendars.put("/secret-4711.ics", calendar(event(*HALF_PAST_NINE), event("DTSTART:soon", uid="2")))
    caller = Caller(ana)
    answer = caller.post("busy-calendars", {"url": f" {calendars.url('/secret-4711.ics')} "})
    assert answer.status_code == 201, answer.json()
    shown = answer.json()
    assert (shown["clinician"], shown["host"], shown["state"]) == (ana.pk, "127.0.0.1", "waiting")
    assert (shown["fetched_at"], shown["age_minutes"], shown["last_error"]) == (None, None, None)
    now = datetime.now(UTC)
    sweep(now - timedelta(minutes=7))  # the clinic of these tests is some time ahead
    BusyCalendar.objects.update(due_at=now - timedelta(minutes=7))
    sweep(now - timedelta(minutes=7))
    body = caller.get(f"busy-calendars/{shown['id']}").json()
    assert (body["state"], body["age_minutes"], body["unread_count"]) == ("current", 7, 1)
    del calendars.answers["/secret-4711.ics"]
    BusyCalendar.objects.update(due_at=now)
    sweep(now)
    (row,) = caller.get("busy-calendars").json()["results"]
    assert (row["state"], row["age_minutes"]) == ("failing", 7)
    assert row["last_error"] == {"code": "http_404", "detail": "The server answered with the error 404."}
    stopped = caller.post(f"busy-calendars/{shown['id']}/stop").json()
    assert (stopped["state"], stopped["host"]) == ("stopped", "127.0.0.1")
    assert BusyTime.objects.count() == 0
    assert caller.post(f"busy-calendars/{shown['id']}/stop").status_code == 200
    everything = [*BusyCalendar.objects.values(), *Activity.objects.values(), row, body, stopped, shown]
    assert "4711" not in str(everything)
    actions = Activity.objects.filter(subject_type="scheduling.busycalendar").order_by("pk")
    assert [entry.action for entry in actions] == ["busycalendar.added", "busycalendar.stopped"]


@pytest.mark.django_db
def test_the_desk_sees_to_everybodys_and_others_to_none(clinic: Clinic, ana: Clinician) -> None:
    url = {"url": "webcal://calendar.example/ana.ics"}
    desk = Caller(clinic.kim)
    assert pointers(desk.post("busy-calendars", url)) == {"/clinician"}
    added = desk.post("busy-calendars", {"clinician": ana.pk, **url})
    assert added.status_code == 201
    assert BusyCalendar.objects.get().url == "https://calendar.example/ana.ics"
    again = desk.post("busy-calendars", {"clinician": ana.pk, **url})
    assert (again.status_code, again.json()["code"]) == (409, "calendar_known")
    ben = Caller(clinic.ben)
    assert ben.get("busy-calendars").json()["results"] == []
    assert ben.get(f"busy-calendars/{added.json()['id']}").status_code == 404
    assert ben.post(f"busy-calendars/{added.json()['id']}/stop").status_code == 404
    refused = ben.post("busy-calendars", {"clinician": ana.pk, **url})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_calendar")
    for user in (clinic.nia, clinic.odo):
        assert Caller(user).get("busy-calendars").status_code == 403
        assert Caller(user).post("busy-calendars", {"clinician": ana.pk, **url}).status_code == 403
    assert Caller(make_user("lou", Role.THERAPIST)).post("busy-calendars", url).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://10.0.0.1/a.ics", "forbidden_address"),
        ("http://2130706434/", "forbidden_address"),
        ("file:///etc/passwd", "bad_address"),
        ("https://calendar.example/a b", "bad_address"),
    ],
)
def test_an_address_that_will_never_be_read_is_refused_at_once(clinic: Clinic, url: str, code: str) -> None:
    answer = Caller(clinic.ana).post("busy-calendars", {"url": url})
    assert (answer.status_code, answer.json()["code"], pointers(answer)) == (400, code, {"/url"})


@pytest.mark.django_db
def test_loopback_is_refused_unless_the_setting_says_otherwise(clinic: Clinic) -> None:
    with pytest.raises(Invalid):
        busy_times.add(clinic.ana, "http://127.0.0.1/a.ics", actor=clinic.kim, now=NOW)


@pytest.mark.django_db
def test_a_clinician_has_five_at_most(clinic: Clinic) -> None:
    for number in range(5):
        busy_times.add(clinic.ana, f"https://x.example/{number}", actor=clinic.kim, now=NOW)
    answer = Caller(clinic.kim).post(
        "busy-calendars", {"clinician": clinic.ana.pk, "url": "https://x.example/6"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_calendars")
