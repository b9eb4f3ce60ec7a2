"""A payment: claimed by anybody at the desk, judged by finance alone (C9, O32)."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, String, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.mapping import Announcing, Money
from services.customers.domain import Base, events
from services.customers.domain.credit import OrderCredit
from services.customers.domain.errors import PaidInFuture
from services.customers.domain.lifecycle import PAYMENT, PaymentState
from services.customers.domain.words import PaymentMethod

PAYMENT_NUMBER = Sequence("payment_number_seq", metadata=Base.metadata)


class Payment(Announcing, Base):
    """Money said to have come. It counts from its verification until its reversal."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_payment_claimed", "recorded_at", postgresql_where=text("state = 'claimed'")),
        Index("ix_payment_state", "state", "number"),
        Index("ix_payment_order_id", "order_id", "number"),
        Index("ix_payment_customer_id", "customer_id", "number"),
    )
    aggregate_type: ClassVar[str] = "payment"

    number: Mapped[str] = mapped_column(String(20), unique=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    customer_name: Mapped[str] = mapped_column(String(200))
    order_id: Mapped[UUID | None] = mapped_column(comment="null: on the customer's account")
    order_number: Mapped[str | None] = mapped_column(String(20))
    state: Mapped[PaymentState]
    amount: Mapped[Money]
    method: Mapped[PaymentMethod]
    reference: Mapped[str] = mapped_column(String(120), comment="of the bank or the receipt")
    paid_at: Mapped[datetime] = mapped_column(comment="when the customer paid; decides the batch")
    note: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[str] = mapped_column(String(80))
    recorded_by_name: Mapped[str] = mapped_column(String(120))
    judged_at: Mapped[datetime | None] = mapped_column(comment="verified or rejected")
    judged_by_name: Mapped[str | None] = mapped_column(String(120))
    judgement: Mapped[str | None] = mapped_column(comment="why it was rejected or reversed")
    reversed_at: Mapped[datetime | None]
    reversed_by_name: Mapped[str | None] = mapped_column(String(120))

    @validates("state")
    def _move(self, _key: str, wish: PaymentState) -> PaymentState:
        if self.state is not None:
            PAYMENT.check(self.state, wish, payment_number=self.number)
        return wish

    @classmethod
    def claim(
        cls,
        number: str,
        *,
        customer_id: UUID,
        customer_name: str,
        order: OrderCredit | None,
        amount: Decimal,
        method: PaymentMethod,
        paid_at: datetime,
        now: datetime,
        by: tuple[str, str],
        reference: str = "",
        note: str = "",
    ) -> tuple["Payment", "events.PaymentClaimed"]:
        """Record what somebody says was paid."""
        if paid_at > now:
            raise PaidInFuture(paid_at=paid_at)
        person_id, person_name = by
        payment = cls(
            id=uuid4(),
            number=number,
            customer_id=customer_id,
            customer_name=customer_name,
            order_id=None if order is None else order.id,
            order_number=None if order is None else order.order_number,
            state=PaymentState.CLAIMED,
            amount=amount,
            method=method,
            reference=reference,
            paid_at=paid_at,
            note=note,
            recorded_at=now,
            recorded_by_id=person_id,
            recorded_by_name=person_name,
        )
        return payment, events.PaymentClaimed(payment, order)

    def verify(
        self, now: datetime, by: str, order: OrderCredit | None, *, paid_at: datetime | None = None
    ) -> "events.PaymentVerified":
        """Find it on the account; finance may correct the moment at which it was paid."""
        self.state = PaymentState.VERIFIED
        if paid_at is not None:
            if paid_at > now:
                raise PaidInFuture(paid_at=paid_at)
            self.paid_at = paid_at
        self.judged_at, self.judged_by_name = now, by
        return events.PaymentVerified(self, order)

    def reject(
        self, now: datetime, by: str, order: OrderCredit | None, *, why: str
    ) -> "events.PaymentRejected":
        self.state = PaymentState.REJECTED
        self.judged_at, self.judged_by_name, self.judgement = now, by, why
        return events.PaymentRejected(self, order)

    def reverse(
        self, now: datetime, by: str, order: OrderCredit | None, *, why: str
    ) -> "events.PaymentReversed":
        self.state = PaymentState.REVERSED
        self.reversed_at, self.reversed_by_name, self.judgement = now, by, why
        return events.PaymentReversed(self, order)
