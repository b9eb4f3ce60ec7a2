"""Queries of the raw scan log, its answers and the quarantine."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.shipping.domain.errors import ScanNotFound
from services.shipping.domain.quarantine import QuarantinedScan
from services.shipping.domain.scan import ConflictingScan, Scan, ScanAnswer, ScanFacts
from services.shipping.storage.keyset import cursor, position


@dataclass(frozen=True)
class KnownScan:
    """A scan that came before, with the answer it got."""

    id: UUID
    content: tuple[str, str]
    verdict: str
    code: str | None
    shipment_id: UUID | None


def log_new(session: Session, scans: Sequence[ScanFacts], sent_by: str) -> set[UUID]:
    """Write scans to the raw log; gives the ids of those whose name is new.

    In the order of their names, as everybody does: a batch that holds the same scans waits
    for this one's transaction instead of crossing it.
    """
    if not scans:
        return set()
    rows = session.execute(
        insert(Scan)
        .values([_row(scan, sent_by) for scan in sorted(scans, key=lambda scan: scan.name)])
        .on_conflict_do_nothing(index_elements=["device_id", "device_sequence"])
        .returning(Scan.id)
    )
    return set(rows.scalars())


def known(session: Session, names: Collection[tuple[str, int]]) -> dict[tuple[str, int], KnownScan]:
    """Give the scans of these names with their answers."""
    if not names:
        return {}
    rows = session.execute(
        select(
            Scan.id,
            Scan.device_id,
            Scan.device_sequence,
            Scan.parcel_code,
            Scan.kind,
            ScanAnswer.verdict,
            ScanAnswer.code,
            ScanAnswer.shipment_id,
        )
        .join(ScanAnswer, ScanAnswer.scan_id == Scan.id)
        .where(tuple_(Scan.device_id, Scan.device_sequence).in_(sorted(names)))
    )
    return {
        (row.device_id, row.device_sequence): KnownScan(
            row.id, (row.parcel_code, row.kind), row.verdict, row.code, row.shipment_id
        )
        for row in rows
    }


def keep_conflicting(session: Session, scans: Sequence[ScanFacts], sent_by: str) -> set[UUID]:
    """Keep scans whose name another scan has, each content once; gives the ids of new ones."""
    if not scans:
        return set()
    rows = session.execute(
        insert(ConflictingScan)
        .values([_row(scan, sent_by) for scan in sorted(scans, key=lambda s: (s.name, s.content))])
        .on_conflict_do_nothing()
        .returning(ConflictingScan.id)
    )
    return set(rows.scalars())


def answer(session: Session, answers: Sequence[Mapping[str, Any]]) -> None:
    """Write what was answered to new scans."""
    if answers:
        session.execute(insert(ScanAnswer), list(answers))


def _row(scan: ScanFacts, sent_by: str) -> dict[str, Any]:
    return {
        "id": scan.id,
        "device_id": scan.device_id,
        "device_sequence": scan.device_sequence,
        "device_time": scan.device_time,
        "parcel_code": scan.parcel_code,
        "kind": scan.kind,
        "received_at": scan.received_at,
        "received_from": sent_by,
    }


def of_parcels(session: Session, codes: Collection[str], *, limit: int) -> list[Any]:
    """Give the scans of some parcels with their answers, as they came in."""
    if not codes:
        return []
    return list(
        session.execute(
            select(
                Scan.device_id,
                Scan.device_sequence,
                Scan.device_time,
                Scan.received_at,
                Scan.parcel_code,
                Scan.kind,
                ScanAnswer.verdict,
                ScanAnswer.code,
            )
            .join(ScanAnswer, ScanAnswer.scan_id == Scan.id)
            .where(Scan.parcel_code.in_(sorted(codes)))
            .order_by(Scan.received_at, Scan.device_id, Scan.device_sequence)
            .limit(limit)
        )
    )


def lock_quarantined(session: Session, scan_id: UUID) -> QuarantinedScan:
    """Lock a quarantined scan. Raises ScanNotFound."""
    found = session.scalar(
        select(QuarantinedScan).where(QuarantinedScan.id == scan_id).with_for_update()
    )
    if found is None:
        raise ScanNotFound(scan_id=scan_id)
    return found


def open_quarantined(
    session: Session, *, limit: int, after: str | None
) -> tuple[list[QuarantinedScan], str | None]:
    """Give a page of the scans that wait for a person, the oldest first."""
    query = select(QuarantinedScan).where(QuarantinedScan.resolved_at.is_(None))
    if after:
        query = query.where(
            tuple_(QuarantinedScan.received_at, QuarantinedScan.id) > position(after)
        )
    rows = list(
        session.scalars(
            query.order_by(QuarantinedScan.received_at, QuarantinedScan.id).limit(limit + 1)
        )
    )
    page = rows[:limit]
    more = len(rows) > limit
    return page, cursor(page[-1].received_at, page[-1].id) if more else None
