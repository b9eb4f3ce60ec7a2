"""Payments, releases, notices, invoices and refunds on real PostgreSQL (C9, C10, O32, S2)."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from chassis import books
from chassis.errors import GendanError
from chassis.principal import Principal
from chassis.reasons import Reason
from services.customers.storage.books import BOOKS
from services.customers.use_cases.customers import change_customer
from tests.integration.customers.story import (
    ASSISTANT,
    CLERK,
    DIRECTOR,
    FINANCE,
    OTHER_SALES,
    PAID_AT,
    SALES,
    WAITING,
    Office,
    PaperOrder,
)
from tests.statements import copy_rows, plans, statements


def confirmed(office: Office, grade: str = "B", **values: Any) -> PaperOrder:
    order = PaperOrder(office.customer(grade), "D261122-000001", **values)
    office.reserve(order)
    office.confirm(order)
    return order


def refused(office: Office, code: str, who: Any, command: str, **body: Any) -> GendanError:
    """Send a command that must be refused with `code`, and change and announce nothing."""
    before = office.everything()
    with pytest.raises(GendanError) as refusal:
        office.do(who, command, **body)
    assert refusal.value.code == code
    assert office.everything() == before
    return refusal.value


# -- payments ------------------------------------------------------------------------------


def test_claimed_money_does_not_count_until_finance_verifies_it(office: Office) -> None:
    order = confirmed(office)
    number = office.claim(order, "300.00")
    assert office.money(order)["verified"] == "0.00"

    payment = office.do(FINANCE, "verify_payment", payment_number=number, expected_version=1)

    assert (payment["state"], payment["paid_at"]) == ("verified", "2020-01-02T01:00:00+00:00")
    money = office.money(order)
    assert (money["verified"], money["deposit_met"], money["balance"]) == ("300.00", True, "700.00")
    assert office.announced()[-2:] == ["payment_verified", "order_money_changed"]


@pytest.mark.parametrize("command", ["verify_payment", "reject_payment", "reverse_payment"])
def test_only_finance_judges_a_payment(office: Office, command: str) -> None:
    number = office.claim(confirmed(office), "300.00")

    refused(office, "role_needed", DIRECTOR, command, payment_number=number, note="我来")


def test_money_stays_with_who_paid_it_when_the_draft_is_another_customers_now(
    office: Office,
) -> None:
    """Neither what is verified after that nor what goes back touches the new customer's order."""
    order = PaperOrder(office.customer("B"), "D261122-000001")
    office.reserve(order)
    payer = order.customer_id
    paid, claimed = office.pay(order, "300.00"), office.claim(order, "50.00")

    order.customer_id, order.revision = office.customer("B"), 2
    office.reserve(order)
    theirs = office.pay(order, "100.00")
    office.do(FINANCE, "verify_payment", payment_number=claimed)
    assert office.account(payer)["customer_credit"] == "350.00"
    office.do(FINANCE, "reverse_payment", payment_number=paid, note="退回")

    assert office.account(payer)["customer_credit"] == "50.00"
    assert office.money(order)["verified"] == "100.00"
    office.do(FINANCE, "reverse_payment", payment_number=theirs, note="退回")
    assert office.money(order)["verified"] == "0.00"


def test_credit_used_for_a_draft_that_is_another_customers_now_is_credit_once(
    office: Office,
) -> None:
    """It became credit again when the draft left; taken back besides, it would be gone."""
    order = PaperOrder(office.customer("B"), "D261122-000001")
    other = PaperOrder(order.customer_id, "D261122-000002")
    for each in (order, other):
        office.reserve(each)
    surplus = office.pay(other, "1300.00")
    payer = order.customer_id
    credit = Decimal(office.account(payer)["customer_credit"])
    used = office.do(
        FINANCE, "use_customer_credit", order_number=order.number, amount="50.00", note="抵"
    )
    order.customer_id, order.revision = office.customer("B"), 2
    office.reserve(order)
    assert Decimal(office.account(payer)["customer_credit"]) == credit

    office.do(FINANCE, "reverse_payment", payment_number=surplus, note="退回")
    office.do(FINANCE, "reverse_payment", payment_number=used["number"], note="撤回")

    assert Decimal(office.account(payer)["customer_credit"]) == Decimal(0)


def test_a_payment_is_verified_once_however_often_it_is_tried_at_once(office: Office) -> None:
    order = confirmed(office)
    number = office.claim(order, "300.00")

    def verify(_: int) -> str:
        try:
            office.do(FINANCE, "verify_payment", payment_number=number)
        except GendanError as refusal:
            return refusal.code
        return "verified"

    with ThreadPoolExecutor(5) as pool:
        outcomes = sorted(pool.map(verify, range(5)))

    assert outcomes.count("verified") == 1
    assert set(outcomes) <= {"verified", "stale_version", "illegal_move"}
    assert office.money(order)["verified"] == "300.00"


def test_a_rejected_payment_cannot_be_verified(office: Office) -> None:
    number = office.claim(confirmed(office), "300.00")
    office.do(FINANCE, "reject_payment", payment_number=number, note="账上没有")

    refused(office, "illegal_move", FINANCE, "verify_payment", payment_number=number)


def test_a_stale_version_is_refused_after_an_illegal_move_is(office: Office) -> None:
    order = confirmed(office)
    claimed, verified = office.claim(order, "100.00"), office.pay(order, "100.00")

    refused(
        office,
        "stale_version",
        FINANCE,
        "verify_payment",
        payment_number=claimed,
        expected_version=7,
    )
    refused(
        office,
        "illegal_move",
        FINANCE,
        "verify_payment",
        payment_number=verified,
        expected_version=7,
    )


def test_the_log_says_why_a_payment_was_judged_and_a_notice_sent_again(office: Office) -> None:
    order = confirmed(office)
    wrong, right = office.claim(order, "400.00"), office.claim(order, "200.00")
    sent(office, order)
    why = {"reason": "correction", "note": "金额有误"}

    sent_again = office.ask(CLERK, "list_notices", order_number=order.number)["items"][0]["number"]
    office.do(CLERK, "mark_notice_sent", notice_number=sent_again, channel="fax", **why)
    office.do(FINANCE, "reject_payment", payment_number=wrong, **why)
    office.do(FINANCE, "verify_payment", payment_number=right, **why)
    office.do(FINANCE, "reverse_payment", payment_number=right, **why)

    told = office.rows("select action, reason, note from change_log order by id desc limit 4")
    assert told == [
        (action, "correction", "金额有误")
        for action in ("reverse_payment", "verify_payment", "reject_payment", "mark_notice_sent")
    ]


def test_a_reversal_takes_the_money_back_and_the_release_waits_again(office: Office) -> None:
    order = confirmed(office, supply="stock")
    number = office.pay(order, "1000.00")
    assert office.release(order, "100")["allowed"] is True

    office.do(FINANCE, "reverse_payment", payment_number=number, note="退票")

    verdict = office.release(order, "100")
    assert (verdict["code"], verdict["balance_due"]) == ("balance_not_verified", "1000.00")
    assert office.announced()[-3:] == ["payment_reversed", "order_money_changed", "notice_made"]


