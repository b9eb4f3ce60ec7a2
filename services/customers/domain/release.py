"""Whether a shipment may leave, by the money it waits for; pure arithmetic (SPEC §5, §7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.money import ZERO, fen
from services.customers.domain.goods import Goods


@dataclass(frozen=True)
class Receipt:
    """Verified money of an order: how much, when it was paid, when finance verified it."""

    amount: Decimal
    paid_at: datetime
    verified_at: datetime


def shared_money(
    deposit_due: Decimal, receipts: Sequence[Receipt], stocked_at: datetime | None
) -> Decimal:
    """Give the money that all shipments of a made order share: what came before its goods.

    That is the deposit, paid or not, and what was verified besides before anything was in
    stock, at `stocked_at`.
    """
    before = [
        receipt.amount
        for receipt in receipts
        if stocked_at is not None and receipt.verified_at <= stocked_at
    ]
    return max(deposit_due, sum(before, ZERO))


@dataclass(frozen=True)
class Shipment:
    """What a shipment is worth, and how much verified money must be there when it leaves."""

    value: Decimal
    money_needed: Decimal

    @classmethod
    def of(
        cls,
        goods: Goods,
        quantities: Iterable[tuple[UUID, Decimal]],
        *,
        shared: Decimal,
        last: bool,
        prepaid: bool,
    ) -> "Shipment":
        """Weigh a shipment of `goods`, whose `shipped` are those that left or may leave before it.

        All shipments have their share, by their value over the order's, of the `shared` money;
        the last takes the rest, and none is the last while a further instruction makes more.
        All other money pays for the shipments in the order in which they leave: were it
        shared as well, no first batch could ever be paid in full by itself, and a sum that was
        asked for would grow by being paid. A prepaid order needs all its money before any of
        it leaves.
        """
        before, worth = goods.shipped_value, goods.worth
        value = goods.with_shipped(quantities).shipped_value - before
        rest = max(ZERO, worth - before - value)
        if prepaid or (last and not goods.is_rest_to_come):
            return cls(value, max(worth, before + value))
        kept_for_rest = fen(min(shared, worth) * rest / worth) if worth else ZERO
        return cls(value, before + value + kept_for_rest)

    def balance_due(self, verified: Decimal) -> Decimal:
        """Give what is still to be verified before it may leave."""
        return max(ZERO, self.money_needed - verified)

    def paid_by(self, receipts: Sequence[Receipt]) -> Receipt | None:
        """Give the receipt that completed the money it needs; receipts are as verified."""
        total = ZERO
        for receipt in receipts:
            total += receipt.amount
            if total >= self.money_needed:
                return receipt
        return None
