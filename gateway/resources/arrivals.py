"""Arrivals in transit, transfers between stores, and wishes for what is out of stock."""

from marshmallow import fields, validate

from chassis.schema import CODE, Message, Moment, Quantity, Text
from gateway.operations import Answer, Move, Operation, Paged, moves, page_of

TAG = "arrivals"


def _code() -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=CODE)


def _state(*states: str) -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=validate.OneOf(states))


class Noted(Message):
    """Free words about a move."""

    note = Text(load_default=None, allow_none=True, most=1000)


class NewArrival(Message):
    """A product or a material in transit; one of the two."""

    product_code = _code()
    material_code = _code()
    store_code = _code()
    quantity = Quantity(required=True, above=0)
    expected_on = fields.Date(required=True)
    supplier = Text(load_default="", most=120)
    note = Text(load_default="", most=500)


class Receipt(Noted):
    """What was counted (none said: all), and when the rest is expected if it is."""

    quantity = Quantity(load_default=None, allow_none=True, least=0)
    rest_expected_on = fields.Date(load_default=None, allow_none=True)


class Postponement(Noted):
    """Another day."""

    expected_on = fields.Date(required=True)


class ArrivalSearch(Paged):
    """By state and expected day."""

    state = _state("expected", "received", "cancelled")
    first_day = fields.Date(load_default=None, allow_none=True)
    last_day = fields.Date(load_default=None, allow_none=True)


class Arrival(Answer):
    """An arrival."""

    id = fields.String()
    number = fields.String()
    product_code = fields.String(allow_none=True)
    product_name = fields.String(allow_none=True)
    material_code = fields.String(allow_none=True)
    material_name = fields.String(allow_none=True)
    store_code = fields.String()
    quantity = Quantity()
    received_quantity = Quantity()
    expected_on = fields.Date()
    supplier = fields.String()
    note = fields.String()
    state = fields.String()
    created_at = Moment()
    received_at = Moment(allow_none=True)
    received_by = fields.String(allow_none=True)
    version = fields.Integer()


class NewTransfer(Message):
    """Goods asked of another store; no store said: for the one that ships."""

    product_code = fields.String(required=True, validate=CODE)
    quantity = Quantity(required=True, above=0)
    from_store = fields.String(required=True, validate=CODE)
    to_store = _code()
    order_number = Text(load_default=None, allow_none=True, most=20)
    note = Text(load_default="", most=500)


class TransferSearch(Paged):
    """By state."""

    state = _state("requested", "sent", "received", "refused", "cancelled")


class Transfer(Answer):
    """A transfer between two stores."""

    id = fields.String()
    number = fields.String()
    product_code = fields.String()
    product_name = fields.String()
    from_store = fields.String()
    to_store = fields.String()
    quantity = Quantity()
    order_number = fields.String(allow_none=True)
    note = fields.String()
    state = fields.String()
    requested_at = Moment()
    requested_by_name = fields.String()
    decided_at = Moment(allow_none=True)
    decided_by_name = fields.String(allow_none=True)
    received_at = Moment(allow_none=True)
    received_by_name = fields.String(allow_none=True)
    version = fields.Integer()


class NewWish(Message):
    """A customer's wish for goods that are out of stock."""

    product_code = fields.String(required=True, validate=CODE)
    quantity = Quantity(required=True, above=0)
    customer_id = fields.UUID(load_default=None, allow_none=True)
    customer_name = Text(required=True, least=1, most=120)
    note = Text(load_default="", most=500)


class WishSearch(Paged):
    """By state."""

    state = _state("open", "met", "withdrawn")


class Wish(Answer):
    """A wish."""

    id = fields.String()
    number = fields.String()
    product_code = fields.String()
    product_name = fields.String()
    quantity = Quantity()
    customer_id = fields.String(allow_none=True)
    customer_name = fields.String()
    note = fields.String()
    state = fields.String()
    made_at = Moment()
    made_by = fields.String()
    met_at = Moment(allow_none=True)
    version = fields.Integer()


