"""What price, credit and approval are judged by, and who may send a review back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import clock
from chassis.commands import load
from chassis.errors import RoleNeeded, StaleVersion
from chassis.principal import Principal
from services.orders import pages
from services.orders.domain.errors import (
    CustomerInactive,
    DiscountAboveAmount,
    FieldsMissing,
    LineServed,
    LineUnderWay,
)
from services.orders.schemas import commands
from services.orders.storage import copies, looked_at
from services.orders.use_cases import actions, drafting, ending, pricing, progress, reviewing
from tests.integration.orders.desk import (
    CLERK,
    CUSTOMER,
    DIRECTOR,
    LABEL,
    PASSED,
    SALES,
    SUPERVISOR,
    Desk,
    Neighbours,
)
from tests.integration.orders.test_confirmation import SIGNED, days_pass

TECHNICIAN = Principal("t-1", "Technician", frozenset({"technician"}))


def labels(**changes: Any) -> list[dict[str, Any]]:
    return [{"product_code": "LABEL-40", "quantity": "100", **changes}]


def verdict(order: dict[str, Any], kind: str) -> str:
    return next(str(gate["verdict"]) for gate in order["gates"] if gate["kind"] == kind)


def back(desk: Desk, number: str, who: Principal = SUPERVISOR) -> dict[str, Any]:
    order: dict[str, Any] = desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        who,
        order_number=number,
        reason="correction",
    )
    return order


def change(desk: Desk, number: str, **changes: Any) -> None:
    desk.do(
        commands.ChangeOrder,
        drafting.change_order,
        order_number=number,
        reason="correction",
        **changes,
    )


def resubmitted(desk: Desk, number: str) -> dict[str, Any]:
    order: dict[str, Any] = desk.talk("submit", order_number=number, key_data_checked=True)
    return order


def confirmed(desk: Desk, **order: Any) -> dict[str, Any]:
    number = desk.approved_order(**order)["number"]
    desk.talk(
        "send_confirmation",
        order_number=number,
        channel="fax",
        recipient="张经理",
        proof_read=True,
    )
    done: dict[str, Any] = desk.talk("verify_sign_back", order_number=number, **SIGNED)
    return done


def test_a_draft_is_judged_by_the_grade_its_customer_has_at_the_submit(desk: Desk) -> None:
    """O9: promoted since the draft was written; its orders under way keep what they promised."""
    desk.scheme("A-PRICE", "0.45", grade="A")
    under_way = confirmed(desk, lines=labels())["number"]
    number = desk.new_order(submit=False, lines=labels())["number"]
    with desk.store.work() as work:
        progress.take_customer(work, {**CUSTOMER, "grade": "A"}, 2)

    order = resubmitted(desk, number)

    assert (order["lines"][0]["unit_price"], verdict(order, "price")) == ("0.450000", "passed")
    assert desk.order(under_way)["customer"]["grade"] == "B"


def test_no_draft_is_submitted_whose_customer_was_blocked_since(
    desk: Desk, neighbours: Neighbours
) -> None:
    """What is under way goes on, and a draft does once the customer buys again."""
    under_way = desk.new_order()["number"]
    number = desk.new_order(submit=False)["number"]

    def customer_is(sequence: int, *, active: bool) -> None:
        with desk.store.work() as work:
            progress.take_customer(work, {**CUSTOMER, "active": active}, sequence)

    def submit_action() -> dict[str, Any]:
        def look(work: Any) -> list[dict[str, Any]]:
            return actions.list_actions(work, looked_at.by_number(work, number).order)

        (found,) = (each for each in desk.store.read(CLERK, look) if each["verb"] == "submit")
        return found

    customer_is(2, active=False)
    before, told, asked = desk.order(number), desk.announced(), len(neighbours.asked)

    with pytest.raises(CustomerInactive):
        resubmitted(desk, number)

    assert (desk.order(number), desk.announced()) == (before, told)
    assert len(neighbours.asked) == asked
    assert submit_action()["why_not"]["code"] == "customer_inactive"
    desk.state_all_made(under_way)
    assert verdict(desk.order(under_way), "schedule") == "passed"
    customer_is(3, active=True)
    assert submit_action()["allowed"]
    assert resubmitted(desk, number)["stage"] == "in_review"


def test_the_price_of_a_campaign_that_has_ended_is_no_last_price_to_doubt_by(
    desk: Desk, clock_file: Path
) -> None:
    """O9: a doubt only where the scheme has not changed since."""
    today = clock.business_date(clock.business_now())
    desk.scheme(
        "CAMPAIGN",
        "0.40",
        valid_from=today.isoformat(),
        valid_until=(today + timedelta(days=2)).isoformat(),
    )
    assert confirmed(desk, lines=labels())["lines"][0]["unit_price"] == "0.400000"
    days_pass(clock_file, 3)

    order = desk.new_order(lines=labels())

    assert (order["lines"][0]["unit_price"], verdict(order, "price")) == ("0.500000", "passed")


def test_another_customers_campaign_explains_no_last_price(desk: Desk, clock_file: Path) -> None:
    special = labels(unit_price="0.40")
    number = desk.new_order(lines=special)["number"]
    override: dict[str, Any] = {"order_number": number, "reason": "price", "text": "老客户"}
    desk.do(commands.Override, reviewing.override_price, DIRECTOR, **override)
    desk.do(
        commands.SignApproval,
        reviewing.sign_approval,
        DIRECTOR,
        order_number=number,
        verdict="passed",
        text="ok",
    )
    sending: dict[str, Any] = {"channel": "fax", "recipient": "张经理", "proof_read": True}
    desk.talk("send_confirmation", order_number=number, **sending)
    desk.talk("verify_sign_back", order_number=number, **SIGNED)
    desk.scheme("ELSEWHERE", "0.30", region="华南")

    order = desk.new_order(lines=labels())

    gate: dict[str, Any] = next(gate for gate in order["gates"] if gate["kind"] == "price")
    assert [doubt["kind"] for doubt in gate["figures"]["doubts"]] == ["differs_from_last_price"]


def test_a_price_that_is_a_drafts_again_ends_the_three_reports_of_its_doubt(desk: Desk) -> None:
    """O9."""
    number = desk.new_order(lines=labels(unit_price="0.40"))["number"]
    assert desk.state("select state, count(*) from task group by state") == [("open", 3)]
    back(desk, number, SALES)
    assert desk.state("select state, count(*) from task group by state") == [("dropped", 3)]
    change(desk, number, lines=labels())

    assert verdict(resubmitted(desk, number), "price") == "passed"


def test_a_line_that_nobody_gave_a_price_misses_it(desk: Desk, neighbours: Neighbours) -> None:
    """O6: without a scheme the price has to be said; that it is in doubt comes after that."""
    with desk.store.work() as work:
        copies.keep_product(work, {**LABEL, "id": "4" * 8 + str(LABEL["id"])[8:], "code": "NEW"}, 1)
    unpriced: list[dict[str, Any]] = [{"product_code": "NEW", "quantity": "1"}]
    with pytest.raises(FieldsMissing) as refused:
        desk.new_order(lines=unpriced)
    assert refused.value.details["fields"] == {"unit_price": "单价（第1行）"}
    assert neighbours.asked == []
    assert desk.announced() == []

    order = desk.new_order(lines=[{**unpriced[0], "unit_price": "0"}])

    assert verdict(order, "price") == "doubt"


def test_a_scheme_that_is_only_prolonged_has_not_moved(desk: Desk) -> None:
    """O9: a last price that differs stays in doubt; new prices, or an end, explain it."""
    desk.scheme("SPECIAL", "0.40", customer_code=CUSTOMER["code"])

    def changed(**changes: Any) -> bool:
        body = {
            "scheme_code": "SPECIAL",
            "breaks": [{"min_quantity": "0", "unit_price": "0.40"}],
            "valid_from": "2020-01-01",
            "reason": "price",
            **changes,
        }
        stood = "select changed_at from price_scheme where code = 'SPECIAL'"
        before = desk.state(stood)
        with desk.store.work(DIRECTOR) as work:
            pricing.change_scheme(work, load(commands.ChangeScheme(), body))
        return bool(desk.state(stood) != before)

    prolonged = {"valid_until": "2099-12-31"}
    assert not changed(**prolonged)
    assert changed(valid_from="2020-01-02")
    assert changed(breaks=[{"min_quantity": "0", "unit_price": "0.45"}])
    assert changed(active=False)


def test_a_discount_above_what_the_line_costs_is_refused(desk: Desk) -> None:
    with pytest.raises(DiscountAboveAmount):
        desk.new_order(lines=labels(discount="50.01"))
    assert desk.announced() == []
    assert desk.new_order(lines=labels(discount="50.00"))["total"] == "0.00"


def test_another_tolerance_asks_for_the_approval_again(desk: Desk) -> None:
    """SPEC §5: approval by anything; the other gates do not depend on the lower bound."""
    number = desk.approved_order()["number"]
    back(desk, number)
    line = {"product_code": "PAPER-70", "quantity": "1000", "tolerance_under": "10"}
    change(desk, number, lines=[line])

    order = resubmitted(desk, number)

    assert {gate["kind"] for gate in order["gates"] if gate["verdict"] != "passed"} == {"approval"}


def test_credit_tried_again_takes_the_terms_of_that_moment(
    desk: Desk, neighbours: Neighbours
) -> None:
    neighbours.answer("customers.reserve_credit", {**PASSED, "verdict": "held"})
    number = desk.new_order()["number"]
    prepaid = {"terms": "prepaid", "grade": "C", "deposit_percent": "100.000", "prepaid": True}
    neighbours.answer("customers.reserve_credit", {**PASSED, **prepaid})

    order = desk.talk("retry_credit", order_number=number)

    assert verdict(order, "credit") == "passed"
    assert (order["terms"], order["customer"]["grade"], order["deposit_percent"]) == (
        "prepaid",
        "C",
        "100.000",
    )


def test_a_review_is_sent_back_by_a_gates_owner_and_nobody_else(desk: Desk) -> None:
    number = desk.new_order()["number"]
    before = desk.order(number)
    with pytest.raises(RoleNeeded):
        back(desk, number, CLERK)
    assert desk.order(number) == before
    assert back(desk, number, TECHNICIAN)["stage"] == "draft"


def test_a_line_is_given_up_once(desk: Desk) -> None:
    two = [*labels(), {"product_code": "LABEL-40", "quantity": "5"}]
    order = confirmed(desk, lines=two)
    shipment = {"id": order["id"], "order_id": order["id"], "number": "S-1", "state": "requested"}
    desk.hear_of_shipment("dispatch_requested", {**shipment, "lines": []}, 1)
    give_up: dict[str, Any] = {"line_no": 2, "consent_by": "张经理", "reason": "stock"}
    number = order["number"]
    desk.do(
        commands.ShortCloseLine, ending.short_close_line, SUPERVISOR, order_number=number, **give_up
    )
    told = desk.announced()
    with pytest.raises(LineServed):
        desk.do(
            commands.ShortCloseLine,
            ending.short_close_line,
            SUPERVISOR,
            order_number=number,
            **give_up,
        )
    assert desk.announced() == told


@pytest.mark.parametrize("state", ["requested", "packed", "dispatched", "exception"])
def test_a_line_that_is_being_shipped_is_not_given_up(desk: Desk, state: str) -> None:
    """Its goods would be anybody's, and leave all the same: unpaid, and held for another."""
    order = confirmed(desk, lines=[*labels(), {"product_code": "LABEL-40", "quantity": "5"}])
    number, lines = order["number"], [{"line_id": order["lines"][1]["id"], "quantity": "5"}]
    shipment = {"id": order["id"], "order_id": order["id"], "number": "S-1", "lines": lines}
    desk.hear_of_shipment("dispatch_requested", {**shipment, "state": state}, 1)
    before, told = desk.order(number), desk.announced()
    give_up: dict[str, Any] = {"line_no": 2, "consent_by": "张经理", "reason": "stock"}

    with pytest.raises(LineUnderWay, match="S-1"):
        desk.do(
            commands.ShortCloseLine,
            ending.short_close_line,
            SUPERVISOR,
            order_number=number,
            **give_up,
        )

    assert (desk.order(number), desk.announced()) == (before, told)
    desk.hear_of_shipment("shipment_cancelled", {**shipment, "state": "cancelled"}, 2)
    desk.do(
        commands.ShortCloseLine, ending.short_close_line, SUPERVISOR, order_number=number, **give_up
    )
    assert desk.order(number)["lines"][1]["short_closed"] is True


