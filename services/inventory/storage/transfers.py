"""Transfers between stores."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, or_, select
from sqlalchemy.orm import Session

from chassis.database import Work
from chassis.roundtrips import ask
from services.inventory.domain.errors import TransferNotFound
from services.inventory.domain.lifecycle import TransferState
from services.inventory.domain.order import OrderCopy
from services.inventory.domain.product import Product
from services.inventory.domain.transfer import Transfer
from services.inventory.storage.pages import Page, page


def by_number(
    session: Session, number: str, salesperson_id: str | None, *, lock: bool = False
) -> Transfer:
    """Load a transfer. Raises TransferNotFound, also for one for another salesperson's order."""
    query = select(Transfer).where(Transfer.number == number, *_shown_to(salesperson_id))
    transfer = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if transfer is None:
        raise TransferNotFound(number=number)
    return transfer


def _shown_to(salesperson_id: str | None) -> list[ColumnElement[bool]]:
    """Limit sales to what is for no order or for one of its own customers' (SPEC §2)."""
    if salesperson_id is None:
        return []
    mine = exists().where(
        OrderCopy.number == Transfer.order_number, OrderCopy.salesperson_id == salesperson_id
    )
    return [or_(Transfer.order_number.is_(None), mine)]


_WAITING = """
select t.*, (select name from product where product.id = t.product_id) as product_name
from (
    select number, state, product_id, quantity, from_store, to_store, order_number, requested_at
    from transfer where state in ('requested', 'sent') order by number limit %(limit)s
) as t
"""


def waiting(work: Work, limit: int) -> Sequence[Any]:
    """Give what is shown of the transfers that wait for somebody, the oldest first."""
    return ask(work.connection, _WAITING, {"limit": limit})


def listed(
    session: Session,
    *,
    state: TransferState | None,
    limit: int,
    after: str | None,
    salesperson_id: str | None = None,
) -> Page[Row[Transfer, Product]]:
    """List transfers by number, oldest first."""
    query = (
        select(Transfer, Product)
        .join(Product, Product.id == Transfer.product_id)
        .where(*_shown_to(salesperson_id))
        .order_by(Transfer.number)
        .limit(limit + 1)
    )
    if state is not None:
        query = query.where(Transfer.state == state)
    if after is not None:
        query = query.where(Transfer.number > after)
    return page(session.execute(query).all(), limit, lambda row: str(row.Transfer.number))
