"""Finished stock: balances by product, store and condition, and the ledger they sum up."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from chassis.mapping import Moment, Quantity
from chassis.quantity import ZERO
from services.inventory.domain import Base
from services.inventory.domain.errors import BalanceTooLarge, StockHeld


class Condition(StrEnum):
    """What may be done with goods."""

    GOOD = "good"  # may be sold; the only condition that can be reserved
    QUARANTINE = "quarantine"  # came back, nobody has inspected it yet
    DEFECTIVE = "defective"  # inspected and not good: to be reworked


class Store(Base):
    """A place that keeps finished goods."""

    __tablename__ = "store"

    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    active: Mapped[bool] = mapped_column(Boolean)


class StockKey(NamedTuple):
    """Which balance: a product in a store in a condition."""

    product_id: UUID
    store_code: str
    condition: Condition = Condition.GOOD


class Stock(Base):
    """One balance; `0 ≤ reserved ≤ on_hand` always, and only good goods are reserved."""

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("0 <= reserved and reserved <= on_hand", name="balance"),
        CheckConstraint("condition = 'good' or reserved = 0", name="only_good_reserved"),
        CheckConstraint("condition in ('good', 'quarantine', 'defective')", name="condition"),
    )

    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"), primary_key=True)
    store_code: Mapped[str] = mapped_column(ForeignKey("store.code"), primary_key=True)
    condition: Mapped[Condition] = mapped_column(String(10), primary_key=True)
    on_hand: Mapped[Quantity]
    reserved: Mapped[Quantity]


class MoveKind(StrEnum):
    """Why a balance of finished stock moved."""

    OPENING = "opening"
    ADJUSTED = "adjusted"
    ARRIVED = "arrived"
    MADE = "made"
    RESERVED = "reserved"
    RELEASED = "released"
    DISPATCHED = "dispatched"
    SENT = "sent"  # to another store
    TRANSFERRED = "transferred"  # from another store
    RETURNED = "returned"
    RESTOCKED = "restocked"
    REWORK = "rework"
    SCRAPPED = "scrapped"
    REPAIRED = "repaired"  # mended, and with its customer again
    PASSED_ON = "passed_on"  # a returned piece that went elsewhere


class StockMovement(Base):
    """One row of the append-only ledger; their sum by balance is the balance."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        ForeignKeyConstraint(
            ["product_id", "store_code", "condition"],
            ["stock.product_id", "stock.store_code", "stock.condition"],
        ),
        Index("ix_stock_movement_stock", "product_id", "store_code", "condition", "id"),
        Index("ix_stock_movement_order", "order_id"),
        Index("ix_stock_movement_reference", "reference", "kind"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    product_id: Mapped[UUID]
    store_code: Mapped[str] = mapped_column(String(20))
    condition: Mapped[Condition] = mapped_column(String(10))
    kind: Mapped[MoveKind] = mapped_column(String(20))
    on_hand: Mapped[Quantity] = mapped_column(comment="by how much it changed on_hand")
    reserved: Mapped[Quantity] = mapped_column(comment="by how much it changed reserved")
    order_id: Mapped[UUID | None]
    line_id: Mapped[UUID | None]
    reference: Mapped[str | None] = mapped_column(String(80), comment="number of the paper")
    reason: Mapped[str | None] = mapped_column(String(60))
    note: Mapped[str | None] = mapped_column(Text)
    at: Mapped[Moment] = mapped_column(comment="business time")
    person_id: Mapped[str] = mapped_column(String(80))
    person_name: Mapped[str] = mapped_column(String(120))


class Discrepancy(Base):
    """Goods that a fact says moved, but that the books did not have: to be counted."""

    __tablename__ = "stock_discrepancy"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_stock_discrepancy_open", "id", postgresql_where=text("settled_at is null")),
        Index("ix_stock_discrepancy_reference", "reference"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"))
    store_code: Mapped[str] = mapped_column(ForeignKey("store.code"))
    condition: Mapped[Condition] = mapped_column(String(10))
    quantity: Mapped[Quantity] = mapped_column(comment="how much the books lacked")
    cause: Mapped[MoveKind] = mapped_column(String(20))
    order_id: Mapped[UUID | None]
    line_id: Mapped[UUID | None]
    reference: Mapped[str | None] = mapped_column(String(80))
    found_at: Mapped[Moment]
    settled_at: Mapped[Moment | None]
    settled_by: Mapped[str | None] = mapped_column(String(120))


# As the largest quantity that one message may name (chassis/schema.py).
LARGEST_BALANCE = Decimal(10) ** 12


class Balance(NamedTuple):
    """What a balance says at one moment."""

    on_hand: Decimal = ZERO
    reserved: Decimal = ZERO

    @property
    def free(self) -> Decimal:
        return self.on_hand - self.reserved

    def guard_booking(self, code: str, moved: Decimal) -> None:
        """Raise StockHeld or BalanceTooLarge where so much cannot be booked in or out by hand."""
        if self.free + moved < 0:
            raise StockHeld(code=code, free=self.free)
        if self.on_hand + moved >= LARGEST_BALANCE:
            raise BalanceTooLarge(code=code, on_hand=self.on_hand + moved, most=LARGEST_BALANCE)


@dataclass(frozen=True)
class Move:
    """A movement of finished stock to be booked; both changes are signed."""

    key: StockKey
    kind: MoveKind
    on_hand: Decimal = ZERO
    reserved: Decimal = ZERO
    order_id: UUID | None = None
    line_id: UUID | None = None
    reference: str | None = None
    reason: str | None = None
    note: str | None = None
