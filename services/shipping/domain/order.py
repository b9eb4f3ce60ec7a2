"""What shipping knows of orders: its copy, and the blocks that cancels and holds set."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.shipping.domain import Base
from services.shipping.domain.errors import (
    LineUnknown,
    OrderBeingCancelled,
    OrderNotDispatchable,
    OrderOnHold,
)


class BlockedFor(StrEnum):
    """Why orders has stopped what has not left."""

    CANCEL = "cancel"  # it is being cancelled; wins over a hold
    HOLD = "hold"  # a hold stands


DISPATCHABLE = frozenset({"confirmed", "in_progress"})


class OrderCopy(Base):
    """The newest view of an order that has been announced; orders is the writer."""

    __tablename__ = "order_copy"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, comment="of the event it came with")
    number: Mapped[str] = mapped_column(String(30), unique=True)
    stage: Mapped[str] = mapped_column(String(20))
    on_hold: Mapped[bool]
    customer_id: Mapped[UUID]
    salesperson_id: Mapped[str | None] = mapped_column(String(80))
    view: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="what shipping reads of the view")

    def check_dispatchable(self) -> None:
        """Raise OrderNotDispatchable or OrderOnHold unless its goods may be asked for."""
        if self.stage not in DISPATCHABLE:
            raise OrderNotDispatchable(order_number=self.number, stage=self.stage)
        if self.on_hold:
            raise OrderOnHold(order_number=self.number)

    @property
    def received_at(self) -> datetime | None:
        """When the customer asked for it, if it is ours from the start and all from stock."""
        asked_at = None if self.view.get("imported") else self.view.get("asked_at")
        if asked_at is None or any(line["supply"] == "make" for line in self.view["lines"]):
            return None
        return datetime.fromisoformat(asked_at)

    def line(self, *, line_id: UUID | None, line_no: int | None) -> dict[str, Any]:
        """Give a line by its id or number. Raises LineUnknown."""
        for line in self.view["lines"]:
            by_id = line_id is not None and line["id"] == str(line_id)
            if by_id or (line_id is None and line["line_no"] == line_no):
                found: dict[str, Any] = line
                return found
        raise LineUnknown(order_number=self.number, line=line_id or line_no)


class OrderLock(Base):
    """One row per order, locked by whoever asks for its goods or blocks them.

    Two requests, or a request and a block, of one order can so never pass each other.
    """

    __tablename__ = "order_lock"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    blocked: Mapped[str | None] = mapped_column(
        String(10), comment="what its open blocks amount to"
    )
    reversals: Mapped[int] = mapped_column(
        server_default="0", comment="how often money of it went back, as far as is known here"
    )

    def check_free(self, order_number: str) -> None:
        """Raise OrderBeingCancelled or OrderOnHold while a block stands."""
        if self.blocked == BlockedFor.CANCEL:
            raise OrderBeingCancelled(order_number=order_number)
        if self.blocked == BlockedFor.HOLD:
            raise OrderOnHold(order_number=order_number)


class OrderBlock(Base):
    """One block as one command set it, so that taking back that command lifts exactly it.

    A row without `set_at` is a tombstone: the command was taken back before it came.
    """

    __tablename__ = "order_block"
    __table_args__ = (
        Index("ix_order_block_open", "order_id", postgresql_where=text("lifted_at is null")),
        Index("ix_order_block_order_id", "order_id"),
    )

    command_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    order_id: Mapped[UUID]
    why: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None]
    set_at: Mapped[datetime | None]
    set_by: Mapped[str | None] = mapped_column(String(80))
    lifted_at: Mapped[datetime | None]


def blocked_by(open_blocks: list[str]) -> BlockedFor | None:
    """Give what the open blocks of an order amount to."""
    for why in (BlockedFor.CANCEL, BlockedFor.HOLD):
        if why in open_blocks:
            return why
    return None
