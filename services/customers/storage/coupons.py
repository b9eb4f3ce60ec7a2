"""Coupons of customers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.customers.domain.coupon import Coupon
from services.customers.domain.credit import OrderCredit
from services.customers.domain.lifecycle import COUPON, CouponState


def grant(
    session: Session, order: OrderCredit, gifts: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Write an order's gifts; what was granted already, or is void by now, stays as it is."""
    if not gifts:
        return
    of_order = {
        "customer_id": order.customer_id,
        "order_id": order.id,
        "order_number": order.order_number,
        "state": COUPON.initial,
        "granted_at": now,
    }
    rows = [{**of_order, **gift} for gift in gifts]
    session.execute(
        insert(Coupon)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["order_id", "promotion_code"])
    )


def granted_of_order(session: Session, order_id: UUID) -> Sequence[Coupon]:
    """Give the coupons that stand of an order."""
    query = select(Coupon).where(Coupon.order_id == order_id, Coupon.state == CouponState.GRANTED)
    return session.scalars(query).all()


def of_customer(
    session: Session, customer_id: UUID, *, limit: int, after: int | None
) -> Sequence[Coupon]:
    """Give a customer's coupons, the newest first."""
    query = select(Coupon).where(Coupon.customer_id == customer_id)
    if after is not None:
        query = query.where(Coupon.id < after)
    return session.scalars(query.order_by(Coupon.id.desc()).limit(limit)).all()
