"""Guards around nameko: what it loses, repeats or dies of, and does not here (MESSAGING §3.9).

`Intake` takes the place of nameko's QueueConsumer and `Container` that of its ServiceContainer;
extensions written for nameko work on both.
"""

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import eventlet
import eventlet.event
import eventlet.patcher
import structlog
from amqp.exceptions import PreconditionFailed
from greenlet import GreenletExit
from kombu.connection import Connection
from kombu.messaging import Consumer
from nameko.constants import AMQP_SSL_CONFIG_KEY, HEARTBEAT_CONFIG_KEY
from nameko.containers import ServiceContainer, WorkerContext
from nameko.extensions import ProviderCollector
from nameko.messaging import QueueConsumer, QueueConsumerStopped

from chassis.bus import (
    BUS_ERRORS,
    HEARTBEAT_SECONDS,
    BackOff,
    Bindings,
    BusConnection,
    ack_frame,
    kombu_connection,
)
from chassis.observe import WORK_SECONDS, WORKERS_BUSY, HubProbe
from chassis.rpc.wire import serve_under

_log = logging.getLogger(__name__)

# How long a stop may take to be noticed by the reader of a quiet connection.
_TICK_SECONDS = 0.25


class _IntakeConnection(BusConnection):
    tick = _TICK_SECONDS


class HandlerInterrupted(Exception):
    """A BaseException that left a handler, as an error that nameko can handle.

    A leaked eventlet.Timeout passes nameko's `except Exception` and its worker slot is lost;
    ten of them and a service looks healthy and consumes nothing (MESSAGING §0.4).
    """


class _RawConsumer(Consumer):
    """Hands the message over as py-amqp read it: whoever takes it looks at it itself."""

    on_message: Callable[[Any], None]

    def _receive_callback(self, message: Any) -> None:
        self.on_message(message)


