"""Opening and moving return cases."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis import money
from chassis.database import Work
from chassis.errors import InvalidFields
from chassis.grams import grams
from services.aftersales.domain.case import DISPOSITIONS, Case, CaseLine
from services.aftersales.domain.copies import OrderCopy
from services.aftersales.domain.errors import LineNotSold, MoreThanDelivered
from services.aftersales.domain.lifecycle import CaseState
from services.aftersales.storage import cases, copies

Request = Mapping[str, Any]


def open_case(work: Work, request: Request) -> Case:
    """Write down that goods are to come back; not more than was delivered and is not back yet."""
    order = copies.order(work, request["order_number"])
    customer = order.view["customer"]
    numbers = [line["line_no"] for line in request["lines"]]
    if len(set(numbers)) != len(numbers):
        raise InvalidFields({"lines": ["Each line_no may stand there once."]})
    case = Case(
        id=uuid4(),
        number=cases.next_number(work),
        kind=request["kind"],
        order_id=order.id,
        order_number=order.number,
        customer_id=UUID(customer["id"]),
        customer_name=customer["name"],
        salesperson_id=customer.get("salesperson_id"),
        grams=grams(customer["name"], customer.get("code")),
        wish=request["wish"],
        lines=_returned_lines(work, order, request),
        opened_by=work.principal.name,
        opened_at=work.now,
        answer_due_at=work.now + timedelta(hours=work.setting("first_answer_hours")),
    )
    work.session.add(case)
    work.announce(case.open())
    work.log("case", case.number, "open", note=case.wish)
    return case


def _returned_lines(work: Work, order: OrderCopy, request: Request) -> list[CaseLine]:
    sold = {line["line_no"]: line for line in order.view["lines"]}
    delivered = _delivered(work, order)
    returned = cases.already_returned(work, order.id)
    lines = []
    for wanted in request["lines"]:
        line = sold.get(wanted["line_no"])
        if line is None:
            raise LineNotSold(order_number=order.number, line_no=wanted["line_no"])
        line_id = UUID(line["id"])
        got = delivered.get(line_id, Decimal(0))
        returnable = got - returned.get(line_id, Decimal(0))
        if wanted["quantity"] > returnable:
            raise MoreThanDelivered(
                line_no=line["line_no"], quantity=wanted["quantity"], returnable=returnable
            )
        lines.append(_line(line, line_id, wanted["quantity"]))
    return lines


def _line(line: Mapping[str, Any], line_id: UUID, quantity: Decimal) -> CaseLine:
    # What a piece was sold for: the line's amount, discount taken off, by its ordered quantity.
    sold_for = money.fen(Decimal(line["amount"]) * quantity / Decimal(line["quantity"]))
    return CaseLine(
        id=uuid4(),
        line_id=line_id,
        line_no=line["line_no"],
        product_id=UUID(line["product_id"]),
        product_code=line["product_code"],
        product_name=line["product_name"],
        unit=line["unit"],
        quantity=quantity,
        sold_for=sold_for,
    )


def _delivered(work: Work, order: OrderCopy) -> dict[UUID, Decimal]:
    """Give what the customer signed for, by line."""
    if order.view.get("imported"):
        return {UUID(line["id"]): Decimal(line["signed_quantity"]) for line in order.view["lines"]}
    delivered: dict[UUID, Decimal] = {}
    for shipment in copies.shipments_of(work, order.id):
        if shipment.state != copies.DELIVERED:
            continue
        for line in shipment.view["lines"]:
            signed = line.get("signed_quantity")
            got = Decimal(line["quantity"] if signed is None else signed)
            line_id = UUID(line["line_id"])
            delivered[line_id] = delivered.get(line_id, Decimal(0)) + got
    return delivered


def acknowledge(work: Work, request: Request) -> Case:
    """Note the first answer to the customer (A2)."""
    case = _to_move(work, request, CaseState.ACKNOWLEDGED)
    case.acknowledge(work.now)
    return _logged(work, case, "acknowledge", request["note"])


def authorise(work: Work, request: Request) -> Case:
    """Agree to take the goods back: the supervisor."""
    case = _to_move(work, request, CaseState.AUTHORISED, "supervisor")
    case.authorise(by=work.principal.name, decision=request["decision"])
    return _logged(work, case, "authorise", request["decision"])


def reject(work: Work, request: Request) -> Case:
    """Refuse to take the goods back: the supervisor."""
    case = _to_move(work, request, CaseState.REJECTED, "supervisor")
    case.reject(by=work.principal.name, decision=request["decision"])
    return _logged(work, case, "reject", request["decision"])


def await_goods(work: Work, request: Request) -> Case:
    """Tell the customer where to send the goods."""
    case = _to_move(work, request, CaseState.AWAITING_GOODS)
    case.await_goods(request["return_to"])
    return _logged(work, case, "await_goods", request["return_to"])


def receive(work: Work, request: Request) -> Case:
    """Take the goods into quarantine: the warehouse."""
    case = _to_move(work, request, CaseState.RECEIVED, "warehouse")
    _known_lines(case, request)
    quantities = {line["line_no"]: line["quantity"] for line in request["lines"]}
    work.announce(case.receive(quantities, work.now))
    return _logged(work, case, "receive")


def inspect(work: Work, request: Request) -> Case:
    """Give each piece its disposition: the inspector (A3)."""
    case = _to_move(work, request, CaseState.INSPECTED, "inspector")
    _known_lines(case, request)
    findings = {
        line["line_no"]: {name: Decimal(line[name]) for name in DISPOSITIONS}
        for line in request["lines"]
    }
    defects = {line["line_no"]: line["defect"] for line in request["lines"] if line["defect"]}
    work.announce(case.inspect(findings, defects, by=work.principal.name))
    return _logged(work, case, "inspect")


def _known_lines(case: Case, request: Request) -> None:
    known = {line.line_no for line in case.lines}
    for line in request["lines"]:
        if line["line_no"] not in known:
            raise LineNotSold(order_number=case.order_number, line_no=line["line_no"])


def settle(work: Work, request: Request) -> Case:
    """Grant the money back as the customer's credit: finance."""
    case = _to_move(work, request, CaseState.SETTLED, "finance")
    refund = case.most_refund if request["refund"] is None else request["refund"]
    work.announce(case.settle(refund, by=work.principal.name))
    return _logged(work, case, "settle", request["note"])


