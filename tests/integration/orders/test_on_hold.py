"""What a hold stops, and what it does not."""

from typing import Any
from uuid import uuid4

import pytest

from chassis.commands import load
from services.orders.domain.errors import OrderOnHold
from services.orders.schemas import commands
from services.orders.use_cases import confirming, drafting, ending, progress
from tests.integration.orders.desk import (
    CLERK,
    CUSTOMER,
    SALES,
    SUPERVISOR,
    Desk,
    Neighbours,
)
from tests.integration.orders.test_confirmation import SIGNED

STOCK = [{"product_code": "LABEL-40", "quantity": "100"}]
GRADE_A = {"grade": "A", "terms": "account", "instruction_before_sign_back": True}


def held(desk: Desk, number: str) -> dict[str, Any]:
    order: dict[str, Any] = desk.talk("hold", order_number=number, reason="customer_request")
    return order


def resumed(desk: Desk, number: str) -> dict[str, Any]:
    order: dict[str, Any] = desk.talk("resume", order_number=number, reason="other")
    return order


def signed_for(desk: Desk, order: dict[str, Any]) -> None:
    line = {"line_id": order["lines"][0]["id"], "quantity": "100", "signed_quantity": "100"}
    shipment = {
        "id": str(uuid4()),
        "order_id": order["id"],
        "number": "S-1",
        "state": "signed",
        "lines": [line],
    }
    desk.hear_of_shipment("shipment_signed", shipment, 9)


def test_a_sign_back_does_not_confirm_an_order_on_hold(desk: Desk) -> None:
    """O21: the copy that came meanwhile counts from its arrival once the hold is lifted."""
    number = desk.sent_order()["number"]
    before = held(desk, number)

    with pytest.raises(OrderOnHold):
        desk.talk("verify_sign_back", order_number=number, **SIGNED)

    assert desk.order(number) == before
    assert desk.state("select count(*) from sign_back") == [(0,)]
    resumed(desk, number)
    assert desk.talk("verify_sign_back", order_number=number, **SIGNED)["stage"] == "confirmed"


def test_a_copy_that_does_not_do_is_filed_on_hold_too(desk: Desk) -> None:
    number = desk.sent_order()["number"]
    held(desk, number)
    copy = {name: SIGNED[name] for name in ("confirmation_version", "channel", "signatory")}

    desk.do(
        commands.RejectSignBack,
        confirming.reject_sign_back,
        order_number=number,
        why="unclear",
        **copy,
    )

    assert desk.state("select accepted, why from sign_back") == [(False, "unclear")]


def test_an_owed_sign_back_is_taken_on_hold_because_it_moves_nothing(
    desk: Desk, neighbours: Neighbours
) -> None:
    neighbours.answer("customers.get_terms", GRADE_A)
    number = desk.sent_order()["number"]
    desk.talk("confirm_by_grade", order_number=number)
    held(desk, number)

    order = desk.talk("verify_sign_back", order_number=number, **SIGNED)

    assert (order["stage"], order["sign_back_verified"]) == ("confirmed", True)
    assert order["hold"] is not None


def test_goods_signed_for_on_hold_fulfil_the_order_when_it_goes_on(desk: Desk) -> None:
    number = desk.approved_order(lines=STOCK)["number"]
    desk.talk(
        "send_confirmation",
        order_number=number,
        channel="fax",
        recipient="张经理",
        proof_read=True,
    )
    desk.talk("verify_sign_back", order_number=number, **SIGNED)
    order = desk.order(number)
    given_up = {"id": str(uuid4()), "order_id": order["id"], "number": "S-0", "state": "cancelled"}
    desk.hear_of_shipment("dispatch_requested", given_up, 1)
    held(desk, number)
    signed_for(desk, order)
    assert desk.order(number)["stage"] == "in_progress"
    assert desk.order(number)["lines"][0]["signed_quantity"] == "100.000"

    assert resumed(desk, number)["stage"] == "fulfilled"
    assert desk.announced()[-2:] == ["order_resumed", "order_fulfilled"]


