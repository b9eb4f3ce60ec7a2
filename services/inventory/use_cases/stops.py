"""Hold and cancel, as inventory does them: both are decided by the lock of the order's row."""

from typing import Any
from uuid import UUID

from chassis.database import Work
from chassis.errors import guard_version
from services.inventory.domain.errors import StopConsentMissing, Withdrawn
from services.inventory.domain.instruction import Instruction
from services.inventory.domain.lifecycle import InstructionState
from services.inventory.domain.order import OrderBlock, OrderCopy
from services.inventory.storage import instructions, materials, order_blocks, orders
from services.inventory.use_cases import material_stock, reservations, slots, statements
from services.inventory.use_cases.guards import signed


def block_order(work: Work, *, command_id: str, order_id: UUID, reason: str) -> None:
    """Stop every forward move of an order until it is unblocked.

    Raises Withdrawn where the block was taken back before it came.
    """
    orders.lock(work, order_id)
    for block in order_blocks.of_order(work.session, order_id):
        if block.command_id == command_id:
            if not block.stands:
                raise Withdrawn(command_id=command_id)
            return
    work.session.add(
        OrderBlock(
            order_id=order_id,
            command_id=command_id,
            reason=reason,
            placed_by=work.principal.name,
            placed_at=work.now,
        )
    )
    work.log("order", order_id, "block_order", note=reason)


def unblock_order(work: Work, *, order_id: UUID, command_id: str | None) -> None:
    """Lift one block by its exact id, or without an id all of them; twice changes nothing.

    A block that has not come yet finds the tombstone left here and is refused.
    """
    orders.lock(work, order_id)
    known = order_blocks.of_order(work.session, order_id)
    for block in known:
        if command_id in (None, block.command_id) and block.stands:
            block.lift(work.now)
            work.log("order", order_id, "unblock_order", note=block.reason)
    if command_id is not None and command_id not in {block.command_id for block in known}:
        work.session.add(OrderBlock(order_id=order_id, command_id=command_id, lifted_at=work.now))


def stop_order(work: Work, *, order_id: UUID, reason: str | None) -> list[Instruction]:
    """End the making of an order that is being cancelled, and give back all it holds here.

    Asked again it changes nothing. Raises StopConsentMissing, nothing changed, while
    something is being made that the planner has not consented to stop.
    """
    order = orders.lock(work, order_id)
    found = instructions.of_order(work.session, order_id)
    if not order.is_stopped:
        refused = [row.number for row in found if row.needs_stop_consent]
        if refused:
            raise StopConsentMissing(instructions=", ".join(refused))
        order.stop(reason=reason, at=work.now)
        statements.void_all(work, order)
        slots.free(work, order_id)
        stop_all(work, order, reason=reason)
        reservations.free_stock(work, order_id)
        material_stock.free_material(work, order_id)
        work.log("order", order_id, "stop_order", note=reason)
    return list(found)


def stop_all(work: Work, order: OrderCopy, *, reason: str | None) -> None:
    """Stop every instruction of an order; what is made already goes on into free stock."""
    for instruction in instructions.of_order(work.session, order.order_id):
        _stop(work, instruction, reason)


def stop_line(work: Work, order: OrderCopy, line_id: UUID) -> None:
    """End what is made for a line that was short-closed, and give back what the line holds.

    What is being made already is not thrown away: it is finished into free stock.
    """
    for instruction in instructions.of_order(work.session, order.order_id):
        if instruction.line_id != line_id:
            continue
        if instruction.is_in_work:
            instruction.into_free_stock = True
        else:
            _stop(work, instruction, "short_closed")
    slots.free(work, order.order_id, line_id)
    material_stock.free_material(work, order.order_id, line_id=line_id)
    reservations.free_stock(work, order.order_id, line_id=line_id, has_left=order.has_left)


def _stop(work: Work, instruction: Instruction, reason: str | None) -> None:
    if unused := instruction.unused_if_stopped:
        material_stock.return_unused(
            work,
            instruction.order_id,
            instruction.line_id,
            materials.quantities_by_id(work.session, unused),
            reference=instruction.number,
        )
    event = instruction.stop(signed(work), reason=reason)
    if event is not None:
        work.announce(event)
        work.log("instruction", instruction.number, "cancel", note=reason)


def consent_to_stop(
    work: Work,
    number: str,
    *,
    text: str,
    unused: list[dict[str, Any]],
    expected_version: int | None,
) -> Instruction:
    """Put the planner's consent to stop on record, before the order may be cancelled.

    The material he says is unused goes back when it is. Raises TooMuchReturned.
    """
    work.principal.require("planner")
    orders.lock(work, instructions.order_of(work.session, number))
    instruction = instructions.locked(work.session, number)
    instruction.check_move(InstructionState.CANCELLED)
    guard_version(number, instruction.version, expected_version)
    back = material_stock.unused_by_code(unused)
    material_stock.check_unused(
        work,
        instruction.order_id,
        instruction.line_id,
        materials.quantities_by_id(work.session, back),
    )
    instruction.consent_to_stop(signed(work), text=text, unused=back)
    changes = {"unused": [None, back]} if back else {}
    work.log("instruction", number, "consent_to_stop", changes=changes, note=text)
    work.session.flush()
    return instruction