def test_too_much_money_is_the_customers_credit_and_pays_for_another_order(
    office: Office,
) -> None:
    order = confirmed(office, supply="stock")
    office.pay(order, "1200.00")
    other = PaperOrder(order.customer_id, "D261122-000002", supply="stock")
    office.reserve(other)
    assert office.account(order.customer_id)["customer_credit"] == "200.00"

    office.do(FINANCE, "use_customer_credit", order_number=other.number, amount="150.00")

    assert office.account(order.customer_id)["customer_credit"] == "50.00"
    assert office.money(other)["verified"] == "150.00"
    refused(
        office,
        "customer_credit_too_small",
        FINANCE,
        "use_customer_credit",
        order_number=other.number,
        amount="50.01",
    )


def paid_by_the_surplus_of(office: Office, order: PaperOrder, amount: str) -> PaperOrder:
    other = PaperOrder(order.customer_id, "D261122-000002", supply="stock")
    office.reserve(other)
    office.confirm(other)
    office.do(FINANCE, "use_customer_credit", order_number=other.number, amount=amount)
    return other


def test_a_reversal_reaches_what_its_surplus_has_paid_for(office: Office) -> None:
    """SPEC §5: a reversal opens again what has not left, also of another order."""
    order = confirmed(office, supply="stock")
    bounced = office.pay(order, "2000.00")
    other = paid_by_the_surplus_of(office, order, "1000.00")
    assert office.release(other, "100")["allowed"] is True

    office.do(FINANCE, "reverse_payment", payment_number=bounced, note="退票")

    assert office.release(other, "100")["code"] == "balance_not_verified"
    assert office.money(order)["verified"] == office.money(other)["verified"] == "0.00"
    assert office.account(order.customer_id)["customer_credit"] == "0.00"
    told = ["payment_reversed", "order_money_changed", "notice_made"]
    assert office.announced()[-6:] == told * 2
    office.assert_ledger_is_whole()


def test_money_used_twice_is_counted_once_in_the_books(office: Office) -> None:
    order = confirmed(office, supply="stock")
    office.pay(order, "1400.00")
    paid_by_the_surplus_of(office, order, "300.00")

    with office.store.work() as work:
        (row,) = books.page(work.session, BOOKS["accounts"], after=None, limit=10)["items"]

    assert row["verified_payments"] == "1400.00"
    assert Decimal(row["orders_verified"]) + Decimal(row["customer_credit"]) == 1400


def test_a_reversal_that_the_credit_bears_leaves_other_orders_paid(office: Office) -> None:
    order = confirmed(office, supply="stock")
    office.pay(order, "1500.00")
    bounced = office.pay(order, "100.00")
    other = paid_by_the_surplus_of(office, order, "400.00")

    office.do(FINANCE, "reverse_payment", payment_number=bounced, note="退票")

    # What an order has too much goes back first.
    assert office.money(order)["verified"] == "1000.00"
    assert office.money(other)["verified"] == "400.00"
    assert office.account(order.customer_id)["customer_credit"] == "100.00"


@pytest.mark.parametrize("bounced", [0, 1])
def test_of_an_order_paid_twice_the_one_payment_stays_when_the_other_goes_back(
    office: Office, bounced: int
) -> None:
    order = confirmed(office, "C", supply="stock")
    numbers = [office.pay(order, "1000.00"), office.pay(order, "1000.00")]

    office.do(FINANCE, "reverse_payment", payment_number=numbers[bounced], note="重复付款")

    assert office.money(order)["verified"] == "1000.00"
    assert office.account(order.customer_id)["customer_credit"] == "0.00"
    assert office.release(order, "100")["allowed"] is True
    assert drafted(office, order) == []
    assert whose_money_went(office) == [None]
    office.do(FINANCE, "reverse_payment", payment_number=numbers[1 - bounced], note="退票")
    assert office.money(order)["verified"] == "0.00"
    assert whose_money_went(office) == [None, order.id]


def whose_money_went(office: Office) -> list[str | None]:
    """Give the orders whose releases shipping withdraws, by each payment that went back."""
    rows = office.rows(
        "select body::jsonb #>> '{data,money,order_id}' as order_id from outbox"
        " where name = 'payment_reversed' order by id"
    )
    return [row.order_id for row in rows]


def test_credit_taken_back_from_an_order_is_the_customers_again(office: Office) -> None:
    order = confirmed(office, supply="stock")
    office.pay(order, "1400.00")
    other = paid_by_the_surplus_of(office, order, "300.00")
    (spent,) = office.rows("select number from payment where method = 'customer_credit'")

    office.do(FINANCE, "reverse_payment", payment_number=spent.number, note="改付他单")

    assert office.money(other)["verified"] == "0.00"
    assert office.account(order.customer_id)["customer_credit"] == "400.00"
    office.assert_ledger_is_whole()


def test_credit_of_which_a_part_was_too_much_takes_no_other_money_along_when_it_goes_back(
    office: Office,
) -> None:
    """60 was paid: of the 100 of credit the order took 40, and 60 stayed credit."""
    order = confirmed(office, supply="stock")
    office.pay(order, "1100.00")
    other = PaperOrder(order.customer_id, "D261122-000002", quantity="10", supply="stock")
    office.reserve(other)
    office.confirm(other)
    office.pay(other, "60.00")
    spent = office.do(FINANCE, "use_customer_credit", order_number=other.number, amount="100.00")
    assert office.money(other)["verified"] == "100.00"
    assert office.account(order.customer_id)["customer_credit"] == "60.00"

    office.do(FINANCE, "reverse_payment", payment_number=spent["number"], note="改付他单")

    assert office.money(other)["verified"] == "60.00"
    assert office.account(order.customer_id)["customer_credit"] == "100.00"
    (notice,) = drafted(office, other)
    assert notice["amount"] == "40.00"


def test_credit_that_came_free_when_its_order_shrank_is_not_given_back_twice(
    office: Office,
) -> None:
    """Paid 600 in money and 400 of credit; of 700 the order keeps 100 of the credit."""
    order = confirmed(office, supply="stock")
    office.pay(order, "1400.00")
    other = PaperOrder(order.customer_id, "D261122-000002", supply="stock")
    office.reserve(other)
    office.confirm(other)
    office.pay(other, "600.00")
    spent = office.do(FINANCE, "use_customer_credit", order_number=other.number, amount="400.00")
    other.quantity, other.revision = "70", 2
    office.reserve(other)
    office.confirm(other)
    assert office.money(other)["verified"] == "700.00"

    office.do(FINANCE, "reverse_payment", payment_number=spent["number"], note="改付他单")

    assert office.money(other)["verified"] == "600.00"
    assert office.account(order.customer_id)["customer_credit"] == "400.00"


def test_a_cancelled_orders_money_is_the_customers_credit(office: Office) -> None:
    order = confirmed(office)
    office.pay(order, "300.00")

    office.end("free_cancelled_order", order)

    assert office.account(order.customer_id)["customer_credit"] == "300.00"
    money = office.money(order)
    assert (money["verified"], money["balance"]) == ("0.00", "0.00")


