"""Contracts, in and out."""

from marshmallow import fields, validate

from chassis.schema import Amount, Identity, Message, Moment, PageRequest, Percent, Text, one_of
from services.customers.domain.grade import SettlementMethod, Terms
from services.customers.domain.lifecycle import ContractState
from services.customers.schemas.shared_fields import LARGEST_SUM, Change, code, number


class ContractText(Message):
    """What a contract says; a field left out leaves the grade's number in force."""

    valid_from = fields.Date()
    valid_until = fields.Date(allow_none=True)
    terms = one_of(Terms, allow_none=True)
    instruction_before_sign_back = fields.Boolean(allow_none=True)
    deposit_percent = Percent(allow_none=True, least=0, validate=validate.Range(max=100))
    balance_before_dispatch = fields.Boolean(allow_none=True)
    credit_limit = Amount(allow_none=True, least=0, validate=validate.Range(max=LARGEST_SUM))
    credit_stop_days = fields.Integer(allow_none=True, validate=validate.Range(1, 3650))
    payment_days = fields.Integer(allow_none=True, validate=validate.Range(0, 365))
    delivery_terms = Text(most=1000)
    settlement_method = one_of(SettlementMethod, allow_none=True)
    text = Text(most=20_000)


class DraftContract(ContractText):
    """A new contract."""

    customer_code = code(required=True)
    valid_from = fields.Date(required=True)


class ChangeContract(Change):
    """What is to be different in a draft."""

    contract_number = number(required=True)
    changes = fields.Nested(ContractText, required=True)


class OfContract(Message):
    """Which contract."""

    contract_number = number(required=True)


class MoveContract(Change):
    """A move of a contract."""

    contract_number = number(required=True)


class SignContract(MoveContract):
    """Both sides have signed."""

    signed_by_customer = Text(required=True, least=1, most=120)


class ListContracts(PageRequest):
    """Which contracts."""

    customer_code = code(load_default=None, allow_none=True)
    state = one_of(ContractState, load_default=None, allow_none=True)


class ContractView(ContractText):
    """A contract."""

    id = Identity()
    number = fields.String()
    version = fields.Integer()
    customer_id = Identity()
    state = one_of(ContractState)
    drafted_at = Moment()
    drafted_by = fields.String()
    approved_at = Moment(allow_none=True)
    approved_by = fields.String(allow_none=True)
    signed_at = Moment(allow_none=True)
    signed_for_customer_by = fields.String(allow_none=True)
    ended_at = Moment(allow_none=True)
