"""A teller's and an ear's database, the relay between them, and the ear in its own process."""

import json
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from amqp import Message
from sqlalchemy import Engine, Row, create_engine, func, make_url, select, text
from sqlalchemy.orm import Session

from chassis import bus
from deploy.local import databases
from deploy.local.engines import Engines
from deploy.local.parts import relay_is_at_work
from deploy.local.places import CHECKOUT
from deploy.local.processes import Process, Program
from tests.conftest import Vhost
from tests.service.chassis.conftest import eventually
from tests.service.chassis.events import ear, teller
from tests.service.chassis.events.teller import Teller

QUEUE = "events-teller--ear"
EAR, ORDERLY_EAR, TWO_EARS = "EarService", "OrderlyEarService", "TwoEarsService"
NEW_EAR = "NewEarService"


@pytest.fixture(scope="session")
def shared_vhost(vhosts: Callable[[], Vhost]) -> Vhost:
    """One vhost for all tests of this room: making one takes longer than most of them."""
    return vhosts()


@pytest.fixture
def vhost(shared_vhost: Vhost) -> Vhost:
    """Give the shared vhost without anything that the test before left in it."""
    connection = bus.connect(shared_vhost.url, name="test")
    channel = connection.channel()
    for queue in (QUEUE, "ear.parking", "rpc-ear", "rpc-teller", "rpc-clockwork"):
        channel.queue_delete(queue)
    for exchange in ("teller.events", "teller.resend", "ear.parking"):
        channel.exchange_delete(exchange)
    connection.close()
    return shared_vhost


@pytest.fixture
def urls(engines: Engines) -> Iterator[dict[str, str]]:
    """Fresh databases of teller and ear with their tables, as SQLAlchemy's addresses."""
    owner = databases.role_in(engines.pg_admin_url)
    made: dict[str, str] = {}
    with ExitStack() as undo:
        for service, metadata in (
            ("teller", teller.Base.metadata),
            ("ear", ear.metadata),
        ):
            name = f"t_{service}_{secrets.token_hex(4)}"
            databases.ensure_database(engines.pg_admin_url, name, owner)
            undo.callback(databases.drop_database, engines.pg_admin_url, name)
            made[service] = databases.for_sqlalchemy(
                databases.with_database(engines.pg_admin_url, name)
            )
            engine = create_engine(made[service])
            metadata.create_all(engine)
            engine.dispose()
        yield made


