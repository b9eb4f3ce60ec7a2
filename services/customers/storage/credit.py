"""Credit accounts under their lock, the orders' rows, and the ledger."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from chassis.clock import BUSINESS_ZONE, business_date
from chassis.database import Work
from chassis.mapping import without_session
from chassis.money import ZERO
from chassis.roundtrips import ask
from services.customers.domain.aging import Paid, Receivable
from services.customers.domain.contract import Contract
from services.customers.domain.copies import OrderCopy, ShipmentCopy
from services.customers.domain.credit import CreditAccount, LedgerEntry, OrderCredit
from services.customers.domain.customer import Customer
from services.customers.domain.errors import CustomerNotFound, OrderNotFound, Withdrawn
from services.customers.domain.grade import Grade, SettlementMethod
from services.customers.domain.invoice import CreditNote
from services.customers.domain.lifecycle import ContractState, PaymentState
from services.customers.domain.lifecycle import Standing as OrderStanding
from services.customers.domain.payment import Payment
from services.customers.domain.words import EntryKind

#: Of up to so many customers it is cheaper to read them all than to look for them by code.
_FEW = 500

Standing = tuple[Customer, CreditAccount, Contract | None]


def lock_account(session: Session, customer_id: UUID, today: date) -> Standing:
    """Lock a customer's one credit row; gives it with the customer and the contract in force.

    Whoever moves an order's money or reservation holds this lock first: it is what makes
    "check and reserve" one step for any number of orders at once.
    """
    return _standing(session, customer_id, today, lock=True)


def account(session: Session, customer_id: UUID, today: date) -> Standing:
    """Give a customer, its account and its contract in force, to be read only."""
    return _standing(session, customer_id, today, lock=False)


# The last that has begun, whether or not it is over by now: those before it do not come back.
_BEGUN = aliased(Contract)
_LAST_BEGUN = (
    select(_BEGUN.id)
    .where(
        _BEGUN.customer_id == Customer.id,
        _BEGUN.state == ContractState.SIGNED,
        _BEGUN.valid_from <= bindparam("today"),
    )
    .order_by(_BEGUN.valid_from.desc())
    .limit(1)
    .correlate(Customer)
    .scalar_subquery()
)
# Built once: every reservation begins with it, and to build it costs more than to answer it.
_STANDING = (
    select(Customer, CreditAccount, Contract)
    .join(CreditAccount, CreditAccount.id == Customer.id)
    .outerjoin(
        Contract,
        (Contract.id == _LAST_BEGUN)
        & or_(Contract.valid_until.is_(None), Contract.valid_until >= bindparam("today")),
    )
    .where(Customer.id == bindparam("customer_id"))
)
_STANDING_LOCKED = _STANDING.with_for_update(of=CreditAccount)
_ORDER = select(OrderCredit).where(OrderCredit.id == bindparam("order_id"))


def _standing(session: Session, customer_id: UUID, today: date, *, lock: bool) -> Standing:
    query = _STANDING_LOCKED if lock else _STANDING
    # Rows that this session read before it had the lock may be old by now.
    row = session.execute(
        query,
        {"customer_id": customer_id, "today": today},
        execution_options={"populate_existing": lock},
    ).one_or_none()
    if row is None:
        raise CustomerNotFound(customer=customer_id)
    return row.Customer, row.CreditAccount, row.Contract


_LOCK_ACCOUNT = "select from credit_account where id = %(customer_id)s for update"
_STANDING_FOR_NEW = """
select customer.grade, account.version, account.sequence, account.limit_set, account.exposure,
  account.granted, account.customer_credit, account.is_stopped, account.stopped_since,
  contract.number, contract.terms, contract.instruction_before_sign_back,
  contract.deposit_percent, contract.balance_before_dispatch, contract.credit_limit,
  contract.credit_stop_days, contract.payment_days, contract.delivery_terms,
  contract.settlement_method,
  exists (select from order_credit where id = %(order_id)s) as is_known,
  exists (
    select from order_credit where customer_id = %(customer_id)s and receivable > verified
  ) as is_owing
