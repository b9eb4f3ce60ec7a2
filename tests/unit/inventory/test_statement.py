"""Statements: what each kind may say, and what its signature must carry."""

from datetime import date, timedelta
from itertools import product

import pytest

from chassis.errors import GendanError
from services.inventory.domain.errors import (
    AlternativeMissing,
    DueBeforeMaterial,
    InsistenceMissing,
    MaterialDateMissing,
    ProductionDueMissing,
    ValidUntilPast,
    VerdictNotOfKind,
)
from services.inventory.domain.lifecycle import StatementKind, Verdict
from services.inventory.domain.order import OrderCopy
from services.inventory.domain.statement import Basis
from tests.unit.inventory.making_builders import (
    LINE,
    ORDER,
    TODAY,
    line_view,
    order,
    order_view,
    signature,
    statement,
)

SAID = {
    ("technique", "passed"),
    ("technique", "refused"),
    ("material", "passed"),
    ("material", "short"),
    ("material", "waits"),
    ("schedule", "passed"),
}


@pytest.mark.parametrize(("kind", "verdict"), list(product(StatementKind, Verdict)))
def test_each_kind_says_only_what_is_its_own(kind: StatementKind, verdict: Verdict) -> None:
    made = statement(kind)

    if (kind, verdict) in SAID:
        made.check_signable(verdict)
    else:
        with pytest.raises(VerdictNotOfKind):
            made.check_signable(verdict)


@pytest.mark.parametrize(
    ("verdict", "basis", "reference", "refusal"),
    [
        (Verdict.PASSED, Basis.CURRENT_RECIPE, None, None),
        (Verdict.PASSED, Basis.WRITTEN_INSISTENCE, "传真", None),
        (Verdict.PASSED, Basis.WRITTEN_INSISTENCE, None, InsistenceMissing),
        (Verdict.PASSED, Basis.ALTERNATIVE, "80g", VerdictNotOfKind),
        (Verdict.REFUSED, Basis.ALTERNATIVE, "80g", None),
        (Verdict.REFUSED, Basis.ALTERNATIVE, None, AlternativeMissing),
        (Verdict.REFUSED, Basis.SAMPLE_FLOW, None, None),
        (Verdict.REFUSED, Basis.CURRENT_RECIPE, None, AlternativeMissing),
    ],
)
def test_a_technique_verdict_rests_on_something_written(
    verdict: Verdict, basis: Basis, reference: str | None, refusal: type[GendanError] | None
) -> None:
    made = statement()

    if refusal is None:
        made.sign_technique(signature(), verdict=verdict, basis=basis, reference=reference)
        assert (made.verdict, made.basis, made.signer_name) == (verdict, basis, "何技术")
    else:
        with pytest.raises(refusal):
            made.sign_technique(signature(), verdict=verdict, basis=basis, reference=reference)
        assert (made.verdict, made.signed_at) == (Verdict.PENDING, None)


@pytest.mark.parametrize("day", [None, TODAY - timedelta(days=1)])
def test_short_names_a_day_to_come(day: date | None) -> None:
    made = statement(StatementKind.MATERIAL)

    with pytest.raises(MaterialDateMissing):
        made.sign_material(signature(), verdict=Verdict.SHORT, figures={}, material_date=day)

    assert made.verdict is Verdict.PENDING


def test_a_signature_is_not_given_for_the_past() -> None:
    made = statement(StatementKind.MATERIAL)

    with pytest.raises(ValidUntilPast):
        made.sign_material(
            signature(valid_until=TODAY - timedelta(days=1)), verdict=Verdict.PASSED, figures={}
        )


@pytest.mark.parametrize("due", [{}, {LINE: TODAY - timedelta(days=1)}])
def test_every_made_line_gets_a_date_from_today_on(due: dict[object, date]) -> None:
    made = statement(StatementKind.SCHEDULE)

    with pytest.raises(ProductionDueMissing) as refused:
        made.sign_schedule(signature(), due_by_line=due, figures={}, not_before=None)  # type: ignore[arg-type]

    assert refused.value.details["lines"] == [1]


def test_goods_are_not_ready_before_their_material() -> None:
    made = statement(StatementKind.SCHEDULE)
    due = {LINE: TODAY + timedelta(days=5)}

    with pytest.raises(DueBeforeMaterial):
        made.sign_schedule(
            signature(), due_by_line=due, figures={}, not_before=TODAY + timedelta(days=6)
        )

    made.sign_schedule(signature(), due_by_line=due, figures={}, not_before=due[LINE])
    assert made.production_due == made.line_due(LINE) == due[LINE]


def test_the_planner_may_sign_another_date() -> None:
    made = statement(StatementKind.SCHEDULE)
    for days in (5, 9):
        due = {LINE: TODAY + timedelta(days=days)}
        made.sign_schedule(signature(), due_by_line=due, figures={}, not_before=None)

    assert (made.verdict, made.production_due) == (Verdict.PASSED, TODAY + timedelta(days=9))


def test_the_newest_view_of_an_order_wins_and_an_older_one_is_left() -> None:
    copy = order(version=5, stage="approved")

    assert copy.take(order_view(version=4, stage="in_review")) is False

    assert (copy.stage, copy.view_version) == ("approved", 5)
    assert copy.take(order_view(version=5, stage="approved")) is True


def test_a_memos_lines_may_lack_what_nobody_knows_yet() -> None:
    copy = OrderCopy(ORDER)

    copy.take(order_view(lines=[line_view(product_id=None), line_view(quantity=None), line_view()]))

    assert [line.quantity for line in copy.lines] == [1000]
