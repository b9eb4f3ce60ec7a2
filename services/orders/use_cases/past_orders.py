"""Orders of the old books: recorded with their own dates, without gates (O34)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

from chassis import money
from chassis.clock import BUSINESS_ZONE
from chassis.database import Work
from chassis.errors import InvalidFields
from services.orders.domain import events
from services.orders.domain.errors import PastOrderDiffers, ProductNotKnown
from services.orders.domain.lifecycle import Stage
from services.orders.domain.line import STOCK, OrderLine
from services.orders.domain.order import Order
from services.orders.storage import copies, orders, prices
from services.orders.use_cases.drafting import CURRENCY


def record_past_order(work: Work, request: Mapping[str, Any]) -> Order:
    """Record an order of the old books: original dates, no gates, no receivable.

    Repeatable: the same reference with the same content gives the order recorded before.
    Raises InvalidFields, PastOrderDiffers for other content, CustomerNotKnown, ProductNotKnown.
    """
    _check_books(request, work.today)
    known = orders.past_order(work, request["reference"])
    if known is not None:
        differing = _differing(known, request)
        if differing:
            raise PastOrderDiffers(
                reference=request["reference"],
                order_number=known.number,
                differing=", ".join(differing),
            )
        return known
    ordered_at = _noon(request["ordered_on"])
    order = Order(
        id=uuid4(),
        number=orders.next_number(work),
        clerk=work.principal,
        now=ordered_at,
        channel="import",
        asked_by=request["customer_code"],
        asked_at=ordered_at,
        currency=CURRENCY,
    )
    work.session.add(order)
    _fill_from_books(work, order, request)
    fulfilled = request["fulfilled_on"] is not None
    work.announce(events.PastOrderRecorded(order, fulfilled))
    work.log("order", order.number, "record_past_order", note=request["reference"])
    work.session.flush()
    prices.keep_last_prices(work, order)
    return order


def _fill_from_books(work: Work, order: Order, request: Mapping[str, Any]) -> None:
    order.imported, order.past_reference = True, request["reference"]
    order.belong_to(copies.customer(work, request["customer_code"]))
    consignee = request["consignee"]
    order.fill_in(
        {
            "order_type": "ship",
            "consignee_name": consignee.get("name"),
            "consignee_phone": consignee.get("phone"),
            "consignee_address": consignee.get("address"),
            "base_customer_due": request["customer_due"],
            "special_requirements": request["special_requirements"],
        },
        order.created_at,
    )
    order.lines = _past_lines(work, request)
    order.reckon()
    order.scheme_total = order.total
    order.confirmed_at = order.submitted_at = order.approved_at = order.created_at
    # The old books say only where an order ended, not by which of our moves it got there.
    for stage in (
        Stage.DRAFT,
        Stage.IN_REVIEW,
        Stage.APPROVED,
        Stage.AWAITING_RETURN,
        Stage.CONFIRMED,
        Stage.IN_PROGRESS,
    ):
        order.stage = stage
    if request["fulfilled_on"] is not None:
        done_at = _noon(request["fulfilled_on"])
        for line in order.lines:
            line.shipped_quantity = line.signed_quantity = line.quantity
        order.stage, order.past = Stage.FULFILLED, True
        order.fulfilled_at = order.touched_at = done_at
    else:
        order.holds_anything = True
        order.note_goods()


def _past_lines(work: Work, request: Mapping[str, Any]) -> list[OrderLine]:
    # What is no longer sold was sold then.
    codes = (line["product_code"] for line in request["lines"])
    known = copies.products(work, codes, ended_too=True)
    lines = []
    for line_no, line in enumerate(request["lines"], start=1):
        product = known.get(line["product_code"])
        if product is None:
            raise ProductNotKnown(line_no=line_no, product_code=line["product_code"])
        gross = money.fen(line["quantity"] * line["unit_price"])
        lines.append(
            OrderLine(
                id=uuid4(),
                line_no=line_no,
                product=product,
                quantity=line["quantity"],
                supply=STOCK,
                unit_price=line["unit_price"],
                discount=gross - line["amount"],
            )
        )
    return lines


_LINE = ("product_code", "quantity", "unit_price", "amount")


def _differing(known: Order, request: Mapping[str, Any]) -> list[str]:
    """Name what the books tell otherwise than before; what may have changed here is not asked."""
    ended = request["fulfilled_on"]
    if known.past:
        is_same_end = ended is not None and known.fulfilled_at == _noon(ended)
    else:
        # Recorded open. Delivered by the old books since, it would be delivered again from here.
        is_same_end = ended is None or known.stage in (Stage.FULFILLED, Stage.CLOSED)
    # In whatever order the rows of the books stand.
    lines = sorted(tuple(getattr(line, name) for name in _LINE) for line in known.lines)
    told = sorted(tuple(line[name] for name in _LINE) for line in request["lines"])
    same = {
        "customer_code": known.customer_code == request["customer_code"],
        "ordered_on": known.created_at == _noon(request["ordered_on"]),
        "fulfilled_on": is_same_end,
        "lines": lines == told,
    }
    return [name for name, is_same in same.items() if not is_same]


def _check_books(request: Mapping[str, Any], today: date) -> None:
    """Raise InvalidFields for what no books can say.

    That is a day to come, an end before its beginning, a surcharge.
    """
    days = {name: request[name] for name in ("ordered_on", "fulfilled_on")}
    wrong: dict[str, Any] = {
        name: ["Must not lie after today."] for name, day in days.items() if day and day > today
    }
    ended = days["fulfilled_on"]
    if ended is not None and ended < request["ordered_on"]:
        wrong["fulfilled_on"] = ["Must not lie before ordered_on."]
    dear = {
        index: {"amount": ["Must not be more than quantity × unit_price."]}
        for index, line in enumerate(request["lines"])
        if line["amount"] > money.line_amount(line["quantity"], line["unit_price"])
    }
    if dear:
        wrong["lines"] = dear
    if wrong:
        raise InvalidFields(wrong)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), BUSINESS_ZONE).astimezone(UTC)
