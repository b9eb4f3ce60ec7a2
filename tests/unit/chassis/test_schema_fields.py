"""Fields refuse what would be stored as something else than what was sent."""

from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError

from chassis.commands import fingerprint
from chassis.schema import Amount, Message, Moment, Price, Quantity, Text


class Form(Message):
    amount = Amount()
    price = Price()
    quantity = Quantity(above=0)
    text = Text(least=1, most=5)
    moment = Moment()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 1.5),
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
        ("amount", 2, Decimal("2.00")),
        ("price", "0.0365", Decimal("0.036500")),
        ("text", " 张 三 ", "张 三"),
        ("text", "😀", "😀"),
    ],
)
def test_what_is_exact_is_read_as_it_is_meant(field: str, value: Any, read: Any) -> None:
    assert Form().load({field: value}) == {field: read}


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
