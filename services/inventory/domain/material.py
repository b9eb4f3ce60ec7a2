"""Raw material: its master, its balance and ledger, and what orders claim of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from chassis.errors import plain
from chassis.grams import grams
from chassis.mapping import Day, Moment, Quantity, Versioned
from chassis.quantity import ZERO
from services.inventory.domain import Base
from services.inventory.domain.errors import MaterialInactive


class Material(Versioned, Base):
    """What products are made of."""

    __tablename__ = "material"
    __table_args__ = (
        CheckConstraint("unit_decimals between 0 and 3", name="unit_decimals"),
        Index("ix_material_grams", "grams", postgresql_using="gin"),
    )

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    spec: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(20))
    unit_decimals: Mapped[int] = mapped_column(SmallInteger)
    active: Mapped[bool] = mapped_column(Boolean)
    grams: Mapped[list[str]] = mapped_column(ARRAY(String), comment="what search finds it by")
    created_at: Mapped[Moment]

    def __init__(
        self, *, material_id: UUID, created_at: datetime, facts: Mapping[str, Any]
    ) -> None:
        super().__init__()
        self.id = material_id
        self.created_at = created_at
        self.active = True
        self._write(facts)

    def change(self, facts: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Write new facts and give what differs as field → [old, new]."""
        before = {name: getattr(self, name) for name in facts}
        self._write(facts)
        return {
            name: [plain(old), plain(getattr(self, name))]
            for name, old in before.items()
            if old != getattr(self, name)
        }

    def _write(self, facts: Mapping[str, Any]) -> None:
        for name, value in facts.items():
            setattr(self, name, value)
        self.grams = grams(self.code, self.name, self.spec)

    def require_active(self) -> None:
        if not self.active:
            raise MaterialInactive(material_code=self.code)


class MaterialStock(Base):
    """The balance of one material; `0 ≤ reserved ≤ on_hand` always."""

    __tablename__ = "material_stock"
    __table_args__ = (CheckConstraint("0 <= reserved and reserved <= on_hand", name="balance"),)

    material_id: Mapped[UUID] = mapped_column(ForeignKey("material.id"), primary_key=True)
    on_hand: Mapped[Quantity]
    reserved: Mapped[Quantity]


class MaterialMoveKind(StrEnum):
    """Why a material's balance moved."""

    OPENING = "opening"
    ADJUSTED = "adjusted"
    ARRIVED = "arrived"
    RESERVED = "reserved"
    RELEASED = "released"
    CONSUMED = "consumed"
    UNUSED = "unused"


class MaterialMovement(Base):
    """One row of the append-only ledger of material; their sum is the balance."""

    __tablename__ = "material_movement"
    __table_args__ = (
        Index("ix_material_movement_material", "material_id", "id"),
        Index("ix_material_movement_order", "order_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    material_id: Mapped[UUID] = mapped_column(ForeignKey("material_stock.material_id"))
    kind: Mapped[MaterialMoveKind] = mapped_column(String(20))
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


class MaterialClaim(Base):
    """What one order line needs of one material, and how much of it is held."""

    __tablename__ = "material_claim"
    __table_args__ = (
        CheckConstraint("0 <= held and held <= demand", name="held"),
        CheckConstraint("0 <= returned and returned <= consumed", name="consumed"),
        Index("ix_material_claim_material", "material_id"),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    material_id: Mapped[UUID] = mapped_column(ForeignKey("material.id"), primary_key=True)
    demand: Mapped[Quantity] = mapped_column(comment="what making the line takes")
    held: Mapped[Quantity] = mapped_column(comment="reserved for it and not yet consumed")
    consumed: Mapped[Quantity] = mapped_column(comment="taken at the start of making")
    returned: Mapped[Quantity] = mapped_column(comment="unused, given back at the finish")
    held_at: Mapped[Moment] = mapped_column(comment="when the order last claimed it")

    @property
    def missing(self) -> Decimal:
        """What is still to be reserved before making can start."""
        return ZERO if self.consumed else self.demand - self.held


class MaterialWait(Base):
    """An order whose material statement said `waits`; arrivals serve it wholly."""

    __tablename__ = "material_wait"
    __table_args__ = (Index("ix_material_wait_due", "production_due", "since", "order_id"),)

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    production_due: Mapped[Day | None]
    since: Mapped[Moment]


@dataclass(frozen=True)
class MaterialMove:
    """A movement of material to be booked; both changes are signed."""

    material_id: UUID
    kind: MaterialMoveKind
    on_hand: Decimal = ZERO
    reserved: Decimal = ZERO
    order_id: UUID | None = None
    line_id: UUID | None = None
    reference: str | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Demand:
    """How much of one material making one order line takes."""

    line_id: UUID
    material_id: UUID
    quantity: Decimal


@dataclass(frozen=True)
class MaterialShortage:
    """A material of which an order wants more than is free."""

    material_id: UUID
    material_code: str
    wanted: Decimal
    free: Decimal
    next_arrival: Mapping[str, Any] | None


# What each waiting order lacks of which material, in the order in which they are served.
Queue = Mapping[UUID, Mapping[UUID, Decimal]]


def missing_by_material(claims: Iterable[MaterialClaim]) -> dict[UUID, Decimal]:
    """Sum up what is missing of each material, of which anything is."""
    missing: dict[UUID, Decimal] = {}
    for claim in claims:
        if claim.missing > 0:
            missing[claim.material_id] = missing.get(claim.material_id, ZERO) + claim.missing
    return missing


def serve(queue: Queue, free: dict[UUID, Decimal]) -> list[UUID]:
    """Give the orders that are served from `free`, which loses what they take.

    Orders are served wholly or not at all; one that still lacks something is passed over,
    because holding part of what it needs would help nobody.
    """
    served = []
    for order_id, lacks in queue.items():
        if all(free.get(material_id, ZERO) >= wanted for material_id, wanted in lacks.items()):
            for material_id, wanted in lacks.items():
                free[material_id] -= wanted
            served.append(order_id)
    return served


def days_served(
    queue: Queue,
    free: Mapping[UUID, Decimal],
    coming: Iterable[tuple[date, UUID, Decimal]],
    *,
    today: date,
) -> dict[UUID, date]:
    """Give the day on which what is free and what is coming serves each order, where it does.

    What should have come already is taken to come today.
    """
    by_day: dict[date, list[tuple[UUID, Decimal]]] = {today: []}
    for day, material_id, quantity in coming:
        by_day.setdefault(max(day, today), []).append((material_id, quantity))
    waiting, left, days = dict(queue), dict(free), {}
    for day in sorted(by_day):
        for material_id, quantity in by_day[day]:
            left[material_id] = left.get(material_id, ZERO) + quantity
        for order_id in serve(waiting, left):
            days[order_id] = day
            del waiting[order_id]
    return days
