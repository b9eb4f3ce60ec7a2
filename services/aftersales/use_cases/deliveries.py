"""Deliveries that failed on the way: each opens a case (SPEC §7)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chassis.database import Work
from services.aftersales.domain.lifecycle import CaseKind
from services.aftersales.storage import cases, copies
from services.aftersales.use_cases.cases import make_case, part_of_line


def open_failed_delivery(work: Work, shipment: Mapping[str, Any], note: str) -> None:
    """Open the case of a shipment that met an exception, was lost or came back.

    A second failure belongs to the case that is still open. Raises OrderNotKnown, to be tried
    again, while the order has not been heard of.
    """
    order = copies.order(work, shipment["order_number"])
    shipment_id = UUID(shipment["id"])
    standing = cases.open_of_shipment(work, shipment_id)
    told = f"{shipment['number']} {shipment['state']}: {note}"
    if standing is not None:
        work.log("case", standing.number, "delivery_failed_again", note=told)
        return
    sold = {line["line_no"]: line for line in order.view["lines"]}
    make_case(
        work,
        order,
        kind=CaseKind.DELIVERY,
        wish=told,
        lines=[part_of_line(sold[line["line_no"]], line["quantity"]) for line in shipment["lines"]],
        shipment_id=shipment_id,
    )
