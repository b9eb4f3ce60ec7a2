"""Calls planned from what happened: once each, forty a day, the rest rolls over (A7, A10)."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.clock import business_date, business_now, machine_now
from chassis.errors import GendanError, InvalidFields, NotFound
from services.aftersales.storage import visits as stored
from tests.integration.aftersales.story import (
    AFTERSALES,
    OTHER_SALES,
    SALES,
    SIGNED_AT,
    Desk,
    order_view,
    shipment_view,
)
from tests.statements import copy_rows, plans, statements

SIGNED_ON = date(2026, 11, 23)


def visits(desk: Desk, **asked: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = desk.ask("list_visits", AFTERSALES, **asked)["items"]
    return items


def planned(desk: Desk, order: dict[str, Any]) -> list[tuple[str, str]]:
    found = visits(desk, order_number=order["number"])
    return sorted((visit["planned_on"], visit["reason"]) for visit in found)


def days_after(*days: int) -> list[str]:
    return [(SIGNED_ON + timedelta(days=n)).isoformat() for n in days]


@pytest.fixture
def at_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the business clock to the moment at which the goods are signed for."""
    file = tmp_path / "clock"
    file.write_text(str((SIGNED_AT - machine_now()).total_seconds()))
    monkeypatch.setenv("GENDAN_CLOCK_FILE", str(file))


def test_a_customer_is_called_two_days_after_dispatch(desk: Desk) -> None:
    order = order_view()
    desk.hear_order(order)
    desk.hear_shipment(shipment_view(order, "dispatched"), "shipment_dispatched")
    assert planned(desk, order) == [(days_after(2)[0], "after_dispatch")]


def test_a_new_customer_is_called_after_receipt_and_four_times_in_the_first_weeks(
    desk: Desk,
) -> None:
    order = desk.delivered()
    third, fifth, seventh, fourteenth, twenty_first = days_after(3, 5, 7, 14, 21)
    assert planned(desk, order) == [
        (third, "new_customer"),
        (fifth, "after_receipt"),
        (seventh, "new_customer"),
        (fourteenth, "new_customer"),
        (twenty_first, "new_customer"),
    ]


def test_a_regular_customer_is_called_after_receipt_and_every_month(desk: Desk) -> None:
    first = desk.delivered()
    second, third = (desk.delivered(customer=first["customer"]) for _ in range(2))
    fifth, month = days_after(5, 30)
    assert planned(desk, second) == [(fifth, "after_receipt"), (month, "monthly")]
    assert planned(desk, third) == [(fifth, "after_receipt")]

    (call,) = (v for v in visits(desk, on=month) if v["reason"] == "monthly")
    desk.ask("record_visit", AFTERSALES, visit_id=call["id"], reached=False, notes="无人接听")

    again = [v for v in visits(desk, order_number=second["number"]) if v["reason"] == "monthly"]
    today = business_date(business_now())
    assert [(v["state"], v["planned_on"]) for v in again if v["id"] != call["id"]] == [
        ("planned", (today + timedelta(days=30)).isoformat())
    ]


def test_a_customer_of_the_old_books_is_a_regular_one(desk: Desk) -> None:
    old = order_view(imported=True)
    desk.hear_order(old)
    order = desk.delivered(customer=old["customer"])
    assert [reason for _, reason in planned(desk, order)] == ["after_receipt", "monthly"]


def test_the_second_shipment_of_a_first_order_plans_no_second_weeks(desk: Desk) -> None:
    order = desk.delivered()
    desk.hear_shipment(shipment_view(order))
    reasons = [reason for _, reason in planned(desk, order)]
    assert (reasons.count("new_customer"), reasons.count("after_receipt")) == (4, 2)


def test_the_calls_made_on_a_day_use_up_its_places(desk: Desk) -> None:
    for _ in range(42):
        order = order_view()
        desk.hear_order(order)
        desk.hear_shipment(shipment_view(order, "dispatched"), "shipment_dispatched")
    today = business_date(business_now()) + timedelta(days=2)
    first = visits(desk, on=today.isoformat())
    with desk.store.work() as work:
        made = stored.visit(work, UUID(first[0]["id"]))
        made.record(reached=True, score=5, notes="x", by="x", at=work.now + timedelta(days=2))
    left = visits(desk, on=today.isoformat())
    assert [len(first), len(left)] == [40, 39]