def test_goods_on_stock_wait_to_be_shipped_from_the_confirmation_until_they_are_given_up(
    desk: Desk,
) -> None:
    def verbs() -> list[str]:
        items = desk.store.read(CLERK, lambda work: pages.list_work(work, {"limit": 100}))
        return [item["verb"] for item in items]

    order = confirmed(desk, lines=[*labels(), {"product_code": "LABEL-40", "quantity": "5"}])
    assert verbs() == ["request_dispatch"]
    number, first = order["number"], {"line_id": order["lines"][0]["id"], "quantity": "100"}
    left = {"id": order["id"], "order_id": order["id"], "number": "S-1", "state": "dispatched"}
    desk.hear_of_shipment("shipment_dispatched", {**left, "lines": [first]}, 1)
    assert verbs() == ["request_dispatch"]

    give_up: dict[str, Any] = {"line_no": 2, "consent_by": "张经理", "reason": "stock"}
    desk.do(
        commands.ShortCloseLine, ending.short_close_line, SUPERVISOR, order_number=number, **give_up
    )

    assert verbs() == []


def test_a_promotion_can_be_changed_and_ended(desk: Desk) -> None:
    """O10: what it gave before stays with the orders that were judged by it."""
    terms: dict[str, Any] = {
        "promotion_code": "TEN-OFF",
        "threshold": "50",
        "value": "10",
        "valid_from": "2020-01-01",
    }
    new = load(commands.CreatePromotion(), {**terms, "name": "满50减10", "kind": "discount"})
    with desk.store.work(DIRECTOR) as work:
        pricing.create_promotion(work, new)
    given = desk.new_order(lines=labels())

    ended = {**terms, "active": False, "reason": "price", "expected_version": 1}
    with desk.store.work(DIRECTOR) as work:
        pricing.change_promotion(work, load(commands.ChangePromotion(), ended))

    assert (given["total"], desk.new_order(lines=labels())["total"]) == ("40.00", "50.00")
    assert desk.order(given["number"])["total"] == "40.00"
    assert desk.state("select changes, reason from change_log where entity_id = 'TEN-OFF'")[-1] == (
        {"active": [True, False]},
        "price",
    )
    with pytest.raises(StaleVersion), desk.store.work(DIRECTOR) as work:
        pricing.change_promotion(work, load(commands.ChangePromotion(), ended))


