"""The credit account: one locked row per customer, one row per order, and an append-only ledger.

Every movement is a verb of the account. It changes the account and the one order it is about,
and gives the ledger entry with the differences; the entries' sums are the balances.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.errors import plain
from chassis.mapping import Announcing, Facts, Money, Percent
from chassis.money import ZERO
from services.customers.domain import Base
from services.customers.domain.errors import CreditTooSmall, OrderEnded, RefundAboveSold
from services.customers.domain.goods import Goods
from services.customers.domain.grade import Grade, Policy, Terms
from services.customers.domain.lifecycle import STANDING, Standing
from services.customers.domain.words import EntryKind, Verdict

# Refunds of one order that together are above what was sold by no more than this were rounded,
# at most half a 分 a part, not settled twice.
ROUNDING = Decimal("0.05")


@dataclass(frozen=True)
class Balances:
    """What one order holds, owes and has been paid."""

    reservation: Decimal
    receivable: Decimal
    verified: Decimal
    granted: Decimal

    @property
    def exposure(self) -> Decimal:
        """SPEC §4: max(0, reservation + unpaid receivable − verified money)."""
        return max(ZERO, self.reservation + self.receivable - self.verified)


@dataclass(frozen=True)
class Request:
    """What an order asks credit for; `amount` is its total at the upper tolerance."""

    order_number: str
    total: Decimal
    amount: Decimal
    revision: int
    override: bool
    command_id: str


class LedgerEntry(Base):
    """One movement; never changed. A withdrawn command's entry has no account and no deltas."""

    __tablename__ = "credit_ledger"
    __table_args__ = (
        Index("ix_credit_ledger_customer_id", "customer_id", "id"),
        Index("ix_credit_ledger_order_id", "order_id", "id"),
        CheckConstraint("customer_id is not null or kind = 'withdrawn'", name="has_account"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    customer_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    kind: Mapped[EntryKind]
    reservation: Mapped[Money] = mapped_column(comment="a difference, like the next three")
    receivable: Mapped[Money]
    verified: Mapped[Money]
    customer_credit: Mapped[Money]
    cause: Mapped[str] = mapped_column(String(80), comment="number of the payment, shipment, case…")
    command_id: Mapped[str | None] = mapped_column(
        String(120), unique=True, comment="key of the command that asked for it"
    )
    undoes: Mapped[str | None] = mapped_column(
        String(120), unique=True, comment="command_id of the entry that this one takes back"
    )
    before: Mapped[Facts | None] = mapped_column(comment="the order's terms before a reservation")
    at: Mapped[datetime] = mapped_column(comment="business time")
    by_id: Mapped[str] = mapped_column(String(80))


class OrderCredit(Announcing, Base):
    """What one order holds of its customer's credit, owes, and has been paid."""

    __tablename__ = "order_credit"
    __table_args__ = (
        CheckConstraint("reservation >= 0", name="reservation_not_negative"),
        CheckConstraint("receivable >= 0", name="receivable_not_negative"),
        CheckConstraint("verified >= 0", name="verified_not_negative"),
        Index("ix_order_credit_customer_id_order_number", "customer_id", "order_number"),
        Index(
            "ix_order_credit_owing",
            "customer_id",
            postgresql_where=text("receivable > verified"),
        ),
    )
    aggregate_type: ClassVar[str] = "order_credit"

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("credit_account.id"))
    order_number: Mapped[str] = mapped_column(String(20), unique=True)
    standing: Mapped[Standing]
    revision: Mapped[int] = mapped_column(comment="of the order when it last asked for credit")
    terms: Mapped[Terms | None] = mapped_column(comment="at that moment; null: it never asked")
    grade: Mapped[Grade | None]
    deposit_percent: Mapped[Percent]
    deposit_due: Mapped[Money]
    total: Mapped[Money] = mapped_column(comment="as ordered")
    amount: Mapped[Money] = mapped_column(comment="at the upper tolerance")
    worth: Mapped[Money] = mapped_column(comment="accepted where known, else ordered")
    reserves: Mapped[bool] = mapped_column(comment="false while held, prepaid or ended")
    granted: Mapped[Money] = mapped_column(comment="how far beyond the limit an override went")
    reservation: Mapped[Money]
    receivable: Mapped[Money] = mapped_column(comment="value shipped, paid or not")
    verified: Mapped[Money] = mapped_column(comment="money of its own; what was too much is gone")
    invoiced: Mapped[Money]
    refunded: Mapped[Money]
    has_moved: Mapped[bool] = mapped_column(
        comment="goods were made or have left; the reservation follows them"
    )
    is_imported: Mapped[bool]
    asked_at: Mapped[datetime | None] = mapped_column(comment="machine time of the last asking")
    asked_by: Mapped[str | None] = mapped_column(String(120), comment="command_id of that asking")

    @validates("standing")
    def _move(self, _key: str, wish: Standing) -> Standing:
        # None only while the row is being constructed.
        standing: Standing | None = self.standing
        if standing is not None and standing is not wish:
            STANDING.check(standing, wish, order_number=self.order_number)
        return wish

    @classmethod
    def open(
        cls, order_id: UUID, order_number: str, customer_id: UUID, total: Decimal = ZERO
    ) -> "OrderCredit":
        """Give the row of an order that holds, owes and was paid nothing yet."""
        return cls(
            id=order_id,
            customer_id=customer_id,
            order_number=order_number,
            standing=Standing.OPEN,
            revision=0,
            deposit_percent=ZERO,
            deposit_due=ZERO,
            total=total,
            amount=total,
            worth=total,
            reserves=False,
            granted=ZERO,
            reservation=ZERO,
            receivable=ZERO,
            verified=ZERO,
            invoiced=ZERO,
            refunded=ZERO,
            has_moved=False,
            is_imported=False,
        )

    @property
    def balances(self) -> Balances:
        return Balances(self.reservation, self.receivable, self.verified, self.granted)

    @property
    def balance(self) -> Decimal:
        """What is still to be paid for it, all shipped or not."""
        return self.worth - self.verified

    @property
    def is_paid_in_full(self) -> bool:
        return self.balance <= 0

    @property
    def is_deposit_met(self) -> bool:
        return self.verified >= min(self.deposit_due, self.worth)

    @property
    def is_invoiced(self) -> bool:
        """Whether there is no more to invoice; an order that came to nothing needs none."""
        return self.invoiced >= self.receivable and (self.receivable > 0 or self.worth == 0)

    def has_asked_since(self, moment: datetime) -> bool:
        """Whether it has asked for credit after a moment, of machine time."""
        return self.asked_at is not None and self.asked_at > moment

    def prepays(self, policy: Policy) -> bool:
        """Whether all of it is paid first: by its customer's terms now, or those it was made on."""
        return policy.is_prepaid or self.terms is Terms.PREPAID

    def pays_before_dispatch(self, policy: Policy) -> bool:
        """Whether what leaves is paid before it does."""
        return self.prepays(policy) or policy.balance_before_dispatch

    @property
    def sold(self) -> Decimal:
        """What its goods were sold for; what the old books sold was never a receivable here."""
        return max(self.receivable, self.total) if self.is_imported else self.receivable

    def refundable(self, amount: Decimal) -> Decimal:
        """Give what of a settled refund is booked: no more than was sold.

        It is settled, so a few 分 too many, as parts rounded one by one may sum to, do not keep
        it from being booked. What is more is no rounding, and is not cut down for good: either
        the dispatch has not been heard of yet, and it is tried again, or the books of two
        services disagree, and a person must look. Raises RefundAboveSold.
        """
        left = self.sold - self.refunded
        if amount > left + ROUNDING or not self.sold:
            raise RefundAboveSold(
                order_number=self.order_number,
                refunded=self.refunded,
                amount=amount,
                sold=self.sold,
            )
        return max(ZERO, min(amount, left))

    def ceiling(self, goods: Goods | None) -> Decimal:
        """Give what it may cost at most; money above that is the customer's credit."""
        if self.standing is Standing.CANCELLED:
            return ZERO
        if self.standing is Standing.FULFILLED:
            return self.worth
        if goods is None:
            return max(self.amount, self.total)
        return sum(goods.parts(max(self.amount, self.total)), ZERO)

    def terms_as_data(self) -> dict[str, Any]:
        """Give what a reservation changes, as an undo needs it."""
        return {name: plain(getattr(self, name)) for name in _ASKED}

    def restore_terms(self, before: dict[str, Any]) -> None:
        for name, read in _ASKED.items():
            if name not in before:  # an entry older than the name
                continue
            value = before[name]
            setattr(self, name, None if value is None else read(value))

    def follow(self, goods: Goods | None) -> None:
        """Let the reservation be what is still to be held, by what was made and has left."""
        if not self.reserves:
            self.reservation = ZERO
        elif goods is None:
            self.reservation = self.amount
        else:
            self.reservation = goods.reservation(self.amount)

    def leaving(self, amount: Decimal, *, stands: Decimal) -> Decimal:
        """Give what leaves it with a payment that goes back, where `stands` in all still stand.

        Its surplus is the customer's credit already: only what those do not cover leaves it.
        """
        return min(amount, max(ZERO, self.verified - stands))

    def reserve_nothing(self) -> None:
        self.reserves, self.granted, self.reservation = False, ZERO, ZERO


_ASKED: dict[str, Callable[[Any], Any]] = {
    "standing": Standing,
    "revision": int,
    "terms": Terms,
    "grade": Grade,
    "deposit_percent": Decimal,
    "deposit_due": Decimal,
    "total": Decimal,
    "amount": Decimal,
    "worth": Decimal,
    "reserves": bool,
    "granted": Decimal,
    "asked_at": datetime.fromisoformat,
    "asked_by": str,
}


class CreditAccount(Announcing, Base):
    """A customer's credit. Its row is locked by whoever moves it or an order of it.

    `exposure` and `granted` are the sums over its orders' rows, kept so that a check need not
    add them up; `customer_credit` is below zero only where money went back that was spent.
    """

    __tablename__ = "credit_account"
    aggregate_type: ClassVar[str] = "credit_account"

    limit_set: Mapped[Money | None] = mapped_column(comment="null: the contract's or the grade's")
    exposure: Mapped[Money]
    granted: Mapped[Money]
    customer_credit: Mapped[Money] = mapped_column(comment="what we owe the customer")
    is_stopped: Mapped[bool] = mapped_column(comment="credit stop, as last looked for")
    stopped_since: Mapped[datetime | None]

    @classmethod
    def open(cls, customer_id: UUID) -> "CreditAccount":
        return cls(
            id=customer_id,
            exposure=ZERO,
            granted=ZERO,
            customer_credit=ZERO,
            is_stopped=False,
        )

    # -- orders ----------------------------------------------------------------------------

    def reserve(
        self,
        order: OrderCredit,
        request: Request,
        policy: Policy,
        *,
        goods: Goods | None,
        asked_at: datetime,
        stopped: bool,
    ) -> tuple[Verdict, LedgerEntry]:
        """Set the order's one reservation, or hold none where the limit does not cover it.

        A prepaid order reserves nothing, and nothing is reserved where credit is `stopped` at
        this moment: the mark of the account is of when somebody last looked. An
        override reserves all the same; how far beyond the limit is remembered, so that the
        order's own release is not held for it.
        """
        if order.standing is Standing.CANCELLED:
            raise OrderEnded(order_number=order.order_number)
        before, terms_before = order.balances, order.terms_as_data()
        if order.standing is Standing.FULFILLED:
            order.standing = Standing.OPEN
        others = self.exposure - before.exposure
        _set_terms(order, request, policy, goods, asked_at)
        verdict = Verdict.PASSED
        if policy.is_prepaid:
            order.reserve_nothing()
        else:
            order.reserves, order.granted = True, ZERO
            order.follow(goods)
            beyond = others + order.balances.exposure - policy.credit_limit
            if request.override:
                order.granted = max(ZERO, beyond - (self.granted - before.granted))
            elif beyond > 0 or stopped:
                order.reserve_nothing()
                verdict = Verdict.HELD
        entry = self._entry(order, before, EntryKind.RESERVED, cause=f"r{request.revision}")
        entry.command_id, entry.before = request.command_id, terms_before
        return verdict, entry

    def undo(self, order: OrderCredit, entry: LedgerEntry, goods: Goods | None) -> LedgerEntry:
        """Take one exact reservation back.

        The order's terms and reservation are again what they were before it, unless a later
        asking has replaced them, which then stays as it is.
        """
        before = order.balances
        ended = order.standing is not Standing.OPEN
        if entry.before is not None and order.asked_by == entry.command_id and not ended:
            order.restore_terms(entry.before)
            if goods is not None:
                order.worth = goods.worth
            order.follow(goods)
        undone = self._entry(order, before, EntryKind.UNDONE, cause=entry.cause)
        undone.undoes = entry.command_id
        return undone

    def follow_goods(self, order: OrderCredit, goods: Goods, *, cause: str) -> LedgerEntry:
        """Book what was made, has left or was short-closed. A fact is never refused."""
        before, credit = order.balances, self.customer_credit
        order.receivable, order.has_moved = goods.shipped_value, True
        if order.standing is Standing.OPEN:
            order.worth = goods.worth
        elif order.standing is Standing.FULFILLED:
            # Its dispatch may be heard of after its end: other queues, no common order.
            order.worth = max(order.worth, order.receivable)
        order.follow(goods)
        self._take_excess(order, goods)
        return self._entry(order, before, EntryKind.GOODS, cause=cause, credit_before=credit)

    def free(
        self, order: OrderCredit, goods: Goods | None, *, standing: Standing, cause: str
    ) -> LedgerEntry:
        """Free what an order still holds: it expired (stays open), was fulfilled or cancelled."""
        before, credit = order.balances, self.customer_credit
        order.reserve_nothing()
        # What has ended is not brought back by taking back the asking before it.
        order.asked_by = None
        order.standing = standing
        if standing is Standing.FULFILLED and goods is not None:
            order.worth = max(goods.shipped_value, order.receivable)
        elif standing is Standing.CANCELLED:
            order.worth = ZERO
        self._take_excess(order, goods)
        return self._entry(order, before, EntryKind.FREED, cause=cause, credit_before=credit)

    def free_excess(self, order: OrderCredit, goods: Goods | None) -> LedgerEntry | None:
        """Give the customer as credit what a newly confirmed order can cost no more, if any."""
        if order.verified <= order.ceiling(goods):
            return None
        before, credit = order.balances, self.customer_credit
        self._take_excess(order, goods)
        cause = f"r{order.revision}"
        return self._entry(order, before, EntryKind.FREED, cause=cause, credit_before=credit)

    def let_go(self, order: OrderCredit) -> LedgerEntry:
        """Give an order up to another customer: nothing is held here, its money is credit."""
        before, credit = order.balances, self.customer_credit
        order.reserve_nothing()
        self.customer_credit += order.verified
        order.verified = ZERO
        return self._entry(order, before, EntryKind.FREED, cause="customer", credit_before=credit)

    # -- money -----------------------------------------------------------------------------

    def receive(
        self, order: OrderCredit | None, amount: Decimal, goods: Goods | None, *, cause: str
    ) -> LedgerEntry:
        """Book verified money to its order; what is too much, or for no order, is credit."""
        credit = self.customer_credit
        if order is None:
            self.customer_credit += amount
            return self._entry(None, None, EntryKind.PAYMENT, cause=cause, credit_before=credit)
        before = order.balances
        order.verified += amount
        self._take_excess(order, goods)
        return self._entry(order, before, EntryKind.PAYMENT, cause=cause, credit_before=credit)

    def give_back(
        self, order: OrderCredit | None, amount: Decimal, *, leaving: Decimal, cause: str
    ) -> LedgerEntry:
        """Book money that went back: `leaving` the order, the rest from the customer's credit.

        The credit may go below zero: the bank's fact stands even where it was spent.
        """
        before, credit = None if order is None else order.balances, self.customer_credit
        if order is not None:
            order.verified -= leaving
        self.customer_credit -= amount - leaving
        return self._entry(order, before, EntryKind.REVERSAL, cause=cause, credit_before=credit)

    def use_credit(
        self, order: OrderCredit, amount: Decimal, goods: Goods | None, *, cause: str
    ) -> LedgerEntry:
        """Pay for an order out of what we owe the customer; what is too much stays there."""
        if order.standing is Standing.CANCELLED:
            raise OrderEnded(order_number=order.order_number)
        if amount > self.customer_credit:
            raise CreditTooSmall(available=self.customer_credit, wanted=amount)
        before, credit = order.balances, self.customer_credit
        self.customer_credit -= amount
        order.verified += amount
        self._take_excess(order, goods)
        return self._entry(order, before, EntryKind.CREDIT_USED, cause=cause, credit_before=credit)

    def return_credit(self, order: OrderCredit, *, leaving: Decimal, cause: str) -> LedgerEntry:
        """Take back what an order was paid of the customer's credit; it is credit again.

        What was too much for the order, or came free when it ended, is so already.
        """
        before, credit = order.balances, self.customer_credit
        order.verified -= leaving
        self.customer_credit += leaving
        return self._entry(order, before, EntryKind.REVERSAL, cause=cause, credit_before=credit)

    def refund(self, order: OrderCredit, amount: Decimal, *, cause: str) -> LedgerEntry:
        """Book a refund, as `refundable` gives it, as the customer's credit."""
        before, credit = order.balances, self.customer_credit
        order.refunded += amount
        self.customer_credit += amount
        return self._entry(order, before, EntryKind.REFUND, cause=cause, credit_before=credit)

    # -- limits ----------------------------------------------------------------------------

    def is_over(self, limit: Decimal) -> bool:
        """Whether facts have pushed it over its limit and what overrides granted beyond."""
        return self.exposure > limit + self.granted

    def mark_stop(self, is_stopped: bool, now: datetime) -> bool:  # noqa: FBT001  the flag itself
        """Note whether there is a credit stop; gives whether that is news."""
        if self.is_stopped == is_stopped:
            return False
        self.is_stopped, self.stopped_since = is_stopped, now if is_stopped else None
        return True

    # --------------------------------------------------------------------------------------

    def _take_excess(self, order: OrderCredit, goods: Goods | None) -> None:
        excess = order.verified - order.ceiling(goods)
        if excess > 0:
            order.verified -= excess
            self.customer_credit += excess

    def _entry(
        self,
        order: OrderCredit | None,
        before: Balances | None,
        kind: EntryKind,
        *,
        cause: str,
        credit_before: Decimal | None = None,
    ) -> LedgerEntry:
        credit = self.customer_credit if credit_before is None else credit_before
        entry = LedgerEntry(
            customer_id=self.id,
            order_id=None if order is None else order.id,
            kind=kind,
            reservation=ZERO,
            receivable=ZERO,
            verified=ZERO,
            customer_credit=self.customer_credit - credit,
            cause=cause,
        )
        if order is not None and before is not None:
            after = order.balances
            entry.reservation = after.reservation - before.reservation
            entry.receivable = after.receivable - before.receivable
            entry.verified = after.verified - before.verified
            self.exposure += after.exposure - before.exposure
            self.granted += after.granted - before.granted
        return entry


def _set_terms(
    order: OrderCredit,
    request: Request,
    policy: Policy,
    goods: Goods | None,
    asked_at: datetime,
) -> None:
    order.revision = request.revision
    order.total, order.amount = request.total, request.amount
    order.worth = request.total if goods is None else goods.worth
    order.terms, order.grade = policy.terms, policy.grade
    order.deposit_percent = policy.deposit_percent
    order.deposit_due = policy.deposit_of(request.total)
    order.asked_at, order.asked_by = asked_at, request.command_id
