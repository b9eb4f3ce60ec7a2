"""Visits planned from what happened, a day's list, and how a call went (A7, A10)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.clock import business_date
from chassis.database import Work
from chassis.events import Received
from services.aftersales.domain.lifecycle import VisitState
from services.aftersales.domain.visit import Visit, VisitReason
from services.aftersales.storage import copies, visits


def hear_of_shipment(work: Work, event: Received) -> None:
    """Keep a shipment's view and plan the visits that follow its dispatch or receipt."""
    shipment = event.data["shipment"]
    copies.keep_shipment(work, shipment, event.sequence)
    day = business_date(event.business_at)
    if event.name == "shipment_dispatched":
        after = work.setting("visit_days_after_dispatch")
        visits.plan(work, [_planned(work, shipment, VisitReason.AFTER_DISPATCH, day, after)])
    elif event.name == "shipment_signed":
        visits.plan(work, _after_receipt(work, shipment, day))


def _after_receipt(work: Work, shipment: Mapping[str, Any], day: date) -> list[dict[str, Any]]:
    after = work.setting("visit_days_after_receipt")
    planned = [_planned(work, shipment, VisitReason.AFTER_RECEIPT, day, after)]
    customer_id = shipment["customer_id"]
    known = 0 if customer_id is None else copies.delivered_to(work, UUID(customer_id))
    if known <= work.setting("new_customer_orders"):
        planned += [
            _planned(work, shipment, VisitReason.NEW_CUSTOMER, day, days)
            for days in work.setting("new_customer_visit_days")
        ]
    return planned


def _planned(
    work: Work, shipment: Mapping[str, Any], reason: VisitReason, day: date, after: int
) -> dict[str, Any]:
    order_id, customer_id = UUID(shipment["order_id"]), shipment["customer_id"]
    return {
        "id": uuid4(),
        "reason": reason,
        "state": VisitState.PLANNED,
        "shipment_id": UUID(shipment["id"]),
        "order_id": order_id,
        "order_number": shipment["order_number"],
        "customer_id": None if customer_id is None else UUID(customer_id),
        "customer_name": shipment["customer_name"] or "",
        "salesperson_id": copies.salesperson_of(work, order_id),
        "day_offset": after,
        "planned_on": day + timedelta(days=after),
        "urgent": False,
    }


def list_visits(work: Work, request: Mapping[str, Any]) -> Sequence[Visit]:
    """Give a day's list, at most so many as a day holds, or the visits about one order."""
    if request["order_number"] is not None:
        return visits.of_order(work, request["order_number"])
    return visits.due(work, request["on"] or work.today, work.setting("visits_a_day"))


def record_visit(work: Work, request: Mapping[str, Any]) -> Visit:
    """Write down how a call went; the next one is planned as agreed."""
    visit = visits.visit(work, request["visit_id"])
    visit.record(
        reached=request["reached"],
        score=request["score"],
        notes=request["notes"],
        by=work.principal.name,
        at=work.now,
    )
    if request["follow_up_on"] is not None:
        visits.plan(work, [_follow_up(visit, request["follow_up_on"], urgent=request["urgent"])])
    work.log("visit", visit.id, "record", changes={"score": [None, visit.score]})
    return visit


def _follow_up(visit: Visit, day: date, *, urgent: bool) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "reason": VisitReason.FOLLOW_UP,
        "state": VisitState.PLANNED,
        "shipment_id": visit.shipment_id,
        "order_id": visit.order_id,
        "order_number": visit.order_number,
        "customer_id": visit.customer_id,
        "customer_name": visit.customer_name,
        "salesperson_id": visit.salesperson_id,
        # The day itself tells the follow-ups of one shipment apart: one a day is enough.
        "day_offset": day.toordinal(),
        "planned_on": day,
        "urgent": urgent,
    }
