"""Credit: one locked row per customer, one reservation per order, a ledger that proves it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from chassis.errors import GendanError
from tests.integration.customers.story import (
    CLERK,
    DIRECTOR,
    FINANCE,
    Office,
    PaperOrder,
)
from tests.statements import copy_rows

DAY = 86_400


def order_of(office: Office, grade: str = "B", **values: Any) -> PaperOrder:
    return PaperOrder(office.customer(grade), "D261122-000001", **values)


def test_an_order_reserves_its_amount_at_the_upper_tolerance(office: Office) -> None:
    order = order_of(office)

    answer = office.reserve(order)

    assert answer == {
        "verdict": "passed",
        "prepaid": False,
        "terms": "deposit_and_balance",
        "grade": "B",
        "deposit_percent": "30.000",
        "deposit_due": "300.00",
        "limit": "100000.00",
        "exposure": "0.00",
        "reserved": "1030.00",
        "text": "Reserved: limit 100,000.00, other orders 0.00, this order 1,030.00.",
        "text_zh": "已占用：额度 100,000.00，其他订单占用 0.00，本单 1,030.00。",
    }
    assert office.account(order.customer_id)["available"] == "98970.00"


def test_twenty_orders_at_once_for_a_limit_of_seven_give_seven_passed_and_thirteen_held(
    office: Office,
) -> None:
    customer_id = office.customer("B")
    office.do(
        FINANCE,
        "set_credit_limit",
        customer_code=office.codes[customer_id],
        credit_limit="7999.00",
        reason="other",
        note="小额",
    )
    orders = [PaperOrder(customer_id, f"D261122-{n:06d}", supply="stock") for n in range(1, 21)]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(office.reserve, orders))

    verdicts = sorted(answer["verdict"] for answer in answers)
    assert verdicts == ["held"] * 13 + ["passed"] * 7
    assert office.account(customer_id)["exposure"] == "7000.00"


def test_a_held_order_reserves_nothing_and_frees_what_it_held(office: Office) -> None:
    order = order_of(office)
    office.reserve(order)

    order.quantity, order.revision = "20000", 2
    answer = office.reserve(order)

    assert (answer["verdict"], answer["reserved"]) == ("held", "0.00")
    assert office.money(order)["reservation"] == "0.00"


def test_an_override_reserves_beyond_the_limit_and_its_release_is_not_held_for_it(
    office: Office,
) -> None:
    order = order_of(office, "A", quantity="60000", supply="stock")
    assert office.reserve(order)["verdict"] == "held"

    answer = office.reserve(order, override=True)
    office.confirm(order)

    assert (answer["verdict"], answer["reserved"]) == ("passed", "600000.00")
    assert office.account(order.customer_id)["exposure"] == "600000.00"
    assert office.release(order, "60000")["allowed"] is True


def test_a_prepaid_order_reserves_no_credit_and_waits_for_all_its_money(office: Office) -> None:
    order = order_of(office, "C", supply="stock")

    answer = office.reserve(order)

    assert (answer["verdict"], answer["prepaid"], answer["reserved"]) == ("passed", True, "0.00")
    assert answer["deposit_due"] == "1000.00"
    terms = office.ask(CLERK, "check_production_terms", order_id=order.id)
    assert (terms["money_needed"], terms["money_met"]) == ("1000.00", False)


def test_undoing_a_reservation_restores_exactly_what_was_before(office: Office) -> None:
    order = order_of(office)
    office.reserve(order)
    before = office.money(order)
    order.quantity, order.revision = "200", 2
    key = str(uuid4())
    office.reserve(order, key=key)

    office.do(CLERK, "undo_credit", order_id=order.id, command_id=key)

    assert office.money(order) == before
    assert before["reservation"] == "1030.00"


def test_undoing_twice_or_a_superseded_reservation_changes_nothing_more(office: Office) -> None:
    order = order_of(office)
    first = str(uuid4())
    office.reserve(order, key=first)
    order.quantity, order.revision = "200", 2
    office.reserve(order)

    for _ in range(2):
        office.do(CLERK, "undo_credit", order_id=order.id, command_id=first)

    assert office.money(order)["reservation"] == "2060.00"


def test_a_reservation_that_comes_after_its_undo_is_withdrawn(office: Office) -> None:
    order = order_of(office)
    key = str(uuid4())
    office.do(CLERK, "undo_credit", order_id=order.id, command_id=key)
    before = office.everything()

    with pytest.raises(GendanError) as refusal:
        office.reserve(order, key=key)

    assert refusal.value.code == "withdrawn"
    assert office.everything() == before


def test_an_order_asked_for_again_is_known_by_the_number_of_the_attempt_that_stood(
    office: Office,
) -> None:
    order = order_of(office)
    first = str(uuid4())
    office.reserve(order, key=first)
    office.do(CLERK, "undo_credit", order_id=order.id, command_id=first)
    order.number = "D261122-000002"

    office.reserve(order)
    office.pay(order, "300.00")

    assert office.money(order)["verified"] == "300.00"


def test_a_reservation_and_its_undo_at_once_leave_nothing_held(office: Office) -> None:
    customer_id = office.customer("B")
    for n in range(1, 11):
        order, key = PaperOrder(customer_id, f"D261122-{n:06d}"), str(uuid4())

        def reserve(order: PaperOrder = order, key: str = key) -> str:
            try:
                office.reserve(order, key=key)
            except GendanError as refusal:
                return refusal.code
            return "reserved"

        def undo(order: PaperOrder = order, key: str = key) -> str:
            office.do(CLERK, "undo_credit", order_id=order.id, command_id=key)
            return "undone"

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(lambda step: step(), (reserve, undo)))
        assert outcomes in (["reserved", "undone"], ["withdrawn", "undone"])

    assert office.account(customer_id)["exposure"] == "0.00"


def test_the_same_key_reserves_once(office: Office) -> None:
    order, key = order_of(office), str(uuid4())

    answers = [office.reserve(order, key=key) for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert office.rows("select count(*) from credit_ledger") == [(1,)]


def test_stock_in_makes_the_reservation_the_accepted_value(office: Office) -> None:
    """I10: 98 of 100 accepted, with their share of the discount."""
    order = order_of(office, discount="50.00")
    office.reserve(order)
    office.confirm(order)

    office.stock_in(order, "98")

    money = office.money(order)
    assert (money["reservation"], money["worth"]) == ("931.00", "931.00")


@pytest.mark.parametrize("first", ["30", "0"])
def test_what_a_further_instruction_makes_stays_reserved_and_its_money_stays_on_the_order(
    office: Office, first: str
) -> None:
    order = order_of(office)
    office.reserve(order)
    office.confirm(order)
    office.pay(order, "1000.00")

    office.stock_in(order, first, rest_follows=True)

    money = office.money(order)
    assert (money["worth"], money["reservation"], money["verified"], money["invoiced"]) == (
        "1000.00",
        "1030.00",
        "1000.00",
        False,
    )
    assert office.account(order.customer_id)["customer_credit"] == "0.00"

    office.stock_in(order, "68", rest_follows=False)
    money = office.money(order)
    worth = f"{(int(first) + 68) * 10}.00"
    assert (money["worth"], money["reservation"], money["verified"]) == (worth, worth, worth)


def test_the_part_that_ends_a_line_ends_it_though_it_is_heard_of_first(office: Office) -> None:
    order = order_of(office)
    office.reserve(order)
    office.confirm(order)

    office.stock_in(order, "68", rest_follows=False)
    office.stock_in(order, "30", rest_follows=True)

    assert office.money(order)["worth"] == "980.00"


def test_short_closing_gives_up_the_rest_that_a_further_instruction_was_to_make(
    office: Office,
) -> None:
    order = order_of(office)
    office.reserve(order)
    office.confirm(order)
    office.stock_in(order, "30", rest_follows=True)
    office.dispatch(order, "30")

    order.short_closed = True
    office.end("follow_short_closed_line", order)

    money = office.money(order)
    assert (money["worth"], money["reservation"]) == ("300.00", "0.00")


def test_dispatch_makes_a_receivable_by_shipped_value_and_frees_as_much(office: Office) -> None:
    order = order_of(office)
    office.reserve(order)
    office.confirm(order)
    office.stock_in(order, "98")

    office.dispatch(order, "40")

    money = office.money(order)
    assert (money["reservation"], money["receivable"]) == ("580.00", "400.00")
    assert office.account(order.customer_id)["exposure"] == "980.00"


@pytest.mark.parametrize(
    "listener", ["free_cancelled_order", "free_expired_order", "free_fulfilled_order"]
)
def test_the_end_of_an_order_frees_its_credit(office: Office, listener: str) -> None:
    order = order_of(office)
    office.reserve(order)
    office.confirm(order)

    office.end(listener, order)

    assert office.money(order)["reservation"] == "0.00"
    assert office.account(order.customer_id)["exposure"] == "0.00"


def test_an_expiry_heard_late_does_not_free_a_newer_reservation(office: Office) -> None:
    order = order_of(office)
    office.reserve(order)
    stale = order.view()
    order.revision = 2
    office.reserve(order)

    office.hear("free_expired_order", {"order": stale})

    assert office.money(order)["reservation"] == "1030.00"


def test_a_short_closed_line_frees_what_will_not_be_made(office: Office) -> None:
    order = order_of(office)
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "40")

    order.short_closed = True
    office.end("follow_short_closed_line", order)

    money = office.money(order)
    assert (money["reservation"], money["receivable"], money["worth"]) == (
        "0.00",
        "400.00",
        "400.00",
    )


def test_a_fact_over_the_limit_is_booked_and_the_next_release_is_held(office: Office) -> None:
    order = order_of(office, "A", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "50")

    office.do(
        DIRECTOR,
        "set_credit_limit",
        customer_code=office.codes[order.customer_id],
        credit_limit="900.00",
        reason="payment",
        note="收紧",
    )

    verdict = office.release(order, "50")
    assert (verdict["allowed"], verdict["code"]) == (False, "over_credit_limit")


def test_a_receivable_overdue_by_the_grades_days_stops_credit(
    office: Office, clock_file: Path
) -> None:
    """Grade A: 30 days after it was due at dispatch, not a day before."""
    order = order_of(office, "A", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "50", at=datetime.now(UTC).isoformat())

    clock_file.write_text(str(29 * DAY))
    assert office.release(order, "50")["allowed"] is True

    clock_file.write_text(str(30 * DAY))
    verdict = office.release(order, "50")
    assert (verdict["allowed"], verdict["code"]) == (False, "credit_stop")
    terms = office.ask(CLERK, "check_production_terms", order_id=order.id)
    assert terms["credit_stop"] is True


def test_the_daily_look_announces_a_stop_once_and_its_end_when_paid(
    office: Office, clock_file: Path
) -> None:
    order = order_of(office, "A", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "100")
    clock_file.write_text(str(31 * DAY))

    for _ in range(2):
        with office.store.work() as work:
            office.service.look_for_credit_stops(work, None)
    assert office.announced().count("credit_stop_changed") == 1

    office.pay(order, "1000.00")
    assert office.announced().count("credit_stop_changed") == 2
    assert office.account(order.customer_id)["credit_stop"] is False


def test_a_credit_stop_holds_the_next_order_until_it_is_paid_or_overridden(
    office: Office, clock_file: Path
) -> None:
    """SPEC §4: who is overdue gets no new credit, however much of the limit is left."""
    order = order_of(office, "A", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "100")
    clock_file.write_text(str(30 * DAY))
    with office.store.work() as work:
        office.service.look_for_credit_stops(work, None)
    second = PaperOrder(order.customer_id, "D261122-000002")
    assert (office.reserve(second)["verdict"], office.money(second)["reservation"]) == (
        "held",
        "0.00",
    )

    assert office.reserve(second, override=True)["verdict"] == "passed"
    assert office.money(second)["reservation"] == "1030.00"
    third = PaperOrder(order.customer_id, "D261122-000003")
    assert office.reserve(third)["verdict"] == "held"
    office.pay(order, "1000.00")
    assert office.reserve(third)["verdict"] == "passed"
    office.assert_ledger_is_whole()


def test_a_credit_stop_holds_from_the_day_and_by_the_setting_of_now_though_nobody_looked(
    office: Office, clock_file: Path
) -> None:
    """For an order's first asking and for a later one."""
    order = order_of(office, "A", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "100")
    second = PaperOrder(order.customer_id, "D261122-000002")
    third = PaperOrder(order.customer_id, "D261122-000003")

    def verdicts() -> list[str]:
        second.revision += 1
        return [office.reserve(one)["verdict"] for one in (second, third)]

    # Not the day before, lest midnight passes in between.
    clock_file.write_text(str(28 * DAY))
    assert office.reserve(second)["verdict"] == "passed"
    clock_file.write_text(str(30 * DAY))
    assert verdicts() == ["held", "held"]
    assert "under a credit stop" in office.reserve(third)["text"]
    office.do(DIRECTOR, "change_setting", key="grade_a_credit_stop_days", value=60, reason="other")
    assert verdicts() == ["passed", "passed"]


