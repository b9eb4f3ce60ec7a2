"""Views out: the order's public view and its details, as answers and events carry them.

Written as plain functions: an order is dumped with every command and event, and field by
field through marshmallow that costs more than the rest of the command.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chassis import clock
from services.orders.domain.anomaly import Anomaly
from services.orders.domain.confirmation import Confirmation, slid
from services.orders.domain.gate import Gate
from services.orders.domain.line import OrderLine
from services.orders.domain.order import Order
from services.orders.domain.pricing import PriceScheme, Promotion
from services.orders.domain.task import Task


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _price(value: Decimal) -> str:
    return f"{value:.6f}"


def _quantity(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _percent(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def order_line(line: OrderLine, production_due: date | None) -> dict[str, Any]:
    """Dump one line; `production_due` is its own, with the slide."""
    return {
        "id": str(line.id),
        "line_no": line.line_no,
        "product_id": str(line.product_id),
        "product_code": line.product_code,
        "product_name": line.product_name,
        "spec": line.spec,
        "unit": line.unit,
        "unit_decimals": line.unit_decimals,
        "supply": line.supply,
        "quantity": _quantity(line.quantity),
        "unit_price": _price(line.unit_price),
        "discount": _amount(line.discount),
        "amount": _amount(line.amount),
        "tolerance_over": _percent(line.tolerance_over),
        "tolerance_under": _percent(line.tolerance_under),
        "packing": line.packing,
        "production_due": _day(production_due),
        "production": line.production,
        "instruction_number": line.instruction_number,
        "produced_quantity": _quantity(line.produced_quantity),
        "accepted_quantity": _quantity(line.accepted_quantity),
        "shipped_quantity": _quantity(line.shipped_quantity),
        "signed_quantity": _quantity(line.signed_quantity),
        "short_closed": line.short_closed,
    }


def gate_summary(gate: Gate) -> dict[str, Any]:
    """Dump how a gate stands."""
    return {"kind": str(gate.kind), "verdict": str(gate.verdict), "revision": gate.revision}


def gate(gate: Gate) -> dict[str, Any]:
    """Dump a gate with its signature and figures."""
    return {
        **gate_summary(gate),
        "is_open": gate.is_open,
        "opened_at": _moment(gate.opened_at),
        "text": gate.text,
        "text_zh": gate.text_zh,
        "signer_id": gate.signer_id,
        "signer_name": gate.signer_name,
        "signed_at": _moment(gate.signed_at),
        "valid_until": _day(gate.valid_until),
        "attachment": gate.attachment,
        "override": gate.override,
        "figures": gate.figures,
    }


def order(order: Order, today: date | None = None) -> dict[str, Any]:
    """Dump the public view: what every event carries and copies keep."""
    day = today or clock.business_date(clock.business_now())
    standing = order.confirmation
    return {
        "id": str(order.id),
        "number": order.number,
        "version": order.version,
        "stage": str(order.stage),
        "revision": order.revision,
        "hold": order.hold,
        "order_type": order.order_type,
        "channel": order.channel,
        "asked_by": order.asked_by,
        "asked_at": _moment(order.asked_at),
        "reply_by": _moment(order.reply_by),
        "wish": order.wish,
        "paper_owed": order.paper_owed,
        "customer": None
        if order.customer_id is None
        else {
            "id": str(order.customer_id),
            "code": order.customer_code,
            "name": order.customer_name,
            "grade": order.grade,
            "region": order.region,
            "salesperson_id": order.salesperson_id,
            "salesperson_name": order.salesperson_name,
        },
        "clerk_id": order.clerk_id,
        "clerk_name": order.clerk_name,
        "consignee": {
            "name": order.consignee_name,
            "phone": order.consignee_phone,
            "address": order.consignee_address,
        },
        "delivery_method": order.delivery_method,
        "urgency": order.urgency,
        "special_requirements": order.special_requirements,
        "currency": order.currency,
        "total": _amount(order.total),
        "scheme_total": _amount(order.scheme_total),
        "coupons": [
            {"promotion_code": coupon["code"], "amount": coupon["value"]}
            for coupon in order.coupons
        ],
        "terms": order.terms,
        "deposit_percent": _percent(order.deposit_percent),
        "production_due": _day(order.production_due(day)),
        "customer_due": _day(order.customer_due(day)),
        "slid_days": order.slide_days(day),
        "sent_on": None if standing is None else _day(standing.sent_on),
        "confirmation_version": None if standing is None else standing.number,
        "sign_back_verified": order.sign_back_verified,
        "confirmed_by_grade": order.confirmed_by_grade,
        "imported": order.imported,
        "past_reference": order.past_reference,
        "checked_by": order.checked_by,
        "checked_at": _moment(order.checked_at),
        "created_at": _moment(order.created_at),
        "confirmation_due_at": _moment(order.confirmation_due_at),
        "submitted_at": _moment(order.submitted_at),
        "approved_at": _moment(order.approved_at),
        "confirmed_at": _moment(order.confirmed_at),
        "fulfilled_at": _moment(order.fulfilled_at),
        "closed_at": _moment(order.closed_at),
        "lines": [order_line(line, order.line_production_due(line, day)) for line in order.lines],
        "gates": [gate_summary(gate) for gate in order.gates],
    }


def order_in_full(order_: Order, **beside: Any) -> dict[str, Any]:
    """Dump the answer to a command or question: the view with its gates in full."""
    return {**order(order_), "gates": [gate(one) for one in order_.gates], **beside}


def order_found(row: Any, today: date) -> dict[str, Any]:
    """Dump one row of a search."""
    due = row.base_customer_due
    return {
        "id": str(row.id),
        "number": row.number,
        "version": row.version,
        "stage": str(row.stage),
        "on_hold": row.hold is not None,
        "customer_code": row.customer_code,
        "customer_name": row.customer_name,
        "grade": row.grade,
        "region": row.region,
        "salesperson_name": row.salesperson_name,
        "clerk_name": row.clerk_name,
        "channel": row.channel,
        "total": _amount(row.total),
        "customer_due": None if due is None else _day(slid(due, row.standing, today)),
        "created_at": _moment(row.created_at),
        "imported": row.imported,
    }


def confirmation(confirmation: Confirmation) -> dict[str, Any]:
    """Dump one version of the confirmation with its returned copies."""
    return {
        "id": str(confirmation.id),
        "confirmation_version": confirmation.number,
        "revision": confirmation.revision,
        "state": str(confirmation.state),
        "grade": confirmation.grade,
        "sent_on": _day(confirmation.sent_on),
        "arrived_on": _day(confirmation.arrived_on),
        "sendings": confirmation.sendings,
        "received_clearly": confirmation.received_clearly,
        "document": confirmation.document,
        "sign_backs": [
            {
                "id": str(copy.id),
                "arrived_on": _day(copy.arrived_on),
                "channel": copy.channel,
                "signatory": copy.signatory,
                "seal_code": copy.seal_code,
                "attachment": copy.attachment,
                "accepted": copy.accepted,
                "why": copy.why,
                "judged_by": copy.judged_by,
                "judged_at": _moment(copy.judged_at),
            }
            for copy in confirmation.sign_backs
        ],
    }


def task(task: Task) -> dict[str, Any]:
    """Dump a task or obligation."""
    return {
        "id": str(task.id),
        "order_id": str(task.order_id),
        "kind": str(task.kind),
        "role": task.role,
        "person_id": task.person_id,
        "title": task.title,
        "title_zh": task.title_zh,
        "details": task.details,
        "due_at": _moment(task.due_at),
        "state": str(task.state),
        "opened_at": _moment(task.opened_at),
        "ended_at": _moment(task.ended_at),
        "ended_by": task.ended_by,
        "outcome": task.outcome,
    }


def anomaly(anomaly: Anomaly) -> dict[str, Any]:
    """Dump an anomaly."""
    return {
        "id": str(anomaly.id),
        "order_id": str(anomaly.order_id),
        "cause": str(anomaly.cause),
        "topic": str(anomaly.topic),
        "priority": str(anomaly.priority),
        "text": anomaly.text,
        "text_zh": anomaly.text_zh,
        "temporary_measure": anomaly.temporary_measure,
        "remedy": anomaly.remedy,
        "owner_roles": list(anomaly.owner_roles),
        "state": str(anomaly.state),
        "raised_by": anomaly.raised_by,
        "raised_at": _moment(anomaly.raised_at),
        "escalates_at": _moment(anomaly.escalates_at),
        "resolved_by": anomaly.resolved_by,
        "resolved_at": _moment(anomaly.resolved_at),
    }


def price_scheme(scheme: PriceScheme) -> dict[str, Any]:
    """Dump a price scheme."""
    return {
        "id": str(scheme.id),
        "version": scheme.version,
        "code": scheme.code,
        "name": scheme.name,
        "product_code": scheme.product_code,
        "customer_code": scheme.customer_code,
        "region": scheme.region,
        "grade": scheme.grade,
        "breaks": scheme.breaks,
        "valid_from": _day(scheme.valid_from),
        "valid_until": _day(scheme.valid_until),
        "active": scheme.active,
        "changed_at": _moment(scheme.changed_at),
    }


def promotion(promotion: Promotion) -> dict[str, Any]:
    """Dump a promotion."""
    return {
        "id": str(promotion.id),
        "version": promotion.version,
        "code": promotion.code,
        "name": promotion.name,
        "kind": promotion.kind,
        "threshold": _amount(promotion.threshold),
        "value": _amount(promotion.value),
        "grade": promotion.grade,
        "region": promotion.region,
        "valid_from": _day(promotion.valid_from),
        "valid_until": _day(promotion.valid_until),
        "active": promotion.active,
    }
