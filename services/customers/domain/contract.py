"""A customer's contract, which overrides its grade's policy field by field (O11, C4)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, Sequence, String, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.changes import difference
from chassis.mapping import Money, Percent, Versioned
from services.customers.domain import Base
from services.customers.domain.errors import ContractDates, ContractOver, ContractTextFixed
from services.customers.domain.grade import SettlementMethod, Terms
from services.customers.domain.lifecycle import CONTRACT, ContractState

CONTRACT_NUMBER = Sequence("contract_number_seq", metadata=Base.metadata)


class Contract(Versioned, Base):
    """An agreement with one customer; a field left empty leaves the grade's number in force.

    Of a customer's signed ones the last that has begun counts, until its own last day: what is
    signed for next year takes the present one's place on its day, without anybody's doing.
    """

    __tablename__ = "contract"
    __table_args__ = (
        # No two begin on one day, so "the contract" of a customer is never a matter of choice:
        # it is the last that has begun.
        Index(
            "uq_contract_signed_from",
            "customer_id",
            "valid_from",
            unique=True,
            postgresql_where=text("state = 'signed'"),
        ),
        Index("ix_contract_customer_id_number", "customer_id", "number"),
    )
    aggregate_type: ClassVar[str] = "contract"

    number: Mapped[str] = mapped_column(String(20), unique=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    state: Mapped[ContractState] = mapped_column(index=True)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None] = mapped_column(comment="its last day; null: until ended")
    terms: Mapped[Terms | None]
    instruction_before_sign_back: Mapped[bool | None]
    deposit_percent: Mapped[Percent | None]
    balance_before_dispatch: Mapped[bool | None]
    credit_limit: Mapped[Money | None]
    credit_stop_days: Mapped[int | None]
    payment_days: Mapped[int | None] = mapped_column(comment="from dispatch until due")
    delivery_terms: Mapped[str]
    settlement_method: Mapped[SettlementMethod | None]
    text: Mapped[str] = mapped_column(comment="what else is agreed")
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[str] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(String(120))
    signed_at: Mapped[datetime | None]
    signed_for_customer_by: Mapped[str | None] = mapped_column(String(120))
    ended_at: Mapped[datetime | None]

    @validates("state")
    def _move(self, _key: str, wish: ContractState) -> ContractState:
        if self.state is not None:
            CONTRACT.check(self.state, wish, contract_number=self.number)
        return wish

    @classmethod
    def draft(
        cls, number: str, customer_id: UUID, values: Mapping[str, Any], *, now: datetime, by: str
    ) -> "Contract":
        contract = cls(
            id=uuid4(),
            number=number,
            customer_id=customer_id,
            state=ContractState.DRAFT,
            drafted_at=now,
            drafted_by=by,
            **{"delivery_terms": "", "text": "", **values},
        )
        contract._check_dates()
        return contract

    def change(self, values: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Write the draft anew; what was approved goes back to draft first."""
        if self.state != ContractState.DRAFT:
            raise ContractTextFixed(contract_number=self.number, state=self.state)
        changes = difference({field: getattr(self, field) for field in values}, dict(values))
        for field, (_, new) in changes.items():
            setattr(self, field, new)
        self._check_dates()
        return changes

    def approve(self, now: datetime, by: str) -> None:
        self.state = ContractState.APPROVED
        self.approved_at, self.approved_by = now, by

    def send_back(self) -> None:
        self.state = ContractState.DRAFT
        self.approved_at = self.approved_by = None

    def guard_not_over(self, today: date) -> None:
        """Raise ContractOver once its last day has passed."""
        if self.valid_until is not None and self.valid_until < today:
            raise ContractOver(contract_number=self.number, valid_until=self.valid_until)

    def sign(self, now: datetime, *, for_customer: str) -> None:
        self.state = ContractState.SIGNED
        self.signed_at, self.signed_for_customer_by = now, for_customer

    def end(self, now: datetime) -> None:
        self.state = ContractState.ENDED
        self.ended_at = now

    def ends_for(self, newer: "Contract", today: date) -> bool:
        """Whether it ends as soon as a newer one is signed.

        That leaves it nothing where it begins no later, or has begun; what is over before this
        one begins leaves it all.
        """
        if newer.valid_until is not None and newer.valid_until < self.valid_from:
            return False
        return newer.valid_from <= max(today, self.valid_from)

    def has_replaced(self, former: "Contract", today: date) -> bool:
        """Whether it has taken the place of an older one, which does not come back after it."""
        return former.valid_from < self.valid_from <= today

    def _check_dates(self) -> None:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ContractDates(valid_from=self.valid_from, valid_until=self.valid_until)
