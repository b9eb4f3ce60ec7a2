"""What waits for whom."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis.database import Work
from services.customers.domain.lifecycle import (
    ContractState,
    NoticeState,
)
from services.customers.domain.rules import (
    CONTRACT_DUE_HOURS,
    NOTICE_DUE_HOURS,
    PAYMENT_DUE_HOURS,
)
from services.customers.domain.words import NoticeKind
from services.customers.storage import money
from services.customers.use_cases.actions import FINANCE, SIGNERS

SENDERS = ("clerk", "assistant")
COLLECTORS = ("sales",)
#: Who collects from a customer that no salesperson looks after.
STANDING_IN = ("clerk",)


@dataclass(frozen=True)
class WorkItem:
    """Something that waits for a person of one of `roles`."""

    kind: str
    title: str
    title_zh: str
    entity_type: str
    entity_number: str
    roles: tuple[str, ...]
    due_at: datetime
    verb: str
    path: str
    order_number: str | None = None
    customer_name: str | None = None
    person_id: str | None = None


def list_work(work: Work, limit: int) -> list[WorkItem]:
    """Give what waits for the person who asks, the earliest due first."""
    found = [
        item
        for items in (_payments, _notices, _contracts_to_approve, _contracts_to_sign)
        for item in items(work, limit)
    ]
    return sorted(found, key=lambda item: (item.due_at, item.entity_number))[:limit]


def _payments(work: Work, limit: int) -> Iterator[WorkItem]:
    if not work.principal.has(*FINANCE):
        return
    patience = timedelta(hours=work.setting(PAYMENT_DUE_HOURS))
    for payment in money.claimed_payments(work, limit):
        amount = f"{payment.amount:,.2f}"
        yield WorkItem(
            kind="verify_payment",
            title=f"Verify {amount} from {payment.customer_name}",
            title_zh=f"核实{payment.customer_name}付款 {amount}",
            order_number=payment.order_number,
            customer_name=payment.customer_name,
            entity_type="payment",
            entity_number=payment.number,
            roles=FINANCE,
            due_at=payment.recorded_at + patience,
            verb="verify",
            path=f"/api/v1/payments/{payment.number}",
        )


_NOTICE_WORDS = {
    NoticeKind.PREPAYMENT: ("payment notice", "付款通知书"),
    NoticeKind.DEPOSIT: ("deposit notice", "定金付款通知书"),
    NoticeKind.BALANCE: ("balance notice", "余款催收通知书"),
}


def _notices(work: Work, limit: int) -> Iterator[WorkItem]:
    """Give the notices to be sent, and those sent whose money is to be collected (C10)."""
    kinds = {
        "drafted": work.principal.has(*SENDERS),
        "own": work.principal.has(*COLLECTORS),
        "nobodys": work.principal.has(*STANDING_IN),
    }
    if not any(kinds.values()):
        return
    patience = timedelta(hours=work.setting(NOTICE_DUE_HOURS))
    for notice in money.waiting_notices(work, limit, **kinds):
        name, name_zh = _NOTICE_WORDS[notice.kind]
        order, amount = notice.order_number, f"{notice.amount:,.2f}"
        is_sent = notice.state == NoticeState.SENT
        if is_sent:
            title = f"Collect {amount} of the {name} for order {order}"
            title_zh = f"催收订单 {order} 的{name_zh}款项 {amount}"
        else:
            title = f"Send the {name} of {amount} for order {order}"
            title_zh = f"发送订单 {order} 的{name_zh} {amount}"
        yield WorkItem(
            kind=f"{'collect' if is_sent else 'send'}_{notice.kind}_notice",
            title=title,
            title_zh=title_zh,
            order_number=order,
            customer_name=notice.customer_name,
            entity_type="notice",
            entity_number=notice.number,
            roles=_waits_for(notice),
            person_id=notice.person_id,
            due_at=notice.at if is_sent else notice.at + patience,
            verb="mark_sent",
            path=f"/api/v1/notices/{notice.number}",
        )


def _waits_for(notice: Any) -> tuple[str, ...]:
    if notice.state == NoticeState.DRAFTED:
        return SENDERS
    return STANDING_IN if notice.person_id is None else COLLECTORS


def _contracts_to_approve(work: Work, limit: int) -> Iterable[WorkItem]:
    return _contracts(work, limit, ContractState.DRAFT, "approve", FINANCE, "Approve", "审批")


def _contracts_to_sign(work: Work, limit: int) -> Iterable[WorkItem]:
    return _contracts(work, limit, ContractState.APPROVED, "sign", SIGNERS, "Get signed", "签订")


def _contracts(
    work: Work,
    limit: int,
    state: ContractState,
    verb: str,
    roles: tuple[str, ...],
    words: str,
    words_zh: str,
) -> Iterator[WorkItem]:
    if not work.principal.has(*roles):
        return
    patience = timedelta(hours=work.setting(CONTRACT_DUE_HOURS))
    for contract in money.contracts_in(work, state, limit):
        yield WorkItem(
            kind=f"{verb}_contract",
            title=f"{words}: contract {contract.number} of {contract.customer_name}",
            title_zh=f"{words_zh}{contract.customer_name}的合同 {contract.number}",
            customer_name=contract.customer_name,
            entity_type="contract",
            entity_number=contract.number,
            roles=roles,
            due_at=contract.since + patience,
            verb=verb,
            path=f"/api/v1/contracts/{contract.number}",
        )
