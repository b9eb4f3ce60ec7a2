"""Tasks to tell somebody what has come of an order: one at most, of what holds.

A customer is told his dates (O28) and what met his goods on the way (S10), a salesperson that
they arrived, and that the deposit or all is paid (O32).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from chassis.chinese import in_chinese
from chassis.database import Work
from services.orders.domain.confirmation import Confirmation
from services.orders.domain.lifecycle import TaskState
from services.orders.domain.order import Order
from services.orders.domain.task import Task, TaskKind
from services.orders.storage import tasks
from services.orders.use_cases.owing import owe


def tell_dates(work: Work, order: Order, what: str, what_zh: str) -> None:
    """Open the task to tell the customer his dates (O28), instead of one that tells older ones."""
    drop_telling(work, order, outcome="a newer date follows")
    owe(
        work,
        order,
        TaskKind.TELL_CUSTOMER,
        title=f"Tell the customer of {order.number}: {what}",
        title_zh=f"告知客户（{order.number}）：{what_zh}",
        due_at=work.now,
        details={"customer_due": str(order.customer_due(work.today))},
    )


def tell_slid_dates(work: Work, order: Order, today: date) -> None:
    """Open the task to tell the customer to which day his date has slid."""
    promised = order.customer_due(today)
    tell_dates(work, order, f"dates now {promised}", f"交期现为 {promised}")


def tell_frozen_dates(work: Work, order: Order, confirmation: Confirmation) -> None:
    """Tell the dates that the verified copy froze, unless they are what the customer last heard.

    He has read the paper, and may have been told another date since: a copy that came before the
    slide he was told of freezes an earlier one.
    """
    since = datetime.fromisoformat(confirmation.sendings[0]["at"])
    heard = tasks.last_told(work, order.id, since=since)
    if heard is None:
        heard = confirmation.document["customer_due"]
    if heard == str(order.customer_due(work.today)):
        drop_telling(work, order, outcome="the customer knows it")
    else:
        tell_slid_dates(work, order, work.today)


def drop_telling(work: Work, order: Order, *, outcome: str) -> None:
    """End the task to tell dates that hold no more, or that a new paper will tell."""
    for task in _standing(work, order):
        task.end(TaskState.DROPPED, by=work.principal.person_id, at=work.now, outcome=outcome)


def _standing(work: Work, order: Order) -> Sequence[Task]:
    return tasks.open_tasks(work, order.id, TaskKind.TELL_CUSTOMER)


def tell_of_shipment(work: Work, order: Order, name: str, shipment: Mapping[str, Any]) -> None:
    """Open the task that the newest event of a shipment asks for; end what it has made needless.

    A failure is told to the customer, an arrival to the salesperson (S10); of what is signed for
    nobody needs to be told any more.
    """
    number, state = shipment["number"], shipment["state"]
    # The receipt may be heard before the signature that it follows.
    if name in ("shipment_failed", "shipment_arrived") or state == "signed":
        _drop_of_shipment(work, order, number, outcome=str(state))
    if name == "shipment_failed":
        owe(
            work,
            order,
            TaskKind.TELL_TROUBLE,
            title=f"Tell the customer of {order.number}: shipment {number} is {state}",
            title_zh=f"告知客户（{order.number}）：发货单 {number} {in_chinese(state)}",
            due_at=work.now,
            details={"shipment": number, "state": state},
        )
    # One scan may sign what it lets arrive.
    if name == "shipment_arrived" and state == "arrived":
        owe(
            work,
            order,
            TaskKind.ARRIVED,
            title=f"Shipment {number} of {order.number} has arrived",
            title_zh=f"货物已到（{order.number}）：发货单 {number}",
            due_at=work.now,
            details={"shipment": number},
        )


def _drop_of_shipment(work: Work, order: Order, number: str, *, outcome: str) -> None:
    for task in tasks.open_tasks(work, order.id, TaskKind.TELL_TROUBLE, TaskKind.ARRIVED):
        if task.details["shipment"] == number:
            task.end(TaskState.DROPPED, by=work.principal.person_id, at=work.now, outcome=outcome)


class Met(IntEnum):
    """What the verified money of an order meets; a later one implies the earlier."""

    NOTHING = 0
    DEPOSIT = 1
    ALL = 2


_MET_IN_WORDS = {
    Met.DEPOSIT: ("The deposit of {} is verified", "定金已核实到账（{}）"),
    Met.ALL: ("{} is paid in full", "货款已全部核实到账（{}）"),
}


def met_by(money: Mapping[str, Any]) -> Met:
    """Give what an order's money meets: an order that asks for nothing meets nothing by that."""
    if not Decimal(money.get("verified") or 0):
        return Met.NOTHING
    if money.get("paid_in_full") and Decimal(money.get("worth") or 0):
        return Met.ALL
    is_due = Decimal(money.get("deposit_due") or 0) > 0
    return Met.DEPOSIT if is_due and money.get("deposit_met") else Met.NOTHING


def tell_of_money(work: Work, order: Order, before: Met, met: Met) -> None:
    """Open the task that tells sales what verified money meets now; drop one that is not so."""
    for task in tasks.open_tasks(work, order.id, TaskKind.MONEY_MET):
        task.end(
            TaskState.DROPPED,
            by=work.principal.person_id,
            at=work.now,
            outcome="the money has changed",
        )
    if met <= before or order.is_over:
        return
    title, title_zh = _MET_IN_WORDS[met]
    owe(
        work,
        order,
        TaskKind.MONEY_MET,
        title=title.format(order.number),
        title_zh=title_zh.format(order.number),
        due_at=work.now,
    )
