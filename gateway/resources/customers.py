"""Customers with their contacts, seals and addresses, their grades and their credit."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from chassis.errors import InvalidFields
from chassis.reasons import REASONS
from chassis.schema import CODE, Amount, Message, Moment, Percent, Text
from gateway import storage
from gateway.operations import Answer, Move, Operation, Paged, Reasoned, moves, page_of

if TYPE_CHECKING:
    from gateway.calls import Call

CUSTOMERS = "/customers"
CUSTOMER = f"{CUSTOMERS}/{{customer_code}}"
READ, CHANGE, MONEY = "customers.read", "customers.change", "credit.read"

GRADES = ("A", "B", "C")
KINDS = ("company", "dealer", "franchisee", "person")
TERMS = ("account", "deposit_and_balance", "prepaid")


def code(**kwargs: Any) -> fields.String:
    """Give the field of a customer's code."""
    return fields.String(validate=CODE, **kwargs)


class Why(Message):
    """A change of something in force says why: a reason of the list, and words."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = Text(load_default=None, allow_none=True, most=1000)


class Decision(Message):
    """A decision is explained in words."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = Text(required=True, least=1, most=1000)


class ContactFields(Message):
    """A person at a customer; `may_sign` makes an authorised signatory."""

    name = Text(required=True, least=1, most=120)
    title = Text(most=120)
    phone = Text(most=60)
    email = Text(most=200)
    may_sign = fields.Boolean()
    note = Text(most=1000)


class SealFields(Message):
    """A seal on file."""

    code = Text(required=True, least=1, most=40)
    description = Text(most=500)


class AddressFields(Message):
    """A place that goods are sent to."""

    address = Text(required=True, least=1, most=300)
    label = Text(most=60)
    region = Text(most=60)
    postal_code = Text(most=20)
    consignee = Text(most=120)
    phone = Text(most=60)
    is_default = fields.Boolean()


class CustomerFile(Message):
    """What a customer's file says."""

    name = Text(least=1, most=200)
    short_name = Text(most=60)
    kind = fields.String(validate=validate.OneOf(KINDS))
    region = Text(most=60)
    salesperson_id = Text(least=1, most=80, allow_none=True)
    phone = Text(most=60)
    tax_number = Text(most=40)
    notes = Text(most=4000)


class NewCustomer(CustomerFile):
    """A customer, who starts as grade C; without a code it gets one."""

    customer_code = code(allow_none=True)
    name = Text(required=True, least=1, most=200)
    contacts = fields.List(fields.Nested(ContactFields), validate=validate.Length(max=100))
    seals = fields.List(fields.Nested(SealFields), validate=validate.Length(max=100))
    addresses = fields.List(fields.Nested(AddressFields), validate=validate.Length(max=100))


class ChangedFile(CustomerFile):
    """What is to be different; a customer that is not `active` gets nothing new."""

    active = fields.Boolean()


class CustomerEdit(Why):
    """A change of a customer's file."""

    changes = fields.Nested(ChangedFile, required=True)


class NewGrade(Decision):
    """A decision about the grade."""

    grade = fields.String(required=True, validate=validate.OneOf(GRADES))


class NewLimit(Decision):
    """A limit of the customer's own; null gives back its contract's or grade's."""

    credit_limit = Amount(required=True, allow_none=True, least=0)


class CustomerSearch(Paged):
    """Customers by any part of name, code or phone, and by region, grade or salesperson."""

    text = Text(
        most=60,
        metadata={"description": "To whom phones are masked finds one by its whole number only."},
    )
    region = Text(most=60)
    grade = fields.String(validate=validate.OneOf(GRADES))
    salesperson_id = Text(most=80)
    active = fields.Boolean()


class Contact(Answer):
    """A contact on file."""

    id = fields.String()
    name = fields.String()
    title = fields.String()
    phone = fields.String()
    email = fields.String()
    may_sign = fields.Boolean()
    note = fields.String()


