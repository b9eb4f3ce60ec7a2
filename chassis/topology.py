"""Names and forms of everything events pass through at the broker; pure, and how to declare it.

    <source>.events   topic exchange; routing key: the event's name, or name_vN
    <source>.resend   direct exchange; routing key: the one listening service meant
        └─ events-<source>--<listener>    one quorum queue per pair of services
               └─ <listener>.parking      what killed its process again and again

The queues are declared at the set-up of the listener and again by deployment before anything
starts, so that an event sent before the listener's first start waits for it.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

from amqp.exceptions import PreconditionFailed

_log = logging.getLogger(__name__)

EVERY_EVENT = "#"

# ARCHITECTURE §4.4: the sixth death of a process over the same message parks it.
DELIVERY_LIMIT = 5

# A full queue refuses what comes (reject-publish), the outbox keeps it, and orders go on.
DEFAULT_QUEUE_LENGTH = 200_000


def events_exchange(source: str) -> str:
    return f"{source}.events"


def resend_exchange(source: str) -> str:
    return f"{source}.resend"


def queue_name(source: str, listener: str) -> str:
    return f"events-{source}--{listener}"


def parking_name(listener: str) -> str:
    """Give the name of a listening service's parking queue and of the exchange before it."""
    return f"{listener}.parking"


def queue_arguments(listener: str) -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        # One replica at a time, or events of one aggregate would overtake each other between
        # two; the next takes over when it goes.
        "x-single-active-consumer": True,
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": parking_name(listener),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": int(os.environ.get("GENDAN_EVENT_QUEUE_LENGTH", DEFAULT_QUEUE_LENGTH)),
    }


def declare_source(connection: Any, source: str) -> None:
    """Declare the exchanges that a service's events go to."""
    channel = connection.channel()
    _declare_exchanges(channel, source)
    channel.close()


def _declare_exchanges(channel: Any, source: str) -> None:
    channel.exchange_declare(events_exchange(source), "topic", durable=True, auto_delete=False)
    channel.exchange_declare(resend_exchange(source), "direct", durable=True, auto_delete=False)


def declare_listener(
    connection: Any, listener: str, subscriptions: Mapping[str, Sequence[str]]
) -> None:
    """Declare a listening service's queues; `subscriptions` are routing keys by source."""
    _declare_queue(connection, parking_name(listener), {"x-queue-type": "quorum"})
    for source in subscriptions:
        _declare_queue(connection, queue_name(source, listener), queue_arguments(listener))
    bind_listener(connection, listener, subscriptions)


def bind_listener(
    connection: Any, listener: str, subscriptions: Mapping[str, Sequence[str]]
) -> None:
    """Bind a listening service's queues to the exchanges, which are declared where they lack."""
    parking = parking_name(listener)
    channel = connection.channel()
    channel.exchange_declare(parking, "fanout", durable=True, auto_delete=False)
    channel.queue_bind(parking, parking)
    for source, routing_keys in subscriptions.items():
        _declare_exchanges(channel, source)
        queue = queue_name(source, listener)
        for routing_key in routing_keys:
            channel.queue_bind(queue, events_exchange(source), routing_key)
        channel.queue_bind(queue, resend_exchange(source), listener)
    channel.close()


def _declare_queue(connection: Any, queue: str, arguments: Mapping[str, Any]) -> None:
    channel = connection.channel()
    try:
        channel.queue_declare(queue, durable=True, auto_delete=False, arguments=dict(arguments))
    except PreconditionFailed as error:
        # The queue is older than a setting of it. It serves all the same; changing it means
        # deleting it, which is an operator's decision (and anti-entropy repairs the loss).
        _log.warning("queue %s stays as it was declared before: %s", queue, error)
    else:
        channel.close()
