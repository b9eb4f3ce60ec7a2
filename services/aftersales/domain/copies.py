"""What after-sales keeps of orders and shipments, by their events; the newer one wins."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.aftersales.domain import Base

SIGNED = "signed"

NOTHING = Decimal(0)


class OrderCopy(Base):
    """An order as orders announced it last."""

    __tablename__ = "order_copy"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[UUID | None] = mapped_column(index=True)
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sequence: Mapped[int] = mapped_column(BigInteger)

    @property
    def is_cancelled(self) -> bool:
        return bool(self.view["stage"] == "cancelled")


class ShipmentCopy(Base):
    """A shipment that has left, as shipping announced it last."""

    __tablename__ = "shipment_copy"
    __table_args__ = (Index("ix_shipment_copy_order", "order_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    customer_id: Mapped[UUID | None] = mapped_column(index=True)
    state: Mapped[str]
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sequence: Mapped[int] = mapped_column(BigInteger)

    @property
    def is_signed(self) -> bool:
        """Whether the customer has signed for it, or for a part of it."""
        return self.state == SIGNED

    def sent(self, line_id: UUID) -> Decimal:
        """Give how many of an order's line left with it."""
        return sum((Decimal(line["quantity"]) for line in self._of(line_id)), NOTHING)

    def signed(self, line_id: UUID) -> Decimal:
        """Give how many of them the customer has signed for; of a bare sign all."""
        if not self.is_signed:
            return NOTHING
        signed = ((line.get("signed_quantity"), line["quantity"]) for line in self._of(line_id))
        return sum((Decimal(all_ if got is None else got) for got, all_ in signed), NOTHING)

    def not_signed(self, line_id: UUID) -> Decimal:
        """Give how many of them the customer has not signed for."""
        return self.sent(line_id) - self.signed(line_id)

    def _of(self, line_id: UUID) -> Iterator[dict[str, Any]]:
        return (line for line in self.view["lines"] if line["line_id"] == str(line_id))
