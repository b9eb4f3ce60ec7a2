"""What factory, warehouse and customers' money do to an order, as their events tell."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.changes import difference
from chassis.chinese import in_chinese
from chassis.database import Work
from services.orders.domain.anomaly import AnomalyClass, Priority, Topic
from services.orders.domain.lifecycle import GONE_ASTRAY, LEFT_THE_HOUSE, Stage
from services.orders.domain.line import PLAN, OrderLine
from services.orders.domain.order import Order
from services.orders.storage import copies, orders, tasks
from services.orders.use_cases.anomalies import open_anomaly
from services.orders.use_cases.telling import met_by, tell_of_money, tell_of_shipment

# How far a works instruction has come; an event that arrives late never takes a line back.
_PRODUCTION_STEPS = (
    "draft",
    "issued",
    "accepted",
    "running",
    "abnormal",
    "finished",
    "inspected",
    "stocked",
    "cancelled",
)

# So many orders follow their customer to another salesperson in one transaction.
HANDED_OVER_AT_ONCE = 100


def take_instruction(work: Work, name: str, said: Mapping[str, Any], sequence: int) -> None:
    """Show on its line how far a works instruction has come, as its newest event says."""
    instruction = said["instruction"]
    order = orders.find_order(work, UUID(str(instruction["order_id"])))
    line = None if order is None else order.line_by_id(UUID(str(instruction["line_id"])))
    if order is None or line is None:
        return
    before = _progress(order)
    begins_anew = instruction["number"] != line.instruction_number
    if line.hear_of_instruction(instruction["number"], sequence):
        _show(line, instruction, begins_anew=begins_anew)
    order.note_goods()
    if name == "instruction_became_abnormal":
        _tell_abnormal(work, order, said)
    work.announce(order.change(), *order.fulfil_if_served(work.now))
    _log_progress(work, order, name, before)


def _tell_abnormal(work: Work, order: Order, said: Mapping[str, Any]) -> None:
    """Raise the anomaly of production that stopped, with its reason and what is done for now (O31).

    A message of a release that left these out is told without them.
    """
    number, kind, reason = said["instruction"]["number"], said["class"], said["reason"]
    text, text_zh = f"Works instruction {number} became abnormal", f"生产指令单 {number} 出现异常"
    if kind is not None:
        text, text_zh = f"{text} ({kind})", f"{text_zh}（{in_chinese(kind)}）"
    open_anomaly(
        work,
        order,
        cause=AnomalyClass.PRODUCTION,
        topic=Topic.QUALITY if kind == "quality" else Topic.DELAY,
        priority=Priority.URGENT,
        text=f"{text}: {reason}" if reason else f"{text}.",
        text_zh=f"{text_zh}：{reason}" if reason else f"{text_zh}。",
        temporary_measure=said["measure"],
    )


def _show(line: OrderLine, instruction: Mapping[str, Any], *, begins_anew: bool) -> None:
    state = instruction["state"]
    if state == "cancelled" and Decimal(instruction["line_accepted_quantity"] or 0) > 0:
        # The rest was given up; what an earlier instruction made is in stock.
        state = "stocked"
    # The answer to its issue may have been here before the event of its draft.
    if state in _PRODUCTION_STEPS and (begins_anew or _comes_after(state, line.production)):
        line.production, line.instruction_follows = state, instruction["follows"]
    if instruction["rest_follows"]:
        # Not even one of which nothing was accepted is through while the rest is to be made.
        line.production, line.instruction_follows = _PRODUCTION_STEPS[0], PLAN
    line.produced_quantity = Decimal(instruction["line_produced_quantity"] or 0)
    if instruction["line_accepted_quantity"] is not None:
        line.accepted_quantity = Decimal(instruction["line_accepted_quantity"])


def _progress(order: Order) -> dict[str, Any]:
    """Give what factory and warehouse move of an order, for the log."""
    lines = {
        f"line {line.line_no}": [
            line.production,
            line.produced_quantity,
            line.accepted_quantity,
            line.shipped_quantity,
            line.signed_quantity,
        ]
        for line in order.lines
    }
    return {"stage": order.stage, **lines}


def _log_progress(work: Work, order: Order, name: str, before: dict[str, Any]) -> None:
    if changes := difference(before, _progress(order)):
        work.log("order", order.number, name, changes=changes)


def _comes_after(state: str, present: str | None) -> bool:
    if present in (None, state) or {state, present} == {"running", "abnormal"}:
        return True
    return _PRODUCTION_STEPS.index(state) > _PRODUCTION_STEPS.index(present)


def take_shipment(work: Work, name: str, shipment: Mapping[str, Any], sequence: int) -> None:
    """Keep a shipment's newest view, and reckon from all of them what was shipped and signed."""
    order = orders.find_order(work, UUID(str(shipment["order_id"])))
    if order is None:
        return
    before = _progress(order)
    if copies.keep_shipment(work, shipment, sequence):
        tell_of_shipment(work, order, name, shipment)
    _reckon_shipped(work, order)
    changes = order.start(work.now) if order.stage is Stage.CONFIRMED else [order.change()]
    work.announce(*changes, *order.fulfil_if_served(work.now))
    _log_progress(work, order, name, before)
    if name in ("shipment_signed", "receipt_recorded") and (complaint := _complaint(shipment)):
        topic, text, text_zh = complaint
        open_anomaly(
            work,
            order,
            cause=AnomalyClass.LOGISTICS,
            topic=topic,
            priority=Priority.URGENT,
            text=f"The receipt of shipment {shipment['number']}: {text}.",
            text_zh=f"发货单 {shipment['number']} 的到货回单：{text_zh}。",
        )
    if name == "shipment_failed":
        open_anomaly(
            work,
            order,
            cause=AnomalyClass.LOGISTICS,
            topic=Topic.DELAY,
            priority=Priority.URGENT,
            text=f"Shipment {shipment['number']} is {shipment['state']}.",
            text_zh=f"发货单 {shipment['number']}：{in_chinese(shipment['state'])}。",
        )


