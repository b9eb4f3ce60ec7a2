"""Which gates an order needs, in which order they open, which open again by which change."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from services.orders.domain.errors import FieldsMissing, GateNotFound, GateNotOpen
from services.orders.domain.lifecycle import GateKind, Stage, Verdict
from services.orders.domain.order import MANDATORY, Order
from services.orders.domain.review import director_reasons, needed_gates, return_order
from tests.unit.orders.story import (
    LABEL,
    NOW,
    TODAY,
    draft,
    line,
    open_kinds,
    passed_kinds,
    resubmitted,
    sign,
    submitted,
)

ALL = {"price", "credit", "technique", "material", "schedule", "approval"}


def test_stock_lines_skip_technique_material_and_schedule() -> None:
    assert needed_gates(draft(line(product=LABEL))) == ["price", "credit", "approval"]
    assert set(needed_gates(draft(line(1, product=LABEL), line(2)))) == ALL


def test_gates_open_one_after_the_other() -> None:
    order = submitted()
    assert open_kinds(order) == {"price", "credit", "technique"}
    sign(order, GateKind.TECHNIQUE)
    assert open_kinds(order) == {"price", "credit", "material"}
    sign(order, GateKind.MATERIAL)
    sign(order, GateKind.PRICE)
    sign(order, GateKind.CREDIT)
    assert open_kinds(order) == {"schedule"}
    sign(order, GateKind.SCHEDULE)
    assert open_kinds(order) == {"approval"}


def test_the_schedule_opens_for_material_that_is_short_but_signed() -> None:
    order = submitted()
    sign(order, GateKind.TECHNIQUE)
    sign(order, GateKind.MATERIAL, Verdict.SHORT)
    assert {"material", "schedule"} <= open_kinds(order)
    with pytest.raises(GateNotOpen):
        order.guard_signing(GateKind.APPROVAL)


def test_a_refused_technique_opens_nothing() -> None:
    order = submitted()
    sign(order, GateKind.TECHNIQUE, Verdict.REFUSED)
    assert open_kinds(order) == {"price", "credit", "technique"}


def test_an_order_is_approved_when_its_last_gate_passes_and_not_before() -> None:
    order = submitted()
    for kind in (k for k in GateKind if k is not GateKind.APPROVAL):
        sign(order, kind)
        order.settle_gates(NOW)
        assert order.stage is Stage.IN_REVIEW
    sign(order, GateKind.APPROVAL)
    (event,) = order.settle_gates(NOW)
    assert (order.stage, type(event).__name__) == (Stage.APPROVED, "OrderApproved")


def _change_quantity(order: Order) -> None:
    order.replace_lines([line(quantity="1200")], NOW)


def _change_price(order: Order) -> None:
    order.replace_lines([line(unit_price=Decimal("1.10"))], NOW)


def _change_spec(order: Order) -> None:
    order.replace_lines([line(spec="57×50mm")], NOW)


def _change_date(order: Order) -> None:
    order.fill_in({"base_customer_due": date(2027, 1, 15)}, NOW)


def _change_address(order: Order) -> None:
    order.fill_in({"consignee_address": "宁波市海曙区2号"}, NOW)


def _change_packing(order: Order) -> None:
    order.replace_lines([line(packing="20卷/箱")], NOW)


def _drop_and_bring_back(order: Order) -> None:
    """Its date went with it."""
    order.replace_lines([line()], NOW)
    order.lines[0].base_production_due = None


def _change_nothing(order: Order) -> None:
    order.replace_lines([line()], NOW)


@pytest.mark.parametrize(
    ("change", "opened_again"),
    [
        (_change_quantity, {"price", "credit", "material", "schedule", "approval"}),
        (_change_price, {"price", "credit", "approval"}),
        (_change_spec, {"price", "technique", "material", "schedule", "approval"}),
        (_change_date, {"schedule", "approval"}),
        (_change_address, {"approval"}),
        (_change_packing, {"approval"}),
        (_drop_and_bring_back, {"schedule", "approval"}),
        (_change_nothing, set()),
    ],
)
def test_only_gates_whose_input_changed_open_again(
    change: Callable[[Order], None], opened_again: set[str]
) -> None:
    order = submitted(passed=True)
    return_order(order, "customer_request", TODAY, NOW)
    change(order)

    resubmitted(order)

    assert passed_kinds(order) == ALL - opened_again
    assert {gate.revision for gate in order.gates} == {2}


def test_credit_opens_again_for_another_total_under_the_same_upper_bound() -> None:
    """1000 and a tenth more, or 1100 to the piece: at most 1100.00 either way."""
    order = submitted(line(tolerance_over=Decimal(10)), passed=True)
    return_order(order, "customer_request", TODAY, NOW)
    before = (order.total, order.credit_amount)
    order.replace_lines([line(quantity="1100", tolerance_over=Decimal(0))], NOW)

    resubmitted(order)

    assert before == (Decimal("1000.00"), Decimal("1100.00"))
    assert (order.total, order.credit_amount) == (Decimal("1100.00"), Decimal("1100.00"))
    assert order.gate(GateKind.CREDIT).verdict is Verdict.PENDING


def test_what_did_not_pass_is_asked_again_at_the_next_submit() -> None:
    order = submitted()
    sign(order, GateKind.CREDIT, Verdict.HELD)
    order.return_to_draft("correction", TODAY, NOW)
    resubmitted(order)
    assert order.gate(GateKind.CREDIT).verdict is Verdict.PENDING


def test_gates_of_lines_that_are_no_longer_made_go() -> None:
    order = submitted(passed=True)
    return_order(order, "customer_request", TODAY, NOW)
    order.replace_lines([line(product=LABEL)], NOW)
    resubmitted(order)
    assert {str(gate.kind) for gate in order.gates} == {"price", "credit", "approval"}
    with pytest.raises(GateNotFound):
        order.gate(GateKind.TECHNIQUE)


@pytest.mark.parametrize(
    ("kind", "depending"),
    [
        (GateKind.TECHNIQUE, {GateKind.MATERIAL, GateKind.SCHEDULE, GateKind.APPROVAL}),
        (GateKind.MATERIAL, {GateKind.SCHEDULE, GateKind.APPROVAL}),
        (GateKind.SCHEDULE, {GateKind.APPROVAL}),
    ],
)
def test_a_verdict_taken_back_reopens_what_rested_on_it(
    kind: GateKind, depending: set[GateKind]
) -> None:
    order = submitted()
    for each in order.gates:
        sign(order, each.kind)
    assert set(order.reopen_after(kind)) == depending
    assert passed_kinds(order) == ALL - set(depending)


def test_missing_fields_are_named_one_by_one() -> None:
    order = draft()
    assert order.missing_fields() == {}
    for field in (name for name in MANDATORY if name != "customer_id"):
        incomplete = draft()
        incomplete.fill_in({field: None}, NOW)
        assert list(incomplete.missing_fields()) == [field]
    order.replace_lines([], NOW)
    assert list(order.missing_fields()) == ["lines"]


def test_an_edit_forgets_the_second_look_at_the_key_data() -> None:
    order = draft()
    order.guard_submit(None, TODAY)
    order.fill_in({"wish": "快点"}, NOW)
    with pytest.raises(FieldsMissing) as refused:
        order.guard_submit(None, TODAY)
    assert list(refused.value.details["fields"]) == ["key_data_checked"]


@pytest.mark.parametrize(
    ("total", "scheme", "reasons"),
    [
        ("50000", "50000", 0),
        ("50000.01", "50000.01", 1),
        ("900", "1000", 0),
        ("899.99", "1000", 1),
        ("89.99", "99.99", 1),  # 10.001 % off: the bound itself is not rounded
        ("90", "99.99", 0),
    ],
)
def test_the_director_is_needed_just_beyond_the_supervisors_authority(
    total: str, scheme: str, reasons: int
) -> None:
    order = draft()
    order.total, order.scheme_total = Decimal(total), Decimal(scheme)
    found = director_reasons(order, above=Decimal(50_000), off_percent=Decimal(10))
    assert len(found) == reasons
