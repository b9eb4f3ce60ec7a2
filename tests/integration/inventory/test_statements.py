"""Statements on technique, material and schedule: SPEC §5 (O13, O14, O16, O17, I2, I4, X5)."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis import clock
from chassis.errors import GendanError
from chassis.principal import Principal
from tests.integration.inventory.goods_story import CLERK, TECHNICIAN
from tests.integration.inventory.making_story import (
    DUE,
    OTHER_SALES,
    PLANNER,
    SALES,
    Order,
    Works,
    at_once,
)


def changed_since_passed(works: Works, order: Order) -> bool:
    """Ask what the draft of its technique statement says of its one line's recipe."""
    drafted = works.ask("draft_statement", TECHNICIAN, order_number=order.number, kind="technique")
    (line,) = drafted["figures"]["lines"]
    answer: bool = line["changed_since_passed"]
    return answer


def make_version(works: Works, *, changes_product: bool) -> None:
    works.tell(
        "make_recipe",
        TECHNICIAN,
        product_code="BAG",
        lines=[{"material_code": "KRAFT", "per_unit": "0.6"}],
        changes_product=changes_product,
        reason="production",
    )


def test_technique_is_told_whether_the_recipe_changed_since_it_last_passed_for_the_customer(
    works: Works,
) -> None:
    """O13."""
    assert not changed_since_passed(works, works.order().submitted())  # the first changed nothing
    first = works.order().submitted()
    first.sign("technique")
    make_version(works, changes_product=False)
    assert not changed_since_passed(works, works.order().submitted())

    make_version(works, changes_product=True)

    assert changed_since_passed(works, works.order().submitted())
    stranger = works.order()
    stranger.customer_id = UUID(int=2)
    assert changed_since_passed(works, stranger.submitted())
    # Its own statement is void, and is remembered.
    assert changed_since_passed(works, first.submitted())
    first.sign("technique")
    assert not changed_since_passed(works, works.order().submitted())
    refused = stranger.submitted()
    refused.sign("technique", "refused", basis="alternative", reference="白牛皮")
    assert changed_since_passed(works, refused)
    make_version(works, changes_product=False)
    assert not changed_since_passed(works, refused)


def test_when_technique_last_passed_is_known_once_its_signature_has_expired(
    works: Works, clock_file: Path
) -> None:
    """O13: what is signed anew in its own place may be the customer's only order."""
    make_version(works, changes_product=True)
    order = works.order().submitted()
    order.sign("technique", valid_until=clock.business_date(clock.business_now()).isoformat())

    clock_file.write_text(str(86_400))
    order.moves("order_changed")

    statement = works.ask("get_statement", order_number=order.number, kind="technique")
    assert statement["verdict"] == "pending"
    assert not changed_since_passed(works, order)
    make_version(works, changes_product=True)
    make_version(works, changes_product=False)
    assert changed_since_passed(works, order)


def test_who_makes_a_version_is_told_of_the_orders_that_technique_passed_before(
    works: Works,
) -> None:
    """O13."""

    def told(*, changes_product: bool = True) -> list[str]:
        made = works.tell(
            "make_recipe",
            TECHNICIAN,
            product_code="BAG",
            lines=[{"material_code": "KRAFT", "per_unit": "0.1"}],
            changes_product=changes_product,
            reason="production",
        )
        orders: list[str] = made["orders_under_way"]
        return orders

    works.order().submitted()  # it is still to be signed
    works.order("10").confirmed().issue()
    passed, confirmed = works.order("10").submitted(), works.order("10").confirmed()
    cancelled = works.order("10").confirmed()
    cancelled.moves("order_cancelled", "cancelled")
    passed.sign("technique")

    assert told() == sorted([passed.number, confirmed.number])
    assert told(changes_product=False) == []


def test_a_submitted_order_waits_for_the_technician_and_then_for_the_planner(works: Works) -> None:
    order = works.order().submitted()

    def kinds(who: Principal) -> list[str]:
        return [item["kind"] for item in works.ask("list_work", who, limit=50)["items"]]

    assert kinds(TECHNICIAN) == ["technique_statement"]
    order.sign("technique")
    assert kinds(TECHNICIAN) == ["material_statement"]
    assert kinds(PLANNER) == []
    order.sign("material")
    assert kinds(TECHNICIAN) == []
    assert kinds(PLANNER) == ["schedule_statement"]
    order.sign("schedule")
    assert kinds(PLANNER) == []
    assert [
        works.announced(f"{kind}_stated") for kind in ("technique", "material", "schedule")
    ] == [
        1,
        1,
        1,
    ]


