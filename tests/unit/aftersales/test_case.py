"""A case by itself: what comes back, what becomes of it, what it is worth (A1, A3)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from chassis.errors import GendanError, StaleVersion
from chassis.lifecycle import IllegalMove
from services.aftersales.domain.case import Case, CaseLine
from services.aftersales.domain.lifecycle import CASES, CaseKind, CaseState, Resolution

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def line(line_no: int = 1, quantity: str = "5", sold_for: str = "50.00") -> CaseLine:
    return CaseLine(
        id=uuid4(),
        line_id=uuid4(),
        line_no=line_no,
        product_id=uuid4(),
        product_code=f"PAPER-{line_no}",
        product_name="热敏收银纸",
        unit="卷",
        unit_decimals=3,
        quantity=Decimal(quantity),
        sold_for=Decimal(sold_for),
    )


def case(*lines: CaseLine) -> Case:
    made = Case(
        id=uuid4(),
        number="A261123-000001",
        kind=CaseKind.RETURN,
        order_id=uuid4(),
        order_number="D261120-000001",
        customer_id=uuid4(),
        customer_name="晨光印刷",
        salesperson_id=None,
        grams=[],
        wish="纸边破损",
        lines=lines or [line()],
        opened_by="韩梅",
        opened_at=NOW,
        answer_due_at=NOW + timedelta(hours=24),
    )
    made.version = 1
    return made


def received(*lines: CaseLine, came: dict[int, str] | None = None) -> Case:
    made = case(*lines)
    made.acknowledge(NOW)
    made.authorise(by="周主管", decision="同意")
    made.await_goods("杭州仓库")
    made.receive({no: Decimal(quantity) for no, quantity in (came or {}).items()}, NOW)
    return made


def inspected(**found: str) -> Case:
    made = received()
    made.inspect({1: {name: Decimal(q) for name, q in found.items()}}, {}, by="冯检")
    return made


def verbs(made: Case) -> dict[CaseState, Any]:
    return {
        CaseState.ACKNOWLEDGED: lambda: made.acknowledge(NOW),
        CaseState.AUTHORISED: lambda: made.authorise(by="x", decision="x"),
        CaseState.REJECTED: lambda: made.reject(by="x", decision="x"),
        CaseState.AWAITING_GOODS: lambda: made.await_goods("x"),
        CaseState.RECEIVED: lambda: made.receive({}, NOW),
        CaseState.INSPECTED: lambda: made.inspect({1: {"restock": Decimal(5)}}, {}, by="x"),
        CaseState.SETTLED: lambda: made.settle(Decimal(0), by="x"),
        CaseState.CLOSED: lambda: made.close(NOW),
    }


def in_state(state: CaseState) -> Case:
    """Walk a case to a state by its verbs."""
    paths = {
        CaseState.REJECTED: (CaseState.ACKNOWLEDGED, CaseState.REJECTED),
    }
    road = [s for s in CaseState if s not in (CaseState.REQUESTED, CaseState.REJECTED)]
    path = paths.get(state) or tuple(road[: road.index(state) + 1] if state in road else ())
    made = case()
    for step in path:
        verbs(made)[step]()
    assert made.state is state
    return made


@pytest.mark.parametrize(
    ("state", "wish"), [(s, w) for s, w in product(CaseState, CaseState) if w in verbs(case())]
)
def test_each_verb_moves_only_where_the_table_allows(state: CaseState, wish: CaseState) -> None:
    made = in_state(state)
    if CASES.allows(state, wish):
        made_move: Any = verbs(made)[wish]
        made_move()
        assert made.state is wish
        return
    with pytest.raises((IllegalMove, GendanError)):
        verbs(made)[wish]()
    assert made.state is state


def test_an_illegal_move_is_told_before_a_stale_version() -> None:
    made = case()
    with pytest.raises(IllegalMove):
        made.guard_move(CaseState.CLOSED, 7)
    with pytest.raises(StaleVersion):
        made.guard_move(CaseState.ACKNOWLEDGED, 7)
    made.guard_move(CaseState.ACKNOWLEDGED, 1)


@pytest.mark.parametrize(
    "found",
    [
        {"restock": "3", "scrap": "2"},
        {"restock": "1", "rework": "1", "scrap": "1", "transfer": "2"},
        {"transfer": "5"},
    ],
)
def test_every_received_piece_has_one_disposition(found: dict[str, str]) -> None:
    made = inspected(**found)
    (only,) = made.lines
    names = ("restock", "rework", "scrap", "transfer")
    assert {name: getattr(only, name) for name in names} == {
        name: Decimal(found.get(name, 0)) for name in names
    }


@pytest.mark.parametrize("found", [{}, {"restock": "4"}, {"restock": "3", "scrap": "3"}])
def test_dispositions_that_do_not_sum_to_what_came_are_refused(found: dict[str, str]) -> None:
    made = received()
    with pytest.raises(GendanError) as refused:
        made.inspect({1: {name: Decimal(q) for name, q in found.items()}}, {}, by="x")
    assert refused.value.code == "disposition_differs"
    assert made.state is CaseState.RECEIVED
    assert made.lines[0].restock is None


def test_what_came_unasked_is_not_received_under_the_case() -> None:
    made = case()
    made.acknowledge(NOW)
    made.authorise(by="x", decision="x")
    made.await_goods("x")
    with pytest.raises(GendanError) as refused:
        made.receive({1: Decimal("5.001")}, NOW)
    assert refused.value.code == "more_than_announced"
    assert made.state is CaseState.AWAITING_GOODS


def test_a_line_that_is_not_named_came_in_full_and_one_of_none_not_at_all() -> None:
    made = received(line(1), line(2, "3", "9.00"), came={2: "0"})
    assert [each.received for each in made.lines] == [Decimal(5), Decimal(0)]
    assert made.most_refund == Decimal("50.00")


def test_fewer_pieces_are_worth_their_share() -> None:
    made = received(line(1, "3", "10.00"), came={1: "2"})
    assert made.most_refund == Decimal("6.67")


def test_not_more_is_refunded_than_the_goods_were_sold_for() -> None:
    made = inspected(restock="5")
    with pytest.raises(GendanError) as refused:
        made.settle(Decimal("50.01"), by="周敏")
    assert refused.value.code == "refund_too_high"
    assert (made.state, made.refund) == (CaseState.INSPECTED, None)
    made.settle(Decimal("50.00"), by="周敏")
    assert (made.state, made.refund) == (CaseState.SETTLED, Decimal("50.00"))


def test_half_a_piece_is_neither_received_nor_given_a_disposition() -> None:
    whole = line()
    whole.unit_decimals = 0
    made = case(whole)
    made.acknowledge(NOW)
    made.authorise(by="x", decision="x")
    made.await_goods("x")
    with pytest.raises(GendanError) as refused:
        made.receive({1: Decimal("2.5")}, NOW)
    assert refused.value.code == "quantity_not_in_unit"
    made.receive({1: Decimal(3)}, NOW)
    with pytest.raises(GendanError) as refused:
        made.inspect({1: {"restock": Decimal("1.5"), "scrap": Decimal("1.5")}}, {}, by="x")
    assert refused.value.code == "quantity_not_in_unit"


def test_a_repair_moves_no_money_and_a_reship_names_its_order() -> None:
    made = inspected(rework="5")
    with pytest.raises(GendanError) as refused:
        made.settle(Decimal("0.01"), by="周敏", resolution=Resolution.REPAIR)
    assert refused.value.code == "refund_too_high"
    with pytest.raises(GendanError) as refused:
        made.settle(Decimal(0), by="周敏", resolution=Resolution.RESHIP)
    assert refused.value.code == "not_reshipped"
    assert (made.state, made.resolution) == (CaseState.INSPECTED, None)
    made.reship("D261124-000001", by="韩梅")
    assert made.usual_resolution is Resolution.RESHIP
    made.settle(Decimal("50.00"), by="周敏", resolution=Resolution.RESHIP)
    assert (made.state, made.resolution) == (CaseState.SETTLED, Resolution.RESHIP)


@pytest.mark.parametrize("state", list(CaseState))
def test_goods_are_replaced_only_between_the_supervisors_word_and_the_money(
    state: CaseState,
) -> None:
    made = in_state(state)
    open_to = {
        CaseState.AUTHORISED,
        CaseState.AWAITING_GOODS,
        CaseState.RECEIVED,
        CaseState.INSPECTED,
    }
    if state in open_to:
        made.reship("D261124-000001", by="韩梅")
        assert made.reshipped_as == "D261124-000001"
    with pytest.raises(GendanError) as refused:
        made.reship("D261124-000002", by="韩梅")
    assert refused.value.code == "not_to_be_reshipped"
