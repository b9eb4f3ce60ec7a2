"""Queries of what is owed, and of sent notices."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.principal import Principal
from chassis.roundtrips import ask
from services.shipping.domain.notice import NoticeSending
from services.shipping.domain.obligation import Obligation, Owed
from services.shipping.domain.shipment import Shipment


def open_one(session: Session, shipment_id: UUID, kind: Owed) -> Obligation | None:
    """Give the open obligation of one kind of a shipment, if it has one."""
    return session.scalar(
        select(Obligation).where(
            Obligation.shipment_id == shipment_id,
            Obligation.kind == kind,
            Obligation.done_at.is_(None),
        )
    )


def open_of(session: Session, shipment_ids: Collection[UUID]) -> list[Obligation]:
    """Give everything that is still owed for some shipments."""
    if not shipment_ids:
        return []
    return list(
        session.scalars(
            select(Obligation).where(
                Obligation.shipment_id.in_(shipment_ids), Obligation.done_at.is_(None)
            )
        )
    )


def open_of_order(session: Session, order_id: UUID) -> list[Obligation]:
    """Give everything that is still owed for an order's shipments, by due time."""
    return list(
        session.scalars(
            select(Obligation)
            .join(Shipment, Shipment.id == Obligation.shipment_id)
            .where(Shipment.order_id == order_id, Obligation.done_at.is_(None))
            .order_by(Obligation.due_at, Obligation.id)
        )
    )


def all_of(session: Session, shipment_id: UUID) -> list[Obligation]:
    """Give everything that was ever owed for a shipment, by due time."""
    return list(
        session.scalars(
            select(Obligation)
            .where(Obligation.shipment_id == shipment_id)
            .order_by(Obligation.due_at, Obligation.id)
        )
    )


def waiting(
    session: Session, roles: Collection[str], principal: Principal, *, limit: int
) -> Sequence[Any]:
    """Give what is owed by any of `roles`, and for which shipment, the earliest due first."""
    statement = _OWED_OWN if principal.limited_to_own_customers else _OWED
    asked = {"mine": sorted(roles), "person": principal.person_id, "most": limit}
    return ask(session.connection(), statement, asked)


_OWED_BY = """
select o.kind, o.roles, o.due_at, s.number, s.order_number, s.customer_name
from obligation o join shipment s on s.id = o.shipment_id
where o.done_at is null and o.roles && %(mine)s::varchar[]{own}
order by o.due_at, o.id limit %(most)s
"""
_OWED = _OWED_BY.format(own="")
_OWED_OWN = _OWED_BY.format(own=" and s.salesperson_id = %(person)s")


def sendings(session: Session, shipment_id: UUID) -> list[NoticeSending]:
    """Give how a shipment's notice was sent, the first first."""
    return list(
        session.scalars(
            select(NoticeSending)
            .where(NoticeSending.shipment_id == shipment_id)
            .order_by(NoticeSending.at, NoticeSending.id)
        )
    )
