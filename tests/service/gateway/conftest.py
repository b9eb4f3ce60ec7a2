"""gunicorn as it is configured, serving the gateway, and clients that mean well or ill."""

import os
import secrets
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest

from chassis.principal import Principal
from deploy.local import databases
from deploy.local.engines import Engines
from deploy.local.places import CHECKOUT
from deploy.local.ports import free_ports
from deploy.local.processes import Program
from gateway import accounts, storage
from tests.forks import ForkedProcess
from tests.templates import PASSWORD as DATABASE_PASSWORD
from tests.templates import Templates

PASSWORD = "a-quiet-blue-teapot"
THREADS = 2
READ_SECONDS = 2.0
HEAD = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


class Server:
    """A running gateway and how to reach it."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self.log = log
        self._opened: list[socket.socket] = []

    def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, HTTPResponse]:
        """Ask on a connection of its own, so that any worker may answer."""
        if body is not None:
            headers["Content-Type"] = "application/json"
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=15)) as connection:
            connection.request(method, path, None if body is None else dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
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
def running(engines: Engines, templates: Templates, tmp_path_factory: Any) -> Iterator[Server]:
    """One gateway for all these tests: none of them leaves anything behind."""
    template = templates("gateway")
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
    folder = tmp_path_factory.mktemp("gateway")
    server = Server(port, folder / "gateway.log")
    environment = {
        "PATH": os.environ["PATH"],
        "GENDAN_DATABASE_URL": url,
        # Nobody listens there: what is tested here asks no service.
        "GENDAN_AMQP_URL": "amqp://nobody:x@127.0.0.1:1//",
        "GENDAN_PROFILE": "tryout",
        "GENDAN_HTTP_THREADS": str(THREADS),
        "GENDAN_HTTP_READ_SECONDS": str(READ_SECONDS),
        "GENDAN_HTTP_TRUSTED_PROXIES": "127.0.0.1",
        "GENDAN_ATTACHMENTS_DIR": str(folder / "attachments"),
    }
    process = ForkedProcess(
        Program(
            name="gateway",
            command=(
                sys.executable, "-m", "gunicorn", "--config", "deploy/config/gunicorn.py",
                "--bind", f"127.0.0.1:{port}", "--workers", "2",
            ),
            environment=environment,
            folder=CHECKOUT,
            log=server.log,
            is_ready=server.is_alive,
        )
    )  # fmt: skip
    process.await_ready()
    yield server
    process.kill()
    databases.drop_database(engines.pg_admin_url, name)


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    yield running
    running.hang_up()


@contextmanager
def dribbling(clients: Sequence[socket.socket]) -> Iterator[None]:
    """Let each client send one byte more every second, until it is hung up on."""
    ended = threading.Event()

    def dribble() -> None:
        while not ended.wait(1.0):
            for client in clients:
                with suppress(OSError):
                    client.send(b"x")

    sender = threading.Thread(target=dribble, name="dribbles")
    sender.start()
    try:
        yield
    finally:
        ended.set()
        sender.join()


def connected(port: int, *, clients: int, until: ExitStack) -> list[socket.socket]:
    """Connect so many clients, each from a loopback address of its own."""
    return [
        until.enter_context(
            socket.create_connection(
                ("127.0.0.1", port), timeout=15, source_address=(f"127.0.9.{number + 1}", 0)
            )
        )
        for number in range(clients)
    ]
