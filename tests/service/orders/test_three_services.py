"""A stock order over orders, customers, inventory and shipping; each killed at each step.

Whatever dies and when: the desk asks again with its key, and there is exactly one order with
one reservation each, or none at all.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chassis import clock
from chassis.errors import GendanError
from tests.service.orders.house import CLERK, SUPERVISOR, House

HEADER: dict[str, Any] = {
    "order_type": "ship",
    "consignee": {"name": "张三", "phone": "13800008888", "address": "杭州市西湖区1号"},
    "delivery_method": "pickup_at_depot",
    "special_requirements": "无",
}


def header() -> dict[str, Any]:
    due = clock.business_date(clock.business_now()) + timedelta(days=30)
    return {**HEADER, "customer_due": due.isoformat()}


def new_order(asker: str, quantity: str = "2") -> dict[str, Any]:
    return {
        **header(),
        "channel": "phone",
        "asked_by": asker,
        "customer_code": "KH-B",
        "lines": [{"product_code": "PAPER", "quantity": quantity}],
        "key_data_checked": True,
        "submit": True,
    }


def test_a_stock_order_goes_from_memo_to_approved(house: House) -> None:
    memo = house.ask(
        CLERK,
        "orders.take_memo",
        channel="phone",
        asked_by="张经理",
        wish="三张牛皮纸",
        reply_by=(clock.business_now() + timedelta(minutes=15)).isoformat(),
    )
    number, stock, credit = memo["number"], house.held_stock(), house.held_credit()
    assert memo["stage"] == "memo"
    draft = house.ask(
        CLERK,
        "orders.draft_order",
        order_number=number,
        customer_code="KH-B",
        lines=[{"product_code": "PAPER", "quantity": "3"}],
        **header(),
    )
    assert (draft["stage"], draft["total"]) == ("draft", "30.00")

    review = house.ask(CLERK, "orders.submit_order", order_number=number, key_data_checked=True)

    assert review["stage"] == "in_review"
    assert {gate["kind"]: gate["verdict"] for gate in review["gates"]} == {
        "price": "passed",
        "credit": "passed",
        "approval": "pending",
    }
    assert (house.held_stock() - stock, house.held_credit() - credit) == (Decimal(3), Decimal(30))
    order = house.ask(
        SUPERVISOR, "orders.sign_approval", order_number=number, verdict="passed", text="同意"
    )
    assert order["stage"] == "approved"
    house.await_quiet()


@pytest.mark.parametrize(
    ("killed", "point"),
    [
        ("orders", "after_begin"),
        ("orders", "after_ask_stock"),
        ("orders", "after_ask_credit"),
        ("orders", "before_finish"),
        ("inventory", "before_command_commit"),
        ("inventory", "after_command_commit"),
        ("customers", "before_command_commit"),
        ("customers", "after_command_commit"),
    ],
)
def test_a_submit_that_somebody_dies_of_leaves_one_order_and_one_hold_each(
    house: House, killed: str, point: str
) -> None:
    house.await_ready()
    asker = f"submit {killed} {point}"
    stock, credit = house.held_stock(), house.held_credit()
    house.kill_at(killed, point)

    outcome = house.insist(CLERK, "orders.create_order", new_order(asker), killed)

    assert outcome["stage"] == "in_review"
    house.await_quiet()
    assert house.orders_of(asker) == [(outcome["number"], "in_review")]
    assert (house.held_stock() - stock, house.held_credit() - credit) == (Decimal(2), Decimal(20))


@pytest.mark.parametrize("point", ["after_begin", "after_turning_back"])
def test_a_refused_submit_holds_nothing_whoever_dies(house: House, point: str) -> None:
    house.await_ready()
    asker = f"refused {point}"
    stock, credit = house.held_stock(), house.held_credit()
    house.kill_at("orders", point)

    outcome = house.insist(CLERK, "orders.create_order", new_order(asker, "1000"), "orders")

    assert isinstance(outcome, GendanError)
    assert outcome.code == "stock_short"
    house.await_quiet()
    assert house.orders_of(asker) == []
    assert (house.held_stock(), house.held_credit()) == (stock, credit)


@pytest.mark.parametrize(
    ("killed", "point"),
    [
        ("orders", "after_begin"),
        ("orders", "after_ask_shipping"),
        ("orders", "after_ask_inventory"),
        ("orders", "before_finish"),
        ("shipping", "after_command_commit"),
        ("inventory", "before_command_commit"),
        ("inventory", "after_command_commit"),
    ],
)
def test_a_cancel_that_somebody_dies_of_ends_it_once_and_frees_everything(
    house: House, killed: str, point: str
) -> None:
    house.await_ready()
    asker = f"cancel {killed} {point}"
    stock, credit = house.held_stock(), house.held_credit()
    number = house.ask(CLERK, "orders.create_order", **new_order(asker))["number"]
    house.await_quiet()
    house.kill_at(killed, point)

    outcome = house.insist(
        SUPERVISOR,
        "orders.cancel_order",
        {"order_number": number, "reason": "customer_request"},
        killed,
    )

    assert outcome["stage"] == "cancelled"
    house.await_quiet()
    house.await_that(
        lambda: (house.held_stock(), house.held_credit()) == (stock, credit),
        "all that was held is free",
    )
    assert house.orders_of(asker) == [(number, "cancelled")]
    told = "select count(*) from outbox where name = 'order_cancelled' and body like %s"
    assert house.execute("orders", told, f"%{number}%") == [(1,)]
