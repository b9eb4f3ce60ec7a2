"""A service of the chassis tests' own, which does what a test tells it to.

Run by `python -m chassis.runner tests.service.chassis.probe:ProbeService`. Tests see what it
does in files of the folder PROBE_FOLDER: `mark(name)` adds a line, `await_file` waits for one.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import eventlet
import psycopg2
from kombu.entity import Queue
from nameko.messaging import Consumer

from chassis import bus
from chassis.errors import Conflict
from chassis.guards import Intake
from chassis.rpc import Neighbours, RpcClient, current_deadline, rpc

FOLDER = Path(os.environ.get("PROBE_FOLDER", "/nonexistent"))
# A test need not wait a minute.
bus.BIND_AGAIN_SECONDS = float(os.environ.get("PROBE_BINDS_AGAIN", bus.BIND_AGAIN_SECONDS))
INBOX = Queue(  # type: ignore[no-untyped-call]  # kombu's
    "probe-inbox", queue_arguments={"x-dead-letter-exchange": "probe-dead"}
)


class ThingTaken(Conflict):
    """What was asked for belongs to somebody else."""

    code = "thing_taken"
    en = "{thing} is taken."
    zh = "{thing} 已被占用。"


def mark(name: str) -> None:
    with (FOLDER / name).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")


def await_file(name: str) -> None:
    while not (FOLDER / name).exists():
        time.sleep(0.01)


class Guarded(Consumer):  # type: ignore[misc]  # untyped
    """nameko's own kind of entrypoint, on the guarded intake."""

    queue_consumer = Intake()


class ProbeService:
    """Answers for the tests of the RPC path."""

    name = "probe"

    neighbours: RpcClient = Neighbours()

    @rpc
    def echo(self, principal: Any, body: Any, key: str | None = None) -> Any:
        return {"body": body, "key": key, "principal": principal}

    @rpc
    def refuse(self, principal: Any, body: Any) -> Any:
        raise ThingTaken(thing=body["thing"])

    @rpc
    def fail(self, principal: Any, body: Any) -> Any:
        raise RuntimeError("the secret of the house")

    @rpc
    def answer_what_json_cannot(self, principal: Any, body: Any) -> Any:
        return object()

    @rpc
    def leak_timeout(self, principal: Any, body: Any) -> Any:
        raise eventlet.Timeout(0)

    @rpc
    def leave(self, principal: Any, body: Any) -> Any:
        sys.exit(3)

    @rpc
    def do_once_told(self, principal: Any, body: Any) -> Any:
        """Mark that it began, wait for the file of that name, mark that it ended."""
        mark(f"{body}.began")
        await_file(f"{body}.go")
        mark(f"{body}.ended")
        return body

    @rpc
    def spin(self, principal: Any, body: Any) -> Any:
        """Hold the hub, as no handler may."""
        mark("spin.began")
        while True:
            pass

    @rpc
    def time_left(self, principal: Any, body: Any) -> Any:
        return current_deadline()

    @rpc
    def time_left_of_a_nested_call(self, principal: Any, body: Any) -> Any:
        return self.neighbours.call(
            "probe", "time_left", None, principal=principal, deadline=time.time() + 3600
        )

    @rpc
    def wait_for_a_lock(self, principal: Any, body: Any) -> Any:
        """Wait in PostgreSQL for an advisory lock that the test holds."""
        connection = psycopg2.connect(body)
        try:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_lock_shared(42)")
        finally:
            connection.close()
        return "locked"

    @Guarded.decorator(INBOX)  # type: ignore[untyped-decorator]  # nameko's
    def take(self, body: Any) -> None:
        """Handle a message of nameko's own kind of entrypoint."""
        mark(f"{body}.began")
        await_file(f"{body}.go")
        mark(f"{body}.ended")
