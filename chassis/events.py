"""Announced facts: what a verb of an aggregate returns and the outbox carries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID


class Announcer(Protocol):
    """An aggregate that announces: its id, and the count of what it has announced so far."""

    aggregate_type: ClassVar[str]
    id: Any
    sequence: Any


@dataclass(frozen=True)
class Event:
    """A finished fact about one aggregate.

    Subclasses are named in the past tense (`OrderApproved`), are frozen dataclasses, and
    their first field is the aggregate. The name on the wire is the class's in snake_case; a
    breaking change of what it carries is a new `schema_version`, announced as `…_v2`.
    """

    name: ClassVar[str]
    schema_version: ClassVar[int] = 1

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @property
    def aggregate(self) -> Announcer:
        first: Announcer = getattr(self, fields(self)[0].name)
        return first

    @classmethod
    def routing_key(cls) -> str:
        return routing_key(cls.name, cls.schema_version)


def routing_key(name: str, schema_version: int) -> str:
    """Give the routing key of an event: its name, with `_vN` from the second version on."""
    return name if schema_version == 1 else f"{name}_v{schema_version}"


@dataclass(frozen=True)
class Received:
    """An event as a listener gets it; `data` has passed the listener's own schema."""

    name: str
    schema_version: int
    message_id: UUID
    source: str
    occurred_at: datetime
    business_at: datetime
    aggregate_type: str
    aggregate_id: str
    sequence: int
    principal: Mapping[str, Any]
    data: Any
