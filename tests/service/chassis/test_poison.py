"""Requests that nameko dies of, or loses its neighbours by (MESSAGING §0.3, §3.9)."""

from collections.abc import Iterator
from typing import Any

import amqp
import pytest

from chassis import bus, notation
from tests.service.chassis.conftest import PRINCIPAL, Standing, eventually, within

GOOD = b'{"args": [], "kwargs": {"principal": {}, "body": 1}}'
JSON: dict[str, Any] = {"content_type": "application/json", "content_encoding": "utf-8"}


class RawCaller:
    """A caller that sends whatever it is told to, and reads replies as they come."""

    def __init__(self, url: str) -> None:
        self.connection = bus.connect(url, name="raw")
        self.channel = self.connection.channel()
        self.reply_key = "raw-replies"
        self.replies: list[dict[str, Any]] = []
        self.channel.queue_declare(self.reply_key, exclusive=True)
        self.channel.queue_bind(self.reply_key, "nameko-rpc", self.reply_key)
        self.channel.basic_consume(
            self.reply_key,
            no_ack=True,
            callback=lambda message: self.replies.append(notation.from_json(message.body)),
        )

    def send(self, body: bytes = GOOD, key: str = "probe.echo", **properties: Any) -> None:
        self.channel.basic_publish(amqp.Message(body, **properties), "nameko-rpc", key)

    def next_reply(self) -> dict[str, Any]:
        while not self.replies:
            self.connection.drain_events(timeout=10)
        return self.replies.pop(0)

    def waiting_in(self, queue: str) -> int:
        return int(self.channel.queue_declare(queue, passive=True).message_count)


@pytest.fixture
def raw(standing: Standing) -> Iterator[RawCaller]:
    caller = RawCaller(standing.url)
    yield caller
    caller.connection.close()


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        (b"{not json", JSON),
        (b"\xff\xfe", JSON),
        (b"[1, 2]", JSON),
        (b"{}", JSON),
        (b'{"args": {}, "kwargs": {}}', JSON),
        (b'{"args": [], "kwargs": {"no_such": 1}}', JSON),
        (b'{"args": [NaN], "kwargs": {}}', JSON),
        (b"[" * 100_000, JSON),
        (b"a: !!python/object/apply:os._exit [1]", {"content_type": "application/x-yaml"}),
        (GOOD, {}),
        (GOOD, {**JSON, "application_headers": {"nameko.call_id_stack": "probe.echo.1"}}),
        (GOOD, {**JSON, "application_headers": {"nameko.call_id_stack": [1, None]}}),
        (GOOD, {**JSON, "application_headers": {"nameko.deadline": "soon"}}),
        (GOOD, {**JSON, "application_headers": {"nameko.deadline": "nan"}}),
        (GOOD, {**JSON, "application_headers": {"nameko.deadline": ["1"]}}),
    ],
)
def test_what_cannot_be_read_is_refused_and_its_neighbours_are_served(
    raw: RawCaller, standing: Standing, body: bytes, properties: dict[str, Any]
) -> None:
    raw.send(body, reply_to=raw.reply_key, correlation_id="7", **properties)

    error = raw.next_reply()["error"]

    assert error["exc_args"][:2] == ["Invalid", "malformed_request"]
    answer = standing.client.call("probe", "echo", "after", principal=PRINCIPAL, deadline=within(5))
    assert answer["body"] == "after"


def test_requests_without_an_address_are_dropped_and_hold_nobody_up(
    raw: RawCaller, standing: Standing
) -> None:
    for _ in range(5):  # more than may be unacknowledged at once
        raw.send(**JSON)
        raw.send(b"{", **JSON)

    answer = standing.client.call("probe", "echo", "after", principal=PRINCIPAL, deadline=within(5))

    assert answer["body"] == "after"
    assert standing.probe.process.exit_code is None
    eventually(lambda: raw.waiting_in("rpc-probe") == 0, "an empty queue")


@pytest.mark.parametrize("correlation_id", [b"\xff", b"\xed\xa0\x80"], ids=["no text", "surrogate"])
def test_requests_whose_properties_or_key_are_no_text_hold_nobody_up(
    raw: RawCaller, standing: Standing, correlation_id: bytes
) -> None:
    raw.send(reply_to=raw.reply_key, correlation_id=correlation_id, **JSON)
    raw.send(key=b"probe.\xff", reply_to=raw.reply_key, correlation_id="7", **JSON)  # type: ignore[arg-type]  # py-amqp sends octets, too

    assert raw.next_reply()["error"]["exc_args"][1] == "unknown_method"
    answer = standing.client.call("probe", "echo", "after", principal=PRINCIPAL, deadline=within(5))
    assert answer["body"] == "after"
    assert standing.probe.process.exit_code is None


def test_a_request_from_a_foreign_client_without_a_deadline_is_served(raw: RawCaller) -> None:
    raw.send(reply_to=raw.reply_key, **JSON)

    assert raw.next_reply() == {
        "result": {"body": 1, "key": None, "principal": {}},
        "error": None,
    }


def test_an_event_that_cannot_be_decoded_is_dead_lettered_not_acknowledged(raw: RawCaller) -> None:
    raw.channel.exchange_declare("probe-dead", "fanout", durable=True, auto_delete=False)
    raw.channel.queue_declare("dead", durable=True, auto_delete=False)
    raw.channel.queue_bind("dead", "probe-dead")

    raw.channel.basic_publish(amqp.Message(b"{", **JSON), "", "probe-inbox")

    eventually(lambda: raw.waiting_in("dead") == 1, "the dead letter")
