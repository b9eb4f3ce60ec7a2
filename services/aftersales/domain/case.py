"""Return cases: what comes back, what becomes of it, what the customer gets for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy import Sequence as SqlSequence
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from chassis import money
from chassis.errors import guard_version
from chassis.mapping import Announcing, Money, Quantity
from chassis.quantity import check
from services.aftersales.domain import Base, events
from services.aftersales.domain.errors import (
    CameNotSaid,
    DispositionDiffers,
    MoreThanAnnounced,
    NotReshipped,
    NotToBeReshipped,
    RefundTooHigh,
)
from services.aftersales.domain.lifecycle import (
    CASES,
    GOODS_AWAITED,
    RESHIPPED_BY,
    CaseKind,
    CaseState,
    Resolution,
)

NUMBERS = SqlSequence("case_number_seq", metadata=Base.metadata)

DISPOSITIONS = ("restock", "rework", "scrap", "transfer")


@dataclass(frozen=True)
class Claim:
    """How many of an order's line a case is about, and the money it may pay, or paid, for them."""

    quantity: Decimal
    worth: Decimal


class CaseLine(Base):
    """Pieces of one order line that come back; once inspected, each has one disposition."""

    __tablename__ = "case_line"
    __table_args__ = (
        UniqueConstraint("case_id", "line_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id", ondelete="cascade"))
    line_id: Mapped[UUID] = mapped_column(comment="of the order")
    line_no: Mapped[int]
    product_id: Mapped[UUID]
    product_code: Mapped[str]
    product_name: Mapped[str]
    unit: Mapped[str]
    unit_decimals: Mapped[int]
    quantity: Mapped[Quantity] = mapped_column(comment="asked to come back")
    received: Mapped[Quantity | None] = mapped_column(nullable=True)
    sold_for: Mapped[Money] = mapped_column(comment="yuan for `quantity`, discount taken off")
    restock: Mapped[Quantity | None] = mapped_column(nullable=True)
    rework: Mapped[Quantity | None] = mapped_column(nullable=True)
    scrap: Mapped[Quantity | None] = mapped_column(nullable=True)
    transfer: Mapped[Quantity | None] = mapped_column(nullable=True)
    defect: Mapped[str | None] = mapped_column(comment="what the inspector found")

    @property
    def refundable(self) -> Decimal:
        """What the pieces received were sold for."""
        got = self.quantity if self.received is None else self.received
        return money.fen(self.sold_for * got / self.quantity)


