"""How a service takes in events: its own connection, one queue per source.

Messages of a source that have come in a row are handled in one transaction: the inbox rows of
all their listeners (methods of the service) and what these change. Where that cannot be, because
one fails, has to wait, comes again or is alone, each goes into the lane of its aggregate. A
lane's messages are handled one after the other, different lanes side by side, each listener in a
transaction with its inbox row. A message is acknowledged when every listener has handled it or
has it in failed_message (chassis/retrying.py).

While the database is away nothing is taken from the queues and nothing given back: a message
given back counts towards the limit that parks it (ARCHITECTURE §4.4).
"""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import eventlet
import eventlet.event
import eventlet.semaphore
from nameko.constants import AMQP_SSL_CONFIG_KEY, AMQP_URI_CONFIG_KEY, HEARTBEAT_CONFIG_KEY
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import SharedExtension
from sqlalchemy import select

from chassis import bus, failed, faults, inbox, topology
from chassis.attempt import Attempt, JointAttempt, Listener, NotNow, Task
from chassis.database import Store, store_of
from chassis.delivery import Delivery, acknowledge
from chassis.envelope import DataRefused
from chassis.events import Received
from chassis.failed import UNCLAIMED, UNREADABLE, Failure, State
from chassis.inbox import Verdict
from chassis.retrying import AWAY, GAP_SECONDS, LANES_AT_A_TIME, OURSELVES, Retrier, refused
from chassis.subscriptions import Subscriptions

_log = logging.getLogger(__name__)

PREFETCH = 20
# Events that came in a row are handled in one transaction, up to so many.
TOGETHER = 20
# A relay's events come one by one within this time: the first waits for those behind it.
_GATHER_SECONDS = 0.01
_PAUSE_SECONDS = 1.0
_LANES_END_SECONDS = 30.0


