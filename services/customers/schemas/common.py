"""The fields that many messages share."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from chassis.reasons import Reason
from chassis.schema import CODE, Message, Moment, PageRequest, Text, one_of

# One payment or limit; sums of thousands of them still fit their column.
LARGEST_SUM = Decimal("9999999999.99")


def code(**kwargs: Any) -> fields.String:
    """Give the field of a code that people call something by."""
    return fields.String(validate=CODE, **kwargs)


def number(**kwargs: Any) -> Text:
    """Give the field of a number for people: a letter, the business date, six digits."""
    return Text(least=1, most=20, **kwargs)


class Change(Message):
    """A change of something that is there: the version it was read in, and why."""

    expected_version = fields.Integer(load_default=None, allow_none=True)
    reason = one_of(Reason, load_default=None, allow_none=True)
    note = Text(load_default=None, allow_none=True, most=1000)


class WorkRequest(Message):
    """How much of the work list is wanted."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


class WorkItem(Message):
    """Something that waits for a person."""

    kind = fields.String()
    title = fields.String()
    title_zh = fields.String()
    order_number = fields.String(allow_none=True)
    customer_name = fields.String(allow_none=True)
    entity_type = fields.String()
    entity_number = fields.String()
    roles = fields.List(fields.String())
    person_id = fields.String(allow_none=True)
    due_at = Moment()
    verb = fields.String(allow_none=True)
    path = fields.String()


class Page(PageRequest):
    """A page of a list that has no filter."""


def page(view: Any, rows: tuple[Any, str | None]) -> dict[str, Any]:
    """Dump a page of a list with the cursor of the next one."""
    items, cursor = rows
    return {"items": view.dump(items, many=True), "next": cursor}
