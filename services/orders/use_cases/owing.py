"""Opening tasks: what somebody owes an order, and by when."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from chassis.database import Work
from services.orders.domain.order import Order
from services.orders.domain.task import SALESPERSONS, Task, TaskKind


def owe(
    work: Work,
    order: Order,
    kind: TaskKind,
    *,
    title: str,
    title_zh: str,
    due_at: datetime,
    role: str | None = None,
    person_id: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Open a task for a role; unless one is said, for a salesperson or, for want of one, the clerk.

    That is `person_id`, or the order's own where the kind is the salesperson's.
    """
    if role is None:
        person_id = person_id or (order.salesperson_id if kind in SALESPERSONS else None)
        role = "sales" if person_id else "clerk"
    work.session.add(
        Task(
            id=uuid4(),
            order_id=order.id,
            kind=kind,
            role=role,
            person_id=person_id,
            title=title,
            title_zh=title_zh,
            details=details,
            opened_at=work.now,
            due_at=due_at,
        )
    )