def test_money_verified_after_the_cancel_is_the_customers_credit(office: Office) -> None:
    order = confirmed(office)
    number = office.claim(order, "300.00")
    office.end("free_cancelled_order", order)

    office.do(FINANCE, "verify_payment", payment_number=number)

    assert office.account(order.customer_id)["customer_credit"] == "300.00"
    assert office.money(order)["verified"] == "0.00"
    office.assert_ledger_is_whole()


def test_what_was_paid_for_a_larger_version_is_credit_once_the_smaller_one_is_confirmed(
    office: Office,
) -> None:
    order = confirmed(office, quantity="200", supply="stock")
    office.pay(order, "2000.00")
    order.quantity, order.revision = "100", 2
    office.reserve(order)
    assert office.account(order.customer_id)["customer_credit"] == "0.00"

    office.confirm(order)

    money = office.money(order)
    assert (money["verified"], money["balance"]) == ("1000.00", "0.00")
    assert office.account(order.customer_id)["customer_credit"] == "1000.00"


def test_a_confirmation_heard_late_gives_no_money_of_a_draft_away(office: Office) -> None:
    order = PaperOrder(office.customer(), "D261122-000001", quantity="200", supply="stock")
    office.reserve(order)
    office.pay(order, "2000.00")
    late = order.view()
    order.quantity, order.revision = "100", 2
    office.reserve(order)

    office.hear("keep_confirmed_order", {"order": late})

    assert office.money(order)["verified"] == "2000.00"


def test_credit_used_for_more_than_an_order_can_cost_stays_credit(office: Office) -> None:
    """SPEC §4: too much, or for a cancelled order, is the customer's credit."""
    order = confirmed(office, supply="stock")
    office.pay(order, "1300.00")

    office.do(FINANCE, "use_customer_credit", order_number=order.number, amount="300.00")
    assert office.account(order.customer_id)["customer_credit"] == "300.00"
    assert office.money(order)["verified"] == "1000.00"
    office.end("free_cancelled_order", order)

    assert office.account(order.customer_id)["customer_credit"] == "1300.00"
    assert office.money(order)["verified"] == "0.00"


def test_an_order_given_up_before_anything_left_needs_no_invoice(office: Office) -> None:
    """O34: short-closed whole, it came to nothing and can be closed."""
    order = confirmed(office)
    assert office.money(order)["invoiced"] is False
    order.short_closed = True
    office.end("follow_short_closed_line", order, line_id=order.line_id)
    order.stage = "fulfilled"
    office.end("free_fulfilled_order", order)

    money = office.money(order)

    assert (money["worth"], money["paid_in_full"], money["invoiced"]) == ("0.00", True, True)


def test_a_payment_of_the_future_or_for_nobody_is_refused(office: Office) -> None:
    order = confirmed(office)

    refused(
        office,
        "paid_in_future",
        CLERK,
        "record_payment",
        order_number=order.number,
        amount="1.00",
        paid_at="2199-01-01T00:00:00+08:00",
    )
    refused(office, "payment_target", CLERK, "record_payment", amount="1.00", paid_at=PAID_AT)


# -- release -------------------------------------------------------------------------------


def test_the_balance_of_a_shipment_is_its_accepted_value_less_its_share_of_the_deposit(
    office: Office,
) -> None:
    """S2: 98 accepted of 100, in two batches of 40 and 58; deposit 300 of 980."""
    order = confirmed(office)
    office.pay(order, "300.00")
    office.stock_in(order, "98")

    first = office.release(order, "40", last=False)
    assert (first["allowed"], first["value"], first["balance_due"]) == (False, "400.00", "277.55")

    office.pay(order, "277.55", paid_at="2020-02-03T09:59:00+08:00")
    first = office.release(order, "40", last=False)
    assert (first["allowed"], first["paid_at"]) == (True, "2020-02-03T01:59:00+00:00")

    office.dispatch(order, "40")
    last = office.release(order, "58")
    assert (last["allowed"], last["balance_due"]) == (False, "402.45")

    office.pay(order, "402.45")
    assert office.release(order, "58")["allowed"] is True
    assert office.money(order)["paid_in_full"] is True


@pytest.mark.parametrize(
    ("supply", "before", "due"),
    [("stock", [], "600.00"), ("make", [], "720.00"), ("make", ["100.00", "300.00"], "320.00")],
)
def test_verifying_the_sum_that_a_refusal_names_releases_the_shipment(
    office: Office, supply: str, before: list[str], due: str
) -> None:
    """60 of 100 at 10.00; where they are made, 120 of the deposit is the other 40's share."""
    order = confirmed(office, supply=supply)
    for amount in before:
        office.pay(order, amount)
    verdict = office.release(order, "60", last=False)
    assert (verdict["allowed"], verdict["why"]) == (
        False,
        f"The shipment is worth 600.00; it may leave once {due} more is verified.",
    )

    office.pay(order, due)

    assert office.release(order, "60", last=False)["allowed"] is True


def test_what_came_before_the_goods_is_shared_by_value_and_what_comes_after_is_not(
    office: Office,
) -> None:
    """Half of the order has half of the 700.00: 500.00 less 350.00."""
    order = confirmed(office)
    for amount in ("300.00", "400.00"):
        office.pay(order, amount)
    office.stock_in(order, "100")
    assert office.release(order, "50", last=False)["balance_due"] == "150.00"

    office.pay(order, "150.00")

    assert office.release(order, "50", last=False)["allowed"] is True


def test_money_for_a_released_shipment_does_not_release_another(office: Office) -> None:
    order = confirmed(office, supply="stock")
    office.pay(order, "300.00")
    office.pay(order, "280.00")
    assert office.release(order, "40", last=False)["allowed"] is True

    released = office.shipment(order, "40")
    office.hear("keep_released_shipment", {"shipment": released})
    assert office.release(order, "30", last=False)["allowed"] is False

    office.hear("forget_cancelled_shipment", {"shipment": released}, sequence=2)
    assert office.release(order, "30", last=False)["allowed"] is True


def test_a_customer_of_grade_a_ships_on_account(office: Office) -> None:
    order = confirmed(office, "A", supply="stock")

    verdict = office.release(order, "100")

    assert (verdict["allowed"], verdict["code"], verdict["paid_at"]) == (True, "on_account", None)


def test_a_prepaid_order_waits_for_all_of_its_money_even_for_a_part(office: Office) -> None:
    order = confirmed(office, "C", supply="stock")
    office.pay(order, "999.99")

    assert office.release(order, "10", last=False)["balance_due"] == "0.01"


def test_a_contract_overrides_the_policy_field_by_field(office: Office) -> None:
    order = PaperOrder(office.customer("A"), "D261122-000001", supply="stock")
    sign(office, order, balance_before_dispatch=True, credit_limit="800.00")

    assert office.reserve(order)["limit"] == "800.00"
    office.reserve(order, override=True)
    office.confirm(order)

    verdict = office.release(order, "100")
    assert (verdict["code"], verdict["terms"]) == ("balance_not_verified", "account")


