"""How a service takes in events: its own connection, one queue per source.

Messages of a source that have come in a row are handled in one transaction: the inbox rows of
all their listeners (methods of the service) and what these change. Where that cannot be, because
one fails, has to wait, comes again or is alone, each goes into the lane of its aggregate. A
lane's messages are handled one after the other, different lanes side by side, each listener in a
transaction with its inbox row. A message is acknowledged when every listener has handled it or
has it in failed_message. What waits there is tried again from here too, and what killed its
process is tried alone.

While the database is away nothing is taken from the queues and nothing given back: a message
given back counts towards the limit that parks it (ARCHITECTURE §4.4).
"""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import eventlet
import eventlet.event
import eventlet.semaphore
from nameko.constants import AMQP_SSL_CONFIG_KEY, AMQP_URI_CONFIG_KEY, HEARTBEAT_CONFIG_KEY
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import SharedExtension
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis import bus, envelope, failed, faults, inbox, topology
from chassis.attempt import Attempt, JointAttempt, Listener, NotNow, Task
from chassis.database import DatabaseUnavailable, Store, store_of
from chassis.envelope import DataRefused, Undecodable
from chassis.events import Received, routing_key
from chassis.failed import UNCLAIMED, UNREADABLE, Failure, State
from chassis.inbox import Verdict
from chassis.principal import Principal

_log = logging.getLogger(__name__)

PREFETCH = 20
# Events handled at a time; the container's other workers are for those who wait for an answer.
LANES_AT_A_TIME = 4
# Events that came in a row are handled in one transaction, up to so many.
TOGETHER = 20
GAP_SECONDS = 600.0  # how long an in-order listener waits for what has not come
RETRY_POLL_SECONDS = 1.0
_PAUSE_SECONDS = 1.0
_LANES_END_SECONDS = 30.0

_AWAY: tuple[type[Exception], ...] = (DatabaseUnavailable, DBAPIError, PoolTimeout)


class Delivery:
    """A message from a queue, on the connection that brought it."""

    def __init__(self, connection: bus.BusConnection, source: str, message: Any) -> None:
        self.source = source
        self.routing_key: str = message.delivery_info["routing_key"]
        self.tag: int = message.delivery_info["delivery_tag"]
        body = message.body
        self.body: bytes = (
            body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")
        )
        self.headers: Mapping[str, Any] = message.properties.get("application_headers") or {}
        #: What was announced; None with the reason why it cannot be read.
        self.event: Received | None = None
        self.unreadable: Undecodable | None = None
        try:
            self.event = envelope.parse(self.body)
        except Undecodable as error:
            self.unreadable = error
        self.is_redelivered: bool = message.delivery_info["redelivered"]
        self.connection = connection
        self.channel_id: int = message.channel.channel_id


def acknowledge(deliveries: Sequence[Delivery]) -> None:
    """Tell the broker that it can forget messages of one connection, unless it took them back."""
    connection = deliveries[0].connection
    frames = [bus.ack_frame(delivery.channel_id, delivery.tag) for delivery in deliveries]
    try:
        if connection.connected:
            connection.send(b"".join(frames))
    except bus.BUS_ERRORS:
        _log.debug("events could not be acknowledged; the inbox stops them next time")


