"""Goods leave, come back, arrive, move between stores; no fact is refused (I1, I13, I14)."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.errors import InvalidFields
from chassis.lifecycle import IllegalMove
from services.inventory.domain.errors import (
    ConsentOfAnother,
    OrderNotKnown,
    ReturnNotInspected,
    SameStore,
    StockHeld,
)
from services.inventory.use_cases import reservations
from tests.integration.inventory.goods_story import SHOP, WAREHOUSE, Goods, order_view
from tests.statements import copy_rows, plans, statements


def shipment(
    order: UUID, *lines: tuple[UUID, UUID, str], number: str = "S261122-000001"
) -> dict[str, object]:
    return {
        "number": number,
        "order_id": str(order),
        "lines": [
            {"line_id": str(line), "product_id": str(product), "quantity": quantity}
            for line, product, quantity in lines
        ],
    }


def discrepancies(goods: Goods) -> list[tuple[str, str]]:
    items = goods.ask("list_work")["items"]
    return [
        (item["entity_number"], item["verb"])
        for item in items
        if item["kind"] == "stock_discrepancy"
    ]


def test_a_dispatch_consumes_exactly_what_the_line_held_once(goods: Goods) -> None:
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    goods.reserve(order, (line, paper, "4"))

    goods.hear("shipment_dispatched", shipment=shipment(order, (line, paper, "3")))
    goods.hear("shipment_dispatched", shipment=shipment(order, (line, paper, "3")))

    assert goods.balance() == ("7.000", "1.000")
    lines = goods.ask("get_holdings", order_id=str(order))["lines"]
    assert [(held["held"], held["consumed"]) for held in lines] == [("1.000", "3.000")]
    goods.check_ledgers()


def test_goods_that_have_left_stay_held_until_they_are_booked_out(goods: Goods) -> None:
    """The order's end may be told before its dispatch: the two come by different queues."""
    paper, order, line = goods.product(stock="10"), uuid4(), uuid4()
    goods.reserve(order, (line, paper, "4"))
    view = order_view(order, "fulfilled", (line, paper, "4"))
    view["lines"][0]["shipped_quantity"] = "3.000"

    goods.hear_of_order("order_fulfilled", view)
    assert goods.balance() == ("10.000", "3.000")
    goods.hear("shipment_dispatched", shipment=shipment(order, (line, paper, "3")))
    goods.hear_of_order("order_closed", view | {"stage": "closed", "version": 2})

    assert goods.balance() == ("7.000", "0.000")
    goods.check_ledgers()


def test_what_left_without_being_held_is_taken_from_free_stock(goods: Goods) -> None:
    paper, order = goods.product(stock="10"), uuid4()
    goods.reserve(uuid4(), (uuid4(), paper, "6"))

    goods.hear("shipment_dispatched", shipment=shipment(order, (uuid4(), paper, "4")))

    assert goods.balance() == ("6.000", "6.000")
    assert discrepancies(goods) == []
    (moved,) = [
        item
        for item in goods.ask("list_movements", product_code="PAPER")["items"]
        if item["kind"] == "dispatched"
    ]
    assert moved["note"] == "not reserved for the line; taken from free stock"


def test_what_the_books_do_not_have_is_to_be_counted_and_others_keep_theirs(
    goods: Goods,
) -> None:
    paper, order, other = goods.product(stock="10"), uuid4(), uuid4()
    goods.reserve(other, (uuid4(), paper, "8"))

    goods.hear("shipment_dispatched", shipment=shipment(order, (uuid4(), paper, "5")))

    assert goods.balance() == ("8.000", "8.000")
    assert discrepancies(goods) == [("PAPER", "book_stock")]
    assert goods.scalar("select quantity from stock_discrepancy") == 3
    goods.check_ledgers()

    goods.tell("book_stock", product_code="PAPER", counted="8", reason="stock")
    assert discrepancies(goods) == []


def test_a_dispatch_of_a_product_that_never_was_in_stock_is_a_discrepancy(goods: Goods) -> None:
    paper = goods.product()

    goods.hear("shipment_dispatched", shipment=shipment(uuid4(), (uuid4(), paper, "5")))

    assert goods.balance() == ("0.000", "0.000")
    assert goods.scalar("select quantity from stock_discrepancy") == 5


