"""A whole Gendan on engines of its own, with a workload in it, at which faults are struck."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests

from deploy.local import records, test_run
from deploy.local.broker import BrokerControl
from deploy.local.databases import SERVICES
from deploy.local.engines import Engines, private_engines, settled_secrets
from deploy.local.parts import Wiring, relay_is_at_work
from deploy.local.problems import Problem
from deploy.local.processes import Process, Program
from deploy.local.supervisor import FIRST_PAUSE_SECONDS, Charge, Supervisor
from tests.faults.checks import Auditor, eventually
from tests.faults.ledger import Ledger
from tests.faults.proxy import Proxy
from tests.faults.workload import TALES, Crew, Tale, Workload
from tests.forks import ForkedProcess
from tests.system import System, running_system
from tests.templates import Templates

# Short, so that silence is noticed within a test; production has 10 s.
HEARTBEAT_SECONDS = 4
# The one service that reaches the broker through the proxy.
BEHIND_PROXY = "shipping"
RESTART_SECONDS = 90.0
# One question to each service: who answers it is there.
QUESTIONS = ("/orders", "/customers", "/products", "/shipments", "/cases")

SETTINGS = {
    "GENDAN_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
    # Anti-entropy looks every minute otherwise; what it does is the same.
    "GENDAN_RESEND_SECONDS": "4",
    "GENDAN_RESEND_GRACE_SECONDS": "3",
}


class WatchedWiring(Wiring):
    """Programs that can be told, while they run, at which fault point to die."""

    def _python(
        self,
        name: str,
        told: Mapping[str, str],
        *arguments: str,
        ready_file: bool = False,
        is_ready: Callable[[], bool] = lambda: True,
    ) -> Program:
        told = {**told, "GENDAN_FAULT_FILE": str(fault_file(self.logs.parent.parent, name))}
        return super()._python(name, told, *arguments, ready_file=ready_file, is_ready=is_ready)


def fault_file(folder: Path, name: str) -> Path:
    """Give the file that arms a program (chassis/faults.py)."""
    return folder / f"{name}.fault"


@dataclass
class House:
    """A running system, its engines and its clients."""

    system: System
    engines: Engines
    keepers: Supervisor
    proxy: Proxy
    workload: Workload
    folder: Path
    auditor: Auditor
    crew: Crew
    seen: list[str] = field(default_factory=list)
    #: When the part that a fault ends was ended; None where the fault lasts and is over later.
    struck_at: float | None = None

    @property
    def ledger(self) -> Ledger:
        return self.workload.ledger

    @property
    def control(self) -> BrokerControl:
        assert self.engines.control is not None
        return self.engines.control

    @property
    def vhost(self) -> str:
        return self.system.installation.vhost

    # -- processes -------------------------------------------------------------------------

    def charge(self, name: str) -> Charge:
        """Give the supervised program `orders.1`, `relay`, `gateway`, `rabbitmq`, `postgresql`."""
        for supervisor in (self.system.supervisor, self.keepers):
            for charge in supervisor._charges():
                if charge.program.name == name:
                    # What dies by our hand is no crash loop: it is started again at once.
                    charge.pause_seconds = FIRST_PAUSE_SECONDS
                    return charge
        raise Problem(f"{name} is not supervised")

    def process(self, name: str) -> Process:
        """Give the process of a program, awaiting it where it is just being started again."""
        charge = self.charge(name)
        eventually(lambda: charge.process is not None, f"{name} is started", RESTART_SECONDS)
        assert charge.process is not None
        return charge.process

    def kill(self, name: str) -> None:
        """kill -9, and wait until the supervisor has it running again."""
        self.end(name, signal.SIGKILL)

    def end(self, name: str, number: signal.Signals) -> Process:
        """End a program by a signal, and wait until the supervisor has it running again."""
        before = self.process(name)
        os.kill(before.pid, number)
        self.struck_at = time.monotonic()
        self.await_again(name, before)
        return before

    def await_again(self, name: str, before: Process) -> None:
        """Wait until another process has taken the place of `before` and is ready."""
        charge = self.charge(name)

        def is_back() -> bool:
            process = charge.process
            if process is None or process is before:
                return False
            try:
                return process.is_ready()
            except Problem:
                return False  # It died while starting; the supervisor tries again.

        eventually(is_back, f"{name} is ready again", RESTART_SECONDS)

    def die_at(self, name: str, point: str) -> None:
        """Have a program kill itself at a fault point, once, in the middle of the work."""
        before, order = self.process(name), fault_file(self.folder, name)
        draft = order.with_suffix(".draft")
        draft.write_text(point)
        draft.replace(order)
        try:
            # By chance the tales that come there are told late.
            eventually(lambda: not order.exists(), f"{name} comes to {point}", 2 * RESTART_SECONDS)
        finally:
            order.unlink(missing_ok=True)
        self.struck_at = time.monotonic()
        self.await_again(name, before)

    def exchange(self, name: str, program: Program) -> None:
        """Have the supervisor run another build of a program."""
        before, self.charge(name).program = self.process(name), program
        before.ask_to_stop()
        self.await_again(name, before)

    def gateway_workers(self) -> list[int]:
        """Give the pids of gunicorn's workers."""
        parent = self.process("gateway").pid
        return [
            int(pid)
            for task in Path(f"/proc/{parent}/task").iterdir()
            for pid in (task / "children").read_text().split()
        ]

    # -- wholeness -------------------------------------------------------------------------

    def began_to_recover(self) -> float:
        """Give since when the fault is over: when a part was ended, or else now."""
        return time.monotonic() if self.struck_at is None else self.struck_at

    def await_whole(self, seconds: float = 120.0) -> float:
        """Wait until every part does its work again; gives how long that took."""
        began = time.monotonic()
        eventually(self.is_whole, "the system is whole", seconds, every=0.1)
        return time.monotonic() - began

    def is_whole(self) -> bool:
        """Say whether every service answers, and what is announced leaves at once."""
        headers = self.crew.headers["director"]
        try:
            answers = [
                requests.get(
                    f"{self.system.url}/api/v1{path}",
                    params={"limit": "1"},
                    headers=headers,
                    timeout=2,
                ).ok
                for path in QUESTIONS
            ]
            urls = [self.system.database_url(service) for service in SERVICES]
            return all(answers) and all(map(relay_is_at_work, urls))
        except Exception:  # noqa: BLE001  whatever it is, the system is not whole
            return False


