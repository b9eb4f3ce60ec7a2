"""Frames as py-amqp reads them, and connections that do not wait for ever."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from amqp import spec
from amqp.method_framing import frame_handler
from amqp.serialization import loads
from hypothesis import given
from hypothesis import strategies as st

from chassis import bus
from chassis.bus import BackOff, ack_frame, publish_frames
from chassis.notation import Unencodable, from_json, to_json


class Wire(bus._Transport):
    """A transport whose peer is the test."""

    def __init__(self, sock: socket.socket, tick: float = 0.05) -> None:
        super().__init__("nowhere:1")
        self.sock = sock
        self.connected = True
        self.tick = tick
        self._setup_transport()


@pytest.fixture
def pair() -> Iterator[tuple[Wire, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield Wire(near), far


def read_back(octets: bytes, pair: tuple[Wire, socket.socket]) -> tuple[list[Any], Any]:
    """Give the method's arguments and the message, as py-amqp reads them."""
    wire, far = pair
    found: list[Any] = []

    class Counting:
        bytes_recv = 0

    def on_method(_channel: int, method: Any, payload: bytes, content: Any) -> None:
        found.append((method, payload, content))

    # py-amqp reads content only of what a broker sends: publish (60, 40) becomes return (60, 50).
    handle = frame_handler(Counting(), on_method)
    far.sendall(octets.replace(b"\x00\x3c\x00\x28\x00\x00", b"\x00\x3c\x00\x32\x00\x00", 1))
    while not found:
        handle(wire.read_frame())
    _method, payload, content = found[0]
    arguments, _ = loads("ssb", payload, 6)
    return arguments, content


def test_a_request_is_read_as_it_was_meant(pair: tuple[Wire, socket.socket]) -> None:
    frames = publish_frames(
        "nameko-rpc", "orders.get_order", to_json({"名": "纸"}),
        headers={"nameko.deadline": "12.5", "nameko.call_id_stack": ["a", "b"]},
        correlation_id="1f", reply_to="rpc.reply-x", expiration_ms=1500, mandatory=True,
    )  # fmt: skip

    arguments, message = read_back(frames, pair)

    assert arguments == ["nameko-rpc", "orders.get_order", True]
    assert message.properties == {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "application_headers": {"nameko.deadline": "12.5", "nameko.call_id_stack": ["a", "b"]},
        "delivery_mode": 1,
        "correlation_id": "1f",
        "reply_to": "rpc.reply-x",
        "expiration": "1500",
    }
    assert json.loads(message.body) == {"名": "纸"}


def test_a_reply_has_only_what_it_needs(pair: tuple[Wire, socket.socket]) -> None:
    _, message = read_back(publish_frames("nameko-rpc", "key", b"{}"), pair)

    assert message.properties == {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "delivery_mode": 1,
    }


def test_a_body_larger_than_a_frame_is_cut_into_frames_that_fit() -> None:
    frames = publish_frames("x", "y", b"z" * 300_000)
    sizes = []
    while frames:
        size = int.from_bytes(frames[3:7], "big")
        assert frames[7 + size] == 0xCE
        sizes.append(size)
        frames = frames[size + 8 :]

    assert max(sizes) <= bus.FRAME_MAX - 8
    assert sum(sizes[2:]) == 300_000


@pytest.mark.parametrize("key", ["k" * 256, "纸" * 86])
def test_a_key_longer_than_amqp_allows_is_refused(key: str) -> None:
    with pytest.raises(Unencodable):
        publish_frames("x", key, b"")


def _table(octets: bytes) -> bytes:
    return len(octets).to_bytes(4, "big") + octets


def _nested(depth: int) -> bytes:
    """Give a header table that has another in it, and that another."""
    table = b""
    for _ in range(depth):
        table = b"\x01aF" + _table(table)
    return _table(table)


#: Flags and values of properties that py-amqp cannot read.
UNREADABLE = {
    "a moment in milliseconds": b"\x20\x00" + _table(b"\x01aT" + (1_763_800_000_000).to_bytes(8)),
    "a correlation id that is no text": b"\x04\x00\x01\xff",
    "a header of an unknown type": b"\x20\x00" + _table(b"\x01aZ"),
    "tables without end": b"\x20\x00" + _nested(3000),
}