@pytest.mark.parametrize(
    ("field", "agreed"),
    [
        ("terms", "deposit_and_balance"),
        ("instruction_before_sign_back", False),
        ("deposit_percent", "20.000"),
        ("balance_before_dispatch", True),
        ("credit_limit", "800.00"),
        ("credit_stop_days", 60),
        ("payment_days", 45),
    ],
)
def test_each_field_of_a_contract_overrides_its_own_number_and_no_other(
    office: Office, field: str, agreed: Any
) -> None:
    """C4."""
    order = PaperOrder(office.customer("A"), "D261122-000001")
    before = office.ask(CLERK, "get_terms", customer_id=order.customer_id)
    number = sign(office, order, **{field: agreed})

    terms = office.ask(CLERK, "get_terms", customer_id=order.customer_id)

    assert before[field] != agreed
    assert terms == {**before, field: agreed, "contract_number": number}


# -- contracts -----------------------------------------------------------------------------


def sign(office: Office, order: PaperOrder, **terms: Any) -> str:
    code = office.codes[order.customer_id]
    drafted = office.do(
        CLERK, "draft_contract", customer_code=code, valid_from="2020-01-01", **terms
    )
    number = str(drafted["number"])
    office.do(FINANCE, "approve_contract", contract_number=number)
    office.do(CLERK, "sign_contract", contract_number=number, signed_by_customer="王总")
    return number


def test_a_contract_counts_only_once_it_is_signed_and_ends_the_one_before(
    office: Office,
) -> None:
    order = PaperOrder(office.customer("B"), "D261122-000001")
    code = office.codes[order.customer_id]
    first = sign(office, order, deposit_percent="50")
    office.do(
        CLERK,
        "draft_contract",
        customer_code=code,
        valid_from="2020-01-01",
        deposit_percent="10",
    )
    terms = office.ask(CLERK, "get_terms", customer_id=order.customer_id)
    assert (terms["deposit_percent"], terms["contract_number"]) == ("50.000", first)

    second = sign(office, order, deposit_percent="20")

    assert office.ask(CLERK, "get_contract", contract_number=first)["state"] == "ended"
    terms = office.ask(CLERK, "get_terms", customer_id=order.customer_id)
    assert (terms["deposit_percent"], terms["contract_number"]) == ("20.000", second)


def test_only_finance_approves_a_contract_and_only_a_draft_is_rewritten(office: Office) -> None:
    order = PaperOrder(office.customer("B"), "D261122-000001")
    number = sign(office, order)

    refused(
        office,
        "contract_text_fixed",
        CLERK,
        "change_contract",
        contract_number=number,
        changes={"deposit_percent": "0"},
    )
    refused(office, "role_needed", DIRECTOR, "approve_contract", contract_number=number)
    refused(office, "illegal_move", FINANCE, "approve_contract", contract_number=number)


# -- notices -------------------------------------------------------------------------------


def drafted(office: Office, order: PaperOrder) -> list[dict[str, Any]]:
    page = office.ask(CLERK, "list_notices", order_number=order.number, state="drafted")
    items: list[dict[str, Any]] = page["items"]
    return items


def test_a_confirmed_order_with_a_deposit_gets_its_notice(office: Office) -> None:
    order = confirmed(office)

    (notice,) = drafted(office, order)

    assert (notice["kind"], notice["amount"]) == ("deposit", "300.00")
    assert (notice["worth"], notice["due"], notice["covered"]) == ("1000.00", "300.00", "0.00")
    (item,) = office.ask(CLERK, "list_work")["items"]
    assert (item["kind"], item["verb"], item["entity_number"]) == (
        "send_deposit_notice",
        "mark_sent",
        notice["number"],
    )
    assert office.ask(FINANCE, "list_work")["items"] == []


def test_stock_in_drafts_the_balance_by_the_accepted_quantity(office: Office) -> None:
    """C10."""
    order = confirmed(office)
    office.pay(order, "300.00")
    office.stock_in(order, "98")

    (notice,) = drafted(office, order)

    assert (notice["kind"], notice["worth"], notice["amount"]) == ("balance", "980.00", "680.00")
    assert (notice["due"], notice["covered"]) == ("980.00", "300.00")
    page = office.ask(CLERK, "get_notice", notice_number=notice["number"])
    assert (page["capitals"], page["title_zh"]) == ("陆佰捌拾元整", "余款催收通知书")
    assert page["has_left"] is False
    assert page["notice"]["lines"] == [
        {
            "line_no": 1,
            "product_code": "PAPER-70",
            "product_name": "双胶纸 70g",
            "unit": "张",
            "ordered_quantity": "100.000",
            "quantity": "98.000",
            "unit_price": "10.000000",
            "value": "980.00",
        }
    ]


def test_goods_from_stock_of_a_customer_who_pays_first_by_now_are_asked_for(
    office: Office,
) -> None:
    """SPEC §4: a demotion bites at once; what the release waits for can be asked for."""
    order = confirmed(office, "A", supply="stock")
    code = office.codes[order.customer_id]
    office.do(FINANCE, "change_grade", customer_code=code, grade="B", reason="other", note="逾期")
    assert office.release(order, "100")["balance_due"] == "1000.00"

    notice = office.asks(order)

    assert (notice["kind"], notice["worth"], notice["amount"]) == ("balance", "1000.00", "1000.00")
    office.pay(order, "1000.00")
    assert office.release(order, "100")["allowed"] is True


def test_goods_from_stock_that_leave_before_those_that_are_made_are_asked_for(
    office: Office,
) -> None:
    """SPEC §7: 200 of the 1,200; of the deposit of 360, 300 is the share of the other 1,000."""
    order = confirmed(office, beside="20")
    office.pay(order, "360.00")
    refusal = office.release(order, "20", last=False, line_id=order.beside_id)
    assert (refusal["code"], refusal["balance_due"]) == ("balance_not_verified", "140.00")

    notice = office.asks(order)

    assert (notice["worth"], notice["amount"], notice["covered"]) == ("200.00", "140.00", "60.00")
    assert [(line["line_no"], line["quantity"]) for line in notice["lines"]] == [(2, "20.000")]


def test_a_part_that_comes_into_stock_is_asked_for_with_what_lies_there(office: Office) -> None:
    """Its notice replaces the one before, of which nothing may be lost."""
    order = confirmed(office, beside="20")
    office.pay(order, "360.00")
    office.asks(order)

    office.stock_in(order, "80", rest_follows=True)

    (notice,) = drafted(office, order)
    assert [(line["line_no"], line["quantity"]) for line in notice["lines"]] == [
        (1, "80.000"),
        (2, "20.000"),
    ]
    assert (notice["worth"], notice["amount"]) == ("1000.00", "700.00")


def test_nothing_that_may_leave_is_asked_for_by_no_notice(office: Office) -> None:
    order = confirmed(office)

    refused(
        office, "nothing_to_pay", CLERK, "make_notice", order_number=order.number, kind="balance"
    )


