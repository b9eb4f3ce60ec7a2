"""Issue, progress, hold, cancel, the end of an order, the old books."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from marshmallow import EXCLUDE

from chassis.commands import load
from chassis.database import Work
from chassis.errors import Conflict, RoleNeeded, Unavailable
from chassis.principal import Principal
from chassis.rpc import deadline_in
from services.orders import pages
from services.orders.domain.errors import (
    GradeTooLow,
    InstructionIssued,
    LineUnderWay,
    MoneyNeeded,
    NotAllOwedSettled,
    OrderOnHold,
)
from services.orders.schemas import commands, heard
from services.orders.storage import orders as stored
from services.orders.use_cases import actions, announcing, anomalies, ending, progress
from tests.integration.orders.desk import (
    CLERK,
    DIRECTOR,
    FINANCE,
    PASSED,
    SALES,
    SUPERVISOR,
    Desk,
    Neighbours,
)
from tests.integration.orders.test_confirmation import SIGNED

MONEY_MET = {
    "grade": "B",
    "terms": "deposit_and_balance",
    "instruction_before_sign_back": False,
    "money_needed": "300.00",
    "money_verified": "300.00",
    "money_met": True,
    "credit_stop": False,
}


class AlreadyDispatched(Conflict):
    code = "already_dispatched"
    en = "Shipment S1 has left."
    zh = "已发货"


@pytest.fixture
def confirmed(desk: Desk, neighbours: Neighbours) -> dict[str, Any]:
    neighbours.answer("customers.check_production_terms", MONEY_MET)
    number = desk.sent_order()["number"]
    order: dict[str, Any] = desk.talk("verify_sign_back", order_number=number, **SIGNED)
    neighbours.answer(
        "inventory.issue_instruction", {"number": "P-1", "line_id": order["lines"][0]["id"]}
    )
    return order


@pytest.fixture
def shipped(desk: Desk, confirmed: dict[str, Any]) -> Callable[..., None]:
    """Let shipping announce a shipment of the whole order in a state."""
    shipment_id, line_id = str(uuid4()), confirmed["lines"][0]["id"]

    def announce(
        name: str,
        state: str,
        sequence: int,
        quantity: str = "980",
        signed: str | None = None,
        **facts: Any,
    ) -> None:
        shipment = {
            "id": shipment_id,
            "order_id": confirmed["id"],
            "number": "S-1",
            "state": state,
            "lines": [{"line_id": line_id, "quantity": quantity, "signed_quantity": signed}],
            **facts,
        }
        desk.hear_of_shipment(name, shipment, sequence)

    return announce


def short_close(desk: Desk, number: str, *, reason: str) -> None:
    """Give up the rest of the first line by the customer's consent."""
    desk.do(
        commands.ShortCloseLine,
        ending.short_close_line,
        SUPERVISOR,
        order_number=number,
        line_no=1,
        consent_by="张经理",
        reason=reason,
    )


def stock(desk: Desk, order: dict[str, Any], quantity: str) -> None:
    desk.hear_of_instruction(
        "goods_stocked",
        {
            "number": "P-1",
            "order_id": order["id"],
            "line_id": order["lines"][0]["id"],
            "state": "stocked",
            "line_produced_quantity": quantity,
            "line_accepted_quantity": quantity,
        },
    )


def instruction(desk: Desk, order: dict[str, Any], name: str, **facts: Any) -> dict[str, Any]:
    """Let inventory announce an instruction; gives the line as it stands then."""
    sequence, beside = facts.pop("sequence", None), facts.pop("beside", {})
    told = {
        "order_id": order["id"],
        "line_id": order["lines"][0]["id"],
        "line_produced_quantity": "0",
        "line_accepted_quantity": None,
        **facts,
    }
    desk.hear_of_instruction(name, told, sequence, **beside)
    line: dict[str, Any] = desk.order(order["number"])["lines"][0]
    return line


def waiting(desk: Desk) -> list[str]:
    items = desk.store.read(CLERK, lambda work: pages.list_work(work, {"limit": 100}))
    return [item["verb"] for item in items if item["entity_type"] == "order"]


def test_a_made_line_waits_to_be_issued_then_made_and_then_to_be_shipped(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None]
) -> None:
    assert waiting(desk) == ["issue_instruction"]
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    instruction(desk, confirmed, "instruction_issued", number="P-1", state="issued")
    assert waiting(desk) == []

    stock(desk, confirmed, "980")
    assert waiting(desk) == ["request_dispatch"]

    shipped("dispatch_requested", "requested", 1, "500")
    assert waiting(desk) == []
    shipped("shipment_dispatched", "dispatched", 2, "500")
    assert waiting(desk) == ["request_dispatch"]
    shipped("shipment_dispatched", "dispatched", 3, "980")
    assert waiting(desk) == []


