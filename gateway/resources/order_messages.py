"""What is sent about orders: the bodies and queries of their operations."""

from marshmallow import fields, validate

from chassis.reasons import REASONS
from chassis.schema import Amount, Message, Moment, Percent, Price, Quantity, Text
from gateway.attachments import ContentHash
from gateway.operations import Paged

CHANNELS = ("phone", "fax", "visit", "sales", "email", "web", "app", "mini_program", "instant")
SENDING_CHANNELS = ("fax", "email", "hand", "post", "instant")
STAGES = (
    "memo",
    "draft",
    "in_review",
    "approved",
    "awaiting_return",
    "confirmed",
    "in_progress",
    "fulfilled",
    "closed",
    "cancel_requested",
    "cancelled",
)
MOST_LINES = 200


def _one_of(*values: str, required: bool = False) -> fields.String:
    check = validate.OneOf(values)
    return fields.String(required=required, validate=check)


def _optional(most: int) -> Text:
    return Text(load_default=None, allow_none=True, most=most)


def _needed(most: int) -> Text:
    return Text(required=True, least=1, most=most)


def _line_no() -> fields.Integer:
    return fields.Integer(required=True, validate=validate.Range(1, 1000))


class Why(Message):
    """Why something submitted is changed."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = _optional(1000)


class OrderLineIn(Message):
    """One line as a clerk writes it; what is left out comes from product and scheme."""

    product_code = _needed(20)
    spec = _optional(200)
    quantity = Quantity(required=True, above=0)
    unit_price = Price(load_default=None, allow_none=True, least=0)
    discount = Amount(load_default=None, allow_none=True, least=0)
    supply = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(("stock", "make"))
    )
    tolerance_over = Percent(load_default=None, allow_none=True, least=0)
    tolerance_under = Percent(load_default=None, allow_none=True, least=0)
    packing = _optional(500)


REPLY_BY = "by when an answer is promised: from now on, within 92 days"


class ConsigneeIn(Message):
    """Who gets the goods, where; what is not named stays as it is."""

    name = Text(allow_none=True, most=100)
    phone = Text(
        allow_none=True,
        most=40,
        metadata={"description": "holds a number of at least 7 digits"},
    )
    address = Text(allow_none=True, most=300)


class Header(Message):
    """What a draft says beside its lines; every field may still be missing.

    Goods are picked up at the carrier's depot unless `delivery_method` says otherwise.
    """

    order_type = _one_of("ship", "service")
    consignee = fields.Nested(ConsigneeIn)
    delivery_method = _one_of("pickup_at_depot", "door", "own_vehicle", "courier")
    urgency = _one_of("normal", "urgent")
    customer_due = fields.Date()
    special_requirements = Text(most=2000)
    wish = Text(most=4000)
    reply_by = Moment(allow_none=True, metadata={"description": REPLY_BY})
    paper_owed = fields.Boolean()


class Intake(Message):
    """How a request came in."""

    channel = _one_of(*CHANNELS, required=True)
    asked_by = _needed(100)
    asked_at = Moment(
        load_default=None,
        allow_none=True,
        metadata={"description": "until now, within the last 92 days; now where it is not given"},
    )


class NewMemo(Intake):
    """What a customer asked for, as first written down."""

    wish = _needed(4000)
    reply_by = Moment(required=True, metadata={"description": REPLY_BY})
    paper_owed = fields.Boolean(load_default=False)


class MemoToDraft(Header):
    """A memo whose customer is known."""

    customer_code = _needed(20)
    lines = fields.List(
        fields.Nested(OrderLineIn), load_default=list, validate=validate.Length(max=MOST_LINES)
    )


class OrderEdit(Header):
    """An edit of a memo or draft; `lines`, if given, replace the present ones."""

    lines = fields.List(fields.Nested(OrderLineIn), validate=validate.Length(max=MOST_LINES))
    reason = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(REASONS))
    note = _optional(1000)


class NewOrder(Intake, Header):
    """Memo and draft in one; with `submit` it is sent into review at once."""

    customer_code = _needed(20)
    lines = fields.List(
        fields.Nested(OrderLineIn), required=True, validate=validate.Length(1, MOST_LINES)
    )
    key_data_checked = fields.Boolean(load_default=False)
    submit = fields.Boolean(load_default=False)


class Submit(Message):
    """Whether the key data were checked a second time."""

    key_data_checked = fields.Boolean(load_default=False)


class Approval(Message):
    """The superior's signed verdict."""

    verdict = _one_of("passed", "refused", required=True)
    text = _needed(1000)
    attachment = ContentHash(load_default=None, allow_none=True)


