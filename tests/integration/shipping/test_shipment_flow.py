"""A dispatch request from the desk to the signed receipt (S1–S7, S10, S11)."""

from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis import clock
from chassis.calendar import WorkingCalendar
from chassis.errors import Conflict, Forbidden, GendanError, Invalid, InvalidFields, NotFound
from chassis.principal import Principal
from services.shipping.domain.errors import ConsigneeMissing
from services.shipping.use_cases import moving
from tests.integration.shipping.story import (
    ASSISTANT,
    CLERK,
    DIRECTOR,
    DISPATCHER,
    FINANCE,
    ORDERS,
    SALES,
    SUPERVISOR,
    WAREHOUSE,
    Desk,
    codes,
    order_view,
    read_back,
)


def test_a_shipment_goes_its_whole_way(desk: Desk) -> None:
    shipment = desk.handed(parcels=2)
    number = shipment["number"]
    a, b = codes(shipment)

    answers = desk.scan((1, a, "pick"), (2, a, "pack"), (3, b, "pack"), (4, a, "dispatch"))
    assert [answer["answer"] for answer in answers] == ["accepted"] * 4
    page = desk.ask("get_shipment", CLERK, shipment_number=number)
    assert page["state"] == "dispatched"
    assert page["note_number"].startswith("F")
    assert [owed["kind"] for owed in page["obligations"] if owed["done_at"] is None] == [
        "notice",
        "notice_check",
        "waybill",
        "arrival_check",
    ]

    desk.ask("report_arrival", ASSISTANT, shipment_number=number)
    signed = desk.ask(
        "report_signature",
        ASSISTANT,
        shipment_number=number,
        signer="王小姐",
        lines=[{"line_no": 1, "signed_quantity": "99", "damaged_quantity": "1"}],
        damage="一张折角",
    )
    assert signed["state"] == "signed"
    assert [(line["signed_quantity"], line["damaged_quantity"]) for line in signed["lines"]] == [
        ("99.000", "1.000"),
        ("5.000", "0.000"),
    ]
    assert desk.announced(shipment["id"]) == [
        "dispatch_requested",
        "shipment_released",
        "shipment_checked",
        "shipment_handed",
        "shipment_packed",
        "shipment_dispatched",
        "shipment_in_transit",
        "shipment_arrived",
        "shipment_signed",
    ]


def test_customers_is_asked_with_accepted_quantities_and_whether_it_is_the_last(
    desk: Desk,
) -> None:
    order = desk.order()
    first = desk.request(order, lines=[{"line_no": 1, "quantity": "60"}])
    desk.ask("release_shipment", FINANCE, shipment_number=first["number"])
    rest = desk.request(
        order, lines=[{"line_no": 1, "quantity": "40"}, {"line_no": 2, "quantity": "5"}]
    )
    desk.ask("release_shipment", FINANCE, shipment_number=rest["number"])

    asked = [body for method, body in desk.neighbours.asked if method == "customers.check_release"]
    assert [body["last"] for body in asked] == [False, True]
    assert asked[1]["lines"] == [
        {
            "line_id": order["lines"][0]["id"],
            "quantity": "40.000",
            "accepted_quantity": "100.000",
        },
        {"line_id": order["lines"][1]["id"], "quantity": "5.000", "accepted_quantity": None},
    ]


def test_customers_is_told_what_the_orders_other_shipments_take_of_its_money(desk: Desk) -> None:
    order = desk.order()
    line_id = order["lines"][0]["id"]
    cancelled = desk.request(order, lines=[{"line_no": 1, "quantity": "30"}])
    desk.ask("release_shipment", FINANCE, shipment_number=cancelled["number"])
    desk.ask(
        "cancel_shipment",
        CLERK,
        shipment_number=cancelled["number"],
        reason="customer_request",
        note="改约",
    )
    first = desk.request(order, lines=[{"line_no": 1, "quantity": "60"}])
    desk.request(order, lines=[{"line_no": 1, "quantity": "5"}])  # released by nobody yet
    desk.ask("release_shipment", FINANCE, shipment_number=first["number"])
    second = desk.request(order, lines=[{"line_no": 1, "quantity": "10"}])
    desk.ask("release_shipment", FINANCE, shipment_number=second["number"])

    asked = [body for method, body in desk.neighbours.asked if method == "customers.check_release"]
    assert [body["before"] for body in asked] == [
        [],
        [],
        [{"line_id": line_id, "quantity": "60.000"}],
    ]


def test_two_shipments_are_not_released_on_the_same_money(desk: Desk) -> None:
    order = desk.order()
    first = desk.request(order, lines=[{"line_no": 1, "quantity": "60"}])
    second = desk.request(order, lines=[{"line_no": 1, "quantity": "40"}])
    release = partial(desk.ask, "release_shipment", FINANCE)

    # While customers weighs the first, the second is released.
    desk.neighbours.meanwhile = partial(release, shipment_number=second["number"])
    with pytest.raises(Conflict) as refused:
        release(shipment_number=first["number"])

    assert refused.value.code == "other_shipment_moved"
    assert desk.state(first) == "requested"
    assert release(shipment_number=first["number"])["state"] == "released"