def judged_again(desk: Desk, number: str) -> dict[str, Any]:
    order: dict[str, Any] = desk.do(commands.RetryPrice, reviewing.retry_price, order_number=number)
    return order


def doubts(order: dict[str, Any]) -> list[tuple[int, str]]:
    (gate,) = (gate for gate in order["gates"] if gate["kind"] == "price")
    return [(doubt["line_no"], doubt["kind"]) for doubt in gate["figures"]["doubts"]]


def test_prices_that_nothing_was_known_of_pass_once_the_director_made_their_scheme(
    desk: Desk,
) -> None:
    """O9."""
    with desk.store.work() as work:
        copies.keep_product(work, {**LABEL, "id": "4" * 8 + str(LABEL["id"])[8:], "code": "NEW"}, 1)
    order = desk.new_order(lines=[{"product_code": "NEW", "quantity": "10", "unit_price": "3.00"}])
    number = order["number"]
    assert doubts(order) == doubts(judged_again(desk, number)) == [(1, "no_scheme")]
    desk.scheme("S-NEW", "3.00", product_code="NEW")

    order = judged_again(desk, number)

    assert (verdict(order, "price"), order["total"]) == ("passed", "30.00")
    assert desk.state("select state, count(*) from task group by state") == [("done", 3)]
    assert back(desk, number)["stage"] == "draft"
    assert verdict(resubmitted(desk, number), "price") == "passed"