def test_new_terms_stop_and_free_credit_at_once(office: Office, clock_file: Path) -> None:
    """Not only when somebody looks the next night: a demotion bites at once (SPEC §4)."""
    order = order_of(office, "A", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "100")
    clock_file.write_text(str(20 * DAY))

    def grade(to: str) -> None:
        office.do(
            DIRECTOR,
            "change_grade",
            customer_code=office.codes[order.customer_id],
            grade=to,
            reason="payment",
            note="逾期",
        )

    second = PaperOrder(order.customer_id, "D261122-000002")
    grade("B")  # Its credit stops after 15 days, and not after 30.
    assert office.reserve(second)["verdict"] == "held"
    grade("A")
    assert office.reserve(second)["verdict"] == "passed"
    assert office.announced().count("credit_stop_changed") == 2


def test_a_reopening_that_is_taken_back_leaves_the_order_ended(office: Office) -> None:
    """SPEC §5: closed → fulfilled asks for the credit again; what all has left holds nothing."""
    order = order_of(office, "A", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "100")
    order.shipped, order.stage = "100", "fulfilled"
    office.end("free_fulfilled_order", order)
    query = "select standing, reservation::text, worth::text from order_credit"
    before = office.rows(query)

    assert office.reserve(order, key="reopening")["verdict"] == "passed"
    assert office.rows(query) == [("open", "0.00", "1000.00")]
    office.do(CLERK, "undo_credit", order_id=order.id, command_id="reopening")

    assert office.rows(query) == before == [("fulfilled", "0.00", "1000.00")]
    office.assert_ledger_is_whole()