def test_nothing_is_released_on_money_that_went_back_while_it_was_judged(desk: Desk) -> None:
    """Shipping hears of it before the release is written, so nothing is there to withdraw yet."""
    order = desk.order()
    shipment = desk.request(order, lines=[{"line_no": 1, "quantity": "60"}])
    release = partial(desk.ask, "release_shipment", FINANCE, shipment_number=shipment["number"])

    def money_goes_back() -> None:
        with desk.store.work() as work:
            moving.withdraw_releases(work, UUID(order["id"]))

    desk.neighbours.meanwhile = money_goes_back
    with pytest.raises(Conflict) as refused:
        release()

    assert refused.value.code == "money_went_back"
    assert desk.state(shipment) == "requested"
    assert release()["state"] == "released"


def test_more_than_is_held_and_not_requested_is_refused(desk: Desk) -> None:
    order = desk.order()
    desk.request(order, lines=[{"line_no": 1, "quantity": "60"}])
    with pytest.raises(Conflict) as refused:
        desk.request(order, lines=[{"line_no": 1, "quantity": "41"}])
    assert refused.value.code == "not_enough_held"
    assert refused.value.details["lines"] == [{"line_no": 1, "wanted": "41", "left": "40.000"}]


def test_what_left_is_not_asked_for_again_while_inventory_has_not_booked_it(desk: Desk) -> None:
    order = desk.order()
    shipment = desk.handed(order)
    desk.ask("dispatch_shipment", DISPATCHER, shipment_number=shipment["number"])
    # Inventory still says that everything is held: its copy of the dispatch is on its way.
    with pytest.raises(Conflict) as refused:
        desk.request(order, lines=[{"line_no": 2, "quantity": "1"}])
    assert refused.value.code == "not_enough_held"


def test_a_cancelled_request_gives_its_quantities_back(desk: Desk) -> None:
    order = desk.order()
    shipment = desk.request(order)
    desk.ask(
        "cancel_shipment",
        CLERK,
        shipment_number=shipment["number"],
        reason="customer_request",
        note="改地址",
    )
    again = desk.request(order)
    assert (desk.state(shipment), again["state"]) == ("cancelled", "requested")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stage": "approved"}, "order_not_dispatchable"),
        ({"hold": {"reason": "customer_request"}}, "order_on_hold"),
    ],
)
def test_only_a_running_order_without_hold_is_dispatched(
    desk: Desk, changes: dict[str, Any], code: str
) -> None:
    order = desk.order(**changes)
    with pytest.raises(Conflict) as refused:
        desk.request(order)
    assert refused.value.code == code


def test_an_older_view_of_the_order_changes_nothing(desk: Desk) -> None:
    order = desk.order()
    desk.announce_order({**order, "stage": "in_progress"}, 5)
    desk.announce_order({**order, "stage": "draft"}, 4)
    assert desk.request(order)["state"] == "requested"


def test_a_refused_release_changes_and_announces_nothing(desk: Desk) -> None:
    shipment = desk.request(desk.order())
    desk.neighbours.verdict |= {"allowed": False, "code": "balance_due", "why": "980.00 missing"}
    with pytest.raises(Conflict) as refused:
        desk.ask("release_shipment", FINANCE, shipment_number=shipment["number"])
    assert refused.value.code == "release_refused"
    assert desk.state(shipment) == "requested"
    assert desk.announced(shipment["id"]) == ["dispatch_requested"]


def test_a_clerk_releases_only_what_an_a_customers_contract_lets_go(desk: Desk) -> None:
    shipment = desk.request(desk.order())
    with pytest.raises(Forbidden) as refused:
        desk.ask("release_shipment", CLERK, shipment_number=shipment["number"])
    desk.neighbours.verdict |= {"grade": "A", "terms": "account", "paid_at": None}
    released = desk.ask("release_shipment", CLERK, shipment_number=shipment["number"])
    assert refused.value.code == "role_needed"
    assert (released["state"], released["verdict"]["terms"]) == ("released", "account")
    assert released["batch"] in ("morning", "same_day")


def test_an_emergency_waives_the_paper_and_finance_is_told(desk: Desk) -> None:
    """S4: the supervisor waives the written request only; it is owed."""
    order = desk.order()
    with pytest.raises(Forbidden):
        desk.request(order, emergency=True, note="客户停机")
    with pytest.raises(Forbidden):
        desk.request(order, SUPERVISOR)
    shipment = desk.request(order, SUPERVISOR, emergency=True, note="客户停机")
    for_finance = desk.ask("list_work", FINANCE)["items"]
    assert [item["kind"] for item in for_finance] == ["finance_told", "release"]
    desk.ask("hand_in_paper", CLERK, shipment_number=shipment["number"], kind="written_request")
    with pytest.raises(Conflict) as refused:
        desk.ask("hand_in_paper", CLERK, shipment_number=shipment["number"], kind="written_request")
    assert refused.value.code == "nothing_owed"