def test_a_statement_is_due_on_its_orders_day_or_that_of_its_first_made_line(works: Works) -> None:
    order = works.order()
    view = order.view()
    (line,) = view["lines"]
    lines = [
        line | {"line_no": number, "id": str(uuid4())} | facts
        for number, facts in enumerate(
            (
                {"production_due": "2026-12-09"},
                {"production_due": "2026-12-08"},
                {"production_due": "2026-12-07", "short_closed": True},
                {"production_due": "2026-12-06", "supply": "stock"},
                {"production_due": None},
            ),
            start=1,
        )
    ]

    def shown(**facts: Any) -> tuple[str, str]:
        order.view = lambda: view | {"version": order.version} | facts  # type: ignore[method-assign]
        order.moves("order_submitted", "in_review")
        (item,) = works.ask("list_work", TECHNICIAN, limit=50)["items"]
        return item["customer_name"], item["due_at"][:10]

    order.revision = 1
    view |= {"stage": "in_review", "revision": 1, "lines": lines}
    assert shown(production_due=None) == (view["customer"]["name"], "2026-12-08")
    assert shown(production_due="2026-12-20") == (view["customer"]["name"], "2026-12-20")
    soon = "2026-11-23T05:30:00+00:00"  # The confirmation waits for it (SPEC §5).
    assert shown(confirmation_due_at=soon) == (view["customer"]["name"], "2026-11-23")


def test_material_passed_holds_everything_for_the_ordered_quantity(works: Works) -> None:
    order = works.order("1000").submitted()
    order.sign("technique")

    stated = order.sign("material")

    assert stated["verdict"] == "passed"
    assert order.held_material == ["500.000"]
    assert works.material_balance() == ("1000.000", "500.000")
    assert stated["figures"]["materials"][0]["demand"] == "500.000"
    assert stated["figures"]["materials"][0]["free"] == "1000.000"


def test_short_material_is_refused_with_the_shortage_and_changes_nothing(works: Works) -> None:
    order = works.order("3000").submitted()
    order.sign("technique")

    error = order.refusal("material")

    assert error.code == "material_short"
    assert error.details["lines"][0]["material_code"] == "KRAFT"
    assert (error.details["lines"][0]["wanted"], error.details["lines"][0]["free"]) == (
        "1500.000",
        "1000.000",
    )
    assert order.held_material == []
    assert works.announced("material_stated") == 0
    statement = works.ask("get_statement", order_number=order.number, kind="material")
    assert statement["verdict"] == "pending"


def test_short_is_signed_with_the_arrival_date_and_holds_nothing(works: Works) -> None:
    order = works.order("3000").submitted()
    order.sign("technique")
    assert order.refusal("material", "short").code == "material_date_missing"

    stated = order.sign("material", "short", material_date="2030-03-20")

    assert (stated["verdict"], stated["material_date"]) == ("short", "2030-03-20")
    assert works.material_balance() == ("1000.000", "0.000")
    assert order.refusal("schedule", production_due="2030-03-19").code == "due_before_material"


def test_a_new_material_statement_opens_the_schedule_again(works: Works) -> None:
    order = works.order("3000").submitted()
    order.sign("technique")
    order.sign("material", "short", material_date="2030-03-20")
    order.sign("schedule")
    works.tell("book_material", material_code="KRAFT", change="500", reason="stock")

    order.sign("material")

    schedule = works.ask("get_statement", order_number=order.number, kind="schedule")
    assert (schedule["verdict"], schedule["production_due"]) == ("pending", None)
    assert order.sign("schedule")["production_due"] == "2030-03-29"


def test_waiting_orders_are_served_wholly_by_production_due_when_material_arrives(
    works: Works,
) -> None:
    late, early = works.order("3000"), works.order("3000")
    for order, due in ((late, "2030-04-30"), (early, "2030-03-31")):
        order.submitted()
        order.sign("technique")
        order.sign("material", "waits")
        order.sign("schedule", production_due=due)
    assert works.material_balance() == ("1000.000", "0.000")

    arrival = works.tell(
        "expect_arrival", material_code="KRAFT", quantity="600", expected_on="2030-03-01"
    )
    works.tell("receive_arrival", number=arrival["number"], quantity="600")

    assert early.held_material == ["1500.000"]
    assert late.held_material == ["0.000"]
    assert late.holdings["material"][0]["waiting"] is True