OPERATIONS = [
    Operation(
        method="GET",
        path="/arrivals",
        rpc="inventory.list_arrivals",
        permission="arrivals.read",
        summary="Arrivals by the day they are expected",
        tag=TAG,
        query=ArrivalSearch,
        answer=page_of(Arrival),
    ),
    Operation(
        method="POST",
        path="/arrivals",
        rpc="inventory.expect_arrival",
        permission="arrivals.expect",
        summary="Enter what is in transit",
        tag=TAG,
        body=NewArrival,
        answer=Arrival,
        status=201,
        location="/arrivals/{number}",
    ),
    Operation(
        method="GET",
        path="/arrivals/{number}",
        rpc="inventory.get_arrival",
        permission="arrivals.read",
        summary="One arrival",
        tag=TAG,
        answer=Arrival,
    ),
    *moves(
        "/arrivals/{number}",
        Move(
            verb="receive",
            rpc="inventory.receive_arrival",
            permission="arrivals.receive",
            summary="Count what came into stock",
            body=Receipt,
        ),
        Move(
            verb="postpone",
            rpc="inventory.postpone_arrival",
            permission="arrivals.expect",
            summary="Expect it on another day",
            body=Postponement,
        ),
        Move(
            verb="cancel",
            rpc="inventory.cancel_arrival",
            permission="arrivals.expect",
            summary="It will not come",
            body=Noted,
        ),
        answer=Arrival,
        tag=TAG,
        listing="inventory.list_arrival_actions",
        listing_permission="arrivals.read",
    ),
    Operation(
        method="GET",
        path="/transfers",
        rpc="inventory.list_transfers",
        permission="transfers.read",
        summary="Transfers between stores, oldest first",
        tag=TAG,
        query=TransferSearch,
        answer=page_of(Transfer),
    ),
    Operation(
        method="POST",
        path="/transfers",
        rpc="inventory.request_transfer",
        permission="transfers.request",
        summary="Ask another store for goods",
        tag=TAG,
        body=NewTransfer,
        answer=Transfer,
        status=201,
        location="/transfers/{number}",
    ),
    Operation(
        method="GET",
        path="/transfers/{number}",
        rpc="inventory.get_transfer",
        permission="transfers.read",
        summary="One transfer",
        tag=TAG,
        answer=Transfer,
    ),
    *moves(
        "/transfers/{number}",
        Move(
            verb="consent",
            rpc="inventory.consent_transfer",
            permission="transfers.move",
            summary="Give the goods away; another person than the asker",
            body=Noted,
        ),
        Move(
            verb="refuse",
            rpc="inventory.refuse_transfer",
            permission="transfers.move",
            summary="Keep the goods",
            body=Noted,
        ),
        Move(
            verb="receive",
            rpc="inventory.receive_transfer",
            permission="transfers.move",
            summary="Book the goods into the asking store",
            body=Noted,
        ),
        Move(
            verb="cancel",
            rpc="inventory.cancel_transfer",
            permission="transfers.request",
            summary="Take the request back",
            body=Noted,
        ),
        answer=Transfer,
        tag=TAG,
        listing="inventory.list_transfer_actions",
        listing_permission="transfers.read",
    ),
    Operation(
        method="GET",
        path="/wishes",
        rpc="inventory.list_wishes",
        permission="wishes.read",
        summary="Wishes for what is out of stock, oldest first",
        tag=TAG,
        query=WishSearch,
        answer=page_of(Wish),
    ),
    Operation(
        method="POST",
        path="/wishes",
        rpc="inventory.make_wish",
        permission="wishes.make",
        summary="Register a wish, announced when goods come",
        tag=TAG,
        body=NewWish,
        answer=Wish,
        status=201,
    ),
    *moves(
        "/wishes/{number}",
        Move(
            verb="withdraw",
            rpc="inventory.withdraw_wish",
            permission="wishes.make",
            summary="Nobody waits any more",
            body=Noted,
            versioned=False,
        ),
        answer=Wish,
        tag=TAG,
    ),
]
