"""Capacity: earliest finish, slots that keep to a date, lateness seen in time (I4, I5)."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.calendar import WorkingCalendar
from services.inventory.domain.instruction import Instruction
from services.inventory.domain.schedule import (
    Load,
    Portion,
    Progress,
    Risk,
    judge,
    place_from,
    place_until,
)
from services.inventory.use_cases.instruction_pages import _days_run

WEEKDAYS = WorkingCalendar(assume_weekdays=True)
MONDAY, TUESDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 27)
SATURDAY, NEXT_MONDAY = date(2026, 11, 28), date(2026, 11, 30)


def load(per_day: str = "800", **booked: str) -> Load:
    days = {"monday": MONDAY, "tuesday": TUESDAY, "friday": FRIDAY}
    return Load(Decimal(per_day), WEEKDAYS, {days[day]: Decimal(q) for day, q in booked.items()})


def test_the_earliest_finish_fills_free_days_and_skips_the_weekend() -> None:
    portions = place_from(Decimal(1000), load(friday="600"), FRIDAY)

    assert portions == [Portion(FRIDAY, Decimal(200)), Portion(NEXT_MONDAY, Decimal(800))]


def test_what_does_not_fit_in_two_years_has_no_date() -> None:
    assert place_from(Decimal(10**9), load(), MONDAY) is None


def test_slots_are_filled_backwards_from_the_signed_date() -> None:
    placed = place_until(Decimal(900), load(), start=MONDAY, due=SATURDAY)

    assert placed.portions == [
        Portion(date(2026, 11, 26), Decimal(100)),
        Portion(FRIDAY, Decimal(800)),
    ]
    assert placed.over_capacity == 0


def test_what_is_above_capacity_is_booked_on_the_last_working_day_and_told() -> None:
    placed = place_until(Decimal(2000), load(monday="700"), start=MONDAY, due=TUESDAY)

    assert placed.portions == [Portion(MONDAY, Decimal(100)), Portion(TUESDAY, Decimal(1900))]
    assert placed.over_capacity == 1100


@given(
    quantity=st.integers(1, 20_000),
    booked=st.dictionaries(st.integers(0, 20), st.integers(0, 900), max_size=20),
    days=st.integers(0, 20),
)
def test_a_placement_is_whole_and_never_over_a_day_unless_it_says_so(
    quantity: int, booked: dict[int, int], days: int
) -> None:
    due = date.fromordinal(MONDAY.toordinal() + days)
    others = {date.fromordinal(MONDAY.toordinal() + d): Decimal(q) for d, q in booked.items()}
    board = Load(Decimal(800), WEEKDAYS, others)

    placed = place_until(Decimal(quantity), board, start=MONDAY, due=due)

    assert sum(part.quantity for part in placed.portions) == quantity
    assert all(MONDAY <= part.day <= due for part in placed.portions)
    above = sum(
        max(Decimal(0), part.quantity - board.free_on(part.day)) for part in placed.portions
    )
    assert above == placed.over_capacity


@pytest.mark.parametrize(
    ("produced", "days_run", "today", "risk", "ready_on"),
    [
        # 1000 at 400 a day by Friday: 400 planned on Monday, 400 on Tuesday, 200 on Wednesday.
        ("0", 0, MONDAY, Risk.ON_PLAN, date(2026, 11, 25)),
        ("0", 0, TUESDAY, Risk.BEHIND, date(2026, 11, 26)),
        ("400", 1, TUESDAY, Risk.ON_PLAN, date(2026, 11, 25)),
        ("100", 2, TUESDAY, Risk.AT_RISK, date(2026, 12, 17)),
        ("0", 0, FRIDAY, Risk.AT_RISK, date(2026, 12, 1)),
        ("999", 5, SATURDAY, Risk.LATE, NEXT_MONDAY),
        ("1000", 5, FRIDAY, Risk.ON_PLAN, FRIDAY),
    ],
)
def test_lateness_is_seen_before_the_date_has_passed(
    produced: str, days_run: int, today: date, risk: Risk, ready_on: date
) -> None:
    plan = [
        Portion(MONDAY, Decimal(400)),
        Portion(TUESDAY, Decimal(400)),
        Portion(date(2026, 11, 25), Decimal(200)),
    ]

    outlook = judge(
        Progress(
            quantity=Decimal(1000),
            produced=Decimal(produced),
            production_due=FRIDAY,
            plan=plan,
            per_day=Decimal(400),
            days_run=days_run,
            material_on=today,
        ),
        today=today,
        calendar=WEEKDAYS,
    )

    assert (outlook.risk, outlook.ready_on) == (risk, ready_on)


def test_today_is_no_day_run_as_long_as_it_is_not_over() -> None:
    """Else what is made exactly to plan would look late each morning, until its report."""
    made = cast("Instruction", SimpleNamespace(started_on=MONDAY))

    days = [_days_run(made, today, WEEKDAYS) for today in (MONDAY, TUESDAY, SATURDAY)]

    assert days == [0, 1, 5]


def test_without_capacity_or_reports_no_date_is_guessed() -> None:
    outlook = judge(
        Progress(Decimal(10), Decimal(0), FRIDAY, [], None, 0, material_on=MONDAY),
        today=MONDAY,
        calendar=WEEKDAYS,
    )

    assert (outlook.risk, outlook.ready_on) == (Risk.ON_PLAN, None)


@pytest.mark.parametrize(
    ("per_day", "material_on", "risk", "ready_on"),
    [
        ("5", TUESDAY, Risk.ON_PLAN, date(2026, 11, 25)),
        ("5", FRIDAY, Risk.AT_RISK, NEXT_MONDAY),
        ("10", FRIDAY, Risk.ON_PLAN, FRIDAY),
        ("10", SATURDAY, Risk.AT_RISK, NEXT_MONDAY),
        ("10", None, Risk.AT_RISK, None),
        (None, FRIDAY, Risk.ON_PLAN, None),
        (None, SATURDAY, Risk.AT_RISK, None),
    ],
)
def test_making_begins_once_the_material_is_there(
    per_day: str | None, material_on: date | None, risk: Risk, ready_on: date | None
) -> None:
    pace = Decimal(per_day) if per_day else None

    outlook = judge(
        Progress(Decimal(10), Decimal(0), FRIDAY, [], pace, 0, material_on=material_on),
        today=MONDAY,
        calendar=WEEKDAYS,
    )

    assert (outlook.risk, outlook.ready_on) == (risk, ready_on)
