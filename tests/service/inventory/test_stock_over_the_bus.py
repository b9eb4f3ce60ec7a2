"""Inventory in its own process, over real RabbitMQ and PostgreSQL: stock is asked for and told."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from amqp import Message

from chassis import bus
from chassis.errors import Conflict, GendanError
from chassis.principal import Principal
from chassis.rpc import RpcClient
from chassis.topology import declare_listener, events_exchange, queue_name
from deploy.local.parts import Wiring
from deploy.local.processes import Process, Program
from tests.conftest import Vhost

WAREHOUSE = Principal("p-warehouse", "孙仓管", frozenset({"warehouse"}))
HANDLED_WITHIN_SECONDS = 15.0


class Inventory:
    """A running inventory service and a client of it."""

    def __init__(self, client: RpcClient, amqp_url: str) -> None:
        self._client = client
        self._amqp_url = amqp_url

    def ask(self, method: str, *, key: str | None = None, **body: Any) -> Any:
        return self._client.call(
            "inventory",
            method,
            body,
            principal=WAREHOUSE.to_wire(),
            key=key or str(uuid4()),
            deadline=time.time() + 20,
        )

    def product(self, stock: str) -> str:
        made = self.ask(
            "create_product", code="PAPER", name="牛皮纸", unit="张", default_supply="stock"
        )
        self.ask("book_stock", product_code="PAPER", change=stock, opening=True, reason="stock")
        return str(made["id"])

    def reserve(self, product_id: str, quantity: str, **order: str) -> Any:
        line = {
            "line_id": order.get("line_id", str(uuid4())),
            "product_id": product_id,
            "quantity": quantity,
        }
        return self.ask(
            "reserve_stock",
            order_id=order.get("order_id", str(uuid4())),
            order_number=f"D-{uuid4().hex[:8]}",
            lines=[line],
        )

    def stock(self) -> tuple[str, str]:
        (balance,) = self.ask("list_stock", product_code="PAPER")["items"]
        return balance["on_hand"], balance["reserved"]

    def announce_dispatch(self, shipment: dict[str, Any], *, times: int) -> None:
        """Publish that a shipment has left, so many times the same message."""
        now = datetime.now(UTC).isoformat()
        envelope = {
            "name": "shipment_dispatched",
            "schema_version": 1,
            "message_id": str(uuid4()),
            "source": "shipping",
            "occurred_at": now,
            "business_at": now,
            "aggregate": {"type": "shipment", "id": shipment["order_id"], "sequence": 1},
            "principal": {"person_id": "p-1", "name": "赵发货"},
            "data": {"shipment": shipment},
        }
        connection = bus.connect(self._amqp_url, name="test")
        try:
            channel = connection.channel()
            channel.confirm_select()
            for _ in range(times):
                channel.basic_publish(
                    Message(json.dumps(envelope).encode(), delivery_mode=2),
                    exchange=events_exchange("shipping"),
                    routing_key="shipment_dispatched",
                )
            channel.queue_declare(queue_name("shipping", "inventory"), passive=True)
        finally:
            connection.cut()


@pytest.fixture
def inventory(
    vhost: Vhost,
    database_factory: Callable[[str], str],
    wiring: Callable[..., Wiring],
    start: Callable[[Program], Process],
) -> Iterator[Inventory]:
    """Run inventory; its queue waits for events before it starts."""
    connection = bus.connect(vhost.url, name="test")
    try:
        declare_listener(connection, "inventory", {"shipping": ["shipment_dispatched"]})
    finally:
        connection.cut()
    start(wiring(vhost, inventory=database_factory("inventory")).service("inventory"))
    with RpcClient(vhost.url, "test") as client:
        yield Inventory(client, vhost.url)


def test_of_twenty_orders_asking_at_once_for_seven_exactly_seven_hold(
    inventory: Inventory,
) -> None:
    product_id = inventory.product("7")

    def reserve(_: int) -> Any:
        try:
            return inventory.reserve(product_id, "1")
        except GendanError as error:
            return error

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(reserve, range(20)))

    refusals = [outcome for outcome in outcomes if isinstance(outcome, GendanError)]
    assert [(type(refusal), refusal.code) for refusal in refusals] == [
        (Conflict, "stock_short")
    ] * 13
    assert refusals[0].details["lines"][0]["product_code"] == "PAPER"
    assert inventory.stock() == ("7.000", "7.000")


def test_a_dispatch_told_three_times_consumes_once(inventory: Inventory) -> None:
    product_id = inventory.product("10")
    order_id, line_id = str(uuid4()), str(uuid4())
    inventory.reserve(product_id, "4", order_id=order_id, line_id=line_id)
    line = {"line_id": line_id, "product_id": product_id, "quantity": "4.000"}

    shipment = {"number": "S261122-000001", "order_id": order_id, "lines": [line]}
    inventory.announce_dispatch(shipment, times=3)
    # Events of one aggregate are handled in their order: once this one is, so are the others.
    later = {"number": "S261122-000002", "order_id": order_id, "lines": [line | {"quantity": "1"}]}
    inventory.announce_dispatch(later, times=1)
    give_up = time.monotonic() + HANDLED_WITHIN_SECONDS
    while inventory.stock() != ("5.000", "0.000"):
        assert time.monotonic() < give_up, inventory.stock()
        time.sleep(0.05)
    holdings = inventory.ask("get_holdings", order_id=order_id)["lines"]
    assert [(held["held"], held["consumed"]) for held in holdings] == [("0.000", "4.000")]
