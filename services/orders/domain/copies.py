"""What orders keeps of other services' records, by their events; the newer one wins."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.orders.domain import Base


class CustomerCopy(Base):
    """A customer as customers announced it last."""

    __tablename__ = "customer_copy"
    __table_args__ = (
        Index("ix_customer_copy_handing_over", "id", postgresql_where=text("handing_over")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    active: Mapped[bool]
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sequence: Mapped[int] = mapped_column(BigInteger)
    handing_over: Mapped[bool] = mapped_column(
        server_default=false(), comment="orders of it still show another salesperson"
    )


class ProductCopy(Base):
    """A product as inventory announced it last."""

    __tablename__ = "product_copy"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    active: Mapped[bool]
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sequence: Mapped[int] = mapped_column(BigInteger)


class ShipmentCopy(Base):
    """A shipment of an order as shipping announced it last: the shipment axis."""

    __tablename__ = "shipment_copy"
    __table_args__ = (Index("ix_shipment_copy_order", "order_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    number: Mapped[str]
    state: Mapped[str]
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sequence: Mapped[int] = mapped_column(BigInteger)


class MoneyCopy(Base):
    """An order's money as customers announced it last: the payment axis."""

    __tablename__ = "money_copy"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sequence: Mapped[int] = mapped_column(BigInteger)


class StatementSeen(Base):
    """The newest statement of each kind about an order, also when it came before its turn."""

    __tablename__ = "statement_seen"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    seen_at: Mapped[datetime]
