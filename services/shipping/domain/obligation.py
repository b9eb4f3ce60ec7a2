"""What shipping still owes: papers, notices and arrival checks, each with its due time."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from chassis.mapping import Versioned
from services.shipping.domain import Base


class Owed(StrEnum):
    """The kinds of obligations."""

    WRITTEN_REQUEST = "written_request"  # an emergency left without its paper
    FINANCE_TOLD = "finance_told"  # finance takes note of an emergency
    WAYBILL = "waybill"  # it left without carrier or waybill
    NOTICE = "notice"  # the dispatch notice goes out by two channels
    NOTICE_CHECK = "notice_check"  # truth, arrival time and receipt of the notice are checked
    ARRIVAL_CHECK = "arrival_check"  # somebody asks whether the goods have come
    RECEIPT = "receipt"  # signed by a bare scan: the paper with the signature is missing


WHOSE: dict[Owed, tuple[str, ...]] = {
    Owed.WRITTEN_REQUEST: ("supervisor", "clerk"),
    Owed.FINANCE_TOLD: ("finance",),
    Owed.WAYBILL: ("dispatcher",),
    Owed.NOTICE: ("clerk", "dispatcher", "assistant"),
    Owed.NOTICE_CHECK: ("clerk",),
    Owed.ARRIVAL_CHECK: ("assistant",),
    Owed.RECEIPT: ("assistant",),
}

#: Closed by handing something in or taking note; the others are closed by their own commands.
PAPERS = (Owed.WRITTEN_REQUEST, Owed.FINANCE_TOLD)


class Obligation(Versioned, Base):
    """Something owed for one shipment; open until `done_at`. One open one of each kind."""

    __tablename__ = "obligation"
    __table_args__ = (
        Index(
            "ix_obligation_waiting",
            "kind",
            "due_at",
            "id",
            postgresql_where=text("done_at is null"),
        ),
        Index(
            "uq_obligation_open_kind",
            "shipment_id",
            "kind",
            unique=True,
            postgresql_where=text("done_at is null"),
        ),
    )

    kind: Mapped[str] = mapped_column(String(20))
    shipment_id: Mapped[UUID] = mapped_column(index=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(String(20)), comment="who can do it")
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(String(80))
    done_by_name: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str | None]

    def close(self, *, person: tuple[str, str], now: datetime, note: str | None = None) -> None:
        """Note that it is done, and by whom."""
        self.done_at, self.note = now, note
        self.done_by, self.done_by_name = person


def owe(
    kind: Owed, *, obligation_id: UUID, shipment_id: UUID, due_at: datetime, now: datetime
) -> Obligation:
    """Open an obligation."""
    return Obligation(
        id=obligation_id,
        kind=kind,
        shipment_id=shipment_id,
        roles=list(WHOSE[kind]),
        opened_at=now,
        due_at=due_at,
    )
