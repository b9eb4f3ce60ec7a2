"""The review: signing gates, overriding them, and what statements from inventory do to them."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert

from chassis.database import Work
from services.orders.domain.copies import StatementSeen
from services.orders.domain.errors import DirectorNeeded, GateNotOpen
from services.orders.domain.lifecycle import GateKind, Stage, TaskState, Verdict
from services.orders.domain.order import Order
from services.orders.domain.review import director_reasons, judge_price
from services.orders.domain.task import Task, TaskKind
from services.orders.storage import copies, orders, tasks
from services.orders.use_cases.pricing import price_draft

STATED = (GateKind.TECHNIQUE, GateKind.MATERIAL, GateKind.SCHEDULE)


def sign_approval(work: Work, request: Mapping[str, Any]) -> Order:
    """Sign the approval gate; what is beyond the supervisor's authority needs the director."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    work.principal.require("supervisor", "director")
    gate = order.guard_signing(GateKind.APPROVAL)
    order.guard_change(request["expected_version"])
    order.guard_hold()
    order.guard_dates()
    verdict = Verdict(request["verdict"])
    if verdict is Verdict.PASSED and not work.principal.has("director"):
        reasons = director_reasons(
            order,
            above=work.setting("director_approves_above"),
            off_percent=work.setting("director_approves_off_percent"),
        )
        if reasons:
            raise DirectorNeeded(order_number=order.number, why="; ".join(reasons))
    gate.sign(
        verdict,
        signer_id=work.principal.person_id,
        signer_name=work.principal.name,
        at=work.now,
        text=request["text"],
        attachment=request["attachment"],
    )
    work.announce(*order.settle_gates(work.now))
    work.log(
        "order",
        order.number,
        "sign_approval",
        changes={"approval": ["pending", verdict]},
        note=request["text"],
    )
    return order


def override_price(work: Work, request: Mapping[str, Any]) -> Order:
    """Let a price doubt pass: the director's word, audited (X10)."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    gate = order.gate(GateKind.PRICE)
    if order.stage is not Stage.IN_REVIEW or gate.verdict is not Verdict.DOUBT:
        raise GateNotOpen(order_number=order.number, kind=gate.kind, verdict=gate.verdict)
    order.guard_change(request["expected_version"])
    order.guard_hold()
    work.principal.require("director")
    gate.sign(
        Verdict.PASSED,
        signer_id=work.principal.person_id,
        signer_name=work.principal.name,
        at=work.now,
        text=request["text"],
        figures=gate.figures,
        override=True,
    )
    end_doubts(work, order, outcome=request["text"])
    work.announce(*order.settle_gates(work.now))
    work.log(
        "order",
        order.number,
        "override_price",
        changes={"price": [Verdict.DOUBT, Verdict.PASSED], "doubts": [gate.figures, None]},
        reason=request["reason"],
        note=request["text"],
    )
    return order


def retry_price(work: Work, request: Mapping[str, Any]) -> Order:
    """Judge the prices once more, e.g. after the scheme was corrected."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    gate = order.gate(GateKind.PRICE)
    if order.stage is not Stage.IN_REVIEW or gate.verdict is not Verdict.DOUBT:
        raise GateNotOpen(order_number=order.number, kind=gate.kind, verdict=gate.verdict)
    order.guard_change(request["expected_version"])
    order.guard_hold()
    findings = price_draft(work, order)
    judge_price(gate, findings, work.now)
    if gate.has_passed:
        end_doubts(work, order, outcome="judged again: passed")
    work.announce(*order.settle_gates(work.now))
    work.log("order", order.number, "retry_price", changes={"price": ["doubt", gate.verdict]})
    return order


def report_doubt(work: Work, order: Order) -> None:
    """Tell a price doubt to the salesperson, and to supervisor and director at once (O9)."""
    end_doubts(work, order, outcome="judged again")
    for role, person_id in (
        ("sales", order.salesperson_id),
        ("supervisor", None),
        ("director", None),
    ):
        work.session.add(
            Task(
                id=uuid4(),
                order_id=order.id,
                kind=TaskKind.PRICE_DOUBT,
                role=role,
                person_id=person_id,
                title=f"Price of {order.number} is in doubt",
                title_zh=f"订单 {order.number} 价格存疑",
                details={"doubts": order.gate(GateKind.PRICE).figures.get("doubts", [])},
                opened_at=work.now,
                due_at=work.now,
            )
        )


def end_doubts(work: Work, order: Order, *, outcome: str) -> None:
    """End the three reports of a doubt that is settled."""
    for task in tasks.open_tasks(work, order.id, TaskKind.PRICE_DOUBT):
        task.end(TaskState.DONE, by=work.principal.person_id, at=work.now, outcome=outcome)


def take_statement(work: Work, statement: Mapping[str, Any]) -> None:
    """Set a gate as inventory's signed statement says; one for an old revision changes nothing.

    A statement may overtake the one it builds on: it is kept, and applied when its gate opens.
    """
    order = orders.find_order(work, UUID(str(statement["order_id"])))
    if order is None:
        return
    row = {
        "order_id": order.id,
        "kind": statement["kind"],
        "revision": statement["revision"],
        "view": dict(statement),
        "seen_at": work.now,
    }
    new = insert(StatementSeen).values(row)
    work.session.execute(
        new.on_conflict_do_update(
            index_elements=["order_id", "kind"],
            set_={name: new.excluded[name] for name in ("revision", "view", "seen_at")},
            where=StatementSeen.view["signed_at"].astext <= new.excluded.view["signed_at"].astext,
        )
    )
    if apply_statements(work, order):
        work.announce(*order.settle_gates(work.now))


def apply_statements(work: Work, order: Order) -> bool:
    """Set every open gate about which a statement of this revision is known."""
    if order.stage is not Stage.IN_REVIEW:
        return False
    seen = copies.statements_seen(work, order.id)
    changed = False
    for kind in STATED:
        statement = seen.get(kind)
        gate = next((gate for gate in order.gates if gate.kind is kind), None)
        if gate is None or statement is None or not gate.is_open:
            continue
        view = statement.view
        verdict = Verdict(view["verdict"])
        about_this = statement.revision == order.revision
        if not about_this or (gate.signed_at is not None and gate.verdict is verdict):
            continue
        gate.sign(
            verdict,
            signer_id=view["signer_id"],
            signer_name=view["signer_name"],
            at=work.now,
            text=view["text"] or "",
            figures={
                "figures": view.get("figures"),
                "material_date": view.get("material_date"),
                "production_due": view.get("production_due"),
                "signed_at": view["signed_at"],
            },
            valid_until=_day(view.get("valid_until")),
            attachment=view.get("attachment"),
        )
        if kind is GateKind.SCHEDULE and gate.has_passed and view.get("production_due"):
            order.set_production_due(date.fromisoformat(view["production_due"]))
        order.open_gates(work.now)
        changed = True
    return changed


def _day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(str(value))