def test_an_order_whose_dates_have_slid_waits_for_material_by_the_later_date(
    works: Works,
) -> None:
    slid, steady = works.order("3000"), works.order("3000")
    for order, due in ((slid, "2030-03-29"), (steady, "2030-04-30")):
        order.submitted()
        order.sign("technique")
        order.sign("material", "waits")
        order.sign("schedule", production_due=due)
        order.production_due = due
        order.moves("confirmation_sent", "awaiting_return")
    slid.production_due = "2030-05-31"
    slid.moves("dates_slid")

    works.tell("book_material", material_code="KRAFT", change="500", reason="stock")

    assert (slid.held_material, steady.held_material) == (["0.000"], ["1500.000"])


def test_waits_passes_the_gate_in_the_words_of_orders(works: Works) -> None:
    order = works.order("3000").submitted()
    order.sign("technique")

    order.sign("material", "waits")

    event = works.scalar("select body from outbox where name = 'material_stated'")
    statement = json.loads(event)["data"]["statement"]
    assert (statement["verdict"], statement["waits"]) == ("passed", True)


def test_a_signature_for_an_old_revision_changes_nothing(works: Works) -> None:
    order = works.order().submitted()
    order.submitted()

    error = order.refusal("technique", revision=1)

    assert error.code == "statement_outdated"
    assert works.announced("technique_stated") == 0


def test_a_changed_quantity_moves_only_the_difference_of_material(works: Works) -> None:
    order = works.order("1000").submitted().signed()
    order.moves("order_returned_to_draft", "draft")
    assert order.held_material == ["500.000"]

    order.submitted("800", technique="passed")
    assert order.held_material == ["400.000"]
    order.sign("material")
    assert order.held_material == ["400.000"]

    order.moves("order_returned_to_draft", "draft").submitted("1200", technique="passed")
    assert order.held_material == ["400.000"]
    order.sign("material")
    assert order.held_material == ["600.000"]


def test_what_a_resubmit_wants_no_longer_serves_who_waits_for_it(works: Works) -> None:
    order = works.order("2000").submitted().signed()
    waiting = works.order("1000").submitted()
    waiting.sign("technique")
    waiting.sign("material", "waits", material_date=DUE)

    order.submitted("1000", technique="passed")

    assert (order.held_material, waiting.held_material) == (["500.000"], ["500.000"])


@pytest.mark.parametrize(("verdict", "held"), [("passed", "500.000"), ("waits", "0.000")])
def test_what_expired_is_signed_again_and_holds_on_until_then(
    works: Works, clock_file: Path, verdict: str, held: str
) -> None:
    """O16, O17: once its gate has opened again; another statement's days are none of its own."""
    today = clock.business_date(clock.business_now())
    if verdict == "waits":
        works.order("2000").submitted().signed()
    order = works.order().submitted()
    order.sign("technique", valid_until=(today + timedelta(days=2)).isoformat())
    order.sign("material", verdict, valid_until=(today + timedelta(days=1)).isoformat())
    order.sign("schedule")
    slots = order.slot_days
    # What stands passed at its gate stays as it was signed, expired or not.
    stands = {"technique": "passed", "material": "passed", "schedule": "passed"}

    def verdicts() -> dict[str, str]:
        found = works.ask("list_statements", order_number=order.number)["items"]
        return {statement["kind"]: statement["verdict"] for statement in found}

    def days_pass_until(day: int, **gates: str) -> dict[str, str]:
        clock_file.write_text(str(day * 86_400))
        order.gates = stands | gates
        order.moves("order_changed")
        return verdicts()

    signed = stands | {"material": verdict}
    # On its last day it counts: an older view of the order may still show its gate unsigned.
    assert days_pass_until(1, material="pending", schedule="pending") == signed
    assert days_pass_until(2) == signed
    opened = days_pass_until(2, material="pending", schedule="pending")
    assert opened == signed | {"material": "pending"}
    assert (order.held_material, order.slot_days) == ([held], slots)
    items = works.ask("list_work", TECHNICIAN, limit=50)["items"]
    assert [item["order_number"] for item in items] == [order.number]

    order.sign("material", verdict)

    assert verdicts() == signed | {"schedule": "pending"}
    order.sign("schedule")
    assert (order.held_material, order.slot_days) == ([held], slots)
    assert days_pass_until(3, technique="pending") == signed | {"technique": "pending"}
    order.sign("technique")
    assert verdicts() == signed


