"""One try to have listeners handle events: what it does in its transaction, alone or together."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from marshmallow import Schema

from chassis import envelope, failed, faults, inbox
from chassis.database import Store, Work
from chassis.events import Received
from chassis.inbox import Verdict
from chassis.principal import Principal

Handler = Callable[[Work, Received], object]


class Listener(Protocol):
    """One subscription of one method of the service."""

    method_name: str
    source: str
    name: str
    schema_version: int
    schema: Schema
    in_order: bool


class NotNow(Exception):
    """The inbox says that a message's turn has not come; its transaction is rolled back."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


class Attempt:
    """One try to have one listener handle one event, in one transaction."""

    def __init__(
        self,
        store: Store,
        method_name: str,
        listener: Listener | None,
        event: Received,
        *,
        kept: Any = None,
        in_order: bool = False,
    ) -> None:
        self._store = store
        self._method_name = method_name
        self._listener = listener
        self._event = event
        self._kept = kept
        self._in_order = in_order

    def run(self, handler: Handler) -> None:
        """Let `handler` do its work. Raises NotNow, DataRefused or what the handler raises."""
        event = self._event
        listener = self._listener
        if listener is not None:
            event = envelope.load(event, listener.schema, listener.schema_version)
        self._store.transact(_teller(event), partial(self._once, handler, event))

    def _once(self, handler: Handler, event: Received, work: Work) -> None:
        if self._kept is not None and not self._claim(work):
            return
        if self._admit(work, event) and self._listener is not None:
            faults.point("in_handler")
            handler(work, event)
        if self._kept is not None:
            failed.remove(work.session, work.store.platform.failed, self._kept.id)
        faults.point("before_commit")
        work.conclude()

    def _claim(self, work: Work) -> bool:
        return failed.claim(work.session, work.store.platform.failed, self._kept.id) is not None

    def _admit(self, work: Work, event: Received) -> bool:
        """Write the inbox row; False if the event was handled before. Raises NotNow."""
        tables = work.store.platform
        aggregate = (event.aggregate_type, event.aggregate_id)
        verdict = inbox.admit(
            work.connection,
            listener=self._method_name,
            message_id=event.message_id,
            aggregate=aggregate,
            sequence=event.sequence,
            is_set_aside=self._kept is not None,
        )
        if verdict is Verdict.REPEATED:
            return False
        if verdict is Verdict.FRESH and self._in_order:
            verdict = inbox.advance(
                work.session,
                tables.cursors,
                listener=self._method_name,
                aggregate=aggregate,
                sequence=event.sequence,
                despite_gap=bool(self._kept is not None and self._kept.despite_gap),
            )
        if verdict is not Verdict.FRESH:
            raise NotNow(verdict)
        return True


class Task(NamedTuple):
    """An event for one listener."""

    listener: Listener
    event: Received


class TogetherNo(Exception):
    """One of them has to wait for another message: each is to be handled alone."""


class JointAttempt:
    """One try to handle what has come together from one source, in one transaction.

    Each task finds a clean session and what those before it have written. If anything goes
    wrong with one, nothing of any stands, and each is tried alone.
    """

    def __init__(self, store: Store, tasks: Sequence[Task]) -> None:
        self._store = store
        self._tasks = tasks

    def run_in(self, service: Any) -> None:
        """Let the service's methods do the work. Raises TogetherNo or whatever went wrong."""
        self._store.transact(_teller(self._tasks[0].event), partial(self._all, service))

    def _all(self, service: Any, work: Work) -> None:
        fresh = inbox.admit_together(
            work.connection, [(task.listener.method_name, task.event) for task in self._tasks]
        )
        if fresh is None:
            raise TogetherNo
        for listener, event in self._tasks:
            known_by = (listener.method_name, event.message_id)
            if known_by not in fresh:
                continue
            fresh.remove(known_by)  # the same message may have come twice
            loaded = envelope.load(event, listener.schema, listener.schema_version)
            faults.point("in_handler")
            getattr(service, listener.method_name)(work, loaded)
            work.gather()
            work.forget()
        faults.point("before_commit")
        work.conclude()


def _teller(event: Received) -> Principal:
    return Principal(f"event:{event.source}", event.source, kind="service")
