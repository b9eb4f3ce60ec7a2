"""Deliveries that failed, or of which less was signed for: each opens a case (SPEC §7)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import Work
from services.aftersales.domain.lifecycle import GOODS_AWAITED, CaseKind
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


def open_shortfall(work: Work, shipment: Mapping[str, Any]) -> None:
    """Open the case of what a receipt lacks, if the customer signed for less than was sent.

    What had failed and arrived after all leaves its own case to the rest, while its goods are
    awaited. Raises OrderNotKnown, to be tried again, while the order has not been heard of.
    """
    short = [
        (line, Decimal(line["quantity"]), Decimal(line["signed_quantity"]))
        for line in shipment["lines"]
        if line.get("signed_quantity") is not None
        and Decimal(line["signed_quantity"]) < Decimal(line["quantity"])
    ]
    if not short:
        return
    order = copies.order(work, shipment["order_number"])
    sold = {line["line_no"]: line for line in order.view["lines"]}
    lines = [part_of_line(sold[line["line_no"]], sent, signed) for line, sent, signed in short]
    said = "; ".join(f"line {line['line_no']}: {signed} of {sent}" for line, sent, signed in short)
    told = f"{shipment['number']} {shipment['state']}: {said}"
    shipment_id = UUID(shipment["id"])
    standing = cases.settling_shipment(work, shipment_id)
    if standing is None:
        make_case(
            work,
            order,
            kind=CaseKind.DELIVERY,
            wish=told,
            lines=lines,
            shipment_id=shipment_id,
        )
        return
    if standing.state in GOODS_AWAITED:
        standing.narrow(lines, told)
    work.log("case", standing.number, "signed_short", note=told)
