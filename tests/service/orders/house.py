"""Orders with its neighbours, each a process as in production, which a test may kill anywhere."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2

from chassis.errors import GendanError
from chassis.principal import Principal
from chassis.rpc import RpcClient
from deploy.local.parts import Wiring
from deploy.local.processes import Process
from tests.forks import ForkedProcess

CLERK = Principal("p-clerk", "李开单", frozenset({"clerk"}))
SUPERVISOR = Principal("p-supervisor", "陈主管", frozenset({"supervisor"}))
DIRECTOR = Principal("p-director", "周总监", frozenset({"director"}))
FINANCE = Principal("p-finance", "孙财务", frozenset({"finance"}))
WAREHOUSE = Principal("p-warehouse", "孙仓管", frozenset({"warehouse"}))

SERVICES = ("orders", "customers", "inventory", "shipping")
SETTLED_WITHIN_SECONDS = 40.0
# Who is killed with a question in hand does not answer it: it is soon asked again.
IMPATIENCE_SECONDS = 2.5


@dataclass
class House:
    """Four services and a relay on one vhost; orders has two replicas."""

    wiring: Wiring
    client: RpcClient
    faults: Path
    running: dict[str, Process] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start one process, without waiting for it."""
        service, _, number = name.partition(".")
        if service == "relay":
            program = self.wiring.relay()
        else:
            told = {**self.wiring.extra, "GENDAN_FAULT_FILE": str(self.faults / service)}
            program = replace(self.wiring, extra=told).service(service, int(number))
        self.running[name] = ForkedProcess(program)

    def await_ready(self) -> None:
        for process in self.running.values():
            process.await_ready()

    def stop(self) -> None:
        """Stop all processes, at the same time."""
        for process in self.running.values():
            process.ask_to_stop()
        for process in self.running.values():
            process.await_end()

    def kill_at(self, service: str, point: str) -> None:
        """Arm a point: the first process of the service that comes there is killed."""
        (self.faults / service).write_text(point)

    def has_died(self, service: str) -> bool:
        """Say whether an armed point was met, and start what died of it again."""
        dead = [
            name
            for name, process in self.running.items()
            if name.startswith(f"{service}.") and process.exit_code is not None
        ]
        for name in dead:
            self.running[name].kill()
            self.start(name)
        return bool(dead)

    def ask(
        self,
        who: Principal,
        method: str,
        *,
        key: str | None = None,
        seconds: float = 6.0,
        **body: Any,
    ) -> Any:
        """Ask `service.method` once."""
        service, _, name = method.partition(".")
        return self.client.call(
            service,
            name,
            body,
            principal=who.to_wire(),
            key=key or str(uuid4()),
            deadline=time.time() + seconds,
        )

    def insist(self, who: Principal, method: str, body: Mapping[str, Any], killed: str) -> Any:
        """Ask with one key until it is answered, as a desk does; gives the answer or refusal."""
        key, give_up = str(uuid4()), time.monotonic() + SETTLED_WITHIN_SECONDS
        died = False
        while True:
            try:
                outcome: Any = self.ask(who, method, key=key, seconds=IMPATIENCE_SECONDS, **body)
            except GendanError as error:
                outcome = error
            died = self.has_died(killed) or died
            unknown = isinstance(outcome, GendanError) and (
                outcome.family == "Unavailable" or outcome.code == "in_progress"
            )
            if not unknown:
                assert died, f"{killed} was to be killed and was not"
                return outcome
            assert time.monotonic() < give_up, outcome
            # The lease of a row whose process died ends now instead of in ten seconds.
            self.execute("orders", "update conversation set lease_until = now() - interval '1 s'")

    # -- looking -----------------------------------------------------------------------------

    def execute(self, service: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        url = self.wiring.databases[service].replace("+psycopg2", "")
        with psycopg2.connect(url) as database, database.cursor() as cursor:
            cursor.execute(statement, values)
            rows = cursor.fetchall() if cursor.description else []
        database.close()
        return rows

    def await_quiet(self) -> None:
        """Wait until every event was sent and heard, and no conversation is open."""
        open_ = "select count(*) from conversation where state in ('running', 'undoing')"

        def is_quiet() -> bool:
            unsent = "select count(*) from outbox where sent_at is null"
            return all(self.execute(name, unsent) == [(0,)] for name in SERVICES) and (
                self.execute("orders", open_) == [(0,)]
            )

        self.await_that(is_quiet, "outboxes and conversations drained")

    def await_that(self, holds: Callable[[], bool], what: str) -> None:
        give_up = time.monotonic() + SETTLED_WITHIN_SECONDS
        while not holds():
            assert time.monotonic() < give_up, f"not so in time: {what}"
            time.sleep(0.05)

    def orders_of(self, asker: str) -> list[tuple[str, str]]:
        """Give number and stage of the orders that somebody asked for."""
        found = self.execute(
            "orders", 'select number, stage from "order" where asked_by = %s', asker
        )
        return [(number, stage) for number, stage in found]

    def held_stock(self) -> Decimal:
        """Give what is reserved of all finished stock, as balance and as reservations."""
        ((balance,),) = self.execute("inventory", "select coalesce(sum(reserved), 0) from stock")
        ((held,),) = self.execute("inventory", "select coalesce(sum(quantity), 0) from reservation")
        assert balance == held
        return Decimal(balance)

    def held_credit(self) -> Decimal:
        """Give the sum of all credit reservations."""
        ((held,),) = self.execute(
            "customers", "select coalesce(sum(reservation), 0) from order_credit where reserves"
        )
        return Decimal(held)