class EventDesk(SharedExtension):
    """A service's listeners and all that brings them their events."""

    #: The service's database; there from the start on.
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self._listeners: dict[tuple[str, str], list[Listener]] = defaultdict(list)
        self._entrypoints: dict[str, Any] = {}
        self._connection: bus.BusConnection | None = None
        self._channel: Any = None
        self._consumer_tags: list[str] = []
        self._lanes: dict[tuple[str, ...], deque[Delivery]] = {}
        # What has come from each source and is not in a lane yet, and who works on it.
        self._come: dict[str, deque[Delivery]] = defaultdict(deque)
        self._taking: set[str] = set()
        self._slots = eventlet.semaphore.Semaphore(LANES_AT_A_TIME)
        # Bindings of events that no listener has wanted for a while: source and routing key.
        self._unwanted: set[tuple[str, str]] = set()
        self._stopping = threading.Event()
        #: Set once every queue is declared and bound: from then on no event passes unseen.
        self.bound = threading.Event()
        self._no_more_work = False
        self._is_paused = False
        self._reader: Any = None
        self._retrier: Any = None

    # What is listened to --------------------------------------------------------------------

    def register(self, entrypoint: Any) -> None:
        """Add a bound entrypoint that listens."""
        self._listeners[entrypoint.source, entrypoint.name].append(entrypoint)
        self._entrypoints.setdefault(entrypoint.method_name, entrypoint)

    @property
    def sources(self) -> list[str]:
        return sorted({source for source, _ in self._listeners})

    @property
    def _all(self) -> list[Listener]:
        return [listener for group in self._listeners.values() for listener in group]

    def is_in_order(self, method_name: str, source: str) -> bool:
        """Say whether a method waits for gaps in the order of a source's aggregates."""
        return any(
            listener.in_order
            for listener in self._all
            if listener.method_name == method_name and listener.source == source
        )

    def subscriptions(self) -> dict[str, list[str]]:
        """Give the routing keys bound for each source."""
        return subscriptions(self._all)

    def listeners_for(self, event: Received) -> dict[str, Listener | None]:
        """Give the methods an event is for, by name.

        An in-order method also sees the events of its source that it does not listen to, other
        versions included (then the listener is None): they move its cursor on, or each would
        look like a gap.
        """
        wanted: dict[str, Listener | None] = {
            listener.method_name: None
            for listener in self._all
            if listener.in_order and listener.source == event.source
        }
        for listener in self._listeners.get((event.source, event.name), ()):
            is_its_version = listener.schema_version == event.schema_version
            if is_its_version or listener.method_name not in wanted:
                wanted[listener.method_name] = listener
        return wanted

    # Life -----------------------------------------------------------------------------------

    def start(self) -> None:
        self.store = store_of(self.container)
        if not self._listeners:
            self.bound.set()
        elif self._reader is None:
            self._reader = self.container.spawn_managed_thread(self._read, "event-reader")
            self._retrier = self.container.spawn_managed_thread(self._retry, "event-retrier")

    def drain(self) -> None:
        """Take nothing new, wait for what runs, acknowledge it, let the connection go.

        The container calls this before it stops its dependencies: lanes need the database.
        """
        self._stopping.set()
        give_up = time.monotonic() + _LANES_END_SECONDS
        while (self._lanes or self._taking) and time.monotonic() < give_up:
            eventlet.sleep(0.02)
        self._no_more_work = True
        for thread in (self._retrier, self._reader):
            if thread is not None:
                thread.wait()

    def kill(self) -> None:
        self._stopping.set()
        self._no_more_work = True
        if self._connection is not None:
            self._connection.cut()

    # Reading --------------------------------------------------------------------------------

    def _read(self) -> None:
        back_off = bus.BackOff()
        while not self._stopping.is_set():
            try:
                self._connect()
                back_off.succeeded()
                self._serve()
            except bus.BUS_ERRORS as error:
                if not self._stopping.is_set():
                    _log.warning("%s: no events now: %s", self.container.service_name, error)
                    self._stopping.wait(back_off.failed())
            finally:
                self._disconnect()

    def _connect(self) -> None:
        config = self.container.config
        name = self.container.service_name
        connection = bus.connect(
            config[AMQP_URI_CONFIG_KEY],
            name=f"{name}-events",
            heartbeat=config.get(HEARTBEAT_CONFIG_KEY, bus.HEARTBEAT_SECONDS),
            ssl=config.get(AMQP_SSL_CONFIG_KEY),
        )
        self._connection = connection
        topology.declare_listener(connection, name, self.subscriptions())
        self.bound.set()
        self._channel = connection.channel()
        self._channel.basic_qos(0, PREFETCH, False)
        self._consumer_tags = []

    def _serve(self) -> None:
        """Consume until told to stop, then stay until the running lanes have acknowledged."""
        connection = self._connection
        assert connection is not None  # noqa: S101  set by _connect
        while not self._no_more_work:
            if self._consumer_tags and (self._stopping.is_set() or self._is_paused):
                self._stop_consuming()
            elif not self._consumer_tags and not (self._stopping.is_set() or self._is_paused):
                self._start_consuming()
            self._unbind_unwanted()
            with suppress(TimeoutError):
                connection.handle_what_came()
            connection.heartbeat_tick()
        connection.close()

    def _start_consuming(self) -> None:
        service = self.container.service_name
        queues = [(source, topology.queue_name(source, service)) for source in self.sources]
        queues.append(("", topology.parking_name(service)))
        for source, queue in queues:
            tag = self._channel.basic_consume(
                queue,
                callback=partial(self._on_message, source),
                on_cancel=self._on_cancelled,
            )
            self._consumer_tags.append(tag)
        _log.info("%s listens to %s", service, ", ".join(self.sources))

    def _unbind_unwanted(self) -> None:
        while self._unwanted:
            source, key = self._unwanted.pop()
            queue = topology.queue_name(source, self.container.service_name)
            self._channel.queue_unbind(queue, topology.events_exchange(source), key)
            if topology.EVERY_EVENT not in self.subscriptions().get(source, ()):
                self._channel.queue_unbind(
                    queue, topology.events_exchange(source), topology.EVERY_EVENT
                )
            _log.info("%s listens to %s of %s no more", self.container.service_name, key, source)

    def _stop_consuming(self) -> None:
        for tag in self._consumer_tags:
            self._channel.basic_cancel(tag)
        self._consumer_tags = []

    def _on_cancelled(self, _tag: str) -> None:
        # The queue was deleted. All is declared anew, and anti-entropy brings what was lost.
        raise ConnectionResetError("the broker cancelled a consumer")

    def _disconnect(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._consumer_tags = []
        # Waiting deliveries are the broker's again; running ones cannot be acknowledged now.
        for waiting in (*self._lanes.values(), *self._come.values()):
            waiting.clear()
        if connection is not None:
            connection.cut()

    def _on_message(self, source: str, message: Any) -> None:
        assert self._connection is not None  # noqa: S101  it has just brought the message
        delivery = Delivery(self._connection, source, message)
        if not source:
            self._to_lane(delivery)
            return
        self._come[source].append(delivery)
        if source not in self._taking:
            self._taking.add(source)
            self.container.spawn_managed_thread(partial(self._take, source), "event-taker")

    def _take(self, source: str) -> None:
        """Handle what has come from a source, together where more than one message has."""
        come = self._come[source]
        try:
            while come and not self._stopping.is_set():
                batch = self._next_batch(come)
                if len(batch) > 1 and self._handle_together(batch):
                    continue
                for delivery in batch:
                    self._to_lane(delivery)
        except ContainerBeingKilled:
            pass
        finally:
            self._taking.discard(source)

    def _next_batch(self, come: deque[Delivery]) -> list[Delivery]:
        """Take what can be handled together, in its order; what cannot goes to its lane."""
        batch: list[Delivery] = []
        keys: set[tuple[str, ...]] = set()
        while come and len(batch) < TOGETHER:
            delivery = come[0]
            key = self._lane_key(delivery)
            if key not in self._lanes and self._joins(delivery):
                batch.append(delivery)
                keys.add(key)
            elif key in keys:
                break
            else:
                self._to_lane(delivery)
            come.popleft()
        return batch

    def _joins(self, delivery: Delivery) -> bool:
        """Say whether a message may be handled with others.

        One that comes again may have killed its process; one that waits for a gap, or that
        nobody here reads, is treated by itself.
        """
        event = delivery.event
        if event is None or delivery.is_redelivered:
            return False
        listeners = self.listeners_for(event)
        return bool(listeners) and all(
            listener is not None
            and not listener.in_order
            and listener.schema_version == event.schema_version
            for listener in listeners.values()
        )

    def _handle_together(self, batch: Sequence[Delivery]) -> bool:
        """Handle messages in one transaction and acknowledge them; False if nothing was done."""
        tasks = [
            Task(listener, delivery.event)
            for delivery in batch
            if delivery.event is not None
            for listener in self.listeners_for(delivery.event).values()
            if listener is not None
        ]
        with self._slots:
            error = self._work(tasks[0].listener.method_name, JointAttempt(self.store, tasks))
            if error is not None:
                _log.debug("%d events are handled one at a time: %r", len(batch), error)
                return False
            faults.point("after_commit_before_ack")
            acknowledge(batch)
        return True

    def _to_lane(self, delivery: Delivery) -> None:
        key = self._lane_key(delivery)
        lane = self._lanes.get(key)
        if lane is None:
            self._lanes[key] = deque([delivery])
            self.container.spawn_managed_thread(partial(self._run_lane, key), "event-lane")
        else:
            lane.append(delivery)

    def _lane_key(self, delivery: Delivery) -> tuple[str, ...]:
        event = delivery.event
        if event is None or not delivery.source:
            return (delivery.source,)
        return (delivery.source, event.aggregate_type, event.aggregate_id)

    # Handling -------------------------------------------------------------------------------

    def _run_lane(self, key: tuple[str, ...]) -> None:
        lane = self._lanes[key]
        try:
            while lane and not self._stopping.is_set():
                delivery = lane.popleft()
                with self._slots:
                    if self._settled(delivery):
                        faults.point("after_commit_before_ack")
                        acknowledge([delivery])
        except ContainerBeingKilled:
            pass
        finally:
            del self._lanes[key]

    def _settled(self, delivery: Delivery) -> bool:
        """Have a delivery handled or kept for later; False if neither could be done.

        Only a stop ends it without either: as long as the database is away it waits.
        """
        while True:
            try:
                if delivery.source:
                    self._handle(delivery)
                else:
                    self._take_in_parked(delivery)
            except _AWAY as error:
                if self._stopping.is_set():
                    return False
                self._wait_for_database(error)
                if self._stopping.is_set():
                    return False
            else:
                return True

    def _handle(self, delivery: Delivery) -> None:
        event = delivery.event
        if event is None:
            refused = _refused(delivery.unreadable)
            self._keep(UNREADABLE, delivery.source, delivery.body, None, refused)
            return
        listeners = self.listeners_for(event)
        if not listeners:
            # Another version of this service, running beside, may want it.
            failure = Failure(State.RETRYING, "no listener", 1, failed.delay_seconds(1))
            self._keep(UNCLAIMED, delivery.source, delivery.body, event, failure)
        for method_name, listener in listeners.items():
            failed_by = self._try(method_name, listener, event)
            if isinstance(failed_by, NotNow) and failed_by.verdict is Verdict.SET_ASIDE:
                continue
            if failed_by is not None:
                failure = self._judged(failed_by, method_name, event, attempts=1)
                self._keep(method_name, delivery.source, delivery.body, event, failure)

    def _try(
        self, method_name: str, listener: Listener | None, event: Received, kept: Any = None
    ) -> Exception | None:
        return self._work(method_name, Attempt(self, method_name, listener, event, kept))

    def _work(self, method_name: str, attempt: Attempt | JointAttempt) -> Exception | None:
        """Run an attempt in a worker of the container and give what it raised."""
        ended = eventlet.event.Event()

        def handle_result(_context: Any, result: Any, exc_info: Any) -> Any:
            ended.send(exc_info[1] if exc_info else None)
            return result, exc_info

        self.container.spawn_worker(
            self._entrypoints[method_name],
            (attempt,),
            {},
            context_data={},
            handle_result=handle_result,
        )
        error: Exception | None = ended.wait()
        return error

    def _judged(
        self, error: Exception, method_name: str, event: Received, *, attempts: int
    ) -> Failure:
        """Decide what becomes of an event whose attempt raised."""
        if isinstance(error, NotNow):
            return _not_now(error.verdict, event)
        failure = failed.after_error(error, attempts, retryable=not isinstance(error, DataRefused))
        level = logging.ERROR if failure.state is State.PARKED else logging.WARNING
        _log.log(
            level,
            "%s could not handle %s %s of %s %s (attempt %d): %s",
            method_name, event.name, event.message_id, event.aggregate_type, event.aggregate_id,
            attempts, failure.state, exc_info=error,
        )  # fmt: skip
        return failure

    def _keep(
        self, listener: str, source: str, body: bytes, event: Received | None, failure: Failure
    ) -> None:
        """Write a message into failed_message, in a transaction of its own."""
        with self.store.work() as work:
            failed.set_aside(
                work.session,
                work.store.platform.failed,
                listener=listener,
                source=source,
                body=body,
                event=event,
                failure=failure,
            )

    def _wait_for_database(self, error: Exception) -> None:
        """Take nothing from the queues until the database answers again."""
        if not self._is_paused:
            _log.error("%s takes no events: %s", self.container.service_name, error)
        self._is_paused = True
        try:
            while not self._stopping.is_set():
                if self._stopping.wait(_PAUSE_SECONDS):
                    return
                try:
                    with self.store.work() as work:
                        work.session.execute(select(1))
                except _AWAY:
                    continue
                return
        finally:
            self._is_paused = False

    # Trying again --------------------------------------------------------------------------

    def _retry(self) -> None:
        while not self._stopping.is_set():
            if self._stopping.wait(RETRY_POLL_SECONDS):
                return
            try:
                if self.store.read(_OURSELVES, lambda work: failed.is_idle(work.session)):
                    continue
                while not self._stopping.is_set() and self._try_due():
                    pass
                self._try_suspects()
            except ContainerBeingKilled:
                return
            except _AWAY as error:
                _log.debug("failed messages are not looked at now: %s", error)

    def _try_due(self) -> bool:
        """Try the messages whose turn it is; give whether others may have become due by that."""
        tables = self.store.platform
        rows = self.store.read(
            _OURSELVES, lambda work: failed.due(work.session, tables.failed, tables.cursors)
        )
        begun = False
        for row in rows:
            if self._stopping.is_set():
                break
            with self._slots:
                begun = self._try_kept(row, State.RETRYING) or begun
        return begun

    def _try_suspects(self) -> None:
        """Try what may have killed its process, one at a time in the whole service."""
        table = self.store.platform.failed
        if not self.store.read(_OURSELVES, lambda work: failed.suspects(work.session, table)):
            return
        with self._only_one_trial() as is_ours:
            if not is_ours:
                return
            rows = self.store.read(_OURSELVES, lambda work: failed.suspects(work.session, table))
            for row in rows:
                if self._stopping.is_set():
                    return
                with self._all_slots():
                    if row.state == State.TRYING and row.attempts >= failed.TRIALS:
                        # Its trial held the lock that is ours now: that process is dead.
                        self._mark(row, Failure(State.PARKED, "killed its process", row.attempts))
                    else:
                        self._try_kept(row, State.TRYING)

    @contextmanager
    def _only_one_trial(self) -> Iterator[bool]:
        """Hold the service's lock on trials, unless another replica has it."""
        with self.store.reading.connect() as connection:
            is_ours = bool(connection.scalar(select(func.pg_try_advisory_lock(_TRIALS_LOCK))))
            try:
                yield is_ours
            finally:
                if is_ours:
                    connection.execute(select(func.pg_advisory_unlock(_TRIALS_LOCK)))

    @contextmanager
    def _all_slots(self) -> Iterator[None]:
        for _ in range(LANES_AT_A_TIME):
            self._slots.acquire()
        try:
            yield
        finally:
            for _ in range(LANES_AT_A_TIME):
                self._slots.release()

    def _try_kept(self, row: Any, state: State) -> bool:
        """Try a message once more; False if another replica has begun it."""
        if row.attempts >= failed.ATTEMPTS:
            self._mark(row, Failure(State.PARKED, row.error, row.attempts))
            return True
        with self.store.work() as work:
            begun = failed.begin(work.session, work.store.platform.failed, row, state)
        if begun:
            self._try_begun(row)
        return begun

    def _try_begun(self, row: Any) -> None:
        faults.point("after_begin_before_retry")
        try:
            event = envelope.parse(row.body)
        except Undecodable as error:
            self._mark(row, _refused(error))
            return
        listeners = self.listeners_for(event)
        if row.listener in (UNREADABLE, UNCLAIMED):
            self._share_out(row, event, list(listeners))
        elif row.listener not in listeners:
            # Another version of this service, running beside, may have it.
            gone = LookupError(f"the service has no listener {row.listener}")
            self._mark(row, failed.after_error(gone, row.attempts + 1))
        else:
            failed_by = self._try(row.listener, listeners[row.listener], event, row)
            if failed_by is not None:
                self._mark(row, self._judged_again(failed_by, row, event))

    def _judged_again(self, error: Exception, row: Any, event: Received) -> Failure:
        failure = self._judged(error, row.listener, event, attempts=row.attempts + 1)
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
            self._unwanted.add((row.source, routing_key(event.name, event.schema_version)))
        with self.store.work() as work:
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
        with self.store.work() as work:
            failed.mark(work.session, work.store.platform.failed, row.id, failure)
        if failure.state is State.PARKED:
            _log.error(
                "message %s for %s is parked: %s", row.message_id, row.listener, failure.error
            )

    def _take_in_parked(self, delivery: Delivery) -> None:
        """Keep what the broker parked, to be tried alone by each listener that lacks it."""
        event = delivery.event
        if event is None:
            source, refused = _died_in(delivery.headers), _refused(delivery.unreadable)
            self._keep(UNREADABLE, source, delivery.body, None, refused)
            return
        tables = self.store.platform
        with self.store.work() as work:
            for listener in self.listeners_for(event):
                if inbox.has(work.session, tables.inbox, listener, event.message_id):
                    continue
                failed.set_aside(
                    work.session,
                    tables.failed,
                    listener=listener,
                    source=event.source,
                    body=delivery.body,
                    event=event,
                    failure=Failure(State.SUSPECT, "its process died again and again"),
                )

    # For the relay --------------------------------------------------------------------------

    def missing(self, source: str, messages: Sequence[Mapping[str, Any]]) -> list[str]:
        """Give the ids of those messages that some listener has neither handled nor kept."""
        wanted: list[tuple[str, str]] = []
        for message in messages:
            wanted += [
                (str(message["id"]), method_name)
                for method_name in self._methods_for(source, message["name"], message["version"])
            ]
        if not wanted:
            return []
        tables = self.store.platform
        return self.store.read(
            _OURSELVES,
            lambda work: inbox.missing(work.session, tables.inbox, tables.failed, wanted),
        )

    def _methods_for(self, source: str, name: str, version: int) -> list[str]:
        return sorted(
            {
                listener.method_name
                for listener in self._all
                if listener.source == source
                and (
                    listener.in_order or (listener.name, listener.schema_version) == (name, version)
                )
            }
        )


_OURSELVES = Principal("listening", "listening", kind="service")
_TRIALS_LOCK = 0x6D657373


def subscriptions(listeners: Sequence[Listener]) -> dict[str, list[str]]:
    """Give the routing keys that these listeners need, by source.

    An in-order one needs every event of its source: only then is a hole in the sequence a gap.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    for listener in listeners:
        keys[listener.source].add(routing_key(listener.name, listener.schema_version))
        if listener.in_order:
            keys[listener.source].add(topology.EVERY_EVENT)
    return {
        source: [topology.EVERY_EVENT] if topology.EVERY_EVENT in of_source else sorted(of_source)
        for source, of_source in sorted(keys.items())
    }


def _not_now(verdict: Verdict, event: Received) -> Failure:
    if verdict is Verdict.BEHIND:
        return Failure(State.BEHIND, "an earlier message of its aggregate waits")
    if verdict is Verdict.EARLY:
        return Failure(State.GAP, f"came before number {event.sequence - 1}", 0, GAP_SECONDS)
    return Failure(State.PARKED, "came after its place in the order was given up")


def _refused(error: Exception | None) -> Failure:
    return Failure(State.PARKED, f"unreadable: {error}")


def _died_in(headers: Mapping[str, Any]) -> str:
    """Give the source whose queue a dead-lettered message comes from, as the broker says."""
    queue = str(headers.get("x-first-death-queue", ""))
    return queue.removeprefix("events-").partition("--")[0][:40]
