"""Queries for cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Numeric, Text, cast, column, func, select, true, update
from sqlalchemy import case as case_when
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import selectinload

from chassis.database import Work
from chassis.grams import is_gram, wanted
from chassis.roundtrips import ask
from services.aftersales.domain.case import NUMBERS, Case, CaseLine
from services.aftersales.domain.copies import ShipmentCopy
from services.aftersales.domain.errors import CaseNotFound
from services.aftersales.domain.lifecycle import UNSETTLED, CaseState
from services.aftersales.storage.copies import DELIVERED


def next_number(work: Work) -> str:
    """Give the next case number: A, the business date, and a count that never repeats."""
    count = work.session.scalar(select(NUMBERS.next_value()))
    return f"A{work.today:%y%m%d}-{count:06d}"


def _visible(work: Work) -> list[Any]:
    if work.principal.limited_to_own_customers:
        return [Case.salesperson_id == work.principal.person_id]
    return []


def case(work: Work, number: str, *, lock: bool = False) -> Case:
    """Give a whole case, locked for a change if wanted. Raises CaseNotFound."""
    query = (
        select(Case).where(Case.number == number, *_visible(work)).options(selectinload(Case.lines))
    )
    if lock:
        query = query.with_for_update(of=Case)
    found = work.session.scalar(query)
    if found is None:
        raise CaseNotFound(case_number=number)
    return found


def open_of_shipment(work: Work, shipment_id: UUID) -> Case | None:
    """Give the case of a shipment's failed delivery that is not closed, if there is one."""
    return work.session.scalar(
        select(Case).where(Case.shipment_id == shipment_id, Case.state != CaseState.CLOSED)
    )


def settling_shipment(work: Work, shipment_id: UUID) -> Case | None:
    """Give the case that pays for a shipment's failed delivery, or may yet, locked."""
    pays = Case.state.in_(UNSETTLED) | (Case.refund > 0)
    return work.session.scalar(
        select(Case)
        .where(Case.shipment_id == shipment_id, pays)
        .options(selectinload(Case.lines))
        .order_by(Case.number.desc())
        .limit(1)
        .with_for_update(of=Case)
    )


def replaced_by(work: Work, customer_id: UUID, order_number: str) -> str | None:
    """Give the number of the customer's case whose goods an order replaces, if there is one."""
    return work.session.scalar(
        select(Case.number).where(
            Case.customer_id == customer_id, Case.reshipped_as == order_number
        )
    )


@dataclass(frozen=True)
class Returned:
    """What comes or came back of an order line, and what that was sold for."""

    quantity: Decimal
    sold_for: Decimal


def already_returned(work: Work, order_id: UUID) -> dict[UUID, Returned]:
    """Give what comes or came back of an order by line; rejected cases do not count.

    Goods of a failed delivery were never delivered, so they cannot have come back either;
    unless they were signed for after all when their money had been given back. What lacks on
    the receipt was not.
    """
    failed = Case.shipment_id.is_not(None)
    signed_after_all = func.greatest(CaseLine.quantity - _not_signed_for(), 0)
    coming = case_when(
        (failed, signed_after_all), else_=func.coalesce(CaseLine.received, CaseLine.quantity)
    )
    # PostgreSQL rounds numerics half away from zero, as money.fen does.
    worth = func.round(CaseLine.sold_for * coming / CaseLine.quantity, 2)
    rows = work.session.execute(
        select(CaseLine.line_id, func.sum(coming), func.sum(worth))
        .join(Case, Case.id == CaseLine.case_id)
        .where(
            Case.order_id == order_id,
            # A rejected case is closed without its goods ever having come.
            (Case.state != CaseState.REJECTED)
            & ((Case.state != CaseState.CLOSED) | CaseLine.received.is_not(None)),
            ~failed | (Case.refund > 0),
        )
        .group_by(CaseLine.line_id)
    )
    return {line_id: Returned(quantity, worth) for line_id, quantity, worth in rows}


def _not_signed_for() -> Any:
    """Give what of a case's line its shipment has not delivered: all, until it is signed for."""
    sent = func.jsonb_array_elements(ShipmentCopy.view["lines"]).table_valued(
        column("value", JSONB), name="sent"
    )
    line = sent.c.value
    quantity = cast(line["quantity"].astext, Numeric)
    signed = func.coalesce(cast(line["signed_quantity"].astext, Numeric), quantity)
    lacking = (
        select(quantity - signed)
        .join_from(ShipmentCopy, sent, true())
        .where(
            ShipmentCopy.id == Case.shipment_id,
            ShipmentCopy.state == DELIVERED,
            line["line_id"].astext == cast(CaseLine.line_id, Text),
        )
        .correlate(Case, CaseLine)
        .scalar_subquery()
    )
    return func.coalesce(lacking, CaseLine.quantity)


def search(work: Work, filters: Mapping[str, Any]) -> tuple[Sequence[Case], str | None]:
    """Give a page of cases, newest number first, and the cursor of the next."""
    query = select(Case).where(*_visible(work)).options(selectinload(Case.lines))
    if filters["state"]:
        query = query.where(Case.state.in_(filters["state"]))
    if filters["order_number"]:
        query = query.where(Case.order_number == filters["order_number"])
    if filters["q"]:
        query = query.where(Case.grams.contains(wanted(filters["q"])))
        if not is_gram(filters["q"]):
            # What is a gram stands there as it is: comparing it once more would only make
            # PostgreSQL expect fewer.
            query = query.where(Case.customer_name.icontains(filters["q"], autoescape=True))
    if filters["after"]:
        query = query.where(Case.number < filters["after"])
    limit = filters["limit"]
    found = work.session.scalars(query.order_by(Case.number.desc()).limit(limit + 1)).all()
    page = found[:limit]
    return page, page[-1].number if len(found) > limit else None


def hand_over(work: Work, order_id: UUID, salesperson_id: str | None) -> None:
    """Show an order's cases to another salesperson; their versions stay."""
    work.session.execute(
        update(Case)
        .where(Case.order_id == order_id)
        .values(salesperson_id=salesperson_id, version=Case.version)
        .execution_options(synchronize_session=False)
    )


# State by state, each in the order of its index, and only what is shown.
_WAITING = """
select c.* from unnest(%(states)s::text[]) as asked(state)
cross join lateral (
    select id, number, state, order_number, customer_name, opened_at, answer_due_at
    from "case" where state = asked.state{own} order by opened_at, id limit %(limit)s
) as c
order by c.opened_at, c.id limit %(limit)s
"""
_WAITING_FOR_ALL = _WAITING.format(own="")
_WAITING_FOR_SALES = _WAITING.format(own=" and salesperson_id = %(person)s")


def waiting(work: Work, states: Sequence[CaseState], limit: int) -> Sequence[Any]:
    """Give the longest open cases in these states."""
    if not states:
        return []
    who = work.principal
    return ask(
        work.connection,
        _WAITING_FOR_SALES if who.limited_to_own_customers else _WAITING_FOR_ALL,
        {"states": [str(state) for state in states], "limit": limit, "person": who.person_id},
    )
