"""What people look at: an order, its confirmations and tasks, work lists."""

from collections.abc import Mapping
from typing import Any

from chassis.database import Work
from services.orders.domain.lifecycle import Stage
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
    order = orders.order_by_number(work, request["order_number"])
    return [views.confirmation(one) for one in order.confirmations]


def list_tasks(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the open tasks and obligations of an order."""
    order = orders.order_by_number(work, request["order_number"])
    return [views.task(task) for task in tasks.open_tasks(work, order.id)]


# What each stage waits for, for the work lists of those who do it.
_WAITING: dict[Stage, tuple[str, str, str, tuple[str, ...]]] = {
    Stage.DRAFT: ("submit", "Complete and submit", "补齐并提交", ("clerk",)),
    Stage.APPROVED: ("send_confirmation", "Send the confirmation", "发送确认书", ("clerk",)),
    Stage.AWAITING_RETURN: ("verify_sign_back", "Sign-back awaited", "待签章回传", ("clerk",)),
    Stage.FULFILLED: ("close", "Settle and close", "结算归档", ("finance",)),
}


def list_work(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give what waits for the asker's roles, earliest due first."""
    limit = request["limit"]
    items = [_task_item(task, order) for task, order in tasks.tasks_waiting_for(work, limit)]
    items += [
        _anomaly_item(anomaly, order)
        for anomaly, order in tasks.open_anomalies(work, limit)
        if work.principal.has(*anomaly.owner_roles)
    ]
    stages = [stage for stage, (_, _, _, roles) in _WAITING.items() if work.principal.has(*roles)]
    stages += [Stage.IN_REVIEW, Stage.CONFIRMED, Stage.IN_PROGRESS]
    for order in orders.waiting_orders(work, stages, limit):
        items += _order_items(order, work)
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
        due_at=None if task.due_at is None else task.due_at.isoformat(),
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
        due_at=None if anomaly.escalates_at is None else anomaly.escalates_at.isoformat(),
        entity_type="anomaly",
        entity_number=str(anomaly.id),
        verb="resolve",
        path=f"/api/v1/anomalies/{anomaly.id}",
    )


def _order_items(order: Order, work: Work) -> list[dict[str, Any]]:
    if order.stage in _WAITING:
        verb, title, title_zh, roles = _WAITING[order.stage]
    else:
        step = next_step(order)
        verb, roles = step["verb"], tuple(step["who"])
        title, title_zh = str(verb or "wait").replace("_", " ").capitalize(), step["text_zh"]
    # Statements are signed in inventory, shipments move in shipping: their own lists show them.
    elsewhere = verb in (None, "sign_technique", "sign_material", "sign_schedule")
    if elsewhere or verb == "report_signature" or not work.principal.has(*roles):
        return []
    due = order.customer_due(work.today)
    return [
        _item(
            order,
            kind=str(verb),
            title=f"{title}: {order.number}",
            title_zh=f"{title_zh}：{order.number}",
            roles=list(roles),
            due_at=None if due is None else f"{due.isoformat()}T09:30:00+00:00",
            verb=verb,
        )
    ]
