"""Notices of deposit and balance: drafted from figures, sent by a person (C10, O32)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import Work
from chassis.errors import guard_version
from chassis.money import capitals
from chassis.reasons import Reason
from services.customers.domain.credit import OrderCredit
from services.customers.domain.customer import Customer
from services.customers.domain.errors import NothingToPay, NoticeNotFound
from services.customers.domain.goods import NOTHING, Goods
from services.customers.domain.grade import Policy
from services.customers.domain.lifecycle import NOTICE, NoticeState, Standing
from services.customers.domain.notice import NOTICE_NUMBER, Notice
from services.customers.domain.rules import NOTICE_PAYMENT_HOURS
from services.customers.domain.words import NoticeChannel, NoticeKind
from services.customers.storage import copies, money, next_number
from services.customers.storage import credit as storage
from services.customers.storage import customers as customer_storage
from services.customers.use_cases.access import listing, paged, seen
from services.customers.use_cases.credit import policy_now
from services.customers.use_cases.release import ShipmentLine, weigh


def _policy(work: Work, order: OrderCredit) -> tuple[Policy, Customer]:
    customer, account, contract = storage.account(work.session, order.customer_id, work.today)
    return policy_now(work, customer, account, contract), customer


def draft_at_confirmation(work: Work, order: OrderCredit) -> None:
    """Draft what a confirmed order has to pay first: all of it, its deposit, or nothing yet."""
    let_notices_follow(work, order)
    policy, _ = _policy(work, order)
    goods = copies.goods(work.session, order.id)
    if goods is None or order.standing is not Standing.OPEN:
        return
    if order.prepays(policy):
        draft_notice(work, order, NoticeKind.PREPAYMENT)
    elif goods.is_made:
        if policy.deposit_of(order.total) > 0:
            draft_notice(work, order, NoticeKind.DEPOSIT)
    elif policy.balance_before_dispatch:
        draft_notice(work, order, NoticeKind.BALANCE, complete=True)


def draft_at_stock_in(work: Work, order: OrderCredit, *, complete: bool) -> None:
    """Draft the balance by the accepted quantities, of those who pay before dispatch."""
    let_notices_follow(work, order)
    policy, _ = _policy(work, order)
    if order.standing is not Standing.OPEN:
        return
    if order.pays_before_dispatch(policy):
        draft_notice(work, order, NoticeKind.BALANCE, complete=complete)


def ask_again(work: Work, order: OrderCredit) -> None:
    """Draft a notice of what lacks again, now that money went back.

    What had come before it was asked for is asked for as well. It speaks of goods that have left
    since, too. What was settled stays as it was sent; an open notice follows the money by itself.
    """
    # What has just gone back must count no more.
    work.session.flush()
    _ask_for_what_lacks(work, order, with_gone=True)


def _ask_for_what_lacks(work: Work, order: OrderCredit, *, with_gone: bool) -> None:
    copy = copies.order_copy(work.session, order.id)
    if copy is None or not copy.is_promised or money.open_notices(work.session, order.id):
        return
    policy, _ = _policy(work, order)
    is_made = any(line.supply == "make" for line in copy.goods_lines)
    deposit = [NoticeKind.DEPOSIT] if is_made else []
    balance = [NoticeKind.BALANCE] if order.pays_before_dispatch(policy) else []
    # Before anything is in stock, a deposit is what a made order waits for.
    kinds = [*balance, *deposit] if order.has_moved else [*deposit, *balance]
    if order.prepays(policy):
        kinds = [NoticeKind.PREPAYMENT]
    for kind in kinds:
        if draft_notice(work, order, kind, with_gone=with_gone):
            break
    # More of the order's money may go back with it, and is then asked for by the same notice.
    work.session.flush()


def draft_notice(
    work: Work,
    order: OrderCredit,
    kind: NoticeKind,
    *,
    complete: bool = False,
    with_gone: bool = False,
) -> Notice | None:
    """Draft a notice of what is due now, in place of an older one; None if nothing is.

    `complete`: nothing of the order is still to be made, so that its money is asked for whole.
    `with_gone`: a balance speaks of what has left, too, and not only of what may leave now.
    A balance has the deposit in it, and no prepaid order owes more: it replaces those as well.
    """
    policy, customer = _policy(work, order)
    goods = copies.goods(work.session, order.id, live=True)
    if goods is None:
        return None
    quantities = _asked_for(goods, kind)
    if kind is NoticeKind.BALANCE:
        lines = [ShipmentLine(line_id, q, None) for line_id, q in quantities.items()]
        last = complete or _is_all(goods, quantities)
        receipts = money.receipts(work.session, order.id)
        shipment = weigh(work, order, policy, lines, receipts=receipts, last=last)
        needed, worth = shipment.money_needed, shipment.value
        if with_gone:
            whole = goods.with_shipped(quantities.items())
            quantities, worth = dict(whole.shipped), whole.shipped_value
    else:
        worth = order.worth
        needed = worth if kind is NoticeKind.PREPAYMENT else policy.deposit_of(order.total)
    # No more than it is worth by now: nothing, if it was cancelled.
    needed = min(needed, order.worth)
    amount = needed - order.verified
    replaced = None if kind is NoticeKind.BALANCE else kind
    for older in money.open_notices(work.session, order.id, replaced):
        older.withdraw(work.now)
    if amount <= 0 or worth <= 0:
        return None
    notice, event = Notice.draft(
        next_number(work.session, "N", NOTICE_NUMBER, work.today),
        kind,
        order,
        customer_name=customer.name,
        salesperson_id=customer.salesperson_id,
        amount=amount,
        money_needed=needed,
        worth=worth,
        lines=_document_lines(goods, quantities),
        now=work.now,
    )
    work.session.add(notice)
    work.announce(event)
    return notice


def _asked_for(goods: Goods, kind: NoticeKind) -> dict[Any, Decimal]:
    """Give the quantities that a notice speaks of, by line; a balance's are what may leave now."""
    if kind is not NoticeKind.BALANCE:
        return {line.id: line.quantity for line in goods.lines}
    return {
        line.id: quantity
        for line in goods.lines
        if (quantity := goods.in_stock(line)) > 0 and not line.short_closed
    }


