"""Returns on PostgreSQL: how much may come back, who says so, what it is worth (A1, A3)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from chassis.calendar import WorkingCalendar
from chassis.clock import business_date
from chassis.errors import Forbidden, GendanError, NotFound
from chassis.principal import Principal
from tests.integration.aftersales.story import (
    AFTERSALES,
    CLERK,
    FINANCE,
    INSPECTOR,
    OTHER_SALES,
    SALES,
    SUPERVISOR,
    WAREHOUSE,
    Desk,
    line_view,
    order_view,
    shipment_view,
)


def refusal(call: Callable[[], Any]) -> GendanError:
    with pytest.raises(GendanError) as refused:
        call()
    return refused.value


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls at the same moment; gives each one's answer, or the refusal it met."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return call()
        except GendanError as refused:
            return refused

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_a_case_keeps_the_customers_photos_and_the_inspectors(desk: Desk) -> None:
    theirs, ours = "ab" * 32, "cd" * 32
    order = desk.delivered()
    opened = desk.open(order, photos=[theirs])
    number = opened["number"]
    desk.ask("acknowledge_case", AFTERSALES, case_number=number, note="已致电")
    desk.ask("authorise_case", SUPERVISOR, case_number=number, decision="同意退货")
    desk.ask("await_goods", AFTERSALES, case_number=number, return_to="杭州仓库")
    desk.ask("receive_return", WAREHOUSE, case_number=number)
    found = [{"line_no": 1, "restock": "5"}]

    desk.ask("inspect_return", INSPECTOR, case_number=number, lines=found, photos=[ours])

    assert opened["photos"] == [theirs]
    assert desk.case(number)["photos"] == [theirs, ours]


def test_five_pieces_come_back_three_restocked_two_scrapped_and_are_refunded(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.awaited(order, (1, "5"))
    desk.ask("receive_return", WAREHOUSE, case_number=number)
    found = {"line_no": 1, "restock": "3", "scrap": "2", "defect": "边缘破损"}
    desk.ask("inspect_return", INSPECTOR, case_number=number, lines=[found])
    desk.ask("settle_case", FINANCE, case_number=number)
    closed = desk.ask("close_case", AFTERSALES, case_number=number)

    product = order["lines"][0]["product_id"]
    told = dict(desk.announced())
    assert [name for name, _ in desk.announced()] == [
        "case_opened",
        "return_received",
        "return_inspected",
        "refund_settled",
        "case_closed",
    ]
    assert told["return_received"]["lines"] == [{"product_id": product, "quantity": "5.000"}]
    assert told["return_inspected"]["lines"] == [
        {
            "product_id": product,
            "restock": "3.000",
            "rework": "0.000",
            "scrap": "2.000",
            "transfer": "0.000",
        }
    ]
    settled = told["refund_settled"]
    assert {name: settled[name] for name in ("order_id", "order_number", "customer_id")} == {
        "order_id": order["id"],
        "order_number": order["number"],
        "customer_id": order["customer"]["id"],
    }
    assert (settled["amount"], closed["refund"], closed["state"]) == ("49.00", "49.00", "closed")
    assert desk.logged(number) == [
        ("open", None),
        ("acknowledge", ["requested", "acknowledged"]),
        ("authorise", ["acknowledged", "authorised"]),
        ("await_goods", ["authorised", "awaiting_goods"]),
        ("receive", ["awaiting_goods", "received"]),
        ("inspect", ["received", "inspected"]),
        ("settle", ["inspected", "settled"]),
        ("close", ["settled", "closed"]),
    ]


def test_not_more_comes_back_than_was_delivered_and_is_not_back_yet(desk: Desk) -> None:
    order = desk.delivered()
    desk.open(order, (1, "60"))
    refused = refusal(lambda: desk.open(order, (1, "40.001")))
    assert refused.code == "more_than_delivered"
    assert refused.details == {"line_no": 1, "quantity": "40.001", "returnable": "40.000"}
    assert [name for name, _ in desk.announced()] == ["case_opened"]
    desk.open(order, (1, "40"))
    assert refusal(lambda: desk.open(order, (1, "0.001"))).code == "more_than_delivered"


def test_what_is_still_under_way_cannot_come_back(desk: Desk) -> None:
    order = order_view()
    desk.hear_order(order)
    desk.hear_shipment(shipment_view(order, "arrived"), "shipment_arrived")
    assert refusal(lambda: desk.open(order)).code == "more_than_delivered"


def test_goods_of_an_imported_order_count_as_delivered(desk: Desk) -> None:
    order = order_view(imported=True)
    desk.hear_order(order)
    assert desk.open(order, (1, "100"))["lines"][0]["sold_for"] == "980.00"


def test_what_an_imported_order_delivers_here_may_come_back_before_it_is_fulfilled(
    desk: Desk,
) -> None:
    """What was announced of it when it was imported says that nothing has been signed for."""
    order = order_view(imported=True, stage="in_progress")
    for line in order["lines"]:
        line["signed_quantity"] = "0.000"
    desk.hear_order(order)
    desk.hear_shipment(shipment_view(order))
    assert desk.open(order, (1, "100"))["most_refund"] == "980.00"


def test_a_rejected_case_leaves_the_goods_returnable_also_once_it_is_closed(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.open(order, (1, "100"))["number"]
    desk.ask("acknowledge_case", AFTERSALES, case_number=number, note="已致电")
    desk.ask("reject_case", SUPERVISOR, case_number=number, decision="人为损坏")
    desk.ask("close_case", AFTERSALES, case_number=number)
    assert desk.open(order, (1, "100"))["state"] == "requested"


def test_what_did_not_come_may_come_back_later(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.awaited(order, (1, "100"))
    came = [{"line_no": 1, "quantity": "30"}]
    desk.ask("receive_return", WAREHOUSE, case_number=number, lines=came)
    assert refusal(lambda: desk.open(order, (1, "71"))).code == "more_than_delivered"
    desk.open(order, (1, "70"))


def test_of_two_returns_at_once_that_together_are_too_much_one_is_refused(desk: Desk) -> None:
    for _ in range(10):
        order = desk.delivered()
        outcomes = at_once(*[partial(desk.open, order, (1, "60"))] * 2)
        refused = [o.code for o in outcomes if isinstance(o, GendanError)]
        assert refused == ["more_than_delivered"]
        found = desk.ask("search_cases", CLERK, order_number=order["number"])["items"]
        assert [case["lines"][0]["quantity"] for case in found] == ["60.000"]


def test_many_small_refunds_are_not_worth_more_than_all_was_sold_for(desk: Desk) -> None:
    """Three labels were sold for 2.00: 0.67 each would be one fen too much for all."""
    order = desk.delivered()
    refunds = []
    for _ in range(3):
        number = desk.inspected(order, 2, "1")
        refunds.append(desk.ask("settle_case", FINANCE, case_number=number)["refund"])
    assert refunds == ["0.67", "0.66", "0.67"]


def test_more_than_was_ordered_comes_back_for_what_was_charged_for_it(desk: Desk) -> None:
    """1,033 of 1,003 ordered cost 37.70; their share of the line's 36.61 would be 37.71."""
    order = order_view(lines=[line_view(1, "1003.000", "0.036500")])
    desk.hear_order(order)
    shipment = shipment_view(order)
    shipment["lines"][0] |= {"quantity": "1033.000", "signed_quantity": "1033.000"}
    desk.hear_shipment(shipment)
    assert desk.open(order, (1, "1033"))["most_refund"] == "37.70"


