"""Contracts: drafted by the desk, approved by finance, signed by both sides (O11)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from chassis.database import Work
from chassis.errors import guard_version
from chassis.reasons import Reason
from services.customers.domain.contract import CONTRACT_NUMBER, Contract
from services.customers.domain.errors import ContractNotFound
from services.customers.domain.guards import guard_note
from services.customers.domain.lifecycle import CONTRACT, ContractState
from services.customers.storage import credit as storage
from services.customers.storage import customers as customer_storage
from services.customers.storage import money, next_number
from services.customers.use_cases.access import listing, paged, seen
from services.customers.use_cases.credit import look_at_stop_of
from services.customers.use_cases.notices import let_notices_follow_terms


def draft_contract(work: Work, customer_code: str, values: Mapping[str, Any]) -> Contract:
    """Write down what is to be agreed with a customer; nothing of it counts yet."""
    customer = customer_storage.plain_by_code(work.session, customer_code, work.principal)
    customer.check_served()
    contract = Contract.draft(
        next_number(work.session, "H", CONTRACT_NUMBER, work.today),
        customer.id,
        values,
        now=work.now,
        by=work.principal.name,
    )
    work.session.add(contract)
    work.session.flush()
    work.log("contract", contract.number, "draft_contract")
    return contract


def change_contract(
    work: Work,
    contract_number: str,
    values: Mapping[str, Any],
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Contract:
    """Write a draft anew."""
    contract = visible_contract(work, contract_number)
    guard_version(f"contract {contract_number}", contract.version, expected_version)
    changes = contract.change(values)
    work.session.flush()
    if changes:
        work.log(
            "contract",
            contract_number,
            "change_contract",
            changes=changes,
            reason=reason,
            note=note,
        )
    return contract


def approve_contract(
    work: Work,
    contract_number: str,
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Contract:
    """Agree to its terms, as finance."""
    work.principal.require("finance")
    return _moved(
        work,
        contract_number,
        ContractState.APPROVED,
        lambda contract: contract.approve(work.now, work.principal.name),
        expected_version=expected_version,
        reason=reason,
        note=note,
    )


def send_back_contract(
    work: Work,
    contract_number: str,
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Contract:
    """Give an approved contract back to be rewritten, and say why."""
    work.principal.require("finance", "clerk", "sales", "supervisor")
    return _moved(
        work,
        contract_number,
        ContractState.DRAFT,
        lambda contract: contract.send_back(),
        expected_version=expected_version,
        reason=reason,
        note=note,
        explained=True,
    )


def sign_contract(
    work: Work,
    contract_number: str,
    *,
    signed_by_customer: str,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Contract:
    """Note that both sides have signed; the one before it ends, on the day when this begins."""
    work.principal.require("clerk", "sales", "supervisor", "director")

    def sign(contract: Contract) -> None:
        contract.guard_not_over(work.today)
        _end_formers(work, contract, lambda former: former.ends_for(contract, work.today))
        contract.sign(work.now, for_customer=signed_by_customer)

    return _moved(
        work,
        contract_number,
        ContractState.SIGNED,
        sign,
        expected_version=expected_version,
        reason=reason,
        note=note,
    )


def end_contract(
    work: Work,
    contract_number: str,
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Contract:
    """End a contract, or drop one that was not signed, and say why.

    What it has replaced ends with it; what it would have replaced stays in force.
    """
    work.principal.require("finance", "director", "supervisor")

    def end(contract: Contract) -> None:
        if contract.state is ContractState.SIGNED:
            _end_formers(work, contract, lambda former: contract.has_replaced(former, work.today))
        contract.end(work.now)

    return _moved(
        work,
        contract_number,
        ContractState.ENDED,
        end,
        expected_version=expected_version,
        reason=reason,
        note=note,
        explained=True,
    )


def _end_formers(work: Work, contract: Contract, ends: Callable[[Contract], bool]) -> None:
    for former in money.signed_contracts(work.session, contract.customer_id):
        if ends(former):
            former.end(work.now)
            work.log("contract", former.number, "end_contract", note=contract.number)
    # Freed first: of those signed, the database allows one that begins on a day.
    work.session.flush()


def follow_contracts(work: Work, day: date) -> None:
    """Let notices follow the contracts that begin on a day, or were over the day before."""
    for customer_id in money.customers_with_new_terms(work.session, day):
        storage.lock_account(work.session, customer_id, work.today)
        let_notices_follow_terms(work, customer_id)


def _moved(
    work: Work,
    number: str,
    wish: ContractState,
    move: Callable[[Contract], None],
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
    explained: bool = False,
) -> Contract:
    contract = visible_contract(work, number)
    old = contract.state
    CONTRACT.check(old, wish, contract_number=number)
    guard_version(f"contract {number}", contract.version, expected_version)
    if explained:
        guard_note(note)
    move(contract)
    work.session.flush()
    if ContractState.SIGNED in (old, wish):
        look_at_stop_of(work, contract.customer_id)
        let_notices_follow_terms(work, contract.customer_id)
    changes = {"state": [old, wish]}
    work.log("contract", number, f"contract_{wish}", changes=changes, reason=reason, note=note)
    return contract


def visible_contract(work: Work, number: str) -> Contract:
    """Give a contract. Raises ContractNotFound, also for another salesperson's."""
    contract = money.contract(work.session, number)
    if not seen(work, contract.customer_id):
        raise ContractNotFound(contract_number=number)
    return contract


def list_contracts(
    work: Work,
    *,
    customer_code: str | None,
    state: ContractState | None,
    limit: int,
    after: str | None,
) -> tuple[Sequence[Contract], str | None]:
    """Give a page of contracts, the newest number first."""
    wish = listing(
        work,
        order_number=None,
        customer_code=customer_code,
        state=state,
        limit=limit,
        after=after,
    )
    return paged(money.listed(work.session, Contract, wish, work.principal), limit)