def _is_all(goods: Goods, quantities: dict[Any, Decimal]) -> bool:
    return goods.with_shipped(quantities.items()).shipped_value >= goods.worth


def _document_lines(goods: Goods, quantities: dict[Any, Decimal]) -> list[dict[str, Any]]:
    return [
        {
            "line_no": line.line_no,
            "product_code": line.product_code,
            "product_name": line.product_name,
            "unit": line.unit,
            "ordered_quantity": f"{line.quantity:f}",
            "quantity": f"{quantities[line.id]:f}",
            "unit_price": f"{line.unit_price:f}",
            "value": f"{line.value(quantities[line.id]):f}",
        }
        for line in goods.lines
        if line.id in quantities
    ]


def let_notices_follow(work: Work, order: OrderCredit) -> None:
    """Let an order's notices ask for what is due now, and end those that ask for nothing."""
    notices = money.open_notices(work.session, order.id)
    if not notices:
        return
    policy, _ = _policy(work, order)
    for notice in notices:
        notice.follow(order, _needed_now(notice, order, policy), work.now)
    # Who asks for the open ones next reads the database.
    work.session.flush()


def let_notices_follow_terms(work: Work, customer_id: UUID) -> None:
    """Let a customer's notices ask for what its new terms want; its account is locked.

    What is paid before it leaves by the new terms, and was not by the old, is asked for.
    """
    for order in money.orders_with_notices(work.session, customer_id):
        policy, _ = _policy(work, order)
        if not order.pays_before_dispatch(policy):
            # Nobody has sent it yet, and what leaves waits for it no more; what has left owes it.
            for notice in money.open_notices(work.session, order.id, NoticeKind.BALANCE):
                if not _has_left(work, notice):
                    notice.drop(work.now)
            work.session.flush()
        let_notices_follow(work, order)
    for order in money.open_orders_without_notice(work.session, customer_id):
        policy, _ = _policy(work, order)
        if order.pays_before_dispatch(policy):
            # What has left on account stays due by the day that was agreed for it.
            _ask_for_what_lacks(work, order, with_gone=False)


