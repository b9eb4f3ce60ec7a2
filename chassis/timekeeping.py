"""How a service's jobs get their turns: looked at each second, worked on by one replica."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import eventlet.event
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import SharedExtension
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis import faults, timers
from chassis.database import DatabaseUnavailable, Store, Work, store_of
from chassis.principal import SYSTEM

_log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
# Business time may have jumped, and another replica have heard of it before: what stays ahead for
# so long was done under a clock that was wrong.
AHEAD_SECONDS = 3600.0
_AWAY: tuple[type[Exception], ...] = (DatabaseUnavailable, DBAPIError, PoolTimeout)


class Turn:
    """One slot of one job, done in one transaction with the row that says so."""

    def __init__(self, keeper: "Timekeeper", job: Any) -> None:
        self._keeper = keeper
        self._job = job
        #: The slot that was due and, if all went well, done.
        self.slot: datetime | None = None
        self.last_done: datetime | None = None

    def run(self, method: Callable[[Work, datetime], object]) -> None:
        """Do the slot that is due, unless another replica works on the job or was faster."""
        self._keeper.store.transact(SYSTEM, partial(self._once, method))

    def _once(self, method: Callable[[Work, datetime], object], work: Work) -> None:
        self.slot = None
        table, name, schedule = work.store.platform.job_slots, self._job.job, self._job.schedule
        standing = timers.standing(work.session, table, name, lock=True)
        if standing is None:
            return
        self.last_done = standing.slot
        slot = schedule.due(standing.slot, schedule.now())
        if slot is None or timers.is_postponed(standing):
            return
        self.slot = slot
        faults.point("in_job")
        method(work, slot)
        timers.done(work.session, table, name, slot)
        work.settle()
        faults.point("before_job_commit")


class Timekeeper(SharedExtension):
    """Looks each second whether a job is due; asks the database only then."""

    #: The service's database; there from the start on.
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self._jobs: dict[str, Any] = {}
        self._last_done: dict[str, datetime] = {}
        # Since when (monotonic) the last slot done is seen to lie ahead.
        self._ahead_since: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread: Any = None

    def register(self, entrypoint: Any) -> None:
        """Add a bound entrypoint. Raises ValueError when two jobs have one name."""
        if entrypoint.job in self._jobs:
            raise ValueError(f"two jobs are named {entrypoint.job}")
        self._jobs[entrypoint.job] = entrypoint

    def start(self) -> None:
        self.store = store_of(self.container)
        if self._jobs and self._thread is None:
            self._thread = self.container.spawn_managed_thread(self._keep_time, "timekeeper")

    def drain(self) -> None:
        """Begin no turn any more and wait for the one that runs, while the database is there."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.wait()

    def kill(self) -> None:
        self._stopping.set()

    def _keep_time(self) -> None:
        while not self._stopping.is_set():
            for name, job in self._jobs.items():
                try:
                    self._look_at(name, job)
                except ContainerBeingKilled:
                    return
                except _AWAY as error:
                    _log.warning("job %s is not looked at now: %s", name, error)
            self._stopping.wait(TICK_SECONDS)

    def _look_at(self, name: str, job: Any) -> None:
        """Do all slots of a job that are due, one after the other."""
        if name not in self._last_done:
            self._last_done[name] = self._install(name, job)
        self._come_back(name, job)
        while not self._stopping.is_set():
            slot = job.schedule.due(self._last_done[name], job.schedule.now())
            if slot is None:
                return
            turn, error = self._give_turn(job)
            if error is not None:
                self._postpone(name, turn, error)
                return
            if turn.slot is None:
                # Not ours now: another replica has it or had it, or it waits after a failure.
                if turn.last_done is not None:
                    self._last_done[name] = turn.last_done
                return
            self._last_done[name] = turn.slot

    def _come_back(self, name: str, job: Any) -> None:
        """Let a job whose clock was ahead for a while go on from today."""
        done, now = self._last_done[name], job.schedule.now()
        if not job.schedule.is_ahead(done, now):
            self._ahead_since.pop(name, None)
            return
        since = self._ahead_since.setdefault(name, time.monotonic())
        if time.monotonic() - since < AHEAD_SECONDS:
            return
        to = job.schedule.latest(now)
        _log.error("job %s stands at %s, which has yet to come: set back to %s", name, done, to)
        with self.store.work() as work:
            table = work.store.platform.job_slots
            timers.set_back(work.session, table, name, ahead=done, to=to)
            self._last_done[name] = self._standing(work, name)

    def _install(self, name: str, job: Any) -> datetime:
        with self.store.work() as work:
            timers.install(work.session, work.store.platform.job_slots, name, job.schedule)
            return self._standing(work, name)

    def _standing(self, work: Work, name: str) -> datetime:
        standing = timers.standing(work.session, work.store.platform.job_slots, name)
        assert standing is not None  # noqa: S101  it has been installed
        return standing.slot

    def _give_turn(self, job: Any) -> tuple[Turn, Exception | None]:
        turn = Turn(self, job)
        ended = eventlet.event.Event()

        def handle_result(_context: Any, result: Any, exc_info: Any) -> Any:
            ended.send(exc_info[1] if exc_info else None)
            return result, exc_info

        self.container.spawn_worker(job, (turn,), {}, context_data={}, handle_result=handle_result)
        error: Exception | None = ended.wait()
        return turn, error

    def _postpone(self, name: str, turn: Turn, error: Exception) -> None:
        _log.error("job %s failed for %s; it is tried again", name, turn.slot, exc_info=error)
        if turn.slot is None:
            return
        with self.store.work() as work:
            timers.postpone(work.session, work.store.platform.job_slots, name, turn.slot, error)
