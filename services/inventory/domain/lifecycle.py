"""The states of inventory's aggregates and their legal moves."""

from enum import StrEnum

from chassis.lifecycle import Lifecycle


class ArrivalState(StrEnum):
    """Where goods or material on order stand."""

    EXPECTED = "expected"  # ordered from a supplier, in transit to us
    RECEIVED = "received"  # counted by the warehouse and in stock
    CANCELLED = "cancelled"  # will not come


ARRIVAL = Lifecycle(
    "arrival",
    {
        ArrivalState.EXPECTED: {ArrivalState.RECEIVED, ArrivalState.CANCELLED},
        ArrivalState.RECEIVED: set(),
        ArrivalState.CANCELLED: set(),
    },
    initial=ArrivalState.EXPECTED,
)


class TransferState(StrEnum):
    """Where a transfer between two stores stands."""

    REQUESTED = "requested"  # one store asks another for goods
    SENT = "sent"  # the other store consented, the goods have left it
    RECEIVED = "received"  # the goods are in the asking store's stock
    REFUSED = "refused"  # the other store keeps its goods
    CANCELLED = "cancelled"  # the asking store no longer wants them


TRANSFER = Lifecycle(
    "transfer",
    {
        TransferState.REQUESTED: {
            TransferState.SENT,
            TransferState.REFUSED,
            TransferState.CANCELLED,
        },
        TransferState.SENT: {TransferState.RECEIVED},
        TransferState.RECEIVED: set(),
        TransferState.REFUSED: set(),
        TransferState.CANCELLED: set(),
    },
    initial=TransferState.REQUESTED,
)


class WishState(StrEnum):
    """Where a customer's wish for goods that are out of stock stands."""

    OPEN = "open"  # the goods have not come
    MET = "met"  # goods came, and it was announced
    WITHDRAWN = "withdrawn"  # nobody waits for the goods any more


WISH = Lifecycle(
    "wish",
    {
        WishState.OPEN: {WishState.MET, WishState.WITHDRAWN},
        WishState.MET: set(),
        WishState.WITHDRAWN: set(),
    },
    initial=WishState.OPEN,
)
