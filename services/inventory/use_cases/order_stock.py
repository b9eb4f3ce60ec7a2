"""What finished stock does when an order moves: surplus is let go, what ended is freed."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import Work
from chassis.quantity import ZERO
from services.inventory.domain.order import OrderCopy
from services.inventory.domain.product import Supply
from services.inventory.domain.reservation import Hold, HoldKey, Wanted, holds_of
from services.inventory.domain.stock import Move, MoveKind, StockKey
from services.inventory.storage import ledger, orders, reservations
from services.inventory.use_cases.reservations import free_stock, settle_stock

# Nothing is shipped for an order in these stages any more; what it holds is left over.
_ENDED = frozenset({"cancelled", "fulfilled", "closed"})


def follow_order_stock(work: Work, name: str, view: dict[str, Any], *, at: datetime) -> None:
    """Move an order's finished stock as the event `name` of business time `at` says.

    The view is the event's own, which need not be the newest.
    """
    if name == "order_submitted" and view["revision"] == 1:
        return  # the commonest by far: before its first submit nothing could be given up
    order = OrderCopy(UUID(view["id"]))
    order.take(view)
    if order.stage in _ENDED:
        free_stock(work, order.order_id, has_left=order.has_left)
        return
    if name == "order_expired":
        # Told late, it must leave what a submit since then holds.
        free_stock(work, order.order_id, held_before=at)
        return
    wanted = [
        Wanted(line.id, line.product_id, line.quantity)
        for line in order.lines
        if not line.is_made and not line.short_closed
    ]
    if name == "order_submitted":
        settle_stock(work, order.order_id, wanted)
    if name == "past_order_recorded":
        hold_what_is_there(work, order.order_id, wanted)
    if name == "line_short_closed":
        for line in order.lines:
            if line.short_closed:
                free_stock(work, order.order_id, line_id=line.id, has_left=order.has_left)


def hold_what_is_there(work: Work, order_id: UUID, wanted: Sequence[Wanted]) -> None:
    """Hold for an order that was imported each line that free stock covers, and leave the rest."""
    orders.hold_lock(work, order_id)
    known = holds_of(reservations.of_order(work.session, order_id))
    store_code = work.setting("shipping_store")
    balances = ledger.lock_stock(
        work.connection, {StockKey(line.product_id, store_code) for line in wanted}
    )
    free: dict[StockKey, Decimal] = {key: balance.free for key, balance in balances.items()}
    holds: dict[HoldKey, Hold] = {}
    moves = []
    for line in wanted:
        key = HoldKey(line.line_id, line.product_id, store_code)
        shelf = StockKey(line.product_id, store_code)
        if key in known or not ZERO < line.quantity <= free[shelf]:
            continue
        free[shelf] -= line.quantity
        holds[key] = Hold(line.quantity)
        moves.append(
            Move(
                shelf,
                MoveKind.RESERVED,
                reserved=line.quantity,
                order_id=order_id,
                line_id=line.line_id,
            )
        )
    ledger.book_stock(work, moves)
    reservations.write(work, order_id, holds, supply=Supply.STOCK, held_at=work.now)
