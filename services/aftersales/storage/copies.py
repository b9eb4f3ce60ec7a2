"""Copies of orders and shipments."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, select, union

from chassis.database import Work
from chassis.inbox import add_newer
from services.aftersales.domain.copies import SIGNED, OrderCopy, ShipmentCopy
from services.aftersales.domain.errors import OrderNotKnown


def keep_order(work: Work, view: Mapping[str, Any], sequence: int) -> None:
    """Keep an order's view if it is newer."""
    customer = view["customer"] or {}
    customer_id = customer.get("id")
    row = {
        "id": UUID(view["id"]),
        "number": view["number"],
        "customer_id": None if customer_id is None else UUID(customer_id),
        "view": dict(view),
        "sequence": sequence,
    }
    _keep(work, OrderCopy, row)


def keep_shipment(work: Work, view: Mapping[str, Any], sequence: int) -> None:
    """Keep a shipment's view if it is newer."""
    customer_id = view.get("customer_id")
    row = {
        "id": UUID(view["id"]),
        "order_id": UUID(view["order_id"]),
        "customer_id": None if customer_id is None else UUID(customer_id),
        "state": view["state"],
        "view": dict(view),
        "sequence": sequence,
    }
    _keep(work, ShipmentCopy, row)


def _keep(work: Work, copy: Any, row: dict[str, Any]) -> None:
    table: Table = copy.__table__
    add_newer(work.bundle, table, row, key=["id"])


def order(work: Work, number: str) -> OrderCopy:
    """Give an order's copy, locked: two returns of one order are judged one after the other.

    Raises OrderNotKnown.
    """
    query = select(OrderCopy).where(OrderCopy.number == number)
    found = work.session.scalar(query.with_for_update())
    seller = None if found is None else (found.view["customer"] or {}).get("salesperson_id")
    limited = work.principal.limited_to_own_customers
    if found is None or (limited and seller != work.principal.person_id):
        raise OrderNotKnown(order_number=number)
    return found


def is_cancelled(work: Work, number: str | None) -> bool:
    """Tell whether an order, if one is named, has been cancelled."""
    query = select(OrderCopy).where(OrderCopy.number == number)
    found = None if number is None else work.session.scalar(query)
    return found is not None and found.is_cancelled


def shipments_of(work: Work, order_id: UUID) -> Sequence[ShipmentCopy]:
    """Give the shipments of an order."""
    return work.session.scalars(select(ShipmentCopy).where(ShipmentCopy.order_id == order_id)).all()


def orders_delivered_to(work: Work, customer_id: UUID) -> int:
    """Give of how many orders a customer has signed for goods, those of the old books included."""
    signed = select(ShipmentCopy.order_id).where(
        ShipmentCopy.customer_id == customer_id, ShipmentCopy.state == SIGNED
    )
    of_old_books = select(OrderCopy.id).where(
        OrderCopy.customer_id == customer_id,
        OrderCopy.view["imported"].as_boolean(),
        OrderCopy.view["stage"].as_string().in_(("fulfilled", "closed")),
    )
    delivered = union(signed, of_old_books).subquery()
    return work.session.scalar(select(func.count()).select_from(delivered)) or 0


def is_first_delivery(work: Work, order_id: UUID) -> bool:
    """Tell whether no more than one shipment of an order has been signed for."""
    return sum(shipment.is_signed for shipment in shipments_of(work, order_id)) <= 1


def salesperson_of(work: Work, order_id: UUID) -> str | None:
    """Give who sells to an order's customer, as far as is known."""
    view = work.session.scalar(select(OrderCopy.view).where(OrderCopy.id == order_id))
    return None if view is None else (view["customer"] or {}).get("salesperson_id")
