"""Quantities of goods: Decimal with as many places as the product's unit has, at most three."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from chassis.errors import Invalid

MAX_DECIMALS = 3
ZERO = Decimal("0.000")


class QuantityNotInUnit(Invalid):
    """A quantity has more places than its unit."""

    code = "quantity_not_in_unit"
    en = "Quantity {quantity} has more than the {decimals} decimals of its unit."
    zh = "数量 {quantity} 的小数位多于单位允许的 {decimals} 位。"


def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def check(quantity: Decimal, decimals: int) -> Decimal:
    """Give `quantity` with exactly `decimals` places.

    Raises QuantityNotInUnit where that would lose something: quantities people enter are
    never rounded.
    """
    exact = quantity.quantize(_step(decimals))
    if exact != quantity:
        raise QuantityNotInUnit(quantity=quantity, decimals=decimals)
    return exact


def with_tolerance(quantity: Decimal, percent: Decimal, decimals: int, *, over: bool) -> Decimal:
    """Give the upper (`over`) or lower bound of `quantity` ± `percent`, in whole unit steps.

    The bound is rounded inwards: what is allowed never exceeds the stated percentage.
    """
    exact = quantity * (100 + percent if over else 100 - percent) / 100
    return exact.quantize(_step(decimals), rounding=ROUND_FLOOR if over else ROUND_CEILING)


def computed(quantity: Decimal, decimals: int = MAX_DECIMALS) -> Decimal:
    """Round a computed quantity (what a work centre can make) half-up to its unit."""
    return quantity.quantize(_step(decimals), rounding=ROUND_HALF_UP)


def needed(quantity: Decimal, decimals: int = MAX_DECIMALS) -> Decimal:
    """Round what something takes (a bill of material's demand) up to its unit.

    Half a roll takes a whole one: rounded down, not all that is needed would be held.
    """
    return quantity.quantize(_step(decimals), rounding=ROUND_CEILING)
