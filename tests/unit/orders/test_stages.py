"""The tables of orders, every pair of states tried."""

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from chassis.lifecycle import IllegalMove, Lifecycle
from services.orders.domain.confirmation import Confirmation
from services.orders.domain.errors import NothingToHold, OrderBusy, OrderOnHold
from services.orders.domain.lifecycle import (
    ANOMALIES,
    CONFIRMATIONS,
    STAGES,
    TASKS,
    AnomalyState,
    ConfirmationState,
    Stage,
    TaskState,
)
from services.orders.domain.order import Order
from tests.unit.orders.story import CLERK, NOW, TODAY, draft

# SPEC §5's table, written out once more by hand: the code's table is compared with it.
LEGAL = {
    "memo": "draft cancel_requested",
    "draft": "in_review cancel_requested",
    "in_review": "draft approved cancel_requested",
    "approved": "awaiting_return draft cancel_requested",
    "awaiting_return": "draft confirmed cancel_requested",
    "confirmed": "in_progress cancel_requested",
    "in_progress": "fulfilled cancel_requested",
    "fulfilled": "closed",
    "closed": "fulfilled",
    "cancel_requested": "cancelled memo draft in_review approved awaiting_return confirmed "
    "in_progress",
    "cancelled": "",
}


def in_stage(stage: Stage) -> Order:
    order = draft()
    # What the constructor and the database do: a state that nothing moved to is not checked.
    order.__dict__["stage"] = stage
    return order


@pytest.mark.parametrize(("before", "wish"), list(product(Stage, Stage)))
def test_an_order_moves_only_as_the_table_says(before: Stage, wish: Stage) -> None:
    order = in_stage(before)
    if before is wish:
        return
    if wish in LEGAL[before].split():
        order.stage = wish
        assert order.stage is wish
        return
    with pytest.raises(IllegalMove) as refused:
        order.stage = wish
    assert refused.value.details["state"] == before
    assert order.stage is before


@pytest.mark.parametrize(
    ("cycle", "states", "legal"),
    [
        (
            CONFIRMATIONS,
            ConfirmationState,
            {("sent", "verified"), ("sent", "void")},
        ),
        (TASKS, TaskState, {("open", "done"), ("open", "dropped")}),
        (ANOMALIES, AnomalyState, {("open", "resolved")}),
    ],
)
def test_the_small_tables_allow_exactly_these_moves(
    cycle: Lifecycle[Any], states: type[StrEnum], legal: set[tuple[str, str]]
) -> None:
    allowed = {(str(a), str(b)) for a, b in product(states, states) if cycle.allows(a, b)}
    assert allowed == legal


def test_a_verb_does_not_start_where_another_verb_makes_the_same_move() -> None:
    """Only a closed order is reopened, only one in progress short-closed, only a memo drafted."""
    starts = {
        "guard_draft": {Stage.MEMO},
        "guard_return": {Stage.IN_REVIEW, Stage.APPROVED, Stage.AWAITING_RETURN},
        "guard_fulfilling": {Stage.IN_PROGRESS},
        "guard_reopening": {Stage.CLOSED},
    }
    for guard, allowed in starts.items():
        for stage in Stage:
            check = getattr(in_stage(stage), guard)
            if stage in allowed:
                check(None)
            else:
                with pytest.raises(IllegalMove):
                    check(None)


def test_an_illegal_move_is_told_before_a_hold_and_a_busy_order_before_the_hold() -> None:
    order = draft()
    order.put_on_hold(CLERK, reason="other", note=None, now=NOW)
    with pytest.raises(IllegalMove):
        order.guard_move(Stage.CLOSED, None)
    with pytest.raises(OrderOnHold):
        order.guard_move(Stage.IN_REVIEW, None)
    order.busy_with = order.id
    with pytest.raises(OrderBusy):
        order.guard_move(Stage.IN_REVIEW, None)


def test_a_refused_cancel_puts_the_order_back_in_its_stage() -> None:
    for stage in (s for s in Stage if STAGES.allows(s, Stage.CANCEL_REQUESTED)):
        order = in_stage(stage)
        order.request_cancel()
        assert order.stage is Stage.CANCEL_REQUESTED
        order.refuse_cancel(NOW)
        assert (order.stage, order.stage_before_cancel) == (stage, None)


@pytest.mark.parametrize("before", [Stage.CONFIRMED, Stage.IN_PROGRESS])
def test_what_was_signed_for_while_a_cancel_was_asked_counts_once_it_is_refused(
    before: Stage,
) -> None:
    """Nothing else comes of a shipment after its signature that would look again."""
    order = in_stage(before)
    order.request_cancel()
    for line in order.lines:
        line.accepted_quantity = line.shipped_quantity = line.signed_quantity = line.quantity
        line.production = "stocked"
    assert order.fulfil_if_served(NOW) == []

    happened = order.refuse_cancel(NOW)

    assert order.stage is Stage.FULFILLED
    started = ["OrderStarted"] if before is Stage.CONFIRMED else []
    assert [type(one).__name__ for one in happened] == [
        "CancelRefused",
        *started,
        "OrderFulfilled",
    ]


def test_what_is_fulfilled_leaves_nothing_to_hold() -> None:
    with pytest.raises(NothingToHold) as refused:
        in_stage(Stage.FULFILLED).guard_putting_on_hold(None)
    assert refused.value.code == "illegal_move"
    assert "cancel" not in refused.value.message


def test_a_cancelled_order_holds_nothing_and_its_unsigned_confirmation_is_void() -> None:
    order = in_stage(Stage.AWAITING_RETURN)
    order.holds_anything = True
    order.confirmations.append(
        Confirmation(
            id=order.id,
            order_id=order.id,
            number=1,
            revision=1,
            document={},
            grade="B",
            sent_on=TODAY,
            sending={},
        )
    )
    order.request_cancel()
    order.cancel(TODAY, NOW)
    assert (order.stage, order.holds_anything) == (Stage.CANCELLED, False)
    assert order.confirmations[0].state is ConfirmationState.VOID
