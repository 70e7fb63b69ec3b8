from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treatment_plans.rules.supply import (
    DoseFact,
    PrescriptionFact,
    Tally,
    allocate,
    last_schedule_iii_day,
    prescription_blockers,
    schedule_iii_blockers,
    tally,
)

DAY_0 = date(2026, 3, 2)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def rx(
    id: int,
    first: int = 0,
    last: int = 30,
    *,
    doses: int = 1,
    route: str = "im",
    revoked_at: datetime | None = None,
    lost_at: datetime | None = None,
    is_signed: bool = True,
) -> PrescriptionFact:
    """A prescription valid from `first` to `last`, both days after DAY_0."""
    first_on, last_on = DAY_0 + timedelta(days=first), DAY_0 + timedelta(days=last)
    return PrescriptionFact(
        id, route, first_on, last_on, revoked_at, doses, is_signed=is_signed, lost_at=lost_at
    )


def dose(day: int, *, booking_id: int | None = None, route: str = "im", done: bool = False) -> DoseFact:
    """A dose at nine on the day that many days after DAY_0; its booking is numbered after it."""
    return DoseFact(
        day + 100 if booking_id is None else booking_id,
        route,
        NINE + timedelta(days=day),
        DAY_0 + timedelta(days=day),
        done,
    )


def taken(prescriptions: list[PrescriptionFact], doses: list[DoseFact]) -> list[int | None]:
    allocation = allocate(prescriptions, doses)
    return [allocation[each] for each in doses]


@pytest.mark.parametrize(
    ("prescriptions", "doses", "expected"),
    [
        ([], [dose(0)], [None]),  # nothing prescribed
        ([rx(1)], [dose(0)], [1]),  # the first valid day
        ([rx(1)], [dose(30)], [1]),  # the last valid day is a valid day
        ([rx(1)], [dose(31)], [None]),  # the day after
        ([rx(1, 1)], [dose(0)], [None]),  # the day before the first
        ([rx(1, route="iv")], [dose(0)], [None]),  # another route
        ([rx(1, doses=2)], [dose(0), dose(3)], [1, 1]),
        ([rx(1, doses=2)], [dose(0), dose(3), dose(6)], [1, 1, None]),  # the third finds it used up
        (
            [rx(1, doses=1)],
            [dose(6), dose(0)],
            [None, 1],
        ),  # the earlier dose has it, whatever the order given
        ([rx(1, 0, 60), rx(2, 0, 20)], [dose(0)], [2]),  # the one that ends first
        ([rx(1, 0, 20), rx(2, 0, 60)], [dose(0), dose(3)], [1, 2]),  # a renewal, when the old one is used up
        ([rx(1, 0, 5, doses=9), rx(2, 0, 60)], [dose(0), dose(6)], [1, 2]),  # and when it has ended
        ([rx(1, 0, 20), rx(2, 10, 60)], [dose(0), dose(5)], [1, None]),  # a renewal does not reach back
        ([rx(2), rx(1)], [dose(0)], [1]),  # same dates: by id, so that the answer is stable
        ([rx(1, doses=1), rx(2, route="iv")], [dose(0), dose(3, route="iv")], [1, 2]),  # each route its own
    ],
)
def test_each_dose_takes_the_prescription_that_ends_first(
    prescriptions: list[PrescriptionFact], doses: list[DoseFact], expected: list[int | None]
) -> None:
    assert taken(prescriptions, doses) == expected


@pytest.mark.parametrize(
    ("revoked_at", "expected"),
    [
        (NINE + timedelta(days=3, seconds=1), 1),  # the same day, just after the start
        (NINE + timedelta(days=3), None),  # at the start
        (NINE + timedelta(days=3, seconds=-1), None),  # the same day, just before it
    ],
)
def test_revoking_ends_a_prescription_at_that_instant(revoked_at: datetime, expected: int | None) -> None:
    assert taken([rx(1, revoked_at=revoked_at)], [dose(3)]) == [expected]


