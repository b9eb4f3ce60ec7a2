"""How old receivables are, and the credit stop that too old ones bring (SPEC §4); pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from chassis.money import ZERO


@dataclass(frozen=True)
class Receivable:
    """The value of one shipment, and when its money is due."""

    order_id: UUID
    order_number: str
    shipment_number: str
    value: Decimal
    dispatched_on: date
    due_on: date


@dataclass(frozen=True)
class Unpaid:
    """What is still owed for a shipment, and for how many days it has been overdue."""

    receivable: Receivable
    amount: Decimal
    days_overdue: int


#: Upper bounds in days overdue of the ages that people look at; above the last one is a rest.
AGES = (0, 30, 60, 90)


def unpaid(
    receivables: Iterable[Receivable], verified: dict[UUID, Decimal], today: date
) -> list[Unpaid]:
    """Give what is owed, the oldest first; an order's money pays its oldest shipment first."""
    left = dict(verified)
    owed = []
    for receivable in sorted(receivables, key=lambda item: (item.due_on, item.shipment_number)):
        paid = min(left.get(receivable.order_id, ZERO), receivable.value)
        left[receivable.order_id] = left.get(receivable.order_id, ZERO) - paid
        if amount := receivable.value - paid:
            days = max(0, (today - receivable.due_on).days)
            owed.append(Unpaid(receivable, amount, days))
    return owed


def longest_overdue(owed: Iterable[Unpaid]) -> int:
    """Give for how many days the oldest debt has been overdue; 0 for none."""
    return max((item.days_overdue for item in owed), default=0)


def by_age(owed: Iterable[Unpaid]) -> dict[str, Decimal]:
    """Give the sums by age: not due, then overdue by up to 30, 60, 90 days, and more."""
    sums = dict.fromkeys(("not_due", "to_30", "to_60", "to_90", "over_90"), ZERO)
    names = list(sums)
    for item in owed:
        place = next((i for i, most in enumerate(AGES) if item.days_overdue <= most), len(AGES))
        sums[names[place]] += item.amount
    return sums
