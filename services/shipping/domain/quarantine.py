"""Scans of codes that no parcel has, until a person says what they were."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chassis.mapping import Announcing
from services.shipping.domain import Base
from services.shipping.domain.errors import ScanResolved
from services.shipping.domain.scan import ScanFacts


class Resolution(StrEnum):
    """What a person made of a quarantined scan."""

    ASSIGNED = "assigned"  # it was this parcel's; the scan was applied to it
    DISMISSED = "dismissed"  # none of ours


class QuarantinedScan(Announcing, Base):
    """A scan of an unknown parcel; its id is the scan's. Resolved once, by a person."""

    __tablename__ = "quarantined_scan"
    __table_args__ = (
        Index(
            "ix_quarantined_scan_open", "received_at", postgresql_where=text("resolved_at is null")
        ),
    )
    aggregate_type: ClassVar[str] = "scan"

    device_id: Mapped[str] = mapped_column(String(80))
    device_sequence: Mapped[int] = mapped_column(BigInteger)
    device_time: Mapped[datetime]
    parcel_code: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10))
    received_at: Mapped[datetime]
    misread: Mapped[bool] = mapped_column(comment="the check digit does not fit")
    resolution: Mapped[str | None] = mapped_column(String(12))
    assigned_code: Mapped[str | None] = mapped_column(String(60), comment="the parcel it was")
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None] = mapped_column(String(80))
    resolver_name: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str | None]

    def resolve(
        self,
        resolution: Resolution,
        *,
        parcel_code: str | None,
        person: tuple[str, str],
        note: str,
        now: datetime,
    ) -> None:
        """Close it. Raises ScanResolved when somebody did already."""
        if self.resolved_at is not None:
            raise ScanResolved(scan_id=self.id, resolution=self.resolution)
        self.resolution = resolution
        self.assigned_code = parcel_code
        self.resolved_at, self.note = now, note
        self.resolved_by, self.resolver_name = person


def quarantined(scan: ScanFacts, *, misread: bool) -> QuarantinedScan:
    """Put a scan before a person."""
    return QuarantinedScan(
        id=scan.id,
        sequence=0,
        device_id=scan.device_id,
        device_sequence=scan.device_sequence,
        device_time=scan.device_time,
        parcel_code=scan.parcel_code,
        kind=scan.kind,
        received_at=scan.received_at,
        misread=misread,
    )
