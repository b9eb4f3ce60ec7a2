"""Fields and pages that many messages share."""

from decimal import Decimal
from typing import Any

from marshmallow import fields

from chassis.reasons import Reason
from chassis.schema import CODE, Message, PageRequest, Text, one_of

# One payment or limit; sums of thousands of them still fit their column.
LARGEST_SUM = Decimal("9999999999.99")


def code(**kwargs: Any) -> fields.String:
    """Give the field of a code that people call something by."""
    return fields.String(validate=CODE, **kwargs)


def number(**kwargs: Any) -> Text:
    """Give the field of a number for people, as they say or type it."""
    return Text(least=1, most=20, **kwargs)


class Change(Message):
    """A change of something that is there: the version it was read in, and why."""

    expected_version = fields.Integer(load_default=None, allow_none=True)
    reason = one_of(Reason, load_default=None, allow_none=True)
    note = Text(load_default=None, allow_none=True, most=1000)


class Page(PageRequest):
    """A page of a list that has no filter."""


def page(view: Any, rows: tuple[Any, str | None]) -> dict[str, Any]:
    """Dump a page of a list with the cursor of the next one."""
    items, cursor = rows
    return {"items": view.dump(items, many=True), "next": cursor}
