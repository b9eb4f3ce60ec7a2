"""What people look at: an order, its confirmations and tasks, work lists."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from chassis.calendar import calendar_of
from chassis.database import Work
from services.orders.domain.anomaly import owners
from services.orders.domain.confirmation import slid
from services.orders.domain.gate import OWNERS
from services.orders.domain.lifecycle import BEING_PREPARED, GateKind, Stage
from services.orders.schemas import views
from services.orders.storage import looked_at, orders, tasks, waiting
from services.orders.use_cases.actions import next_step


def get_order(work: Work, request: Mapping[str, Any]) -> dict[str, Any]:
    """Give an order by number or id: view, gates, axes, next step. Raises OrderNotFound."""
    found = _asked(work, request)
    order = found.order
    return views.order_in_full(
        order,
        next=next_step(work, order, {_stands(shipment) for shipment in found.shipments}),
        axes={
            "stage": str(order.stage),
            "production": [
                {"line_no": line.line_no, "state": line.production} for line in order.made_lines
            ],
            "shipment": [
                {name: shipment[name] for name in ("number", "state")}
                for shipment in found.shipments
            ],
            "payment": found.money,
        },
    )


def _stands(shipment: Mapping[str, Any]) -> str:
    """Give where a shipment stands for what is next: its release may have to be given again."""
    withdrawn = shipment["release_withdrawn"] and shipment["state"] in BEING_PREPARED
    return "requested" if withdrawn else str(shipment["state"])


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


# What orders wait for by where they stand: the verb, its titles, and whose it is.
_IN_STAGE: dict[Stage, tuple[str, str, str, tuple[str, ...]]] = {
    Stage.MEMO: ("draft", "Make the memo a draft", "备忘转草稿", ("clerk",)),
    Stage.DRAFT: ("submit", "Complete and submit", "补齐并提交", ("clerk",)),
    Stage.APPROVED: ("send_confirmation", "Send the confirmation", "发送确认书", ("clerk",)),
    Stage.AWAITING_RETURN: ("verify_sign_back", "Sign-back awaited", "待签章回传", ("clerk",)),
    Stage.FULFILLED: ("close", "Settle and close", "结算归档", ("finance",)),
}
# Technique, material and schedule are signed in inventory; its own list shows them.
_AT_GATE: dict[GateKind, tuple[str, str, str, tuple[str, ...]]] = {
    GateKind.PRICE: ("override_price", "Price in doubt", "价格存疑，待处理", ("director",)),
    GateKind.CREDIT: (
        "override_credit",
        "Credit held",
        "额度不足，待处理",
        OWNERS[GateKind.CREDIT],
    ),
    GateKind.APPROVAL: ("sign_approval", "Approval", "待审批", OWNERS[GateKind.APPROVAL]),
}
_UNDER_WAY = {
    waiting.ISSUE: ("issue_instruction", "Issue the works instruction", "待下达生产指令"),
    waiting.SHIP: ("request_dispatch", "Request the dispatch", "待发货"),
}
_Waits = Mapping[Any, tuple[str, str, str, tuple[str, ...]]]
_WAITS: _Waits = {
    **_IN_STAGE,
    **_AT_GATE,
    **{kind: (*words, ("clerk",)) for kind, words in _UNDER_WAY.items()},
}
# Only the director lets a doubtful price pass; the salesperson has it judged once more.
_WAITS_BUT_DIRECTORS: _Waits = {
    **_WAITS,
    GateKind.PRICE: ("retry_price", "Price in doubt", "价格存疑，待处理", ("sales",)),
}
_NEVER = datetime.max.replace(tzinfo=UTC)


def list_work(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give what waits for the asker's roles, earliest due first."""
    limit, who = request["limit"], work.principal
    waits = _WAITS if who.has("director") else _WAITS_BUT_DIRECTORS
    found = waiting.of_asker(
        work,
        limit,
        stages=[stage for stage in _IN_STAGE if who.has(*waits[stage][-1])],
        gates=[kind for kind in _AT_GATE if who.has(*waits[kind][-1])],
        under_way=who.has("clerk"),
    )
    due = _Due(work)
    first = sorted(
        ((due.at(row), _kind(row, waits), row.number, row) for row in found), key=_due_first
    )
    # Of several kinds more was read than will be shown: only that is written out.
    return [_item(row, kind, due_at, waits) for due_at, kind, _, row in first[:limit]]


def _kind(row: Any, waits: _Waits) -> str:
    if row.kind == waiting.TASK:
        return str(row.facts["kind"])
    return waiting.ANOMALY if row.kind == waiting.ANOMALY else waits[row.kind][0]


def _due_first(one: tuple[datetime | None, str, str, Any]) -> tuple[datetime, str, str]:
    due_at, kind, number, _ = one
    return due_at or _NEVER, kind, number


class _Due:
    """When things fall due: an order past its confirmation when work ends on the customer's day.

    A day off counts like any other here.
    """

    def __init__(self, work: Work) -> None:
        self._today = work.today
        self._calendar = calendar_of(work, for_facts=True)
        self._ends: dict[date, datetime] = {}

    def at(self, row: Any) -> datetime | None:
        if row.due_at is not None or row.day is None:
            due_at: datetime | None = row.due_at
            return due_at
        day = slid(row.day, row.facts, self._today)
        if day not in self._ends:
            self._ends[day] = self._calendar.end_of_working_day(day)
        return self._ends[day]


def _item(row: Any, kind: str, due_at: datetime | None, waits: _Waits) -> dict[str, Any]:
    item = {
        "kind": kind,
        "order_number": row.number,
        "customer_name": row.customer_name,
        "due_at": None if due_at is None else due_at.astimezone(UTC).isoformat(),
    }
    if row.kind == waiting.TASK:
        return item | _task(row.facts)
    if row.kind == waiting.ANOMALY:
        return item | _anomaly(row.facts)
    verb, title, title_zh, roles = waits[row.kind]
    return item | {
        "title": f"{title}: {row.number}",
        "title_zh": f"{title_zh}：{row.number}",
        "roles": list(roles),
        "person_id": None,
        "entity_type": "order",
        "entity_number": row.number,
        "verb": verb,
        "path": f"/api/v1/orders/{row.number}",
    }


def _task(task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": task["title"],
        "title_zh": task["title_zh"],
        "roles": [task["role"]],
        "person_id": task["person_id"],
        "entity_type": "task",
        "entity_number": task["id"],
        "verb": "finish",
        "path": f"/api/v1/tasks/{task['id']}",
    }


def _anomaly(anomaly: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": anomaly["text"],
        "title_zh": anomaly["text_zh"] or anomaly["text"],
        "roles": list(owners(anomaly["step"], told_all=anomaly["told_all"])),
        "person_id": None,
        "entity_type": "anomaly",
        "entity_number": anomaly["id"],
        "verb": "resolve",
        "path": f"/api/v1/anomalies/{anomaly['id']}",
    }
