"""Answers put together from several services, some of which may be away (G4)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.errors import NotFound
from chassis.principal import SYSTEM
from chassis.rpc import DeadlinePassed
from gateway.services import NAMES, Services
from gateway.settings import Limits
from tests.unit.gateway.neighbour import Gateway, Neighbour


def item(title: str, due_at: str | None) -> dict[str, Any]:
    return {"kind": "task", "title": title, "due_at": due_at}


def test_work_of_all_services_is_one_list_by_due_time(gateway: Gateway) -> None:
    gateway.answer(
        "orders.list_work",
        {"items": [item("third", "2026-11-22T10:00:00+08:00"), item("last", None)]},
    )
    gateway.answer("customers.list_work", {"items": [item("first", "2026-11-22T01:00:00+00:00")]})
    gateway.answer("inventory.list_work", {"items": []})
    gateway.answer("shipping.list_work", {"items": [item("second", "2026-11-22T01:30:00+00:00")]})
    gateway.refuse("aftersales.list_work", DeadlinePassed(service="aftersales"))

    result = gateway.get("/work", query_string="limit=3")

    assert [each["title"] for each in result.json["items"]] == ["first", "second", "third"]
    assert result.json["items"][1]["service"] == "shipping"
    assert result.json["unavailable"] == ["aftersales"]
    assert result.json["more"] is True
    assert {asked.body["limit"] for asked in gateway.asked} == {4}
    assert gateway.get("/work", query_string="limit=4").json["more"] is False


def test_a_stuck_service_keeps_nobody_from_the_work_of_the_others(gateway: Gateway) -> None:
    asked, answers = threading.Semaphore(0), threading.Event()

    def answer_later(_: Any) -> dict[str, Any]:
        asked.release()
        answers.wait()
        return {"items": []}

    for name in NAMES:
        gateway.answer(f"{name}.list_work", {"items": [item(name, None)]})
    gateway.answer("inventory.list_work", answer_later)
    most = Limits().calls_per_service

    with ThreadPoolExecutor(most + 1) as people:
        try:
            waiting = [people.submit(gateway.get, "/work") for _ in range(most)]
            for _ in waiting:
                asked.acquire()
            one_more = people.submit(gateway.get, "/work").result(timeout=60).json
        finally:
            answers.set()

    assert one_more["unavailable"] == ["inventory"]
    assert {each["title"] for each in one_more["items"]} == set(NAMES) - {"inventory"}
    # All places are given back.
    assert gateway.get("/work").json["unavailable"] == []


@pytest.mark.parametrize("refusal", [None, NotFound()])
def test_a_request_takes_one_place_at_a_service_for_all_its_questions(
    refusal: NotFound | None,
) -> None:
    neighbour = Neighbour()
    neighbour.answers["orders.get_order"] = refusal or {"number": "D1"}
    services = Services(neighbour, Limits(calls_per_service=1))
    questions = [("orders.get_order", {"order_number": "D1"})] * 4

    for _ in range(2):
        answers = services.ask_all(questions, SYSTEM, deadline=time.time() + 60)
        assert answers == [refusal or {"number": "D1"}] * 4


def test_an_order_that_is_not_yours_to_see_has_no_page(gateway: Gateway) -> None:
    gateway.refuse("orders.get_order", NotFound())

    result = gateway.get("/orders/D1/page", role="sales")

    assert result.status_code == 404
    assert [asked.rpc for asked in gateway.asked] == ["orders.get_order"]


def test_a_page_lacks_only_the_part_that_did_not_answer(gateway: Gateway) -> None:
    order = {"number": "D1", "id": "1", "stage": "confirmed", "confirmation_version": 2}
    gateway.answer("orders.get_order", order)
    for rpc in ("orders.list_order_actions", "orders.list_changes", "orders.list_confirmations"):
        gateway.answer(rpc, {"items": []})
    gateway.answer("orders.list_order_tasks", {"items": [{"kind": "return_owed"}]})
    gateway.refuse("customers.get_order_money", NotFound())
    gateway.refuse("inventory.get_holdings", DeadlinePassed(service="inventory"))
    gateway.answer("inventory.search_instructions", {"items": [{"number": "P1"}]})
    gateway.answer(
        "shipping.search_shipments",
        {"items": [{"number": "S1", "note_number": None}, {"number": "S2", "note_number": "F1"}]},
    )

    page = gateway.get("/orders/D1/page").json

    assert page["order"] == order
    assert page["tasks"] == [{"kind": "return_owed"}]
    assert (page["money"], page["holdings"]) == (None, None)
    assert page["unavailable"] == ["holdings"]
    assert [paper["path"].removeprefix("/api/v1") for paper in page["documents"]] == [
        "/orders/D1/documents/confirmation",
        "/instructions/P1/document",
        "/shipments/S1/documents/dispatch_request",
        "/shipments/S1/documents/delivery_order",
        "/shipments/S2/documents/dispatch_request",
        "/shipments/S2/documents/delivery_order",
        "/shipments/S2/documents/dispatch_notice",
    ]


def test_a_page_offers_the_paper_to_be_sent_and_the_notices_of_its_money(gateway: Gateway) -> None:
    gateway.answer(
        "orders.get_order",
        {"number": "D1", "id": "1", "stage": "approved", "confirmation_version": None},
    )
    for rpc in (
        "orders.list_order_actions", "orders.list_changes", "orders.list_confirmations",
        "orders.list_order_tasks", "inventory.get_holdings", "inventory.search_instructions",
        "shipping.search_shipments",
    ):  # fmt: skip
        gateway.answer(rpc, {"items": []})
    kinds = ("prepayment", "deposit", "balance")
    notices = [
        {"number": f"N{number}", "kind": kind, "state": "sent"} for number, kind in enumerate(kinds)
    ]
    notices.append({"number": "N3", "kind": "balance", "state": "withdrawn"})
    gateway.answer("customers.get_order_money", {"notices": notices})

    page = gateway.get("/orders/D1/page").json

    assert [(paper["title_zh"], paper["path"]) for paper in page["documents"]] == [
        ("订单确认书", "/api/v1/orders/D1/documents/confirmation"),
        ("付款通知书", "/api/v1/notices/N0/document"),
        ("定金付款通知书", "/api/v1/notices/N1/document"),
        ("余款催收通知书", "/api/v1/notices/N2/document"),
    ]


# As orders gives them: the gates in full, the payment as customers told of it.
_NAMED = {"revision": 1, "is_open": False, "signer_name": "系统"}
TECHNIQUE = {
    **_NAMED, "kind": "technique", "verdict": "passed",
    "text": "as drawn", "text_zh": None, "figures": {"recipe": 2},
}  # fmt: skip
CREDIT = {
    **_NAMED, "kind": "credit", "verdict": "passed",
    "text": "Reserved: limit 100,000.00, other orders 7,000.00, this order 1,000.00.",
    "text_zh": "已占用：额度 100,000.00，其他订单占用 7,000.00，本单 1,000.00。",
    "figures": {"limit": "100000.00", "exposure": "7000.00"},
}  # fmt: skip
CREDIT_CLOSED = {**CREDIT, "text": None, "text_zh": None, "figures": None}
PAYMENT = {
    "order_id": "1", "standing": "open", "worth": "1000.00", "verified": "300.00",
    "balance": "700.00", "paid_in_full": False,
}  # fmt: skip
RELEASED = {"allowed": False, "code": "credit", "grade": "B", "terms": "account", "paid_at": None}
VERDICT = {
    **RELEASED, "value": "1000.00", "balance_due": "700.00", "verified_at": None,
    "why": "Limit 100,000.00, other orders 7,000.00.", "why_zh": "额度 100,000.00。",
}  # fmt: skip
ORDER = {
    "number": "D1", "id": "1", "stage": "confirmed", "confirmation_version": 1,
    "gates": [TECHNIQUE, CREDIT],
}  # fmt: skip


@pytest.mark.parametrize(
    ("role", "papers"),
    [
        ("finance", ["confirmation", "notice", "dispatch_request", "delivery_order"]),
        ("technician", ["instruction"]),
        ("warehouse", ["dispatch_request", "delivery_order"]),
        ("aftersales", []),
    ],
)
def test_a_page_shows_money_and_papers_only_to_whom_they_are_open(
    gateway: Gateway, role: str, papers: list[str]
) -> None:
    axes = {"stage": "confirmed", "payment": PAYMENT}
    gateway.answer("orders.get_order", {**ORDER, "axes": axes})
    gateway.answer("orders.list_confirmations", {"items": [{"document": ORDER}]})
    for rpc in (
        "orders.list_order_actions", "orders.list_changes", "orders.list_order_tasks",
        "inventory.get_holdings",
    ):  # fmt: skip
        gateway.answer(rpc, {"items": []})
    notice = {"number": "N1", "kind": "balance", "state": "sent"}
    gateway.answer("customers.get_order_money", {"notices": [notice]})
    gateway.answer("inventory.search_instructions", {"items": [{"number": "P1"}]})
    shipment = {"number": "S1", "note_number": None, "verdict": VERDICT}
    gateway.answer("shipping.search_shipments", {"items": [shipment]})

    page = gateway.get("/orders/D1/page", role=role).json

    own_read = gateway.get("/orders/D1/money", role=role)
    assert (page["money"] is not None) == (own_read.status_code == 200) == (role == "finance")
    assert [paper["kind"] for paper in page["documents"]] == papers
    assert page["unavailable"] == []
    order = gateway.get("/orders/D1", role=role).json
    assert page["order"] == order
    assert order["axes"]["payment"] == (
        PAYMENT if role == "finance" else {"standing": "open", "paid_in_full": False}
    )
    frozen = gateway.get("/orders/D1/confirmations", role=role).json["items"]
    assert page["confirmations"] == frozen
    listed = gateway.get("/shipments", role=role).json["items"]
    for shown in (page["shipments"], listed):
        assert shown[0]["verdict"] == (VERDICT if role == "finance" else RELEASED)
    for gates in (order["gates"], frozen[0]["document"]["gates"]):
        assert gates == [TECHNIQUE, CREDIT if role == "finance" else CREDIT_CLOSED]


def test_what_a_move_answers_opens_no_figures(gateway: Gateway) -> None:
    gateway.answer("orders.return_order_to_draft", ORDER)
    path, why = "/orders/D1/actions/return_to_draft", {"reason": "correction"}

    moved = gateway.post(path, why, role="technician", if_match=1)

    assert moved.json["gates"] == [TECHNIQUE, CREDIT_CLOSED]


def test_an_orders_history_goes_on_where_its_page_ends(gateway: Gateway) -> None:
    gateway.answer("orders.get_order", {"number": "D1", "id": "1", "stage": "draft"})
    gateway.answer("orders.list_changes", {"items": [{"action": "hold"}], "next": "17"})
    for rpc in (
        "orders.list_order_actions", "orders.list_confirmations", "orders.list_order_tasks",
        "customers.get_order_money", "inventory.get_holdings", "inventory.search_instructions",
        "shipping.search_shipments",
    ):  # fmt: skip
        gateway.refuse(rpc, NotFound())

    page = gateway.get("/orders/D1/page").json
    gateway.answer("orders.list_changes", {"items": [{"action": "take_memo"}], "next": None})
    rest = gateway.get("/orders/D1/history", query_string=f"after={page['history_next']}")

    assert page["history"] == [{"action": "hold"}]
    assert rest.json == {"items": [{"action": "take_memo"}], "next": None}
    assert gateway.asked[-1].body == {
        "entity_type": "order", "entity_id": "D1", "after": "17", "limit": 50,
    }  # fmt: skip


def test_an_order_that_is_not_yours_to_see_has_no_history(gateway: Gateway) -> None:
    gateway.refuse("orders.get_order", NotFound())

    result = gateway.get("/orders/D1/history", role="sales")

    assert result.status_code == 404
    assert [asked.rpc for asked in gateway.asked] == ["orders.get_order"]


def test_no_service_gets_a_calendar_of_its_own(gateway: Gateway) -> None:
    alone = {"value": {"2026": {"2026-10-01": False}}, "reason": "holidays"}

    refused = gateway.send("PUT", "/settings/orders/calendar", alone, role="admin", key="k2")

    assert (refused.status_code, refused.json["code"]) == (422, "calendar_is_for_all")
    assert gateway.asked == []
