"""A message as it came from a queue, and its acknowledgement."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from chassis import bus, envelope
from chassis.envelope import Undecodable
from chassis.events import Received

_log = logging.getLogger(__name__)


class Delivery:
    """A message from a queue, on the connection that brought it."""

    def __init__(self, connection: bus.BusConnection, source: str, message: Any) -> None:
        self.source = source
        self.routing_key: str = message.delivery_info["routing_key"]
        self.tag: int = message.delivery_info["delivery_tag"]
        body = message.body
        self.body: bytes = (
            body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")
        )
        self.headers: Mapping[str, Any] = message.properties.get("application_headers") or {}
        #: What was announced; None with the reason why it cannot be read.
        self.event: Received | None = None
        self.unreadable: Undecodable | None = None
        try:
            self.event = envelope.parse(self.body)
        except Undecodable as error:
            self.unreadable = error
        self.is_redelivered: bool = message.delivery_info["redelivered"]
        self.connection = connection
        self.channel_id: int = message.channel.channel_id

    @property
    def died_in(self) -> str:
        """The source whose queue a dead-lettered message comes from, as the broker says."""
        queue = str(self.headers.get("x-first-death-queue", ""))
        return queue.removeprefix("events-").partition("--")[0][:40]


def acknowledge(deliveries: Sequence[Delivery]) -> None:
    """Tell the broker that it can forget messages of one connection, unless it took them back."""
    connection = deliveries[0].connection
    frames = [bus.ack_frame(delivery.channel_id, delivery.tag) for delivery in deliveries]
    try:
        if connection.connected:
            connection.send(b"".join(frames))
    except bus.BUS_ERRORS:
        _log.debug("events could not be acknowledged; the inbox stops them next time")
