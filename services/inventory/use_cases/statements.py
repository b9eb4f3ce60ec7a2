"""Statements: opened when an order is submitted, signed one after the other, carried or void."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis.database import Work
from chassis.errors import guard_version, plain
from services.inventory.domain.errors import (
    MaterialNotSigned,
    MaterialShort,
    OrderNotInReview,
    StatementNotFound,
    StatementOutdated,
    TechniqueNotPassed,
)
from services.inventory.domain.lifecycle import StatementKind, Verdict
from services.inventory.domain.material import MaterialShortage
from services.inventory.domain.order import LineCopy, OrderCopy
from services.inventory.domain.statement import SIGNERS, Basis, Signature, Statement
from services.inventory.storage import material_claims, orders, statements
from services.inventory.storage.pages import Page
from services.inventory.use_cases import drafts, material_stock, slots
from services.inventory.use_cases.guards import check_not_held, own_only, shown_order

Standing = dict[StatementKind, Statement]


# -- opening, carrying over, ending --------------------------------------------------------------


def open_due(work: Work, order: OrderCopy) -> Standing:
    """Open what is to be signed now for the order's revision; give what stands.

    Material opens when technique has passed, schedule when material is signed. A statement
    whose gate was carried over stands on; one whose gate opened again is void, but what it
    held stays until the new one is signed, cut down to what the order still wants.
    """
    standing = statements.standing(work.session, order.order_id)
    if not order.made_lines:
        _void(standing)
        slots.free(work, order.order_id)
        material_stock.free_material(work, order.order_id)
        return {}
    material = standing.get(StatementKind.MATERIAL)
    reopened = not order.gate_has_passed(StatementKind.MATERIAL)
    if reopened and material is not None and material.carried_to < order.revision:
        # A line that is dropped is input of the material gate, so it opens again for one.
        _cut_material(work, order)
        slots.free_dropped(work, order)
    technique = _ensure(work, order, standing, StatementKind.TECHNIQUE)
    if technique.has_passed:
        material = _ensure(work, order, standing, StatementKind.MATERIAL)
        if material.is_signed:
            _ensure(work, order, standing, StatementKind.SCHEDULE)
    return standing


def _ensure(work: Work, order: OrderCopy, standing: Standing, kind: StatementKind) -> Statement:
    """Give the statement of `kind` for the order's revision: standing, carried over or opened."""
    statement = standing.get(kind)
    if statement is not None and statement.carried_to >= order.revision:
        if statement.has_expired(work.today) and not order.gate_has_passed(kind):
            # Its gate opened again for that; what it held stays until it is signed anew.
            statement.open_again(lines=[_line(line) for line in order.made_lines], at=work.now)
        return statement
    if statement is not None and statement.has_passed and order.gate_has_passed(kind):
        statement.carry_over(order.revision)
        return statement
    if statement is not None:
        statement.void()
    standing[kind] = _opened(work, order, kind)
    return standing[kind]


def _opened(work: Work, order: OrderCopy, kind: StatementKind) -> Statement:
    lines = [_line(line) for line in order.made_lines]
    old = statements.at_revision(work.session, order.order_id, kind, order.revision)
    if old is not None:
        old.open_again(lines=lines, at=work.now)
        return old
    statement = Statement(
        statement_id=uuid4(),
        order_id=order.order_id,
        order_number=order.number or "",
        customer_id=order.customer_id,
        kind=kind,
        revision=order.revision,
        lines=lines,
        opened_at=work.now,
    )
    work.session.add(statement)
    work.session.flush()
    return statement


def _line(line: LineCopy) -> dict[str, Any]:
    return {
        "line_id": str(line.id),
        "line_no": line.line_no,
        "product_id": str(line.product_id),
        "product_code": line.product_code,
        "product_name": line.product_name,
        "spec": line.spec,
        "unit": line.unit,
        "quantity": str(line.quantity),
        "production_due": None,
    }


def _cut_material(work: Work, order: OrderCopy) -> None:
    """Give back what the order holds beyond what its lines want at this revision.

    What a line gives up serves the order's other lines first.
    """
    spare: dict[UUID, Decimal] = defaultdict(Decimal)
    for claim in material_claims.of_order(work.session, order.order_id):
        spare[claim.material_id] += claim.held
    cut = []
    for wanted in drafts.demand(work, order):
        if kept := min(wanted.quantity, spare[wanted.material_id]):
            spare[wanted.material_id] -= kept
            cut.append(replace(wanted, quantity=kept))
    material_stock.reserve_material(work, order.order_id, cut)


