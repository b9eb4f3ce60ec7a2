"""A shipment by itself: guards, read-backs, releases, and scans in any order."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Conflict, Invalid
from chassis.lifecycle import IllegalMove
from services.shipping.domain import events
from services.shipping.domain.batch import Batch, BatchKind
from services.shipping.domain.lifecycle import PROGRESS_BY_SCAN, ScanKind, ShipmentState
from services.shipping.domain.order import BlockedFor
from services.shipping.domain.shipment import Departure, ReadBack, Received, Shipment, ShipmentLine

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
REQUESTER, OTHER, DISPATCHER = ("p-1", "陈开单"), ("p-2", "林跟单"), ("p-3", "赵发货")
DEPARTURE = Departure("F261123-000001", date(2026, 11, 26), None)
BATCH = Batch(date(2026, 11, 23), BatchKind.MORNING)
ALLOWED = {
    "allowed": True,
    "grade": "B",
    "terms": "deposit_and_balance",
    "paid_at": "2026-11-23T01:00:00+00:00",
}
READ = ReadBack("王小姐", "13800000000", "广州市天河区1号", {1: Decimal(100), 2: Decimal(5)})
S = ShipmentState


def requested(**changes: Any) -> Shipment:
    facts: dict[str, Any] = {
        "id": uuid4(),
        "sequence": 0,
        "number": "S261122-000017",
        "order_id": UUID(int=1),
        "order_number": "D261120-000003",
        "state": S.REQUESTED,
        "emergency": False,
        "requested_by": REQUESTER[0],
        "requester_name": REQUESTER[1],
        "consignee_name": READ.name,
        "consignee_phone": READ.phone,
        "consignee_address": READ.address,
        "delivery_method": "door",
        "lines": [
            ShipmentLine(line_no=1, line_id=uuid4(), quantity=Decimal(100), unit_decimals=0),
            ShipmentLine(line_no=2, line_id=uuid4(), quantity=Decimal(5), unit_decimals=0),
        ],
        "parcels": [],
    }
    return Shipment(**facts | changes)


def released(**changes: Any) -> Shipment:
    shipment = requested(**changes)
    shipment.release(verdict=ALLOWED, batch=BATCH, person=("p-9", "钱财务"), now=NOW)
    return shipment


def handed(parcels: int = 3, **changes: Any) -> Shipment:
    shipment = released(**changes)
    shipment.check(READ, person=OTHER, now=NOW)
    shipment.make_parcels(parcels)
    shipment.hand(READ, person=DISPATCHER, now=NOW)
    return shipment


def scan(shipment: Shipment, position: int, kind: ScanKind) -> list[events.ShipmentEvent]:
    if not shipment.scan(shipment.parcels[position], kind):
        return []
    return shipment.advance(shipment.by_parcels, now=NOW, departure=DEPARTURE)


def names(announced: list[events.ShipmentEvent]) -> list[str]:
    return [event.name for event in announced]


# -- guards ------------------------------------------------------------------------------------


def test_a_refused_verdict_leaves_the_request_as_it_was() -> None:
    shipment = requested()
    verdict = {"allowed": False, "code": "balance_due", "why": "980.00 is missing", "why_zh": "欠"}
    with pytest.raises(Conflict) as refused:
        shipment.release(verdict=verdict, batch=BATCH, person=OTHER, now=NOW)
    assert refused.value.code == "release_refused"
    assert (shipment.state, shipment.released_at, shipment.batch) == (S.REQUESTED, None, None)


def test_the_director_overrides_only_emergencies() -> None:
    refused_by_money = {"allowed": False, "why": "", "why_zh": ""}
    ordinary, emergency = requested(), requested(emergency=True)
    with pytest.raises(Conflict) as refused:
        ordinary.release(
            verdict=refused_by_money, batch=BATCH, person=OTHER, now=NOW, override_note="flood"
        )
    announced = emergency.release(
        verdict=refused_by_money, batch=BATCH, person=OTHER, now=NOW, override_note="flood"
    )
    assert refused.value.code == "only_in_emergency"
    assert (names(announced), emergency.state) == (["shipment_released"], S.RELEASED)


def test_the_director_overrides_a_hold_for_this_emergency_but_never_a_cancel() -> None:
    held = requested(emergency=True, blocked=BlockedFor.HOLD)
    held.release(verdict=ALLOWED, batch=BATCH, person=OTHER, now=NOW, override_note="flood")
    cancelled = requested(emergency=True, blocked=BlockedFor.CANCEL)
    with pytest.raises(Conflict) as refused:
        cancelled.release(
            verdict=ALLOWED, batch=BATCH, person=OTHER, now=NOW, override_note="flood"
        )
    assert (held.blocked, held.state) == (None, S.RELEASED)
    assert refused.value.code == "order_being_cancelled"


def test_the_director_overrides_a_hold_that_meets_an_emergency_after_its_release() -> None:
    shipment = handed(emergency=True)
    shipment.block(BlockedFor.HOLD)
    with pytest.raises(Conflict) as without_him:
        shipment.release(verdict=ALLOWED, batch=BATCH, person=OTHER, now=NOW)
    announced = shipment.release(
        verdict=ALLOWED, batch=BATCH, person=OTHER, now=NOW, override_note="flood"
    )
    assert without_him.value.code == "order_on_hold"
    assert (names(announced), shipment.blocked) == (["shipment_released"], None)
    scan(shipment, 0, ScanKind.DISPATCH)
    assert shipment.state == S.DISPATCHED


@pytest.mark.parametrize(
    ("emergency", "blocked"),
    [(False, BlockedFor.HOLD), (True, BlockedFor.CANCEL), (True, None)],
)
def test_nothing_else_that_is_released_is_released_anew(
    *, emergency: bool, blocked: BlockedFor | None
) -> None:
    shipment = handed(emergency=emergency)
    shipment.block(blocked)
    with pytest.raises(IllegalMove):
        shipment.release(verdict=ALLOWED, batch=BATCH, person=OTHER, now=NOW, override_note="flood")
    assert (shipment.state, shipment.blocked) == (S.HANDED, blocked)


def test_the_requester_does_not_check_his_own_request() -> None:
    shipment = released()
    with pytest.raises(Conflict) as refused:
        shipment.check(READ, person=REQUESTER, now=NOW)
    assert refused.value.code == "second_person_needed"
    assert shipment.state == S.RELEASED


def test_the_director_stands_in_for_the_second_person_in_an_emergency_only() -> None:
    ordinary, emergency = released(), released(emergency=True)
    with pytest.raises(Conflict) as refused:
        ordinary.check(READ, person=REQUESTER, now=NOW, overridden=True)
    announced = emergency.check(READ, person=REQUESTER, now=NOW, overridden=True)
    assert (refused.value.code, ordinary.state) == ("only_in_emergency", S.RELEASED)
    assert (names(announced), emergency.state) == (["shipment_checked"], S.CHECKED)


@pytest.mark.parametrize(
    ("read", "item"),
    [
        (ReadBack("王先生", READ.phone, READ.address, READ.quantities), "consignee_name"),
        (ReadBack(READ.name, "13800000001", READ.address, READ.quantities), "consignee_phone"),
        (ReadBack(READ.name, READ.phone, "广州市天河区2号", READ.quantities), "consignee_address"),
        (ReadBack(READ.name, READ.phone, READ.address, {1: Decimal(100), 2: Decimal(6)}), "line 2"),
        (ReadBack(READ.name, READ.phone, READ.address, {1: Decimal(100)}), "line 2"),
        (
            ReadBack(READ.name, READ.phone, READ.address, {**READ.quantities, 3: Decimal(1)}),
            "line 3",
        ),
    ],
)
def test_each_item_read_back_must_be_exactly_ours(read: ReadBack, item: str) -> None:
    shipment = released()
    with pytest.raises(Conflict) as refused:
        shipment.check(read, person=OTHER, now=NOW)
    assert (refused.value.code, refused.value.details["differs"]) == ("read_back_differs", [item])


def test_nothing_is_handed_over_without_parcels() -> None:
    shipment = released()
    shipment.check(READ, person=OTHER, now=NOW)
    with pytest.raises(Conflict) as refused:
        shipment.hand(READ, person=DISPATCHER, now=NOW)
    assert refused.value.code == "parcels_missing"


def test_parcels_are_made_once_with_codes_of_their_own() -> None:
    shipment = released()
    codes = {parcel.code for parcel in shipment.make_parcels(3)}
    with pytest.raises(Conflict) as refused:
        shipment.make_parcels(2)
    assert (len(codes), refused.value.code) == (3, "parcels_made")


@pytest.mark.parametrize(
    ("blocked", "code"),
    [(BlockedFor.HOLD, "order_on_hold"), (BlockedFor.CANCEL, "order_being_cancelled")],
)
def test_a_block_stops_scans_before_departure(blocked: BlockedFor, code: str) -> None:
    shipment = handed()
    shipment.block(blocked)
    with pytest.raises(Conflict) as refused:
        scan(shipment, 0, ScanKind.DISPATCH)
    assert refused.value.code == code
    assert shipment.state == S.HANDED
    assert shipment.parcels[0].progress == 0


def test_a_block_comes_too_late_for_what_has_left() -> None:
    shipment = handed()
    scan(shipment, 0, ScanKind.DISPATCH)
    shipment.block(BlockedFor.CANCEL)
    assert shipment.blocked is None
    scan(shipment, 0, ScanKind.ARRIVE)
    assert shipment.state == S.IN_TRANSIT


def test_a_reversed_payment_withdraws_the_release_until_it_is_given_again() -> None:
    shipment = handed()
    assert names(shipment.withdraw_release(NOW)) == ["release_withdrawn"]
    with pytest.raises(Conflict) as refused:
        scan(shipment, 0, ScanKind.PICK)
    shipment.release(verdict=ALLOWED, batch=BATCH, person=OTHER, now=NOW)
    scan(shipment, 0, ScanKind.PICK)
    assert (refused.value.code, shipment.state) == ("release_withdrawn", S.PICKING)


def test_a_reversed_payment_does_not_touch_account_orders_or_what_has_left() -> None:
    on_account = requested()
    on_account.release(
        verdict={"allowed": True, "terms": "account", "paid_at": None},
        batch=BATCH,
        person=OTHER,
        now=NOW,
    )
    gone = handed()
    scan(gone, 0, ScanKind.DISPATCH)
    assert on_account.withdraw_release(NOW) == []
    assert gone.withdraw_release(NOW) == []


# -- on the road -------------------------------------------------------------------------------


def test_a_scan_of_a_shipment_that_is_not_handed_moves_nothing() -> None:
    shipment = released()
    shipment.make_parcels(1)
    with pytest.raises(IllegalMove):
        shipment.scan(shipment.parcels[0], ScanKind.DISPATCH)
    assert (shipment.state, shipment.parcels[0].progress) == (S.RELEASED, 0)


def test_the_first_dispatch_scan_is_the_departure() -> None:
    shipment = handed()
    announced = scan(shipment, 1, ScanKind.DISPATCH)
    assert names(announced) == ["shipment_packed", "shipment_dispatched"]
    assert (shipment.note_number, shipment.expected_arrival) == (
        DEPARTURE.note_number,
        DEPARTURE.expected_arrival,
    )
    assert scan(shipment, 0, ScanKind.DISPATCH) == []


def test_a_bare_sign_scan_means_in_full_and_undamaged() -> None:
    shipment = handed(parcels=2)
    scan(shipment, 0, ScanKind.SIGN)
    assert shipment.state == S.IN_TRANSIT
    scan(shipment, 1, ScanKind.SIGN)
    assert shipment.state == S.SIGNED
    assert [(line.signed_quantity, line.damaged_quantity) for line in shipment.lines] == [
        (Decimal(100), Decimal(0)),
        (Decimal(5), Decimal(0)),
    ]
    assert shipment.receipt_at is None


def test_a_receipt_cannot_name_more_than_was_shipped() -> None:
    shipment = handed()
    scan(shipment, 0, ScanKind.DISPATCH)
    with pytest.raises(Invalid) as refused:
        shipment.enter_receipt(
            signer="王小姐", received=[Received(1, Decimal(101), Decimal(0))], damage=None, now=NOW
        )
    assert refused.value.code == "more_than_shipped"


def test_a_receipt_names_each_line_once() -> None:
    shipment = handed()
    scan(shipment, 0, ScanKind.DISPATCH)
    twice = [Received(1, Decimal(quantity), Decimal(0)) for quantity in (0, 100)]
    with pytest.raises(Invalid) as refused:
        shipment.enter_receipt(signer="王小姐", received=twice, damage=None, now=NOW)
    assert refused.value.code == "order_line_twice"
    assert shipment.receipt_at is None


@pytest.mark.parametrize(
    ("signed", "damaged"), [(Decimal("99.5"), Decimal(0)), (Decimal(100), Decimal("0.5"))]
)
def test_a_receipt_names_whole_pieces_of_what_is_counted_in_pieces(
    signed: Decimal, damaged: Decimal
) -> None:
    shipment = handed()
    scan(shipment, 0, ScanKind.DISPATCH)
    with pytest.raises(Invalid) as refused:
        shipment.enter_receipt(
            signer="王小姐", received=[Received(1, signed, damaged)], damage=None, now=NOW
        )
    assert refused.value.code == "quantity_not_in_unit"
    assert shipment.receipt_at is None


def test_after_an_exception_only_a_whole_arrival_moves_it_on() -> None:
    shipment = handed(parcels=2)
    scan(shipment, 0, ScanKind.DISPATCH)
    shipment.fail(S.EXCEPTION, "truck broke down", NOW)
    scan(shipment, 0, ScanKind.ARRIVE)
    assert shipment.state == S.EXCEPTION
    scan(shipment, 1, ScanKind.ARRIVE)
    assert shipment.state == S.ARRIVED


def test_the_assistants_report_is_no_departure() -> None:
    shipment = handed()
    with pytest.raises(IllegalMove):
        shipment.check_movable_to(S.ARRIVED)
    shipment.check_movable_to(S.DISPATCHED)


SCANS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(list(ScanKind))), min_size=1, max_size=40
)


@given(SCANS, st.data())
def test_scans_in_any_order_and_any_number_end_as_one_ordered_run(
    scans: list[tuple[int, ScanKind]], data: st.DataObject
) -> None:
    ordered = handed()
    for position, kind in sorted(set(scans), key=lambda s: (PROGRESS_BY_SCAN[s[1]], s[0])):
        scan(ordered, position, kind)
    repeated = scans + data.draw(st.lists(st.sampled_from(scans), max_size=20))
    shuffled = handed()
    told: list[str] = []
    for position, kind in data.draw(st.permutations(repeated)):
        told += names(scan(shuffled, position, kind))
    assert shuffled.state == ordered.state
    assert [p.progress for p in shuffled.parcels] == [p.progress for p in ordered.parcels]
    assert len(told) == len(set(told))
