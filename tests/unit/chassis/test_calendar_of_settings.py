"""X9: the calendar as the settings have it: entered years, and years nobody has entered."""

from datetime import date
from typing import Any

import pytest

from chassis.calendar import CalendarYearMissing, calendar_of

HOLIDAY, WORKED_SUNDAY = date(2026, 10, 1), date(2026, 9, 20)
ENTERED = {"2026": {HOLIDAY.isoformat(): False, WORKED_SUNDAY.isoformat(): True}}


class Settings:
    """A transaction whose only number is the calendar."""

    def __init__(self, calendar: dict[str, Any]) -> None:
        self.calendar = calendar

    def setting(self, key: str) -> Any:
        return {"calendar": self.calendar}[key]


@pytest.fixture(autouse=True)
def _production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENDAN_PROFILE", "production")


def test_an_entered_year_has_its_holidays_and_worked_weekends() -> None:
    calendar = calendar_of(Settings(ENTERED))

    assert not calendar.is_working_day(HOLIDAY)
    assert calendar.is_working_day(WORKED_SUNDAY)
    assert calendar.add_working_days(date(2026, 9, 30), 1) == date(2026, 10, 2)


def test_a_year_nobody_entered_is_asked_for_not_guessed() -> None:
    with pytest.raises(CalendarYearMissing) as missing:
        calendar_of(Settings(ENTERED)).is_working_day(date(2027, 1, 4))

    assert missing.value.details == {"year": 2027}


def test_what_has_happened_is_never_refused_for_want_of_a_calendar() -> None:
    calendar = calendar_of(Settings(ENTERED), for_facts=True)

    assert calendar.is_working_day(date(2027, 1, 4))
    assert not calendar.is_working_day(HOLIDAY)


def test_the_try_out_profile_takes_missing_years_as_monday_to_friday(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GENDAN_PROFILE", "tryout")

    assert calendar_of(Settings({})).is_working_day(date(2027, 1, 4))
