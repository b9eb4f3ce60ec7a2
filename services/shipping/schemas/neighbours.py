"""What shipping reads of its neighbours' events and answers."""

from marshmallow import fields

from chassis.schema import Copy, Identity, Moment, Quantity


class CopiedCustomer(Copy):
    """The customer of an order."""

    id = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    name = fields.String(required=True)
    grade = fields.String(load_default=None, allow_none=True)
    region = fields.String(load_default=None, allow_none=True)
    salesperson_id = fields.String(load_default=None, allow_none=True)
    salesperson_name = fields.String(load_default=None, allow_none=True)


class CopiedConsignee(Copy):
    """Who gets the goods."""

    name = fields.String(load_default=None, allow_none=True)
    phone = fields.String(load_default=None, allow_none=True)
    address = fields.String(load_default=None, allow_none=True)


class CopiedLine(Copy):
    """A line of an order; in a memo or draft it may be unfinished."""

    id = fields.String(required=True)
    line_no = fields.Integer(required=True)
    product_id = fields.String(required=True, allow_none=True)
    product_code = fields.String(required=True, allow_none=True)
    product_name = fields.String(required=True, allow_none=True)
    spec = fields.String(load_default=None, allow_none=True)
    unit = fields.String(load_default="", allow_none=True)
    unit_decimals = fields.Integer(load_default=3)
    supply = fields.String(required=True, allow_none=True)
    quantity = fields.String(required=True, allow_none=True)
    packing = fields.String(load_default=None, allow_none=True)
    short_closed = fields.Boolean(load_default=False)


class CopiedHold(Copy):
    """Why an order is on hold."""

    reason = fields.String(load_default=None, allow_none=True)


class CopiedOrder(Copy):
    """What shipping reads of an order's public view."""

    id = fields.String(required=True)
    number = fields.String(required=True)
    stage = fields.String(required=True)
    hold = fields.Nested(CopiedHold, load_default=None, allow_none=True)
    order_type = fields.String(load_default=None, allow_none=True)
    asked_at = fields.String(load_default=None, allow_none=True)
    customer = fields.Nested(CopiedCustomer, required=True, allow_none=True)
    clerk_name = fields.String(load_default=None, allow_none=True)
    consignee = fields.Nested(CopiedConsignee, load_default=None, allow_none=True)
    delivery_method = fields.String(load_default=None, allow_none=True)
    urgency = fields.String(load_default=None, allow_none=True)
    special_requirements = fields.String(load_default=None, allow_none=True)
    currency = fields.String(load_default=None, allow_none=True)
    total = fields.String(load_default=None, allow_none=True)
    terms = fields.String(load_default=None, allow_none=True)
    production_due = fields.String(load_default=None, allow_none=True)
    customer_due = fields.String(load_default=None, allow_none=True)
    confirmation_version = fields.Integer(load_default=None, allow_none=True)
    sign_back_verified = fields.Boolean(load_default=False)
    imported = fields.Boolean(load_default=False)
    confirmed_at = fields.String(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(CopiedLine), load_default=list)


class OrderFact(Copy):
    """Any event of orders: it carries the order's whole public view."""

    order = fields.Nested(CopiedOrder, required=True)


class ReversedMoney(Copy):
    """Whose money it was."""

    order_id = Identity(required=True)


class PaymentReversed(Copy):
    """Customers: a verified payment was reversed."""

    money = fields.Nested(ReversedMoney, load_default=None, allow_none=True)


class HeldLine(Copy):
    """Inventory: what is held of one order line."""

    line_id = fields.String(required=True)
    held = Quantity(required=True)
    consumed = Quantity(required=True)
    accepted_quantity = Quantity(load_default=None, allow_none=True)


class Holdings(Copy):
    """Inventory's answer to get_holdings."""

    lines = fields.List(fields.Nested(HeldLine), required=True)


class Verdict(Copy):
    """Customers' answer to check_release."""

    allowed = fields.Boolean(required=True)
    grade = fields.String(load_default=None, allow_none=True)
    terms = fields.String(load_default=None, allow_none=True)
    paid_at = Moment(load_default=None, allow_none=True)
