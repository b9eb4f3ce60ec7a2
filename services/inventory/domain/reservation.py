"""Finished stock held for order lines: what moves when an order wants more, less or other goods.

What a submit gives up is not freed at once but becomes `surplus`: still reserved, so that
undoing the submit is exact whatever others do meanwhile, and freed when the order's event
tells that the submit stood.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis.mapping import Moment, Quantity
from chassis.quantity import ZERO
from services.inventory.domain import Base
from services.inventory.domain.product import Supply


class Reservation(Base):
    """Goods of one product in one store that are held for one order line."""

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("0 <= surplus and surplus <= quantity", name="surplus"),
        CheckConstraint("consumed >= 0", name="consumed"),
        Index("ix_reservation_product", "product_id", "store_code"),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"), primary_key=True)
    store_code: Mapped[str] = mapped_column(ForeignKey("store.code"), primary_key=True)
    supply: Mapped[Supply] = mapped_column(
        String(10), comment="stock: at submit; make: at stock-in"
    )
    quantity: Mapped[Quantity] = mapped_column(comment="reserved now")
    surplus: Mapped[Quantity] = mapped_column(
        comment="part of quantity that a submit gave up, freed once that submit stands"
    )
    consumed: Mapped[Quantity] = mapped_column(comment="dispatched so far")
    held_at: Mapped[Moment] = mapped_column(comment="business time the order last wanted it")


class CommandState(StrEnum):
    """What became of a command that reserved stock."""

    DONE = "done"  # its changes stand
    UNDONE = "undone"  # its changes were taken back
    WITHDRAWN = "withdrawn"  # taken back before it came: it will be refused


class StockCommand(Base):
    """A command that reserved stock, with what it changed; or the tombstone of one to come."""

    __tablename__ = "stock_command"
    __table_args__ = (
        CheckConstraint("state in ('done', 'undone', 'withdrawn')", name="state"),
        Index("ix_stock_command_at", "at"),
    )

    command_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    order_id: Mapped[UUID]
    state: Mapped[CommandState] = mapped_column(String(10))
    changes: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, comment="by line: what it added to quantity and to surplus"
    )
    at: Mapped[Moment]


@dataclass(frozen=True)
class Wanted:
    """How much of a product an order line wants held in all."""

    line_id: UUID
    product_id: UUID
    quantity: Decimal


@dataclass(frozen=True, order=True)
class HoldKey:
    """Which hold of an order: its line, product and store."""

    line_id: UUID
    product_id: UUID
    store_code: str

    def to_json(self) -> dict[str, str]:
        return {
            "line_id": str(self.line_id),
            "product_id": str(self.product_id),
            "store_code": self.store_code,
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, str]) -> "HoldKey":
        return cls(UUID(facts["line_id"]), UUID(facts["product_id"]), facts["store_code"])


@dataclass(frozen=True)
class Hold:
    """What one hold says: all that is reserved, and how much of it is surplus."""

    quantity: Decimal = ZERO
    surplus: Decimal = ZERO


Holds = Mapping[HoldKey, Hold]


def holds_of(rows: Iterable[Reservation]) -> dict[HoldKey, Hold]:
    """Read an order's reservations as holds."""
    return {
        HoldKey(row.line_id, row.product_id, row.store_code): Hold(row.quantity, row.surplus)
        for row in rows
    }


def wanted_holds(held: Holds, wanted: Sequence[Wanted], store_code: str) -> dict[HoldKey, Hold]:
    """Give the order's holds once it wants `wanted`, taken first from what it gives up itself.

    Whatever the order holds and no longer wants becomes surplus.
    """
    after = {key: Hold(hold.quantity, hold.quantity) for key, hold in held.items()}
    for line in wanted:
        key = HoldKey(line.line_id, line.product_id, store_code)
        kept = min(line.quantity, after.get(key, Hold()).quantity)
        after[key] = Hold(after.get(key, Hold()).quantity, after.get(key, Hold()).surplus - kept)
    for line in wanted:
        key = HoldKey(line.line_id, line.product_id, store_code)
        lacking = line.quantity - after[key].quantity
        if lacking <= 0:
            continue
        for other, hold in sorted(after.items()):
            if other.product_id != line.product_id or other.store_code != store_code:
                continue
            taken = min(lacking, hold.surplus)
            after[other] = Hold(hold.quantity - taken, hold.surplus - taken)
            lacking -= taken
        after[key] = Hold(line.quantity, after[key].surplus)
    return after


def reserved_changes(before: Holds, after: Holds) -> dict[tuple[UUID, str], Decimal]:
    """Give by how much each (product, store) is reserved more or less; zeros are left out."""
    changes: dict[tuple[UUID, str], Decimal] = defaultdict(lambda: ZERO)
    for holds, sign in ((before, -1), (after, 1)):
        for key, hold in holds.items():
            changes[key.product_id, key.store_code] += sign * hold.quantity
    return {key: change for key, change in changes.items() if change}


def difference(before: Holds, after: Holds) -> list[dict[str, Any]]:
    """Give what a command added to each hold, as it is kept for an exact undo."""
    changes = []
    for key in sorted({**before, **after}):
        old, new = before.get(key, Hold()), after.get(key, Hold())
        if old != new:
            changes.append(
                {
                    **key.to_json(),
                    "quantity": format(new.quantity - old.quantity, "f"),
                    "surplus": format(new.surplus - old.surplus, "f"),
                }
            )
    return changes


def taken_back(held: Holds, changes: Iterable[Mapping[str, str]]) -> dict[HoldKey, Hold]:
    """Give the holds without what a command added, whatever has happened since.

    A command only ever adds to what an order reserves of a product, so taking it back always
    fits; what has been consumed or freed meanwhile is left out of it.
    """
    after = dict(held)
    given: dict[tuple[UUID, str], Decimal] = defaultdict(lambda: ZERO)
    for change in sorted(changes, key=lambda change: Decimal(change["quantity"]), reverse=True):
        key, added = HoldKey.from_json(change), Decimal(change["quantity"])
        old = after.get(key, Hold())
        shelf = (key.product_id, key.store_code)
        if added >= 0:
            quantity = max(ZERO, old.quantity - added)
            given[shelf] += old.quantity - quantity
        else:
            # It was moved to another line of the order: what that one gave back returns here.
            quantity = old.quantity + min(-added, given[shelf])
            given[shelf] -= quantity - old.quantity
        surplus = min(quantity, max(ZERO, old.surplus - Decimal(change["surplus"])))
        after[key] = Hold(quantity, surplus)
    return after


def settled(held: Holds, wanted: Mapping[HoldKey, Decimal]) -> dict[HoldKey, Hold]:
    """Give the holds once a submit stands: the surplus above what it wants is let go."""
    after = {}
    for key, hold in held.items():
        quantity = min(hold.quantity, max(hold.quantity - hold.surplus, wanted.get(key, ZERO)))
        after[key] = Hold(quantity, max(ZERO, hold.surplus - (hold.quantity - quantity)))
    return after
