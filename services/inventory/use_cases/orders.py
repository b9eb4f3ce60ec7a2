"""What inventory does when an order moves: its statements, instructions, slots and holds follow.

Every reaction is judged by the newest view, not by the event's name, so that an event that
comes late, again or after a newer one leaves the same world.
"""

from typing import Any
from uuid import UUID

from chassis.database import Work
from services.inventory.domain.order import IN_REVIEW, OrderCopy
from services.inventory.storage import instructions as instruction_rows
from services.inventory.storage import material_claims, orders
from services.inventory.use_cases import instructions, material_stock, slots, statements, stops

# The dates of an order slide only while its confirmation is out, and stay afterwards.
DATED = frozenset({"awaiting_return", "confirmed", "in_progress"})


def follow_order(work: Work, name: str, view: dict[str, Any]) -> None:
    """Keep an order's newest view, its row locked, and let what is signed and made follow it."""
    if _is_kept_only(name, view) and orders.keep(work, view):
        return
    order = orders.lock(work, UUID(view["id"]), view["number"])
    if not order.take(view):
        return
    if order.is_over or name == "order_expired":
        _end(work, order, expired=name == "order_expired")
    elif order.is_in_review:
        statements.open_due(work, order)
    elif order.is_ordered:
        instructions.draft_missing(work, order)
    if order.stage in DATED:
        slots.keep_to_dates(work, order)
        _keep_place_in_queue(work, order)
    _end_short_closed_lines(work, order)


def _keep_place_in_queue(work: Work, order: OrderCopy) -> None:
    """Let an order that waits for material be served by the date it has slid to.

    Once goods were made the date slides no more: a further instruction waits by its own.
    """
    dates = [line.production_due for line in order.made_lines if line.production_due is not None]
    if not dates or not material_claims.is_waiting(work.session, order.order_id):
        return
    if not instruction_rows.has_further(work.session, order.order_id):
        material_claims.wait(
            work.session, order.order_id, production_due=max(dates), since=work.now
        )


def _is_kept_only(name: str, view: dict[str, Any]) -> bool:
    """Tell whether nothing follows: of a first submit from stock nothing is to be signed or made.

    The commonest event by far; its order need not be loaded.
    """
    return (
        name == "order_submitted"
        and view["revision"] == 1
        and view["stage"] == IN_REVIEW
        and not any(line["supply"] == "make" or line["short_closed"] for line in view["lines"])
    )


def _end(work: Work, order: OrderCopy, *, expired: bool) -> None:
    """Give back slots and material of an order that ended, or expired to draft.

    What was signed for a fulfilled order stays as it is: it is its history.
    """
    slots.free(work, order.order_id)
    material_stock.free_material(work, order.order_id)
    if expired or order.stage == "cancelled":
        statements.void_all(work, order)
    if order.stage == "cancelled":
        stops.stop_all(work, order, reason=None)


def _end_short_closed_lines(work: Work, order: OrderCopy) -> None:
    for line in order.lines:
        if line.is_made and line.short_closed:
            stops.stop_line(work, order, line.id)