def test_a_further_instruction_begins_anew_and_adds_to_what_was_accepted(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None]
) -> None:
    """I10: outside tolerance, what lacks is made once more by the customer's consent."""
    first = {"number": "P261122-000001", "line_produced_quantity": "800"}
    rest = {"number": "P261122-000002", "line_accepted_quantity": "800"}
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    instruction(
        desk, confirmed, "goods_stocked", **first, state="stocked", line_accepted_quantity="800"
    )
    line = instruction(desk, confirmed, "instruction_drafted", **rest, state="draft")
    assert (line["production"], line["instruction_number"]) == ("draft", rest["number"])
    shipped("shipment_signed", "signed", 1, "800")
    assert desk.order(confirmed["number"])["stage"] == "in_progress"

    late = instruction(desk, confirmed, "instruction_finished", **first, state="finished")
    assert (late["production"], late["accepted_quantity"]) == ("draft", "800.000")
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    line = instruction(
        desk,
        confirmed,
        "goods_stocked",
        **rest | {"line_produced_quantity": "1000", "line_accepted_quantity": "1000"},
        state="stocked",
    )
    assert (line["production"], line["produced_quantity"], line["accepted_quantity"]) == (
        "stocked",
        "1000.000",
        "1000.000",
    )
    assert desk.order(confirmed["number"])["stage"] == "in_progress"


@pytest.mark.parametrize(("accepted", "shown"), [("800", "stocked"), ("0", "cancelled")])
def test_a_line_whose_rest_is_given_up_shows_what_became_of_its_goods(
    desk: Desk, confirmed: dict[str, Any], accepted: str, shown: str
) -> None:
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    first = {"number": "P-1", "state": "stocked", "line_accepted_quantity": accepted}
    rest = {"number": "P-2", "line_accepted_quantity": accepted}
    instruction(desk, confirmed, "goods_stocked", **first, rest_follows=True)
    instruction(desk, confirmed, "instruction_drafted", **rest, state="draft")

    line = instruction(desk, confirmed, "instruction_cancelled", **rest, state="cancelled")

    assert (line["production"], line["accepted_quantity"]) == (shown, f"{accepted}.000")


def test_a_report_corrected_downward_reaches_the_line_and_what_comes_late_does_not(
    desk: Desk, confirmed: dict[str, Any]
) -> None:
    def reported(sequence: int, quantity: str) -> str:
        facts = {"number": "P-1", "state": "running", "line_produced_quantity": quantity}
        told = instruction(desk, confirmed, "production_reported", sequence=sequence, **facts)
        return str(told["produced_quantity"])

    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)

    assert reported(5, "900") == "900.000"
    assert reported(6, "90") == "90.000"
    assert reported(5, "900") == "90.000"


def test_the_draft_that_is_told_after_the_issue_was_answered_takes_nothing_back(
    desk: Desk, confirmed: dict[str, Any]
) -> None:
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)

    late = instruction(
        desk, confirmed, "instruction_drafted", sequence=1, number="P-1", state="draft"
    )

    assert (late["production"], late["instruction_number"]) == ("issued", "P-1")


def test_a_deposit_that_goes_back_while_the_order_is_made_is_an_anomaly_of_sales_once(
    desk: Desk, confirmed: dict[str, Any]
) -> None:
    def told(sequence: int, verified: str, *, met: bool) -> list[Any]:
        money = {"order_id": confirmed["id"], "verified": verified, "worth": "1000.00"}
        with desk.store.work() as work:
            progress.take_money(work, money | {"deposit_met": met, "paid_in_full": met}, sequence)
        return list(desk.state("select priority, step, text from anomaly"))

    assert told(1, "300.00", met=True) == told(2, "0.00", met=False) == []  # Nothing is made yet.
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    assert told(3, "300.00", met=True) == []

    text = f"Verified money of {confirmed['number']} is missing again."
    assert told(4, "0.00", met=False) == [("urgent", 1, text)]
    assert told(5, "100.00", met=False) == told(4, "0.00", met=False) == [("urgent", 1, text)]


def test_money_of_a_closed_order_that_goes_back_is_an_anomaly_of_sales(
    desk: Desk, closed: str
) -> None:
    money = {"order_id": desk.order(closed)["id"], "worth": "980.00", "deposit_met": True}
    for sequence, verified, paid in ((1, "980.00", True), (2, "0.00", False)):
        with desk.store.work() as work:
            facts = {"verified": verified, "paid_in_full": paid}
            progress.take_money(work, money | facts, sequence)

    text = f"Verified money of {closed} is missing again."
    assert desk.state("select step, text from anomaly") == [(1, text)]


