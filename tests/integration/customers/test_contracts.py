"""Contracts that follow each other: which one counts on which day (SPEC §4, O11, C4)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.clock import business_date
from chassis.errors import GendanError
from services.customers.use_cases.contracts import sign_contract
from tests.integration.customers.story import CLERK, FINANCE, WAITING, Office, PaperOrder

DAY = 86_400


def in_days(days: int) -> str:
    """Give a business date, counted from the story's first day."""
    return (business_date(datetime.now(UTC)) + timedelta(days=days)).isoformat()


@pytest.fixture
def customer_id(office: Office) -> str:
    return office.customer("A")


def approved(office: Office, customer_id: str, valid_from: str, **terms: Any) -> str:
    drafted = office.do(
        CLERK,
        "draft_contract",
        customer_code=office.codes[customer_id],
        valid_from=valid_from,
        **terms,
    )
    office.do(FINANCE, "approve_contract", contract_number=drafted["number"])
    return str(drafted["number"])


def signed(office: Office, customer_id: str, valid_from: str, **terms: Any) -> str:
    number = approved(office, customer_id, valid_from, **terms)
    office.do(CLERK, "sign_contract", contract_number=number, signed_by_customer="王总")
    return number


def end(office: Office, number: str) -> None:
    office.do(FINANCE, "end_contract", contract_number=number, note="不再执行")


def state(office: Office, number: str) -> str:
    return str(office.ask(CLERK, "get_contract", contract_number=number)["state"])


def in_force(office: Office, customer_id: str) -> Any:
    return office.ask(CLERK, "get_terms", customer_id=customer_id)["contract_number"]


def test_a_contract_for_next_year_takes_the_present_ones_place_on_the_day_it_begins(
    office: Office, customer_id: str, clock_file: Path
) -> None:
    present = signed(office, customer_id, "2020-01-01", deposit_percent="50", credit_limit="5000")

    following = signed(office, customer_id, in_days(30), deposit_percent="20", credit_limit="7000")

    seen = []
    for day in (0, 29, 30):
        clock_file.write_text(str(day * DAY))
        answer = office.reserve(PaperOrder(customer_id, f"D261122-{day:06d}"))
        account = office.account(customer_id)
        seen.append((answer["deposit_percent"], answer["limit"], account["credit_limit"]))
        assert in_force(office, customer_id) == (present if day < 30 else following)
    assert seen == [
        ("50.000", "5000.00", "5000.00"),
        ("50.000", "5000.00", "5000.00"),
        ("20.000", "7000.00", "7000.00"),
    ]


def test_a_contract_dropped_before_it_begins_leaves_the_present_one_in_force(
    office: Office, customer_id: str, clock_file: Path
) -> None:
    present = signed(office, customer_id, "2020-01-01")
    following = signed(office, customer_id, in_days(30))

    end(office, following)

    clock_file.write_text(str(30 * DAY))
    assert in_force(office, customer_id) == present


def test_a_contract_that_ends_brings_no_older_one_back(
    office: Office, customer_id: str, clock_file: Path
) -> None:
    present = signed(office, customer_id, "2020-01-01")
    following = signed(office, customer_id, in_days(30))
    clock_file.write_text(str(30 * DAY))

    end(office, following)

    assert in_force(office, customer_id) is None
    assert state(office, present) == "ended"


def test_a_contract_that_runs_out_brings_no_older_one_back(
    office: Office, customer_id: str, clock_file: Path
) -> None:
    signed(office, customer_id, "2020-01-01", credit_limit="5000")
    following = signed(office, customer_id, in_days(30), valid_until=in_days(40))

    clock_file.write_text(str(40 * DAY))
    assert in_force(office, customer_id) == following
    clock_file.write_text(str(41 * DAY))
    assert in_force(office, customer_id) is None
    answer = office.reserve(PaperOrder(customer_id, "D261122-000001"))
    assert answer["limit"] == "500000.00"


def test_a_newer_contract_that_begins_earlier_ends_the_one_that_waits(
    office: Office, customer_id: str, clock_file: Path
) -> None:
    present = signed(office, customer_id, "2020-01-01")
    waiting = signed(office, customer_id, in_days(30))

    newer = signed(office, customer_id, in_days(10))

    assert [state(office, number) for number in (present, waiting, newer)] == [
        "signed",
        "ended",
        "signed",
    ]
    clock_file.write_text(str(30 * DAY))
    assert in_force(office, customer_id) == newer


def test_a_contract_for_the_days_until_the_next_leaves_that_one_waiting(
    office: Office, customer_id: str, clock_file: Path
) -> None:
    waiting = signed(office, customer_id, in_days(30))

    between = signed(office, customer_id, in_days(0), valid_until=in_days(29))

    assert in_force(office, customer_id) == between
    clock_file.write_text(str(30 * DAY))
    assert in_force(office, customer_id) == waiting