def engine_supervisor(engines: Engines, say: Callable[[str], None]) -> Supervisor:
    """Start engines under a supervisor, as `./gendan up` does."""
    keepers = Supervisor(say)
    for program in engines.programs():
        keepers.launch([program])
    keepers.await_ready()
    return keepers


@contextmanager
def running_house(
    tag: str,
    folder: Path,
    *,
    seed: int,
    clients: int = 4,
    say: Callable[[str], None] | None = None,
    begin: Callable[[Program], Process] = ForkedProcess,
) -> Iterator[House]:
    """Run engines, the system and its clients for as long as the block lasts."""
    said: list[str] = []
    places = test_run.instance_for_tests(tag)
    keepers: Supervisor | None = None
    watching: threading.Thread | None = None
    try:
        with records.holding(places.home):
            engines = private_engines(places, settled_secrets(places))
            keepers = engine_supervisor(engines, say or said.append)
            watching = threading.Thread(target=keepers.watch, name="engines")
            watching.start()
            with furnished(
                engines, tag, folder, keepers, seed=seed, clients=clients, begin=begin
            ) as house:
                yield house
    finally:
        if keepers is not None:
            keepers.stop()
        if watching is not None:
            watching.join()
        places.remove()


@contextmanager
def furnished(
    engines: Engines,
    tag: str,
    folder: Path,
    keepers: Supervisor,
    *,
    seed: int,
    clients: int,
    tales: tuple[tuple[Tale, int], ...] = TALES,
    settings: Mapping[str, str] = SETTINGS,
    begin: Callable[[Program], Process] = ForkedProcess,
    templates: Templates | None = None,
    replicas: dict[str, int] | None = None,
) -> Iterator[House]:
    """Run a system and its clients on engines that `keepers` keep, or somebody else."""
    parts = urlsplit(engines.amqp_admin_url)
    assert parts.port is not None
    with Proxy(("127.0.0.1", parts.port)) as proxy:

        def tune(wiring: Wiring) -> Wiring:
            through = proxy.url(wiring.buses[BEHIND_PROXY])
            return WatchedWiring(
                databases=wiring.databases,
                buses={**wiring.buses, BEHIND_PROXY: through},
                logs=wiring.logs,
                run=wiring.run,
                clock_file=wiring.clock_file,
                extra=dict(settings),
            )

        with running_system(
            engines,
            tag,
            folder / "system",
            replicas=replicas,
            tune=tune,
            begin=begin,
            templates=templates,
        ) as system:
            workload = Workload(
                system.url, system.passwords, seed=seed, clients=clients, tales=tales
            )
            yield House(
                system=system,
                engines=engines,
                keepers=keepers,
                proxy=proxy,
                workload=workload,
                folder=folder,
                auditor=Auditor(system),
                crew=workload.somebody,
            )
