"""Payments, notices, invoices and credit notes, in and out."""

from marshmallow import fields, validate

from chassis.schema import Amount, Identity, Message, Moment, PageRequest, Percent, Text, one_of
from services.customers.domain.lifecycle import NoticeState, PaymentState
from services.customers.domain.words import NoticeChannel, NoticeKind, PaymentMethod
from services.customers.schemas.credit import MoneyView
from services.customers.schemas.customers import ContactView, CustomerRow
from services.customers.schemas.shared_fields import LARGEST_SUM, Change, code, number


class RecordPayment(Message):
    """Money that somebody says was paid, for an order or on a customer's account."""

    order_number = number(load_default=None, allow_none=True)
    customer_code = code(load_default=None, allow_none=True)
    amount = Amount(required=True, above=0, validate=validate.Range(max=LARGEST_SUM))
    method = one_of(PaymentMethod, load_default=PaymentMethod.BANK_TRANSFER)
    paid_at = Moment(required=True)
    reference = Text(load_default="", most=120)
    note = Text(load_default="", most=1000)


class OfPayment(Message):
    """Which payment."""

    payment_number = number(required=True)


class JudgePayment(Change):
    """Finance's judgement of a payment."""

    payment_number = number(required=True)


class VerifyPayment(JudgePayment):
    """Finance has found it; it may correct the moment of payment."""

    paid_at = Moment(load_default=None, allow_none=True)


class UseCustomerCredit(Message):
    """Pay for an order out of the customer's credit."""

    order_number = number(required=True)
    amount = Amount(required=True, above=0, validate=validate.Range(max=LARGEST_SUM))
    note = Text(load_default=None, allow_none=True, most=1000)


class ListPayments(PageRequest):
    """Which payments."""

    order_number = number(load_default=None, allow_none=True)
    customer_code = code(load_default=None, allow_none=True)
    state = one_of(PaymentState, load_default=None, allow_none=True)


class PaymentView(Message):
    """A payment."""

    id = Identity()
    number = fields.String()
    version = fields.Integer()
    customer_id = Identity()
    customer_name = fields.String()
    order_id = Identity(allow_none=True)
    order_number = fields.String(allow_none=True)
    state = one_of(PaymentState)
    amount = Amount()
    method = one_of(PaymentMethod)
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


class PaymentFact(Message):
    """A fact about a payment, with its order's money."""

    payment = fields.Nested(PaymentView)
    money = fields.Nested(MoneyView, allow_none=True)


class GetOrderMoney(Message):
    """Which order, by its number or id."""

    order_id = Identity(load_default=None, allow_none=True)
    order_number = number(load_default=None, allow_none=True)


class OfNotice(Message):
    """Which notice."""

    notice_number = number(required=True)


class MakeNotice(Message):
    """A notice that a person asks for."""

    order_number = number(required=True)
    kind = one_of(NoticeKind, required=True)


class MarkNoticeSent(Change):
    """How a notice was sent, and whether it was received clearly."""

    notice_number = number(required=True)
    channel = one_of(NoticeChannel, required=True)
    sent_at = Moment(load_default=None, allow_none=True)
    received_clearly = fields.Boolean(load_default=False)
    received_by = Text(load_default=None, allow_none=True, most=120)


class ListNotices(PageRequest):
    """Which notices."""

    order_number = number(load_default=None, allow_none=True)
    customer_code = code(load_default=None, allow_none=True)
    state = one_of(NoticeState, load_default=None, allow_none=True)


class NoticeView(Message):
    """A notice with its figures."""

    id = Identity()
    number = fields.String()
    version = fields.Integer()
    kind = one_of(NoticeKind)
    state = one_of(NoticeState)
    customer_id = Identity()
    customer_name = fields.String()
    order_id = Identity()
    order_number = fields.String()
    amount = Amount()
    worth = Amount()
    order_worth = Amount()
    verified = Amount()
    due = Amount()
    covered = Amount()
    deposit_percent = fields.String(allow_none=True)
    lines = fields.List(fields.Dict())
    drafted_at = Moment()
    sent_at = Moment(allow_none=True)
    channel = one_of(NoticeChannel, allow_none=True)
    received_clearly = fields.Boolean(allow_none=True)
    received_by = fields.String(allow_none=True)
    sent_by_name = fields.String(allow_none=True)
    due_at = Moment(allow_none=True)


class NoticePage(Message):
    """All that the printed notice shows."""

    version = fields.Integer(attribute="notice.version")
    notice = fields.Nested(NoticeView)
    customer = fields.Nested(CustomerRow)
    contact = fields.Nested(ContactView)
    verified_now = Amount()
    still_due = Amount()
    has_left = fields.Boolean()
    capitals = fields.String()
    title_zh = fields.String()


class NoticeFact(Message):
    """A notice was drafted."""

    notice = fields.Nested(NoticeView)


class MakeInvoice(Message):
    """Invoice what an order has shipped."""

    order_number = number(required=True)
    paper_number = Text(load_default="", most=60)
    note = Text(load_default=None, allow_none=True, most=1000)


class GetInvoice(Message):
    """Which invoice."""

    invoice_number = number(required=True)


class ListInvoices(PageRequest):
    """Which invoices."""

    order_number = number(load_default=None, allow_none=True)
    customer_code = code(load_default=None, allow_none=True)


class InvoiceView(Message):
    """An invoice."""

    id = Identity()
    number = fields.String()
    version = fields.Integer()
    customer_id = Identity()
    customer_name = fields.String()
    tax_number = fields.String()
    order_id = Identity()
    order_number = fields.String()
    amount = Amount()
    vat_percent = Percent()
    vat = Amount()
    paper_number = fields.String()
    made_at = Moment()
    made_by_name = fields.String()


class InvoiceFact(Message):
    """An invoice was made."""

    invoice = fields.Nested(InvoiceView)


class CreditNoteView(Message):
    """A refund as the customer's credit."""

    id = Identity()
    number = fields.String()
    case_id = Identity()
    case_number = fields.String()
    customer_id = Identity()
    order_id = Identity()
    order_number = fields.String()
    amount = Amount()
    made_at = Moment()


class CreditNoteFact(Message):
    """A credit note was made."""

    credit_note = fields.Nested(CreditNoteView)


class OrderMoneyPage(Message):
    """All the money of one order."""

    money = fields.Nested(MoneyView)
    payments = fields.List(fields.Nested(PaymentView))
    notices = fields.List(fields.Nested(NoticeView))
    invoices = fields.List(fields.Nested(InvoiceView))
    credit_notes = fields.List(fields.Nested(CreditNoteView))
