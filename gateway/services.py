"""The way to the services, and the only file that knows the bus."""

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from chassis.errors import GendanError
from chassis.principal import Principal
from chassis.rpc import Overloaded, RpcClient
from chassis.settings import Settings
from gateway.settings import Limits

NAMES = ("orders", "customers", "inventory", "shipping", "aftersales")
# An order's page has so many for orders.
_MOST_QUESTIONS = 4


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


class _Place:
    """A request's place among those who wait for a service; all its questions there share it."""

    def __init__(self, places: threading.BoundedSemaphore, questions: int) -> None:
        self._places = places
        self._left = questions
        self._lock = threading.Lock()

    def end_question(self) -> None:
        """Give the place back with the last question."""
        with self._lock:
            self._left -= 1
            if not self._left:
                self._places.release()


class Services:
    """Asks services for a principal, until a deadline, with a bound for each service."""

    def __init__(self, caller: Caller, limits: Limits) -> None:
        self._caller = caller
        self._limits = limits
        most = limits.calls_per_service
        self._places = {name: threading.BoundedSemaphore(most) for name in NAMES}
        # As many as all places can have questions, so that none of them waits for a thread; they
        # are started when they are needed.
        self._pool = ThreadPoolExecutor(
            max_workers=most * len(NAMES) * _MOST_QUESTIONS, thread_name_prefix="asks"
        )

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
        place = self._place(service, questions=1)
        try:
            return self._caller.call(
                service, method, body, principal=principal.to_wire(), key=key, deadline=deadline
            )
        finally:
            place.end_question()

    def ask_all(
        self,
        questions: Sequence[tuple[str, Mapping[str, Any]]],
        principal: Principal,
        *,
        deadline: float,
        key: str | None = None,
    ) -> list[Any]:
        """Ask several at once; gives each one's answer, or the refusal it met, in their order.

        Places are taken before anything is handed over: where a service is stuck and has none
        left, nobody waits for it to be refused.
        """
        wire = principal.to_wire()
        places = {
            service: self._place_or_refusal(service, questions=count)
            for service, count in Counter(rpc.partition(".")[0] for rpc, _ in questions).items()
        }

        def ask(rpc: str, body: Mapping[str, Any]) -> Any:
            service, _, method = rpc.partition(".")
            place = places[service]
            if isinstance(place, Overloaded):
                return place
            try:
                return self._caller.call(
                    service, method, body, principal=wire, key=key, deadline=deadline
                )
            except GendanError as refusal:
                return refusal
            finally:
                place.end_question()

        asked = [self._pool.submit(ask, *question) for question in questions[1:]]
        # The caller's own thread asks too, so that one question costs no hand-over.
        first = [ask(*question) for question in questions[:1]]
        return first + [future.result() for future in asked]

    def _place(self, service: str, *, questions: int) -> _Place:
        places = self._places[service]
        if not places.acquire(blocking=False):
            raise Overloaded(waiting=self._limits.calls_per_service)
        return _Place(places, questions)

    def _place_or_refusal(self, service: str, *, questions: int) -> _Place | Overloaded:
        try:
            return self._place(service, questions=questions)
        except Overloaded as refusal:
            return refusal
