"""Payments: recorded by the desk, judged by finance, booked to the order (C9, O32)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from chassis.database import Work
from chassis.errors import guard_version
from chassis.money import ZERO
from chassis.reasons import Reason
from services.customers.domain.credit import CreditAccount, OrderCredit
from services.customers.domain.customer import Customer
from services.customers.domain.errors import PaymentNotFound, PaymentTarget
from services.customers.domain.events import OrderMoneyChanged
from services.customers.domain.guards import guard_note
from services.customers.domain.lifecycle import PAYMENT, PaymentState
from services.customers.domain.payment import PAYMENT_NUMBER, Payment
from services.customers.domain.words import PaymentMethod
from services.customers.storage import credit as storage
from services.customers.storage import customers as customer_storage
from services.customers.storage import money, next_number
from services.customers.use_cases.access import listing, paged, seen, visible_order
from services.customers.use_cases.credit import book, goods_of, look_at_stop, policy_now
from services.customers.use_cases.notices import ask_again, let_notices_follow

Locked = tuple[CreditAccount, OrderCredit | None]


def visible_payment(work: Work, number: str) -> Payment:
    """Give a payment. Raises PaymentNotFound, also for another salesperson's."""
    payment = money.payment(work.session, number)
    if not seen(work, payment.customer_id):
        raise PaymentNotFound(payment_number=number)
    return payment


def record_payment(
    work: Work,
    *,
    order_number: str | None,
    customer_code: str | None,
    amount: Decimal,
    method: PaymentMethod,
    paid_at: datetime,
    reference: str,
    note: str,
) -> Payment:
    """Record money that somebody says was paid, for an order or on the customer's account."""
    customer, order = _target(work, order_number, customer_code)
    payment, event = Payment.claim(
        next_number(work.session, "K", PAYMENT_NUMBER, work.today),
        customer_id=customer.id,
        customer_name=customer.name,
        order=order,
        amount=amount,
        method=method,
        paid_at=paid_at,
        now=work.now,
        by=(work.principal.person_id, work.principal.name),
        reference=reference,
        note=note,
    )
    work.session.add(payment)
    work.announce(event)
    work.log("payment", payment.number, "record_payment", changes={"amount": [None, amount]})
    return payment


def _target(
    work: Work, order_number: str | None, customer_code: str | None
) -> tuple[Customer, OrderCredit | None]:
    if order_number is None:
        if customer_code is None:
            raise PaymentTarget
        return customer_storage.plain_by_code(work.session, customer_code, work.principal), None
    order = visible_order(work, order_number)
    customer = customer_storage.by_id(work.session, order.customer_id)
    if customer_code is not None and customer_code != customer.code:
        raise PaymentTarget
    return customer, order


def _judged(work: Work, number: str, wish: PaymentState, expected_version: int | None) -> Payment:
    """Give a payment that finance may now judge; checks role, move and version, in this order."""
    work.principal.require("finance")
    payment = money.payment(work.session, number)
    PAYMENT.check(payment.state, wish, payment_number=number)
    guard_version(f"payment {number}", payment.version, expected_version)
    return payment


def verify_payment(
    work: Work,
    payment_number: str,
    *,
    expected_version: int | None,
    paid_at: datetime | None,
    reason: Reason | None,
    note: str | None,
) -> Payment:
    """Find a payment on the account; from now on it counts."""
    payment = _judged(work, payment_number, PaymentState.VERIFIED, expected_version)
    account, order = _lock(work, payment)
    old_paid_at = payment.paid_at
    event = payment.verify(work.now, work.principal.name, order, paid_at=paid_at)
    goods = None if order is None else goods_of(work, order)
    book(work, account.receive(order, payment.amount, goods, cause=payment.number))
    work.announce(event)
    _after_money(work, account, order)
    work.log(
        "payment",
        payment_number,
        "verify_payment",
        changes={
            "state": [PaymentState.CLAIMED, PaymentState.VERIFIED],
            "paid_at": [old_paid_at, payment.paid_at],
        },
        reason=reason,
        note=note,
    )
    return payment


