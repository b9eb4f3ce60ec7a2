"""Deliveries that failed, or of which less was signed for: each opens a case (SPEC §7)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import Work
from services.aftersales.domain.case import Case, CaseLine
from services.aftersales.domain.lifecycle import GOODS_AWAITED, UNSETTLED, CaseKind
from services.aftersales.domain.sale import Sale
from services.aftersales.storage import cases, copies
from services.aftersales.use_cases.cases import case_line, make_case, sale_of

RETURNED_TO_SENDER = "returned_to_sender"


def open_failed_delivery(work: Work, shipment: Mapping[str, Any], note: str) -> None:
    """Open the case of a shipment that met an exception, was lost or came back.

    A second failure belongs to the case whose goods are still awaited. After that it opens one
    for what is not back yet, worth what no other case pays for it: maybe nothing, when goods come
    back that were paid for already. Raises OrderNotKnown, to be tried again, while the order has
    not been heard of.
    """
    order = copies.order(work, shipment["order_number"])
    shipment_id = UUID(shipment["id"])
    sale = sale_of(work, order, lock=True)
    earlier = sale.cases_of(shipment_id)
    told = f"{shipment['number']} {shipment['state']}: {note}"
    awaiting = next((case for case in earlier if case.state in GOODS_AWAITED), None)
    if awaiting is not None:
        work.log("case", awaiting.number, "delivery_failed_again", note=told)
        return
    sold = {line["line_no"]: line for line in order.view["lines"]}
    lines = []
    for line in shipment["lines"]:
        line_id, sent = UUID(line["line_id"]), Decimal(line["quantity"])
        away = sent - sale.came_back(shipment_id, line_id)
        if away > 0:
            worth = sale.worth(line_id, sent, shipment_id=shipment_id)
            lines.append(case_line(sold[line["line_no"]], away, worth))
    is_worth_a_case = shipment["state"] == RETURNED_TO_SENDER or any(
        line.sold_for > 0 for line in lines
    )
    if earlier and not (lines and is_worth_a_case):
        work.log("case", earlier[-1].number, "delivery_failed_again", note=told)
        return
    make_case(work, order, kind=CaseKind.DELIVERY, wish=told, lines=lines, shipment_id=shipment_id)


def follow_receipt(work: Work, shipment: Mapping[str, Any]) -> None:
    """Open the case of what a receipt lacks, if the customer signed for less than was sent.

    What had failed and arrived after all leaves its own case the money of the rest, or none: it
    is not paid for twice. Raises OrderNotKnown, to be tried again, while the order has not been
    heard of.
    """
    shipment_id = UUID(shipment["id"])
    short = [
        (line, Decimal(line["quantity"]), Decimal(line["signed_quantity"]))
        for line in shipment["lines"]
        if line.get("signed_quantity") is not None
        and Decimal(line["signed_quantity"]) < Decimal(line["quantity"])
    ]
    if not short and not cases.is_any_of_shipment(work, shipment_id):
        return
    order = copies.order(work, shipment["order_number"])
    sale = sale_of(work, order, lock=True)
    earlier = [case for case in sale.cases_of(shipment_id) if case.may_pay]
    if not short and not earlier:
        return
    sold = {line["line_no"]: line for line in order.view["lines"]}
    open_case = next((case for case in earlier if case.state in UNSETTLED), None)
    said = "; ".join(f"line {line['line_no']}: {signed} of {sent}" for line, sent, signed in short)
    told = f"{shipment['number']} {shipment['state']}: {said or 'in full'}"
    if earlier:
        done = "signed_short" if short else "signed_in_full"
        work.log("case", (open_case or earlier[-1]).number, done, note=told)
    if open_case is not None:
        missing = [
            case_line(
                sold[line["line_no"]],
                sent - signed,
                sale.worth(
                    UUID(line["line_id"]),
                    sent - signed,
                    shipment_id=shipment_id,
                    valued_anew=open_case,
                ),
            )
            for line, sent, signed in short
        ]
        open_case.narrow(missing, told)
    lines = _besides(
        sale,
        earlier,
        open_case,
        [(sold[line["line_no"]], sent - signed) for line, sent, signed in short],
    )
    if lines:
        make_case(
            work, order, kind=CaseKind.DELIVERY, wish=told, lines=lines, shipment_id=shipment_id
        )


def _besides(
    sale: Sale,
    earlier: Sequence[Case],
    open_case: Case | None,
    lacking: Sequence[tuple[Mapping[str, Any], Decimal]],
) -> list[CaseLine]:
    """Give what lacks, by a later word, beside what the shipment's cases are about."""
    own = set() if open_case is None else {line.line_id for line in open_case.lines}
    lines = []
    for line, lacks in lacking:
        line_id = UUID(line["id"])
        told = [each for case in earlier for each in case.lines if each.line_id == line_id]
        besides = lacks - sum((each.quantity for each in told), Decimal(0))
        if besides > 0 and line_id not in own:
            lines.append(case_line(line, besides, sale.worth(line_id, besides)))
    return lines
