"""The calendar of working days and hours, on which clocks, due times and cut-offs run (X9).

The State Council announces each year's holidays and the weekends worked for them in the
autumn before; so the days that differ from Monday-to-Friday are a table per year, and a
working calendar answers only for years it was given: a year that nobody has entered is
asked for, not guessed. In the try-out profile missing years count as Monday to Friday.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

from chassis.clock import BUSINESS_ZONE
from chassis.errors import Conflict


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

    def _shifts_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = start.astimezone(BUSINESS_ZONE).date()
        while True:
            if self.is_working_day(day):
                yield self._at(day, self.opens), self._at(day, self.closes)
            day += timedelta(days=1)

    @staticmethod
    def _at(day: date, at: time) -> datetime:
        return datetime.combine(day, at, BUSINESS_ZONE).astimezone(UTC)


@lru_cache(maxsize=1)
def installed() -> WorkingCalendar:
    """Give this installation's calendar, read once a process.

    GENDAN_CALENDAR_FILE names a JSON file `{"years": [2026], "days": {"2026-10-01": false}}`:
    the years entered and the days in them that differ from Monday to Friday. The try-out
    profile assumes Monday to Friday for every year that is not in it.
    """
    path = os.environ.get("GENDAN_CALENDAR_FILE")
    entered = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    return WorkingCalendar(
        years=frozenset(entered.get("years", ())),
        overrides={
            date.fromisoformat(day): bool(worked) for day, worked in entered.get("days", {}).items()
        },
        assume_weekdays=os.environ.get("GENDAN_PROFILE") == "tryout",
    )
