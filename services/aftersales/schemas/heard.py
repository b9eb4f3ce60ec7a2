"""What after-sales reads of other services' events; what it does not know is left out."""

from marshmallow import INCLUDE, fields

from chassis.schema import Copy


class _View(Copy):
    """A record of another service, kept whole."""

    class Meta:
        unknown = INCLUDE


class Order(_View):
    id = fields.String(required=True)
    number = fields.String(required=True)
    customer = fields.Dict(required=True, allow_none=True)
    lines = fields.List(fields.Dict(), required=True)


class OrderMoved(Copy):
    order = fields.Nested(Order, required=True)


class Shipment(_View):
    id = fields.String(required=True)
    number = fields.String(required=True)
    order_id = fields.String(required=True)
    order_number = fields.String(required=True)
    customer_id = fields.String(load_default=None, allow_none=True)
    customer_name = fields.String(load_default="", allow_none=True)
    state = fields.String(required=True)
    lines = fields.List(fields.Dict(), required=True)


class ShipmentMoved(Copy):
    shipment = fields.Nested(Shipment, required=True)


class ShipmentFailed(ShipmentMoved):
    note = fields.String(required=True)