def test_made_goods_are_held_for_their_line_and_a_submit_leaves_them_alone(goods: Goods) -> None:
    paper, order, line = goods.product(), uuid4(), uuid4()
    with goods.store.work() as work:
        reservations.receive_finished(
            work,
            paper,
            "MAIN",
            Decimal(98),
            order_id=order,
            line_id=line,
            reference="P261122-000001",
        )
    assert goods.balance() == ("98.000", "98.000")

    goods.reserve(order)

    assert goods.held(order) == {str(line): "98.000"}
    goods.check_ledgers()


def test_made_goods_of_a_cancelled_order_are_free(goods: Goods) -> None:
    paper = goods.product()

    with goods.store.work() as work:
        reservations.receive_finished(
            work,
            paper,
            "MAIN",
            Decimal(98),
            order_id=None,
            line_id=None,
            reference="P261122-000001",
        )

    assert goods.balance() == ("98.000", "0.000")


def test_returned_goods_wait_in_quarantine_and_go_where_inspection_says(goods: Goods) -> None:
    paper = goods.product(stock="10")
    line = {"product_id": str(paper)}
    case = {"number": "A261122-000001"}
    goods.hear("return_received", case=case, lines=[line | {"quantity": "6"}])
    assert goods.balance(condition="quarantine") == ("6.000", "0.000")
    assert goods.balance() == ("10.000", "0.000")
    inspected = line | {"restock": "3", "rework": "1", "scrap": "2", "transfer": "0"}

    goods.hear("return_inspected", case=case, lines=[inspected])
    goods.hear("return_inspected", case=case, lines=[inspected])

    assert goods.balance() == ("13.000", "0.000")
    assert goods.balance(condition="quarantine") == ("0.000", "0.000")
    assert goods.balance(condition="defective") == ("1.000", "0.000")
    scrapped = "select sum(on_hand) from stock_movement where kind = 'scrapped'"
    assert goods.scalar(scrapped) == -2
    goods.check_ledgers()


def come_back_for_rework(goods: Goods, paper: UUID, case: dict[str, Any]) -> dict[str, Any]:
    """Have two pieces come back and be inspected, one of them for rework; gives the case's line."""
    line = {"product_id": str(paper)}
    found = {"restock": "1", "rework": "1", "scrap": "0", "transfer": "0"}
    goods.hear("return_received", case=case, lines=[line | {"quantity": "2"}])
    goods.hear("return_inspected", case=case, lines=[line | found])
    return line | found


def test_mended_goods_leave_the_books_once_when_the_repair_is_settled(goods: Goods) -> None:
    """A1: the same piece may come back again, and is one piece then too."""
    paper = goods.product()
    for number in ("A261122-000001", "A261122-000002"):
        case = {"number": number}
        line = come_back_for_rework(goods, paper, case)
        assert goods.balance(condition="defective") == ("1.000", "0.000")
        settled = case | {"resolution": "repair", "lines": [line]}

        goods.hear("refund_settled", case=settled)
        goods.hear("refund_settled", case=settled)

        assert goods.balance(condition="defective") == ("0.000", "0.000")
    assert goods.balance() == ("2.000", "0.000")
    (first, _) = [
        row
        for row in goods.ask("list_movements", product_code="PAPER")["items"]
        if row["kind"] == "repaired"
    ]
    assert (first["reference"], first["on_hand"]) == ("A261122-000002", "-1.000")
    assert discrepancies(goods) == []
    goods.check_ledgers()


@pytest.mark.parametrize("resolution", ["refund", "credit", "reship", None])
def test_goods_in_rework_stay_ours_when_the_customer_gets_money_or_others(
    goods: Goods, resolution: str | None
) -> None:
    case = {"number": "A261122-000001"}
    line = come_back_for_rework(goods, goods.product(), case)

    goods.hear("refund_settled", case=case | {"resolution": resolution, "lines": [line]})

    assert goods.balance(condition="defective") == ("1.000", "0.000")


def test_a_repair_told_before_its_inspection_is_tried_again_after_it(goods: Goods) -> None:
    paper, case = goods.product(), {"number": "A261122-000001"}
    line = {"product_id": str(paper), "rework": "1"}
    settled = case | {"resolution": "repair", "lines": [line]}

    with pytest.raises(ReturnNotInspected):
        goods.hear("refund_settled", case=settled)
    come_back_for_rework(goods, paper, case)
    goods.hear("refund_settled", case=settled)

    assert goods.balance(condition="defective") == ("0.000", "0.000")
    goods.check_ledgers()


def test_a_repair_of_goods_that_never_came_back_moves_nothing(goods: Goods) -> None:
    """Of a failed delivery everything may be lost: then nothing was inspected either."""
    line = {"product_id": str(goods.product()), "rework": "0"}

    goods.hear(
        "refund_settled",
        case={"number": "A261122-000001", "resolution": "repair", "lines": [line]},
    )

    assert goods.ask("list_movements", product_code="PAPER")["items"] == []