def test_a_refund_above_the_price_sold_changes_and_announces_nothing(desk: Desk) -> None:
    number = desk.inspected(desk.delivered(), 1, "5")
    before, told = desk.case(number), len(desk.announced())
    refused = refusal(lambda: desk.ask("settle_case", FINANCE, case_number=number, refund="49.01"))
    assert (refused.code, refused.details) == (
        "refund_too_high",
        {"amount": "49.01", "most": "49.00"},
    )
    assert desk.case(number) == before
    assert len(desk.announced()) == told
    assert desk.ask("settle_case", FINANCE, case_number=number, refund="40")["refund"] == "40.00"


def test_findings_that_do_not_sum_change_and_announce_nothing(desk: Desk) -> None:
    number = desk.awaited(desk.delivered(), (1, "5"), (2, "1"))
    desk.ask("receive_return", WAREHOUSE, case_number=number)
    before, told = desk.case(number), len(desk.announced())
    found = [{"line_no": 1, "restock": "5"}, {"line_no": 2, "scrap": "2"}]
    refused = refusal(
        lambda: desk.ask("inspect_return", INSPECTOR, case_number=number, lines=found)
    )
    assert refused.code == "disposition_differs"
    assert desk.case(number) == before
    assert len(desk.announced()) == told


def test_a_line_said_twice_is_refused(desk: Desk) -> None:
    order = desk.delivered()
    assert refusal(lambda: desk.open(order, (1, "1"), (1, "1"))).code == "invalid_fields"
    number = desk.awaited(order, (1, "5"))
    twice = [{"line_no": 1, "quantity": "2"}, {"line_no": 1, "quantity": "3"}]
    refused = refusal(
        lambda: desk.ask("receive_return", WAREHOUSE, case_number=number, lines=twice)
    )
    assert refused.code == "invalid_fields"
    assert desk.case(number)["state"] == "awaiting_goods"


