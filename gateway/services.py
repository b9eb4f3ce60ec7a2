"""The way to the services, and the only file that knows the bus."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

from chassis.errors import GendanError
from chassis.principal import Principal
from chassis.rpc import Overloaded, RpcClient
from chassis.settings import Settings
from gateway.settings import Limits

NAMES = ("orders", "customers", "inventory", "shipping", "aftersales")


class Caller(Protocol):
    """What carries a call: chassis.rpc's client, or a neighbour in tests."""

    def call(
        self,
        service: str,
        method: str,
        body: Any,
        *,
        principal: Mapping[str, Any],
        key: str | None = None,
        deadline: float,
    ) -> Any: ...


class Services:
    """Asks services for a principal, until a deadline, with a bound for each service."""

    def __init__(self, caller: Caller, limits: Limits) -> None:
        self._caller = caller
        self._limits = limits
        self._slots = {name: threading.BoundedSemaphore(limits.calls_per_service) for name in NAMES}
        self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="asks")

    @classmethod
    def over_the_bus(cls, settings: Settings, limits: Limits) -> "Services":
        """Give the services behind the broker; nothing is opened before the first call."""
        client = RpcClient(
            settings.amqp_url,
            "gateway",
            max_pending=settings.rpc_max_pending,
            heartbeat=settings.heartbeat_seconds,
            ssl=settings.amqp_ssl,
        )
        return cls(client, limits)

    def deadline(self) -> float:
        """Give the moment (Unix seconds) until which a request that begins now may ask."""
        return time.time() + self._limits.call_seconds

    def ask(
        self,
        rpc: str,
        body: Mapping[str, Any],
        principal: Principal,
        *,
        deadline: float,
        key: str | None = None,
    ) -> Any:
        """Give what "<service>.<method>" answers; raises what it refuses with, or Unavailable."""
        service, _, method = rpc.partition(".")
        with self._slot(service):
            return self._caller.call(
                service, method, body, principal=principal.to_wire(), key=key, deadline=deadline
            )

    def ask_all(self, questions: Sequence[Callable[[], Any]]) -> list[Any]:
        """Ask several at once; gives each one's answer, or the refusal it met, in their order."""
        asked = [self._pool.submit(question) for question in questions[1:]]
        # The caller's own thread asks too, so that one question costs no hand-over.
        first = [_answer_or_refusal(question) for question in questions[:1]]
        return first + [_answer_or_refusal(future.result) for future in asked]

    @contextmanager
    def _slot(self, service: str) -> Iterator[None]:
        slots = self._slots[service]
        if not slots.acquire(blocking=False):
            raise Overloaded(waiting=self._limits.calls_per_service)
        try:
            yield
        finally:
            slots.release()


def _answer_or_refusal(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except GendanError as refusal:
        return refusal
