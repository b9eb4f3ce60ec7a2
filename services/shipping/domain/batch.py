"""Which batch a released shipment leaves with, by the moment of payment (SPEC §7, S12)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from chassis.calendar import WorkingCalendar
from chassis.clock import BUSINESS_ZONE


class BatchKind(StrEnum):
    """The two departures of a working day."""

    MORNING = "morning"
    SAME_DAY = "same_day"


@dataclass(frozen=True)
class CutOffs:
    """Until when a payment counts for a batch, and when that batch leaves; local times."""

    morning: time = time(10)
    same_day: time = time(16)
    morning_leaves: time = time(12)
    same_day_leaves: time = time(18)


@dataclass(frozen=True)
class Batch:
    """One departure of one working day."""

    day: date
    kind: BatchKind

    def leaves_at(self, cut_offs: CutOffs) -> datetime:
        at = cut_offs.morning_leaves if self.kind is BatchKind.MORNING else cut_offs.same_day_leaves
        return datetime.combine(self.day, at, BUSINESS_ZONE).astimezone(UTC)

    def next(self, calendar: WorkingCalendar) -> "Batch":
        if self.kind is BatchKind.MORNING:
            return Batch(self.day, BatchKind.SAME_DAY)
        return Batch(calendar.next_working_day(self.day), BatchKind.MORNING)


def batch_of(
    paid_at: datetime, known_at: datetime, *, calendar: WorkingCalendar, cut_offs: CutOffs
) -> Batch:
    """Give the batch that payment at `paid_at` leads to, for what is known from `known_at` on.

    `known_at` is when finance had verified the payment and released the shipment: a batch
    that had left by then is missed and the next one is taken. Raises CalendarYearMissing.
    """
    local = paid_at.astimezone(BUSINESS_ZONE)
    batch = _batch_by_payment(local.date(), local.time(), calendar, cut_offs)
    if batch.leaves_at(cut_offs) > known_at:
        return batch
    # Nothing before the day it became known can still be caught: begin there, not at a
    # payment that may be weeks old.
    known_day = known_at.astimezone(BUSINESS_ZONE).date()
    if known_day > batch.day:
        batch = Batch(calendar.add_working_days(known_day, 0), BatchKind.MORNING)
    while batch.leaves_at(cut_offs) <= known_at:
        batch = batch.next(calendar)
    return batch


def _batch_by_payment(day: date, at: time, calendar: WorkingCalendar, cut_offs: CutOffs) -> Batch:
    if not calendar.is_working_day(day) or at >= cut_offs.same_day:
        return Batch(calendar.next_working_day(day), BatchKind.MORNING)
    return Batch(day, BatchKind.MORNING if at < cut_offs.morning else BatchKind.SAME_DAY)
