"""The serving end: nameko's `Rpc` entrypoint on a fast and forgiving path.

A request is acknowledged when its reply has been handed to the writer. A reply that is then
lost (the broker went away) is not sent again: its caller's deadline passes, it asks again with
the same key, and a command answers from its stored row. The other order would run the work of
every unlucky request twice to save a message that a caller must be able to do without anyway.
"""

import inspect
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from nameko.constants import AMQP_SSL_CONFIG_KEY, AMQP_URI_CONFIG_KEY, HEARTBEAT_CONFIG_KEY
from nameko.containers import WorkerContext
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import DependencyProvider, SharedExtension, register_entrypoint
from nameko.rpc import Rpc as NamekoRpc
from nameko.rpc import RpcConsumer as NamekoRpcConsumer

from chassis.bus import (
    BUS_ERRORS,
    HEARTBEAT_SECONDS,
    BackOff,
    Lane,
    connect,
    publish_frames,
)
from chassis.errors import GendanError
from chassis.guards import Intake
from chassis.notation import Unencodable, from_json, to_json
from chassis.observe import RPC_EXPIRED, RPC_REJECTED, RPC_REPLIES_DROPPED, RPC_SERVED
from chassis.rpc.client import MAX_PENDING, RpcClient
from chassis.rpc.wire import (
    EXCHANGE,
    DeadlinePassed,
    InternalError,
    MalformedRequest,
    UnknownMethod,
    error_payload,
    read_call_ids,
    read_deadline,
    request_queue,
    seconds_left,
)

_log = logging.getLogger(__name__)

Handler = TypeVar("Handler", bound=Callable[..., Any])

# Replies kept while there is no connection to send them on; older ones are dropped.
_REPLIES_KEPT = 1_000


class Replies(SharedExtension):
    """Sends replies on a connection of its own: transient, unconfirmed, many at a time.

    Nobody who posts a reply waits for the broker. Without a connection the latest replies are
    kept until there is one again; a reply whose queue is gone by then is dropped by the broker.
    """

    def __init__(self) -> None:
        self._lane: Lane | None = None
        self._kept: deque[bytes] = deque(maxlen=_REPLIES_KEPT)
        self._stopping = threading.Event()
        self._keeper: Any = None

    def start(self) -> None:
        self._keeper = self.container.spawn_managed_thread(self._keep_lane)

    def post(self, frames: bytes) -> None:
        lane = self._lane
        if lane is not None and not lane.ended.is_set():
            lane.post(frames)
            return
        if len(self._kept) == _REPLIES_KEPT:
            RPC_REPLIES_DROPPED.inc()
        self._kept.append(frames)

    def stop(self) -> None:
        """End after what was posted is written; the container's workers have finished."""
        self._stopping.set()
        if self._lane is not None:
            self._lane.close()

    def kill(self) -> None:
        self._stopping.set()
        if self._lane is not None:
            self._lane.end()

    def _keep_lane(self) -> None:
        config = self.container.config
        name = f"{self.container.service_name}-replies"
        back_off = BackOff()
        while not self._stopping.is_set():
            try:
                lane = Lane(
                    connect(
                        config[AMQP_URI_CONFIG_KEY],
                        name=name,
                        heartbeat=config.get(HEARTBEAT_CONFIG_KEY, HEARTBEAT_SECONDS),
                        ssl=config.get(AMQP_SSL_CONFIG_KEY),
                    ),
                    name=name,
                ).start()
            except BUS_ERRORS as error:
                _log.warning("%s: cannot connect: %s", name, error)
                self._stopping.wait(back_off.failed())
                continue
            self._lane = lane
            while self._kept:
                lane.post(self._kept.popleft())
            while not self._stopping.is_set() and not lane.ended.wait(1.0):
                back_off.succeeded()
            if lane.ended.is_set():
                self._stopping.wait(back_off.failed())


class _Request:
    """A request that is being served, and where its reply goes."""

    __slots__ = (
        "channel_id",
        "connection",
        "correlation_id",
        "deadline",
        "message",
        "method",
        "reply_to",
    )

    def __init__(self, message: Any, method: str) -> None:
        self.message = message
        self.method = method
        # Kept now: a channel whose connection is lost forgets both.
        self.connection = message.channel.connection
        self.channel_id: int = message.channel.channel_id
        properties = message.properties
        self.reply_to: str | None = properties.get("reply_to")
        self.correlation_id: str | None = properties.get("correlation_id")
        self.deadline = 0.0


