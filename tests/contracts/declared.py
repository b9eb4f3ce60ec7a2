"""What the five services declare about themselves: what they hear, answer and lead."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from marshmallow import Schema
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from chassis.conversation import Conversation
from chassis.entrypoints import ListensTo, Timed
from chassis.rpc.server import Rpc
from chassis.service import Service
from gateway.services import NAMES


def _services() -> Mapping[str, type[Service]]:
    found = {}
    for name in NAMES:
        module = import_module(f"services.{name}.service")
        (found[name],) = (
            each
            for each in vars(module).values()
            if inspect.isclass(each)
            and issubclass(each, Service)
            and vars(each).get("name") == name
        )
    return found


SERVICES = _services()


def _entrypoints(service: str) -> Iterator[tuple[str, Any]]:
    for name, method in inspect.getmembers(SERVICES[service], inspect.isfunction):
        for extension in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            yield name, extension


@dataclass(frozen=True)
class Subscription:
    """One method of one service that reacts to one event of another."""

    listener: str
    method: str
    source: str
    event: str
    schema_version: int
    schema: Schema
    in_order: bool

    def __str__(self) -> str:
        return f"{self.listener}.{self.method} hears {self.source}'s {self.event}"


def subscriptions() -> list[Subscription]:
    """Give every `listens_to` of every service."""
    found = [
        Subscription(
            service,
            method,
            each.source,
            each.name,
            each.schema_version,
            each.schema,
            each.in_order,
        )
        for service in SERVICES
        for method, each in _entrypoints(service)
        if isinstance(each, ListensTo)
    ]
    return sorted(found, key=str)  # nameko keeps a method's entrypoints in a set


def timers(service: str) -> list[Timed]:
    """Give the jobs by the clock of a service, by name."""
    found = [each for _, each in _entrypoints(service) if isinstance(each, Timed)]
    return sorted(found, key=lambda each: each.job)


def rpc_methods(service: str) -> set[str]:
    """Give the names of all methods that a service answers."""
    return {name for name, each in _entrypoints(service) if isinstance(each, Rpc)}


def led_by(service: str) -> tuple[Conversation, ...]:
    """Give the conversations that a service leads."""
    conversations: tuple[Conversation, ...] = getattr(SERVICES[service], "conversations", ())
    return conversations


def has_a_derived_key(rpc: str) -> bool:
    """Say whether a command is declared as a step of its neighbours' conversations."""
    service, _, method = rpc.partition(".")
    declared = inspect.getclosurevars(getattr(SERVICES[service], method)).nonlocals
    return bool(declared.get("derived_key"))


def schema_behind(rpc: str) -> Schema:
    """Give the schema by which a service reads a command, a query or a conversation."""
    service, _, method = rpc.partition(".")
    declared = inspect.getclosurevars(getattr(SERVICES[service], method)).nonlocals
    if "kind" in declared:
        (led,) = (each for each in led_by(service) if each.kind == declared["kind"])
        return led.schema
    loader: Schema = declared["loader"]
    return loader