def test_a_line_or_an_order_that_was_never_sold_is_refused(desk: Desk) -> None:
    order = desk.delivered()
    assert refusal(lambda: desk.open(order, (9, "1"))).code == "line_not_sold"
    unknown = {"number": "D260101-000001"}
    assert refusal(lambda: desk.open(unknown)).code == "order_not_found"
    assert desk.announced() == []


def test_each_move_is_the_work_of_its_own_role(desk: Desk) -> None:
    number = desk.open(desk.delivered())["number"]
    with pytest.raises(Forbidden):
        desk.ask("acknowledge_case", CLERK, case_number=number, note="x")
    desk.ask("acknowledge_case", AFTERSALES, case_number=number, note="x")
    with pytest.raises(Forbidden):
        desk.ask("authorise_case", AFTERSALES, case_number=number, decision="x")
    listed = desk.ask("list_case_actions", SUPERVISOR, case_number=number)["items"]
    assert [each["verb"] for each in listed if each["allowed"]] == ["authorise", "reject"]
    why_not = {each["verb"]: each["why_not"] for each in listed if not each["allowed"]}
    assert why_not["settle"]["code"] == "role_needed"


def test_a_stale_version_and_an_illegal_move_are_refused(desk: Desk) -> None:
    case = desk.open(desk.delivered())
    number = case["number"]
    desk.ask(
        "acknowledge_case",
        AFTERSALES,
        case_number=number,
        note="x",
        expected_version=case["version"],
    )
    stale = refusal(
        lambda: desk.ask(
            "authorise_case", SUPERVISOR, case_number=number, decision="x", expected_version=1
        )
    )
    assert stale.code == "stale_version"
    illegal = refusal(lambda: desk.ask("settle_case", FINANCE, case_number=number))
    assert illegal.code == "illegal_move"
    assert desk.case(number)["state"] == "acknowledged"


def test_a_case_opened_twice_with_one_key_is_one_case(desk: Desk) -> None:
    order = desk.delivered()
    body = {
        "order_number": order["number"],
        "wish": "x",
        "lines": [{"line_no": 1, "quantity": "5"}],
    }
    first, again = (desk.ask("open_case", AFTERSALES, key="k-1", **body) for _ in range(2))
    assert first == again
    assert len(desk.ask("search_cases", CLERK)["items"]) == 1


def test_cases_are_found_by_name_order_and_state_newest_first_and_paged(desk: Desk) -> None:
    first, second = desk.delivered(), desk.delivered()
    a, b, c = (desk.open(order)["number"] for order in (first, first, second))
    desk.ask("acknowledge_case", AFTERSALES, case_number=b, note="x")

    def numbers(**filters: Any) -> list[str]:
        found = desk.ask("search_cases", CLERK, **filters)["items"]
        return [case["number"] for case in found]

    assert numbers(q="晨光") == [c, b, a]
    assert numbers(q="西湖") == []
    for said in ("晨光印刷", "晨光 kh-b", "ＫＨ-Ｂ", "（晨光）印刷", "KH-B1"):
        assert numbers(q=said) == ([] if said == "KH-B1" else [c, b, a]), said
    assert numbers(order_number=first["number"]) == [b, a]
    assert numbers(state=["requested"]) == [c, a]
    page = desk.ask("search_cases", CLERK, limit=2)
    assert numbers(limit=2, after=page["next"]) == [a]


