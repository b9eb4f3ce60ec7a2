"""What follows from what shipping announces: copies, visits, cases of failed deliveries."""

from chassis.clock import business_date
from chassis.database import Work
from chassis.events import Received
from services.aftersales.storage import copies
from services.aftersales.use_cases import deliveries, visits


def hear_of_shipment(work: Work, event: Received) -> None:
    """Keep a shipment's view; plan the visits that its news bring."""
    shipment = event.data["shipment"]
    copies.keep_shipment(work, shipment, event.sequence)
    day = business_date(event.business_at)
    if event.name == "shipment_dispatched":
        visits.plan_after_dispatch(work, shipment, day)
    elif event.name == "shipment_signed":
        visits.plan_after_receipt(work, shipment, day)


def hear_of_failed_delivery(work: Work, event: Received) -> None:
    """Keep the view of a shipment that failed, and open its case."""
    shipment = event.data["shipment"]
    copies.keep_shipment(work, shipment, event.sequence)
    deliveries.open_failed_delivery(work, shipment, event.data["note"])
