"""What is sent about shipments: the bodies and queries of their operations."""

from decimal import Decimal

from marshmallow import fields, validate

from chassis.reasons import REASONS
from chassis.schema import Message, Moment, Quantity, Text
from gateway.attachments import ContentHash
from gateway.operations import Paged, Reasoned

METHODS = ("pickup_at_depot", "door", "own_vehicle", "courier")
STATES = (
    "requested",
    "released",
    "checked",
    "handed",
    "picking",
    "packed",
    "dispatched",
    "in_transit",
    "arrived",
    "signed",
    "exception",
    "lost",
    "returned_to_sender",
    "cancelled",
)
CHANNELS = ("phone", "sms", "wechat", "im", "email", "fax", "visit")
MOST_PARCELS = 999
MOST_LINES = 500


def _optional(most: int) -> Text:
    return Text(load_default=None, allow_none=True, most=most)


def _line_no(*, required: bool = True) -> fields.Integer:
    if required:
        return fields.Integer(required=True, strict=True, validate=validate.Range(1, 100_000))
    return fields.Integer(load_default=None, allow_none=True, strict=True)


class RequestedLine(Message):
    """A line of the order, by its number or id, and how much of it is to leave."""

    line_no = _line_no(required=False)
    line_id = fields.UUID(load_default=None, allow_none=True)
    quantity = Quantity(required=True, above=0)


class Delivery(Message):
    """Where to and how, where it differs from the order."""

    name = _optional(80)
    phone = _optional(40)
    address = _optional(300)
    method = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(METHODS))
    region = _optional(80)
    remark = Text(load_default="", most=500)


class DispatchRequest(Reasoned):
    """A dispatch request (商品销售发货申请通知单); an emergency waives its written form."""

    order_number = Text(required=True, least=1, most=30)
    lines = fields.List(
        fields.Nested(RequestedLine),
        required=True,
        validate=validate.Length(min=1, max=MOST_LINES),
    )
    delivery = fields.Nested(Delivery)
    emergency = fields.Boolean(load_default=False)


class ShipmentSearch(Paged):
    """Shipments by any combination."""

    number = _optional(30)
    order_number = _optional(30)
    customer_code = _optional(40)
    waybill = _optional(60)
    carrier_code = _optional(20)
    batch_day = fields.Date(load_default=None, allow_none=True)
    state = fields.List(
        fields.String(validate=validate.OneOf(STATES)),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=len(STATES)),
    )
    requested_from = Moment(load_default=None, allow_none=True)
    requested_before = Moment(load_default=None, allow_none=True)


class Release(Reasoned):
    """Let it leave; with override (the director, in an emergency) against the verdict."""

    override = fields.Boolean(load_default=False)


class ReadLine(Message):
    """A line as read aloud."""

    line_no = _line_no()
    quantity = Quantity(required=True)


class ReadBack(Message):
    """What a person reads aloud, item by item (复述)."""

    name = Text(required=True, most=200)
    phone = Text(required=True, most=40)
    address = Text(required=True, most=400)
    lines = fields.List(
        fields.Nested(ReadLine), required=True, validate=validate.Length(min=1, max=MOST_LINES)
    )


class Check(Reasoned):
    """What a second person reads on the request, compared with what is kept."""

    read_back = fields.Nested(ReadBack, required=True)
    override = fields.Boolean(load_default=False)


class ParcelCount(Reasoned):
    """How many parcels."""

    count = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=1, max=MOST_PARCELS)
    )


class WithCarrier(Reasoned):
    """Who carries it, how, and under which waybill."""

    carrier_code = _optional(20)
    mode_code = _optional(20)
    waybill = _optional(60)


class HandOver(WithCarrier):
    """What the dispatcher reads back; makes the parcels where none are made."""

    read_back = fields.Nested(ReadBack, required=True)
    parcels = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1, max=MOST_PARCELS),
    )


class SignedLine(Message):
    """What was signed for of a line."""

    line_no = _line_no()
    signed_quantity = Quantity(required=True, least=0)
    damaged_quantity = Quantity(load_default=Decimal(0), least=0)


class Signature(Reasoned):
    """The customer's signature; lines that are not named came in full, undamaged."""

    signer = Text(required=True, least=1, most=120)
    lines = fields.List(fields.Nested(SignedLine), validate=validate.Length(max=MOST_LINES))
    damage = _optional(1000)
    attachment = ContentHash(
        load_default=None, allow_none=True, metadata={"description": "the signed receipt"}
    )


class Failure(Message):
    """What went wrong on the way."""

    kind = fields.String(
        required=True, validate=validate.OneOf(("exception", "lost", "returned_to_sender"))
    )
    reason = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(REASONS))
    note = Text(required=True, least=1, most=1000)


class Withdrawal(Message):
    """Why a shipment is not to leave."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = Text(required=True, least=1, most=1000)


class Paper(Reasoned):
    """Which owed paper came in; finance_told: finance takes note of an emergency."""

    kind = fields.String(
        required=True, validate=validate.OneOf(("written_request", "finance_told"))
    )


class NoticeSent(Reasoned):
    """By which channel the dispatch notice went out, when, and whether it arrived legibly."""

    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    at = Moment(load_default=None, allow_none=True)
    received_clearly = fields.Boolean(required=True)


class ArrivalAsked(Message):
    """Asked after the goods, which have not come; when to ask again."""

    reason = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(REASONS))
    note = Text(required=True, least=1, most=1000)
    ask_again_at = Moment(required=True, metadata={"description": "from now on, within 92 days"})
