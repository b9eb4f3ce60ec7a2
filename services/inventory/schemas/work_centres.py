"""Work centres on the wire."""

from collections.abc import Iterable
from typing import Any

from marshmallow import fields, validate

from chassis.schema import CODE, Identity, Message, Moment, PageRequest, Quantity, Text, dump
from services.inventory.domain.work_centre import BoardDay, WorkCentre

_A_DAY = validate.Range(max=24)


class CreateWorkCentre(Message):
    """A new work centre."""

    code = fields.String(required=True, validate=CODE)
    name = Text(required=True, least=1, most=120)
    hours_per_day = Quantity(required=True, above=0, validate=_A_DAY)
    quantity_per_hour = Quantity(required=True, above=0)
    categories = fields.List(
        Text(least=1, most=60), load_default=list, validate=validate.Length(max=50)
    )


class ChangeWorkCentre(Message):
    """What is to change, and why."""

    code = fields.String(required=True, validate=CODE)
    name = Text(least=1, most=120)
    hours_per_day = Quantity(above=0, validate=_A_DAY)
    quantity_per_hour = Quantity(above=0)
    categories = fields.List(Text(least=1, most=60), validate=validate.Length(max=50))
    active = fields.Boolean()
    reason = Text(load_default=None, allow_none=True, most=60)
    note = Text(load_default=None, allow_none=True, most=1000)
    expected_version = fields.Integer(load_default=None, allow_none=True)


class GetWorkCentre(Message):
    """Which work centre."""

    code = Text(required=True, least=1, most=20)


class SearchWorkCentres(PageRequest):
    """Which work centres."""

    active = fields.Boolean(load_default=None, allow_none=True)


class GetBoard(GetWorkCentre):
    """From which day on, and how many days."""

    since = fields.Date(load_default=None, allow_none=True)
    days = fields.Integer(load_default=14, validate=validate.Range(1, 92))


class WorkCentreView(Message):
    """A work centre."""

    id = Identity()
    code = fields.String()
    name = fields.String()
    hours_per_day = Quantity()
    quantity_per_hour = Quantity()
    per_day = Quantity()
    categories = fields.List(fields.String())
    active = fields.Boolean()
    created_at = Moment()
    version = fields.Integer()


class WorkCentrePage(Message):
    """Some work centres, and the cursor of the rest."""

    items = fields.List(fields.Nested(WorkCentreView))
    next = fields.String()


class BoardDayView(Message):
    """One day of a work centre: what it can make, what is booked, what is free."""

    day = fields.Date()
    per_day = Quantity()
    booked = Quantity()
    free = Quantity()


class BookedView(Message):
    """What is booked for one line."""

    line_id = Identity()
    quantity = Quantity()
    production_due = fields.Date()


def work_centre_view(centre: WorkCentre) -> Any:
    return dump(WorkCentreView, centre)


def board_view(days: Iterable[BoardDay]) -> Any:
    """Dump a work centre's days with what is booked on each, and for which order."""
    day_view, booked_view = BoardDayView(), BookedView()
    return {
        "items": [
            {
                **day_view.dump(day),
                "slots": [
                    {"order_number": number, **booked_view.dump(slot)} for slot, number in day.slots
                ],
            }
            for day in days
        ]
    }