def test_a_paper_is_listed_as_owed_only_until_it_is_handed_in(desk: Desk) -> None:
    """S4: each paper to those whose it is, who may hand it in."""
    number = desk.request(desk.order(), SUPERVISOR, emergency=True, note="客户停机")["number"]

    def why_not(who: Principal) -> str | None:
        offered = desk.ask("list_shipment_actions", who, shipment_number=number)["items"]
        (paper,) = [item for item in offered if item["verb"] == "hand_in_paper"]
        return None if paper["allowed"] else str(paper["why_not"]["code"])

    assert (why_not(CLERK), why_not(FINANCE)) == (None, None)
    desk.ask("hand_in_paper", CLERK, shipment_number=number, kind="written_request")
    assert (why_not(CLERK), why_not(FINANCE)) == ("nothing_owed", None)
    desk.ask("hand_in_paper", FINANCE, shipment_number=number, kind="finance_told")
    assert (why_not(CLERK), why_not(FINANCE)) == ("nothing_owed", "nothing_owed")


def test_without_the_balance_an_emergency_needs_the_director(desk: Desk) -> None:
    shipment = desk.request(desk.order(), SUPERVISOR, emergency=True, note="客户停机")
    number = shipment["number"]
    desk.neighbours.verdict |= {"allowed": False, "why": "980.00 missing"}
    with pytest.raises(Forbidden):
        desk.ask(
            "release_shipment", FINANCE, shipment_number=number, override=True, note="客户停机"
        )
    released = desk.ask(
        "release_shipment", DIRECTOR, shipment_number=number, override=True, note="客户停机"
    )
    assert (released["state"], released["override_note"]) == ("released", "客户停机")


def test_the_director_lets_an_emergency_leave_that_is_held_after_its_release(desk: Desk) -> None:
    order = desk.order()
    shipment = desk.request(order, SUPERVISOR, emergency=True, note="客户停机")
    number = shipment["number"]
    desk.ask("release_shipment", FINANCE, shipment_number=number)
    desk.ask("block_order", ORDERS, order_id=order["id"], order_number=order["number"], why="hold")
    with pytest.raises(Conflict) as held:
        desk.ask("release_shipment", FINANCE, shipment_number=number)
    offered = desk.ask("list_shipment_actions", DIRECTOR, shipment_number=number)["items"]
    (release,) = (each for each in offered if each["verb"] == "release")
    assert (release["allowed"], release["who"]) == (True, ["director"])
    released = desk.ask(
        "release_shipment", DIRECTOR, shipment_number=number, override=True, note="客户停机"
    )
    # A cancel that comes to nothing leaves it let go.
    cancel = {"order_id": order["id"], "why": "cancel"}
    desk.ask("block_order", ORDERS, key="cancel-1", order_number=order["number"], **cancel)
    (unblocked,) = desk.ask("unblock_order", ORDERS, command_id="cancel-1", **cancel)["shipments"]
    assert unblocked["blocked"] is None
    checked = desk.ask(
        "check_shipment", ASSISTANT, shipment_number=number, read_back=read_back(shipment)
    )
    assert held.value.code == "order_on_hold"
    assert (released["state"], released["blocked"]) == ("released", None)
    assert checked["state"] == "checked"


def test_the_check_wants_another_person_and_the_right_items(desk: Desk) -> None:
    shipment = desk.released()
    number, read = shipment["number"], read_back(shipment)
    with pytest.raises(Conflict) as same_person:
        desk.ask("check_shipment", CLERK, shipment_number=number, read_back=read)
    with pytest.raises(Conflict) as misread:
        desk.ask(
            "check_shipment", ASSISTANT, shipment_number=number, read_back=read | {"phone": "1"}
        )
    wrong = {"line_no": read["lines"][0]["line_no"], "quantity": "999"}
    with pytest.raises(Invalid) as twice:
        desk.ask(
            "check_shipment",
            ASSISTANT,
            shipment_number=number,
            read_back=read | {"lines": [wrong, *read["lines"]]},
        )
    assert same_person.value.code == "second_person_needed"
    assert misread.value.code == "read_back_differs"
    assert twice.value.code == "order_line_twice"
    assert desk.state(shipment) == "released"


def test_a_stale_version_is_refused_after_an_illegal_move(desk: Desk) -> None:
    shipment = desk.released()
    number = shipment["number"]
    with pytest.raises(Conflict) as illegal:
        desk.ask("dispatch_shipment", DISPATCHER, shipment_number=number, expected_version=1)
    with pytest.raises(Conflict) as stale:
        desk.ask(
            "check_shipment",
            ASSISTANT,
            shipment_number=number,
            read_back=read_back(shipment),
            expected_version=1,
        )
    assert (illegal.value.code, stale.value.code) == ("illegal_move", "stale_version")


