"""What orders announces; each event carries the order's whole public view."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.events import Event

if TYPE_CHECKING:
    from services.orders.domain.anomaly import Anomaly
    from services.orders.domain.order import Order


@dataclass(frozen=True)
class OrderEvent(Event):
    order: "Order"


class MemoTaken(OrderEvent):
    """A customer's wish was written down."""


class OrderDrafted(OrderEvent):
    """The customer is known and the order is being completed."""


class OrderChanged(OrderEvent):
    """Fields or dates of the order changed without a move of its stage."""


class OrderSubmitted(OrderEvent):
    """The order is in review; its gates are open."""


@dataclass(frozen=True)
class OrderReturnedToDraft(OrderEvent):
    why: str


class OrderApproved(OrderEvent):
    """Every gate has passed."""


@dataclass(frozen=True)
class ConfirmationSent(OrderEvent):
    confirmation_version: int


@dataclass(frozen=True)
class OrderConfirmed(OrderEvent):
    by_grade: bool


class SignBackVerified(OrderEvent):
    """The signed copy that was owed has come and was verified."""


class OrderStarted(OrderEvent):
    """The factory or the warehouse was told."""


class OrderFulfilled(OrderEvent):
    """All lines are signed for or short-closed; what is still held becomes free."""


class OrderClosed(OrderEvent):
    """Paid, invoiced, nothing owed."""


class OrderReopened(OrderEvent):
    """The director opened a closed order again."""


class CancelRequested(OrderEvent):
    """The supervisor cancels; the other services are being asked."""


class CancelRefused(OrderEvent):
    """The cancel lost; the order is back in its stage."""


class OrderCancelled(OrderEvent):
    """Over; everything held for it becomes free."""


class OrderHeld(OrderEvent):
    """Every forward move stops."""


class OrderResumed(OrderEvent):
    """The hold is lifted."""


class OrderExpired(OrderEvent):
    """Left alone too long: everything held becomes free and the order is a draft again."""


class OrderHandedOver(OrderEvent):
    """The order's customer has another salesperson, who sees it from now on."""


class DatesSlid(OrderEvent):
    """Both dates moved on because no signed copy came in."""


@dataclass(frozen=True)
class LineShortClosed(OrderEvent):
    line_id: str


@dataclass(frozen=True)
class PastOrderRecorded(OrderEvent):
    fulfilled: bool


@dataclass(frozen=True)
class AnomalyRaised(OrderEvent):
    anomaly: "Anomaly"