def test_what_a_further_instruction_stocks_adds_to_the_balance(office: Office) -> None:
    """I10: 80 accepted and shipped, then 19 more; the deposit of 300 is shared by value."""
    order = confirmed(office)
    office.pay(order, "300.00")
    office.stock_in(order, "80", rest_follows=True)
    (notice,) = drafted(office, order)
    assert (notice["kind"], notice["worth"], notice["amount"]) == ("balance", "800.00", "560.00")
    assert (notice["due"], notice["covered"]) == ("800.00", "240.00")
    # Shipping knows of nothing more to ask for, and calls it the last.
    first = office.release(order, "80")
    assert (first["value"], first["balance_due"]) == ("800.00", "560.00")
    office.pay(order, "560.00")
    office.dispatch(order, "80")

    office.stock_in(order, "19", rest_follows=False)

    last = office.release(order, "19")
    assert (last["value"], last["balance_due"]) == ("190.00", "130.00")
    office.pay(order, "130.00")
    assert office.release(order, "19")["allowed"] is True
    assert office.money(order)["paid_in_full"] is True


def test_a_notice_is_marked_sent_by_a_person_and_settled_by_the_money(office: Office) -> None:
    order = confirmed(office)
    (notice,) = drafted(office, order)

    sent = office.do(
        CLERK,
        "mark_notice_sent",
        notice_number=notice["number"],
        channel="fax",
        received_clearly=True,
        received_by="王小姐",
    )
    assert (sent["state"], sent["sent_by_name"], sent["received_clearly"]) == (
        "sent",
        "陈开单",
        True,
    )

    office.pay(order, "300.00")
    page = office.ask(CLERK, "get_notice", notice_number=notice["number"])
    assert page["notice"]["state"] == "settled"


def sent(office: Office, order: PaperOrder, **how: Any) -> dict[str, Any]:
    """Send an order's one drafted notice, at the moment of PAID_AT."""
    (notice,) = drafted(office, order)
    facts = {"channel": "fax", "sent_at": PAID_AT, **how}
    marked: dict[str, Any] = office.do(
        CLERK, "mark_notice_sent", notice_number=notice["number"], **facts
    )
    return marked


def work_of(office: Office, who: Principal) -> list[tuple[Any, ...]]:
    return [
        (item["kind"], item["title"], item["roles"], item["person_id"], item["due_at"])
        for item in office.ask(who, "list_work")["items"]
    ]


def test_the_salesperson_collects_what_a_notice_asks_for_until_it_is_verified(
    office: Office,
) -> None:
    """C10, G4, O33: due three days after it was sent."""
    customer_id = office.customer(salesperson_id=SALES.person_id, salesperson_name=SALES.name)
    order = PaperOrder(customer_id, "D261122-000001")
    office.reserve(order)
    office.confirm(order)
    assert work_of(office, SALES) == []

    notice = sent(office, order)

    assert notice["due_at"] == "2020-01-05T01:00:00+00:00"
    assert work_of(office, SALES) == [
        (
            "collect_deposit_notice",
            "Collect 300.00 of the deposit notice for order D261122-000001",
            ["sales"],
            SALES.person_id,
            "2020-01-05T01:00:00+00:00",
        )
    ]
    assert work_of(office, OTHER_SALES) == work_of(office, CLERK) == []
    office.pay(order, "100.00")
    ((_, title, *_),) = work_of(office, SALES)
    assert title == "Collect 200.00 of the deposit notice for order D261122-000001"
    office.pay(order, "200.00")
    assert work_of(office, SALES) == []


def test_the_clerk_collects_where_a_customer_has_no_salesperson(office: Office) -> None:
    sent(office, confirmed(office))

    ((kind, _, roles, person_id, _),) = work_of(office, CLERK)

    assert (kind, roles, person_id) == ("collect_deposit_notice", ["clerk"], None)
    assert work_of(office, SALES) == work_of(office, ASSISTANT) == []


def test_a_work_list_reads_what_is_to_be_collected_of_ones_own_customers_alone(
    office: Office,
) -> None:
    """By an index in the order in which it is due, with years of notices and others' open ones."""
    sent(office, confirmed(office))
    copy_rows(
        office.store,
        "notice",
        20_000,
        number="'N' || n",
        salesperson_id="'p-' || nullif(mod(n, 20), 0)",
        state="case when mod(n, 10) = 0 then 'sent' else 'settled' end",
        due_at="due_at + n * interval '1 minute'",
    )

    for who in (SALES, CLERK):
        with statements(office.store) as asked:
            office.ask(who, "list_work", limit=20)
        plan = plans(office.store, [one for one in asked if "from notice" in one.text])
        assert "Index Scan using ix_notice_unpaid on notice" in plan
        assert "Sort" not in plan


def give(office: Office, order: PaperOrder, to: Principal) -> dict[str, Any]:
    """Say how the order's customer is given to another salesperson."""
    return {
        "customer_code": office.codes[order.customer_id],
        "values": {"salesperson_id": to.person_id, "salesperson_name": to.name},
        "expected_version": None,
        "reason": Reason.OTHER,
        "note": None,
    }


def test_what_is_to_be_collected_follows_its_customer_to_another_salesperson(
    office: Office,
) -> None:
    customer_id = office.customer(salesperson_id=SALES.person_id, salesperson_name=SALES.name)
    order = PaperOrder(customer_id, "D261122-000001")
    office.reserve(order)
    office.confirm(order)
    sent(office, order)

    with office.store.work(CLERK) as work:
        change_customer(work, **give(office, order, OTHER_SALES))

    assert work_of(office, SALES) == []
    ((_, _, _, person_id, _),) = work_of(office, OTHER_SALES)
    assert person_id == OTHER_SALES.person_id


def test_a_notice_drafted_while_its_customer_changes_hands_stands_by_who_has_it_then(
    office: Office,
) -> None:
    order = confirmed(office)

    with ThreadPoolExecutor(1) as pool:
        with office.store.work(CLERK) as work:
            change_customer(work, **give(office, order, SALES))
            work.settle()
            drafting = pool.submit(office.asks, order, "deposit")
            while not office.rows(WAITING):
                assert not drafting.done()
        drafting.result()

    sent(office, order)
    ((_, _, _, person_id, _),) = work_of(office, SALES)
    assert person_id == SALES.person_id


def test_a_notice_that_was_not_received_clearly_is_sent_again(office: Office) -> None:
    """Its money stays due by the first sending; the log has each."""
    order = confirmed(office)
    first = sent(office, order, received_clearly=False)

    again = office.do(
        CLERK,
        "mark_notice_sent",
        notice_number=first["number"],
        channel="email",
        sent_at="2020-01-03T09:00:00+08:00",
        received_clearly=True,
        received_by="王小姐",
    )

    assert (again["state"], again["channel"], again["received_clearly"]) == ("sent", "email", True)
    assert (again["sent_at"], again["received_by"]) == ("2020-01-03T01:00:00+00:00", "王小姐")
    assert again["due_at"] == first["due_at"] == "2020-01-05T01:00:00+00:00"
    assert office.rows(
        "select changes -> 'channel' as channel from change_log"
        " where action = 'mark_notice_sent' order by id"
    ) == [([None, "fax"],), (["fax", "email"],)]


def test_a_notice_is_sent_by_whom_the_api_lets_until_it_is_settled(office: Office) -> None:
    customer_id = office.customer(salesperson_id=SALES.person_id, salesperson_name=SALES.name)
    order = PaperOrder(customer_id, "D261122-000001")
    office.reserve(order)
    office.confirm(order)
    number = sent(office, order)["number"]

    def may_send(who: Principal) -> bool:
        (action,) = office.ask(who, "list_notice_actions", notice_number=number)["items"]
        return bool(action["allowed"])

    assert [may_send(who) for who in (CLERK, ASSISTANT, SALES, FINANCE)] == [True] * 3 + [False]
    office.pay(order, "300.00")
    assert may_send(CLERK) is False
    refused(office, "illegal_move", CLERK, "mark_notice_sent", notice_number=number, channel="fax")


