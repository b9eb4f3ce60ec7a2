"""Inventory in its own process: an order is announced, stated, made and stocked over the bus."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from amqp import Message

from chassis import bus
from chassis.errors import Conflict, NotFound
from chassis.principal import Principal
from chassis.rpc import RpcClient
from chassis.topology import declare_listener, events_exchange, queue_name
from deploy.local.parts import Wiring
from deploy.local.processes import Process, Program
from tests.conftest import Vhost
from tests.integration.inventory.goods_story import CLERK
from tests.integration.inventory.making_story import INSPECTOR, PLANNER, Works

HANDLED_WITHIN_SECONDS = 20.0


class RunningWorks(Works):
    """The works of the story, asked over RabbitMQ and told by events on it."""

    def __init__(self, client: RpcClient, amqp_url: str) -> None:
        self._client = client
        self._amqp_url = amqp_url

    def ask(self, method: str, who: Principal = CLERK, **body: Any) -> Any:
        return self._client.call(
            "inventory", method, body, principal=who.to_wire(), deadline=time.time() + 20
        )

    def tell(self, method: str, who: Principal = CLERK, key: str | None = None, **body: Any) -> Any:
        return self._client.call(
            "inventory",
            method,
            body,
            principal=who.to_wire(),
            key=key or str(uuid4()),
            deadline=time.time() + 20,
        )

    def hear_of_order(self, name: str, view: dict[str, Any], at: datetime | None = None) -> None:
        """Publish an event of orders, as its relay does."""
        now = (at or datetime.now(UTC)).isoformat()
        message = {
            "name": name,
            "schema_version": 1,
            "message_id": str(uuid4()),
            "source": "orders",
            "occurred_at": now,
            "business_at": now,
            "aggregate": {"type": "order", "id": view["id"], "sequence": view["version"]},
            "principal": {"person_id": CLERK.person_id, "name": CLERK.name},
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
            channel.queue_declare(queue_name("orders", "inventory"), passive=True)
        finally:
            connection.cut()

    def awaited(self, question: Callable[[], Any]) -> Any:
        """Give what a question answers once the event it depends on has been handled."""
        give_up = time.monotonic() + HANDLED_WITHIN_SECONDS
        while True:
            try:
                if answer := question():
                    return answer
            except NotFound:
                pass
            assert time.monotonic() < give_up, "the event was not handled"
            time.sleep(0.05)


@pytest.fixture
def works(
    vhost: Vhost,
    database_factory: Callable[[str], str],
    wiring: Callable[..., Wiring],
    start: Callable[[Program], Process],
) -> Iterator[RunningWorks]:
    """Run inventory; its queue waits for events before it starts."""
    connection = bus.connect(vhost.url, name="test")
    try:
        declare_listener(
            connection, "inventory", {"orders": ["order_submitted", "order_confirmed"]}
        )
    finally:
        connection.cut()
    wired = wiring(vhost, inventory=database_factory("inventory"))
    start(wired.service("inventory"))
    with RpcClient(vhost.url, "test") as client:
        works = RunningWorks(client, vhost.url)
        works.masters()
        yield works


def test_an_announced_order_is_stated_made_and_stocked(works: RunningWorks) -> None:
    order = works.order().submitted()
    works.awaited(lambda: works.ask("get_statement", order_number=order.number, kind="technique"))
    order.sign("technique")
    first = order.sign("material", key="material-1")
    assert order.sign("material", key="material-1") == first
    order.sign("schedule")
    order.production_due = "2030-03-29"

    order.moves("order_confirmed", "confirmed")
    works.awaited(lambda: works.ask("search_instructions", order_number=order.number)["items"])
    order.issue()
    order.accept()
    order.does("start_instruction")
    order.does("report_production", quantity="980")
    order.does("finish_instruction")
    order.does("inspect_instruction", INSPECTOR, passed="980")
    order.does("countersign_inspection", CLERK)
    order.does("stock_in_instruction", INSPECTOR)

    assert order.holdings["lines"][0]["accepted_quantity"] == "980.000"
    assert works.ask("list_work", PLANNER, limit=10)["items"] == []


def test_a_refusal_crosses_the_bus_with_its_facts(works: RunningWorks) -> None:
    order = works.order("3000").submitted()
    works.awaited(lambda: works.ask("get_statement", order_number=order.number, kind="technique"))
    order.sign("technique")

    with pytest.raises(Conflict) as refused:
        order.sign("material")

    assert refused.value.code == "material_short"
    assert refused.value.details["lines"][0]["free"] == "1000.000"
