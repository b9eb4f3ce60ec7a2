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


@dataclass(frozen=True)
class Paid:
    """Verified money of one order, and the day on which its customer paid it."""

    order_id: UUID
    paid_on: date
    amount: Decimal


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


def days_paid_late(receivables: Iterable[Receivable], payments: Iterable[Paid], since: date) -> int:
    """Give by how many days the latest of what was paid since a day came late; 0 for none.

    An order's money, in the order in which it was paid, pays its oldest shipment first.
    """
    came: dict[UUID, list[tuple[date, Decimal]]] = {}
    for payment in sorted(payments, key=lambda item: item.paid_on):
        sums = came.setdefault(payment.order_id, [])
        sums.append((payment.paid_on, payment.amount + (sums[-1][1] if sums else ZERO)))
    shipped: dict[UUID, Decimal] = {}
    most = 0
    for receivable in sorted(receivables, key=lambda item: (item.due_on, item.shipment_number)):
        order_id = receivable.order_id
        shipped[order_id] = shipped.get(order_id, ZERO) + receivable.value
        paid = (day for day, amount in came.get(order_id, ()) if amount >= shipped[order_id])
        paid_on = next(paid, None)
        if paid_on is not None and paid_on >= since:
            most = max(most, (paid_on - receivable.due_on).days)
    return most


def by_age(owed: Iterable[Unpaid]) -> dict[str, Decimal]:
    """Give the sums by age: not due, then overdue by up to 30, 60, 90 days, and more."""
    sums = dict.fromkeys(("not_due", "to_30", "to_60", "to_90", "over_90"), ZERO)
    names = list(sums)
    for item in owed:
        place = next((i for i, most in enumerate(AGES) if item.days_overdue <= most), len(AGES))
        sums[names[place]] += item.amount
    return sums
