"""Capacity arithmetic: when goods can be ready, which days make them, whether they will be late."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from chassis.calendar import WorkingCalendar

# Beyond two years a plan is a guess; what does not fit by then has no date.
HORIZON_DAYS = 730

ZERO = Decimal(0)


@dataclass(frozen=True)
class Portion:
    """What a work centre makes of a line on one day."""

    day: date
    quantity: Decimal


@dataclass(frozen=True)
class Load:
    """What a work centre can make a working day, and what is booked on it already."""

    per_day: Decimal
    calendar: WorkingCalendar
    booked: Mapping[date, Decimal] = field(default_factory=dict)

    def free_on(self, day: date) -> Decimal:
        """Give what can still be booked on `day`; nothing on days off."""
        if not self.calendar.is_working_day(day):
            return ZERO
        return max(ZERO, self.per_day - self.booked.get(day, ZERO))

    def with_portions(self, portions: list[Portion]) -> "Load":
        """Give the load once `portions` are booked too."""
        booked = dict(self.booked)
        for portion in portions:
            booked[portion.day] = booked.get(portion.day, ZERO) + portion.quantity
        return Load(self.per_day, self.calendar, booked)


@dataclass(frozen=True)
class Placement:
    """Where a quantity was placed, and how much of it is above what the days can make."""

    portions: list[Portion]
    over_capacity: Decimal


def place_from(quantity: Decimal, load: Load, start: date) -> list[Portion] | None:
    """Fill free capacity from `start` on; the last portion's day is the earliest finish.

    None where the quantity does not fit within two years.
    """
    portions: list[Portion] = []
    left = quantity
    for day in _days(start, start + timedelta(days=HORIZON_DAYS)):
        if left <= 0:
            return portions
        if part := min(left, load.free_on(day)):
            portions.append(Portion(day, part))
            left -= part
    return None


def place_until(quantity: Decimal, load: Load, *, start: date, due: date) -> Placement:
    """Fill free capacity backwards from `due` to `start`, so that a slot keeps to its date.

    What does not fit is booked on the last working day all the same and counted as over
    capacity: the planner's signature rules, and the figures say what it costs.
    """
    portions: dict[date, Decimal] = {}
    left, day = quantity, due
    while left > 0 and day >= start:
        if part := min(left, load.free_on(day)):
            portions[day] = part
            left -= part
        day -= timedelta(days=1)
    if left > 0:
        last = _last_working_day(load.calendar, start, due)
        portions[last] = portions.get(last, ZERO) + left
    return Placement([Portion(day, portions[day]) for day in sorted(portions)], left)


def _last_working_day(calendar: WorkingCalendar, start: date, due: date) -> date:
    day = due
    while day > start and not calendar.is_working_day(day):
        day -= timedelta(days=1)
    return day if calendar.is_working_day(day) else due


def _days(start: date, end: date) -> Iterator[date]:
    day = start
    while day <= end:
        yield day
        day += timedelta(days=1)


class Risk(StrEnum):
    """How a line's making stands against its plan."""

    ON_PLAN = "on_plan"  # Nothing says it will be late.
    BEHIND = "behind"  # Less was made than planned by now, yet the date can be kept.
    AT_RISK = "at_risk"  # At its pace, or by when material comes, it will be ready after its date.
    LATE = "late"  # Its date has passed.


@dataclass(frozen=True)
class Progress:
    """What is known of a line in the making.

    `days_run` counts the working days since its start whose making is known: today only once it
    has a report. `material_on` is the day from which all its material is there, today where it
    is held or used; None where no arrival is expected that would bring what lacks.
    """

    quantity: Decimal
    produced: Decimal
    production_due: date
    plan: list[Portion]
    per_day: Decimal | None
    days_run: int
    material_on: date | None


@dataclass(frozen=True)
class Outlook:
    """The judgement on a line's progress; `ready_on` is None where pace or material is unknown."""

    risk: Risk
    planned: Decimal
    ready_on: date | None


def judge(progress: Progress, *, today: date, calendar: WorkingCalendar) -> Outlook:
    """Judge progress against plan, so that lateness is warned of before it happens (SPEC §6).

    Planned is what the slots before today make: today's report is still to come. The pace is
    what the days run have made, before the first report what the work centre can make. Making
    goes on from the day the material is there.
    """
    planned = sum((part.quantity for part in progress.plan if part.day < today), ZERO)
    left = max(ZERO, progress.quantity - progress.produced)
    ready_on = _ready_on(progress, left, today, calendar)
    if today > progress.production_due:
        return Outlook(Risk.LATE, planned, ready_on)
    soonest = ready_on or progress.material_on
    if soonest is None or soonest > progress.production_due:
        return Outlook(Risk.AT_RISK, planned, ready_on)
    behind = progress.produced < min(planned, progress.quantity)
    return Outlook(Risk.BEHIND if behind else Risk.ON_PLAN, planned, ready_on)


def _ready_on(
    progress: Progress, left: Decimal, today: date, calendar: WorkingCalendar
) -> date | None:
    if left == 0:
        return today
    pace = progress.per_day
    if progress.days_run and progress.produced:
        pace = progress.produced / progress.days_run
    if not pace or progress.material_on is None:
        return None
    start = max(today, progress.material_on)
    days = int((left / pace).to_integral_value(rounding=ROUND_CEILING))
    # The first day makes its share: one day's work is ready today if today is worked.
    return calendar.add_working_days(start, min(days - 1, HORIZON_DAYS))
