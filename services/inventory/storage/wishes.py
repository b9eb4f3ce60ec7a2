"""Wishes for goods that are out of stock."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from services.inventory.domain.errors import WishNotFound
from services.inventory.domain.lifecycle import WishState
from services.inventory.domain.product import Product
from services.inventory.domain.wish import Wish
from services.inventory.storage.pages import Page, page


def by_number(session: Session, number: str, made_by_id: str | None) -> Wish:
    """Load a wish, locked; of anybody, or of one person only. Raises WishNotFound."""
    query = select(Wish).where(Wish.number == number)
    if made_by_id is not None:
        query = query.where(Wish.made_by_id == made_by_id)
    wish = session.scalars(query.with_for_update()).one_or_none()
    if wish is None:
        raise WishNotFound(number=number)
    return wish


def open_for(session: Session, product_id: UUID, limit: int) -> Sequence[Wish]:
    """Give the open wishes for a product, oldest first, locked."""
    return session.scalars(
        select(Wish)
        .where(Wish.product_id == product_id, Wish.state == WishState.OPEN)
        .order_by(Wish.made_at, Wish.id)
        .limit(limit)
        .with_for_update()
    ).all()


def listed(
    session: Session,
    *,
    state: WishState | None,
    made_by_id: str | None,
    limit: int,
    after: str | None,
) -> Page[Row[Wish, Product]]:
    """List wishes by number, oldest first."""
    query = (
        select(Wish, Product)
        .join(Product, Product.id == Wish.product_id)
        .order_by(Wish.number)
        .limit(limit + 1)
    )
    if made_by_id is not None:
        query = query.where(Wish.made_by_id == made_by_id)
    if state is not None:
        query = query.where(Wish.state == state)
    if after is not None:
        query = query.where(Wish.number > after)
    return page(session.execute(query).all(), limit, lambda row: str(row.Wish.number))
