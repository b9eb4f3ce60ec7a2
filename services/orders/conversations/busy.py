"""Marking an order busy while other services are asked, and setting it free again."""

from typing import Any
from uuid import UUID

from chassis.conversation import Talk
from chassis.database import Work
from chassis.errors import GendanError
from services.orders.domain.order import Order
from services.orders.storage import orders


def mark(work: Work, order: Order, conversation_id: UUID) -> dict[str, Any]:
    """Keep other commands away from the order; gives the notes that every step starts from."""
    orders.mark_busy(work, order, conversation_id)
    return {"order_id": str(order.id)}


def order_of(work: Work, talk: Talk) -> Order:
    """Give the order that a conversation is about, locked and no longer busy with it.

    Who may see it, the first step has judged: a salesperson who loses its customer meanwhile
    leaves nothing half done.
    """
    order = orders.find_order(work, UUID(talk.notes["order_id"]))
    if order is None:
        raise AssertionError("an order is never deleted")
    if order.busy_with == talk.id:
        order.busy_with = None
    return order


def free(work: Work, talk: Talk, error: GendanError) -> None:  # noqa: ARG001  a step's signature
    """End a conversation that came to nothing: only the mark goes."""
    orders.unmark_busy(work, UUID(talk.notes["order_id"]), talk.id)


def leave(work: Work, talk: Talk, error: GendanError) -> None:
    """End a conversation that had marked nothing."""
