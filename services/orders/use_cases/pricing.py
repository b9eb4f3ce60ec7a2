"""Price schemes kept, and orders compared with them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis.changes import difference
from chassis.database import Work
from services.orders.domain.errors import CheckedPricesMoved, SchemeCodeTaken
from services.orders.domain.order import Order
from services.orders.domain.pricing import (
    Market,
    Offer,
    Paid,
    PriceFindings,
    PriceScheme,
    Promotion,
    best_offer,
    check_prices,
    fill_prices,
    take_discounts,
)
from services.orders.storage import copies, prices


def price_draft(work: Work, order: Order, market: Market | None = None) -> PriceFindings:
    """Fill in what nobody said of prices and discounts, and give what the check finds.

    `market` is what prices depend on, where it is known.
    """
    market = market or _market(work, order)
    offers = _offers(work, order, market)
    fill_prices(order.lines, offers)
    findings = _check(work, order, offers, market)
    take_discounts(order.lines, findings.discounts)
    order.scheme_total = findings.scheme_total
    order.reckon()
    return findings


Prices = Mapping[int, tuple[Decimal, Decimal]]


def prices_of(order: Order) -> Prices:
    """Give unit price and discount of each line, by its number."""
    return {line.line_no: (line.unit_price, line.discount) for line in order.lines}


def guard_checked_prices(order: Order, checked: Prices) -> None:
    """Raise CheckedPricesMoved where a line costs something else than was compared (O37)."""
    changes, changes_zh = [], []
    for line_no, now in prices_of(order).items():
        for what, what_zh, old, new in zip(
            ("", "discount "), ("单价", "折扣"), checked[line_no], now, strict=True
        ):
            if old != new:
                moved = f"{old.normalize():f} → {new.normalize():f}"
                changes.append(f"line {line_no}: {what}{moved}")
                changes_zh.append(f"第 {line_no} 行{what_zh} {moved}")
    if changes:
        raise CheckedPricesMoved(
            order_number=order.number,
            changes="; ".join(changes),
            changes_zh="；".join(changes_zh),
        )


def check_as_it_stands(work: Work, order: Order) -> PriceFindings:
    """Give what the check finds of the prices and discounts that an order has.

    None is changed: credit is reserved, and the customer's worth reckoned, by its total.
    """
    market = _market(work, order)
    return _check(work, order, _offers(work, order, market), market, as_they_stand=True)


def _market(work: Work, order: Order) -> Market:
    assert order.customer_id is not None  # noqa: S101  a draft has its customer
    product_ids = [line.product_id for line in order.lines]
    return prices.market(work, product_ids, order.customer_id, work.today)


def _offers(work: Work, order: Order, market: Market) -> list[Offer]:
    assert order.customer_id is not None  # noqa: S101  a draft has its customer
    return [
        best_offer(
            market.schemes,
            product_id=line.product_id,
            quantity=line.quantity,
            customer_id=order.customer_id,
            grade=order.grade,
            region=order.region,
            today=work.today,
        )
        for line in order.lines
    ]


def _check(
    work: Work,
    order: Order,
    offers: Sequence[Offer],
    market: Market,
    *,
    as_they_stand: bool = False,
) -> PriceFindings:
    return check_prices(
        order.lines,
        offers,
        market=replace(market, last_paid=_last_paid(work, order, offers, market)),
        grade=order.grade,
        region=order.region,
        today=work.today,
        as_they_stand=as_they_stand,
    )


def _last_paid(
    work: Work, order: Order, offers: Sequence[Offer], market: Market
) -> Mapping[UUID, Paid]:
    """Give what the customer last paid, without what another scheme explains.

    That is one that began, ended or was changed since, or that asks this very price of another
    grade or region: the customer's may have been that one.
    """
    assert order.customer_id is not None  # noqa: S101  a draft has its customer
    last = dict(market.last_paid)
    for line, offer in zip(order.lines, offers, strict=True):
        paid = last.get(line.product_id)
        if paid is None or paid.unit_price == line.unit_price or offer.scheme is None:
            continue
        least = offer.scheme.speciality
        if any(
            paid.unit_price in scheme.prices
            or (
                scheme.speciality >= least
                and scheme.fits(
                    customer_id=order.customer_id, grade=order.grade, region=order.region
                )
                and scheme.has_moved(paid.at, work.today)
            )
            for scheme in prices.schemes_ever(work, line.product_id, order.customer_id)
        ):
            del last[line.product_id]
    return last


def create_scheme(work: Work, request: Mapping[str, Any]) -> PriceScheme:
    """Create a price scheme. Raises SchemeCodeTaken, ProductNotKnown, CustomerNotKnown."""
    if prices.scheme_exists(work, request["scheme_code"]):
        raise SchemeCodeTaken(scheme_code=request["scheme_code"])
    code = request["customer_code"]
    scheme = PriceScheme(
        id=uuid4(),
        code=request["scheme_code"],
        name=request["name"],
        product=copies.product(work, request["product_code"]),
        customer=None if code is None else copies.customer(work, code),
        region=request["region"],
        grade=request["grade"],
        breaks=_breaks(request),
        valid_from=request["valid_from"],
        valid_until=request["valid_until"],
        now=work.now,
    )
    work.session.add(scheme)
    work.session.flush()
    work.log("price_scheme", scheme.code, "create", changes={"scheme": [None, scheme.breaks]})
    return scheme


def change_scheme(work: Work, request: Mapping[str, Any]) -> PriceScheme:
    """Change a scheme's prices or dates, or end it; orders already judged keep their verdict."""
    scheme = prices.scheme(work, request["scheme_code"])
    scheme.guard_version(request["expected_version"])
    before = _terms(scheme)
    scheme.reprice(
        _breaks(request),
        valid_from=request["valid_from"],
        valid_until=request["valid_until"],
        active=request["active"],
        now=work.now,
    )
    work.session.flush()
    work.log(
        "price_scheme",
        scheme.code,
        "change",
        changes=difference(before, _terms(scheme)),
        reason=request["reason"],
        note=request["note"],
    )
    return scheme


