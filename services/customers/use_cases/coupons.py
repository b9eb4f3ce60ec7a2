"""Coupons that orders earn their customers (O10); spending them is not built."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.database import Work
from services.customers.domain.coupon import Coupon
from services.customers.domain.credit import OrderCredit
from services.customers.domain.lifecycle import Standing
from services.customers.storage import coupons as storage
from services.customers.storage import customers as customer_storage
from services.customers.use_cases.access import paged, starting_id


def grant_coupons(work: Work, order: OrderCredit, gifts: Sequence[Mapping[str, Any]]) -> None:
    """Give the customer the coupons of a confirmed order, unless it was cancelled since."""
    if order.standing is not Standing.CANCELLED:
        storage.grant(work.session, order, gifts, work.now)


def void_coupons(work: Work, order: OrderCredit) -> None:
    """Take back what a cancelled order had earned."""
    for coupon in storage.granted_of_order(work.session, order.id):
        coupon.void(work.now)
        work.log("coupon", coupon.order_number, "void_coupon")


def list_coupons(
    work: Work, customer_code: str, *, limit: int, after: str | None
) -> tuple[Sequence[Coupon], str | None]:
    """Give a page of a customer's coupons, the newest first."""
    customer = customer_storage.plain_by_code(work.session, customer_code, work.principal)
    start = starting_id(after)
    found = storage.of_customer(work.session, customer.id, limit=limit + 1, after=start)
    return paged(found, limit, by="id")
