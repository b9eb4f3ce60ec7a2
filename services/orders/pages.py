"""What people look at: an order, its confirmations and tasks, work lists."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.calendar import calendar_of
from chassis.database import Work
from services.orders.domain.gate import OWNERS
from services.orders.domain.lifecycle import GateKind, Stage
from services.orders.domain.order import Order
from services.orders.schemas import views
from services.orders.storage import copies, orders, tasks
from services.orders.use_cases.actions import next_step


def get_order(work: Work, request: Mapping[str, Any]) -> dict[str, Any]:
    """Give an order by number or id: view, gates, axes, next step. Raises OrderNotFound."""
    order = _asked(work, request)
    shipments = copies.shipments_of(work, order.id) if order.revision or order.imported else []
    return views.order_in_full(
        order,
        next=next_step(order),
        axes={
            "stage": str(order.stage),
            "production": [
                {"line_no": line.line_no, "state": line.production} for line in order.made_lines
            ],
            "shipment": [{"number": copy.number, "state": copy.state} for copy in shipments],
            "payment": copies.money_of(work, order.id),
        },
    )


def _asked(work: Work, request: Mapping[str, Any]) -> Order:
    if request["order_id"] is not None:
        return orders.order_by_id(work, request["order_id"])
    return orders.order_by_number(work, request["order_number"])


def list_confirmations(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give every version of an order's confirmation, with its returned copies."""
    return [views.confirmation(one) for one in orders.papers(work, request["order_number"])]


def list_tasks(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the open tasks and obligations of an order."""
    order = orders.order_by_number(work, request["order_number"])
    return [views.task(task) for task in tasks.open_tasks(work, order.id)]


# What orders in a stage wait for, and who does it.
_IN_STAGE: dict[Stage, tuple[str, str, str, tuple[str, ...]]] = {
    Stage.MEMO: ("draft", "Make the memo a draft", "备忘转草稿", ("clerk",)),
    Stage.DRAFT: ("submit", "Complete and submit", "补齐并提交", ("clerk",)),
    Stage.APPROVED: ("send_confirmation", "Send the confirmation", "发送确认书", ("clerk",)),
    Stage.AWAITING_RETURN: ("verify_sign_back", "Sign-back awaited", "待签章回传", ("clerk",)),
    Stage.FULFILLED: ("close", "Settle and close", "结算归档", ("finance",)),
}
# Technique, material and schedule are signed in inventory; its own list shows them.
_AT_GATE: dict[GateKind, tuple[str, str, str]] = {
    GateKind.PRICE: ("override_price", "Price in doubt", "价格存疑，待处理"),
    GateKind.CREDIT: ("override_credit", "Credit held", "额度不足，待处理"),
    GateKind.APPROVAL: ("sign_approval", "Approval", "待审批"),
}
_ISSUE = ("issue_instruction", "Issue the works instruction", "待下达生产指令", ("clerk",))
_SHIP = ("request_dispatch", "Request the dispatch", "待发货", ("clerk",))


def list_work(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give what waits for the asker's roles, earliest due first: a bounded query for each kind."""
    limit, who = request["limit"], work.principal
    items = [_task_item(task, order) for task, order in tasks.tasks_waiting_for(work, limit)]
    items += [
        _anomaly_item(anomaly, order) for anomaly, order in tasks.anomalies_waiting_for(work, limit)
    ]
    for stage, waits in _IN_STAGE.items():
        if who.has(*waits[-1]):
            items += _order_items(work, orders.in_stage(work, stage, limit), *waits)
    for kind, words in _AT_GATE.items():
        if who.has(*OWNERS[kind]):
            found = orders.with_open_gate(work, kind, limit)
            items += _order_items(work, found, *words, OWNERS[kind])
    if who.has("clerk"):
        items += _order_items(work, orders.to_issue(work, limit), *_ISSUE)
        items += _order_items(work, orders.to_ship(work, limit), *_SHIP)
    items.sort(key=lambda item: (item["due_at"] is None, item["due_at"] or "", item["kind"]))
    return items[:limit]


def _item(order: Order, **facts: Any) -> dict[str, Any]:
    return {
        "order_number": order.number,
        "customer_name": order.customer_name,
        "entity_type": "order",
        "entity_number": order.number,
        "person_id": None,
        "due_at": None,
        "path": f"/api/v1/orders/{order.number}",
        **facts,
    }


def _task_item(task: Any, order: Order) -> dict[str, Any]:
    return _item(
        order,
        kind=str(task.kind),
        title=task.title,
        title_zh=task.title_zh,
        roles=[task.role],
        person_id=task.person_id,
        due_at=_running(order, task.due_at),
        entity_type="task",
        entity_number=str(task.id),
        verb="finish",
        path=f"/api/v1/tasks/{task.id}",
    )


def _anomaly_item(anomaly: Any, order: Order) -> dict[str, Any]:
    return _item(
        order,
        kind="anomaly",
        title=anomaly.text,
        title_zh=anomaly.text,
        roles=list(anomaly.owner_roles),
        due_at=_running(order, anomaly.escalates_at),
        entity_type="anomaly",
        entity_number=str(anomaly.id),
        verb="resolve",
        path=f"/api/v1/anomalies/{anomaly.id}",
    )


def _running(order: Order, due_at: datetime | None) -> str | None:
    """Give a due time; a hold stops all of an order's clocks, so then nothing falls due."""
    return None if due_at is None or order.is_on_hold else due_at.isoformat()


def _order_items(
    work: Work,
    waiting: Sequence[Order],
    verb: str,
    title: str,
    title_zh: str,
    roles: tuple[str, ...],
) -> list[dict[str, Any]]:
    return [
        _item(
            order,
            kind=verb,
            title=f"{title}: {order.number}",
            title_zh=f"{title_zh}：{order.number}",
            roles=list(roles),
            due_at=_due(work, order),
            verb=verb,
        )
        for order in waiting
    ]


def _due(work: Work, order: Order) -> str | None:
    """Give when the confirmation is due, past that when work ends on the customer's day.

    A day off counts like any other here.
    """
    day = order.customer_due(work.today)
    due_at = order.confirmation_due_at
    if due_at is None and day is not None:
        due_at = calendar_of(work, for_facts=True).end_of_working_day(day)
    return None if due_at is None else due_at.isoformat()
