"""Starts programs in order, keeps them running, and stops them in the opposite order."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from deploy.local.problems import Problem
from deploy.local.processes import POLL_SECONDS, Process, Program, cut_when_large

WATCH_SECONDS = 0.2
LOGS_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# Who ran for so long is taken to have recovered: its next pause is the first again.
RECOVERED_SECONDS = 60.0

Stage = Sequence[Program]


@dataclass
class Charge:
    """One program in our care: its process, and when it may be started again."""

    program: Program
    process: Process | None = None
    pause_seconds: float = FIRST_PAUSE_SECONDS
    start_at: float = 0.0
    restarts: int = 0


class Supervisor:
    """Keeps the programs of all stages alive, from `start` until `stop`.

    A stage is started when the one before it is ready, and stopped when the one after it has
    ended. A program that dies is started again after a pause that doubles each time.
    """

    def __init__(
        self, say: Callable[[str], None], begin: Callable[[Program], Process] = Process
    ) -> None:
        self._say = say
        self._begin = begin
        self._stages: list[list[Charge]] = []
        # Taken to look at or change processes: `stop` and `watch` may be in different threads.
        self._lock = threading.RLock()
        self._stopping = threading.Event()

    def start(self, stage: Stage) -> None:
        """Start a further stage and wait until all of it is ready; raise `Problem` if not."""
        self.launch(stage)
        self.await_ready()

    def launch(self, stage: Stage) -> None:
        """Start a further stage without waiting for it."""
        charges = [Charge(program) for program in stage]
        with self._lock:
            self._stages.append(charges)
            for charge in charges:
                charge.process = self._begin(charge.program)

    def await_ready(self) -> None:
        """Wait until everything launched is ready; raise `Problem` as soon as one will not be."""
        waiting = [charge.process for charge in self._charges() if charge.process]
        while waiting := [process for process in waiting if not process.is_ready()]:
            time.sleep(POLL_SECONDS)

    def watch(self) -> None:
        """Start again what dies, until `request_stop`."""
        look_at_logs = time.monotonic() + LOGS_SECONDS
        while not self._stopping.wait(WATCH_SECONDS):
            if time.monotonic() > look_at_logs:
                self.cut_logs()
                look_at_logs = time.monotonic() + LOGS_SECONDS
            for charge in self._charges():
                with self._lock:
                    if not self._stopping.is_set():
                        self._look_after(charge)

    def cut_logs(self) -> None:
        """Keep all logs where our programs write theirs from growing until the disk is full."""
        for folder in {charge.program.log.parent for charge in self._charges()}:
            for log in folder.glob("*.log"):
                with suppress(OSError):
                    cut_when_large(log)

    def request_stop(self) -> None:
        """Let `watch` return; safe in a signal handler."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop every stage, the last one first, each wholly before the next."""
        self.request_stop()
        with self._lock:
            for stage in reversed(self._stages):
                alive = [charge.process for charge in stage if charge.process]
                for process in reversed(alive):
                    process.ask_to_stop()
                for process in reversed(alive):
                    process.await_end()
            self._stages.clear()

    @property
    def has_started(self) -> bool:
        """Whether there is anything to stop."""
        return bool(self._charges())

    def process(self, name: str) -> Process:
        """Return a program's present process; raise `Problem` when it does not run now."""
        for charge in self._charges():
            if charge.program.name == name and charge.process:
                return charge.process
        raise Problem(f"{name} does not run.")

    def restarts(self) -> dict[str, int]:
        """Return how often each program was started again."""
        return {charge.program.name: charge.restarts for charge in self._charges()}

    def _charges(self) -> list[Charge]:
        with self._lock:
            return [charge for stage in self._stages for charge in stage]

    def _look_after(self, charge: Charge) -> None:
        now = time.monotonic()
        if charge.process is None:
            if now >= charge.start_at:
                self._start_again(charge)
            return
        code = charge.process.exit_code
        if code is None:
            return
        if now - charge.process.started_at > RECOVERED_SECONDS:
            charge.pause_seconds = FIRST_PAUSE_SECONDS
        charge.process.kill()  # what it may have left of its session
        charge.process = None
        charge.start_at = now + charge.pause_seconds
        self._tell(
            f"{charge.program.name} ended with code {code}; "
            f"it is started again in {charge.pause_seconds:g} s"
        )
        charge.pause_seconds = min(charge.pause_seconds * 2, LONGEST_PAUSE_SECONDS)

    def _start_again(self, charge: Charge) -> None:
        try:
            charge.process = self._begin(charge.program)
        except (OSError, Problem) as error:
            charge.start_at = time.monotonic() + charge.pause_seconds
            charge.pause_seconds = min(charge.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            self._tell(f"{charge.program.name} could not be started again: {error}")
            return
        charge.restarts += 1

    def _tell(self, text: str) -> None:
        # A disk that is full has no room for the launcher's log either, and ends what we are to
        # start again: the watch must outlive it.
        with suppress(OSError):
            self._say(text)
