"""Every pair of states of arrivals, transfers and wishes is tried."""

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from chassis.lifecycle import IllegalMove, Lifecycle
from services.inventory.domain.lifecycle import ARRIVAL, TRANSFER, WISH

LEGAL = {
    "arrival": {("expected", "received"), ("expected", "cancelled")},
    "transfer": {
        ("requested", "sent"),
        ("requested", "refused"),
        ("requested", "cancelled"),
        ("sent", "received"),
    },
    "wish": {("open", "met"), ("open", "withdrawn")},
}
PAIRS: list[tuple[Lifecycle[Any], StrEnum, StrEnum]] = [
    (lifecycle, state, wish)
    for lifecycle in (ARRIVAL, TRANSFER, WISH)
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
