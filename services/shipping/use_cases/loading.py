"""What every move begins with: who acts, the locked row, the version it was read in."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from chassis.database import Work
from chassis.errors import guard_version
from services.shipping.domain.errors import LineTwice
from services.shipping.domain.shipment import ReadBack, Shipment
from services.shipping.storage import shipments


def person(work: Work) -> tuple[str, str]:
    """Give who acts: id and name."""
    return work.principal.person_id, work.principal.name


def locked(
    work: Work,
    request: dict[str, Any],
    *,
    roles: tuple[str, ...],
    legal: Callable[[Shipment], object],
) -> Shipment:
    """Lock the shipment of a move, after role and legal move and before its guards.

    Raises RoleNeeded, ShipmentNotFound, IllegalMove or StaleVersion, in this order.
    """
    work.principal.require(*roles)
    shipment = shipments.get(work.session, request["shipment_number"], work.principal, lock=True)
    legal(shipment)
    guard_version(shipment.number, shipment.version, request.get("expected_version"))
    return shipment


def read_back(request: dict[str, Any]) -> ReadBack:
    """Give what was read aloud. Raises LineTwice."""
    said = request["read_back"]
    quantities: dict[int, Decimal] = {}
    for line in said["lines"]:
        if line["line_no"] in quantities:
            raise LineTwice(line_no=line["line_no"])
        quantities[line["line_no"]] = line["quantity"]
    return ReadBack(
        name=said["name"],
        phone=said["phone"],
        address=said["address"],
        quantities=quantities,
    )


def log_move(
    work: Work, shipment: Shipment, action: str, before: str, request: dict[str, Any]
) -> None:
    """Write a move into the log of changes."""
    changes = {"state": [before, str(shipment.state)]} if before != shipment.state else {}
    work.log(
        "shipment",
        shipment.number,
        action,
        changes=changes,
        reason=request.get("reason"),
        note=request.get("note"),
    )
