"""Works instructions: acknowledged, counted, inspected by two, accepted within tolerance."""

from decimal import Decimal

import pytest

from chassis.errors import GendanError
from chassis.lifecycle import IllegalMove
from services.inventory.domain.errors import (
    InspectionDoesNotAddUp,
    InspectionMissing,
    ItemsNotAcknowledged,
    NothingReported,
    NotPassed,
    OutsideTolerance,
    SecondPersonNeeded,
)
from services.inventory.domain.events import FreeGoodsStocked, GoodsStocked, InstructionCancelled
from services.inventory.domain.instruction import ITEMS, AbnormalClass, Instruction, Signed
from services.inventory.domain.lifecycle import InstructionState
from tests.unit.inventory.making_builders import (
    CLERK,
    INSPECTOR,
    NOW,
    PLANNER,
    TODAY,
    finished,
    instruction,
)


def inspected(passed: str = "980") -> Instruction:
    made = finished(passed)
    made.inspect(
        INSPECTOR,
        passed=Decimal(passed),
        rework=Decimal(0),
        rejected=Decimal(0),
        standard="GB/T 1",
        note=None,
    )
    made.countersign(CLERK)
    return made


def test_the_tolerance_is_rounded_inwards() -> None:
    made = instruction(quantity="333", tolerance_over="3", tolerance_under="3")

    assert (made.least_quantity, made.most_quantity) == (Decimal(324), Decimal(342))


@pytest.mark.parametrize("missing", ITEMS)
def test_each_single_item_must_be_acknowledged(missing: str) -> None:
    made = instruction()
    made.state = InstructionState.ISSUED

    with pytest.raises(ItemsNotAcknowledged) as refused:
        made.accept(PLANNER, acknowledged=[item for item in ITEMS if item != missing])

    assert refused.value.details["items"] == missing
    assert made.state is InstructionState.ISSUED


def test_only_what_is_accepted_starts_and_only_what_is_abnormal_resumes() -> None:
    made = instruction()
    made.__dict__["state"] = InstructionState.ABNORMAL
    with pytest.raises(IllegalMove):
        made.start(PLANNER, today=TODAY)
    made.__dict__["state"] = InstructionState.ACCEPTED
    with pytest.raises(IllegalMove):
        made.resume()

    made.start(PLANNER, today=TODAY)
    made.mark_abnormal(PLANNER, kind=AbnormalClass.EQUIPMENT, reason="刀断", measure="换机")
    made.resume()

    assert made.state is InstructionState.RUNNING


def test_nothing_reported_is_nothing_finished() -> None:
    made = instruction()
    made.__dict__["state"] = InstructionState.RUNNING

    with pytest.raises(NothingReported):
        made.finish(PLANNER)


def test_a_run_that_was_wholly_spoilt_is_finished() -> None:
    made = instruction()
    made.__dict__["state"] = InstructionState.RUNNING
    made.count(produced=Decimal(0), scrap=Decimal(1000))

    made.finish(PLANNER)

    assert (made.state, made.produced_quantity) == (InstructionState.FINISHED, Decimal(0))


@pytest.mark.parametrize("goes_on", ["start", "resume", "report"])
def test_a_consent_to_stop_ends_when_making_goes_on(goes_on: str) -> None:
    made = instruction()
    made.__dict__["state"] = {
        "start": InstructionState.ACCEPTED,
        "resume": InstructionState.ABNORMAL,
        "report": InstructionState.RUNNING,
    }[goes_on]
    made.consent_to_stop(PLANNER, text="同意", unused={"KRAFT": Decimal(100)})

    if goes_on == "start":
        made.start(PLANNER, today=TODAY)
    elif goes_on == "resume":
        made.resume()
    else:
        made.count(produced=Decimal(10), scrap=Decimal(0))

    assert made.needs_stop_consent is True
    assert made.unused_if_stopped == {}


def test_a_consent_to_stop_stands_while_making_is_interrupted() -> None:
    made = instruction()
    made.__dict__["state"] = InstructionState.RUNNING
    made.consent_to_stop(PLANNER, text="同意")

    made.mark_abnormal(PLANNER, kind=AbnormalClass.EQUIPMENT, reason="刀断", measure="换机")

    assert made.needs_stop_consent is False


