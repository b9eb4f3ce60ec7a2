"""The copies of orders, and the lock of everything done for one order."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.database import Work
from chassis.notation import as_json
from chassis.roundtrips import ask
from services.inventory.domain.errors import OrderNotKnown
from services.inventory.domain.order import OrderCopy

_FRESH = insert(OrderCopy).values(
    order_id=bindparam("order_id"),
    number=bindparam("number"),
    view_version=0,
    revision=0,
    view={},
)
# Built once: every event and every reservation begins with it.
_LOCK = _FRESH.on_conflict_do_update(
    index_elements=["order_id"],
    # An update that changes nothing, for its lock: DO NOTHING would neither lock nor return.
    set_={"number": func.coalesce(OrderCopy.number, _FRESH.excluded.number)},
).returning(OrderCopy)


def lock(work: Work, order_id: UUID, number: str | None = None) -> OrderCopy:
    """Lock an order's row and load it; made here if no event of the order has come yet.

    Whatever holds, frees or makes something for an order locks this row first, and stock and
    material after it. Locking again in the same transaction costs nothing.
    """
    locked: dict[UUID, OrderCopy] = work.info.setdefault("locked_orders", {})
    if order_id in locked:
        return locked[order_id]
    order: OrderCopy = work.session.scalars(
        _LOCK,
        {"order_id": order_id, "number": number},
        execution_options={"populate_existing": True},
    ).one()
    locked[order_id] = order
    return order


#: Makes an order's row where there is none, and locks it.
HOLD_LOCK = """
insert into order_copy (order_id, number, view_version, revision, view)
values (%(order_id)s, %(number)s, 0, 0, '{}')
on conflict (order_id) do update set number = coalesce(order_copy.number, excluded.number)"""


def hold_lock(work: Work, order_id: UUID, number: str | None = None) -> None:
    """Lock an order's row without loading it."""
    if order_id not in work.info.get("locked_orders", ()) and order_id not in _kept(work):
        ask(work.connection, HOLD_LOCK, {"order_id": order_id, "number": number})


_KEEP = """
insert into order_copy (
  order_id, number, view_version, stage, revision, salesperson_id, view)
values (%(order_id)s, %(number)s, %(version)s, %(stage)s, %(revision)s, %(salesperson_id)s,
  %(view)s)
on conflict (order_id) do update set number = excluded.number,
  view_version = excluded.view_version, stage = excluded.stage, revision = excluded.revision,
  salesperson_id = excluded.salesperson_id, view = excluded.view
where order_copy.view_version <= excluded.view_version and order_copy.stopped_at is null
returning 1"""


def keep(work: Work, view: Mapping[str, Any]) -> bool:
    """Keep and lock an order's view without loading its row.

    False where a newer one is here, or the order was stopped here: then nothing was done.
    """
    order_id = UUID(view["id"])
    kept = ask(
        work.connection,
        _KEEP,
        {
            "order_id": order_id,
            "number": view["number"],
            "version": view["version"],
            "stage": view["stage"],
            "revision": view["revision"],
            "salesperson_id": (view.get("customer") or {}).get("salesperson_id"),
            "view": as_json(view),
        },
    )
    if not kept:
        return False
    _kept(work).add(order_id)
    return True


def _kept(work: Work) -> set[UUID]:
    kept: set[UUID] = work.info.setdefault("kept_orders", set())
    return kept


def by_number(session: Session, number: str) -> OrderCopy:
    """Load an order's copy by its number. Raises OrderNotKnown."""
    order = session.scalars(select(OrderCopy).where(OrderCopy.number == number)).one_or_none()
    if order is None:
        raise OrderNotKnown(order_number=number)
    return order


def find(session: Session, order_id: UUID) -> OrderCopy | None:
    """Load an order's copy, if anything has been heard of the order."""
    return session.get(OrderCopy, order_id)


def by_ids(session: Session, order_ids: Collection[UUID]) -> dict[UUID, OrderCopy]:
    """Load copies by order id."""
    rows = session.scalars(select(OrderCopy).where(OrderCopy.order_id.in_(order_ids)))
    return {order.order_id: order for order in rows}
