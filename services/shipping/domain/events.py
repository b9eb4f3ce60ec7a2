"""The facts that shipping announces; each carries the whole public view of its aggregate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.events import Event
from services.shipping.domain.lifecycle import ShipmentState

if TYPE_CHECKING:  # the aggregates import their events, not the other way round
    from services.shipping.domain.quarantine import QuarantinedScan
    from services.shipping.domain.scan import ScanFacts
    from services.shipping.domain.shipment import Shipment


@dataclass(frozen=True)
class ShipmentEvent(Event):
    """A fact about one shipment."""

    shipment: Shipment


class DispatchRequested(ShipmentEvent):
    """A dispatch request stands."""


class ShipmentReleased(ShipmentEvent):
    """Finance, or the contract, lets it leave."""


class ReleaseWithdrawn(ShipmentEvent):
    """Its payment was reversed before it left."""


class ShipmentChecked(ShipmentEvent):
    """A second person has compared it."""


class ShipmentHanded(ShipmentEvent):
    """The dispatcher has read it back."""


class ShipmentPacked(ShipmentEvent):
    """Every parcel is packed."""


class ShipmentDispatched(ShipmentEvent):
    """It has left."""


class ShipmentInTransit(ShipmentEvent):
    """The carrier is under way with it."""


class ShipmentArrived(ShipmentEvent):
    """Every parcel has arrived."""


class ShipmentSigned(ShipmentEvent):
    """The customer has signed for it."""


class ReceiptRecorded(ShipmentEvent):
    """The signed receipt of a shipment that was signed by a bare scan has come in."""


class ShipmentCancelled(ShipmentEvent):
    """It was withdrawn before it left."""


@dataclass(frozen=True)
class ShipmentFailed(ShipmentEvent):
    """It met an exception, was lost, or came back."""

    kind: str
    note: str


@dataclass(frozen=True)
class ScanRejected(ShipmentEvent):
    """A parcel was scanned that may not move: an urgent anomaly."""

    scan: ScanFacts
    reason: str


@dataclass(frozen=True)
class ParcelUnknown(Event):
    """A code was scanned that no parcel has."""

    quarantined: QuarantinedScan


#: What is announced when a shipment comes into a state; picking is nobody else's business.
BY_STATE: dict[ShipmentState, type[ShipmentEvent]] = {
    ShipmentState.PACKED: ShipmentPacked,
    ShipmentState.DISPATCHED: ShipmentDispatched,
    ShipmentState.IN_TRANSIT: ShipmentInTransit,
    ShipmentState.ARRIVED: ShipmentArrived,
    ShipmentState.SIGNED: ShipmentSigned,
}