@pytest.mark.parametrize(
    ("passed", "rework", "rejected"), [("979", "0", "0"), ("981", "0", "0"), ("970", "5", "6")]
)
def test_an_inspection_sums_up_to_what_was_produced(
    passed: str, rework: str, rejected: str
) -> None:
    made = finished("980")

    with pytest.raises(InspectionDoesNotAddUp):
        made.inspect(
            INSPECTOR,
            passed=Decimal(passed),
            rework=Decimal(rework),
            rejected=Decimal(rejected),
            standard="GB/T 1",
            note=None,
        )

    assert made.passed_quantity is None


def test_the_countersign_needs_an_inspection_and_another_person() -> None:
    made = finished("980")
    with pytest.raises(InspectionMissing):
        made.countersign(CLERK)
    made.inspect(
        INSPECTOR,
        passed=Decimal(980),
        rework=Decimal(0),
        rejected=Decimal(0),
        standard="",
        note=None,
    )

    with pytest.raises(SecondPersonNeeded):
        made.countersign(Signed(INSPECTOR.person_id, "another name, the same person", NOW))

    made.countersign(CLERK)
    assert made.state is InstructionState.INSPECTED


@pytest.mark.parametrize(("accepted", "taken"), [(969, False), (970, True), (1030, True)])
def test_the_bounds_of_the_tolerance_are_within_it(accepted: int, *, taken: bool) -> None:
    made = inspected("1030")

    if taken:
        event = made.stock_in(INSPECTOR, accepted=Decimal(accepted), order_complete=True)
        assert event == GoodsStocked(made, True)
        assert made.accepted_quantity == accepted
    else:
        with pytest.raises(OutsideTolerance) as refused:
            made.stock_in(INSPECTOR, accepted=Decimal(accepted), order_complete=True)
        assert (refused.value.details["least"], refused.value.details["most"]) == ("970", "1030")
        assert made.state is InstructionState.INSPECTED


def test_the_customers_consent_is_to_one_quantity_only() -> None:
    made = inspected("900")
    made.record_consent(CLERK, quantity=Decimal(890), given_by="王小姐", text="同意")
    with pytest.raises(OutsideTolerance):
        made.stock_in(INSPECTOR, accepted=Decimal(900), order_complete=True)

    made.record_consent(CLERK, quantity=Decimal(900), given_by="王小姐", text="同意")

    made.stock_in(INSPECTOR, accepted=Decimal(900), order_complete=True)
    assert made.state is InstructionState.STOCKED


def test_more_than_passed_is_not_accepted() -> None:
    with pytest.raises(NotPassed):
        inspected("980").stock_in(INSPECTOR, accepted=Decimal(981), order_complete=True)


def test_made_goods_of_a_stopped_order_go_into_free_stock_whatever_their_quantity() -> None:
    made = inspected("500")

    assert made.stop(PLANNER, reason="customer_request") is None

    event = made.stock_in(INSPECTOR, accepted=Decimal(500), order_complete=False)
    assert event == FreeGoodsStocked(made)


@pytest.mark.parametrize("state", list(InstructionState))
def test_stopping_cancels_what_is_not_made_and_leaves_what_is_over(state: InstructionState) -> None:
    made = instruction()
    made.__dict__["state"] = state

    event = made.stop(PLANNER, reason="customer_request")

    if state in {"finished", "inspected"}:
        assert (event, made.state, made.into_free_stock) == (None, state, True)
    elif state in {"stocked", "cancelled"}:
        assert (event, made.state, made.into_free_stock) == (None, state, False)
    else:
        assert (event, made.state) == (InstructionCancelled(made), InstructionState.CANCELLED)


@pytest.mark.parametrize("state", list(InstructionState))
def test_only_what_is_being_made_needs_the_planners_consent(state: InstructionState) -> None:
    made = instruction()
    made.__dict__["state"] = state

    assert made.needs_stop_consent is (state in {"running", "abnormal"})
    if made.needs_stop_consent:
        made.consent_to_stop(PLANNER, text="同意")
        assert made.needs_stop_consent is False


def test_a_refused_move_leaves_the_instruction_as_it_was() -> None:
    made = instruction()
    before = dict(made.__dict__)

    with pytest.raises(GendanError):
        made.accept(PLANNER, acknowledged=list(ITEMS))

    assert made.__dict__ == before