def void_all(work: Work, order: OrderCopy) -> None:
    """Void all that an order was told: it was cancelled, or expired and every gate opens again."""
    _void(statements.standing(work.session, order.order_id))


def _void(standing: Standing) -> None:
    for statement in standing.values():
        statement.void()


# -- signing -------------------------------------------------------------------------------------


def sign_technique(
    work: Work,
    *,
    order_number: str,
    revision: int,
    verdict: Verdict,
    basis: Basis,
    reference: str | None,
    expected_version: int | None,
    **words: Any,
) -> Statement:
    """Sign whether the made lines can be produced; material opens when they can."""
    order, statement, before = _to_sign(
        work, order_number, StatementKind.TECHNIQUE, revision, verdict, expected_version
    )
    event = statement.sign_technique(
        _signature(work, words), verdict=verdict, basis=basis, reference=reference
    )
    _announce(work, statement, before, event)
    if statement.has_passed:
        open_due(work, order)
    return statement


def sign_material(
    work: Work,
    *,
    order_number: str,
    revision: int,
    verdict: Verdict,
    material_date: date | None,
    expected_version: int | None,
    **words: Any,
) -> Statement:
    """Sign how the raw material stands; `passed` holds all of it or is refused.

    Raises MaterialShort with the shortage, nothing changed; `short` and `waits` hold nothing.
    """
    order, statement, before = _to_sign(
        work, order_number, StatementKind.MATERIAL, revision, verdict, expected_version
    )
    _check_technique(work, order)
    figures = drafts.material_figures(work, order)
    event = statement.sign_material(
        _signature(work, words), verdict=verdict, figures=figures, material_date=material_date
    )
    demand = drafts.demand(work, order)
    if verdict is Verdict.PASSED:
        shortages = material_stock.reserve_material(work, order.order_id, demand)
        if shortages:
            raise _short(shortages)
    else:
        material_stock.free_material(work, order.order_id)
    if verdict is Verdict.WAITS:
        material_stock.wait_for_material(
            work, order.order_id, demand, production_due=order.production_due
        )
    _announce(work, statement, before, event)
    _open_schedule(work, order)
    return statement


def _open_schedule(work: Work, order: OrderCopy) -> None:
    """Open the schedule for a material statement just signed, also where one was signed before."""
    standing = statements.standing(work.session, order.order_id)
    schedule = standing.get(StatementKind.SCHEDULE)
    if schedule is not None and schedule.revision < order.revision:
        schedule.void()
        schedule = None
    if schedule is None:
        _opened(work, order, StatementKind.SCHEDULE)
    elif schedule.is_signed:
        schedule.open_again(lines=[_line(line) for line in order.made_lines], at=work.now)


def sign_schedule(
    work: Work,
    *,
    order_number: str,
    revision: int,
    production_due: date | None,
    lines: list[dict[str, Any]],
    expected_version: int | None,
    **words: Any,
) -> Statement:
    """Sign when each made line will be ready, and book its slots.

    `production_due` is for all lines that `lines` does not name.
    """
    order, statement, before = _to_sign(
        work,
        order_number,
        StatementKind.SCHEDULE,
        revision,
        Verdict.PASSED,
        expected_version,
    )
    material = _signed_material(work, order)
    due_by_line = _dates(order, production_due, lines)
    not_before = material.material_date if material.verdict is not Verdict.PASSED else None
    event = statement.sign_schedule(
        _signature(work, words), due_by_line=due_by_line, figures={}, not_before=not_before
    )
    statement.figures = slots.book(
        work,
        order,
        due_by_line=due_by_line,
        centre_by_line={
            line["line_id"]: line["work_centre_code"]
            for line in lines
            if line.get("work_centre_code")
        },
        start=max(work.today, not_before or work.today),
    )
    if material_claims.is_waiting(work.session, order.order_id):
        # The signed date is now the order's place in the queue for material.
        material_claims.wait(
            work.session,
            order.order_id,
            production_due=statement.production_due,
            since=work.now,
        )
    _announce(work, statement, before, event)
    return statement


def _dates(order: OrderCopy, for_all: date | None, lines: list[dict[str, Any]]) -> dict[UUID, date]:
    named = {line["line_id"]: line["production_due"] for line in lines}
    dates = {line.id: named.get(line.id, for_all) for line in order.made_lines}
    return {line_id: due for line_id, due in dates.items() if due is not None}


