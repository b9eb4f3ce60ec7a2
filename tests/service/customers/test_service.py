"""The customers service in its own process, over real RabbitMQ and PostgreSQL."""

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
from chassis.errors import Conflict, Invalid
from chassis.principal import Principal
from chassis.rpc import RpcClient
from chassis.topology import declare_listener, events_exchange, queue_name
from deploy.local.parts import Wiring
from deploy.local.processes import Process, Program
from tests.conftest import Vhost
from tests.integration.customers.story import CLERK, FINANCE, PAID_AT, PaperOrder

HANDLED_WITHIN_SECONDS = 15.0


class Customers:
    """A running customers service and a client of it."""

    def __init__(self, client: RpcClient, amqp_url: str) -> None:
        self._client = client
        self._amqp_url = amqp_url

    def ask(self, who: Principal, method: str, *, under: str | None = None, **body: Any) -> Any:
        return self._client.call(
            "customers",
            method,
            body,
            principal=who.to_wire(),
            key=under or str(uuid4()),
            deadline=time.time() + 20,
        )

    def announce(self, source: str, name: str, aggregate_id: str, data: dict[str, Any]) -> None:
        """Publish a neighbour's event, as its relay does; returns when the broker has it."""
        now = datetime.now(UTC).isoformat()
        message = {
            "name": name,
            "schema_version": 1,
            "message_id": str(uuid4()),
            "source": source,
            "occurred_at": now,
            "business_at": now,
            "aggregate": {"type": "order", "id": aggregate_id, "sequence": 1},
            "principal": {"person_id": CLERK.person_id, "name": CLERK.name},
            "data": data,
        }
        connection = bus.connect(self._amqp_url, name="test")
        try:
            channel = connection.channel()
            channel.confirm_select()
            channel.basic_publish(
                Message(json.dumps(message).encode(), delivery_mode=2),
                exchange=events_exchange(source),
                routing_key=name,
            )
            channel.queue_declare(queue_name(source, "customers"), passive=True)
        finally:
            connection.cut()

    def money_when(self, order: PaperOrder, field: str, value: str) -> dict[str, Any]:
        """Give an order's money once the event that sets `field` has been handled."""
        give_up = time.monotonic() + HANDLED_WITHIN_SECONDS
        while True:
            money: dict[str, Any] = self.ask(FINANCE, "get_order_money", order_id=order.id)["money"]
            if money[field] == value:
                return money
            assert time.monotonic() < give_up, f"{field} stayed {money[field]}"
            time.sleep(0.05)


@pytest.fixture
def customers(
    vhost: Vhost,
    database_factory: Callable[[str], str],
    wiring: Callable[..., Wiring],
    start: Callable[[Program], Process],
) -> Iterator[Customers]:
    """Run the service; its queues wait for events before it starts, as deployment declares them."""
    connection = bus.connect(vhost.url, name="test")
    try:
        sources = {"orders": ["order_confirmed"], "shipping": ["shipment_dispatched"]}
        declare_listener(connection, "customers", sources)
    finally:
        connection.cut()
    wired = wiring(vhost, customers=database_factory("customers"))
    start(wired.service("customers"))
    with RpcClient(vhost.url, "test") as client:
        yield Customers(client, vhost.url)


def customer_of_grade_b(customers: Customers) -> str:
    made = customers.ask(CLERK, "create_customer", name="晨光印刷", customer_code="KH-B")
    decision = {"grade": "B", "reason": "other", "note": "评定"}
    customers.ask(FINANCE, "change_grade", customer_code="KH-B", **decision)
    return str(made["id"])


def reserve(customers: Customers, order: PaperOrder, under: str | None = None) -> Any:
    return customers.ask(
        CLERK,
        "reserve_credit",
        under=under,
        order_id=order.id,
        order_number=order.number,
        customer_id=order.customer_id,
        total=order.total,
        amount=order.amount,
        revision=order.revision,
    )


def test_an_orders_money_goes_from_reservation_to_receivable_by_calls_and_events(
    customers: Customers,
) -> None:
    order = PaperOrder(customer_of_grade_b(customers), "D261122-000001", supply="stock")
    first = reserve(customers, order, under="reserve-1")
    assert first["verdict"] == "passed"
    assert reserve(customers, order, under="reserve-1") == first

    # The dispatch comes before the order it belongs to: it waits and is tried again.
    shipment = {
        "id": str(uuid4()),
        "number": "S261122-000001",
        "order_id": order.id,
        "lines": [{"line_id": order.line_id, "quantity": "40"}],
        "dispatched_at": datetime.now(UTC).isoformat(),
    }
    customers.announce("shipping", "shipment_dispatched", order.id, {"shipment": shipment})
    customers.announce("orders", "order_confirmed", order.id, {"order": order.view()})

    money = customers.money_when(order, "receivable", "400.00")
    assert money["reservation"] == "600.00"
    paid = {"order_number": order.number, "amount": "400.00", "paid_at": PAID_AT}
    number = customers.ask(CLERK, "record_payment", **paid)["number"]
    customers.ask(FINANCE, "verify_payment", payment_number=number)
    assert customers.money_when(order, "verified", "400.00")["balance"] == "600.00"


def test_orders_at_once_over_the_bus_hold_no_more_than_the_limit(customers: Customers) -> None:
    customer_id = customer_of_grade_b(customers)
    customers.ask(
        FINANCE,
        "set_credit_limit",
        customer_code="KH-B",
        credit_limit="7000.00",
        reason="other",
        note="小额",
    )
    orders = [PaperOrder(customer_id, f"D261122-{n:06d}", supply="stock") for n in range(1, 21)]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda order: reserve(customers, order), orders))

    verdicts = sorted(answer["verdict"] for answer in answers)
    assert verdicts == ["held"] * 13 + ["passed"] * 7


def test_refusals_cross_the_bus_as_values(customers: Customers) -> None:
    customer_of_grade_b(customers)

    with pytest.raises(Conflict) as taken:
        customers.ask(CLERK, "create_customer", name="乙", customer_code="KH-B")
    assert (taken.value.code, taken.value.details) == (
        "customer_code_taken",
        {"customer_code": "KH-B"},
    )
    with pytest.raises(Invalid) as wrong:
        customers.ask(CLERK, "create_customer", title="乙")
    assert sorted(wrong.value.details["fields"]) == ["name", "title"]
