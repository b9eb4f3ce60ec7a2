"""The life cycles of cases and visits: every pair of states (A1, A7)."""

from itertools import product

import pytest

from chassis.lifecycle import IllegalMove
from services.aftersales.domain.lifecycle import CASES, VISITS, CaseState, VisitState
from services.aftersales.domain.rules import CASE_DUE_BY, RULES

C = CaseState

LEGAL = {
    (C.REQUESTED, C.ACKNOWLEDGED),
    (C.ACKNOWLEDGED, C.AUTHORISED),
    (C.ACKNOWLEDGED, C.REJECTED),
    (C.AUTHORISED, C.AWAITING_GOODS),
    (C.AWAITING_GOODS, C.RECEIVED),
    (C.RECEIVED, C.INSPECTED),
    (C.INSPECTED, C.SETTLED),
    (C.SETTLED, C.CLOSED),
    (C.REJECTED, C.CLOSED),
}

ENDINGS = {(VisitState.PLANNED, VisitState.DONE), (VisitState.PLANNED, VisitState.DROPPED)}


@pytest.mark.parametrize(("state", "wish"), list(product(C, C)))
def test_exactly_the_moves_of_spec_8_are_legal_for_a_case(state: C, wish: C) -> None:
    if (state, wish) in LEGAL:
        CASES.check(state, wish)
        return
    with pytest.raises(IllegalMove) as refused:
        CASES.check(state, wish)
    assert refused.value.code == "illegal_move"


@pytest.mark.parametrize(("state", "wish"), list(product(VisitState, VisitState)))
def test_a_visit_is_planned_until_it_is_done_or_dropped(
    state: VisitState, wish: VisitState
) -> None:
    assert VISITS.allows(state, wish) == ((state, wish) in ENDINGS)


def test_only_closed_ends_a_case() -> None:
    assert CASES.terminal == {C.CLOSED}
    assert VISITS.terminal == {VisitState.DONE, VisitState.DROPPED}


def test_every_case_that_waits_for_somebody_has_a_due_time() -> None:
    waiting = {state for state in C if CASES.moves[state]}
    assert {C.REQUESTED, *CASE_DUE_BY} == waiting
    assert set(CASE_DUE_BY.values()) <= set(RULES)
