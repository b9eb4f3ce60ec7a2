"""Works instructions from draft to stock: SPEC §6 (O24, O29, O31, I5, I6, I8, I10, R12)."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from chassis import clock
from chassis.calendar import WorkingCalendar
from chassis.errors import GendanError
from chassis.principal import Principal
from tests.integration.inventory.goods_story import CLERK, TECHNICIAN
from tests.integration.inventory.making_story import (
    ASSISTANT,
    BOTH,
    DUE,
    INSPECTOR,
    ITEMS,
    OTHER_SALES,
    PLANNER,
    SALES,
    SUPERVISOR,
    Order,
    Works,
    at_once,
)


def announced(works: Works, name: str) -> list[dict[str, Any]]:
    """Give the data of every event of a name, in order."""
    bodies = works.scalar(
        "select coalesce(json_agg(body order by id), '[]') from outbox where name = :name",
        name=name,
    )
    return [json.loads(body)["data"] for body in bodies]


def let_due_pass(clock_file: Path) -> None:
    """Set the business clock to the Monday after the day that orders are signed for."""
    days = date.fromisoformat(DUE) - clock.business_date(clock.business_now())
    clock_file.write_text(str((days.days + 3) * 86_400))


# -- drafting and issuing ----------------------------------------------------------------------


def test_a_confirmed_order_gets_one_draft_for_each_made_line(works: Works) -> None:
    order = works.order().confirmed()

    order.moves("order_changed")

    assert order.instruction["state"] == "draft"
    assert order.instruction["quantity"] == "1000.000"
    assert order.instruction["special_rules"] == "防潮"
    assert works.announced("instruction_drafted") == 1


def test_issuing_carries_the_signed_date_tolerance_packing_and_a_copy_to_technique(
    works: Works,
) -> None:
    order = works.order().confirmed()

    issued = order.issue()

    assert issued["state"] == "issued"
    assert issued["production_due"] == DUE
    assert (issued["least_quantity"], issued["most_quantity"]) == ("970.000", "1030.000")
    assert issued["packing"] == "每箱100个"
    assert issued["issued"]["person_id"] == CLERK.person_id
    assert issued["technique_copy_at"] is not None
    assert announced(works, "instruction_issued")[0]["instruction"]["production_due"] == DUE


def test_issuing_drafts_first_where_the_event_has_not_come(works: Works) -> None:
    order = works.order().submitted().signed()
    order.stage, order.version = "confirmed", order.version + 1

    assert order.issue()["state"] == "issued"
    order.moves("order_confirmed", "confirmed")

    assert order.instruction["state"] == "issued"
    assert works.announced("instruction_drafted") == 1


def test_issuing_twice_by_the_same_clerk_is_issuing_once(works: Works) -> None:
    order = works.order().confirmed()
    order.issue()

    assert order.issue()["state"] == "issued"

    assert works.announced("instruction_issued") == 1


def test_an_unconfirmed_or_unscheduled_order_is_not_issued(works: Works) -> None:
    order = works.order().submitted().signed()
    assert _code(order.issue) == "order_not_confirmed"

    other = works.order().submitted()
    other.sign("technique")
    other.sign("material")
    other.moves("order_confirmed", "confirmed")

    assert _code(other.issue) == "schedule_not_signed"


# -- the factory -------------------------------------------------------------------------------


def test_each_item_is_acknowledged_before_the_planner_accepts(works: Works) -> None:
    order = works.order().confirmed()
    order.issue()

    assert order.refuses("accept_instruction", acknowledged=ITEMS[:-1]) == "items_not_acknowledged"
    assert order.refuses("accept_instruction", CLERK, acknowledged=ITEMS) == "role_needed"
    assert order.refuses("start_instruction") == "illegal_move"
    assert order.accept()["state"] == "accepted"


def test_starting_consumes_the_material_that_was_held(works: Works) -> None:
    order = works.order("1000").running()

    assert order.instruction["state"] == "running"
    assert works.material_balance() == ("500.000", "0.000")
    assert order.holdings["material"][0]["consumed"] == "500.000"


def test_an_order_that_waits_for_material_cannot_start_before_it_comes(works: Works) -> None:
    order = works.order("3000").submitted()
    order.sign("technique")
    order.sign("material", "waits")
    order.sign("schedule")
    order.production_due = DUE
    order.moves("order_confirmed", "confirmed").issue()
    order.accept()
    assert order.refuses("start_instruction") == "material_not_held"

    works.tell("book_material", material_code="KRAFT", change="500", reason="stock")

    assert order.does("start_instruction")["state"] == "running"
    assert works.material_balance() == ("0.000", "0.000")


def test_produced_is_the_sum_of_the_reports_and_corrections_are_kept(works: Works) -> None:
    order = works.order().running()
    order.does("report_production", quantity="400", scrap="5", shift="day")
    order.does("report_production", ASSISTANT, quantity="90", shift="night")
    page = works.ask("get_instruction", PLANNER, number=order.instruction["number"])
    wrong = next(r for r in page["reports"] if r["shift"] == "night")

    corrected = order.does(
        "correct_production_report", report_id=wrong["id"], quantity="590", reason="correction"
    )

    assert (corrected["produced_quantity"], corrected["scrap_quantity"]) == ("990.000", "5.000")
    page = works.ask("get_instruction", PLANNER, number=order.instruction["number"])
    assert sorted((r["quantity"], r["corrected"]) for r in page["reports"]) == [
        ("400.000", False),
        ("590.000", False),
        ("90.000", True),
    ]
    again = {"report_id": wrong["id"], "quantity": "1", "reason": "correction"}
    assert order.refuses("correct_production_report", **again) == "report_not_found"
    assert [e["quantity"] for e in announced(works, "production_reported")] == [
        "400.000",
        "90.000",
        "590.000",
    ]


def test_a_correction_leaves_the_scrap_it_does_not_name(works: Works) -> None:
    order = works.order().running()
    order.does("report_production", quantity="900", scrap="7")

    def correct(**facts: Any) -> tuple[str, str]:
        page = works.ask("get_instruction", PLANNER, number=order.instruction["number"])
        (standing,) = (report for report in page["reports"] if not report["corrected"])
        told = order.does(
            "correct_production_report", report_id=standing["id"], reason="correction", **facts
        )
        return told["produced_quantity"], told["scrap_quantity"]

    assert correct(quantity="90") == ("90.000", "7.000")
    assert correct(quantity="90", scrap="0") == ("90.000", "0.000")


def test_reports_are_made_and_corrected_until_the_instruction_is_finished(works: Works) -> None:
    order = works.order().confirmed()
    assert order.refuses("report_production", quantity="1") == "illegal_move"
    order.issue()
    order.accept()
    order.does("start_instruction")
    order.does("report_production", quantity="980")
    number = order.instruction["number"]
    (report,) = works.ask("get_instruction", PLANNER, number=number)["reports"]
    order.does("finish_instruction")

    right: dict[str, Any] = {"report_id": report["id"], "quantity": "98", "reason": "correction"}
    assert order.refuses("correct_production_report", **right) == "reports_ended"
    assert order.refuses("report_production", quantity="1") == "reports_ended"
    actions = works.ask("list_instruction_actions", PLANNER, number=number)["items"]
    why_not = {each["verb"]: each["why_not"] for each in actions}
    assert why_not["correct_report"]["code"] == "reports_ended"
    assert order.instruction["produced_quantity"] == "980.000"


def test_a_report_is_about_a_day_since_the_start(works: Works) -> None:
    order = works.order().running()

    for day in ("2020-01-01", "2199-01-01"):
        code = order.refuses("report_production", quantity="1", reported_on=day)
        assert code == "report_day_wrong"
    assert order.refuses("report_production", quantity="0") == "report_empty"
    assert order.refuses("report_production", quantity="0.5") == "quantity_not_in_unit"


def test_an_abnormality_is_written_down_announced_and_resumed(works: Works) -> None:
    order = works.order().running()
    facts = {"class": "equipment", "reason": "切刀断裂", "measure": "换备用机"}

    abnormal = order.does("mark_instruction_abnormal", ASSISTANT, **facts)

    assert abnormal["state"] == "abnormal"
    event = announced(works, "instruction_became_abnormal")[0]
    assert {name: event[name] for name in facts} == facts
    assert order.refuses("finish_instruction") == "illegal_move"
    assert order.refuses("start_instruction") == "illegal_move"
    assert order.does("resume_instruction")["state"] == "running"


def test_unused_material_goes_back_at_finish_and_the_slots_are_used(works: Works) -> None:
    order = works.order().running()
    assert order.refuses("finish_instruction") == "nothing_reported"
    order.does("report_production", quantity="980")
    too_much = [{"material_code": "KRAFT", "quantity": "501"}]
    assert order.refuses("finish_instruction", unused=too_much) == "too_much_returned"

    unused = [{"material_code": "KRAFT", "quantity": "10"}]
    finished = order.does("finish_instruction", unused=unused)

    assert (finished["state"], finished["produced_quantity"]) == ("finished", "980.000")
    assert works.material_balance() == ("510.000", "0.000")
    # Booked for March 2030 and finished today: the days to come are free again.
    assert order.slot_days == []


# -- inspection and stock-in -------------------------------------------------------------------


def test_an_inspection_adds_up_and_another_person_countersigns_it(works: Works) -> None:
    order = works.order().finished("980")
    wrong = {"passed": "970", "rejected": "5"}
    assert order.refuses("inspect_instruction", INSPECTOR, **wrong) == "inspection_does_not_add_up"
    assert order.refuses("countersign_inspection", CLERK) == "inspection_missing"

    order.does("inspect_instruction", BOTH, passed="975", rework="3", rejected="2")

    assert order.instruction["state"] == "finished"
    assert order.instruction["standard"] == "GB/T 1"
    assert order.refuses("countersign_inspection", BOTH) == "second_person_needed"
    assert order.does("countersign_inspection", CLERK)["state"] == "inspected"


def test_stock_in_within_tolerance_holds_the_goods_for_the_order(works: Works) -> None:
    order = works.order("1000").inspected("980")

    stocked = order.does("stock_in_instruction", INSPECTOR)

    assert (stocked["state"], stocked["accepted_quantity"]) == ("stocked", "980.000")
    assert works.balance("BAG") == ("980.000", "980.000")
    assert order.holdings["lines"][0]["held"] == "980.000"
    assert order.holdings["lines"][0]["accepted_quantity"] == "980.000"
    event = announced(works, "goods_stocked")[0]
    assert (event["accepted_quantity"], event["order_complete"]) == ("980.000", True)
    assert (event["order_id"], event["line_id"]) == (str(order.id), str(order.line_id))


def test_outside_tolerance_the_customers_consent_to_that_quantity_is_needed(works: Works) -> None:
    order = works.order("1000").inspected("900")
    assert order.refuses("stock_in_instruction", INSPECTOR) == "outside_tolerance"
    consent = {"given_by": "王小姐", "text": "传真同意按900结算"}
    order.does("record_customer_consent", CLERK, quantity="890", **consent)
    assert order.refuses("stock_in_instruction", INSPECTOR) == "outside_tolerance"
    assert works.balance("BAG") == ("0.000", "0.000")

    order.does("record_customer_consent", CLERK, quantity="900", **consent)

    assert order.does("stock_in_instruction", INSPECTOR)["accepted_quantity"] == "900.000"


def test_what_passed_beyond_the_accepted_quantity_goes_into_free_stock(works: Works) -> None:
    order = works.order("1000").inspected("1100")
    assert order.refuses("stock_in_instruction", INSPECTOR) == "outside_tolerance"
    assert (
        order.refuses("stock_in_instruction", INSPECTOR, accepted_quantity="1101") == "not_passed"
    )

    order.does("stock_in_instruction", INSPECTOR, accepted_quantity="1030")

    assert works.balance("BAG") == ("1100.000", "1030.000")


# -- hold, stop, short-close ---------------------------------------------------------------------


def test_a_hold_stops_every_forward_move_but_not_the_facts(works: Works) -> None:
    order = works.order().running()
    works.tell("block_order", CLERK, order_id=str(order.id), reason="等客户")

    order.does("report_production", quantity="980")
    assert order.refuses("finish_instruction") == "order_on_hold"
    works.tell("unblock_order", CLERK, order_id=str(order.id))

    assert order.does("finish_instruction")["state"] == "finished"


def test_a_block_is_lifted_by_its_exact_id_and_a_late_one_is_withdrawn(works: Works) -> None:
    order = works.order().confirmed()
    block = {"order_id": str(order.id), "reason": "等客户"}
    works.tell("block_order", CLERK, "key-1", **block)
    works.tell("block_order", CLERK, "key-2", **block)
    lift = {"order_id": str(order.id)}

    works.tell("unblock_order", CLERK, command_id="key-1", **lift)
    works.tell("unblock_order", CLERK, command_id="key-1", **lift)
    assert _code(order.issue) == "order_on_hold"
    works.tell("unblock_order", CLERK, command_id="key-2", **lift)
    works.tell("unblock_order", CLERK, command_id="key-3", **lift)

    assert _code(lambda: works.tell("block_order", CLERK, "key-3", **block)) == "withdrawn"
    assert order.issue()["state"] == "issued"


def test_stopping_before_making_cancels_and_gives_everything_back(works: Works) -> None:
    order = works.order().confirmed()
    order.issue()

    stopped = works.tell("stop_order", CLERK, order_id=str(order.id), reason="customer_request")
    again = works.tell("stop_order", CLERK, order_id=str(order.id), reason="customer_request")

    assert [row["state"] for row in stopped["instructions"]] == ["cancelled"]
    assert again == stopped
    assert works.material_balance() == ("1000.000", "0.000")
    assert (order.held_material, order.slot_days) == ([], [])
    assert works.announced("instruction_cancelled") == 1
    assert order.refuses("accept_instruction", acknowledged=ITEMS) == "illegal_move"


def test_stopping_what_runs_needs_the_planners_consent_recorded_beforehand(works: Works) -> None:
    order = works.order().running()
    stop = {"order_id": str(order.id), "reason": "customer_request"}
    assert works.code_of_refusal("stop_order", CLERK, **stop) == "stop_consent_missing"
    assert order.instruction["state"] == "running"
    assert order.refuses("consent_to_stop", CLERK, text="同意") == "role_needed"

    order.does("consent_to_stop", text="同意停止")
    stopped = works.tell("stop_order", CLERK, **stop)

    assert [row["state"] for row in stopped["instructions"]] == ["cancelled"]


def test_what_the_planner_says_is_unused_goes_back_when_the_order_is_cancelled(
    works: Works,
) -> None:
    order = works.order("1000").running()
    assert works.material_balance("KRAFT") == ("500.000", "0.000")
    too_much = [{"material_code": "KRAFT", "quantity": "500.001"}]
    assert order.refuses("consent_to_stop", text="同意", unused=too_much) == "too_much_returned"
    twice = [{"material_code": "KRAFT", "quantity": quantity} for quantity in ("200", "120.5")]
    order.does("consent_to_stop", text="同意停止", unused=twice)
    assert works.material_balance("KRAFT") == ("500.000", "0.000")

    for _ in range(2):
        works.tell("stop_order", CLERK, order_id=str(order.id), reason="customer_request")

    assert order.instruction["state"] == "cancelled"
    assert works.material_balance("KRAFT") == ("820.500", "0.000")
    works.check_ledgers()


def test_a_consent_given_before_the_last_report_stops_nothing_and_gives_nothing_back(
    works: Works,
) -> None:
    order = works.order("1000").running()
    unused = [{"material_code": "KRAFT", "quantity": "400"}]
    order.does("consent_to_stop", text="同意停止", unused=unused)
    order.does("report_production", quantity="900")
    stop = {"order_id": str(order.id), "reason": "customer_request"}

    assert works.code_of_refusal("stop_order", CLERK, **stop) == "stop_consent_missing"
    assert order.instruction["stop_consent"] is None
    assert works.scalar("select count(*) from instruction where stop_consent is null") == 1
    assert works.material_balance("KRAFT") == ("500.000", "0.000")
    order.does("consent_to_stop", text="同意停止", unused=[])
    works.tell("stop_order", CLERK, **stop)

    assert order.instruction["state"] == "cancelled"
    assert works.material_balance("KRAFT") == ("500.000", "0.000")


def test_goods_that_nobody_ordered_any_more_meet_wishes(works: Works) -> None:
    """O36: goods of a cancelled order arrive in free stock."""
    order = works.order().finished("900")
    works.tell("make_wish", product_code="BAG", quantity="900", customer_name="远大鞋业")
    works.tell("stop_order", CLERK, order_id=str(order.id), reason="customer_request")
    order.moves("order_cancelled", "cancelled")
    order.does("inspect_instruction", INSPECTOR, passed="900")
    order.does("countersign_inspection", CLERK)
    assert works.announced("wish_met") == 0

    order.does("stock_in_instruction", INSPECTOR)

    assert works.announced("wish_met") == 1


def test_goods_of_a_cancelled_order_go_on_into_free_stock(works: Works) -> None:
    order = works.order().finished("900")
    works.tell("stop_order", CLERK, order_id=str(order.id), reason="customer_request")
    order.moves("order_cancelled", "cancelled")

    order.does("inspect_instruction", INSPECTOR, passed="900")
    order.does("countersign_inspection", CLERK)
    order.does("stock_in_instruction", INSPECTOR)

    assert works.balance("BAG") == ("900.000", "0.000")
    assert works.announced("goods_stocked") == 0
    assert works.announced("free_goods_stocked") == 1


def test_a_short_closed_line_gives_back_what_it_holds(works: Works) -> None:
    order = works.order().confirmed()
    order.short_closed = True

    order.moves("line_short_closed")

    assert order.instruction["state"] == "cancelled"
    assert (order.held_material, order.slot_days) == ([], [])


def test_stop_and_start_at_once_leave_one_of_two_worlds(works: Works) -> None:
    for _ in range(5):
        order = works.order("100").confirmed()
        order.issue()
        order.accept()
        number = order.instruction["number"]

        at_once(
            [
                lambda n=number: works.tell("start_instruction", PLANNER, number=n),
                lambda o=order: works.tell("stop_order", CLERK, order_id=str(o.id), reason="x"),
            ]
        )

        state = order.instruction["state"]
        assert state in {"running", "cancelled"}
        consumed = sum(float(row["consumed"]) for row in order.holdings["material"])
        assert consumed == (50 if state == "running" else 0)
        assert order.held_material in ([], ["0.000"])


# -- looking -----------------------------------------------------------------------------------


def test_the_page_has_everything_the_printed_instruction_shows(works: Works) -> None:
    order = works.order().confirmed()
    order.issue()

    page = works.ask("get_instruction", CLERK, number=order.instruction["number"])

    assert page["order"]["customer"]["name"] == "晨光印刷"
    assert page["items_to_acknowledge"] == ITEMS
    assert page["material"][0]["material_code"] == "KRAFT"
    assert page["slots"][0]["work_centre_code"] == "BAG-1"
    assert (page["outlook"]["risk"], page["held"]) == ("on_plan", False)


def test_what_will_be_late_is_warned_of_before_it_is(works: Works) -> None:
    calm, tight = works.order("100"), works.order("100000")
    for order in (calm, tight):
        works.tell("book_material", material_code="KRAFT", change="60000", reason="stock")
        order.submitted()
        order.sign("technique")
        order.sign("material")
        today = works.scalar("select to_char(now() + interval '20 day', 'YYYY-MM-DD')")
        order.sign("schedule", production_due=today)
        order.production_due = today
        order.moves("order_confirmed", "confirmed")

    found = works.ask("list_instructions_at_risk", PLANNER)["items"]

    assert [(i["instruction"]["order_number"], i["outlook"]["risk"]) for i in found] == [
        (tight.number, "at_risk")
    ]
    assert found[0]["customer_name"] == "晨光印刷"

    def warned(who: Any) -> list[str]:
        """Ask for one: the first due, which is calm, is judged and left out."""
        items = works.ask("list_instructions_at_risk", who, limit=1)["items"]
        return [item["instruction"]["order_number"] for item in items]

    assert calm.instruction["number"] < tight.instruction["number"]
    assert (warned(PLANNER), warned(SALES)) == ([tight.number], [tight.number])
    assert warned(OTHER_SALES) == []

    for who, expected in ((PLANNER, [tight.number]), (ASSISTANT, [tight.number]), (CLERK, [])):
        items = works.ask("list_work", who, limit=50)["items"]
        risks = [item for item in items if item["kind"] == "production_risk"]
        assert [item["order_number"] for item in risks] == expected
        assert all(item["path"].endswith(tight.instruction["number"]) for item in risks)


def test_warnings_take_a_quarter_of_a_work_list_at_most(works: Works, clock_file: Path) -> None:
    for _ in range(3):
        works.order("100").running()
    let_due_pass(clock_file)

    def listed(limit: int) -> list[str]:
        items = works.ask("list_work", PLANNER, limit=limit)["items"]
        return [item["kind"] if item["verb"] is None else item["verb"] for item in items]

    assert listed(4) == ["production_risk", *["report_production"] * 3]
    assert listed(12) == ["production_risk"] * 3 + ["report_production"] * 3
    assert listed(1) == ["report_production"]


def test_what_is_on_hold_is_warned_of_while_its_machine_runs_only(
    works: Works, clock_file: Path
) -> None:
    accepted, running = works.order("100").confirmed(), works.order("100").running()
    accepted.issue()
    accepted.accept()
    let_due_pass(clock_file)

    def warned() -> set[str]:
        items = works.ask("list_work", PLANNER, limit=50)["items"]
        return {item["order_number"] for item in items if item["kind"] == "production_risk"}

    assert warned() == {accepted.number, running.number}
    for order in (accepted, running):
        works.tell("block_order", CLERK, f"hold {order.number}", order_id=str(order.id), reason="x")
    assert warned() == {running.number}
    found = works.ask("list_instructions_at_risk", PLANNER)["items"]
    assert len(found) == 2  # The list of risks tells what stands still, too.


def test_an_order_that_waits_for_an_arrival_after_its_date_is_warned_of(works: Works) -> None:
    order = works.order("100").submitted()
    today = date.fromisoformat(
        works.scalar("select (now() at time zone 'Asia/Shanghai')::date::text")
    )
    due, late = str(today + timedelta(days=20)), str(today + timedelta(days=30))
    works.tell("book_material", material_code="KRAFT", change="-1000", reason="stock")
    order.sign("technique")
    order.sign("material", "waits")
    order.sign("schedule", production_due=due)
    order.production_due = due
    order.moves("order_confirmed", "confirmed").issue()
    order.accept()

    def outlook() -> tuple[str, str | None]:
        page = works.ask("get_instruction", PLANNER, number=order.instruction["number"])
        return page["outlook"]["risk"], page["outlook"]["ready_on"]

    assert outlook() == ("at_risk", None)  # nothing is on its way
    arrival = works.tell(
        "expect_arrival", material_code="KRAFT", quantity="50", expected_on=str(today)
    )
    assert outlook()[0] == "on_plan"
    works.tell("postpone_arrival", number=arrival["number"], expected_on=late)
    risk, ready_on = outlook()
    assert risk == "at_risk"
    assert ready_on is not None
    assert ready_on >= late
    works.tell("book_material", material_code="KRAFT", change="50", reason="stock")
    assert outlook()[0] == "on_plan"


def waiting(works: Works, order: Order, due: date, **facts: Any) -> Order:
    """Have it confirmed for a date, its material still to come."""
    order.submitted()
    order.sign("technique")
    order.sign("material", "waits", **facts)
    order.sign("schedule", production_due=str(due))
    order.production_due = str(due)
    return order.moves("order_confirmed", "confirmed")


def risk(works: Works, order: Order) -> str:
    page = works.ask("get_instruction", PLANNER, number=order.instruction["number"])
    answer: str = page["outlook"]["risk"]
    return answer


def test_an_arrival_brings_material_to_one_order_only(works: Works) -> None:
    today = clock.business_date(clock.business_now())
    works.tell("book_material", material_code="KRAFT", change="-1000", reason="stock")
    second = waiting(works, works.order("100"), today + timedelta(days=40))
    first = waiting(works, works.order("100"), today + timedelta(days=20))
    large = waiting(works, works.order("200"), today + timedelta(days=10))

    def expected(quantity: str, days: int) -> tuple[str, str, str]:
        day = str(today + timedelta(days=days))
        works.tell("expect_arrival", material_code="KRAFT", quantity=quantity, expected_on=day)
        return risk(works, large), risk(works, first), risk(works, second)

    # The large one is due before and served wholly or not at all: it is passed over.
    assert expected("50", 0) == ("at_risk", "on_plan", "at_risk")
    assert expected("50", 1) == ("at_risk", "on_plan", "on_plan")
    assert expected("100", 2) == ("on_plan", "on_plan", "on_plan")


def test_material_of_a_product_without_a_recipe_comes_on_the_day_that_was_signed(
    works: Works,
) -> None:
    """Nothing is held for it: who signed vouches for the day."""
    today = clock.business_date(clock.business_now())
    works.bag = works.product("BOX", default_supply="make", category="bags", standard="GB/T 1")
    there = today + timedelta(days=30)

    tight, calm = works.order("8000"), works.order("8000")  # ten days' work
    waiting(works, tight, there + timedelta(days=1), material_date=str(there))
    waiting(works, calm, there + timedelta(days=60), material_date=str(there))

    assert (risk(works, tight), risk(works, calm)) == ("at_risk", "on_plan")


def test_a_day_counts_for_the_pace_once_it_has_its_report(works: Works) -> None:
    order = works.order().running()
    today = date.fromisoformat(
        works.scalar("select (now() at time zone 'Asia/Shanghai')::date::text")
    )

    def ready_on() -> date:
        page = works.ask("get_instruction", PLANNER, number=order.instruction["number"])
        return date.fromisoformat(page["outlook"]["ready_on"])

    # 800 a day by the machine; with today's report a hundred a day, for nine days more.
    assert ready_on() < today + timedelta(days=8)
    order.does("report_production", quantity="100")
    assert ready_on() >= today + timedelta(days=8)


def test_the_daily_report_lists_what_was_made_with_its_progress(works: Works) -> None:
    order = works.order().running()
    order.does("report_production", quantity="400")
    today = works.scalar("select (now() at time zone 'Asia/Shanghai')::date::text")

    entries = works.ask("list_production_reports", PLANNER, since=today, until=today)["items"]

    assert [(e["report"]["quantity"], e["instruction"]["quantity"]) for e in entries] == [
        ("400.000", "1000.000")
    ]


def test_a_report_is_due_at_the_end_of_each_working_day(works: Works) -> None:
    """I5: what lacks today's stands before what will be ready sooner and has it."""
    works.tell("book_material", material_code="KRAFT", change="1000", reason="stock")
    reported, missing = works.order("100").running(), works.order("100").running()
    today = works.scalar("select (now() at time zone 'Asia/Shanghai')::date")
    calendar = WorkingCalendar(assume_weekdays=True)
    this_report = calendar.end_of_working_day(calendar.add_working_days(today, 0))
    next_report = calendar.end_of_working_day(calendar.next_working_day(today))

    def due(limit: int = 50) -> dict[str, datetime]:
        items = works.ask("list_work", ASSISTANT, limit=limit)["items"]
        return {item["order_number"]: datetime.fromisoformat(item["due_at"]) for item in items}

    assert due() == {reported.number: this_report, missing.number: this_report}
    for _ in range(2):
        reported.does("report_production", quantity="10")
    assert due() == {missing.number: this_report, reported.number: next_report}
    assert list(due(limit=1)) == list(due())[:1]


