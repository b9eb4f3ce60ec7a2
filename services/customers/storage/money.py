"""Contracts, payments, notices, invoices and credit notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from chassis.database import Work
from chassis.principal import Principal
from chassis.roundtrips import ask
from services.customers.domain.contract import Contract
from services.customers.domain.credit import CreditAccount, OrderCredit
from services.customers.domain.customer import Customer
from services.customers.domain.errors import (
    ContractNotFound,
    InvoiceNotFound,
    NoticeNotFound,
    PaymentNotFound,
)
from services.customers.domain.invoice import CreditNote, Invoice
from services.customers.domain.lifecycle import ContractState, NoticeState, PaymentState, Standing
from services.customers.domain.notice import Notice
from services.customers.domain.payment import Payment
from services.customers.domain.release import Receipt
from services.customers.domain.words import NoticeKind, PaymentMethod


@dataclass(frozen=True)
class Listing:
    """Which rows of a list are wanted, and how many from where; newest number first."""

    limit: int
    after: str | None = None
    customer_id: UUID | None = None
    order_id: UUID | None = None
    state: str | None = None


Numbered = TypeVar("Numbered", Contract, Payment, Notice, Invoice)


def listed(
    session: Session, noun: type[Numbered], wish: Listing, principal: Principal
) -> Sequence[Numbered]:
    """Give a page of contracts, payments, notices or invoices; sales sees its customers' only."""
    columns = noun.__table__.c
    query = select(noun)
    if principal.limited_to_own_customers:
        own = select(Customer.id).where(Customer.salesperson_id == principal.person_id)
        query = query.where(columns.customer_id.in_(own))
    wanted = {"customer_id": wish.customer_id, "order_id": wish.order_id, "state": wish.state}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(columns[name] == value)
    if wish.after is not None:
        query = query.where(columns.number < wish.after)
    return session.scalars(query.order_by(columns.number.desc()).limit(wish.limit)).all()


def contract(session: Session, number: str) -> Contract:
    """Give a contract. Raises ContractNotFound."""
    found = session.scalars(select(Contract).where(Contract.number == number)).one_or_none()
    if found is None:
        raise ContractNotFound(contract_number=number)
    return found


def signed_contracts(session: Session, customer_id: UUID) -> Sequence[Contract]:
    """Give a customer's signed contracts, the first to begin first."""
    return session.scalars(
        select(Contract)
        .where(Contract.customer_id == customer_id, Contract.state == ContractState.SIGNED)
        .order_by(Contract.valid_from)
    ).all()


def customers_with_new_terms(session: Session, day: date) -> Sequence[UUID]:
    """Give whose signed contracts begin on a day, or had the day before as their last."""
    changes = or_(Contract.valid_from == day, Contract.valid_until == day - timedelta(days=1))
    query = select(Contract.customer_id).where(Contract.state == ContractState.SIGNED, changes)
    return session.scalars(query.distinct().order_by(Contract.customer_id)).all()


def payment(session: Session, number: str) -> Payment:
    """Give a payment. Raises PaymentNotFound."""
    found = session.scalars(select(Payment).where(Payment.number == number)).one_or_none()
    if found is None:
        raise PaymentNotFound(payment_number=number)
    return found


def paid_by_credit(session: Session, customer_id: UUID) -> Sequence[Payment]:
    """Give what stands paid of a customer's credit, the newest first."""
    return session.scalars(
        select(Payment)
        .where(
            Payment.customer_id == customer_id,
            Payment.state == PaymentState.VERIFIED,
            Payment.method == PaymentMethod.CUSTOMER_CREDIT,
        )
        .order_by(Payment.number.desc())
    ).all()


def receipts(session: Session, order_id: UUID) -> list[Receipt]:
    """Give an order's verified money, in the order in which finance verified it.

    What a former customer had paid for it went back to him.
    """
    payer = select(OrderCredit.customer_id).where(OrderCredit.id == order_id).scalar_subquery()
    rows = session.scalars(
        select(Payment)
        .where(
            Payment.order_id == order_id,
            Payment.customer_id == payer,
            Payment.state == PaymentState.VERIFIED,
        )
        .order_by(Payment.judged_at, Payment.number)
    )
    return [Receipt(row.amount, row.paid_at, row.judged_at or row.recorded_at) for row in rows]


def notice(session: Session, number: str) -> Notice:
    """Give a notice. Raises NoticeNotFound."""
    found = session.scalars(select(Notice).where(Notice.number == number)).one_or_none()
    if found is None:
        raise NoticeNotFound(notice_number=number)
    return found


def open_notices(
    session: Session, order_id: UUID, kind: NoticeKind | None = None
) -> Sequence[Notice]:
    """Give an order's notices that are not settled or withdrawn."""
    query = select(Notice).where(
        Notice.order_id == order_id, Notice.state.in_((NoticeState.DRAFTED, NoticeState.SENT))
    )
    if kind is not None:
        query = query.where(Notice.kind == kind)
    return session.scalars(query.order_by(Notice.number)).all()


def orders_with_notices(session: Session, customer_id: UUID) -> Sequence[OrderCredit]:
    """Give a customer's orders that a notice is open of."""
    asked = select(Notice.order_id).where(
        Notice.customer_id == customer_id,
        Notice.state.in_((NoticeState.DRAFTED, NoticeState.SENT)),
    )
    query = select(OrderCredit).where(
        OrderCredit.id.in_(asked), OrderCredit.customer_id == customer_id
    )
    return session.scalars(query.order_by(OrderCredit.order_number)).all()


