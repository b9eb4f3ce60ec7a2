"""The life cycles of statements and works instructions: every pair of states is tried."""

from itertools import product

import pytest

from chassis.lifecycle import IllegalMove
from services.inventory.domain.instruction import Instruction
from services.inventory.domain.lifecycle import (
    INSTRUCTION,
    STATEMENT,
    InstructionState,
    Verdict,
)
from services.inventory.domain.statement import Statement
from tests.unit.inventory.making_builders import instruction, statement

LEGAL_INSTRUCTION_MOVES = {
    ("draft", "issued"),
    ("issued", "accepted"),
    ("accepted", "running"),
    ("running", "abnormal"),
    ("abnormal", "running"),
    ("running", "finished"),
    ("finished", "inspected"),
    ("inspected", "stocked"),
    ("draft", "cancelled"),
    ("issued", "cancelled"),
    ("accepted", "cancelled"),
    ("running", "cancelled"),
    ("abnormal", "cancelled"),
}
LEGAL_VERDICT_MOVES = {
    ("waits", "pending"),
    ("pending", "passed"),
    ("pending", "refused"),
    ("pending", "short"),
    ("pending", "waits"),
    ("pending", "void"),
    ("passed", "pending"),
    ("passed", "void"),
    ("refused", "refused"),
    ("refused", "passed"),
    ("refused", "void"),
    ("short", "short"),
    ("short", "passed"),
    ("short", "waits"),
    ("short", "void"),
    ("waits", "passed"),
    ("waits", "short"),
    ("waits", "void"),
    ("void", "pending"),
}


def _at(made: Instruction | Statement, name: str, state: object) -> None:
    """Put a row into a state as the database loads it: past the hook that guards moves."""
    made.__dict__[name] = state


@pytest.mark.parametrize(("state", "wish"), list(product(InstructionState, repeat=2)))
def test_an_instruction_moves_only_as_its_table_lists(
    state: InstructionState, wish: InstructionState
) -> None:
    made = instruction()
    _at(made, "state", state)

    if (state, wish) in LEGAL_INSTRUCTION_MOVES:
        made.state = wish
        assert made.state is wish
    else:
        with pytest.raises(IllegalMove) as refused:
            made.state = wish
        assert refused.value.details["state"] == state
        assert made.state is state


@pytest.mark.parametrize(("state", "wish"), list(product(Verdict, repeat=2)))
def test_a_verdict_moves_only_as_its_table_lists(state: Verdict, wish: Verdict) -> None:
    made = statement()
    _at(made, "verdict", state)

    if (state, wish) in LEGAL_VERDICT_MOVES:
        made.verdict = wish
        assert made.verdict is wish
    else:
        with pytest.raises(IllegalMove):
            made.verdict = wish
        assert made.verdict is state


def test_every_state_is_reached_and_can_end() -> None:
    assert INSTRUCTION.terminal == {InstructionState.STOCKED, InstructionState.CANCELLED}
    assert STATEMENT.ends == {Verdict.VOID}