class EventDesk(SharedExtension):
    """A service's listeners and all that brings them their events."""

    #: The service's database; there from the start on.
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.subscribed = Subscriptions()
        self._entrypoints: dict[str, Any] = {}
        self._connection: bus.BusConnection | None = None
        self._channel: Any = None
        self._consumer_tags: list[str] = []
        self._lanes: dict[tuple[str, ...], deque[Delivery]] = {}
        # What has come from each source and is not in a lane yet, and who works on it.
        self._come: dict[str, deque[Delivery]] = defaultdict(deque)
        self._taking: set[str] = set()
        self.slots = eventlet.semaphore.Semaphore(LANES_AT_A_TIME)
        # Bindings of events that no listener has wanted for a while: source and routing key.
        self.unwanted: set[tuple[str, str]] = set()
        self.stopping = threading.Event()
        #: Set once every queue is declared and bound: from then on no event passes unseen.
        self.bound = threading.Event()
        self._no_more_work = False
        self._is_paused = False
        self._reader: Any = None
        self._retrier: Any = None

    def register(self, entrypoint: Any) -> None:
        """Add a bound entrypoint that listens."""
        self.subscribed.add(entrypoint)
        self._entrypoints.setdefault(entrypoint.method_name, entrypoint)

    # Life -----------------------------------------------------------------------------------

    def start(self) -> None:
        self.store = store_of(self.container)
        if not self.subscribed:
            self.bound.set()
        elif self._reader is None:
            self._reader = self.container.spawn_managed_thread(self._read, "event-reader")
            self._retrier = self.container.spawn_managed_thread(Retrier(self).run, "event-retrier")

    def drain(self) -> None:
        """Take nothing new, wait for what runs, acknowledge it, let the connection go.

        The container calls this before it stops its dependencies: lanes need the database.
        """
        self.stopping.set()
        give_up = time.monotonic() + _LANES_END_SECONDS
        while (self._lanes or self._taking) and time.monotonic() < give_up:
            eventlet.sleep(0.02)
        self._no_more_work = True
        for thread in (self._retrier, self._reader):
            if thread is not None:
                thread.wait()

    def kill(self) -> None:
        self.stopping.set()
        self._no_more_work = True
        if self._connection is not None:
            self._connection.cut()

    # Reading --------------------------------------------------------------------------------

    def _read(self) -> None:
        back_off = bus.BackOff()
        while not self.stopping.is_set():
            try:
                self._connect()
                back_off.succeeded()
                self._serve()
            except bus.BUS_ERRORS as error:
                if not self.stopping.is_set():
                    _log.warning("%s: no events now: %s", self.container.service_name, error)
                    self.stopping.wait(back_off.failed())
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
        topology.declare_listener(connection, name, self.subscribed.routing_keys())
        self.bound.set()
        self._channel = connection.channel()
        self._channel.basic_qos(0, PREFETCH, False)
        self._consumer_tags = []

    def _serve(self) -> None:
        """Consume until told to stop, then stay until the running lanes have acknowledged."""
        connection = self._connection
        assert connection is not None  # noqa: S101  set by _connect
        service, keys = self.container.service_name, self.subscribed.routing_keys()
        bindings = bus.Bindings(partial(topology.bind_listener, connection, service, keys))
        while not self._no_more_work:
            if self._consumer_tags and (self.stopping.is_set() or self._is_paused):
                self._stop_consuming()
            elif not self._consumer_tags and not (self.stopping.is_set() or self._is_paused):
                self._start_consuming()
            self._unbind_unwanted()
            with suppress(TimeoutError):
                connection.handle_what_came()
            connection.heartbeat_tick()
            bindings.tick()
        connection.close()

    def _take_in_all_parked(self) -> None:
        """Take in what the broker parked before anything else is taken.

        What came behind a message that killed its process waits for it only once that is known
        here: taken side by side with it, it might be handled first.
        """
        queue = topology.parking_name(self.container.service_name)
        while not self.stopping.is_set():
            message = self._channel.basic_get(queue)
            if message is None:
                return
            assert self._connection is not None  # noqa: S101  it has just brought the message
            delivery = Delivery(self._connection, "", message)
            if self._settled(delivery):
                acknowledge([delivery])

    def _start_consuming(self) -> None:
        service = self.container.service_name
        self._take_in_all_parked()
        queues = [
            (source, topology.queue_name(source, service)) for source in self.subscribed.sources
        ]
        queues.append(("", topology.parking_name(service)))
        for source, queue in queues:
            tag = self._channel.basic_consume(
                queue,
                callback=partial(self._on_message, source),
                on_cancel=self._on_cancelled,
            )
            self._consumer_tags.append(tag)
        _log.info("%s listens to %s", service, ", ".join(self.subscribed.sources))

    def _unbind_unwanted(self) -> None:
        while self.unwanted:
            source, key = self.unwanted.pop()
            queue = topology.queue_name(source, self.container.service_name)
            self._channel.queue_unbind(queue, topology.events_exchange(source), key)
            if topology.EVERY_EVENT not in self.subscribed.routing_keys().get(source, ()):
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
            eventlet.sleep(_GATHER_SECONDS)
            while come and not self.stopping.is_set():
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
        listeners = self.subscribed.listeners_for(event)
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
            for listener in self.subscribed.listeners_for(delivery.event).values()
            if listener is not None
        ]
        with self.slots:
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
            while lane and not self.stopping.is_set():
                delivery = lane.popleft()
                with self.slots:
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
            except AWAY as error:
                if self.stopping.is_set():
                    return False
                self._wait_for_database(error)
                if self.stopping.is_set():
                    return False
            else:
                return True

    def _handle(self, delivery: Delivery) -> None:
        event = delivery.event
        if event is None:
            failure = refused(delivery.unreadable)
            self._keep(UNREADABLE, delivery.source, delivery.body, None, failure)
            return
        listeners = self.subscribed.listeners_for(event)
        if not listeners:
            # Another version of this service, running beside, may want it.
            failure = Failure(State.RETRYING, "no listener", 1, failed.delay_seconds(1))
            self._keep(UNCLAIMED, delivery.source, delivery.body, event, failure)
        for method_name, listener in listeners.items():
            failed_by = self.attempt(method_name, listener, event)
            if isinstance(failed_by, NotNow) and failed_by.verdict is Verdict.SET_ASIDE:
                continue
            if failed_by is not None:
                failure = self.judged(failed_by, method_name, event, attempts=1)
                self._keep(method_name, delivery.source, delivery.body, event, failure)

    def attempt(
        self, method_name: str, listener: Listener | None, event: Received, kept: Any = None
    ) -> Exception | None:
        in_order = self.subscribed.is_in_order(method_name, event.source)
        attempt = Attempt(self.store, method_name, listener, event, kept=kept, in_order=in_order)
        return self._work(method_name, attempt)

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

    def judged(
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
            while not self.stopping.is_set():
                if self.stopping.wait(_PAUSE_SECONDS):
                    return
                try:
                    with self.store.work() as work:
                        work.session.execute(select(1))
                except AWAY:
                    continue
                return
        finally:
            self._is_paused = False

    def _take_in_parked(self, delivery: Delivery) -> None:
        """Keep what the broker parked, to be tried alone by each listener that lacks it."""
        event = delivery.event
        if event is None:
            source, failure = delivery.died_in, refused(delivery.unreadable)
            self._keep(UNREADABLE, source, delivery.body, None, failure)
            return
        tables = self.store.platform
        with self.store.work() as work:
            for listener in self.subscribed.listeners_for(event):
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
                for method_name in self.subscribed.methods_for(
                    source, message["name"], message["version"]
                )
            ]
        if not wanted:
            return []
        tables = self.store.platform
        return self.store.read(
            OURSELVES,
            lambda work: inbox.missing(work.session, tables.inbox, tables.failed, wanted),
        )


def _not_now(verdict: Verdict, event: Received) -> Failure:
    if verdict is Verdict.BEHIND:
        return Failure(State.BEHIND, "an earlier message of its aggregate waits")
    if verdict is Verdict.EARLY:
        return Failure(State.GAP, f"came before number {event.sequence - 1}", 0, GAP_SECONDS)
    return Failure(State.PARKED, "came after its place in the order was given up")
