"""The grade that a customer's figures of a year propose (C3)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.customers.story import FINANCE, Office, PaperOrder

DAY = 86_400


def ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def proposal(office: Office, customer_id: str) -> dict[str, Any]:
    code = office.codes[customer_id]
    found: dict[str, Any] = office.ask(FINANCE, "propose_grades", customer_code=code)
    return found


def shipped(office: Office, quantity: str, *, days_ago: int = 0, grade: str = "A") -> PaperOrder:
    """Ship sheets at 10.00 on account, due on that day."""
    order = PaperOrder(office.customer(grade), "D261122-000001", quantity=quantity, supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, quantity, at=ago(days_ago))
    return order


def refund(office: Office, order: PaperOrder, amount: str) -> None:
    case = {"id": str(uuid4()), "number": "A261122-000001"}
    office.hear("book_refund", {"case": case, "order_id": order.id, "amount": amount})


def past(office: Office, customer_id: str, number: str, days_ago: int, *, fulfilled: bool) -> None:
    """Take an order of 1,000.00 over from the old books."""
    stage = "fulfilled" if fulfilled else "in_progress"
    order = PaperOrder(customer_id, number, supply="stock", stage=stage, created_at=ago(days_ago))
    office.end("keep_past_order", order, fulfilled=fulfilled)


@pytest.mark.parametrize(
    ("quantity", "turnover", "proposed"),
    [
        ("4999", "49990.00", "C"),
        ("5000", "50000.00", "B"),
        ("49999", "499990.00", "B"),
        ("50000", "500000.00", "A"),
    ],
)
def test_the_value_shipped_in_a_year_proposes_a_grade(
    office: Office, quantity: str, turnover: str, proposed: str
) -> None:
    order = shipped(office, quantity)

    found = proposal(office, order.customer_id)

    assert found == {
        "customer_code": office.codes[order.customer_id],
        "grade": "A",
        "proposed": proposed,
        "differs": proposed != "A",
        "turnover": turnover,
        "refunded": "0.00",
        "days_late": 0,
    }


@pytest.mark.parametrize(("days_ago", "turnover"), [(365, "1000.00"), (366, "0.00")])
def test_what_was_shipped_before_that_year_counts_no_more(
    office: Office, days_ago: int, turnover: str
) -> None:
    order = shipped(office, "100", days_ago=days_ago)

    assert proposal(office, order.customer_id)["turnover"] == turnover


def test_orders_of_the_old_books_count_by_the_day_they_were_ordered(office: Office) -> None:
    """What is still to be shipped of them counts when it leaves, like any other."""
    customer_id = office.customer("B")
    past(office, customer_id, "D261122-000001", 366, fulfilled=True)
    past(office, customer_id, "D261122-000002", 364, fulfilled=True)
    past(office, customer_id, "D261122-000003", 10, fulfilled=False)

    assert proposal(office, customer_id)["turnover"] == "1000.00"


def test_an_order_of_the_old_books_that_is_shipped_here_counts_once(office: Office) -> None:
    customer_id = office.customer("B")
    order = PaperOrder(
        customer_id, "D261122-000001", supply="stock", stage="in_progress", created_at=ago(10)
    )
    office.end("keep_past_order", order, fulfilled=False)
    office.dispatch(order, "100")
    order.shipped, order.stage = "100", "fulfilled"
    office.end("free_fulfilled_order", order)

    assert proposal(office, customer_id)["turnover"] == "1000.00"


@pytest.mark.parametrize(("amount", "proposed"), [("4999.99", "B"), ("5000.00", "C")])
def test_a_tenth_that_came_back_proposes_c(office: Office, amount: str, proposed: str) -> None:
    order = shipped(office, "5000")

    refund(office, order, amount)

    found = proposal(office, order.customer_id)
    assert (found["refunded"], found["proposed"]) == (amount, proposed)


def test_what_was_refunded_before_that_year_counts_no_more(
    office: Office, clock_file: Path
) -> None:
    order = shipped(office, "100")
    refund(office, order, "500.00")

    clock_file.write_text(str(365 * DAY))
    assert proposal(office, order.customer_id)["refunded"] == "500.00"
    clock_file.write_text(str(366 * DAY))
    assert proposal(office, order.customer_id)["refunded"] == "0.00"


def test_a_debt_overdue_now_proposes_c_from_the_thirtieth_day(office: Office) -> None:
    order = shipped(office, "5000", days_ago=29)
    assert proposal(office, order.customer_id)["proposed"] == "B"

    office.dispatch(order, "1", at=ago(30))

    found = proposal(office, order.customer_id)
    assert (found["days_late"], found["proposed"]) == (30, "C")


def test_what_was_paid_late_within_the_year_counts_though_nothing_is_owed(office: Office) -> None:
    order = shipped(office, "50000", days_ago=40)

    office.pay(order, "500000.00", paid_at=ago(5))

    found = proposal(office, order.customer_id)
    assert (found["days_late"], found["proposed"]) == (35, "C")


def test_one_day_late_is_too_late_for_a(office: Office) -> None:
    order = shipped(office, "50000", days_ago=2)

    office.pay(order, "500000.00", paid_at=ago(1))

    found = proposal(office, order.customer_id)
    assert (found["days_late"], found["proposed"]) == (1, "B")


@pytest.mark.parametrize(("paid", "late"), [(365, 35), (366, 0)])
def test_what_was_paid_late_before_that_year_is_forgotten(
    office: Office, paid: int, late: int
) -> None:
    order = shipped(office, "100", days_ago=400)

    office.pay(order, "1000.00", paid_at=ago(paid))

    assert proposal(office, order.customer_id)["days_late"] == late


def test_money_pays_the_oldest_shipment_first_and_a_deposit_is_never_late(office: Office) -> None:
    """30 due twenty days ago, 70 due ten days ago; paid 100, 200 and 700."""
    order = PaperOrder(office.customer("A"), "D261122-000001", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.pay(order, "100.00", paid_at=ago(60))
    office.dispatch(order, "30", at=ago(20))
    office.dispatch(order, "70", at=ago(10))

    office.pay(order, "700.00", paid_at=ago(3))
    assert proposal(office, order.customer_id)["days_late"] == 17
    office.pay(order, "200.00", paid_at=ago(18))

    assert proposal(office, order.customer_id)["days_late"] == 7


def test_of_an_order_that_goes_on_only_what_was_paid_late_within_the_year_counts(
    office: Office,
) -> None:
    order = PaperOrder(office.customer("A"), "D261122-000001", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "50", at=ago(500))
    office.dispatch(order, "50", at=ago(100))

    office.pay(order, "500.00", paid_at=ago(450))
    office.pay(order, "500.00", paid_at=ago(97))

    assert proposal(office, order.customer_id)["days_late"] == 3


def test_money_that_went_back_paid_for_nothing(office: Office) -> None:
    order = shipped(office, "100", days_ago=40)
    bounced = office.pay(order, "1000.00", paid_at=ago(40))
    assert proposal(office, order.customer_id)["days_late"] == 0

    office.do(FINANCE, "reverse_payment", payment_number=bounced, note="退票")
    assert proposal(office, order.customer_id)["days_late"] == 40
    office.pay(order, "1000.00", paid_at=ago(5))

    assert proposal(office, order.customer_id)["days_late"] == 35
