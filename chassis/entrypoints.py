"""What a service's methods are decorated with: `listens_to`, `daily`, `every`, `regularly`.

    class InventoryService(AnswersRelay):
        name = "inventory"
        database = Database(...)

        @listens_to("orders", "order_approved", schema=schemas.ApprovedOrder)
        def draft_instructions(self, work, event):
            use_cases.draft_instructions(work, event.data)

        @daily("propose_replenishment", at="06:00")
        def propose_replenishment(self, work, slot):
            use_cases.propose_replenishment(work, slot)

A method runs in one transaction, `work`, which also holds the row that makes it happen once.
"""

import functools
from collections.abc import Callable
from datetime import time
from typing import Any

from marshmallow import Schema
from nameko.extensions import DependencyProvider, Entrypoint, register_entrypoint
from nameko.timer import Timer

from chassis.attempt import Attempt, JointAttempt
from chassis.listening import EventDesk
from chassis.principal import from_wire
from chassis.rpc import rpc
from chassis.timekeeping import Timekeeper, Turn
from chassis.timers import Daily, Every, Schedule

Method = Callable[..., Any]


def listens_to(
    source: str,
    name: str,
    *more: str,
    schema: type[Schema] | Schema,
    schema_version: int = 1,
    in_order: bool = False,
) -> Callable[[Method], Method]:
    """Have a method react to events of another service: `method(self, work, event)`.

    The event (chassis.events.Received) may come late, again, or after a newer one; its `data`
    has passed `schema`. With `in_order` each event of an aggregate waits for the one before it.
    The method's name is the listener's name in the inbox: renaming it forgets what was handled.
    """

    def decorate(method: Method) -> Method:
        reaction = _as_run_by_chassis(method)
        fields = schema() if isinstance(schema, type) else schema
        for each in (name, *more):
            register_entrypoint(reaction, ListensTo(source, each, fields, schema_version, in_order))
        return reaction

    return decorate


def daily(job: str, *, at: str) -> Callable[[Method], Method]:
    """Run `method(self, work, slot)` once for each day's `at` ("HH:MM", business time).

    Slots that passed while nothing ran, or by a jump of the business clock, are made up for,
    each once and in order; `slot` is the moment (aware UTC) the run stands for.
    """
    return _timed(job, Daily(time.fromisoformat(at)))


def every(job: str, *, seconds: float) -> Callable[[Method], Method]:
    """Run `method(self, work, slot)` every so many seconds of machine time, in one replica."""
    return _timed(job, Every(seconds))


def regularly(interval: float) -> Callable[[Method], Method]:
    """Run `method(self)` in every replica, `interval` seconds after the last run has ended."""

    def decorate(method: Method) -> Method:
        register_entrypoint(method, Regularly(interval))
        return method

    return decorate


def _timed(job: str, schedule: Schedule) -> Callable[[Method], Method]:
    def decorate(method: Method) -> Method:
        run = _as_run_by_chassis(method)
        register_entrypoint(run, Timed(job, schedule))
        return run

    return decorate


def _as_run_by_chassis(method: Method) -> Method:
    """Let the container call a method with an attempt or Turn, which opens its transaction.

    Called with anything else, as tests do, the method is the plain one.
    """
    if hasattr(method, "is_run_by_chassis"):
        return method

    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Attempt | Turn):
            return args[0].run(functools.partial(method, self))
        if len(args) == 1 and isinstance(args[0], JointAttempt):
            return args[0].run_in(self)
        return method(self, *args, **kwargs)

    run.is_run_by_chassis = True  # type: ignore[attr-defined]
    return run


class ListensTo(Entrypoint):
    """One subscription; the service's EventDesk brings its events."""

    desk = EventDesk()

    #: The desk says what became of the message, with the error.
    tells_errors_itself = True

    def __init__(
        self,
        source: str,
        name: str,
        schema: Schema,
        schema_version: int,
        in_order: bool,  # noqa: FBT001  nameko copies entrypoints by these arguments
    ) -> None:
        super().__init__()
        self.source = source
        self.name = name
        self.schema = schema
        self.schema_version = schema_version
        self.in_order = in_order

    def setup(self) -> None:
        self.desk.register(self)

    def stop(self) -> None:
        self.desk.drain()


class Timed(Entrypoint):
    """One job by the clock; the service's Timekeeper gives it its turns."""

    timekeeper = Timekeeper()

    tells_errors_itself = True

    def __init__(self, job: str, schedule: Schedule) -> None:
        super().__init__()
        self.job = job
        self.schedule = schedule

    def setup(self) -> None:
        self.timekeeper.register(self)

    def stop(self) -> None:
        self.timekeeper.drain()


class Regularly(Timer):
    """Nameko's timer, by a clock that nobody can set.

    Nameko reckons each pause from the machine's clock: set back by an hour, its timers rest for
    an hour.
    """

    def _run(self) -> None:
        while not self.should_stop.wait(timeout=self.interval):
            self.handle_timer_tick()
            self.worker_complete.wait()
            self.worker_complete.reset()


class _Desk(DependencyProvider):
    """Gives the methods of AnswersRelay the service's EventDesk."""

    desk = EventDesk()

    def get_dependency(self, worker_ctx: Any) -> EventDesk:  # noqa: ARG002  nameko's signature
        desk: EventDesk = self.desk
        return desk


class AnswersRelay:
    """What every service tells the relay: what it listens to, and what has not arrived."""

    _event_desk = _Desk()

    @rpc
    def listening(self, principal: Any, body: Any, key: Any = None) -> dict[str, list[str]]:  # noqa: ARG002
        """Give the routing keys listened to, by announcing service."""
        from_wire(principal)
        desk: Any = self._event_desk
        subscriptions: dict[str, list[str]] = desk.subscribed.routing_keys()
        return subscriptions

    @rpc
    def missing_messages(self, principal: Any, body: Any, key: Any = None) -> dict[str, list[str]]:  # noqa: ARG002
        """Give which of the `messages` sent by `source` some listener here has not had."""
        from_wire(principal)
        desk: Any = self._event_desk
        return {"missing": desk.missing(body["source"], body["messages"])}
