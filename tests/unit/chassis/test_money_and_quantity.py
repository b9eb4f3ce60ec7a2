"""Amounts, shares, capitals and quantities."""

from decimal import Decimal

import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import money, quantity

FEN = st.decimals(min_value=0, max_value=10**8, places=2, allow_nan=False)


def as_cn2an(amount: Decimal) -> str:
    """Give cn2an's capitals in the short form of chassis/money.py."""
    return str(cn2an.an2cn(f"{amount:.2f}".rstrip("0").rstrip("."), "rmb"))


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_whole_yuan_in_capitals_are_cn2ans(yuan: int) -> None:
    assert money.capitals(Decimal(yuan)) == as_cn2an(Decimal(yuan))


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角"),
        ("10.05", "壹拾元零伍分"),
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("-3.20", "负叁元贰角"),
    ],
)
def test_jiao_and_fen_in_capitals(amount: str, words: str) -> None:
    assert money.capitals(Decimal(amount)) == words


def test_an_amount_too_large_for_capitals_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        money.capitals(Decimal(10) ** 12)


@given(FEN, st.lists(FEN, min_size=1, max_size=20))
def test_shares_sum_exactly_and_are_fair(total: Decimal, weights: list[Decimal]) -> None:
    shares = money.share_largest_remainder(total, weights)
    assert sum(shares) == total
    whole = sum(weights)
    if whole:
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - total * weight / whole) < Decimal("0.01001")


def test_no_weights_or_a_negative_one_cannot_share() -> None:
    for weights in ([], [Decimal(1), Decimal(-1)]):
        with pytest.raises(ValueError, match="weight"):
            money.share_largest_remainder(Decimal(1), weights)


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "-0.01")]
)
def test_fen_round_half_up(amount: str, rounded: str) -> None:
    assert money.fen(Decimal(amount)) == Decimal(rounded)


def test_a_line_costs_what_was_rounded_once_less_its_discount() -> None:
    assert money.line_amount(Decimal(3), Decimal("0.0365"), Decimal("0.01")) == Decimal("0.10")


def test_a_quantity_that_people_enter_is_never_rounded() -> None:
    assert str(quantity.check(Decimal("1.50"), 1)) == "1.5"
    with pytest.raises(quantity.QuantityNotInUnit) as refused:
        quantity.check(Decimal("1.05"), 1)
    assert refused.value.details == {"quantity": "1.05", "decimals": 1}


@given(st.integers(0, 10**6), st.integers(0, 100), st.integers(0, 3))
def test_tolerance_is_rounded_inwards(whole: int, percent: int, decimals: int) -> None:
    ordered, allowed = Decimal(whole), Decimal(percent)
    most = quantity.with_tolerance(ordered, allowed, decimals, over=True)
    least = quantity.with_tolerance(ordered, allowed, decimals, over=False)
    assert most <= ordered * (100 + allowed) / 100 < most + Decimal(1).scaleb(-decimals)
    assert least >= ordered * (100 - allowed) / 100 > least - Decimal(1).scaleb(-decimals)


@pytest.mark.parametrize(
    ("taken", "decimals", "held"),
    [("10.2", 0, "11"), ("10.0", 0, "10"), ("0.0004", 3, "0.001"), ("51.000", 3, "51.000")],
)
def test_what_something_takes_is_rounded_up_to_the_unit(
    taken: str, decimals: int, held: str
) -> None:
    """I2: half a roll takes a whole one."""
    assert quantity.needed(Decimal(taken), decimals) == Decimal(held)
