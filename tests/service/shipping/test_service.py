"""Shipping in its own process, over real RabbitMQ and PostgreSQL, beside its neighbours' names."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from amqp import Message

from chassis import bus
from chassis.errors import Conflict, NotFound
from chassis.rpc import RpcClient
from chassis.topology import declare_listener, events_exchange, queue_name
from deploy.local.parts import Wiring
from deploy.local.processes import Process, Program
from tests.conftest import Vhost
from tests.integration.shipping.story import ASSISTANT, CLERK, DISPATCHER, FINANCE, order_view
from tests.integration.shipping.story import read_back as aloud
from tests.service.shipping.neighbours import Inventory

HANDLED_WITHIN_SECONDS = 15.0


class Shipping:
    """A running shipping service and a client of it."""

    def __init__(self, client: RpcClient, amqp_url: str) -> None:
        self._client = client
        self._amqp_url = amqp_url

    def ask(self, method: str, who: Any, *, key: str | None = None, **body: Any) -> Any:
        return self._client.call(
            "shipping",
            method,
            body,
            principal=who.to_wire(),
            key=key or str(uuid4()),
            deadline=time.time() + 20,
        )

    def heard(self) -> Any:
        """Give what the service says it listens to."""
        who = CLERK.to_wire()
        return self._client.call(
            "shipping", "listening", {}, principal=who, deadline=time.time() + 20
        )

    def announce(self, name: str, view: dict[str, Any], sequence: int) -> None:
        """Publish an event of orders, as its relay does."""
        now = datetime.now(UTC).isoformat()
        message = {
            "name": name,
            "schema_version": 1,
            "message_id": str(uuid4()),
            "source": "orders",
            "occurred_at": now,
            "business_at": now,
            "aggregate": {"type": "order", "id": view["id"], "sequence": sequence},
            "principal": {"person_id": "p-1", "name": "陈开单"},
            "data": {"order": view},
        }
        connection = bus.connect(self._amqp_url, name="test")
        try:
            channel = connection.channel()
            channel.confirm_select()
            channel.basic_publish(
                Message(json.dumps(message).encode(), delivery_mode=2),
                exchange=events_exchange("orders"),
                routing_key=name,
            )
            # Answered after the publish is done.
            channel.queue_declare(queue_name("orders", "shipping"), passive=True)
        finally:
            connection.cut()


@pytest.fixture
def shipping(
    vhost: Vhost,
    database_factory: Callable[[str], str],
    wiring: Callable[..., Wiring],
    start: Callable[[Program], Process],
) -> Iterator[Shipping]:
    """Run shipping and its two neighbours; its queue waits for events before it starts."""
    connection = bus.connect(vhost.url, name="test")
    try:
        declare_listener(connection, "shipping", {"orders": ["order_confirmed"]})
    finally:
        connection.cut()
    wired = wiring(vhost, shipping=database_factory("shipping"))
    for name in ("Customers", "Inventory"):
        stub = wired.service(name.lower())
        module = f"tests.service.shipping.neighbours:{name}"
        start(replace(stub, command=(sys.executable, "-m", "chassis.runner", module)))
    start(wired.service("shipping"))
    with RpcClient(vhost.url, "test") as client:
        yield Shipping(client, vhost.url)


def made_order() -> dict[str, Any]:
    view = order_view()
    view["lines"] = view["lines"][:1]
    view["lines"][0]["id"] = Inventory.LINE_ID
    return view


def request_when_known(shipping: Shipping, view: dict[str, Any], **changes: Any) -> Any:
    """Request all of an order as soon as its event has been handled."""
    give_up = time.monotonic() + HANDLED_WITHIN_SECONDS
    body = {
        "order_number": view["number"],
        "lines": [{"line_no": 1, "quantity": "100"}],
    } | changes
    while True:
        try:
            return shipping.ask("request_dispatch", CLERK, **body)
        except NotFound:
            assert time.monotonic() < give_up, "the order's event was not handled"
            time.sleep(0.05)


def test_an_announced_order_is_shipped_by_calls_and_scans(shipping: Shipping) -> None:
    view = made_order()
    shipping.announce("order_confirmed", view, 3)
    number = request_when_known(shipping, view)["number"]

    released = shipping.ask("release_shipment", FINANCE, key="release-1", shipment_number=number)
    again = shipping.ask("release_shipment", FINANCE, key="release-1", shipment_number=number)
    assert again == released
    shipping.ask("check_shipment", ASSISTANT, shipment_number=number, read_back=aloud(released))
    handed = shipping.ask(
        "hand_shipment", DISPATCHER, shipment_number=number, read_back=aloud(released), parcels=1
    )
    (parcel,) = handed["parcels"]
    scan = {
        "device_sequence": 1,
        "device_time": "2026-11-23T03:00:00Z",
        "parcel_code": parcel["code"],
        "kind": "dispatch",
    }
    told = [
        shipping.ask("record_scans", DISPATCHER, device_id="gun", scans=[scan])["items"][0]
        for _ in range(2)
    ]
    assert [(answer["answer"], answer["repeated"]) for answer in told] == [
        ("accepted", False),
        ("accepted", True),
    ]
    assert shipping.ask("get_shipment", CLERK, shipment_number=number)["state"] == "dispatched"
    with pytest.raises(Conflict) as lost:
        shipping.ask(
            "block_order",
            CLERK,
            order_id=view["id"],
            order_number=view["number"],
            why="cancel",
            reason="customer_request",
        )
    assert lost.value.code == "already_dispatched"

    heard = shipping.heard()
    assert heard["customers"] == ["payment_reversed"]
    assert {"order_confirmed", "order_cancelled", "order_held"} <= set(heard["orders"])
