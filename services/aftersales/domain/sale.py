"""What of an order's goods was sold, delivered and claimed already; pure arithmetic (SPEC §8)."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from chassis import money
from services.aftersales.domain.case import Case
from services.aftersales.domain.copies import NOTHING, OrderCopy, ShipmentCopy
from services.aftersales.domain.lifecycle import CaseKind


class Sale:
    """An order with its shipments and cases: what may still come back, and what that is worth.

    All its cases together pay no more than what has left was sold for.
    """

    def __init__(
        self, order: OrderCopy, shipments: Sequence[ShipmentCopy], cases: Sequence[Case]
    ) -> None:
        self._lines = {UUID(line["id"]): line for line in order.view["lines"]}
        self._is_of_old_books = bool(order.view.get("imported"))
        self._shipments = {shipment.id: shipment for shipment in shipments}
        self._cases = [case for case in cases if not case.is_refused]

    def cases_of(self, shipment_id: UUID) -> list[Case]:
        """Give the cases of a shipment's failed delivery that were not rejected, oldest first."""
        return [case for case in self._cases if case.shipment_id == shipment_id]

    def came_back(self, shipment_id: UUID, line_id: UUID) -> Decimal:
        """Give how many of a shipment's line the warehouse has received by its cases."""
        lines = (line for case in self.cases_of(shipment_id) for line in case.lines)
        came = (line.received for line in lines if line.line_id == line_id)
        return sum((quantity or NOTHING for quantity in came), NOTHING)

    def returnable(self, line_id: UUID) -> Decimal:
        """Give how many of a line the customer has that neither came nor come back."""
        delivered = (
            shipment.signed(line_id) for shipment in self._shipments.values() if shipment.is_signed
        )
        got = max(sum(delivered, NOTHING), self._by_old_books(line_id))
        return got - sum(self._given_back(line_id), NOTHING)

    def _given_back(self, line_id: UUID) -> Iterator[Decimal]:
        """Give what comes or came back of a line, case by case.

        Goods of a failed delivery were never delivered, so they cannot have come back either;
        unless they were signed for after all when their money had been given back. What lacks on
        the receipt was not.
        """
        for case in self._cases:
            for line in case.lines:
                if line.line_id != line_id:
                    continue
                if case.kind is not CaseKind.DELIVERY:
                    yield case.pieces(line)
                elif case.refund and case.shipment_id in self._shipments:
                    shipment = self._shipments[case.shipment_id]
                    yield max(line.quantity - shipment.not_signed(line_id), NOTHING)

    def worth(
        self,
        line_id: UUID,
        quantity: Decimal,
        *,
        shipment_id: UUID | None = None,
        valued_anew: Case | None = None,
    ) -> Decimal:
        """Give what `quantity` of a line, which no case claims yet, may be refunded.

        A difference of cumulated values, as customers books what leaves: the parts of a line
        sum to what all of it was sold for, to the last 分. What other cases of `shipment_id`
        claim is of the same goods, and is paid once. `valued_anew` is the case asked for.
        """
        before, claimed, for_the_same = NOTHING, money.ZERO, money.ZERO
        for case in self._cases:
            claim = case.claims.get(line_id)
            if claim is None or case is valued_anew:
                continue
            claimed += claim.worth
            if shipment_id is not None and case.shipment_id == shipment_id:
                for_the_same += claim.worth
            else:
                before += claim.quantity
        sent = self._sent(line_id)
        start = max(NOTHING, min(before, sent - quantity))
        part = self._value(line_id, start + quantity) - self._value(line_id, start)
        left = self._value(line_id, sent) - claimed
        return max(money.ZERO, min(part - for_the_same, left))

    def _value(self, line_id: UUID, quantity: Decimal) -> Decimal:
        """Give what so many of a line were sold for, less their share of its discount.

        The same sum as customers makes of what has left (services/customers/domain/goods.py),
        so that no refund is a 分 more than was charged. Its amount shared by quantity is not:
        more may have been accepted and shipped than was ordered.
        """
        line = self._lines[line_id]
        ordered, discount = Decimal(line["quantity"]), Decimal(line["discount"])
        share = money.fen(discount * quantity / ordered)
        return max(money.ZERO, money.fen(quantity * Decimal(line["unit_price"])) - share)

    def _sent(self, line_id: UUID) -> Decimal:
        """Give how many of a line have left; what has not is not known here."""
        sent = (shipment.sent(line_id) for shipment in self._shipments.values())
        return max(sum(sent, NOTHING), self._by_old_books(line_id))

    def _by_old_books(self, line_id: UUID) -> Decimal:
        """Give what was delivered before the order was imported: nothing of one that was open."""
        if not self._is_of_old_books:
            return NOTHING
        return Decimal(self._lines[line_id]["signed_quantity"])