def test_carried_over_gates_need_no_new_signature(works: Works) -> None:
    order = works.order().submitted().signed()
    order.moves("order_returned_to_draft", "draft")

    order.submitted(technique="passed", material="passed", schedule="passed")

    found = works.ask("list_statements", order_number=order.number)["items"]
    assert {(s["kind"], s["verdict"], s["carried_to"]) for s in found} == {
        ("technique", "passed", 2),
        ("material", "passed", 2),
        ("schedule", "passed", 2),
    }
    assert order.held_material == ["500.000"]


def test_a_refusal_offers_an_alternative_and_may_become_passed_on_paper(works: Works) -> None:
    order = works.order().submitted()
    assert order.refusal("technique", "refused").code == "alternative_missing"
    order.sign("technique", "refused", basis="alternative", reference="改用 80g")
    assert order.refusal("material").code == "technique_not_passed"
    insists: dict[str, Any] = {"basis": "written_insistence"}
    assert order.refusal("technique", "passed", **insists).code == "insistence_missing"

    stated = order.sign("technique", "passed", reference="传真 2026-11-22", **insists)

    assert (stated["verdict"], stated["basis"]) == ("passed", "written_insistence")


def test_each_kind_is_signed_in_its_turn_and_by_its_role(works: Works) -> None:
    order = works.order().submitted()

    assert order.refusal("material").code == "technique_not_passed"
    assert order.refusal("schedule").code == "technique_not_passed"
    assert order.refusal("technique", who=PLANNER).code == "role_needed"
    order.sign("technique")
    assert order.refusal("schedule").code == "material_not_signed"
    assert order.refusal("technique").code == "illegal_move"
    assert order.refusal("material", "refused").code == "verdict_not_of_kind"
    assert order.refusal("material", expected_version=99).code == "stale_version"


def test_nothing_is_signed_while_the_order_is_held_or_out_of_review(works: Works) -> None:
    order = works.order().submitted()
    works.tell("block_order", CLERK, order_id=str(order.id), reason="等客户")
    assert order.refusal("technique").code == "order_on_hold"
    works.tell("unblock_order", CLERK, order_id=str(order.id))
    order.moves("order_returned_to_draft", "draft")

    assert order.refusal("technique").code == "order_not_in_review"


def test_the_signed_date_books_slots_that_are_ready_on_it(works: Works) -> None:
    order = works.order("2000").submitted()
    order.sign("technique")
    order.sign("material")

    # 29 March 2030 is a Friday; the machine makes 800 a working day.
    stated = order.sign("schedule", production_due="2030-03-31")

    assert order.slot_days == [
        ("2030-03-27", "400.000"),
        ("2030-03-28", "800.000"),
        ("2030-03-29", "800.000"),
    ]
    assert stated["figures"]["lines"][0]["over_capacity"] == "0.000"


def test_the_drafted_date_signed_without_a_centre_overloads_no_day(works: Works) -> None:
    order = works.order("2000").submitted()
    order.sign("technique")
    order.sign("material")
    drafted = works.ask("draft_statement", PLANNER, order_number=order.number, kind="schedule")

    stated = order.sign("schedule", production_due=drafted["figures"]["production_due"])

    assert stated["figures"]["lines"][0]["over_capacity"] == "0.000"
    assert [quantity for _, quantity in order.slot_days] == ["400.000", "800.000", "800.000"]


def test_what_a_dropped_line_held_is_freed_by_the_next_submit_and_not_before(works: Works) -> None:
    order = works.order("800")
    view, dropped = order.view(), str(uuid4())
    both = [*view["lines"], view["lines"][0] | {"id": dropped, "line_no": 2}]

    def has(lines: list[dict[str, Any]]) -> None:
        facts = ("version", "stage", "revision", "production_due")
        order.view = lambda: (  # type: ignore[method-assign]
            view
            | {name: getattr(order, name) for name in facts}
            | {"lines": lines, "gates": [{"kind": k, "verdict": v} for k, v in order.gates.items()]}
        )

    def held_by(line_id: str) -> tuple[list[str], list[str]]:
        held = order.holdings
        material = [row["held"] for row in held["material"] if row["line_id"] == line_id]
        return material, [row["day"] for row in held["slots"] if row["line_id"] == line_id]

    kept = str(order.line_id)
    has(both)
    order.submitted().signed().moves("order_returned_to_draft", "draft")
    before = held_by(kept)
    assert held_by(dropped) == (["400.000"], ["2030-03-28"])

    has(both[:1])
    order.submitted(technique="passed")

    assert held_by(dropped) == ([], [])
    assert held_by(kept) == before == (["400.000"], ["2030-03-29"])

    order.moves("order_returned_to_draft", "draft")
    has([both[1] | {"line_no": 1}])
    order.submitted()

    assert held_by(kept) == ([], [])
    assert held_by(dropped) == (["400.000"], [])  # of the same material: it serves what came