def test_mended_goods_that_were_booked_out_by_hand_are_to_be_counted(goods: Goods) -> None:
    case = {"number": "A261122-000001"}
    line = come_back_for_rework(goods, goods.product(), case)
    goods.tell(
        "book_stock", product_code="PAPER", condition="defective", change="-1", reason="stock"
    )

    goods.hear("refund_settled", case=case | {"resolution": "repair", "lines": [line]})
    goods.hear("refund_settled", case=case | {"resolution": "repair", "lines": [line]})

    assert goods.balance(condition="defective") == ("0.000", "0.000")
    assert goods.scalar("select sum(quantity) from stock_discrepancy") == 1


def test_restocked_goods_meet_wishes(goods: Goods) -> None:
    """O36."""
    product = goods.product()
    goods.tell("make_wish", product_code="PAPER", quantity="3", customer_name="远大鞋业")
    case = {"number": "A261122-000009"}
    line = {"product_id": str(product)}
    goods.hear("return_received", case=case, lines=[line | {"quantity": "5"}])
    assert goods.announced("wish_met") == 0

    found = line | {"restock": "3", "rework": "0", "scrap": "2", "transfer": "0"}
    goods.hear("return_inspected", case=case, lines=[found])

    assert goods.announced("wish_met") == 1


def test_more_inspected_than_came_back_is_to_be_counted(goods: Goods) -> None:
    paper, case = goods.product(), {"number": "A261122-000001"}
    goods.hear("return_received", case=case, lines=[{"product_id": str(paper), "quantity": "2"}])

    goods.hear(
        "return_inspected",
        case=case,
        lines=[
            {
                "product_id": str(paper),
                "restock": "3",
                "rework": "0",
                "scrap": "0",
                "transfer": "0",
            }
        ],
    )

    assert goods.balance() == ("2.000", "0.000")
    assert goods.scalar("select quantity from stock_discrepancy") == 1


def test_every_balance_is_on_some_page(goods: Goods) -> None:
    goods.tell("create_store", store_code="MAIN-2", name="二号仓")
    codes = ("BAG", "BAG-80", "BAG2", "CUP")
    for code in codes:
        goods.product(code, stock="5")
        goods.tell("book_stock", product_code=code, store_code="MAIN-2", change="3", reason="stock")

    seen, after = [], None
    while True:
        page = goods.ask("list_stock", limit=1, after=after)
        seen += [(item["product_code"], item["store_code"]) for item in page["items"]]
        if (after := page["next"]) is None:
            break

    assert sorted(seen) == sorted((code, store) for code in codes for store in ("MAIN", "MAIN-2"))
    with pytest.raises(InvalidFields):
        goods.ask("list_stock", limit=1, after="BAG")


def test_reserved_goods_cannot_be_booked_away(goods: Goods) -> None:
    paper = goods.product(stock="10")
    goods.reserve(uuid4(), (uuid4(), paper, "8"))

    with pytest.raises(StockHeld) as refused:
        goods.tell("book_stock", product_code="PAPER", change="-3", reason="stock")

    assert refused.value.details == {"code": "PAPER", "free": "2.000"}
    assert goods.balance() == ("10.000", "8.000")
    goods.tell("book_stock", product_code="PAPER", change="-2", reason="stock")
    assert goods.balance() == ("8.000", "8.000")


def test_booking_needs_a_change_or_a_count_and_a_reason(goods: Goods) -> None:
    goods.product()

    with pytest.raises(InvalidFields):
        goods.tell("book_stock", product_code="PAPER", change="1", counted="1", reason="stock")
    with pytest.raises(Exception, match="needs a reason") as refused:
        goods.tell("book_stock", product_code="PAPER", change="1", reason="mood")

    assert refused.value.code == "why_missing"  # type: ignore[attr-defined]
    assert goods.balance() == ("0.000", "0.000")


