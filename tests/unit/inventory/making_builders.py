"""The story of the unit tests of making: 1000 bags for one customer, ± 3 %."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.inventory.domain.instruction import Instruction, Signed
from services.inventory.domain.lifecycle import StatementKind
from services.inventory.domain.order import LineCopy, OrderCopy
from services.inventory.domain.statement import Signature, Statement

ORDER, LINE, PRODUCT = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
TODAY = date(2026, 11, 23)
PLANNER = Signed("p-planner", "郑生产", NOW)
INSPECTOR = Signed("p-inspector", "冯质检", NOW)
CLERK = Signed("p-clerk", "陈开单", NOW)


def line_view(**changes: Any) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": str(LINE),
        "line_no": 1,
        "product_id": str(PRODUCT),
        "product_code": "BAG",
        "product_name": "牛皮纸袋",
        "spec": "A4",
        "unit": "个",
        "unit_decimals": 0,
        "supply": "make",
        "quantity": "1000",
        "tolerance_over": "3",
        "tolerance_under": "3",
        "packing": "每箱100个",
        "production_due": "2026-12-01",
        "short_closed": False,
    }
    return view | changes


def order_view(**changes: Any) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": str(ORDER),
        "number": "D261122-000001",
        "version": 1,
        "stage": "in_review",
        "revision": 1,
        "production_due": None,
        "customer": {"name": "晨光印刷", "salesperson_id": "p-sales"},
        "gates": [{"kind": "technique", "verdict": "passed", "revision": 1}],
        "lines": [line_view()],
    }
    return view | changes


def order(**changes: Any) -> OrderCopy:
    copy = OrderCopy(ORDER)
    copy.take(order_view(**changes))
    return copy


def instruction(**line: Any) -> Instruction:
    return Instruction(
        instruction_id=UUID(int=4),
        number="P261122-000001",
        order_id=ORDER,
        order_number="D261122-000001",
        line=LineCopy(line_view(**line)),
        drafted_at=NOW,
    )


def finished(produced: str = "980") -> Instruction:
    """Give an instruction that has come as far as its end of making."""
    made = instruction()
    made.issue(
        CLERK,
        line=LineCopy(line_view()),
        production_due=date(2026, 12, 1),
        packing=None,
        special_rules=None,
    )
    made.accept(
        PLANNER,
        acknowledged=[
            "product",
            "quantity",
            "tolerance",
            "production_due",
            "packing",
            "special_rules",
        ],
    )
    made.start(PLANNER, today=TODAY)
    made.count(produced=Decimal(produced), scrap=Decimal(5))
    made.finish(PLANNER)
    return made


def statement(kind: StatementKind = StatementKind.TECHNIQUE) -> Statement:
    return Statement(
        statement_id=UUID(int=5),
        order_id=ORDER,
        order_number="D261122-000001",
        customer_id=UUID(int=9),
        kind=kind,
        revision=1,
        lines=[{"line_id": str(LINE), "line_no": 1, "production_due": None}],
        opened_at=NOW,
    )


def signature(**changes: Any) -> Signature:
    facts: dict[str, Any] = {
        "signer_id": "p-technician",
        "signer_name": "何技术",
        "at": NOW,
        "today": TODAY,
        "text": "已核实",
    }
    return Signature(**(facts | changes))
