"""What orders tells shipping: its view, its blocks, and the end of an order."""

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.calendar import calendar_of
from chassis.database import Work
from services.shipping.domain.errors import AlreadyDispatched
from services.shipping.domain.order import BlockedFor
from services.shipping.domain.shipment import Shipment
from services.shipping.storage import orders, shipments
from services.shipping.use_cases.moving import end


def keep_order(work: Work, view: dict[str, Any], sequence: int) -> None:
    """Keep the newest view of an order; cancel what has not left of what is given up.

    Once the order is cancelled that is all. Of a line that is short-closed nothing is held any
    more: orders refuses to give up what is being shipped, so only a request that was made at the
    same moment is met here. What else it carries can be asked for anew.
    """
    if view["customer"] is None:
        return  # A memo of somebody not known yet: nothing of it can be shipped.
    orders.keep(work, view, sequence)
    given_up = {UUID(line["id"]) for line in view["lines"] if line["short_closed"]}
    is_cancelled = view["stage"] == "cancelled"
    if not given_up and not is_cancelled:
        return
    orders.lock(work.session, UUID(view["id"]))
    for shipment in shipments.of_order(work.session, UUID(view["id"]), lock=True):
        if not shipment.is_open:
            continue
        if is_cancelled or any(line.line_id in given_up for line in shipment.lines):
            before = shipment.state
            end(work, shipment)
            work.log(
                "shipment",
                shipment.number,
                "cancel",
                changes={"state": [before, shipment.state]},
                note="order cancelled" if is_cancelled else "line short-closed",
            )


def block_order(work: Work, request: dict[str, Any]) -> list[Shipment]:
    """Stop what has not left of an order. Raises AlreadyDispatched for a cancel that lost.

    Each shipment's row decides between block and dispatch: block_open is one conditional
    update, and a dispatch locks the same row.
    """
    why, order_id = BlockedFor(request["why"]), request["order_id"]
    lock = orders.lock(work.session, order_id)
    assert work.key is not None  # noqa: S101  every command has one
    orders.set_block(
        work.session,
        command_id=work.key,
        order_id=order_id,
        why=why,
        reason=request["reason"],
        person_id=work.principal.person_id,
        now=work.now,
    )
    lock.blocked = orders.present_block(work.session, order_id)
    shipments.block_open(work.session, order_id, BlockedFor(lock.blocked or why))
    if why is BlockedFor.CANCEL:
        gone = shipments.first_gone(work.session, order_id)
        if gone is not None:
            raise AlreadyDispatched(shipment_number=gone, order_number=request["order_number"])
    work.log("order", order_id, f"block_for_{why}", note=request["reason"])
    return shipments.of_order(work.session, order_id)


def unblock_order(work: Work, request: dict[str, Any]) -> list[Shipment]:
    """Lift the block of one command, or every block of one kind; idempotent."""
    why, order_id = BlockedFor(request["why"]), request["order_id"]
    lock = orders.lock(work.session, order_id)
    command_id = request["command_id"]
    held_at = orders.held_at_first(work.session, order_id)
    if command_id is None:
        orders.lift_all_blocks(work.session, order_id, why, work.now)
    else:
        orders.lift_block(
            work.session, command_id=command_id, order_id=order_id, why=why, now=work.now
        )
    present = orders.present_block(work.session, order_id)
    lock.blocked = present
    # What the director has let leave against a hold, that hold does not stop again.
    since = orders.held_since(work.session, order_id) if present is BlockedFor.HOLD else None
    if held_at is not None and orders.held_at_first(work.session, order_id) is None:
        _go_on_after_hold(work, order_id, held_at)
    shipments.block_open(work.session, order_id, present, overridden_since=since)
    work.log("order", order_id, f"unblock_for_{why}")
    return shipments.of_order(work.session, order_id, lock=True)


def _go_on_after_hold(work: Work, order_id: UUID, held_at: datetime) -> None:
    """Let the clocks of what was on hold go on; what the director had let leave never stopped."""
    calendar = calendar_of(work, for_facts=True)
    for shipment in shipments.of_order(work.session, order_id, lock=True):
        if shipment.is_open and shipment.blocked is not None:
            shipment.go_on_after_hold(calendar, since=held_at, now=work.now)
    work.session.flush()
