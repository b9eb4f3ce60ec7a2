"""One program started as a child: its command, surroundings, log, readiness and end."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from deploy.local import records
from deploy.local.places import Account
from deploy.local.problems import Problem

POLL_SECONDS = 0.05
LARGE_LOG_BYTES = 50_000_000


@dataclass(frozen=True)
class Program:
    """What is needed to start, await and stop one process.

    In `run`, if it is given, the process is recorded while it lives.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    is_ready: Callable[[], bool]
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 30.0
    #: Told again every so often: one that is still starting may not have heard it.
    stop_again_seconds: float | None = None
    ready_seconds: float = 180.0
    run: Path | None = None
    before_start: Callable[[], None] = field(default=lambda: None)


class Child(Protocol):
    """What the kernel runs for us; a `subprocess.Popen`, where nothing else is said."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Process:
    """A started program. It leads its own session, so Ctrl-C reaches only the launcher."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.before_start()
        set_aside_when_large(program.log)
        with program.log.open("ab") as log:
            self._child = self._begin(log)
        self.started_at = time.monotonic()
        if program.run:
            self._record(program.run)

    def _record(self, run: Path) -> None:
        """Write the process down; where that cannot be (a full disk), end it: nobody would."""
        try:
            program = self.program
            records.write(run, program.name, self.pid, program.stop_signal, program.stop_seconds)
        except OSError:
            self.kill()
            raise

    def _begin(self, log: BinaryIO) -> Child:
        program = self.program
        return subprocess.Popen(
            program.command,
            env=dict(program.environment),
            cwd=program.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=program.account.uid if program.account else None,
            group=program.account.gid if program.account else None,
            extra_groups=[] if program.account else None,
        )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._child.poll()

    def await_ready(self) -> None:
        """Return when the program answers; raise `Problem` when it ends or takes too long."""
        while not self.is_ready():
            time.sleep(POLL_SECONDS)

    def is_ready(self) -> bool:
        """Say whether the program answers; raise `Problem` when it will not any more."""
        program = self.program
        if self.exit_code is not None:
            raise Problem(
                f"{program.name} ended with code {self.exit_code} while starting: "
                f"{last_words(program.log)} (its log is {program.log})."
            )
        if program.is_ready():
            return True
        if time.monotonic() - self.started_at > program.ready_seconds:
            raise Problem(
                f"{program.name} is not ready after {program.ready_seconds:.0f} s: "
                f"{last_words(program.log)} (its log is {program.log})."
            )
        return False

    def ask_to_stop(self) -> None:
        """Send the program's own stop signal."""
        if self._child.poll() is None:
            os.kill(self.pid, self.program.stop_signal)

    def await_end(self) -> None:
        """Wait until it ended; kill what is left of its session after its time is up."""
        until = time.monotonic() + self.program.stop_seconds
        while (left := until - time.monotonic()) > 0:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(min(left, self.program.stop_again_seconds or left))
                break
            if self.program.stop_again_seconds is not None:
                self.ask_to_stop()
        self.kill()

    def stop(self) -> None:
        """Ask it to stop and wait until it did."""
        self.ask_to_stop()
        self.await_end()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._signal_group(signal.SIGKILL)
        self._child.wait()
        if self.program.run:
            records.forget(self.program.run, self.program.name)

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def set_aside_when_large(log: Path) -> None:
    """Keep a log from growing without end: what was written before lies in one older file."""
    if log.exists() and log.stat().st_size > LARGE_LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))


def cut_when_large(log: Path) -> None:
    """Do the same with a log that is being written, to its end: it stays the file it is.

    What is written between the two steps is lost.
    """
    if log.stat().st_size > LARGE_LOG_BYTES:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)


def last_words(log: Path, lines: int = 2) -> str:
    """Return the last lines of a log on one line, for an error message."""
    if not log.exists():
        return "it wrote nothing"
    text = log.read_text(errors="replace")[-4000:]
    words = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(words[-lines:])[-600:] or "it wrote nothing"
