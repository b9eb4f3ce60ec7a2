"""Works instructions: drafted, issued, accepted, run, reported, finished, inspected, stocked."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis.database import Work
from chassis.errors import guard_version
from services.inventory.domain.errors import (
    LineNotMade,
    OrderNotConfirmed,
    ScheduleNotSigned,
)
from services.inventory.domain.instruction import AbnormalClass, Instruction, Rest, Signed
from services.inventory.domain.lifecycle import InstructionState, StatementKind
from services.inventory.domain.order import LineCopy, OrderCopy
from services.inventory.storage import (
    instructions,
    materials,
    numbers,
    orders,
    products,
    statements,
    work_centres,
)
from services.inventory.use_cases import further, material_stock, reservations, wishes
from services.inventory.use_cases.guards import check_not_held, check_shown, signed

SYSTEM_DRAFTS = "draft_instruction"


# -- drafting and issuing ------------------------------------------------------------------------


def draft_missing(work: Work, order: OrderCopy) -> None:
    """Draft an instruction for each made line of a confirmed order that has none yet."""
    made = order.made_lines
    if not made:
        return
    known = {row.line_id for row in instructions.of_order(work.session, order.order_id)}
    for line in made:
        if line.id not in known:
            _draft(work, order, line)


def _draft(work: Work, order: OrderCopy, line: LineCopy) -> Instruction:
    instruction = Instruction(
        instruction_id=uuid4(),
        number=numbers.next_number(work.session, numbers.INSTRUCTION, work.today),
        order_id=order.order_id,
        order_number=order.number or "",
        line=line,
        drafted_at=work.now,
        special_rules=order.view.get("special_requirements"),
    )
    work.session.add(instruction)
    work.session.flush()
    work.announce(instruction.drafted())
    work.log("instruction", instruction.number, SYSTEM_DRAFTS)
    return instruction


def issue_instruction(
    work: Work,
    *,
    order: Mapping[str, Any],
    line_id: UUID,
    packing: str | None,
    special_rules: str | None,
    signed_by: str | None = None,
) -> Instruction:
    """Send a line's instruction to the factory; drafted here if its event has not come yet.

    Orders has checked grade and money. Asked again by the same signer it stays as it is.
    Raises OrderOnHold, OrderNotConfirmed, LineNotMade, ScheduleNotSigned, IllegalMove.
    """
    copy = orders.lock(work, UUID(order["id"]), order["number"])
    copy.take(dict(order))
    line = copy.line(line_id)
    if line is None or not line.is_made or line.short_closed:
        raise LineNotMade(order_number=copy.number, line_id=line_id)
    mine = [
        row
        for row in instructions.of_order(work.session, copy.order_id)
        if row.line_id == line_id and row.state is not InstructionState.CANCELLED
    ]
    if mine and _is_issued_by(mine[-1], work.principal.person_id):
        return mine[-1]
    if mine:
        mine[-1].check_move(InstructionState.ISSUED)
    check_not_held(work, copy)
    if not copy.is_ordered:
        raise OrderNotConfirmed(order_number=copy.number, stage=copy.stage)
    instruction = mine[-1] if mine else None
    due = _signed_due(work, copy, line, instruction)
    instruction = instruction or _draft(work, copy, line)
    event = instruction.issue(
        Signed(work.principal.person_id, signed_by or work.principal.name, work.now),
        line=line,
        production_due=due,
        packing=packing,
        special_rules=special_rules,
    )
    _settle(work, instruction, event, "issue", production_due=[None, due])
    return instruction


def _is_issued_by(instruction: Instruction, person_id: str) -> bool:
    return (
        instruction.state is InstructionState.ISSUED
        and instruction.issued is not None
        and instruction.issued["person_id"] == person_id
    )


def _signed_due(
    work: Work, order: OrderCopy, line: LineCopy, instruction: Instruction | None
) -> date:
    """Give the date the planner signed for a line, as it has slid since with the order's.

    A further instruction has a date of its own.
    """
    if instruction is not None and instruction.is_further:
        if instruction.production_due is None:
            raise ScheduleNotSigned(order_number=order.number, line_no=line.line_no)
        return instruction.production_due
    schedule = statements.standing(work.session, order.order_id).get(StatementKind.SCHEDULE)
    due = schedule.line_due(line.id) if schedule is not None and schedule.has_passed else None
    if due is None:
        raise ScheduleNotSigned(order_number=order.number, line_no=line.line_no)
    return max(due, line.production_due or due)


# -- the factory's moves -------------------------------------------------------------------------


def accept_instruction(
    work: Work, number: str, *, acknowledged: list[str], expected_version: int | None
) -> Instruction:
    """Take an instruction on, each item acknowledged, under the planner's signature."""
    instruction = _forward(work, number, InstructionState.ACCEPTED, ("planner",), expected_version)
    event = instruction.accept(signed(work), acknowledged=acknowledged)
    return _settle(work, instruction, event, "accept")