def open_orders_without_notice(session: Session, customer_id: UUID) -> Sequence[OrderCredit]:
    """Give a customer's open orders of our books that no notice is open of."""
    is_asked = exists().where(
        Notice.order_id == OrderCredit.id,
        Notice.state.in_((NoticeState.DRAFTED, NoticeState.SENT)),
    )
    query = select(OrderCredit).where(
        OrderCredit.customer_id == customer_id,
        OrderCredit.standing == Standing.OPEN,
        OrderCredit.is_imported.is_(False),
        ~is_asked,
    )
    return session.scalars(query.order_by(OrderCredit.order_number)).all()


def hand_over_notices(session: Session, customer_id: UUID, salesperson_id: str | None) -> None:
    """Let a customer's open notices stand by who sells to it from now on.

    Under its account's lock: what is being drafted meanwhile is seen here, or sees him there.
    """
    account = select(CreditAccount.id).where(CreditAccount.id == customer_id)
    session.execute(account.with_for_update())
    session.execute(
        update(Notice)
        .where(
            Notice.customer_id == customer_id,
            Notice.state.in_((NoticeState.DRAFTED, NoticeState.SENT)),
        )
        .values(salesperson_id=salesperson_id)
        .execution_options(synchronize_session=False)
    )


def invoice(session: Session, number: str) -> Invoice:
    """Give an invoice. Raises InvoiceNotFound."""
    found = session.scalars(select(Invoice).where(Invoice.number == number)).one_or_none()
    if found is None:
        raise InvoiceNotFound(invoice_number=number)
    return found


def credit_note_of_case(session: Session, case_id: UUID) -> CreditNote | None:
    """Give the credit note that a case was booked with, if it was."""
    return session.scalars(select(CreditNote).where(CreditNote.case_id == case_id)).one_or_none()


def credit_notes_of_order(session: Session, order_id: UUID) -> Sequence[CreditNote]:
    """Give an order's credit notes, the oldest first."""
    query = select(CreditNote).where(CreditNote.order_id == order_id)
    return session.scalars(query.order_by(CreditNote.number)).all()


# -- work ----------------------------------------------------------------------------------


# Of what waits only what is shown of it, by statements that are prepared (decision 17).
_CLAIMED = """
select number, customer_name, order_number, amount, recorded_at
from payment where state = 'claimed' order by recorded_at limit %(most)s
"""
_DRAFTED = """
select number, kind, state, customer_name, order_number, amount, drafted_at as at,
    null::text as person_id
from notice where state = 'drafted' order by drafted_at limit %(most)s
"""
# What lacks of it by now is looked up for what is shown alone. One sent by a release that knows
# no such time is due when it was sent. By whose it is first: PostgreSQL does not see that nobody's
# stand in the order of the index without that.
_UNPAID = """
select number, kind, state, customer_name, order_number,
    money_needed - (select verified from order_credit where id = order_id) as amount,
    coalesce(due_at, sent_at) as at, salesperson_id as person_id
from notice where state = 'sent' and salesperson_id {whose}
order by salesperson_id, due_at limit %(most)s
"""
_OWN_UNPAID, _NOBODYS_UNPAID = "= %(person)s", "is null"
# Customers are looked up one by one: a join would read them all for the contracts it expects.
# Nobody signs what is over; a draft of such days can be written anew.
_CONTRACTS = """
select number, (select name from customer where customer.id = customer_id) as customer_name,
    coalesce(approved_at, drafted_at) as since
from contract where state = %(state)s{own}
    and (state = 'draft' or valid_until is null or valid_until >= %(today)s)
order by drafted_at limit %(most)s
"""
_ALL_CONTRACTS = _CONTRACTS.format(own="")
_OWN_CONTRACTS = _CONTRACTS.format(
    own=" and (select salesperson_id from customer where customer.id = customer_id) = %(person)s"
)


def claimed_payments(work: Work, limit: int) -> Sequence[Any]:
    """Give the payments that finance has not judged yet, the oldest first."""
    return ask(work.connection, _CLAIMED, {"most": limit})


def waiting_notices(
    work: Work, limit: int, *, drafted: bool, own: bool, nobodys: bool
) -> Sequence[Any]:
    """Give the notices that wait, each kind's longest first; at least one kind is asked for.

    `drafted` are those that nobody has sent yet; of those sent and not paid, `own` are of the
    asker's customers, `nobodys` of customers without a salesperson.
    """
    statement = _waiting(drafted=drafted, own=own, nobodys=nobodys)
    asked = {"most": limit, "person": work.principal.person_id}
    return ask(work.connection, statement, asked)


@cache
def _waiting(*, drafted: bool, own: bool, nobodys: bool) -> str:
    parts = [_DRAFTED] if drafted else []
    parts += [_UNPAID.format(whose=_OWN_UNPAID)] if own else []
    parts += [_UNPAID.format(whose=_NOBODYS_UNPAID)] if nobodys else []
    return " union all ".join(f"({part})" for part in parts)


def contracts_in(work: Work, state: ContractState, limit: int) -> Sequence[Any]:
    """Give the contracts to be approved or signed, and since when, the oldest first."""
    principal = work.principal
    statement = _OWN_CONTRACTS if principal.limited_to_own_customers else _ALL_CONTRACTS
    person, today = principal.person_id, work.today
    asked = {"state": str(state), "most": limit, "person": person, "today": today}
    return ask(work.connection, statement, asked)
