"""Who runs an instance, and which processes are its own: a lock and pid files that cannot lie."""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOCK_NAME = "lock"


@dataclass(frozen=True)
class Recorded:
    """A process we once started: its name and pid, and when the kernel says it began.

    The beginning tells it from a later process to which the pid was given.
    """

    name: str
    pid: int
    began: int | None
    stop_signal: int
    #: How long it is given to end.
    stop_seconds: float = 30.0

    @property
    def is_alive(self) -> bool:
        return self.began is not None and process_began(self.pid) == self.began


class InstanceBusy(Exception):
    """Another launcher holds this instance."""


@contextmanager
def holding(home: Path) -> Iterator[None]:
    """Hold an instance for as long as the block lasts; raise `InstanceBusy` when taken.

    The kernel frees the lock when its holder dies, however it dies.
    """
    with (home / LOCK_NAME).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InstanceBusy(str(home)) from None
        yield


def is_held(home: Path) -> bool:
    """Say whether a living launcher holds this instance."""
    if not (home / LOCK_NAME).exists():
        return False
    try:
        with holding(home):
            return False
    except InstanceBusy:
        return True


def write(
    run: Path, name: str, pid: int, stop_signal: signal.Signals, stop_seconds: float = 30.0
) -> None:
    """Record a process that has just been started, and the signal that stops it."""
    record = {
        "pid": pid,
        "began": process_began(pid),
        "stop_signal": int(stop_signal),
        "stop_seconds": stop_seconds,
    }
    (run / f"{name}.pid").write_text(json.dumps(record))


def forget(run: Path, name: str) -> None:
    """Remove the record of a process that has ended."""
    (run / f"{name}.pid").unlink(missing_ok=True)


def recorded(run: Path) -> list[Recorded]:
    """Return every recorded process, alive or not, in the order of their start."""
    found: list[Recorded] = []
    for path in run.glob("*.pid"):
        try:
            content = json.loads(path.read_text())
            found.append(Recorded(path.name.removesuffix(".pid"), **content))
        except (OSError, ValueError, TypeError):
            continue  # It is being written or removed right now.
    return sorted(found, key=lambda each: each.began or 0)


def end_leftovers(run: Path) -> list[str]:
    """End what a launcher that died has left running, last started first; return the names."""
    alive = [process for process in recorded(run) if process.is_alive]
    for process in reversed(alive):
        signal_quietly(process.pid, process.stop_signal)
        deadline = time.monotonic() + process.stop_seconds
        while process.is_alive and time.monotonic() < deadline:
            time.sleep(0.05)
        if process.is_alive:
            signal_quietly(process.pid, signal.SIGKILL)
    for path in run.glob("*.pid"):
        path.unlink(missing_ok=True)
    return [process.name for process in alive]


def signal_quietly(pid: int, number: int) -> None:
    """Send a signal to a process that may have ended meanwhile."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def process_began(pid: int) -> int | None:
    """Return when a process began, in clock ticks since boot; None when there is none."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = status.rpartition(")")[2].split()
    state, began = fields[0], fields[19]
    return None if state == "Z" else int(began)