class Case(Announcing, Base):
    """One return or exchange; its state moves only as the table allows.

    It never moves its order's stage.
    """

    aggregate_type: ClassVar[str] = "case"

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_order", "order_id"),
        Index("ix_case_order_number", "order_number"),
        Index("ix_case_state", "state", "opened_at", "id"),
        Index("ix_case_customer", "customer_id", "opened_at"),
        Index("ix_case_grams", "grams", postgresql_using="gin"),
        Index("ix_case_shipment", "shipment_id"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[CaseKind]
    state: Mapped[CaseState]
    order_id: Mapped[UUID]
    order_number: Mapped[str]
    customer_id: Mapped[UUID]
    customer_name: Mapped[str]
    shipment_id: Mapped[UUID | None] = mapped_column(comment="whose delivery failed")
    salesperson_id: Mapped[str | None]
    grams: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="of the name, for search")
    wish: Mapped[str] = mapped_column(comment="why the goods come back, in the customer's words")
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    answer_due_at: Mapped[datetime] = mapped_column(comment="the first answer, 24 hours")
    acknowledged_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision: Mapped[str | None]
    return_to: Mapped[str | None] = mapped_column(comment="where the goods are sent")
    received_at: Mapped[datetime | None]
    inspected_by: Mapped[str | None]
    reshipped_as: Mapped[str | None] = mapped_column(comment="number of the order in its place")
    reshipped_by: Mapped[str | None]
    resolution: Mapped[Resolution | None]
    refund: Mapped[Money | None] = mapped_column(nullable=True)
    settled_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    photos: Mapped[list[str]] = mapped_column(
        ARRAY(Text), comment="content hashes: the customer's, then the inspector's"
    )

    lines: Mapped[list[CaseLine]] = relationship(
        order_by=CaseLine.line_no, cascade="all, delete-orphan", lazy="raise"
    )

    def __init__(
        self,
        *,
        id: UUID,
        number: str,
        kind: CaseKind,
        order_id: UUID,
        order_number: str,
        customer_id: UUID,
        customer_name: str,
        salesperson_id: str | None,
        grams: list[str],
        wish: str,
        lines: Sequence[CaseLine],
        opened_by: str,
        opened_at: datetime,
        answer_due_at: datetime,
        shipment_id: UUID | None = None,
        photos: Sequence[str] = (),
    ) -> None:
        self.id, self.number, self.kind = id, number, kind
        self.state, self.sequence = CaseState.REQUESTED, 0
        self.order_id, self.order_number = order_id, order_number
        self.customer_id, self.customer_name = customer_id, customer_name
        self.shipment_id = shipment_id
        self.salesperson_id, self.grams, self.wish = salesperson_id, grams, wish
        self.opened_by, self.opened_at, self.answer_due_at = opened_by, opened_at, answer_due_at
        self.acknowledged_at = self.decided_by = self.decision = self.return_to = None
        self.received_at = self.inspected_by = self.refund = None
        self.reshipped_as = self.reshipped_by = self.resolution = None
        self.settled_by = self.closed_at = None
        self.lines, self.photos = list(lines), list(photos)

    @validates("state")
    def _only_legal_moves(self, _: str, wish: CaseState) -> CaseState:
        before: CaseState | None = self.state
        if before is not None:
            CASES.check(before, wish, case_number=self.number)
        return wish

    def guard_move(self, wish: CaseState, expected_version: int | None) -> None:
        """Raise IllegalMove, then StaleVersion."""
        CASES.check(self.state, wish, case_number=self.number)
        self.guard_version(expected_version)

    def guard_version(self, expected_version: int | None) -> None:
        """Raise StaleVersion unless it is still as it was read."""
        guard_version(f"case {self.number}", self.version, expected_version)

    @property
    def most_refund(self) -> Decimal:
        """What the goods that came back, or never arrived, were sold for."""
        return sum(self._worths, money.ZERO)

    @property
    def _worths(self) -> list[Decimal]:
        if self.kind is CaseKind.DELIVERY:
            return [line.sold_for for line in self.lines]
        return [line.refundable for line in self.lines]

    @property
    def is_refused(self) -> bool:
        """Whether it was rejected, closed since or not: then its goods never came."""
        is_closed = self.state is CaseState.CLOSED
        return self.state is CaseState.REJECTED or (is_closed and self.received_at is None)

    @property
    def may_pay(self) -> bool:
        """Whether it has paid money back, or may yet."""
        return not self.is_refused and (self.refund is None or self.refund > 0)

    @property
    def claims(self) -> dict[UUID, Claim]:
        """What it is about, by order line; once settled, each with its share of the refund."""
        worths = self._worths
        if self.refund is not None:
            worths = money.share_largest_remainder(self.refund, worths)
        return {
            line.line_id: Claim(self.pieces(line), worth)
            for line, worth in zip(self.lines, worths, strict=True)
        }

    def pieces(self, line: CaseLine) -> Decimal:
        """How many of a line it is about: what never arrived, or what came back to stay.

        What was mended is with the customer again, and is paid for as it was.
        """
        if self.kind is CaseKind.DELIVERY or line.received is None:
            return line.quantity
        mended = line.rework if self.resolution is Resolution.REPAIR else None
        return line.received - (mended or 0)

    def narrow(self, missing: Sequence[CaseLine], told: str) -> None:
        """Leave to it the money of what is missing now that the rest was signed for after all.

        While its goods are awaited they too are what is missing. If nothing is, or if some came
        back and were booked by its lines, these stay as they are, but for their worth.
        """
        left = {line.line_id: line for line in missing}
        if missing and self.state in GOODS_AWAITED:
            known = {line.line_id: line for line in self.lines if line.line_id in left}
            self.lines = [known.get(line_id, line) for line_id, line in left.items()]
            for line_id, line in known.items():
                line.quantity = left[line_id].quantity
        for line in self.lines:
            line.sold_for = left[line.line_id].sold_for if line.line_id in left else money.ZERO
        self.wish = f"{self.wish}; {told}"

    def open(self) -> events.CaseOpened:
        """Announce the case that the constructor wrote."""
        return events.CaseOpened(self)

    def acknowledge(self, now: datetime) -> None:
        """Give the customer a first answer."""
        self.state = CaseState.ACKNOWLEDGED
        self.acknowledged_at = now

    def authorise(self, *, by: str, decision: str) -> None:
        """Agree to take the goods back."""
        self.state = CaseState.AUTHORISED
        self.decided_by, self.decision = by, decision

    def reject(self, *, by: str, decision: str) -> None:
        """Refuse to take the goods back."""
        self.state = CaseState.REJECTED
        self.decided_by, self.decision = by, decision

    def await_goods(self, return_to: str) -> None:
        """Tell the customer where the goods go."""
        self.state = CaseState.AWAITING_GOODS
        self.return_to = return_to

    def receive(self, quantities: Mapping[int, Decimal], now: datetime) -> events.ReturnReceived:
        """Take the goods into quarantine; what is not named came in full.

        Of a failed delivery everything is named, as goods may be lost for good. Raises
        CameNotSaid, MoreThanAnnounced: what came unasked is not of this case and needs one.
        """
        for line in self.lines:
            if self.kind is CaseKind.DELIVERY and line.line_no not in quantities:
                raise CameNotSaid(line_no=line.line_no)
            came = check(quantities.get(line.line_no, line.quantity), line.unit_decimals)
            if came > line.quantity:
                raise MoreThanAnnounced(line_no=line.line_no, came=came, announced=line.quantity)
        self.state = CaseState.RECEIVED
        self.received_at = now
        for line in self.lines:
            line.received = quantities.get(line.line_no, line.quantity)
        return events.ReturnReceived(self)

    def inspect(
        self,
        findings: Mapping[int, Mapping[str, Decimal]],
        defects: Mapping[int, str],
        *,
        by: str,
        photos: Sequence[str] = (),
    ) -> events.ReturnInspected:
        """Give every received piece its disposition. Raises DispositionDiffers."""
        for line in self.lines:
            found = findings.get(line.line_no, {})
            pieces = [check(found.get(n, Decimal(0)), line.unit_decimals) for n in DISPOSITIONS]
            given = sum(pieces, Decimal(0))
            if given != line.received:
                raise DispositionDiffers(line_no=line.line_no, given=given, received=line.received)
        self.state = CaseState.INSPECTED
        self.inspected_by = by
        # A new list: what is changed in place the mapping does not see.
        self.photos = [*self.photos, *photos]
        for line in self.lines:
            found = findings.get(line.line_no, {})
            for name in DISPOSITIONS:
                setattr(line, name, found.get(name, Decimal(0)))
            line.defect = defects.get(line.line_no)
        return events.ReturnInspected(self)

    def guard_reship(self, *, anew: bool = False) -> None:
        """Raise NotToBeReshipped unless it is authorised, not settled, and not replaced yet.

        They are replaced `anew` where the order that was to replace them is cancelled.
        """
        if self.state not in RESHIPPED_BY or (self.reshipped_as is not None and not anew):
            raise NotToBeReshipped(
                case_number=self.number, state=self.state, reshipped_as=self.reshipped_as or "-"
            )

    def reship(self, order_number: str, *, by: str, anew: bool = False) -> None:
        """Note which order replaces the goods."""
        self.guard_reship(anew=anew)
        self.reshipped_as, self.reshipped_by = order_number, by

    @property
    def usual_resolution(self) -> Resolution:
        """What the customer gets unless finance says otherwise."""
        if self.reshipped_as is not None:
            return Resolution.RESHIP
        return Resolution.CREDIT if self.kind is CaseKind.EXCHANGE else Resolution.REFUND

    def settle(
        self, refund: Decimal, *, by: str, resolution: Resolution = Resolution.REFUND
    ) -> events.RefundSettled:
        """Grant the customer `refund` yuan as credit. Raises RefundTooHigh, NotReshipped."""
        most = money.ZERO if resolution is Resolution.REPAIR else self.most_refund
        if refund > most:
            raise RefundTooHigh(amount=refund, most=most)
        if resolution is Resolution.RESHIP and self.reshipped_as is None:
            raise NotReshipped(case_number=self.number)
        self.state, self.resolution = CaseState.SETTLED, resolution
        self.refund, self.settled_by = refund, by
        return events.RefundSettled(self)

    def close(self, now: datetime) -> events.CaseClosed:
        """End it: the customer was told."""
        self.state = CaseState.CLOSED
        self.closed_at = now
        return events.CaseClosed(self)