def test_sales_is_told_once_that_the_deposit_and_then_all_is_verified(
    desk: Desk, confirmed: dict[str, Any]
) -> None:
    """O32: and not of a deposit that nobody asked for, nor of what an order no longer costs."""
    facts = {"order_id": confirmed["id"], "deposit_due": "300.00", "worth": "1000.00"}

    def told(sequence: int, verified: str, *, deposit: bool, paid: bool = False) -> list[Any]:
        money = facts | {"verified": verified, "deposit_met": deposit, "paid_in_full": paid}
        with desk.store.work() as work:
            progress.take_money(work, money, sequence)
        return [
            tuple(row) for row in desk.state("select title, state from task order by opened_at")
        ]

    number = confirmed["number"]
    deposit, paid = f"The deposit of {number} is verified", f"{number} is paid in full"
    assert told(1, "0.00", deposit=False) == []
    for sequence in (2, 2, 3):
        assert told(sequence, "300.00", deposit=True) == [(deposit, "open")]
    assert told(4, "1000.00", deposit=True, paid=True) == [(deposit, "dropped"), (paid, "open")]
    assert desk.state("select role, person_id from task where state = 'open'") == [
        ("sales", "sales-1")
    ]
    assert told(5, "0.00", deposit=False)[1:] == [(paid, "dropped")]

    facts["deposit_due"] = "0.00"
    assert told(6, "100.00", deposit=True)[2:] == []
    facts["worth"] = "0.00"
    assert told(7, "100.00", deposit=True, paid=True)[2:] == []


def test_an_instruction_waits_for_the_deposit(
    desk: Desk, neighbours: Neighbours, confirmed: dict[str, Any]
) -> None:
    """O22 O32."""
    neighbours.answer(
        "customers.check_production_terms",
        {**MONEY_MET, "money_verified": "0.00", "money_met": False},
    )
    before = desk.order(confirmed["number"])

    with pytest.raises(MoneyNeeded) as refused:
        desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)

    assert refused.value.details["needed"] == "300.00"
    after = desk.order(confirmed["number"])
    # Marking the order busy and free again counts its version; nothing else moved.
    assert {**after, "version": 0} == {**before, "version": 0}
    assert "inventory.issue_instruction" not in neighbours.names()


def test_an_issue_that_reaches_nobody_who_knows_the_money_stops_nobody_else(
    desk: Desk, neighbours: Neighbours, confirmed: dict[str, Any]
) -> None:
    neighbours.refuse("customers.check_production_terms", Unavailable())
    number, key = confirmed["number"], "k"
    issue = {"order_number": number, "line_no": 1}
    with pytest.raises(Unavailable):
        desk.talks.hold("issue_instruction", CLERK, key, issue, deadline=deadline_in(0.3))

    for verb in ("hold", "resume"):
        desk.talk(verb, order_number=number, reason="customer_request")
    neighbours.answer("customers.check_production_terms", MONEY_MET)

    assert desk.talk("issue_instruction", key=key, **issue)["stage"] == "in_progress"


def test_the_first_instruction_starts_the_order(desk: Desk, confirmed: dict[str, Any]) -> None:
    """O24."""
    order = desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)

    assert order["stage"] == "in_progress"
    assert order["lines"][0]["production"] == "issued"
    with pytest.raises(InstructionIssued):
        desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)


def test_a_demotion_since_the_confirmation_bites_at_issue(
    desk: Desk, neighbours: Neighbours
) -> None:
    neighbours.answer(
        "customers.get_terms",
        {"grade": "A", "terms": "account", "instruction_before_sign_back": True},
    )
    number = desk.sent_order()["number"]
    desk.talk("confirm_by_grade", order_number=number)
    neighbours.answer("customers.check_production_terms", MONEY_MET)

    with pytest.raises(GradeTooLow):
        desk.talk("issue_instruction", order_number=number, line_no=1)


def test_an_order_is_fulfilled_when_its_accepted_quantity_is_signed_for(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None]
) -> None:
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    stock(desk, confirmed, "980")
    shipped("shipment_dispatched", "dispatched", 5)
    assert desk.order(confirmed["number"])["stage"] == "in_progress"

    shipped("shipment_signed", "signed", 8)

    order = desk.order(confirmed["number"])
    assert (order["stage"], order["lines"][0]["signed_quantity"]) == ("fulfilled", "980.000")
    assert desk.announced()[-1] == "order_fulfilled"


def test_what_was_wholly_rejected_and_is_made_again_is_not_fulfilled(
    desk: Desk, confirmed: dict[str, Any]
) -> None:
    """Of nothing accepted nothing is to be signed for, and yet all is to come."""
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    rejected = {"number": "P-1", "state": "stocked", "line_accepted_quantity": "0"}

    line = instruction(desk, confirmed, "goods_stocked", **rejected, rest_follows=True)

    assert line["production"] == "draft"
    assert desk.order(confirmed["number"])["stage"] == "in_progress"
    assert waiting(desk) == []  # The planner dates it first.
    rest = {"number": "P-2", "state": "draft"}
    instruction(desk, confirmed, "instruction_drafted", **rest, follows="plan")
    assert waiting(desk) == []
    instruction(desk, confirmed, "instruction_changed", **rest, follows="draft")
    assert waiting(desk) == ["issue_instruction"]
    assert desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)


