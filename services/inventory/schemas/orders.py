"""What inventory reads of the events of orders."""

from typing import Any

from marshmallow import ValidationError, fields

from chassis.schema import Copy, Identity, Quantity
from services.inventory.domain.product import Supply

# Each carries the order's whole public view; anomaly_raised concerns nothing here.
ORDER_EVENTS = (
    "memo_taken",
    "order_drafted",
    "order_changed",
    "order_submitted",
    "order_returned_to_draft",
    "order_approved",
    "confirmation_sent",
    "order_confirmed",
    "sign_back_verified",
    "order_started",
    "order_fulfilled",
    "order_closed",
    "order_reopened",
    "cancel_requested",
    "cancel_refused",
    "order_cancelled",
    "order_held",
    "order_resumed",
    "order_expired",
    "order_handed_over",
    "dates_slid",
    "line_short_closed",
    "past_order_recorded",
)


class LineAsKnown(Copy):
    """The fields of an order line that inventory cannot do without."""

    id = Identity(required=True)
    line_no = fields.Integer(required=True)
    product_id = Identity(required=True, allow_none=True)
    product_code = fields.String(required=True, allow_none=True)
    quantity = Quantity(required=True, allow_none=True)
    supply = fields.Enum(Supply, by_value=True, required=True, allow_none=True)
    short_closed = fields.Boolean(load_default=False)


class OrderAsKnown(Copy):
    """The fields of an order's public view that inventory cannot do without."""

    id = Identity(required=True)
    number = fields.String(required=True)
    version = fields.Integer(required=True)
    revision = fields.Integer(required=True)
    stage = fields.String(required=True)
    production_due = fields.Date(load_default=None, allow_none=True)
    customer_due = fields.Date(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(LineAsKnown), required=True)


_KNOWN = OrderAsKnown()


def _is_view_of_order(view: dict[str, Any]) -> None:
    if problems := _KNOWN.validate(view):
        raise ValidationError([str(problems)])


class OrderEvent(Copy):
    """An event of an order: its view as it came, once the fields needed have been checked."""

    order = fields.Dict(required=True, validate=_is_view_of_order)
