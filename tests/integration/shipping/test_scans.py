"""Scans: kept, counted once, answered the same for ever (S19, S16)."""

import random
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.errors import Conflict, Forbidden, GendanError
from chassis.principal import Principal
from services.shipping.domain.lifecycle import PROGRESS_BY_SCAN, ScanKind
from services.shipping.domain.parcel_code import parcel_code
from services.shipping.domain.scan import ConflictingScan, Scan
from services.shipping.storage import platform
from tests.integration.shipping.story import (
    ASSISTANT,
    CLERK,
    DEVICE,
    DEVICE_TIME,
    DISPATCHER,
    ORDERS,
    SCANNER,
    WAREHOUSE,
    Desk,
    codes,
)


def told(answers: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(answer["answer"], answer["reason"]) for answer in answers]


def progress(desk: Desk, shipment: dict[str, Any]) -> list[str]:
    page = desk.ask("get_shipment", CLERK, shipment_number=shipment["number"])
    return [parcel["progress"] for parcel in page["parcels"]]


def test_the_same_scan_ten_times_is_one(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    answers = [desk.scan((1, code, "dispatch"))[0] for _ in range(10)]
    assert told(answers) == [("accepted", None)] * 10
    assert [answer["repeated"] for answer in answers] == [False] + [True] * 9
    assert desk.count(Scan) == 1
    assert desk.announced(shipment["id"]).count("shipment_dispatched") == 1


def test_a_repeated_scan_keeps_its_first_answer_after_the_world_has_moved(desk: Desk) -> None:
    shipment = desk.checked()
    made = desk.ask("make_parcels", DISPATCHER, shipment_number=shipment["number"], count=1)
    (code,) = codes(made)
    assert told(desk.scan((1, code, "dispatch"))) == [("rejected", "not_handed")]
    desk.ask(
        "hand_shipment",
        DISPATCHER,
        shipment_number=shipment["number"],
        read_back={
            **shipment["consignee"],
            "lines": [
                {"line_no": line["line_no"], "quantity": line["quantity"]}
                for line in shipment["lines"]
            ],
        },
    )
    assert told(desk.scan((1, code, "dispatch"))) == [("rejected", "not_handed")]
    assert desk.state(shipment) == "handed"
    assert told(desk.scan((2, code, "dispatch"))) == [("accepted", None)]


def test_the_same_sequence_with_another_content_is_kept_and_rejected(desk: Desk) -> None:
    shipment = desk.handed(parcels=2)
    a, b = codes(shipment)
    answers = desk.scan((1, a, "pick"), (1, b, "dispatch"))
    again = desk.scan((1, b, "dispatch"))
    assert told(answers) == [("accepted", None), ("rejected", "sequence_reused")]
    assert told(again) == [("rejected", "sequence_reused")]
    assert desk.state(shipment) == "picking"
    assert (desk.count(Scan), desk.count(ConflictingScan)) == (1, 1)


def test_a_scanner_that_was_reset_under_its_old_name_is_announced_once_for_each_scan(
    desk: Desk,
) -> None:
    done, next_one = desk.handed(parcels=1), desk.handed(parcels=2)
    (old,), (a, b) = codes(done), codes(next_one)
    desk.scan((1, old, "pick"), (2, old, "pack"))
    reset = [(1, a, "pick"), (2, b, "pick")]

    assert told(desk.scan(*reset)) == [("rejected", "sequence_reused")] * 2
    assert told(desk.scan(*reset)) == [("rejected", "sequence_reused")] * 2
    assert desk.announced(next_one["id"])[-3:] == ["shipment_handed", *["scan_rejected"] * 2]
    assert "scan_rejected" not in desk.announced(done["id"])
    assert (desk.state(next_one), desk.state(done)) == ("handed", "packed")


def test_an_unknown_parcel_under_a_reused_sequence_waits_for_a_person_too(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    desk.scan((1, code, "pick"))
    misread = code[:-1] + "x"
    for _ in range(2):
        assert told(desk.scan((1, misread, "pack"))) == [("rejected", "sequence_reused")]
    waiting = desk.ask("list_quarantined", DISPATCHER)["items"]
    assert [(scan["parcel_code"], scan["misread"]) for scan in waiting] == [(misread, True)]


def test_two_hundred_shuffled_scans_with_repeats_end_as_one_ordered_run(desk: Desk) -> None:
    dice = random.Random(20261122)
    ordered, shuffled = desk.handed(parcels=17), desk.handed(parcels=17)
    kinds = [kind for kind in sorted(ScanKind, key=PROGRESS_BY_SCAN.__getitem__) if kind != "sign"]

    def run(shipment: dict[str, Any], start: int) -> list[tuple[int, str, str]]:
        plan = [(code, str(kind)) for kind in kinds for code in codes(shipment)]
        return [(start + i, code, kind) for i, (code, kind) in enumerate(plan)]

    for scan in run(ordered, 0):
        desk.scan(scan)
    scans = run(shuffled, 1000)
    batch = scans + dice.choices(scans, k=200 - len(scans))
    dice.shuffle(batch)
    answers = desk.scan(*batch)

    assert told(answers) == [("accepted", None)] * 200
    assert desk.state(shuffled) == desk.state(ordered) == "arrived"
    assert progress(desk, shuffled) == progress(desk, ordered)
    assert desk.announced(shuffled["id"]) == desk.announced(ordered["id"])


def test_a_rejected_scan_is_kept_and_announced_as_an_urgent_matter(desk: Desk) -> None:
    order = desk.order()
    shipment = desk.handed(order, parcels=1)
    desk.ask(
        "block_order",
        ORDERS,
        order_id=order["id"],
        order_number=order["number"],
        why="hold",
    )
    answers = desk.scan((1, codes(shipment)[0], "dispatch"))
    assert told(answers) == [("rejected", "order_on_hold")]
    assert desk.announced(shipment["id"])[-1] == "scan_rejected"
    assert (desk.state(shipment), desk.count(Scan)) == ("handed", 1)


@pytest.mark.parametrize("late", ["load", "arrive"])
def test_a_late_scan_that_tells_nothing_new_does_not_end_an_exception(
    desk: Desk, late: str
) -> None:
    shipment = desk.handed(parcels=2)
    a, b = codes(shipment)
    desk.scan((1, a, "arrive"), (2, b, "arrive"))
    desk.ask(
        "fail_shipment",
        ASSISTANT,
        shipment_number=shipment["number"],
        kind="exception",
        note="拒收",
    )
    before = desk.announced(shipment["id"])

    assert told(desk.scan((3, a, late))) == [("accepted", None)]
    assert desk.state(shipment) == "exception"
    assert desk.announced(shipment["id"]) == before


def test_a_misread_scan_that_tells_nothing_new_does_not_end_an_exception(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    desk.scan((1, code, "arrive"), (2, code[:-1] + "x", "load"))
    desk.ask(
        "fail_shipment",
        ASSISTANT,
        shipment_number=shipment["number"],
        kind="exception",
        note="拒收",
    )
    (misread,) = desk.ask("list_quarantined", WAREHOUSE)["items"]

    desk.ask("resolve_quarantined", WAREHOUSE, scan_id=misread["id"], parcel_code=code, note="污损")
    assert desk.state(shipment) == "exception"


def test_a_scan_of_a_cancelled_shipment_is_rejected(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    desk.ask(
        "cancel_shipment",
        CLERK,
        shipment_number=shipment["number"],
        reason="customer_request",
        note="不要了",
    )
    assert told(desk.scan((1, codes(shipment)[0], "dispatch"))) == [("rejected", "cancelled")]


def by_hand(desk: Desk, who: Principal, *scans: tuple[int, str, str], device: str = "gun") -> Any:
    """Send scans as a person does for a device without a key."""
    readings = [
        {
            "device_sequence": sequence,
            "device_time": DEVICE_TIME,
            "parcel_code": code,
            "kind": kind,
        }
        for sequence, code, kind in scans
    ]
    return desk.ask("record_scans", who, device_id=device, scans=readings)["items"]


@pytest.mark.parametrize(
    ("kind", "they_may"),
    [
        ("pick", [WAREHOUSE]),
        ("pack", [WAREHOUSE]),
        ("load", [WAREHOUSE]),
        ("dispatch", [DISPATCHER]),
        ("arrive", [ASSISTANT]),
        ("sign", [ASSISTANT]),
    ],
)
def test_a_person_scans_what_is_that_persons_to_move_by_hand(
    desk: Desk, kind: str, they_may: list[Principal]
) -> None:
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    if kind in ("arrive", "sign"):
        desk.scan((1, code, "dispatch"))
    before = (desk.state(shipment), desk.announced(shipment["id"]), desk.count(Scan))
    for who in (WAREHOUSE, DISPATCHER, ASSISTANT):
        if who not in they_may:
            with pytest.raises(Forbidden) as refused:
                by_hand(desk, who, (1, code, kind))
            assert refused.value.code == "role_needed"
    assert (desk.state(shipment), desk.announced(shipment["id"]), desk.count(Scan)) == before
    for who in they_may:
        assert told(by_hand(desk, who, (1, code, kind))) == [("accepted", None)]


def test_a_batch_with_one_scan_that_is_not_the_persons_is_left_whole_to_another(
    desk: Desk,
) -> None:
    shipment = desk.handed(parcels=2)
    a, b = codes(shipment)
    desk.scan((1, a, "dispatch"))
    batch = [(1, b, "pack"), (2, b, "dispatch")]
    for who in (WAREHOUSE, DISPATCHER):
        with pytest.raises(Forbidden) as refused:
            by_hand(desk, who, *batch)
        assert (refused.value.code, desk.count(Scan)) == ("role_needed", 1)
    assert progress(desk, shipment) == ["dispatched", "made"]

    both = replace(DISPATCHER, roles=DISPATCHER.roles | WAREHOUSE.roles)
    assert told(by_hand(desk, both, *batch)) == [("accepted", None)] * 2
    assert progress(desk, shipment) == ["dispatched", "dispatched"]


def test_the_assistants_scan_of_an_arrival_is_no_departure(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    with pytest.raises(Forbidden) as refused:
        by_hand(desk, ASSISTANT, (1, codes(shipment)[0], "arrive"))
    assert (refused.value.code, desk.count(Scan)) == ("role_needed", 0)
    assert desk.state(shipment) == "handed"


def test_nobody_scans_in_the_name_of_a_device_that_has_its_key(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    with pytest.raises(Forbidden) as refused:
        by_hand(desk, DISPATCHER, (1, codes(shipment)[0], "pick"), device="device:SCAN-1")
    assert (refused.value.code, desk.count(Scan)) == ("device_has_its_key", 0)


@pytest.mark.parametrize(
    ("kind", "they_may_not", "they_may", "state"),
    [
        ("pick", [ASSISTANT, DISPATCHER], WAREHOUSE, "picking"),
        ("dispatch", [ASSISTANT, WAREHOUSE], DISPATCHER, "dispatched"),
    ],
)
def test_a_misread_scan_is_assigned_by_one_who_may_move_the_parcel_so(
    desk: Desk, kind: str, they_may_not: list[Principal], they_may: Principal, state: str
) -> None:
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    desk.scan((1, code[:-1] + "x", kind), (2, code[:-1] + "y", kind))
    first, second = desk.ask("list_quarantined", ASSISTANT)["items"]
    assign = partial(
        desk.ask, "resolve_quarantined", scan_id=first["id"], parcel_code=code, note="污损"
    )
    for who in they_may_not:
        with pytest.raises(Forbidden) as refused:
            assign(who)
        assert refused.value.code == "role_needed"
    assert desk.state(shipment) == "handed"
    dismissed = desk.ask("resolve_quarantined", ASSISTANT, scan_id=second["id"], note="不是我们的")
    assign(they_may)
    assert (dismissed["resolution"], desk.state(shipment)) == ("dismissed", state)


def test_an_unknown_parcel_waits_for_a_person_who_says_what_it_was(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    stranger = parcel_code("S991231-999999", 1)
    answers = desk.scan((1, stranger, "dispatch"), (2, code[:-1] + "x", "pick"))
    assert told(answers) == [
        ("quarantined", "parcel_unknown"),
        ("quarantined", "parcel_code_misread"),
    ]
    waiting = desk.ask("list_quarantined", WAREHOUSE)["items"]
    assert {scan["parcel_code"] for scan in waiting} == {stranger, code[:-1] + "x"}
    work = desk.ask("list_work", WAREHOUSE)["items"]
    assert [item["kind"] for item in work] == ["unknown_parcel", "unknown_parcel", "pick"]

    misread = next(scan for scan in waiting if scan["misread"])
    resolved = desk.ask(
        "resolve_quarantined", WAREHOUSE, scan_id=misread["id"], parcel_code=code, note="污损"
    )
    other = next(scan for scan in waiting if not scan["misread"])
    desk.ask("resolve_quarantined", WAREHOUSE, scan_id=other["id"], note="不是我们的")
    with pytest.raises(Conflict) as twice:
        desk.ask("resolve_quarantined", WAREHOUSE, scan_id=other["id"], note="再看")
    assert (resolved["resolution"], desk.state(shipment)) == ("assigned", "picking")
    assert twice.value.code == "scan_resolved"
    assert desk.ask("list_quarantined", WAREHOUSE)["items"] == []


def test_a_batch_answers_each_of_its_scans_in_their_order(desk: Desk) -> None:
    handed, checked = desk.handed(parcels=1), desk.checked()
    made = desk.ask("make_parcels", DISPATCHER, shipment_number=checked["number"], count=1)
    scans = [
        (3, codes(made)[0], "load"),
        (1, codes(handed)[0], "pack"),
        (2, "nonsense", "pack"),
        (1, codes(handed)[0], "pack"),
    ]
    answers = desk.scan(*scans)
    assert told(answers) == [
        ("rejected", "not_handed"),
        ("accepted", None),
        ("quarantined", "parcel_code_misread"),
        ("accepted", None),
    ]
    assert [answer["device_sequence"] for answer in answers] == [3, 1, 2, 1]


def test_five_hundred_scans_are_a_batch_and_one_more_is_refused(desk: Desk) -> None:
    shipment = desk.handed(parcels=100)
    scans = [(i, codes(shipment)[i % 100], "pack") for i in range(500)]
    assert told(desk.scan(*scans)) == [("accepted", None)] * 500
    with pytest.raises(GendanError) as refused:
        desk.scan(*scans, (500, codes(shipment)[0], "pack"))
    assert refused.value.code == "invalid_fields"


def test_a_device_clock_that_is_years_off_is_only_noted(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    answer = desk.ask(
        "record_scans",
        SCANNER,
        device_id=DEVICE,
        scans=[
            {
                "device_sequence": 1,
                "device_time": "1999-01-01T00:00:00+08:00",
                "parcel_code": code,
                "kind": "dispatch",
            }
        ],
    )
    page = desk.ask("get_shipment", CLERK, shipment_number=shipment["number"])
    assert answer["items"][0]["answer"] == "accepted"
    assert page["scans"][0]["device_time"].startswith("1998-12-31T16:00")
    assert page["dispatched_at"] > "2026"


@pytest.mark.parametrize("table", ["scan", "scan_answer", "conflicting_scan", "change_log"])
def test_the_raw_log_cannot_be_changed(desk: Desk, table: str) -> None:
    shipment = desk.handed(parcels=2)
    a, b = codes(shipment)
    desk.scan((1, a, "pick"), (1, b, "pick"))
    with desk.store.engine.begin() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(f"delete from {table}"))


def test_nothing_is_announced_for_a_batch_that_fails(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    before = desk.count(platform.outbox)
    with pytest.raises(GendanError):
        desk.ask(
            "record_scans",
            SCANNER,
            device_id=DEVICE,
            scans=[{"device_sequence": 1, "parcel_code": codes(shipment)[0], "kind": "pick"}],
        )
    assert (desk.count(platform.outbox), desk.count(Scan)) == (before, 0)


def test_scans_of_another_device_with_the_same_sequence_are_other_scans(desk: Desk) -> None:
    shipment = desk.handed(parcels=1)
    (code,) = codes(shipment)
    desk.scan((1, code, "pick"))
    answer = desk.ask(
        "record_scans",
        SCANNER,
        key=str(uuid4()),
        device_id="device-8",
        scans=[
            {
                "device_sequence": 1,
                "device_time": "2026-11-23T03:00:00Z",
                "parcel_code": code,
                "kind": "pack",
            }
        ],
    )
    assert told(answer["items"]) == [("accepted", None)]
    assert desk.state(shipment) == "packed"
