"""What is answered about orders."""

from marshmallow import fields

from chassis.schema import Amount, Moment, Percent, Price, Quantity
from gateway.operations import Actions, Answer, Change, page_of


class Hold(Answer):
    """Why an order stands still, since when and by whom."""

    reason = fields.String()
    note = fields.String(allow_none=True)
    by = fields.String()
    at = Moment()


class OrderCustomer(Answer):
    """The customer as the order knows it."""

    id = fields.String()
    code = fields.String()
    name = fields.String()
    grade = fields.String()
    region = fields.String(allow_none=True)
    salesperson_id = fields.String(allow_none=True)
    salesperson_name = fields.String(allow_none=True)


class Consignee(Answer):
    """Who gets the goods, where."""

    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    address = fields.String(allow_none=True)


class OrderLine(Answer):
    """One product, spec, quantity and price, and how far it is."""

    id = fields.String()
    line_no = fields.Integer()
    product_id = fields.String()
    product_code = fields.String()
    product_name = fields.String()
    spec = fields.String(allow_none=True)
    unit = fields.String()
    unit_decimals = fields.Integer()
    supply = fields.String()
    quantity = Quantity()
    unit_price = Price()
    discount = Amount()
    amount = Amount()
    tolerance_over = Percent()
    tolerance_under = Percent()
    packing = fields.String(allow_none=True)
    production = fields.String(allow_none=True)
    instruction_number = fields.String(allow_none=True)
    produced_quantity = Quantity(allow_none=True)
    accepted_quantity = Quantity(allow_none=True)
    shipped_quantity = Quantity(allow_none=True)
    signed_quantity = Quantity(allow_none=True)
    short_closed = fields.Boolean()


class Gift(Answer):
    """A coupon that an order's prices earn; the customer has it once the order is confirmed."""

    promotion_code = fields.String()
    amount = Amount()


class Gate(Answer):
    """A check of the order: its verdict, who signed it and on what figures."""

    kind = fields.String()
    verdict = fields.String()
    revision = fields.Integer()
    is_open = fields.Boolean()
    opened_at = Moment(allow_none=True)
    text = fields.String(allow_none=True)
    text_zh = fields.String(allow_none=True)
    signer_id = fields.String(allow_none=True)
    signer_name = fields.String(allow_none=True)
    signed_at = Moment(allow_none=True)
    valid_until = fields.Date(allow_none=True)
    attachment = fields.String(allow_none=True)
    figures = fields.Raw(
        allow_none=True,
        metadata={"description": "the credit gate's, and its text, only to whom credit is open"},
    )


class NextStep(Answer):
    """What is next, and who must do it."""

    verb = fields.String(allow_none=True)
    who = fields.List(fields.String())
    text_zh = fields.String()


class Order(Answer):
    """An order with its lines and gates."""

    id = fields.String()
    number = fields.String()
    version = fields.Integer()
    stage = fields.String()
    revision = fields.Integer()
    hold = fields.Nested(Hold, allow_none=True)
    order_type = fields.String(allow_none=True)
    channel = fields.String(allow_none=True)
    asked_by = fields.String(allow_none=True)
    asked_at = Moment(allow_none=True)
    reply_by = Moment(allow_none=True)
    wish = fields.String(allow_none=True)
    paper_owed = fields.Boolean()
    customer = fields.Nested(OrderCustomer, allow_none=True)
    clerk_id = fields.String(allow_none=True)
    clerk_name = fields.String(allow_none=True)
    consignee = fields.Nested(Consignee)
    delivery_method = fields.String(allow_none=True)
    urgency = fields.String(allow_none=True)
    special_requirements = fields.String(allow_none=True)
    currency = fields.String()
    total = Amount()
    scheme_total = Amount(allow_none=True)
    coupons = fields.List(fields.Nested(Gift))
    terms = fields.String(allow_none=True)
    deposit_percent = Percent(allow_none=True)
    production_due = fields.Date(allow_none=True)
    customer_due = fields.Date(allow_none=True)
    slid_days = fields.Integer()
    sent_on = fields.Date(allow_none=True)
    confirmation_version = fields.Integer(allow_none=True)
    sign_back_verified = fields.Boolean()
    confirmed_by_grade = fields.Boolean()
    imported = fields.Boolean()
    created_at = Moment()
    confirmation_due_at = Moment(allow_none=True)
    submitted_at = Moment(allow_none=True)
    confirmed_at = Moment(allow_none=True)
    fulfilled_at = Moment(allow_none=True)
    closed_at = Moment(allow_none=True)
    lines = fields.List(fields.Nested(OrderLine))
    gates = fields.List(fields.Nested(Gate))


