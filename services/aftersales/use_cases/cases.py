"""Opening and moving return cases."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis import money
from chassis.calendar import calendar_of
from chassis.database import Work
from chassis.errors import InvalidFields
from chassis.grams import grams
from chassis.quantity import MAX_DECIMALS, check
from services.aftersales.domain.case import DISPOSITIONS, Case, CaseLine
from services.aftersales.domain.copies import OrderCopy
from services.aftersales.domain.errors import (
    LineNotSold,
    MoreThanDelivered,
    OrderNotKnown,
    ReplacementNotTheirs,
    ReplacementTaken,
)
from services.aftersales.domain.lifecycle import RESHIPPED_BY, CaseKind, CaseState, Resolution
from services.aftersales.domain.sale import Sale
from services.aftersales.storage import cases, copies

Request = Mapping[str, Any]

_ONCE = {"lines": ["Each line_no may stand there once."]}


def open_case(work: Work, request: Request) -> Case:
    """Write down that goods are to come back; not more than was delivered and is not back yet."""
    order = copies.order(work, request["order_number"])
    numbers = [line["line_no"] for line in request["lines"]]
    if len(set(numbers)) != len(numbers):
        raise InvalidFields(_ONCE)
    lines = _returned_lines(work, order, request)
    return make_case(
        work,
        order,
        kind=request["kind"],
        wish=request["wish"],
        lines=lines,
        photos=request["photos"],
    )


def make_case(
    work: Work,
    order: OrderCopy,
    *,
    kind: CaseKind,
    wish: str,
    lines: Sequence[CaseLine],
    shipment_id: UUID | None = None,
    photos: Sequence[str] = (),
) -> Case:
    """Make the case of an order, announced and logged. Raises OrderNotKnown for a memo's."""
    customer = order.view["customer"]
    if customer is None:
        raise OrderNotKnown(order_number=order.number)
    case = Case(
        id=uuid4(),
        number=cases.next_number(work),
        kind=kind,
        order_id=order.id,
        order_number=order.number,
        customer_id=UUID(customer["id"]),
        customer_name=customer["name"],
        salesperson_id=customer.get("salesperson_id"),
        grams=grams(customer["name"], customer.get("code")),
        wish=wish,
        lines=lines,
        shipment_id=shipment_id,
        opened_by=work.principal.name,
        opened_at=work.now,
        answer_due_at=calendar_of(work, for_facts=True).add_time_of_working_days(
            work.now, timedelta(hours=work.setting("first_answer_hours"))
        ),
        photos=photos,
    )
    work.session.add(case)
    work.announce(case.open())
    work.log("case", case.number, "open", note=case.wish)
    return case


def _returned_lines(work: Work, order: OrderCopy, request: Request) -> list[CaseLine]:
    sale = sale_of(work, order)
    sold = {line["line_no"]: line for line in order.view["lines"]}
    lines = []
    for wanted in request["lines"]:
        line = sold.get(wanted["line_no"])
        if line is None:
            raise LineNotSold(order_number=order.number, line_no=wanted["line_no"])
        line_id = UUID(line["id"])
        coming = check(wanted["quantity"], _decimals(line))
        returnable = sale.returnable(line_id)
        if coming > returnable:
            raise MoreThanDelivered(line_no=line["line_no"], quantity=coming, returnable=returnable)
        lines.append(case_line(line, coming, sale.worth(line_id, coming)))
    return lines


def sale_of(work: Work, order: OrderCopy, *, lock: bool = False) -> Sale:
    """Give an order with its shipments and its cases, these locked for a change if wanted."""
    known = cases.of_order(work, order.id, lock=lock)
    return Sale(order, copies.shipments_of(work, order.id), known)


def case_line(line: Mapping[str, Any], quantity: Decimal, sold_for: Decimal) -> CaseLine:
    """Make the line of a case from that of its order."""
    return CaseLine(
        id=uuid4(),
        line_id=UUID(line["id"]),
        line_no=line["line_no"],
        product_id=UUID(line["product_id"]),
        product_code=line["product_code"],
        product_name=line["product_name"],
        unit=line["unit"],
        unit_decimals=_decimals(line),
        quantity=quantity,
        sold_for=sold_for,
    )


def _decimals(line: Mapping[str, Any]) -> int:
    decimals: int = line.get("unit_decimals", MAX_DECIMALS)
    return decimals


def acknowledge(work: Work, request: Request) -> Case:
    """Note the first answer to the customer (A2)."""
    case = _to_move(work, request, "acknowledge", request["note"])
    case.acknowledge(work.now)
    return case


def authorise(work: Work, request: Request) -> Case:
    """Agree to take the goods back: the supervisor."""
    case = _to_move(work, request, "authorise", request["decision"])
    case.authorise(by=work.principal.name, decision=request["decision"])
    return case


