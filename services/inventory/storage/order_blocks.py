"""The holds that stop an order's forward moves."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.inventory.domain.order import OrderBlock


def standing(session: Session, order_id: UUID) -> OrderBlock | None:
    """Give a block that stands, if any; who moves the order has locked its row."""
    session.flush()  # What is read anew must not lose what was changed here.
    return session.scalars(
        select(OrderBlock)
        .where(OrderBlock.order_id == order_id, OrderBlock.lifted_at.is_(None))
        .order_by(OrderBlock.placed_at)
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()


def of_order(session: Session, order_id: UUID) -> Sequence[OrderBlock]:
    """Load every block an order ever had, lifted ones and tombstones too."""
    session.flush()  # What is read anew must not lose what was changed here.
    return session.scalars(
        select(OrderBlock)
        .where(OrderBlock.order_id == order_id)
        .order_by(OrderBlock.command_id)
        .execution_options(populate_existing=True)
    ).all()
