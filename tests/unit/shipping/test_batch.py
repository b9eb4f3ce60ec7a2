"""Which batch a shipment leaves with (S12)."""

from datetime import UTC, date, datetime

import pytest

from chassis.calendar import CalendarYearMissing, WorkingCalendar
from chassis.clock import BUSINESS_ZONE
from services.shipping.domain.batch import Batch, BatchKind, CutOffs, batch_of

# 2026-11-23 is a Monday. Saturday the 28th is worked, Friday the 27th is off.
CALENDAR = WorkingCalendar(
    years=frozenset({2026}), overrides={date(2026, 11, 28): True, date(2026, 11, 27): False}
)
MORNING, SAME_DAY = BatchKind.MORNING, BatchKind.SAME_DAY


def at(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=BUSINESS_ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("paid", "batch"),
    [
        (at(23, "09:59"), Batch(date(2026, 11, 23), MORNING)),
        (at(23, "10:00"), Batch(date(2026, 11, 23), SAME_DAY)),
        (at(23, "15:59"), Batch(date(2026, 11, 23), SAME_DAY)),
        (at(23, "16:00"), Batch(date(2026, 11, 24), MORNING)),
        (at(22, "08:00"), Batch(date(2026, 11, 23), MORNING)),  # a Sunday
        (at(26, "17:00"), Batch(date(2026, 11, 28), MORNING)),  # the 27th is off
        (at(27, "09:00"), Batch(date(2026, 11, 28), MORNING)),
        (at(28, "09:00"), Batch(date(2026, 11, 28), MORNING)),  # a Saturday that is worked
    ],
)
def test_payment_known_at_once_leaves_by_its_cut_off(paid: datetime, batch: Batch) -> None:
    assert batch_of(paid, paid, calendar=CALENDAR, cut_offs=CutOffs()) == batch


@pytest.mark.parametrize(
    ("paid", "verified", "batch"),
    [
        (at(23, "09:00"), at(23, "11:59"), Batch(date(2026, 11, 23), MORNING)),
        (at(23, "09:00"), at(23, "12:00"), Batch(date(2026, 11, 23), SAME_DAY)),
        (at(23, "09:00"), at(23, "18:00"), Batch(date(2026, 11, 24), MORNING)),
        (at(23, "15:00"), at(24, "09:00"), Batch(date(2026, 11, 24), MORNING)),
        (at(23, "15:00"), at(24, "13:00"), Batch(date(2026, 11, 24), SAME_DAY)),
        (at(23, "17:00"), at(24, "11:00"), Batch(date(2026, 11, 24), MORNING)),
        (at(2, "09:00"), at(27, "10:00"), Batch(date(2026, 11, 28), MORNING)),
    ],
)
def test_payment_verified_after_its_batch_left_takes_the_next(
    paid: datetime, verified: datetime, batch: Batch
) -> None:
    assert batch_of(paid, verified, calendar=CALENDAR, cut_offs=CutOffs()) == batch


def test_a_year_without_calendar_is_asked_for_not_guessed() -> None:
    paid = datetime(2027, 3, 1, 2, tzinfo=UTC)
    with pytest.raises(CalendarYearMissing):
        batch_of(paid, paid, calendar=CALENDAR, cut_offs=CutOffs())
