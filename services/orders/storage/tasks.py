"""Tasks, obligations and anomalies."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, or_, select, update

from chassis.database import Work
from services.orders.domain.anomaly import SALES, Anomaly
from services.orders.domain.errors import AnomalyNotFound, TaskNotFound
from services.orders.domain.lifecycle import AnomalyState, TaskState
from services.orders.domain.order import Order
from services.orders.domain.task import SALESPERSONS, Task, TaskKind
from services.orders.storage.orders import CursorNotOurs, visible

# A replica of the next release may have opened others, which cannot be read as a TaskKind.
_KINDS = tuple(TaskKind)


def task(work: Work, task_id: UUID) -> Task:
    """Give one task, locked. Raises TaskNotFound, also for another salesperson's order's.

    A kind that only the next release knows is that one's to see to.
    """
    found = work.session.scalar(
        select(Task)
        .join(Order, Order.id == Task.order_id)
        .where(Task.id == task_id, Task.kind.in_(_KINDS), *visible(work))
        .with_for_update(of=Task)
    )
    if found is None:
        raise TaskNotFound(task_id=task_id)
    return found


def open_tasks(work: Work, order_id: UUID, *kinds: TaskKind, lock: bool = False) -> Sequence[Task]:
    """Give the open tasks of an order, of some kinds or all.

    Locked, they are not ended by anybody else meanwhile, and what was just being ended is none.
    """
    query = (
        select(Task)
        .where(
            Task.order_id == order_id,
            Task.state == TaskState.OPEN,
            Task.kind.in_(kinds or _KINDS),
        )
        .order_by(Task.opened_at)
    )
    found = work.session.scalars(query.with_for_update() if lock else query)
    # What this transaction has ended is still open in the database until it is flushed.
    return [task for task in found if task.state is TaskState.OPEN]


def last_told(work: Work, order_id: UUID, *, since: datetime) -> str | None:
    """Give the customer's date he was told last: None if nobody told him one since then.

    Empty where the task was opened by a release that did not note it.
    """
    details = work.session.scalar(
        select(Task.details)
        .where(
            Task.order_id == order_id,
            Task.kind == TaskKind.TELL_CUSTOMER,
            Task.state == TaskState.DONE,
            Task.opened_at >= since,
        )
        .order_by(Task.opened_at.desc())
        .limit(1)
    )
    return None if details is None else str(details.get("customer_due", ""))


def open_anomalies(work: Work, order_id: UUID) -> Sequence[Anomaly]:
    """Give the open anomalies of an order."""
    query = select(Anomaly).where(Anomaly.order_id == order_id, Anomaly.state == AnomalyState.OPEN)
    return work.session.scalars(query).all()


def overdue_returns(work: Work, now: datetime) -> Sequence[Task]:
    """Give the sign-backs owed by grade A that are late and not yet reported."""
    return work.session.scalars(
        select(Task)
        .join(Order, Order.id == Task.order_id)
        .where(
            Task.state == TaskState.OPEN,
            Task.kind == TaskKind.RETURN_OWED,
            Task.due_at < now,
            Task.details["reported"].is_(None),
            Order.hold.is_(None),
        )
    ).all()


def anomaly(work: Work, anomaly_id: UUID) -> Anomaly:
    """Give one anomaly, locked. Raises AnomalyNotFound, also for another salesperson's order's."""
    found = work.session.scalar(
        select(Anomaly)
        .join(Order, Order.id == Anomaly.order_id)
        .where(Anomaly.id == anomaly_id, *visible(work))
        .with_for_update(of=Anomaly)
    )
    if found is None:
        raise AnomalyNotFound(anomaly_id=anomaly_id)
    return found


def follow_salesperson(
    work: Work,
    order_ids: Collection[UUID],
    salesperson_id: str | None,
    former: Collection[str | None] = (),
) -> None:
    """Show the anomalies of orders to the salesperson who has these now; give him the tasks.

    Those that a `former` one has open: where there is none any more, they are the clerk's. So
    are those of an order that had none, and the anomalies that waited for the salesperson.
    """
    anomalies: dict[str, Any] = {"salesperson_id": salesperson_id}
    if salesperson_id is None:
        anomalies["step"] = case((Anomaly.step == SALES, 0), else_=Anomaly.step)
    work.session.execute(
        update(Anomaly)
        .where(
            Anomaly.order_id.in_(order_ids),
            Anomaly.salesperson_id.is_distinct_from(salesperson_id),
        )
        .values(anomalies)
        .execution_options(synchronize_session=False)
    )
    if former:
        whose: ColumnElement[bool] = Task.person_id.in_([one for one in former if one is not None])
        if None in former:
            nobodys = and_(Task.person_id.is_(None), Task.kind.in_(SALESPERSONS))
            whose = or_(whose, nobodys)
        work.session.execute(
            update(Task)
            .where(
                Task.order_id.in_(order_ids),
                Task.state == TaskState.OPEN,
                Task.role.in_(("sales", "clerk")),
                whose,
            )
            .values(person_id=salesperson_id, role="sales" if salesperson_id else "clerk")
            .execution_options(synchronize_session=False)
        )


def anomalies_to_escalate(work: Work, now: datetime) -> Sequence[tuple[Anomaly, str]]:
    """Give the open anomalies whose time on their step is over, with their orders' numbers.

    They are locked; what somebody else has locked is left for the next time.
    """
    rows = work.session.execute(
        select(Anomaly, Order.number)
        .join(Order, Order.id == Anomaly.order_id)
        .where(
            Anomaly.state == AnomalyState.OPEN,
            Anomaly.escalates_at <= now,
            Order.hold.is_(None),
        )
        .with_for_update(of=Anomaly, skip_locked=True)
        .limit(500)
    )
    return [(row[0], row[1]) for row in rows]


def search_anomalies(
    work: Work, order_id: UUID | None, *, after: str | None, limit: int
) -> tuple[Sequence[Any], str | None]:
    """Give a page of the anomalies of one order, or of all that are open, by id."""
    query = select(Anomaly)
    if order_id is None:
        query = query.where(Anomaly.state == AnomalyState.OPEN)
    else:
        query = query.where(Anomaly.order_id == order_id)
    if work.principal.limited_to_own_customers:
        query = query.where(Anomaly.salesperson_id == work.principal.person_id)
    if after:
        query = query.where(Anomaly.id > _read_cursor(after))
    found = work.session.scalars(query.order_by(Anomaly.id).limit(limit + 1)).all()
    page = found[:limit]
    return page, str(page[-1].id) if len(found) > limit else None


def _read_cursor(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise CursorNotOurs(cursor=cursor) from error