def reject(work: Work, request: Request) -> Case:
    """Refuse to take the goods back: the supervisor."""
    case = _to_move(work, request, "reject", request["decision"])
    case.reject(by=work.principal.name, decision=request["decision"])
    return case


def await_goods(work: Work, request: Request) -> Case:
    """Tell the customer where to send the goods."""
    case = _to_move(work, request, "await_goods", request["return_to"])
    case.await_goods(request["return_to"])
    return case


def receive(work: Work, request: Request) -> Case:
    """Take the goods into quarantine: the warehouse."""
    case = _to_move(work, request, "receive")
    lines = _by_line(case, request)
    quantities = {line_no: line["quantity"] for line_no, line in lines.items()}
    work.announce(case.receive(quantities, work.now))
    return case


def inspect(work: Work, request: Request) -> Case:
    """Give each piece its disposition: the inspector (A3)."""
    case = _to_move(work, request, "inspect")
    lines = _by_line(case, request)
    findings = {
        line_no: {name: Decimal(line[name]) for name in DISPOSITIONS}
        for line_no, line in lines.items()
    }
    defects = {line_no: line["defect"] for line_no, line in lines.items() if line["defect"]}
    found = case.inspect(findings, defects, by=work.principal.name, photos=request["photos"])
    work.announce(found)
    return case


def settle(work: Work, request: Request) -> Case:
    """Grant the money back as the customer's credit: finance."""
    case = _to_move(work, request, "settle", request["note"])
    resolution = request["resolution"] or case.usual_resolution
    refund = request["refund"]
    if refund is None:
        refund = money.ZERO if resolution is Resolution.REPAIR else case.most_refund
    work.announce(case.settle(refund, by=work.principal.name, resolution=resolution))
    return case


def reship(work: Work, request: Request) -> Case:
    """Name the order that replaces the goods; before they are back only the supervisor may.

    Raises NotToBeReshipped, RoleNeeded, OrderNotKnown, ReplacementNotTheirs, ReplacementTaken.
    """
    case = cases.case(work, request["case_number"], lock=True)
    anew = copies.is_cancelled(work, case.reshipped_as)
    case.guard_reship(anew=anew)
    work.principal.require(*RESHIPPED_BY[case.state])
    case.guard_version(request["expected_version"])
    number = request["order_number"]
    other = copies.order(work, number)
    is_theirs = other.customer_id == case.customer_id and other.id != case.order_id
    if not is_theirs or other.is_cancelled:
        raise ReplacementNotTheirs(order_number=number, case_number=case.number)
    # The order's copy is locked, so of two cases that name it at once one sees the other.
    taken_by = cases.replaced_by(work, case.customer_id, number)
    if taken_by is not None:
        raise ReplacementTaken(order_number=number, taken_by=taken_by, case_number=case.number)
    changes = {"reshipped_as": [case.reshipped_as, number]}
    case.reship(number, by=work.principal.name, anew=anew)
    work.log("case", case.number, "reship", changes=changes, note=request["note"])
    return case


def close(work: Work, request: Request) -> Case:
    """End the case."""
    case = _to_move(work, request, "close", request["note"])
    work.announce(case.close(work.now))
    return case


def _to_move(work: Work, request: Request, verb: str, note: str | None = None) -> Case:
    """Give the locked case, once `verb` is the asker's to do and legal; the move is logged."""
    _, wish, role = MOVES[verb]
    case = cases.case(work, request["case_number"], lock=True)
    work.principal.require(role)
    case.guard_move(wish, request["expected_version"])
    work.log("case", case.number, verb, changes={"state": [case.state, wish]}, note=note)
    return case


def _by_line(case: Case, request: Request) -> dict[int, Mapping[str, Any]]:
    """Give the lines of a request by number. Raises LineNotSold, InvalidFields."""
    known = {line.line_no for line in case.lines}
    given: dict[int, Mapping[str, Any]] = {}
    for line in request["lines"]:
        line_no = line["line_no"]
        if line_no not in known:
            raise LineNotSold(order_number=case.order_number, line_no=line_no)
        if line_no in given:
            raise InvalidFields(_ONCE)
        given[line_no] = line
    return given


# Each verb: its words, where it leads, and whose it is (SPEC §8).
MOVES: Mapping[str, tuple[str, CaseState, str]] = {
    "acknowledge": ("首次答复", CaseState.ACKNOWLEDGED, "aftersales"),
    "authorise": ("同意退换", CaseState.AUTHORISED, "supervisor"),
    "reject": ("拒绝退换", CaseState.REJECTED, "supervisor"),
    "await_goods": ("告知退货地址", CaseState.AWAITING_GOODS, "aftersales"),
    "receive": ("退货入库", CaseState.RECEIVED, "warehouse"),
    "inspect": ("退货检验", CaseState.INSPECTED, "inspector"),
    "settle": ("退款结算", CaseState.SETTLED, "finance"),
    "close": ("结案", CaseState.CLOSED, "aftersales"),
}
