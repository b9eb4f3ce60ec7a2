"""The probe service in processes of its own, and a client to call it with."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chassis.rpc import RpcClient
from deploy.local.places import CHECKOUT
from deploy.local.processes import Process, Program
from tests.conftest import Vhost
from tests.forks import ForkedProcess

PRINCIPAL = {"person_id": "p-1", "name": "王芳", "roles": ["clerk"], "kind": "person"}


def within(seconds: float) -> float:
    """Give the deadline so many seconds from now."""
    return time.time() + seconds


def eventually(happened: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    """Wait for something that no event of ours tells of."""
    give_up = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < give_up, f"not within {seconds} s: {what}"
        time.sleep(0.02)


@dataclass
class Probe:
    """One running replica of the probe service, and the folder in which it leaves marks."""

    process: Process
    folder: Path
    log: Path

    def told(self, name: str) -> bool:
        return (self.folder / name).exists()

    def await_mark(self, name: str) -> None:
        eventually(lambda: self.told(name), f"the mark {name}")

    def marks(self, name: str) -> list[str]:
        """Give who left the mark, a pid for each time."""
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    def tell(self, name: str) -> None:
        """Let the work called `name` go on."""
        (self.folder / f"{name}.go").touch()

    def ask_to_stop(self) -> None:
        os.kill(self.process.pid, signal.SIGTERM)

    def await_end(self, seconds: float = 15.0) -> int:
        eventually(lambda: self.process.exit_code is not None, "the end of the process", seconds)
        assert self.process.exit_code is not None
        return self.process.exit_code

    def logged(self) -> str:
        return self.log.read_text()


@dataclass
class Probes:
    """Starts replicas that share a folder for their marks."""

    start: Callable[[Program], Process]
    folder: Path
    url: str
    replicas: list[Probe] = field(default_factory=list)

    def __call__(
        self,
        *,
        url: str | None = None,
        wait: bool = True,
        clock: Path | None = None,
        **environment: str,
    ) -> Probe:
        """Start a replica, on a machine whose `clock` is wrong by what the file says."""
        number = len(self.replicas) + 1
        ready = self.folder / f"ready-{number}"
        log = self.folder / f"log-{number}"
        told = {
            "PATH": os.environ["PATH"],
            "GENDAN_AMQP_URL": url or self.url,
            "GENDAN_READY_FILE": str(ready),
            "GENDAN_LOG_LEVEL": "INFO",
            "PROBE_FOLDER": str(self.folder),
            **environment,
        }
        program = Program(
            name=f"probe-{number}",
            command=(
                sys.executable,
                *(("-m", "tests.faults.clocks", str(clock)) if clock else ("-m", "chassis.runner")),
                "tests.service.chassis.probe:ProbeService",
            ),
            environment=told,
            folder=CHECKOUT,
            log=log,
            is_ready=ready.exists if wait else lambda: True,
        )
        probe = Probe(self.start(program), self.folder, log)
        self.replicas.append(probe)
        return probe


@pytest.fixture
def probes(vhost: Vhost, start: Callable[[Program], Process], tmp_path: Path) -> Probes:
    """Start replicas of the probe service: `probes(GENDAN_MAX_WORKERS="2")`."""
    folder = tmp_path / "probe"
    folder.mkdir()
    return Probes(start, folder, vhost.url)


@dataclass
class Standing:
    """A replica that serves many tests which strike no faults, and a client of it."""

    probe: Probe
    client: RpcClient
    url: str


@pytest.fixture(scope="module")
def standing(
    vhosts: Callable[[], Vhost], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Standing]:
    """Run one replica with two workers for all tests of a module that ask for it."""
    url = vhosts().url
    started: list[Process] = []

    def start(program: Program) -> Process:
        started.append(ForkedProcess(program))
        started[-1].await_ready()
        return started[-1]

    try:
        probe = Probes(start, tmp_path_factory.mktemp("standing"), url)(GENDAN_MAX_WORKERS="2")
        with RpcClient(url, "test") as client:
            yield Standing(probe, client, url)
    finally:
        for process in started:
            process.kill()


@pytest.fixture
def clients(vhost: Vhost) -> Iterator[Callable[..., RpcClient]]:
    """Make RPC clients that are closed after the test: `clients(max_pending=2)`."""
    made: list[RpcClient] = []

    def make(url: str | None = None, **options: Any) -> RpcClient:
        client = RpcClient(url or vhost.url, "test", **options)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(clients: Callable[..., RpcClient]) -> RpcClient:
    return clients()
