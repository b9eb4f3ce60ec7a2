"""Short-closing, tasks done, and wishes to cancel."""

from collections.abc import Mapping
from typing import Any

from chassis.chinese import in_chinese
from chassis.database import Work
from services.orders.domain.anomaly import AnomalyClass
from services.orders.domain.lifecycle import UNDER_WAY, TaskState
from services.orders.domain.order import Order
from services.orders.domain.task import Task, TaskKind
from services.orders.storage import copies, orders, tasks
from services.orders.use_cases.owing import owe


def short_close_line(work: Work, request: Mapping[str, Any]) -> Order:
    """Give up what is still to come of a line; the customer's consent is on record."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_fulfilling(request["expected_version"])
    line_id = str(order.line(request["line_no"]).id)
    shipments = [
        str(shipment.view["number"])
        for shipment in copies.shipments_of(work, order.id)
        if shipment.state in UNDER_WAY
        and any(line["line_id"] == line_id for line in shipment.view["lines"])
    ]
    happened = order.short_close(request["line_no"], work.now, shipments=shipments)
    work.announce(*happened)
    work.log(
        "order",
        order.number,
        "short_close_line",
        changes={f"line {request['line_no']} short_closed": [False, True]},
        reason=request["reason"],
        note=f"consent: {request['consent_by']}. {request['note'] or ''}".strip(),
    )
    return order


# Of these the order itself shows that they are done.
_CHANGES_ITS_ORDER = (TaskKind.PAPER_OWED, TaskKind.RECEIVED_CLEARLY)


def finish_task(work: Work, request: Mapping[str, Any]) -> Task:
    """Note that a task is done, and how it ended."""
    task = tasks.task(work, request["task_id"])
    order = orders.order_by_id(work, task.order_id, lock=task.kind in _CHANGES_ITS_ORDER)
    task.guard_finish(work.principal)
    task.end(TaskState.DONE, by=work.principal.person_id, at=work.now, outcome=request["outcome"])
    if task.kind is TaskKind.PAPER_OWED:
        work.announce(order.take_paper())
    if task.kind is TaskKind.RECEIVED_CLEARLY and order.confirmation is not None:
        order.confirmation.note_received(work.principal, note=request["outcome"], at=work.now)
        work.announce(order.change())
    work.log("order", order.number, f"finish_{task.kind}", note=request["outcome"])
    return task


def delegate_task(work: Work, request: Mapping[str, Any]) -> Task:
    """Hand a task to a clerk, in whose work list alone it stands from then on (O4).

    Another clerk, or the supervisor, who sees to it all the same may finish it.
    """
    task = tasks.task(work, request["task_id"])
    order = orders.order_by_id(work, task.order_id)
    task.guard_delegation(work.principal)
    before, clerk_id = task.person_id or task.role, request["clerk_id"]
    task.delegate(
        clerk_id=clerk_id, clerk_name=request["clerk_name"], by=work.principal, at=work.now
    )
    changes = {"person": [before, clerk_id]}
    work.log("order", order.number, f"delegate_{task.kind}", changes=changes, note=request["note"])
    return task


def wish_cancel(work: Work, request: Mapping[str, Any]) -> Order:
    """Write down a wish to cancel: one task for the supervisor, who alone may do it.

    Wished again, the task says the newest reason; those before are in the log.
    """
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_cancel(request["expected_version"])
    reason, note = request["reason"], request["note"]
    wish: dict[str, Any] = {
        "title": f"Cancel {order.number}? {note or reason}",
        "title_zh": f"请求取消订单 {order.number}：{note or in_chinese(reason)}",
        "details": {"reason": reason, "by": work.principal.name},
    }
    # Locked, or it could be said to a task that somebody is just finishing.
    standing = tasks.open_tasks(work, order.id, TaskKind.CANCEL_WISH, lock=True)
    if standing:
        standing[0].say(**wish)
        # The release before opened one for each time.
        for task in standing[1:]:
            task.end(
                TaskState.DROPPED, by=work.principal.person_id, at=work.now, outcome="said again"
            )
    else:
        owe(work, order, TaskKind.CANCEL_WISH, due_at=work.now, role="supervisor", **wish)
    work.log("order", order.number, "wish_cancel", reason=reason, note=note)
    return order


def drop_open_tasks(work: Work, order: Order, *kinds: TaskKind, outcome: str) -> None:
    """End what nobody owes any more: all of it, or of some kinds."""
    for task in tasks.open_tasks(work, order.id, *kinds):
        task.end(TaskState.DROPPED, by=work.principal.person_id, at=work.now, outcome=outcome)


def resolve_anomalies_of_cancelled(work: Work, order: Order, *, remedy: str) -> None:
    """Let nothing of an order climb on that came to its end with it.

    A parcel that was scanned has to go back to its shelf all the same.
    """
    for anomaly in tasks.open_anomalies(work, order.id):
        if anomaly.cause is AnomalyClass.LOGISTICS:
            continue
        anomaly.resolve(remedy=remedy, by=work.principal.name, at=work.now)
