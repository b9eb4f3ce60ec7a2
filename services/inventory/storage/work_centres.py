"""Work centres, the slots booked on them, and the lock under which slots are booked."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from services.inventory.domain.errors import WorkCentreNotFound
from services.inventory.domain.work_centre import Slot, WorkCentre
from services.inventory.storage.pages import Page, page


def by_code(session: Session, code: str, *, lock: bool = False) -> WorkCentre:
    """Load a work centre. Raises WorkCentreNotFound."""
    query = select(WorkCentre).where(WorkCentre.code == code)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise WorkCentreNotFound(work_centre_code=code)
    return found


def code_is_taken(session: Session, code: str) -> bool:
    return session.scalar(select(WorkCentre.id).where(WorkCentre.code == code)) is not None


def by_ids(session: Session, work_centre_ids: Collection[UUID]) -> dict[UUID, WorkCentre]:
    """Load work centres by id."""
    rows = session.scalars(select(WorkCentre).where(WorkCentre.id.in_(work_centre_ids)))
    return {row.id: row for row in rows}


def active(session: Session, *, lock: bool = False) -> Sequence[WorkCentre]:
    """Load all work centres that are planned on, by code; locked in that one fixed order."""
    query = select(WorkCentre).where(WorkCentre.active).order_by(WorkCentre.code)
    return session.scalars(query.with_for_update() if lock else query).all()


def search(
    session: Session, *, active: bool | None, limit: int, after: str | None
) -> Page[WorkCentre]:
    """List work centres by code."""
    query = select(WorkCentre).order_by(WorkCentre.code).limit(limit + 1)
    if active is not None:
        query = query.where(WorkCentre.active == active)
    if after is not None:
        query = query.where(WorkCentre.code > after)
    return page(session.scalars(query).all(), limit, lambda centre: centre.code)


def booked(
    session: Session, *, since: date, besides_order: UUID | None = None
) -> Mapping[UUID, Mapping[date, Decimal]]:
    """Give what is booked on each work centre by day, one order's own slots left out."""
    query = (
        select(Slot.work_centre_id, Slot.day, func.sum(Slot.quantity))
        .where(Slot.day >= since)
        .group_by(Slot.work_centre_id, Slot.day)
    )
    if besides_order is not None:
        query = query.where(Slot.order_id != besides_order)
    found: dict[UUID, dict[date, Decimal]] = defaultdict(dict)
    for work_centre_id, day, quantity in session.execute(query):
        found[work_centre_id][day] = quantity
    return found


def has_slots_since(session: Session, work_centre_id: UUID, day: date) -> bool:
    found = session.scalar(
        select(Slot.day).where(Slot.work_centre_id == work_centre_id, Slot.day >= day).limit(1)
    )
    return found is not None


def slots_of(session: Session, order_ids: Collection[UUID]) -> Sequence[Slot]:
    """Load the slots of orders, by line and day."""
    return session.scalars(
        select(Slot).where(Slot.order_id.in_(order_ids)).order_by(Slot.line_id, Slot.day)
    ).all()


def slots_on(session: Session, work_centre_id: UUID, *, since: date, until: date) -> Sequence[Slot]:
    """Load what is booked on a work centre between two days."""
    return session.scalars(
        select(Slot)
        .where(Slot.work_centre_id == work_centre_id, Slot.day.between(since, until))
        .order_by(Slot.day, Slot.order_id, Slot.line_id)
    ).all()


def free_slots(session: Session, order_id: UUID, line_id: UUID | None = None) -> None:
    """Give back the slots of an order, or of one of its lines, that were not used."""
    query = delete(Slot).where(Slot.order_id == order_id, Slot.used_at.is_(None))
    if line_id is not None:
        query = query.where(Slot.line_id == line_id)
    session.execute(query.execution_options(synchronize_session=False))


def free_slots_besides(session: Session, order_id: UUID, line_ids: Collection[UUID]) -> None:
    """Give back the slots of an order, those of some lines apart, that were not used."""
    session.execute(
        delete(Slot)
        .where(Slot.order_id == order_id, Slot.used_at.is_(None), Slot.line_id.not_in(line_ids))
        .execution_options(synchronize_session=False)
    )


def use_slots(
    session: Session, *, order_id: UUID, line_id: UUID, today: date, at: datetime
) -> None:
    """Mark a finished line's slots as used, and give back those that were still to come."""
    mine = (Slot.order_id == order_id, Slot.line_id == line_id)
    session.execute(
        delete(Slot).where(*mine, Slot.day > today).execution_options(synchronize_session=False)
    )
    session.execute(
        update(Slot).where(*mine).values(used_at=at).execution_options(synchronize_session=False)
    )
