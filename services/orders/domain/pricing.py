"""Price schemes, threshold promotions and last prices: what a line ought to cost (O9, O10)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis import money
from chassis.clock import BUSINESS_ZONE, business_date
from chassis.errors import guard_version
from chassis.mapping import Day, Money, UnitPrice, Versioned
from services.orders.domain import Base
from services.orders.domain.errors import DiscountAboveAmount
from services.orders.domain.line import OrderLine

DISCOUNT, COUPON = "discount", "coupon"


class PriceScheme(Versioned, Base):
    """One product's price for a customer, a region, a grade, or everybody, between two dates.

    `breaks` are quantity breaks in rising order: from `min_quantity` on, `unit_price` holds.
    Where several schemes fit, the one for the customer wins over region, region over grade,
    grade over everybody; of two alike the one that starts later, then the one changed last.
    """

    aggregate_type: ClassVar[str] = "price_scheme"

    __tablename__ = "price_scheme"
    __table_args__ = (
        Index("ix_price_scheme_product", "product_id", "valid_from"),
        Index("ix_price_scheme_product_code", "product_code", "code"),
        Index("ix_price_scheme_customer_code", "customer_code", "code"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    product_id: Mapped[UUID]
    product_code: Mapped[str]
    customer_id: Mapped[UUID | None]
    customer_code: Mapped[str | None]
    region: Mapped[str | None]
    grade: Mapped[str | None]
    breaks: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    valid_from: Mapped[Day]
    valid_until: Mapped[Day | None] = mapped_column(nullable=True, comment="last day, inclusive")
    active: Mapped[bool]
    changed_at: Mapped[datetime] = mapped_column(comment="last change of its prices")

    def __init__(
        self,
        *,
        id: UUID,
        code: str,
        name: str,
        product: Mapping[str, Any],
        customer: Mapping[str, Any] | None,
        region: str | None,
        grade: str | None,
        breaks: Sequence[tuple[Decimal, Decimal]],
        valid_from: date,
        valid_until: date | None,
        now: datetime,
    ) -> None:
        self.id, self.code, self.name = id, code, name
        self.product_id, self.product_code = UUID(str(product["id"])), product["code"]
        self.customer_id = None if customer is None else UUID(str(customer["id"]))
        self.customer_code = None if customer is None else customer["code"]
        self.region, self.grade = region, grade
        self.reprice(breaks, valid_from=valid_from, valid_until=valid_until, active=True, now=now)

    def reprice(
        self,
        breaks: Sequence[tuple[Decimal, Decimal]],
        *,
        valid_from: date,
        valid_until: date | None,
        active: bool,
        now: datetime,
    ) -> None:
        """Set the quantity breaks (least quantity, unit price) and the dates they hold.

        Another end alone changes no price.
        """
        before = self.breaks, self.valid_from, self.active
        self.breaks = [
            {"min_quantity": format(least, "f"), "unit_price": format(price, "f")}
            for least, price in sorted(breaks)
        ]
        self.valid_from, self.valid_until, self.active = valid_from, valid_until, active
        if before != (self.breaks, self.valid_from, self.active):
            self.changed_at = now

    def guard_version(self, expected: int | None) -> None:
        """Raise StaleVersion if somebody changed it since."""
        guard_version(f"price scheme {self.code}", self.version, expected)

    @property
    def terms(self) -> "SchemeTerms":
        return SchemeTerms(**{each.name: getattr(self, each.name) for each in fields(SchemeTerms)})


class Promotion(Versioned, Base):
    """A threshold: from `threshold` yuan on, a discount (满500减20) or a coupon (满500送20)."""

    aggregate_type: ClassVar[str] = "promotion"

    __tablename__ = "promotion"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(comment="discount or coupon")
    threshold: Mapped[Money]
    value: Mapped[Money] = mapped_column(comment="yuan off, or the coupon's worth")
    grade: Mapped[str | None]
    region: Mapped[str | None]
    valid_from: Mapped[Day]
    valid_until: Mapped[Day | None] = mapped_column(nullable=True, comment="last day, inclusive")
    active: Mapped[bool]

    def guard_version(self, expected: int | None) -> None:
        """Raise StaleVersion if somebody changed it since."""
        guard_version(f"promotion {self.code}", self.version, expected)


class LastPrice(Base):
    """What a customer last paid for a product."""

    __tablename__ = "last_price"

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_price: Mapped[UnitPrice]
    order_id: Mapped[UUID]
    at: Mapped[datetime]


@dataclass(frozen=True)
class SchemeTerms:
    """What a price scheme says, as the price check reads it."""

    code: str
    product_id: UUID
    customer_id: UUID | None
    region: str | None
    grade: str | None
    breaks: Sequence[Mapping[str, str]]
    valid_from: date
    valid_until: date | None
    changed_at: datetime

    def price_for(self, quantity: Decimal) -> Decimal | None:
        """Give the unit price of the highest break that `quantity` reaches."""
        reached = [b for b in self.breaks if Decimal(b["min_quantity"]) <= quantity]
        return Decimal(reached[-1]["unit_price"]) if reached else None

    @property
    def prices(self) -> set[Decimal]:
        return {Decimal(each["unit_price"]) for each in self.breaks}

    @property
    def rank(self) -> tuple[int, date, datetime, str]:
        return self.speciality, self.valid_from, self.changed_at, self.code

    @property
    def speciality(self) -> int:
        return 4 * bool(self.customer_id) + 2 * bool(self.region) + bool(self.grade)

    @property
    def in_force_since(self) -> datetime:
        """When its present prices began to hold."""
        began = datetime.combine(self.valid_from, time(), BUSINESS_ZONE)
        return max(began, self.changed_at)

    def fits(self, *, customer_id: UUID, grade: str | None, region: str | None) -> bool:
        """Whether it is for such a customer."""
        return (
            self.customer_id in (None, customer_id)
            and self.region in (None, region)
            and self.grade in (None, grade)
        )

    def has_moved(self, since: datetime, today: date) -> bool:
        """Whether it began, ended or was changed between a moment and today."""
        day = business_date(since)
        began = day < self.valid_from <= today
        ended = self.valid_until is not None and day <= self.valid_until < today
        return began or ended or self.changed_at > since


@dataclass(frozen=True)
class PromotionTerms:
    """What a promotion says, as the price check reads it."""

    code: str
    kind: str
    threshold: Decimal
    value: Decimal
    grade: str | None
    region: str | None
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True)
class Paid:
    """What a customer last paid for a product."""

    unit_price: Decimal
    at: datetime


@dataclass(frozen=True)
class Market:
    """All that a price check compares an order's lines with."""

    schemes: Sequence[SchemeTerms]
    promotions: Sequence[PromotionTerms]
    last_paid: Mapping[UUID, Paid]


