"""gunicorn as it is configured, serving the gateway: bounds on clients, and several workers."""

import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from json import dumps, loads
from typing import Any

import pytest

from chassis.principal import Principal
from deploy.local import databases
from deploy.local.engines import Engines
from deploy.local.places import CHECKOUT
from deploy.local.ports import free_ports
from deploy.local.processes import Process, Program
from gateway import accounts, storage
from tests.system import PASSWORD as DATABASE_PASSWORD

PASSWORD = "a-quiet-blue-teapot"
THREADS = 2
READ_SECONDS = 2.0
HEAD = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


class Server:
    """A running gateway and how to reach it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._opened: list[socket.socket] = []

    def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, HTTPResponse]:
        """Ask on a connection of its own, so that any worker may answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, loads(text) if text else None, response

    def open(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        self._opened.append(client)
        return client

    def hang_up(self) -> None:
        while self._opened:
            self._opened.pop().close()

    def is_alive(self) -> bool:
        try:
            return self.send("GET", "/healthz")[0] == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def running(
    engines: Engines, migrated_template: Callable[[str], str], tmp_path_factory: Any
) -> Iterator[Server]:
    """One gateway for all these tests: none of them leaves anything behind."""
    template = migrated_template("gateway")
    name = f"{template}_{secrets.token_hex(4)}"
    databases.ensure_database(engines.pg_admin_url, name, template, template=template)
    url = databases.for_sqlalchemy(
        databases.database_url(
            engines.pg_admin_url, database=name, role=template, password=DATABASE_PASSWORD
        )
    )
    store = storage.open_store(url, pool_size=1)
    with store.work(Principal("operator", "operator", frozenset({"admin"}))) as work:
        accounts.add_account(
            work, username="boss", display_name="Boss", roles=["admin"], password=PASSWORD
        )
    store.close()
    (port,) = free_ports(1)
    server = Server(port)
    environment = {
        "PATH": os.environ["PATH"],
        "GENDAN_DATABASE_URL": url,
        # Nobody listens there: what is tested here asks no service.
        "GENDAN_AMQP_URL": "amqp://nobody:x@127.0.0.1:1//",
        "GENDAN_PROFILE": "tryout",
        "GENDAN_HTTP_THREADS": str(THREADS),
        "GENDAN_HTTP_READ_SECONDS": str(READ_SECONDS),
    }
    process = Process(
        Program(
            name="gateway",
            command=(
                sys.executable, "-m", "gunicorn", "--config", "deploy/config/gunicorn.py",
                "--bind", f"127.0.0.1:{port}", "--workers", "2",
            ),
            environment=environment,
            folder=CHECKOUT,
            log=tmp_path_factory.mktemp("gateway") / "gateway.log",
            is_ready=server.is_alive,
        )
    )  # fmt: skip
    process.await_ready()
    yield server
    process.stop()
    databases.drop_database(engines.pg_admin_url, name)


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    yield running
    running.hang_up()


def test_clients_that_dribble_cost_the_others_nothing(server: Server) -> None:
    """Ten times as many as there are threads, half in the head and half in the body."""
    slow = [server.open() for _ in range(20 * THREADS)]
    for number, client in enumerate(slow):
        client.sendall(HEAD if number % 2 else HEAD + b"Content-Length: 100\r\n\r\n{")

    began = time.monotonic()
    for _ in range(5):
        assert server.send("GET", "/healthz")[0] == 200
    assert time.monotonic() - began < READ_SECONDS / 2

    for client in slow:
        # The server hangs up on each in the end, and owes them nothing.
        assert _hung_up(client)


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


def _hung_up(client: socket.socket) -> bool:
    try:
        while client.recv(4096):
            pass
    except ConnectionResetError:
        return True
    return True
