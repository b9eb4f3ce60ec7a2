"""Coupons: what an order gives its customer beside the goods (O10)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.mapping import Money
from services.customers.domain import Base
from services.customers.domain.lifecycle import COUPON, CouponState


class Coupon(Base):
    """A threshold gift of a confirmed order (满500送20); an order earns each of its gifts once."""

    __tablename__ = "coupon"
    __table_args__ = (
        UniqueConstraint("order_id", "promotion_code"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_coupon_customer_id", "customer_id", "id"),
    )
    aggregate_type: ClassVar[str] = "coupon"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    order_id: Mapped[UUID]
    order_number: Mapped[str] = mapped_column(String(20))
    promotion_code: Mapped[str] = mapped_column(
        String(40), comment="of orders' promotion that gives it"
    )
    amount: Mapped[Money] = mapped_column(comment="what it is worth")
    state: Mapped[CouponState]
    granted_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]

    @validates("state")
    def _move(self, _key: str, wish: CouponState) -> CouponState:
        if self.state is not None:
            COUPON.check(self.state, wish, order_number=self.order_number)
        return wish

    def void(self, now: datetime) -> None:
        """Take it back: its order was cancelled."""
        self.state = CouponState.VOID
        self.voided_at = now
