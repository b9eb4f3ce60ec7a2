"""JSON as it stands in messages and columns; by orjson, and by Python itself where that refuses."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
from psycopg2.extras import Json

# Dates and records have their schemas: one that comes here unwritten is a mistake.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class Unencodable(Exception):
    """A value that JSON cannot carry."""


def to_json(value: Any) -> bytes:
    """Give `value` as JSON bytes; a float that is no number is null. Raises Unencodable."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        # Lone surrogates, which JSON can carry only escaped, and numbers of more than 64 bits.
        try:
            return json.dumps(value, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise Unencodable(str(error)) from error


def to_hash(value: Any) -> str:
    """Give the SHA-256 by which the same content is known: the order of keys does not count.

    What JSON does not know (ids, dates, decimals) counts by its text.
    """
    try:
        text = orjson.dumps(value, default=str, option=_OPTIONS | orjson.OPT_SORT_KEYS)
    except TypeError:
        # As `to_json`; by itself Python would have spaces.
        written = json.dumps(
            value, default=str, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        text = written.encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()


def to_json_text(value: Any) -> str:
    """Give `value` as JSON text. Raises Unencodable."""
    return to_json(value).decode()


#: JSON text to stand in a row as it is.
JsonText = orjson.Fragment


def to_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Give rows of a table as JSON text for json_populate_recordset.

    Values are such as drivers take: moments and days are written by RFC 3339, numbers exactly.
    Raises Unencodable.
    """
    try:
        return orjson.dumps(rows, default=_exactly).decode()
    except TypeError as error:
        raise Unencodable(str(error)) from error


def _exactly(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)


def as_json(value: Any) -> Json:
    """Give a value that psycopg2 writes as JSON."""
    return Json(value, dumps=to_json_text)


def from_json(body: bytes | str) -> Any:
    """Read JSON as the RFC has it. Raises ValueError, also for NaN and absurd nesting."""
    try:
        return orjson.loads(body)
    except ValueError:
        try:
            return json.loads(body, parse_constant=_refuse_constant)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