@pytest.mark.parametrize(
    ("receipt", "topic", "text"),
    [
        ({"signed_quantity": "978"}, "quantity", "line 1: 978 of 980"),
        ({"damaged_quantity": "3"}, "quality", "line 1: 3 damaged"),
    ],
)
@pytest.mark.parametrize("name", ["shipment_signed", "receipt_recorded"])
def test_a_receipt_that_lacks_something_is_an_anomaly_at_once(
    desk: Desk, confirmed: dict[str, Any], name: str, receipt: dict[str, str], topic: str, text: str
) -> None:
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    stock(desk, confirmed, "980")
    line = {"line_id": confirmed["lines"][0]["id"], "line_no": 1, "quantity": "980", **receipt}
    signed = {"id": str(uuid4()), "order_id": confirmed["id"], "number": "S-1", "state": "signed"}

    desk.hear_of_shipment(name, {**signed, "lines": [line]}, 1)

    raised = desk.state("select cause, topic, priority, text from anomaly")
    assert raised == [("logistics", topic, "urgent", f"The receipt of shipment S-1: {text}.")]


def test_what_is_next_tells_where_the_goods_are(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None]
) -> None:
    def following() -> tuple[str | None, list[str]]:
        asked = {"order_id": None, "order_number": confirmed["number"]}
        step = desk.store.read(CLERK, lambda work: pages.get_order(work, asked))["next"]
        return step["verb"], step["who"]

    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    stock(desk, confirmed, "980")
    assert following() == ("request_dispatch", ["clerk"])
    shipped("dispatch_requested", "requested", 1)
    assert following() == ("release", ["finance"])
    shipped("shipment_released", "released", 2)
    assert following() == ("check", ["clerk", "assistant"])
    shipped("shipment_checked", "checked", 3)
    assert following() == ("hand", ["dispatcher"])
    shipped("release_withdrawn", "checked", 4, release_withdrawn_at="2026-03-02T02:00:00+00:00")
    assert following() == ("release", ["finance"])
    shipped("shipment_handed", "handed", 5)
    assert following() == ("pack", ["warehouse"])
    shipped("shipment_packed", "packed", 6)
    assert following() == ("dispatch", ["dispatcher"])
    shipped("shipment_dispatched", "dispatched", 7)
    assert following() == ("report_signature", ["assistant"])
    shipped("shipment_signed", "signed", 8, "978")
    assert following() == ("request_dispatch", ["clerk"])
    shipped("shipment_failed", "lost", 9)
    assert following() == ("short_close_line", ["aftersales", "supervisor"])


_TOLD = "select kind, role, person_id, title, state, outcome from task order by opened_at, id"


@pytest.mark.parametrize("state", ["exception", "lost", "returned_to_sender"])
def test_what_meets_goods_on_their_way_is_told_to_the_customer_once(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None], state: str
) -> None:
    """S10: beside the anomaly, a task of the desk; the event may come again."""
    shipped("shipment_dispatched", "dispatched", 1)
    for sequence in (2, 2, 1):
        shipped("shipment_failed", state, sequence)

    title = f"Tell the customer of {confirmed['number']}: shipment S-1 is {state}"
    assert desk.state(_TOLD) == [("tell_trouble", "clerk", None, title, "open", None)]


def test_an_arrival_is_told_to_the_salesperson_until_it_is_signed_for(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None]
) -> None:
    """S10: and what the customer was to be told is needless then."""
    shipped("shipment_failed", "exception", 1)
    for _ in range(2):
        shipped("shipment_arrived", "arrived", 2)
    trouble, arrived = desk.state(_TOLD)
    assert (trouble.state, trouble.outcome) == ("dropped", "arrived")
    title = f"Shipment S-1 of {confirmed['number']} has arrived"
    assert tuple(arrived) == ("arrived", "sales", "sales-1", title, "open", None)

    shipped("shipment_signed", "signed", 3)
    assert [task.state for task in desk.state(_TOLD)] == ["dropped", "dropped"]


def test_nobody_is_told_of_an_arrival_whose_receipt_overtakes_the_signature(
    desk: Desk, shipped: Callable[..., None]
) -> None:
    shipped("shipment_arrived", "arrived", 1)

    shipped("receipt_recorded", "signed", 3)
    shipped("shipment_signed", "signed", 2)

    ((_, _, _, _, state, outcome),) = desk.state(_TOLD)
    assert (state, outcome) == ("dropped", "signed")


