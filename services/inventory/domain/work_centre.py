"""Work centres and the slots that orders have booked on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from chassis.errors import plain
from chassis.mapping import Day, Moment, Quantity, Versioned
from chassis.quantity import computed
from services.inventory.domain import Base
from services.inventory.domain.errors import WorkCentreInactive


class WorkCentre(Versioned, Base):
    """A machine or line; a working day of it makes `hours_per_day × quantity_per_hour`."""

    __tablename__ = "work_centre"
    __table_args__ = (
        CheckConstraint("hours_per_day > 0 and hours_per_day <= 24", name="hours_per_day"),
        CheckConstraint("quantity_per_hour > 0", name="quantity_per_hour"),
    )

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    hours_per_day: Mapped[Quantity]
    quantity_per_hour: Mapped[Quantity] = mapped_column(comment="in the products' own unit")
    categories: Mapped[list[str]] = mapped_column(
        ARRAY(String), comment="product categories it can make; empty: any"
    )
    active: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[Moment]

    def __init__(
        self, *, work_centre_id: UUID, created_at: datetime, facts: Mapping[str, Any]
    ) -> None:
        super().__init__()
        self.id = work_centre_id
        self.created_at = created_at
        self.active = True
        for name, value in facts.items():
            setattr(self, name, value)

    def change(self, facts: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Write new facts and give what differs as field → [old, new]."""
        before = {name: getattr(self, name) for name in facts}
        for name, value in facts.items():
            setattr(self, name, value)
        return {
            name: [plain(old), plain(getattr(self, name))]
            for name, old in before.items()
            if old != getattr(self, name)
        }

    @property
    def per_day(self) -> Decimal:
        """Give what a working day makes."""
        return computed(self.hours_per_day * self.quantity_per_hour)

    def can_make(self, category: str) -> bool:
        return self.active and (not self.categories or category in self.categories)

    def require_active(self) -> None:
        if not self.active:
            raise WorkCentreInactive(work_centre_code=self.code)


class Slot(Base):
    """What a work centre makes of an order line on one day.

    Booked by the planner's signature, moved with the slide, used at finish, else freed.
    """

    __tablename__ = "slot"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_slot_work_centre_day", "work_centre_id", "day"),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[Day] = mapped_column(primary_key=True)
    work_centre_id: Mapped[UUID] = mapped_column(ForeignKey("work_centre.id"))
    quantity: Mapped[Quantity]
    production_due: Mapped[Day] = mapped_column(comment="the line's date that it keeps to")
    used_at: Mapped[Moment | None] = mapped_column(comment="when the line was finished")

    def __init__(
        self,
        *,
        order_id: UUID,
        line_id: UUID,
        work_centre_id: UUID,
        day: date,
        quantity: Decimal,
        production_due: date,
    ) -> None:
        super().__init__()
        self.order_id, self.line_id, self.work_centre_id = order_id, line_id, work_centre_id
        self.day, self.quantity, self.production_due = day, quantity, production_due
        self.used_at = None


@dataclass(frozen=True)
class BoardDay:
    """One day of a work centre: what it can make, what is booked, and for whom."""

    day: date
    per_day: Decimal
    booked: Decimal
    free: Decimal
    slots: Sequence[tuple[Slot, str | None]]
