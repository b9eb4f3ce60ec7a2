"""What people look at: an order, its confirmations and tasks, work lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from chassis.calendar import calendar_of
from chassis.database import Work
from services.orders.domain.anomaly import Anomaly
from services.orders.domain.gate import OWNERS
from services.orders.domain.lifecycle import GateKind, Stage
from services.orders.domain.order import Order
from services.orders.schemas import views
from services.orders.storage import looked_at, orders, tasks
from services.orders.use_cases.actions import next_step


def get_order(work: Work, request: Mapping[str, Any]) -> dict[str, Any]:
    """Give an order by number or id: view, gates, axes, next step. Raises OrderNotFound."""
    found = _asked(work, request)
    order = found.order
    return views.order_in_full(
        order,
        next=next_step(order),
        axes={
            "stage": str(order.stage),
            "production": [
                {"line_no": line.line_no, "state": line.production} for line in order.made_lines
            ],
            "shipment": found.shipments,
            "payment": found.money,
        },
    )


def _asked(work: Work, request: Mapping[str, Any]) -> looked_at.LookedAt:
    if request["order_id"] is not None:
        return looked_at.by_id(work, request["order_id"])
    return looked_at.by_number(work, request["order_number"])


def list_confirmations(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give every version of an order's confirmation, with its returned copies."""
    return [views.confirmation(one) for one in orders.papers(work, request["order_number"])]


def list_tasks(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the open tasks and obligations of an order."""
    order_id = orders.id_of(work, request["order_number"])
    return [views.task(task) for task in tasks.open_tasks(work, order_id)]


# What orders in a stage wait for, and who does it.
_IN_STAGE: dict[Stage, tuple[str, str, str, tuple[str, ...]]] = {
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
    items = [_task_item(task) for task in tasks.tasks_waiting_for(work, limit)]
    items += [
        _anomaly_item(anomaly, order) for anomaly, order in tasks.anomalies_waiting_for(work, limit)
    ]
    waiting: list[_Waiting] = []
    for stage, waits in _IN_STAGE.items():
        if who.has(*waits[-1]):
            waiting += _due(work, orders.in_stage(work, stage, limit), *waits)
    for kind, words in _AT_GATE.items():
        if who.has(*OWNERS[kind]):
            found = orders.with_open_gate(work, kind, limit)
            waiting += _due(work, found, *words, OWNERS[kind])
    if who.has("clerk"):
        waiting += _due(work, orders.to_issue(work, limit), *_ISSUE)
        waiting += _due(work, orders.to_ship(work, limit), *_SHIP)
    # Of several kinds more was read than will be shown: only that is written out.
    waiting.sort(key=lambda one: (one.due or date.max, one.verb))
    items += _order_items(work, waiting[:limit])
    items.sort(key=lambda item: (item["due_at"] is None, item["due_at"] or "", item["kind"]))
    return items[:limit]


def _item(order: Any, **facts: Any) -> dict[str, Any]:
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


def _task_item(task: Any) -> dict[str, Any]:
    return _item(
        task,
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


def _anomaly_item(anomaly: Anomaly, order: Any) -> dict[str, Any]:
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


@dataclass(frozen=True)
class _Waiting:
    """An order, what it waits for, and by which day."""

    order: Order
    verb: str
    title: str
    title_zh: str
    roles: tuple[str, ...]
    due: date | None


def _due(
    work: Work,
    waiting: Sequence[Order],
    verb: str,
    title: str,
    title_zh: str,
    roles: tuple[str, ...],
) -> list[_Waiting]:
    return [
        _Waiting(order, verb, title, title_zh, roles, order.customer_due(work.today))
        for order in waiting
    ]


def _order_items(work: Work, waiting: Sequence[_Waiting]) -> list[dict[str, Any]]:
    calendar = calendar_of(work, for_facts=True)
    # When work ends on a day; a day off counts like any other here.
    ends = {
        day: calendar.end_of_working_day(day).isoformat()
        for day in {one.due for one in waiting}
        if day is not None
    }
    return [
        _item(
            one.order,
            kind=one.verb,
            title=f"{one.title}: {one.order.number}",
            title_zh=f"{one.title_zh}：{one.order.number}",
            roles=list(one.roles),
            due_at=None if one.due is None else ends[one.due],
            verb=one.verb,
        )
        for one in waiting
    ]