def test_an_arrival_in_transit_becomes_stock_when_it_is_received(goods: Goods) -> None:
    goods.product()
    goods.tell("make_wish", product_code="PAPER", quantity="5", customer_name="晨光印刷")
    goods.tell("make_wish", product_code="PAPER", quantity="50", customer_name="远大鞋业")
    number = goods.tell(
        "expect_arrival", product_code="PAPER", quantity="20", expected_on="2026-11-20"
    )["number"]
    assert goods.ask("get_product", product_code="PAPER")["in_transit"] == "20.000"
    assert goods.ask("list_work")["items"][0]["entity_number"] == number

    received = goods.tell(
        "receive_arrival", number=number, quantity="18", rest_expected_on="2026-12-01"
    )

    assert (received["state"], received["received_quantity"]) == ("received", "18.000")
    assert goods.balance() == ("18.000", "0.000")
    product = goods.ask("get_product", product_code="PAPER")
    assert (product["in_transit"], product["next_arrival"]["date"]) == ("2.000", "2026-12-01")
    assert (goods.announced("goods_arrived"), goods.announced("wish_met")) == (1, 1)
    met = goods.ask("list_wishes", state="met")["items"]
    assert [wish["customer_name"] for wish in met] == ["晨光印刷"]
    with pytest.raises(IllegalMove):
        goods.tell("receive_arrival", number=number, quantity="18")
    assert goods.balance() == ("18.000", "0.000")


def test_a_work_list_reads_only_arrivals_that_are_still_expected(goods: Goods) -> None:
    goods.product()
    today = goods.scalar("select (now() at time zone 'Asia/Shanghai')::date::text")
    for _ in range(2):
        goods.tell("expect_arrival", product_code="PAPER", quantity="10", expected_on=today)
    copy_rows(goods.store, "arrival", 3000, number="'X-' || n", state="'received'")

    with statements(goods.store) as sent:
        items = goods.ask("list_work")["items"]
    plan = plans(goods.store, sent)

    assert [(item["kind"], item["title"]) for item in items] == [
        ("arrival_due", "Receive 10.000 of 牛皮纸")
    ] * 2
    assert "Index Scan using ix_arrival_due on arrival" in plan


def test_an_arrival_can_be_postponed_and_cancelled(goods: Goods) -> None:
    goods.product()
    number = goods.tell(
        "expect_arrival", product_code="PAPER", quantity="20", expected_on="2026-11-20"
    )["number"]

    later = goods.tell("postpone_arrival", number=number, expected_on="2026-11-25")
    assert later["expected_on"] == "2026-11-25"
    assert goods.tell("cancel_arrival", number=number)["state"] == "cancelled"

    actions = goods.ask("list_arrival_actions", number=number)["items"]
    assert [(action["verb"], action["allowed"]) for action in actions] == [
        ("receive", False),
        ("postpone", False),
        ("cancel", False),
    ]
    assert actions[0]["why_not"]["code"] == "illegal_move"


def test_goods_move_between_stores_with_the_other_stores_consent(goods: Goods) -> None:
    goods.product(stock="1")
    goods.tell("create_store", store_code="SHOP", name="门店")
    goods.tell("book_stock", product_code="PAPER", store_code="SHOP", change="9", reason="stock")
    number = goods.tell("request_transfer", product_code="PAPER", quantity="4", from_store="SHOP")[
        "number"
    ]
    with pytest.raises(ConsentOfAnother):
        goods.tell("consent_transfer", WAREHOUSE, number=number)

    goods.tell("consent_transfer", SHOP, number=number)
    assert goods.balance(store_code="SHOP") == ("5.000", "0.000")
    assert goods.balance() == ("1.000", "0.000")
    goods.tell("receive_transfer", WAREHOUSE, number=number)

    assert goods.balance() == ("5.000", "0.000")
    with pytest.raises(IllegalMove):
        goods.tell("receive_transfer", WAREHOUSE, number=number)
    goods.check_ledgers()


def test_a_store_cannot_give_what_is_not_free_nor_to_itself(goods: Goods) -> None:
    goods.product(stock="3")
    goods.tell("create_store", store_code="SHOP", name="门店")
    number = goods.tell(
        "request_transfer",
        product_code="PAPER",
        quantity="4",
        from_store="MAIN",
        to_store="SHOP",
    )["number"]

    with pytest.raises(StockHeld) as short:
        goods.tell("consent_transfer", SHOP, number=number)
    # Nothing of the three is reserved, and nothing is said to be.
    assert short.value.message == "Only 3.000 of PAPER are free; what is reserved for orders stays."
    asked: dict[str, Any] = {"product_code": "PAPER", "quantity": "1", "from_store": "MAIN"}
    with pytest.raises(SameStore):
        goods.tell("request_transfer", **asked)
    with pytest.raises(OrderNotKnown):
        goods.tell("request_transfer", **asked, to_store="SHOP", order_number="D-1")

    assert goods.ask("get_transfer", number=number)["state"] == "requested"
    assert goods.tell("refuse_transfer", SHOP, number=number)["state"] == "refused"