def figures(office: Office, number: str) -> tuple[str, ...]:
    page = office.ask(CLERK, "get_notice", notice_number=number)
    notice = page["notice"]
    shown = (notice["state"], notice["verified"], notice["amount"], page["capitals"])
    return (*shown, page["verified_now"], page["still_due"])


def test_a_notice_that_is_not_sent_yet_asks_for_what_is_due_now(office: Office) -> None:
    order = confirmed(office)
    (notice,) = drafted(office, order)
    number = notice["number"]

    bounced = office.pay(order, "200.00")
    assert figures(office, number) == (
        "drafted", "200.00", "100.00", "壹佰元整", "200.00", "100.00"
    )  # fmt: skip
    office.do(FINANCE, "reverse_payment", payment_number=bounced, note="退票")
    assert figures(office, number) == (
        "drafted", "0.00", "300.00", "叁佰元整", "0.00", "300.00"
    )  # fmt: skip
    office.pay(order, "300.00")
    assert figures(office, number)[0] == "settled"


def test_a_notice_stays_as_it_was_sent_and_says_what_is_still_due(office: Office) -> None:
    order = confirmed(office)
    (notice,) = drafted(office, order)
    office.do(CLERK, "mark_notice_sent", notice_number=notice["number"], channel="fax")

    office.pay(order, "200.00")

    assert figures(office, notice["number"]) == (
        "sent", "0.00", "300.00", "叁佰元整", "200.00", "100.00"
    )  # fmt: skip


def give_up_the_rest(office: Office, order: PaperOrder) -> None:
    order.short_closed = True
    office.end("follow_short_closed_line", order, line_id=order.line_id)


def test_a_sent_notice_is_settled_once_all_that_the_order_is_worth_by_now_is_paid(
    office: Office,
) -> None:
    """1,000 were asked for and 500 paid; the half left, and the rest is given up."""
    order = confirmed(office, supply="stock")
    number = sent(office, order)["number"]
    office.pay(order, "500.00")
    office.dispatch(order, "50")

    give_up_the_rest(office, order)

    assert figures(office, number) == (
        "settled", "0.00", "1000.00", "壹仟元整", "500.00", "0.00"
    )  # fmt: skip
    assert work_of(office, CLERK) == []


def test_a_notice_asks_for_no_more_than_its_order_is_worth_by_now(office: Office) -> None:
    order = confirmed(office, supply="stock")
    (waiting,) = drafted(office, order)
    office.pay(order, "300.00")
    office.dispatch(order, "50")

    give_up_the_rest(office, order)

    (notice,) = drafted(office, order)
    assert notice["number"] == waiting["number"]
    assert (notice["amount"], notice["worth"], notice["covered"]) == ("200.00", "500.00", "300.00")
    sent(office, order)
    office.pay(order, "200.00")
    assert figures(office, notice["number"])[0] == "settled"


def test_a_notice_of_an_order_that_came_to_nothing_is_withdrawn(office: Office) -> None:
    order = confirmed(office, supply="stock")
    number = sent(office, order)["number"]

    give_up_the_rest(office, order)

    assert figures(office, number)[0] == "withdrawn"
    assert work_of(office, CLERK) == []


def test_a_deposit_that_new_terms_no_longer_ask_for_is_not_asked_for(office: Office) -> None:
    """A lower percent by contract asks for less; grade A asks for none."""
    order = confirmed(office)
    number = sent(office, order)["number"]

    sign(office, order, deposit_percent="20")
    assert figures(office, number)[-1] == "200.00"
    sign(office, order, deposit_percent="0")

    assert figures(office, number)[0] == "withdrawn"


def test_the_grade_of_who_buys_on_account_ends_the_deposit_notice(office: Office) -> None:
    order = confirmed(office)
    number = sent(office, order)["number"]
    code = office.codes[order.customer_id]

    office.do(FINANCE, "change_grade", customer_code=code, grade="A", reason="other", note="评定")

    assert figures(office, number)[0] == "withdrawn"


def test_the_grade_of_who_buys_on_account_ends_the_balance_notice_that_nobody_sent(
    office: Office,
) -> None:
    order = confirmed(office, supply="stock")
    (waiting,) = drafted(office, order)
    code = office.codes[order.customer_id]

    office.do(FINANCE, "change_grade", customer_code=code, grade="A", reason="other", note="评定")

    assert figures(office, waiting["number"])[0] == "withdrawn"


def test_the_balance_that_terms_on_account_ended_is_asked_for_again_by_the_next(
    office: Office,
) -> None:
    order = confirmed(office, supply="stock")
    code = office.codes[order.customer_id]
    graded = {"customer_code": code, "reason": "other", "note": "评定"}
    office.do(FINANCE, "change_grade", grade="A", **graded)
    assert drafted(office, order) == []

    for grade in ("B", "C"):
        office.do(FINANCE, "change_grade", grade=grade, **graded)

    (notice,) = drafted(office, order)
    assert (notice["kind"], notice["amount"]) == ("balance", "1000.00")


def test_the_balance_of_goods_that_have_left_is_asked_for_on_account_as_well(
    office: Office,
) -> None:
    order = confirmed(office, supply="stock")
    bounced = office.pay(order, "1000.00")
    office.dispatch(order, "100")
    office.do(FINANCE, "reverse_payment", payment_number=bounced, note="退票")
    (waiting,) = drafted(office, order)
    code = office.codes[order.customer_id]

    office.do(FINANCE, "change_grade", customer_code=code, grade="A", reason="other", note="评定")

    assert drafted(office, order) == [waiting]


def test_the_balance_notice_replaces_a_deposit_notice_that_was_not_paid(office: Office) -> None:
    order = confirmed(office)
    deposit = sent(office, order)["number"]

    office.stock_in(order, "98")

    (balance,) = drafted(office, order)
    assert (balance["kind"], balance["amount"]) == ("balance", "980.00")
    assert figures(office, deposit)[0] == "withdrawn"


def test_a_prepayment_of_which_less_was_made_is_settled_by_what_was_paid(office: Office) -> None:
    order = confirmed(office, "C")
    number = sent(office, order)["number"]
    office.pay(order, "980.00")

    office.stock_in(order, "98")

    assert figures(office, number)[0] == "settled"
    assert drafted(office, order) == []


def test_money_that_goes_back_is_asked_for_again(office: Office) -> None:
    """O32: what was settled stays as it was sent; a new notice waits to be sent."""
    order = confirmed(office)
    (first,) = drafted(office, order)
    deposit = office.pay(order, "300.00")
    assert drafted(office, order) == []

    office.do(FINANCE, "reverse_payment", payment_number=deposit, note="退票")

    (again,) = drafted(office, order)
    assert figures(office, again["number"]) == (
        "drafted", "0.00", "300.00", "叁佰元整", "0.00", "300.00"
    )  # fmt: skip
    assert (again["kind"], again["due"], again["covered"]) == ("deposit", "300.00", "0.00")
    assert figures(office, first["number"])[0] == "settled"
    (item,) = office.ask(CLERK, "list_work")["items"]
    assert (item["kind"], item["entity_number"]) == ("send_deposit_notice", again["number"])
    assert office.announced()[-1] == "notice_made"

    office.pay(order, "300.00")
    assert drafted(office, order) == []


