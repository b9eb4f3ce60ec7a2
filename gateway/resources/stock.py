"""Finished stock: stores, balances, the ledger, and bookings by hand."""

from marshmallow import fields, validate

from chassis.schema import CODE, Message, Moment, Quantity, Text
from gateway.operations import Answer, Operation, Paged, page_of
from gateway.resources.materials import Booking
from gateway.resources.products import Balance

TAG = "stock"
READ, BOOK, STORES = "stock.read", "stock.book", "stock.change_stores"

_CONDITION = validate.OneOf(("good", "quarantine", "defective"))


def _code() -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=CODE)


class NewStore(Message):
    """A store."""

    store_code = fields.String(required=True, validate=CODE)
    name = Text(required=True, least=1, most=120)


class Store(Answer):
    """A place that keeps finished goods."""

    store_code = fields.String()
    name = fields.String()
    active = fields.Boolean()


class Stores(Answer):
    """All stores."""

    items = fields.List(fields.Nested(Store))


class StockSearch(Paged):
    """By store, condition, product."""

    store_code = _code()
    condition = fields.String(load_default=None, allow_none=True, validate=_CONDITION)
    product_code = _code()


class Stock(Balance):
    """What a store has of a product in one condition."""

    product_code = fields.String()
    product_name = fields.String()
    spec = fields.String()
    unit = fields.String()


class StockBooking(Booking):
    """A booking of goods by hand; no store said: the one that ships."""

    store_code = _code()
    condition = fields.String(load_default="good", validate=_CONDITION)


class Booked(Balance):
    """A balance after a booking."""

    product_code = fields.String()


class MovementSearch(Message):
    """By store; `after` is the cursor the page before gave."""

    store_code = _code()
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    after = fields.Integer(load_default=None, allow_none=True)


class Movement(Answer):
    """A row of the ledger."""

    id = fields.Integer()
    store_code = fields.String()
    condition = fields.String()
    kind = fields.String()
    on_hand = Quantity()
    reserved = Quantity()
    order_id = fields.String(allow_none=True)
    line_id = fields.String(allow_none=True)
    reference = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    at = Moment()
    person_name = fields.String()


class ShortQuestion(Message):
    """Which products a customer asks for."""

    product_codes = fields.List(
        fields.String(validate=CODE), required=True, validate=validate.Length(min=1, max=50)
    )


class NextArrival(Answer):
    """When how much comes next."""

    date = fields.Date()
    quantity = Quantity()


class Alternative(Answer):
    """A product that could be had instead."""

    product_code = fields.String()
    name = fields.String()
    free = Quantity()


class Elsewhere(Answer):
    """What another store could spare."""

    store_code = fields.String()
    free = Quantity()


class ShortAnswer(Answer):
    """What to say at the desk about a product."""

    product_code = fields.String()
    free = Quantity()
    next_arrival = fields.Nested(NextArrival, allow_none=True)
    substitutes = fields.List(fields.Nested(Alternative))
    other_stores = fields.List(fields.Nested(Elsewhere))


class ShortAnswers(Answer):
    """What to say at the desk."""

    items = fields.List(fields.Nested(ShortAnswer))


OPERATIONS = [
    Operation(
        method="GET",
        path="/stores",
        rpc="inventory.list_stores",
        permission=READ,
        summary="All stores",
        tag=TAG,
        answer=Stores,
    ),
    Operation(
        method="POST",
        path="/stores",
        rpc="inventory.create_store",
        permission=STORES,
        summary="Enter a store",
        tag=TAG,
        body=NewStore,
        answer=Store,
        status=201,
    ),
    Operation(
        method="GET",
        path="/stock",
        rpc="inventory.list_stock",
        permission=READ,
        summary="What is on hand, reserved and free",
        tag=TAG,
        query=StockSearch,
        answer=page_of(Stock),
    ),
    Operation(
        method="POST",
        path="/stock/questions",
        rpc="inventory.get_short_answers",
        permission=READ,
        summary="What is free now, comes next, and could be had instead",
        tag=TAG,
        body=ShortQuestion,
        answer=ShortAnswers,
        keyed=False,
    ),
    Operation(
        method="POST",
        path="/products/{product_code}/bookings",
        rpc="inventory.book_stock",
        permission=BOOK,
        summary="Book goods in or out by hand, or to what was counted",
        tag=TAG,
        body=StockBooking,
        answer=Booked,
    ),
    Operation(
        method="GET",
        path="/products/{product_code}/movements",
        rpc="inventory.list_movements",
        permission=READ,
        summary="A product's ledger, newest first",
        tag=TAG,
        query=MovementSearch,
        answer=page_of(Movement),
    ),
]
