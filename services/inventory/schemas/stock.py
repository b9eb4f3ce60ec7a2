"""Finished stock, stores, reservations and returned goods on the wire."""

from marshmallow import fields, validate

from chassis.quantity import ZERO
from chassis.schema import Copy, Identity, Message, Moment, PageRequest, Quantity, Text, one_of
from services.inventory.domain.stock import Condition
from services.inventory.schemas.fields import BookedByHand, Code


class CreateStore(Message):
    """A new store."""

    store_code = Code(required=True)
    name = Text(required=True, least=1, most=120)


class StoreView(Message):
    """A place that keeps finished goods."""

    store_code = Text(attribute="code")
    name = Text()
    active = fields.Boolean()


class BookStock(BookedByHand):
    """Goods booked in or out by hand."""

    product_code = Code(required=True)
    store_code = Code(load_default=None, allow_none=True)
    condition = one_of(Condition, load_default=Condition.GOOD)


class ListStock(PageRequest):
    """Balances that fit every filter given."""

    store_code = Code(load_default=None, allow_none=True)
    condition = one_of(Condition, load_default=None, allow_none=True)
    product_code = Code(load_default=None, allow_none=True)


class ListMovements(Message):
    """A product's ledger, newest first; `after` is the id the page before ended with."""

    product_code = Code(required=True)
    store_code = Code(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    after = fields.Integer(load_default=None, allow_none=True)


class MovementView(Message):
    """A row of the ledger."""

    id = fields.Integer()
    store_code = Text()
    condition = fields.String()
    kind = fields.String()
    on_hand = Quantity()
    reserved = Quantity()
    order_id = Identity()
    line_id = Identity()
    reference = Text()
    reason = Text()
    note = Text()
    at = Moment()
    person_name = Text()


class WantedLine(Message):
    """How much of a product an order line wants held."""

    line_id = Identity(required=True)
    product_id = Identity(required=True)
    quantity = Quantity(required=True, above=0)


class ReserveStock(Message):
    """All that an order's stock lines want held; what it held beyond that is given up."""

    order_id = Identity(required=True)
    order_number = Text(required=True, least=1, most=20)
    lines = fields.List(
        fields.Nested(WantedLine), required=True, validate=validate.Length(max=1000)
    )


class UndoStock(Message):
    """Which command is taken back."""

    order_id = Identity(required=True)
    command_id = Text(required=True, least=1, most=120)


class OrderKey(Message):
    """Which order."""

    order_id = Identity(required=True)


class ShortAnswers(Message):
    """What to say at the desk about products that are short."""

    product_codes = fields.List(Code(), required=True, validate=validate.Length(min=1, max=50))


class ListWork(Message):
    """How much of what waits is wanted."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))


class DispatchedLine(Copy):
    """What left for one order line."""

    line_id = Identity(required=True)
    product_id = Identity(required=True)
    quantity = Quantity(required=True, above=0)


class DispatchedShipment(Copy):
    """A shipment, as far as stock is concerned."""

    number = Text(required=True, least=1, most=80)
    order_id = Identity(required=True)
    lines = fields.List(fields.Nested(DispatchedLine), required=True)


class ShipmentDispatched(Copy):
    """A shipment has left."""

    shipment = fields.Nested(DispatchedShipment, required=True)


class Case(Copy):
    """An after-sales case, as far as stock is concerned."""

    number = Text(required=True, least=1, most=80)


class ReturnedLine(Copy):
    """Goods that came back."""

    product_id = Identity(required=True)
    quantity = Quantity(required=True, least=0)


class ReturnReceived(Copy):
    """Returned goods have come."""

    case = fields.Nested(Case, required=True)
    lines = fields.List(fields.Nested(ReturnedLine), required=True)


class InspectedLine(Copy):
    """What becomes of returned goods."""

    product_id = Identity(required=True)
    restock = Quantity(required=True, least=0)
    rework = Quantity(required=True, least=0)
    scrap = Quantity(required=True, least=0)
    transfer = Quantity(required=True, least=0)


class ReturnInspected(Copy):
    """Returned goods have been inspected."""

    case = fields.Nested(Case, required=True)
    lines = fields.List(fields.Nested(InspectedLine), required=True)


class MendedLine(Copy):
    """How much of a settled case's line went to rework."""

    rework = Quantity(load_default=ZERO, allow_none=True, least=0)


class SettledCase(Case):
    """What became of a case; one settled before there were resolutions says none."""

    resolution = fields.String(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(MendedLine), required=True)


class ReturnSettled(Copy):
    """It is settled what the customer gets for returned goods."""

    case = fields.Nested(SettledCase, required=True)
