"""What counts as lost, and who is owed what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis import relay
from chassis.resend import Audience, Sent, lost
from chassis.settings import SettingMissing

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def sent(number: int) -> Sent:
    """Give an event sent so many seconds after the start."""
    at = START + timedelta(seconds=number)
    return Sent(number, f"m-{number}", "order_placed", 1, "order", "o-1", "{}", at, at)


PAGE = [sent(number) for number in range(60)]


def test_when_nothing_is_missing_all_has_arrived() -> None:
    assert lost([], PAGE, queue_length=0) == ([], PAGE[-1].sent_at)


def test_all_that_is_missing_is_lost_when_the_queue_is_empty() -> None:
    missing = [PAGE[7], PAGE[59]]

    gone, arrived_until = lost(missing, PAGE, queue_length=0)

    assert gone == missing
    assert PAGE[6].sent_at < arrived_until < PAGE[7].sent_at


def test_what_nothing_has_overtaken_may_still_wait_in_the_queue() -> None:
    assert lost(PAGE[40:], PAGE, queue_length=20)[0] == []
    assert lost(PAGE, PAGE, queue_length=60)[0] == []


def test_what_was_clearly_overtaken_is_lost_although_the_queue_is_not_empty() -> None:
    missing = [PAGE[7], PAGE[35], *PAGE[41:]]

    assert lost(missing, PAGE, queue_length=19)[0] == [PAGE[7]]


class Learned:
    """A database that keeps what an Audience learns."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    def cursor(self) -> "Learned":
        return self

    def __enter__(self) -> "Learned":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, _statement: str, values: Any) -> None:
        self.written.append(values)


def test_every_event_is_owed_until_every_peer_has_said_what_it_listens_to() -> None:
    audience, database = Audience("orders", ["orders", "shipping"]), Learned()

    audience.learn(database, "orders", [])
    assert audience.is_owed("order_placed")
    audience.learn(database, "shipping", ["order_approved"])

    assert not audience.is_owed("order_placed")
    assert audience.is_owed("order_approved")
    assert audience.listeners() == ["shipping"]


def test_an_in_order_listener_is_owed_every_event() -> None:
    audience = Audience("orders", ["shipping"])

    audience.learn(Learned(), "shipping", ["#"])

    assert audience.is_owed("order_placed_v2")


def test_what_is_known_already_is_not_written_again() -> None:
    audience, database = Audience("orders", ["shipping"]), Learned()

    audience.learn(database, "shipping", ["b", "a"])
    audience.learn(database, "shipping", ["a", "b"])

    assert database.written == [("shipping", ["a", "b"])]


@pytest.mark.parametrize("peers", ["", "shipping"])
def test_a_relay_that_is_not_told_who_may_listen_does_not_start(
    monkeypatch: pytest.MonkeyPatch, peers: str
) -> None:
    monkeypatch.setenv("GENDAN_RELAY_DATABASES", '{"orders": "postgresql:///orders"}')
    monkeypatch.setenv("GENDAN_RELAY_PEERS", peers)

    with pytest.raises(SettingMissing, match="GENDAN_RELAY_PEERS"):
        relay._relayed()

    monkeypatch.setenv("GENDAN_RELAY_PEERS", "orders,shipping")
    assert relay._relayed()[1] == ["orders", "shipping"]
