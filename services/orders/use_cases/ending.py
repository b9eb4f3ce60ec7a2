"""Short-closing, tasks done, wishes to cancel, and orders of the old books."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

from chassis import money
from chassis.clock import BUSINESS_ZONE
from chassis.database import Work
from services.orders.domain import events
from services.orders.domain.errors import PastOrderDiffers, ProductNotKnown
from services.orders.domain.lifecycle import UNDER_WAY, Stage, TaskState
from services.orders.domain.line import STOCK, OrderLine
from services.orders.domain.order import Order
from services.orders.domain.task import Task, TaskKind
from services.orders.storage import copies, orders, prices, tasks
from services.orders.use_cases.drafting import CURRENCY


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


def finish_task(work: Work, request: Mapping[str, Any]) -> Task:
    """Note that a task is done, and how it ended."""
    task = tasks.task(work, request["task_id"])
    order = orders.order_by_id(work, task.order_id, lock=task.kind is TaskKind.PAPER_OWED)
    work.principal.require(task.role, "clerk", "supervisor")
    task.guard_finish()
    task.end(TaskState.DONE, by=work.principal.person_id, at=work.now, outcome=request["outcome"])
    if task.kind is TaskKind.PAPER_OWED:
        work.announce(order.take_paper())
    work.log("order", order.number, f"finish_{task.kind}", note=request["outcome"])
    return task


def wish_cancel(work: Work, request: Mapping[str, Any]) -> Order:
    """Write down a wish to cancel: a task for the supervisor, who alone may do it."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_cancel(request["expected_version"])
    work.session.add(
        Task(
            id=uuid4(),
            order_id=order.id,
            kind=TaskKind.CANCEL_WISH,
            role="supervisor",
            title=f"Cancel {order.number}? {request['note'] or request['reason']}",
            title_zh=f"请求取消订单 {order.number}：{request['note'] or request['reason']}",
            details={"reason": request["reason"], "by": work.principal.name},
            opened_at=work.now,
            due_at=work.now,
        )
    )
    work.log("order", order.number, "wish_cancel", reason=request["reason"], note=request["note"])
    return order


def drop_open_tasks(work: Work, order: Order, *, outcome: str) -> None:
    """End what nobody owes any more once an order is over."""
    for task in tasks.open_tasks(work, order.id):
        task.end(TaskState.DROPPED, by=work.principal.person_id, at=work.now, outcome=outcome)


def record_past_order(work: Work, request: Mapping[str, Any]) -> Order:
    """Record an order of the old books: original dates, no gates, no receivable.

    Repeatable: the same reference with the same content gives the order recorded before.
    Raises PastOrderDiffers for other content, CustomerNotKnown, ProductNotKnown.
    """
    known = orders.past_order(work, request["reference"])
    if known is not None:
        if _told(known) != _asked(request):
            raise PastOrderDiffers(reference=request["reference"])
        return known
    ordered_at = _noon(request["ordered_on"])
    order = Order(
        id=uuid4(),
        number=orders.next_number(work),
        clerk=work.principal,
        now=ordered_at,
        channel="import",
        asked_by=request["customer_code"],
        asked_at=ordered_at,
        currency=CURRENCY,
    )
    work.session.add(order)
    _fill_from_books(work, order, request)
    fulfilled = request["fulfilled_on"] is not None
    work.announce(events.PastOrderRecorded(order, fulfilled))
    work.log("order", order.number, "record_past_order", note=request["reference"])
    work.session.flush()
    prices.keep_last_prices(work, order)
    return order


def _fill_from_books(work: Work, order: Order, request: Mapping[str, Any]) -> None:
    order.imported, order.past_reference = True, request["reference"]
    order.belong_to(copies.customer(work, request["customer_code"]))
    consignee = request["consignee"]
    order.fill_in(
        {
            "order_type": "ship",
            "consignee_name": consignee.get("name"),
            "consignee_phone": consignee.get("phone"),
            "consignee_address": consignee.get("address"),
            "base_customer_due": request["customer_due"],
            "special_requirements": request["special_requirements"],
        },
        order.created_at,
    )
    order.lines = _past_lines(work, request)
    order.reckon()
    order.scheme_total = order.total
    order.confirmed_at = order.submitted_at = order.approved_at = order.created_at
    # The old books say only where an order ended, not by which of our moves it got there.
    for stage in (
        Stage.DRAFT,
        Stage.IN_REVIEW,
        Stage.APPROVED,
        Stage.AWAITING_RETURN,
        Stage.CONFIRMED,
        Stage.IN_PROGRESS,
    ):
        order.stage = stage
    if request["fulfilled_on"] is not None:
        done_at = _noon(request["fulfilled_on"])
        for line in order.lines:
            line.shipped_quantity = line.signed_quantity = line.quantity
        order.stage = Stage.FULFILLED
        order.fulfilled_at = order.touched_at = done_at
    else:
        order.holds_anything = True
        order.note_goods()


def _past_lines(work: Work, request: Mapping[str, Any]) -> list[OrderLine]:
    known = copies.products(work, (line["product_code"] for line in request["lines"]))
    lines = []
    for line_no, line in enumerate(request["lines"], start=1):
        product = known.get(line["product_code"])
        if product is None:
            raise ProductNotKnown(line_no=line_no, product_code=line["product_code"])
        gross = money.fen(line["quantity"] * line["unit_price"])
        lines.append(
            OrderLine(
                id=uuid4(),
                line_no=line_no,
                product=product,
                quantity=line["quantity"],
                supply=STOCK,
                unit_price=line["unit_price"],
                discount=gross - line["amount"],
            )
        )
    return lines


def _told(order: Order) -> list[Any]:
    return [
        order.customer_code,
        order.created_at,
        [(line.product_code, line.quantity, line.unit_price, line.amount) for line in order.lines],
    ]


def _asked(request: Mapping[str, Any]) -> list[Any]:
    return [
        request["customer_code"],
        _noon(request["ordered_on"]),
        [
            (line["product_code"], line["quantity"], line["unit_price"], line["amount"])
            for line in request["lines"]
        ],
    ]


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), BUSINESS_ZONE).astimezone(UTC)
