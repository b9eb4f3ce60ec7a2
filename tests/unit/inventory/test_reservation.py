"""What an order's holds become when it wants more, less or other goods."""

from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.reservation import (
    Hold,
    HoldKey,
    Wanted,
    difference,
    reserved_changes,
    settled,
    taken_back,
    wanted_holds,
)

LINES = [UUID(int=number) for number in range(1, 5)]
PRODUCTS = [UUID(int=number) for number in range(11, 13)]

quantities = st.integers(1, 9).map(Decimal)
wanted_lines = st.dictionaries(
    st.sampled_from(LINES), st.tuples(st.sampled_from(PRODUCTS), quantities)
).map(lambda lines: [Wanted(line, *wish) for line, wish in lines.items()])


def held(holds: dict[HoldKey, Hold]) -> dict[UUID, Decimal]:
    return {
        key.line_id: hold.quantity - hold.surplus
        for key, hold in holds.items()
        if hold.quantity > hold.surplus
    }


@given(st.lists(wanted_lines, min_size=1, max_size=5))
def test_each_submit_holds_exactly_what_it_wants_and_never_reserves_less(
    submits: list[list[Wanted]],
) -> None:
    holds: dict[HoldKey, Hold] = {}
    for wanted in submits:
        after = wanted_holds(holds, wanted, "MAIN")

        assert held(after) == {line.line_id: line.quantity for line in wanted}
        assert all(0 <= hold.surplus <= hold.quantity for hold in after.values())
        assert all(change > 0 for change in reserved_changes(holds, after).values())
        holds = after


@given(st.lists(wanted_lines, max_size=4), wanted_lines)
def test_taking_a_submit_back_gives_what_was_before(
    submits: list[list[Wanted]], wanted: list[Wanted]
) -> None:
    before: dict[HoldKey, Hold] = {}
    for earlier in submits:
        before = wanted_holds(before, earlier, "MAIN")
    after = wanted_holds(before, wanted, "MAIN")

    undone = taken_back(after, difference(before, after))

    assert {key: hold for key, hold in undone.items() if hold != Hold()} == {
        key: hold for key, hold in before.items() if hold != Hold()
    }


@given(st.lists(wanted_lines, min_size=1, max_size=4))
def test_a_submit_that_stands_lets_go_of_all_it_gave_up(submits: list[list[Wanted]]) -> None:
    holds: dict[HoldKey, Hold] = {}
    for wanted in submits:
        holds = wanted_holds(holds, wanted, "MAIN")

    stands = {HoldKey(line.line_id, line.product_id, "MAIN"): line.quantity for line in submits[-1]}
    after = settled(holds, stands)

    assert {key: hold for key, hold in after.items() if hold != Hold()} == {
        key: Hold(quantity) for key, quantity in stands.items()
    }


def test_a_late_word_of_an_earlier_submit_lets_go_of_no_more_than_that_gave_up() -> None:
    key = HoldKey(LINES[0], PRODUCTS[0], "MAIN")

    after = settled({key: Hold(Decimal(9), Decimal(6))}, {key: Decimal(5)})

    assert after == {key: Hold(Decimal(5), Decimal(2))}


def test_what_was_consumed_meanwhile_is_not_taken_back() -> None:
    key = HoldKey(LINES[0], PRODUCTS[0], "MAIN")
    changes = difference({}, {key: Hold(Decimal(5))})

    assert taken_back({key: Hold(Decimal(2))}, changes) == {key: Hold()}
