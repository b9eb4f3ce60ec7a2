"""The form of an event on the wire, read with suspicion: anybody may have written it."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import EXCLUDE, Schema, ValidationError

from chassis.errors import plain
from chassis.events import Received
from chassis.notation import from_json

_LONGEST_NAME = 80
_LARGEST_SEQUENCE = 2**63 - 1


class Undecodable(Exception):
    """A message that is no event of ours, in whatever way."""


class DataRefused(Exception):
    """An event whose data the listener's schema does not accept, or of an unknown version."""


def parse(body: bytes | str) -> Received:
    """Read an envelope; its `data` is left as it came. Raises Undecodable."""
    try:
        envelope = from_json(body)
        aggregate = envelope["aggregate"]
        principal = envelope.get("principal") or {}
        event = Received(
            name=_word(envelope["name"]),
            schema_version=_count(envelope["schema_version"], most=32_767),
            message_id=UUID(envelope["message_id"]),
            source=_word(envelope["source"], most=40),
            occurred_at=_moment(envelope["occurred_at"]),
            business_at=_moment(envelope["business_at"]),
            aggregate_type=_word(aggregate["type"], most=40),
            aggregate_id=_word(aggregate["id"]),
            sequence=_count(aggregate["sequence"], most=_LARGEST_SEQUENCE),
            principal=principal if isinstance(principal, dict) else {},
            data=envelope["data"],
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise Undecodable(f"{type(error).__name__}: {error}") from error
    return event


def load(event: Received, schema: Schema, schema_version: int) -> Received:
    """Give the event with its data read by the listener's schema. Raises DataRefused."""
    if event.schema_version != schema_version:
        raise DataRefused(
            f"schema version {event.schema_version}, this listener reads {schema_version}"
        )
    try:
        data = schema.load(event.data, unknown=EXCLUDE)
    except ValidationError as error:
        raise DataRefused(f"data refused: {plain(error.messages)}") from error
    except (TypeError, AttributeError) as error:
        raise DataRefused(f"data refused: {error}") from error
    return replace(event, data=data)


def _word(value: Any, *, most: int = _LONGEST_NAME) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= most or "\x00" in value:
        raise ValueError(f"not a word of 1 to {most} characters: {value!r:.100}")
    value.encode()  # a lone surrogate cannot be stored: UnicodeEncodeError is a ValueError
    return value


def _count(value: Any, *, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"not a count from 1 to {most}: {value!r:.100}")
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment without its offset")
    return moment