class Seal(Answer):
    """A seal on file."""

    id = fields.String()
    code = fields.String()
    description = fields.String()


class Address(Answer):
    """An address on file."""

    id = fields.String()
    label = fields.String()
    region = fields.String()
    address = fields.String()
    postal_code = fields.String()
    consignee = fields.String()
    phone = fields.String()
    is_default = fields.Boolean()


class GradeChange(Answer):
    """One decision about the grade."""

    old = fields.String(allow_none=True)
    new = fields.String()
    at = Moment()
    by_name = fields.String()
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class CustomerFound(Answer):
    """A customer as a list shows it."""

    id = fields.String()
    customer_code = fields.String()
    version = fields.Integer()
    name = fields.String()
    short_name = fields.String()
    kind = fields.String()
    grade = fields.String()
    region = fields.String()
    salesperson_id = fields.String(allow_none=True)
    salesperson_name = fields.String(allow_none=True)
    phone = fields.String()
    phone_tail = fields.String()
    active = fields.Boolean()


class Customer(CustomerFound):
    """A customer's whole file."""

    tax_number = fields.String()
    notes = fields.String()
    created_at = Moment()
    contacts = fields.List(fields.Nested(Contact))
    seals = fields.List(fields.Nested(Seal))
    addresses = fields.List(fields.Nested(Address))
    grade_changes = fields.List(fields.Nested(GradeChange))


class Proposal(Answer):
    """The grade that a customer's figures propose; people decide."""

    customer_code = fields.String()
    grade = fields.String()
    proposed = fields.String()
    differs = fields.Boolean()
    turnover = Amount(
        metadata={"description": "shipped in 365 days, and ordered then by the old books"}
    )
    refunded = Amount(metadata={"description": "credit notes of the same days"})
    days_late = fields.Integer(
        metadata={"description": "of what is overdue now or was paid late in the same days"}
    )


class TermsInForce(Answer):
    """A customer's terms now: its grade's, field by field its contract's."""

    grade = fields.String()
    terms = fields.String()
    instruction_before_sign_back = fields.Boolean()
    deposit_percent = Percent()
    balance_before_dispatch = fields.Boolean()
    credit_limit = Amount()
    credit_stop_days = fields.Integer()
    payment_days = fields.Integer()
    settlement_method = fields.String()
    delivery_terms = fields.String()
    contract_number = fields.String(allow_none=True)


class Ages(Answer):
    """What is owed, by how many days it has been overdue."""

    not_due = Amount()
    to_30 = Amount()
    to_60 = Amount()
    to_90 = Amount()
    over_90 = Amount()


class OrderMoney(Answer):
    """What one order holds, owes and has been paid."""

    order_id = fields.String()
    order_number = fields.String()
    customer_id = fields.String()
    terms = fields.String(allow_none=True)
    standing = fields.String()
    deposit_due = Amount()
    total = Amount()
    worth = Amount(metadata={"description": "accepted where known, else ordered"})
    verified = Amount()
    receivable = Amount(metadata={"description": "value shipped, paid or not"})
    reservation = Amount()
    refunded = Amount()
    balance = Amount()
    paid_in_full = fields.Boolean()
    deposit_met = fields.Boolean()
    invoiced = fields.Boolean()


class CreditAccount(Answer):
    """A customer's credit with its open orders."""

    customer = fields.Nested(CustomerFound)
    version = fields.Integer()
    policy = fields.Nested(TermsInForce)
    credit_limit = Amount()
    limit_set = Amount(allow_none=True)
    exposure = Amount()
    available = Amount()
    customer_credit = Amount(metadata={"description": "what we owe the customer"})
    receivable = Amount()
    ages = fields.Nested(Ages)
    days_overdue = fields.Integer()
    credit_stop = fields.Boolean()
    orders = fields.List(
        fields.Nested(OrderMoney), metadata={"description": "open or owing, the newest first"}
    )
    more = fields.Boolean(metadata={"description": "More orders are open than are shown."})


