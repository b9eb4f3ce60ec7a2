"""The credit account as orders and finance use it: reserve, undo, limits, terms now."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.database import Work
from chassis.errors import guard_version
from chassis.money import ZERO
from chassis.reasons import Reason
from services.customers.domain.aging import Unpaid, by_age, longest_overdue, unpaid
from services.customers.domain.contract import Contract
from services.customers.domain.credit import (
    CreditAccount,
    LedgerEntry,
    OrderCredit,
    Request,
)
from services.customers.domain.customer import Customer
from services.customers.domain.events import CreditStopChanged, OrderMoneyChanged
from services.customers.domain.goods import Goods
from services.customers.domain.grade import Grade, Policy, policy_in_force
from services.customers.domain.guards import guard_note, guard_reason
from services.customers.domain.words import EntryKind, Verdict
from services.customers.storage import copies
from services.customers.storage import credit as storage
from services.customers.storage import customers as customer_storage
from services.customers.use_cases.access import paged, starting_id

MOST_ORDERS = 50  # that an account shows


@dataclass(frozen=True)
class CreditAnswer:
    """What a credit gate is told: the verdict with its figures."""

    verdict: Verdict
    prepaid: bool
    policy: Policy
    deposit_due: Decimal
    exposure: Decimal
    reserved: Decimal
    wanted: Decimal
    overridden: bool
    stopped: bool

    @property
    def text(self) -> str:
        limit = f"{self.policy.credit_limit:,.2f}"
        if self.prepaid:
            return "Prepaid: reserves no credit; waits for the full verified amount."
        figures = f"limit {limit}, other orders {self.exposure:,.2f}, this order {self.wanted:,.2f}"
        if self.verdict is Verdict.HELD:
            return f"Held{', under a credit stop' if self.stopped else ''}: {figures}."
        return f"{'Reserved beyond the limit' if self.overridden else 'Reserved'}: {figures}."

    @property
    def text_zh(self) -> str:
        limit = f"{self.policy.credit_limit:,.2f}"
        if self.prepaid:
            return "预付款：不占用信用额度，待全部货款核实后生产或备货。"
        figures = f"额度 {limit}，其他订单占用 {self.exposure:,.2f}，本单 {self.wanted:,.2f}"
        if self.verdict is Verdict.HELD:
            return f"暂挂{'（已停止授信）' if self.stopped else ''}：{figures}。"
        return f"{'超额占用' if self.overridden else '已占用'}：{figures}。"


def policy_now(
    work: Work, customer: Customer, account: CreditAccount, contract: Contract | None
) -> Policy:
    return policy_in_force(
        customer.grade, work.setting, contract=contract, limit_set=account.limit_set
    )


def book(work: Work, entry: LedgerEntry) -> None:
    """Append a movement to the ledger."""
    storage.write(work, entry)


def goods_of(work: Work, order: OrderCredit) -> Goods | None:
    """Give the goods of an order that something has been made or shipped of.

    Before that the amounts it was reserved with say all, and its lines need not be read.
    """
    return copies.goods(work.session, order.id) if order.has_moved else None


# -- asked by orders -----------------------------------------------------------------------


def reserve_credit(work: Work, order_id: UUID, customer_id: UUID, request: Request) -> CreditAnswer:
    """Check and reserve in one transaction under the customer's one lock."""
    found = storage.lock_for_new_order(work.connection, customer_id, order_id, work.today)
    if found is None:
        order = storage.order(work.session, order_id=order_id)
        # An attempt that was taken back drew a number of its own.
        order.order_number = request.order_number
        if order.customer_id != customer_id:
            _change_customer(work, order, customer_id)
        customer, account, contract = storage.lock_account(work.session, customer_id, work.today)
        may_owe = True
    else:
        order = OrderCredit.open(order_id, request.order_number, customer_id)
        (customer, account, contract), may_owe = found
    policy = policy_now(work, customer, account, contract)
    # Looked for only where it decides.
    matters = may_owe and not policy.is_prepaid and not request.override
    stopped = matters and days_over_stop(work, account, policy) > 0
    verdict, entry = account.reserve(
        order,
        request,
        policy,
        goods=goods_of(work, order),
        asked_at=clock.machine_now(),
        stopped=stopped,
    )
    if found is not None:
        storage.write_balances(work, account)
        storage.write_new(work, order)
    book(work, entry)
    _announce_if_known(work, order)
    answer = CreditAnswer(
        verdict=verdict,
        prepaid=policy.is_prepaid,
        policy=policy,
        deposit_due=order.deposit_due,
        exposure=account.exposure - order.balances.exposure,
        reserved=order.reservation,
        wanted=request.amount,
        overridden=order.granted > 0,
        stopped=stopped,
    )
    if request.override:
        work.log("order", request.order_number, "override_credit", note=answer.text)
    return answer