def arrived(desk: Desk) -> tuple[dict[str, Any], dict[str, Any]]:
    """Have the goods of an order arrive unsigned; gives both as they were announced."""
    order = order_view()
    desk.hear_order(order)
    there = shipment_view(order, "arrived")
    desk.hear_shipment(there, "shipment_arrived", 1)
    return order, there


def called(desk: Desk, order: dict[str, Any], *, at: datetime) -> None:
    """Make the call after the receipt at a moment."""
    with desk.store.work() as work:
        found = (v for v in stored.of_order(work, order["number"]) if v.reason == "after_receipt")
        (call,) = found
        call.record(reached=True, score=5, notes="满意", by="x", at=at)


def test_who_has_not_signed_is_called_after_the_arrival_and_who_has_after_the_receipt(
    desk: Desk,
) -> None:
    order, there = arrived(desk)
    assert planned(desk, order) == [(days_after(5)[0], "after_receipt")]

    signed = shipment_view(order, id=there["id"])
    signed_at = SIGNED_AT + timedelta(days=2)
    desk.hear_shipment(signed, "shipment_signed", 2, at=signed_at)
    desk.hear_shipment(there, "shipment_arrived", 1)  # late, or again

    seventh = days_after(7)[0]
    days = [day for day, reason in planned(desk, order) if reason == "after_receipt"]
    assert days == [seventh]
    called(desk, order, at=SIGNED_AT + timedelta(days=7))
    desk.hear_shipment(signed, "shipment_signed", 2, at=signed_at)
    assert [day for day, reason in planned(desk, order) if reason == "after_receipt"] == days


def test_who_was_called_before_he_signed_is_called_after_the_receipt_all_the_same(
    desk: Desk,
) -> None:
    order, there = arrived(desk)
    called(desk, order, at=SIGNED_AT + timedelta(days=5))
    signed_at = SIGNED_AT + timedelta(days=8)
    for _ in range(2):
        desk.hear_shipment(shipment_view(order, id=there["id"]), "shipment_signed", 2, at=signed_at)

    found = [
        v for v in visits(desk, order_number=order["number"]) if v["reason"] == "after_receipt"
    ]

    told = [(visit["state"], visit["planned_on"]) for visit in found]
    assert told == [("done", days_after(5)[0]), ("planned", days_after(13)[0])]


def test_the_call_planned_by_the_arrival_moves_to_the_receipt_whatever_is_set_since(
    desk: Desk,
) -> None:
    order, there = arrived(desk)
    desk.set("visit_days_after_receipt", 4)

    desk.hear_shipment(shipment_view(order, id=there["id"]), "shipment_signed", 2)

    days = [day for day, reason in planned(desk, order) if reason == "after_receipt"]
    assert days == days_after(4)


def test_events_that_repeat_plan_nothing_twice(desk: Desk) -> None:
    order = order_view()
    desk.hear_order(order)
    left, there = shipment_view(order, "dispatched"), shipment_view(order)
    there["id"] = left["id"]
    for _ in range(2):
        desk.hear_shipment(left, "shipment_dispatched", 1)
        desk.hear_shipment(there, "shipment_signed", 2)
    assert len(planned(desk, order)) == 6


def test_a_day_counts_in_shanghai(desk: Desk) -> None:
    order = order_view()
    desk.hear_order(order)
    late = SIGNED_AT.replace(hour=16, minute=30)
    desk.hear_shipment(shipment_view(order, "dispatched"), "shipment_dispatched", at=late)
    assert planned(desk, order) == [(days_after(3)[0], "after_dispatch")]


