"""What this service does about facts of others; none of them is refused (SPEC §4)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.clock import business_date
from chassis.database import Work
from services.customers.domain.credit import CreditAccount, OrderCredit
from services.customers.domain.customer import Customer
from services.customers.domain.errors import OrderNotKnownYet
from services.customers.domain.events import OrderMoneyChanged
from services.customers.domain.goods import NOTHING, Goods
from services.customers.domain.invoice import CREDIT_NOTE_NUMBER, CreditNote
from services.customers.domain.lifecycle import Standing
from services.customers.storage import copies, money, next_number
from services.customers.storage import credit as storage
from services.customers.use_cases import coupons, notices
from services.customers.use_cases.credit import book, goods_of, look_at_stop, policy_now

View = Mapping[str, Any]


def _locked(work: Work, order_id: UUID) -> tuple[Customer, CreditAccount, OrderCredit, Any]:
    """Lock the account of an order's customer. Raises OrderNotKnownYet, to be tried again."""
    customer_id = storage.customer_of(work.session, order_id)
    if customer_id is None:
        raise OrderNotKnownYet(order_id=order_id)
    customer, account, contract = storage.lock_account(work.session, customer_id, work.today)
    order = storage.find_order(work.session, order_id)
    if order is None or order.customer_id != customer_id:
        raise OrderNotKnownYet(order_id=order_id)
    return customer, account, order, contract


def _goods(work: Work, order_id: UUID) -> Goods:
    goods = copies.goods(work.session, order_id)
    if goods is None:
        raise OrderNotKnownYet(order_id=order_id)
    return goods


# -- orders --------------------------------------------------------------------------------


def keep_confirmed_order(work: Work, view: View, sequence: int) -> None:
    """Keep a confirmed order's lines and coupons and draft what it has to pay first.

    What was paid for a larger version is the customer's credit only now: a draft may grow again.
    """
    is_news = copies.keep_newer_order(work, view, sequence)
    _, account, order, _ = _locked(work, view["id"])
    coupons.grant_coupons(work, order, view["coupons"])
    if not is_news:
        return
    is_what_was_reserved = order.revision <= view["revision"]
    if is_what_was_reserved and (entry := account.free_excess(order, goods_of(work, order))):
        book(work, entry)
        work.announce(OrderMoneyChanged(order))
    notices.draft_at_confirmation(work, order)


def follow_short_closed_line(work: Work, view: View, sequence: int) -> None:
    """Free what was held for the rest of a line that will not be made or shipped."""
    if not copies.keep_newer_order(work, view, sequence):
        return
    _, account, order, _ = _locked(work, view["id"])
    goods = _goods(work, order.id)
    book(work, account.follow_goods(order, goods, cause="short_closed"))
    work.announce(OrderMoneyChanged(order))
    notices.let_notices_follow(work, order)


def free_expired_order(work: Work, view: View, sequence: int, occurred_at: datetime) -> None:
    """Free what an expired order holds, unless it has asked for credit again since."""
    _keep(work, view, sequence)
    if storage.customer_of(work.session, view["id"]) is None:
        return  # it never asked for credit
    _, account, order, _ = _locked(work, view["id"])
    asked_since = order.has_asked_since(occurred_at)
    if order.revision > view["revision"] or asked_since or order.standing is not Standing.OPEN:
        return
    _free(work, account, order, goods_of(work, order), Standing.OPEN)


def free_ended_order(
    work: Work,
    view: View,
    sequence: int,
    standing: Standing,
    *,
    occurred_at: datetime | None = None,
) -> None:
    """Free what is left of a fulfilled or cancelled order; too much money is credit.

    One that ended at `occurred_at` and has asked for credit since was opened again.
    """
    _keep(work, view, sequence)
    if storage.customer_of(work.session, view["id"]) is None:
        return
    _, account, order, _ = _locked(work, view["id"])
    if order.standing is not Standing.OPEN:
        return
    if occurred_at is not None and order.has_asked_since(occurred_at):
        return
    goods = copies.goods(work.session, order.id)
    if goods is not None and standing is Standing.FULFILLED:
        goods = _shipped_by_its_own_word(goods, view)
    _free(work, account, order, goods, standing)


def _shipped_by_its_own_word(goods: Goods, view: View) -> Goods:
    """Give the goods with all that the order itself says has left.

    Dispatches come by another queue; what an order is worth at its end must not depend on
    which of the two is heard first.
    """
    more = []
    for line in view["lines"]:
        said = max(line["shipped_quantity"] or NOTHING, line["signed_quantity"] or NOTHING)
        heard = goods.shipped.get(line["id"], NOTHING)
        if said > heard:
            more.append((line["id"], said - heard))
    return goods.with_shipped(more)


