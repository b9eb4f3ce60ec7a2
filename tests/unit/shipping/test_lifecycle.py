"""The shipment's life cycle: every pair of states, and the road that scans move along (S1)."""

from itertools import product

import pytest

from chassis.lifecycle import IllegalMove
from services.shipping.domain.lifecycle import (
    GONE,
    OPEN,
    ROAD,
    SHIPMENT,
    Progress,
    ShipmentState,
    state_by_parcels,
    steps,
)

S = ShipmentState

LEGAL = {
    (S.REQUESTED, S.RELEASED),
    (S.RELEASED, S.CHECKED),
    (S.CHECKED, S.HANDED),
    (S.HANDED, S.PICKING),
    (S.PICKING, S.PACKED),
    (S.PACKED, S.DISPATCHED),
    (S.DISPATCHED, S.IN_TRANSIT),
    (S.IN_TRANSIT, S.ARRIVED),
    (S.ARRIVED, S.SIGNED),
    (S.EXCEPTION, S.IN_TRANSIT),
    (S.EXCEPTION, S.LOST),
    (S.EXCEPTION, S.RETURNED_TO_SENDER),
    *product((S.DISPATCHED, S.IN_TRANSIT, S.ARRIVED), (S.EXCEPTION, S.LOST, S.RETURNED_TO_SENDER)),
    *product((S.REQUESTED, S.RELEASED, S.CHECKED, S.HANDED, S.PICKING, S.PACKED), (S.CANCELLED,)),
}


@pytest.mark.parametrize(("state", "wish"), list(product(S, S)))
def test_exactly_the_moves_of_the_trade_are_legal(state: S, wish: S) -> None:
    if (state, wish) in LEGAL:
        SHIPMENT.check(state, wish)
        return
    with pytest.raises(IllegalMove) as refused:
        SHIPMENT.check(state, wish)
    assert refused.value.code == "illegal_move"


def test_what_is_final_ends_there() -> None:
    assert SHIPMENT.terminal == {S.SIGNED, S.LOST, S.RETURNED_TO_SENDER, S.CANCELLED}


def test_every_state_is_either_open_or_gone_or_cancelled() -> None:
    assert set(OPEN) | set(GONE) | {S.CANCELLED} == set(S)
    assert not set(OPEN) & set(GONE)


@pytest.mark.parametrize("state", [s for s in S if s not in ROAD and s is not S.EXCEPTION])
def test_a_shipment_off_the_road_takes_no_steps(state: S) -> None:
    with pytest.raises(IllegalMove):
        steps(state, S.SIGNED)


def test_a_later_state_implies_those_before_it() -> None:
    assert steps(S.HANDED, S.ARRIVED) == (
        S.PICKING,
        S.PACKED,
        S.DISPATCHED,
        S.IN_TRANSIT,
        S.ARRIVED,
    )


def test_states_only_move_forward() -> None:
    assert steps(S.ARRIVED, S.PACKED) == ()


@pytest.mark.parametrize(
    ("progress", "state"),
    [
        ([], S.HANDED),
        ([Progress.MADE, Progress.MADE], S.HANDED),
        ([Progress.MADE, Progress.PICKED], S.PICKING),
        ([Progress.MADE, Progress.PACKED], S.PICKING),
        ([Progress.PACKED, Progress.LOADED], S.PACKED),
        ([Progress.MADE, Progress.DISPATCHED], S.DISPATCHED),
        ([Progress.DISPATCHED, Progress.ARRIVED], S.IN_TRANSIT),
        ([Progress.ARRIVED, Progress.SIGNED], S.ARRIVED),
        ([Progress.SIGNED, Progress.SIGNED], S.SIGNED),
    ],
)
def test_arrived_and_signed_need_every_parcel_but_departure_only_the_first(
    progress: list[Progress], state: S
) -> None:
    assert state_by_parcels(progress) is state