def test_work_lists_name_the_next_move_of_each_role(works: Works) -> None:
    order = works.order().confirmed()

    def verbs(who: Any) -> list[str]:
        return [item["verb"] for item in works.ask("list_work", who, limit=50)["items"]]

    assert (verbs(CLERK), verbs(PLANNER)) == (["issue_instruction"], [])
    (item,) = works.ask("list_work", CLERK, limit=50)["items"]
    assert item["path"] == f"/api/v1/orders/{order.number}"
    order.issue()
    assert (verbs(CLERK), verbs(PLANNER)) == ([], ["accept"])
    order.accept()
    order.does("start_instruction")
    order.does("report_production", quantity="1000")
    order.does("finish_instruction")
    assert (verbs(CLERK), verbs(INSPECTOR)) == ([], ["inspect"])
    order.does("inspect_instruction", INSPECTOR, passed="1000")
    assert (verbs(CLERK), verbs(INSPECTOR)) == (["countersign"], [])
    assert order.told_to_follow == "countersign"


def test_what_a_hold_stops_waits_for_nobody_until_it_is_lifted(works: Works) -> None:
    """The desk would only be refused; reports go on, as the machine does."""

    def verbs(who: Any) -> list[str]:
        return [item["verb"] for item in works.ask("list_work", who, limit=50)["items"]]

    def shown_on_hold(who: Any, order: Any) -> tuple[list[str], list[str]]:
        before, key = verbs(who), f"hold {order.number}"
        works.tell("block_order", CLERK, key, order_id=str(order.id), reason="等客户")
        during = verbs(who)
        works.tell("unblock_order", CLERK, command_id=key, order_id=str(order.id))
        assert verbs(who) == before
        return before, during

    in_review = works.order().submitted()
    assert shown_on_hold(TECHNICIAN, in_review) == (["sign_technique"], [])
    in_review.moves("order_cancelled", "cancelled")
    order = works.order().confirmed()
    order.issue()
    assert shown_on_hold(PLANNER, order) == (["accept"], [])
    order.accept()
    order.does("start_instruction")
    assert shown_on_hold(PLANNER, order) == (["report_production"], ["report_production"])