@dataclass(frozen=True)
class Offer:
    """What the schemes make of one line."""

    unit_price: Decimal | None
    scheme: SchemeTerms | None

    @property
    def scheme_code(self) -> str | None:
        return None if self.scheme is None else self.scheme.code

    def leaves_open(self, last: Paid) -> bool:
        """Whether a last price that differs is explained by nothing in the scheme.

        A scheme whose prices began to hold later explains it, and so does another quantity.
        """
        if self.scheme is None:
            return False
        explained = last.unit_price in self.scheme.prices
        return self.scheme.in_force_since <= last.at and not explained


@dataclass
class PriceFindings:
    """What the price check found, line by line; no doubts means the gate passes."""

    scheme_total: Decimal
    discounts: list[Decimal]
    promotion: str | None
    coupons: list[dict[str, str]] = field(default_factory=list)
    doubts: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)


def best_offer(
    schemes: Iterable[SchemeTerms],
    *,
    product_id: UUID,
    quantity: Decimal,
    customer_id: UUID,
    grade: str | None,
    region: str | None,
    today: date,
) -> Offer:
    """Give the price in force for one line; none fits: an Offer without a price."""
    fitting = [
        (scheme, price)
        for scheme in schemes
        if scheme.product_id == product_id
        and scheme.valid_from <= today
        and (scheme.valid_until is None or today <= scheme.valid_until)
        and scheme.fits(customer_id=customer_id, grade=grade, region=region)
        and (price := scheme.price_for(quantity)) is not None
    ]
    if not fitting:
        return Offer(None, None)
    scheme, price = max(fitting, key=lambda found: found[0].rank)
    return Offer(price, scheme)


def best_promotions(
    promotions: Iterable[PromotionTerms],
    *,
    total: Decimal,
    grade: str | None,
    region: str | None,
    today: date,
) -> tuple[PromotionTerms | None, list[PromotionTerms]]:
    """Give the largest discount whose threshold `total` reaches, and the largest coupon."""
    reached = [
        promotion
        for promotion in promotions
        if promotion.valid_from <= today
        and (promotion.valid_until is None or today <= promotion.valid_until)
        and promotion.threshold <= total
        and promotion.grade in (None, grade)
        and promotion.region in (None, region)
    ]
    off = [p for p in reached if p.kind == DISCOUNT]
    gifts = [p for p in reached if p.kind == COUPON]
    largest = max(off, key=lambda p: (p.value, p.threshold), default=None)
    return largest, sorted(gifts, key=lambda p: p.value)[-1:]


