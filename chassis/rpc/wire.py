"""What an RPC looks like on the bus: nameko's names and formats, and the errors of the path.

A request goes to nameko's exchange with the routing key `<service>.<method>` and waits in the
queue `rpc-<service>`; its reply goes through the same exchange to the caller's own queue. The
absolute deadline (Unix seconds of machine time) travels in the header `nameko.deadline`.
"""

import math
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from kombu.entity import Exchange, Queue
from nameko.exceptions import deserialize_to_instance

from chassis.errors import GendanError, Invalid, Unavailable, from_wire

EXCHANGE = "nameko-rpc"
DEADLINE_HEADER = "nameko.deadline"
CALL_IDS_HEADER = "nameko.call_id_stack"

# For foreign clients, whose requests have no expiration of their own.
QUEUE_TTL_MS = 60_000
# A service that answers nothing for this many requests must not fill the broker's memory. The
# oldest are dropped first: their callers have waited longest and are about to give up.
QUEUE_MAX_LENGTH = 10_000

#: How long a request may take at most; one without a deadline, from a foreign client, has so long.
LONGEST_DEADLINE_SECONDS = 60.0


class ServiceUnavailable(Unavailable):
    """No answer can come from the service now; whether a sent request was done is unknown."""

    code = "service_unavailable"
    en = "{service} cannot be reached now ({reason}); ask again with the same key."
    zh = "暂时无法连接 {service}（{reason}），请用同一键值重试。"


class DeadlinePassed(Unavailable):
    """Time ran out. Whether the work was done is unknown: ask again with the same key."""

    code = "deadline_passed"
    en = "{service} did not answer in time; ask again with the same key."
    zh = "{service} 未在限时内答复，请用同一键值重试。"


class Overloaded(Unavailable):
    """Too many calls of this process wait already; this one was not sent."""

    code = "overloaded"
    en = "Too many requests are waiting ({waiting}); try again in a moment."
    zh = "等待处理的请求过多（{waiting}），请稍后重试。"


class MalformedRequest(Invalid):
    """The message is not a request as services understand it."""

    code = "malformed_request"
    en = "The request cannot be read: {reason}."
    zh = "无法读取请求：{reason}。"


class UnknownMethod(Invalid):
    """The service has no such method."""

    code = "unknown_method"
    en = "{service} has no method {method}."
    zh = "{service} 没有 {method} 方法。"


class InternalError(GendanError):
    """A bug of ours; the log tells of it under the reference, the caller learns nothing more."""

    code = "internal_error"
    en = "Something went wrong on our side (reference {reference})."
    zh = "系统内部出错（编号 {reference}）。"


@deserialize_to_instance
class WireError(Exception):
    """A refusal as it crosses the bus, in the form that nameko's own clients rebuild."""

    def __init__(
        self,
        family: str = "Bug",
        code: str = "internal_error",
        message: str = "",
        message_zh: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.family, self.code = family, code
        self.message, self.message_zh = message, message_zh
        self.details: dict[str, Any] = dict(details or {})
        super().__init__(family, code, message, message_zh, self.details)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


_WIRE_ERROR_PATH = f"{WireError.__module__}.{WireError.__name__}"


def error_payload(error: GendanError) -> dict[str, Any]:
    """Give the `error` part of a reply, in nameko's form."""
    wire = error.to_wire()
    return {
        "exc_type": WireError.__name__,
        "exc_path": _WIRE_ERROR_PATH,
        "exc_args": [
            wire["family"],
            wire["code"],
            wire["message"],
            wire["message_zh"],
            wire["details"],
        ],
        "value": f"{wire['code']}: {wire['message']}",
    }


def error_from_payload(payload: Mapping[str, Any]) -> GendanError:
    """Rebuild the error of a reply; one that is not ours is a bug on the other side."""
    arguments = payload.get("exc_args")
    if (
        payload.get("exc_path") == _WIRE_ERROR_PATH
        and isinstance(arguments, list)
        and len(arguments) == 5
    ):
        names = ("family", "code", "message", "message_zh", "details")
        return from_wire(dict(zip(names, arguments, strict=True)))
    return InternalError(reference=str(payload.get("exc_type")))


def exchange() -> Exchange:
    """Describe nameko's exchange for RPC."""
    return Exchange(EXCHANGE, type="topic", durable=True)  # type: ignore[no-untyped-call]  # kombu's


def request_queue(service: str) -> Queue:
    """Describe the queue in which a service's requests wait."""
    return Queue(  # type: ignore[no-untyped-call]  # kombu's
        f"rpc-{service}",
        exchange=exchange(),
        routing_key=f"{service}.*",
        durable=True,
        queue_arguments={
            # Said aloud, because a host's default type may be quorum (ARCHITECTURE §4.9).
            "x-queue-type": "classic",
            "x-message-ttl": QUEUE_TTL_MS,
            "x-max-length": QUEUE_MAX_LENGTH,
            "x-overflow": "drop-head",
        },
    )


# Deadlines -----------------------------------------------------------------------------------

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
_call_ids: ContextVar[tuple[str, ...]] = ContextVar("call_ids", default=())


def current_deadline() -> float | None:
    """Give the deadline of the call that is being served here (Unix seconds), if any."""
    return _deadline.get()


def current_call_ids() -> tuple[str, ...]:
    """Give the ids of the calls that led here, the first caller's first."""
    return _call_ids.get()


def serve_under(deadline: float | None, call_ids: tuple[str, ...]) -> None:
    """Set what this (green)thread serves; nested calls inherit it."""
    _deadline.set(deadline)
    _call_ids.set(call_ids)


def seconds_left(deadline: float) -> float:
    """Give the seconds until `deadline`; negative when it has passed."""
    return deadline - time.time()


def deadline_in(seconds: float) -> float:
    """Give the deadline `seconds` from now, or the one being served if that is earlier."""
    wanted = time.time() + seconds
    served = _deadline.get()
    return wanted if served is None else min(wanted, served)


def read_deadline(headers: Mapping[str, Any]) -> float:
    """Read the deadline of a request. Raises MalformedRequest."""
    value, latest = headers.get(DEADLINE_HEADER), time.time() + LONGEST_DEADLINE_SECONDS
    if value is None:
        return latest
    try:
        deadline = float(value)
    except (TypeError, ValueError):
        raise MalformedRequest(reason="the deadline is not a number") from None
    if not math.isfinite(deadline):
        raise MalformedRequest(reason="the deadline is not a number")
    return min(deadline, latest)


def read_call_ids(headers: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the ids of the calls that led to a request. Raises MalformedRequest."""
    value = headers.get(CALL_IDS_HEADER)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(
        isinstance(item, str) and len(item) <= 250 for item in value
    ):
        raise MalformedRequest(reason="the call id stack is not a list of ids")
    return tuple(value[-10:])