class Override(Why):
    """A signed word against what the system found."""

    text = _needed(1000)


class Sending(Message):
    """That a confirmation was sent, by whom it was read and how it arrived."""

    channel = _one_of(*SENDING_CHANNELS, required=True)
    recipient = _needed(100)
    sent_at = Moment(allow_none=True, metadata={"description": "now unless it was sent before"})
    proof_read = fields.Boolean(required=True, validate=validate.Equal(comparable=True))
    received_clearly = fields.Boolean(load_default=False)
    note = _optional(1000)


class Received(Message):
    """That the customer said he received the confirmation clearly."""

    note = _optional(1000)


class SignBackIn(Message):
    """A returned copy of the confirmation."""

    confirmation_version = fields.Integer(required=True, validate=validate.Range(1))
    arrived_on = fields.Date(load_default=None, allow_none=True)
    channel = _one_of(*SENDING_CHANNELS, required=True)
    signatory = _optional(100)
    seal_code = _optional(40)
    attachment = ContentHash(load_default=None, allow_none=True)


class SignBackFindings(SignBackIn):
    """The clerk's findings on a returned copy; all must be true for it to bind."""

    clear = fields.Boolean(required=True)
    unaltered = fields.Boolean(required=True)
    special_requirements_complete = fields.Boolean(required=True)


class SignBackRejection(SignBackIn):
    """A returned copy that does not do, and why."""

    why = _needed(1000)


class InstructionIssue(Message):
    """Which line the factory is to make, and how."""

    line_no = _line_no()
    packing = _optional(500)
    special_rules = _optional(2000)


class Promise(Why):
    """Another date for the customer; a later one with the salesperson's consent."""

    customer_due = fields.Date(required=True)
    consent_by = Text(
        load_default=None,
        allow_none=True,
        most=100,
        metadata={
            "description": "For a later date the name of the order's salesperson, unless that "
            "person asks; of an order without one, who consented."
        },
    )


class ShortClose(Why):
    """What is still to come of a line is given up, by the customer's consent."""

    line_no = _line_no()
    consent_by = _needed(100)


WHOLE_PHONE = "To whom phones are masked finds one by its whole number only."


class OrderSearch(Paged):
    """Filters in any combination; newest first."""

    q = Text(
        most=60,
        metadata={
            "description": "parts of a customer's name, code or phone (of a memo, of who asked), "
            "or an order's number: its beginning, or the whole one that it had in the old books. "
            f"{WHOLE_PHONE}"
        },
    )
    order_number = Text(
        most=30, metadata={"description": "its beginning, or its whole number in the old books"}
    )
    customer_code = Text(most=20)
    phone = Text(most=40, metadata={"description": WHOLE_PHONE})
    product_code = Text(most=20)
    stage = fields.List(fields.String(validate=validate.OneOf(STAGES)))
    created_from = fields.Date()
    created_to = fields.Date()
    clerk_id = Text(most=80)
    salesperson_id = Text(most=80)
    region = Text(most=60)
    amount_from = Amount()
    amount_to = Amount()
    on_hold = fields.Boolean()


class PastLine(Message):
    """A line of the old books: prices and discounts as they were."""

    product_code = _needed(20)
    quantity = Quantity(required=True, above=0)
    unit_price = Price(required=True, least=0)
    amount = Amount(required=True, least=0)


class PastOrder(Message):
    """An order of the old books, with its original dates."""

    reference = _needed(60)
    customer_code = _needed(20)
    ordered_on = fields.Date(required=True)
    customer_due = fields.Date(load_default=None, allow_none=True)
    fulfilled_on = fields.Date(load_default=None, allow_none=True)
    consignee = fields.Nested(ConsigneeIn, load_default=dict)
    special_requirements = _optional(2000)
    lines = fields.List(
        fields.Nested(PastLine), required=True, validate=validate.Length(1, MOST_LINES)
    )