@pytest.mark.parametrize("properties", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("body", [b"", b"{}"], ids=["without a body", "with a body"])
def test_a_message_whose_properties_cannot_be_read_comes_without_them(
    properties: bytes, body: bytes
) -> None:
    came: list[Any] = []
    handle = bus._frame_handler(
        SimpleNamespace(bytes_recv=0), lambda *method: came.append(method[1:])
    )
    delivered = b"\x01t" + (7).to_bytes(8) + b"\x00" + b"\x01x" + b"\x03k\xff\xfe"
    header = b"\x00\x3c\x00\x00" + len(body).to_bytes(8) + properties

    handle((1, 1, b"\x00\x3c\x00\x3c" + delivered))
    handle((2, 1, header))
    if body:
        assert not came
        handle((3, 1, body))

    ((method, arguments, message),) = came
    assert method == spec.Basic.Deliver
    assert loads("sLbss", arguments, 4)[0] == ["t", 7, False, "x", "k??"]
    assert (message.properties, message.body or b"") == ({}, body)
    assert handle((8, 0, b"")) is False


def test_a_lone_surrogate_fits_no_property() -> None:
    with pytest.raises(Unencodable):
        publish_frames("x", "key", b"", correlation_id="\ud800")


def test_an_acknowledgement_is_the_method_that_the_protocol_has() -> None:
    frame = ack_frame(3, 2**40)

    assert frame[7:11] == b"".join(part.to_bytes(2, "big") for part in spec.Basic.Ack)
    assert int.from_bytes(frame[11:19], "big") == 2**40
    assert (frame[0], frame[1:3], frame[19], frame[20]) == (1, b"\x00\x03", 0, 0xCE)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_comes_back_as_it_went(value: Any) -> None:
    assert from_json(to_json(value)) == value


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {1: "one"}])
def test_what_orjson_refuses_is_sent_as_python_writes_it(value: Any) -> None:
    assert from_json(to_json(value)) == json.loads(json.dumps(value))


def test_a_number_beyond_64_bits_is_sent_and_read_as_near_as_can_be() -> None:
    assert to_json(2**70) == b"1180591620717411303424"
    assert from_json(to_json(2**70)) == float(2**70)


@pytest.mark.parametrize("value", [object(), {1, 2}, {"a": datetime.now(UTC)}, b""])
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    with pytest.raises(Unencodable):
        to_json(value)


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"[Infinity]", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the class is the promise
        from_json(body)


def test_frames_are_read_however_the_octets_come(pair: tuple[Wire, socket.socket]) -> None:
    wire, far = pair
    frame = b"\x08\x00\x00\x00\x00\x00\x00\xce"
    stream = frame * 3 + b"\x03\x00\x01\x00\x00\x00\x02ab\xce"
    for octet in stream[:-1]:
        far.send(bytes((octet,)))

    assert [wire.read_frame() for _ in range(3)] == [(8, 0, b"")] * 3
    assert not wire.has_frame
    with pytest.raises(TimeoutError):
        wire.read_frame()
    far.send(stream[-1:])
    assert wire.read_frame() == (3, 1, b"ab")


def test_the_end_of_a_connection_is_an_error(pair: tuple[Wire, socket.socket]) -> None:
    wire, far = pair
    far.close()

    with pytest.raises(ConnectionResetError):
        wire.read_frame()
    assert not wire.connected


def test_a_peer_that_takes_nothing_ends_the_writer(
    pair: tuple[Wire, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, _ = pair
    monkeypatch.setattr(bus, "RESPONSE_SECONDS", 0.1)

    with pytest.raises(ConnectionAbortedError):
        wire.write(b"x" * 10_000_000)
    assert not wire.connected


def test_what_two_threads_write_is_not_mixed(pair: tuple[Wire, socket.socket]) -> None:
    wire, far = pair
    octets = [bytes((letter,)) * 300_000 for letter in b"ab"]
    threads = [threading.Thread(target=wire.write, args=(each,)) for each in octets]
    for thread in threads:
        thread.start()
    received = b""
    while len(received) < 600_000:
        received += far.recv(65_536)
    for thread in threads:
        thread.join()

    assert received in (octets[0] + octets[1], octets[1] + octets[0])


def test_pauses_grow_to_their_limit_and_start_over_after_a_success() -> None:
    back_off = BackOff(first=0.1, longest=1.0)

    assert [back_off.failed() for _ in range(6)] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])
    back_off.succeeded()
    assert back_off.failed() == pytest.approx(0.1)