def _needed_now(notice: Notice, order: OrderCredit, policy: Policy) -> Decimal:
    """Give the money a notice asks for at most: no more than its order is worth by now."""
    needed = min(notice.money_needed, order.worth)
    if notice.kind is NoticeKind.DEPOSIT:
        needed = min(needed, policy.deposit_of(order.total))
    return needed


def withdraw_notices(work: Work, order: OrderCredit) -> None:
    """End the notices of an order that asks for nothing any more."""
    for notice in money.open_notices(work.session, order.id):
        notice.withdraw(work.now)


def make_notice(work: Work, order: OrderCredit, kind: NoticeKind) -> Notice:
    """Draft a notice because a person asks for it. Raises NothingToPay."""
    # It asks for the money as it is, and stands by whoever sells to the customer by now.
    storage.lock_account(work.session, order.customer_id, work.today)
    order = storage.find_order(work.session, order.id) or order
    notice = draft_notice(work, order, kind)
    if notice is None:
        raise NothingToPay(order_number=order.order_number)
    work.log("notice", notice.number, "make_notice", changes={"amount": [None, notice.amount]})
    return notice


def mark_notice_sent(
    work: Work,
    notice_number: str,
    *,
    channel: NoticeChannel,
    sent_at: datetime | None,
    received_clearly: bool,
    received_by: str | None,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Notice:
    """Note that a person sent it, first or again, how, and whether it was received clearly."""
    notice = visible_notice(work, notice_number)
    NOTICE.check(notice.state, NoticeState.SENT, notice_number=notice_number)
    guard_version(f"notice {notice_number}", notice.version, expected_version)
    before = (notice.state, notice.channel, notice.received_clearly)
    notice.mark_sent(
        min(sent_at or work.now, work.now),
        work.principal.name,
        channel=channel,
        received_clearly=received_clearly,
        received_by=received_by,
        patience=timedelta(hours=work.setting(NOTICE_PAYMENT_HOURS)),
    )
    work.log(
        "notice",
        notice_number,
        "mark_notice_sent",
        changes={
            "state": [before[0], NoticeState.SENT],
            "channel": [before[1], channel],
            "received_clearly": [before[2], received_clearly],
        },
        reason=reason,
        note=note,
    )
    return notice


def visible_notice(work: Work, number: str) -> Notice:
    """Give a notice. Raises NoticeNotFound, also for another salesperson's."""
    notice = money.notice(work.session, number)
    if not seen(work, notice.customer_id):
        raise NoticeNotFound(notice_number=number)
    return notice


def get_notice(work: Work, notice_number: str) -> dict[str, Any]:
    """Give all that the printed notice shows."""
    notice = visible_notice(work, notice_number)
    customer = customer_storage.by_id(work.session, notice.customer_id, whole=True)
    verified = storage.order(work.session, order_id=notice.order_id).verified
    return {
        "notice": notice,
        "verified_now": verified,
        "still_due": notice.still_due(verified),
        "has_left": _has_left(work, notice),
        "customer": customer,
        "contact": next(iter(customer.contacts), {"name": "", "phone": ""}),
        "capitals": capitals(notice.amount),
        "title_zh": _TITLES[notice.kind],
    }


def _has_left(work: Work, notice: Notice) -> bool:
    """Tell whether some of the goods that a balance notice speaks of have left by now."""
    if notice.kind is not NoticeKind.BALANCE:
        return False
    goods = copies.goods(work.session, notice.order_id)
    named = {line["line_no"]: Decimal(line["quantity"]) for line in notice.lines}
    return goods is not None and any(
        named.get(line.line_no, NOTHING) > goods.in_stock(line) for line in goods.lines
    )


_TITLES = {
    NoticeKind.PREPAYMENT: "付款通知书",
    NoticeKind.DEPOSIT: "定金付款通知书",
    NoticeKind.BALANCE: "余款催收通知书",
}


def list_notices(
    work: Work,
    *,
    order_number: str | None,
    customer_code: str | None,
    state: NoticeState | None,
    limit: int,
    after: str | None,
) -> tuple[Sequence[Notice], str | None]:
    """Give a page of notices, the newest number first."""
    wish = listing(
        work,
        order_number=order_number,
        customer_code=customer_code,
        state=state,
        limit=limit,
        after=after,
    )
    return paged(money.listed(work.session, Notice, wish, work.principal), limit)