class OrderInFull(Order):
    """An order with its axes and its next step."""

    next = fields.Nested(NextStep)
    axes = fields.Raw(
        metadata={
            "description": "stage, production, shipment and payment; of the payment no figures to "
            "whom the money of an order is not open"
        }
    )


class FoundOrder(Answer):
    """An order as a search shows it."""

    id = fields.String()
    number = fields.String()
    version = fields.Integer()
    stage = fields.String()
    on_hold = fields.Boolean()
    customer_code = fields.String(allow_none=True)
    customer_name = fields.String(allow_none=True)
    grade = fields.String(allow_none=True)
    region = fields.String(allow_none=True)
    salesperson_name = fields.String(allow_none=True)
    clerk_name = fields.String(allow_none=True)
    channel = fields.String(allow_none=True)
    total = Amount()
    customer_due = fields.Date(allow_none=True)
    created_at = Moment()
    imported = fields.Boolean()


class SignBack(Answer):
    """A returned copy and the judgement on it."""

    id = fields.String()
    arrived_on = fields.Date(allow_none=True)
    channel = fields.String()
    signatory = fields.String(allow_none=True)
    seal_code = fields.String(allow_none=True)
    attachment = fields.String(allow_none=True)
    accepted = fields.Boolean()
    why = fields.String(allow_none=True)
    judged_by = fields.String()
    judged_at = Moment()


class Confirmation(Answer):
    """A version of the confirmation, frozen as it was sent."""

    id = fields.String()
    confirmation_version = fields.Integer()
    revision = fields.Integer()
    state = fields.String()
    grade = fields.String(allow_none=True)
    sent_on = fields.Date(allow_none=True)
    arrived_on = fields.Date(allow_none=True)
    sendings = fields.List(fields.Raw())
    received_clearly = fields.Boolean(metadata={"description": "by one of its sendings"})
    document = fields.Dict()
    sign_backs = fields.List(fields.Nested(SignBack))


class Confirmations(Answer):
    """All versions of an order's confirmation."""

    items = fields.List(fields.Nested(Confirmation))


class Task(Answer):
    """Something that somebody owes an order."""

    id = fields.String()
    order_id = fields.String()
    kind = fields.String()
    role = fields.String()
    person_id = fields.String(allow_none=True)
    title = fields.String()
    title_zh = fields.String()
    details = fields.Raw(allow_none=True)
    due_at = Moment(allow_none=True)
    state = fields.String()
    opened_at = Moment()
    ended_at = Moment(allow_none=True)
    ended_by = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True)


class Tasks(Answer):
    """Open tasks."""

    items = fields.List(fields.Nested(Task))


class Anomaly(Answer):
    """Something that went wrong with an order."""

    id = fields.String()
    order_id = fields.String()
    cause = fields.String()
    topic = fields.String()
    priority = fields.String()
    text = fields.String()
    text_zh = fields.String(
        allow_none=True, metadata={"description": "null where a person wrote it"}
    )
    temporary_measure = fields.String(allow_none=True)
    remedy = fields.String(allow_none=True)
    owner_roles = fields.List(fields.String())
    state = fields.String()
    raised_by = fields.String()
    raised_at = Moment()
    escalates_at = Moment(allow_none=True)
    resolved_by = fields.String(allow_none=True)
    resolved_at = Moment(allow_none=True)


class OrderPageData(Answer):
    """All that the page of one order shows; parts in `unavailable` did not answer."""

    order = fields.Nested(OrderInFull)
    actions = fields.Nested(Actions, allow_none=True)
    history = fields.List(
        fields.Nested(Change), allow_none=True, metadata={"description": "newest first"}
    )
    history_next = fields.String(
        allow_none=True,
        metadata={"description": "where /history goes on, if there is more than is shown"},
    )
    confirmations = fields.List(fields.Nested(Confirmation), allow_none=True)
    tasks = fields.List(fields.Nested(Task), allow_none=True)
    money = fields.Raw(
        allow_none=True, metadata={"description": "null to whom the money of an order is not open"}
    )
    holdings = fields.Raw(allow_none=True)
    instructions = fields.List(fields.Raw(), allow_none=True)
    shipments = fields.List(fields.Raw(), allow_none=True)
    documents = fields.List(
        fields.Raw(), metadata={"description": "the papers that who asks may print"}
    )
    unavailable = fields.List(fields.String())


OrderHistory = page_of(Change)
FoundOrders = page_of(FoundOrder)
Anomalies = page_of(Anomaly)