def _change_customer(work: Work, order: OrderCredit, customer_id: UUID) -> None:
    """Move a draft to another customer; its money stays with who paid it, as credit."""
    _, former, _ = storage.lock_account(work.session, order.customer_id, work.today)
    book(work, former.let_go(order))
    order.customer_id = customer_id


def _announce_if_known(work: Work, order: OrderCredit) -> None:
    # The answer carries the figures to orders; only who was told before must be told again.
    if order.sequence:
        work.announce(OrderMoneyChanged(order))


def undo_credit(work: Work, order_id: UUID, command_id: str) -> None:
    """Take back exactly what that command reserved, or see that it never will."""
    now, by_id = work.now, work.principal.person_id
    if storage.withdraw(work.session, order_id, command_id, now, by_id):
        return
    entry = storage.entry_of_command(work.session, command_id)
    if entry.kind is EntryKind.WITHDRAWN or entry.customer_id is None:
        return
    _, account, _ = storage.lock_account(work.session, entry.customer_id, work.today)
    if storage.is_undone(work.session, command_id):
        return
    order = storage.find_order(work.session, order_id)
    if order is None or order.customer_id != entry.customer_id:
        return
    book(work, account.undo(order, entry, goods_of(work, order)))
    _announce_if_known(work, order)


def check_production_terms(work: Work, order_id: UUID) -> dict[str, Any]:
    """Say what the customer's grade and the order's money allow at this moment."""
    order = storage.order(work.session, order_id=order_id)
    customer, account, contract = storage.account(work.session, order.customer_id, work.today)
    policy = policy_now(work, customer, account, contract)
    deposit = min(policy.deposit_of(order.total), order.worth)
    needed = order.worth if order.prepays(policy) else deposit
    return {
        "grade": policy.grade,
        "terms": policy.terms,
        "instruction_before_sign_back": policy.instruction_before_sign_back,
        "money_needed": needed,
        "money_verified": order.verified,
        "money_met": order.verified >= needed,
        "credit_stop": days_over_stop(work, account, policy) > 0,
    }


# -- receivables ---------------------------------------------------------------------------


def owed_by(work: Work, account: CreditAccount) -> list[Unpaid]:
    """Give what a customer owes for goods that have left, the oldest first."""
    if account.exposure <= 0:
        return []
    receivables, verified = storage.receivables(work.session, [account.id])[account.id]
    return unpaid(receivables, verified, work.today)


def days_over_stop(work: Work, account: CreditAccount, policy: Policy) -> int:
    """Give for how many days the oldest debt is overdue if that stops credit, else 0."""
    days = longest_overdue(owed_by(work, account))
    return days if days >= policy.credit_stop_days else 0


def look_for_credit_stops(work: Work) -> None:
    """Announce the customers that have come under a credit stop since, or out of it."""
    for customer_id in storage.accounts_to_look_at(work.session):
        customer, account, contract = storage.lock_account(work.session, customer_id, work.today)
        look_at_stop(work, account, policy_now(work, customer, account, contract))


def look_at_stop_of(work: Work, customer_id: UUID) -> None:
    """Look whether a customer's new terms begin or end a credit stop."""
    customer, account, contract = storage.account(work.session, customer_id, work.today)
    # The account alone is read anew under its lock: the customer is being changed.
    work.session.refresh(account, with_for_update=True)
    look_at_stop(work, account, policy_now(work, customer, account, contract))