def test_the_next_contracts_credit_stop_counts_from_its_day(
    office: Office, customer_id: str, clock_file: Path
) -> None:
    """Grade A is stopped at 30 days overdue; the contract says 10."""
    signed(office, customer_id, "2020-01-01")
    order = PaperOrder(customer_id, "D261122-000001", supply="stock")
    office.reserve(order)
    office.confirm(order)
    office.dispatch(order, "100")
    signed(office, customer_id, in_days(20), credit_stop_days=10)

    stopped = []
    for day in (19, 20):
        clock_file.write_text(str(day * DAY))
        with office.store.work() as work:
            office.service.look_for_credit_stops(work, None)
        stopped.append(office.rows("select is_stopped from credit_account")[0].is_stopped)
    assert stopped == [False, True]


def test_a_contract_that_is_over_is_not_signed_and_leaves_the_one_in_force(
    office: Office, customer_id: str
) -> None:
    present = signed(office, customer_id, "2020-01-01")
    late = approved(office, customer_id, "2021-01-01", valid_until="2021-12-31")
    waiting = approved(office, customer_id, "2021-01-01", valid_until=in_days(1))

    to_sign = [item["entity_number"] for item in office.ask(CLERK, "list_work")["items"]]
    assert to_sign == [waiting]
    actions = office.ask(CLERK, "list_contract_actions", contract_number=late)["items"]
    assert [a["why_not"]["code"] for a in actions if a["verb"] == "sign"] == ["contract_over"]
    with pytest.raises(GendanError) as refused:
        office.do(CLERK, "sign_contract", contract_number=late, signed_by_customer="王总")

    assert refused.value.code == "contract_over"
    assert [state(office, number) for number in (present, late)] == ["signed", "approved"]
    assert in_force(office, customer_id) == present


def test_notices_follow_a_contract_on_the_day_it_begins_and_when_it_is_over(
    office: Office, customer_id: str, clock_file: Path
) -> None:
    """Half is asked for at first, by the next contract a fifth; grade A asks for no deposit."""
    now = datetime.now(UTC)
    tenth, nineteenth = (business_date(now + timedelta(days=n)).isoformat() for n in (10, 19))
    signed(office, customer_id, "2020-01-01", deposit_percent="50")
    signed(office, customer_id, tenth, valid_until=nineteenth, deposit_percent="20")
    order = PaperOrder(customer_id, "D261122-000001")
    office.reserve(order)
    office.confirm(order)

    seen = []
    for day in (9, 10, 19, 20):
        clock_file.write_text(str(day * DAY))
        with office.store.work() as work:
            office.service.follow_contracts(work, now + timedelta(days=day))
        (notice,) = office.ask(CLERK, "list_notices", order_number=order.number)["items"]
        seen.append((notice["state"], notice["amount"]))

    assert seen == [
        ("drafted", "500.00"),
        ("drafted", "200.00"),
        ("drafted", "200.00"),
        ("withdrawn", "200.00"),
    ]


def test_of_two_contracts_for_the_same_days_signed_at_once_one_stays(
    office: Office, customer_id: str
) -> None:
    first, second = (approved(office, customer_id, in_days(30)) for _ in range(2))

    def sign_second() -> None:
        office.do(CLERK, "sign_contract", contract_number=second, signed_by_customer="王总")

    with ThreadPoolExecutor(1) as pool:
        with office.store.work(CLERK) as work:
            sign_contract(
                work,
                first,
                signed_by_customer="王总",
                expected_version=None,
                reason=None,
                note=None,
            )
            later = pool.submit(sign_second)
            while not office.rows(WAITING):
                assert not later.done()
        later.result()

    assert [state(office, number) for number in (first, second)] == ["ended", "signed"]


def test_the_log_says_why_a_contract_was_moved(office: Office, customer_id: str) -> None:
    """X1: also one that is in force and ends."""
    number = approved(office, customer_id, "2020-01-01")
    why = {"reason": "customer_request", "note": "按客户要求"}
    office.do(CLERK, "send_back_contract", contract_number=number, **why)
    office.do(
        CLERK, "change_contract", contract_number=number, changes={"deposit_percent": "20"}, **why
    )
    office.do(FINANCE, "approve_contract", contract_number=number, **why)
    office.do(CLERK, "sign_contract", contract_number=number, signed_by_customer="王总", **why)
    office.do(FINANCE, "end_contract", contract_number=number, **why)

    log = office.ask(CLERK, "list_changes", entity_type="contract", entity_id=number)["items"]

    assert [(one["action"], one["reason"], one["note"]) for one in log[:5]] == [
        (action, why["reason"], why["note"])
        for action in (
            "contract_ended",
            "contract_signed",
            "contract_approved",
            "change_contract",
            "contract_draft",
        )
    ]