def test_a_confirmed_order_announces_the_coupon_that_its_prices_earn(desk: Desk) -> None:
    """O10: 满500送20; as it was when it was judged, whatever became of the promotion since."""
    for code, threshold in (("FIVE-HUNDRED", "500"), ("TWO-THOUSAND", "2000")):
        promotion = {
            "promotion_code": code,
            "name": code,
            "kind": "coupon",
            "threshold": threshold,
            "value": "20",
            "valid_from": "2020-01-01",
        }
        with desk.store.work(DIRECTOR) as work:
            pricing.create_promotion(work, load(commands.CreatePromotion(), promotion))
    number = desk.sent_order()["number"]
    desk.state("update promotion set active = false returning 1")

    order = desk.talk("verify_sign_back", order_number=number, **SIGNED)

    (told,) = desk.state(
        "select body::jsonb #> '{data,order,coupons}' as coupons from outbox"
        " where name = 'order_confirmed'"
    )
    earned = [{"promotion_code": "FIVE-HUNDRED", "amount": "20.00"}]
    assert (order["coupons"], told.coupons) == (earned, earned)


def test_prices_judged_again_are_those_that_credit_was_reserved_for(
    desk: Desk, neighbours: Neighbours
) -> None:
    """O9 O13: a line that no longer equals its scheme is in doubt; a draft gets new prices."""
    lines = [*labels(unit_price="0.40"), {"product_code": "PAPER-70", "quantity": "100"}]
    order = desk.new_order(lines=lines)
    number = order["number"]
    assert doubts(order) == [(1, "differs_from_scheme")]
    desk.scheme("DEARER", "2.00", product_code="PAPER-70", customer_code=CUSTOMER["code"])
    promotion = {
        "promotion_code": "TEN-OFF",
        "name": "满50减10",
        "kind": "discount",
        "threshold": "50",
        "value": "10",
        "valid_from": "2020-01-01",
    }
    with desk.store.work(DIRECTOR) as work:
        pricing.create_promotion(work, load(commands.CreatePromotion(), promotion))

    again = judged_again(desk, number)

    assert doubts(again) == [
        (1, "differs_from_scheme"),
        (1, "discount_differs"),
        (2, "differs_from_scheme"),
        (2, "discount_differs"),
    ]
    told = desk.state("select jsonb_array_length(details->'doubts') as doubts from task")
    assert [row.doubts for row in told] == [4, 4, 4]
    assert (again["lines"], again["total"]) == (order["lines"], order["total"])
    assert again["scheme_total"] == "240.00"
    assert neighbours.names().count("customers.reserve_credit") == 1
    back(desk, number)
    resubmitted(desk, number)
    asked = [body for name, body, _ in neighbours.asked if name == "customers.reserve_credit"]
    assert [body["total"] for body in asked] == ["140.00", "230.00"]