def test_of_goods_that_are_signed_for_at_their_arrival_nobody_is_told(
    desk: Desk, shipped: Callable[..., None]
) -> None:
    shipped("shipment_arrived", "signed", 1)
    shipped("shipment_signed", "signed", 2)
    assert desk.state(_TOLD) == []


@pytest.mark.parametrize("state", ["running", "abnormal", "finished", "inspected"])
def test_a_line_that_is_being_made_is_not_given_up(
    desk: Desk, confirmed: dict[str, Any], state: str
) -> None:
    """Short-closed it would be fulfilled while the factory goes on."""
    number = confirmed["number"]
    desk.talk("issue_instruction", order_number=number, line_no=1)
    instruction(desk, confirmed, "instruction_started", number="P-1", state=state)
    before = desk.order(number)

    with pytest.raises(LineUnderWay, match="P-1"):
        short_close(desk, number, reason="stock")

    assert desk.order(number) == before


def test_what_is_next_tells_whose_turn_it_is_in_the_works(
    desk: Desk, confirmed: dict[str, Any]
) -> None:
    def following(state: str, follows: str | None, number: str = "P-1") -> tuple[str, list[str]]:
        facts = {"state": state, "follows": follows, "number": number}
        instruction(desk, confirmed, "instruction_changed", **facts)
        asked = {"order_id": None, "order_number": confirmed["number"]}
        step = desk.store.read(CLERK, lambda work: pages.get_order(work, asked))["next"]
        return step["verb"], step["who"]

    assert following("draft", "draft") == ("issue_instruction", ["clerk"])
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    assert following("issued", "issued") == ("accept", ["planner"])
    assert following("accepted", "accepted") == ("start", ["planner"])
    assert following("running", None) == ("report_production", ["planner", "assistant"])
    assert following("finished", "finished") == ("inspect", ["inspector"])
    assert following("finished", "countersign") == ("countersign", ["clerk"])
    consent = ("record_consent", ["clerk", "sales", "supervisor"])
    assert following("inspected", "record_consent") == consent
    assert following("inspected", "inspected") == ("stock_in", ["inspector"])
    assert following("draft", "plan", "P-2") == ("plan", ["planner"])
    assert following("draft", "draft", "P-2") == ("issue_instruction", ["clerk"])


def test_a_further_instruction_is_not_shown_to_be_issued_before_the_planner_has_dated_it(
    desk: Desk, confirmed: dict[str, Any]
) -> None:
    def why_not() -> str | None:
        with desk.store.work(CLERK) as work:
            listed = actions.list_actions(work, stored.order_by_number(work, confirmed["number"]))
        (issue,) = (action for action in listed if action["verb"] == "issue_instruction")
        return None if issue["why_not"] is None else issue["why_not"]["code"]

    rest = {"number": "P-2", "state": "draft"}
    instruction(desk, confirmed, "instruction_drafted", **rest, follows="plan")
    assert why_not() == "schedule_not_signed"

    instruction(desk, confirmed, "instruction_changed", **rest, follows="draft")
    assert why_not() is None


@pytest.mark.parametrize("state", ["lost", "returned_to_sender"])
def test_what_is_lost_or_came_back_is_not_waited_for_to_be_shipped(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None], state: str
) -> None:
    """Its case sees to it: the goods are the order's no more, and a request would be refused."""
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    stock(desk, confirmed, "980")
    assert waiting(desk) == ["request_dispatch"]

    shipped("shipment_failed", state, 1, "970")
    assert waiting(desk) == ["request_dispatch"]  # Ten are still there.
    shipped("shipment_failed", state, 2, "980")

    assert waiting(desk) == []
    assert desk.order(confirmed["number"])["stage"] == "in_progress"


def test_what_the_customer_did_not_sign_for_waits_for_its_case_and_then_is_given_up(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None]
) -> None:
    """Made 980 of 1000 ordered: 980 are to be signed for, and 975 are."""
    number = confirmed["number"]
    desk.talk("issue_instruction", order_number=number, line_no=1)
    stock(desk, confirmed, "980")
    shipped("shipment_signed", "signed", 1, signed="975")

    asked = {"order_id": None, "order_number": number}
    step = desk.store.read(CLERK, lambda work: pages.get_order(work, asked))["next"]
    assert (step["verb"], step["who"]) == ("short_close_line", ["aftersales", "supervisor"])
    assert step["text_zh"] == "签收不足，售后处理后由主管结清"
    assert waiting(desk) == []  # It has left: a request would be refused.
    assert desk.order(number)["stage"] == "in_progress"

    short_close(desk, number, reason="other")
    assert desk.order(number)["stage"] == "fulfilled"