def _complaint(shipment: Mapping[str, Any]) -> tuple[Topic, str, str] | None:
    """Say what a receipt lacks: less signed for than was shipped, or something damaged.

    In English and in Chinese.
    """
    short = [
        (
            f"line {line['line_no']}: {line['signed_quantity']} of {line['quantity']}",
            f"第 {line['line_no']} 行签收 {line['signed_quantity']}，应收 {line['quantity']}",
        )
        for line in shipment["lines"]
        if Decimal(line["signed_quantity"] or line["quantity"]) < Decimal(line["quantity"])
    ]
    damaged = [
        (
            f"line {line['line_no']}: {line['damaged_quantity']} damaged",
            f"第 {line['line_no']} 行破损 {line['damaged_quantity']}",
        )
        for line in shipment["lines"]
        if Decimal(line["damaged_quantity"] or 0) > 0
    ]
    said = [*short, *damaged]
    if shipment["damage"]:
        said.append((shipment["damage"], shipment["damage"]))
    if not said:
        return None
    text, text_zh = zip(*said, strict=True)
    return (Topic.QUANTITY if short else Topic.QUALITY), "; ".join(text), "；".join(text_zh)


def _reckon_shipped(work: Work, order: Order) -> None:
    shipped: dict[str, Decimal] = defaultdict(Decimal)
    signed: dict[str, Decimal] = defaultdict(Decimal)
    astray: dict[str, Decimal] = defaultdict(Decimal)
    for copy in copies.shipments_of(work, order.id):
        for line in copy.view["lines"]:
            line_id, quantity = line["line_id"], Decimal(line["quantity"])
            if copy.state in GONE_ASTRAY:
                astray[line_id] += quantity
            if copy.state in LEFT_THE_HOUSE:
                shipped[line_id] += quantity
            if copy.state == "signed":
                signed[line_id] += Decimal(line["signed_quantity"] or quantity)
    for line in order.lines:
        line.shipped_quantity = shipped[str(line.id)]
        line.signed_quantity = signed[str(line.id)]
        line.astray_quantity = astray[str(line.id)]
    order.note_goods()


