"""Transfers between stores."""

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from services.inventory.domain.errors import TransferNotFound
from services.inventory.domain.lifecycle import TransferState
from services.inventory.domain.product import Product
from services.inventory.domain.transfer import Transfer
from services.inventory.storage.pages import Page, page


def by_number(session: Session, number: str, *, lock: bool = False) -> Transfer:
    """Load a transfer. Raises TransferNotFound."""
    query = select(Transfer).where(Transfer.number == number)
    transfer = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if transfer is None:
        raise TransferNotFound(number=number)
    return transfer


def listed(
    session: Session, *, state: TransferState | None, limit: int, after: str | None
) -> Page[Row[Transfer, Product]]:
    """List transfers by number, oldest first."""
    query = (
        select(Transfer, Product)
        .join(Product, Product.id == Transfer.product_id)
        .order_by(Transfer.number)
        .limit(limit + 1)
    )
    if state is not None:
        query = query.where(Transfer.state == state)
    if after is not None:
        query = query.where(Transfer.number > after)
    return page(session.execute(query).all(), limit, lambda row: str(row.Transfer.number))
