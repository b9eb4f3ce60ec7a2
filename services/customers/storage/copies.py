"""What other services announced: orders' lines, accepted lots, shipments."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.database import Work
from chassis.inbox import add_newer, upsert_newer
from services.customers.domain.copies import AcceptedLot, OrderCopy, ShipmentCopy
from services.customers.domain.goods import Goods


def keep_order(work: Work, view: Mapping[str, Any], sequence: int) -> None:
    """Keep an order's public view unless a newer one is here."""
    add_newer(work.bundle, _ORDERS, _order_row(view, sequence), key=["id"])


def keep_newer_order(work: Work, view: Mapping[str, Any], sequence: int) -> bool:
    """Keep an order's public view as `keep_order` does; gives whether it was written."""
    row = _order_row(view, sequence)
    return upsert_newer(work.connection, _ORDERS, row, key=["id"])


_ORDERS: Any = OrderCopy.__table__


def _order_row(view: Mapping[str, Any], sequence: int) -> dict[str, Any]:
    return {
        "id": view["id"],
        "sequence": sequence,
        "number": view["number"],
        "customer_id": view["customer"]["id"],
        "stage": view["stage"],
        "revision": view["revision"],
        "total": view["total"],
        "created_at": view["created_at"],
        "lines": [_plain_line(line) for line in view["lines"]],
    }


def _plain_line(line: Mapping[str, Any]) -> dict[str, Any]:
    decimals = {name: f"{value:f}" for name, value in line.items() if isinstance(value, Decimal)}
    return {**line, **decimals, "id": str(line["id"])}


def order_copy(session: Session, order_id: UUID) -> OrderCopy | None:
    """Give what orders last announced of an order, if anything has come yet."""
    return session.get(OrderCopy, order_id, populate_existing=True)


def goods(
    session: Session,
    order_id: UUID,
    *,
    live: bool = False,
    shipped: Iterable[tuple[UUID, Decimal]] | None = None,
) -> Goods | None:
    """Give an order's goods with what was accepted and has left; None before its lines came.

    With `live`, shipments that are released and have not left yet count as if they had. With
    `shipped` that is what counts, and not what was heard of shipments.
    """
    copy = order_copy(session, order_id)
    if copy is None:
        return None
    accepted = session.execute(
        select(
            AcceptedLot.line_id,
            func.sum(AcceptedLot.quantity).label("accepted"),
            # The one lot after which nothing follows ends the line, in whatever order they came.
            func.bool_and(AcceptedLot.rest_follows).label("rest_follows"),
        )
        .where(AcceptedLot.order_id == order_id)
        .group_by(AcceptedLot.line_id)
    ).all()
    whole = Goods(
        copy.goods_lines,
        {lot.line_id: lot.accepted for lot in accepted},
        rest_follows={lot.line_id for lot in accepted if lot.rest_follows},
    )
    if shipped is not None:
        return whole.with_shipped(shipped)
    counts = ShipmentCopy.is_live if live else ShipmentCopy.dispatched_at.is_not(None)
    query = select(ShipmentCopy).where(ShipmentCopy.order_id == order_id, counts)
    for shipment in session.scalars(query):
        whole = whole.with_shipped(shipment.quantities)
    return whole


def first_stocked_at(session: Session, order_id: UUID) -> datetime | None:
    """Give when the first goods made for an order came into stock; None before."""
    return session.scalar(
        select(func.min(AcceptedLot.stocked_at)).where(AcceptedLot.order_id == order_id)
    )


def keep_lot(
    session: Session,
    *,
    instruction_id: UUID,
    order_id: UUID,
    line_id: UUID,
    quantity: Decimal,
    rest_follows: bool,
    stocked_at: datetime,
) -> None:
    """Keep what an instruction put into stock; told again, it is the same lot."""
    values = {"quantity": quantity, "rest_follows": rest_follows, "stocked_at": stocked_at}
    session.execute(
        insert(AcceptedLot)
        .values(instruction_id=instruction_id, order_id=order_id, line_id=line_id, **values)
        .on_conflict_do_update(index_elements=["instruction_id"], set_=values)
    )


def keep_shipment(work: Work, view: Mapping[str, Any], sequence: int, *, is_live: bool) -> None:
    """Keep a shipment's lines unless a newer view is here."""
    add_newer(
        work.bundle,
        ShipmentCopy.__table__,  # type: ignore[arg-type]
        {
            "id": view["id"],
            "sequence": sequence,
            "number": view["number"],
            "order_id": view["order_id"],
            "is_live": is_live,
            "lines": [[str(line["line_id"]), f"{line['quantity']:f}"] for line in view["lines"]],
        },
        key=["id"],
    )


def shipment(session: Session, shipment_id: UUID) -> ShipmentCopy:
    """Give a shipment's copy as it is now."""
    found = session.get(ShipmentCopy, shipment_id, populate_existing=True)
    if found is None:
        raise LookupError(f"shipment {shipment_id} was kept and is gone")
    return found
