"""What is approved and promised rests on statements that still count (O13, O16, O17, X5)."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import clock
from services.orders.domain.errors import StatementExpired
from services.orders.schemas import commands
from services.orders.storage import looked_at
from services.orders.use_cases import actions, by_the_clock, reviewing
from tests.integration.orders.desk import CLERK, SUPERVISOR, Desk, Neighbours
from tests.integration.orders.test_confirmation import SIGNED, days_pass, papers
from tests.integration.orders.test_judging import back, resubmitted
from tests.integration.orders.test_on_hold import GRADE_A

KINDS = ("technique", "material", "schedule")
SENDING: dict[str, Any] = {"channel": "fax", "recipient": "张经理", "proof_read": True}


def in_days(days: int) -> date:
    return clock.business_date(clock.business_now()) + timedelta(days=days)


def not_passed(order: dict[str, Any]) -> set[str]:
    return {gate["kind"] for gate in order["gates"] if gate["verdict"] != "passed"}


def approve(desk: Desk, number: str, verdict: str = "passed") -> dict[str, Any]:
    order: dict[str, Any] = desk.do(
        commands.SignApproval,
        reviewing.sign_approval,
        SUPERVISOR,
        order_number=number,
        verdict=verdict,
        text="agreed",
    )
    return order


def stated(desk: Desk, kind: str, days: int) -> str:
    """Have an order stated whose statement of one kind is valid for so many days; its number."""
    number = str(desk.new_order()["number"])
    desk.state_all_made(number, valid_until={kind: in_days(days)})
    return number


def why_not(desk: Desk, number: str, verb: str) -> str | None:
    def look(work: Any) -> list[dict[str, Any]]:
        return actions.list_actions(work, looked_at.by_number(work, number).order)

    who = SUPERVISOR if verb == "sign_approval" else CLERK
    (action,) = (each for each in desk.store.read(who, look) if each["verb"] == verb)
    return None if action["why_not"] is None else str(action["why_not"]["code"])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_approved_by_a_statement_the_day_after_its_last(
    desk: Desk, clock_file: Path, kind: str
) -> None:
    number = stated(desk, kind, 1)
    days_pass(clock_file, 2)
    before, told = desk.order(number), desk.announced()

    with pytest.raises(StatementExpired, match=f"{kind} statement .* valid until {in_days(-1)}"):
        approve(desk, number)

    assert (desk.order(number), desk.announced()) == (before, told)
    assert why_not(desk, number, "sign_approval") == "statement_expired"
    refused = approve(desk, number, "refused")
    assert refused["stage"] == "in_review"


def test_a_statement_counts_on_its_last_day(desk: Desk, clock_file: Path) -> None:
    number = stated(desk, "material", 1)
    days_pass(clock_file, 1)

    assert why_not(desk, number, "sign_approval") is None
    assert approve(desk, number)["stage"] == "approved"
    assert why_not(desk, number, "send_confirmation") is None
    sent = desk.talk("send_confirmation", order_number=number, **SENDING)

    assert sent["stage"] == "awaiting_return"


def test_no_confirmation_is_sent_the_day_after_unless_it_had_gone_out_before(
    desk: Desk, clock_file: Path
) -> None:
    number = stated(desk, "material", 1)
    approved_at = clock.business_now()
    approve(desk, number)
    days_pass(clock_file, 2)
    before, told = desk.order(number), desk.announced()

    with pytest.raises(StatementExpired):
        desk.talk("send_confirmation", order_number=number, **SENDING)

    assert (desk.order(number), desk.announced()) == (before, told)
    assert why_not(desk, number, "send_confirmation") == "statement_expired"
    on_the_day_itself = (approved_at + timedelta(days=1)).isoformat()
    sent = desk.talk("send_confirmation", order_number=number, sent_at=on_the_day_itself, **SENDING)
    assert sent["stage"] == "awaiting_return"


def test_a_sending_that_ends_after_midnight_is_of_the_day_on_which_it_began(
    desk: Desk, neighbours: Neighbours, clock_file: Path
) -> None:
    number = stated(desk, "material", 0)
    approve(desk, number)
    today = in_days(0)
    neighbours.answer_after(
        "customers.get_terms", lambda: days_pass(clock_file, 1), {**GRADE_A, "grade": "B"}
    )

    sent = desk.talk("send_confirmation", order_number=number, **SENDING)

    (paper,) = papers(desk, number)
    assert (sent["stage"], paper["sent_on"]) == ("awaiting_return", today.isoformat())
    assert clock.business_date(datetime.fromisoformat(paper["sendings"][0]["at"])) == today


@pytest.mark.parametrize(
    ("kind", "asked_again"),
    [
        ("technique", {"technique", "approval"}),
        ("material", {"material", "schedule", "approval"}),
        ("schedule", {"schedule", "approval"}),
    ],
)
def test_a_resubmit_asks_again_for_what_has_expired(
    desk: Desk, clock_file: Path, kind: str, asked_again: set[str]
) -> None:
    number = stated(desk, kind, 1)
    approve(desk, number)
    days_pass(clock_file, 1)
    back(desk, number)
    assert not_passed(resubmitted(desk, number)) == set()
    back(desk, number)
    days_pass(clock_file, 1)

    assert not_passed(resubmitted(desk, number)) == asked_again

    desk.state_all_made(number, revision=3)
    assert approve(desk, number)["stage"] == "approved"


@pytest.mark.parametrize(
    ("kind", "asked_again"),
    [
        ("technique", {"technique", "approval"}),
        ("material", {"material", "schedule", "approval"}),
        ("schedule", {"schedule", "approval"}),
    ],
)
def test_what_has_expired_in_review_is_asked_for_again_the_next_morning(
    desk: Desk, clock_file: Path, kind: str, asked_again: set[str]
) -> None:
    number, approved = stated(desk, kind, 1), stated(desk, kind, 1)
    approve(desk, approved)

    def morning() -> int:
        days_pass(clock_file, 1)
        with desk.store.work() as work:
            return by_the_clock.reopen_expired_gates(work)

    assert (morning(), not_passed(desk.order(number))) == (0, {"approval"})
    assert morning() == 1
    order = desk.order(number)
    assert (not_passed(order), desk.announced()[-1]) == (asked_again, "order_changed")
    assert desk.order(approved)["stage"] == "approved"

    # What had been taken before passes no gate a second time.
    others = {"technique": "schedule"}.get(kind, "technique")
    told = {"order_id": order["id"], "revision": 1, "verdict": "passed", "text": "again"}
    signed = {"signer_id": "t-1", "signer_name": "T", "signed_at": order["created_at"]}
    with desk.store.work() as work:
        reviewing.take_statement(work, {**told, **signed, "kind": others})
    assert not_passed(desk.order(number)) == asked_again
    assert morning() == 0
    desk.state_all_made(number)
    assert approve(desk, number)["stage"] == "approved"


def test_an_approval_that_was_refused_stays_refused_when_a_statement_expires(
    desk: Desk, clock_file: Path
) -> None:
    """O12: it waits to be returned, and the next submit asks for what has expired."""
    number = stated(desk, "technique", 1)
    approve(desk, number, "refused")
    before = desk.order(number)
    days_pass(clock_file, 2)

    with desk.store.work() as work:
        assert by_the_clock.reopen_expired_gates(work) == 0

    assert desk.order(number) == before
    (approval,) = (gate for gate in before["gates"] if gate["kind"] == "approval")
    assert (approval["verdict"], approval["text"]) == ("refused", "agreed")
    assert desk.state("select kind, state from task") == [("gate_refused", "open")]
    back(desk, number)
    assert not_passed(resubmitted(desk, number)) == {"technique", "approval"}


def test_what_the_customer_has_signed_rests_on_its_statements_no_more(
    desk: Desk, clock_file: Path
) -> None:
    """The works instruction may be issued long after: the promise was made while they counted."""
    number = stated(desk, "material", 1)
    approve(desk, number)
    desk.talk("send_confirmation", order_number=number, **SENDING)
    days_pass(clock_file, 5)
    desk.talk("verify_sign_back", order_number=number, **SIGNED)
    desk.neighbours.answer(
        "customers.check_production_terms",
        {"grade": "B", "instruction_before_sign_back": False, "credit_stop": False}
        | {"money_met": True},
    )
    desk.neighbours.answer("inventory.issue_instruction", {"number": "W-1"})

    issued = desk.talk("issue_instruction", order_number=number, line_no=1)

    assert issued["stage"] == "in_progress"
