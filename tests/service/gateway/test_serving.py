"""gunicorn as it is configured, serving the gateway: bounds on clients, and several workers."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from json import dumps

import pytest

from tests.service.gateway.conftest import (
    HEAD,
    PASSWORD,
    READ_SECONDS,
    Server,
    connected,
    dribbling,
)


def test_200_clients_that_dribble_cost_the_others_nothing(server: Server) -> None:
    """Fifty for each thread, half in the head of a request and half in its body."""
    with ExitStack() as closing:
        slow = connected(server.port, clients=200, until=closing)
        for number, client in enumerate(slow):
            client.sendall(HEAD + b"X-A: " if number % 2 else HEAD + b"Content-Length: 99\r\n\r\n{")

        with dribbling(slow):
            # With a thread for each of them the last would be served after a minute and a half.
            for _ in range(10):
                assert server.send("GET", "/healthz")[0] == 200
            # The server hangs up on each in the end, and owes them nothing.
            for client in slow:
                assert hung_up(client)


def test_a_long_body_must_come_in_time_too(server: Server) -> None:
    client = server.open()
    began = time.monotonic()
    client.sendall(HEAD + b"Content-Length: 500000\r\n\r\n" + b" " * 100_000)

    answer = client.recv(4096)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert READ_SECONDS - 0.5 < time.monotonic() - began < READ_SECONDS + 3


def test_a_request_may_come_in_pieces_and_several_at_once(server: Server) -> None:
    client = server.open()
    for piece in (b"GET /healthz HT", b"TP/1.1\r\nHost: x\r\n", b"\r\n"):
        client.sendall(piece)
        time.sleep(0.05)
    assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")

    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    answers = b""
    while answers.count(b"200 OK") < 3:
        received = client.recv(4096)
        assert received
        answers += received


def test_a_connection_that_asks_again_at_once_or_in_pieces_is_served(server: Server) -> None:
    """A thread stays with it for a moment, and lets go of it where the next does not come."""
    client = server.open()
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for piece, rest in ((ask, b""), (ask[:9], ask[9:]), (ask, b""), (b"", ask)):
        client.sendall(piece)
        if rest:
            time.sleep(0.1)
            client.sendall(rest)
        answer = b""
        while not answer.endswith(b"}"):
            received = client.recv(4096)
            assert received
            answer += received
        assert answer.startswith(b"HTTP/1.1 200 OK")


def test_a_chunked_body_is_read_whole_and_bounded(server: Server) -> None:
    body = dumps({"username": "boss", "password": PASSWORD}).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:]))
    client = server.open()

    client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")

    assert client.recv(4096).startswith(b"HTTP/1.1 201 ")

    too_much = server.open()
    too_much.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    too_much.sendall(chunk * 17)
    assert too_much.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "request_head",
    [
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX_Request_Id: a\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
        b"GET /x/healthz HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nPATH_INFO: /metrics\r\n\r\n",
        HEAD + b"Content-Length: +5\r\n\r\n12345",
        HEAD + b"Content-Length: 5, 5\r\n\r\n12345",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nBad : a\r\n\r\n",
        b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 70 + b"\r\n",
    ],
)
def test_a_request_that_could_be_read_in_two_ways_is_refused(
    server: Server, request_head: bytes
) -> None:
    client = server.open()

    client.sendall(request_head)

    answer = client.recv(4096)
    assert answer.partition(b" ")[2][:3] in (b"400", b"414", b"431", b"501")
    # In the form of all refusals, and without a word of what was sent.
    assert b"application/problem+json" in answer
    assert b"xxx" not in answer


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}xx0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nBad trailer\r\n\r\n",
        b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
    ],
)
def test_chunks_that_are_none_are_refused_and_what_follows_is_no_request(
    server: Server, chunks: bytes
) -> None:
    client = server.open()
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

    client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + smuggled)

    answers = b""
    while received := client.recv(4096):
        answers += received
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert answers.count(b"HTTP/1.1 ") == 1


def test_signing_out_is_known_to_every_worker_at_once(server: Server) -> None:
    credentials = {"username": "boss", "password": PASSWORD}
    for _ in range(3):
        _, opened, _ = server.send("POST", "/api/v1/session", credentials)
        token = {"Authorization": f"Bearer {opened['token']}"}

        def ask(_number: int, token: dict[str, str] = token) -> int:
            return server.send("GET", "/api/v1/session", **token)[0]

        with ThreadPoolExecutor(8) as pool:
            # Often enough that each of the two workers has seen the token and remembers it.
            assert set(pool.map(ask, range(24))) == {200}
            assert server.send("DELETE", "/api/v1/session", **token)[0] == 204
            assert set(pool.map(ask, range(24))) == {401}


def test_nothing_is_said_of_whose_software_it_is(server: Server) -> None:
    _, _, response = server.send("GET", "/healthz")

    assert response.headers["Server"] == "gendan"


def test_without_broker_it_lives_but_is_not_ready(server: Server) -> None:
    status, found, response = server.send("GET", "/readyz")

    assert (status, found["status"]) == (503, "not ready")
    assert found["parts"]["database"] == "ok"
    assert found["parts"]["orders"] == "service_unavailable"
    assert response.headers["Retry-After"] == "2"


def hung_up(client: socket.socket) -> bool:
    try:
        while client.recv(4096):
            pass
    except ConnectionResetError:
        return True
    return True