def _free(
    work: Work,
    account: CreditAccount,
    order: OrderCredit,
    goods: Goods | None,
    standing: Standing,
) -> None:
    cause = "expired" if standing is Standing.OPEN else str(standing)
    book(work, account.free(order, goods, standing=standing, cause=cause))
    work.announce(OrderMoneyChanged(order))
    if standing is Standing.FULFILLED:
        notices.let_notices_follow(work, order)
    else:
        notices.withdraw_notices(work, order)
    if standing is Standing.CANCELLED:
        coupons.void_coupons(work, order)


def _keep(work: Work, view: View, sequence: int) -> None:
    if view["customer"] is not None:
        copies.keep_order(work, view, sequence)


def keep_past_order(work: Work, view: View, sequence: int, *, fulfilled: bool) -> None:
    """Keep an order of the old books: it reserves nothing and owes nothing (O34)."""
    copies.keep_order(work, view, sequence)
    if storage.customer_of(work.session, view["id"]) is not None:
        return
    customer_id = view["customer"]["id"]
    storage.lock_account(work.session, customer_id, work.today)
    order = OrderCredit.open(view["id"], view["number"], customer_id, view["total"])
    order.is_imported = True
    if fulfilled:
        # Paid and invoiced in the books it came from.
        order.worth, order.standing = Decimal("0.00"), Standing.FULFILLED
    work.session.add(order)


# -- inventory and shipping ----------------------------------------------------------------


def book_accepted_goods(work: Work, stocked: View) -> None:
    """Let the reservation of a made line be its accepted value, and ask for the balance.

    While a further instruction makes the rest of the line, that rest stays reserved and counts.
    """
    order_id, line_id = stocked["order_id"], stocked["line_id"]
    _, account, order, _ = _locked(work, order_id)
    copies.keep_lot(
        work.session,
        instruction_id=stocked["instruction"]["id"],
        order_id=order_id,
        line_id=line_id,
        quantity=stocked["accepted_quantity"],
        rest_follows=stocked["instruction"]["rest_follows"],
        stocked_at=work.now,
    )
    goods = _goods(work, order_id)
    book(work, account.follow_goods(order, goods, cause=f"stock-in {line_id}"))
    work.announce(OrderMoneyChanged(order))
    notices.draft_at_stock_in(work, order, complete=stocked["order_complete"])


def keep_shipment(work: Work, view: View, sequence: int, *, is_live: bool) -> None:
    """Keep what a shipment takes, so that the next release knows what is spoken for."""
    copies.keep_shipment(work, view, sequence, is_live=is_live)


def book_dispatched_shipment(work: Work, view: View, sequence: int) -> None:
    """Let the value that has left be a receivable; what was reserved for it is free."""
    order_id = view["order_id"]
    customer, account, order, contract = _locked(work, order_id)
    before = _goods(work, order_id).shipped_value
    copies.keep_shipment(work, view, sequence, is_live=True)
    shipment = copies.shipment(work.session, view["id"])
    policy = policy_now(work, customer, account, contract)
    shipment.dispatched_at = view["dispatched_at"] or work.now
    shipment.dispatched_on = business_date(shipment.dispatched_at)
    shipment.due_on = shipment.dispatched_on + timedelta(days=policy.payment_days)
    work.session.flush()
    goods = _goods(work, order_id)
    shipment.value = goods.shipped_value - before
    book(work, account.follow_goods(order, goods, cause=view["number"]))
    work.announce(OrderMoneyChanged(order))
    look_at_stop(work, account, policy)


# -- after-sales ---------------------------------------------------------------------------


def book_refund(work: Work, settled: View) -> None:
    """Book a settled refund as a credit note; a case is booked once.

    Raises RefundAboveSold, to be tried again and then looked at by a person.
    """
    case, announced = settled["case"], settled["amount"]
    _, account, order, _ = _locked(work, settled["order_id"])
    if announced <= 0 or money.credit_note_of_case(work.session, case["id"]) is not None:
        return
    amount = order.refundable(announced)
    if amount < announced:
        told = f"{case['number']}: {announced} settled, {order.sold} sold"
        changes = {"refund": [announced, amount]}
        work.log("order", order.order_number, "cut_refund", changes=changes, note=told)
    if amount == 0:
        return
    note, event = CreditNote.make(
        next_number(work.session, "R", CREDIT_NOTE_NUMBER, work.today),
        order,
        case_id=case["id"],
        case_number=case["number"],
        amount=amount,
        now=work.now,
    )
    book(work, account.refund(order, amount, cause=note.number))
    work.session.add(note)
    work.announce(event, OrderMoneyChanged(order))