def test_slots_booked_by_others_push_the_next_order_forward(works: Works) -> None:
    first, second = works.order("800"), works.order("800")
    for order in (first, second):
        order.submitted()
        order.sign("technique")
        order.sign("material")
        order.sign("schedule")

    assert first.slot_days == [("2030-03-29", "800.000")]
    assert second.slot_days == [("2030-03-28", "800.000")]


def test_slots_move_with_the_slide_and_moving_twice_changes_nothing(works: Works) -> None:
    order = works.order("800").submitted().signed()
    order.moves("confirmation_sent", "awaiting_return")
    order.production_due = "2030-04-02"

    order.moves("dates_slid")
    moved = order.slot_days
    order.moves("dates_slid")

    assert moved == order.slot_days == [("2030-04-02", "800.000")]


def test_an_expired_order_frees_all_and_every_statement_is_void(works: Works) -> None:
    order = works.order().submitted().signed()

    order.moves("order_expired", "draft")

    assert (order.held_material, order.slot_days) == ([], [])
    assert works.material_balance() == ("1000.000", "0.000")
    found = works.ask("list_statements", order_number=order.number)["items"]
    assert {s["verdict"] for s in found} == {"void"}


def test_an_event_older_than_the_copy_changes_nothing(works: Works) -> None:
    order = works.order().submitted().signed()
    old = order.view() | {"version": 1, "stage": "cancelled"}
    order.moves("order_approved", "approved")

    works.hear_of_order("order_cancelled", old)

    assert order.held_material == ["500.000"]


def test_twenty_material_statements_at_once_for_material_that_covers_seven(works: Works) -> None:
    orders = [works.order("200") for _ in range(20)]
    works.tell("book_material", material_code="KRAFT", change="-300", reason="correction")
    for order in orders:
        order.submitted()
        order.sign("technique")

    outcomes = at_once([lambda order=order: order.sign("material") for order in orders])

    refused = [o.code for o in outcomes if isinstance(o, GendanError)]
    assert refused == ["material_short"] * 13
    assert works.material_balance() == ("700.000", "700.000")
    assert works.announced("material_stated") == 7


def test_a_salesperson_sees_the_statements_of_own_customers_only(works: Works) -> None:
    order = works.order().submitted()

    assert len(works.ask("list_statements", SALES, order_number=order.number)["items"]) == 1
    assert works.ask("list_statements", OTHER_SALES, order_number=order.number)["items"] == []


def test_the_draft_shows_what_the_signature_would_rest_on(works: Works) -> None:
    order = works.order("3000").submitted()
    works.tell("expect_arrival", material_code="KRAFT", quantity="600", expected_on="2030-03-01")

    draft = works.ask("draft_statement", order_number=order.number, kind="material")

    assert draft["revision"] == 1
    assert draft["figures"]["enough"] is False
    assert draft["figures"]["material_date"] == "2030-03-01"
    row = draft["figures"]["materials"][0]
    assert (row["shortage"], row["covered_on"]) == ("500.000", "2030-03-01")

    early = "update recipe set made_at = '2026-11-22 20:00+00' returning number"
    assert works.scalar(early) == 1
    draft = works.ask("draft_statement", order_number=order.number, kind="technique")
    assert draft["figures"]["lines"][0]["recipe_made_on"] == "2026-11-23"
    schedule = works.ask("draft_statement", order_number=order.number, kind="schedule")
    # 2030-03-01 is a Friday: 800 that day, then Monday to Wednesday.
    assert schedule["figures"]["production_due"] == "2030-03-06"


def test_the_moves_of_a_statement_say_why_not(works: Works) -> None:
    order = works.order().submitted()

    actions = works.ask("list_statement_actions", TECHNICIAN, order_number=order.number)["items"]

    assert {(a["verb"], a["allowed"]) for a in actions} == {
        ("sign_technique", True),
        ("sign_material", False),
        ("sign_schedule", False),
    }
    assert {a["why_not"]["code"] for a in actions if not a["allowed"]} == {
        "statement_not_found",
        "role_needed",
    }
