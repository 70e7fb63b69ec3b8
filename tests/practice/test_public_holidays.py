"""Public holidays come once; what the clinic makes of them stays."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command

from practice import public_holidays
from practice.calendars import HitsBookings
from practice.models import Activity, Holiday, Location, PublicHoliday
from practice.public_holidays import UnknownPlace, load
from scheduling.booking import Request, book
from tests.cast import NOW, Clinic, at

pytestmark = pytest.mark.django_db


def days(clinic: Clinic) -> dict[date, str]:
    return dict(Holiday.objects.filter(location=clinic.location).values_list("on", "name"))


def test_it_adds_what_the_country_and_the_state_keep_from_today_on(clinic: Clinic) -> None:
    added = load(clinic.location.pk, years=2, confirmed=(), actor=clinic.kim, now=NOW)
    assert days(clinic)[date(2026, 11, 26)] == "Thanksgiving Day"
    assert "Chavez" in days(clinic)[date(2027, 3, 31)]  # California's own
    assert min(days(clinic)) >= date(2026, 11, 23)
    assert max(days(clinic)).year == 2027
    assert Activity.objects.get(action="location.holidays_loaded").data == {
        "holidays": [row.pk for row in added]
    }


def test_what_was_renamed_moved_removed_or_entered_by_hand_stays(clinic: Clinic) -> None:
    Holiday.objects.create(location=clinic.location, on=date(2026, 12, 25), name="Winter break")
    load(clinic.location.pk, years=2, confirmed=(), actor=clinic.kim, now=NOW)
    Holiday.objects.get(on=date(2026, 11, 27)).delete()
    Holiday.objects.filter(on=date(2027, 3, 31)).update(on=date(2027, 3, 30), name="Spring day")
    Holiday.objects.filter(on=date(2027, 9, 6)).update(name="Closed")
    decided = days(clinic)
    for now in (NOW, NOW + timedelta(days=30)):
        assert load(clinic.location.pk, years=2, confirmed=(), actor=clinic.kim, now=now) == []
    assert days(clinic) == decided
    assert decided[date(2026, 12, 25)] == "Winter break"
    later = load(clinic.location.pk, years=3, confirmed=(), actor=clinic.kim, now=NOW)
    assert {row.on.year for row in later} == {2028}


def test_it_names_the_sessions_that_it_hits_and_does_nothing(clinic: Clinic) -> None:
    wish = Request(
        client=clinic.maya,
        appointment_type=clinic.appointment_type("consult"),
        location=clinic.location,
    )
    booked = book(wish, at("2026-11-26 10:00"), actor=clinic.kim, now=NOW)
    with pytest.raises(HitsBookings) as refusal:
        load(clinic.location.pk, years=1, confirmed=(), actor=clinic.kim, now=NOW)
    assert [hit.booking_id for hit in refusal.value.hits] == [booked.pk]
    assert not PublicHoliday.objects.exists()
    assert load(clinic.location.pk, years=1, confirmed=[booked.pk], actor=clinic.kim, now=NOW)


def test_a_place_without_known_holidays_is_refused(clinic: Clinic) -> None:
    Location.objects.update(state="QQ")
    with pytest.raises(UnknownPlace):
        load(clinic.location.pk, years=1, confirmed=(), actor=clinic.kim, now=NOW)
    Location.objects.update(country="DE", state="BE")
    clinic.location.refresh_from_db()
    assert date(2027, 3, 8) in public_holidays.public(clinic.location, date(2027, 1, 1), 1)


def test_the_command_loads_every_location(clinic: Clinic) -> None:
    out = StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("load_holidays", years=1, stdout=out)
    assert "Thanksgiving Day" in out.getvalue()
