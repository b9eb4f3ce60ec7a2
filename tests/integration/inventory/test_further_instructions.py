"""What lacks of a line is made by a further instruction, by the customer's consent (I10)."""

from typing import Any
from uuid import uuid4

from tests.integration.inventory.goods_story import CLERK
from tests.integration.inventory.making_story import INSPECTOR, ITEMS, PLANNER, Order, Works

CONSENT = {"given_by": "王小姐", "text": "先发800，其余补产"}
LATER = "2030-04-30"


class TwoLines(Order):
    """An order whose first line is made before its second, which takes the machine's day LATER."""

    def __init__(self, works: Works, quantity: str) -> None:
        super().__init__(works, quantity)
        self.other_id = uuid4()

    def view(self) -> dict[str, Any]:
        view = super().view()
        (line,) = view["lines"]
        other = {"id": str(self.other_id), "line_no": 2, "quantity": "800"}
        other["production_due"] = LATER if self.production_due else None
        return view | {"lines": [line, line | other]}

    def sign(self, kind: str, *args: Any, **facts: Any) -> Any:
        if kind == "schedule":
            facts["lines"] = [{"line_id": str(self.other_id), "production_due": LATER}]
        return super().sign(kind, *args, **facts)

    @property
    def instructions(self) -> list[Any]:
        return [row for row in super().instructions if row["line_id"] == str(self.line_id)]


def lacking(works: Works, quantity: str = "800") -> Order:
    """Stock in less than was ordered, the customer waiting for the rest."""
    order = works.order("1000").inspected(quantity)
    order.does(
        "record_customer_consent",
        CLERK,
        quantity=quantity,
        rest="further_instruction",
        **CONSENT,
    )
    order.does("stock_in_instruction", INSPECTOR)
    return order


def made(order: Order, quantity: str) -> None:
    """Make the further instruction as far as its inspection."""
    order.does("plan_further_instruction", production_due=LATER)
    order.issue()
    order.does("accept_instruction", acknowledged=ITEMS)
    order.does("start_instruction")
    order.does("report_production", quantity=quantity)
    order.does("finish_instruction")
    order.does("inspect_instruction", INSPECTOR, passed=quantity)
    order.does("countersign_inspection", CLERK)


def order_complete(works: Works) -> str:
    """Give whether the last stock-in completed its order, as it was announced."""
    told: str = works.scalar(
        "select cast(body as jsonb) -> 'data' ->> 'order_complete' from outbox"
        " where name = 'goods_stocked' order by id desc limit 1"
    )
    return told


def verbs(works: Works, order: Order, who: Any) -> dict[str, bool]:
    number = order.instruction["number"]
    items = works.ask("list_instruction_actions", who, number=number)["items"]
    return {item["verb"]: item["allowed"] for item in items}


def test_the_rest_is_drafted_with_material_held_and_no_date(works: Works) -> None:
    order = lacking(works)
    first, rest = order.instructions
    assert (first["state"], first["accepted_quantity"]) == ("stocked", "800.000")
    assert (rest["state"], rest["part"], rest["quantity"]) == ("draft", 2, "200.000")
    assert (rest["least_quantity"], rest["most_quantity"]) == ("170.000", "230.000")
    assert (rest["production_due"], rest["line_accepted_quantity"]) == (None, "800.000")
    assert works.balance("BAG") == ("800.000", "800.000")
    # 500 kg were consumed at the first start; the rest takes 100.
    assert order.held_material == ["100.000"]
    assert works.material_balance("KRAFT") == ("500.000", "100.000")
    assert order_complete(works) == "false"
    assert works.announced("instruction_drafted") == 2


def test_the_planner_dates_it_before_the_clerk_may_issue_it(works: Works) -> None:
    order = lacking(works)
    issue = {"order": order.view(), "line_id": str(order.line_id)}
    assert works.code_of_refusal("issue_instruction", CLERK, **issue) == "schedule_not_signed"
    assert verbs(works, order, PLANNER)["plan"] is True
    assert order.refuses("plan_further_instruction", CLERK, production_due=LATER) == "role_needed"
    past = order.refuses("plan_further_instruction", production_due="2020-01-01")
    assert past == "production_due_missing"
    work = [item["verb"] for item in works.ask("list_work", PLANNER)["items"]]
    assert work == [order.told_to_follow] == ["plan"]

    order.does("plan_further_instruction", production_due=LATER)
    assert order.told_to_follow == "draft"

    issued = order.issue()
    assert (issued["state"], issued["part"], issued["quantity"]) == ("issued", 2, "200.000")
    assert issued["production_due"] == LATER
    unused = [slot for slot in order.holdings["slots"] if not slot["used"]]
    assert [(slot["day"], slot["quantity"]) for slot in unused] == [(LATER, "200.000")]
    assert order.refuses("plan_further_instruction", production_due=LATER) == "illegal_move"


