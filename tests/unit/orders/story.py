"""One order for the domain's tests: customer B, thermal paper made, labels from stock."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis.principal import Principal
from services.orders.domain.lifecycle import GateKind, Verdict
from services.orders.domain.line import OrderLine
from services.orders.domain.order import Order
from services.orders.domain.review import renew_gates

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
CLERK = Principal("clerk-1", "Li Na", frozenset({"clerk"}))
CUSTOMER: dict[str, Any] = {
    "id": "11111111-1111-4111-8111-111111111111",
    "code": "C-B",
    "name": "杭州西湖纸品有限公司",
    "grade": "B",
    "region": "华东",
    "salesperson_id": "sales-1",
    "salesperson_name": "Wang Wei",
}
PAPER: dict[str, Any] = {
    "id": "22222222-2222-4222-8222-222222222222",
    "code": "PAPER-70",
    "name": "热敏收银纸",
    "spec": "80×80mm",
    "unit": "卷",
    "unit_decimals": 0,
    "default_supply": "make",
    "tolerance_over": "3.000",
    "tolerance_under": "3.000",
    "packing": None,
}
LABEL = {
    **PAPER,
    "id": "33333333-3333-4333-8333-333333333333",
    "code": "LABEL-40",
    "default_supply": "stock",
}
HEADER: dict[str, Any] = {
    "order_type": "ship",
    "consignee_name": "张三",
    "consignee_phone": "13800008888",
    "consignee_address": "杭州市西湖区1号",
    "delivery_method": "door",
    "base_customer_due": date(2026, 12, 31),
    "special_requirements": "无",
}


def line(line_no: int = 1, quantity: str = "1000", **changes: Any) -> OrderLine:
    facts: dict[str, Any] = {"product": PAPER, "unit_price": Decimal("1.00"), **changes}
    row = OrderLine(id=UUID(int=line_no), line_no=line_no, quantity=Decimal(quantity), **facts)
    if row.is_made:
        # The planner's, which drafting keeps where a line of the same goods is edited.
        row.base_production_due = date(2026, 12, 20)
    return row


def draft(*lines: OrderLine) -> Order:
    order = Order(
        id=uuid4(),
        number="D261123-000001",
        clerk=CLERK,
        now=NOW,
        channel="phone",
        asked_by="张经理",
        asked_at=NOW,
        currency="CNY",
    )
    order.draft(CUSTOMER)
    order.fill_in(HEADER, NOW)
    order.replace_lines(lines or (line(),), NOW)
    order.check_key_data(CLERK, NOW)
    return order


def sign(order: Order, kind: GateKind, verdict: Verdict = Verdict.PASSED) -> None:
    order.gate(kind).sign(verdict, signer_id="t-1", signer_name="Technician", at=NOW, text="ok")
    order.open_gates(NOW)


def submitted(*lines: OrderLine, passed: bool = False) -> Order:
    """An order in review; with `passed` every gate has been signed."""
    order = draft(*lines)
    order.revision = 1
    renew_gates(order, NOW)
    order.submit(NOW)
    if passed:
        for gate in order.gates:
            sign(order, gate.kind)
        order.settle_gates(NOW)
    return order


def resubmitted(order: Order) -> Order:
    order.revision += 1
    renew_gates(order, NOW)
    return order


def open_kinds(order: Order) -> set[str]:
    return {str(gate.kind) for gate in order.gates if gate.is_open}


def passed_kinds(order: Order) -> set[str]:
    return {str(gate.kind) for gate in order.gates if gate.has_passed}
