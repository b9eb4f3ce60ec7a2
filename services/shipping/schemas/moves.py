"""Commands on shipments."""

from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from chassis.reasons import REASONS
from chassis.schema import Identity, Message, Moment, Quantity, Text, one_of
from services.shipping.domain.order import BlockedFor
from services.shipping.domain.parcel_code import MOST_PARCELS

METHODS = ("pickup_at_depot", "door", "own_vehicle", "courier")
CODE = {"least": 1, "most": 20}


def _optional(most: int = 200) -> Text:
    return Text(load_default=None, allow_none=True, most=most)


def _reason(*, required: bool = False) -> fields.String:
    allowed = validate.OneOf(REASONS)
    if required:
        return fields.String(required=True, validate=allowed)
    return fields.String(load_default=None, allow_none=True, validate=allowed)


class AskedLine(Message):
    """One line of a dispatch request, named by number or id."""

    line_no = fields.Integer(load_default=None, allow_none=True, strict=True)
    line_id = Identity(load_default=None, allow_none=True)
    quantity = Quantity(required=True, above=0)

    @validates_schema
    def _name_it_once(self, data: dict[str, Any], **_: Any) -> None:
        if (data["line_no"] is None) == (data["line_id"] is None):
            raise ValidationError("Give line_no or line_id.", "line_no")


class Delivery(Message):
    """Where to and how, where it differs from the order."""

    name = _optional(80)
    phone = _optional(40)
    address = _optional(300)
    method = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(METHODS))
    region = _optional(80)
    remark = Text(load_default="", most=500)


class RequestDispatch(Message):
    """A dispatch request (商品销售发货申请通知单); `emergency` waives its written form."""

    order_number = Text(required=True, least=1, most=30)
    lines = fields.List(
        fields.Nested(AskedLine), required=True, validate=validate.Length(min=1, max=500)
    )
    delivery = fields.Nested(Delivery, load_default=lambda: Delivery().load({}))
    emergency = fields.Boolean(load_default=False)
    reason = _reason()
    note = _optional(1000)

    @validates_schema
    def _emergencies_say_why(self, data: dict[str, Any], **_: Any) -> None:
        if data["emergency"] and not data["note"]:
            raise ValidationError("An emergency needs a note that says why.", "note")


class Move(Message):
    """A move of one shipment."""

    shipment_number = Text(required=True, least=1, most=30)
    expected_version = fields.Integer(load_default=None, allow_none=True, strict=True)
    reason = _reason()
    note = _optional(1000)


class Overridable(Move):
    """A move that the director can force in an emergency, saying why."""

    override = fields.Boolean(load_default=False)

    @validates_schema
    def _overrides_say_why(self, data: dict[str, Any], **_: Any) -> None:
        if data["override"] and not data["note"]:
            raise ValidationError("An override needs a note that says why.", "note")


class Release(Overridable):
    """Let it leave."""


class ReadLine(Message):
    """One line as read aloud."""

    line_no = fields.Integer(required=True, strict=True)
    quantity = Quantity(required=True)


class ReadBack(Message):
    """What a person reads aloud of a shipment, item by item (复述)."""

    name = Text(required=True, most=200)
    phone = Text(required=True, most=40)
    address = Text(required=True, most=400)
    lines = fields.List(
        fields.Nested(ReadLine), required=True, validate=validate.Length(min=1, max=500)
    )


class Check(Overridable):
    """A second person compares address, consignee, phone and quantities."""

    read_back = fields.Nested(ReadBack, required=True)


class MakeParcels(Move):
    """Make the parcels and their codes."""

    count = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=1, max=MOST_PARCELS)
    )


class WithCarrier(Move):
    """A move at which carrier and waybill can be entered."""

    carrier_code = _optional(20)
    mode_code = _optional(20)
    waybill = _optional(60)


class Hand(WithCarrier):
    """The dispatcher reads back each item; carrier and waybill are entered."""

    read_back = fields.Nested(ReadBack, required=True)
    parcels = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1, max=MOST_PARCELS),
    )


class Dispatch(WithCarrier):
    """Let it leave by hand."""


class EnterWaybill(WithCarrier):
    """Carrier and waybill, later."""


class SignedLine(Message):
    """What was signed for of one line."""

    line_no = fields.Integer(required=True, strict=True)
    signed_quantity = Quantity(required=True, least=0)
    damaged_quantity = Quantity(load_default=Decimal(0), least=0)


class Signature(Move):
    """The customer's signature; lines that are not named were received in full."""

    signer = Text(required=True, least=1, most=120)
    lines = fields.List(
        fields.Nested(SignedLine), load_default=list, validate=validate.Length(max=500)
    )
    damage = _optional(1000)
    attachment = _optional(100)


class Fail(Move):
    """What went wrong on the way."""

    kind = fields.String(
        required=True, validate=validate.OneOf(("exception", "lost", "returned_to_sender"))
    )
    note = Text(required=True, least=1, most=1000)


class Cancel(Move):
    """Withdraw a shipment before it leaves, saying why."""

    reason = _reason(required=True)
    note = Text(required=True, least=1, most=1000)


class HandInPaper(Move):
    """An owed paper came in, or finance takes note."""

    kind = fields.String(
        required=True, validate=validate.OneOf(("written_request", "finance_told"))
    )


class NoticeSent(Move):
    """The dispatch notice went out by one channel."""

    channel = fields.String(
        required=True,
        validate=validate.OneOf(("phone", "sms", "wechat", "im", "email", "fax", "visit")),
    )
    at = Moment(load_default=None, allow_none=True)
    received_clearly = fields.Boolean(required=True)


class CheckArrival(Move):
    """Asked after the goods, which have not come yet."""

    note = Text(required=True, least=1, most=1000)
    ask_again_at = Moment(required=True)


class Block(Message):
    """Orders stops what has not left."""

    order_id = Identity(required=True)
    order_number = Text(required=True, most=30)
    why = one_of(BlockedFor, required=True)
    reason = _optional(1000)


class Unblock(Message):
    """Orders takes a block back: that of one command, or all of one kind."""

    order_id = Identity(required=True)
    command_id = _optional(120)
    why = one_of(BlockedFor, required=True)
