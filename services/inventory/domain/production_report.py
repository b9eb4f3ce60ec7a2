"""The daily production report (生产日报表): what was made and spoilt, entry by entry."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chassis.mapping import Quantity
from services.inventory.domain import Base
from services.inventory.domain.instruction import Signed


class ProductionReport(Base):
    """One entry of the daily production report (生产日报表); a correction keeps the old one."""

    __tablename__ = "production_report"
    __table_args__ = (
        CheckConstraint("quantity >= 0 and scrap >= 0", name="quantities"),
        Index("ix_production_report_instruction", "instruction_id", "reported_on"),
        Index("ix_production_report_day", "reported_on", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    instruction_id: Mapped[UUID]
    reported_on: Mapped[date]
    shift: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[Quantity]
    scrap: Mapped[Quantity]
    note: Mapped[str | None]
    reporter_id: Mapped[str]
    reporter_name: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(comment="business time")
    corrects_id: Mapped[UUID | None] = mapped_column(comment="the report that this one replaces")
    corrected: Mapped[bool] = mapped_column(comment="replaced by another: no longer counts")

    def __init__(
        self,
        *,
        report_id: UUID,
        instruction_id: UUID,
        reported_on: date,
        shift: str,
        quantity: Decimal,
        scrap: Decimal,
        note: str | None,
        signed: Signed,
        corrects_id: UUID | None = None,
    ) -> None:
        self.id, self.instruction_id = report_id, instruction_id
        self.reported_on, self.shift = reported_on, shift
        self.quantity, self.scrap, self.note = quantity, scrap, note
        self.reporter_id, self.reporter_name = signed.person_id, signed.name
        self.recorded_at = signed.at
        self.corrects_id, self.corrected = corrects_id, False
