"""Queries for visits."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.clock import BUSINESS_ZONE
from chassis.database import Work
from services.aftersales.domain.errors import VisitNotFound
from services.aftersales.domain.lifecycle import VisitState
from services.aftersales.domain.visit import AGREED, OF_EVENT, Visit, VisitReason


def plan(work: Work, visits: Sequence[dict[str, Any]]) -> None:
    """Plan visits, but none twice.

    That is one of the same shipment, reason and day, and a second monthly one of a customer.
    """
    if visits:
        work.session.execute(insert(Visit).values(list(visits)).on_conflict_do_nothing())


def plan_from_receipt(work: Work, visit: dict[str, Any]) -> None:
    """Plan a call by the day of the receipt; one that counted from the arrival moves to it."""
    wished = insert(Visit).values(visit)
    work.session.execute(
        wished.on_conflict_do_update(
            index_elements=["shipment_id", "reason", "day_offset"],
            index_where=OF_EVENT,
            set_={"planned_on": wished.excluded.planned_on},
            where=Visit.state == VisitState.PLANNED,
        )
    )


def after_receipt(work: Work, shipment_id: UUID) -> Visit | None:
    """Give the call after a shipment's receipt that is planned first, also by its arrival."""
    query = select(Visit).where(
        Visit.shipment_id == shipment_id, Visit.reason == VisitReason.AFTER_RECEIPT, OF_EVENT
    )
    return work.session.scalar(query.order_by(Visit.day_offset).limit(1).with_for_update())


def agree(work: Work, visit: dict[str, Any]) -> None:
    """Plan a follow-up, or let the one of that day about the same goods be urgent if this is."""
    wished = insert(Visit).values(visit)
    work.session.execute(
        wished.on_conflict_do_update(
            index_elements=["shipment_id", "planned_on"],
            index_where=AGREED,
            set_={"urgent": or_(Visit.urgent, wished.excluded.urgent)},
        )
    )


def visit(work: Work, visit_id: UUID, *, lock: bool = False) -> Visit:
    """Give one visit, locked for a change if wanted. Raises VisitNotFound."""
    query = select(Visit).where(Visit.id == visit_id)
    if work.principal.limited_to_own_customers:
        query = query.where(Visit.salesperson_id == work.principal.person_id)
    found = work.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise VisitNotFound(visit_id=visit_id)
    return found


def due(work: Work, on: date, limit: int) -> Sequence[Visit]:
    """Give a day's list: what is planned by then, urgent first, then the longest waiting."""
    query = select(Visit).where(Visit.state == VisitState.PLANNED, Visit.planned_on <= on)
    if work.principal.limited_to_own_customers:
        query = query.where(Visit.salesperson_id == work.principal.person_id)
    return work.session.scalars(
        query.order_by(Visit.urgent.desc(), Visit.planned_on, Visit.id).limit(limit)
    ).all()


def made_on(work: Work, day: date) -> int:
    """Give how many calls were made on a day."""
    begins = datetime.combine(day, time(), BUSINESS_ZONE)
    made = Visit.visited_at >= begins, Visit.visited_at < begins + timedelta(days=1)
    return work.session.scalar(select(func.count()).where(*made)) or 0


def of_order(work: Work, order_number: str) -> Sequence[Visit]:
    """Give the visits about an order, planned and done."""
    query = select(Visit).where(Visit.order_number == order_number)
    if work.principal.limited_to_own_customers:
        query = query.where(Visit.salesperson_id == work.principal.person_id)
    return work.session.scalars(query.order_by(Visit.planned_on, Visit.id).limit(200)).all()


def hand_over(work: Work, order_number: str, salesperson_id: str | None) -> None:
    """Show the visits about an order to another salesperson."""
    work.session.execute(
        update(Visit)
        .where(Visit.order_number == order_number)
        .values(salesperson_id=salesperson_id)
        .execution_options(synchronize_session=False)
    )