def test_a_prescription_that_is_revoked_soon_is_used_before_one_that_ends_soon() -> None:
    revoked = rx(1, 0, 60, revoked_at=NINE + timedelta(days=4))
    assert taken([revoked, rx(2, 0, 20)], [dose(3), dose(10)]) == [1, 2]


def test_tally_separates_used_from_booked_and_counts_what_is_left() -> None:
    prescriptions = [rx(1, 0, 20, doses=2), rx(2, 0, 60, doses=4), rx(3, 0, 60, doses=1, route="iv")]
    doses = [dose(0, done=True), dose(3), dose(6), dose(90)]
    assert tally(prescriptions, doses) == {1: Tally(1, 1, 0), 2: Tally(0, 1, 3), 3: Tally(0, 0, 1)}


class TestPrescriptionBlockers:
    def codes(
        self, prescriptions: list[PrescriptionFact], day: int, *others: DoseFact, **kwargs: bool
    ) -> list[str]:
        blockers = prescription_blockers(prescriptions, others, dose(day), may_displace=False, **kwargs)
        return [blocker.code for blocker in blockers]

    @pytest.mark.parametrize(
        ("prescriptions", "expected"),
        [
            ([rx(1)], []),
            ([], ["prescription_missing"]),
            ([rx(1, 11, 40)], ["prescription_not_yet_valid"]),  # begins tomorrow
            ([rx(1, 10, 40)], []),  # begins today
            ([rx(1, 0, 9)], ["prescription_expired"]),  # ended yesterday
            ([rx(1, 0, 10)], []),  # ends today
            (
                [rx(1, 0, 9), rx(2, 11, 40)],
                ["prescription_expired", "prescription_not_yet_valid"],
            ),  # in the gap
            ([rx(1, route="iv")], ["prescription_wrong_route"]),
            (
                [rx(1, 0, 9, route="iv")],
                ["prescription_missing"],
            ),  # of another route, and over: no help at all
            ([rx(1, 0, 9), rx(2, route="iv")], ["prescription_expired"]),  # the right route tells more
            ([rx(1, revoked_at=NINE)], ["prescription_revoked"]),
            (
                [rx(1, 0, 9), rx(2, revoked_at=NINE)],
                ["prescription_revoked"],
            ),  # the one for the day tells more
            ([rx(1, 0, 9, revoked_at=NINE)], ["prescription_expired"]),  # would be over anyway
            ([rx(1, revoked_at=NINE, route="iv")], ["prescription_missing"]),
            ([rx(1, revoked_at=NINE), rx(2)], []),  # revoked and replaced
            ([rx(1, is_signed=False)], ["prescription_not_signed"]),
            ([rx(1, is_signed=False), rx(2)], []),  # the draft of a renewal
            ([rx(1, is_signed=False, revoked_at=NINE)], ["prescription_revoked"]),  # a draft thrown away
            ([rx(1, lost_at=NINE)], ["prescription_lost"]),
            ([rx(1, lost_at=NINE + timedelta(days=10))], ["prescription_lost"]),  # at the very start
            ([rx(1, lost_at=NINE + timedelta(days=10, microseconds=1))], []),
            (
                [rx(1, revoked_at=NINE), rx(2, lost_at=NINE), rx(3, is_signed=False)],
                ["prescription_revoked", "prescription_lost", "prescription_not_signed"],
            ),
        ],
    )
    def test_it_names_the_most_telling_reason(
        self, prescriptions: list[PrescriptionFact], expected: list[str]
    ) -> None:
        assert self.codes(prescriptions, 10) == expected

    def test_it_says_the_dates(self) -> None:
        blockers = prescription_blockers(
            [rx(1, -9, 2), rx(2, 0, 9), rx(3, 11, 40), rx(4, 20, 50)], [], dose(10), may_displace=False
        )
        assert [blocker.text() for blocker in blockers] == [
            "The prescription ended on 2026-03-11.",
            "The prescription is valid only from 2026-03-13.",
        ]

    def test_it_counts_what_is_used_and_what_is_booked(self) -> None:
        others = [dose(0, done=True), dose(3, done=True), dose(6)]
        (blocker,) = prescription_blockers([rx(1, doses=3)], others, dose(10), may_displace=False)
        assert blocker.code == "prescription_used_up"
        assert blocker.params == {"doses": 3, "used": 2, "booked": 1}
        assert blocker.text() == "No dose is left: 3 prescribed, 2 used, 1 booked."

    def test_a_dose_left_is_enough(self) -> None:
        assert self.codes([rx(1, doses=2)], 10, dose(20)) == []

    def test_a_new_booking_does_not_take_the_dose_of_a_later_one(self) -> None:
        assert self.codes([rx(1, doses=1)], 10, dose(20)) == ["prescription_used_up"]

    def test_a_booking_in_its_place_may(self) -> None:
        assert prescription_blockers([rx(1, doses=1)], [dose(20)], dose(10), may_displace=True) == ()

    def test_a_booking_in_its_place_does_not_take_the_dose_of_an_earlier_one(self) -> None:
        (blocker,) = prescription_blockers([rx(1, doses=1)], [dose(0)], dose(10), may_displace=True)
        assert blocker.code == "prescription_used_up"

    def test_a_later_booking_may_change_to_another_prescription(self) -> None:
        assert self.codes([rx(1, 0, 20), rx(2, 15, 60)], 10, dose(20)) == []

    def test_a_booking_that_has_no_dose_anyway_does_not_stop_others(self) -> None:
        assert self.codes([rx(1, 0, 15)], 10, dose(20)) == []


