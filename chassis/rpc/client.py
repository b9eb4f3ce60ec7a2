"""The calling end: many threads, one connection to send, one to receive.

Every call has a deadline and never waits past it, whatever the broker does: the caller hands
its frames to a writer and sleeps on a latch of its own. Replies come to one exclusive queue per
process and find their caller by correlation id; one that comes too late finds nobody.

Works in plain threads and, in a process patched by eventlet, in green ones. Nothing is opened
before the first call, so a worker forked from a process that imported this has its own.
"""

import itertools
import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from chassis.bus import (
    BUS_ERRORS,
    HEARTBEAT_SECONDS,
    BackOff,
    Bindings,
    BusConnection,
    Lane,
    connect,
    publish_frames,
)
from chassis.errors import GendanError
from chassis.notation import Unencodable, from_json, to_json
from chassis.observe import RPC_CALLS, RPC_LATE_REPLIES
from chassis.rpc.wire import (
    CALL_IDS_HEADER,
    DEADLINE_HEADER,
    EXCHANGE,
    DeadlinePassed,
    MalformedRequest,
    Overloaded,
    ServiceUnavailable,
    current_call_ids,
    current_deadline,
    error_from_payload,
    seconds_left,
)

_log = logging.getLogger(__name__)

MAX_PENDING = 500
# A link that lasted less is a failure to connect, not a link that was lost.
_STEADY_SECONDS = 2.0

_CONNECTING, _UP, _DOWN, _CLOSED = "connecting", "up", "down", "closed"


class _Call:
    """A caller that waits: a latch, and what its reply or failure was."""

    __slots__ = ("failure", "latch", "reply", "service")

    def __init__(self, service: str) -> None:
        self.service = service
        self.reply: bytes | None = None
        self.failure: GendanError | None = None
        self.latch = threading.Lock()
        self.latch.acquire()


