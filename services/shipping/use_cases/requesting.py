"""Dispatch requests: without one nothing leaves (S1, S4)."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis import quantity
from chassis.calendar import calendar_of
from chassis.clock import business_date
from chassis.database import Work
from services.shipping.domain import events
from services.shipping.domain.errors import (
    ConsigneeMissing,
    LineGivenUp,
    LineTwice,
    NotEnoughHeld,
)
from services.shipping.domain.lifecycle import ShipmentState
from services.shipping.domain.obligation import Owed
from services.shipping.domain.order import OrderCopy
from services.shipping.domain.shipment import PICKUP_AT_DEPOT, Shipment, ShipmentLine
from services.shipping.storage import orders, shipments
from services.shipping.use_cases.calendar import after_working_days
from services.shipping.use_cases.loading import person
from services.shipping.use_cases.owing import open_obligation


def look_at_order(work: Work, request: dict[str, Any]) -> dict[str, Any]:
    """Refuse what can be refused before inventory is asked; gives what to ask it."""
    work.principal.require("supervisor" if request["emergency"] else "clerk")
    order = orders.get(work.session, request["order_number"], work.principal)
    order.check_dispatchable()
    _asked_lines(order, request["lines"])
    return {"order_id": str(order.order_id)}


def request_dispatch(
    work: Work, request: dict[str, Any], holdings: list[dict[str, Any]]
) -> Shipment:
    """Write a dispatch request for goods held for the order and not asked for yet.

    `holdings` is inventory's answer. The order's lock makes of two requests at once one after
    the other, so that both cannot ask for the same goods. Raises OrderOnHold,
    OrderBeingCancelled, OrderNotDispatchable, NotEnoughHeld.
    """
    order = orders.get(work.session, request["order_number"], work.principal)
    lock = orders.lock(work.session, order.order_id)
    work.session.refresh(order)
    order.check_dispatchable()
    lock.check_free(order.number)
    wanted = _asked_lines(order, request["lines"])
    asked = shipments.asked_of_order(work.session, order.order_id)
    _check_held(order, wanted, holdings, asked)
    shipment = _new_shipment(work, order, request, wanted)
    work.session.add(shipment)
    if shipment.emergency:
        _owe_emergency_papers(work, shipment)
    work.announce(events.DispatchRequested(shipment))
    action = "request_dispatch_in_emergency" if shipment.emergency else "request_dispatch"
    work.log(
        "shipment",
        shipment.number,
        action,
        changes={"lines": [None, {line.line_no: line.quantity for line in shipment.lines}]},
        reason=request["reason"],
        note=request["note"],
    )
    return shipment


def _asked_lines(
    order: OrderCopy, lines: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], Decimal]]:
    """Give the order's line and quantity of each asked line.

    Raises LineUnknown, LineGivenUp, LineTwice.
    """
    wanted: dict[str, tuple[dict[str, Any], Decimal]] = {}
    for asked in lines:
        line = order.line(line_id=asked["line_id"], line_no=asked["line_no"])
        if line["short_closed"]:
            raise LineGivenUp(order_number=order.number, line_no=line["line_no"])
        if line["id"] in wanted:
            raise LineTwice(line_no=line["line_no"])
        amount = quantity.check(asked["quantity"], line["unit_decimals"])
        wanted[line["id"]] = line, amount
    return list(wanted.values())


def _check_held(
    order: OrderCopy,
    wanted: list[tuple[dict[str, Any], Decimal]],
    holdings: list[dict[str, Any]],
    asked: dict[UUID, Decimal],
) -> None:
    """Raise NotEnoughHeld naming each line that asks for more than is left."""
    held = {holding["line_id"]: holding for holding in holdings}
    short = []
    for line, amount in wanted:
        left = _left(held.get(line["id"]), asked.get(UUID(line["id"]), Decimal(0)))
        if amount > left:
            short.append({"line_no": line["line_no"], "wanted": amount, "left": max(left, 0)})
    if short:
        summary = "; ".join(f"{s['line_no']}: {s['wanted']} > {s['left']}" for s in short)
        raise NotEnoughHeld(order_number=order.number, summary=summary, lines=short)


def _left(holding: dict[str, Any] | None, asked: Decimal) -> Decimal:
    """Give what may still be asked for of a line.

    What has left counts on both sides, as consumed and as asked for. Until inventory has
    booked it, it is still held and not yet consumed, so their sum is right at every moment.
    """
    if holding is None:
        return Decimal(0)
    ever_held: Decimal = holding["held"] + holding["consumed"]
    return ever_held - asked


_CONSIGNEE = ("name", "phone", "address")


def _new_shipment(
    work: Work,
    order: OrderCopy,
    request: dict[str, Any],
    wanted: list[tuple[dict[str, Any], Decimal]],
) -> Shipment:
    view, delivery = order.view, request["delivery"]
    customer, known = view["customer"], view["consignee"] or {}
    consignee = {part: delivery[part] or known.get(part) or "" for part in _CONSIGNEE}
    if missing := [f"consignee_{part}" for part, said in consignee.items() if not said]:
        raise ConsigneeMissing(order_number=order.number, missing=missing)
    requested_by, requester_name = person(work)
    due_at = _due(work, order)
    return Shipment(
        id=uuid4(),
        sequence=0,
        number=shipments.next_number(work.session, work.today),
        order_id=order.order_id,
        order_number=order.number,
        customer_id=order.customer_id,
        customer_code=customer["code"] or "",
        customer_name=customer["name"],
        salesperson_id=order.salesperson_id,
        order_grade=customer["grade"],
        region=delivery["region"] or customer["region"],
        state=ShipmentState.REQUESTED,
        emergency=request["emergency"],
        due_at=due_at,
        limit_at=due_at,
        consignee_name=consignee["name"],
        consignee_phone=consignee["phone"],
        consignee_address=consignee["address"],
        delivery_method=delivery["method"] or view["delivery_method"] or PICKUP_AT_DEPOT,
        urgency=view["urgency"] or "normal",
        requirements=view["special_requirements"] or "",
        remark=delivery["remark"],
        requested_at=work.now,
        requested_by=requested_by,
        requester_name=requester_name,
        lines=[_new_line(line, amount) for line, amount in wanted],
        parcels=[],
    )


def _due(work: Work, order: OrderCopy) -> datetime:
    """Give by when it should leave: a stock order counts from its receipt (SPEC §5, clocks).

    The working time for which that order was on hold since does not count.
    """
    days, received_at = work.setting("dispatch_working_days"), order.received_at
    if received_at is None:
        return after_working_days(work, days)
    due_at = after_working_days(work, days, since=business_date(received_at))
    calendar = calendar_of(work, for_facts=True)
    for since, until in orders.holds_of(work.session, order.order_id):
        due_at = calendar.after_standing_still(due_at, since=since, until=until)
    return due_at


def _new_line(line: dict[str, Any], amount: Decimal) -> ShipmentLine:
    return ShipmentLine(
        line_no=line["line_no"],
        line_id=UUID(line["id"]),
        product_id=UUID(line["product_id"]),
        product_code=line["product_code"],
        product_name=line["product_name"],
        spec=line["spec"] or "",
        unit=line["unit"],
        unit_decimals=line["unit_decimals"],
        packing=line["packing"],
        quantity=amount,
    )


def _owe_emergency_papers(work: Work, shipment: Shipment) -> None:
    days = work.setting("written_request_working_days")
    open_obligation(work, shipment, Owed.WRITTEN_REQUEST, after_working_days(work, days))
    open_obligation(work, shipment, Owed.FINANCE_TOLD, work.now)