def test_a_salesperson_sees_the_cases_of_own_customers_only(desk: Desk) -> None:
    number = desk.open(desk.delivered())["number"]
    assert desk.ask("get_case", SALES, case_number=number)["number"] == number
    with pytest.raises(NotFound):
        desk.ask("get_case", OTHER_SALES, case_number=number)
    assert desk.ask("search_cases", OTHER_SALES)["items"] == []


def test_work_waits_for_the_role_whose_turn_it_is_and_the_first_answer_is_due_in_a_day(
    desk: Desk,
) -> None:
    case = desk.open(desk.delivered())
    (item,) = (
        each for each in desk.ask("list_work", AFTERSALES)["items"] if each["entity_type"] == "case"
    )
    assert (item["verb"], item["due_at"]) == ("acknowledge", case["answer_due_at"])
    assert desk.ask("list_work", SUPERVISOR)["items"] == []
    desk.ask("acknowledge_case", AFTERSALES, case_number=case["number"], note="x")
    (item,) = desk.ask("list_work", SUPERVISOR)["items"]
    assert (item["verb"], item["path"]) == ("authorise", f"/api/v1/cases/{case['number']}")


def case_item(desk: Desk, who: Principal, number: str) -> dict[str, Any]:
    items = desk.ask("list_work", who)["items"]
    (only,) = (item for item in items if item["entity_number"] == number)
    found: dict[str, Any] = only
    return found


def test_each_step_of_a_case_is_due_so_many_working_days_after_its_opening(desk: Desk) -> None:
    order = desk.delivered()
    case, number = desk.open(order), desk.open(order)["number"]
    calendar = WorkingCalendar(assume_weekdays=True)
    opened_on = business_date(datetime.fromisoformat(case["opened_at"]))

    def next_step(who: Principal, number: str) -> tuple[str, datetime]:
        item = case_item(desk, who, number)
        return item["verb"], datetime.fromisoformat(item["due_at"])

    def due_after(days: int) -> datetime:
        return calendar.end_of_working_day(calendar.add_working_days(opened_on, days))

    desk.ask("acknowledge_case", AFTERSALES, case_number=number, note="x")
    assert next_step(SUPERVISOR, number) == ("authorise", due_after(2))
    desk.ask("authorise_case", SUPERVISOR, case_number=number, decision="x")
    assert next_step(AFTERSALES, number) == ("await_goods", due_after(3))
    desk.ask("await_goods", AFTERSALES, case_number=number, return_to="x")
    assert next_step(WAREHOUSE, number) == ("receive", due_after(10))
    desk.ask("receive_return", WAREHOUSE, case_number=number)
    assert next_step(INSPECTOR, number) == ("inspect", due_after(12))
    found = [{"line_no": 1, "restock": "5"}]
    desk.ask("inspect_return", INSPECTOR, case_number=number, lines=found)
    assert next_step(FINANCE, number) == ("settle", due_after(15))
    desk.ask("settle_case", FINANCE, case_number=number)
    assert next_step(AFTERSALES, number) == ("close", due_after(16))

    desk.ask("acknowledge_case", AFTERSALES, case_number=case["number"], note="x")
    desk.ask("reject_case", SUPERVISOR, case_number=case["number"], decision="x")
    assert next_step(AFTERSALES, case["number"]) == ("close", due_after(3))


def test_a_case_that_is_due_stands_before_an_older_one_with_time_left(desk: Desk) -> None:
    both = Principal("p-both", "周敏", FINANCE.roles | SUPERVISOR.roles)
    order = desk.delivered()
    desk.inspected(order, 1, "5")
    newer = desk.open(order)["number"]
    desk.ask("acknowledge_case", AFTERSALES, case_number=newer, note="x")

    (first,) = desk.ask("list_work", both, limit=1)["items"]

    assert (first["verb"], first["entity_number"]) == ("authorise", newer)


def test_the_days_of_a_step_are_a_setting_by_which_work_is_sorted(desk: Desk) -> None:
    both = Principal("p-both", "周敏", FINANCE.roles | SUPERVISOR.roles)
    order = desk.delivered()
    older = desk.inspected(order, 1, "5")
    newer = desk.open(order)["number"]
    desk.ask("acknowledge_case", AFTERSALES, case_number=newer, note="x")

    desk.set("case_settled_days", 1)

    items = desk.ask("list_work", both)["items"]
    assert [item["entity_number"] for item in items] == [older, newer]