def close(work: Work, request: Request) -> Case:
    """End the case."""
    case = _to_move(work, request, CaseState.CLOSED)
    work.announce(case.close(work.now))
    return _logged(work, case, "close", request["note"])


def _to_move(work: Work, request: Request, wish: CaseState, *roles: str) -> Case:
    """Give the locked case whose move to `wish` is legal and the asker's to make."""
    case = cases.case(work, request["case_number"], lock=True)
    case.guard_move(wish, request["expected_version"])
    if roles:
        work.principal.require(*roles)
    return case


def _logged(work: Work, case: Case, action: str, note: str | None = None) -> Case:
    work.log("case", case.number, action, changes={"state": [None, case.state]}, note=note)
    return case


# Who makes each move, for lists of actions and of work.
MOVES: tuple[tuple[str, str, CaseState, tuple[str, ...]], ...] = (
    ("acknowledge", "首次答复", CaseState.ACKNOWLEDGED, ("aftersales",)),
    ("authorise", "同意退换", CaseState.AUTHORISED, ("supervisor",)),
    ("reject", "拒绝退换", CaseState.REJECTED, ("supervisor",)),
    ("await_goods", "告知退货地址", CaseState.AWAITING_GOODS, ("aftersales",)),
    ("receive", "退货入库", CaseState.RECEIVED, ("warehouse",)),
    ("inspect", "退货检验", CaseState.INSPECTED, ("inspector",)),
    ("settle", "退款结算", CaseState.SETTLED, ("finance",)),
    ("close", "结案", CaseState.CLOSED, ("aftersales",)),
)
