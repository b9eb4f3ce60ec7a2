"""Credit: what orders and shipping ask, and what the desk reads."""

from marshmallow import fields, validate

from chassis.commands import MAX_KEY_LENGTH
from chassis.schema import (
    Amount,
    Copy,
    Identity,
    Message,
    Moment,
    PageRequest,
    Percent,
    Quantity,
    one_of,
)
from services.customers.domain.grade import Grade, SettlementMethod, Terms
from services.customers.domain.lifecycle import CouponState, Standing
from services.customers.domain.words import EntryKind, Verdict
from services.customers.schemas.customers import CustomerRow
from services.customers.schemas.shared_fields import LARGEST_SUM, Change, code, number


class ReserveCredit(Copy):
    """An order asks for credit; `amount` is its total at the upper tolerance."""

    order_id = Identity(required=True)
    order_number = number(required=True)
    customer_id = Identity(required=True)
    total = Amount(required=True, least=0)
    amount = Amount(required=True, least=0)
    revision = fields.Integer(required=True)
    override = fields.Boolean(load_default=False)


class UndoCredit(Copy):
    """Which command's reservation is to be taken back."""

    order_id = Identity(required=True)
    command_id = fields.String(required=True, validate=validate.Length(1, MAX_KEY_LENGTH))


class OfOrder(Copy):
    """About which order a neighbour asks."""

    order_id = Identity(required=True)


class ReleaseLine(Copy):
    """What a shipment has of one line."""

    line_id = Identity(required=True)
    quantity = Quantity(required=True, least=0)
    accepted_quantity = Quantity(load_default=None, allow_none=True)


class CheckRelease(Copy):
    """Whether a shipment may leave; `last` if nothing of the order follows it."""

    order_id = Identity(required=True)
    lines = fields.List(fields.Nested(ReleaseLine), required=True)
    last = fields.Boolean(load_default=False)
    # What the order's other shipments have, or may have, taken already.
    before = fields.List(fields.Nested(ReleaseLine), load_default=None, allow_none=True)


class TermsView(Message):
    """A customer's terms as they are now."""

    grade = one_of(Grade)
    terms = one_of(Terms)
    instruction_before_sign_back = fields.Boolean()
    deposit_percent = Percent()
    balance_before_dispatch = fields.Boolean()
    credit_limit = Amount()
    credit_stop_days = fields.Integer()
    payment_days = fields.Integer()
    settlement_method = one_of(SettlementMethod)
    delivery_terms = fields.String()
    contract_number = fields.String(allow_none=True)


class CreditAnswerView(Message):
    """What a credit gate is told."""

    verdict = one_of(Verdict)
    prepaid = fields.Boolean()
    terms = one_of(Terms, attribute="policy.terms")
    grade = one_of(Grade, attribute="policy.grade")
    deposit_percent = Percent(attribute="policy.deposit_percent")
    deposit_due = Amount()
    limit = Amount(attribute="policy.credit_limit")
    exposure = Amount(metadata={"description": "of the customer's other orders"})
    reserved = Amount()
    text = fields.String()
    text_zh = fields.String()


class ProductionTermsView(Message):
    """What the grade and the money allow at this moment."""

    grade = one_of(Grade)
    terms = one_of(Terms)
    instruction_before_sign_back = fields.Boolean()
    money_needed = Amount()
    money_verified = Amount()
    money_met = fields.Boolean()
    credit_stop = fields.Boolean()


class ReleaseView(Message):
    """Whether a shipment may leave, and why not."""

    allowed = fields.Boolean()
    code = fields.String()
    why = fields.String()
    why_zh = fields.String()
    grade = one_of(Grade)
    terms = one_of(Terms)
    value = Amount()
    balance_due = Amount()
    paid_at = Moment(allow_none=True)
    verified_at = Moment(allow_none=True)


class SetCreditLimit(Change):
    """A limit of the customer's own; null gives back the contract's or the grade's."""

    customer_code = code(required=True)
    credit_limit = Amount(
        required=True, allow_none=True, least=0, validate=validate.Range(max=LARGEST_SUM)
    )


class GetCreditAccount(Message):
    """Whose account."""

    customer_code = code(required=True)


class ListOfCustomer(PageRequest):
    """A page of what belongs to one customer."""

    customer_code = code(required=True)


class ListReceivables(PageRequest):
    """A page of the customers that owe."""


class Ages(Message):
    """What is owed, by how long it has been overdue."""

    not_due = Amount()
    to_30 = Amount()
    to_60 = Amount()
    to_90 = Amount()
    over_90 = Amount()


class ReceivablesRow(Ages):
    """What one customer owes."""

    customer_code = fields.String()
    customer_name = fields.String()
    grade = one_of(Grade)
    total = Amount()
    days_overdue = fields.Integer()


class MoneyView(Message):
    """What one order holds, owes and has been paid; the public view in events."""

    order_id = Identity(attribute="id")
    order_number = fields.String()
    customer_id = Identity()
    terms = one_of(Terms, allow_none=True)
    standing = one_of(Standing)
    deposit_due = Amount()
    total = Amount()
    worth = Amount()
    verified = Amount()
    receivable = Amount()
    reservation = Amount()
    refunded = Amount()
    balance = Amount()
    paid_in_full = fields.Boolean(attribute="is_paid_in_full")
    deposit_met = fields.Boolean(attribute="is_deposit_met")
    invoiced = fields.Boolean(attribute="is_invoiced")


class CreditAccountView(Message):
    """A customer's credit with its open orders."""

    customer = fields.Nested(CustomerRow)
    version = fields.Integer()
    policy = fields.Nested(TermsView)
    credit_limit = Amount(attribute="policy.credit_limit")
    limit_set = Amount(allow_none=True)
    exposure = Amount()
    available = Amount()
    customer_credit = Amount()
    receivable = Amount()
    ages = fields.Nested(Ages)
    days_overdue = fields.Integer()
    credit_stop = fields.Boolean()
    orders = fields.List(fields.Nested(MoneyView))
    more = fields.Boolean()


class LedgerEntryView(Message):
    """One movement; amounts are by how much the balance changed."""

    id = fields.Integer()
    kind = one_of(EntryKind)
    order_id = Identity(allow_none=True)
    reservation = Amount()
    receivable = Amount()
    verified = Amount()
    customer_credit = Amount()
    cause = fields.String()
    at = Moment()


class CouponView(Message):
    """A threshold gift of an order."""

    order_number = fields.String()
    promotion_code = fields.String()
    amount = Amount()
    state = one_of(CouponState)
    granted_at = Moment()
    voided_at = Moment(allow_none=True)


class CreditStopView(Message):
    """Whether a customer is under a credit stop."""

    customer_id = Identity(attribute="id")
    is_stopped = fields.Boolean()
    stopped_since = Moment(allow_none=True)


class CreditStopFact(Message):
    """A credit stop has begun or ended."""

    account = fields.Nested(CreditStopView)


class MoneyFact(Message):
    """An order's money is different."""

    money = fields.Nested(MoneyView)
