"""Arrivals: goods and material in transit to us."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.mapping import Announcing, Day, Moment, Quantity
from services.inventory.domain import Base
from services.inventory.domain.lifecycle import ARRIVAL, ArrivalState


class Arrival(Announcing, Base):
    """A delivery of one product or one material, expected on a day."""

    __tablename__ = "arrival"
    __table_args__ = (
        CheckConstraint("num_nonnulls(product_id, material_id) = 1", name="one_item"),
        CheckConstraint("quantity > 0 and received_quantity >= 0", name="quantity"),
        Index(
            "ix_arrival_product",
            "product_id",
            "expected_on",
            postgresql_where=text("state = 'expected'"),
        ),
        Index(
            "ix_arrival_material",
            "material_id",
            "expected_on",
            postgresql_where=text("state = 'expected'"),
        ),
        Index("ix_arrival_expected_on", "expected_on", "number"),
        Index(
            "ix_arrival_due",
            "expected_on",
            "number",
            postgresql_where=text("state = 'expected'"),
        ),
    )
    aggregate_type = "arrival"

    number: Mapped[str] = mapped_column(String(20), unique=True)
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("product.id"))
    material_id: Mapped[UUID | None] = mapped_column(ForeignKey("material.id"))
    store_code: Mapped[str] = mapped_column(ForeignKey("store.code"))
    quantity: Mapped[Quantity]
    received_quantity: Mapped[Quantity]
    expected_on: Mapped[Day]
    supplier: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(String(500))
    state: Mapped[ArrivalState] = mapped_column(String(10))
    created_at: Mapped[Moment]
    received_at: Mapped[Moment | None]
    received_by: Mapped[str | None] = mapped_column(String(120))

    def __init__(
        self,
        *,
        arrival_id: UUID,
        number: str,
        product_id: UUID | None,
        material_id: UUID | None,
        store_code: str,
        quantity: Decimal,
        expected_on: date,
        supplier: str,
        note: str,
        created_at: datetime,
    ) -> None:
        super().__init__()
        self.id = arrival_id
        self.number = number
        self.product_id = product_id
        self.material_id = material_id
        self.store_code = store_code
        self.quantity = quantity
        self.received_quantity = Decimal(0)
        self.expected_on = expected_on
        self.supplier = supplier
        self.note = note
        self.state = ArrivalState.EXPECTED
        self.created_at = created_at

    @validates("state")
    def _check_move(self, _key: str, wish: ArrivalState) -> ArrivalState:
        if self.state is not None:
            self.guard_move(wish)
        return wish

    def guard_move(self, wish: ArrivalState) -> None:
        """Raise IllegalMove."""
        ARRIVAL.check(ArrivalState(self.state), wish, arrival_number=self.number)

    def receive(self, quantity: Decimal, *, by: str, at: datetime) -> None:
        """Count what came; it may be more or less than was expected."""
        self.state = ArrivalState.RECEIVED
        self.received_quantity = quantity
        self.received_by = by
        self.received_at = at

    def postpone(self, expected_on: date) -> None:
        """Expect it on another day. Raises IllegalMove once it is not expected any more."""
        self.guard_move(ArrivalState.RECEIVED)
        self.expected_on = expected_on

    def cancel(self) -> None:
        self.state = ArrivalState.CANCELLED