def reject_payment(
    work: Work,
    payment_number: str,
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Payment:
    """Say that a payment is not on the account, and what was looked for."""
    payment = _judged(work, payment_number, PaymentState.REJECTED, expected_version)
    why = guard_note(note)
    order = payment.order_id and storage.order(work.session, order_id=payment.order_id)
    work.announce(payment.reject(work.now, work.principal.name, order or None, why=why))
    work.log(
        "payment",
        payment_number,
        "reject_payment",
        changes={"state": [PaymentState.CLAIMED, PaymentState.REJECTED]},
        reason=reason or Reason.PAYMENT,
        note=why,
    )
    return payment


def reverse_payment(
    work: Work,
    payment_number: str,
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Payment:
    """Book that verified money went back; what has not left waits for money again.

    Where its surplus was spent as the customer's credit, the orders paid of that wait too.
    """
    payment = _judged(work, payment_number, PaymentState.REVERSED, expected_version)
    why = guard_note(note)
    account, order = _lock(work, payment)
    _reverse(work, account, payment, order, reason=reason, why=why)
    for spent in money.paid_by_credit(work.session, account.id):
        if account.customer_credit >= 0:
            break
        order = _order_paid(work, spent)
        if order is not None:
            of_which = f"{payment.number}: {why}"
            _reverse(work, account, spent, order, reason=reason, why=of_which)
    return payment


def _reverse(
    work: Work,
    account: CreditAccount,
    payment: Payment,
    order: OrderCredit | None,
    *,
    reason: Reason | None,
    why: str,
) -> None:
    leaving = ZERO
    if order is not None:
        receipts = money.receipts(work.session, order.id)
        stands = sum((receipt.amount for receipt in receipts), ZERO) - payment.amount
        leaving = order.leaving(payment.amount, stands=stands)
    # What is released for an order stays so where none of its money goes.
    poorer = order if leaving > 0 else None
    work.announce(payment.reverse(work.now, work.principal.name, poorer, why=why))
    if payment.method is not PaymentMethod.CUSTOMER_CREDIT:
        book(work, account.give_back(order, payment.amount, leaving=leaving, cause=payment.number))
    elif order is not None:
        book(work, account.return_credit(order, leaving=leaving, cause=payment.number))
    # Else it has been credit again since the order became another customer's.
    _after_money(work, account, order)
    if order is not None:
        ask_again(work, order)
    work.log(
        "payment",
        payment.number,
        "reverse_payment",
        changes={"state": [PaymentState.VERIFIED, PaymentState.REVERSED]},
        reason=reason or Reason.PAYMENT,
        note=why,
    )


def use_customer_credit(
    work: Work, order_number: str, amount: Decimal, *, note: str | None
) -> Payment:
    """Pay for an order out of what we owe its customer; finance does it, so it is verified."""
    work.principal.require("finance")
    order = visible_order(work, order_number)
    customer, account, _ = storage.lock_account(work.session, order.customer_id, work.today)
    storage.find_order(work.session, order.id)  # as it is now that the lock is held
    payment, claimed = Payment.claim(
        next_number(work.session, "K", PAYMENT_NUMBER, work.today),
        customer_id=customer.id,
        customer_name=customer.name,
        order=order,
        amount=amount,
        method=PaymentMethod.CUSTOMER_CREDIT,
        paid_at=work.now,
        now=work.now,
        by=(work.principal.person_id, work.principal.name),
        note=note or "",
    )
    book(work, account.use_credit(order, amount, goods_of(work, order), cause=payment.number))
    work.session.add(payment)
    work.announce(claimed, payment.verify(work.now, work.principal.name, order))
    _after_money(work, account, order)
    work.log("payment", payment.number, "use_customer_credit", note=note)
    return payment


def _lock(work: Work, payment: Payment) -> Locked:
    _, account, _ = storage.lock_account(work.session, payment.customer_id, work.today)
    return account, _order_paid(work, payment)


def _order_paid(work: Work, payment: Payment) -> OrderCredit | None:
    """Give the order whose money it is; none once that has become another customer's."""
    order = storage.find_order(work.session, payment.order_id) if payment.order_id else None
    return order if order is not None and order.customer_id == payment.customer_id else None


def _after_money(work: Work, account: CreditAccount, order: OrderCredit | None) -> None:
    if order is not None:
        work.announce(OrderMoneyChanged(order))
        let_notices_follow(work, order)
    customer, _, contract = storage.account(work.session, account.id, work.today)
    look_at_stop(work, account, policy_now(work, customer, account, contract))


def list_payments(
    work: Work,
    *,
    order_number: str | None,
    customer_code: str | None,
    state: PaymentState | None,
    limit: int,
    after: str | None,
) -> tuple[Sequence[Payment], str | None]:
    """Give a page of payments, the newest number first."""
    wish = listing(
        work,
        order_number=order_number,
        customer_code=customer_code,
        state=state,
        limit=limit,
        after=after,
    )
    return paged(money.listed(work.session, Payment, wish, work.principal), limit)
