"""The task to tell a customer his dates (O28): one at most, of the dates that hold."""

from collections.abc import Sequence
from datetime import date, datetime

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
