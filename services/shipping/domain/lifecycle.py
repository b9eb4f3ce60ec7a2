"""Where a shipment stands, what may follow, and what its parcels' progress says."""

from collections.abc import Iterable
from enum import IntEnum, StrEnum

from chassis.lifecycle import IllegalMove, Lifecycle


class ShipmentState(StrEnum):
    """The states of SPEC §7."""

    REQUESTED = "requested"  # a dispatch request stands; nothing is allowed to leave yet
    RELEASED = "released"  # the money, or the contract, allows these goods to leave
    CHECKED = "checked"  # a second person has compared address, phone and quantities
    HANDED = "handed"  # the dispatcher has read every item back; parcels may be scanned
    PICKING = "picking"  # the first parcel has been picked
    PACKED = "packed"  # every parcel is packed
    DISPATCHED = "dispatched"  # it has left; from here a cancel loses
    IN_TRANSIT = "in_transit"  # the carrier is under way with it
    ARRIVED = "arrived"  # every parcel has arrived
    SIGNED = "signed"  # the customer has signed for every parcel
    EXCEPTION = "exception"  # something went wrong on the way; it may still arrive
    LOST = "lost"  # it will not arrive
    RETURNED_TO_SENDER = "returned_to_sender"  # the carrier brought it back
    CANCELLED = "cancelled"  # withdrawn before it left


_S = ShipmentState
_FAILURES = {_S.EXCEPTION, _S.LOST, _S.RETURNED_TO_SENDER}

SHIPMENT = Lifecycle(
    "shipment",
    {
        _S.REQUESTED: {_S.RELEASED, _S.CANCELLED},
        _S.RELEASED: {_S.CHECKED, _S.CANCELLED},
        _S.CHECKED: {_S.HANDED, _S.CANCELLED},
        _S.HANDED: {_S.PICKING, _S.CANCELLED},
        _S.PICKING: {_S.PACKED, _S.CANCELLED},
        _S.PACKED: {_S.DISPATCHED, _S.CANCELLED},
        _S.DISPATCHED: {_S.IN_TRANSIT, *_FAILURES},
        _S.IN_TRANSIT: {_S.ARRIVED, *_FAILURES},
        _S.ARRIVED: {_S.SIGNED, *_FAILURES},
        _S.EXCEPTION: {_S.IN_TRANSIT, _S.LOST, _S.RETURNED_TO_SENDER},
        _S.SIGNED: set(),
        _S.LOST: set(),
        _S.RETURNED_TO_SENDER: set(),
        _S.CANCELLED: set(),
    },
    initial=_S.REQUESTED,
)

#: What scans and reports move along. A later one implies those before it (SPEC §7).
ROAD = (
    _S.HANDED,
    _S.PICKING,
    _S.PACKED,
    _S.DISPATCHED,
    _S.IN_TRANSIT,
    _S.ARRIVED,
    _S.SIGNED,
)

#: Not left yet: a cancel wins, and the goods count as requested.
OPEN = (
    _S.REQUESTED,
    _S.RELEASED,
    _S.CHECKED,
    _S.HANDED,
    _S.PICKING,
    _S.PACKED,
)

#: Left, and neither with the customer nor given up.
UNDER_WAY = (_S.DISPATCHED, _S.IN_TRANSIT, _S.ARRIVED, _S.EXCEPTION)

#: Left at some time.
GONE = tuple(state for state in _S if state not in OPEN and state is not _S.CANCELLED)


def steps(state: ShipmentState, wish: ShipmentState) -> tuple[ShipmentState, ...]:
    """Give the states to pass on the road from `state` to `wish`, `wish` last.

    Empty where `wish` is already behind: states only move forward. Raises IllegalMove for a
    shipment that is not on the road (not handed, cancelled, lost, returned to sender).
    """
    if state is _S.EXCEPTION:
        here = ROAD.index(_S.DISPATCHED)
    elif state in ROAD:
        here = ROAD.index(state)
    else:
        SHIPMENT.check(state, wish)
        raise IllegalMove(entity=SHIPMENT.entity, state=state, wish=wish, allowed="-")
    return ROAD[here + 1 : ROAD.index(wish) + 1]


class ScanKind(StrEnum):
    """What a scanner says was done with a parcel."""

    PICK = "pick"
    PACK = "pack"
    LOAD = "load"
    DISPATCH = "dispatch"
    ARRIVE = "arrive"
    SIGN = "sign"


class Progress(IntEnum):
    """How far one parcel has come; a later step implies the earlier ones."""

    MADE = 0
    PICKED = 1
    PACKED = 2
    LOADED = 3
    DISPATCHED = 4
    ARRIVED = 5
    SIGNED = 6


PROGRESS_BY_SCAN = {
    ScanKind.PICK: Progress.PICKED,
    ScanKind.PACK: Progress.PACKED,
    ScanKind.LOAD: Progress.LOADED,
    ScanKind.DISPATCH: Progress.DISPATCHED,
    ScanKind.ARRIVE: Progress.ARRIVED,
    ScanKind.SIGN: Progress.SIGNED,
}

#: Whose move by hand a scan is when a person sends it; what loads is what packs.
STATE_BY_SCAN = {
    ScanKind.PICK: _S.PICKING,
    ScanKind.PACK: _S.PACKED,
    ScanKind.LOAD: _S.PACKED,
    ScanKind.DISPATCH: _S.DISPATCHED,
    ScanKind.ARRIVE: _S.ARRIVED,
    ScanKind.SIGN: _S.SIGNED,
}

#: What each parcel has at least done when its whole shipment is in a state.
PROGRESS_BY_STATE = {
    _S.PICKING: Progress.PICKED,
    _S.PACKED: Progress.PACKED,
    _S.DISPATCHED: Progress.DISPATCHED,
    _S.IN_TRANSIT: Progress.DISPATCHED,
    _S.ARRIVED: Progress.ARRIVED,
    _S.SIGNED: Progress.SIGNED,
}


def state_by_parcels(progress: Iterable[int]) -> ShipmentState:
    """Give the state that the parcels' progress amounts to.

    Depends on how far each parcel is and not on the order of scans. The first parcel that
    leaves is the shipment's departure; packed, arrived and signed need every parcel.
    """
    reached = sorted(progress)
    if not reached:
        return _S.HANDED
    least, most = reached[0], reached[-1]
    if least >= Progress.SIGNED:
        return _S.SIGNED
    if least >= Progress.ARRIVED:
        return _S.ARRIVED
    if most >= Progress.ARRIVED:
        return _S.IN_TRANSIT
    if most >= Progress.DISPATCHED:
        return _S.DISPATCHED
    if least >= Progress.PACKED:
        return _S.PACKED
    return _S.PICKING if most >= Progress.PICKED else _S.HANDED
