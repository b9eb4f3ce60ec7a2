"""Price schemes, promotions and last prices."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Work
from chassis.roundtrips import ask
from services.orders.domain.copies import CustomerCopy
from services.orders.domain.errors import PromotionNotFound, SchemeNotFound
from services.orders.domain.lifecycle import GateKind
from services.orders.domain.order import Order
from services.orders.domain.pricing import (
    LastPrice,
    Market,
    Paid,
    PriceScheme,
    Promotion,
    PromotionTerms,
    SchemeTerms,
    lines_to_remember,
)

# All that prices depend on, of the product ids in `products` and the customer's in `customer`.
_MARKET = """
  (select coalesce(json_agg(json_build_array(
     code, product_id, customer_id, region, grade, breaks, valid_from, valid_until, changed_at
   )), '[]')
   from price_scheme
   where product_id = any({products}) and active and valid_from <= %(today)s
     and (valid_until is null or valid_until >= %(today)s)
     and (customer_id is null or customer_id = {customer})) as schemes,
  (select coalesce(json_agg(json_build_array(
     code, kind, threshold::text, value::text, grade, region, valid_from, valid_until)), '[]')
   from promotion
   where active and valid_from <= %(today)s
     and (valid_until is null or valid_until >= %(today)s)) as promotions,
  (select coalesce(json_agg(json_build_array(product_id, unit_price::text, at)), '[]')
   from last_price
   where customer_id = {customer} and product_id = any({products})) as paid
"""
_MARKET_BY_ID = "select" + _MARKET.format(products="%(products)s", customer="%(customer)s")
#: To be asked beside other things: by the codes `products`, the code `customer` and `today`.
MARKET_BY_CODE = _MARKET.format(
    products="array(select id from product_copy where code = any(%(products)s))",
    customer="(select id from customer_copy where code = %(customer)s)",
)


def market(work: Work, product_ids: Iterable[UUID], customer_id: UUID, today: date) -> Market:
    """Give what holds today for these products and this customer, and what it last paid."""
    (found,) = ask(
        work.connection,
        _MARKET_BY_ID,
        {"products": list(set(product_ids)), "customer": customer_id, "today": today},
    )
    return read_market(found)


def read_market(found: Any) -> Market:
    """Give what a row says that was asked for the market."""
    return Market(
        schemes=[_scheme_terms(*row) for row in found.schemes],
        promotions=[_promotion_terms(*row) for row in found.promotions],
        last_paid={
            UUID(product_id): Paid(Decimal(price), datetime.fromisoformat(at))
            for product_id, price, at in found.paid
        },
    )


def schemes_ever(work: Work, product_id: UUID, customer_id: UUID) -> list[SchemeTerms]:
    """Give the schemes that ever were for this product and customer, ended ones too."""
    found = work.session.scalars(
        select(PriceScheme).where(
            PriceScheme.product_id == product_id,
            or_(PriceScheme.customer_id.is_(None), PriceScheme.customer_id == customer_id),
        )
    )
    return [scheme.terms for scheme in found]


def _scheme_terms(
    code: str,
    product_id: str,
    customer_id: str | None,
    region: str | None,
    grade: str | None,
    breaks: Sequence[Mapping[str, str]],
    valid_from: str,
    valid_until: str | None,
    changed_at: str,
) -> SchemeTerms:
    return SchemeTerms(
        code=code,
        product_id=UUID(product_id),
        customer_id=None if customer_id is None else UUID(customer_id),
        region=region,
        grade=grade,
        breaks=breaks,
        valid_from=date.fromisoformat(valid_from),
        valid_until=None if valid_until is None else date.fromisoformat(valid_until),
        changed_at=datetime.fromisoformat(changed_at),
    )


def _promotion_terms(
    code: str,
    kind: str,
    threshold: str,
    value: str,
    grade: str | None,
    region: str | None,
    valid_from: str,
    valid_until: str | None,
) -> PromotionTerms:
    return PromotionTerms(
        code=code,
        kind=kind,
        threshold=Decimal(threshold),
        value=Decimal(value),
        grade=grade,
        region=region,
        valid_from=date.fromisoformat(valid_from),
        valid_until=None if valid_until is None else date.fromisoformat(valid_until),
    )


def keep_last_prices(work: Work, order: Order) -> None:
    """Note what this order's customer pays now; an older order does not replace a newer one."""
    at = order.confirmed_at or order.created_at
    gate = order.find_gate(GateKind.PRICE)
    judged = gate.figures.get("lines", ()) if gate else ()
    scheme_prices = {
        line["line_no"]: Decimal(line["scheme_price"]) for line in judged if line["scheme_price"]
    }
    rows = [
        {
            "customer_id": order.customer_id,
            "product_id": line.product_id,
            "unit_price": line.unit_price,
            "order_id": order.id,
            "at": at,
        }
        for line in lines_to_remember(order.lines, scheme_prices)
    ]
    if not rows:
        return
    new = insert(LastPrice).values(rows)
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


def promotion(work: Work, code: str) -> Promotion:
    """Give one promotion. Raises PromotionNotFound."""
    found = work.session.scalar(select(Promotion).where(Promotion.code == code))
    if found is None:
        raise PromotionNotFound(promotion_code=code)
    return found


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