def test_the_customers_consent_waits_for_the_desk_and_only_then_stock_in_for_the_inspector(
    works: Works,
) -> None:
    works.order().inspected("970")
    order = works.order().inspected("969")

    def verbs(who: Any) -> list[str]:
        items = works.ask("list_work", who, limit=50)["items"]
        return [item["verb"] for item in items if item["order_number"] == order.number]

    assert verbs(CLERK) == verbs(SALES) == verbs(SUPERVISOR) == ["record_consent"]
    assert verbs(INSPECTOR) == verbs(OTHER_SALES) == []
    assert order.told_to_follow == "record_consent"

    order.does("record_customer_consent", CLERK, quantity="969", given_by="张建华", text="照收")

    assert verbs(CLERK) == verbs(SALES) == []
    assert verbs(INSPECTOR) == ["stock_in"]
    assert order.told_to_follow == "inspected"


def test_what_waits_for_the_inspector_takes_no_place_in_a_clerks_work_list(works: Works) -> None:
    works.tell("book_material", material_code="KRAFT", change="1000", reason="stock")
    orders = [works.order().running() for _ in range(2)]
    for order in orders:
        order.does("report_production", quantity="1000")
        order.does("finish_instruction")
    numbers = sorted(order.instruction["number"] for order in orders)
    last = next(order for order in orders if order.instruction["number"] == numbers[-1])
    last.does("inspect_instruction", INSPECTOR, passed="1000")

    def listed(who: Any) -> list[tuple[str, str]]:
        items = works.ask("list_work", who, limit=1)["items"]
        return [(item["verb"], item["entity_number"]) for item in items]

    assert listed(CLERK) == [("countersign", numbers[1])]
    assert listed(INSPECTOR) == [("inspect", numbers[0])]


