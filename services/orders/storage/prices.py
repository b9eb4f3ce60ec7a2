"""Price schemes, promotions and last prices."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Work
from services.orders.domain.copies import CustomerCopy
from services.orders.domain.errors import SchemeNotFound
from services.orders.domain.order import Order
from services.orders.domain.pricing import LastPrice, PriceScheme, Promotion


def schemes_for(
    work: Work, product_ids: Iterable[UUID], customer_id: UUID, today: date
) -> Sequence[PriceScheme]:
    """Give the schemes that may hold today for these products and this customer."""
    return work.session.scalars(
        select(PriceScheme).where(
            PriceScheme.product_id.in_(set(product_ids)),
            PriceScheme.active.is_(True),
            PriceScheme.valid_from <= today,
            or_(PriceScheme.valid_until.is_(None), PriceScheme.valid_until >= today),
            or_(PriceScheme.customer_id.is_(None), PriceScheme.customer_id == customer_id),
        )
    ).all()


def promotions(work: Work, today: date) -> Sequence[Promotion]:
    """Give the promotions that run today."""
    return work.session.scalars(
        select(Promotion).where(
            Promotion.active.is_(True),
            Promotion.valid_from <= today,
            or_(Promotion.valid_until.is_(None), Promotion.valid_until >= today),
        )
    ).all()


def last_prices(
    work: Work, customer_id: UUID, product_ids: Iterable[UUID]
) -> Mapping[UUID, LastPrice]:
    """Give what the customer last paid, by product."""
    rows = work.session.scalars(
        select(LastPrice).where(
            LastPrice.customer_id == customer_id, LastPrice.product_id.in_(set(product_ids))
        )
    )
    return {row.product_id: row for row in rows}


def keep_last_prices(work: Work, order: Order) -> None:
    """Note what this order's customer pays now; an older order does not replace a newer one."""
    at = order.confirmed_at or order.created_at
    rows = {
        line.product_id: {
            "customer_id": order.customer_id,
            "product_id": line.product_id,
            "unit_price": line.unit_price,
            "order_id": order.id,
            "at": at,
        }
        for line in order.lines
    }
    new = insert(LastPrice).values(list(rows.values()))
    work.session.execute(
        new.on_conflict_do_update(
            index_elements=["customer_id", "product_id"],
            set_={name: new.excluded[name] for name in ("unit_price", "order_id", "at")},
            where=LastPrice.at <= new.excluded.at,
        )
    )


def _visible(work: Work) -> list[ColumnElement[bool]]:
    """Give the conditions under which the asker may see a scheme (SPEC §2: sales)."""
    principal = work.principal
    if not principal.limited_to_own_customers:
        return []
    own = select(CustomerCopy.id).where(
        CustomerCopy.view["salesperson_id"].astext == principal.person_id
    )
    return [or_(PriceScheme.customer_id.is_(None), PriceScheme.customer_id.in_(own))]


def scheme(work: Work, code: str) -> PriceScheme:
    """Give one price scheme. Raises SchemeNotFound."""
    query = select(PriceScheme).where(PriceScheme.code == code, *_visible(work))
    found = work.session.scalar(query)
    if found is None:
        raise SchemeNotFound(scheme_code=code)
    return found


def scheme_exists(work: Work, code: str) -> bool:
    return work.session.scalar(select(PriceScheme.id).where(PriceScheme.code == code)) is not None


def promotion_exists(work: Work, code: str) -> bool:
    return work.session.scalar(select(Promotion.id).where(Promotion.code == code)) is not None


def all_promotions(work: Work) -> Sequence[Promotion]:
    return work.session.scalars(select(Promotion).order_by(Promotion.code).limit(500)).all()


def search_schemes(
    work: Work, filters: Mapping[str, Any]
) -> tuple[Sequence[PriceScheme], str | None]:
    """Give a page of schemes by code, and the cursor of the next."""
    query = select(PriceScheme).where(*_visible(work))
    if filters["product_code"]:
        query = query.where(PriceScheme.product_code == filters["product_code"])
    if filters["customer_code"]:
        query = query.where(PriceScheme.customer_code == filters["customer_code"])
    if filters["on"]:
        query = query.where(
            PriceScheme.valid_from <= filters["on"],
            or_(PriceScheme.valid_until.is_(None), PriceScheme.valid_until >= filters["on"]),
        )
    if filters["after"]:
        query = query.where(PriceScheme.code > filters["after"])
    limit = filters["limit"]
    found = work.session.scalars(query.order_by(PriceScheme.code).limit(limit + 1)).all()
    page = found[:limit]
    return page, page[-1].code if len(found) > limit else None
