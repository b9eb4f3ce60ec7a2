"""Money: payments, notices of what is due, invoices, and the money of one order."""

from marshmallow import fields, validate

from chassis.schema import Amount, Message, Moment, Percent, Text
from gateway.operations import Answer, Move, Operation, Paged, Reasoned, moves, page_of
from gateway.resources.customers import Contact, CustomerFound, OrderMoney, code

PAYMENTS, NOTICES, INVOICES = "/payments", "/notices", "/invoices"
PAYMENT = f"{PAYMENTS}/{{payment_number}}"
NOTICE = f"{NOTICES}/{{notice_number}}"
ORDER_MONEY = "/orders/{order_number}/money"
READ = "payments.read"

METHODS = ("bank_transfer", "cash", "cheque", "acceptance_bill", "online")
PAYMENT_STATES = ("claimed", "verified", "rejected", "reversed")
NOTICE_KINDS = ("prepayment", "deposit", "balance")
NOTICE_STATES = ("drafted", "sent", "settled", "withdrawn")
CHANNELS = ("phone", "fax", "email", "message", "sms", "post", "by_hand")


class NewPayment(Message):
    """Money that somebody says was paid, for an order or on a customer's account."""

    order_number = Text(allow_none=True, least=1, most=20)
    customer_code = code(allow_none=True)
    amount = Amount(required=True, above=0)
    method = fields.String(validate=validate.OneOf(METHODS))
    paid_at = Moment(required=True)
    reference = Text(most=120)
    note = Text(most=1000)


class Verification(Reasoned):
    """Finance has found it; it may correct the moment of payment."""

    paid_at = Moment(allow_none=True)


class Judgement(Reasoned):
    """What speaks against a payment, in words."""

    note = Text(required=True, least=1, most=1000)


class CreditUse(Message):
    """How much of the customer's credit pays for this order."""

    amount = Amount(required=True, above=0)
    note = Text(allow_none=True, most=1000)


class PaymentSearch(Paged):
    """Payments by order, customer and state."""

    order_number = Text(most=20)
    customer_code = code()
    state = fields.String(validate=validate.OneOf(PAYMENT_STATES))


class Payment(Answer):
    """A payment; only verified money counts."""

    id = fields.String()
    number = fields.String()
    version = fields.Integer()
    customer_id = fields.String()
    customer_name = fields.String()
    order_id = fields.String(allow_none=True)
    order_number = fields.String(allow_none=True)
    state = fields.String()
    amount = Amount()
    method = fields.String()
    reference = fields.String()
    paid_at = Moment()
    note = fields.String()
    recorded_at = Moment()
    recorded_by_name = fields.String()
    judged_at = Moment(allow_none=True)
    judged_by_name = fields.String(allow_none=True)
    judgement = fields.String(allow_none=True)
    reversed_at = Moment(allow_none=True)
    reversed_by_name = fields.String(allow_none=True)


class NewNotice(Message):
    """A notice that a person asks for."""

    order_number = Text(required=True, least=1, most=20)
    kind = fields.String(required=True, validate=validate.OneOf(NOTICE_KINDS))


class Sending(Reasoned):
    """How a notice was sent, and whether it was received clearly."""

    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    sent_at = Moment(allow_none=True)
    received_clearly = fields.Boolean()
    received_by = Text(allow_none=True, most=120)


class NoticeSearch(Paged):
    """Notices by order, customer and state."""

    order_number = Text(most=20)
    customer_code = code()
    state = fields.String(validate=validate.OneOf(NOTICE_STATES))


class NoticeLine(Answer):
    """What a notice says of one line."""

    line_no = fields.Integer()
    product_code = fields.String()
    product_name = fields.String()
    unit = fields.String()
    ordered_quantity = fields.String()
    quantity = fields.String()
    unit_price = fields.String()
    value = fields.String()


class Notice(Answer):
    """A request for payment with its figures."""

    id = fields.String()
    number = fields.String()
    version = fields.Integer()
    kind = fields.String()
    state = fields.String()
    customer_id = fields.String()
    customer_name = fields.String()
    order_id = fields.String()
    order_number = fields.String()
    amount = Amount()
    worth = Amount()
    order_worth = Amount()
    verified = Amount(
        metadata={"description": "all the order's money when it was sent, or as it is now"}
    )
    due = Amount(metadata={"description": "from which what is covered is taken"})
    covered = Amount(metadata={"description": "how much of the verified money counts for it"})
    deposit_percent = fields.String(allow_none=True)
    lines = fields.List(fields.Nested(NoticeLine))
    drafted_at = Moment()
    sent_at = Moment(allow_none=True, metadata={"description": "the last time"})
    channel = fields.String(allow_none=True)
    received_clearly = fields.Boolean(allow_none=True)
    received_by = fields.String(allow_none=True)
    sent_by_name = fields.String(allow_none=True)
    due_at = Moment(
        allow_none=True, metadata={"description": "when its money is due, by its first sending"}
    )


class NoticeInFull(Answer):
    """A notice with all that its printed page shows."""

    version = fields.Integer()
    notice = fields.Nested(Notice)
    customer = fields.Nested(CustomerFound)
    contact = fields.Nested(Contact)
    verified_now = Amount(metadata={"description": "of all the order's money"})
    still_due = Amount(metadata={"description": "what lacks now of what it asks for"})
    has_left = fields.Boolean(
        metadata={"description": "of a balance: whether some of its goods have left"}
    )
    capitals = fields.String(metadata={"description": "the amount in capitals (大写金额)"})
    title_zh = fields.String()


