"""Queries of what is owed, and of sent notices."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.database import Work
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


def waiting(work: Work, kinds: Collection[Owed], *, limit: int) -> Sequence[Any]:
    """Give what is owed of some kinds, and for which shipment, the earliest due first."""
    asked = {"kinds": [str(kind) for kind in kinds], "most": limit}
    return ask(work.connection, _OWED, asked)


# Kind by kind, each in the order of its index: what others owe is not read.
_OWED = """
select o.kind, o.roles, o.due_at, s.number, s.order_number, s.customer_name
from (
    select found.* from unnest(%(kinds)s::text[]) as asked(kind)
    cross join lateral (
        select id, kind, roles, due_at, shipment_id from obligation
        where done_at is null and kind = asked.kind
        order by due_at, id limit %(most)s
    ) as found
    order by due_at, id limit %(most)s
) as o
cross join lateral (
    select number, order_number, customer_name from shipment where id = o.shipment_id limit 1
) as s
"""


def told_of(session: Session, shipment: Shipment) -> list[NoticeSending]:
    """Give the sendings that told when a shipment arrives, and where, as it is expected now."""
    return [
        sending
        for sending in sendings(session, shipment.id)
        if sending.expected_arrival in (None, shipment.expected_arrival)
        and sending.depot == shipment.depot
    ]


def sendings(session: Session, shipment_id: UUID) -> list[NoticeSending]:
    """Give how a shipment's notice was sent, the first first."""
    return list(
        session.scalars(
            select(NoticeSending)
            .where(NoticeSending.shipment_id == shipment_id)
            .order_by(NoticeSending.at, NoticeSending.id)
        )
    )
