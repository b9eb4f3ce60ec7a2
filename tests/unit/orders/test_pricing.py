"""Which price holds, which promotion, and what is in doubt (O10)."""

from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.errors import DiscountAboveAmount
from services.orders.domain.line import OrderLine
from services.orders.domain.pricing import (
    Market,
    Paid,
    PriceFindings,
    PriceScheme,
    PromotionTerms,
    SchemeTerms,
    best_offer,
    best_promotions,
    check_prices,
    lines_to_remember,
    take_discounts,
)
from tests.unit.orders.story import CUSTOMER, LABEL, NOW, PAPER, TODAY, line

CUSTOMER_ID, PAPER_ID = UUID(CUSTOMER["id"]), UUID(PAPER["id"])


def scheme(price: str, *, code: str = "S", **changes: Any) -> SchemeTerms:
    facts: dict[str, Any] = {
        "name": code,
        "product": PAPER,
        "customer": None,
        "region": None,
        "grade": None,
        "breaks": [(Decimal(0), Decimal(price))],
        "valid_from": date(2026, 1, 1),
        "valid_until": None,
        "now": NOW,
        **changes,
    }
    kept = PriceScheme(id=uuid4(), code=code, **facts)
    return SchemeTerms(**{each.name: getattr(kept, each.name) for each in fields(SchemeTerms)})


def price_of(*schemes: SchemeTerms, quantity: str = "100", today: date = TODAY) -> Decimal | None:
    return best_offer(
        schemes,
        product_id=PAPER_ID,
        quantity=Decimal(quantity),
        customer_id=CUSTOMER_ID,
        grade="B",
        region="华东",
        today=today,
    ).unit_price


def test_the_most_specific_scheme_wins_customer_region_grade_everybody() -> None:
    ladder = [
        scheme("4"),
        scheme("3", grade="B"),
        scheme("2", region="华东"),
        scheme("1", customer=CUSTOMER),
    ]
    for count in range(1, 5):
        assert price_of(*ladder[:count]) == Decimal(5 - count)


def test_of_two_alike_the_one_that_starts_later_wins() -> None:
    assert price_of(scheme("1"), scheme("2", valid_from=date(2026, 6, 1))) == Decimal(2)


def test_schemes_of_others_do_not_fit() -> None:
    other = {**CUSTOMER, "id": str(uuid4())}
    assert price_of(scheme("1", grade="A")) is None
    assert price_of(scheme("1", region="华南")) is None
    assert price_of(scheme("1", customer=other)) is None
    assert price_of(scheme("1", product=LABEL)) is None


@pytest.mark.parametrize(
    ("quantity", "price"), [("99.999", "3"), ("100", "2"), ("999", "2"), ("1000", "1")]
)
def test_a_quantity_break_holds_from_its_least_quantity_on(quantity: str, price: str) -> None:
    breaks = [(Decimal(1000), Decimal(1)), (Decimal(0), Decimal(3)), (Decimal(100), Decimal(2))]
    assert price_of(scheme("9", breaks=breaks), quantity=quantity) == Decimal(price)


def test_below_the_first_break_there_is_no_price() -> None:
    assert price_of(scheme("9", breaks=[(Decimal(10), Decimal(1))]), quantity="9") is None


@pytest.mark.parametrize(
    ("today", "holds"),
    [
        (date(2026, 5, 31), False),
        (date(2026, 6, 1), True),
        (date(2026, 6, 30), True),
        (date(2026, 7, 1), False),
    ],
)
def test_a_scheme_holds_from_its_first_to_its_last_day(today: date, holds: bool) -> None:  # noqa: FBT001
    june = scheme("1", valid_from=date(2026, 6, 1), valid_until=date(2026, 6, 30))
    assert (price_of(june, today=today) is not None) is holds


def promotion(kind: str, threshold: str, value: str, **changes: Any) -> PromotionTerms:
    facts: dict[str, Any] = {"grade": None, "region": None, "valid_until": None, **changes}
    return PromotionTerms(
        code=f"{kind}-{threshold}",
        kind=kind,
        threshold=Decimal(threshold),
        value=Decimal(value),
        valid_from=date(2026, 1, 1),
        **facts,
    )


def check(
    lines: list[OrderLine],
    *schemes: SchemeTerms,
    promotions: tuple[PromotionTerms, ...] = (),
    last: Paid | None = None,
) -> PriceFindings:
    offers = [
        best_offer(
            schemes,
            product_id=each.product_id,
            quantity=each.quantity,
            customer_id=CUSTOMER_ID,
            grade="B",
            region="华东",
            today=TODAY,
        )
        for each in lines
    ]
    return check_prices(
        lines,
        offers,
        market=Market(schemes, promotions, {} if last is None else {PAPER_ID: last}),
        grade="B",
        region="华东",
        today=TODAY,
    )


def test_a_threshold_discount_is_spread_by_largest_remainder() -> None:
    lines = [line(n, "100") for n in (1, 2, 3)]
    findings = check(lines, scheme("1"), promotions=(promotion("discount", "300", "20"),))
    assert findings.discounts == [Decimal("6.67"), Decimal("6.67"), Decimal("6.66")]
    assert (findings.scheme_total, findings.promotion) == (Decimal("280.00"), "discount-300")