class LedgerEntry(Answer):
    """One movement; amounts are by how much the balance changed."""

    id = fields.Integer()
    kind = fields.String()
    order_id = fields.String(allow_none=True)
    reservation = Amount()
    receivable = Amount()
    verified = Amount()
    customer_credit = Amount()
    cause = fields.String()
    at = Moment()


class Coupon(Answer):
    """A gift that a confirmed order earned its customer; void when the order was cancelled."""

    order_number = fields.String()
    promotion_code = fields.String()
    amount = Amount()
    state = fields.String()
    granted_at = Moment()
    voided_at = Moment(allow_none=True)


class Debtor(Ages):
    """What one customer owes."""

    customer_code = fields.String()
    customer_name = fields.String()
    grade = fields.String()
    total = Amount()
    days_overdue = fields.Integer()


CustomerPage = page_of(CustomerFound)
OrderMoneyPage = page_of(OrderMoney)
LedgerPage = page_of(LedgerEntry)
CouponPage = page_of(Coupon)
DebtorPage = page_of(Debtor)


def _parts(noun: str, plural: str, new: type[Schema], edit: type[Schema]) -> list[Operation]:
    """Give the operations of one kind of what a customer's file lists."""
    path = f"{CUSTOMER}/{plural}"
    one = f"{path}/{{{noun}_id}}"
    return [
        Operation(
            method="POST",
            path=path,
            rpc=f"customers.add_{noun}",
            permission=CHANGE,
            summary=f"Put a new {noun} on a customer's file",
            tag="customers",
            body=new,
            answer=Customer,
            status=201,
        ),
        Operation(
            method="PATCH",
            path=one,
            rpc=f"customers.change_{noun}",
            permission=CHANGE,
            summary=f"Change one {noun} on a customer's file",
            tag="customers",
            body=edit,
            answer=Customer,
            versioned=True,
        ),
        Operation(
            method="POST",
            path=f"{one}/actions/remove",
            rpc=f"customers.remove_{noun}",
            permission=CHANGE,
            summary=f"Take one {noun} off a customer's file",
            tag="customers",
            body=Why,
            answer=Customer,
            versioned=True,
        ),
    ]


class NewContact(Reasoned):
    """A new contact; of one who may sign it says why."""

    contact = fields.Nested(ContactFields, required=True)


class ContactEdit(Why):
    """What is to be different of a contact."""

    changes = fields.Nested(ContactFields(partial=True), required=True)


class NewSeal(Why):
    """A new seal on file."""

    seal = fields.Nested(SealFields, required=True)


class SealEdit(Why):
    """What is to be different of a seal's file."""

    changes = fields.Nested(SealFields(partial=True), required=True)


class NewAddress(Reasoned):
    """A new address."""

    address = fields.Nested(AddressFields, required=True)


class AddressEdit(Why):
    """What is to be different of an address."""

    changes = fields.Nested(AddressFields(partial=True), required=True)


def _name_salesperson(call: "Call") -> "Call":
    return replace(call, body={**call.body, **_named(call, call.body)})


def _name_next_salesperson(call: "Call") -> "Call":
    changes = call.body["changes"]
    try:
        changes = {**changes, **_named(call, changes)}
    except InvalidFields as refusal:
        raise InvalidFields({"changes": refusal.details["fields"]}) from None
    return replace(call, body={**call.body, "changes": changes})


def _named(call: "Call", file: Mapping[str, Any]) -> dict[str, Any]:
    """Give the name of whose a customer is to be: who sells to it is the gateway's to know."""
    if "salesperson_id" not in file:
        return {}
    person_id, name = file["salesperson_id"], None
    if person_id is not None:
        name = call.store.read(
            call.principal, lambda work: storage.name_in_role(work.session, person_id, "sales")
        )
        if name is None:
            raise InvalidFields(_NO_SALESPERSON)
    return {"salesperson_name": name}