def test_a_receipt_that_shows_less_after_a_bare_scan_leaves_its_order_fulfilled(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None]
) -> None:
    """An order does not go back from fulfilled (SPEC §5): the case sees to what lacks."""
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    stock(desk, confirmed, "980")
    shipped("shipment_signed", "signed", 1)
    shipped("receipt_recorded", "signed", 2, signed="975")

    order = desk.order(confirmed["number"])
    assert (order["stage"], order["lines"][0]["signed_quantity"]) == ("fulfilled", "975.000")


def test_a_rejected_scan_is_an_urgent_anomaly(desk: Desk, confirmed: dict[str, Any]) -> None:
    """SPEC §7; read as the event is: what its schema does not name is left out."""
    shipment = {"id": "s", "order_id": confirmed["id"], "number": "S-1", "state": "requested"}
    told = {"shipment": shipment, "scan": {"kind": "dispatch"}, "reason": "illegal_move"}
    data = heard.ScanRejected().load(told, unknown=EXCLUDE)

    with desk.store.work() as work:
        progress.take_rejected_scan(work, data["shipment"], data["reason"])

    (raised,) = desk.state("select priority, text from anomaly")
    assert raised == ("urgent", "A scan of shipment S-1 was rejected: illegal_move")


@pytest.mark.parametrize(
    ("beside", "topic", "text", "measure"),
    [
        (
            {"class": "quality", "reason": "掉粉", "measure": "换胶"},
            "quality",
            "Works instruction P-1 became abnormal (quality): 掉粉",
            "换胶",
        ),
        (
            {"class": "equipment", "reason": "切刀断裂", "measure": "换备用机"},
            "delay",
            "Works instruction P-1 became abnormal (equipment): 切刀断裂",
            "换备用机",
        ),
        # As a release told it that left the rest out.
        ({}, "delay", "Works instruction P-1 became abnormal.", None),
    ],
)
def test_abnormal_production_is_told_with_its_reason_and_measure(
    desk: Desk,
    confirmed: dict[str, Any],
    beside: dict[str, str],
    topic: str,
    text: str,
    measure: str | None,
) -> None:
    """O31, O30."""
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    name = "instruction_became_abnormal"
    instruction(desk, confirmed, name, beside=beside, number="P-1", state="abnormal")

    assert desk.state("select topic, text, temporary_measure, told_all from anomaly") == [
        (topic, text, measure, True)
    ]


def test_what_the_system_says_of_an_anomaly_is_wholly_chinese_for_who_reads_chinese(
    desk: Desk, confirmed: dict[str, Any]
) -> None:
    """What a person wrote stands as it was written."""
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    instruction(
        desk,
        confirmed,
        "instruction_became_abnormal",
        beside={"class": "equipment", "reason": "切刀断裂", "measure": "换备用机"},
        number="P-1",
        state="abnormal",
    )
    receipt = {"line_no": 1, "quantity": "980", "signed_quantity": "978", "damaged_quantity": "3"}
    line = {"line_id": confirmed["lines"][0]["id"], **receipt}
    shipment = {"id": str(uuid4()), "order_id": confirmed["id"], "number": "S-1", "lines": [line]}
    desk.hear_of_shipment("shipment_failed", {**shipment, "state": "lost"}, 1)
    desk.hear_of_shipment("receipt_recorded", {**shipment, "state": "signed", "damage": "受潮"}, 2)
    money = {"order_id": confirmed["id"], "worth": "1000.00", "paid_in_full": False}
    with desk.store.work() as work:
        for reason in ("packed", "sequence_reused"):
            progress.take_rejected_scan(work, shipment, reason)
        for sequence, verified, met in ((1, "300.00", True), (2, "0.00", False)):
            facts = {**money, "verified": verified, "deposit_met": met}
            progress.take_money(work, facts, sequence)
    raised = {"cause": "system", "topic": "other", "text": "late"}
    with desk.store.work(CLERK) as work:
        body = load(commands.RaiseAnomaly(), {**raised, "order_number": confirmed["number"]})
        anomalies.raise_anomaly(work, body)

    asked = {"limit": 100}
    items = desk.store.read(DIRECTOR, lambda work: pages.list_work(work, asked))
    items += desk.store.read(SALES_AND_CLERK, lambda work: pages.list_work(work, asked))

    assert {each["title_zh"] for each in items if each["kind"] == "anomaly"} == {
        "生产指令单 P-1 出现异常（设备）：切刀断裂",
        "发货单 S-1：丢失。",
        "发货单 S-1 的到货回单：第 1 行签收 978，应收 980；第 1 行破损 3；受潮。",
        "发货单 S-1 的一次扫描被拒：已打包。",
        "发货单 S-1 的一次扫描被拒：序号已属于另一次扫描。",
        f"订单 {confirmed['number']} 已核实的货款又有缺口。",
        "late",
    }


