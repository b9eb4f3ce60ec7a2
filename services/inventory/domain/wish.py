"""Wishes: customers who want word when goods that are out of stock come in."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.mapping import Announcing, Moment, Quantity
from services.inventory.domain import Base
from services.inventory.domain.lifecycle import WISH, WishState


class Wish(Announcing, Base):
    """A customer's wish for a product; announced once, when enough of it is free."""

    __tablename__ = "wish"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index(
            "ix_wish_open", "product_id", "made_at", "id", postgresql_where=text("state = 'open'")
        ),
        Index("ix_wish_number", "number", unique=True),
        Index("ix_wish_state", "state", "number"),
    )
    aggregate_type = "wish"

    number: Mapped[str] = mapped_column(String(20))
    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[Quantity]
    customer_id: Mapped[UUID | None]
    customer_name: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(String(500))
    state: Mapped[WishState] = mapped_column(String(10))
    made_at: Mapped[Moment]
    made_by: Mapped[str] = mapped_column(String(120))
    made_by_id: Mapped[str | None] = mapped_column(
        String(80), comment="person id; a salesperson sees the wishes that he registered"
    )
    met_at: Mapped[Moment | None]

    def __init__(
        self,
        *,
        wish_id: UUID,
        number: str,
        product_id: UUID,
        quantity: Decimal,
        customer_id: UUID | None,
        customer_name: str,
        note: str,
        made_at: datetime,
        made_by: str,
        made_by_id: str,
    ) -> None:
        super().__init__()
        self.id = wish_id
        self.number = number
        self.product_id = product_id
        self.quantity = quantity
        self.customer_id = customer_id
        self.customer_name = customer_name
        self.note = note
        self.state = WishState.OPEN
        self.made_at = made_at
        self.made_by, self.made_by_id = made_by, made_by_id

    @validates("state")
    def _check_move(self, _key: str, wish: WishState) -> WishState:
        if self.state is not None:
            WISH.check(WishState(self.state), wish, wish_number=self.number)
        return wish

    def meet(self, at: datetime) -> None:
        self.state = WishState.MET
        self.met_at = at

    def withdraw(self) -> None:
        self.state = WishState.WITHDRAWN
