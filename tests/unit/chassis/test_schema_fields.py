"""Fields refuse what would be stored as something else than what was sent."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError, fields

from chassis.commands import fingerprint
from chassis.schema import Amount, Message, Moment, Price, Quantity, Text


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