SALES_AND_CLERK = Principal("both", "Li Na", frozenset({"sales", "clerk"}))


def test_events_that_come_late_never_take_an_order_back(
    desk: Desk, confirmed: dict[str, Any], shipped: Callable[..., None]
) -> None:
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    stock(desk, confirmed, "980")
    shipped("shipment_signed", "signed", 8)

    shipped("shipment_dispatched", "dispatched", 5)

    assert desk.order(confirmed["number"])["stage"] == "fulfilled"
    assert desk.order(confirmed["number"])["lines"][0]["signed_quantity"] == "980.000"


def test_closing_waits_for_money_invoice_and_papers(
    desk: Desk,
    neighbours: Neighbours,
    confirmed: dict[str, Any],
    shipped: Callable[..., None],
) -> None:
    """O34."""
    desk.talk("issue_instruction", order_number=confirmed["number"], line_no=1)
    stock(desk, confirmed, "980")
    shipped("shipment_signed", "signed", 8)
    number = confirmed["number"]
    money = {"paid_in_full": False, "balance": "680.00", "invoiced": False}
    neighbours.answer("customers.get_order_money", {"money": money})
    receipt = {"title": "receipt", "title_zh": "到货回单"}
    neighbours.answer("shipping.list_owed", {"items": [receipt]})
    with pytest.raises(NotAllOwedSettled) as refused:
        desk.talk("close", FINANCE, order_number=number)
    assert refused.value.details["items"] == ["receipt", "balance 680.00", "invoice"]
    paid = {"paid_in_full": True, "balance": "0.00", "invoiced": True}
    neighbours.answer("customers.get_order_money", {"money": paid})

    def reverse() -> None:
        reversed_ = {**money, "order_id": confirmed["id"], "invoiced": True}
        with desk.store.work() as work:
            progress.take_money(work, reversed_, 1)

    neighbours.answer_after("shipping.list_owed", reverse, {"items": []})
    with pytest.raises(NotAllOwedSettled) as refused:
        desk.talk("close", FINANCE, order_number=number)
    assert refused.value.details["items"] == ["balance 680.00"]
    neighbours.answer("shipping.list_owed", {"items": []})

    order = desk.talk("close", FINANCE, order_number=number)

    assert order["stage"] == "closed"


@pytest.fixture
def closed(
    desk: Desk, neighbours: Neighbours, confirmed: dict[str, Any], shipped: Callable[..., None]
) -> str:
    number: str = confirmed["number"]
    desk.talk("issue_instruction", order_number=number, line_no=1)
    stock(desk, confirmed, "980")
    shipped("shipment_signed", "signed", 8)
    paid = {"paid_in_full": True, "balance": "0.00", "invoiced": True}
    neighbours.answer("customers.get_order_money", {"money": paid})
    neighbours.answer("shipping.list_owed", {"items": []})
    desk.talk("close", FINANCE, order_number=number)
    neighbours.asked.clear()
    return number


def announced_again(desk: Desk, order: dict[str, Any]) -> str:
    def tell(work: Work, request: dict[str, Any]) -> Any:
        announcing.announce_again(work, request["order_id"])
        return stored.order_by_id(work, request["order_id"])

    desk.do(commands.AnnounceAgain, tell, order_id=order["id"])
    return desk.announced()[-1]


def test_the_director_opens_a_closed_order_and_the_credit_gate_runs_again(
    desk: Desk, neighbours: Neighbours, closed: str
) -> None:
    with pytest.raises(RoleNeeded):
        desk.talk("reopen", FINANCE, order_number=closed, reason="correction")

    order = desk.talk("reopen", DIRECTOR, order_number=closed, reason="correction")

    assert order["stage"] == "fulfilled"
    assert neighbours.names() == ["customers.check_production_terms", "customers.reserve_credit"]
    assert desk.announced()[-1] == "order_reopened"
    # Told again, its end would free the credit that it has just asked for.
    assert announced_again(desk, order) == "order_reopened"


def test_what_an_ended_order_announces_again_is_how_it_ended(desk: Desk, closed: str) -> None:
    assert announced_again(desk, desk.order(closed)) == "order_closed"


@pytest.mark.parametrize(
    ("name", "answer", "code"),
    [
        ("customers.reserve_credit", {**PASSED, "verdict": "held"}, "credit_held"),
        ("customers.check_production_terms", {**MONEY_MET, "credit_stop": True}, "credit_stop"),
    ],
)
def test_a_closed_order_stays_closed_where_the_credit_gate_does_not_pass(
    desk: Desk,
    neighbours: Neighbours,
    closed: str,
    name: str,
    answer: dict[str, Any],
    code: str,
) -> None:
    neighbours.answer(name, answer)
    before, told = desk.order(closed), desk.announced()

    with pytest.raises(Conflict) as refused:
        desk.talk("reopen", DIRECTOR, order_number=closed, reason="correction")

    assert refused.value.code == code
    assert {**desk.order(closed), "version": 0} == {**before, "version": 0}
    assert desk.announced() == told
    held = name == "customers.reserve_credit"
    assert neighbours.names().count("customers.undo_credit") == held