from customer
join credit_account as account on account.id = customer.id
left join lateral (
  select * from contract
  where customer_id = customer.id and state = 'signed' and valid_from <= %(today)s
  order by valid_from desc limit 1
) as contract on contract.valid_until is null or contract.valid_until >= %(today)s
where customer.id = %(customer_id)s"""


def lock_for_new_order(
    connection: Connection, customer_id: UUID, order_id: UUID, today: date
) -> tuple[Standing, bool] | None:
    """Lock an account for an order's first reservation; None where the order has a row.

    With whether its customer owes for anything that has left.

    As `lock_account`, in one journey and outside the session: what the account does is written
    by `write_balances`. Of customer and contract there is what a policy is made of.
    """
    rows = ask(
        connection,
        _STANDING_FOR_NEW,
        {"customer_id": customer_id, "order_id": order_id, "today": today},
        lock=_LOCK_ACCOUNT,
    )
    if not rows:
        raise CustomerNotFound(customer=customer_id)
    facts = rows[0]._asdict()
    if facts.pop("is_known"):
        return None
    is_owing = facts.pop("is_owing")
    customer = without_session(Customer, {"id": customer_id, "grade": Grade(facts.pop("grade"))})
    account = CreditAccount(id=customer_id, **{name: facts.pop(name) for name in _OF_ACCOUNT})
    if facts["number"] is None:
        return (customer, account, None), is_owing
    method = facts["settlement_method"]
    facts["settlement_method"] = method and SettlementMethod(method)
    return (customer, account, without_session(Contract, facts)), is_owing


_OF_ACCOUNT = (
    "version",
    "sequence",
    "limit_set",
    "exposure",
    "granted",
    "customer_credit",
    "is_stopped",
    "stopped_since",
)


def write_balances(work: Work, account: CreditAccount) -> None:
    """Have the balances of an account locked by `lock_for_new_order` written at the end."""
    work.bundle.add(
        "update credit_account set exposure = %s, granted = %s, customer_credit = %s,"
        " version = version + 1 where id = %s",
        (account.exposure, account.granted, account.customer_credit, account.id),
    )


def find_order(session: Session, order_id: UUID) -> OrderCredit | None:
    """Give an order's row as it is now, if it has one; its account must be locked to move it."""
    return session.scalars(
        _ORDER, {"order_id": order_id}, execution_options={"populate_existing": True}
    ).one_or_none()


def order(
    session: Session, *, order_id: UUID | None = None, order_number: str | None = None
) -> OrderCredit:
    """Give an order's row by its id or number. Raises OrderNotFound."""
    query = select(OrderCredit)
    if order_id is None:
        query = query.where(OrderCredit.order_number == order_number)
    else:
        query = query.where(OrderCredit.id == order_id)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise OrderNotFound(order=order_number if order_id is None else order_id)
    return found


def customer_of(session: Session, order_id: UUID) -> UUID | None:
    """Give whose order it is, without reading the order's row into the session."""
    return session.scalar(select(OrderCredit.customer_id).where(OrderCredit.id == order_id))


def orders_of(
    session: Session, customer_id: UUID, *, limit: int, after: str | None
) -> Sequence[OrderCredit]:
    """Give a customer's orders, the newest number first, before `after`."""
    query = select(OrderCredit).where(OrderCredit.customer_id == customer_id)
    if after is not None:
        query = query.where(OrderCredit.order_number < after)
    return session.scalars(query.order_by(OrderCredit.order_number.desc()).limit(limit)).all()


def open_orders_of(session: Session, customer_id: UUID, *, limit: int) -> Sequence[OrderCredit]:
    """Give a customer's orders that are open or owe, the newest number first."""
    query = select(OrderCredit).where(
        OrderCredit.customer_id == customer_id,
        or_(
            OrderCredit.standing == OrderStanding.OPEN,
            OrderCredit.receivable > OrderCredit.verified,
        ),
    )
    return session.scalars(query.order_by(OrderCredit.order_number.desc()).limit(limit)).all()


