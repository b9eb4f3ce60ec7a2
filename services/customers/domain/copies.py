"""What other services have announced, as far as money depends on it; the newer wins."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis.mapping import Money, Quantity
from services.customers.domain import Base
from services.customers.domain.aging import Receivable
from services.customers.domain.goods import Line

_PROMISED = ("confirmed", "in_progress", "fulfilled", "closed")


class OrderCopy(Base):
    """An order's lines with their prices, as orders last announced them."""

    __tablename__ = "order_copy"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, comment="of the event it came with")
    number: Mapped[str] = mapped_column(String(20))
    customer_id: Mapped[UUID] = mapped_column(index=True)
    stage: Mapped[str] = mapped_column(String(20))
    revision: Mapped[int]
    total: Mapped[Money]
    created_at: Mapped[datetime | None]
    lines: Mapped[Any] = mapped_column(JSONB)

    @property
    def is_promised(self) -> bool:
        """Whether it is confirmed, and neither a draft again nor cancelled."""
        return self.stage in _PROMISED

    @property
    def goods_lines(self) -> list[Line]:
        return [
            Line(
                id=UUID(line["id"]),
                line_no=line["line_no"],
                product_code=line["product_code"],
                product_name=line["product_name"],
                unit=line["unit"],
                unit_decimals=line["unit_decimals"],
                supply=line["supply"],
                quantity=Decimal(line["quantity"]),
                unit_price=Decimal(line["unit_price"]),
                discount=Decimal(line["discount"]),
                tolerance_over=Decimal(line["tolerance_over"]),
                short_closed=line["short_closed"],
            )
            for line in self.lines
        ]


class AcceptedLot(Base):
    """What one works instruction put into finished stock; fixes the accepted quantity."""

    __tablename__ = "accepted_lot"

    instruction_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(index=True)
    line_id: Mapped[UUID]
    quantity: Mapped[Quantity]
    rest_follows: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="a further instruction makes what lacks of the line",
    )
    stocked_at: Mapped[datetime]


class ShipmentCopy(Base):
    """A shipment as shipping last announced it; once dispatched, a receivable with its age."""

    __tablename__ = "shipment_copy"
    __table_args__ = (Index("ix_shipment_copy_order_id", "order_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, comment="of the event it came with")
    number: Mapped[str] = mapped_column(String(20))
    order_id: Mapped[UUID]
    is_live: Mapped[bool] = mapped_column(comment="released or beyond, and not cancelled")
    lines: Mapped[Any] = mapped_column(JSONB, comment="[line_id, quantity]")
    dispatched_at: Mapped[datetime | None]
    value: Mapped[Money | None] = mapped_column(comment="of what left; null before")
    dispatched_on: Mapped[date | None]
    due_on: Mapped[date | None] = mapped_column(comment="when its money is due")

    def receivable(self, order_number: str) -> Receivable:
        """Give what was dispatched as a receivable with its age."""
        if self.value is None or self.dispatched_on is None or self.due_on is None:
            raise ValueError(f"shipment {self.number} has not left")
        return Receivable(
            order_id=self.order_id,
            order_number=order_number,
            shipment_number=self.number,
            value=self.value,
            dispatched_on=self.dispatched_on,
            due_on=self.due_on,
        )

    @property
    def quantities(self) -> list[tuple[UUID, Decimal]]:
        return [(UUID(line_id), Decimal(quantity)) for line_id, quantity in self.lines]
