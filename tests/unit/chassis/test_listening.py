"""What a service binds for what its methods listen to."""

from dataclasses import dataclass, field
from typing import Any

from chassis.listening import subscriptions
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