@pytest.mark.parametrize(
    ("issued_on", "expected"),
    [
        (date(2026, 1, 15), date(2026, 7, 15)),
        (date(2026, 6, 30), date(2026, 12, 30)),  # not the 31st
        (date(2026, 7, 1), date(2027, 1, 1)),  # over the turn of the year
        (date(2026, 12, 31), date(2027, 6, 30)),
        (date(2026, 8, 31), date(2027, 2, 28)),  # no 31 February
        (date(2027, 8, 31), date(2028, 2, 29)),  # a leap year
        (date(2026, 8, 28), date(2027, 2, 28)),
        (date(2028, 2, 29), date(2028, 8, 29)),
        (date(2026, 3, 31), date(2026, 9, 30)),
    ],
)
def test_six_months_end_on_the_same_day_or_the_end_of_the_month(issued_on: date, expected: date) -> None:
    assert last_schedule_iii_day(issued_on) == expected


@pytest.mark.parametrize(
    ("valid_through_on", "refills", "expected"),
    [
        (date(2027, 2, 28), 5, []),  # both at the limit
        (date(2027, 2, 28), 6, ["prescription_too_many_refills"]),
        (date(2027, 3, 1), 5, ["prescription_valid_too_long"]),
        (date(2027, 3, 1), 6, ["prescription_too_many_refills", "prescription_valid_too_long"]),
        (date(2026, 8, 31), 0, []),  # for a single day
    ],
)
def test_schedule_iii_limits(valid_through_on: date, refills: int, expected: list[str]) -> None:
    blockers = schedule_iii_blockers(date(2026, 8, 31), valid_through_on, refills)
    assert [blocker.code for blocker in blockers] == expected
    assert all("%" not in blocker.text() for blocker in blockers)


