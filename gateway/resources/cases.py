"""Return and exchange cases, from the customer's wish to the settled money (SPEC §8)."""

from decimal import Decimal

from marshmallow import fields, validate

from chassis.schema import Amount, Message, Moment, Quantity, Text
from gateway.attachments import ContentHash
from gateway.operations import Answer, Move, Operation, Paged, moves, page_of

CASE = "/cases/{case_number}"
# A third kind, delivery, opens by itself when a shipment fails on its way or falls short.
KINDS = ("return", "exchange")
RESOLUTIONS = ("refund", "credit", "reship", "repair")
STATES = (
    "requested",
    "acknowledged",
    "authorised",
    "rejected",
    "awaiting_goods",
    "received",
    "inspected",
    "settled",
    "closed",
)
MOST_LINES = 200
MOST_PHOTOS = 20


def _line_no() -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(1, 1000))


class ReturnLine(Message):
    """How many of an order line come back."""

    line_no = _line_no()
    quantity = Quantity(required=True, above=0)


def _photos() -> fields.List[str]:
    return fields.List(
        ContentHash(),
        load_default=[],
        validate=validate.Length(max=MOST_PHOTOS),
        metadata={"description": "pictures that were sent in, by their hashes"},
    )


class NewCase(Message):
    """A customer wants to give goods back; not more than was delivered and is not back yet."""

    order_number = Text(required=True, least=1, most=30)
    kind = fields.String(validate=validate.OneOf(KINDS), load_default="return")
    wish = Text(required=True, least=1, most=2000)
    lines = fields.List(
        fields.Nested(ReturnLine), required=True, validate=validate.Length(1, MOST_LINES)
    )
    photos = _photos()


class FirstAnswer(Message):
    """What the customer was told first."""

    note = Text(required=True, least=1, most=1000)


class Decision(Message):
    """The supervisor's word."""

    decision = Text(required=True, least=1, most=1000)


class ReturnPlace(Message):
    """Where the customer sends the goods."""

    return_to = Text(required=True, least=1, most=300)


class ReceivedLine(Message):
    """What came back of a line."""

    line_no = _line_no()
    quantity = Quantity(required=True, least=0)


class Receipt(Message):
    """The goods are here; a line not named came in full, but a failed delivery's must be named."""

    lines = fields.List(
        fields.Nested(ReceivedLine), load_default=[], validate=validate.Length(max=MOST_LINES)
    )


class InspectedLine(Message):
    """What becomes of the pieces of a line."""

    line_no = _line_no()
    restock = Quantity(load_default=Decimal(0), least=0)
    rework = Quantity(load_default=Decimal(0), least=0)
    scrap = Quantity(load_default=Decimal(0), least=0)
    transfer = Quantity(load_default=Decimal(0), least=0)
    defect = Text(load_default=None, allow_none=True, most=500)


class Inspection(Message):
    """The inspector's findings: every received piece has one disposition."""

    lines = fields.List(
        fields.Nested(InspectedLine), required=True, validate=validate.Length(1, MOST_LINES)
    )
    photos = _photos()


class Settlement(Message):
    """What the customer gets back as credit; left out: all the goods were sold for."""

    refund = Amount(load_default=None, allow_none=True, least=0)
    resolution = fields.String(
        validate=validate.OneOf(RESOLUTIONS),
        load_default=None,
        allow_none=True,
        metadata={"description": "left out: reship once replaced, credit for exchanges, refund"},
    )
    note = Text(load_default=None, allow_none=True, most=1000)


class Replacement(Message):
    """Which order replaces the goods, and why; the money of the case pays for it."""

    order_number = Text(required=True, least=1, most=30)
    note = Text(required=True, least=1, most=1000)


class Ending(Message):
    """How the case ended."""

    note = Text(load_default=None, allow_none=True, most=1000)


class CaseSearch(Paged):
    """Cases by customer, order and state; `state` may stand there several times."""

    q = Text(load_default=None, allow_none=True, most=60)
    order_number = Text(load_default=None, allow_none=True, most=30)
    state = fields.List(fields.String(validate=validate.OneOf(STATES)), load_default=[])


