"""What is in stock: stores, balances, movements, discrepancies."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_, update
from sqlalchemy.orm import Session

from services.inventory.domain.errors import StoreNotFound
from services.inventory.domain.product import Product
from services.inventory.domain.stock import (
    Condition,
    Discrepancy,
    MoveKind,
    Stock,
    StockKey,
    StockMovement,
    Store,
)
from services.inventory.storage.pages import Page, after_codes, page


def store(session: Session, code: str) -> Store:
    """Load a store. Raises StoreNotFound."""
    found = session.get(Store, code)
    if found is None:
        raise StoreNotFound(store_code=code)
    return found


def stores(session: Session) -> Sequence[Store]:
    """List all stores by code; a company has a handful."""
    return session.scalars(select(Store).order_by(Store.code)).all()


def booked_into(
    session: Session, reference: str, kind: MoveKind, condition: Condition
) -> dict[StockKey, Decimal]:
    """Give what a paper's movements of one kind brought into balances of one condition."""
    place = (StockMovement.product_id, StockMovement.store_code, StockMovement.condition)
    rows = session.execute(
        select(*place, func.sum(StockMovement.on_hand))
        .where(
            StockMovement.reference == reference,
            StockMovement.kind == kind,
            StockMovement.condition == condition,
        )
        .group_by(*place)
    )
    return {StockKey(*row[:3]): row[3] for row in rows}


def free_elsewhere(
    session: Session, product_ids: Collection[UUID], store_code: str
) -> dict[UUID, list[Row[UUID, str, Decimal]]]:
    """Give what other stores could spare of products."""
    free = (Stock.on_hand - Stock.reserved).label("free")
    rows = session.execute(
        select(Stock.product_id, Stock.store_code, free)
        .where(
            Stock.product_id.in_(product_ids),
            Stock.store_code != store_code,
            Stock.condition == Condition.GOOD,
            Stock.on_hand > Stock.reserved,
        )
        .order_by(Stock.product_id, Stock.store_code)
    )
    found: dict[UUID, list[Row[UUID, str, Decimal]]] = {id_: [] for id_ in product_ids}
    for row in rows:
        found[row.product_id].append(row)
    return found


def free_in(
    session: Session, product_ids: Collection[UUID], store_code: str
) -> dict[UUID, Decimal]:
    """Give what is free of products in one store; products that never moved are left out."""
    rows = session.execute(
        select(Stock.product_id, Stock.on_hand - Stock.reserved).where(
            Stock.product_id.in_(product_ids),
            Stock.store_code == store_code,
            Stock.condition == Condition.GOOD,
        )
    )
    return {row[0]: row[1] for row in rows}


def listed(
    session: Session,
    *,
    store_code: str | None,
    condition: Condition | None,
    product_code: str | None,
    limit: int,
    after: str | None,
) -> Page[Row[Stock, Product]]:
    """List balances by product code, store and condition. Raises InvalidFields."""
    key = (Product.code, Stock.store_code, Stock.condition)
    query = (
        select(Stock, Product)
        .join(Product, Product.id == Stock.product_id)
        .order_by(*key)
        .limit(limit + 1)
    )
    if store_code is not None:
        query = query.where(Stock.store_code == store_code)
    if condition is not None:
        query = query.where(Stock.condition == condition)
    if product_code is not None:
        query = query.where(Product.code == product_code)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after_codes(after, len(key))))
    rows = session.execute(query).all()
    return page(
        rows, limit, lambda row: f"{row.Product.code}|{row.Stock.store_code}|{row.Stock.condition}"
    )


def movements(
    session: Session, product_id: UUID, *, store_code: str | None, limit: int, before: int | None
) -> Page[StockMovement]:
    """List a product's movements, newest first."""
    query = (
        select(StockMovement)
        .where(StockMovement.product_id == product_id)
        .order_by(StockMovement.id.desc())
        .limit(limit + 1)
    )
    if store_code is not None:
        query = query.where(StockMovement.store_code == store_code)
    if before is not None:
        query = query.where(StockMovement.id < before)
    return page(session.scalars(query).all(), limit, lambda movement: str(movement.id))


def open_discrepancies(session: Session, limit: int) -> Sequence[Row[Discrepancy, Product]]:
    """List what is to be counted, oldest first."""
    return session.execute(
        select(Discrepancy, Product)
        .join(Product, Product.id == Discrepancy.product_id)
        .where(Discrepancy.settled_at.is_(None))
        .order_by(Discrepancy.id)
        .limit(limit)
    ).all()


def settle_discrepancies(session: Session, key: StockKey, *, at: datetime, by: str) -> None:
    """Note that somebody counted a balance: what was missing is answered."""
    session.execute(
        update(Discrepancy)
        .where(
            Discrepancy.product_id == key.product_id,
            Discrepancy.store_code == key.store_code,
            Discrepancy.condition == key.condition,
            Discrepancy.settled_at.is_(None),
        )
        .values(settled_at=at, settled_by=by)
    )
