"""What inventory knows of an order: the newest copy of its public view, its blocks, its stop."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.inventory.domain import Base
from services.inventory.domain.lifecycle import StatementKind

IN_REVIEW = "in_review"
ORDERED = frozenset({"confirmed", "in_progress"})
# From the first review to the last line's issue, technique may have passed for an order.
UNDER_WAY = frozenset({"draft", IN_REVIEW, "approved", "awaiting_return"}) | ORDERED
# Nothing is to be made or held for an order in these stages.
OVER = frozenset({"cancelled", "fulfilled", "closed"})


class OrderCopy(Base):
    """The newest public view of an order; its row is the lock of everything done for the order.

    The row may be older than any view: a block that arrives before the first event makes it.
    """

    __tablename__ = "order_copy"
    __table_args__ = (
        Index("ix_order_copy_number", "number", unique=True),
        Index("ix_order_copy_stage", "stage"),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str | None]
    view_version: Mapped[int] = mapped_column(comment="of the order, 0 while no view is known")
    stage: Mapped[str | None]
    revision: Mapped[int]
    salesperson_id: Mapped[str | None] = mapped_column(comment="who may see it, if only theirs")
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    stopped_at: Mapped[datetime | None] = mapped_column(comment="cancelled here, for good")
    stop_reason: Mapped[str | None]

    def __init__(self, order_id: UUID) -> None:
        self.order_id = order_id
        self.number = self.stage = self.salesperson_id = None
        self.view_version = self.revision = 0
        self.view = {}
        self.stopped_at = self.stop_reason = None

    def take(self, view: dict[str, Any]) -> bool:
        """Keep `view` unless a newer one is here already; tell whether this is the newest."""
        if view["version"] < self.view_version:
            return False
        self.view = view
        self.view_version = view["version"]
        self.number, self.stage, self.revision = view["number"], view["stage"], view["revision"]
        self.salesperson_id = (view.get("customer") or {}).get("salesperson_id")
        return True

    def stop(self, *, reason: str | None, at: datetime) -> None:
        """Note that nothing more is made for this order."""
        if self.stopped_at is None:
            self.stopped_at, self.stop_reason = at, reason

    @property
    def is_stopped(self) -> bool:
        return self.stopped_at is not None

    @property
    def is_in_review(self) -> bool:
        return self.stage == IN_REVIEW and not self.is_stopped

    @property
    def is_ordered(self) -> bool:
        """Whether the factory may work on it: confirmed or in progress."""
        return self.stage in ORDERED and not self.is_stopped

    @property
    def is_over(self) -> bool:
        return self.stage in OVER or self.is_stopped

    @property
    def lines(self) -> list["LineCopy"]:
        """Give the lines that say what and how much; in a memo some do not yet."""
        return [
            LineCopy(line)
            for line in self.view.get("lines", [])
            if line.get("product_id") and line.get("quantity") is not None
        ]

    @property
    def made_lines(self) -> list["LineCopy"]:
        """Give the lines that are to be made and not short-closed."""
        return [line for line in self.lines if line.is_made and not line.short_closed]

    @property
    def has_left(self) -> dict[UUID, Decimal]:
        """Give what has left of each line; it may not be booked out here yet."""
        return {line.id: line.shipped_quantity for line in self.lines}

    def line(self, line_id: UUID) -> "LineCopy | None":
        return next((line for line in self.lines if line.id == line_id), None)

    def gate_has_passed(self, kind: StatementKind) -> bool:
        """Tell whether the order's gate of that kind stands passed (carried over or signed)."""
        return any(
            gate["kind"] == kind and gate["verdict"] == "passed"
            for gate in self.view.get("gates", [])
        )

    @property
    def production_due(self) -> date | None:
        """Give the order's date: its own, else the first of its made lines."""
        own = self.view.get("production_due")
        if own:
            return date.fromisoformat(own)
        return min(
            (line.production_due for line in self.made_lines if line.production_due), default=None
        )

    @property
    def customer_id(self) -> UUID | None:
        customer = self.view.get("customer") or {}
        return UUID(customer["id"]) if customer.get("id") else None

    @property
    def customer_name(self) -> str | None:
        customer = self.view.get("customer") or {}
        name: str | None = customer.get("name")
        return name


class LineCopy:
    """One line of an order's view, read in the types of the domain."""

    def __init__(self, view: dict[str, Any]) -> None:
        self.view = view
        self.id = UUID(view["id"])
        self.line_no: int = view["line_no"]
        self.product_id = UUID(view["product_id"])
        self.product_code: str = view.get("product_code") or ""
        self.product_name: str = view.get("product_name") or ""
        self.spec: str | None = view.get("spec")
        self.unit: str = view.get("unit") or ""
        self.unit_decimals: int = view.get("unit_decimals", 3)
        self.quantity = Decimal(view["quantity"])
        self.tolerance_over = Decimal(view.get("tolerance_over") or 0)
        self.tolerance_under = Decimal(view.get("tolerance_under") or 0)
        self.packing: str | None = view.get("packing")
        self.shipped_quantity = Decimal(view.get("shipped_quantity") or 0)
        self.short_closed = bool(view.get("short_closed"))
        due = view.get("production_due")
        self.production_due = date.fromisoformat(due) if due else None

    @property
    def is_made(self) -> bool:
        return bool(self.view.get("supply") == "make")


class OrderBlock(Base):
    """A hold that stops every forward move of an order, under the id of the command that set it.

    A lift that arrives before its block leaves the row lifted: the late block then finds that
    it was withdrawn and changes nothing.
    """

    __tablename__ = "order_block"
    __table_args__ = (
        Index("ix_order_block_standing", "order_id", postgresql_where=text("lifted_at is null")),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("order_copy.order_id"), primary_key=True)
    command_id: Mapped[str] = mapped_column(primary_key=True, comment="key of the block command")
    reason: Mapped[str | None] = mapped_column(comment="null where the lift came first")
    placed_by: Mapped[str | None]
    placed_at: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]

    def __init__(
        self,
        *,
        order_id: UUID,
        command_id: str,
        reason: str | None = None,
        placed_by: str | None = None,
        placed_at: datetime | None = None,
        lifted_at: datetime | None = None,
    ) -> None:
        self.order_id, self.command_id, self.reason = order_id, command_id, reason
        self.placed_by, self.placed_at, self.lifted_at = placed_by, placed_at, lifted_at

    @property
    def stands(self) -> bool:
        return self.lifted_at is None

    def lift(self, at: datetime) -> None:
        """Lift it; lifting twice changes nothing."""
        self.lifted_at = self.lifted_at or at
