"""Masks phones and addresses for roles they are not open to (SPEC §2).

What is personal is known by the names of fields, wherever they stand in an answer, a change
log or a problem document: a field that a service adds later is masked without anybody having
thought of it.
"""

import re
from functools import lru_cache
from typing import Any

from marshmallow import Schema, fields

from chassis.principal import Principal

#: States of a shipment from which on it is in the warehouse's hands, and open to it.
HANDED = frozenset({"handed", "picking", "packed", "dispatched"})

MASK = "***"
_PERSONAL = re.compile(
    r"(?:^|[_.])(?:phone|mobile|tel|telephone|fax|email|address|street)(?:_line)?(?:_?\d)?$"
)


@lru_cache(maxsize=4096)
def _names_personal(name: str) -> bool:
    # A list repeats few names many times over.
    return _PERSONAL.search(name) is not None


def masked(value: Any, principal: Principal, *, shipments: bool = False) -> Any:
    """Give an answer as the principal may see it.

    Where `shipments`, what was handed to the warehouse is open to it.
    """
    if principal.sees_personal_data:
        return value
    return _masked(value, open_handed=shipments and principal.has("warehouse"))


def _masked(value: Any, *, open_handed: bool) -> Any:
    if isinstance(value, dict):
        if open_handed and value.get("state") in HANDED:
            return value
        return {
            name: _hidden(item)
            if isinstance(name, str) and _names_personal(name)
            else _masked(item, open_handed=open_handed)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, open_handed=open_handed) for item in value]
    return value


def _hidden(value: Any) -> Any:
    """Hide a value but keep its shape; of a phone the last four digits stay, as on a parcel."""
    if isinstance(value, dict):
        return {name: _hidden(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    if not isinstance(value, str) or not value:
        return value
    digits = re.sub(r"\D", "", value)
    is_phone = len(digits) >= 7 and re.fullmatch(r"[\d +()\-]+", value)
    return f"{MASK}{digits[-4:]}" if is_phone else MASK


def holds_personal(schema: Schema, seen: frozenset[type[Schema]] = frozenset()) -> bool:
    """Whether an answer of this schema can hold something that is masked."""
    if type(schema) in seen:
        return False
    return any(
        _is_personal(name, field, seen | {type(schema)}) for name, field in schema.fields.items()
    )


def _is_personal(name: str, field: fields.Field[Any], seen: frozenset[type[Schema]]) -> bool:
    if _names_personal(name) or isinstance(field, fields.Dict):
        return True
    if isinstance(field, fields.List):
        return _is_personal("", field.inner, seen)
    if isinstance(field, fields.Nested):
        return holds_personal(field.schema, seen)
    return False
