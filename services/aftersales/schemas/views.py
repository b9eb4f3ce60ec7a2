"""Views out, as answers and events carry them, and how events are dumped."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema

from chassis.events import Event
from services.aftersales.domain import events
from services.aftersales.domain.case import DISPOSITIONS, Case, CaseLine
from services.aftersales.domain.visit import Visit


def _quantity(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def case_line(line: CaseLine) -> dict[str, Any]:
    """Dump one line of a case."""
    return {
        "line_id": str(line.line_id),
        "line_no": line.line_no,
        "product_id": str(line.product_id),
        "product_code": line.product_code,
        "product_name": line.product_name,
        "unit": line.unit,
        "quantity": _quantity(line.quantity),
        "received": _quantity(line.received),
        "sold_for": f"{line.sold_for:.2f}",
        **{name: _quantity(getattr(line, name)) for name in DISPOSITIONS},
        "defect": line.defect,
    }


def case(case: Case) -> dict[str, Any]:
    """Dump a case."""
    return {
        "id": str(case.id),
        "number": case.number,
        "version": case.version,
        "kind": str(case.kind),
        "state": str(case.state),
        "order_id": str(case.order_id),
        "order_number": case.order_number,
        "customer_id": str(case.customer_id),
        "customer_name": case.customer_name,
        "shipment_id": None if case.shipment_id is None else str(case.shipment_id),
        "wish": case.wish,
        "opened_by": case.opened_by,
        "opened_at": _moment(case.opened_at),
        "answer_due_at": _moment(case.answer_due_at),
        "acknowledged_at": _moment(case.acknowledged_at),
        "decided_by": case.decided_by,
        "decision": case.decision,
        "return_to": case.return_to,
        "received_at": _moment(case.received_at),
        "inspected_by": case.inspected_by,
        "most_refund": f"{case.most_refund:.2f}",
        "reshipped_as": case.reshipped_as,
        "reshipped_by": case.reshipped_by,
        "resolution": None if case.resolution is None else str(case.resolution),
        "refund": None if case.refund is None else f"{case.refund:.2f}",
        "settled_by": case.settled_by,
        "closed_at": _moment(case.closed_at),
        "photos": case.photos,
        "lines": [case_line(line) for line in case.lines],
    }


def visit(visit: Visit) -> dict[str, Any]:
    """Dump a visit."""
    return {
        "id": str(visit.id),
        "reason": str(visit.reason),
        "state": str(visit.state),
        "order_number": visit.order_number,
        "customer_name": visit.customer_name,
        "planned_on": visit.planned_on.isoformat(),
        "urgent": visit.urgent,
        "reached": visit.reached,
        "score": visit.score,
        "notes": visit.notes,
        "visited_by": visit.visited_by,
        "visited_at": _moment(visit.visited_at),
    }


class CaseAnnounced(Schema):
    """Dumps an event of a case: its whole view, and beside it what listeners act on."""

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:  # noqa: ARG002
        view = case(obj.case)
        told: dict[str, Any] = {"case": view}
        if isinstance(obj, events.ReturnReceived):
            told["lines"] = [
                {"product_id": line["product_id"], "quantity": line["received"]}
                for line in view["lines"]
            ]
        elif isinstance(obj, events.ReturnInspected):
            told["lines"] = [
                {name: line[name] for name in ("product_id", *DISPOSITIONS)}
                for line in view["lines"]
            ]
        elif isinstance(obj, events.RefundSettled):
            names = ("order_id", "order_number", "customer_id")
            told |= {name: view[name] for name in names} | {"amount": view["refund"]}
        return told


EVENTS: dict[type[Event], Schema] = {
    kind: CaseAnnounced()
    for kind in (
        events.CaseOpened,
        events.ReturnReceived,
        events.ReturnInspected,
        events.RefundSettled,
        events.CaseClosed,
    )
}
