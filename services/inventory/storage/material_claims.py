"""What orders claim of raw material, and who waits for it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.errors import plain
from services.inventory.domain.material import MaterialClaim, MaterialWait

_WRITE = text("""
insert into material_claim (
    order_id, line_id, material_id, demand, held, consumed, returned, held_at)
select order_id, line_id, material_id, demand, held, consumed, returned, held_at
from jsonb_to_recordset(cast(:claims as jsonb)) as row(
    order_id uuid, line_id uuid, material_id uuid, demand numeric, held numeric,
    consumed numeric, returned numeric, held_at timestamptz)
on conflict (order_id, line_id, material_id) do update set
    demand = excluded.demand, held = excluded.held, consumed = excluded.consumed,
    returned = excluded.returned, held_at = excluded.held_at
""")


def of_order(session: Session, order_id: UUID) -> Sequence[MaterialClaim]:
    """Load what an order claims, by line and material."""
    return of_orders(session, [order_id])


def of_orders(session: Session, order_ids: Collection[UUID]) -> Sequence[MaterialClaim]:
    """Load what orders claim, by order, line and material; as it stands now."""
    return session.scalars(
        select(MaterialClaim)
        .where(MaterialClaim.order_id.in_(order_ids))
        .order_by(MaterialClaim.order_id, MaterialClaim.line_id, MaterialClaim.material_id)
        .execution_options(populate_existing=True)
    ).all()


def write(session: Session, claims: Iterable[Mapping[str, object]]) -> None:
    """Write claims as they now are."""
    rows = list(claims)
    if rows:
        session.execute(_WRITE, {"claims": json.dumps(plain(rows))})


def remove(session: Session, order_id: UUID, line_ids: Collection[UUID]) -> None:
    """Forget the claims of lines that nothing was consumed for."""
    session.execute(
        delete(MaterialClaim).where(
            MaterialClaim.order_id == order_id,
            MaterialClaim.line_id.in_(line_ids),
            MaterialClaim.consumed == 0,
        )
    )


def forget(session: Session, order_id: UUID, line_id: UUID) -> None:
    """Forget all claims of a line, also those whose material was consumed."""
    session.execute(
        delete(MaterialClaim).where(
            MaterialClaim.order_id == order_id, MaterialClaim.line_id == line_id
        )
    )


def wait(session: Session, order_id: UUID, *, production_due: date | None, since: datetime) -> None:
    """Put an order in the queue; one that waits already keeps its place by `since`."""
    session.execute(
        insert(MaterialWait)
        .values(order_id=order_id, production_due=production_due, since=since)
        .on_conflict_do_update(index_elements=["order_id"], set_={"production_due": production_due})
    )


def stop_waiting(session: Session, order_ids: Collection[UUID]) -> None:
    """Take orders out of the queue."""
    session.execute(delete(MaterialWait).where(MaterialWait.order_id.in_(order_ids)))


def is_waiting(session: Session, order_id: UUID) -> bool:
    return session.get(MaterialWait, order_id, populate_existing=True) is not None


def waiting_for(session: Session, material_ids: Collection[UUID]) -> Sequence[MaterialWait]:
    """Give the waiting orders that claim any of the materials, in the order they are served."""
    claiming = (
        select(MaterialClaim.order_id)
        .where(MaterialClaim.material_id.in_(material_ids))
        .scalar_subquery()
    )
    return session.scalars(
        select(MaterialWait)
        .where(MaterialWait.order_id.in_(claiming))
        .order_by(
            MaterialWait.production_due.nulls_last(), MaterialWait.since, MaterialWait.order_id
        )
        .execution_options(populate_existing=True)
    ).all()
