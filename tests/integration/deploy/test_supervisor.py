"""The supervisor with real processes: order, restarts, and an end that leaves nothing."""

import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.audit.nightly import Nightly
from deploy.local import processes, records
from deploy.local import up as launcher
from deploy.local.problems import Problem
from deploy.local.processes import Process, Program
from deploy.local.supervisor import Supervisor

# Marks that it is ready, then waits for its end and writes it into the diary.
DIARIST = """
import pathlib, signal, sys
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def note(word):
    with (folder / "diary").open("a") as diary:
        diary.write(f"{name} {word}\\n")
def end(*_):
    note("ends")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("begins")
(folder / f"{name}.ready").touch()
while True:
    signal.pause()
"""
# Drops the first SIGTERM, as an Erlang machine that is only starting does.
ABSENT = """
import signal, sys
def end(*_):
    sys.exit(0)
def miss(*_):
    signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGTERM, miss)
print('up', flush=True)
while True:
    signal.pause()
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('up', flush=True)
time.sleep(60)
"""


class Stage:
    """A folder in which diarists run under one supervisor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.supervisor = Supervisor(self.said.append)

    def diarist(self, name: str) -> Program:
        mark = self.folder / f"{name}.ready"
        return Program(
            name=name,
            command=(sys.executable, "-c", DIARIST, name, str(self.folder)),
            environment=dict(os.environ),
            folder=self.folder,
            log=self.folder / f"{name}.log",
            is_ready=mark.exists,
            ready_seconds=10,
            stop_seconds=10,
            run=self.folder,
            before_start=lambda: mark.unlink(missing_ok=True),
        )

    def diary(self) -> list[str]:
        return (self.folder / "diary").read_text().splitlines()

    def watch(self) -> threading.Thread:
        watching = threading.Thread(target=self.supervisor.watch)
        watching.start()
        return watching


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.supervisor.stop()


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def write_to(handle: int, text: str) -> None:
    os.write(handle, text.encode())


def children() -> set[int]:
    """The processes that this one has started and not yet buried."""
    found: set[int] = set()
    for task in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        with suppress(FileNotFoundError):  # a thread that has ended since
            found.update(int(pid) for pid in task.read_text().split())
    return found


def test_a_program_that_may_not_have_heard_is_told_again_to_stop(stage: Stage) -> None:
    program = replace(stage.diarist("absent"), command=(sys.executable, "-c", ABSENT))
    absent = Process(
        replace(program, is_ready=lambda: "up" in program.log.read_text(), stop_again_seconds=0.05)
    )
    absent.await_ready()

    absent.stop()

    assert absent.exit_code == 0  # It ended by itself; what is killed has -9.


def test_stages_begin_in_order_and_end_in_the_opposite_order(stage: Stage) -> None:
    for name in ("engine", "service", "gateway"):
        stage.supervisor.start([stage.diarist(name)])

    stage.supervisor.stop()

    assert stage.diary() == [
        "engine begins",
        "service begins",
        "gateway begins",
        "gateway ends",
        "service ends",
        "engine ends",
    ]
    assert records.recorded(stage.folder) == []


def test_what_is_killed_is_started_again_with_a_growing_pause(stage: Stage) -> None:
    stage.supervisor.start([stage.diarist("orders.1")])
    watching = stage.watch()
    first = stage.supervisor.process("orders.1").pid

    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: stage.supervisor.restarts() == {"orders.1": 1})
    second = stage.supervisor.process("orders.1").pid
    os.kill(second, signal.SIGKILL)
    assert eventually(lambda: stage.supervisor.restarts() == {"orders.1": 2})

    assert stage.said == [
        "orders.1 ended with code -9; it is started again in 0.5 s",
        "orders.1 ended with code -9; it is started again in 1 s",
    ]
    assert len({first, second, stage.supervisor.process("orders.1").pid}) == 3
    stage.supervisor.request_stop()
    watching.join()


def test_a_full_disk_under_the_launchers_log_does_not_end_the_watch(stage: Stage) -> None:
    # /dev/full answers every write as a full disk does.
    log = os.open("/dev/full", os.O_WRONLY)
    stage.supervisor = Supervisor(lambda text: write_to(log, text))
    stage.supervisor.start([stage.diarist("postgresql")])
    watching = stage.watch()

    os.kill(stage.supervisor.process("postgresql").pid, signal.SIGKILL)

    assert eventually(lambda: stage.supervisor.restarts() == {"postgresql": 1})
    stage.supervisor.request_stop()
    watching.join()
    os.close(log)


def test_logs_that_grow_large_while_they_are_written_are_cut(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LARGE_LOG_BYTES", 9)
    stage.supervisor.start([stage.diarist("orders.1")])
    log = stage.folder / "launcher.log"
    with log.open("ab", buffering=0) as written:
        written.write(b"a long line\n")

        stage.supervisor.cut_logs()
        written.write(b"goes on\n")
        stage.supervisor.cut_logs()

    assert log.read_bytes() == b"goes on\n"
    assert log.with_name("launcher.log.1").read_bytes() == b"a long line\n"


@pytest.mark.parametrize(
    "unheard",
    [
        pytest.param(OSError(errno.EIO, "Input/output error"), id="the terminal is closed"),
        pytest.param(SystemExit(1), id="rich: the reader of the pipe is gone"),
    ],
)
def test_a_stop_that_nobody_hears_of_ends_everything(stage: Stage, unheard: BaseException) -> None:
    def say(_text: str) -> None:
        raise unheard

    stage.supervisor.start([stage.diarist("postgresql")])

    launcher.end_all(stage.supervisor, Nightly(print), stage.folder, launcher.steady(say))

    assert stage.diary() == ["postgresql begins", "postgresql ends"]


def test_a_stop_ends_what_a_start_that_broke_off_has_only_recorded(stage: Stage) -> None:
    unwatched = Process(stage.diarist("rabbitmq"))
    unwatched.await_ready()

    try:
        launcher.end_all(stage.supervisor, Nightly(print), stage.folder, stage.said.append)
        assert stage.diary() == ["rabbitmq begins", "rabbitmq ends"]
    finally:
        unwatched.kill()


def test_what_cannot_be_written_down_is_not_left_running(stage: Stage) -> None:
    program = replace(stage.diarist("postgresql"), run=stage.folder / "no such folder")
    before = children()

    with pytest.raises(FileNotFoundError):
        Process(program)

    assert children() == before


def test_what_ends_while_starting_is_told_with_its_last_words(stage: Stage) -> None:
    program = Program(
        name="orders.1",
        command=(sys.executable, "-c", "import sys; sys.exit('GENDAN_AMQP_URL is not set')"),
        environment={},
        folder=stage.folder,
        log=stage.folder / "orders.1.log",
        is_ready=lambda: False,
    )

    with pytest.raises(Problem, match=r"orders\.1 ended with code 1 .*GENDAN_AMQP_URL is not set"):
        stage.supervisor.start([program])


def test_what_will_not_end_is_killed_when_its_time_is_up(stage: Stage) -> None:
    log = stage.folder / "deaf.log"
    deaf = Program(
        name="deaf",
        command=(sys.executable, "-c", DEAF),
        environment={},
        folder=stage.folder,
        log=log,
        is_ready=lambda: "up" in log.read_text(),
        stop_seconds=0.3,
    )
    stage.supervisor.start([deaf])
    process = stage.supervisor.process("deaf")

    stage.supervisor.stop()

    assert process.exit_code == -signal.SIGKILL
