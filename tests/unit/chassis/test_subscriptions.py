"""What a service binds for what its methods listen to."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from chassis.clock import machine_now
from chassis.events import Received
from chassis.subscriptions import Subscriptions, subscriptions
from chassis.topology import queue_name


@dataclass
class Listener:
    source: str
    name: str
    schema_version: int = 1
    in_order: bool = False
    method_name: str = "react"
    schema: Any = field(default=None)


def test_each_event_is_bound_by_its_name_and_version() -> None:
    listeners = [
        Listener("orders", "order_approved"),
        Listener("orders", "order_approved", method_name="react_too"),
        Listener("orders", "order_placed", 2),
        Listener("customers", "customer_changed"),
    ]

    assert subscriptions(listeners) == {
        "customers": ["customer_changed"],
        "orders": ["order_approved", "order_placed_v2"],
    }


def test_an_in_order_listener_sees_every_event_of_its_source() -> None:
    listeners = [
        Listener("orders", "order_approved"),
        Listener("orders", "order_placed", in_order=True),
        Listener("customers", "customer_changed"),
    ]

    assert subscriptions(listeners) == {"customers": ["customer_changed"], "orders": ["#"]}


def test_a_pair_of_services_has_one_queue() -> None:
    assert queue_name("orders", "shipping") == "events-orders--shipping"


def desk_with(*listeners: Listener) -> Subscriptions:
    subscribed = Subscriptions()
    for listener in listeners:
        subscribed.add(listener)
    return subscribed


def event(name: str, schema_version: int = 1, source: str = "orders") -> Received:
    return Received(
        name=name,
        schema_version=schema_version,
        message_id=uuid4(),
        source=source,
        occurred_at=machine_now(),
        business_at=machine_now(),
        aggregate_type="order",
        aggregate_id="o-1",
        sequence=1,
        principal={},
        data={},
    )


def test_an_event_is_for_the_methods_that_listen_to_its_name_at_its_source() -> None:
    placed, approved = Listener("orders", "order_placed"), Listener("orders", "order_approved")
    desk = desk_with(placed, approved, Listener("shipping", "order_placed", method_name="other"))

    assert desk.listeners_for(event("order_placed")) == {"react": placed}
    assert desk.listeners_for(event("order_closed")) == {}
    assert desk.listeners_for(event("order_placed", source="customers")) == {}


@pytest.mark.parametrize(("version", "expected"), [(1, 0), (2, 1), (3, 0)])
def test_a_method_gets_the_version_it_reads_or_else_one_it_refuses(
    version: int, expected: int
) -> None:
    listeners = [Listener("orders", "order_placed"), Listener("orders", "order_placed", 2)]

    wanted = desk_with(*listeners).listeners_for(event("order_placed", version))

    assert wanted == {"react": listeners[expected]}


def test_an_in_order_method_counts_what_it_does_not_listen_to() -> None:
    placed = Listener("orders", "order_placed", in_order=True)
    desk = desk_with(placed)

    assert desk.listeners_for(event("order_placed")) == {"react": placed}
    assert desk.listeners_for(event("order_closed")) == {"react": None}
    assert desk.listeners_for(event("order_placed", 2)) == {"react": None}
