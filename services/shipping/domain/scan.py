"""Scans as they came in: the append-only raw log, and the answer each one got."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.shipping.domain import Base
from services.shipping.domain.lifecycle import ScanKind


class Verdict(StrEnum):
    """What a scanner is told."""

    ACCEPTED = "accepted"  # it counts, also where it tells nothing new
    REJECTED = "rejected"  # kept, but it moved nothing
    QUARANTINED = "quarantined"  # no parcel has this code; a person looks at it


@dataclass(frozen=True)
class ScanFacts:
    """One scan as it came in."""

    id: UUID
    device_id: str
    device_sequence: int
    device_time: datetime
    parcel_code: str
    kind: ScanKind
    received_at: datetime

    @property
    def name(self) -> tuple[str, int]:
        """What names a scan for ever."""
        return self.device_id, self.device_sequence

    @property
    def content(self) -> tuple[str, str]:
        """What makes it the same scan again; not its time: clocks are set, scanners restart."""
        return self.parcel_code, self.kind


class Scan(Base):
    """One scan, exactly as the device sent it; never changed.

    (device, device_sequence) names a scan for ever: sent again it gets its first answer.
    """

    __tablename__ = "scan"
    __table_args__ = (
        UniqueConstraint("device_id", "device_sequence"),
        Index("ix_scan_parcel_code", "parcel_code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(String(80))
    device_sequence: Mapped[int] = mapped_column(BigInteger)
    device_time: Mapped[datetime] = mapped_column(
        comment="by the device's own clock, which may be wrong; nothing is decided by it"
    )
    parcel_code: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10))
    received_at: Mapped[datetime] = mapped_column(comment="business time")
    received_from: Mapped[str] = mapped_column(String(80), comment="the principal that sent it")


class ScanAnswer(Base):
    """What was answered to a scan; written once, with it."""

    __tablename__ = "scan_answer"

    scan_id: Mapped[UUID] = mapped_column(primary_key=True)
    verdict: Mapped[str] = mapped_column(String(12))
    code: Mapped[str | None] = mapped_column(String(40), comment="why, where not accepted")
    shipment_id: Mapped[UUID | None] = mapped_column(index=True)


class ConflictingScan(Base):
    """A scan that came under a (device, sequence) that another scan has; kept for a person."""

    __tablename__ = "conflicting_scan"
    __table_args__ = (UniqueConstraint("device_id", "device_sequence", "parcel_code", "kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(String(80))
    device_sequence: Mapped[int] = mapped_column(BigInteger)
    device_time: Mapped[datetime]
    parcel_code: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10))
    received_at: Mapped[datetime]
    received_from: Mapped[str] = mapped_column(String(80))
