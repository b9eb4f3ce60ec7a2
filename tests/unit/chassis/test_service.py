"""Declared methods: each attempt of a transaction gets the request as it came."""

from typing import Any

import pytest

import chassis.service
from chassis.principal import Principal
from chassis.schema import Message, Text
from chassis.service import command, query

CLERK = Principal("clerk-1", "Li Na", frozenset({"clerk"})).to_wire()


class Rename(Message):
    code = Text(required=True)
    name = Text(required=True)


class TwiceRun:
    """A database whose first attempt always meets a deadlock."""

    def read(self, who: Principal, body: Any) -> Any:
        return [body(None), body(None)]


class Renaming:
    """Takes its request apart, as methods may."""

    database = TwiceRun()

    @query(Rename)
    def look(self, work: Any, request: dict[str, Any]) -> Any:
        return request.pop("code"), request

    @command(Rename)
    def rename(self, work: Any, request: dict[str, Any]) -> Any:
        return request.pop("code"), request


@pytest.mark.parametrize("method", ["look", "rename"])
def test_a_transaction_that_is_run_again_finds_the_whole_request(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chassis.service, "run_command", lambda store, *_: store.read(None, _[-1]))
    entry: Any = getattr(Renaming(), method)
    both = entry(principal=CLERK, body={"code": "C-1", "name": "甲"}, key="k")
    assert both == [("C-1", {"name": "甲"})] * 2
