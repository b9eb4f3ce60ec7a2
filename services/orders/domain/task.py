"""Tasks and obligations: what somebody owes an order, by when."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.principal import Principal
from services.orders.domain import Base
from services.orders.domain.errors import DecisionNotDelegated, EndsByItself, HolderNeeded
from services.orders.domain.lifecycle import TASKS, TaskState


class TaskKind(StrEnum):
    """What kind of thing is owed."""

    MISSING_FIELDS = "missing_fields"  # The salesperson asks the customer for what is missing.
    PRICE_DOUBT = "price_doubt"  # A price is in doubt; told to three people at once.
    GATE_REFUSED = "gate_refused"  # Signed against: the customer is offered another way.
    RECEIVED_CLEARLY = "received_clearly"  # Whether a confirmation arrived legibly is asked.
    RETURN_OWED = "return_owed"  # Grade A's signed copy that is still to come.
    CANCEL_WISH = "cancel_wish"  # A clerk asks the supervisor to cancel.
    FIRST_REPLY = "first_reply"  # A request in writing that nobody has answered yet.
    REPLY_DUE = "reply_due"  # A customer was promised an answer by then.
    PAPER_OWED = "paper_owed"  # An oral order's written paper.
    EXPIRED = "expired"  # An order was left alone too long and lost what was held for it.
    TELL_CUSTOMER = "tell_customer"  # A date slid or changed: the customer is to be told.
    TELL_TROUBLE = "tell_trouble"  # Goods met trouble on the way: the customer is to be told.
    ARRIVED = "arrived"  # Goods arrived: the salesperson is to know.
    MONEY_MET = "money_met"  # The deposit, or all, is paid: the salesperson is to know.


# The salesperson's; while an order has none, the clerk's.
SALESPERSONS = (
    TaskKind.MISSING_FIELDS,
    TaskKind.PRICE_DOUBT,
    TaskKind.GATE_REFUSED,
    TaskKind.RETURN_OWED,
    TaskKind.PAPER_OWED,
    TaskKind.EXPIRED,
    TaskKind.ARRIVED,
    TaskKind.MONEY_MET,
)

# Put to somebody for a decision: nobody else takes it off his list.
_DECISIONS = (TaskKind.PRICE_DOUBT, TaskKind.CANCEL_WISH)


class Task(Base):
    """One thing owed; done by whom and when, never deleted."""

    __tablename__ = "task"
    __table_args__ = (
        Index(
            "ix_task_open_role",
            "role",
            "person_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_task_order", "order_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id", ondelete="cascade"))
    kind: Mapped[TaskKind]
    role: Mapped[str]
    person_id: Mapped[str | None] = mapped_column(comment="null: anybody of the role")
    title: Mapped[str]
    title_zh: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    due_at: Mapped[datetime | None]
    state: Mapped[TaskState]
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    outcome: Mapped[str | None]

    def __init__(
        self,
        *,
        id: UUID,
        order_id: UUID,
        kind: TaskKind,
        role: str,
        title: str,
        title_zh: str,
        opened_at: datetime,
        due_at: datetime | None = None,
        person_id: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.id, self.order_id, self.kind = id, order_id, kind
        self.role, self.person_id = role, person_id
        self.title, self.title_zh, self.details = title, title_zh, details or {}
        self.opened_at, self.due_at = opened_at, due_at
        self.state = TaskState.OPEN
        self.ended_at = None
        self.ended_by = self.outcome = None

    @validates("state")
    def _only_legal_moves(self, _: str, wish: TaskState) -> TaskState:
        if self.state is not None:
            TASKS.check(self.state, wish, task_id=self.id)
        return wish

    def say(self, *, title: str, title_zh: str, details: dict[str, Any]) -> None:
        """Say anew what is owed, which is due when it was."""
        self.title, self.title_zh, self.details = title, title_zh, details

    @property
    def is_delegated(self) -> bool:
        """Whether a clerk was named to see to it."""
        return "delegated" in self.details

    def guard_finish(self, by: Principal) -> None:
        """Raise RoleNeeded, or EndsByItself for what no person's word ends."""
        others = () if self.kind in _DECISIONS else ("clerk", "supervisor")
        by.require(self.role, *(role for role in others if role != self.role))
        if self.kind is TaskKind.RETURN_OWED:
            raise EndsByItself(
                title=self.title,
                title_zh=self.title_zh,
                with_what="the verified copy",
                with_what_zh="回传件核验通过",
            )

    def guard_delegation(self, by: Principal) -> None:
        """Raise IllegalMove for what has ended, DecisionNotDelegated or HolderNeeded."""
        TASKS.check(self.state, TaskState.DONE, task_id=self.id)
        if self.kind in _DECISIONS:
            raise DecisionNotDelegated(title=self.title, title_zh=self.title_zh)
        holds = by.has(self.role) if self.person_id is None else by.person_id == self.person_id
        # Who had it may think better of whom to ask.
        holds = holds or self.details.get("delegated", {}).get("by") == by.person_id
        if not holds and not by.has("supervisor"):
            raise HolderNeeded(title=self.title, title_zh=self.title_zh)

    def delegate(self, *, clerk_id: str, clerk_name: str, by: Principal, at: datetime) -> None:
        """Put it on one clerk's list and off all others (O4)."""
        self.role, self.person_id = "clerk", clerk_id
        delegated = {
            "to_name": clerk_name,
            "by": by.person_id,
            "by_name": by.name,
            "at": at.isoformat(),
        }
        self.details = {**self.details, "delegated": delegated}

    def end(self, state: TaskState, *, by: str, at: datetime, outcome: str | None = None) -> None:
        """Note that it was done, or dropped as no longer needed."""
        self.state = state
        self.ended_at, self.ended_by, self.outcome = at, by, outcome
