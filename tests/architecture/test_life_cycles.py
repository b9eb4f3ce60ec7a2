"""Every life cycle is whole, and every pair of its states is tried on a row of its own."""

from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from sqlalchemy.orm import Mapper, configure_mappers
from sqlalchemy.orm.attributes import instance_state, manager_of_class

from chassis.lifecycle import IllegalMove, Lifecycle
from deploy.local.databases import SERVICES
from tests.architecture.rooms import domain, life_cycles

#: Whose state each life cycle moves: mapped class and column.
MOVES = {
    ("orders", "STAGES"): ("Order", "stage"),
    ("orders", "CONFIRMATIONS"): ("Confirmation", "state"),
    ("orders", "TASKS"): ("Task", "state"),
    ("orders", "ANOMALIES"): ("Anomaly", "state"),
    ("customers", "CONTRACT"): ("Contract", "state"),
    ("customers", "PAYMENT"): ("Payment", "state"),
    ("customers", "NOTICE"): ("Notice", "state"),
    ("customers", "COUPON"): ("Coupon", "state"),
    ("customers", "STANDING"): ("OrderCredit", "standing"),
    ("inventory", "ARRIVAL"): ("Arrival", "state"),
    ("inventory", "TRANSFER"): ("Transfer", "state"),
    ("inventory", "WISH"): ("Wish", "state"),
    ("inventory", "STATEMENT"): ("Statement", "verdict"),
    ("inventory", "INSTRUCTION"): ("Instruction", "state"),
    ("shipping", "SHIPMENT"): ("Shipment", "state"),
    ("aftersales", "CASES"): ("Case", "state"),
    ("aftersales", "VISITS"): ("Visit", "state"),
}
CYCLES = life_cycles()
PAIRS = [
    pytest.param(key, state, wish, id=f"{key[0]}: {cycle.entity} from {state} to {wish}")
    for key, cycle in CYCLES.items()
    for state, wish in product(cycle.moves, cycle.moves)
]


configure_mappers()


def mappers(service: str) -> dict[str, Mapper[Any]]:
    return {mapper.class_.__name__: mapper for mapper in domain(service).Base.registry.mappers}


def row_in(service: str, model: str, column: str, state: object) -> Any:
    """Give a bare row that stands in `state`, however it came there."""
    row = manager_of_class(mappers(service)[model].class_).new_instance()
    instance_state(row).dict[column] = state
    return row


@pytest.mark.parametrize(("key", "state", "wish"), PAIRS)
def test_a_row_moves_as_its_table_says_and_never_otherwise(
    key: tuple[str, str], state: Any, wish: Any
) -> None:
    cycle, (model, column) = CYCLES[key], MOVES[key]
    row = row_in(key[0], model, column, state)

    if cycle.allows(state, wish):
        setattr(row, column, wish)
        assert getattr(row, column) == wish
    elif state is wish:
        # Staying is no move: some rows take it silently, none leaves its state by it.
        with suppress(IllegalMove):
            setattr(row, column, wish)
        assert getattr(row, column) == state
    else:
        with pytest.raises(IllegalMove) as refused:
            setattr(row, column, wish)
        assert refused.value.code == "illegal_move"
        assert refused.value.details["entity"] == cycle.entity
        assert refused.value.details["state"] == str(state)
        assert getattr(row, column) == state


def test_each_life_cycle_is_tried_here() -> None:
    assert set(MOVES) == set(CYCLES)


def test_no_row_guards_a_state_by_anything_else_than_a_life_cycle() -> None:
    guarded = {
        (service, name, column)
        for service in SERVICES
        for name, mapper in mappers(service).items()
        for column in mapper.validators
    }

    assert guarded == {(service, *MOVES[service, name]) for service, name in CYCLES}


@pytest.mark.parametrize("key", CYCLES, ids=": ".join)
def test_a_life_cycle_is_whole(key: tuple[str, str]) -> None:
    """Every state is listed and reached, and every state that is not final can end."""
    cycle = CYCLES[key]
    states = set(cycle.initial.__class__.__members__.values())

    assert set(cycle.moves) == states
    assert reached(cycle, cycle.initial) == states
    assert cycle.ends
    for state in states:
        assert reached(cycle, state) & cycle.ends


def reached(cycle: Lifecycle[Any], start: Any) -> set[Any]:
    seen, ahead = {start}, [start]
    while ahead:
        new = cycle.next(ahead.pop()) - seen
        seen |= new
        ahead.extend(new)
    return seen