class CaseLine(Answer):
    """Pieces of an order line that come back, and what became of them."""

    line_id = fields.String()
    line_no = fields.Integer()
    product_id = fields.String()
    product_code = fields.String()
    product_name = fields.String()
    unit = fields.String()
    quantity = Quantity()
    received = Quantity(allow_none=True)
    sold_for = Amount()
    restock = Quantity(allow_none=True)
    rework = Quantity(allow_none=True)
    scrap = Quantity(allow_none=True)
    transfer = Quantity(allow_none=True)
    defect = fields.String(allow_none=True)


class Case(Answer):
    """A return or exchange."""

    id = fields.String()
    number = fields.String()
    version = fields.Integer()
    kind = fields.String()
    state = fields.String()
    order_id = fields.String()
    order_number = fields.String()
    customer_id = fields.String()
    customer_name = fields.String()
    shipment_id = fields.String(
        allow_none=True,
        metadata={"description": "kind delivery: which shipment failed or fell short"},
    )
    wish = fields.String()
    opened_by = fields.String()
    opened_at = Moment()
    answer_due_at = Moment(metadata={"description": "the first answer is due"})
    acknowledged_at = Moment(allow_none=True)
    decided_by = fields.String(allow_none=True)
    decision = fields.String(allow_none=True)
    return_to = fields.String(allow_none=True)
    received_at = Moment(allow_none=True)
    inspected_by = fields.String(allow_none=True)
    most_refund = Amount(metadata={"description": "what its goods may still be paid back with"})
    reshipped_as = fields.String(
        allow_none=True, metadata={"description": "number of the order that replaces the goods"}
    )
    reshipped_by = fields.String(allow_none=True)
    resolution = fields.String(allow_none=True)
    refund = Amount(allow_none=True)
    settled_by = fields.String(allow_none=True)
    closed_at = Moment(allow_none=True)
    photos = fields.List(fields.String())
    lines = fields.List(fields.Nested(CaseLine))


CasePage = page_of(Case)

# The verbs of a case, as its life cycle knows them (SPEC §8).
MOVES = (
    Move(
        verb="acknowledge",
        rpc="aftersales.acknowledge_case",
        permission="cases.handle",
        summary="Give the customer a first answer",
        body=FirstAnswer,
    ),
    Move(
        verb="authorise",
        rpc="aftersales.authorise_case",
        permission="cases.authorise",
        summary="Agree to take the goods back",
        body=Decision,
    ),
    Move(
        verb="reject",
        rpc="aftersales.reject_case",
        permission="cases.authorise",
        summary="Refuse to take the goods back",
        body=Decision,
    ),
    Move(
        verb="await_goods",
        rpc="aftersales.await_goods",
        permission="cases.handle",
        summary="Tell the customer where to send the goods",
        body=ReturnPlace,
    ),
    Move(
        verb="receive",
        rpc="aftersales.receive_return",
        permission="cases.receive",
        summary="Take the goods into quarantine",
        body=Receipt,
    ),
    Move(
        verb="inspect",
        rpc="aftersales.inspect_return",
        permission="cases.inspect",
        summary="Give every piece its disposition",
        body=Inspection,
    ),
    Move(
        verb="settle",
        rpc="aftersales.settle_case",
        permission="cases.settle",
        summary="Grant the money back as the customer's credit",
        body=Settlement,
    ),
    Move(
        verb="reship",
        rpc="aftersales.reship_case",
        permission="cases.reship",
        summary="Name the order that replaces the goods; before they are back: the supervisor",
        body=Replacement,
    ),
    Move(
        verb="close",
        rpc="aftersales.close_case",
        permission="cases.handle",
        summary="End the case: the customer was told",
        body=Ending,
    ),
)

OPERATIONS = [
    Operation(
        method="GET",
        path="/cases",
        rpc="aftersales.search_cases",
        permission="cases.read",
        summary="Search return cases, newest first",
        tag="cases",
        query=CaseSearch,
        answer=CasePage,
    ),
    Operation(
        method="POST",
        path="/cases",
        rpc="aftersales.open_case",
        permission="cases.open",
        summary="Open a return or exchange of delivered goods",
        tag="cases",
        body=NewCase,
        answer=Case,
        status=201,
        location="/cases/{number}",
        problems=(404, 409),
    ),
    Operation(
        method="GET",
        path=CASE,
        rpc="aftersales.get_case",
        permission="cases.read",
        summary="One case with its lines",
        tag="cases",
        answer=Case,
    ),
    *moves(
        CASE,
        *MOVES,
        answer=Case,
        tag="cases",
        listing="aftersales.list_case_actions",
        listing_permission="cases.read",
    ),
]