class RpcConsumer(NamekoRpcConsumer):
    """Takes a service's requests, starts those that can be, answers all.

    Requests beyond the free workers wait here in their order; a stop gives them back to the
    broker, for another replica.
    """

    queue_consumer = Intake()
    replies = Replies()

    queue: Any

    def __init__(self) -> None:
        super().__init__()
        self._methods: dict[str, Rpc] = {}
        self._waiting: deque[tuple[Rpc, tuple[Any, ...], dict[str, Any], Any, _Request]] = deque()
        self._stopping = False

    def setup(self) -> None:
        if self.queue is None:
            self.queue = request_queue(self.container.service_name)
            self.container.when_worker_free(self._serve_waiting)
            self.queue_consumer.register_provider(self)
            self._registered = True

    def register_provider(self, provider: "Rpc") -> None:
        self._methods[provider.method_name] = provider
        super().register_provider(provider)

    def unregister_provider(self, provider: "Rpc") -> None:
        super().unregister_provider(provider)
        self._stopping = True
        while self._waiting:
            self.queue_consumer.requeue_message(_Requeueable(self._waiting.popleft()[4].message))

    def take(self, message: Any) -> None:
        """Start serving a request as it came from the wire, or say why not. Never raises."""
        method = message.delivery_info["routing_key"].rpartition(".")[2]
        request = _Request(message, method)
        try:
            provider, args, kwargs, context = self._read(request)
        except GendanError as refusal:
            self._refuse(request, refusal)
            return
        except Exception:  # noqa: BLE001  # a message from outside must not end the reader of all others
            _log.exception("a request could not be read")
            self._refuse(request, MalformedRequest(reason="unreadable"))
            return
        if self.container.free_workers > 0 and not self._waiting:
            self._serve(provider, args, kwargs, context, request)
        else:
            self._waiting.append((provider, args, kwargs, context, request))

    def _read(
        self, request: _Request
    ) -> tuple["Rpc", tuple[Any, ...], dict[str, Any], dict[str, Any]]:
        message = request.message
        headers = message.properties.get("application_headers") or {}
        if not request.reply_to:
            raise MalformedRequest(reason="it does not say where to reply")
        if message.properties.get("content_type") != "application/json":
            raise MalformedRequest(reason="its content type is not application/json")
        call_ids = read_call_ids(headers)
        request.deadline = read_deadline(headers)
        if seconds_left(request.deadline) <= 0:
            raise DeadlinePassed(service=self.container.service_name)
        try:
            body = from_json(message.body)
        except ValueError as error:
            raise MalformedRequest(reason=f"its body is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise MalformedRequest(reason="its body is not an object")
        args, kwargs = body.get("args"), body.get("kwargs")
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise MalformedRequest(reason="it has no `args` list or no `kwargs` object")
        provider = self._methods.get(request.method)
        if provider is None:
            raise UnknownMethod(service=self.container.service_name, method=request.method)
        provider.check_arguments(args, kwargs)
        context = {"deadline": request.deadline, "call_id_stack": list(call_ids)}
        return provider, tuple(args), kwargs, context

    def _refuse(self, request: _Request, refusal: GendanError) -> None:
        if isinstance(refusal, DeadlinePassed):
            RPC_EXPIRED.inc()
            _log.warning("%s was not started: its deadline has passed", request.method)
        else:
            RPC_REJECTED.inc()
            _log.warning("a request for %s is refused: %s", request.method, refusal)
        self._answer(request, None, refusal)

    def _serve(
        self,
        provider: "Rpc",
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        context: dict[str, Any],
        request: _Request,
    ) -> None:
        if not request.connection.connected:
            return  # the broker has taken it back and brings it to whoever consumes
        if seconds_left(request.deadline) <= 0:
            self._refuse(request, DeadlinePassed(service=self.container.service_name))
            return
        try:
            self.container.spawn_worker(
                provider,
                args,
                kwargs,
                context_data=context,
                handle_result=partial(self._finish, request),
            )
        except ContainerBeingKilled:
            self.queue_consumer.requeue_message(_Requeueable(request.message))

    def _finish(
        self, request: _Request, _worker_ctx: WorkerContext, result: Any, exc_info: Any
    ) -> tuple[Any, Any]:
        refusal = None if exc_info is None else as_refusal(request.method, exc_info)
        self._answer(request, result, refusal)
        return result, exc_info

    def _serve_waiting(self) -> None:
        while self._waiting and self.container.free_workers > 0 and not self._stopping:
            self._serve(*self._waiting.popleft())

    def _answer(self, request: _Request, result: Any, refusal: GendanError | None) -> None:
        if request.reply_to:
            try:
                payload = to_json(
                    {"result": result, "error": None}
                    if refusal is None
                    else {"result": None, "error": error_payload(refusal)}
                )
            except Unencodable as error:
                refusal = _bug(request.method, error)
                payload = to_json({"result": None, "error": error_payload(refusal)})
            try:
                self.replies.post(
                    publish_frames(
                        EXCHANGE, request.reply_to, payload, correlation_id=request.correlation_id
                    )
                )
            except Unencodable:
                RPC_REPLIES_DROPPED.inc()
                _log.warning("the reply of %s has no address that can be used", request.method)
        RPC_SERVED.labels(
            request.method if request.method in self._methods else "?",
            "ok" if refusal is None else refusal.code,
        ).inc()
        self.queue_consumer.ack(
            request.connection, request.channel_id, request.message.delivery_tag
        )


class _Requeueable:
    """py-amqp's message with the one verb of kombu's that giving back needs."""

    def __init__(self, message: Any) -> None:
        self.channel = message.channel
        self._tag = message.delivery_tag

    def requeue(self) -> None:
        self.channel.basic_reject(self._tag, requeue=True)


def as_refusal(method: str, exc_info: Any) -> GendanError:
    """Give what the caller may know of an error: a foreseen one as it is, a bug's reference."""
    error = exc_info[1]
    if isinstance(error, GendanError) and error.family != "Bug":
        _log.debug("%s refused: %s", method, error)
        return error
    return _bug(method, error)


def _bug(method: str, error: BaseException) -> InternalError:
    reference = uuid4().hex[:12]
    _log.error("%s failed (reference %s)", method, reference, exc_info=error)
    return InternalError(reference=reference)


class Rpc(NamekoRpc):
    """An entrypoint for requests `<service>.<method>`; nameko's own clients can call it too."""

    rpc_consumer = RpcConsumer()

    #: Errors are logged where they become the caller's answer, each once.
    tells_errors_itself = True

    def setup(self) -> None:
        function = getattr(self.container.service_cls, self.method_name)
        # What a decorator returns is called, not what it wraps.
        self._signature = inspect.signature(function, follow_wrapped=False)
        super().setup()

    def check_arguments(self, args: list[Any], kwargs: Mapping[str, Any]) -> None:
        """Raise MalformedRequest unless the method can be called so."""
        try:
            self._signature.bind(None, *args, **kwargs)
        except TypeError as error:
            raise MalformedRequest(reason=str(error)) from None


def rpc(function: Handler) -> Handler:
    """Make a method of a service callable by RPC."""
    register_entrypoint(function, Rpc())
    return function


class _Calling(SharedExtension):
    """The process's one RPC client, however many providers hand it out."""

    def __init__(self) -> None:
        self.client: RpcClient | None = None

    def setup(self) -> None:
        config = self.container.config
        self.client = RpcClient(
            config[AMQP_URI_CONFIG_KEY],
            self.container.service_name,
            max_pending=config.get("RPC_MAX_PENDING", MAX_PENDING),
            heartbeat=config.get(HEARTBEAT_CONFIG_KEY, HEARTBEAT_SECONDS),
            ssl=config.get(AMQP_SSL_CONFIG_KEY),
        )

    def stop(self) -> None:
        if self.client is not None:
            self.client.close()

    kill = stop


class Neighbours(DependencyProvider):
    """Gives a service's methods the RPC client to ask other services with.

    What is asked while a request is being served has at most that request's deadline.
    """

    calling = _Calling()

    def get_dependency(self, _worker_ctx: WorkerContext) -> RpcClient | None:
        client: RpcClient | None = self.calling.client
        return client
