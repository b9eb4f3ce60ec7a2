"""Visits planned from what happened, a day's list, and how a call went (A7, A10)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.bounds import check_day
from chassis.clock import business_date
from chassis.database import Work
from services.aftersales.domain.lifecycle import VisitState
from services.aftersales.domain.visit import Visit, VisitReason
from services.aftersales.storage import copies, visits

_FOLLOWED_UP_WITHIN = timedelta(days=183)


def plan_after_dispatch(work: Work, shipment: Mapping[str, Any], day: date) -> None:
    """Plan the call that asks whether the goods arrive as told."""
    after = work.setting("visit_days_after_dispatch")
    visits.plan(work, [_planned(work, shipment, VisitReason.AFTER_DISPATCH, day, after)])


def plan_after_arrival(work: Work, shipment: Mapping[str, Any], day: date) -> None:
    """Plan the call after the receipt, for there may be none: it asks for that, too (A10)."""
    visits.plan(work, [_after_receipt(work, shipment, day)])


def plan_after_receipt(work: Work, shipment: Mapping[str, Any], signed_at: datetime) -> None:
    """Plan the calls after a receipt: a new customer's first weeks, a regular one's months."""
    day = business_date(signed_at)
    call = _after_receipt(work, shipment, day)
    before = visits.after_receipt(work, call["shipment_id"])
    if before is None:
        visits.plan_from_receipt(work, call)
    elif before.is_planned:
        before.planned_on = call["planned_on"]
    elif before.was_made_before(signed_at):
        # The arrival's call asked for the receipt; how the goods are, this one asks.
        visits.plan(work, [{**call, "day_offset": call["planned_on"].toordinal()}])
    after: list[tuple[VisitReason, int]] = []
    if _is_regular(work, shipment):
        after.append((VisitReason.MONTHLY, work.setting("regular_visit_days")))
    elif copies.is_first_delivery(work, UUID(shipment["order_id"])):
        after += [
            (VisitReason.NEW_CUSTOMER, days) for days in work.setting("new_customer_visit_days")
        ]
    visits.plan(work, [_planned(work, shipment, reason, day, days) for reason, days in after])


def _after_receipt(work: Work, shipment: Mapping[str, Any], day: date) -> dict[str, Any]:
    after = work.setting("visit_days_after_receipt")
    return _planned(work, shipment, VisitReason.AFTER_RECEIPT, day, after)


def _is_regular(work: Work, shipment: Mapping[str, Any]) -> bool:
    customer_id = shipment["customer_id"]
    if customer_id is None:
        return False
    new_until: int = work.setting("new_customer_orders")
    return copies.orders_delivered_to(work, UUID(customer_id)) > new_until


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
    return day_list(work, request["on"] or work.today)


def day_list(work: Work, on: date) -> Sequence[Visit]:
    """Give what is left of a day's list: the calls made that day have used up their places."""
    places = work.setting("visits_a_day") - visits.made_on(work, on)
    return visits.due(work, on, max(0, places))


def record_visit(work: Work, request: Mapping[str, Any]) -> Visit:
    """Write down how a call went; the next one is planned as agreed, a monthly one anyway.

    Raises InvalidFields for a day agreed that is past or beyond half a year.
    """
    visit = visits.visit(work, request["visit_id"], lock=True)
    visit.record(
        reached=request["reached"],
        score=request["score"],
        notes=request["notes"],
        by=work.principal.name,
        at=work.now,
    )
    work.session.flush()
    if (agreed := request["follow_up_on"]) is not None:
        check_day("follow_up_on", agreed, first=work.today, last=work.today + _FOLLOWED_UP_WITHIN)
        urgent = request["urgent"]
        visits.agree(work, _another(visit, VisitReason.FOLLOW_UP, agreed, urgent=urgent))
    if visit.reason is VisitReason.MONTHLY:
        day = work.today + timedelta(days=work.setting("regular_visit_days"))
        visits.plan(work, [_another(visit, VisitReason.MONTHLY, day)])
    work.log(
        "visit",
        visit.id,
        "record",
        changes={"reached": [None, visit.reached], "score": [None, visit.score]},
    )
    return visit


def drop_visit(work: Work, request: Mapping[str, Any]) -> Visit:
    """Give up a call, and a regular customer's monthly ones with it until its next receipt."""
    visit = visits.visit(work, request["visit_id"], lock=True)
    visit.drop(request["note"])
    work.session.flush()
    work.log("visit", visit.id, "drop", note=request["note"])
    return visit


def _another(
    visit: Visit, reason: VisitReason, day: date, *, urgent: bool = False
) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "reason": reason,
        "state": VisitState.PLANNED,
        "shipment_id": visit.shipment_id,
        "order_id": visit.order_id,
        "order_number": visit.order_number,
        "customer_id": visit.customer_id,
        "customer_name": visit.customer_name,
        "salesperson_id": visit.salesperson_id,
        "day_offset": day.toordinal(),  # of no event; older releases tell them apart by it
        "planned_on": day,
        "urgent": urgent,
    }