def test_the_moves_of_an_instruction_say_who_and_why_not(works: Works) -> None:
    order = works.order().confirmed()
    order.issue()
    number = order.instruction["number"]

    def judged(who: Any) -> tuple[set[str], dict[str, str]]:
        actions = works.ask("list_instruction_actions", who, number=number)["items"]
        allowed = {action["verb"] for action in actions if action["allowed"]}
        return allowed, {a["verb"]: a["why_not"]["code"] for a in actions if not a["allowed"]}

    assert judged(PLANNER)[0] == {"accept", "consent_to_stop"}
    allowed, why_not = judged(CLERK)
    assert allowed == set()
    assert (why_not["accept"], why_not["countersign"]) == ("role_needed", "illegal_move")


def test_there_is_no_report_to_correct_before_there_is_one(works: Works) -> None:
    order = works.order().running()

    def why_not() -> str | None:
        actions = works.ask(
            "list_instruction_actions", PLANNER, number=order.instruction["number"]
        )["items"]
        correct = next(each for each in actions if each["verb"] == "correct_report")
        return None if correct["allowed"] else str(correct["why_not"]["code"])

    assert why_not() == "nothing_reported"
    order.does("report_production", quantity="0", scrap="3")
    assert why_not() is None


def test_goods_are_not_said_to_be_ready_for_stock_before_the_customer_takes_so_few(
    works: Works,
) -> None:
    order = works.order().inspected("900")
    number = order.instruction["number"]

    def why_not() -> str | None:
        actions = works.ask("list_instruction_actions", INSPECTOR, number=number)["items"]
        stock_in = next(each for each in actions if each["verb"] == "stock_in")
        return None if stock_in["allowed"] else str(stock_in["why_not"]["code"])

    assert why_not() == order.refuses("stock_in_instruction", INSPECTOR) == "outside_tolerance"
    order.does("record_customer_consent", CLERK, quantity="900", given_by="张建华", text="照收")
    assert why_not() is None
    assert order.does("stock_in_instruction", INSPECTOR)["state"] == "stocked"


