"""What happens at the same moment: real transactions in threads of their own."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from chassis.errors import GendanError
from services.shipping.domain.scan import Scan
from tests.integration.shipping.story import CLERK, DISPATCHER, ORDERS, Desk, codes


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls at the same moment; gives each one's answer, or the refusal it met."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return call()
        except GendanError as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def block(desk: Desk, order: dict[str, Any]) -> Any:
    return desk.ask(
        "block_order", ORDERS, order_id=order["id"], order_number=order["number"], why="cancel"
    )


def test_cancel_against_a_dispatch_scan_has_exactly_one_winner_in_each_of_50_rounds(
    desk: Desk,
) -> None:
    winners: Counter[str] = Counter()
    for _ in range(50):
        order = desk.order()
        shipment = desk.handed(order, parcels=1)
        (code,) = codes(shipment)
        cancelled, scanned = at_once(
            partial(block, desk, order),
            partial(
                desk.ask,
                "record_scans",
                DISPATCHER,
                device_id=order["number"],
                scans=[
                    {
                        "device_sequence": 1,
                        "device_time": "2026-11-23T03:00:00Z",
                        "parcel_code": code,
                        "kind": "dispatch",
                    }
                ],
            ),
        )
        (answer,) = scanned["items"]
        if isinstance(cancelled, GendanError):
            winners["dispatch"] += 1
            assert cancelled.code == "already_dispatched"
            assert (answer["answer"], desk.state(shipment)) == ("accepted", "dispatched")
        else:
            winners["cancel"] += 1
            assert (answer["answer"], answer["reason"]) == ("rejected", "order_being_cancelled")
            assert desk.state(shipment) == "handed"
            assert "shipment_dispatched" not in desk.announced(shipment["id"])
    assert winners.total() == 50


def test_cancel_against_a_dispatch_by_hand_has_exactly_one_winner(desk: Desk) -> None:
    for _ in range(15):
        order = desk.order()
        shipment = desk.handed(order, parcels=1)
        number = shipment["number"]
        cancelled, dispatched = at_once(
            partial(block, desk, order),
            partial(desk.ask, "dispatch_shipment", DISPATCHER, shipment_number=number),
        )
        refused = [r.code for r in (cancelled, dispatched) if isinstance(r, GendanError)]
        assert refused in (["already_dispatched"], ["order_being_cancelled"])
        left = desk.state(shipment) == "dispatched"
        assert left == (refused == ["already_dispatched"])


def test_requests_at_once_never_ask_for_more_than_is_held(desk: Desk) -> None:
    order = desk.order()
    lines = [{"line_no": 1, "quantity": "30"}]
    outcomes = at_once(*[lambda: desk.request(order, lines=lines) for _ in range(8)])
    refused = [o.code for o in outcomes if isinstance(o, GendanError)]
    assert refused == ["not_enough_held"] * 5
    assert len(desk.ask("search_shipments", CLERK)["items"]) == 3


def test_a_block_and_a_request_at_once_leave_no_unblocked_shipment(desk: Desk) -> None:
    for _ in range(10):
        order = desk.order()
        at_once(partial(block, desk, order), partial(desk.request, order))
        found = desk.ask("search_shipments", CLERK, order_number=order["number"])["items"]
        assert [shipment["blocked"] for shipment in found] in ([], ["cancel"])


def test_the_same_scan_from_ten_callers_at_once_counts_once(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    answers = at_once(*[lambda: desk.scan((1, code, "dispatch")) for _ in range(10)])
    assert [answer[0]["answer"] for answer in answers] == ["accepted"] * 10
    assert sum(not answer[0]["repeated"] for answer in answers) == 1
    assert desk.count(Scan) == 1
    assert desk.announced(shipment["id"]).count("shipment_dispatched") == 1


def test_batches_that_cross_over_the_same_shipments_both_end(desk: Desk) -> None:
    """Two batches name the same shipments in opposite orders: neither may starve the other."""
    shipments = [desk.handed(parcels=2) for _ in range(6)]
    first = [codes(s)[0] for s in shipments]
    second = [codes(s)[1] for s in shipments][::-1]
    for kind in ("pick", "pack", "dispatch", "arrive"):
        start = {"pick": 0, "pack": 10, "dispatch": 20, "arrive": 30}[kind]
        answers = at_once(
            partial(desk.scan, *[(start + i, code, kind) for i, code in enumerate(first)]),
            partial(desk.scan, *[(start + 100 + i, code, kind) for i, code in enumerate(second)]),
        )
        assert [a["answer"] for batch in answers for a in batch] == ["accepted"] * 12
    assert {desk.state(shipment) for shipment in shipments} == {"arrived"}
