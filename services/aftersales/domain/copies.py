"""What after-sales keeps of orders and shipments, by their events; the newer one wins."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.aftersales.domain import Base


class OrderCopy(Base):
    """An order as orders announced it last."""

    __tablename__ = "order_copy"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[UUID | None] = mapped_column(index=True)
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sequence: Mapped[int] = mapped_column(BigInteger)


class ShipmentCopy(Base):
    """A shipment as shipping announced it last."""

    __tablename__ = "shipment_copy"
    __table_args__ = (Index("ix_shipment_copy_order", "order_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    customer_id: Mapped[UUID | None] = mapped_column(index=True)
    state: Mapped[str]
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sequence: Mapped[int] = mapped_column(BigInteger)