@dataclass
class Stage:
    """Everything between a teller's outbox and what the ear has heard."""

    urls: dict[str, str]
    vhost: Vhost
    folder: Path
    start: Callable[[Program], Process]
    teller: Teller
    ears: Engine
    admin_url: str
    started: list[str] = field(default_factory=list)

    def run_relay(
        self,
        *,
        url: str | None = None,
        wait: bool = True,
        only: str | None = None,
        **environment: str,
    ) -> Process:
        plain = databases.for_libpq(self.urls["teller"])
        relayed = self.urls if only is None else {only: self.urls[only]}
        return self._run(
            "relay",
            ("-m", "chassis.relay"),
            {
                "GENDAN_AMQP_URL": url or self.vhost.url,
                "GENDAN_RELAY_DATABASES": json.dumps(relayed),
                "GENDAN_RELAY_PEERS": ",".join(self.urls),
                "GENDAN_RESEND_SECONDS": "1",
                "GENDAN_RESEND_GRACE_SECONDS": "1",
                **environment,
            },
            (lambda: relay_is_at_work(plain)) if wait else None,
        )

    def run_ear(self, kind: str = EAR, *, wait: bool = True, **environment: Any) -> Process:
        ready = self.folder / f"ready-{len(self.started)}"
        return self._run(
            "ear",
            ("-m", "chassis.runner", f"tests.service.chassis.events.ear:{kind}"),
            {
                "GENDAN_AMQP_URL": self.vhost.url,
                "GENDAN_DATABASE_URL": self.urls["ear"],
                "GENDAN_READY_FILE": str(ready),
                **environment,
            },
            ready.exists if wait else None,
        )

    def run_teller(self) -> Process:
        """Start the teller's own process, which only tells the relay that it listens to nobody."""
        ready = self.folder / f"ready-{len(self.started)}"
        return self._run(
            "teller",
            ("-m", "chassis.runner", "tests.service.chassis.events.teller:TellerService"),
            {
                "GENDAN_AMQP_URL": self.vhost.url,
                "GENDAN_DATABASE_URL": self.urls["teller"],
                "GENDAN_READY_FILE": str(ready),
            },
            ready.exists,
        )

    def _run(
        self,
        name: str,
        arguments: Sequence[str],
        told: dict[str, str],
        is_ready: Callable[[], bool] | None,
    ) -> Process:
        number = len(self.started)
        self.started.append(name)
        return self.start(
            Program(
                name=f"{name}-{number}",
                command=(sys.executable, *arguments),
                environment={
                    "PATH": os.environ["PATH"],
                    "GENDAN_PROFILE": "tryout",
                    "PROBE_FOLDER": str(self.folder),
                    **told,
                },
                folder=CHECKOUT,
                log=self.log(number),
                is_ready=is_ready or (lambda: True),
            )
        )

    def log(self, number: int) -> Path:
        return self.folder / f"log-{number}"

    def touch(self, name: str) -> None:
        (self.folder / name).touch()

    def reactions(self) -> list[str]:
        """Give what the ear was told to do each time a handler of it ran."""
        path = self.folder / "reactions"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def heard(self, listener: str = "hear_story", story: object = None) -> list[str]:
        """Give the lines that a listener has heard, in the order it heard them."""
        query = select(ear.heard).where(ear.heard.c.listener == listener).order_by(ear.heard.c.id)
        if story is not None:
            query = query.where(ear.heard.c.story == str(story))
        with self.ears.connect() as connection:
            return ear.lines(connection.execute(query))

    def await_heard(
        self, lines: Sequence[str], listener: str = "hear_story", **options: Any
    ) -> None:
        expected = list(lines)
        # The comparison afterwards shows what is missing.
        with suppress(AssertionError):
            eventually(
                lambda: len(self.heard(listener)) >= len(expected), "all is heard", **options
            )
        assert self.heard(listener) == expected

    def failed(self) -> list[Row[Any]]:
        """Give what waits in the ear's failed_message."""
        with self.ears.connect() as connection:
            table = ear.platform.failed
            return list(connection.execute(select(table).order_by(table.c.id)))

    def states(self) -> list[str]:
        return [row.state for row in self.failed()]

    def inbox_size(self) -> int:
        with self.ears.connect() as connection:
            query = select(func.count()).select_from(ear.platform.inbox)
            return int(connection.execute(query).scalar_one())

    def unsent(self) -> int:
        with self.teller.engine.connect() as connection:
            return int(connection.scalar(text("select count(*) from outbox where sent_at is null")))

    def make_due(self) -> None:
        """Let what waits to be tried again be due now."""
        with self.ears.begin() as connection:
            # Not all of them: each row touched is one the ear waits for.
            connection.execute(
                text("update failed_message set due_at = now() where due_at > now()")
            )

    def await_states(self, *states: str) -> None:
        """Wait until the ear's failed messages, oldest first, stand so."""
        eventually(lambda: self.states() == list(states), f"failed messages are {states}")

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """Open a channel to the broker that tells of what happens to it."""
        connection = bus.connect(self.vhost.url, name="test")
        try:
            yield connection.channel()
        finally:
            connection.cut()

    def publish(self, body: bytes, **properties: Any) -> None:
        """Publish an envelope, or what no relay would send."""
        with self.channel() as channel:
            channel.confirm_select()
            channel.basic_publish(
                Message(body, delivery_mode=2, **properties),
                exchange="teller.resend",
                routing_key="ear",
            )
            channel.queue_declare(QUEUE, passive=True)  # answered after the publish is done

    def queue_length(self, queue: str = QUEUE) -> int:
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)

    def envelope(
        self,
        story: UUID,
        sequence: int,
        data: Any,
        *,
        schema_version: int = 1,
        name: str = "story_told",
    ) -> bytes:
        """Give an event's body as the teller would write it."""
        return json.dumps(
            {
                "name": name,
                "schema_version": schema_version,
                "message_id": str(uuid4()),
                "source": "teller",
                "occurred_at": "2026-01-05T08:00:00+00:00",
                "business_at": "2026-01-05T08:00:00+00:00",
                "aggregate": {"type": "story", "id": str(story), "sequence": sequence},
                "principal": {"person_id": "p-1", "name": "王芳"},
                "data": data,
            }
        ).encode()

    def operate(self, act: Callable[..., Any], row_id: int, **options: Any) -> None:
        """Do what an operator does with a failed message."""
        with Session(self.ears) as session, session.begin():
            act(session, ear.platform.failed, row_id, **options)

    @contextmanager
    def database_away(self) -> Iterator[None]:
        """Take the ear's database away: connections end, new ones are refused."""
        admin = databases.for_libpq(self.admin_url)
        name = make_url(self.urls["ear"]).database
        with databases.administrating(admin) as connection, connection.cursor() as cursor:
            cursor.execute(f'alter database "{name}" with allow_connections false')
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
            )
            try:
                yield
            finally:
                cursor.execute(f'alter database "{name}" with allow_connections true')
        self.ears.dispose()

    @contextmanager
    def supervised(self, run: Callable[..., Process]) -> Iterator[list[Process]]:
        """Start a process again whenever it ends, as a supervisor does."""
        processes = [run()]
        done = threading.Event()

        def supervise() -> None:
            while not done.wait(0.05):
                if processes[-1].exit_code is not None:
                    processes.append(run(wait=False))

        thread = threading.Thread(target=supervise)
        thread.start()
        try:
            yield processes
        finally:
            done.set()
            thread.join()


@pytest.fixture
def stage(
    engines: Engines,
    urls: dict[str, str],
    vhost: Vhost,
    tmp_path: Path,
    start: Callable[[Program], Process],
) -> Iterator[Stage]:
    folder = tmp_path / "stage"
    folder.mkdir()
    engine = create_engine(urls["ear"])
    on_stage = Stage(
        urls, vhost, folder, start, Teller(urls["teller"]), engine, engines.pg_admin_url
    )
    yield on_stage
    on_stage.teller.store.close()
    engine.dispose()