def start_instruction(work: Work, number: str, *, expected_version: int | None) -> Instruction:
    """Begin making: consumes the line's material. Raises MaterialNotHeld."""
    instruction = _forward(work, number, InstructionState.RUNNING, ("planner",), expected_version)
    instruction.check_start()
    material_stock.consume_material(
        work, instruction.order_id, instruction.line_id, reference=instruction.number
    )
    event = instruction.start(signed(work), today=work.today)
    return _settle(work, instruction, event, "start")


def mark_abnormal(
    work: Work,
    number: str,
    *,
    kind: AbnormalClass,
    reason: str,
    measure: str,
    expected_version: int | None,
) -> Instruction:
    """Write down what went wrong in production; orders tells everybody at once.

    A hold does not stop it: it is a fact, not a step forward.
    """
    instruction = _loaded(
        work, number, InstructionState.ABNORMAL, ("planner", "assistant"), expected_version
    )
    event = instruction.mark_abnormal(signed(work), kind=kind, reason=reason, measure=measure)
    return _settle(work, instruction, event, "mark_abnormal", note=f"{reason} / {measure}")


def resume_instruction(work: Work, number: str, *, expected_version: int | None) -> Instruction:
    """Go on making after an abnormality."""
    roles = ("planner", "assistant")
    instruction = _forward(work, number, InstructionState.RUNNING, roles, expected_version)
    return _settle(work, instruction, instruction.resume(), "resume")


def finish_instruction(
    work: Work,
    number: str,
    *,
    unused: list[dict[str, Any]],
    expected_version: int | None,
) -> Instruction:
    """End making: unused material goes back, the line's slots are used.

    Raises NothingReported, MaterialNotFound, TooMuchReturned.
    """
    instruction = _forward(
        work,
        number,
        InstructionState.FINISHED,
        ("planner",),
        expected_version,
        legal=lambda mine: mine.check_finishable(),
    )
    event = instruction.finish(signed(work))
    back = materials.quantities_by_id(work.session, material_stock.unused_by_code(unused))
    material_stock.return_unused(
        work, instruction.order_id, instruction.line_id, back, reference=instruction.number
    )
    work_centres.use_slots(
        work.session,
        order_id=instruction.order_id,
        line_id=instruction.line_id,
        today=work.today,
        at=work.now,
    )
    return _settle(
        work,
        instruction,
        event,
        "finish",
        produced=[None, instruction.produced_quantity],
        unused=[None, unused],
    )


# -- inspection and stock-in ---------------------------------------------------------------------


def inspect_instruction(
    work: Work,
    number: str,
    *,
    passed: Decimal,
    rework: Decimal,
    rejected: Decimal,
    standard: str | None,
    note: str | None,
    expected_version: int | None,
) -> Instruction:
    """Take the inspector's figures, judged by the product's standard unless he names another."""
    instruction = _forward(
        work, number, InstructionState.INSPECTED, ("inspector",), expected_version
    )
    judged_by = standard or products.by_id(work.session, instruction.product_id).standard
    event = instruction.inspect(
        signed(work), passed=passed, rework=rework, rejected=rejected, standard=judged_by, note=note
    )
    return _settle(
        work,
        instruction,
        event,
        "inspect",
        passed=[None, passed],
        rework=[None, rework],
        rejected=[None, rejected],
    )


def countersign_inspection(work: Work, number: str, *, expected_version: int | None) -> Instruction:
    """Countersign the inspection as a clerk, another person than the inspector."""
    instruction = _forward(
        work,
        number,
        InstructionState.INSPECTED,
        ("clerk",),
        expected_version,
        legal=lambda mine: mine.check_countersignable(work.principal.person_id),
    )
    return _settle(work, instruction, instruction.countersign(signed(work)), "countersign")


