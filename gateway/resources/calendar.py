"""The calendar of working days, entered year by year for all services that count them (X9)."""

from typing import Any
from uuid import uuid4

from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy import func, select

from chassis.database import Work
from chassis.errors import Invalid, NotFound
from chassis.schema import Message, Text
from gateway.calls import Call
from gateway.operations import Answer, Operation
from gateway.own_commands import run_once

# Who counts working days; each keeps the whole calendar among its settings.
COUNTING = ("orders", "inventory", "shipping", "aftersales")
SETTING = "calendar"
_ENTERING_LOCK = 0x63616C65


class YearNotEntered(NotFound):
    """Nobody has entered that year's working days."""

    code = "calendar_year_missing"
    en = "The working days of {year} have not been entered yet."
    zh = "{year} 年的工作日历尚未录入。"


class YearWrong(Invalid):
    """The path names no year."""

    code = "calendar_year_wrong"
    en = "{year} is not a year from 2000 to 2100."
    zh = "{year} 不是 2000 至 2100 之间的年份。"


class DayOutsideYear(Invalid):
    """A day of another year than the one that is entered."""

    code = "calendar_day_outside_year"
    en = "{day} is not a day of {year}, the year that is entered here."
    zh = "{day} 不属于所录入的 {year} 年。"


class CalendarIsForAll(Invalid):
    """Set for one service alone, its working days would be others than everybody's."""

    code = "calendar_is_for_all"
    en = "The calendar is entered year by year for all services: PUT /api/v1/calendar/{{year}}."
    zh = "工作日历按年为全部服务统一录入：PUT /api/v1/calendar/{{year}}。"


class CalendarYear(Message):
    """The days of a year that differ from Monday to Friday, as the State Council announced."""

    days = fields.Dict(
        keys=fields.Date(),
        values=fields.Boolean(truthy={True}, falsy={False}),
        required=True,
        validate=validate.Length(max=200),
        metadata={"description": "date → true: worked, false: off"},
    )
    reason = Text(required=True, least=1, most=60)
    note = Text(load_default=None, allow_none=True, most=1000)

    @validates_schema
    def _of_one_year(self, data: dict[str, Any], **_: Any) -> None:
        if len({day.year for day in data["days"]}) > 1:
            raise ValidationError("All days must lie in one year.", "days")


class YearEntered(Answer):
    """A year's days that differ from Monday to Friday."""

    year = fields.Integer()
    days = fields.Dict(keys=fields.Date(), values=fields.Boolean())


def show(call: Call) -> dict[str, Any]:
    year, entered = _year(call), _entered(call)
    if year not in entered:
        raise YearNotEntered(year=year)
    return {"year": int(year), "days": entered[year]}


def enter(call: Call) -> dict[str, Any]:
    year, days = _year(call), call.body["days"]
    for day in days:
        if not day.startswith(year):
            raise DayOutsideYear(day=day, year=year)
    run_once(call, "enter_calendar_year", lambda work: _enter_in_all(work, call, year))
    return {"year": int(year), "days": days}


def _enter_in_all(work: Work, call: Call, year: str) -> dict[str, Any]:
    """Enter the year in all services; where one refuses, the same request again settles it.

    The only calls that are made inside a transaction: its lock lets those who enter at once
    follow each other in the same order everywhere. Each attempt has a key of its own: a service
    that took the last one writes the year again, over what others entered there since.
    """
    work.connection.execute(select(func.pg_advisory_xact_lock(_ENTERING_LOCK)))
    change, key = {**call.body, "year": year}, str(uuid4())
    for name in COUNTING:
        call.services.ask(
            f"{name}.change_calendar_year", change, call.principal, deadline=call.deadline, key=key
        )
    return change


def _entered(call: Call) -> dict[str, Any]:
    settings = call.ask(f"{COUNTING[0]}.list_settings", {})["items"]
    found: dict[str, Any] = next(one["value"] for one in settings if one["key"] == SETTING)
    return found


def _year(call: Call) -> str:
    year = str(call.path["year"])
    if not (year.isascii() and year.isdigit() and 2000 <= int(year) <= 2100):
        raise YearWrong(year=year[:20])
    return year


OPERATIONS = [
    Operation(
        method="GET",
        path="/calendar/{year}",
        do=show,
        permission="calendar.read",
        summary="The days of a year that differ from Monday to Friday",
        tag="settings",
        answer=YearEntered,
    ),
    Operation(
        method="PUT",
        path="/calendar/{year}",
        do=enter,
        permission="calendar.change",
        summary="Enter a year's working days for all services",
        tag="settings",
        body=CalendarYear,
        answer=YearEntered,
    ),
]
