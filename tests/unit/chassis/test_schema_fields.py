"""Fields refuse what would be stored as something else than was sent, and write what is there."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from marshmallow import (
    INCLUDE,
    RAISE,
    Schema,
    ValidationError,
    fields,
    missing,
    post_dump,
    post_load,
    validate,
)

from chassis.commands import fingerprint
from chassis.schema import (
    Amount,
    Copy,
    Identity,
    Message,
    Moment,
    Price,
    Quantity,
    Text,
    _Wire,
    one_of,
)


class Form(Message):
    amount = Amount()
    price = Price()
    quantity = Quantity(above=0)
    text = Text(least=1, most=5)
    moment = Moment()
    whole = fields.Integer()
    yes = fields.Boolean()
    day = fields.Date()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 1.5),
        ("amount", 2),
        ("amount", "1e3"),
        ("amount", "1_000"),
        ("amount", "+1"),
        ("amount", " 1"),
        ("amount", ".5"),
        ("amount", "１２"),
        ("amount", True),
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", "1.001"),
        ("amount", "1e30"),
        ("amount", "10000000000000"),
        ("amount", "1" * 41),
        ("amount", ""),
        ("amount", []),
        ("price", "0.0000001"),
        ("quantity", "0"),
        ("quantity", "-1"),
        ("quantity", "0.0001"),
        ("text", ""),
        ("text", "   "),
        ("text", "123456"),
        ("text", "a\x00b"),
        ("text", "a\x1bb"),
        ("text", "a\u202eb"),
        ("text", "a\u2066b"),
        ("text", "\ud800"),
        ("text", 5),
        ("day", "9999-12-31"),
        ("day", "0001-01-01"),
        ("day", "2200-01-01"),
        ("moment", "9999-12-31T23:59:59-08:00"),
        ("moment", "1899-12-31T00:00:00Z"),
        ("moment", "2026-11-23T10:00:00"),
        ("moment", "0001-01-01T00:00:00+14:00"),
        ("moment", "yesterday"),
        ("moment", "20261123T100000Z"),
        ("moment", "2026-W47-7T10:00:00Z"),
        ("moment", 1764000000),
        ("whole", 1.9),
        ("whole", 1.0),
        ("whole", "1"),
        ("whole", True),
        ("yes", "no"),
        ("yes", 0),
        ("day", "20261123"),
        ("day", "2026-W47-7"),
        ("day", "2026-02-30"),
        ("text", "a\x9bb"),
        ("unknown", "x"),
    ],
)
def test_a_value_that_is_not_exactly_one_is_refused_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Form().load({field: value})
    assert isinstance(refused.value.messages, dict)
    assert list(refused.value.messages) == [field]


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("amount", "1.5", Decimal("1.50")),
        ("amount", "-0", Decimal("0.00")),
        ("price", "0.0365", Decimal("0.036500")),
        ("text", " 张 三 ", "张 三"),
        ("text", "😀", "😀"),
        ("whole", -3, -3),
        ("yes", False, False),
        ("day", "2026-11-23", date(2026, 11, 23)),
        ("moment", "2026-11-23T10:00:00+08:00", datetime(2026, 11, 23, 2, tzinfo=UTC)),
    ],
)
def test_what_is_exact_is_read_as_it_is_meant(field: str, value: Any, read: Any) -> None:
    loaded = Form().load({field: value})

    assert loaded == {field: read}
    assert str(loaded[field]) == str(read)


def test_a_fingerprint_knows_method_and_content_and_not_the_order_of_keys() -> None:
    known = fingerprint("m", {"a": 1, "b": [1, 2]})
    assert fingerprint("m", {"b": [1, 2], "a": 1}) == known
    others: list[tuple[str, dict[str, Any]]] = [
        ("n", {"a": 1, "b": [1, 2]}),
        ("m", {"a": 1, "b": [2, 1]}),
        ("m", {"a": "1"}),
    ]
    assert known not in {fingerprint(method, body) for method, body in others}
    assert len(fingerprint("m", {"a": "\ud800"})) == 64


class Colour(StrEnum):
    RED = "red"


class Part(Message):
    no = fields.Integer()
    quantity = Quantity()


class Whole(Message):
    """One field of each way in which a value is found and written."""

    id = Identity()
    name = Text()
    renamed = fields.String(attribute="called")
    keyed = fields.String(data_key="as")
    deep = fields.Integer(attribute="part.no")
    amount = Amount()
    moment = Moment()
    day = fields.Date()
    short_day = fields.Date(format="%d.%m.")
    yes = fields.Boolean()
    colour = one_of(Colour)
    raw = fields.Raw()
    facts = fields.Dict()
    part = fields.Nested(Part)
    parts = fields.List(fields.Nested(Part))
    many = fields.Nested(Part, many=True)
    ids = fields.List(Identity())
    days = fields.List(fields.Date(), allow_none=True)
    asked = fields.Function(lambda whole: len(_of(whole, "name")))
    defaulted = fields.String(dump_default="there")
    left_out = fields.String()
    nothing = Amount(allow_none=True)


def _of(whole: Any, name: str) -> Any:
    return whole[name] if isinstance(whole, dict) else getattr(whole, name)


THING: dict[str, Any] = {
    "id": UUID(int=7),
    "name": "箱",
    "called": "盒",
    "keyed": Colour.RED,
    "amount": Decimal("1.5"),
    "moment": datetime(2026, 11, 22, 1, tzinfo=UTC),
    "day": date(2026, 11, 22),
    "short_day": date(2026, 11, 22),
    "yes": True,
    "colour": Colour.RED,
    "raw": [1, None],
    "facts": {"a": "b"},
    "part": {"no": 1, "quantity": None},
    "parts": [{"no": 2, "quantity": Decimal(3)}],
    "many": [{"no": 3}],
    "ids": [UUID(int=8)],
    "days": [date(2026, 11, 23), None],
    "nothing": None,
}


@pytest.mark.parametrize("thing", [THING, SimpleNamespace(**THING)], ids=["mapping", "object"])
def test_a_value_is_written_as_marshmallow_itself_would(thing: Any) -> None:
    written = Whole().dump(thing)

    assert written == Schema._serialize(Whole(), thing)
    assert list(written) == list(Schema._serialize(Whole(), thing))
    assert written == {
        "id": str(UUID(int=7)),
        "name": "箱",
        "renamed": "盒",
        "as": "red",
        "deep": 1,
        "amount": "1.50",
        "moment": "2026-11-22T01:00:00+00:00",
        "day": "2026-11-22",
        "short_day": "22.11.",
        "yes": True,
        "colour": "red",
        "raw": [1, None],
        "facts": {"a": "b"},
        "part": {"no": 1, "quantity": None},
        "parts": [{"no": 2, "quantity": "3.000"}],
        "many": [{"no": 3}],
        "ids": [str(UUID(int=8))],
        "days": ["2026-11-23", None],
        "asked": 1,
        "defaulted": "there",
        "nothing": None,
    }


def test_hooks_of_a_schema_run_when_it_writes() -> None:
    class Hooked(Message):
        no = fields.Integer()

        @post_dump
        def _double(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
            return {"no": data["no"] * 2}

    class Holder(Message):
        one = fields.Nested(Hooked)
        more = fields.List(fields.Nested(Hooked))

    held = {"one": {"no": 1}, "more": [{"no": 2}]}
    assert Holder().dump(held) == {"one": {"no": 2}, "more": [{"no": 4}]}


class ReadPart(Copy):
    name = fields.String(required=True)
    count = fields.Integer(load_default=1)


class ReadHooked(Message):
    no = fields.Integer()

    @post_load
    def _double(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"no": data["no"] * 2}


class Sort(StrEnum):
    GOOD = "good"
    BAD = "bad"


class ReadWhole(Message):
    name = fields.String(required=True, validate=validate.Length(max=5))
    other_name = fields.String(attribute="alias", data_key="other-name", allow_none=True)
    deep = fields.String(attribute="under.ground")
    amount = Amount(load_default=None, allow_none=True)
    yes = fields.Boolean()
    tags = fields.List(fields.String(), load_default=list, validate=validate.Length(max=2))
    part = fields.Nested(ReadPart, allow_none=True)
    strict = fields.Nested(ReadPart, unknown=RAISE)
    whole = fields.Nested(ReadPart, unknown=INCLUDE)
    parts = fields.List(fields.Nested(ReadPart))
    many = fields.Nested(ReadPart, many=True)
    hooked = fields.Nested(ReadHooked)
    written_only = fields.String(dump_only=True)
    text = Text(most=5, least=1)
    count = fields.Integer(validate=validate.Range(0, 9))
    day = fields.Date()
    at = Moment()
    by = Identity(allow_none=True)
    sort = one_of(Sort)
    facts = fields.Dict()
    named = fields.Dict(keys=fields.String(validate=validate.Length(max=1)))


RIGHT = {
    "name": "a",
    "other-name": "b",
    "amount": "1.50",
    "yes": True,
    "tags": ["x"],
    "part": {"name": "p", "more": 1},
    "strict": {"name": "p", "count": 2},
    "whole": {"name": "p", "more": {"a": [1]}, "less": None},
    "parts": [{"name": "p"}, {"name": "q", "count": 3}],
    "many": [{"name": "p"}],
    "hooked": {"no": 2},
    "text": " t ",
    "count": 3,
    "day": "2026-11-23",
    "at": "2026-11-23T09:30:00+08:00",
    "by": "00000000-0000-4000-8000-000000000001",
    "sort": "good",
    "facts": {"a": [1]},
    "named": {"a": 1},
}


def _outcome(schema: type[Schema], data: Any) -> Any:
    try:
        return schema().load(data)
    except ValidationError as error:
        return error.messages


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": missing},
        {"name": "too long"},
        {"name": 1},
        {"name": None},
        {"other-name": None},
        {"deep": "water"},
        {"amount": 1.5},
        {"amount": None},
        {"amount": missing},
        {"yes": "yes"},
        {"yes": None},
        {"tags": missing},
        {"tags": "x"},
        {"tags": ["x", None]},
        {"tags": ["x", "y", "z"]},
        {"part": None},
        {"part": []},
        {"part": {}},
        {"part": {"name": "p", "count": "no"}},
        {"strict": {"name": "p", "more": 1}},
        {"whole": {"name": "p", "more.or": 1}},
        {"whole": {"name": 1, "more": 1}},
        {"parts": [{"name": "p"}, {}]},
        {"parts": {"name": "p"}},
        {"many": [{"name": "p", "count": None}]},
        {"many": {"name": "p"}},
        {"hooked": {"no": "x"}},
        {"unknown": 1},
        {"written_only": "x"},
        {"amount": "-0"},
        {"amount": "1.505"},
        {"amount": Decimal("1.5")},
        {"amount": Decimal("1E+1")},
        {"amount": Decimal("NaN")},
        {"amount": True},
        {"text": "\u202e"},
        {"text": " "},
        {"text": "too long"},
        {"text": 5},
        {"count": True},
        {"count": 1.0},
        {"count": "1"},
        {"count": 10},
        {"day": "2026-W47-7"},
        {"day": "2026-02-30"},
        {"day": "1899-12-31"},
        {"day": 20261123},
        {"day": date(2026, 11, 23)},
        {"at": "2026-11-23T09:30:00"},
        {"at": "2026-11-23t01:30:00z"},
        {"at": 1},
        {"by": "{00000000000040008000000000000001}"},
        {"by": "none"},
        {"by": 1},
        {"by": UUID(int=1)},
        {"sort": "GOOD"},
        {"sort": "worse"},
        {"sort": Sort.BAD},
        {"sort": None},
        {"sort": ["good"]},
        {"facts": []},
        {"facts": "a"},
        {"facts": {}},
        {"named": {"long": 1}},
    ],
)
def test_a_message_is_read_as_marshmallow_reads_it(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {key: value for key, value in (RIGHT | changes).items() if value is not missing}
    told = _outcome(ReadWhole, data)
    monkeypatch.setattr(_Wire, "_deserialize", Schema._deserialize)

    assert told == _outcome(ReadWhole, data)


@pytest.mark.parametrize("data", [None, [], "text", [RIGHT]])
def test_what_is_no_object_is_refused_as_marshmallow_refuses_it(data: Any) -> None:
    assert _outcome(ReadWhole, data) == {"_schema": ["Invalid input type."]}
