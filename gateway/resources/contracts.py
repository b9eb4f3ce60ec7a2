"""Customers' contracts, which override the grade's policy field by field."""

from marshmallow import fields, validate

from chassis.schema import Amount, Message, Moment, Percent, Text
from gateway.operations import Answer, Move, Operation, Paged, Reasoned, moves, page_of
from gateway.resources.customers import TERMS, code

CONTRACTS = "/contracts"
CONTRACT = f"{CONTRACTS}/{{contract_number}}"
READ = "contracts.read"
STATES = ("draft", "approved", "signed", "ended")
SETTLEMENT = ("bank_transfer", "cash", "cheque", "acceptance_bill", "online")


class ContractText(Message):
    """What a contract says; a field left out leaves the grade's number in force."""

    valid_from = fields.Date()
    valid_until = fields.Date(allow_none=True)
    terms = fields.String(allow_none=True, validate=validate.OneOf(TERMS))
    deposit_percent = Percent(allow_none=True, least=0, validate=validate.Range(max=100))
    instruction_before_sign_back = fields.Boolean(allow_none=True)
    balance_before_dispatch = fields.Boolean(allow_none=True)
    credit_limit = Amount(allow_none=True, least=0)
    credit_stop_days = fields.Integer(allow_none=True, validate=validate.Range(1, 3650))
    payment_days = fields.Integer(allow_none=True, validate=validate.Range(0, 365))
    delivery_terms = Text(most=1000)
    settlement_method = fields.String(allow_none=True, validate=validate.OneOf(SETTLEMENT))
    text = Text(most=20_000)


class NewContract(ContractText):
    """A new contract, as a draft."""

    customer_code = code(required=True)
    valid_from = fields.Date(required=True)


class ContractEdit(Reasoned):
    """What is to be different in a draft."""

    changes = fields.Nested(ContractText, required=True)


class Signing(Reasoned):
    """Both sides have signed."""

    signed_by_customer = Text(required=True, least=1, most=120)


class ContractSearch(Paged):
    """Contracts by customer and state."""

    customer_code = code()
    state = fields.String(validate=validate.OneOf(STATES))


class Contract(Answer):
    """A contract."""

    id = fields.String()
    number = fields.String()
    version = fields.Integer()
    customer_id = fields.String()
    state = fields.String()
    valid_from = fields.Date()
    valid_until = fields.Date(allow_none=True)
    terms = fields.String(allow_none=True)
    deposit_percent = Percent(allow_none=True)
    instruction_before_sign_back = fields.Boolean(allow_none=True)
    balance_before_dispatch = fields.Boolean(allow_none=True)
    credit_limit = Amount(allow_none=True)
    credit_stop_days = fields.Integer(allow_none=True)
    payment_days = fields.Integer(allow_none=True)
    delivery_terms = fields.String()
    settlement_method = fields.String(allow_none=True)
    text = fields.String()
    drafted_at = Moment()
    drafted_by = fields.String()
    approved_at = Moment(allow_none=True)
    approved_by = fields.String(allow_none=True)
    signed_at = Moment(allow_none=True)
    signed_for_customer_by = fields.String(allow_none=True)
    ended_at = Moment(allow_none=True)


ContractPage = page_of(Contract)

OPERATIONS = [
    Operation(
        method="GET",
        path=CONTRACTS,
        rpc="customers.list_contracts",
        permission=READ,
        summary="Contracts by customer and state, the newest first",
        tag="contracts",
        query=ContractSearch,
        answer=ContractPage,
    ),
    Operation(
        method="POST",
        path=CONTRACTS,
        rpc="customers.draft_contract",
        permission="contracts.draft",
        summary="Write down what is to be agreed with a customer",
        tag="contracts",
        body=NewContract,
        answer=Contract,
        status=201,
        location="/contracts/{number}",
    ),
    Operation(
        method="GET",
        path=CONTRACT,
        rpc="customers.get_contract",
        permission=READ,
        summary="One contract",
        tag="contracts",
        answer=Contract,
    ),
    Operation(
        method="PATCH",
        path=CONTRACT,
        rpc="customers.change_contract",
        permission="contracts.draft",
        summary="Change a draft",
        tag="contracts",
        body=ContractEdit,
        answer=Contract,
        versioned=True,
    ),
    *moves(
        CONTRACT,
        Move(
            verb="approve",
            rpc="customers.approve_contract",
            permission="contracts.approve",
            summary="Agree to its terms",
        ),
        Move(
            verb="send_back",
            rpc="customers.send_back_contract",
            permission="contracts.send_back",
            summary="Give an approved contract back to be rewritten",
        ),
        Move(
            verb="sign",
            rpc="customers.sign_contract",
            permission="contracts.sign",
            summary="Both have signed; on the day it begins it takes the place of the one before",
            body=Signing,
        ),
        Move(
            verb="end",
            rpc="customers.end_contract",
            permission="contracts.end",
            summary="End a contract, or drop one that was not signed",
        ),
        answer=Contract,
        tag="contracts",
        listing="customers.list_contract_actions",
        listing_permission=READ,
    ),
]