def look_at_stop(work: Work, account: CreditAccount, policy: Policy) -> None:
    """Announce a credit stop that has begun or ended; the account's lock is held."""
    work.session.flush()
    if account.mark_stop(days_over_stop(work, account, policy) > 0, work.now):
        work.announce(CreditStopChanged(account))


# -- the desk ------------------------------------------------------------------------------


def set_credit_limit(
    work: Work,
    customer_code: str,
    limit: Decimal | None,
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> dict[str, Any]:
    """Set a customer's own limit, or give it back its contract's or grade's: finance, director."""
    work.principal.require("finance", "director")
    found = customer_storage.plain_by_code(work.session, customer_code, work.principal)
    customer, account, contract = storage.lock_account(work.session, found.id, work.today)
    guard_version(f"credit account of {customer_code}", account.version, expected_version)
    why, words = guard_reason(reason), guard_note(note)
    old, account.limit_set = account.limit_set, limit
    work.log(
        "credit_account",
        customer_code,
        "set_credit_limit",
        changes={"credit_limit": [old, limit]},
        reason=why,
        note=words,
    )
    work.session.flush()
    return _account_view(work, customer, account, contract)


def get_credit_account(work: Work, customer_code: str) -> dict[str, Any]:
    found = customer_storage.plain_by_code(work.session, customer_code, work.principal)
    customer, account, contract = storage.account(work.session, found.id, work.today)
    return _account_view(work, customer, account, contract)


def _account_view(
    work: Work, customer: Customer, account: CreditAccount, contract: Contract | None
) -> dict[str, Any]:
    policy = policy_now(work, customer, account, contract)
    owed = owed_by(work, account)
    days = longest_overdue(owed)
    orders = storage.open_orders_of(work.session, customer.id, limit=MOST_ORDERS + 1)
    return {
        "customer": customer,
        "version": account.version,
        "policy": policy,
        "limit_set": account.limit_set,
        "exposure": account.exposure,
        "available": max(ZERO, policy.credit_limit - account.exposure),
        "customer_credit": account.customer_credit,
        "receivable": sum((item.amount for item in owed), ZERO),
        "ages": by_age(owed),
        "days_overdue": days,
        "credit_stop": days >= policy.credit_stop_days and days > 0,
        "orders": orders[:MOST_ORDERS],
        "more": len(orders) > MOST_ORDERS,
    }


def list_order_credits(
    work: Work, customer_code: str, *, limit: int, after: str | None
) -> tuple[Sequence[OrderCredit], str | None]:
    """Give a page of a customer's orders with their money, the newest number first."""
    customer = customer_storage.plain_by_code(work.session, customer_code, work.principal)
    found = storage.orders_of(work.session, customer.id, limit=limit + 1, after=after)
    return paged(found, limit, by="order_number")


def list_ledger(
    work: Work, customer_code: str, *, limit: int, after: str | None
) -> tuple[Sequence[LedgerEntry], str | None]:
    """Give a page of a customer's movements, the newest first."""
    customer = customer_storage.plain_by_code(work.session, customer_code, work.principal)
    start = starting_id(after)
    found = storage.ledger_of(work.session, customer.id, limit=limit + 1, after=start)
    return paged(found, limit, by="id")


def list_receivables(
    work: Work, *, limit: int, after: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Give a page of the customers that owe, each with its debt by age."""
    customers = storage.owing_customers(work.session, limit=limit + 1, after=after)
    page = customers[:limit]
    owing = storage.receivables(work.session, [customer.id for customer in page])
    items = []
    for customer in page:
        owed = unpaid(*owing[customer.id], work.today)
        items.append(
            {
                "customer_code": customer.code,
                "customer_name": customer.name,
                "grade": Grade(customer.grade),
                "total": sum((item.amount for item in owed), ZERO),
                "days_overdue": longest_overdue(owed),
                **by_age(owed),
            }
        )
    return items, page[-1].code if len(customers) > limit else None
