"""A notice asks a customer for money; the system drafts it and a person sends it (C10, O32)."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, Sequence, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.mapping import Announcing, Money
from chassis.money import ZERO
from services.customers.domain import Base, events
from services.customers.domain.credit import OrderCredit
from services.customers.domain.lifecycle import NOTICE, NoticeState
from services.customers.domain.words import NoticeChannel, NoticeKind

NOTICE_NUMBER = Sequence("notice_number_seq", metadata=Base.metadata)


class Notice(Announcing, Base):
    """A request for payment; a newer one replaces it.

    Its figures follow the order's money until it is sent: then they are what was sent. The
    money at which it is settled follows what the order is worth and the terms to its end.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_state", "state", "number"),
        Index("ix_notice_order_id", "order_id", "number"),
        Index("ix_notice_drafted", "drafted_at", postgresql_where=text("state = 'drafted'")),
        Index("ix_notice_customer_id", "customer_id", "number"),
        Index(
            "ix_notice_unpaid", "salesperson_id", "due_at", postgresql_where=text("state = 'sent'")
        ),
    )
    aggregate_type: ClassVar[str] = "notice"

    number: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[NoticeKind]
    state: Mapped[NoticeState]
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    customer_name: Mapped[str] = mapped_column(String(200))
    salesperson_id: Mapped[str | None] = mapped_column(
        String(80), comment="who sells to the customer; follows it while the notice is open"
    )
    order_id: Mapped[UUID]
    order_number: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Money] = mapped_column(comment="what it asks for")
    money_needed: Mapped[Money] = mapped_column(comment="verified money at which it is settled")
    worth: Mapped[Money] = mapped_column(comment="of the goods it speaks of")
    order_worth: Mapped[Money]
    verified: Mapped[Money] = mapped_column(comment="verified when it was drafted")
    deposit_percent: Mapped[Any] = mapped_column(JSONB, comment="as a string; null: not a deposit")
    lines: Mapped[Any] = mapped_column(JSONB, comment="line, product, quantities, price, value")
    drafted_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(
        comment="the last time, like the next four; the change log has all"
    )
    channel: Mapped[NoticeChannel | None]
    received_clearly: Mapped[bool | None]
    received_by: Mapped[str | None] = mapped_column(String(120))
    sent_by_name: Mapped[str | None] = mapped_column(String(120))
    due_at: Mapped[datetime | None] = mapped_column(
        comment="when its money is due, by its first sending"
    )
    ended_at: Mapped[datetime | None]

    @validates("state")
    def _move(self, _key: str, wish: NoticeState) -> NoticeState:
        if self.state is not None:
            NOTICE.check(self.state, wish, notice_number=self.number)
        return wish

    @classmethod
    def draft(
        cls,
        number: str,
        kind: NoticeKind,
        order: OrderCredit,
        *,
        customer_name: str,
        salesperson_id: str | None,
        amount: Decimal,
        money_needed: Decimal,
        worth: Decimal,
        lines: list[dict[str, Any]],
        now: datetime,
    ) -> tuple["Notice", "events.NoticeMade"]:
        notice = cls(
            id=uuid4(),
            number=number,
            kind=kind,
            state=NoticeState.DRAFTED,
            customer_id=order.customer_id,
            customer_name=customer_name,
            salesperson_id=salesperson_id,
            order_id=order.id,
            order_number=order.order_number,
            amount=amount,
            money_needed=money_needed,
            worth=worth,
            order_worth=order.worth,
            verified=order.verified,
            deposit_percent=f"{order.deposit_percent:f}" if kind is NoticeKind.DEPOSIT else None,
            lines=lines,
            drafted_at=now,
        )
        return notice, events.NoticeMade(notice)

    @property
    def covered(self) -> Decimal:
        """How much of the verified money counts for it: all that there is, a balance's share."""
        if self.kind is NoticeKind.BALANCE:
            return max(ZERO, self.worth - self.amount)
        return self.verified

    @property
    def due(self) -> Decimal:
        """The sum from which what is covered is taken; a deposit's is not the goods' worth."""
        return self.amount + self.covered

    @property
    def is_open(self) -> bool:
        """Whether it still waits: to be sent, or for the money."""
        return self.state not in NOTICE.terminal

    def mark_sent(
        self,
        sent_at: datetime,
        by: str,
        *,
        channel: NoticeChannel,
        received_clearly: bool,
        received_by: str | None,
        patience: timedelta,
    ) -> None:
        """Note that it was sent, or sent again; its money is due `patience` after the first."""
        self.state = NoticeState.SENT
        self.due_at = self.due_at or sent_at + patience
        self.sent_at, self.sent_by_name, self.channel = sent_at, by, channel
        self.received_clearly, self.received_by = received_clearly, received_by

    def still_due(self, verified: Decimal) -> Decimal:
        """Give what lacks of what it asks for, with so much of the order's money verified."""
        return max(ZERO, self.money_needed - verified)

    def follow(self, order: OrderCredit, needed: Decimal, now: datetime) -> None:
        """Ask for what is still due of the money needed now; what was sent stays, until none is."""
        self.money_needed = needed
        if needed <= 0:
            self.withdraw(now)
        elif not self.still_due(order.verified):
            self.state, self.ended_at = NoticeState.SETTLED, now
        elif self.state is NoticeState.DRAFTED:
            self.worth, self.order_worth = min(self.worth, order.worth), order.worth
            self.verified, self.amount = order.verified, self.still_due(order.verified)

    def drop(self, now: datetime) -> None:
        """Withdraw it unless it was sent: then the customer was asked, and may pay."""
        if self.state is NoticeState.DRAFTED:
            self.withdraw(now)

    def withdraw(self, now: datetime) -> None:
        self.state, self.ended_at = NoticeState.WITHDRAWN, now