def take_rejected_scan(work: Work, shipment: Mapping[str, Any], reason: str | None) -> None:
    """Raise the urgent anomaly of a scan that shipping rejected (SPEC §7)."""
    order = orders.find_order(work, UUID(str(shipment["order_id"])))
    if order is None:
        return
    why_zh = _REJECTED_SCANS.get(reason or "") or in_chinese(reason)
    open_anomaly(
        work,
        order,
        cause=AnomalyClass.LOGISTICS,
        topic=Topic.OTHER,
        priority=Priority.URGENT,
        text=f"A scan of shipment {shipment['number']} was rejected: {reason}",
        text_zh=f"发货单 {shipment['number']} 的一次扫描被拒：{why_zh}。",
    )


# Beside the states of a shipment, why shipping rejects a scan (services/shipping/use_cases).
_REJECTED_SCANS = {
    "not_handed": "尚未交办",
    "order_on_hold": "订单暂停中",
    "order_being_cancelled": "订单正在取消",
    "sequence_reused": "序号已属于另一次扫描",
}


def take_customer(work: Work, customer: Mapping[str, Any], sequence: int) -> None:
    """Keep the newest copy of a customer; its orders follow to its present salesperson, in time.

    The others are told, for they show what belongs to an order to its salesperson only.
    """
    if not copies.keep_customer(work, customer, sequence):
        return
    orders.follow_customer(work, customer)
    _hand_over(work, customer)


def go_on_handing_over(work: Work) -> None:
    """Hand over the next orders of a customer who has more than were handed over at once."""
    customer = copies.being_handed_over(work)
    if customer is not None:
        _hand_over(work, customer)


def _hand_over(work: Work, customer: Mapping[str, Any]) -> None:
    """Hand a customer's orders over to its present salesperson, the newest first, some at once.

    Of a customer with thousands, one transaction for all would hold the locks of all, and keep
    the event of each back from everybody until the last was written.
    """
    found = orders.of_another_salesperson(work, customer, HANDED_OVER_AT_ONCE)
    former = {order.salesperson_id for order in found}
    for order in found:
        work.announce(order.hand_over(customer["salesperson_id"], customer["salesperson_name"]))
    if found:
        present = customer["salesperson_id"]
        tasks.follow_salesperson(work, [order.id for order in found], present, former)
    goes_on = len(found) == HANDED_OVER_AT_ONCE
    copies.mark_handing_over(work, UUID(str(customer["id"])), goes_on=goes_on)


def take_product(work: Work, product: Mapping[str, Any], sequence: int) -> None:
    """Keep the newest copy of a product."""
    copies.keep_product(work, product, sequence)


def take_money(work: Work, money: Mapping[str, Any], sequence: int) -> None:
    """Keep the newest figures of an order's money; tell sales of what was met, or is no more.

    Nothing stops what the factory has begun, nor opens a closed order again by itself.
    """
    order_id = UUID(str(money["order_id"]))
    before = copies.money(work, order_id)
    if not copies.keep_money(work, money, sequence):
        return
    lost = {
        stage
        for stage, met in ((Stage.IN_PROGRESS, "deposit_met"), (Stage.CLOSED, "paid_in_full"))
        if before.get(met) and not money.get(met)
    }
    met_before, met = met_by(before), met_by(money)
    order = orders.find_order(work, order_id) if lost or met != met_before else None
    if order is None:
        return
    if met != met_before:
        tell_of_money(work, order, met_before, met)
    if order.stage in lost:
        open_anomaly(
            work,
            order,
            cause=AnomalyClass.CUSTOMER_CHANGE,
            topic=Topic.OTHER,
            priority=Priority.URGENT,
            # Anomalies and the log are open to all, the figures are not.
            text=f"Verified money of {order.number} is missing again.",
            text_zh=f"订单 {order.number} 已核实的货款又有缺口。",
            first="sales",
        )
