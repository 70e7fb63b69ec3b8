from __future__ import annotations

from datetime import date

import pytest

from practice import clients
from practice.models import Client
from practice.search import read_date
from tests.cast import Clinic, make_client


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("1988-04-02", True),
        ("4/2/1988", True),
        ("04.02.1988", True),
        ("rivera 4/2/1988", True),
        ("rivera 4/3/1988", False),
        ("2/4/1988", False),  # the month comes first
        ("rivera 0143", True),
        ("maya 0144", False),
        ("(202) 555-0143", True),
        ("202.555.0143", True),
    ],
)
def test_a_date_of_birth_and_a_number_go_with_a_name(clinic: Clinic, text: str, is_found: bool) -> None:
    maya = make_client("Maya Rivera", clinic.location, phone="+12025550143")
    assert list(clients.search(Client.objects.all(), text)) == [maya] * is_found


@pytest.mark.parametrize("text", ["1988-13-01", "2/30/1988", "4/2-1988", "4/2/88", "1988", "", "٤/٢/١٩٨٨"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text) is None


def test_dates_are_read_in_both_spellings() -> None:
    assert read_date("1988-4-2") == read_date("4-2-1988") == date(1988, 4, 2)
