"""Submitting: what is held, which gates open, what refuses and leaves nothing behind."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chassis import clock
from chassis.commands import KeyReused, load
from chassis.database import Work
from chassis.errors import Conflict, InvalidFields, RoleNeeded, StaleVersion, Unavailable
from chassis.principal import Principal
from chassis.rpc import deadline_in
from services.orders import pages
from services.orders.domain.errors import (
    CheckedPricesMoved,
    CustomerDuePassed,
    DirectorNeeded,
    DiscountAboveAmount,
    FieldsMissing,
    GateNotOpen,
    OrderTooLarge,
)
from services.orders.schemas import commands
from services.orders.storage import copies, looked_at, orders
from services.orders.use_cases import actions, confirming, drafting, pricing, reviewing
from tests.integration.orders.desk import (
    CLERK,
    DIRECTOR,
    LABEL,
    PASSED,
    SALES,
    SUPERVISOR,
    Desk,
    Neighbours,
)


class StockShort(Conflict):
    code = "stock_short"
    en = "Line {line}: {free} free now."
    zh = "库存不足"


def verdicts(order: dict[str, Any]) -> dict[str, str]:
    return {gate["kind"]: gate["verdict"] for gate in order["gates"]}


def test_a_made_order_opens_price_credit_and_technique_first(desk: Desk) -> None:
    """O9 O13 O16 O17: gates in their order."""
    order = desk.new_order()

    assert order["stage"] == "in_review"
    assert verdicts(order) == {
        "price": "passed",
        "credit": "passed",
        "technique": "pending",
        "material": "pending",
        "schedule": "pending",
        "approval": "pending",
    }
    assert [gate["kind"] for gate in order["gates"] if gate["is_open"]] == ["technique"]


def test_credit_is_asked_at_the_upper_tolerance(desk: Desk, neighbours: Neighbours) -> None:
    desk.new_order()

    (asked,) = [body for name, body, _ in neighbours.asked if name == "customers.reserve_credit"]
    assert asked["total"] == "1000.00"
    assert asked["amount"] == "1030.00"


def test_a_stock_order_skips_technique_material_and_schedule(
    desk: Desk, neighbours: Neighbours
) -> None:
    order = desk.new_order(lines=[{"product_code": "LABEL-40", "quantity": "10"}])

    assert list(verdicts(order)) == ["price", "credit", "approval"]
    assert neighbours.names() == ["inventory.reserve_stock", "customers.reserve_credit"]
    assert [gate["kind"] for gate in order["gates"] if gate["is_open"]] == ["approval"]


def test_a_short_stock_line_refuses_and_leaves_nothing(desk: Desk, neighbours: Neighbours) -> None:
    """O18: the refusal names what is free; nothing changed, nothing announced."""
    neighbours.refuse("inventory.reserve_stock", StockShort(line=1, free=3))

    with pytest.raises(Conflict) as refused:
        desk.new_order(lines=[{"product_code": "LABEL-40", "quantity": "10"}])

    assert refused.value.code == "stock_short"
    assert desk.state('select count(*) from "order"') == [(0,)]
    assert desk.announced() == []
    assert neighbours.names() == ["inventory.reserve_stock"]


def test_a_short_stock_line_leaves_a_standing_draft_as_it_was(
    desk: Desk, neighbours: Neighbours
) -> None:
    """O18: neither its version, nor who checked key data, nor a price looked up meanwhile."""
    number = desk.new_order(
        submit=False, key_data_checked=False, lines=[{"product_code": "LABEL-40", "quantity": "10"}]
    )["number"]
    before = desk.order(number)
    told = desk.announced()
    desk.scheme("S-CHEAPER", "0.40")
    neighbours.refuse("inventory.reserve_stock", StockShort(line=1, free=3))

    with pytest.raises(Conflict) as refused:
        desk.talk("submit", order_number=number, key_data_checked=True)

    assert refused.value.code == "stock_short"
    assert desk.order(number) == before
    assert desk.state('select busy_with, checked_by from "order"') == [(None, None)]
    assert desk.announced() == told


def test_missing_fields_refuse_the_submit_by_name(desk: Desk, neighbours: Neighbours) -> None:
    """O4 O6: the mandatory list, and a task for the salesperson."""
    number = desk.new_order(submit=False, special_requirements="", key_data_checked=True)["number"]

    with pytest.raises(FieldsMissing) as refused:
        desk.talk("submit", order_number=number, key_data_checked=True)

    assert list(refused.value.details["fields"]) == ["special_requirements"]
    assert neighbours.asked == []
    assert desk.order(number)["stage"] == "draft"
    assert desk.state("select kind, role, person_id from task") == [
        ("missing_fields", "sales", "sales-1")
    ]


def test_goods_are_picked_up_at_the_depot_unless_somebody_says_otherwise(desk: Desk) -> None:
    """S14, O6: nobody is asked for it."""
    asked: dict[str, Any] = {"channel": "phone", "asked_by": "张经理", "wish": "标签"}
    asked["reply_by"] = clock.business_now().isoformat()
    number = desk.do(commands.TakeMemo, drafting.take_memo, **asked)["number"]
    draft = desk.do(
        commands.DraftOrder, drafting.draft_order, order_number=number, customer_code="C-B"
    )
    chosen = desk.new_order(submit=False, delivery_method="door")

    methods = (draft["delivery_method"], chosen["delivery_method"])
    assert methods == ("pickup_at_depot", "door")
    (asked_for,) = desk.state("select details->'fields' from task where kind = 'missing_fields'")
    assert "delivery_method" not in asked_for[0]


def test_a_draft_of_the_release_before_may_have_no_way_of_delivery(desk: Desk) -> None:
    number = desk.new_order(submit=False)["number"]
    desk.state('update "order" set delivery_method = null returning 1')

    order = desk.talk("submit", order_number=number, key_data_checked=True)

    assert (order["stage"], order["delivery_method"]) == ("in_review", "pickup_at_depot")


def test_a_price_that_the_submit_looks_up_is_asked_for_no_more(desk: Desk) -> None:
    """O4: the scheme came after the draft."""
    with desk.store.work() as work:
        new = {**LABEL, "id": "4" * 8 + str(LABEL["id"])[8:], "code": "NEW"}
        copies.keep_product(work, new, 1)
    lines = [{"product_code": "NEW", "quantity": "1"}]
    number = desk.new_order(submit=False, lines=lines)["number"]
    asked_for = "select kind, state from task"
    assert desk.state(asked_for) == [("missing_fields", "open")]
    desk.scheme("S-NEW", "3.00", product_code="NEW")

    desk.talk("submit", order_number=number, key_data_checked=True)

    assert desk.state(asked_for) == [("missing_fields", "dropped")]


def test_an_order_that_no_book_could_hold_is_refused(desk: Desk, neighbours: Neighbours) -> None:
    huge = {"product_code": "PAPER-70", "quantity": "999999999999", "unit_price": "99"}

    with pytest.raises(OrderTooLarge):
        desk.new_order(lines=[huge, huge])

    assert neighbours.asked == []
    assert desk.state('select count(*) from "order"') == [(0,)]


def test_an_order_whose_schemes_come_to_more_than_any_book_holds_is_refused(desk: Desk) -> None:
    """Its own price may be small all the same."""
    desk.scheme("S-DEAR", "1000", product_code="PAPER-70", customer_code="C-B")
    huge = {"product_code": "PAPER-70", "quantity": "100000000000", "unit_price": "0.01"}

    with pytest.raises(OrderTooLarge) as refused:
        desk.new_order(lines=[huge])

    assert refused.value.details["total"] == "100000000000000.00"
    assert desk.state('select count(*) from "order"') == [(0,)]


def test_an_edit_of_a_consignee_changes_what_it_names(desk: Desk) -> None:
    number = desk.new_order(submit=False)["number"]

    change(desk, number, consignee={"phone": "13900009999"})
    assert desk.order(number)["consignee"] == {
        "name": "张三",
        "phone": "13900009999",
        "address": "杭州市西湖区1号",
    }

    change(desk, number, consignee={"address": None})
    assert desk.order(number)["consignee"]["address"] is None


def test_a_consignee_has_a_phone_that_can_be_called(desk: Desk) -> None:
    """O6: one that stands from before is kept, whatever else is edited."""
    with pytest.raises(InvalidFields) as refused:
        desk.new_order(consignee={"name": "张三", "phone": "abc", "address": "杭州市西湖区1号"})
    assert list(refused.value.details["fields"]["consignee"]) == ["phone"]
    assert (desk.state('select * from "order"'), desk.announced()) == ([], [])
    number = desk.new_order(submit=False)["number"]
    before = desk.order(number)
    with pytest.raises(InvalidFields):
        change(desk, number, consignee={"phone": "无"})
    assert desk.order(number) == before

    change(desk, number, consignee={"phone": "0571-88886666-801"})
    assert desk.order(number)["consignee"]["phone"] == "0571-88886666-801"

    desk.state("update \"order\" set consignee_phone = 'abc' returning 1")
    change(desk, number, consignee={"name": "李四", "phone": "abc"})
    assert desk.order(number)["consignee"]["name"] == "李四"
    assert desk.talk("submit", order_number=number, key_data_checked=True)["stage"] == "in_review"


def test_an_unchecked_order_is_not_submitted(desk: Desk) -> None:
    """O37: key data are compared a second time."""
    with pytest.raises(FieldsMissing) as refused:
        desk.new_order(key_data_checked=False)

    assert list(refused.value.details["fields"]) == ["key_data_checked"]


def test_prices_that_moved_since_the_second_check_are_checked_again(
    desk: Desk, neighbours: Neighbours
) -> None:
    """O37: what was compared is what is submitted."""
    lines = [
        {"product_code": "LABEL-40", "quantity": "100"},
        {"product_code": "PAPER-70", "quantity": "10", "unit_price": "1.00"},
    ]
    first, second = (desk.new_order(submit=False, lines=lines)["number"] for _ in range(2))
    desk.scheme("DEARER", "0.55")
    before, told = desk.order(first), desk.announced()

    with pytest.raises(CheckedPricesMoved) as refused:
        desk.talk("submit", order_number=first)

    assert refused.value.details["changes"] == "line 1: 0.5 → 0.55"
    assert (desk.order(first), desk.announced(), neighbours.asked) == (before, told, [])
    checked = desk.do(commands.CheckKeyData, drafting.check_key_data, order_number=first)
    assert (checked["total"], desk.announced()[-1]) == ("65.00", "order_changed")
    assert desk.talk("submit", order_number=first)["total"] == "65.00"
    said = desk.talk("submit", order_number=second, key_data_checked=True)
    assert (said["total"], said["stage"]) == ("65.00", "in_review")


def test_a_discount_that_came_since_the_second_check_is_checked_again(desk: Desk) -> None:
    """O37."""
    number = desk.new_order(submit=False)["number"]
    terms = {"threshold": "500", "value": "20", "valid_from": "2020-01-01"}
    name = {"promotion_code": "P", "name": "满500减20", "kind": "discount"}
    with desk.store.work(DIRECTOR) as work:
        pricing.create_promotion(work, load(commands.CreatePromotion(), {**terms, **name}))

    with pytest.raises(CheckedPricesMoved) as refused:
        desk.talk("submit", order_number=number)

    assert refused.value.details["changes"] == "line 1: discount 0 → 20"


def test_credit_that_is_held_does_not_refuse_the_order(desk: Desk, neighbours: Neighbours) -> None:
    neighbours.answer("customers.reserve_credit", {**PASSED, "verdict": "held"})

    order = desk.new_order()

    assert order["stage"] == "in_review"
    assert verdicts(order)["credit"] == "held"


def test_held_credit_passes_by_the_directors_override(desk: Desk, neighbours: Neighbours) -> None:
    neighbours.answer("customers.reserve_credit", {**PASSED, "verdict": "held"})
    number = desk.new_order()["number"]
    with pytest.raises(RoleNeeded):
        desk.talk("override_credit", order_number=number, reason="other", text="please")
    neighbours.answer("customers.reserve_credit", PASSED)

    order = desk.talk(
        "override_credit", DIRECTOR, order_number=number, reason="other", text="old customer"
    )

    credit = next(gate for gate in order["gates"] if gate["kind"] == "credit")
    assert (credit["verdict"], credit["override"]) == ("passed", True)
    assert credit["signer_name"] == "Zhou Lei"
    assert neighbours.asked[-1][1]["override"] is True


def test_a_price_below_scheme_is_a_doubt_told_to_three_at_once(desk: Desk) -> None:
    """O9 X10: salesperson, supervisor and director; only the director overrides."""
    order = desk.new_order(
        lines=[{"product_code": "PAPER-70", "quantity": "1000", "unit_price": "0.9"}]
    )

    assert verdicts(order)["price"] == "doubt"
    told = desk.state("select role, person_id from task where kind = 'price_doubt' order by role")
    assert told == [("director", None), ("sales", "sales-1"), ("supervisor", None)]
    for who, verb in ((DIRECTOR, "override_price"), (SALES, "retry_price")):
        listed = desk.store.read(who, lambda work: pages.list_work(work, {"limit": 9}))
        assert (verb, list(who.roles)) in [(each["verb"], each["roles"]) for each in listed]
    with pytest.raises(RoleNeeded):
        desk.do(
            commands.Override,
            reviewing.override_price,
            SUPERVISOR,
            order_number=order["number"],
            reason="price",
            text="no",
        )
    order = desk.do(
        commands.Override,
        reviewing.override_price,
        DIRECTOR,
        order_number=order["number"],
        reason="price",
        text="volume next year",
    )
    assert verdicts(order)["price"] == "passed"
    assert desk.state("select count(*) from task where state = 'open'") == [(0,)]


def test_statements_that_overtake_each_other_pass_in_their_turn(desk: Desk) -> None:
    number = desk.new_order()["number"]
    order_id = desk.order(number)["id"]
    for kind in ("material", "technique"):
        with desk.store.work() as work:
            reviewing.take_statement(
                work,
                {
                    "order_id": order_id,
                    "kind": kind,
                    "revision": 1,
                    "verdict": "passed",
                    "text": "",
                    "signer_id": "t",
                    "signer_name": "T",
                    "signed_at": "2026-01-01T00:00:00+00:00",
                },
            )

    assert verdicts(desk.order(number))["material"] == "passed"


def test_a_statement_for_an_old_revision_changes_nothing(desk: Desk) -> None:
    number = desk.new_order()["number"]

    desk.state_all_made(number, revision=0)

    assert verdicts(desk.order(number))["technique"] == "pending"


def offered(desk: Desk, number: str, who: Principal) -> tuple[bool, list[str], list[str]]:
    """Give whether he may approve, whose turn it is, and what his work list says of it."""

    def look(work: Work) -> tuple[bool, list[str], list[str]]:
        order = looked_at.by_number(work, number).order
        may = {each["verb"]: each["allowed"] for each in actions.list_actions(work, order)}
        page = pages.get_order(work, {"order_id": None, "order_number": number})
        listed = [item["verb"] for item in pages.list_work(work, {"limit": 100})]
        return may["sign_approval"], page["next"]["who"], listed

    return desk.store.read(who, look)


def test_what_the_supervisor_may_approve_waits_for_him_and_the_director(desk: Desk) -> None:
    number = desk.new_order()["number"]
    desk.state_all_made(number)
    for who in (SUPERVISOR, DIRECTOR):
        assert offered(desk, number, who) == (
            True,
            ["supervisor", "director"],
            ["sign_approval"],
        )


def test_approval_beyond_the_supervisor_needs_the_director(desk: Desk) -> None:
    """O12: above 50,000 yuan."""
    number = desk.new_order(lines=[{"product_code": "PAPER-70", "quantity": "50001"}])["number"]
    desk.state_all_made(number)
    body = {"order_number": number, "verdict": "passed", "text": "ok"}

    with pytest.raises(DirectorNeeded):
        desk.do(commands.SignApproval, reviewing.sign_approval, SUPERVISOR, **body)
    # Nor is he told to, anywhere.
    assert offered(desk, number, SUPERVISOR) == (False, ["director"], [])
    assert offered(desk, number, DIRECTOR) == (True, ["director"], ["sign_approval"])

    order = desk.do(commands.SignApproval, reviewing.sign_approval, DIRECTOR, **body)
    assert order["stage"] == "approved"


def test_approval_is_not_open_before_all_others_passed(desk: Desk) -> None:
    number = desk.new_order()["number"]

    with pytest.raises(GateNotOpen):
        desk.do(
            commands.SignApproval,
            reviewing.sign_approval,
            SUPERVISOR,
            order_number=number,
            verdict="passed",
            text="ok",
        )


def approved_and_changed(desk: Desk, line: dict[str, str]) -> str:
    """Take an approved order back to draft and change its line; gives its number."""
    number: str = desk.approved_order()["number"]
    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="customer_request",
    )
    desk.do(
        commands.ChangeOrder,
        drafting.change_order,
        order_number=number,
        lines=[{"product_code": "PAPER-70", **line}],
        reason="customer_request",
    )
    return number


def test_a_resubmit_reopens_only_the_gates_whose_input_changed(
    desk: Desk, neighbours: Neighbours
) -> None:
    """Back to draft with a changed quantity: technique carries over, the rest re-opens."""
    number = approved_and_changed(desk, {"quantity": "1200"})

    order = desk.talk("submit", order_number=number, key_data_checked=True)

    assert order["revision"] == 2
    assert verdicts(order) == {
        "price": "passed",
        "credit": "passed",
        "technique": "passed",
        "material": "pending",
        "schedule": "pending",
        "approval": "pending",
    }
    credit = [body for name, body, _ in neighbours.asked if name == "customers.reserve_credit"]
    assert [body["amount"] for body in credit] == ["1030.00", "1236.00"]


def test_a_resubmit_tells_customers_another_total_under_the_same_upper_bound(
    desk: Desk, neighbours: Neighbours
) -> None:
    number = approved_and_changed(desk, {"quantity": "1030", "tolerance_over": "0"})

    desk.talk("submit", order_number=number, key_data_checked=True)

    credit = [body for name, body, _ in neighbours.asked if name == "customers.reserve_credit"]
    assert [(body["total"], body["amount"]) for body in credit] == [
        ("1000.00", "1030.00"),
        ("1030.00", "1030.00"),
    ]


_STOCK = {"product_code": "LABEL-40", "quantity": "10"}
_MADE = {"product_code": "PAPER-70", "quantity": "1000"}
_FROM_STOCK = {**_MADE, "supply": "stock"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([_STOCK, _MADE], [[_MADE]]),
        ([_MADE], [[_STOCK, _MADE]]),
        ([_FROM_STOCK, _MADE], [[_MADE, _FROM_STOCK]]),
        ([_STOCK, _MADE], [[_STOCK], [_MADE, _STOCK]]),
    ],
    ids=["a line before it dropped", "one put before it", "supply switched", "brought back"],
)
def test_a_line_keeps_its_id_wherever_it_stands(
    desk: Desk,
    neighbours: Neighbours,
    before: list[dict[str, str]],
    after: list[list[dict[str, str]]],
) -> None:
    """The others know by it what they hold for the line."""
    order = desk.approved_order(lines=before)
    number = order["number"]
    ids = {line["supply"]: line["id"] for line in order["lines"]}
    desk.do(commands.ReturnToDraft, drafting.return_to_draft, order_number=number, reason="other")

    for lines in after:
        desk.do(
            commands.ChangeOrder,
            drafting.change_order,
            order_number=number,
            lines=lines,
            reason="customer_request",
        )
    neighbours.asked.clear()
    order = desk.talk("submit", order_number=number, key_data_checked=True)

    assert [line["line_no"] for line in order["lines"]] == list(range(1, len(after[-1]) + 1))
    stands = {line["supply"]: line["id"] for line in order["lines"]}
    assert stands == stands | {supply: ids[supply] for supply in stands if supply in ids}
    assert verdicts(order)["technique"] == verdicts(order)["material"] == "passed"
    lost_its_date = len(after) == 2
    assert verdicts(order)["schedule"] == ("pending" if lost_its_date else "passed")
    # Also where none is left: what the order holds is to be given back.
    (asked,) = [body for name, body, _ in neighbours.asked if name == "inventory.reserve_stock"]
    assert len(asked["lines"]) == len(after[-1]) - 1


def test_a_made_line_that_comes_back_by_another_id_has_its_material_signed_anew(
    desk: Desk,
) -> None:
    """What was held for it is held by the id that is gone, which nobody would consume."""
    order = desk.approved_order(lines=[_MADE, _STOCK])
    number, stock_id = order["number"], order["lines"][1]["id"]
    desk.do(commands.ReturnToDraft, drafting.return_to_draft, order_number=number, reason="other")
    for lines in ([_STOCK], [_STOCK, _MADE]):
        desk.do(
            commands.ChangeOrder,
            drafting.change_order,
            order_number=number,
            lines=lines,
            reason="customer_request",
        )

    resubmitted = desk.talk("submit", order_number=number, key_data_checked=True)

    kept, back = (line["id"] for line in resubmitted["lines"])
    assert kept == stock_id
    assert back not in {line["id"] for line in order["lines"]}
    stated = verdicts(resubmitted)
    assert [stated[kind] for kind in ("technique", "material", "schedule")] == [
        "passed",
        "pending",
        "pending",
    ]


def test_an_unchanged_resubmit_keeps_every_gate_and_asks_no_credit(
    desk: Desk, neighbours: Neighbours
) -> None:
    number = desk.approved_order()["number"]
    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="correction",
    )
    neighbours.asked.clear()

    order = desk.talk("submit", order_number=number, key_data_checked=True)

    assert order["stage"] == "approved"
    assert set(verdicts(order).values()) == {"passed"}
    assert "customers.reserve_credit" not in neighbours.names()


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(
    desk: Desk, neighbours: Neighbours
) -> None:
    body = {"order_number": desk.new_order(submit=False)["number"], "key_data_checked": True}
    first = desk.talk("submit", key="k", **body)

    again = desk.talk("submit", key="k", **body)

    assert again == first
    assert neighbours.names().count("customers.reserve_credit") == 1
    with pytest.raises(KeyReused):
        desk.talk("submit", key="k", **{**body, "key_data_checked": False})


def test_an_unreachable_neighbour_leaves_the_outcome_to_the_row(
    desk: Desk, neighbours: Neighbours
) -> None:
    """ARCHITECTURE §4.6: unknown is asked again with the same ids, never assumed."""
    number = desk.new_order(submit=False)["number"]
    body = {"order_number": number, "key_data_checked": True}
    neighbours.refuse("customers.reserve_credit", Unavailable())
    with pytest.raises(Unavailable):
        desk.talks.hold("submit", CLERK, "k", body, deadline=deadline_in(0.3))
    asked = {key for name, _, key in neighbours.asked if name == "customers.reserve_credit"}
    neighbours.answer("customers.reserve_credit", PASSED)

    assert desk.talks.take_up_abandoned() == 1

    assert desk.order(number)["stage"] == "in_review"
    after = {key for name, _, key in neighbours.asked if name == "customers.reserve_credit"}
    assert after == asked
    assert desk.talk("submit", key="k", **body)["stage"] == "in_review"


def test_a_submit_past_its_deadline_is_undone_and_its_key_may_try_afresh(
    desk: Desk, neighbours: Neighbours
) -> None:
    number = desk.new_order(submit=False)["number"]
    body = {"order_number": number, "key_data_checked": True}
    neighbours.refuse("customers.reserve_credit", Unavailable())
    with pytest.raises(Unavailable):
        desk.talks.hold("submit", CLERK, "k", body, deadline=deadline_in(0.3))
    desk.state("update conversation set deadline = now() - interval '1 s' returning 1")
    neighbours.answer("customers.reserve_credit", PASSED)

    desk.talks.take_up_abandoned()

    assert desk.order(number)["stage"] == "draft"
    assert {"customers.undo_credit", "inventory.undo_stock"} <= set(neighbours.names())
    assert desk.talk("submit", key="k", **body)["stage"] == "in_review"


def test_a_stale_version_is_refused(desk: Desk) -> None:
    order = desk.new_order(submit=False)

    with pytest.raises(StaleVersion):
        desk.talk(
            "submit",
            order_number=order["number"],
            key_data_checked=True,
            expected_version=order["version"] + 1,
        )


def test_totals_are_sums_of_lines_rounded_half_up(desk: Desk) -> None:
    order = desk.new_order(
        lines=[
            {"product_code": "LABEL-40", "quantity": "3", "unit_price": "0.0365"},
            {"product_code": "LABEL-40", "quantity": "1", "unit_price": "0.005"},
        ]
    )

    assert [line["amount"] for line in order["lines"]] == ["0.11", "0.01"]
    assert Decimal(order["total"]) == Decimal("0.12")


def in_days(days: int) -> str:
    day: date = clock.business_date(clock.business_now()) + timedelta(days=days)
    return day.isoformat()


def test_customer_due_is_kept(desk: Desk) -> None:
    assert desk.new_order(customer_due=in_days(0))["customer_due"] == in_days(0)


@pytest.mark.parametrize("submit", [True, False])
def test_no_order_is_created_with_a_customer_date_that_has_passed(
    desk: Desk, *, submit: bool
) -> None:
    with pytest.raises(InvalidFields) as refused:
        desk.new_order(customer_due=in_days(-1), submit=submit)
    fields = refused.value.details["fields"]
    assert fields == {"customer_due": [f"Must be {in_days(0)} or later."]}
    assert desk.state('select * from "order"') == []
    assert desk.announced() == []


def test_a_memo_becomes_no_draft_with_a_customer_date_that_has_passed(desk: Desk) -> None:
    memo = desk.do(
        commands.TakeMemo,
        drafting.take_memo,
        channel="phone",
        asked_by="张经理",
        wish="标签 100",
        reply_by=clock.business_now().isoformat(),
    )
    with pytest.raises(InvalidFields):
        desk.do(
            commands.DraftOrder,
            drafting.draft_order,
            order_number=memo["number"],
            customer_code="C-B",
            customer_due=in_days(-1),
        )
    assert desk.order(memo["number"])["stage"] == "memo"


def test_lines_written_on_a_memo_are_priced_when_it_becomes_a_draft(desk: Desk) -> None:
    asked: dict[str, Any] = {"channel": "phone", "asked_by": "张经理", "wish": "标签"}
    asked["reply_by"] = clock.business_now().isoformat()
    number = desk.do(commands.TakeMemo, drafting.take_memo, **asked)["number"]
    line = {"product_code": "LABEL-40", "quantity": "100"}
    with pytest.raises(DiscountAboveAmount):
        change(desk, number, lines=[{**line, "discount": "5"}])
    change(desk, number, lines=[line])

    drafted = desk.do(
        commands.DraftOrder, drafting.draft_order, order_number=number, customer_code="C-B"
    )

    assert (drafted["total"], drafted["lines"][0]["unit_price"]) == ("50.00", "0.500000")
    asked_for = "select details->'fields' as fields from task where kind = 'missing_fields'"
    assert "unit_price" not in desk.state(asked_for)[0].fields


def test_a_price_that_the_submit_looks_up_keeps_nobody_from_it(desk: Desk) -> None:
    lines = [{"product_code": "LABEL-40", "quantity": "100"}]
    number = desk.new_order(lines=lines, submit=False)["number"]
    desk.state("update order_line set unit_price = 0 returning 1")

    assert submit_why_not(desk, number) is None
    submitted = desk.talk("submit", order_number=number, key_data_checked=True)
    assert submitted["total"] == "50.00"


def test_no_other_customer_date_is_given_than_one_to_come(desk: Desk) -> None:
    draft = desk.new_order(submit=False)["number"]
    with pytest.raises(InvalidFields):
        change(desk, draft, customer_due=in_days(-1))
    assert desk.order(draft)["customer_due"] == in_days(30)

    promised = desk.new_order()["number"]
    with pytest.raises(InvalidFields):
        desk.do(
            commands.PromiseDate,
            confirming.promise_date,
            order_number=promised,
            customer_due=in_days(-1),
            reason="production",
        )
    assert desk.order(promised)["customer_due"] == in_days(30)


def test_a_draft_whose_customer_date_has_passed_is_edited_but_not_submitted(
    desk: Desk, clock_file: Path, neighbours: Neighbours
) -> None:
    number = desk.new_order(submit=False)["number"]
    clock_file.write_text(str(timedelta(days=31).total_seconds()))
    change(desk, number, wish="快点", customer_due=in_days(-1))
    assert desk.order(number)["wish"] == "快点"

    before, announced = desk.order(number), desk.announced()
    with pytest.raises(CustomerDuePassed) as refused:
        desk.talk("submit", order_number=number, key_data_checked=True)
    assert refused.value.details == {
        "order_number": number,
        "customer_due": in_days(-1),
        "today": in_days(0),
    }
    assert (desk.order(number), desk.announced()) == (before, announced)
    assert neighbours.asked == []
    assert submit_why_not(desk, number) == "customer_due_passed"

    change(desk, number, customer_due=in_days(0))
    assert submit_why_not(desk, number) is None
    submitted = desk.talk("submit", order_number=number, key_data_checked=True)
    assert submitted["stage"] == "in_review"


def change(desk: Desk, number: str, **fields: Any) -> None:
    desk.do(commands.ChangeOrder, drafting.change_order, order_number=number, **fields)


def submit_why_not(desk: Desk, number: str) -> str | None:
    with desk.store.work(CLERK) as work:
        listed = actions.list_actions(work, orders.order_by_number(work, number))
    (submit,) = (action for action in listed if action["verb"] == "submit")
    why_not = submit["why_not"]
    return None if why_not is None else why_not["code"]