def lines_to_remember(
    lines: Iterable[OrderLine], scheme_prices: Mapping[int, Decimal]
) -> list[OrderLine]:
    """Give of each product the line whose price is what the customer last paid for it.

    What was given away was not paid for. Of several lines that is the one at its scheme's price
    (by line number), else the one of most goods.
    """
    told: dict[UUID, OrderLine] = {}

    def weight(line: OrderLine) -> tuple[bool, Decimal]:
        return line.unit_price == scheme_prices.get(line.line_no), line.quantity

    for line in sorted(lines, key=weight):
        if line.unit_price > 0:
            told[line.product_id] = line
    return list(told.values())


def fill_prices(lines: Sequence[OrderLine], offers: Sequence[Offer]) -> None:
    """Give lines whose price nobody said the scheme's."""
    for line, offer in zip(lines, offers, strict=True):
        if not line.price_given and offer.unit_price is not None:
            line.unit_price = offer.unit_price


def take_discounts(lines: Sequence[OrderLine], shares: Sequence[Decimal]) -> None:
    """Give lines whose discount nobody said their share. Raises DiscountAboveAmount."""
    for line, share in zip(lines, shares, strict=True):
        if not line.discount_given:
            line.discount = share
    guard_discounts(lines)


def guard_discounts(lines: Iterable[OrderLine]) -> None:
    """Raise DiscountAboveAmount for more off than a line costs, or than nobody's price yet."""
    for line in lines:
        if line.discount > line.gross:
            raise DiscountAboveAmount(
                line_no=line.line_no, discount=line.discount, amount=line.gross
            )


def check_prices(
    lines: Sequence[OrderLine],
    offers: Sequence[Offer],
    *,
    market: Market,
    grade: str | None,
    region: str | None,
    today: date,
    as_they_stand: bool = False,
) -> PriceFindings:
    """Compare each line with the scheme in force and with what was last paid (SPEC §5, price).

    The threshold discount is spread over the lines by largest remainder, by what each of them
    costs: none can bear more, and a gift bears nothing. Doubts: price ≠ scheme, no scheme,
    discount ≠ the promotions', or the last price differs though the scheme has not changed
    since. A discount that nobody said follows the promotions, unless the lines are judged
    `as_they_stand`.
    """
    expected = [
        money.line_amount(
            line.quantity, offer.unit_price if offer.unit_price is not None else line.unit_price
        )
        for line, offer in zip(lines, offers, strict=True)
    ]
    gross = sum(expected, money.ZERO)
    off, gifts = best_promotions(
        market.promotions, total=gross, grade=grade, region=region, today=today
    )
    costs = [line.gross for line in lines]
    most = sum(costs, money.ZERO)
    shares = money.share_largest_remainder(min(off.value, most) if off else money.ZERO, costs)
    findings = PriceFindings(
        scheme_total=gross - (off.value if off else money.ZERO),
        discounts=shares,
        promotion=off.code if off else None,
        coupons=[{"code": gift.code, "value": format(gift.value, "f")} for gift in gifts],
    )
    for line, offer, share in zip(lines, offers, shares, strict=True):
        settled = as_they_stand or line.discount_given
        last = market.last_paid.get(line.product_id)
        doubts = _doubts(line, offer, share if settled else None, last)
        findings.doubts.extend({"line_no": line.line_no, **doubt} for doubt in doubts)
        findings.lines.append(
            {
                "line_no": line.line_no,
                "unit_price": format(line.unit_price, "f"),
                "scheme": offer.scheme_code,
                "scheme_price": None if offer.unit_price is None else format(offer.unit_price, "f"),
                "discount": format(share, "f"),
            }
        )
    return findings


def _doubts(
    line: OrderLine, offer: Offer, share: Decimal | None, last: Paid | None
) -> list[dict[str, str]]:
    price = format(line.unit_price, "f")
    if offer.unit_price is None:
        return [{"kind": "no_scheme", "price": price}]
    found: list[dict[str, str]] = []
    if line.unit_price != offer.unit_price:
        found.append(
            {"kind": "differs_from_scheme", "price": price, "scheme": format(offer.unit_price, "f")}
        )
    if share is not None and line.discount != share:
        found.append(
            {
                "kind": "discount_differs",
                "price": format(line.discount, "f"),
                "scheme": format(share, "f"),
            }
        )
    if last is not None and last.unit_price != line.unit_price and offer.leaves_open(last):
        found.append(
            {
                "kind": "differs_from_last_price",
                "price": price,
                "last": format(last.unit_price, "f"),
            }
        )
    return found
