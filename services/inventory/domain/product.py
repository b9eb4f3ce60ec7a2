"""Products: what is sold, from stock or made to order."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from chassis.errors import plain
from chassis.grams import grams
from chassis.mapping import Announcing, Moment, Percent
from services.inventory.domain import Base
from services.inventory.domain.errors import ProductInactive


class Supply(StrEnum):
    """Where an order line's goods come from."""

    STOCK = "stock"
    MAKE = "make"


class Product(Announcing, Base):
    """What is sold; quantities of it have at most its unit's number of decimals."""

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("unit_decimals between 0 and 3", name="unit_decimals"),
        CheckConstraint("default_supply in ('stock', 'make')", name="default_supply"),
        CheckConstraint(
            "tolerance_over >= 0 and tolerance_under between 0 and 100", name="tolerance"
        ),
        Index("ix_product_grams", "grams", postgresql_using="gin"),
        Index("ix_product_category", "category", "code"),
    )
    aggregate_type = "product"

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    spec: Mapped[str] = mapped_column(String(200), comment="size, colour, style as printed")
    category: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(20))
    unit_decimals: Mapped[int] = mapped_column(SmallInteger)
    default_supply: Mapped[Supply] = mapped_column(String(10))
    tolerance_over: Mapped[Percent] = mapped_column(
        comment="percent by which the made quantity may exceed the ordered one"
    )
    tolerance_under: Mapped[Percent] = mapped_column(
        comment="percent by which the made quantity may miss the ordered one"
    )
    packing: Mapped[str] = mapped_column(String(500))
    standard: Mapped[str] = mapped_column(
        String(1000), comment="what final inspection judges by (产品出厂标准)"
    )
    active: Mapped[bool] = mapped_column(Boolean)
    grams: Mapped[list[str]] = mapped_column(ARRAY(String), comment="what search finds it by")
    created_at: Mapped[Moment]

    def __init__(self, *, product_id: UUID, created_at: datetime, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self.id = product_id
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
            raise ProductInactive(product_code=self.code)


class Substitute(Base):
    """A product that may be offered instead of another; `rank` 1 is offered first."""

    __tablename__ = "product_substitute"
    __table_args__ = (CheckConstraint("product_id <> substitute_id", name="not_itself"),)

    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"), primary_key=True)
    substitute_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"), primary_key=True)
    rank: Mapped[int] = mapped_column(Integer)
