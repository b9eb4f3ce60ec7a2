"""Anomalies: raised, climbing the ladder, resolved."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis.calendar import calendar_of
from chassis.database import Work
from services.orders.domain import events
from services.orders.domain.anomaly import LADDER, Anomaly, AnomalyClass, Priority, Topic
from services.orders.domain.order import Order
from services.orders.storage import orders, tasks


def raise_anomaly(work: Work, request: Mapping[str, Any]) -> Anomaly:
    """Write down what went wrong; a production anomaly goes to the whole ladder at once."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    return open_anomaly(
        work,
        order,
        cause=request["cause"],
        topic=request["topic"],
        priority=request["priority"],
        text=request["text"],
        temporary_measure=request["temporary_measure"],
    )


def open_anomaly(
    work: Work,
    order: Order,
    *,
    cause: AnomalyClass,
    topic: Topic,
    priority: Priority,
    text: str,
    text_zh: str | None = None,
    temporary_measure: str | None = None,
    first: str = LADDER[0],
) -> Anomaly:
    """Open an anomaly of an order and announce it; `first` is who owns it to begin with.

    What people wrote has no other `text_zh`.
    """
    anomaly = Anomaly(
        id=uuid4(),
        order_id=order.id,
        salesperson_id=order.salesperson_id,
        cause=cause,
        topic=topic,
        priority=priority,
        text=text,
        text_zh=text_zh,
        temporary_measure=temporary_measure,
        raised_by=work.principal.name,
        raised_at=work.now,
        escalates_at=_next_step(work, priority, work.now),
        first=first,
    )
    work.session.add(anomaly)
    work.announce(events.AnomalyRaised(order, anomaly))
    work.log("order", order.number, "raise_anomaly", note=text)
    return anomaly


def _next_step(work: Work, priority: Priority, since: datetime) -> datetime:
    urgent = priority is Priority.URGENT
    hours = work.setting(
        "urgent_escalation_working_hours" if urgent else "escalation_working_hours"
    )
    return calendar_of(work, for_facts=True).add_working_time(since, timedelta(hours=hours))


def escalate_due(work: Work) -> int:
    """Take every anomaly whose time is over up the ladder; gives how many.

    Each step counts from the end of the one before, however late this runs.
    """
    due = tasks.anomalies_to_escalate(work, work.now)
    for anomaly, order_number in due:
        before = anomaly.owner_roles
        while anomaly.escalates_at is not None and anomaly.escalates_at <= work.now:
            anomaly.escalate(_next_step(work, anomaly.priority, anomaly.escalates_at))
        changes = {"owner": [", ".join(before), ", ".join(anomaly.owner_roles)]}
        work.log("order", order_number, "escalate_anomaly", changes=changes, note=anomaly.text)
    return len(due)


def take_measure(work: Work, request: Mapping[str, Any]) -> Anomaly:
    """Write down what is done for now, also of an anomaly that the system raised (O30)."""
    anomaly = tasks.anomaly(work, request["anomaly_id"])
    order = orders.order_by_id(work, anomaly.order_id)
    before, measure = anomaly.temporary_measure, request["temporary_measure"]
    anomaly.take_measure(measure)
    changes = {"temporary_measure": [before, measure]}
    work.log("order", order.number, "take_measure", changes=changes, note=anomaly.text)
    return anomaly


def resolve_anomaly(work: Work, request: Mapping[str, Any]) -> Anomaly:
    """Write down the remedy that ended it."""
    anomaly = tasks.anomaly(work, request["anomaly_id"])
    order = orders.order_by_id(work, anomaly.order_id)
    anomaly.resolve(remedy=request["remedy"], by=work.principal.name, at=work.now)
    work.log("order", order.number, "resolve_anomaly", note=request["remedy"])
    return anomaly
