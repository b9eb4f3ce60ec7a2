"""A shipment's page."""

from dataclasses import dataclass
from typing import Any

from chassis.database import Work
from services.shipping.domain.notice import NoticeSending
from services.shipping.domain.obligation import Obligation
from services.shipping.domain.order import OrderCopy
from services.shipping.domain.shipment import Shipment
from services.shipping.storage import obligations, orders, scans, shipments


@dataclass(frozen=True)
class Page:
    """Everything that a shipment's page and its printed papers show."""

    shipment: Shipment
    order: OrderCopy | None
    obligations: list[Obligation]
    sendings: list[NoticeSending]
    scans: list[Any]


def page_of(work: Work, number: str) -> Page:
    """Give a shipment's page. Raises ShipmentNotFound."""
    shipment = shipments.get(work.session, number, work.principal)
    return Page(
        shipment=shipment,
        order=orders.by_id(work.session, shipment.order_id),
        obligations=obligations.all_of(work.session, shipment.id),
        sendings=obligations.sendings(work.session, shipment.id),
        scans=scans.of_parcels(work.session, [p.code for p in shipment.parcels], limit=1000),
    )