def logged(desk: Desk, number: str, action: str) -> list[Any]:
    rows = desk.state(
        f"select changes from change_log where entity_id = '{number}' and action = '{action}'"
        " order by id"
    )
    return [row.changes for row in rows]


def test_the_log_of_an_edit_names_what_the_lines_tolerate_and_how_they_are_packed(
    desk: Desk,
) -> None:
    """SPEC §2, X1."""
    number = desk.new_order(submit=False, lines=labels())["number"]
    change(desk, number, lines=labels(tolerance_under="10", tolerance_over="0", packing="散装"))

    (edit,) = logged(desk, number, "change")

    (before,), (after,) = edit["lines"]
    assert (before[-3:], after[-3:]) == (["3.000", "3.000", "50卷/箱"], ["0.000", "10.000", "散装"])


def test_the_log_of_a_submit_names_the_prices_it_looked_up(desk: Desk) -> None:
    """X10: the scheme moved since the draft was written."""
    number = desk.new_order(submit=False, lines=labels())["number"]
    desk.scheme("CHEAPER", "0.40", customer_code=CUSTOMER["code"])
    resubmitted(desk, number)
    back(desk, number)
    resubmitted(desk, number)

    looked_up, unchanged = logged(desk, number, "submit")

    assert looked_up.pop("revision") == [0, 1]
    ((before,), (after,)) = looked_up.pop("lines")
    assert (before[3], after[3]) == ("0.500000", "0.400000")
    assert looked_up == {}
    assert unchanged == {"revision": [1, 2]}


def test_how_a_draft_of_the_release_before_is_delivered_is_approved_and_logged(
    desk: Desk,
) -> None:
    """It may have no way of delivery; the default is what the approval is about."""
    number = desk.new_order(submit=False, lines=labels())["number"]
    desk.state('update "order" set delivery_method = null returning 1')
    resubmitted(desk, number)
    desk.do(
        commands.SignApproval,
        reviewing.sign_approval,
        SUPERVISOR,
        order_number=number,
        verdict="passed",
        text="agreed",
    )
    back(desk, number)

    order = resubmitted(desk, number)

    assert order["stage"] == "approved"
    assert logged(desk, number, "submit") == [
        {"revision": [0, 1], "delivery_method": [None, "pickup_at_depot"]},
        {"revision": [1, 2]},
    ]


def test_the_log_of_an_approval_names_the_verdict_that_stood(desk: Desk) -> None:
    """X1."""
    number = desk.new_order(lines=labels())["number"]
    for verdict in ("refused", "passed"):
        desk.do(
            commands.SignApproval,
            reviewing.sign_approval,
            SUPERVISOR,
            order_number=number,
            verdict=verdict,
            text="ok",
        )

    assert logged(desk, number, "sign_approval") == [
        {"approval": ["pending", "refused"]},
        {"approval": ["refused", "passed"]},
    ]
