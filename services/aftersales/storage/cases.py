"""Queries for cases."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from chassis.database import Work
from chassis.finding import stands_in
from chassis.grams import is_gram, wanted, words
from chassis.roundtrips import ask
from services.aftersales.domain.case import NUMBERS, Case
from services.aftersales.domain.copies import OrderCopy
from services.aftersales.domain.errors import CaseNotFound
from services.aftersales.domain.lifecycle import CaseState


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


def of_order(work: Work, order_id: UUID, *, lock: bool = False) -> Sequence[Case]:
    """Give all cases of an order with their lines, the oldest first, locked if wanted."""
    query = (
        select(Case)
        .where(Case.order_id == order_id)
        .options(selectinload(Case.lines))
        .order_by(Case.opened_at, Case.number)
    )
    return work.session.scalars(query.with_for_update(of=Case) if lock else query).all()


def is_any_of_shipment(work: Work, shipment_id: UUID) -> bool:
    """Tell whether a delivery of this shipment has opened a case."""
    found = select(Case.id).where(Case.shipment_id == shipment_id).limit(1)
    return work.session.scalar(found) is not None


def replaced_by(work: Work, customer_id: UUID, order_number: str) -> str | None:
    """Give the number of the customer's case whose goods an order replaces, if there is one."""
    return work.session.scalar(
        select(Case.number).where(
            Case.customer_id == customer_id, Case.reshipped_as == order_number
        )
    )


_CUSTOMER_CODE = (
    select(OrderCopy.view["customer", "code"].as_string())
    .where(OrderCopy.id == Case.order_id)
    .scalar_subquery()
)


def search(work: Work, filters: Mapping[str, Any]) -> tuple[Sequence[Case], str | None]:
    """Give a page of cases, newest number first, and the cursor of the next."""
    query = select(Case).where(*_visible(work)).options(selectinload(Case.lines))
    if filters["state"]:
        query = query.where(Case.state.in_(filters["state"]))
    if filters["order_number"]:
        query = query.where(Case.order_number == filters["order_number"])
    for word in words(filters["q"] or ""):
        query = query.where(Case.grams.contains(wanted(word)))
        if not is_gram(word):
            # What is a gram stands there as it is: comparing it once more would only make
            # PostgreSQL expect fewer.
            query = query.where(stands_in(word, Case.customer_name, _CUSTOMER_CODE))
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


# State by state, each in the order of its index, and no more of one than is shown of all.
_WAITING = """
select c.* from unnest(%(states)s::text[]) as asked(state)
cross join lateral (
    select id, number, state, order_number, customer_name, opened_at, answer_due_at
    from "case" where state = asked.state{own} order by opened_at, id limit %(limit)s
) as c
"""
_WAITING_FOR_ALL = _WAITING.format(own="")
_WAITING_FOR_SALES = _WAITING.format(own=" and salesperson_id = %(person)s")


def waiting(work: Work, states: Sequence[CaseState], limit: int) -> Sequence[Any]:
    """Give so many of the longest open cases in each of these states."""
    if not states:
        return []
    who = work.principal
    return ask(
        work.connection,
        _WAITING_FOR_SALES if who.limited_to_own_customers else _WAITING_FOR_ALL,
        {"states": [str(state) for state in states], "limit": limit, "person": who.person_id},
    )
