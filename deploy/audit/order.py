"""One order as all services know it, and what follows from that: pure."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from chassis.money import fen, line_amount
from chassis.quantity import with_tolerance
from deploy.audit.difference import Difference, Kind, Mend, Repair, Row, number

NOTHING = Decimal(0)
# The stages in which an order holds what SPEC §5's table says. A draft may still hold things.
HOLDING = frozenset(
    {
        "in_review",
        "approved",
        "awaiting_return",
        "confirmed",
        "in_progress",
        "cancel_requested",
    }
)
FULFILLED = frozenset({"fulfilled", "closed"})
ENDED = FULFILLED | {"cancelled"}
# How far works instructions have come.
STARTED = frozenset({"running", "abnormal", "finished", "inspected", "stocked"})
MADE = frozenset({"finished", "inspected", "stocked"})
# What a shipment counts as for its order, also after an exception: given up on the way it does not.
ON_ITS_WAY = frozenset({"dispatched", "in_transit", "arrived", "exception", "signed"})
_CONVERSING = frozenset({"running", "undoing"})


@dataclass(frozen=True)
class Line:
    """An order line with what the other services' books say of it."""

    row: Row
    #: All instructions for it, in the order they were made.
    instructions: tuple[Row, ...]
    #: What has left the house, whatever became of it.
    gone: Decimal
    #: What is on its way or arrived, what of it came in shipments that are signed for, and what
    #: of that the customer has signed for.
    shipped: Decimal
    arrived: Decimal
    signed: Decimal

    @property
    def id(self) -> str:
        return str(self.row["line_id"])

    @property
    def name(self) -> str:
        return f"line {self.row['line_no']} ({self.row['product_code']})"

    @property
    def is_made(self) -> bool:
        return bool(self.row["supply"] == "make")

    @property
    def is_short_closed(self) -> bool:
        return bool(self.row["short_closed"])

    @property
    def quantity(self) -> Decimal:
        return number(self.row["quantity"])

    @cached_property
    def accepted(self) -> Decimal | None:
        """What was put into stock for it; None before."""
        lots = [
            number(each["accepted"])
            for each in self.instructions
            if each["state"] == "stocked" and not each["into_free_stock"]
        ]
        return sum(lots, NOTHING) if lots else None

    @property
    def is_made_to_the_end(self) -> bool:
        """Whether no instruction makes more of it; a further one makes what lacks of the first."""
        return all(each["state"] in ("stocked", "cancelled") for each in self.instructions)

    @property
    def is_served(self) -> bool:
        """Whether nothing of it is still to come."""
        return self._is_served_by(self.signed)

    @property
    def was_served(self) -> bool:
        """Whether it is served, or a bare sign scan said so before its receipt showed less."""
        return self._is_served_by(self.arrived)

    def _is_served_by(self, signed: Decimal) -> bool:
        if self.is_short_closed:
            return True
        if self.is_made:
            return self.is_made_to_the_end and self.accepted is not None and signed >= self.accepted
        return signed >= self.quantity

    def value(self, quantity: Decimal) -> Decimal:
        """Give what `quantity` of it costs, less its share of the line's discount."""
        discount = number(self.row["discount"])
        gross = fen(quantity * number(self.row["unit_price"]))
        return gross - fen(discount * quantity / self.quantity)

    @property
    def at_upper_tolerance(self) -> Decimal:
        """What it may come to at most: made lines are billed by the accepted quantity."""
        most = self.quantity
        if self.is_made:
            over, decimals = number(self.row["tolerance_over"]), self.row["unit_decimals"]
            most = with_tolerance(most, over, decimals, over=True)
        return line_amount(most, number(self.row["unit_price"]), number(self.row["discount"]))


@dataclass(frozen=True)
class OrderBooks:
    """The rows of one order's book in each service; None where a service has none."""

    order_id: str
    orders: Row | None = None
    customers: Row | None = None
    inventory: Row | None = None
    shipping: Row | None = None
    aftersales: Row | None = None

    @property
    def number(self) -> str | None:
        for row in (self.orders, self.customers, self.inventory, self.shipping, self.aftersales):
            if row is not None and row["order_number"]:
                return str(row["order_number"])
        return None

    @property
    def stage(self) -> str:
        return "" if self.orders is None else str(self.orders["stage"])

    @property
    def is_in_talk(self) -> bool:
        """Whether a conversation moves it at this moment, so that nothing can be judged."""
        return self.orders is not None and self.orders["busy_state"] in _CONVERSING

    @property
    def holds(self) -> bool:
        """Whether it should hold anything now."""
        if self.orders is None:
            return False
        in_draft = self.stage == "draft" and bool(self.orders["holds_anything"])
        return in_draft or self.stage in HOLDING

    @property
    def is_settled(self) -> bool:
        """Whether its lines are what it holds things for: a draft may be under change."""
        return self.stage in HOLDING

    @property
    def credit(self) -> Row | None:
        credit: Row | None = None if self.customers is None else self.customers["credit"]
        return credit

    @property
    def instructions(self) -> list[Row]:
        return [] if self.inventory is None else list(self.inventory["instructions"])

    @property
    def shipments(self) -> list[Row]:
        return [] if self.shipping is None else list(self.shipping["shipments"])

    @cached_property
    def lines(self) -> list[Line]:
        if self.orders is None:
            return []
        gone, shipped, arrived, signed = self._quantities()
        of_line: Mapping[str, list[Row]] = defaultdict(list)
        for instruction in self.instructions:
            of_line[instruction["line_id"]].append(instruction)
        return [
            Line(
                row,
                tuple(of_line[row["line_id"]]),
                gone[row["line_id"]],
                shipped[row["line_id"]],
                arrived[row["line_id"]],
                signed[row["line_id"]],
            )
            for row in self.orders["lines"]
        ]

    def _quantities(self) -> tuple[Mapping[str, Decimal], ...]:
        gone: dict[str, Decimal] = defaultdict(lambda: NOTHING)
        shipped: dict[str, Decimal] = defaultdict(lambda: NOTHING)
        arrived: dict[str, Decimal] = defaultdict(lambda: NOTHING)
        signed: dict[str, Decimal] = defaultdict(lambda: NOTHING)
        for shipment in self.shipments:
            for line in shipment["lines"] or ():
                line_id, quantity = line["line_id"], number(line["quantity"])
                if shipment["has_left"]:
                    gone[line_id] += quantity
                if shipment["state"] in ON_ITS_WAY:
                    shipped[line_id] += quantity
                if shipment["state"] == "signed":
                    arrived[line_id] += quantity
                    signed[line_id] += (
                        quantity if line["signed"] is None else number(line["signed"])
                    )
        return gone, shipped, arrived, signed

    def difference(
        self, kind: Kind, where: str, subject: str, expected: Any, found: Any, *, announce: bool
    ) -> Difference:
        """Give a difference of this order; with `announce` orders may tell again how it stands."""
        mend = Repair(Mend.ANNOUNCE, "orders", self.order_id) if announce else None
        return Difference(kind, where, subject, str(expected), str(found), self.number, mend)
