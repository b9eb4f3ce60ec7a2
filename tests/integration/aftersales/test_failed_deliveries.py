"""Deliveries that failed, and goods sent in place of others (SPEC §7, §8; S10, A1)."""

from functools import partial
from typing import Any

import pytest

from chassis.errors import Forbidden, GendanError
from services.aftersales.domain.errors import MoreThanDelivered
from tests.integration.aftersales.story import (
    AFTERSALES,
    FINANCE,
    INSPECTOR,
    SUPERVISOR,
    WAREHOUSE,
    Desk,
    line_view,
    order_view,
    shipment_view,
)
from tests.integration.aftersales.test_cases import at_once


def failed(desk: Desk, state: str, order: dict[str, Any] | None = None) -> dict[str, Any]:
    """Let a shipment of an order fail; gives the shipment as announced."""
    order = order or order_view(stage="in_progress")
    desk.hear_order(order)
    shipment = shipment_view(order, state)
    desk.hear_shipment(shipment, "shipment_failed")
    return shipment


def cases_of(desk: Desk, shipment: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = desk.ask(
        "search_cases", AFTERSALES, order_number=shipment["order_number"]
    )["items"]
    return items


@pytest.mark.parametrize("state", ["exception", "lost", "returned_to_sender"])
def test_a_failed_delivery_opens_a_case_with_all_that_was_sent(desk: Desk, state: str) -> None:
    shipment = failed(desk, state)
    (case,) = cases_of(desk, shipment)
    assert (case["kind"], case["state"], case["shipment_id"]) == (
        "delivery",
        "requested",
        shipment["id"],
    )
    assert case["wish"] == f"{shipment['number']} {state}: 车辆侧翻"
    assert [(line["quantity"], line["sold_for"]) for line in case["lines"]] == [
        ("100.000", "980.00"),
        ("3.000", "2.00"),
    ]
    assert [name for name, _ in desk.announced()] == ["case_opened"]
    titles = [item["verb"] for item in desk.ask("list_work", AFTERSALES)["items"]]
    assert titles == ["acknowledge"]


def test_an_exception_that_ends_in_a_loss_is_one_case(desk: Desk) -> None:
    shipment = failed(desk, "exception")
    desk.hear_shipment(shipment | {"state": "lost"}, "shipment_failed", sequence=3)
    (case,) = cases_of(desk, shipment)
    assert [action for action, _ in desk.logged(case["number"])] == [
        "open",
        "delivery_failed_again",
    ]


def test_a_failure_heard_before_its_order_is_tried_again(desk: Desk) -> None:
    with pytest.raises(GendanError) as early:
        desk.hear_shipment(shipment_view(order_view(), "lost"), "shipment_failed")
    assert early.value.code == "order_not_found"
    assert desk.announced() == []


def test_goods_that_were_lost_are_refunded_in_full_though_none_came_back(desk: Desk) -> None:
    shipment = failed(desk, "lost")
    number = cases_of(desk, shipment)[0]["number"]
    desk.ask("acknowledge_case", AFTERSALES, case_number=number, note="已致歉")
    desk.ask("authorise_case", SUPERVISOR, case_number=number, decision="承运商遗失")
    desk.ask("await_goods", AFTERSALES, case_number=number, return_to="无货可退")
    nothing = [{"line_no": no, "quantity": "0"} for no in (1, 2)]
    with pytest.raises(GendanError) as guessed:
        # Goods that never came would be booked into quarantine.
        desk.ask("receive_return", WAREHOUSE, case_number=number, lines=nothing[:1])
    assert (guessed.value.code, guessed.value.details) == ("came_not_said", {"line_no": 2})
    desk.ask("receive_return", WAREHOUSE, case_number=number, lines=nothing)
    desk.ask("inspect_return", INSPECTOR, case_number=number, lines=[{"line_no": 1}])
    settled = desk.ask("settle_case", FINANCE, case_number=number)
    assert (settled["refund"], settled["resolution"]) == ("982.00", "refund")


def test_what_arrives_after_all_leaves_its_case_no_money_and_may_come_back(desk: Desk) -> None:
    order = order_view(stage="in_progress")
    shipment = failed(desk, "exception", order)
    number = cases_of(desk, shipment)[0]["number"]
    before = desk.case(number)

    arrive(desk, order, shipment)

    case = desk.case(number)
    assert (case["most_refund"], case["wish"]) == (
        "0.00",
        f"{before['wish']}; {shipment['number']} signed: in full",
    )
    assert case["version"] > before["version"]
    assert [action for action, _ in desk.logged(number)] == ["open", "signed_in_full"]
    assert pay_back(desk, number)["refund"] == "0.00"
    assert desk.open(order, (1, "100"), (2, "3"))["most_refund"] == "982.00"


def test_what_had_failed_and_comes_back_is_worth_what_was_charged(desk: Desk) -> None:
    """50 for 50.01: as the second half of 100 they would be worth 50.00."""
    order = order_view(lines=[line_view(1, "50.000", "1.000100")])
    arrive(desk, order, failed(desk, "exception", order))
    assert desk.open(order, (1, "50"))["most_refund"] == "50.01"


def test_what_arrives_after_nothing_of_it_came_back_leaves_its_case_no_money(desk: Desk) -> None:
    order = order_view(stage="in_progress")
    shipment = failed(desk, "exception", order)
    number = cases_of(desk, shipment)[0]["number"]
    examine(desk, number)

    arrive(desk, order, shipment)

    assert desk.case(number)["most_refund"] == "0.00"
    with pytest.raises(GendanError) as refused:
        desk.ask("settle_case", FINANCE, case_number=number, refund="0.01")
    assert refused.value.code == "refund_too_high"
    assert desk.ask("settle_case", FINANCE, case_number=number)["refund"] == "0.00"


def test_what_was_paid_back_before_it_arrived_cannot_be_returned(desk: Desk) -> None:
    order = order_view(stage="in_progress")
    shipment = failed(desk, "exception", order)
    number = cases_of(desk, shipment)[0]["number"]
    pay_back(desk, number)

    arrive(desk, order, shipment)

    assert desk.case(number)["refund"] == "982.00"
    assert desk.logged(number)[-1] == ("signed_in_full", None)
    with pytest.raises(GendanError) as refused:
        desk.open(order, (1, "1"))
    assert refused.value.code == "more_than_delivered"


def test_what_comes_back_after_it_was_paid_for_is_received_and_not_paid_again(desk: Desk) -> None:
    shipment = failed(desk, "exception")
    first = cases_of(desk, shipment)[0]["number"]
    pay_back(desk, first)
    desk.ask("close_case", AFTERSALES, case_number=first)

    desk.hear_shipment(shipment | {"state": "returned_to_sender"}, "shipment_failed", sequence=4)

    second, paid = cases_of(desk, shipment)
    assert (second["state"], second["most_refund"]) == ("requested", "0.00")
    assert [line["quantity"] for line in second["lines"]] == ["100.000", "3.000"]
    assert paid["refund"] == "982.00"
    settled = pay_back(desk, second["number"], came=("100", "3"))
    assert settled["refund"] == "0.00"
    told = [data["lines"] for name, data in desk.announced() if name == "return_received"]
    assert [line["quantity"] for line in told[1]] == ["100.000", "3.000"]


def test_what_is_paid_for_is_not_paid_again_out_of_what_else_the_line_was_sold_for(
    desk: Desk,
) -> None:
    order = order_view(stage="in_progress")
    other = shipment_view(order, "in_transit")
    shipment = failed(desk, "exception", order)
    desk.hear_shipment(other, "shipment_in_transit")
    pay_back(desk, cases_of(desk, shipment)[0]["number"])

    desk.hear_shipment(shipment | {"state": "returned_to_sender"}, "shipment_failed", sequence=4)

    assert [case["most_refund"] for case in cases_of(desk, shipment)] == ["0.00", "982.00"]


def test_what_came_back_already_opens_no_case_when_its_shipment_is_said_to_be_back(
    desk: Desk,
) -> None:
    shipment = failed(desk, "exception")
    number = cases_of(desk, shipment)[0]["number"]
    pay_back(desk, number, came=("100", "3"))

    desk.hear_shipment(shipment | {"state": "returned_to_sender"}, "shipment_failed", sequence=4)

    assert [case["number"] for case in cases_of(desk, shipment)] == [number]
    assert desk.logged(number)[-1] == ("delivery_failed_again", None)


def test_a_loss_after_the_exception_was_paid_for_is_not_paid_again(desk: Desk) -> None:
    shipment = failed(desk, "exception")
    number = cases_of(desk, shipment)[0]["number"]
    pay_back(desk, number)
    desk.ask("close_case", AFTERSALES, case_number=number)

    desk.hear_shipment(shipment | {"state": "lost"}, "shipment_failed", sequence=4)

    assert [case["number"] for case in cases_of(desk, shipment)] == [number]
    assert desk.logged(number)[-1] == ("delivery_failed_again", None)


def test_a_loss_after_a_part_was_paid_back_opens_a_case_of_the_rest(desk: Desk) -> None:
    shipment = failed(desk, "exception")
    number = cases_of(desk, shipment)[0]["number"]
    pay_back(desk, number, refund="500")

    desk.hear_shipment(shipment | {"state": "lost"}, "shipment_failed", sequence=4)

    rest, paid = cases_of(desk, shipment)
    assert (rest["most_refund"], paid["refund"]) == ("482.00", "500.00")


def test_a_failure_after_a_rejected_case_has_one_of_its_own(desk: Desk) -> None:
    shipment = failed(desk, "exception")
    number = cases_of(desk, shipment)[0]["number"]
    desk.ask("acknowledge_case", AFTERSALES, case_number=number, note="在查")
    desk.ask("reject_case", SUPERVISOR, case_number=number, decision="已重新派送")

    desk.hear_shipment(shipment | {"state": "lost"}, "shipment_failed", sequence=4)

    assert [case["most_refund"] for case in cases_of(desk, shipment)] == ["982.00", "982.00"]


def test_two_shipments_lost_are_not_worth_more_than_their_line(desk: Desk) -> None:
    """Each half of 100.01 rounded by itself is worth 50.01."""
    order = order_view(lines=[line_view(1, "100.000", "1.000100")])
    desk.hear_order(order)
    for _ in range(2):
        half = shipment_view(order, "lost")
        half["lines"][0]["quantity"] = "50.000"
        desk.hear_shipment(half, "shipment_failed")
    assert [case["most_refund"] for case in cases_of(desk, half)] == ["50.00", "50.01"]


def test_a_receipt_that_shows_less_than_is_being_returned_pays_nothing_besides(
    desk: Desk,
) -> None:
    """A bare sign scan said in full, and all of it is coming back."""
    order = order_view()
    desk.hear_order(order)
    shipment = shipment_view(order)
    desk.hear_shipment(shipment)
    assert desk.open(order, (1, "100"))["most_refund"] == "980.00"

    lines = [dict(shipment["lines"][0], signed_quantity="90.000"), shipment["lines"][1]]
    desk.hear_shipment(shipment | {"lines": lines}, "receipt_recorded", sequence=3)

    delivery, returned = cases_of(desk, shipment)
    assert (delivery["kind"], delivery["most_refund"]) == ("delivery", "0.00")
    assert returned["most_refund"] == "980.00"


def arrive(desk: Desk, order: dict[str, Any], shipment: dict[str, Any]) -> None:
    """Let the customer sign in full for a shipment that had failed."""
    arrived = shipment_view(order) | {"id": shipment["id"], "number": shipment["number"]}
    desk.hear_shipment(arrived, "shipment_signed", sequence=3)


def signed_short(
    desk: Desk,
    order: dict[str, Any],
    *signed: str,
    shipment_id: str | None = None,
    name: str = "shipment_signed",
    sequence: int = 5,
) -> dict[str, Any]:
    """Let all of an order be sent, and the customer sign for so much of its lines."""
    shipment = shipment_view(order)
    for line, quantity in zip(shipment["lines"], signed, strict=True):
        line["signed_quantity"] = quantity
    shipment["id"] = shipment_id or shipment["id"]
    desk.hear_shipment(shipment, name, sequence)
    return shipment


def pay_back(
    desk: Desk,
    number: str,
    reshipped_by: dict[str, Any] | None = None,
    *,
    came: tuple[str, ...] = (),
    refund: str | None = None,
) -> dict[str, Any]:
    """Take a case of a failed delivery to its settlement, replaced by an order if given."""
    examine(desk, number, reshipped_by, came=came)
    settled: dict[str, Any] = desk.ask("settle_case", FINANCE, case_number=number, refund=refund)
    return settled


def examine(
    desk: Desk,
    number: str,
    reshipped_by: dict[str, Any] | None = None,
    *,
    came: tuple[str, ...] = (),
) -> None:
    """Take such a case as far as its inspection: nothing came back unless it is said."""
    lines = [line["line_no"] for line in desk.case(number)["lines"]]
    quantities = dict(zip(lines, came or ["0"] * len(lines), strict=True))
    desk.ask("acknowledge_case", AFTERSALES, case_number=number, note="已致歉")
    desk.ask("authorise_case", SUPERVISOR, case_number=number, decision="承运商少交")
    if reshipped_by is not None:
        reship(desk, SUPERVISOR, number, reshipped_by)
    desk.ask("await_goods", AFTERSALES, case_number=number, return_to="杭州仓库")
    received = [{"line_no": no, "quantity": quantity} for no, quantity in quantities.items()]
    desk.ask("receive_return", WAREHOUSE, case_number=number, lines=received)
    found = [{"line_no": no, "restock": quantity} for no, quantity in quantities.items()]
    desk.ask("inspect_return", INSPECTOR, case_number=number, lines=found)


@pytest.mark.parametrize("name", ["shipment_signed", "receipt_recorded"])
def test_less_signed_for_than_was_sent_opens_a_case_of_what_lacks(desk: Desk, name: str) -> None:
    order = order_view(stage="in_progress")
    desk.hear_order(order)
    shipment = signed_short(desk, order, "95.000", "3.000", name=name)
    (case,) = cases_of(desk, shipment)
    assert (case["kind"], case["shipment_id"]) == ("delivery", shipment["id"])
    assert case["wish"] == f"{shipment['number']} signed: line 1: 95.000 of 100.000"
    assert [(line["line_no"], line["quantity"], line["sold_for"]) for line in case["lines"]] == [
        (1, "5.000", "49.00")
    ]


def test_damage_of_what_was_signed_for_is_no_shortfall(desk: Desk) -> None:
    order = order_view()
    desk.hear_order(order)
    shipment = shipment_view(order, damage="外箱受潮")
    shipment["lines"][0]["damaged_quantity"] = "5.000"
    desk.hear_shipment(shipment)
    assert cases_of(desk, shipment) == []


def test_what_lacks_is_paid_back_and_all_that_was_signed_for_may_still_come_back(
    desk: Desk,
) -> None:
    order = order_view(stage="in_progress")
    desk.hear_order(order)
    shipment = signed_short(desk, order, "95.000", "0.000")
    number = cases_of(desk, shipment)[0]["number"]
    with pytest.raises(GendanError) as refused:
        desk.open(order, (1, "96"))
    assert refused.value.details["returnable"] == "95.000"
    settled = pay_back(desk, number)
    assert (settled["refund"], settled["resolution"]) == ("51.00", "refund")
    assert [data["amount"] for name, data in desk.announced() if name == "refund_settled"] == [
        "51.00"
    ]
    assert desk.open(order, (1, "95"))["most_refund"] == "931.00"


def test_what_lacks_and_what_comes_back_are_not_worth_more_than_all_that_was_sent(
    desk: Desk,
) -> None:
    """Each rounded by itself, 9.595 and 0.505 are worth one 分 more than 10.10."""
    order = order_view(stage="in_progress")
    order["lines"][0] = line_view(1, "100.000", "0.101000")
    desk.hear_order(order)
    shipment = signed_short(desk, order, "95.000", "3.000")
    (case,) = cases_of(desk, shipment)
    assert case["most_refund"] == "0.51"
    assert desk.open(order, (1, "95"))["most_refund"] == "9.59"


def test_what_failed_and_arrived_short_leaves_its_case_to_what_lacks(desk: Desk) -> None:
    order = order_view(stage="in_progress")
    number = cases_of(desk, failed(desk, "exception", order))[0]["number"]
    shipment_id = desk.case(number)["shipment_id"]
    before = desk.case(number)
    shipment = signed_short(desk, order, "95.000", "3.000", shipment_id=shipment_id)
    (case,) = cases_of(desk, shipment)
    assert (case["number"], case["most_refund"]) == (number, "49.00")
    assert [(line["line_no"], line["quantity"]) for line in case["lines"]] == [(1, "5.000")]
    assert case["wish"].startswith(before["wish"])
    assert case["version"] > before["version"]
    assert [action for action, _ in desk.logged(number)] == ["open", "signed_short"]
    pay_back(desk, number)
    assert desk.open(order, (1, "95"))["state"] == "requested"


def test_what_arrived_short_after_nothing_of_it_came_back_leaves_its_case_what_lacks(
    desk: Desk,
) -> None:
    order = order_view(stage="in_progress")
    number = cases_of(desk, failed(desk, "exception", order))[0]["number"]
    examine(desk, number)
    shipment_id = desk.case(number)["shipment_id"]

    signed_short(desk, order, "95.000", "3.000", shipment_id=shipment_id)

    case = desk.case(number)
    assert [(line["quantity"], line["sold_for"]) for line in case["lines"]] == [
        ("100.000", "49.00"),
        ("3.000", "0.00"),
    ]
    assert desk.ask("settle_case", FINANCE, case_number=number)["refund"] == "49.00"


class Receipts:
    """A shipment of which 5 of line 1 lacked at first, and what later receipts say of it."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.order = desk, order_view(stage="in_progress")
        desk.hear_order(self.order)
        self.shipment = signed_short(desk, self.order, "95.000", "3.000")
        self.first = self.numbers[0]
        self._sequence = 5

    @property
    def numbers(self) -> list[str]:
        return [str(case["number"]) for case in cases_of(self.desk, self.shipment)]

    def say(self, *signed: str) -> list[tuple[str, str]]:
        """Let the receipt say so; gives the lines of the shipment's newest case."""
        self._sequence += 1
        signed_short(
            self.desk,
            self.order,
            *signed,
            shipment_id=self.shipment["id"],
            name="receipt_recorded",
            sequence=self._sequence,
        )
        case = self.desk.case(self.numbers[0])
        return [(line["quantity"], line["sold_for"]) for line in case["lines"]]


def test_a_receipt_that_is_corrected_leaves_the_case_what_lacks_by_the_last_word(
    desk: Desk,
) -> None:
    receipts = Receipts(desk)

    assert receipts.say("100.000", "3.000") == [("5.000", "0.00")]
    assert receipts.say("100.000", "0.000") == [("3.000", "2.00")]
    assert receipts.say("90.000", "3.000") == [("10.000", "98.00")]
    assert receipts.numbers == [receipts.first]


def test_what_a_later_receipt_lacks_besides_what_was_paid_for_has_a_case_of_its_own(
    desk: Desk,
) -> None:
    receipts = Receipts(desk)
    pay_back(desk, receipts.first, refund="20.00")

    # Agreed on less: the same word once more asks for no more.
    assert receipts.say("95.000", "3.000") == [("5.000", "49.00")]
    assert receipts.say("90.000", "2.000") == [("5.000", "49.00"), ("1.000", "0.67")]
    assert len(receipts.numbers) == 2


def test_a_line_that_lacks_after_the_warehouse_has_counted_another_has_a_case_of_its_own(
    desk: Desk,
) -> None:
    receipts = Receipts(desk)
    examine(desk, receipts.first)

    assert receipts.say("95.000", "2.000") == [("1.000", "0.67")]
    assert desk.case(receipts.first)["most_refund"] == "49.00"
    assert receipts.say("95.000", "2.000") == [("1.000", "0.67")]
    assert len(receipts.numbers) == 2


def test_what_was_paid_back_already_is_not_paid_again_when_less_is_signed_for(
    desk: Desk,
) -> None:
    order = order_view(stage="in_progress")
    number = cases_of(desk, failed(desk, "exception", order))[0]["number"]
    pay_back(desk, number)
    desk.ask("close_case", AFTERSALES, case_number=number)
    shipment_id = desk.case(number)["shipment_id"]
    shipment = signed_short(desk, order, "95.000", "3.000", shipment_id=shipment_id)
    (case,) = cases_of(desk, shipment)
    assert (case["number"], case["refund"]) == (number, "982.00")
    with pytest.raises(GendanError) as refused:
        desk.open(order, (1, "1"))
    assert refused.value.details["returnable"] == "0.000"


def test_what_lacks_has_a_case_of_its_own_where_that_of_the_failure_was_rejected(
    desk: Desk,
) -> None:
    order = order_view(stage="in_progress")
    number = cases_of(desk, failed(desk, "exception", order))[0]["number"]
    desk.ask("acknowledge_case", AFTERSALES, case_number=number, note="在查")
    desk.ask("reject_case", SUPERVISOR, case_number=number, decision="已重新派送")
    shipment_id = desk.case(number)["shipment_id"]
    shipment = signed_short(desk, order, "95.000", "3.000", shipment_id=shipment_id)
    assert [(case["state"], case["most_refund"]) for case in cases_of(desk, shipment)] == [
        ("requested", "49.00"),
        ("rejected", "982.00"),
    ]


def test_what_lacks_has_a_case_of_its_own_where_that_of_the_failure_paid_nothing(
    desk: Desk,
) -> None:
    order = order_view(stage="in_progress")
    number = cases_of(desk, failed(desk, "exception", order))[0]["number"]
    pay_back(desk, number, refund="0")
    shipment_id = desk.case(number)["shipment_id"]
    shipment = signed_short(desk, order, "95.000", "3.000", shipment_id=shipment_id)
    assert [(case["state"], case["most_refund"]) for case in cases_of(desk, shipment)] == [
        ("requested", "49.00"),
        ("settled", "982.00"),
    ]


def test_nobody_opens_a_delivery_case_by_hand(desk: Desk) -> None:
    with pytest.raises(GendanError) as refused:
        desk.open(desk.delivered(), kind="delivery")
    assert refused.value.code == "invalid_fields"


def test_a_receipt_that_shows_less_limits_what_may_come_back(desk: Desk) -> None:
    """A bare sign scan says in full; the paper that comes later says what was signed for."""
    order = order_view()
    desk.hear_order(order)
    shipment = shipment_view(order)
    desk.hear_shipment(shipment)
    lines = [dict(shipment["lines"][0], signed_quantity="90.000"), shipment["lines"][1]]
    desk.hear_shipment(shipment | {"lines": lines}, "receipt_recorded", sequence=3)
    with pytest.raises(GendanError) as refused:
        desk.open(order, (1, "91"))
    assert refused.value.details["returnable"] == "90.000"


# -- goods in place of others --------------------------------------------------------------------


def reship(desk: Desk, who: Any, number: str, order: dict[str, Any]) -> Any:
    return desk.ask(
        "reship_case", who, case_number=number, order_number=order["number"], note="客户急用"
    )


def replacement(desk: Desk, order: dict[str, Any], **changes: Any) -> dict[str, Any]:
    other = order_view(customer=order["customer"], stage="in_progress") | changes
    desk.hear_order(other)
    return other


def test_before_the_goods_are_back_only_the_supervisor_ships_others(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.awaited(order, (1, "5"))
    other = replacement(desk, order)
    before = desk.case(number)
    with pytest.raises(Forbidden):
        reship(desk, AFTERSALES, number, other)
    assert desk.case(number) == before
    replaced = reship(desk, SUPERVISOR, number, other)
    assert (replaced["reshipped_as"], replaced["reshipped_by"]) == (other["number"], "王芳")
    with pytest.raises(GendanError) as twice:
        reship(desk, SUPERVISOR, number, other)
    assert twice.value.code == "not_to_be_reshipped"


def test_once_they_are_back_after_sales_does_and_the_money_pays_for_the_others(
    desk: Desk,
) -> None:
    order = desk.delivered()
    number = desk.inspected(order, 1, "5")
    reship(desk, AFTERSALES, number, replacement(desk, order))
    settled = desk.ask("settle_case", FINANCE, case_number=number)
    assert (settled["resolution"], settled["refund"]) == ("reship", "49.00")


def test_what_lacks_on_a_receipt_is_sent_anew_and_its_money_pays_for_that(desk: Desk) -> None:
    order = order_view(stage="in_progress")
    desk.hear_order(order)
    number = cases_of(desk, signed_short(desk, order, "95.000", "3.000"))[0]["number"]
    settled = pay_back(desk, number, reshipped_by=replacement(desk, order))
    assert (settled["resolution"], settled["refund"]) == ("reship", "49.00")


def test_a_replacement_is_another_living_order_of_the_same_customer(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.inspected(order, 1, "5")
    strangers = order_view(customer={**order["customer"], "id": order_view()["customer"]["id"]})
    desk.hear_order(strangers)
    for wrong in (order, strangers, replacement(desk, order, stage="cancelled")):
        with pytest.raises(GendanError) as refused:
            reship(desk, AFTERSALES, number, wrong)
        assert refused.value.code == "replacement_not_theirs"
    assert desk.case(number)["reshipped_as"] is None


def test_goods_whose_replacement_was_cancelled_are_replaced_by_another_order(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.inspected(order, 1, "5")
    first, second = replacement(desk, order), replacement(desk, order)
    reship(desk, AFTERSALES, number, first)
    desk.hear_order(first | {"stage": "cancelled"}, sequence=2)

    items = desk.ask("list_case_actions", AFTERSALES, case_number=number)["items"]
    assert [item["allowed"] for item in items if item["verb"] == "reship"] == [True]
    reship(desk, AFTERSALES, number, second)

    assert desk.case(number)["reshipped_as"] == second["number"]
    told = desk.ask("list_changes", AFTERSALES, entity_type="case", entity_id=number)["items"][0]
    assert told["changes"] == {"reshipped_as": [first["number"], second["number"]]}


def test_an_order_replaces_the_goods_of_one_case(desk: Desk) -> None:
    order = desk.delivered()
    first, second = desk.inspected(order, 1, "5"), desk.inspected(order, 1, "3")
    other = replacement(desk, order)
    reship(desk, AFTERSALES, first, other)
    before = desk.case(second)

    with pytest.raises(GendanError) as refused:
        reship(desk, AFTERSALES, second, other)

    assert refused.value.code == "replacement_taken"
    assert refused.value.details["taken_by"] == first
    assert desk.case(second) == before


def test_of_two_cases_that_name_an_order_at_once_one_gets_it(desk: Desk) -> None:
    order = desk.delivered()
    numbers = [desk.inspected(order, 1, "5"), desk.inspected(order, 1, "3")]
    other = replacement(desk, order)
    answers = at_once(*(partial(reship, desk, AFTERSALES, number, other) for number in numbers))
    (refused,) = (answer for answer in answers if isinstance(answer, GendanError))
    assert refused.code == "replacement_taken"
    assert sorted(desk.case(number)["reshipped_as"] or "" for number in numbers) == [
        "",
        other["number"],
    ]


def test_settling_by_other_goods_is_refused_until_an_order_replaces_them(desk: Desk) -> None:
    """Other ways are open, so what may be done says that it is seen when it is done."""
    order = desk.delivered()
    number = desk.inspected(order, 1, "5")

    def listed() -> tuple[bool, bool]:
        items = desk.ask("list_case_actions", FINANCE, case_number=number)["items"]
        (only,) = (item for item in items if item["verb"] == "settle")
        return only["allowed"], only["checked_when_done"]

    assert listed() == (True, True)
    with pytest.raises(GendanError) as refused:
        desk.ask("settle_case", FINANCE, case_number=number, resolution="reship")
    assert refused.value.code == "not_reshipped"

    reship(desk, AFTERSALES, number, replacement(desk, order))
    assert listed() == (True, False)


def test_what_may_be_done_tells_whose_the_reship_is(desk: Desk) -> None:
    number = desk.awaited(desk.delivered(), (1, "5"))

    def listed(who: Any) -> tuple[bool, list[str]]:
        items = desk.ask("list_case_actions", who, case_number=number)["items"]
        (only,) = (item for item in items if item["verb"] == "reship")
        return only["allowed"], only["who"]

    assert listed(AFTERSALES) == (False, ["supervisor"])
    assert listed(SUPERVISOR) == (True, ["supervisor"])
    desk.ask("receive_return", WAREHOUSE, case_number=number)
    assert listed(AFTERSALES) == (True, ["aftersales", "supervisor"])


def test_a_repair_gives_no_money_and_an_exchange_keeps_it_as_credit(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.inspected(order, 1, "5")
    repaired = desk.ask("settle_case", FINANCE, case_number=number, resolution="repair")
    assert (repaired["resolution"], repaired["refund"]) == ("repair", "0.00")
    assert desk.open(order, kind="exchange")["kind"] == "exchange"


def test_what_was_mended_may_come_back_again_for_all_that_it_was_sold_for(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.inspected(order, 2, "3", rework="3")
    desk.ask("settle_case", FINANCE, case_number=number, resolution="repair")

    # One of three labels sold for 2.00: the first costs 0.67, the second 0.66.
    assert desk.open(order, (2, "1"))["most_refund"] == "0.67"
    assert desk.open(order, (2, "2"))["most_refund"] == "1.33"


def test_what_came_to_be_mended_and_was_not_cannot_come_back_again(desk: Desk) -> None:
    order = desk.delivered()
    number = desk.inspected(order, 2, "3", rework="1", scrap="2")
    desk.ask("settle_case", FINANCE, case_number=number, resolution="repair")

    with pytest.raises(MoreThanDelivered):
        desk.open(order, (2, "2"))
    assert desk.open(order, (2, "1"))["most_refund"] == "0.67"