def record_customer_consent(
    work: Work,
    number: str,
    *,
    quantity: Decimal,
    given_by: str,
    text: str,
    rest: Rest,
    expected_version: int | None,
) -> Instruction:
    """Put on record that the customer takes a quantity outside tolerance, and what of the rest."""
    roles = ("clerk", "sales", "supervisor")
    instruction = _loaded(work, number, InstructionState.STOCKED, roles, expected_version)
    event = instruction.record_consent(
        signed(work), quantity=quantity, given_by=given_by, text=text, rest=rest
    )
    return _settle(
        work,
        instruction,
        event,
        "record_consent",
        note=text,
        quantity=[None, quantity],
        rest=[None, rest],
    )


def stock_in(
    work: Work, number: str, *, accepted_quantity: Decimal | None, expected_version: int | None
) -> Instruction:
    """Book what passed inspection into finished stock, held for its order.

    Unless said otherwise all that passed is accepted; what passed beyond the accepted quantity
    goes into free stock, and so does everything of an order that has ended. What the customer
    waits for besides gets a further instruction. Raises NotPassed, OutsideTolerance.
    """
    instruction = _forward(work, number, InstructionState.STOCKED, ("inspector",), expected_version)
    passed = instruction.passed_quantity or Decimal(0)
    accepted = passed if accepted_quantity is None else accepted_quantity
    leaves_a_rest = instruction.leaves_a_rest(accepted)
    complete = not leaves_a_rest and _completes_order(work, instruction)
    event = instruction.stock_in(signed(work), accepted=accepted, order_complete=complete)
    if instruction.into_free_stock:
        _receive(work, instruction, passed, for_order=False)
    else:
        _receive(work, instruction, accepted, for_order=True)
        _receive(work, instruction, passed - accepted, for_order=False)
    _settle(work, instruction, event, "stock_in", accepted=[None, accepted])
    if leaves_a_rest:
        further.draft_further(work, instruction)
    return instruction


def _receive(work: Work, instruction: Instruction, quantity: Decimal, *, for_order: bool) -> None:
    if quantity > 0:
        reservations.receive_finished(
            work,
            instruction.product_id,
            work.setting("shipping_store"),
            quantity,
            order_id=instruction.order_id if for_order else None,
            line_id=instruction.line_id if for_order else None,
            reference=instruction.number,
        )
        if not for_order:
            wishes.meet_with_free_stock(work, instruction.product_id)


def _completes_order(work: Work, instruction: Instruction) -> bool:
    """Whether with this one every made line of the order has its goods in stock."""
    order = orders.find(work.session, instruction.order_id)
    others = instructions.of_order(work.session, instruction.order_id)
    done = {row.line_id for row in others if row.is_over} | {instruction.line_id}
    open_ones = {row.line_id for row in others if not row.is_over and row.id != instruction.id}
    made = {line.id for line in order.made_lines} if order is not None else set()
    return made <= done and not (open_ones & made)


# -- what every move has in common ---------------------------------------------------------------


def _loaded(
    work: Work,
    number: str,
    wish: InstructionState,
    roles: tuple[str, ...],
    expected_version: int | None,
    *,
    legal: Callable[[Instruction], None] = lambda _: None,
) -> Instruction:
    """Load an instruction to be moved, its order locked; role, move and version are checked.

    `legal` checks what besides the move is to be told before a stale version.
    """
    work.principal.require(*roles)
    order = orders.lock(work, instructions.order_of(work.session, number))
    check_shown(work, order, number)
    instruction = instructions.locked(work.session, number)
    instruction.check_move(wish)
    legal(instruction)
    guard_version(number, instruction.version, expected_version)
    return instruction


def _forward(
    work: Work,
    number: str,
    wish: InstructionState,
    roles: tuple[str, ...],
    expected_version: int | None,
    *,
    legal: Callable[[Instruction], None] = lambda _: None,
) -> Instruction:
    """Load an instruction for a forward move, which a hold of its order stops.

    Goods whose order has ended go on into free stock whatever block it had.
    """
    instruction = _loaded(work, number, wish, roles, expected_version, legal=legal)
    if not instruction.into_free_stock:
        check_not_held(work, orders.lock(work, instruction.order_id))
    return instruction


def _settle(
    work: Work,
    instruction: Instruction,
    event: Any,
    action: str,
    *,
    note: str | None = None,
    **changes: Any,
) -> Instruction:
    """Announce and log a move."""
    if event is not None:
        work.announce(event)
    work.log(
        "instruction",
        instruction.number,
        action,
        changes=changes,
        note=note,
    )
    work.session.flush()
    return instruction
