"""Queries of the order copies, and of the lock and blocks of an order."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.database import Work
from chassis.inbox import add_newer
from chassis.principal import Principal
from services.shipping.domain.errors import OrderUnknown, Withdrawn
from services.shipping.domain.order import BlockedFor, OrderBlock, OrderCopy, OrderLock, blocked_by


def get(session: Session, order_number: str, principal: Principal) -> OrderCopy:
    """Give the copy of an order. Raises OrderUnknown."""
    query = select(OrderCopy).where(OrderCopy.number == order_number)
    if principal.limited_to_own_customers:
        query = query.where(OrderCopy.salesperson_id == principal.person_id)
    found = session.scalar(query)
    if found is None:
        raise OrderUnknown(order_number=order_number)
    return found


def by_id(session: Session, order_id: UUID) -> OrderCopy | None:
    """Give the copy of an order, if its first event has come."""
    return session.get(OrderCopy, order_id)


def keep(work: Work, view: dict[str, Any], sequence: int) -> None:
    """Write an order's view unless a newer one is here."""
    table = OrderCopy.__table__
    assert isinstance(table, Table)  # noqa: S101  what declarative gives, for the type checker
    add_newer(
        work.bundle,
        table,
        {
            "order_id": view["id"],
            "sequence": sequence,
            "number": view["number"],
            "stage": view["stage"],
            "on_hold": view["hold"] is not None,
            "customer_id": view["customer"]["id"],
            "salesperson_id": view["customer"]["salesperson_id"],
            "view": view,
        },
        key=["order_id"],
    )


def lock(session: Session, order_id: UUID) -> OrderLock:
    """Lock an order against everybody who asks for its goods or blocks it."""
    session.execute(insert(OrderLock).values(order_id=order_id).on_conflict_do_nothing())
    return session.scalars(
        select(OrderLock)
        .where(OrderLock.order_id == order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def reversals(session: Session, order_id: UUID) -> int:
    """Give how often money of an order went back, as far as has been heard."""
    return session.scalar(select(OrderLock.reversals).where(OrderLock.order_id == order_id)) or 0


def set_block(
    session: Session,
    *,
    command_id: str,
    order_id: UUID,
    why: BlockedFor,
    reason: str | None,
    person_id: str,
    now: datetime,
) -> None:
    """Write the block of one command. Raises Withdrawn where it was taken back before."""
    fresh = session.execute(
        insert(OrderBlock)
        .values(
            command_id=command_id,
            order_id=order_id,
            why=why,
            reason=reason,
            set_at=now,
            set_by=person_id,
        )
        .on_conflict_do_nothing()
        .returning(OrderBlock.command_id)
    ).first()
    if fresh is None:
        raise Withdrawn(command_id=command_id)


def lift_block(
    session: Session, *, command_id: str, order_id: UUID, why: BlockedFor, now: datetime
) -> None:
    """Lift the block of exactly one command; unknown, its tombstone is laid."""
    session.execute(
        insert(OrderBlock)
        .values(command_id=command_id, order_id=order_id, why=why, lifted_at=now)
        .on_conflict_do_update(
            index_elements=["command_id"],
            set_={"lifted_at": now},
            where=OrderBlock.lifted_at.is_(None),
        )
    )


def lift_all_blocks(session: Session, order_id: UUID, why: BlockedFor, now: datetime) -> None:
    """Lift every block of one kind, whoever set it."""
    session.execute(
        update(OrderBlock)
        .where(
            OrderBlock.order_id == order_id, OrderBlock.why == why, OrderBlock.lifted_at.is_(None)
        )
        .values(lifted_at=now)
        .execution_options(synchronize_session=False)
    )


def held_at_first(session: Session, order_id: UUID) -> datetime | None:
    """Give since when an order is on hold."""
    return session.scalar(
        select(func.min(OrderBlock.set_at)).where(
            OrderBlock.order_id == order_id,
            OrderBlock.why == BlockedFor.HOLD,
            OrderBlock.lifted_at.is_(None),
        )
    )


def held_since(session: Session, order_id: UUID) -> datetime | None:
    """Give when the newest hold was set that stands."""
    return session.scalar(
        select(func.max(OrderBlock.set_at)).where(
            OrderBlock.order_id == order_id,
            OrderBlock.why == BlockedFor.HOLD,
            OrderBlock.lifted_at.is_(None),
        )
    )


def holds_of(session: Session, order_id: UUID) -> list[tuple[datetime, datetime]]:
    """Give from when until when an order was on hold each time that is over, the first first."""
    rows = session.execute(
        select(OrderBlock.set_at, OrderBlock.lifted_at)
        .where(
            OrderBlock.order_id == order_id,
            OrderBlock.why == BlockedFor.HOLD,
            OrderBlock.set_at.is_not(None),
            OrderBlock.lifted_at.is_not(None),
        )
        .order_by(OrderBlock.set_at)
    )
    return [(row.set_at, row.lifted_at) for row in rows]


def present_block(session: Session, order_id: UUID) -> BlockedFor | None:
    """Give what the open blocks of an order amount to."""
    return blocked_by(
        list(
            session.scalars(
                select(OrderBlock.why).where(
                    OrderBlock.order_id == order_id, OrderBlock.lifted_at.is_(None)
                )
            )
        )
    )