def test_an_order_that_was_opened_again_ends_when_it_is_closed(office: Office) -> None:
    order = order_of(office, "A", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "100")
    order.shipped, order.stage = "100", "fulfilled"
    office.end("free_fulfilled_order", order)
    closed_first = datetime.now(UTC)
    office.reserve(order, key="reopening")
    query = "select standing, worth::text from order_credit"
    order.stage = "closed"

    # Of the closing before the opening it is heard only now.
    office.hear("free_closed_order", {"order": order.view()}, at=closed_first)
    assert office.rows(query) == [("open", "1000.00")]
    office.end("free_closed_order", order)

    assert office.rows(query) == [("fulfilled", "1000.00")]


def test_receivables_are_listed_by_age(office: Office, clock_file: Path) -> None:
    order = order_of(office, "A", supply="stock")
    office.reserve(order)
    office.confirm(order)
    now = datetime.now(UTC)
    office.dispatch(order, "30", at=(now - timedelta(days=45)).isoformat())
    office.dispatch(order, "20", at=now.isoformat())
    office.pay(order, "100.00")

    page = office.ask(FINANCE, "list_receivables")

    assert page == {
        "items": [
            {
                "customer_code": office.codes[order.customer_id],
                "customer_name": "晨光印刷A",
                "grade": "A",
                "total": "400.00",
                "days_overdue": 45,
                "not_due": "200.00",
                "to_30": "0.00",
                "to_60": "200.00",
                "to_90": "0.00",
                "over_90": "0.00",
            }
        ],
        "next": None,
    }