# -- the ledger ----------------------------------------------------------------------------


def write(work: Work, entry: LedgerEntry) -> None:
    """Have an entry appended at the end; refused if its command was taken back before it came."""
    columns = {
        column.key: getattr(entry, column.key)
        for column in LedgerEntry.__mapper__.column_attrs
        if column.key not in ("id", "at", "by_id")
    }
    entry_of: Table = LedgerEntry.__table__  # type: ignore[assignment]
    work.bundle.insert(
        entry_of,
        [{**columns, "at": work.now, "by_id": work.principal.person_id}],
        refusals={"uq_credit_ledger_command_id": Withdrawn()},
    )


def write_new(work: Work, order: OrderCredit) -> None:
    """Have the row of a new order written at the end, before its ledger entries."""
    order.version, order.sequence = 1, 0
    work.bundle.insert_new([order])


def withdraw(session: Session, order_id: UUID, command_id: str, now: datetime, by_id: str) -> bool:
    """Set a tombstone for a command that has not come; False if it has.

    A reservation of that key which is just being made is waited for: both write the same
    unique command_id.
    """
    written = session.scalar(
        insert(LedgerEntry)
        .values(
            order_id=order_id,
            kind=EntryKind.WITHDRAWN,
            reservation=0,
            receivable=0,
            verified=0,
            customer_credit=0,
            cause="",
            command_id=command_id,
            at=now,
            by_id=by_id,
        )
        .on_conflict_do_nothing(index_elements=["command_id"])
        .returning(LedgerEntry.id)
    )
    return written is not None


def entry_of_command(session: Session, command_id: str) -> LedgerEntry:
    """Give the entry that a command wrote."""
    return session.scalars(select(LedgerEntry).where(LedgerEntry.command_id == command_id)).one()


def is_undone(session: Session, command_id: str) -> bool:
    """Whether a command's reservation was taken back already."""
    found = session.scalar(select(LedgerEntry.id).where(LedgerEntry.undoes == command_id))
    return found is not None


def ledger_of(
    session: Session, customer_id: UUID, *, limit: int, after: int | None
) -> Sequence[LedgerEntry]:
    """Give a customer's movements, the newest first."""
    query = select(LedgerEntry).where(LedgerEntry.customer_id == customer_id)
    if after is not None:
        query = query.where(LedgerEntry.id < after)
    return session.scalars(query.order_by(LedgerEntry.id.desc()).limit(limit)).all()


# -- receivables ---------------------------------------------------------------------------


def receivables(
    session: Session, customer_ids: Sequence[UUID]
) -> dict[UUID, tuple[list[Receivable], dict[UUID, Decimal]]]:
    """Give the shipments of orders that still owe, and those orders' money, by customer."""
    rows = ask(session.connection(), _OWED, {"customers": list(customer_ids)})
    found: dict[UUID, tuple[list[Receivable], dict[UUID, Decimal]]] = {
        customer_id: ([], {}) for customer_id in customer_ids
    }
    for row in rows:
        shipments, money = found[row.customer_id]
        money[row.order_id] = row.verified
        shipments.append(
            Receivable(
                row.order_id,
                row.order_number,
                row.number,
                row.value,
                row.dispatched_on,
                row.due_on,
            )
        )
    return found


_OWED = """
select o.customer_id, o.id as order_id, o.order_number, o.verified, s.number, s.value,
    s.dispatched_on, s.due_on
from unnest(%(customers)s::uuid[]) as asked(id)
cross join lateral (
    select * from order_credit where customer_id = asked.id and receivable > verified offset 0
) as o
cross join lateral (
    select * from shipment_copy where order_id = o.id and value > 0 offset 0
) as s
"""
_OWING = """
select distinct customer_id from order_credit where receivable > verified limit %(most)s
"""
_OWING_FEW = """
select id, code, name, grade from customer
where id = any(%(few)s::uuid[]) and code > %(after)s order by code limit %(limit)s
"""