def _terms(scheme: PriceScheme) -> dict[str, Any]:
    return {
        "breaks": scheme.breaks,
        "valid_from": scheme.valid_from,
        "valid_until": scheme.valid_until,
        "active": scheme.active,
    }


def _breaks(request: Mapping[str, Any]) -> Sequence[tuple[Any, Any]]:
    return [(b["min_quantity"], b["unit_price"]) for b in request["breaks"]]


def create_promotion(work: Work, request: Mapping[str, Any]) -> Promotion:
    """Create a threshold promotion. Raises SchemeCodeTaken."""
    code = request["promotion_code"]
    if prices.promotion_exists(work, code):
        raise SchemeCodeTaken(scheme_code=code)
    facts = ("name", "kind", "threshold", "value", "grade", "region", "valid_from", "valid_until")
    promotion = Promotion(
        id=uuid4(), code=code, active=True, **{name: request[name] for name in facts}
    )
    work.session.add(promotion)
    work.session.flush()
    work.log("promotion", code, "create", changes={"value": [None, promotion.value]})
    return promotion


_OF_A_PROMOTION = ("threshold", "value", "valid_from", "valid_until", "active")


def change_promotion(work: Work, request: Mapping[str, Any]) -> Promotion:
    """Change what a promotion gives or when, or end it; orders judged by it keep their verdict."""
    promotion = prices.promotion(work, request["promotion_code"])
    promotion.guard_version(request["expected_version"])
    before = {name: getattr(promotion, name) for name in _OF_A_PROMOTION}
    for name in _OF_A_PROMOTION:
        setattr(promotion, name, request[name])
    work.session.flush()
    work.log(
        "promotion",
        promotion.code,
        "change",
        changes=difference(before, {name: request[name] for name in _OF_A_PROMOTION}),
        reason=request["reason"],
        note=request["note"],
    )
    return promotion


def quote(work: Work, request: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a product costs a customer today, by scheme and by what was last paid."""
    customer = copies.customer(work, request["customer_code"])
    product = copies.product(work, request["product_code"])
    customer_id, product_id = UUID(str(customer["id"])), UUID(str(product["id"]))
    market = prices.market(work, [product_id], customer_id, work.today)
    offer = best_offer(
        market.schemes,
        product_id=product_id,
        quantity=request["quantity"],
        customer_id=customer_id,
        grade=customer["grade"],
        region=customer["region"],
        today=work.today,
    )
    last = market.last_paid.get(product_id)
    return {
        "customer_code": customer["code"],
        "product_code": product["code"],
        "unit_price": None if offer.unit_price is None else f"{offer.unit_price:.6f}",
        "scheme_code": offer.scheme_code,
        "last_price": None if last is None else f"{last.unit_price:.6f}",
        "last_at": None if last is None else last.at.isoformat(),
    }
