"""What time alone does: slides told, orders expired, late sign-backs reported, escalation."""

from datetime import datetime, timedelta

from chassis.clock import business_date
from chassis.database import Work
from services.orders.domain import events
from services.orders.domain.anomaly import AnomalyClass, Priority, Topic
from services.orders.domain.lifecycle import Stage, Verdict
from services.orders.domain.order import Order
from services.orders.domain.review import reopen_expired
from services.orders.domain.task import TaskKind
from services.orders.storage import orders, tasks
from services.orders.use_cases import clocks
from services.orders.use_cases.anomalies import open_anomaly
from services.orders.use_cases.ending import drop_open_tasks
from services.orders.use_cases.owing import owe
from services.orders.use_cases.telling import tell_slid_dates

DAY = timedelta(days=1)


def announce_slides(work: Work, slot: datetime) -> int:
    """Tell of each order whose dates slid by another day; the dates themselves are computed."""
    today = business_date(slot)
    found = 0
    for order_id in orders.ids_of_sliding(work, today):
        order = orders.find_order(work, order_id)
        if order is None or order.slide_days(today) == order.slide_days(today - DAY):
            continue  # a day off, where only working days count
        work.announce(events.DatesSlid(order))
        tell_slid_dates(work, order, today)
        found += 1
    return found


def reopen_expired_gates(work: Work) -> int:
    """Open the gates of reviews anew whose statements were valid until yesterday.

    So they wait in their signers' work lists before anybody has to approve by them.
    """
    reopened = 0
    for order_id in orders.ids_with_expired_statements(work, work.today):
        order = orders.find_order(work, order_id)
        # It may have left the review before it was locked.
        if order is None or order.stage is not Stage.IN_REVIEW:
            continue
        if any(gate.verdict is Verdict.REFUSED for gate in order.gates):
            continue  # It waits to be returned; the next submit asks for what has expired.
        expired = reopen_expired(order, work.today, work.now)
        clocks.run_until_stated(work, order)
        work.announce(order.change())
        work.log(
            "order",
            order.number,
            "reopen_expired_gates",
            changes={str(kind): [Verdict.PASSED, Verdict.PENDING] for kind in expired},
        )
        reopened += 1
    return reopened


def expire_orders(work: Work, slot: datetime) -> int:
    """Free what untouched drafts and unsigned confirmations hold (SPEC §5)."""
    today = business_date(slot)
    sent = today - timedelta(days=work.setting("confirmation_unsigned_days"))
    touched = today - timedelta(days=work.setting("draft_holds_days"))
    found = [
        *orders.ids_of_unsigned(work, sent),
        *orders.ids_of_drafts_to_expire(work, touched),
    ]
    expired = 0
    for order_id in found:
        order = orders.find_order(work, order_id)
        # Somebody may have taken it up again before it was locked.
        if order is not None and order.is_forgotten(touched=touched, sent=sent):
            _expire(work, order, slot)
            expired += 1
    return expired


def _expire(work: Work, order: Order, slot: datetime) -> None:
    before = order.stage
    work.announce(order.expire(business_date(slot), work.now))
    drop_open_tasks(
        work,
        order,
        TaskKind.TELL_CUSTOMER,
        TaskKind.PRICE_DOUBT,
        TaskKind.GATE_REFUSED,
        TaskKind.RECEIVED_CLEARLY,
        outcome="expired",
    )
    work.log("order", order.number, "expire", changes={"stage": [before, order.stage]})
    owe(
        work,
        order,
        TaskKind.EXPIRED,
        title=f"{order.number} expired: what was held for it is free again",
        title_zh=f"订单 {order.number} 超期，已释放占用的额度、库存、原料与排期",
        due_at=work.now,
    )


def report_late_returns(work: Work) -> int:
    """Raise an anomaly for the salesperson for each of grade A's sign-backs that is late."""
    late = tasks.overdue_returns(work, work.now)
    for task in late:
        order = orders.find_order(work, task.order_id)
        if order is None:
            continue
        task.details = {**task.details, "reported": work.now.isoformat()}
        open_anomaly(
            work,
            order,
            cause=AnomalyClass.CUSTOMER_CHANGE,
            topic=Topic.DELAY,
            priority=Priority.NORMAL,
            text=f"The sign-back of {order.number} is late; dispatch goes on.",
            text_zh=f"订单 {order.number} 的签章回传件已逾期，发货照常进行。",
            first="sales",
        )
    return len(late)
