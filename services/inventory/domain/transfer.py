"""Transfers of finished goods between stores: asked for, consented to, received."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.mapping import Moment, Quantity, Versioned
from services.inventory.domain import Base
from services.inventory.domain.errors import ConsentOfAnother, SameStore
from services.inventory.domain.lifecycle import TRANSFER, TransferState


class Transfer(Versioned, Base):
    """One store asks another for goods; another person than the asker consents (SPEC §6)."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("from_store <> to_store", name="two_stores"),
        Index("ix_transfer_state", "state", "number"),
        Index(
            "ix_transfer_open", "number", postgresql_where=text("state in ('requested', 'sent')")
        ),
    )

    number: Mapped[str] = mapped_column(String(20), unique=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"))
    from_store: Mapped[str] = mapped_column(ForeignKey("store.code"))
    to_store: Mapped[str] = mapped_column(ForeignKey("store.code"))
    quantity: Mapped[Quantity]
    order_number: Mapped[str | None] = mapped_column(String(20), comment="for whom, if for one")
    note: Mapped[str] = mapped_column(String(500))
    state: Mapped[TransferState] = mapped_column(String(10))
    requested_at: Mapped[Moment]
    requested_by: Mapped[str] = mapped_column(String(80), comment="person id")
    requested_by_name: Mapped[str] = mapped_column(String(120))
    decided_at: Mapped[Moment | None]
    decided_by_name: Mapped[str | None] = mapped_column(String(120))
    received_at: Mapped[Moment | None]
    received_by_name: Mapped[str | None] = mapped_column(String(120))

    def __init__(
        self,
        *,
        transfer_id: UUID,
        number: str,
        product_id: UUID,
        from_store: str,
        to_store: str,
        quantity: Decimal,
        order_number: str | None,
        note: str,
        requested_at: datetime,
        requested_by: str,
        requested_by_name: str,
    ) -> None:
        if from_store == to_store:
            raise SameStore
        super().__init__()
        self.id = transfer_id
        self.number = number
        self.product_id = product_id
        self.from_store = from_store
        self.to_store = to_store
        self.quantity = quantity
        self.order_number = order_number
        self.note = note
        self.state = TransferState.REQUESTED
        self.requested_at = requested_at
        self.requested_by = requested_by
        self.requested_by_name = requested_by_name

    @validates("state")
    def _check_move(self, _key: str, wish: TransferState) -> TransferState:
        if self.state is not None:
            self.guard_move(wish)
        return wish

    def guard_move(self, wish: TransferState) -> None:
        """Raise IllegalMove."""
        TRANSFER.check(TransferState(self.state), wish, transfer_number=self.number)

    def guard_sending(self, person_id: str) -> None:
        """Raise IllegalMove, then ConsentOfAnother for the asker."""
        self.guard_move(TransferState.SENT)
        if person_id == self.requested_by:
            raise ConsentOfAnother(number=self.number)

    def send(self, *, person_id: str, name: str, at: datetime) -> None:
        """Consent: the goods leave the giving store. Raises ConsentOfAnother for the asker."""
        self.guard_sending(person_id)
        self.state = TransferState.SENT
        self.decided_by_name, self.decided_at = name, at

    def refuse(self, *, name: str, at: datetime) -> None:
        self.state = TransferState.REFUSED
        self.decided_by_name, self.decided_at = name, at

    def cancel(self, *, name: str, at: datetime) -> None:
        self.state = TransferState.CANCELLED
        self.decided_by_name, self.decided_at = name, at

    def receive(self, *, name: str, at: datetime) -> None:
        self.state = TransferState.RECEIVED
        self.received_by_name, self.received_at = name, at