def test_the_notice_wants_two_channels_and_a_clear_receipt(desk: Desk) -> None:
    """S6, S7."""
    shipment = desk.handed()
    number = shipment["number"]
    desk.ask("dispatch_shipment", DISPATCHER, shipment_number=number, waybill="SF1000")
    desk.ask(
        "record_notice_sent", CLERK, shipment_number=number, channel="im", received_clearly=False
    )
    with pytest.raises(Conflict) as too_early:
        desk.ask("verify_notice", CLERK, shipment_number=number)
    desk.ask(
        "record_notice_sent", CLERK, shipment_number=number, channel="sms", received_clearly=True
    )
    desk.ask("verify_notice", CLERK, shipment_number=number)
    page = desk.ask("get_shipment", CLERK, shipment_number=number)
    assert too_early.value.code == "notice_not_received"
    assert [sending["channel"] for sending in page["notice"]["sendings"]] == ["im", "sms"]
    assert page["notice"]["later_than_promised"] is (
        page["expected_arrival"] > page["order"]["customer_due"]
    )
    owed = {o["kind"] for o in page["obligations"] if o["done_at"] is None}
    assert owed == {"waybill", "arrival_check"}


def test_arrival_is_planned_by_the_regions_transit_time(desk: Desk) -> None:
    """S9."""
    desk.ask("add_region", DISPATCHER, code="HN", name="华南")
    desk.ask("add_mode", DISPATCHER, code="ROAD", name="公路")
    desk.ask("add_carrier", DISPATCHER, code="DB", name="德邦")
    desk.ask(
        "set_transit_time",
        DISPATCHER,
        carrier_code="DB",
        region_code="HN",
        mode_code="ROAD",
        days=7,
        cost="12.50",
    )
    shipment = desk.handed()
    left = desk.ask(
        "dispatch_shipment",
        DISPATCHER,
        shipment_number=shipment["number"],
        carrier_code="DB",
        waybill="DB1",
    )
    day = date.fromisoformat(left["dispatched_at"][:10])
    arrival = date.fromisoformat(left["expected_arrival"])
    # The business's day may be one ahead of UTC's.
    assert arrival - day in (timedelta(days=7), timedelta(days=8))
    page = desk.ask("get_shipment", CLERK, shipment_number=shipment["number"])
    assert "waybill" not in {owed["kind"] for owed in page["obligations"]}


def test_a_carrier_left_empty_stays_owed(desk: Desk) -> None:
    """An empty field of a form is one that was not filled in."""
    number = desk.handed()["number"]

    left = desk.ask(
        "dispatch_shipment",
        DISPATCHER,
        shipment_number=number,
        carrier_code=" ",
        mode_code="",
        waybill="",
    )

    assert (left["carrier_code"], left["mode_code"], left["waybill"]) == (None, None, None)
    page = desk.ask("get_shipment", CLERK, shipment_number=number)
    assert "waybill" in {owed["kind"] for owed in page["obligations"]}


def test_a_carrier_entered_after_the_departure_moves_the_arrival_and_its_check(desk: Desk) -> None:
    """S9, S10: until then the days of an unknown carrier are reckoned with."""
    desk.ask("add_region", DISPATCHER, code="HN", name="华南")
    desk.ask("add_mode", DISPATCHER, code="ROAD", name="公路")
    desk.ask("add_carrier", DISPATCHER, code="DB", name="德邦")
    way = {"carrier_code": "DB", "mode_code": "ROAD"}
    desk.ask("set_transit_time", DISPATCHER, **way, region_code="HN", days=7, cost="12.50")
    number = desk.handed()["number"]
    desk.ask("dispatch_shipment", DISPATCHER, shipment_number=number)

    def planned() -> tuple[date, datetime]:
        page = desk.ask("get_shipment", CLERK, shipment_number=number)
        (check,) = (each for each in page["obligations"] if each["kind"] == "arrival_check")
        return date.fromisoformat(page["expected_arrival"]), datetime.fromisoformat(check["due_at"])

    def tell(*channels: str) -> None:
        for channel in channels:
            told = {"shipment_number": number, "channel": channel, "received_clearly": True}
            desk.ask("record_notice_sent", CLERK, **told)

    arrival, check = planned()
    tell("im", "sms")
    desk.ask("verify_notice", CLERK, shipment_number=number)
    with desk.store.engine.begin() as connection:  # as the former release leaves it
        connection.execute(
            text("update notice_sending set expected_arrival = null where channel = 'im'")
        )
    desk.ask("enter_waybill", DISPATCHER, shipment_number=number, **way, waybill="DB1")

    assert planned() == (arrival + timedelta(days=4), check + timedelta(days=4))
    # What the customer was told is not so any more: it is told, and looked at, once more.
    tell("im")
    with pytest.raises(Conflict) as told_before:
        desk.ask("verify_notice", CLERK, shipment_number=number)
    assert told_before.value.code == "notice_not_received"
    tell("sms")
    page = desk.ask("verify_notice", CLERK, shipment_number=number)
    assert page["notice_verified_at"] is not None


def ways(desk: Desk, **depots: str) -> None:
    """Enter the depots of one carrier in one region, by mode."""
    desk.ask("add_region", DISPATCHER, code="HN", name="华南")
    desk.ask("add_carrier", DISPATCHER, code="DB", name="德邦")
    for mode, depot in depots.items():
        desk.ask("add_mode", DISPATCHER, code=mode, name=mode)
        key = {"carrier_code": "DB", "region_code": "HN", "mode_code": mode}
        desk.ask("set_transit_time", DISPATCHER, **key, days=3, cost="9.00", depot=depot)


