"""What could not be handled at once: tried again when due, and alone where it may have killed."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from nameko.exceptions import ContainerBeingKilled
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis import envelope, failed, faults
from chassis.attempt import Listener
from chassis.database import DatabaseUnavailable, Store
from chassis.envelope import Undecodable
from chassis.events import Received, routing_key
from chassis.failed import UNCLAIMED, UNREADABLE, Failure, State
from chassis.principal import Principal
from chassis.subscriptions import Subscriptions

_log = logging.getLogger(__name__)

# Events handled at a time; the container's other workers are for those who wait for an answer.
LANES_AT_A_TIME = 4
GAP_SECONDS = 600.0  # how long an in-order listener waits for what has not come
RETRY_POLL_SECONDS = 1.0
AWAY: tuple[type[Exception], ...] = (DatabaseUnavailable, DBAPIError, PoolTimeout)
OURSELVES = Principal("listening", "listening", kind="service")
_TRIALS_LOCK = 0x6D657373


class Desk(Protocol):
    """Where messages are handled, for whoever tries them again."""

    store: Store
    subscribed: Subscriptions
    slots: Any
    stopping: threading.Event
    unwanted: set[tuple[str, str]]

    def attempt(
        self, method_name: str, listener: Listener | None, event: Received, kept: Any = None
    ) -> Exception | None: ...

    def judged(
        self, error: Exception, method_name: str, event: Received, *, attempts: int
    ) -> Failure: ...


class Retrier:
    """Tries the messages of failed_message again, those of one aggregate in their order."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def run(self) -> None:
        """Look each second for what is due, until the desk stops."""
        while not self._desk.stopping.is_set():
            if self._desk.stopping.wait(RETRY_POLL_SECONDS):
                return
            try:
                if self._desk.store.read(OURSELVES, lambda work: failed.is_idle(work.connection)):
                    continue
                while not self._desk.stopping.is_set() and self._try_due():
                    pass
                self._try_suspects()
            except ContainerBeingKilled:
                return
            except AWAY as error:
                _log.debug("failed messages are not looked at now: %s", error)

    def _try_due(self) -> bool:
        """Try the messages whose turn it is; give whether others may have become due by that."""
        tables = self._desk.store.platform
        rows = self._desk.store.read(
            OURSELVES,
            lambda work: failed.due(
                work.session, tables.failed, tables.cursors, self._desk.subscribed.events
            ),
        )
        begun = False
        for row in rows:
            if self._desk.stopping.is_set():
                break
            with self._desk.slots:
                begun = self._try_kept(row, State.RETRYING) or begun
        return begun

    def _try_suspects(self) -> None:
        """Try what may have killed its process, one at a time in the whole service."""
        store, table = self._desk.store, self._desk.store.platform.failed
        if not store.read(OURSELVES, lambda work: failed.suspects(work.session, table)):
            return
        with self._only_one_trial() as is_ours:
            if not is_ours:
                return
            rows = self._desk.store.read(
                OURSELVES, lambda work: failed.suspects(work.session, table)
            )
            for row in rows:
                if self._desk.stopping.is_set():
                    return
                with self._all_slots():
                    if row.state == State.TRYING and row.attempts >= failed.TRIALS:
                        # Its trial held the lock that is ours now: that process is dead.
                        self._mark(row, Failure(State.PARKED, failed.KILLED, row.attempts))
                    else:
                        self._try_kept(row, State.TRYING)

    @contextmanager
    def _only_one_trial(self) -> Iterator[bool]:
        """Hold the service's lock on trials, unless another replica has it."""
        with self._desk.store.reading.connect() as connection:
            is_ours = bool(connection.scalar(select(func.pg_try_advisory_lock(_TRIALS_LOCK))))
            try:
                yield is_ours
            finally:
                if is_ours:
                    connection.execute(select(func.pg_advisory_unlock(_TRIALS_LOCK)))

    @contextmanager
    def _all_slots(self) -> Iterator[None]:
        for _ in range(LANES_AT_A_TIME):
            self._desk.slots.acquire()
        try:
            yield
        finally:
            for _ in range(LANES_AT_A_TIME):
                self._desk.slots.release()

    def _try_kept(self, row: Any, state: State) -> bool:
        """Try a message once more; False if another replica has begun it."""
        if row.attempts >= failed.ATTEMPTS:
            self._mark(row, Failure(State.PARKED, row.error, row.attempts))
            return True
        with self._desk.store.work() as work:
            begun = failed.begin(work.session, work.store.platform.failed, row, state)
        if begun:
            self._try_begun(row)
        return begun

    def _try_begun(self, row: Any) -> None:
        faults.point("after_begin_before_retry")
        try:
            event = envelope.parse(row.body)
        except Undecodable as error:
            self._mark(row, refused(error))
            return
        listeners = self._desk.subscribed.listeners_for(event)
        if row.listener in (UNREADABLE, UNCLAIMED):
            self._share_out(row, event, list(listeners))
        elif row.listener not in listeners:
            # Another version of this service, running beside, may have it.
            gone = LookupError(f"the service has no listener {row.listener}")
            self._mark(row, failed.after_error(gone, row.attempts + 1))
        else:
            failed_by = self._desk.attempt(row.listener, listeners[row.listener], event, row)
            if failed_by is not None:
                self._mark(row, self._judged_again(failed_by, row, event))

    def _judged_again(self, error: Exception, row: Any, event: Received) -> Failure:
        failure = self._desk.judged(error, row.listener, event, attempts=row.attempts + 1)
        if row.state == State.GAP and failure.state is State.GAP:
            reason = f"what comes before it did not come for {GAP_SECONDS:.0f} s"
            return Failure(State.PARKED, reason, row.attempts)
        return failure

    def _share_out(self, row: Any, event: Received, listeners: Sequence[str]) -> None:
        """Give a message to the listeners it has after all; forget it if nobody wants it."""
        if not listeners and row.attempts + 1 < failed.ATTEMPTS:
            attempts = row.attempts + 1
            delay = failed.delay_seconds(attempts)
            self._mark(row, Failure(State.RETRYING, "no listener", attempts, delay))
            return
        if not listeners:
            self._desk.unwanted.add((row.source, routing_key(event.name, event.schema_version)))
        with self._desk.store.work() as work:
            table = work.store.platform.failed
            for listener in listeners:
                failed.set_aside(
                    work.session,
                    table,
                    listener=listener,
                    source=row.source,
                    body=row.body,
                    event=event,
                    failure=Failure(State.RETRYING, row.error),
                )
            failed.remove(work.session, table, row.id)

    def _mark(self, row: Any, failure: Failure) -> None:
        with self._desk.store.work() as work:
            failed.mark(work.session, work.store.platform.failed, row.id, failure)
        if failure.state is State.PARKED:
            _log.error(
                "message %s for %s is parked: %s", row.message_id, row.listener, failure.error
            )


def refused(error: Exception | None) -> Failure:
    """Give the failure of what cannot be read: parked at once."""
    return Failure(State.PARKED, f"unreadable: {error}")
