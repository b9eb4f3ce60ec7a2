"""What an order holds in inventory: finished goods by line, material, slots."""

from typing import Any
from uuid import UUID

from chassis.database import Work
from chassis.quantity import ZERO
from services.inventory.domain.product import Supply
from services.inventory.storage import instructions, orders, work_centres
from services.inventory.use_cases import material_stock, reservations


def get_holdings(work: Work, order_id: UUID) -> dict[str, Any]:
    """Give what is held for an order's lines; surplus that a submit gave up is not counted."""
    lines: dict[UUID, dict[str, Any]] = {}
    order = orders.find(work.session, order_id)
    for line in order.lines if order is not None else ():
        supply = Supply.MAKE if line.is_made else Supply.STOCK
        lines[line.id] = _line(line.id, line.product_id, supply)
    for row in reservations.holdings(work, order_id):
        facts = lines.setdefault(row.line_id, _line(row.line_id, row.product_id, row.supply))
        facts["held"] += row.quantity - row.surplus
        facts["consumed"] += row.consumed
    for instruction in instructions.of_order(work.session, order_id):
        of_line = lines.get(instruction.line_id)
        accepted = instruction.accepted_quantity
        if of_line and accepted is not None and not instruction.into_free_stock:
            of_line["accepted_quantity"] = (of_line["accepted_quantity"] or ZERO) + accepted
    return {
        "lines": list(lines.values()),
        "material": [
            {
                "line_id": claim.line_id,
                "material_code": claim.material_code,
                "demand": claim.demand,
                "held": claim.held,
                "consumed": claim.consumed,
                "waiting": claim.waiting,
            }
            for claim in material_stock.material_holdings(work, order_id)
        ],
        "slots": _slots(work, order_id),
    }


def _slots(work: Work, order_id: UUID) -> list[dict[str, Any]]:
    booked = work_centres.slots_of(work.session, [order_id])
    centres = work_centres.by_ids(work.session, {slot.work_centre_id for slot in booked})
    return [
        {
            "line_id": slot.line_id,
            "work_centre_code": centres[slot.work_centre_id].code,
            "day": slot.day,
            "quantity": slot.quantity,
            "used": slot.used_at is not None,
        }
        for slot in booked
    ]


def _line(line_id: UUID, product_id: UUID, supply: Supply) -> dict[str, Any]:
    return {
        "line_id": line_id,
        "product_id": product_id,
        "supply": supply,
        "held": ZERO,
        "consumed": ZERO,
        "accepted_quantity": None,
    }
