"""The page of one order: what all services know of it, as one answer (SPEC §9, G3)."""

import logging
from collections.abc import Mapping
from typing import Any

from chassis.errors import GendanError, NotFound
from chassis.principal import Principal
from gateway import permissions
from gateway.calls import Call
from gateway.operations import Operation, Paged
from gateway.resources import order_answers as answers
from gateway.resources import payments
from gateway.resources.orders import ORDER, READ

_log = logging.getLogger(__name__)

# As many parts of one order as a page shows; each has its own list for the rest.
_MOST = 100


def order_page(call: Call) -> dict[str, Any]:
    """Ask orders first, which decides who may see the order, then all others at once.

    A part that does not answer is named in `unavailable` and costs the page only itself. Everybody
    sees the page, but of its money and papers only what they may read or print by themselves.
    """
    number = call.path["order_number"]
    order = call.ask("orders.get_order", {"order_number": number})
    questions = _questions(number, order["id"])
    sees_money = permissions.allows(call.principal, payments.READ)
    parts = call.ask_all(
        {part: asked for part, asked in questions.items() if part != "money" or sees_money}
    )
    page: dict[str, Any] = {
        "order": order,
        "money": None,
        "history_next": None,
        "documents": _documents(call.principal, order, parts),
    }
    unavailable = []
    for name, answer in parts.items():
        if isinstance(answer, NotFound):
            # A memo has no money, a stock order no instruction.
            page[name] = None
        elif isinstance(answer, GendanError):
            _log.warning("order page of %s lacks %s: %s", number, name, answer.code)
            page[name] = None
            unavailable.append(name)
        else:
            page[name] = answer if name in ("actions", "money", "holdings") else answer["items"]
            if name == "history":
                page["history_next"] = answer.get("next")
    return {**page, "unavailable": unavailable}


def list_history(call: Call) -> dict[str, Any]:
    """Give a page of an order's history; whether who asks may see the order, orders says first."""
    number = call.path["order_number"]
    call.ask("orders.get_order", {"order_number": number})
    history: dict[str, Any] = call.ask(
        "orders.list_changes", {**_history(number), "limit": 50, **call.query}
    )
    return history


def _history(number: str) -> dict[str, Any]:
    return {"entity_type": "order", "entity_id": number}


def _questions(number: str, order_id: str) -> dict[str, tuple[str, Mapping[str, Any]]]:
    by_number = {"order_number": number}
    listed = {**by_number, "limit": _MOST}
    return {
        "actions": ("orders.list_order_actions", by_number),
        "history": ("orders.list_changes", {**_history(number), "limit": _MOST}),
        "confirmations": ("orders.list_confirmations", by_number),
        "tasks": ("orders.list_order_tasks", by_number),
        "money": ("customers.get_order_money", by_number),
        "holdings": ("inventory.get_holdings", {"order_id": order_id}),
        "instructions": ("inventory.search_instructions", listed),
        "shipments": ("shipping.search_shipments", listed),
    }


_PRINTED_BY = {
    "confirmation": "documents.confirmation",
    "instruction": "documents.instruction",
    "notice": "documents.notice",
    "dispatch_request": "documents.dispatch",
    "delivery_order": "documents.dispatch",
    "dispatch_notice": "documents.dispatch",
}
_NOTICES = {
    "prepayment": "付款通知书",
    "deposit": "定金付款通知书",
    "balance": "余款催收通知书",
}


def _documents(
    principal: Principal, order: Mapping[str, Any], parts: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Give the papers that exist for the order and that who asks may print."""
    number = order["number"]
    papers = []
    if order.get("confirmation_version") or order["stage"] == "approved":
        papers.append(("confirmation", "订单确认书", f"/orders/{number}/documents/confirmation"))
    for instruction in _items(parts.get("instructions")):
        path = f"/instructions/{instruction['number']}/document"
        papers.append(("instruction", "生产指令单", path))
    money = parts.get("money")
    for notice in money["notices"] if isinstance(money, dict) else ():
        if notice["state"] == "withdrawn":
            continue
        path = f"/notices/{notice['number']}/document"
        papers.append(("notice", _NOTICES[notice["kind"]], path))
    for shipment in _items(parts.get("shipments")):
        path = f"/shipments/{shipment['number']}/documents"
        papers.append(("dispatch_request", "发货申请通知单", f"{path}/dispatch_request"))
        papers.append(("delivery_order", "送货单", f"{path}/delivery_order"))
        if shipment.get("note_number"):
            papers.append(("dispatch_notice", "发货告知书", f"{path}/dispatch_notice"))
    return [
        {"kind": kind, "title_zh": title, "path": f"/api/v1{path}"}
        for kind, title, path in papers
        if permissions.allows(principal, _PRINTED_BY[kind])
    ]


def _items(answer: Any) -> list[dict[str, Any]]:
    return answer["items"] if isinstance(answer, dict) else []


OPERATIONS = [
    Operation(
        method="GET",
        path=f"{ORDER}/page",
        do=order_page,
        permission=READ,
        summary="All that the page of one order shows",
        tag="orders",
        answer=answers.OrderPageData,
    ),
    Operation(
        method="GET",
        path=f"{ORDER}/history",
        do=list_history,
        permission=READ,
        summary="What was done with an order, newest first",
        tag="orders",
        query=Paged,
        answer=answers.OrderHistory,
    ),
]