class NewInvoice(Message):
    """The invoice of what an order has shipped and was not invoiced yet."""

    order_number = Text(required=True, least=1, most=20)
    paper_number = Text(most=60)
    note = Text(allow_none=True, most=1000)


class InvoiceSearch(Paged):
    """Invoices by order and customer."""

    order_number = Text(most=20)
    customer_code = code()


class Invoice(Answer):
    """An invoice."""

    id = fields.String()
    number = fields.String()
    version = fields.Integer()
    customer_id = fields.String()
    customer_name = fields.String()
    tax_number = fields.String()
    order_id = fields.String()
    order_number = fields.String()
    amount = Amount()
    vat_percent = Percent()
    vat = Amount()
    paper_number = fields.String()
    made_at = Moment()
    made_by_name = fields.String()


class CreditNote(Answer):
    """A refund as the customer's credit."""

    id = fields.String()
    number = fields.String()
    case_id = fields.String()
    case_number = fields.String()
    customer_id = fields.String()
    order_id = fields.String()
    order_number = fields.String()
    amount = Amount()
    made_at = Moment()


class MoneyOfOrder(Answer):
    """All the money of one order."""

    money = fields.Nested(OrderMoney)
    payments = fields.List(fields.Nested(Payment))
    notices = fields.List(fields.Nested(Notice))
    invoices = fields.List(fields.Nested(Invoice))
    credit_notes = fields.List(fields.Nested(CreditNote))


PaymentPage = page_of(Payment)
NoticePage = page_of(Notice)
InvoicePage = page_of(Invoice)

OPERATIONS = [
    Operation(
        method="GET",
        path=PAYMENTS,
        rpc="customers.list_payments",
        permission=READ,
        summary="Payments by order, customer and state, the newest first",
        tag="payments",
        query=PaymentSearch,
        answer=PaymentPage,
    ),
    Operation(
        method="POST",
        path=PAYMENTS,
        rpc="customers.record_payment",
        permission="payments.record",
        summary="Record money that somebody says was paid",
        tag="payments",
        body=NewPayment,
        answer=Payment,
        status=201,
        location="/payments/{number}",
    ),
    Operation(
        method="GET",
        path=PAYMENT,
        rpc="customers.get_payment",
        permission=READ,
        summary="One payment",
        tag="payments",
        answer=Payment,
    ),
    *moves(
        PAYMENT,
        Move(
            verb="verify",
            rpc="customers.verify_payment",
            permission="payments.judge",
            summary="It is on the account; from now on it counts",
            body=Verification,
        ),
        Move(
            verb="reject",
            rpc="customers.reject_payment",
            permission="payments.judge",
            summary="It is not on the account",
            body=Judgement,
        ),
        Move(
            verb="reverse",
            rpc="customers.reverse_payment",
            permission="payments.judge",
            summary="It has gone back; what has not left waits for money again",
            body=Judgement,
        ),
        answer=Payment,
        tag="payments",
        listing="customers.list_payment_actions",
        listing_permission=READ,
    ),
    Operation(
        method="GET",
        path=ORDER_MONEY,
        rpc="customers.get_order_money",
        permission=READ,
        summary="All the money of one order",
        tag="payments",
        answer=MoneyOfOrder,
    ),
    Operation(
        method="POST",
        path=f"{ORDER_MONEY}/customer-credit",
        rpc="customers.use_customer_credit",
        permission="payments.judge",
        summary="Pay for an order out of what we owe its customer",
        tag="payments",
        body=CreditUse,
        answer=Payment,
        status=201,
        location="/payments/{number}",
    ),
    Operation(
        method="GET",
        path=NOTICES,
        rpc="customers.list_notices",
        permission=READ,
        summary="Notices of what is due, the newest first",
        tag="notices",
        query=NoticeSearch,
        answer=NoticePage,
    ),
    Operation(
        method="POST",
        path=NOTICES,
        rpc="customers.make_notice",
        permission="notices.make",
        summary="Draft a notice of what an order has to pay now",
        tag="notices",
        body=NewNotice,
        answer=Notice,
        status=201,
        location="/notices/{number}",
    ),
    Operation(
        method="GET",
        path=NOTICE,
        rpc="customers.get_notice",
        permission=READ,
        summary="One notice, with all that its printed page shows",
        tag="notices",
        answer=NoticeInFull,
    ),
    *moves(
        NOTICE,
        Move(
            verb="mark_sent",
            rpc="customers.mark_notice_sent",
            permission="notices.send",
            summary="A person has sent it, first or again; how, and if it was received clearly",
            body=Sending,
        ),
        answer=Notice,
        tag="notices",
        listing="customers.list_notice_actions",
        listing_permission=READ,
    ),
    Operation(
        method="GET",
        path=INVOICES,
        rpc="customers.list_invoices",
        permission=READ,
        summary="Invoices by order and customer, the newest first",
        tag="invoices",
        query=InvoiceSearch,
        answer=InvoicePage,
    ),
    Operation(
        method="POST",
        path=INVOICES,
        rpc="customers.make_invoice",
        permission="payments.judge",
        summary="Invoice what an order has shipped",
        tag="invoices",
        body=NewInvoice,
        answer=Invoice,
        status=201,
        location="/invoices/{number}",
    ),
    Operation(
        method="GET",
        path=f"{INVOICES}/{{invoice_number}}",
        rpc="customers.get_invoice",
        permission=READ,
        summary="One invoice",
        tag="invoices",
        answer=Invoice,
    ),
]
