"""How each event of orders is dumped: the order's public view and what is said beside it."""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema

from chassis.events import Event
from services.orders.domain import events
from services.orders.schemas import views


class OrderAnnounced(Schema):
    """Dumps an event of an order: `order` and, where given, the facts beside it."""

    def __init__(self, beside: Callable[[Any], dict[str, Any]] | None = None) -> None:
        super().__init__()
        self.beside = beside

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:  # noqa: ARG002
        said = {} if self.beside is None else self.beside(obj)
        return {"order": views.order(obj.order), **said}


EVENTS: dict[type[Event], Schema] = {
    **{
        kind: OrderAnnounced()
        for kind in (
            events.MemoTaken,
            events.OrderDrafted,
            events.OrderChanged,
            events.OrderSubmitted,
            events.OrderApproved,
            events.SignBackVerified,
            events.OrderStarted,
            events.OrderFulfilled,
            events.OrderClosed,
            events.OrderReopened,
            events.CancelRequested,
            events.CancelRefused,
            events.OrderCancelled,
            events.OrderHeld,
            events.OrderResumed,
            events.OrderExpired,
            events.OrderHandedOver,
            events.DatesSlid,
        )
    },
    events.OrderReturnedToDraft: OrderAnnounced(lambda event: {"why": event.why}),
    events.ConfirmationSent: OrderAnnounced(
        lambda event: {"confirmation_version": event.confirmation_version}
    ),
    events.OrderConfirmed: OrderAnnounced(lambda event: {"by_grade": event.by_grade}),
    events.LineShortClosed: OrderAnnounced(lambda event: {"line_id": event.line_id}),
    events.PastOrderRecorded: OrderAnnounced(lambda event: {"fulfilled": event.fulfilled}),
    events.AnomalyRaised: OrderAnnounced(lambda event: {"anomaly": views.anomaly(event.anomaly)}),
}
