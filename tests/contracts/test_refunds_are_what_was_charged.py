"""What after-sales pays back for goods is what customers has charged for them (SPEC §8)."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from chassis.money import ZERO
from services.aftersales.domain.case import Case
from services.aftersales.domain.copies import OrderCopy, ShipmentCopy
from services.aftersales.domain.lifecycle import CaseKind
from services.aftersales.domain.sale import Sale
from services.customers.domain.goods import Goods, Line
from tests import builders as story

PIECES = st.decimals(min_value="0.001", max_value="2000", places=3)


@st.composite
def sold_lines(draw: st.DrawFn) -> Line:
    """A line as an order has it; its discount is at most what it costs."""
    quantity = draw(PIECES)
    price = draw(st.decimals(min_value=0, max_value=50, places=6))
    most = (quantity * price).quantize(Decimal("0.01"), rounding="ROUND_DOWN")
    return Line(
        id=story.LINE_ID,
        line_no=1,
        product_code="PAPER-80",
        product_name="热敏收银纸",
        unit="卷",
        unit_decimals=3,
        supply="make",
        quantity=quantity,
        unit_price=price,
        discount=draw(st.decimals(min_value=0, max_value=most, places=2)),
        tolerance_over=Decimal(3),
        short_closed=False,
    )


def order_of(line: Line) -> OrderCopy:
    shown = {
        "id": str(line.id),
        "line_no": line.line_no,
        "quantity": f"{line.quantity:.3f}",
        "unit_price": f"{line.unit_price:.6f}",
        "discount": f"{line.discount:.2f}",
    }
    view: dict[str, Any] = {"imported": False, "lines": [shown]}
    return OrderCopy(id=story.ORDER_ID, number=story.ORDER_NUMBER, view=view, sequence=1)


def shipment_of(line: Line, quantity: Decimal, state: str) -> ShipmentCopy:
    shown = {"line_id": str(line.id), "quantity": f"{quantity:.3f}", "signed_quantity": None}
    return ShipmentCopy(
        id=uuid4(),
        order_id=story.ORDER_ID,
        state=state,
        view={"lines": [shown]},
        sequence=1,
    )


def case_of(quantity: Decimal, sold_for: Decimal, *, shipment_id: UUID | None = None) -> Case:
    case = story.a_case()
    case.kind = CaseKind.RETURN if shipment_id is None else CaseKind.DELIVERY
    case.shipment_id = shipment_id
    (only,) = case.lines
    only.quantity, only.sold_for = quantity, sold_for
    return case


@given(sold_lines(), st.lists(st.tuples(PIECES, st.booleans()), min_size=1, max_size=6))
def test_all_that_left_and_is_lost_or_comes_back_is_worth_what_was_charged(
    line: Line, parts: list[tuple[Decimal, bool]]
) -> None:
    """Part by part, each a shipment that is lost or one that comes back: no 分 more or less."""
    shipments: list[ShipmentCopy] = []
    cases: list[Case] = []
    for quantity, is_lost in parts:
        shipments.append(shipment_of(line, quantity, "lost" if is_lost else "signed"))
    for shipment, (quantity, is_lost) in zip(shipments, parts, strict=True):
        sale = Sale(order_of(line), shipments, cases)
        shipment_id = shipment.id if is_lost else None
        worth = sale.worth(line.id, quantity, shipment_id=shipment_id)
        cases.append(case_of(quantity, worth, shipment_id=shipment_id))

    left = [(line.id, quantity) for quantity, _ in parts]
    charged = Goods([line]).with_shipped(left).shipped_value
    paid = sum((case.most_refund for case in cases), ZERO)
    assert paid <= charged
    if line.discount == 0:
        assert paid == charged
