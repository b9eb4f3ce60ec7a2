"""Visits: planned calls to customers after dispatch and receipt (A7)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.mapping import Day
from services.aftersales.domain import Base
from services.aftersales.domain.lifecycle import VISITS, VisitState


class VisitReason(StrEnum):
    """Why a customer is called."""

    AFTER_DISPATCH = "after_dispatch"  # Do the goods arrive as told?
    AFTER_RECEIPT = "after_receipt"  # Is all well; was receipt confirmed?
    NEW_CUSTOMER = "new_customer"  # One of the first weeks' calls.
    MONTHLY = "monthly"  # A regular customer's, each a month after the one before.
    FOLLOW_UP = "follow_up"  # Agreed in an earlier visit.


OF_EVENT = text("reason not in ('follow_up', 'monthly')")
AGREED = text("reason = 'follow_up' and state = 'planned'")


class Visit(Base):
    """One planned call; `planned_on` rolls over while a day's list is full or it is missed."""

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("score between 1 and 5", name="score_one_to_five"),
        Index(
            "ix_visit_due",
            text("urgent desc"),
            "planned_on",
            "id",
            postgresql_where=text("state = 'planned'"),
        ),
        Index("ix_visit_customer", "customer_id"),
        Index("ix_visit_order_number", "order_number"),
        # What an event has planned it plans once. Calls that other calls lead to are told apart
        # by whether they are still to be made: another may be agreed for the same day.
        Index(
            "uq_visit_of_event",
            "shipment_id",
            "reason",
            "day_offset",
            unique=True,
            postgresql_where=OF_EVENT,
        ),
        Index(
            "uq_visit_follow_up",
            "shipment_id",
            "planned_on",
            unique=True,
            postgresql_where=AGREED,
        ),
        Index(
            "uq_visit_monthly",
            "customer_id",
            unique=True,
            postgresql_where=text("reason = 'monthly' and state = 'planned'"),
        ),
        Index("ix_visit_made", "visited_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[VisitReason]
    state: Mapped[VisitState]
    shipment_id: Mapped[UUID]
    order_id: Mapped[UUID]
    order_number: Mapped[str]
    customer_id: Mapped[UUID | None]
    customer_name: Mapped[str]
    salesperson_id: Mapped[str | None]
    day_offset: Mapped[int] = mapped_column(comment="days after dispatch or receipt")
    planned_on: Mapped[Day]
    urgent: Mapped[bool]
    reached: Mapped[bool | None]
    score: Mapped[int | None] = mapped_column(comment="the customer's mark, 1 to 5")
    notes: Mapped[str | None] = mapped_column(comment="how it went, or why it was dropped")
    visited_by: Mapped[str | None]
    visited_at: Mapped[datetime | None]

    @validates("state")
    def _only_legal_moves(self, _: str, wish: VisitState) -> VisitState:
        before: VisitState | None = self.state
        if before is not None:
            VISITS.check(before, wish, visit_id=self.id)
        return wish

    @property
    def is_planned(self) -> bool:
        return self.state is VisitState.PLANNED

    def was_made_before(self, moment: datetime) -> bool:
        """Whether the customer was called before a moment, of business time."""
        return self.visited_at is not None and self.visited_at < moment

    def record(
        self, *, reached: bool, score: int | None, notes: str, by: str, at: datetime
    ) -> None:
        """Write down how the call went."""
        self.state = VisitState.DONE
        self.reached, self.score, self.notes = reached, score, notes
        self.visited_by, self.visited_at = by, at

    def drop(self, why: str) -> None:
        """Give it up; nothing follows from it."""
        self.state, self.notes = VisitState.DROPPED, why
