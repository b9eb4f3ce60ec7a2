"""How this service's facts are dumped, and what it reads of its neighbours' facts."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, post_load

from chassis.events import Event
from chassis.schema import Amount, Copy, Identity, Moment, Percent, Price, Quantity
from services.customers.domain import events
from services.customers.schemas.credit import CreditStopFact, MoneyFact
from services.customers.schemas.customers import CustomerFact
from services.customers.schemas.payments import (
    CreditNoteFact,
    InvoiceFact,
    NoticeFact,
    PaymentFact,
)

EVENTS: Mapping[type[Event], Schema] = {
    events.CustomerChanged: CustomerFact(),
    events.CreditStopChanged: CreditStopFact(),
    events.PaymentClaimed: PaymentFact(),
    events.PaymentVerified: PaymentFact(),
    events.PaymentRejected: PaymentFact(),
    events.PaymentReversed: PaymentFact(),
    events.OrderMoneyChanged: MoneyFact(),
    events.NoticeMade: NoticeFact(),
    events.InvoiceMade: InvoiceFact(),
    events.CreditNoteMade: CreditNoteFact(),
}


class CopiedCustomer(Copy):
    """Whose order it is."""

    id = Identity(required=True)


class CopiedLine(Copy):
    """What a line's money depends on; in an unfinished order much of it is missing."""

    id = Identity(required=True)
    line_no = fields.Integer(required=True)
    product_code = fields.String(load_default="", allow_none=True)
    product_name = fields.String(load_default="", allow_none=True)
    unit = fields.String(load_default="", allow_none=True)
    unit_decimals = fields.Integer(load_default=3, allow_none=True)
    supply = fields.String(load_default="stock", allow_none=True)
    quantity = Quantity(load_default=0, allow_none=True)
    unit_price = Price(load_default=0, allow_none=True)
    discount = Amount(load_default=0, allow_none=True)
    tolerance_over = Percent(load_default=0, allow_none=True)
    shipped_quantity = Quantity(load_default=None, allow_none=True)
    signed_quantity = Quantity(load_default=None, allow_none=True)
    short_closed = fields.Boolean(load_default=False)

    @post_load
    def fill(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Count what is missing as nothing."""
        zeros = ("quantity", "unit_price", "discount", "tolerance_over", "unit_decimals")
        return {**data, **{name: data[name] or 0 for name in zeros}}


class CopiedCoupon(Copy):
    """A gift that an order's prices earn."""

    promotion_code = fields.String(required=True)
    amount = Amount(required=True)


class CopiedOrder(Copy):
    """What this service reads of an order's public view."""

    id = Identity(required=True)
    number = fields.String(required=True)
    stage = fields.String(required=True)
    revision = fields.Integer(load_default=0)
    customer = fields.Nested(CopiedCustomer, required=True, allow_none=True)
    total = Amount(load_default=0, allow_none=True)
    created_at = Moment(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(CopiedLine), load_default=list)
    coupons = fields.List(fields.Nested(CopiedCoupon), load_default=list)

    @post_load
    def fill(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Count a total that is missing as nothing."""
        return {**data, "total": data["total"] or 0}


class OrderFact(Copy):
    """A fact about an order: it carries the whole public view."""

    order = fields.Nested(CopiedOrder, required=True)


class PastOrderFact(OrderFact):
    """An order of the old books."""

    fulfilled = fields.Boolean(required=True)


class CopiedInstruction(Copy):
    """Which instruction's goods were stocked, and whether a further one makes what lacks."""

    id = Identity(required=True)
    rest_follows = fields.Boolean(load_default=False)


class GoodsStockedFact(Copy):
    """Goods of a made line passed inspection and are in finished stock."""

    instruction = fields.Nested(CopiedInstruction, required=True)
    accepted_quantity = Quantity(required=True)
    order_id = Identity(required=True)
    line_id = Identity(required=True)
    order_complete = fields.Boolean(required=True)


class CopiedShipmentLine(Copy):
    """What a shipment has of one line."""

    line_id = Identity(required=True)
    quantity = Quantity(required=True)


class CopiedShipment(Copy):
    """What this service reads of a shipment."""

    id = Identity(required=True)
    number = fields.String(required=True)
    order_id = Identity(required=True)
    lines = fields.List(fields.Nested(CopiedShipmentLine), required=True)
    dispatched_at = Moment(load_default=None, allow_none=True)


class ShipmentFact(Copy):
    """A fact about a shipment."""

    shipment = fields.Nested(CopiedShipment, required=True)


class CopiedCase(Copy):
    """Which case was settled."""

    id = Identity(required=True)
    number = fields.String(load_default="")


class RefundSettledFact(Copy):
    """A case was settled with a refund."""

    case = fields.Nested(CopiedCase, required=True)
    order_id = Identity(required=True)
    amount = Amount(required=True)