def test_a_shipment_keeps_the_depot_where_the_customer_picks_it_up(desk: Desk) -> None:
    """S14, S7: of its carrier in its region, and of no carrier that brings it to the door."""
    ways(desk, ROAD="广州白云货运站", RAIL="广州东站")
    by_road = {"carrier_code": "DB", "mode_code": "ROAD"}

    def left(shipment: dict[str, Any], **way: str) -> Any:
        number = shipment["number"]
        desk.ask("dispatch_shipment", DISPATCHER, shipment_number=number, **way)
        return desk.ask("get_shipment", CLERK, shipment_number=number)["depot"]

    assert left(desk.handed(), **by_road) == "广州白云货运站"
    # By which mode it goes is not known yet: there are two places where it might be.
    assert left(desk.handed(), carrier_code="DB") is None
    assert left(desk.handed(desk.order(delivery_method="door")), **by_road) is None


def test_another_depot_is_told_to_the_customer_once_more(desk: Desk) -> None:
    """S6, S7: also when the goods wait there already; the arrival is the same day."""
    ways(desk, ROAD="广州白云货运站", RAIL="广州东站")
    shipment = desk.handed(parcels=1)
    about: dict[str, Any] = {"shipment_number": shipment["number"]}
    way = {"carrier_code": "DB", "mode_code": "ROAD"}
    desk.ask("dispatch_shipment", DISPATCHER, **about, **way, waybill="DB1")

    def tell_and_verify() -> Any:
        for channel in ("im", "sms"):
            told = about | {"channel": channel, "received_clearly": True}
            desk.ask("record_notice_sent", CLERK, **told)
        return desk.ask("verify_notice", CLERK, **about)

    def owed() -> set[str]:
        page = desk.ask("get_shipment", CLERK, **about)
        return {each["kind"] for each in page["obligations"] if each["done_at"] is None}

    tell_and_verify()
    desk.ask("report_arrival", ASSISTANT, **about)
    settled = owed()
    desk.ask("enter_waybill", DISPATCHER, **about, waybill="DB2")
    assert owed() == settled == set()
    moved = desk.ask("enter_waybill", DISPATCHER, **about, carrier_code="DB", mode_code="RAIL")
    assert (moved["depot"], owed()) == ("广州东站", {"notice", "notice_check"})
    assert tell_and_verify()["notice_verified_at"] is not None


def test_a_bare_sign_scan_owes_the_receipt(desk: Desk) -> None:
    """S11."""
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    desk.scan((1, code, "sign"))
    assert desk.state(shipment) == "signed"
    owed = [item["kind"] for item in desk.ask("list_work", ASSISTANT)["items"]]
    assert "receipt" in owed
    recorded = desk.ask(
        "record_receipt",
        CLERK,
        shipment_number=shipment["number"],
        signer="王小姐",
        attachment="ab" * 32,
    )
    assert recorded["receipt_attachment"] == "ab" * 32
    owed = [item["kind"] for item in desk.ask("list_work", ASSISTANT)["items"]]
    assert "receipt" not in owed
    assert desk.announced(shipment["id"])[-1] == "receipt_recorded"


