"""Calendar, clock, grams, life cycles, errors, rules."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import clock, errors
from chassis.calendar import CALENDAR as CALENDAR_RULE
from chassis.calendar import CalendarYearMissing, WorkingCalendar
from chassis.grams import folded, grams, is_gram, wanted, words
from chassis.lifecycle import IllegalMove, Lifecycle
from chassis.policy import Rule, SettingNotAllowed

OFF, WORKED = date(2026, 10, 1), date(2026, 10, 10)
CALENDAR = WorkingCalendar(years=frozenset({2026}), overrides={OFF: False, WORKED: True})
FRIDAY = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # 17:00 in Shanghai, half an hour to go


def test_overrides_beat_the_week_and_a_year_nobody_entered_is_asked_for() -> None:
    assert [CALENDAR.is_working_day(day) for day in (OFF, WORKED, date(2026, 10, 11))] == [
        False,
        True,
        False,
    ]
    with pytest.raises(CalendarYearMissing) as refused:
        CALENDAR.is_working_day(date(2027, 1, 4))
    assert refused.value.details == {"year": 2027}


def test_working_time_runs_over_the_weekend() -> None:
    end = CALENDAR.add_working_time(FRIDAY, timedelta(hours=1))
    assert end == datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    assert CALENDAR.working_time_between(FRIDAY, end) == timedelta(hours=1)
    assert CALENDAR.working_time_between(end, FRIDAY) == timedelta()


def test_what_stood_still_has_as_much_left_as_when_it_stopped() -> None:
    hour, until = timedelta(hours=1), datetime(2026, 11, 30, 2, tzinfo=UTC)
    moved = CALENDAR.after_standing_still(FRIDAY, since=FRIDAY - hour, until=until)
    assert moved == until + hour
    assert CALENDAR.after_standing_still(FRIDAY, since=FRIDAY, until=until) == FRIDAY


def test_a_day_to_answer_leaves_the_weekend_out_and_counts_all_hours_of_a_working_day() -> None:
    day = timedelta(hours=24)
    assert CALENDAR.add_time_of_working_days(FRIDAY, day) == FRIDAY + timedelta(days=3)
    assert CALENDAR.add_time_of_working_days(FRIDAY - day, day) == FRIDAY
    saturday_noon = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
    end_of_monday = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    assert CALENDAR.add_time_of_working_days(saturday_noon, day) == end_of_monday


def test_zero_working_days_is_today_or_the_next_one_worked() -> None:
    saturday, monday = date(2026, 11, 28), date(2026, 11, 30)
    assert CALENDAR.add_working_days(saturday, 0) == monday
    assert CALENDAR.add_working_days(monday, 0) == monday
    assert CALENDAR.add_working_days(saturday, 2) == date(2026, 12, 1)


def test_the_business_day_begins_in_shanghai() -> None:
    assert clock.business_date(datetime(2026, 11, 22, 15, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert clock.business_date(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == date(2026, 11, 23)


def test_business_time_is_machine_time_plus_what_the_file_says(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "clock"
    file.write_text("86400")
    monkeypatch.setenv("GENDAN_CLOCK_FILE", str(file))
    monkeypatch.setattr(clock, "_LOOK_EVERY_SECONDS", 0.0)
    moved = clock.business_now() - clock.machine_now()
    assert abs(moved - timedelta(days=1)) < timedelta(seconds=1)
    monkeypatch.delenv("GENDAN_CLOCK_FILE")
    assert abs(clock.business_now() - clock.machine_now()) < timedelta(seconds=1)


@given(st.text(max_size=60), st.integers(0, 59), st.integers(1, 60))
def test_every_part_of_a_text_is_found_by_its_grams(text: str, start: int, length: int) -> None:
    part = folded(text)[start : start + length]
    assert set(wanted(part)) <= set(grams(text))


def test_of_letters_and_digits_four_in_a_row_are_asked_for_instead_of_pairs() -> None:
    assert wanted("0571-8") == ["0571", "5718"]
    assert wanted("州BK01有") == ["1有", "bk01", "州b"]
    assert [text for text in ("纸", "纸品", "8571", "857", "杭州纸") if is_gram(text)] == [
        "纸",
        "纸品",
        "8571",
    ]


def test_full_width_and_case_are_folded() -> None:
    assert folded("Ａbc－１２３ 纸") == "abc123纸"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("上海（华东） 纸业", ["上海华东", "纸业"]),
        ("+86 138 0000-8888", ["13800008888"]),
        ("0086-571-88886666", ["57188886666"]),
        ("(0571) 8888 6666", ["057188886666"]),
        ("８６１３８００００８８８８", ["8613800008888"]),
        ("80 80", ["80", "80"]),
        (" ％ ", []),
    ],
)
def test_a_search_is_for_words_and_a_phone_is_one_of_them(typed: str, found: list[str]) -> None:
    assert words(typed) == found


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


def test_a_table_with_a_hole_is_refused_when_it_is_made() -> None:
    tables: list[dict[Light, set[Light]]] = [
        {Light.RED: {Light.GREEN}},
        {Light.RED: set(), Light.GREEN: set()},
        {Light.RED: {Light.GREEN}, Light.GREEN: {Light.RED}},
    ]
    for moves in tables:
        with pytest.raises(ValueError, match="states"):
            Lifecycle("light", moves, initial=Light.RED)


def test_an_illegal_move_names_entity_state_and_wish() -> None:
    light = Lifecycle("light", {Light.RED: {Light.GREEN}, Light.GREEN: set()}, initial=Light.RED)
    light.check(Light.RED, Light.GREEN)
    with pytest.raises(IllegalMove) as refused:
        light.check(Light.GREEN, Light.RED)
    assert refused.value.message == "light cannot go from green to red; allowed from here: -."


@pytest.mark.parametrize("family", errors.FAMILIES.values())
def test_an_error_crosses_the_wire_unchanged(family: type[errors.GendanError]) -> None:
    class Told(family):  # type: ignore[valid-type,misc]
        code = "told"
        en = "{a} and {{braces}} and {missing}"
        zh = "{a}"

    sent = Told(a=Decimal("1.50"), on=date(2026, 1, 2))
    got = errors.from_wire(sent.to_wire())
    assert type(got) is family
    assert got.to_wire() == sent.to_wire()
    assert got.message == "1.50 and {braces} and ?"


@pytest.mark.parametrize(
    ("rule", "given", "read"),
    [
        (Rule("n", 4, "", 1, 80), 5, 5),
        (Rule("p", Decimal(10), "", Decimal(0), Decimal(100)), "12.5", Decimal("12.5")),
        (Rule("b", False, ""), True, True),
        (Rule("l", [3, 7], "", 1, 366), [1, 366], [1, 366]),
        (CALENDAR_RULE, {"2026": {"2026-10-01": False}}, {"2026": {"2026-10-01": False}}),
    ],
)
def test_a_setting_is_read_in_its_rules_type(rule: Rule, given: Any, read: Any) -> None:
    assert rule.parsed(given) == read


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        (Rule("n", 4, "", 1, 80), 0),
        (Rule("n", 4, "", 1, 80), 81),
        (Rule("n", 4, ""), True),
        (Rule("n", 4, ""), "5"),
        (Rule("p", Decimal(10), ""), "NaN"),
        (Rule("p", Decimal(10), ""), True),
        (Rule("s", "a", "", choices=("a", "b")), "c"),
        (Rule("p", Decimal(10), ""), "1e999999"),
        # Written out, ten megabytes.
        (Rule("p", Decimal(10), ""), "1e-9999999"),
        (Rule("p", Decimal(10), ""), "0e9999999"),
        (Rule("p", Decimal(10), ""), "0." + "1" * 13),
        (Rule("n", 4, ""), 10**13 + 1),
        (Rule("s", "a", ""), "x" * 201),
        (Rule("l", [3, 7], "", 1, 366), [3, "7"]),
        (Rule("l", [3, 7], "", 1, 366), [3, 367]),
        (Rule("l", [3, 7], "", 1, 366), [1] * 61),
        (CALENDAR_RULE, {"x": 1}),
        (CALENDAR_RULE, {"2026-11-30": "maybe"}),
        (CALENDAR_RULE, {"2026": {"2026-13-01": True}}),
        (CALENDAR_RULE, {"2026": {"2027-01-01": True}}),
        (CALENDAR_RULE, {"2026": {"2026-01-01": "no"}}),
    ],
)
def test_a_setting_beyond_its_rule_is_refused(rule: Rule, given: Any) -> None:
    with pytest.raises(SettingNotAllowed):
        rule.parsed(given)


def test_a_setting_that_is_refused_is_told_what_is_allowed_in_both_languages() -> None:
    days = Rule("days", 7, "", 1, 365)
    terms = Rule("terms", "account", "", choices=("account", "prepaid"))

    with pytest.raises(SettingNotAllowed) as too_many:
        days.parsed(366)
    with pytest.raises(SettingNotAllowed) as unknown:
        terms.parsed("cash")

    assert too_many.value.message == (
        "366 is not allowed for days: a whole number, at least 1, at most 365."
    )
    assert too_many.value.message_zh == "设置 days 不允许取值 366：整数，最小 1，最大 365。"
    assert unknown.value.message_zh.endswith("：文本，可选 account、prepaid。")
