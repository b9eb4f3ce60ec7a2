"""Products, their substitutes, and the search of them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, exists, insert, or_, select
from sqlalchemy.orm import Session

from chassis.grams import wanted
from services.inventory.domain.errors import ProductNotFound
from services.inventory.domain.instruction import Instruction
from services.inventory.domain.lifecycle import INSTRUCTION
from services.inventory.domain.order import OVER, OrderCopy
from services.inventory.domain.product import Product, Substitute, Supply
from services.inventory.domain.stock import Stock
from services.inventory.storage.pages import Page, page


def by_code(session: Session, code: str, *, lock: bool = False) -> Product:
    """Load a product by its code. Raises ProductNotFound."""
    query = select(Product).where(Product.code == code)
    product = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if product is None:
        raise ProductNotFound(product_code=code)
    return product


def by_id(session: Session, product_id: UUID) -> Product:
    """Load a product by its id. Raises ProductNotFound."""
    product = session.get(Product, product_id)
    if product is None:
        raise ProductNotFound(product_code=product_id)
    return product


def by_ids(session: Session, product_ids: Collection[UUID]) -> dict[UUID, Product]:
    """Load products by id; those that do not exist are not in the answer."""
    rows = session.scalars(select(Product).where(Product.id.in_(product_ids)))
    return {product.id: product for product in rows}


def by_codes(session: Session, codes: Collection[str]) -> dict[str, Product]:
    """Load products by code. Raises ProductNotFound for the first that does not exist."""
    rows = session.scalars(select(Product).where(Product.code.in_(codes)))
    found = {product.code: product for product in rows}
    for code in codes:
        if code not in found:
            raise ProductNotFound(product_code=code)
    return found


def code_is_taken(session: Session, code: str) -> bool:
    return session.scalar(select(Product.id).where(Product.code == code)) is not None


def search(
    session: Session,
    *,
    text: str | None,
    category: str | None,
    supply: Supply | None,
    active: bool | None,
    limit: int,
    after: str | None,
) -> Page[Product]:
    """List products by code."""
    query = select(Product).order_by(Product.code).limit(limit + 1)
    if text:
        query = query.where(Product.grams.contains(wanted(text)))
    if category is not None:
        query = query.where(Product.category == category)
    if supply is not None:
        query = query.where(Product.default_supply == supply)
    if active is not None:
        query = query.where(Product.active == active)
    if after is not None:
        query = query.where(Product.code > after)
    return page(session.scalars(query).all(), limit, lambda product: product.code)


def substitutes_of(session: Session, product_ids: Collection[UUID]) -> dict[UUID, list[Product]]:
    """Give the active products that may be offered instead of each, best first."""
    rows = session.execute(
        select(Substitute.product_id, Product)
        .join(Product, Product.id == Substitute.substitute_id)
        .where(Substitute.product_id.in_(product_ids), Product.active)
        .order_by(Substitute.product_id, Substitute.rank)
    )
    found: dict[UUID, list[Product]] = {product_id: [] for product_id in product_ids}
    for product_id, substitute in rows:
        found[product_id].append(substitute)
    return found


def write_substitutes(session: Session, product_id: UUID, substitute_ids: Sequence[UUID]) -> None:
    """Replace what may be offered instead of a product; the first is offered first."""
    session.execute(delete(Substitute).where(Substitute.product_id == product_id))
    if substitute_ids:
        session.execute(
            insert(Substitute),
            [
                {"product_id": product_id, "substitute_id": substitute_id, "rank": rank}
                for rank, substitute_id in enumerate(substitute_ids, start=1)
            ],
        )


def is_counted(session: Session, product_id: UUID) -> bool:
    """Whether quantities stand in the product's unit: booked, being made or ordered."""
    named = {"lines": [{"product_id": str(product_id)}]}
    found: bool | None = session.scalar(
        select(
            or_(
                exists().where(Stock.product_id == product_id),
                exists().where(
                    Instruction.product_id == product_id,
                    Instruction.state.not_in(INSTRUCTION.terminal),
                ),
                exists().where(
                    OrderCopy.stage.not_in(OVER),
                    OrderCopy.stopped_at.is_(None),
                    OrderCopy.view.contains(named),
                ),
            )
        )
    )
    return bool(found)


def stock_rows(session: Session, product_ids: Collection[UUID]) -> dict[UUID, list[Stock]]:
    """Give the balances of products, by store and condition."""
    found: dict[UUID, list[Stock]] = {product_id: [] for product_id in product_ids}
    rows = session.scalars(
        select(Stock)
        .where(Stock.product_id.in_(product_ids))
        .order_by(Stock.product_id, Stock.store_code, Stock.condition)
    )
    for row in rows:
        found[row.product_id].append(row)
    return found
