"""What follows from what shipping announces: copies, visits, cases of failed deliveries."""

from uuid import UUID

from chassis.clock import business_date
from chassis.database import Work
from chassis.events import Received
from services.aftersales.storage import cases, copies
from services.aftersales.storage import visits as planned
from services.aftersales.use_cases import deliveries, visits


def hear_of_order(work: Work, event: Received) -> None:
    """Keep an order's view; cases and visits follow it to another salesperson."""
    copies.keep_order(work, event.data["order"], event.sequence)
    if event.name == "order_handed_over":
        order_id = UUID(event.data["order"]["id"])
        salesperson_id = copies.salesperson_of(work, order_id)
        cases.hand_over(work, order_id, salesperson_id)
        planned.hand_over(work, event.data["order"]["number"], salesperson_id)


def hear_of_shipment(work: Work, event: Received) -> None:
    """Keep a shipment's view; plan the visits and open the case that its news bring."""
    shipment = event.data["shipment"]
    copies.keep_shipment(work, shipment, event.sequence)
    day = business_date(event.business_at)
    if event.name == "shipment_dispatched":
        visits.plan_after_dispatch(work, shipment, day)
    elif event.name == "shipment_arrived":
        visits.plan_after_arrival(work, shipment, day)
    elif event.name == "shipment_signed":
        visits.plan_after_receipt(work, shipment, event.business_at)
    if event.name in ("shipment_signed", "receipt_recorded"):
        deliveries.follow_receipt(work, shipment)


def hear_of_failed_delivery(work: Work, event: Received) -> None:
    """Keep the view of a shipment that failed, and open its case."""
    shipment = event.data["shipment"]
    copies.keep_shipment(work, shipment, event.sequence)
    deliveries.open_failed_delivery(work, shipment, event.data["note"])
