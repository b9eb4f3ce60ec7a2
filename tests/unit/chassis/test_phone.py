"""Phones: which can be called, and how they are normalised."""

import pytest

from chassis.phone import is_dialable, normalised


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("138 0000 8888", "+8613800008888"),
        ("+1 650-253-0000", "+16502530000"),
        ("(5) 555-4729", None),
        ("13800008888/13900009999", None),
    ],
)
def test_a_number_is_normalised_where_a_plan_knows_it(phone: str, number: str | None) -> None:
    assert normalised(phone) == number


@pytest.mark.parametrize(
    "phone",
    [
        "13800008888",
        "１３８００００８８８８",
        "+86 138-0000-8888",
        "0571-88886666",
        "0571-88886666-801",
        "0571-88886666转801",
        "13800008888/13900009999",
        "13800008888（王先生）",
        "400-800-1234",
        "+52 55 5555 4729",
        "8888666",
    ],
)
def test_a_number_can_be_called_whatever_stands_beside_it(phone: str) -> None:
    assert is_dialable(phone)


@pytest.mark.parametrize("phone", ["", "abc", "8", "123-456", "无"])
def test_what_is_no_number_cannot_be_called(phone: str) -> None:
    assert not is_dialable(phone)
