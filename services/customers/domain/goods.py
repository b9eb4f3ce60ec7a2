"""What an order's lines are worth: ordered, accepted, shipped; pure arithmetic (SPEC §5)."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from chassis.money import ZERO, fen, share_largest_remainder
from chassis.quantity import with_tolerance

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Line:
    """One line as its order states it; `discount` is in yuan, for the whole ordered quantity."""

    id: UUID
    line_no: int
    product_code: str
    product_name: str
    unit: str
    unit_decimals: int
    supply: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    tolerance_over: Decimal
    short_closed: bool

    def value(self, quantity: Decimal) -> Decimal:
        """Give what `quantity` of it costs, less its share of the line's discount."""
        if not self.quantity:
            return ZERO
        share = fen(self.discount * quantity / self.quantity)
        # Of a line given away whole a part's share may be rounded above its price.
        return max(ZERO, fen(quantity * self.unit_price) - share)

    @property
    def upper_value(self) -> Decimal:
        """What it costs at most: at the upper tolerance of what is made."""
        most = self.quantity
        if self.supply == "make":
            most = with_tolerance(most, self.tolerance_over, self.unit_decimals, over=True)
        return self.value(most)


@dataclass(frozen=True)
class Goods:
    """An order's lines with what was accepted at stock-in and what has left, by line id.

    Of the lines in `rest_follows` only a part was accepted: a further instruction makes the
    rest, so they are worth, and hold, what was ordered until the last of it is in stock.

    Values of part quantities are differences of cumulated ones, so that the values of an
    order's shipments sum to the value of all that was shipped, to the last 分.
    """

    lines: Sequence[Line]
    accepted: Mapping[UUID, Decimal] = field(default_factory=dict)
    shipped: Mapping[UUID, Decimal] = field(default_factory=dict)
    rest_follows: Set[UUID] = frozenset()

    def with_accepted(self, accepted: Mapping[UUID, Decimal]) -> "Goods":
        return replace(self, accepted={**self.accepted, **accepted})

    def with_shipped(self, quantities: Iterable[tuple[UUID, Decimal]]) -> "Goods":
        """Give the goods as they are once `quantities` have left too."""
        shipped = dict(self.shipped)
        for line_id, quantity in quantities:
            shipped[line_id] = shipped.get(line_id, NOTHING) + quantity
        return replace(self, shipped=shipped)

    @property
    def shipped_value(self) -> Decimal:
        return sum((line.value(self._shipped(line)) for line in self.lines), ZERO)

    @property
    def worth(self) -> Decimal:
        """What the order is worth by what is known: accepted where all is known, else ordered.

        A short-closed line is worth what has left of it, and none less than that.
        """
        return sum((self._worth(line) for line in self.lines), ZERO)

    def parts(self, amount: Decimal) -> list[Decimal]:
        """Give what each line may still cost, of an order reserved with `amount`."""
        if not self.lines:
            return []
        shares = share_largest_remainder(amount, [line.upper_value for line in self.lines])
        return [
            max(line.value(self._shipped(line)), share)
            if self._is_open(line)
            else self._worth(line)
            for line, share in zip(self.lines, shares, strict=True)
        ]

    def reservation(self, amount: Decimal) -> Decimal:
        """Give what of `amount` is still to be held: each line's part less what has left of it."""
        shipped = (line.value(self._shipped(line)) for line in self.lines)
        return sum(
            (max(ZERO, p - s) for p, s in zip(self.parts(amount), shipped, strict=True)), ZERO
        )

    def in_stock(self, line: Line) -> Decimal:
        """Give how many of a line may leave: accepted of what is made, stock lines whole.

        These are held since the submit.
        """
        held = line.quantity if line.supply == "stock" else NOTHING
        return max(NOTHING, self.accepted.get(line.id, held) - self._shipped(line))

    def _shipped(self, line: Line) -> Decimal:
        return self.shipped.get(line.id, NOTHING)

    @property
    def is_made(self) -> bool:
        """Whether any of it is made to order."""
        return any(line.supply == "make" for line in self.lines)

    @property
    def is_rest_to_come(self) -> bool:
        """Whether a further instruction still makes some of it."""
        return any(line.id in self.rest_follows and not line.short_closed for line in self.lines)

    def _is_open(self, line: Line) -> bool:
        is_settled = line.id in self.accepted and line.id not in self.rest_follows
        return not is_settled and not line.short_closed

    def _worth(self, line: Line) -> Decimal:
        shipped = self._shipped(line)
        if line.short_closed:
            return line.value(shipped)
        accepted = self.accepted.get(line.id, line.quantity)
        due = max(accepted, line.quantity) if self._is_open(line) else accepted
        return line.value(max(shipped, due))