def owing_customers(session: Session, *, limit: int, after: str | None) -> Sequence[Any]:
    """Give what is shown of the customers that owe for something shipped, by code."""
    # PostgreSQL takes a third of all orders to owe and looks for them among all customers. That
    # is right where many do; a few are looked up by their ids.
    few = [row.customer_id for row in ask(session.connection(), _OWING, {"most": _FEW + 1})]
    if len(few) <= _FEW:
        return ask(
            session.connection(), _OWING_FEW, {"few": few, "after": after or "", "limit": limit}
        )
    owing = select(OrderCredit.customer_id).where(OrderCredit.receivable > OrderCredit.verified)
    query = select(Customer.id, Customer.code, Customer.name, Customer.grade).where(
        Customer.id.in_(owing)
    )
    if after is not None:
        query = query.where(Customer.code > after)
    return session.execute(query.order_by(Customer.code).limit(limit)).all()


def accounts_to_look_at(session: Session) -> Sequence[UUID]:
    """Give the accounts whose credit stop may have changed: those that owe or are stopped."""
    owing = select(OrderCredit.customer_id).where(OrderCredit.receivable > OrderCredit.verified)
    query = select(CreditAccount.id).where(
        or_(CreditAccount.is_stopped, CreditAccount.id.in_(owing))
    )
    return session.scalars(query.order_by(CreditAccount.id)).all()


def figures(session: Session, customer_id: UUID, since: date) -> tuple[Decimal, Decimal]:
    """Give what a customer bought and what it was refunded, both since a day.

    Bought is what was shipped, and of the old books what was ordered: of their orders, those
    that were fulfilled before they came here, it is not known when they were shipped.
    """
    shipped = session.scalar(
        select(func.coalesce(func.sum(ShipmentCopy.value), 0))
        .join(OrderCredit, OrderCredit.id == ShipmentCopy.order_id)
        .where(OrderCredit.customer_id == customer_id, ShipmentCopy.dispatched_on >= since)
    )
    past = session.scalar(
        select(func.coalesce(func.sum(OrderCredit.total), 0))
        .join(OrderCopy, OrderCopy.id == OrderCredit.id)
        .where(
            OrderCredit.customer_id == customer_id,
            OrderCredit.is_imported,
            OrderCredit.standing == OrderStanding.FULFILLED,
            ~OrderCredit.has_moved,
            OrderCopy.created_at >= _begin_of(since),
        )
    )
    refunded = session.scalar(
        select(func.coalesce(func.sum(CreditNote.amount), 0)).where(
            CreditNote.customer_id == customer_id, CreditNote.made_at >= _begin_of(since)
        )
    )
    return (shipped or ZERO) + (past or ZERO), refunded or ZERO


def paid_since(
    session: Session, customer_id: UUID, since: date
) -> tuple[list[Receivable], list[Paid]]:
    """Give the shipments and the whole verified money of orders that were paid for since a day."""
    orders = (
        select(Payment.order_id)
        .where(
            Payment.customer_id == customer_id,
            Payment.state == PaymentState.VERIFIED,
            Payment.paid_at >= _begin_of(since),
        )
        .scalar_subquery()
    )
    shipments = session.execute(
        select(ShipmentCopy, OrderCredit.order_number)
        .join(OrderCredit, OrderCredit.id == ShipmentCopy.order_id)
        .where(
            ShipmentCopy.order_id.in_(orders),
            ShipmentCopy.value > 0,
            # A draft that he had paid for may be another customer's now.
            OrderCredit.customer_id == customer_id,
        )
    )
    payments = session.scalars(
        select(Payment).where(
            Payment.order_id.in_(orders),
            Payment.customer_id == customer_id,
            Payment.state == PaymentState.VERIFIED,
        )
    )
    return (
        [shipment.receivable(number) for shipment, number in shipments],
        [
            Paid(payment.order_id, business_date(payment.paid_at), payment.amount)
            for payment in payments
            if payment.order_id is not None
        ],
    )


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), BUSINESS_ZONE)