def test_an_account_shows_its_open_orders_however_many_ended_ones_are_newer(
    office: Office,
) -> None:
    oldest = order_of(office, "A")
    office.reserve(oldest)
    copy_rows(
        office.store,
        "order_credit",
        51,
        order_number="'D261123-' || lpad(n::text, 6, '0')",
        standing="'fulfilled'",
        reservation="0",
    )
    shown = office.account(oldest.customer_id)
    assert [order["order_number"] for order in shown["orders"]] == [oldest.number]
    assert shown["more"] is False

    copy_rows(
        office.store,
        "order_credit",
        50,
        order_number="'D261124-' || lpad(n::text, 6, '0')",
        standing="'open'",
        reservation="0",
    )

    shown = office.account(oldest.customer_id)
    assert len(shown["orders"]) == 50
    assert shown["orders"][0]["order_number"] == "D261124-000050"
    assert shown["more"] is True


def test_a_demotion_bites_at_once(office: Office) -> None:
    order = order_of(office, "A")
    office.reserve(order)
    assert (
        office.ask(CLERK, "check_production_terms", order_id=order.id)[
            "instruction_before_sign_back"
        ]
        is True
    )

    office.do(
        DIRECTOR,
        "change_grade",
        customer_code=office.codes[order.customer_id],
        grade="B",
        reason="payment",
        note="多次逾期",
    )

    terms = office.ask(CLERK, "check_production_terms", order_id=order.id)
    assert terms == {
        "grade": "B",
        "terms": "deposit_and_balance",
        "instruction_before_sign_back": False,
        "money_needed": "300.00",
        "money_verified": "0.00",
        "money_met": False,
        "credit_stop": False,
    }


def test_a_past_order_reserves_and_owes_nothing(office: Office) -> None:
    order = order_of(office, stage="closed")

    office.end("keep_past_order", order, fulfilled=True)

    money = office.money(order)
    assert (money["reservation"], money["receivable"], money["balance"]) == (
        "0.00",
        "0.00",
        "0.00",
    )


def test_the_ledger_cannot_be_changed(office: Office) -> None:
    office.reserve(order_of(office))

    with pytest.raises(Exception, match="credit_ledger is append-only"):
        office.rows("update credit_ledger set reservation = 0 returning id")


def test_an_order_that_changes_its_customer_holds_only_the_new_ones_credit(
    office: Office,
) -> None:
    order = order_of(office)
    office.reserve(order)
    office.pay(order, "200.00")
    former, order.customer_id = order.customer_id, office.customer("A")

    office.reserve(order)

    assert office.account(former)["exposure"] == "0.00"
    assert office.account(former)["customer_credit"] == "200.00"
    assert office.account(order.customer_id)["exposure"] == "1030.00"
