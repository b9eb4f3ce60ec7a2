"""A forked process is what a started one would be: the suite's other tests stand on that."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.places import CHECKOUT
from deploy.local.processes import Program
from tests.fork_server import READ_ANEW
from tests.forks import ForkedProcess
from tests.service.chassis.conftest import Probes, eventually

ROOMS = ("chassis", "services", "gateway")
NOWHERE = "amqp://nobody:secret@127.0.0.1:1//"


@pytest.fixture
def fork(tmp_path: Path) -> Callable[..., ForkedProcess]:
    """Fork a runner of a service that is not there: it ends by itself, saying why."""

    def forked(**environment: str) -> ForkedProcess:
        log = tmp_path / "log"
        log.unlink(missing_ok=True)
        process = ForkedProcess(
            Program(
                name="nobody",
                command=(sys.executable, "-m", "chassis.runner", "nobody"),
                environment=environment,
                folder=CHECKOUT,
                log=log,
                is_ready=lambda: True,
            )
        )
        eventually(lambda: process.exit_code is not None, "it ends")
        return process

    return forked


def test_it_ends_with_its_own_code_and_says_why_in_its_own_log(
    fork: Callable[..., ForkedProcess],
) -> None:
    process = fork(GENDAN_AMQP_URL=NOWHERE)

    assert process.exit_code == 2
    assert process.program.log.read_text() == "there is no module services.nobody.service\n"


def test_it_knows_nothing_of_what_another_was_told(fork: Callable[..., ForkedProcess]) -> None:
    fork(GENDAN_AMQP_URL=NOWHERE)

    process = fork()

    assert process.exit_code == 2
    assert "GENDAN_AMQP_URL" in process.program.log.read_text()


def test_it_leads_a_session_of_its_own_and_dies_of_a_kill(probes: Probes) -> None:
    process = probes().process

    assert isinstance(process, ForkedProcess)
    assert os.getsid(process.pid) == process.pid
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: process.exit_code is not None, "it is dead")
    assert process.exit_code == -signal.SIGKILL


def test_it_holds_open_nothing_of_the_processes_beside_it(probes: Probes) -> None:
    before, after = probes().process, probes().process

    assert sockets_of(before.pid) & sockets_of(after.pid) == set()
    assert all(sockets_of(each.pid) for each in (before, after))


def sockets_of(pid: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            found.add(str(file.readlink()))
    return {each for each in found if each.startswith(("socket:", "pipe:"))}


def test_what_looks_at_its_surroundings_when_imported_is_read_anew() -> None:
    """A module that did not would tell a fork what the server was told."""
    looks = {
        ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
        for room in ROOMS
        for path in (CHECKOUT / room).rglob("*.py")
        if "migrations" not in path.parts
        for line in path.read_text().splitlines()
        if not line.startswith((" ", "import ", "from "))
        if "os.environ" in line or "mmap.mmap(" in line
    }

    assert looks <= set(READ_ANEW)
    assert {"chassis.faults", "gateway.revocations"} <= looks
