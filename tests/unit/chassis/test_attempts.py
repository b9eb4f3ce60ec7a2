"""A transaction that the database gave up is run again from the start, with the whole request."""

from collections.abc import Callable
from typing import Any

import pytest
from marshmallow import fields

from chassis.principal import Principal
from chassis.schema import Message
from chassis.service import Service, command, query

DESK = Principal("clerk", "clerk", frozenset({"clerk"})).to_wire()


class Ask(Message):
    order_id = fields.String(required=True)


class GivenUpOnce:
    """A database that has each body run a second time, as after a deadlock."""

    def read(self, _who: Principal, body: Callable[[Any], Any]) -> Any:
        body(None)
        return body(None)

    transact = read


class Desk(Service):
    """Takes its requests apart, as handlers may."""

    name = "desk"
    database = GivenUpOnce()

    @query(Ask)
    def get(self, _work: Any, request: dict[str, Any]) -> Any:
        return request.pop("order_id")

    @command(Ask, keyed=False)
    def note(self, _work: Any, request: dict[str, Any]) -> Any:
        return request.pop("order_id")


@pytest.mark.parametrize("method", ["get", "note"])
def test_the_second_attempt_has_the_whole_request(method: str) -> None:
    told = getattr(Desk(), method)(principal=DESK, body={"order_id": "D1"})

    assert told == "D1"