def _to_sign(
    work: Work,
    order_number: str,
    kind: StatementKind,
    revision: int,
    verdict: Verdict,
    expected_version: int | None,
) -> tuple[OrderCopy, Statement, dict[str, Any]]:
    """Load the statement to be signed, its order locked, once all that concerns both is checked.

    Raises RoleNeeded, OrderNotKnown, StatementOutdated, TechniqueNotPassed, MaterialNotSigned,
    StatementNotFound, IllegalMove, OrderNotInReview, StaleVersion and OrderOnHold.
    """
    work.principal.require(SIGNERS[kind])
    order = orders.by_number(work.session, order_number)
    order = orders.lock(work, order.order_id)
    if revision != order.revision:
        raise StatementOutdated(
            order_number=order_number, revision=revision, current=order.revision
        )
    standing = statements.standing(work.session, order.order_id)
    statement = standing.get(kind)
    if statement is None or statement.carried_to < revision:
        raise _not_open(order, kind, standing)
    statement.check_signable(verdict)
    if not order.is_in_review:
        raise OrderNotInReview(order_number=order_number, stage=order.stage)
    guard_version(f"{order_number} {kind}", statement.version, expected_version)
    check_not_held(work, order)
    return order, statement, {"verdict": statement.verdict, "text": statement.text}


def _not_open(order: OrderCopy, kind: StatementKind, standing: Standing) -> Exception:
    """Say why there is nothing of that kind to sign yet."""
    facts = {"order_number": order.number, "revision": order.revision}
    technique = standing.get(StatementKind.TECHNIQUE)
    if technique is None or kind is StatementKind.TECHNIQUE:
        return StatementNotFound(order_number=order.number, kind=kind)
    if technique.carried_to < order.revision or not technique.has_passed:
        return TechniqueNotPassed(**facts)
    if kind is StatementKind.SCHEDULE:
        return MaterialNotSigned(**facts)
    return StatementNotFound(order_number=order.number, kind=kind)


def _check_technique(work: Work, order: OrderCopy) -> None:
    """Raise TechniqueNotPassed unless technique stands passed for this revision."""
    technique = statements.standing(work.session, order.order_id).get(StatementKind.TECHNIQUE)
    if technique is None or technique.carried_to < order.revision or not technique.has_passed:
        raise TechniqueNotPassed(order_number=order.number, revision=order.revision)


def _signed_material(work: Work, order: OrderCopy) -> Statement:
    material = statements.standing(work.session, order.order_id).get(StatementKind.MATERIAL)
    if material is None or material.carried_to < order.revision or not material.is_signed:
        raise MaterialNotSigned(order_number=order.number, revision=order.revision)
    return material


def _signature(work: Work, words: Mapping[str, Any]) -> Signature:
    return Signature(
        signer_id=work.principal.person_id,
        signer_name=work.principal.name,
        at=work.now,
        today=work.today,
        text=words["text"],
        valid_until=words.get("valid_until"),
        attachment=words.get("attachment"),
    )


def _announce(work: Work, statement: Statement, before: dict[str, Any], event: Any) -> None:
    work.announce(event)
    work.log(
        "statement",
        statement.id,
        f"sign_{statement.kind}",
        changes={
            "verdict": [before["verdict"], statement.verdict],
            "text": [before["text"], statement.text],
            "revision": [None, statement.revision],
        },
    )


def _short(shortages: list[MaterialShortage]) -> MaterialShort:
    return MaterialShort(
        summary="; ".join(
            f"{short.material_code} {short.wanted} (free {short.free})" for short in shortages
        ),
        lines=[plain(vars(short)) for short in shortages],
    )


# -- looking ------------------------------------------------------------------------------------


def get_statement(work: Work, *, order_number: str, kind: StatementKind) -> Statement:
    """Give an order's latest statement of a kind. Raises OrderNotKnown, StatementNotFound."""
    order = shown_order(work, order_number)
    return statements.latest(work.session, order, kind)


def search_statements(
    work: Work,
    *,
    order_number: str | None,
    kind: StatementKind | None,
    verdict: Verdict | None,
    limit: int,
    after: str | None,
) -> Page[Statement]:
    """List statements, the latest opened first."""
    return statements.search(
        work.session,
        order_number=order_number,
        kind=kind,
        verdict=verdict,
        salesperson_id=own_only(work),
        limit=limit,
        after=after,
    )
