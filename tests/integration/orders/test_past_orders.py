"""Orders of the old books: recorded once, and those that were open are settled like any other."""

from typing import Any

import pytest

from chassis import clock
from chassis.commands import load
from chassis.errors import InvalidFields
from chassis.principal import Principal
from services.orders import pages
from services.orders.domain.errors import NotAllOwedSettled, PastOrderDiffers
from services.orders.schemas import commands
from services.orders.storage import copies, orders
from services.orders.use_cases import past_orders
from tests.integration.orders.desk import CUSTOMER, FINANCE, LABEL, Desk, Neighbours

LINE = {
    "product_code": "LABEL-40",
    "quantity": "12",
    "unit_price": "14.00",
    "amount": "151.20",
}
OPEN: dict[str, Any] = {
    "reference": "NW-10248",
    "customer_code": CUSTOMER["code"],
    "ordered_on": "1996-07-04",
    "lines": [LINE],
}
PAST = OPEN | {"fulfilled_on": "1996-07-16"}


def record(desk: Desk, past: dict[str, Any], **changes: Any) -> dict[str, Any]:
    recorded: dict[str, Any] = desk.do(
        commands.RecordPastOrder, past_orders.record_past_order, **past | changes
    )
    return recorded


def work_of(desk: Desk, who: Principal) -> list[tuple[str, str]]:
    items = desk.store.read(who, lambda work: pages.list_work(work, {"limit": 20}))
    return [(item["kind"], item["order_number"]) for item in items]


def deliver(desk: Desk, number: str) -> None:
    """Have everything of an order signed for."""
    with desk.store.work() as work:
        order = orders.order_by_number(work, number, lock=True)
        for line in order.lines:
            line.shipped_quantity = line.signed_quantity = line.quantity
        work.announce(*order.fulfil_if_served(clock.business_now()))


def test_a_past_order_is_recorded_once_with_its_own_dates(desk: Desk) -> None:
    """O34."""
    first = record(desk, PAST)

    again = record(desk, PAST)

    assert again == first
    assert (first["stage"], first["imported"], first["total"]) == ("fulfilled", True, "151.20")
    assert first["created_at"] == "1996-07-04T04:00:00+00:00"
    assert desk.announced() == ["past_order_recorded"]
    assert load(commands.RecordPastOrder(), PAST)["reference"] == "NW-10248"


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"ordered_on": "1996-07-05"}, "ordered_on"),
        ({"fulfilled_on": None}, "fulfilled_on"),
        ({"fulfilled_on": "1996-07-17"}, "fulfilled_on"),
        ({"lines": [LINE, LINE]}, "lines"),
    ],
)
def test_a_past_order_that_tells_something_else_now_is_refused(
    desk: Desk, changes: dict[str, Any], differing: str
) -> None:
    number = record(desk, PAST)["number"]

    with pytest.raises(PastOrderDiffers) as refused:
        record(desk, PAST, **changes)

    assert refused.value.details["differing"] == differing
    assert refused.value.details["order_number"] == number


def test_the_same_lines_in_another_order_are_the_same_order(desk: Desk) -> None:
    other = LINE | {"quantity": "3", "amount": "42.00"}
    number = record(desk, PAST, lines=[LINE, other])["number"]

    assert record(desk, PAST, lines=[other, LINE])["number"] == number
    with pytest.raises(PastOrderDiffers):
        record(desk, PAST, lines=[other, other])


def test_the_old_books_may_name_what_is_no_longer_sold(desk: Desk) -> None:
    with desk.store.work() as work:
        copies.keep_product(work, {**LABEL, "active": False}, sequence=1000)

    assert record(desk, PAST)["lines"][0]["product_code"] == "LABEL-40"


def test_an_open_order_that_the_old_books_have_delivered_since_is_refused(desk: Desk) -> None:
    """Taken for the same, its goods would stay held here, and be sent a second time."""
    number = record(desk, OPEN)["number"]
    with pytest.raises(PastOrderDiffers):
        record(desk, PAST)

    deliver(desk, number)

    assert record(desk, PAST)["number"] == record(desk, OPEN)["number"] == number


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"fulfilled_on": "1996-07-03"}, "fulfilled_on"),
        ({"lines": [LINE, LINE | {"amount": "168.01"}]}, "lines"),
        ({"fulfilled_on": "2096-07-16"}, "fulfilled_on"),
        ({"ordered_on": "2096-07-04", "fulfilled_on": None}, "ordered_on"),
    ],
)
def test_what_no_books_can_say_is_refused(desk: Desk, changes: dict[str, Any], wrong: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        record(desk, PAST, **changes)

    assert set(refused.value.details["fields"]) == {wrong}
    assert desk.announced() == []


def test_an_open_order_of_the_old_books_is_closed_when_it_is_paid_and_invoiced(
    desk: Desk, neighbours: Neighbours
) -> None:
    """O34: its goods left from here, so their money is owed here."""
    past, number = record(desk, PAST, reference="NW-1")["number"], record(desk, OPEN)["number"]
    deliver(desk, number)
    assert work_of(desk, FINANCE) == [("close", number)]
    neighbours.answer("shipping.list_owed", {"items": []})
    owing = {"paid_in_full": False, "balance": "151.20", "invoiced": False}
    neighbours.answer("customers.get_order_money", {"money": owing})

    with pytest.raises(NotAllOwedSettled) as refused:
        desk.talk("close", FINANCE, order_number=number)

    assert refused.value.details["items"] == ["balance 151.20", "invoice"]
    settled = {"paid_in_full": True, "balance": "0.00", "invoiced": True}
    neighbours.answer("customers.get_order_money", {"money": settled})
    for each in (number, past):
        assert desk.talk("close", FINANCE, order_number=each)["stage"] == "closed"
