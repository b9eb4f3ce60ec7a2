"""Confirmations: the frozen document a customer signs, and the copies that come back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from chassis.calendar import entered_calendar
from chassis.mapping import Day
from chassis.principal import Principal
from services.orders.domain import Base
from services.orders.domain.lifecycle import CONFIRMATIONS, ConfirmationState


class SignBack(Base):
    """One returned copy and what became of it."""

    __tablename__ = "sign_back"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    confirmation_id: Mapped[UUID] = mapped_column(
        ForeignKey("confirmation.id", ondelete="cascade"), index=True
    )
    arrived_on: Mapped[Day]
    channel: Mapped[str]
    signatory: Mapped[str | None]
    seal_code: Mapped[str | None]
    attachment: Mapped[str | None] = mapped_column(comment="content hash of the scanned copy")
    accepted: Mapped[bool]
    why: Mapped[str | None] = mapped_column(comment="why it was rejected")
    judged_by: Mapped[str]
    judged_at: Mapped[datetime]


class Confirmation(Base):
    """Version n of the confirmation: frozen when first sent, never edited.

    For grades B and C (the grade at first sending counts) the order's dates slide by the
    days between `sent_on` and the arrival of the copy that is verified.
    """

    __tablename__ = "confirmation"
    __table_args__ = (UniqueConstraint("order_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("order.id", ondelete="cascade"))
    number: Mapped[int] = mapped_column(comment="version n of this order's confirmation")
    revision: Mapped[int]
    state: Mapped[ConfirmationState]
    # The largest column by far, wanted only where the paper itself is.
    document: Mapped[dict[str, Any]] = mapped_column(
        JSONB, deferred=True, comment="the order's view, frozen"
    )
    grade: Mapped[str] = mapped_column(comment="at first sending")
    slides: Mapped[bool]
    slide_calendar: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True),
        comment="as entered at first sending, to count working days; null: calendar days count",
    )
    sent_on: Mapped[Day] = mapped_column(comment="business date of the first sending")
    sendings: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, comment="each: channel, recipient, at, by, received_clearly"
    )
    arrived_on: Mapped[Day | None] = mapped_column(
        nullable=True, comment="arrival of the verified copy; freezes the slide"
    )

    sign_backs: Mapped[list[SignBack]] = relationship(
        order_by=SignBack.judged_at, cascade="all, delete-orphan", lazy="raise"
    )

    def __init__(
        self,
        *,
        id: UUID,
        order_id: UUID,
        number: int,
        revision: int,
        document: dict[str, Any],
        grade: str,
        sent_on: date,
        sending: dict[str, Any],
        slide_calendar: dict[str, Any] | None = None,
    ) -> None:
        self.id, self.order_id, self.number, self.revision = id, order_id, number, revision
        self.state = ConfirmationState.SENT
        self.document = document
        self.grade, self.slides = grade, grade != "A"
        self.slide_calendar = slide_calendar
        self.sent_on, self.sendings = sent_on, [sending]
        self.arrived_on = None
        self.sign_backs = []

    @validates("state")
    def _only_legal_moves(self, _: str, wish: ConfirmationState) -> ConfirmationState:
        if self.state is not None:
            CONFIRMATIONS.check(self.state, wish, version=self.number)
        return wish

    @property
    def is_verified(self) -> bool:
        return self.state is ConfirmationState.VERIFIED

    @property
    def received_clearly(self) -> bool:
        """Whether the customer has it legibly, by one of its sendings (O19)."""
        return any(sending.get("received_clearly") for sending in self.sendings)

    def note_received(self, by: Principal, *, note: str | None, at: datetime) -> None:
        """Note who heard, and when, that the last sending was received clearly."""
        *before, last = self.sendings
        noted = {"at": at.isoformat(), "by": by.person_id, "by_name": by.name, "note": note}
        self.sendings = [*before, {**last, "received_clearly": True, "noted": noted}]

    def send_again(self, sending: dict[str, Any]) -> None:
        """Note another sending of the same version; `sent_on` stays the first."""
        self.sendings = [*self.sendings, sending]

    def judge(self, copy: SignBack) -> None:
        """File a returned copy; the accepted one verifies the confirmation."""
        self.sign_backs.append(copy)
        if copy.accepted:
            self.state = ConfirmationState.VERIFIED
            self.arrived_on = copy.arrived_on

    def void(self) -> None:
        """Say that this version no longer stands."""
        self.state = ConfirmationState.VOID

    def slide_days(self, today: date) -> int:
        """Give by how many days both dates have moved (SPEC §5, the slide).

        Counted are calendar days, or the working days among them if the setting says so: by
        the calendar of the first sending, so that a date once told changes by no later entry.
        """
        if not self.slides or self.state is ConfirmationState.VOID:
            return 0
        return slide(self.sent_on, self.arrived_on or today, self.slide_calendar)


def slid(day: date, standing: Sequence[Any] | None, today: date) -> date:
    """Give a promised day as it has slid by the confirmation that stands, if one does.

    `standing` is its days of sending and of arrival, and its calendar, as JSON has them.
    """
    if standing is None:
        return day
    sent_on, arrived_on, calendar = standing
    until = today if arrived_on is None else date.fromisoformat(arrived_on)
    return day + timedelta(days=slide(date.fromisoformat(sent_on), until, calendar))


def slide(sent_on: date, until: date, calendar: Mapping[str, Any] | None) -> int:
    """Give by how many days the dates slide until a day: calendar days where no calendar counts."""
    days = max(0, (until - sent_on).days)
    if calendar is None:
        return days
    worked = entered_calendar(calendar, assume_weekdays=True).is_working_day
    return sum(worked(sent_on + timedelta(days=day)) for day in range(1, days + 1))
