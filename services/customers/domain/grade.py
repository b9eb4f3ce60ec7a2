"""Grades, terms, and the policy that a grade and a contract make (SPEC §4)."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chassis.money import percent_of

if TYPE_CHECKING:
    from services.customers.domain.contract import Contract


class Grade(StrEnum):
    """How far a customer is trusted; finance or the director decides."""

    A = "A"  # buys on account
    B = "B"  # pays a deposit, and the balance before dispatch
    C = "C"  # pays first; a new customer until it is assessed


class Terms(StrEnum):
    """When an order's money is due."""

    ACCOUNT = "account"  # after dispatch
    DEPOSIT_AND_BALANCE = "deposit_and_balance"  # a part before making, the rest after
    PREPAID = "prepaid"  # all of it before making or picking; reserves no credit


class SettlementMethod(StrEnum):
    """How a customer settles, where its contract says so."""

    BANK_TRANSFER = "bank_transfer"
    CASH = "cash"
    CHEQUE = "cheque"
    ACCEPTANCE_BILL = "acceptance_bill"  # 承兑汇票
    ONLINE = "online"


@dataclass(frozen=True)
class Policy:
    """The terms in force for one customer now: its grade's, field by field its contract's."""

    grade: Grade
    terms: Terms
    instruction_before_sign_back: bool
    deposit_percent: Decimal
    balance_before_dispatch: bool
    credit_limit: Decimal
    credit_stop_days: int
    payment_days: int
    settlement_method: SettlementMethod
    delivery_terms: str
    contract_number: str | None

    @property
    def is_prepaid(self) -> bool:
        return self.terms is Terms.PREPAID

    def deposit_of(self, total: Decimal) -> Decimal:
        """Give the verified money that an order of `total` needs before it is made."""
        return total if self.is_prepaid else percent_of(total, self.deposit_percent)


def policy_in_force(
    grade: Grade,
    setting: Callable[[str], Any],
    *,
    contract: "Contract | None" = None,
    limit_set: Decimal | None = None,
) -> Policy:
    """Give a customer's policy: a contract overrides the grade's numbers field by field.

    A limit set on the credit account goes before the contract's, that before the grade's.
    """

    def of(field: str, own: Any) -> Any:
        return setting(f"grade_{grade.lower()}_{field}") if own is None else own

    limit = contract.credit_limit if contract is not None and limit_set is None else limit_set
    return Policy(
        grade=grade,
        terms=Terms(of("terms", contract and contract.terms)),
        instruction_before_sign_back=of(
            "instruction_before_sign_back", contract and contract.instruction_before_sign_back
        ),
        deposit_percent=of("deposit_percent", contract and contract.deposit_percent),
        balance_before_dispatch=of(
            "balance_before_dispatch", contract and contract.balance_before_dispatch
        ),
        credit_limit=of("credit_limit", limit),
        credit_stop_days=of("credit_stop_days", contract and contract.credit_stop_days),
        payment_days=of("payment_days", contract and contract.payment_days),
        settlement_method=(contract and contract.settlement_method)
        or SettlementMethod.BANK_TRANSFER,
        delivery_terms=(contract and contract.delivery_terms) or "",
        contract_number=contract.number if contract is not None else None,
    )
