"""Errors, deadlines and call ids as they cross the bus."""

import contextvars
import time
from typing import Any

import pytest
from nameko.exceptions import deserialize

from chassis.errors import Conflict, GendanError, Invalid, NotFound
from chassis.rpc import WireError
from chassis.rpc import wire as rpc_wire
from chassis.rpc.wire import MalformedRequest, error_from_payload, error_payload


class OrderNotFound(NotFound):
    code = "order_not_found"
    en = "Order {order_number} is not known."
    zh = "订单 {order_number} 不存在。"


def test_an_error_is_rebuilt_with_its_family_and_facts() -> None:
    sent = OrderNotFound(order_number="D7 {x}")

    received = error_from_payload(error_payload(sent))

    assert isinstance(received, NotFound)
    assert received.to_wire() == sent.to_wire()


def test_namekos_registry_rebuilds_the_same_error() -> None:
    received = deserialize(error_payload(OrderNotFound(order_number="D7")))

    assert isinstance(received, WireError)
    assert (received.family, received.code) == ("NotFound", "order_not_found")
    assert received.details == {"order_number": "D7"}
    assert str(received) == "order_not_found: Order D7 is not known."


@pytest.mark.parametrize(
    "payload",
    [
        {"exc_type": "ValueError", "exc_path": "builtins.ValueError", "exc_args": ["inner text"]},
        {"exc_path": "chassis.rpc.wire.WireError", "exc_args": ["Conflict"]},
        {},
    ],
)
def test_an_error_that_is_not_ours_is_a_bug_without_its_text(payload: dict[str, Any]) -> None:
    received = error_from_payload(payload)

    assert type(received).family == GendanError.family
    assert received.code == "internal_error"
    assert "inner text" not in str(received.to_wire())


def test_a_deadline_is_read_from_its_header() -> None:
    assert rpc_wire.read_deadline({"nameko.deadline": "12.5"}) == 12.5


@pytest.mark.parametrize("headers", [{}, {"nameko.deadline": "1e12"}])
def test_without_a_deadline_or_with_one_far_off_a_request_has_a_minute(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)

    assert rpc_wire.read_deadline(headers) == 1060.0


@pytest.mark.parametrize("value", ["soon", "nan", "inf", "", ["1"], {}])
def test_a_deadline_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(MalformedRequest):
        rpc_wire.read_deadline({"nameko.deadline": value})


def test_the_last_ten_call_ids_are_kept() -> None:
    ids = [f"orders.get.{number}" for number in range(12)]

    assert rpc_wire.read_call_ids({"nameko.call_id_stack": ids}) == tuple(ids[2:])
    assert rpc_wire.read_call_ids({}) == ()


@pytest.mark.parametrize("value", ["orders.get.1", [1], [None], {"a": 1}, 5, ["x" * 251]])
def test_call_ids_that_are_none_are_refused(value: object) -> None:
    with pytest.raises(Invalid):
        rpc_wire.read_call_ids({"nameko.call_id_stack": value})


def test_a_wish_for_time_ends_with_the_deadline_that_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)

    def wish() -> tuple[float, float]:
        rpc_wire.serve_under(1005.0, ())
        return rpc_wire.deadline_in(60), rpc_wire.deadline_in(1)

    assert contextvars.copy_context().run(wish) == (1005.0, 1001.0)
    assert rpc_wire.deadline_in(60) == 1060.0


def test_families_are_told_apart() -> None:
    assert not isinstance(error_from_payload(error_payload(Invalid())), Conflict)
