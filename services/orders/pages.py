"""What people look at: an order, its confirmations and tasks, work lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
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
_NEVER = datetime.max.replace(tzinfo=UTC)
_SHIP = ("request_dispatch", "Request the dispatch", "待发货", ("clerk",))


def list_work(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give what waits for the asker's roles, earliest due first: a bounded query for each kind."""
    limit, who = request["limit"], work.principal
    items = [_task_item(task) for task in tasks.tasks_waiting_for(work, limit)]
    items += [
        _anomaly_item(anomaly, order) for anomaly, order in tasks.anomalies_waiting_for(work, limit)
    ]
    due, waiting = _Due(work), list[_Waiting]()
    for stage, waits in _IN_STAGE.items():
        if who.has(*waits[-1]):
            waiting += _waiting(due, orders.in_stage(work, stage, limit), *waits)
    for kind, words in _AT_GATE.items():
        if who.has(*OWNERS[kind]):
            found = orders.with_open_gate(work, kind, limit)
            waiting += _waiting(due, found, *words, OWNERS[kind])
    if who.has("clerk"):
        waiting += _waiting(due, orders.to_issue(work, limit), *_ISSUE)
        waiting += _waiting(due, orders.to_ship(work, limit), *_SHIP)
    # Of several kinds more was read than will be shown: only that is written out.
    waiting.sort(key=lambda one: (one.due_at or _NEVER, one.verb))
    items += [_order_item(one) for one in waiting[:limit]]
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
        due_at=_running(task, task.due_at),
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
        due_at=_running(order, anomaly.escalates_at),
        entity_type="anomaly",
        entity_number=str(anomaly.id),
        verb="resolve",
        path=f"/api/v1/anomalies/{anomaly.id}",
    )


def _running(order: Any, due_at: datetime | None) -> str | None:
    """Give a due time; a hold stops all of an order's clocks, so then nothing falls due."""
    return None if due_at is None or order.hold is not None else due_at.isoformat()


@dataclass(frozen=True)
class _Waiting:
    """An order, what it waits for, and by when."""

    order: Order
    verb: str
    title: str
    title_zh: str
    roles: tuple[str, ...]
    due_at: datetime | None


class _Due:
    """When orders fall due: the confirmation, past that when work ends on the customer's day.

    A day off counts like any other here.
    """

    def __init__(self, work: Work) -> None:
        self._today = work.today
        self._calendar = calendar_of(work, for_facts=True)
        self._ends: dict[date, datetime] = {}

    def at(self, order: Order) -> datetime | None:
        day = order.customer_due(self._today)
        if order.confirmation_due_at is not None or day is None:
            return order.confirmation_due_at
        if day not in self._ends:
            self._ends[day] = self._calendar.end_of_working_day(day)
        return self._ends[day]


def _waiting(
    due: _Due,
    found: Sequence[Order],
    verb: str,
    title: str,
    title_zh: str,
    roles: tuple[str, ...],
) -> list[_Waiting]:
    return [_Waiting(order, verb, title, title_zh, roles, due.at(order)) for order in found]


def _order_item(one: _Waiting) -> dict[str, Any]:
    return _item(
        one.order,
        kind=one.verb,
        title=f"{one.title}: {one.order.number}",
        title_zh=f"{one.title_zh}：{one.order.number}",
        roles=list(one.roles),
        due_at=None if one.due_at is None else one.due_at.isoformat(),
        verb=one.verb,
    )