def test_a_salesperson_sees_the_instructions_of_own_customers_only(works: Works) -> None:
    order = works.order().confirmed()
    number = order.instruction["number"]

    assert works.ask("get_instruction", SALES, number=number)["number"] == number
    assert works.ask("search_instructions", OTHER_SALES)["items"] == []
    assert _code(lambda: works.ask("get_instruction", OTHER_SALES, number=number)) == (
        "instruction_not_found"
    )


def test_every_move_is_logged_with_who_and_when(works: Works) -> None:
    order = works.order().inspected()

    log = works.ask(
        "list_changes", entity_type="instruction", entity_id=order.instruction["number"]
    )["items"]

    assert [(row["action"], row["person_id"]) for row in reversed(log)] == [
        ("draft_instruction", "system"),
        ("issue", CLERK.person_id),
        ("accept", PLANNER.person_id),
        ("start", PLANNER.person_id),
        ("report_production", PLANNER.person_id),
        ("finish", PLANNER.person_id),
        ("inspect", INSPECTOR.person_id),
        ("countersign", CLERK.person_id),
    ]


def test_a_work_centre_with_slots_is_not_closed(works: Works) -> None:
    works.order().confirmed()
    change = {"code": "BAG-1", "active": False, "reason": "production"}

    assert works.code_of_refusal("change_work_centre", PLANNER, **change) == "work_centre_in_use"
    board = works.ask("get_work_centre_board", PLANNER, code="BAG-1", since="2030-03-28", days=2)
    assert [(day["booked"], day["free"]) for day in board["items"]] == [
        ("200.000", "600.000"),
        ("800.000", "0.000"),
    ]
    assert works.code_of_refusal("create_work_centre", PLANNER, code="BAG-1", name="x",
        hours_per_day="8", quantity_per_hour="1") == "work_centre_code_taken"  # fmt: skip
    assert works.ask("list_work_centres", TECHNICIAN)["items"][0]["per_day"] == "800.000"


def test_the_board_names_own_customers_orders_only_to_sales(works: Works) -> None:
    works.order().confirmed()

    def named(who: Principal) -> set[str | None]:
        board = works.ask("get_work_centre_board", who, code="BAG-1", since="2030-03-28", days=2)
        assert [day["booked"] for day in board["items"]] == ["200.000", "800.000"]
        return {slot["order_number"] for day in board["items"] for slot in day["slots"]}

    assert named(SALES) == named(PLANNER)
    assert None not in named(SALES)
    assert named(OTHER_SALES) == {None}


def _code(call: Any) -> str:
    """Give the code with which a call is refused; fails when it is not."""
    try:
        call()
    except GendanError as error:
        return error.code
    raise AssertionError("it was not refused")
