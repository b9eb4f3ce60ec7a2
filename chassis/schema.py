"""The fields of messages: what every service's and the gateway's schemas are written with.

Amounts, prices and quantities are decimal strings on the wire, times RFC 3339, business
dates ISO 8601. Unknown fields are refused in commands and left out in events.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, cached_property, partial
from operator import methodcaller
from typing import Any
from uuid import UUID

from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, ValidationError, fields, missing, validate

_Reader = Callable[[Any], Any]

# Written by a person, stored by PostgreSQL (which cannot hold NUL) and shown on documents:
# control characters and the marks that turn the reading direction have no business there.
_FORBIDDEN_CHARACTERS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


# marshmallow reads all that Python can make a number, a date or a truth of: 1.9 as 1, "no" as
# false, "2026-W47-7" as a day. What a message means must not hang on that.
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
# Nor of a year that no business has: at the ends of its calendar Python's arithmetic overflows.
_DAY = re.compile(r"(19|2[01])\d\d-\d\d-\d\d", re.ASCII)
_RFC_3339 = re.compile(
    r"(19|2[01])\d\d-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _only_a_boolean(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    raise ValidationError("Not a valid boolean.")


def _only_a_day(value: Any) -> Any:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValidationError("Must be a day of the years 1900 to 2199, like 2026-11-23.")
    return value


class _Odd(Exception):
    """A value that does not fit at once: marshmallow itself reads it, or says what is wrong."""


class _Wire(Schema):
    """What is sent; it reads and writes as marshmallow's own Schema, in a quarter of its time.

    marshmallow asks of each field of each value where it is found, by which name, what stands
    for it if it is missing, and how it is read or written. Here all that is settled once for a
    schema. Only what is right is read here: whatever is not, marshmallow reads once more, and
    its messages are given.
    """

    @cached_property
    def _ways_in(self) -> list[tuple[str, str, fields.Field[Any], _Reader]]:
        return [
            (
                name if field.data_key is None else field.data_key,
                field.attribute or name,
                field,
                _reader(field),
            )
            for name, field in self.load_fields.items()
        ]

    def _deserialize(
        self,
        data: Any,
        *,
        many: bool = False,
        partial: Any = None,
        unknown: Any = RAISE,
        **others: Any,
    ) -> Any:
        """Read a value, or many (marshmallow's step between the hooks of a load)."""
        if not many and not partial:
            with suppress(_Odd, ValidationError):
                return self.read(data, unknown)
        return super()._deserialize(data, many=many, partial=partial, unknown=unknown, **others)

    @cached_property
    def is_hooked(self) -> bool:
        """Whether something is done before or after a load, which `read` does not do."""
        return any(self._hooks.values())

    def read(self, data: Any, unknown: Any) -> dict[str, Any]:
        """Give what `data` says. Raises _Odd or ValidationError where it does not fit."""
        if type(data) is not dict:
            raise _Odd
        found = {}
        not_seen = len(data)
        for key, attribute, field, read in self._ways_in:
            value = data.get(key, missing)
            if value is missing:
                if field.required:
                    raise _Odd
                value = field.load_default
                if callable(value):
                    value = value()
                if value is missing:
                    continue
            else:
                not_seen -= 1
                if value is not None:
                    value = read(value)
                elif not field.allow_none:
                    raise _Odd
            found[attribute] = value
        if not_seen and unknown != EXCLUDE:
            found |= self._others(data, unknown)
        return found

    def _others(self, data: Mapping[str, Any], unknown: Any) -> dict[str, Any]:
        """Give what no field reads, as it is. Raises _Odd where it is not kept."""
        others = data.keys() - self._keys
        # A name with a dot in it is a path to marshmallow.
        if unknown != INCLUDE or any("." in key for key in others):
            raise _Odd
        return {key: data[key] for key in others}

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(key for key, *_ in self._ways_in)

    @cached_property
    def _steps(self) -> list[tuple[str, str | None, Callable[[Any], Any]]]:
        return [_step(self, name, field) for name, field in self.dump_fields.items()]

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        """Write a value, or many (marshmallow's step between the hooks of a dump)."""
        return [self._write(one) for one in obj] if many else self._write(obj)

    def _write(self, value: Any) -> dict[str, Any]:
        get = value.get if isinstance(value, Mapping) else partial(getattr, value)
        written = {}
        for key, attribute, form in self._steps:
            if attribute is None:
                found = form(value)
            else:
                found = get(attribute, missing)
                if found is not None and found is not missing:
                    found = form(found)
            if found is not missing:
                written[key] = found
        return written


class Message(_Wire):
    """A command or its answer: a field it does not name is refused, and so is a wrong type."""

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002
        """Take for a field only what is of its own type on the wire (marshmallow's hook)."""
        if isinstance(field_obj, fields.Integer):
            field_obj.strict = True
        elif isinstance(field_obj, fields.Boolean):
            field_obj.pre_load = [_only_a_boolean]
        elif isinstance(field_obj, fields.Date):
            field_obj.pre_load = [_only_a_day]


class Copy(_Wire):
    """What a listener reads of an event: fields it does not know are left out (ARCHITECTURE §4)."""

    class Meta:
        unknown = EXCLUDE


def dump(schema: type[Schema], value: Any, *, many: bool = False) -> Any:
    """Give a value, or many, as the schema writes it."""
    return _made(schema).dump(value, many=many)


@cache
def _made(schema: type[Schema]) -> Schema:
    # Making a schema copies all its fields: more than writing a value by them.
    return schema()


def _step(
    schema: Schema, name: str, field: fields.Field[Any]
) -> tuple[str, str | None, Callable[[Any], Any]]:
    """Give a field's key, the attribute it is found by, and how what was found is written.

    Without an attribute, the field is written from the whole value.
    """
    key, attribute = field.data_key or name, field.attribute or name
    by_whole = isinstance(field, fields.Function | fields.Method | fields.Constant)
    if by_whole or "." in attribute or field.dump_default is not missing:
        return key, None, lambda value: field.serialize(name, value, schema.get_attribute)
    return key, attribute, _form(field)


def _reader(field: fields.Field[Any]) -> _Reader:
    """Give how a field reads a value that is there. Raises _Odd, ValidationError."""
    if "." in (field.attribute or ""):
        return _refuse
    read = _core(field)
    if read is None:
        return field.deserialize
    steps = (*field.pre_load, read, *map(_checked, field.validators), *field.post_load)
    return read if len(steps) == 1 else partial(_through, steps)


def _core(field: fields.Field[Any]) -> _Reader | None:
    """Give how a value is read between what is done before and after, None where that varies."""
    kind = type(field)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(field, fields.Dict):
        return None if field.key_field or field.value_field else _object
    if isinstance(field, fields.List) and kind is fields.List:
        return partial(_list, _reader(field.inner))
    if isinstance(field, fields.Nested) and kind is fields.Nested:
        schema = field.schema
        if field.many or not isinstance(schema, _Wire) or schema.is_hooked:
            return None
        return partial(schema.read, unknown=field.unknown or schema.unknown)
    if isinstance(field, fields.Enum) and issubclass(field.enum, StrEnum):
        # By its words alone: what else an enum takes, marshmallow reads.
        return partial(_member, {str(one): one for one in field.enum}) if field.by_value else None
    if isinstance(field, _Decimal):
        return field.exactly
    return None


def _refuse(_: Any) -> Any:
    raise _Odd


def _only(kind: type) -> _Reader:
    def read(value: Any) -> Any:
        # Not `isinstance`: a truth is no number, and no other text is plain text.
        if type(value) is not kind:
            raise _Odd
        return value

    return read


_string = _only(str)


def _id(value: Any) -> UUID:
    try:
        return UUID(_string(value))
    except ValueError as error:
        raise _Odd from error


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(_string(value))
    except ValueError as error:
        raise _Odd from error


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise _Odd
    return dict(value)


def _member(members: Mapping[str, StrEnum], value: Any) -> StrEnum:
    member = members.get(_string(value))
    if member is None:
        raise _Odd
    return member


def _list(read: _Reader, value: Any) -> list[Any]:
    if type(value) is not list or None in value:
        raise _Odd
    return [read(each) for each in value]


def _checked(check: Callable[[Any], object]) -> _Reader:
    def checked(value: Any) -> Any:
        check(value)
        return value

    return checked


def _through(steps: Sequence[_Reader], value: Any) -> Any:
    for step in steps:
        value = step(value)
    return value


def _form(field: fields.Field[Any]) -> Callable[[Any], Any]:
    """Give how a field writes a value that is there."""
    kind = type(field)
    if isinstance(field, _Decimal):
        return f"{{:.{field.decimals}f}}".format
    if kind in (fields.String, Text, fields.UUID, Identity):
        return str
    if isinstance(field, Moment | fields.Date) and field.format == "iso":
        return methodcaller("isoformat")
    if isinstance(field, fields.Nested) and kind is fields.Nested:
        return partial(field.schema.dump, many=field.many)
    if isinstance(field, fields.List) and kind is fields.List:
        if type(field.inner) is fields.Nested:
            return partial(field.inner.schema.dump, many=True)
        inner = _form(field.inner)
        return lambda found: [None if one is None else inner(one) for one in found]
    return lambda found: field.serialize("", found, lambda *_: found)


class Text(fields.String):
    """Text of a person, stripped; `most` limits its characters (default 200)."""

    def __init__(self, *, most: int = 200, least: int = 0, **kwargs: Any) -> None:
        self.most = most
        super().__init__(validate=validate.Length(min=least, max=most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if _FORBIDDEN_CHARACTERS.search(text):
            raise ValidationError("Must not contain control or direction characters.")
        return text.strip()


class Form(validate.Regexp):
    """The form of a whole text; `match` and `$` would let a line's end stand behind it."""

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


#: A code given by people: of a customer, product, material, store, work centre, carrier,
#: scanner; it stands in addresses, which no part of begins with a hyphen.
CODE = Form(
    "^[A-Z0-9][A-Z0-9-]{0,19}$",
    error="Must be 1 to 20 of A-Z, 0-9 or '-', the first a letter or digit.",
)


#: A code of a price scheme or promotion; it stands in addresses too.
SCHEME_CODE = Form(
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
    error="Must be 1 to 40 of A-Z, a-z, 0-9, '.', '_' or '-', the first a letter or digit.",
)


class _Decimal(fields.Decimal):
    """A decimal with a fixed number of places: more are refused, never rounded away."""

    decimals: int
    limit = Decimal(10) ** 13
    default_error_messages = {  # noqa: RUF012  marshmallow's name, read only
        "invalid": 'Must be a decimal written as a string, like "12.5".',
    }

    def __init__(
        self,
        *,
        least: Decimal | int | None = None,
        above: Decimal | int | None = None,
        **kwargs: Any,
    ) -> None:
        self.least, self.above = least, above
        self._last_place = Decimal(1).scaleb(-self.decimals)
        super().__init__(as_string=True, allow_nan=False, **kwargs)

    def _validated(self, value: Any) -> Decimal:
        return self.exactly(f"{value:f}" if isinstance(value, Decimal) else value)

    def exactly(self, text: Any) -> Decimal:
        """Read a number written out. Raises ValidationError where it is none, or does not fit."""
        # A JSON number has gone through a float somewhere and lost what it stood for.
        if not isinstance(text, str) or len(text) > 40 or not _DECIMAL.fullmatch(text):
            raise self.make_error("invalid")
        number = Decimal(text)
        if abs(number) >= self.limit:
            raise ValidationError(f"Must be below {self.limit:f}.")
        exact = number.quantize(self._last_place)
        if exact != number:
            raise ValidationError(f"Must have at most {self.decimals} decimals.")
        if self.least is not None and exact < self.least:
            raise ValidationError(f"Must be at least {self.least}.")
        if self.above is not None and exact <= self.above:
            raise ValidationError(f"Must be above {self.above}.")
        # "-0" is zero, and is shown as it.
        return exact or abs(exact)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        # Numbers from the database are fit already; dumping is hot and skips the checks.
        return None if value is None else f"{value:.{self.decimals}f}"


class Amount(_Decimal):
    """Money in yuan, two decimals."""

    decimals = 2


class Price(_Decimal):
    """Unit price in yuan incl. VAT, up to six decimals."""

    decimals = 6
    limit = Decimal(10) ** 10


class Quantity(_Decimal):
    """Quantity in the product's unit, up to three decimals."""

    decimals = 3
    limit = Decimal(10) ** 12


class Percent(_Decimal):
    """A percentage: 30 means 30 %."""

    decimals = 3
    limit = Decimal(10) ** 4


class Moment(fields.AwareDateTime):
    """A moment: RFC 3339 with its offset, of the years 1900 to 2199; UTC inside."""

    default_error_messages = {  # noqa: RUF012  marshmallow's name, read only
        "invalid": "Must be a moment of the years 1900 to 2199, like 2026-11-23T09:30:00+08:00.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str) and not _RFC_3339.fullmatch(value):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else value.isoformat()


class Identity(fields.UUID):
    """An id; dumped as its string."""


#: How what needs nothing but its type is read.
_PLAIN: dict[type, _Reader] = {
    fields.String: _string,
    fields.Integer: _only(int),
    fields.Boolean: _only(bool),
    fields.Date: _day,
    fields.UUID: _id,
    Identity: _id,
}


def one_of(enum: Any, **kwargs: Any) -> "fields.Enum[Any]":
    """Give the field of a StrEnum, by value on the wire."""
    return fields.Enum(enum, by_value=True, **kwargs)


class PageRequest(Message):
    """Keyset paging of a list: `after` is the cursor the page before gave."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    after = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


class Nothing(Message):
    """A request without a body."""
