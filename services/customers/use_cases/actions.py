"""What may be done now with payments, contracts, notices and customers, and by whom."""

from collections.abc import Callable
from functools import partial
from typing import Any

from chassis.actions import action, refusal_of
from chassis.database import Work
from services.customers.domain.lifecycle import (
    CONTRACT,
    NOTICE,
    PAYMENT,
    ContractState,
    NoticeState,
    PaymentState,
)
from services.customers.storage import customers as customer_storage
from services.customers.use_cases.contracts import visible_contract
from services.customers.use_cases.notices import visible_notice
from services.customers.use_cases.payments import visible_payment

FINANCE = ("finance",)
MAY_SEND = ("clerk", "assistant", "supervisor", "sales")
SIGNERS = ("clerk", "sales", "supervisor", "director")
DECIDERS = ("finance", "director")


def _listed(
    work: Work, verb: str, who: tuple[str, ...], *guards: Callable[[], object]
) -> dict[str, Any]:
    refusal = refusal_of(partial(work.principal.require, *who), *guards)
    return action(verb, who=who, refusal=refusal)


def list_payment_actions(work: Work, payment_number: str) -> list[dict[str, Any]]:
    legal = partial(PAYMENT.check, visible_payment(work, payment_number).state)
    return [
        _listed(work, "verify", FINANCE, partial(legal, PaymentState.VERIFIED)),
        _listed(work, "reject", FINANCE, partial(legal, PaymentState.REJECTED)),
        _listed(work, "reverse", FINANCE, partial(legal, PaymentState.REVERSED)),
    ]


def list_contract_actions(work: Work, contract_number: str) -> list[dict[str, Any]]:
    contract = visible_contract(work, contract_number)
    legal = partial(CONTRACT.check, contract.state)
    in_force = partial(contract.guard_not_over, work.today)
    back = ("finance", "clerk", "sales", "supervisor")
    enders = ("finance", "director", "supervisor")
    return [
        _listed(work, "approve", FINANCE, partial(legal, ContractState.APPROVED)),
        _listed(work, "send_back", back, partial(legal, ContractState.DRAFT)),
        _listed(work, "sign", SIGNERS, partial(legal, ContractState.SIGNED), in_force),
        _listed(work, "end", enders, partial(legal, ContractState.ENDED)),
    ]


def list_notice_actions(work: Work, notice_number: str) -> list[dict[str, Any]]:
    legal = partial(NOTICE.check, visible_notice(work, notice_number).state)
    return [_listed(work, "mark_sent", MAY_SEND, partial(legal, NoticeState.SENT))]


def list_customer_actions(work: Work, customer_code: str) -> list[dict[str, Any]]:
    customer_storage.plain_by_code(work.session, customer_code, work.principal)
    # The credit limit is set at its own address: it is an edit, no move.
    return [_listed(work, "change_grade", DECIDERS)]
