"""The calendar of working days and hours, on which clocks, due times and cut-offs run (X9).

The State Council announces each year's holidays and the weekends worked for them in the
autumn before; so the days that differ from Monday-to-Friday are a table per year, and a
working calendar answers only for years it was given: a year that nobody has entered is
asked for, not guessed. In the try-out profile missing years count as Monday to Friday.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

from chassis.clock import BUSINESS_ZONE
from chassis.errors import Conflict
from chassis.policy import Rule
from chassis.settings import TRYOUT


class CalendarYearMissing(Conflict):
    """A date was asked for in a year whose working days nobody has entered."""

    code = "calendar_year_missing"
    en = "The working days of {year} have not been entered yet; an admin enters them."
    zh = "{year} 年的工作日历尚未录入，请管理员录入。"


@dataclass(frozen=True)
class WorkingCalendar:
    """Working days and hours in the business's zone.

    `years` are those entered; `overrides` are the days that differ from Monday to Friday
    (True: worked, False: off). `assume_weekdays` answers for years that were not entered.
    """

    years: frozenset[int] = frozenset()
    overrides: Mapping[date, bool] = field(default_factory=dict)
    assume_weekdays: bool = False
    opens: time = time(8, 30)
    closes: time = time(17, 30)

    def is_working_day(self, day: date) -> bool:
        """Tell whether `day` is worked. Raises CalendarYearMissing."""
        if day in self.overrides:
            return self.overrides[day]
        if day.year not in self.years and not self.assume_weekdays:
            raise CalendarYearMissing(year=day.year)
        return day.weekday() < 5

    def next_working_day(self, day: date) -> date:
        """Give the first working day after `day`."""
        day += timedelta(days=1)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def add_working_days(self, day: date, days: int) -> date:
        """Give the working day that is `days` (≥ 0) working days after `day`.

        Zero gives `day` itself if it is worked, else the next working day.
        """
        if days == 0:
            return day if self.is_working_day(day) else self.next_working_day(day)
        for _ in range(days):
            day = self.next_working_day(day)
        return day

    def end_of_working_day(self, day: date) -> datetime:
        """Give the moment (UTC) at which work ends on `day`."""
        return self._at(day, self.closes)

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """Give the moment (UTC) when `duration` of working time has passed since `start`."""
        left = duration
        for opens, closes in self._shifts_from(start):
            begin = max(start.astimezone(UTC), opens)
            if closes - begin >= left:
                return begin + left
            left -= max(closes - begin, timedelta())
        raise AssertionError("shifts never end")

    def add_time_of_working_days(self, start: datetime, duration: timedelta) -> datetime:
        """Give the moment (UTC) when `duration` has passed since `start`, days off left out.

        All 24 hours of a working day count: an answer within a day is due the next working
        day at the same time.
        """
        left = duration
        day = start.astimezone(BUSINESS_ZONE).date()
        while True:
            if self.is_working_day(day):
                begin = max(start.astimezone(UTC), self._at(day, time()))
                rest = self._at(day + timedelta(days=1), time()) - begin
                if rest >= left:
                    return begin + left
                left -= rest
            day += timedelta(days=1)

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Give how much working time lies between two moments; zero if `end` is not later."""
        total = timedelta()
        if end <= start:
            return total
        for opens, closes in self._shifts_from(start):
            if opens >= end:
                break
            total += max(min(end, closes) - max(start, opens), timedelta())
        return total

    def after_standing_still(
        self, due_at: datetime, *, since: datetime, until: datetime
    ) -> datetime:
        """Give when something is due whose clock stood still: what was left then is left after.

        What was late when it stopped stays as late as it was.
        """
        if due_at <= since:
            return due_at
        left = self.working_time_between(since, due_at)
        return max(due_at, self.add_working_time(until, left))

    def _shifts_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = start.astimezone(BUSINESS_ZONE).date()
        while True:
            if self.is_working_day(day):
                yield self._at(day, self.opens), self._at(day, self.closes)
            day += timedelta(days=1)

    @staticmethod
    def _at(day: date, at: time) -> datetime:
        return datetime.combine(day, at, BUSINESS_ZONE).astimezone(UTC)


def _is_calendar(entered: Mapping[Any, Any]) -> bool:
    try:
        made = entered_calendar(entered, assume_weekdays=True)
    except (ValueError, TypeError, AttributeError):
        return False
    return all(isinstance(worked, bool) for worked in made.overrides.values()) and all(
        str(day.year) == year
        for year, days in entered.items()
        for day in map(date.fromisoformat, days)
    )


# Each service that counts working days has this among its rules; the gateway's /calendar
# enters a year in all of those services at once (chassis/service.py, change_calendar_year).
CALENDAR = Rule(
    "calendar",
    {},
    "by year entered, the days that differ from Monday to Friday: date → worked",
    fits=_is_calendar,
    form='years with their days, like {"2026": {"2026-10-01": false}}',
)


class HasSettings(Protocol):
    """What gives the business's numbers: a transaction."""

    def setting(self, key: str) -> Any: ...


def calendar_of(work: HasSettings, *, for_facts: bool = False) -> WorkingCalendar:
    """Give the calendar of working days as the settings have it.

    `for_facts`: a year nobody has entered counts as Monday to Friday, because what has
    happened, and the due time that follows from it, is never refused for want of a calendar.
    The try-out profile counts every such year so.
    """
    return entered_calendar(
        work.setting(CALENDAR.key),
        assume_weekdays=for_facts or os.environ.get("GENDAN_PROFILE") == TRYOUT,
    )


def entered_calendar(
    entered: Mapping[str, Mapping[str, bool]], *, assume_weekdays: bool
) -> WorkingCalendar:
    """Give the calendar of the years that were entered, as the setting has them."""
    return WorkingCalendar(
        years=frozenset(int(year) for year in entered),
        overrides={
            date.fromisoformat(day): worked
            for days in entered.values()
            for day, worked in days.items()
        },
        assume_weekdays=assume_weekdays,
    )