class RpcClient:
    """Calls services over RabbitMQ; one per process is enough for any number of threads."""

    def __init__(
        self,
        amqp_uri: str,
        name: str,
        *,
        max_pending: int = MAX_PENDING,
        heartbeat: float = HEARTBEAT_SECONDS,
        ssl: Any = None,
    ) -> None:
        self._uri = amqp_uri
        self._name = name
        self._max_pending = max_pending
        self._heartbeat = heartbeat
        self._ssl = ssl
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pending: dict[str, _Call] = {}
        self._ids = itertools.count(1)
        self._state = _CONNECTING
        #: Set while the state is known, so that callers need not wait to learn it.
        self._decided = threading.Event()
        self._lane: Lane | None = None
        self._replies: BusConnection | None = None
        self._reply_key = ""
        self._closing = threading.Event()

    def call(
        self,
        service: str,
        method: str,
        body: Any,
        *,
        principal: Mapping[str, Any],
        key: str | None = None,
        deadline: float,
    ) -> Any:
        """Call `service.method` and give its answer.

        `deadline` is in Unix seconds of machine time. Raises what the service refused with;
        ServiceUnavailable, DeadlinePassed or Overloaded where there is no answer. After any
        of the first two the work may have been done: ask again with the same key.
        """
        kwargs: dict[str, Any] = {"principal": principal, "body": body}
        if key is not None:
            kwargs["key"] = key
        try:
            answer = self._call(service, method, kwargs, deadline)
        except GendanError as error:
            RPC_CALLS.labels(service, method, error.code).inc()
            raise
        RPC_CALLS.labels(service, method, "ok").inc()
        return answer

    def _call(self, service: str, method: str, kwargs: dict[str, Any], deadline: float) -> Any:
        served = current_deadline()
        if served is not None:
            deadline = min(deadline, served)  # a nested call gets what is left
        left = seconds_left(deadline)
        if left <= 0:
            raise DeadlinePassed(service=service)
        give_up = time.monotonic() + left
        try:
            body = to_json({"args": [], "kwargs": kwargs})
        except Unencodable as error:
            raise MalformedRequest(reason=str(error)) from error
        lane = self._lane_up(service, give_up)
        if len(self._pending) >= self._max_pending:
            raise Overloaded(waiting=self._max_pending)
        call = _Call(service)
        correlation_id = format(next(self._ids), "x")
        headers: dict[str, str | list[str]] = {DEADLINE_HEADER: repr(deadline)}
        call_ids = current_call_ids()
        if call_ids:
            headers[CALL_IDS_HEADER] = list(call_ids)
        try:
            frames = publish_frames(
                EXCHANGE,
                f"{service}.{method}",
                body,
                headers=headers,
                correlation_id=correlation_id,
                reply_to=self._reply_key,
                expiration_ms=max(1, int(left * 1000)),
                mandatory=True,
            )
        except Unencodable as error:
            raise MalformedRequest(reason=str(error)) from error
        self._pending[correlation_id] = call
        try:
            if lane.ended.is_set():
                # It ended after we looked; its failures were given out before we came.
                raise ServiceUnavailable(service=service, reason="connection lost")
            lane.post(frames)
            if not call.latch.acquire(timeout=max(0.0, give_up - time.monotonic())):
                raise DeadlinePassed(service=service)
        finally:
            self._pending.pop(correlation_id, None)
        if call.failure is not None:
            raise call.failure
        return _read_reply(call)

    def close(self) -> None:
        """End the connections; calls that wait fail, later ones too."""
        with self._starting:
            self._state = _CLOSED
            self._decided.set()
            self._closing.set()
        self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # The link to the broker -----------------------------------------------------------------

    def _lane_up(self, service: str, give_up: float) -> Lane:
        """Give the lane to publish on; waits only while it is not known whether there is one."""
        if self._thread is None or self._pid != os.getpid():
            self._start()
        if not self._decided.is_set() and not self._decided.wait(give_up - time.monotonic()):
            raise DeadlinePassed(service=service)
        lane = self._lane
        if self._state != _UP or lane is None:
            raise ServiceUnavailable(service=service, reason="no connection to the broker")
        if lane.blocked:
            raise ServiceUnavailable(service=service, reason="the broker takes no messages")
        return lane

    def _start(self) -> None:
        if self._pid != os.getpid():
            # Forked: the threads, sockets and locks of the parent are not ours.
            self._reset()
        with self._starting:
            if self._thread is None and self._state != _CLOSED:
                self._thread = threading.Thread(
                    target=self._keep_linked, name=f"rpc-{self._name}", daemon=True
                )
                self._thread.start()

    def _keep_linked(self) -> None:
        back_off = BackOff()
        while not self._closing.is_set():
            up_since = None
            try:
                link = self._link()
                up_since = time.monotonic()
                self._settle(_UP)
                self._receive(*link)
            except BUS_ERRORS as error:
                if self._closing.is_set():
                    return
                _log.warning("rpc client %s: no link to the broker: %s", self._name, error)
            except Exception:  # noqa: BLE001  # a bug of ours must not leave every caller without a link
                _log.exception("rpc client %s: the link failed", self._name)
            if up_since is not None and time.monotonic() - up_since > _STEADY_SECONDS:
                # The first try to come back is made at once and callers wait for its outcome.
                back_off.succeeded()
                self._decided.clear()
                self._settle(_CONNECTING)
                self._drop()
            else:
                self._settle(_DOWN)
                self._drop()
                self._closing.wait(back_off.failed())

    def _settle(self, state: str) -> None:
        with self._starting:
            if self._state == _CLOSED:
                return
            self._state = state
            if state != _CONNECTING:
                self._decided.set()

    def _link(self) -> tuple[BusConnection, Lane]:
        name = f"rpc-{self._name}"
        replies = self._replies = connect(
            self._uri, name=f"{name}-replies", heartbeat=self._heartbeat, ssl=self._ssl
        )
        channel = replies.channel(1)
        self._reply_key = queue = f"rpc.reply-{self._name}-{uuid4()}"
        channel.queue_declare(queue, durable=False, exclusive=True, auto_delete=True)
        self._bind_replies(channel)
        channel.basic_consume(queue, no_ack=True, callback=self._on_reply)
        sending = connect(
            self._uri, name=f"{name}-requests", heartbeat=self._heartbeat, ssl=self._ssl
        )
        try:
            self._lane = Lane(sending, name=name, on_return=self._on_return).start()
        except BaseException:
            sending.cut()
            raise
        return replies, self._lane

    def _bind_replies(self, channel: Any) -> None:
        channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)
        channel.queue_bind(self._reply_key, exchange=EXCHANGE, routing_key=self._reply_key)

    def _receive(self, replies: BusConnection, lane: Lane) -> None:
        bindings = Bindings(partial(self._bind_replies, replies.channel(1)))
        while not lane.ended.is_set() and not self._closing.is_set():
            with suppress(TimeoutError):
                replies.handle_what_came()
            replies.heartbeat_tick()
            bindings.tick()

    def _drop(self) -> None:
        """Cut both connections and fail who waits: the replies would find no queue."""
        lane, replies = self._lane, self._replies
        self._lane = self._replies = None
        if lane is not None:
            lane.end()
        if replies is not None:
            replies.cut()
        for correlation_id, call in list(self._pending.items()):
            self._finish(
                correlation_id,
                failure=ServiceUnavailable(service=call.service, reason="connection lost"),
            )

    def _on_reply(self, message: Any) -> None:
        correlation_id = message.properties.get("correlation_id")
        if not self._finish(correlation_id, reply=message.body):
            RPC_LATE_REPLIES.inc()

    def _on_return(self, message: Any) -> None:
        """A request that no queue took: no such service has ever run here."""
        correlation_id = message.properties.get("correlation_id")
        call = self._pending.get(correlation_id)
        if call is not None:
            self._finish(
                correlation_id,
                failure=ServiceUnavailable(service=call.service, reason="no such service runs"),
            )

    def _finish(
        self,
        correlation_id: str | None,
        *,
        reply: bytes | None = None,
        failure: GendanError | None = None,
    ) -> bool:
        # Whoever takes the call out of the table owns its latch: it is opened once.
        call = self._pending.pop(correlation_id, None) if correlation_id else None
        if call is None:
            return False
        call.reply, call.failure = reply, failure
        call.latch.release()
        return True


def _read_reply(call: _Call) -> Any:
    try:
        reply = from_json(call.reply or b"")
        error = reply["error"]
        if error is None:
            return reply["result"]
        raise error_from_payload(error)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceUnavailable(service=call.service, reason="unreadable reply") from error
