"""Every pair of states of each life cycle of the customers service is tried."""

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from chassis.lifecycle import IllegalMove, Lifecycle
from services.customers.domain.lifecycle import CONTRACT, COUPON, NOTICE, PAYMENT, STANDING

LEGAL = {
    "contract": {
        ("draft", "approved"),
        ("draft", "ended"),
        ("approved", "draft"),
        ("approved", "signed"),
        ("approved", "ended"),
        ("signed", "ended"),
    },
    "payment": {("claimed", "verified"), ("claimed", "rejected"), ("verified", "reversed")},
    "notice": {
        ("drafted", "sent"),
        ("drafted", "settled"),
        ("drafted", "withdrawn"),
        ("sent", "sent"),
        ("sent", "settled"),
        ("sent", "withdrawn"),
    },
    "coupon": {("granted", "void")},
    "order's credit": {
        ("open", "fulfilled"),
        ("open", "cancelled"),
        ("fulfilled", "open"),
    },
}
PAIRS: list[tuple[Lifecycle[Any], StrEnum, StrEnum]] = [
    (lifecycle, state, wish)
    for lifecycle in (CONTRACT, PAYMENT, NOTICE, COUPON, STANDING)
    for state, wish in product(type(lifecycle.initial), repeat=2)
]


@pytest.mark.parametrize(
    ("lifecycle", "state", "wish"), PAIRS, ids=lambda value: getattr(value, "entity", str(value))
)
def test_a_move_is_legal_only_if_the_table_lists_it(
    lifecycle: Lifecycle[Any], state: StrEnum, wish: StrEnum
) -> None:
    if (str(state), str(wish)) in LEGAL[lifecycle.entity]:
        lifecycle.check(state, wish)
    else:
        with pytest.raises(IllegalMove):
            lifecycle.check(state, wish)
