"""Carriers, modes, regions and transit times as data, and what they offer."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import uuid4

from chassis.changes import difference
from chassis.database import Work
from chassis.errors import guard_version
from services.shipping.domain.carrier import (
    Carrier,
    Mode,
    Offer,
    Region,
    TransitTime,
    best_first,
    offer,
)
from services.shipping.domain.errors import (
    MasterExists,
    MasterNotFound,
    MasterUsed,
    RegionUnknown,
)
from services.shipping.storage import masters, orders, shipments

KEEPERS = ("dispatcher", "supervisor", "admin")
Coded = TypeVar("Coded", Region, Mode, Carrier)


def add(work: Work, kind: type[Coded], request: Mapping[str, Any]) -> Coded:
    """Enter a master record. Raises MasterExists."""
    work.principal.require(*KEEPERS)
    try:
        masters.get(work.session, kind, request["code"])
    except MasterNotFound:
        record = kind(id=uuid4(), **request)
    else:
        raise MasterExists(entity=kind.__tablename__, key=request["code"])
    work.session.add(record)
    work.log(kind.__tablename__, request["code"], "add", changes=difference({}, dict(request)))
    return record


def change(work: Work, kind: type[Coded], request: Mapping[str, Any]) -> Coded:
    """Change fields of a master record. Raises MasterNotFound, StaleVersion."""
    work.principal.require(*KEEPERS)
    record = masters.get(work.session, kind, request["code"], lock=True)
    guard_version(request["code"], record.version, request["expected_version"])
    _apply(work, record, kind.__tablename__, request["code"], request)
    return record


def remove(work: Work, kind: type[Coded], request: Mapping[str, Any]) -> None:
    """Take out a master record that nothing stands on. Raises MasterUsed."""
    work.principal.require(*KEEPERS)
    record = masters.get(work.session, kind, request["code"], lock=True)
    guard_version(request["code"], record.version, request["expected_version"])
    if masters.is_used(work.session, record):
        raise MasterUsed(entity=kind.__tablename__, key=record.code)
    work.session.delete(record)
    work.log(kind.__tablename__, record.code, "remove", reason=request["reason"])


def set_transit_time(work: Work, request: Mapping[str, Any]) -> TransitTime:
    """Enter or change what a carrier takes to a region by a mode. Raises MasterNotFound."""
    work.principal.require(*KEEPERS)
    masters.get(work.session, Carrier, request["carrier_code"])
    masters.get(work.session, Region, request["region_code"])
    masters.get(work.session, Mode, request["mode_code"])
    record = masters.transit(work.session, request, lock=True)
    if record is None:
        fields = {name: value for name, value in request.items() if name not in _NOT_FIELDS}
        record = TransitTime(id=uuid4(), **fields)
        work.session.add(record)
        work.log("transit_time", transit_key(record), "add", changes=difference({}, fields))
        return record
    guard_version(transit_key(record), record.version, request["expected_version"])
    _apply(work, record, "transit_time", transit_key(record), request)
    return record


def remove_transit_time(work: Work, request: Mapping[str, Any]) -> None:
    """Take out a transit time. Raises MasterNotFound."""
    work.principal.require(*KEEPERS)
    record = masters.transit(work.session, request, lock=True)
    if record is None:
        key = "/".join(request[f"{part}_code"] for part in ("carrier", "region", "mode"))
        raise MasterNotFound(entity="transit_time", key=key)
    work.session.delete(record)
    work.log("transit_time", transit_key(record), "remove", reason=request["reason"])


_NOT_FIELDS = frozenset({"expected_version", "reason"})


def _apply(
    work: Work,
    record: Region | Mode | Carrier | TransitTime,
    entity: str,
    key: str,
    request: Mapping[str, Any],
) -> None:
    wanted = {
        name: value
        for name, value in request.items()
        if name not in _NOT_FIELDS and value is not None
    }
    before = {name: getattr(record, name) for name in wanted}
    for name, value in wanted.items():
        setattr(record, name, value)
    work.log(
        entity,
        key,
        "change",
        changes=difference(before, wanted),
        reason=request.get("reason"),
    )


def transit_key(record: TransitTime) -> str:
    """Give how the log names a transit time."""
    return f"{record.carrier_code}/{record.region_code}/{record.mode_code}"


def offer_carriers(work: Work, request: Mapping[str, Any]) -> list[Offer]:
    """Give the ways to send parcels to a region, the best first (S8).

    Region, urgency and door delivery come from the shipment or order where one is named.
    Raises RegionUnknown.
    """
    region, urgency, method = request["region"], request["urgency"], request["delivery_method"]
    parcels = request["parcels"]
    if request["shipment_number"]:
        shipment = shipments.get(work.session, request["shipment_number"], work.principal)
        region, urgency = region or shipment.region, urgency or shipment.urgency
        method, parcels = method or shipment.delivery_method, parcels or len(shipment.parcels)
    elif request["order_number"]:
        view = orders.get(work.session, request["order_number"], work.principal).view
        region, urgency = region or view["customer"]["region"], urgency or view["urgency"]
        method = method or view["delivery_method"]
    found = masters.region_named(work.session, region) if region else None
    if found is None:
        raise RegionUnknown(region=region)
    ways = masters.ways_to(work.session, found.code)
    return best_first(
        (
            offer(transit, carrier, mode, parcels=parcels or 1, to_door=method == "door")
            for transit, carrier, mode in ways
        ),
        urgent=urgency == "urgent",
    )