class Intake(QueueConsumer):
    """nameko's QueueConsumer, with a connection that outlives the work it brought.

    - Its connection ends after the workers, so that what they finish during a stop is
      acknowledged and nobody does it again.
    - Acknowledgements are gathered and written together; one that cannot be written is let go
      of: the broker has already taken the message back.
    - A body that cannot be decoded is rejected, to the queue's dead-letter exchange if it has
      one, not acknowledged.
    - Nothing waits for the broker without limit, and reconnecting never gives up.

    A provider with a method `take(message)` gets py-amqp's message in the reader's own green
    thread, where it must not block; all others get nameko's `handle_message(body, message)`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._connected: BusConnection | None = None
        self._acks: deque[tuple[BusConnection, bytes]] = deque()
        self._ack_posted = threading.Semaphore(0)
        self._ack_writer: Any = None

    @property
    def is_consuming(self) -> bool:
        """Say whether the broker can bring work now."""
        return self._connected is not None and bool(self._connected.connected)

    @property
    def connection(self) -> Connection:
        config = self.container.config
        described = kombu_connection(
            self.amqp_uri,
            heartbeat=config.get(HEARTBEAT_CONFIG_KEY, HEARTBEAT_SECONDS),
            ssl=config.get(AMQP_SSL_CONFIG_KEY),
            transport_options={
                "client_properties": {"connection_name": f"{self.container.service_name}-intake"}
            },
        )
        transport: Any = described.transport
        transport.Connection = _IntakeConnection
        return described

    def create_connection(self) -> Connection:
        return self.connection

    @contextmanager
    def establish_connection(self) -> Iterator[Connection]:
        described = self.create_connection()
        # Tries of more than a moment are `run`'s business.
        described.ensure_connection(  # type: ignore[no-untyped-call]  # kombu's
            max_retries=1, interval_start=0, interval_step=0, reraise_as_library_errors=False
        )
        connected: BusConnection = described.connection
        try:
            yield described
        except BaseException:
            connected.cut()
            raise
        else:
            self._write_acks_out()
            connected.close()
        finally:
            self._connected = None
            self._consumers.clear()
            # With the connection its consumers are gone: nothing is left to cancel.
            while self._pending_remove_providers:
                self._pending_remove_providers.popitem()[1].send()

    def start(self) -> None:
        if self._ack_writer is None:
            self._ack_writer = self.container.spawn_managed_thread(self._write_acks)
        super().start()

    def run(self) -> None:
        """Consume until stopped, over as many connections as that takes."""
        back_off = BackOff()
        while not self.should_stop:
            try:
                for _ in self.consume():
                    back_off.succeeded()
            except BUS_ERRORS as error:
                _log.warning("%s: no link to the broker: %r", self.container.service_name, error)
                eventlet.sleep(back_off.failed())

    def get_consumers(self, consumer_cls: Callable[..., Consumer], channel: Any) -> Any:
        raw_consumer_cls: Any = _RawConsumer
        self._consumers = {}
        # One may leave while another's queue is declared: the service is told to stop just now.
        for provider in tuple(self._providers):
            if provider not in self._providers:
                continue
            _declare(channel.connection, provider.queue)
            # Each queue has its own number of unacknowledged messages, never a global one.
            prefetch = getattr(provider, "prefetch_count", None) or self.prefetch_count
            channel.basic_qos(0, prefetch, False)
            if hasattr(provider, "take"):
                consumer: Any = raw_consumer_cls(
                    channel,
                    queues=[provider.queue],
                    on_message=provider.take,
                    auto_declare=False,
                )
            else:
                consumer = consumer_cls(
                    queues=[provider.queue],
                    callbacks=[self._handler_of(provider)],
                    accept=self.accept,
                    auto_declare=False,
                )
            # Consuming starts here, while this queue's prefetch is the channel's.
            consumer.consume()
            self._consumers[provider] = consumer
        return self._consumers.values()

    def _handler_of(self, provider: Any) -> Callable[[Any, Any], None]:
        return lambda body, message: self.handle_message(provider, body, message)

    def on_consume_ready(self, connection: Any, channel: Any, consumers: Any, **_: Any) -> None:
        self._connected = connection.connection
        super().on_consume_ready(connection, channel, consumers)

    def consume(self, *_: Any, **__: Any) -> Iterator[None]:
        with self.consumer_context() as (described, _channel, _consumers):
            connection: BusConnection = described.connection
            bindings = Bindings(partial(self._bind_again, connection))
            while not self.should_stop:
                self.on_iteration()
                with suppress(TimeoutError):
                    connection.handle_what_came()
                connection.heartbeat_tick()
                bindings.tick()
                yield

    def _bind_again(self, connection: BusConnection) -> None:
        channel = connection.channel()
        for provider in tuple(self._consumers):
            queue = provider.queue(channel)
            if queue.exchange.name:
                queue.exchange.declare()
                queue.queue_bind()
        channel.close()

    def on_iteration(self) -> None:
        # nameko ends the connection with its last consumer, and with it the acknowledgements
        # of what still runs. Here only `stop` ends it (MESSAGING §3.9.1).
        while self._pending_remove_providers:
            provider = next(iter(self._pending_remove_providers))
            # Should that fail, whoever waits is told when the connection is let go of.
            self._consumers.pop(provider).cancel()
            self._pending_remove_providers.pop(provider).send()

    def unregister_provider(self, provider: Any) -> None:
        """Bring nothing more to `provider`; returns when that is so."""
        if provider in self._consumers:
            # Its consumer is cancelled by whoever reads the connection, or goes with that.
            removed = eventlet.event.Event()
            self._pending_remove_providers[provider] = removed
            removed.wait()
        ProviderCollector.unregister_provider(self, provider)

    def stop(self) -> None:
        # The container calls this when its workers have finished and its providers are gone.
        self.wait_for_providers()
        self.should_stop = True
        if self._gt is not None:
            if not self.is_consuming:
                self._gt.kill(QueueConsumerStopped())  # it tries to connect
            with suppress(QueueConsumerStopped, GreenletExit):
                self._gt.wait()
        self._ack_posted.release()
        if self._ack_writer is not None:
            self._ack_writer.wait()

    def kill(self) -> None:
        self.should_stop = True
        if self._connected is not None:
            self._connected.cut()
        if self._gt is not None:
            self._gt.kill()

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        _log.error("a message cannot be decoded and is rejected: %s", exc)
        self._quietly(message.reject)

    # Acknowledging --------------------------------------------------------------------------

    def ack_message(self, message: Any) -> None:
        if message.channel is not None and message.channel.connection:
            self._quietly(message.ack)

    def ack(self, connection: BusConnection, channel_id: int, delivery_tag: int) -> None:
        """Have a delivery acknowledged soon, if its connection still lives."""
        self._acks.append((connection, ack_frame(channel_id, delivery_tag)))
        if len(self._acks) == 1:
            self._ack_posted.release()

    def requeue_message(self, message: Any) -> None:
        if message.channel is not None and message.channel.connection:
            self._quietly(message.requeue)

    def _quietly(self, answer: Callable[[], None]) -> None:
        try:
            answer()
        except BUS_ERRORS:
            _log.debug("a message could not be answered; the broker brings it again")

    def _write_acks(self) -> None:
        while not self.should_stop:
            self._ack_posted.acquire()
            self._write_acks_out()

    def _write_acks_out(self) -> None:
        while self._acks:
            connection = self._acks[0][0]
            frames = []
            while self._acks and self._acks[0][0] is connection:
                frames.append(self._acks.popleft()[1])
            try:
                if connection.connected:
                    connection.send(b"".join(frames))
            except BUS_ERRORS:
                _log.debug("acknowledgements could not be written; the broker brings it again")


def _declare(connection: Any, queue: Any) -> None:
    """Declare a queue with its exchange and binding, on a channel that may be lost by it."""
    channel = connection.channel()
    try:
        queue(channel).declare()
    except PreconditionFailed as error:
        # It is older than one of its arguments. It serves all the same, and changing it means
        # deleting it, which is an operator's decision.
        _log.warning("queue %s stays as it was declared before: %s", queue.name, error)
    else:
        channel.close()


class Container(ServiceContainer):
    """nameko's container, in which no single piece of work can end or clog the process.

    Whatever a handler or a dependency raises becomes that work's result. The work runs under
    its caller's deadline and call ids.
    """

    def __init__(self, service_cls: type, config: dict[str, Any]) -> None:
        super().__init__(service_cls, config)
        #: When work was last begun or finished, on the monotonic clock.
        self.last_progress = time.monotonic()

        self._when_worker_free: list[Callable[[], None]] = []

    @property
    def free_workers(self) -> int:
        return int(self._worker_pool.free())

    @property
    def busy_workers(self) -> int:
        return len(self._worker_threads)

    def when_worker_free(self, act: Callable[[], None]) -> None:
        """Have `act` called whenever a worker has ended; it must not block."""
        self._when_worker_free.append(act)

    def _handle_worker_thread_exited(self, thread: Any, worker_ctx: WorkerContext) -> None:
        super()._handle_worker_thread_exited(thread, worker_ctx)
        for act in self._when_worker_free:
            act()

    def _run_worker(self, worker_ctx: WorkerContext, handle_result: Any) -> None:
        entrypoint = worker_ctx.entrypoint
        method_name = entrypoint.method_name
        data = worker_ctx.data
        serve_under(data.get("deadline"), tuple(worker_ctx.call_id_stack))
        structlog.contextvars.bind_contextvars(call=worker_ctx.call_id_stack[0], method=method_name)
        began = self.last_progress = time.monotonic()
        WORKERS_BUSY.inc()
        result: Any = None
        exc_info: Any = None
        try:
            try:
                self._inject_dependencies(worker_ctx)
                self._worker_setup(worker_ctx)
                method = getattr(worker_ctx.service, method_name)
                result = method(*worker_ctx.args, **worker_ctx.kwargs)
            except GreenletExit:
                raise  # the container kills it; the broker brings the message again
            except Exception:  # noqa: BLE001  # any error becomes this work's result
                exc_info = sys.exc_info()
            except BaseException as interruption:  # noqa: BLE001  # eventlet.Timeout is one
                wrapped = HandlerInterrupted(f"{type(interruption).__name__}: {interruption}")
                wrapped.__cause__ = interruption
                exc_info = (HandlerInterrupted, wrapped, interruption.__traceback__)
            if exc_info is not None and not getattr(entrypoint, "tells_errors_itself", False):
                _log.error("%s failed", method_name, exc_info=exc_info)
            if handle_result is not None:
                result, exc_info = self._settle(worker_ctx, handle_result, result, exc_info)
            self._tell_dependencies(worker_ctx, result, exc_info)
        finally:
            del exc_info  # breaks the cycle with this frame
            WORKERS_BUSY.dec()
            self.last_progress = time.monotonic()
            WORK_SECONDS.labels(method_name).observe(self.last_progress - began)

    def _settle(self, worker_ctx: WorkerContext, handle: Any, result: Any, exc_info: Any) -> Any:
        try:
            return handle(worker_ctx, result, exc_info)
        except BUS_ERRORS:
            # The message is not acknowledged then; the broker brings it again.
            _log.warning("the result of %s could not be handed on", worker_ctx, exc_info=True)
            return None, sys.exc_info()

    def _tell_dependencies(self, worker_ctx: WorkerContext, result: Any, exc_info: Any) -> None:
        for provider in self.dependencies:
            try:
                try:
                    provider.worker_result(worker_ctx, result, exc_info)
                finally:
                    provider.worker_teardown(worker_ctx)
            except Exception:  # noqa: BLE001  # the work itself is done and answered
                _log.exception("%s failed after %s", provider, worker_ctx)


class Watchdog:
    """Ends the process when its hub or its workers stand still; the supervisor starts another.

    Lives in a thread of the operating system, which a blocked hub cannot stop.
    """

    def __init__(self, container: Container, probe: HubProbe, *, limit_seconds: float) -> None:
        self._container = container
        self._probe = probe
        self._limit = limit_seconds
        self._wake = eventlet.patcher.original("threading").Event()

    def start(self) -> None:
        real = eventlet.patcher.original("threading")
        real.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stands_still(self) -> str | None:
        """Give what stands still, if anything does."""
        now = time.monotonic()
        if now - self._probe.last_ran > self._limit:
            return "the hub is blocked"
        container = self._container
        if container.busy_workers and now - container.last_progress > self._limit:
            return f"{container.busy_workers} workers make no progress"
        return None

    def _watch(self) -> None:
        while not self._wake.wait(min(5.0, self._limit / 4)):
            reason = self.stands_still()
            if reason is not None:
                import faulthandler

                # Logging's locks may be held by the blocked hub: written without them.
                os.write(2, f"watchdog: {reason} for {self._limit} s; exiting\n".encode())
                faulthandler.dump_traceback(all_threads=True)
                os._exit(1)
