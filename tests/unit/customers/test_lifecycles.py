"""Every pair of states of this service's life cycles, tried (STYLE 16)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from uuid import uuid4

import pytest

from chassis.lifecycle import IllegalMove, Lifecycle
from services.customers.domain.contract import Contract
from services.customers.domain.credit import OrderCredit
from services.customers.domain.lifecycle import (
    CONTRACT,
    NOTICE,
    PAYMENT,
    STANDING,
    ContractState,
    NoticeState,
    PaymentState,
    Standing,
)
from services.customers.domain.notice import Notice
from services.customers.domain.payment import Payment
from services.customers.domain.words import NoticeKind, PaymentMethod

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def a_contract() -> Contract:
    values = {"valid_from": date(2026, 1, 1)}
    return Contract.draft("H261122-000001", uuid4(), values, now=NOW, by="陈开单")


def an_order() -> OrderCredit:
    return OrderCredit.open(uuid4(), "D261122-000001", uuid4(), Decimal("1000.00"))


def a_payment() -> Payment:
    payment, _ = Payment.claim(
        "K261122-000001",
        customer_id=uuid4(),
        customer_name="晨光印刷",
        order=None,
        amount=Decimal("300.00"),
        method=PaymentMethod.CASH,
        paid_at=NOW,
        now=NOW,
        by=("p-clerk", "陈开单"),
    )
    return payment


def a_notice() -> Notice:
    notice, _ = Notice.draft(
        "N261122-000001",
        NoticeKind.BALANCE,
        an_order(),
        customer_name="晨光印刷",
        salesperson_id=None,
        amount=Decimal("1000.00"),
        money_needed=Decimal("1000.00"),
        worth=Decimal("1000.00"),
        lines=[],
        now=NOW,
    )
    return notice


CYCLES = (
    (CONTRACT, ContractState, a_contract, "state"),
    (PAYMENT, PaymentState, a_payment, "state"),
    (NOTICE, NoticeState, a_notice, "state"),
    (STANDING, Standing, an_order, "standing"),
)
PAIRS = [
    pytest.param(cycle, make, field, state, wish, id=f"{cycle.entity}: {state} to {wish}")
    for cycle, states, make, field in CYCLES
    for state, wish in product(states, states)
    if state is not wish
]


@pytest.mark.parametrize(("cycle", "make", "field", "state", "wish"), PAIRS)
def test_a_row_moves_as_its_table_says_and_never_otherwise(
    cycle: Lifecycle[ContractState],
    make: type,
    field: str,
    state: ContractState,
    wish: ContractState,
) -> None:
    row = make()
    row.__dict__[field] = state  # wherever it stands, however it came there

    if cycle.allows(state, wish):
        setattr(row, field, wish)
        assert getattr(row, field) is wish
    else:
        with pytest.raises(IllegalMove):
            setattr(row, field, wish)
        assert getattr(row, field) is state
