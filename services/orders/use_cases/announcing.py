"""Telling the others once more how an order stands: what the audit's repair asks for."""

from uuid import UUID

from chassis.database import Work
from services.orders.domain import events
from services.orders.domain.lifecycle import Stage
from services.orders.domain.order import Order
from services.orders.storage import orders


def announce_again(work: Work, order_id: UUID) -> str:
    """Announce an order's end if it has ended, else its view; gives the event's name.

    The others free what they still hold for what ended, and copy anew. It changes nothing
    here, and who heard it all before finds nothing to do. Raises OrderBusy.
    """
    order = orders.order_by_id(work, order_id, lock=True)
    order.guard_change(None)
    event = _how_it_stands(order)
    work.announce(event)
    work.log("order", order.number, "announce_again", note=event.name)
    return event.name


def _how_it_stands(order: Order) -> events.OrderEvent:
    if order.stage is Stage.CANCELLED:
        return events.OrderCancelled(order)
    if order.stage is Stage.CLOSED:
        return events.OrderClosed(order)
    if order.stage is Stage.FULFILLED:
        # Of its end nobody may hear again: it would free the credit that it has asked for since.
        return events.OrderReopened(order) if order.was_reopened else events.OrderFulfilled(order)
    if order.stage is Stage.DRAFT and order.revision and not order.holds_anything:
        return events.OrderExpired(order)
    return events.OrderChanged(order)
