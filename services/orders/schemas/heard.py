"""What orders reads of other services' events; what it does not know is left out."""

from typing import ClassVar

from marshmallow import INCLUDE, fields

from chassis.schema import Copy


class _View(Copy):
    """A record of another service; kept whole, so that fields added there are not lost."""

    class Meta:
        unknown = INCLUDE


class Customer(_View):
    id = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    grade = fields.String(required=True)
    region = fields.String(load_default=None, allow_none=True)
    salesperson_id = fields.String(load_default=None, allow_none=True)
    salesperson_name = fields.String(load_default=None, allow_none=True)
    active = fields.Boolean(load_default=True)


class CustomerChanged(Copy):
    customer = fields.Nested(Customer, required=True)


class Product(_View):
    id = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    spec = fields.String(load_default="", allow_none=True)
    unit = fields.String(required=True)
    unit_decimals = fields.Integer(required=True)
    default_supply = fields.String(required=True)
    tolerance_over = fields.String(required=True)
    tolerance_under = fields.String(required=True)
    packing = fields.String(load_default=None, allow_none=True)
    active = fields.Boolean(load_default=True)


class ProductChanged(Copy):
    product = fields.Nested(Product, required=True)


class Money(_View):
    order_id = fields.String(required=True)
    worth = fields.String(load_default=None, allow_none=True)
    verified = fields.String(load_default=None, allow_none=True)
    deposit_due = fields.String(load_default=None, allow_none=True)
    deposit_met = fields.Boolean(load_default=None, allow_none=True)
    paid_in_full = fields.Boolean(load_default=None, allow_none=True)


class OrderMoneyChanged(Copy):
    money = fields.Nested(Money, required=True)


class Statement(_View):
    order_id = fields.String(required=True)
    kind = fields.String(required=True)
    revision = fields.Integer(required=True)
    verdict = fields.String(required=True)
    text = fields.String(load_default=None, allow_none=True)
    signer_id = fields.String(required=True)
    signer_name = fields.String(required=True)
    signed_at = fields.String(required=True)


class StatementSigned(Copy):
    statement = fields.Nested(Statement, required=True)


class Instruction(_View):
    number = fields.String(required=True)
    order_id = fields.String(required=True)
    line_id = fields.String(required=True)
    state = fields.String(required=True)
    # Of all instructions for the line so far.
    line_produced_quantity = fields.String(load_default=None, allow_none=True)
    line_accepted_quantity = fields.String(load_default=None, allow_none=True)
    # The goods of a further instruction are still to come, which is announced by itself.
    rest_follows = fields.Boolean(load_default=False)
    # What comes next for it: its state, or what comes between two states.
    follows = fields.String(load_default=None, allow_none=True)


class InstructionMoved(Copy):
    instruction = fields.Nested(Instruction, required=True)


class InstructionBecameAbnormal(InstructionMoved):
    class Meta(Copy.Meta):
        # Python's word cannot name a field.
        include: ClassVar = {"class": fields.String(load_default=None, allow_none=True)}

    reason = fields.String(load_default=None, allow_none=True)
    measure = fields.String(load_default=None, allow_none=True)


class ShipmentLine(_View):
    line_id = fields.String(required=True)
    quantity = fields.String(required=True)
    line_no = fields.Integer(load_default=None, allow_none=True)
    signed_quantity = fields.String(load_default=None, allow_none=True)
    damaged_quantity = fields.String(load_default=None, allow_none=True)


class Shipment(_View):
    id = fields.String(required=True)
    number = fields.String(required=True)
    order_id = fields.String(required=True)
    state = fields.String(required=True)
    release_withdrawn_at = fields.String(load_default=None, allow_none=True)
    damage = fields.String(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(ShipmentLine), load_default=[])


class ShipmentMoved(Copy):
    shipment = fields.Nested(Shipment, required=True)


class ScanRejected(Copy):
    shipment = fields.Nested(Shipment, required=True)
    reason = fields.String(load_default=None, allow_none=True)