def test_both_lots_are_held_for_the_line_and_accepted_together(works: Works) -> None:
    order = lacking(works)
    made(order, "190")

    order.does("stock_in_instruction", INSPECTOR)

    assert [row["accepted_quantity"] for row in order.instructions] == ["800.000", "190.000"]
    assert order.instruction["line_accepted_quantity"] == "990.000"
    (line,) = order.holdings["lines"]
    assert (line["held"], line["accepted_quantity"]) == ("990.000", "990.000")
    assert order_complete(works) == "true"
    assert works.material_balance("KRAFT") == ("400.000", "0.000")


def test_the_tolerance_is_that_of_the_whole_line(works: Works) -> None:
    order = lacking(works)
    made(order, "169")
    assert order.refuses("stock_in_instruction", INSPECTOR) == "outside_tolerance"
    consent = CONSENT | {"quantity": "169"}
    order.does("record_customer_consent", CLERK, **consent, rest="further_instruction")

    order.does("stock_in_instruction", INSPECTOR)

    third = order.instruction
    assert (third["part"], third["quantity"], third["line_accepted_quantity"]) == (
        3,
        "31.000",
        "969.000",
    )


def test_it_cannot_start_before_its_material_has_come(works: Works) -> None:
    order = works.order("1000")
    order.inspected("800")
    # Another order takes what is left.
    works.order("1000").submitted().signed()
    consent = CONSENT | {"quantity": "800", "rest": "further_instruction"}
    order.does("record_customer_consent", CLERK, **consent)
    order.does("stock_in_instruction", INSPECTOR)
    order.does("plan_further_instruction", production_due=LATER)
    order.issue()
    order.does("accept_instruction", acknowledged=ITEMS)
    assert order.refuses("start_instruction") == "material_not_held"

    coming = works.tell("expect_arrival", material_code="KRAFT", quantity="100", expected_on=LATER)
    works.tell("receive_arrival", number=coming["number"])

    assert order.does("start_instruction")["state"] == "running"


def test_nothing_further_is_made_where_nothing_lacks_or_the_consent_is_to_less(
    works: Works,
) -> None:
    order = works.order("1000").inspected("1100")
    consent = CONSENT | {"rest": "further_instruction"}
    refused = order.refuses("record_customer_consent", CLERK, quantity="1100", **consent)
    assert refused == "nothing_lacks"
    order.does("stock_in_instruction", INSPECTOR, accepted_quantity="1030")
    assert len(order.instructions) == 1


def test_a_short_close_ends_the_further_instruction_and_frees_its_material(works: Works) -> None:
    order = lacking(works)
    order.does("plan_further_instruction", production_due=LATER)
    order.short_closed = True

    order.moves("line_short_closed", "in_progress")

    assert [row["state"] for row in order.instructions] == ["stocked", "cancelled"]
    assert order.held_material == []
    assert works.material_balance("KRAFT") == ("500.000", "0.000")
    assert [slot for slot in order.holdings["slots"] if not slot["used"]] == []


def test_its_slots_leave_room_for_the_other_lines_of_its_order(works: Works) -> None:
    order = TwoLines(works, "1000").inspected("800")
    consent = CONSENT | {"quantity": "800", "rest": "further_instruction"}
    order.does("record_customer_consent", CLERK, **consent)
    order.does("stock_in_instruction", INSPECTOR)

    for _ in range(2):
        order.does("plan_further_instruction", production_due=LATER)

        # The other line has the machine to itself on the last day.
        assert sorted(order.slot_days) == [("2030-04-29", "200.000"), (LATER, "800.000")]


def test_of_an_order_whose_goods_were_all_rejected_nothing_is_accepted(works: Works) -> None:
    order = works.order("1000").inspected("1000", rejected="1000")
    assert order.refuses("stock_in_instruction", INSPECTOR) == "outside_tolerance"
    consent = CONSENT | {"quantity": "0", "rest": "further_instruction"}
    order.does("record_customer_consent", CLERK, **consent)

    order.does("stock_in_instruction", INSPECTOR)

    assert [row["quantity"] for row in order.instructions] == ["1000.000", "1000.000"]
    assert works.balance("BAG") == ("0.000", "0.000")


def test_a_run_that_was_wholly_spoilt_is_made_anew_by_a_further_instruction(works: Works) -> None:
    order = works.order("1000").running()
    order.does("report_production", quantity="0", scrap="1000")
    order.does("finish_instruction")
    order.does("inspect_instruction", INSPECTOR, passed="0")
    order.does("countersign_inspection", CLERK)
    assert order.refuses("stock_in_instruction", INSPECTOR) == "outside_tolerance"
    consent = CONSENT | {"quantity": "0", "rest": "further_instruction"}
    order.does("record_customer_consent", CLERK, **consent)

    order.does("stock_in_instruction", INSPECTOR)

    first, rest = order.instructions
    assert (first["state"], first["accepted_quantity"]) == ("stocked", "0.000")
    assert (rest["part"], rest["quantity"], rest["line_accepted_quantity"]) == (
        2,
        "1000.000",
        "0.000",
    )
    assert order_complete(works) == "false"
    assert order.held_material == ["500.000"]
    made(order, "1000")
    order.does("stock_in_instruction", INSPECTOR)
    assert works.balance("BAG") == ("1000.000", "1000.000")
    assert order_complete(works) == "true"
