"""Queries of carriers, modes, regions and transit times."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from services.shipping.domain.carrier import Carrier, Mode, Region, TransitTime
from services.shipping.domain.errors import MasterNotFound
from services.shipping.domain.shipment import Shipment

Coded = TypeVar("Coded", Region, Mode, Carrier)


def get(session: Session, kind: type[Coded], code: str, *, lock: bool = False) -> Coded:
    """Give a master record by its code. Raises MasterNotFound."""
    query = select(kind).where(kind.code == code)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise MasterNotFound(entity=kind.__tablename__, key=code)
    return found


def page(
    session: Session, kind: type[Coded], wanted: Mapping[str, Any]
) -> tuple[list[Coded], str | None]:
    """Give a page of master records by code, and the cursor of the next."""
    query = select(kind)
    if wanted["active"] is not None:
        query = query.where(kind.active == wanted["active"])
    if wanted["text"]:
        text = wanted["text"]
        query = query.where(
            kind.code.istartswith(text, autoescape=True)
            | kind.name.icontains(text, autoescape=True)
        )
    if wanted["after"]:
        query = query.where(kind.code > wanted["after"])
    limit: int = wanted["limit"]
    rows = list(session.scalars(query.order_by(kind.code).limit(limit + 1)))
    return rows[:limit], rows[limit - 1].code if len(rows) > limit else None


def is_used(session: Session, record: Region | Mode | Carrier) -> bool:
    """Tell whether transit times or shipments stand on a master record."""
    uses: dict[type[Any], tuple[ColumnElement[bool], ...]] = {
        Region: (TransitTime.region_code == record.code,),
        Mode: (TransitTime.mode_code == record.code, Shipment.mode_code == record.code),
        Carrier: (TransitTime.carrier_code == record.code, Shipment.carrier_code == record.code),
    }
    return any(session.scalar(select(exists().where(use))) for use in uses[type(record)])


def transit(session: Session, key: Mapping[str, str], *, lock: bool = False) -> TransitTime | None:
    """Give the transit time of a carrier to a region by a mode, if it was entered."""
    query = select(TransitTime).where(
        TransitTime.carrier_code == key["carrier_code"],
        TransitTime.region_code == key["region_code"],
        TransitTime.mode_code == key["mode_code"],
    )
    return session.scalar(query.with_for_update() if lock else query)


def transit_page(
    session: Session, wanted: Mapping[str, Any]
) -> tuple[list[TransitTime], str | None]:
    """Give a page of transit times by carrier, region and mode, and the cursor of the next."""
    query = select(TransitTime)
    for name in ("carrier_code", "region_code", "mode_code"):
        if wanted[name] is not None:
            query = query.where(getattr(TransitTime, name) == wanted[name])
    name_of = TransitTime.carrier_code + "~" + TransitTime.region_code + "~" + TransitTime.mode_code
    if wanted["after"]:
        query = query.where(name_of > wanted["after"])
    limit: int = wanted["limit"]
    rows = list(session.scalars(query.order_by(name_of).limit(limit + 1)))
    page = rows[:limit]
    if len(rows) <= limit:
        return page, None
    last = page[-1]
    return page, f"{last.carrier_code}~{last.region_code}~{last.mode_code}"


def ways_to(session: Session, region_code: str) -> list[tuple[TransitTime, Carrier, Mode]]:
    """Give every active way to a region."""
    rows = session.execute(
        select(TransitTime, Carrier, Mode)
        .join(Carrier, Carrier.code == TransitTime.carrier_code)
        .join(Mode, Mode.code == TransitTime.mode_code)
        .where(
            TransitTime.region_code == region_code,
            TransitTime.active,
            Carrier.active,
            Mode.active,
        )
    )
    return [(row.TransitTime, row.Carrier, row.Mode) for row in rows]


def region_named(session: Session, region: str) -> Region | None:
    """Give the region that orders name by code or by name."""
    return session.scalar(
        select(Region)
        .where((Region.code == region) | (Region.name == region))
        .order_by((Region.code == region).desc(), Region.code)
        .limit(1)
    )


def ways_of(session: Session, shipment: Shipment) -> list[TransitTime]:
    """Give the ways a shipment may take by its carrier, mode and region, the longest first.

    None while carrier or region are not known; several while the mode is not.
    """
    if shipment.carrier_code is None or shipment.region is None:
        return []
    region = region_named(session, shipment.region)
    if region is None:
        return []
    query = select(TransitTime).where(
        TransitTime.carrier_code == shipment.carrier_code,
        TransitTime.region_code == region.code,
        TransitTime.active,
    )
    if shipment.mode_code is not None:
        query = query.where(TransitTime.mode_code == shipment.mode_code)
    return list(session.scalars(query.order_by(TransitTime.days.desc())))