def test_an_older_event_that_comes_late_does_not_put_a_signed_shipment_back(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.open(order)["number"]
    late = shipment_view(order, "dispatched")
    desk.hear_shipment(late, "shipment_dispatched", 1)
    there = shipment_view(order)
    there["id"] = late["id"]
    desk.hear_shipment(there, "shipment_signed", 3)
    desk.hear_shipment(late, "shipment_arrived", 2)
    assert desk.case(number)["state"] == "requested"
    assert desk.open(order, (1, "195"))["lines"][0]["quantity"] == "195.000"


def test_a_list_holds_forty_and_the_rest_rolls_over_to_the_next_day(desk: Desk) -> None:
    for _ in range(45):
        order = order_view()
        desk.hear_order(order)
        desk.hear_shipment(shipment_view(order, "dispatched"), "shipment_dispatched")
    monday, tuesday = days_after(2, 3)
    first = visits(desk, on=monday)
    assert len(first) == 40
    for visit in first:
        desk.ask("record_visit", AFTERSALES, visit_id=visit["id"], reached=True, notes="满意")
    second = visits(desk, on=tuesday)
    assert len(second) == 5
    assert {visit["planned_on"] for visit in second} == {monday}
    assert not {visit["id"] for visit in first} & {visit["id"] for visit in second}


@pytest.mark.usefixtures("at_receipt")
def test_an_urgent_follow_up_comes_first_on_its_day(desk: Desk) -> None:
    order = desk.delivered()
    (day,) = days_after(3)
    first = visits(desk, on=day)[0]
    recorded = desk.ask(
        "record_visit",
        AFTERSALES,
        visit_id=first["id"],
        reached=True,
        score=4,
        notes="要求再联系",
        follow_up_on=days_after(6)[0],
        urgent=True,
    )
    assert (recorded["state"], recorded["score"], recorded["visited_by"]) == ("done", 4, "韩梅")
    reasons = [visit["reason"] for visit in visits(desk, on=days_after(6)[0])]
    assert reasons == ["follow_up", "after_receipt"]
    assert len(planned(desk, order)) == 6


@pytest.mark.usefixtures("at_receipt")
def test_two_visits_may_agree_on_the_same_day_for_a_follow_up(desk: Desk) -> None:
    order = desk.delivered()
    day = days_after(30)[0]
    for visit in visits(desk, on=days_after(5)[0]):
        desk.ask(
            "record_visit",
            AFTERSALES,
            visit_id=visit["id"],
            reached=True,
            notes="再联系",
            follow_up_on=day,
        )
    assert planned(desk, order).count((day, "follow_up")) == 1


def record(desk: Desk, visit: dict[str, Any], **said: Any) -> None:
    desk.ask("record_visit", AFTERSALES, visit_id=visit["id"], reached=True, notes="满意", **said)


@pytest.mark.usefixtures("at_receipt")
def test_a_follow_up_agreed_twice_for_a_day_is_urgent_if_either_says_so(desk: Desk) -> None:
    order = desk.delivered()
    first, second, third = visits(desk, order_number=order["number"])[:3]
    day = days_after(30)[0]

    record(desk, first, follow_up_on=day)
    record(desk, second, follow_up_on=day, urgent=True)
    record(desk, third, follow_up_on=day)

    agreed = [v for v in visits(desk, order_number=order["number"]) if v["planned_on"] == day]
    assert [(v["reason"], v["urgent"]) for v in agreed] == [("follow_up", True)]


@pytest.mark.parametrize("days", [-1, 365])
def test_a_follow_up_is_agreed_for_no_day_that_is_past_or_far_off(desk: Desk, days: int) -> None:
    visit = visits(desk, order_number=desk.delivered()["number"])[0]
    day = business_date(business_now()) + timedelta(days=days)

    with pytest.raises(InvalidFields):
        record(desk, visit, follow_up_on=day.isoformat())

    assert desk.ask("get_visit", AFTERSALES, visit_id=visit["id"])["state"] == "planned"


@pytest.mark.usefixtures("at_receipt")
def test_a_follow_up_is_agreed_for_a_day_whose_call_was_made(desk: Desk) -> None:
    """Called in the morning, and asked to call again in the afternoon."""
    order = desk.delivered()
    day = days_after(6)[0]
    record(desk, visits(desk, order_number=order["number"])[0], follow_up_on=day)
    (made,) = (v for v in visits(desk, on=day) if v["reason"] == "follow_up")

    record(desk, made, follow_up_on=day, urgent=True)

    again = visits(desk, on=day)[0]
    assert (again["reason"], again["planned_on"], again["urgent"]) == ("follow_up", day, True)
    assert again["id"] != made["id"]


def test_a_monthly_call_leads_to_the_next_though_two_are_made_on_one_day(desk: Desk) -> None:
    first = desk.delivered()
    second = desk.delivered(customer=first["customer"])
    made = set()
    for _ in range(2):
        (call,) = (
            v
            for v in visits(desk, order_number=second["number"])
            if (v["reason"], v["state"]) == ("monthly", "planned")
        )
        record(desk, call)
        made.add(call["id"])

    monthly = [v for v in visits(desk, order_number=second["number"]) if v["reason"] == "monthly"]
    assert [v["state"] for v in monthly if v["id"] not in made] == ["planned"]


def test_a_recorded_visit_is_not_recorded_again(desk: Desk) -> None:
    desk.delivered()
    visit = visits(desk, on=days_after(3)[0])[0]
    desk.ask("record_visit", AFTERSALES, visit_id=visit["id"], reached=True, notes="满意")
    with pytest.raises(GendanError) as refused:
        desk.ask("record_visit", AFTERSALES, visit_id=visit["id"], reached=False, notes="又一次")
    assert refused.value.code == "illegal_move"
    (after,) = (
        v for v in visits(desk, order_number=visit["order_number"]) if v["id"] == visit["id"]
    )
    assert after["notes"] == "满意"


def test_a_monthly_call_that_is_dropped_leads_to_none_until_the_next_receipt(desk: Desk) -> None:
    first = desk.delivered()
    second = desk.delivered(customer=first["customer"])

    def monthly() -> list[dict[str, Any]]:
        found = visits(desk, order_number=second["number"])
        return [visit for visit in found if visit["reason"] == "monthly"]

    dropped = desk.ask("drop_visit", AFTERSALES, visit_id=monthly()[0]["id"], note="客户已停用")

    assert (dropped["state"], dropped["notes"]) == ("dropped", "客户已停用")
    assert desk.ask("get_visit", AFTERSALES, visit_id=dropped["id"]) == dropped
    assert monthly() == [dropped]
    third = desk.delivered(customer=first["customer"])
    assert [reason for _, reason in planned(desk, third)] == ["after_receipt", "monthly"]


def test_a_salesperson_sees_visits_to_own_customers_only(desk: Desk) -> None:
    desk.delivered()
    day = days_after(5)[0]
    mine = desk.ask("list_visits", SALES, on=day)["items"]
    assert len(mine) == 2
    assert desk.ask("list_visits", OTHER_SALES, on=day)["items"] == []
    with pytest.raises(NotFound):
        desk.ask("record_visit", OTHER_SALES, visit_id=mine[0]["id"], reached=True, notes="x")
    with pytest.raises(NotFound):
        desk.ask("get_visit", OTHER_SALES, visit_id=mine[0]["id"])


def test_work_is_read_in_the_order_of_indexes(desk: Desk) -> None:
    desk.open(desk.delivered())
    copy_rows(desk.store, "case", 3000, number="'X-' || n")
    with desk.store.work() as work:
        work.session.connection().exec_driver_sql("delete from visit where day_offset <> 5")
    copy_rows(desk.store, "visit", 3000, day_offset="1000 + n")

    with statements(desk.store) as sent:
        desk.ask("list_work", AFTERSALES)
    plan = plans(desk.store, sent)

    assert "using ix_visit_due on visit" in plan
    assert 'using ix_case_state on "case"' in plan
    assert "Sort Key: visit" not in plan


def test_only_who_was_reached_gives_a_score(desk: Desk) -> None:
    order = desk.delivered()
    call = visits(desk, order_number=order["number"])[0]

    with pytest.raises(InvalidFields) as refused:
        desk.ask(
            "record_visit",
            AFTERSALES,
            visit_id=call["id"],
            reached=False,
            score=5,
            notes="无人接听",
        )

    assert list(refused.value.details["fields"]) == ["score"]
