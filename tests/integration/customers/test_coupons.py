"""Coupons: what a confirmed order earns its customer, once, until it is cancelled (O10)."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from services.customers.domain.errors import CustomerNotFound
from tests.integration.customers.story import CLERK, OTHER_SALES, SALES, Office, PaperOrder

TWENTY = {"promotion_code": "SPRING-20", "amount": "20.00"}


@dataclass
class GiftedOrder(PaperOrder):
    """An order of 1,000 whose price gate found a gift: 满500送20."""

    gifts: list[dict[str, str]] = field(default_factory=lambda: [TWENTY])

    def view(self) -> dict[str, Any]:
        return {**super().view(), "coupons": self.gifts}


def coupons(office: Office, order: PaperOrder) -> list[Any]:
    code = office.codes[order.customer_id]
    items: list[Any] = office.ask(CLERK, "list_coupons", customer_code=code)["items"]
    return items


def test_a_confirmed_order_gives_its_customer_each_coupon_once(office: Office) -> None:
    order = GiftedOrder(office.customer("A"), "D1")
    office.reserve(order)
    assert coupons(office, order) == []

    office.confirm(order)
    office.confirm(order)

    (coupon,) = coupons(office, order)
    assert coupon["granted_at"] is not None
    assert coupon == {
        "order_number": "D1", **TWENTY, "state": "granted",
        "granted_at": coupon["granted_at"], "voided_at": None,
    }  # fmt: skip


def test_what_an_older_orders_announces_gives_none(office: Office) -> None:
    order = PaperOrder(office.customer("A"), "D1")
    office.reserve(order)

    office.confirm(order)

    assert coupons(office, order) == []


def test_a_cancelled_orders_coupon_is_void_and_comes_back_by_no_repetition(office: Office) -> None:
    order, other = (GiftedOrder(office.customer("A"), number) for number in ("D1", "D2"))
    for each in (order, other):
        office.reserve(each)
        office.confirm(each)

    office.end("free_cancelled_order", order)
    office.confirm(order)

    (coupon,) = coupons(office, order)
    assert (coupon["state"], coupon["voided_at"] is None) == ("void", False)
    assert [each["state"] for each in coupons(office, other)] == ["granted"]


def test_a_coupon_is_given_whatever_was_heard_of_its_order_first(office: Office) -> None:
    shortened, cancelled = (GiftedOrder(office.customer("A"), number) for number in ("D1", "D2"))
    for each, listener in (
        (shortened, "follow_short_closed_line"), (cancelled, "free_cancelled_order"),
    ):  # fmt: skip
        office.reserve(each)
        each.sequence = 5
        office.end(listener, each, line_id=each.line_id)
        each.sequence = 2
        office.confirm(each)

    assert [Decimal(each["amount"]) for each in coupons(office, shortened)] == [Decimal(20)]
    assert coupons(office, cancelled) == []


def test_coupons_are_paged_and_shown_to_the_customers_own_salesperson_only(office: Office) -> None:
    customer = office.customer("A", salesperson_id=SALES.person_id, salesperson_name=SALES.name)
    for number in ("D1", "D2", "D3"):
        order = GiftedOrder(customer, number, quantity="100")
        office.reserve(order)
        office.confirm(order)

    def page(after: str | None = None) -> Any:
        body = {"customer_code": office.codes[customer], "limit": 2, "after": after}
        return office.ask(SALES, "list_coupons", **body)

    first = page()
    second = page(first["next"])
    assert [each["order_number"] for each in first["items"]] == ["D3", "D2"]
    assert [each["order_number"] for each in second["items"]] == ["D1"]
    assert second["next"] is None
    with pytest.raises(CustomerNotFound):
        office.ask(OTHER_SALES, "list_coupons", customer_code=office.codes[customer])
