"""Finished stock held for orders, and the commands that held it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.clock import machine_now
from chassis.database import Work
from chassis.notation import as_json
from chassis.roundtrips import ask
from services.inventory.domain.errors import Withdrawn
from services.inventory.domain.product import Supply
from services.inventory.domain.reservation import (
    CommandState,
    Hold,
    HoldKey,
    Reservation,
    StockCommand,
)
from services.inventory.domain.stock import Discrepancy, StockMovement

_WRITE = """
insert into reservation (
    order_id, line_id, product_id, store_code, supply, quantity, surplus, consumed, held_at)
select %(order_id)s, line_id, product_id, store_code, %(supply)s, quantity, surplus, consumed,
    %(held_at)s
from jsonb_to_recordset(%(holds)s) as row(
    line_id uuid, product_id uuid, store_code text, quantity numeric, surplus numeric,
    consumed numeric)
on conflict (order_id, line_id, product_id, store_code) do update set
    quantity = excluded.quantity, surplus = excluded.surplus,
    consumed = reservation.consumed + excluded.consumed, held_at = excluded.held_at
"""


def of_order(session: Session, order_id: UUID) -> Sequence[Reservation]:
    """Load what is or was held for an order, by line, as it stands now."""
    session.flush()  # populate_existing would forget what has not been written yet
    return session.scalars(
        select(Reservation)
        .where(Reservation.order_id == order_id)
        .order_by(Reservation.line_id, Reservation.product_id, Reservation.store_code)
        .execution_options(populate_existing=True)
    ).all()


def has_surplus(connection: Connection, order_id: UUID) -> bool:
    """Whether an order holds what a submit gave up; asked for every submit."""
    query = "select exists (select from reservation where order_id = %s and surplus > 0)"
    return bool(ask(connection, query, (order_id,))[0][0])


def write(
    work: Work,
    order_id: UUID,
    holds: Mapping[HoldKey, Hold],
    *,
    supply: Supply,
    held_at: datetime,
    consumed: Mapping[HoldKey, Any] | None = None,
) -> None:
    """Write an order's holds as they now are, adding `consumed` to what was consumed before.

    `held_at` tells a late event about an expired hold from the hold that came after it.
    """
    if not holds:
        return
    rows = [
        {
            **key.to_json(),
            "quantity": format(hold.quantity, "f"),
            "surplus": format(hold.surplus, "f"),
            "consumed": format((consumed or {}).get(key, 0), "f"),
        }
        for key, hold in holds.items()
    ]
    written = {
        "order_id": order_id,
        "supply": str(supply),
        "held_at": held_at,
        "holds": as_json(rows),
    }
    work.bundle.add(_WRITE, written)


def note_command(
    work: Work, command_id: str, order_id: UUID, changes: Sequence[Mapping[str, Any]]
) -> None:
    """Have kept what a command changed, for its undoing; refused if it was withdrawn before."""
    work.bundle.add(
        "insert into stock_command (command_id, order_id, state, changes, at)"
        " values (%s, %s, %s, %s, %s)",
        (command_id, order_id, str(CommandState.DONE), as_json(list(changes)), machine_now()),
        refusals={"pk_stock_command": Withdrawn(command_id=command_id)},
    )


def has_come(session: Session, command_id: str) -> bool:
    """Whether a command, or its tombstone, is here."""
    found: bool | None = session.scalar(
        select(exists().where(StockCommand.command_id == command_id))
    )
    return bool(found)


def withdraw(session: Session, command_id: str, order_id: UUID, at: datetime) -> bool:
    """Leave a tombstone for a command that has not come; False if it has."""
    left = session.execute(
        insert(StockCommand)
        .values(
            command_id=command_id,
            order_id=order_id,
            state=CommandState.WITHDRAWN,
            changes=[],
            at=at,
        )
        .on_conflict_do_nothing()
    )
    return bool(left.rowcount)  # type: ignore[attr-defined]


def command(session: Session, command_id: str) -> StockCommand:
    """Load a command that is known to have come, locked."""
    return session.scalars(
        select(StockCommand).where(StockCommand.command_id == command_id).with_for_update()
    ).one()


def purge_commands(session: Session, before: datetime) -> None:
    """Forget commands so old that no caller asks about them any more."""
    session.execute(delete(StockCommand).where(StockCommand.at < before))


def was_booked(session: Session, reference: str, kinds: Collection[str]) -> bool:
    """Whether a paper's goods were booked, or found missing, before."""
    found: bool | None = session.scalar(
        select(
            or_(
                exists().where(StockMovement.reference == reference, StockMovement.kind.in_(kinds)),
                exists().where(Discrepancy.reference == reference, Discrepancy.cause.in_(kinds)),
            )
        )
    )
    return bool(found)