_NO_SALESPERSON = {
    "salesperson_id": ["Must be the person_id of an account with the role sales, not locked."]
}

OPERATIONS = [
    Operation(
        method="GET",
        path=CUSTOMERS,
        rpc="customers.search_customers",
        permission=READ,
        summary="Search customers",
        tag="customers",
        query=CustomerSearch,
        answer=CustomerPage,
    ),
    Operation(
        method="POST",
        path=CUSTOMERS,
        rpc="customers.create_customer",
        complete=_name_salesperson,
        permission=CHANGE,
        summary="Take a new customer into the books, as grade C",
        tag="customers",
        body=NewCustomer,
        answer=Customer,
        status=201,
        location="/customers/{customer_code}",
    ),
    Operation(
        method="GET",
        path=CUSTOMER,
        rpc="customers.get_customer",
        permission=READ,
        summary="One customer's whole file",
        tag="customers",
        answer=Customer,
    ),
    Operation(
        method="PATCH",
        path=CUSTOMER,
        rpc="customers.change_customer",
        complete=_name_next_salesperson,
        permission=CHANGE,
        summary="Change a customer's file",
        tag="customers",
        body=CustomerEdit,
        answer=Customer,
        versioned=True,
    ),
    *_parts("contact", "contacts", NewContact, ContactEdit),
    *_parts("seal", "seals", NewSeal, SealEdit),
    *_parts("address", "addresses", NewAddress, AddressEdit),
    *moves(
        CUSTOMER,
        Move(
            verb="change_grade",
            rpc="customers.change_grade",
            permission="customers.decide",
            summary="Give a customer another grade, which counts at once",
            body=NewGrade,
        ),
        answer=Customer,
        tag="customers",
        listing="customers.list_customer_actions",
        listing_permission=READ,
    ),
    Operation(
        method="GET",
        path=f"{CUSTOMER}/grade-proposal",
        rpc="customers.propose_grades",
        permission=MONEY,
        summary="The grade that a customer's figures propose",
        tag="customers",
        answer=Proposal,
    ),
    Operation(
        method="GET",
        path=f"{CUSTOMER}/credit",
        rpc="customers.get_credit_account",
        permission=MONEY,
        summary="Limit, exposure, receivables by age, and open orders of a customer",
        tag="credit",
        answer=CreditAccount,
    ),
    Operation(
        method="PUT",
        path=f"{CUSTOMER}/credit",
        rpc="customers.set_credit_limit",
        permission="customers.decide",
        summary="Set a customer's own credit limit, or give back its grade's",
        tag="credit",
        body=NewLimit,
        answer=CreditAccount,
        versioned=True,
    ),
    Operation(
        method="GET",
        path=f"{CUSTOMER}/credit/orders",
        rpc="customers.list_order_credits",
        permission=MONEY,
        summary="A customer's orders with their money, the newest first",
        tag="credit",
        query=Paged,
        answer=OrderMoneyPage,
    ),
    Operation(
        method="GET",
        path=f"{CUSTOMER}/credit/ledger",
        rpc="customers.list_ledger",
        permission=MONEY,
        summary="The movements of a customer's account, the newest first",
        tag="credit",
        query=Paged,
        answer=LedgerPage,
    ),
    Operation(
        method="GET",
        path=f"{CUSTOMER}/coupons",
        rpc="customers.list_coupons",
        permission=MONEY,
        summary="A customer's coupons, the newest first",
        tag="credit",
        query=Paged,
        answer=CouponPage,
    ),
    Operation(
        method="GET",
        path="/receivables",
        rpc="customers.list_receivables",
        permission="credit.receivables",
        summary="Who owes what, by age",
        tag="credit",
        query=Paged,
        answer=DebtorPage,
    ),
]