prescriptions_of_a_client = st.lists(
    st.builds(
        lambda first, length, doses, route, revoked: (first, first + length, doses, route, revoked),
        st.integers(0, 8),
        st.integers(0, 8),
        st.integers(0, 2),
        st.sampled_from(["im", "im", "iv"]),
        st.none() | st.integers(-24, 24 * 12),
    ),
    max_size=4,
).map(
    lambda rows: [
        rx(
            id,
            first,
            last,
            doses=doses,
            route=route,
            revoked_at=None if revoked is None else NINE + timedelta(hours=revoked),
        )
        for id, (first, last, doses, route, revoked) in enumerate(rows, start=1)
    ]
)
doses_of_a_client = st.lists(
    st.builds(
        lambda day, route, done: dose(day, route=route, done=done),
        st.integers(0, 12),
        st.sampled_from(["im", "im", "iv"]),
        st.booleans(),
    ),
    max_size=5,
    unique_by=lambda each: each.starts_at,
)


def may_serve(prescription: PrescriptionFact, each: DoseFact) -> bool:
    return (
        prescription.route == each.route
        and prescription.valid_from_on <= each.day <= prescription.valid_through_on
        and (prescription.revoked_at is None or each.starts_at < prescription.revoked_at)
    )


def can_all_be_served(prescriptions: list[PrescriptionFact], doses: tuple[DoseFact, ...]) -> bool:
    """Try every way."""
    if not doses:
        return True
    first, *rest = doses
    return any(
        can_all_be_served(
            [replace(p, doses=p.doses - 1) if p is chosen else p for p in prescriptions], tuple(rest)
        )
        for chosen in prescriptions
        if chosen.doses > 0 and may_serve(chosen, first)
    )


def most_that_can_be_served(prescriptions: list[PrescriptionFact], doses: list[DoseFact]) -> int:
    return max(
        count
        for count in range(len(doses) + 1)
        if any(can_all_be_served(prescriptions, some) for some in combinations(doses, count))
    )


@given(prescriptions_of_a_client, doses_of_a_client)
def test_no_prescription_serves_more_than_it_has_nor_what_it_may_not(
    prescriptions: list[PrescriptionFact], doses: list[DoseFact]
) -> None:
    allocation = allocate(prescriptions, doses)
    assert set(allocation) == set(doses)
    by_id = {each.id: each for each in prescriptions}
    for prescription in prescriptions:
        assert sum(id == prescription.id for id in allocation.values()) <= prescription.doses
    for each, id in allocation.items():
        assert id is None or may_serve(by_id[id], each)


@given(prescriptions_of_a_client, doses_of_a_client, st.randoms(use_true_random=False))
def test_the_order_of_the_arguments_does_not_matter(
    prescriptions: list[PrescriptionFact], doses: list[DoseFact], random: object
) -> None:
    shuffled_prescriptions, shuffled_doses = prescriptions[:], doses[:]
    random.shuffle(shuffled_prescriptions)  # type: ignore[attr-defined]
    random.shuffle(shuffled_doses)  # type: ignore[attr-defined]
    assert allocate(prescriptions, doses) == allocate(shuffled_prescriptions, shuffled_doses)


@given(prescriptions_of_a_client, doses_of_a_client)
def test_no_other_choice_would_serve_more_doses(
    prescriptions: list[PrescriptionFact], doses: list[DoseFact]
) -> None:
    served = sum(id is not None for id in allocate(prescriptions, doses).values())
    assert served == most_that_can_be_served(prescriptions, doses)


@given(prescriptions_of_a_client, doses_of_a_client, st.integers(0, 12))
def test_what_is_booked_keeps_its_dose_when_another_is_booked_beside_it(
    prescriptions: list[PrescriptionFact], doses: list[DoseFact], day: int
) -> None:
    new = replace(dose(day), booking_id=None, starts_at=NINE + timedelta(days=day, hours=1))
    before, after = allocate(prescriptions, doses), allocate(prescriptions, [*doses, new])
    if prescription_blockers(prescriptions, doses, new, may_displace=False):
        # Refused only when there is truly no dose to give: the most that can be served did not rise.
        assert most_that_can_be_served(prescriptions, [*doses, new]) == most_that_can_be_served(
            prescriptions, doses
        )
    else:
        assert after[new] is not None
        assert all(after[each] is not None for each in doses if before[each] is not None)