def test_a_hold_stops_forward_moves_until_it_is_lifted(
    desk: Desk, neighbours: Neighbours, confirmed: dict[str, Any]
) -> None:
    number = confirmed["number"]
    order = desk.talk("hold", order_number=number, reason="customer_request")
    assert order["hold"]["by"] == CLERK.person_id
    assert {"shipping.block_order", "inventory.block_order"} <= set(neighbours.names())
    with pytest.raises(OrderOnHold):
        desk.talk("issue_instruction", order_number=number, line_no=1)
    with pytest.raises(RoleNeeded):
        desk.talk("resume", SALES, order_number=number, reason="other")

    order = desk.talk("resume", SUPERVISOR, order_number=number, reason="other")

    assert order["hold"] is None
    assert desk.announced()[-2:] == ["order_held", "order_resumed"]


def test_cancel_frees_by_its_event(
    desk: Desk, neighbours: Neighbours, confirmed: dict[str, Any]
) -> None:
    """O29: the supervisor alone."""
    number = confirmed["number"]
    with pytest.raises(RoleNeeded):
        desk.talk("cancel", order_number=number, reason="customer_request")

    order = desk.talk("cancel", SUPERVISOR, order_number=number, reason="customer_request")

    assert order["stage"] == "cancelled"
    assert desk.announced()[-2:] == ["cancel_requested", "order_cancelled"]
    assert neighbours.names()[-2:] == ["shipping.block_order", "inventory.stop_order"]


def test_gates_and_anomalies_of_a_cancelled_order_wait_for_nobody(desk: Desk) -> None:
    """But what its parcels want: they lie somewhere all the same."""
    number = desk.new_order()["number"]
    for cause in ("system", "logistics"):
        wrong = {"order_number": number, "cause": cause, "topic": "other", "text": "late"}
        with desk.store.work(CLERK) as work:
            anomalies.raise_anomaly(work, load(commands.RaiseAnomaly(), wrong))
    open_before = {gate["kind"] for gate in desk.order(number)["gates"] if gate["is_open"]}

    order = desk.talk("cancel", SUPERVISOR, order_number=number, reason="customer_request")

    assert open_before == {"technique"}
    assert [gate["kind"] for gate in order["gates"] if gate["is_open"]] == []
    waiting = "select count(*) from gate where opened_at is not null and verdict <> 'passed'"
    assert desk.state(waiting) == [(0,)]
    told = desk.state("select cause, state, escalates_at is null from anomaly order by cause")
    assert told == [("logistics", "open", False), ("system", "resolved", True)]


def test_a_cancel_that_loses_puts_the_order_back(
    desk: Desk, neighbours: Neighbours, confirmed: dict[str, Any]
) -> None:
    neighbours.refuse("shipping.block_order", AlreadyDispatched())

    with pytest.raises(Conflict) as refused:
        desk.talk("cancel", SUPERVISOR, order_number=confirmed["number"], reason="other")

    assert refused.value.code == "already_dispatched"
    assert desk.order(confirmed["number"])["stage"] == "confirmed"
    assert desk.announced()[-2:] == ["cancel_requested", "cancel_refused"]


def test_a_cancel_without_the_planners_consent_takes_its_block_back(
    desk: Desk, neighbours: Neighbours, confirmed: dict[str, Any]
) -> None:
    class ConsentMissing(Conflict):
        code = "stop_consent_missing"

    neighbours.refuse("inventory.stop_order", ConsentMissing())

    with pytest.raises(Conflict):
        desk.talk("cancel", SUPERVISOR, order_number=confirmed["number"], reason="other")

    assert neighbours.names()[-1] == "shipping.unblock_order"
    assert desk.order(confirmed["number"])["stage"] == "confirmed"


def test_actions_tell_what_is_allowed_and_why_not(desk: Desk, confirmed: dict[str, Any]) -> None:
    """G3."""
    with desk.store.work(CLERK) as work:
        listed = actions.list_actions(work, stored.order_by_number(work, confirmed["number"]))

    by_verb = {action["verb"]: action for action in listed}
    assert by_verb["issue_instruction"]["allowed"] is True
    assert by_verb["issue_instruction"]["checked_when_done"] is True
    assert by_verb["submit"]["why_not"]["code"] == "illegal_move"
    assert by_verb["cancel"]["why_not"]["code"] == "role_needed"