def test_signature_and_receipt_count_in_the_lines_unit(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    number, (code,) = shipment["number"], codes(shipment)
    half = {
        "shipment_number": number,
        "signer": "王小姐",
        "lines": [{"line_no": 1, "signed_quantity": "99.5"}],
    }
    desk.scan((1, code, "arrive"))
    with pytest.raises(GendanError) as at_the_signature:
        desk.ask("report_signature", ASSISTANT, **half)
    stood = desk.state(shipment)
    desk.scan((2, code, "sign"))
    with pytest.raises(GendanError) as at_the_receipt:
        desk.ask("record_receipt", ASSISTANT, **half)

    assert stood == "arrived"
    assert [at_the_signature.value.code, at_the_receipt.value.code] == ["quantity_not_in_unit"] * 2
    page = desk.ask("get_shipment", CLERK, shipment_number=number)
    assert (page["lines"][0]["signed_quantity"], page["receipt_at"]) == ("100.000", None)


def test_a_failed_shipment_is_announced_with_its_kind(desk: Desk) -> None:
    shipment = desk.handed()
    desk.ask("dispatch_shipment", DISPATCHER, shipment_number=shipment["number"])
    failed = desk.ask(
        "fail_shipment", ASSISTANT, shipment_number=shipment["number"], kind="lost", note="失踪"
    )
    assert failed["state"] == "lost"
    assert desk.announced(shipment["id"])[-1] == "shipment_failed"


@pytest.mark.parametrize(
    ("kind", "still_owed"),
    [
        ("exception", {"arrival_check", "notice", "notice_check"}),
        ("lost", set()),
        ("returned_to_sender", set()),
    ],
)
def test_nobody_asks_after_goods_that_will_not_arrive_or_tells_when_they_will(
    desk: Desk, kind: str, still_owed: set[str]
) -> None:
    """S6, S10: what became of them the customer is told by a task of orders."""
    shipment = desk.handed()
    desk.ask("dispatch_shipment", DISPATCHER, shipment_number=shipment["number"])
    desk.ask("fail_shipment", ASSISTANT, shipment_number=shipment["number"], kind=kind, note="侧翻")
    page = desk.ask("get_shipment", CLERK, shipment_number=shipment["number"])
    owed = {each["kind"] for each in page["obligations"] if not each["done_at"]}
    assert owed - {"waybill"} == still_owed


def test_what_meets_an_exception_after_its_arrival_is_asked_after_again(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    number = shipment["number"]
    desk.scan((1, codes(shipment)[0], "arrive"))
    desk.ask("fail_shipment", ASSISTANT, shipment_number=number, kind="exception", note="拒收")
    owed = [item["kind"] for item in desk.ask("list_work", ASSISTANT)["items"]]
    assert owed.count("arrival_check") == 1
    tomorrow = clock.business_now() + timedelta(days=1)
    for wrong in (tomorrow - timedelta(days=2), tomorrow + timedelta(days=365)):
        with pytest.raises(InvalidFields):
            desk.ask(
                "check_arrival",
                ASSISTANT,
                shipment_number=number,
                note="明日再送",
                ask_again_at=wrong.isoformat(),
            )

    desk.ask(
        "check_arrival",
        ASSISTANT,
        shipment_number=number,
        note="明日再送",
        ask_again_at=tomorrow.isoformat(),
    )
    arrived = desk.ask("report_arrival", ASSISTANT, shipment_number=number)
    page = desk.ask("get_shipment", CLERK, shipment_number=number)
    still_owed = [each["kind"] for each in page["obligations"] if each["done_at"] is None]
    assert (arrived["state"], "arrival_check" in still_owed) == ("arrived", False)


def test_a_stock_order_is_to_leave_three_working_days_after_its_receipt(desk: Desk) -> None:
    """S15: Friday 18:00 in Shanghai; a made order's goods count from their request."""
    asked_at = "2026-11-20T10:00:00+00:00"
    line = order_view()["lines"][1] | {"line_no": 1, "quantity": "100"}
    stock = desk.order(asked_at=asked_at, lines=[line])
    wanted = [{"line_no": 1, "quantity": "100"}]
    assert desk.request(stock, lines=wanted)["due_at"] == "2026-11-25T09:30:00+00:00"
    made = desk.request(desk.order(asked_at=asked_at))
    assert made["due_at"] > made["requested_at"]


def test_the_days_within_which_it_is_to_leave_do_not_move_with_its_batch(desk: Desk) -> None:
    """S15: what is released on the fifth day leaves with its batch, and is late all the same."""
    line = order_view()["lines"][1] | {"line_no": 1, "quantity": "100"}
    stock = desk.order(asked_at="2026-11-16T02:00:00+00:00", lines=[line])
    shipment = desk.request(stock, lines=[{"line_no": 1, "quantity": "100"}])
    released = desk.ask("release_shipment", FINANCE, shipment_number=shipment["number"])
    assert released["limit_at"] == shipment["limit_at"] == "2026-11-19T09:30:00+00:00"
    assert released["due_at"] > released["limit_at"]


def test_a_shipments_clock_stands_still_while_its_order_is_on_hold(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S15: a week on hold is a week more, and lifted twice no more than that."""
    order = desk.order()
    before = desk.request(order)
    facts = {"order_id": order["id"], "why": "hold"}
    desk.ask("block_order", ORDERS, order_number=order["number"], **facts)
    (tmp_path / "clock").write_text(str(timedelta(days=7).total_seconds()))
    monkeypatch.setenv("GENDAN_CLOCK_FILE", str(tmp_path / "clock"))
    desk.ask("unblock_order", ORDERS, **facts)
    (after,) = desk.ask("unblock_order", ORDERS, **facts)["shipments"]
    five_days = timedelta(hours=5 * 9)
    for limit in ("due_at", "limit_at"):
        was_due, is_due = (datetime.fromisoformat(each[limit]) for each in (before, after))
        moved = WorkingCalendar(assume_weekdays=True).working_time_between(was_due, is_due)
        assert five_days <= moved < five_days + timedelta(minutes=1)


def test_a_stock_order_that_was_on_hold_is_to_leave_later(desk: Desk) -> None:
    """S15: on hold for two of the three working days before anything of it was requested."""
    line = order_view()["lines"][1] | {"line_no": 1, "quantity": "100"}
    stock = desk.order(asked_at="2026-11-20T10:00:00+00:00", lines=[line])
    facts = {"order_id": stock["id"], "why": "hold"}
    desk.ask("block_order", ORDERS, order_number=stock["number"], **facts)
    desk.ask("unblock_order", ORDERS, **facts)
    with desk.store.work() as work:
        work.session.connection().exec_driver_sql(
            "update order_block set set_at = '2026-11-23 00:30+00', "
            "lifted_at = '2026-11-25 00:30+00'"
        )
    shipment = desk.request(stock, lines=[{"line_no": 1, "quantity": "100"}])
    assert shipment["due_at"] == shipment["limit_at"] == "2026-11-27T09:30:00+00:00"


def test_work_waits_for_the_role_whose_turn_it_is(desk: Desk) -> None:
    shipment = desk.checked()
    hand_over = desk.ask("list_work", DISPATCHER)["items"]
    assert [(item["verb"], item["entity_number"]) for item in hand_over] == [
        ("hand", shipment["number"])
    ]
    assert desk.ask("list_work", FINANCE)["items"] == []
    assert desk.ask("list_work", WAREHOUSE)["items"] == []


def test_what_waits_for_finance_takes_no_place_in_a_clerks_work_list(desk: Desk) -> None:
    """A clerk releases grade A's only; of a page that is full of others' he would see nothing."""
    others = [desk.request(desk.order())["number"] for _ in range(2)]
    grade_a = desk.order()["customer"] | {"grade": "A"}
    mine = desk.request(desk.order(customer=grade_a))["number"]
    with desk.store.work() as work:
        work.session.connection().exec_driver_sql(
            "update shipment set due_at = due_at - interval '7 days' where number <> %s", (mine,)
        )

    def listed(who: Any, limit: int) -> list[str]:
        return [item["entity_number"] for item in desk.ask("list_work", who, limit=limit)["items"]]

    assert listed(CLERK, 1) == [mine]
    assert sorted(listed(FINANCE, 2)) == others
    assert listed(FINANCE, 3)[-1] == mine


def test_actions_say_what_is_allowed_for_whom_and_why_not(desk: Desk) -> None:
    shipment = desk.released()
    found = desk.ask("list_shipment_actions", ASSISTANT, shipment_number=shipment["number"])
    actions = {item["verb"]: item for item in found["items"]}
    assert actions["check"]["allowed"] is True
    assert actions["hand"]["why_not"]["code"] == "illegal_move"
    assert actions["cancel"]["why_not"]["code"] == "role_needed"
    turns = {verb: actions[verb]["who"] for verb in ("pick", "pack", "dispatch", "cancel")}
    assert turns == {
        "pick": ["warehouse"],
        "pack": ["warehouse"],
        "dispatch": ["dispatcher"],
        "cancel": ["clerk"],
    }
    with pytest.raises(Forbidden):
        desk.ask(
            "cancel_shipment",
            SUPERVISOR,
            shipment_number=shipment["number"],
            reason="other",
            note="x",
        )
    own = desk.ask("list_shipment_actions", CLERK, shipment_number=shipment["number"])
    checks = [item for item in own["items"] if item["verb"] == "check"]
    assert checks[0]["why_not"]["code"] == "second_person_needed"


def test_a_checked_shipment_may_be_handed_since_that_makes_its_parcels(desk: Desk) -> None:
    shipment = desk.checked()
    found = desk.ask("list_shipment_actions", DISPATCHER, shipment_number=shipment["number"])
    (hand,) = [item for item in found["items"] if item["verb"] == "hand"]
    assert (shipment["parcels"], hand["allowed"]) == ([], True)


def test_sales_sees_only_its_own_customers_shipments(desk: Desk) -> None:
    mine = desk.request(desk.order())
    customer = desk.order()["customer"] | {"salesperson_id": "p-other"}
    others = desk.request(desk.order(customer=customer))
    found = desk.ask("search_shipments", SALES)["items"]
    assert [item["number"] for item in found] == [mine["number"]]
    with pytest.raises(NotFound):
        desk.ask("get_shipment", SALES, shipment_number=others["number"])


def test_search_pages_through_every_shipment_once_newest_first(desk: Desk) -> None:
    made = [desk.request(desk.order())["number"] for _ in range(5)]
    seen: list[str] = []
    after: str | None = None
    while True:
        page = desk.ask("search_shipments", CLERK, limit=2, after=after, state=["requested"])
        seen += [item["number"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == made[::-1]


def test_a_cancelled_order_ends_what_has_not_left(desk: Desk) -> None:
    order = desk.order()
    shipment = desk.released(order)
    desk.announce_order({**order, "stage": "cancelled"}, 2)
    assert desk.state(shipment) == "cancelled"


def test_a_line_that_is_given_up_takes_what_was_just_requested_with_it(desk: Desk) -> None:
    """Nothing of it is held any more: sent on, it would leave by somebody else's goods."""
    order = desk.order()
    first, second = order["lines"]
    with_it = desk.request(order, lines=[{"line_no": 1, "quantity": "40"}])
    without = desk.request(order, lines=[{"line_no": 2, "quantity": "5"}])
    lines = [{**first, "short_closed": True}, second]

    desk.announce_order({**order, "lines": lines}, 2)

    assert desk.state(with_it) == "cancelled"
    assert desk.state(without) == "requested"
    with pytest.raises(Conflict) as given_up:
        desk.request(order, lines=[{"line_no": 1, "quantity": "40"}])
    assert given_up.value.code == "order_line_short_closed"


def test_a_key_used_again_gives_the_same_answer(desk: Desk) -> None:
    order = desk.order()
    lines = [{"line_no": 2, "quantity": "1"}]
    first = desk.request(order, key="k-1", lines=lines)
    again = desk.request(order, key="k-1", lines=lines)
    assert again == first
    assert len(desk.ask("search_shipments", CLERK)["items"]) == 1


def test_offers_are_ordered_by_cost_or_when_urgent_by_time(desk: Desk) -> None:
    """S8, S14."""
    desk.ask("add_region", DISPATCHER, code="HN", name="华南")
    for mode, days, cost, door in (("ROAD", 4, "10.00", "3.00"), ("AIR", 1, "40.00", "8.00")):
        desk.ask("add_mode", DISPATCHER, code=mode, name=mode)
        desk.ask("add_carrier", DISPATCHER, code=f"C-{mode}", name=mode)
        desk.ask(
            "set_transit_time",
            DISPATCHER,
            carrier_code=f"C-{mode}",
            region_code="HN",
            mode_code=mode,
            days=days,
            cost=cost,
            door_surcharge=door,
        )
    order = desk.order()
    cheap = desk.ask("offer_carriers", CLERK, order_number=order["number"], parcels=2)["items"]
    fast = desk.ask("offer_carriers", CLERK, region="HN", urgency="urgent", delivery_method="door")[
        "items"
    ]
    assert [(o["mode_code"], o["cost"]) for o in cheap] == [("ROAD", "20.00"), ("AIR", "80.00")]
    assert [(o["mode_code"], o["cost"]) for o in fast] == [("AIR", "48.00"), ("ROAD", "13.00")]


def test_masters_are_changed_and_removed_only_while_nothing_stands_on_them(desk: Desk) -> None:
    desk.ask("add_region", DISPATCHER, code="HN", name="华南")
    desk.ask("add_mode", DISPATCHER, code="ROAD", name="公路")
    desk.ask("add_carrier", DISPATCHER, code="DB", name="德邦")
    key = {"carrier_code": "DB", "region_code": "HN", "mode_code": "ROAD"}
    desk.ask("set_transit_time", DISPATCHER, **key, days=7, cost="12.50")
    changed = desk.ask("change_carrier", DISPATCHER, code="DB", phone="95353")
    with pytest.raises(Conflict) as used:
        desk.ask("remove_carrier", DISPATCHER, code="DB")
    desk.ask("remove_transit_time", DISPATCHER, **key)
    with pytest.raises(NotFound) as gone:
        desk.ask("remove_transit_time", DISPATCHER, **key)
    desk.ask("remove_carrier", DISPATCHER, code="DB")
    assert (changed["name"], changed["phone"]) == ("德邦", "95353")
    assert used.value.code == "master_used"
    assert gone.value.details == {"entity": "transit_time", "key": "DB/HN/ROAD"}
    assert desk.ask("search_carriers", CLERK)["items"] == []


def test_a_reversed_payment_withdraws_what_it_had_released(desk: Desk) -> None:
    order = desk.order()
    shipment = desk.handed(order, parcels=1)
    with desk.store.work() as work:
        moving.withdraw_releases(work, UUID(order["id"]))
    (answer,) = desk.scan((1, codes(shipment)[0], "dispatch"))
    assert (answer["answer"], answer["reason"]) == ("rejected", "release_withdrawn")
    desk.ask("release_shipment", FINANCE, shipment_number=shipment["number"])
    (answer,) = desk.scan((2, codes(shipment)[0], "dispatch"))
    assert answer["answer"] == "accepted"


def test_a_block_is_lifted_by_exactly_the_command_that_set_it(desk: Desk) -> None:
    order = desk.order()
    shipment = desk.released(order)
    facts = {"order_id": order["id"], "order_number": order["number"], "why": "hold"}
    desk.ask("block_order", ORDERS, key="hold-1", **facts)
    desk.ask("block_order", ORDERS, key="hold-2", **facts)
    undo = {"order_id": order["id"], "why": "hold"}
    (after_one,) = desk.ask("unblock_order", ORDERS, command_id="hold-2", **undo)["shipments"]
    (after_two,) = desk.ask("unblock_order", ORDERS, command_id="hold-1", **undo)["shipments"]
    assert (after_one["blocked"], after_two["blocked"]) == ("hold", None)
    assert after_two["number"] == shipment["number"]


def test_a_block_taken_back_before_it_came_changes_nothing(desk: Desk) -> None:
    order = desk.order()
    shipment = desk.released(order)
    desk.ask("unblock_order", ORDERS, order_id=order["id"], why="cancel", command_id="late-block")
    with pytest.raises(GendanError) as refused:
        desk.ask(
            "block_order",
            ORDERS,
            key="late-block",
            order_id=order["id"],
            order_number=order["number"],
            why="cancel",
        )
    page = desk.ask("get_shipment", CLERK, shipment_number=shipment["number"])
    assert (refused.value.code, page["blocked"]) == ("withdrawn", None)


def test_nothing_is_requested_for_a_consignee_who_cannot_be_found(desk: Desk) -> None:
    """An order of the old books may say none; the request then has to."""
    order = desk.order(consignee=None)

    with pytest.raises(ConsigneeMissing) as refused:
        desk.request(order, delivery={"name": "王五", "phone": "13900001111"})
    told = desk.request(
        order, delivery={"name": "王五", "phone": "13900001111", "address": "杭州市西湖区1号"}
    )

    assert refused.value.details["missing"] == ["consignee_address"]
    assert told["consignee"]["name"] == "王五"
