"""Which moves of statements and instructions are open now, for whom, and why the rest is not."""

from functools import partial
from typing import Any

from chassis.actions import action, refusal_of
from chassis.database import Work
from services.inventory.domain.errors import (
    MaterialNotHeld,
    NothingReported,
    OrderNotInReview,
    StatementNotFound,
)
from services.inventory.domain.instruction import Instruction
from services.inventory.domain.lifecycle import InstructionState, StatementKind, Verdict
from services.inventory.domain.order import OrderCopy
from services.inventory.domain.statement import SIGNERS, VERDICTS, Statement
from services.inventory.storage import instructions, orders, statements
from services.inventory.use_cases import material_stock
from services.inventory.use_cases.guards import check_not_held, check_shown, shown_order

# Orders leads the issuing, at an address of the order, and lists it among the order's moves.
_WISHES: dict[str, tuple[InstructionState, tuple[str, ...]]] = {
    "plan": (InstructionState.ISSUED, ("planner",)),
    "accept": (InstructionState.ACCEPTED, ("planner",)),
    "start": (InstructionState.RUNNING, ("planner",)),
    "report_production": (InstructionState.FINISHED, ("planner", "assistant")),
    "correct_report": (InstructionState.FINISHED, ("planner", "assistant")),
    "mark_abnormal": (InstructionState.ABNORMAL, ("planner", "assistant")),
    "resume": (InstructionState.RUNNING, ("planner", "assistant")),
    "finish": (InstructionState.FINISHED, ("planner",)),
    "inspect": (InstructionState.INSPECTED, ("inspector",)),
    "countersign": (InstructionState.INSPECTED, ("clerk",)),
    "record_consent": (InstructionState.STOCKED, ("clerk", "sales", "supervisor")),
    "stock_in": (InstructionState.STOCKED, ("inspector",)),
    "consent_to_stop": (InstructionState.CANCELLED, ("planner",)),
}
# A hold does not stop facts and consents.
_NOT_FORWARD = {
    "report_production",
    "correct_report",
    "mark_abnormal",
    "record_consent",
    "consent_to_stop",
}


def list_instruction_actions(work: Work, number: str) -> list[dict[str, Any]]:
    """Judge every move of an instruction by inventory's own rows, for who asks."""
    instruction = instructions.by_number(work.session, number)
    order = orders.find(work.session, instruction.order_id)
    check_shown(work, order, number)
    return [
        action(
            verb,
            who=who,
            refusal=refusal_of(
                partial(work.principal.require, *who),
                partial(_check, work, verb, instruction, order),
            ),
        )
        for verb, (_, who) in _WISHES.items()
    ]


def _check(work: Work, verb: str, instruction: Instruction, order: OrderCopy | None) -> None:
    wish, _ = _WISHES[verb]
    if verb in ("report_production", "correct_report"):
        instruction.check_reportable()
    else:
        instruction.check_move(wish)
    if order is not None and verb not in _NOT_FORWARD and not instruction.into_free_stock:
        check_not_held(work, order)
    _check_verb(work, verb, instruction)


def _check_verb(work: Work, verb: str, instruction: Instruction) -> None:
    """Check what a verb asks beyond its move."""
    if verb == "plan":
        instruction.check_plannable()
    if verb == "start":
        instruction.check_start()
        if not material_stock.is_held_in_full(work, instruction.order_id, instruction.line_id):
            raise MaterialNotHeld(summary=instruction.product_code)
    if verb == "resume":
        instruction.check_resume()
    if verb == "correct_report" and not _is_reported(work, instruction):
        raise NothingReported(instruction_number=instruction.number)
    if verb == "stock_in":
        instruction.check_stockable()
    if verb == "finish":
        instruction.check_finishable()
    if verb == "countersign":
        instruction.check_countersignable(work.principal.person_id)


def _is_reported(work: Work, instruction: Instruction) -> bool:
    return any(not each.corrected for each in instructions.reports_of(work.session, instruction.id))


def list_statement_actions(work: Work, order_number: str) -> list[dict[str, Any]]:
    """Judge the signature of each kind of statement of an order, for who asks."""
    order = shown_order(work, order_number)
    standing = statements.standing(work.session, order.order_id)
    return [
        action(
            f"sign_{kind}",
            who=(SIGNERS[kind],),
            refusal=refusal_of(
                partial(work.principal.require, SIGNERS[kind]),
                partial(_check_signature, work, order, kind, standing.get(kind)),
            ),
            # Whether the material is there is seen when it is reserved.
            checked_when_done=kind is StatementKind.MATERIAL,
        )
        for kind in StatementKind
    ]


def _check_signature(
    work: Work, order: OrderCopy, kind: StatementKind, statement: Statement | None
) -> None:
    if statement is None or statement.carried_to < order.revision:
        raise StatementNotFound(order_number=order.number, kind=kind)
    statement.check_signable(_first_verdict(kind, statement))
    check_not_held(work, order)
    if not order.is_in_review:
        raise OrderNotInReview(order_number=order.number, stage=order.stage)


def _first_verdict(kind: StatementKind, statement: Statement) -> Verdict:
    """Give a verdict of the kind that is another than the present one, if there is one."""
    others = sorted(VERDICTS[kind] - {statement.verdict})
    return Verdict.PASSED if statement.verdict is not Verdict.PASSED or not others else others[0]