def test_a_salesperson_who_loses_the_customer_meanwhile_leaves_nothing_half_resumed(
    desk: Desk, neighbours: Neighbours
) -> None:
    number = desk.new_order()["number"]
    desk.talk("hold", SALES, order_number=number, reason="customer_request")
    moved = {**CUSTOMER, "salesperson_id": "sales-2", "salesperson_name": "Zhao Min"}

    def hand_over() -> None:
        with desk.store.work() as work:
            progress.take_customer(work, moved, 2)

    neighbours.answer_after("shipping.unblock_order", hand_over, {})
    desk.talk("resume", SALES, order_number=number, reason="other")

    assert desk.order(number)["hold"] is None
    assert desk.state('select salesperson_id, busy_with from "order"') == [("sales-2", None)]


def test_a_wish_to_cancel_is_no_move_forward(desk: Desk) -> None:
    number = desk.sent_order()["number"]
    held(desk, number)

    desk.do(
        commands.RequestCancel,
        ending.wish_cancel,
        SALES,
        order_number=number,
        reason="customer_request",
    )

    assert desk.state("select kind, role from task") == [("cancel_wish", "supervisor")]
    order = desk.talk("cancel", SUPERVISOR, order_number=number, reason="customer_request")
    assert (order["stage"], order["hold"]) == ("cancelled", None)


def test_a_wish_to_cancel_that_is_said_again_stays_one_task_with_its_newest_reason(
    desk: Desk,
) -> None:
    number = desk.sent_order()["number"]
    for who, note in ((SALES, "再议"), (CLERK, "不要了")):
        body = {"order_number": number, "reason": "customer_request", "note": note}
        desk.do(commands.RequestCancel, ending.wish_cancel, who, **body)

    assert desk.state("select state, title_zh, details->>'by' as by from task") == [
        ("open", f"请求取消订单 {number}：不要了", CLERK.name)
    ]
    notes = desk.state("select note from change_log where action = 'wish_cancel' order by id")
    assert [row.note for row in notes] == ["再议", "不要了"]


def wish(desk: Desk, number: str, note: str) -> dict[str, Any]:
    body = {"order_number": number, "reason": "customer_request", "note": note}
    request: dict[str, Any] = load(commands.RequestCancel(), body)
    return request


def test_a_wish_to_cancel_is_said_to_no_task_that_somebody_is_just_finishing(desk: Desk) -> None:
    number = desk.new_order(submit=False)["number"]
    with desk.store.work(SALES) as work:
        ending.wish_cancel(work, wish(desk, number, "再议"))

    with desk.store.work(CLERK) as work:
        ending.wish_cancel(work, wish(desk, number, "不要了"))
        free = desk.state("select id from task where kind = 'cancel_wish' for update skip locked")

    assert free == []


def test_wishes_to_cancel_that_the_release_before_opened_each_become_one_task(desk: Desk) -> None:
    number = desk.new_order(submit=False)["number"]
    with desk.store.work(SALES) as work:
        ending.wish_cancel(work, wish(desk, number, "再议"))
    desk.state(
        "insert into task (id, order_id, kind, role, title, title_zh, details, state, opened_at)"
        " select gen_random_uuid(), order_id, kind, role, title, '再议', details, state,"
        " opened_at + interval '1 s' from task returning 1"
    )

    with desk.store.work(CLERK) as work:
        ending.wish_cancel(work, wish(desk, number, "不要了"))

    assert desk.state("select title_zh, state, outcome from task order by opened_at") == [
        (f"请求取消订单 {number}：不要了", "open", None),
        ("再议", "dropped", "said again"),
    ]


def test_an_order_on_hold_is_sent_back_to_draft_and_stays_on_hold(desk: Desk) -> None:
    """SPEC §5: a hold stops every forward move; the draft goes on when it is lifted."""
    number = desk.sent_order()["number"]
    held(desk, number)

    order = desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="customer_request",
    )

    assert (order["stage"], order["hold"]["by"]) == ("draft", CLERK.person_id)
    with pytest.raises(OrderOnHold):
        desk.talk("submit", order_number=number, key_data_checked=True)
    resumed(desk, number)
    assert desk.talk("submit", order_number=number, key_data_checked=True)["stage"] != "draft"
