"""The calendar as one of its services keeps it: entered year by year, by several at once (X9)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.policy import SettingNotAllowed
from tests.integration.inventory.goods_story import Goods


def calendar_in(goods: Goods) -> Any:
    settings = goods.ask("list_settings")["items"]
    return next(each["value"] for each in settings if each["key"] == "calendar")


def enter(goods: Goods, year: str, day: str) -> Any:
    return goods.tell(
        "change_calendar_year", year=year, days={day: False}, reason="holidays", note=None
    )


def test_years_that_are_entered_at_the_same_time_are_all_kept(goods: Goods) -> None:
    days = {str(year): f"{year}-10-01" for year in range(2026, 2034)}
    assert calendar_in(goods) == {}

    with ThreadPoolExecutor(len(days)) as people:
        list(people.map(lambda each: enter(goods, *each), days.items()))

    assert calendar_in(goods) == {year: {day: False} for year, day in days.items()}


def test_a_year_that_is_entered_again_is_logged_with_what_it_was(goods: Goods) -> None:
    enter(goods, "2026", "2026-10-01")
    enter(goods, "2027", "2027-10-01")
    enter(goods, "2026", "2026-10-02")

    log = goods.ask("list_changes", entity_type="setting", entity_id="calendar")["items"]

    assert log[0]["changes"] == {"2026": [{"2026-10-01": False}, {"2026-10-02": False}]}
    assert log[1]["changes"] == {"2027": [None, {"2027-10-01": False}]}
    assert calendar_in(goods)["2027"] == {"2027-10-01": False}


def test_days_of_another_year_are_refused_and_nothing_is_changed(goods: Goods) -> None:
    with pytest.raises(SettingNotAllowed):
        enter(goods, "2026", "2027-10-01")

    assert calendar_in(goods) == {}
