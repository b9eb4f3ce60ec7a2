"""The copies of orders, and the lock of everything done for one order."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.roundtrips import as_json, ask
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


def lock(session: Session, order_id: UUID, number: str | None = None) -> OrderCopy:
    """Lock an order's row and load it; made here if no event of the order has come yet.

    Whatever holds, frees or makes something for an order locks this row first, and stock and
    material after it. Locking again in the same transaction costs nothing.
    """
    locked: dict[UUID, OrderCopy] = session.info.setdefault("locked_orders", {})
    if order_id in locked:
        return locked[order_id]
    order = session.scalars(
        _LOCK,
        {"order_id": order_id, "number": number},
        execution_options={"populate_existing": True},
    ).one()
    locked[order_id] = order
    return order


_HOLD_LOCK = """
insert into order_copy (order_id, number, view_version, revision, view)
values (%(order_id)s, %(number)s, 0, 0, '{}')
on conflict (order_id) do update set number = coalesce(order_copy.number, excluded.number)
returning xmax = 0 as is_new"""


def hold_lock(session: Session, order_id: UUID, number: str | None = None) -> bool:
    """Lock an order's row without loading it; gives whether nothing was known of the order."""
    if order_id in session.info.get("locked_orders", ()) or order_id in _kept(session):
        return False
    ((is_new,),) = ask(session, _HOLD_LOCK, {"order_id": order_id, "number": number})
    return bool(is_new)


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


def keep(session: Session, view: Mapping[str, Any]) -> bool:
    """Keep and lock an order's view without loading its row.

    False where a newer one is here, or the order was stopped here: then nothing was done.
    """
    order_id = UUID(view["id"])
    kept = ask(
        session,
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
    _kept(session).add(order_id)
    return True


def _kept(session: Session) -> set[UUID]:
    kept: set[UUID] = session.info.setdefault("kept_orders", set())
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