def test_the_balance_that_goes_back_is_asked_for_after_the_goods_have_left_too(
    office: Office,
) -> None:
    order = confirmed(office)
    office.pay(order, "300.00")
    office.stock_in(order, "98")
    first, second = office.pay(order, "400.00"), office.pay(order, "280.00")
    office.dispatch(order, "98")
    assert drafted(office, order) == []

    office.do(FINANCE, "reverse_payment", payment_number=first, note="退票")

    (again,) = drafted(office, order)
    assert (again["kind"], again["worth"], again["amount"]) == ("balance", "980.00", "400.00")
    assert again["covered"] == "580.00"
    page = office.ask(CLERK, "get_notice", notice_number=again["number"])
    assert page["has_left"] is True
    assert [line["quantity"] for line in again["lines"]] == ["98.000"]
    # What goes back besides is asked for by the same notice.
    office.do(FINANCE, "reverse_payment", payment_number=second, note="退票")
    (same,) = drafted(office, order)
    assert (same["number"], same["amount"]) == (again["number"], "680.00")


def goes_back(office: Office, payment_number: str) -> None:
    office.do(FINANCE, "reverse_payment", payment_number=payment_number, note="退票")


@pytest.mark.parametrize("left", [False, True])
def test_a_balance_paid_before_its_goods_were_in_stock_is_asked_for_when_it_goes_back(
    office: Office,
    left: bool,  # noqa: FBT001  whether the goods have left
) -> None:
    """O32, C10: the stock-in had nothing to ask for."""
    order = confirmed(office)
    deposit, early = office.pay(order, "300.00"), office.pay(order, "700.00")
    office.stock_in(order, "98")
    if left:
        office.dispatch(order, "98")
        office.end("free_fulfilled_order", order)
    assert drafted(office, order) == []

    goes_back(office, early)

    (notice,) = drafted(office, order)
    assert (notice["kind"], notice["worth"], notice["amount"]) == ("balance", "980.00", "680.00")
    assert [line["quantity"] for line in notice["lines"]] == ["98.000"]
    # All that lacks is asked for by it, the deposit too.
    goes_back(office, deposit)
    (same,) = drafted(office, order)
    assert (same["number"], same["amount"]) == (notice["number"], "980.00")


def test_a_batch_paid_before_it_was_in_stock_is_asked_for_when_that_goes_back(
    office: Office,
) -> None:
    order = confirmed(office)
    office.pay(order, "300.00")
    office.stock_in(order, "80", rest_follows=True)
    office.pay(order, "560.00")
    office.dispatch(order, "80")
    early = office.pay(order, "130.00")
    office.stock_in(order, "19", rest_follows=False)
    assert drafted(office, order) == []

    goes_back(office, early)

    (notice,) = drafted(office, order)
    assert (notice["kind"], notice["amount"]) == ("balance", "130.00")
    assert (notice["worth"], notice["covered"]) == ("990.00", "860.00")


@pytest.mark.parametrize(
    ("grade", "kind", "amount"), [("B", "deposit", "300.00"), ("C", "prepayment", "1000.00")]
)
def test_what_came_with_the_signed_copy_is_asked_for_when_it_goes_back(
    office: Office, grade: str, kind: str, amount: str
) -> None:
    order = PaperOrder(office.customer(grade), "D261122-000001")
    office.reserve(order)
    cheque, second = office.pay(order, "600.00"), office.pay(order, "400.00")
    goes_back(office, second)  # nothing is asked for before the order is confirmed
    second = office.pay(order, "400.00")
    office.confirm(order)
    assert drafted(office, order) == []

    goes_back(office, second)
    goes_back(office, cheque)

    (notice,) = drafted(office, order)
    assert (notice["kind"], notice["amount"]) == (kind, amount)


def test_an_order_that_is_a_draft_again_asks_for_nothing_when_its_money_goes_back(
    office: Office,
) -> None:
    order = PaperOrder(office.customer(), "D261122-000001", stage="draft")
    office.reserve(order)
    cheque = office.pay(order, "300.00")
    office.end("free_expired_order", order)

    goes_back(office, cheque)

    assert drafted(office, order) == []


def test_two_sums_that_go_back_at_once_are_asked_for_by_one_notice(office: Office) -> None:
    order = confirmed(office, supply="stock")
    bounced = office.pay(order, "2000.00")
    other = paid_by_the_surplus_of(office, order, "600.00")
    office.do(FINANCE, "use_customer_credit", order_number=other.number, amount="400.00")
    assert drafted(office, other) == []

    office.do(FINANCE, "reverse_payment", payment_number=bounced, note="退票")

    (notice,) = drafted(office, other)
    assert (notice["kind"], notice["amount"]) == ("balance", "1000.00")


def test_what_is_still_covered_is_not_asked_for_again(office: Office) -> None:
    order = confirmed(office)
    office.pay(order, "300.00")
    more = office.pay(order, "100.00")

    office.do(FINANCE, "reverse_payment", payment_number=more, note="退票")

    assert drafted(office, order) == []


def test_a_customer_who_buys_on_account_by_now_is_not_asked_again(office: Office) -> None:
    order = confirmed(office)
    deposit = office.pay(order, "300.00")
    code = office.codes[order.customer_id]
    office.do(FINANCE, "change_grade", customer_code=code, grade="A", reason="other", note="评定")

    office.do(FINANCE, "reverse_payment", payment_number=deposit, note="退票")

    assert drafted(office, order) == []


def test_a_cancelled_order_asks_for_nothing_when_its_money_goes_back(office: Office) -> None:
    order = confirmed(office)
    deposit = office.pay(order, "300.00")
    office.end("free_cancelled_order", order)

    office.do(FINANCE, "reverse_payment", payment_number=deposit, note="退票")

    assert drafted(office, order) == []


def test_a_cancelled_order_is_asked_for_nothing_and_takes_no_credit(office: Office) -> None:
    order = confirmed(office, beside="20")
    office.pay(order, "360.00")
    office.end("free_cancelled_order", order)

    for kind in ("deposit", "balance", "prepayment"):
        refused(
            office, "nothing_to_pay", CLERK, "make_notice", order_number=order.number, kind=kind
        )
    asked = {"order_number": order.number, "amount": "360.00"}
    refused(office, "order_ended", FINANCE, "use_customer_credit", **asked)


def test_a_customer_of_grade_a_gets_no_notice(office: Office) -> None:
    order = confirmed(office, "A")
    office.stock_in(order, "98")

    assert drafted(office, order) == []


# -- invoices and refunds ------------------------------------------------------------------


