"""A further instruction: what lacks of a line is made by the customer's consent (SPEC §6)."""

from datetime import date
from uuid import uuid4

from chassis.database import Work
from chassis.errors import guard_version
from services.inventory.domain.errors import LineNotMade
from services.inventory.domain.instruction import Instruction
from services.inventory.domain.order import LineCopy, OrderCopy
from services.inventory.storage import instructions, material_claims, numbers, orders
from services.inventory.use_cases import drafts, material_stock, slots
from services.inventory.use_cases.guards import check_not_held


def draft_further(work: Work, earlier: Instruction) -> Instruction:
    """Draft the instruction for what `earlier` left, and queue it for its material.

    Like an order whose statement says `waits` it holds nothing until all is there, and cannot
    start before. Raises LineNotMade where the line has ended meanwhile.
    """
    order, line = _order_and_line(work, earlier)
    further = Instruction.further(
        earlier,
        instruction_id=uuid4(),
        number=numbers.next_number(work.session, numbers.INSTRUCTION, work.today),
        line=line,
        drafted_at=work.now,
    )
    work.session.add(further)
    work.session.flush()
    work.announce(further.drafted())
    work.log(
        "instruction",
        further.number,
        "draft_further",
        changes={"quantity": [None, further.quantity], "after": [None, earlier.number]},
        note=(earlier.customer_consent or {}).get("text"),
    )
    material_stock.wait_for_rest(
        work,
        order.order_id,
        line.id,
        drafts.demand_of(work, [_part(line, further)]),
        production_due=order.production_due,
    )
    return further


def plan_further(
    work: Work, number: str, *, production_due: date, expected_version: int | None
) -> Instruction:
    """Date a further instruction under the planner's signature, and book its slots."""
    work.principal.require("planner")
    orders.lock(work, instructions.order_of(work.session, number))
    instruction = instructions.locked(work.session, number)
    instruction.check_plannable()
    guard_version(number, instruction.version, expected_version)
    order, line = _order_and_line(work, instruction)
    check_not_held(work, order)
    before = instruction.production_due
    work.announce(instruction.plan(production_due, today=work.today))
    slots.book_further(work, order, _part(line, instruction), due=production_due)
    if material_claims.is_waiting(work.session, order.order_id):
        # The signed date is now its place in the queue for material.
        material_claims.wait(
            work.session, order.order_id, production_due=production_due, since=work.now
        )
    work.log("instruction", number, "plan", changes={"production_due": [before, production_due]})
    work.session.flush()
    return instruction


def _order_and_line(work: Work, instruction: Instruction) -> tuple[OrderCopy, LineCopy]:
    order = orders.lock(work, instruction.order_id)
    line = order.line(instruction.line_id)
    if line is None or not line.is_made or line.short_closed:
        raise LineNotMade(order_number=order.number, line_id=instruction.line_id)
    return order, line


def _part(line: LineCopy, instruction: Instruction) -> LineCopy:
    """Give the line as if it were ordered in what this instruction makes of it."""
    return LineCopy({**line.view, "quantity": str(instruction.quantity)})
