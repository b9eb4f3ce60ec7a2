"""Anomalies: what went wrong with an order, who owns it and how it escalates (SPEC §5)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from services.orders.domain import Base
from services.orders.domain.lifecycle import ANOMALIES, AnomalyState

LADDER = ("clerk", "sales", "supervisor", "director")
# Waits for the order's salesperson alone: where there is none, for nobody.
SALES = LADDER.index("sales")


def owners(step: int, *, told_all: bool) -> tuple[str, ...]:
    """Give the roles that are to act at a step of the ladder."""
    return LADDER if told_all else LADDER[step : step + 1]


class AnomalyClass(StrEnum):
    """Where it comes from."""

    WRONG_INFORMATION = "wrong_information"
    SYSTEM = "system"
    CUSTOMER_CHANGE = "customer_change"
    PRODUCTION = "production"
    LOGISTICS = "logistics"


class Topic(StrEnum):
    """What it is about."""

    PRICE = "price"
    DELAY = "delay"
    QUALITY = "quality"
    QUANTITY = "quantity"
    OTHER = "other"


class Priority(StrEnum):
    """How fast it climbs."""

    NORMAL = "normal"
    URGENT = "urgent"


class Anomaly(Base):
    """One thing gone wrong; it climbs the ladder until it is resolved.

    A production anomaly is told to the whole ladder at once.
    """

    __tablename__ = "anomaly"
    __table_args__ = (
        Index("ix_anomaly_open", "escalates_at", postgresql_where=text("state = 'open'")),
        Index("ix_anomaly_order", "order_id"),
        Index(
            "ix_anomaly_waiting",
            "step",
            "told_all",
            text("priority desc"),
            "raised_at",
            "id",
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_anomaly_waiting_own",
            "salesperson_id",
            "step",
            "told_all",
            text("priority desc"),
            "raised_at",
            "id",
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id", ondelete="cascade"))
    salesperson_id: Mapped[str | None] = mapped_column(comment="its order's, always")
    cause: Mapped[AnomalyClass]
    topic: Mapped[Topic]
    priority: Mapped[Priority]
    text: Mapped[str]
    text_zh: Mapped[str | None] = mapped_column(comment="null: a person's own words")
    temporary_measure: Mapped[str | None]
    remedy: Mapped[str | None]
    step: Mapped[int] = mapped_column(comment="index into the ladder of roles")
    told_all: Mapped[bool]
    state: Mapped[AnomalyState]
    raised_by: Mapped[str]
    raised_at: Mapped[datetime]
    escalates_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolved_at: Mapped[datetime | None]

    def __init__(
        self,
        *,
        id: UUID,
        order_id: UUID,
        salesperson_id: str | None,
        cause: AnomalyClass,
        topic: Topic,
        priority: Priority,
        text: str,
        raised_by: str,
        raised_at: datetime,
        escalates_at: datetime,
        text_zh: str | None = None,
        temporary_measure: str | None = None,
        first: str = LADDER[0],
    ) -> None:
        self.id, self.order_id, self.salesperson_id = id, order_id, salesperson_id
        self.cause, self.topic, self.priority = cause, topic, priority
        self.text, self.text_zh = text, text_zh
        self.temporary_measure, self.remedy = temporary_measure, None
        self.step = LADDER.index(first)
        if self.step == SALES and salesperson_id is None:
            self.step = 0
        self.told_all = cause is AnomalyClass.PRODUCTION
        self.state = AnomalyState.OPEN
        self.raised_by, self.raised_at = raised_by, raised_at
        self.escalates_at = None if self.told_all else escalates_at
        self.resolved_by = self.resolved_at = None

    @validates("state")
    def _only_legal_moves(self, _: str, wish: AnomalyState) -> AnomalyState:
        if self.state is not None:
            ANOMALIES.check(self.state, wish, anomaly_id=self.id)
        return wish

    @property
    def owner_roles(self) -> tuple[str, ...]:
        """Who is to act now."""
        return owners(self.step, told_all=self.told_all)

    def escalate(self, next_at: datetime) -> None:
        """Climb one step, past a salesperson whom the order has not; at the top it stays."""
        nobodys = self.step + 1 == SALES and self.salesperson_id is None
        self.step = min(self.step + (2 if nobodys else 1), len(LADDER) - 1)
        self.escalates_at = None if self.step == len(LADDER) - 1 else next_at

    def take_measure(self, measure: str) -> None:
        """Write down what is done until there is a remedy; nothing more once there is one."""
        ANOMALIES.check(self.state, AnomalyState.RESOLVED, anomaly_id=self.id)
        self.temporary_measure = measure

    def resolve(self, *, remedy: str, by: str, at: datetime) -> None:
        """Write down the remedy that ended it."""
        self.state = AnomalyState.RESOLVED
        self.remedy, self.resolved_by, self.resolved_at = remedy, by, at
        self.escalates_at = None