def test_a_threshold_not_reached_gives_nothing_and_the_largest_reached_wins() -> None:
    off = [promotion("discount", "300", "20"), promotion("discount", "500", "50")]
    gift = promotion("coupon", "500", "20")
    every: dict[str, Any] = {"grade": "B", "region": "华东", "today": TODAY}
    assert best_promotions([*off, gift], total=Decimal("299.99"), **every) == (None, [])
    assert best_promotions([*off, gift], total=Decimal(499), **every) == (off[0], [])
    assert best_promotions([*off, gift], total=Decimal(500), **every) == (off[1], [gift])
    elsewhere = promotion("discount", "1", "0.50", grade="A")
    assert best_promotions([elsewhere], total=Decimal(500), **every) == (None, [])


def kinds(findings: PriceFindings) -> list[str]:
    return [doubt["kind"] for doubt in findings.doubts]


def test_the_schemes_price_raises_no_doubt_and_another_does() -> None:
    assert kinds(check([line()], scheme("1"))) == []
    assert kinds(check([line(unit_price=Decimal("0.99"))], scheme("1"))) == ["differs_from_scheme"]


def test_without_a_scheme_the_price_is_in_doubt() -> None:
    findings = check([line()])
    assert kinds(findings) == ["no_scheme"]
    assert findings.scheme_total == Decimal("1000.00")


def test_a_discount_somebody_gave_is_in_doubt_unless_it_is_the_promotions() -> None:
    twenty = (promotion("discount", "1000", "20"),)
    assert kinds(check([line(discount=Decimal(20))], scheme("1"), promotions=twenty)) == []
    other = check([line(discount=Decimal(30))], scheme("1"), promotions=twenty)
    assert kinds(other) == ["discount_differs"]


@pytest.mark.parametrize(
    ("changed_at", "doubts"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), ["differs_from_last_price"]),
        (datetime(2026, 11, 1, tzinfo=UTC), []),
    ],
)
def test_another_last_price_is_in_doubt_only_if_the_scheme_has_not_changed_since(
    changed_at: datetime, doubts: list[str]
) -> None:
    last = Paid(Decimal("1.20"), datetime(2026, 10, 1, tzinfo=UTC))
    assert kinds(check([line()], scheme("1", now=changed_at), last=last)) == doubts


def paid(price: str, at: datetime = datetime(2026, 10, 1, tzinfo=UTC)) -> Paid:
    return Paid(Decimal(price), at)


def test_a_scheme_announced_before_the_last_purchase_explains_another_price_once_it_holds() -> None:
    """O9: written down in September for November; bought in October at the old price."""
    written = datetime(2026, 9, 1, tzinfo=UTC)
    november = scheme("1", now=written, valid_from=date(2026, 11, 1))
    assert kinds(check([line()], november, last=paid("1.20"))) == []


def test_another_quantity_explains_another_last_price_of_the_same_scheme() -> None:
    """O9: bought by the hundred at 1.20, now by the thousand at 1."""
    written = datetime(2026, 1, 1, tzinfo=UTC)
    by_quantity = [(Decimal(0), Decimal("1.20")), (Decimal(1000), Decimal(1))]
    breaks = scheme("1.20", now=written, breaks=by_quantity)
    assert kinds(check([line()], breaks, last=paid("1.20"))) == []
    assert kinds(check([line()], breaks, last=paid("1.10"))) == ["differs_from_last_price"]


def test_a_discount_never_exceeds_what_its_line_costs() -> None:
    cheap = line(1, "1", unit_price=Decimal("0.0365"), discount=Decimal("0.05"))
    with pytest.raises(DiscountAboveAmount) as refused:
        take_discounts([cheap], [Decimal(0)])
    assert refused.value.details["amount"] == "0.04"


@given(st.lists(st.decimals("0", "30", places=4), min_size=1, max_size=6))
def test_the_whole_discount_is_given_beside_gifts_and_cut_prices(prices: list[Decimal]) -> None:
    """Of 50 yuan off, what a gift or a cut price cannot bear, the other lines do."""
    lines = [line(n, "5", unit_price=price) for n, price in enumerate(prices, start=1)]
    findings = check(lines, scheme("20"), promotions=(promotion("discount", "100", "50"),))

    take_discounts(lines, findings.discounts)

    costs = sum((each.gross for each in lines), Decimal(0))
    assert sum(each.discount for each in lines) == min(Decimal(50), costs)
    assert all(each.discount <= each.gross for each in lines)


def test_what_a_customer_last_paid_is_no_gift_and_rather_the_schemes_price() -> None:
    """100 at 20 and 20 given away: the next order at 20 is in no doubt."""
    sold, gift = line(1, "100", unit_price=Decimal(20)), line(2, "20", unit_price=Decimal(0))
    more, label = line(3, "500", unit_price=Decimal(18)), line(4, "1", product=LABEL)

    assert lines_to_remember([sold, gift, label], {}) == [label, sold]
    assert lines_to_remember([sold, gift, more], {}) == [more]
    assert lines_to_remember([sold, gift, more], {1: Decimal("20.000000")}) == [sold]
    assert lines_to_remember([gift], {}) == []


def test_of_two_schemes_alike_in_all_the_one_changed_last_wins() -> None:
    early = scheme("1", now=datetime(2026, 1, 1, tzinfo=UTC))
    late = scheme("2", now=datetime(2026, 2, 1, tzinfo=UTC))
    for pair in ((early, late), (late, early)):
        findings = check([line(unit_price=Decimal(2))], *pair)
        assert kinds(findings) == []
