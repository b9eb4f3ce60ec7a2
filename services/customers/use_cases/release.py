"""Whether a shipment may leave: the grade as it is now, the money, the credit stop (SPEC §7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import Work
from chassis.errors import GendanError
from chassis.money import ZERO
from services.customers.domain.credit import CreditAccount, OrderCredit
from services.customers.domain.errors import (
    BalanceNotVerified,
    CreditStopped,
    OrderNotKnownYet,
    OverLimit,
)
from services.customers.domain.grade import Policy
from services.customers.domain.release import Receipt, Shipment, shared_money
from services.customers.storage import copies, money
from services.customers.storage import credit as storage
from services.customers.use_cases.credit import days_over_stop, policy_now


@dataclass(frozen=True)
class ShipmentLine:
    """What a shipment has of one line; the accepted quantity where the asker knows it."""

    line_id: UUID
    quantity: Decimal
    accepted_quantity: Decimal | None


def weigh(
    work: Work,
    order: OrderCredit,
    policy: Policy,
    lines: Iterable[ShipmentLine],
    *,
    receipts: Sequence[Receipt],
    last: bool,
    before: Iterable[tuple[UUID, Decimal]] | None = None,
) -> Shipment:
    """Give what a shipment is worth, and the verified money with which it may leave.

    `receipts` are the order's verified money. `before` is what shipping knows that the order's
    other shipments take; without it, what has been heard of them counts.
    """
    goods = copies.goods(work.session, order.id, live=True, shipped=before)
    if goods is None:
        raise OrderNotKnownYet(order_id=order.id)
    asked = list(lines)
    goods = goods.with_accepted(
        {
            line.line_id: line.accepted_quantity
            for line in asked
            if line.accepted_quantity is not None
        }
    )
    return Shipment.of(
        goods,
        [(line.line_id, line.quantity) for line in asked],
        # A deposit is due before production: where nothing is made there is none.
        shared=shared_money(
            policy.deposit_of(order.total),
            receipts,
            copies.first_stocked_at(work.session, order.id),
        )
        if goods.is_made
        else ZERO,
        last=last,
        prepaid=order.prepays(policy),
    )


def check_release(
    work: Work,
    order_id: UUID,
    lines: Iterable[ShipmentLine],
    *,
    last: bool,
    before: Iterable[tuple[UUID, Decimal]] | None = None,
) -> dict[str, Any]:
    """Say whether a shipment may leave now, and why not; changes nothing."""
    order = storage.order(work.session, order_id=order_id)
    customer, account, contract = storage.account(work.session, order.customer_id, work.today)
    policy = policy_now(work, customer, account, contract)
    receipts = money.receipts(work.session, order.id)
    shipment = weigh(work, order, policy, lines, receipts=receipts, last=last, before=before)
    due = shipment.balance_due(order.verified)
    needs_balance = order.pays_before_dispatch(policy)
    refusal = _refusal(work, account, policy, shipment, due if needs_balance else None)
    paid = shipment.paid_by(receipts) if needs_balance and due == ZERO else None
    allowed = "balance_verified" if needs_balance else "on_account"
    return {
        "allowed": refusal is None,
        "code": allowed if refusal is None else refusal.code,
        "why": refusal.message if refusal is not None else _ALLOWED[allowed][0],
        "why_zh": refusal.message_zh if refusal is not None else _ALLOWED[allowed][1],
        "grade": policy.grade,
        "terms": policy.terms,
        "value": shipment.value,
        "balance_due": due,
        "paid_at": None if paid is None else paid.paid_at,
        "verified_at": None if paid is None else paid.verified_at,
    }


_ALLOWED = {
    "balance_verified": ("The money for this shipment is verified.", "本次发货的款项已核实。"),
    "on_account": ("Goes on the contract's terms.", "按合同条件发货。"),
}


def _refusal(
    work: Work,
    account: CreditAccount,
    policy: Policy,
    shipment: Shipment,
    due: Decimal | None,
) -> GendanError | None:
    if days := days_over_stop(work, account, policy):
        return CreditStopped(overdue_days=days, stop_days=policy.credit_stop_days)
    if due is not None:
        return BalanceNotVerified(value=shipment.value, balance_due=due) if due > 0 else None
    if account.is_over(policy.credit_limit):
        return OverLimit(exposure=account.exposure, limit=policy.credit_limit + account.granted)
    return None
