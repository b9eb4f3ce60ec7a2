"""After-sales in its own process, over real RabbitMQ and PostgreSQL."""

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
from chassis.rpc import RpcClient
from chassis.topology import events_exchange, queue_name
from deploy.local.parts import Wiring
from deploy.local.processes import Process, Program
from tests.conftest import Vhost
from tests.integration.aftersales.story import (
    AFTERSALES,
    CLERK,
    SUPERVISOR,
    order_view,
    shipment_view,
)

HANDLED_WITHIN_SECONDS = 15.0


class Aftersales:
    """A running after-sales service and a client of it."""

    def __init__(self, client: RpcClient, amqp_url: str) -> None:
        self._client = client
        self._amqp_url = amqp_url

    def ask(self, method: str, who: Any, *, key: str | None = None, **body: Any) -> Any:
        return self._client.call(
            "aftersales",
            method,
            body,
            principal=who.to_wire(),
            key=key or str(uuid4()),
            deadline=time.time() + 20,
        )

    def announce(self, source: str, name: str, noun: str, view: dict[str, Any], number: int) -> str:
        """Publish an event as its service's relay does; gives the message's id."""
        now = datetime.now(UTC).isoformat()
        message_id = str(uuid4())
        body = {
            "name": name,
            "schema_version": 1,
            "message_id": message_id,
            "source": source,
            "occurred_at": now,
            "business_at": now,
            "aggregate": {"type": noun, "id": view["id"], "sequence": number},
            "principal": {"person_id": "p-1", "name": "陈开单"},
            "data": {noun: view},
        }
        connection = bus.connect(self._amqp_url, name="test")
        try:
            channel = connection.channel()
            channel.confirm_select()
            # Twice: at least once is what the broker promises.
            for _ in range(2):
                channel.basic_publish(
                    Message(json.dumps(body).encode(), delivery_mode=2),
                    exchange=events_exchange(source),
                    routing_key=name,
                )
            # Answered after the publishes are done.
            channel.queue_declare(queue_name(source, "aftersales"), passive=True)
        finally:
            connection.cut()
        return message_id


@pytest.fixture
def aftersales(
    vhost: Vhost,
    database_factory: Callable[[str], str],
    wiring: Callable[..., Wiring],
    start: Callable[[Program], Process],
) -> Iterator[Aftersales]:
    start(wiring(vhost, aftersales=database_factory("aftersales")).service("aftersales"))
    with RpcClient(vhost.url, "test") as client:
        yield Aftersales(client, vhost.url)


def until_handled(ask: Callable[[], Any]) -> Any:
    """Ask again until the events that the answer needs have been handled."""
    give_up = time.monotonic() + HANDLED_WITHIN_SECONDS
    while True:
        try:
            return ask()
        except (NotFound, Conflict):
            assert time.monotonic() < give_up, "the events were not handled"
            time.sleep(0.05)


def test_a_signed_shipment_is_called_about_and_may_come_back(aftersales: Aftersales) -> None:
    order = order_view()
    shipment = shipment_view(order)
    aftersales.announce("orders", "order_fulfilled", "order", order, 9)
    aftersales.announce("shipping", "shipment_signed", "shipment", shipment, 7)
    body = {
        "order_number": order["number"],
        "wish": "纸边破损",
        "lines": [{"line_no": 1, "quantity": "5"}],
    }
    opened = until_handled(lambda: aftersales.ask("open_case", AFTERSALES, key="k-1", **body))
    assert aftersales.ask("open_case", AFTERSALES, key="k-1", **body) == opened

    number = opened["number"]
    aftersales.ask("acknowledge_case", AFTERSALES, case_number=number, note="已致电")
    aftersales.ask("authorise_case", SUPERVISOR, case_number=number, decision="同意")
    with pytest.raises(Conflict) as refused:
        aftersales.ask("reject_case", SUPERVISOR, case_number=number, decision="不同意")
    assert (refused.value.code, refused.value.details["state"]) == ("illegal_move", "authorised")
    planned = aftersales.ask("list_visits", CLERK, order_number=order["number"])["items"]
    assert sorted(visit["reason"] for visit in planned) == ["after_receipt"] + ["new_customer"] * 4


def test_aftersales_listens_to_orders_and_shipping_alone(aftersales: Aftersales) -> None:
    heard = aftersales.ask("listening", CLERK)
    assert set(heard) == {"orders", "shipping"}
    assert {"shipment_dispatched", "shipment_signed"} <= set(heard["shipping"])
    assert {"order_fulfilled", "past_order_recorded"} <= set(heard["orders"])