def test_an_invoice_is_of_what_was_shipped_and_made_once(office: Office) -> None:
    order = confirmed(office, "A", supply="stock")
    refused(office, "nothing_to_invoice", FINANCE, "make_invoice", order_number=order.number)
    office.dispatch(order, "100")

    invoice = office.do(FINANCE, "make_invoice", order_number=order.number)

    assert (invoice["amount"], invoice["vat"], invoice["vat_percent"]) == (
        "1000.00",
        "115.04",
        "13.000",
    )
    assert office.money(order)["invoiced"] is True
    refused(office, "nothing_to_invoice", FINANCE, "make_invoice", order_number=order.number)


def refund(order: PaperOrder, amount: str) -> dict[str, Any]:
    return {
        "case": {"id": str(uuid4()), "number": "A261122-000001"},
        "order_id": order.id,
        "customer_id": order.customer_id,
        "order_number": order.number,
        "amount": amount,
    }


def test_a_settled_refund_is_booked_once_as_the_customers_credit(office: Office) -> None:
    order = confirmed(office, "A", supply="stock")
    office.dispatch(order, "100")
    settled = refund(order, "50.00")

    office.hear("book_refund", settled)
    office.hear("book_refund", settled)

    assert office.account(order.customer_id)["customer_credit"] == "50.00"
    assert office.announced().count("credit_note_made") == 1


def test_a_refund_above_what_was_sold_is_kept_for_a_person(office: Office) -> None:
    order = confirmed(office, "A", supply="stock")
    office.dispatch(order, "10")
    before = office.everything()

    with pytest.raises(GendanError) as refusal:
        office.hear("book_refund", refund(order, "100.06"))

    assert refusal.value.code == "refund_above_sold"
    assert office.everything() == before


def test_a_refund_heard_before_its_dispatch_is_booked_once_that_is_heard(office: Office) -> None:
    order = confirmed(office, "A", supply="stock")
    settled = refund(order, "100.00")
    with pytest.raises(GendanError) as early:
        office.hear("book_refund", settled)
    assert early.value.code == "refund_above_sold"

    office.dispatch(order, "10")
    office.hear("book_refund", settled)

    assert office.account(order.customer_id)["customer_credit"] == "100.00"


def test_a_refund_rounded_above_what_was_sold_is_booked_at_that_and_the_log_says_so(
    office: Office,
) -> None:
    order = confirmed(office, "A", supply="stock")
    office.dispatch(order, "10")
    office.hear("book_refund", refund(order, "60.00"))

    office.hear("book_refund", refund(order, "40.01"))
    office.hear("book_refund", refund(order, "0.05"))

    assert office.account(order.customer_id)["customer_credit"] == "100.00"
    assert office.money(order)["refunded"] == "100.00"
    assert office.announced().count("credit_note_made") == 2
    found = office.ask(FINANCE, "list_changes", entity_type="order", entity_id=order.number)
    cut = [(row["note"], row["changes"]) for row in found["items"] if row["action"] == "cut_refund"]
    assert cut == [
        ("A261122-000001: 0.05 settled, 100.00 sold", {"refund": ["0.05", "0.00"]}),
        ("A261122-000001: 40.01 settled, 100.00 sold", {"refund": ["40.01", "40.00"]}),
    ]
    office.assert_ledger_is_whole()


def test_goods_of_the_old_books_are_refunded_up_to_what_their_order_was_sold_for(
    office: Office,
) -> None:
    order = PaperOrder(office.customer("A"), "D261122-000001", stage="fulfilled")
    office.end("keep_past_order", order, fulfilled=True)

    office.hear("book_refund", refund(order, "980.00"))
    with pytest.raises(GendanError) as refusal:
        office.hear("book_refund", refund(order, "20.06"))

    assert refusal.value.code == "refund_above_sold"
    office.hear("book_refund", refund(order, "20.00"))
    assert office.account(order.customer_id)["customer_credit"] == "1000.00"
    assert office.announced().count("credit_note_made") == 2
    money = office.money(order)
    assert (money["receivable"], money["refunded"], money["balance"]) == ("0.00", "1000.00", "0.00")
    office.assert_ledger_is_whole()


def test_a_fulfilled_order_heard_before_its_dispatch_keeps_its_money(office: Office) -> None:
    order = confirmed(office, supply="stock")
    office.pay(order, "1000.00")
    order.shipped = "100"

    office.end("free_fulfilled_order", order)
    office.dispatch(order, "100")

    money = office.money(order)
    assert (money["verified"], money["receivable"], money["balance"]) == (
        "1000.00",
        "1000.00",
        "0.00",
    )


def test_sales_sees_the_money_of_its_own_customers_only(office: Office) -> None:
    customer_id = office.customer("A", salesperson_id=SALES.person_id, salesperson_name=SALES.name)
    order = PaperOrder(customer_id, "D261122-000001")
    office.reserve(order)
    number = office.claim(order, "1.00")

    assert office.ask(SALES, "get_payment", payment_number=number)["amount"] == "1.00"
    assert office.ask(OTHER_SALES, "list_payments")["items"] == []
    for question, body in (
        ("get_payment", {"payment_number": number}),
        ("get_order_money", {"order_number": order.number}),
        ("get_credit_account", {"customer_code": office.codes[customer_id]}),
    ):
        with pytest.raises(GendanError) as refusal:
            office.ask(OTHER_SALES, question, **body)
        assert refusal.value.family == "NotFound"


def test_actions_say_what_may_be_done_by_whom_and_why_not(office: Office) -> None:
    number = office.claim(confirmed(office), "1.00")

    actions = office.ask(CLERK, "list_payment_actions", payment_number=number)["items"]
    assert [(a["verb"], a["allowed"], a["why_not"]["code"]) for a in actions] == [
        ("verify", False, "role_needed"),
        ("reject", False, "role_needed"),
        ("reverse", False, "role_needed"),
    ]
    actions = office.ask(FINANCE, "list_payment_actions", payment_number=number)["items"]
    assert [(a["verb"], a["allowed"]) for a in actions] == [
        ("verify", True),
        ("reject", True),
        ("reverse", False),
    ]


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("record_payment", {"order_number": "D1", "amount": "10000000000", "paid_at": PAID_AT}),
        ("record_payment", {"order_number": "D1", "amount": "0", "paid_at": PAID_AT}),
        ("record_payment", {"order_number": "D1", "amount": 1.5, "paid_at": PAID_AT}),
        ("record_payment", {"order_number": "D1", "amount": "1.005", "paid_at": PAID_AT}),
        ("record_payment", {"order_number": "D1", "amount": "1", "paid_at": "2020-01-02"}),
        ("undo_credit", {"order_id": str(uuid4()), "command_id": "x" * 121}),
    ],
)
def test_a_request_that_no_column_could_hold_is_refused_by_its_schema(
    office: Office, command: str, body: dict[str, Any]
) -> None:
    refused(office, "invalid_fields", CLERK, command, **body)


def test_a_cursor_of_nonsense_gives_the_first_page(office: Office) -> None:
    order = confirmed(office)
    code = office.codes[order.customer_id]

    for after in ("9" * 40, "-1", "x"):
        page = office.ask(FINANCE, "list_ledger", customer_code=code, after=after)
        assert [entry["kind"] for entry in page["items"]] == ["reserved"]
