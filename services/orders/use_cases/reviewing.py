"""The review: signing gates, overriding them, and what statements from inventory do to them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.chinese import in_chinese
from chassis.database import Work
from services.orders.domain.anomaly import AnomalyClass, Priority, Topic
from services.orders.domain.copies import StatementSeen
from services.orders.domain.errors import DirectorNeeded
from services.orders.domain.gate import STATED, Gate
from services.orders.domain.lifecycle import GateKind, Stage, TaskState, Verdict
from services.orders.domain.order import Order
from services.orders.domain.review import director_reasons, judge_price
from services.orders.domain.task import TaskKind
from services.orders.storage import copies, orders, tasks
from services.orders.use_cases import clocks
from services.orders.use_cases.anomalies import open_anomaly
from services.orders.use_cases.owing import owe
from services.orders.use_cases.pricing import check_as_it_stands


def sign_approval(work: Work, request: Mapping[str, Any]) -> Order:
    """Sign the approval gate; what is beyond the supervisor's authority needs the director."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    work.principal.require("supervisor", "director")
    gate = order.guard_signing(GateKind.APPROVAL)
    order.guard_change(request["expected_version"])
    order.guard_hold()
    order.guard_dates()
    before, verdict = gate.verdict, Verdict(request["verdict"])
    if verdict is Verdict.PASSED:
        order.guard_statements(work.today)
        guard_approver(work, order)
    gate.sign(
        verdict,
        signer_id=work.principal.person_id,
        signer_name=work.principal.name,
        at=work.now,
        text=request["text"],
        attachment=request["attachment"],
    )
    report_refusal(work, order, gate)
    work.announce(*order.settle_gates(work.now))
    work.log(
        "order",
        order.number,
        "sign_approval",
        changes={"approval": [before, verdict]},
        note=request["text"],
    )
    return order


def guard_approver(work: Work, order: Order) -> None:
    """Raise DirectorNeeded unless the asker may approve what stands; the director always may."""
    reasons = [] if work.principal.has("director") else director_reasons_now(work, order)
    if reasons:
        why, why_zh = zip(*reasons, strict=True)
        raise DirectorNeeded(
            order_number=order.number, why="; ".join(why), why_zh="；".join(why_zh)
        )


def director_reasons_now(work: Work, order: Order) -> list[tuple[str, str]]:
    """Say, by the settings in force, why the supervisor may not approve alone; empty if he may."""
    return director_reasons(
        order,
        above=work.setting("director_approves_above"),
        off_percent=work.setting("director_approves_off_percent"),
    )


def override_price(work: Work, request: Mapping[str, Any]) -> Order:
    """Let a price doubt pass: the director's word, audited (X10)."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    gate = order.guard_gate(GateKind.PRICE, Verdict.DOUBT, request["expected_version"])
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
    """Judge the prices once more as they stand, e.g. after the scheme was corrected.

    New prices are for a draft: it asks again for the credit that these have reserved.
    """
    order = orders.order_by_number(work, request["order_number"], lock=True)
    gate = order.guard_gate(GateKind.PRICE, Verdict.DOUBT, request["expected_version"])
    findings = check_as_it_stands(work, order)
    order.scheme_total = findings.scheme_total
    order.guard_size()
    judge_price(gate, findings, work.now)
    if gate.has_passed:
        end_doubts(work, order, outcome="judged again: passed")
    else:
        for task in tasks.open_tasks(work, order.id, TaskKind.PRICE_DOUBT):
            task.details = {"doubts": findings.doubts}
    work.announce(*order.settle_gates(work.now))
    work.log("order", order.number, "retry_price", changes={"price": ["doubt", gate.verdict]})
    return order


def report_doubt(work: Work, order: Order) -> None:
    """Tell a price doubt to the salesperson, and to supervisor and director at once (O9)."""
    end_doubts(work, order, outcome="judged again")
    for role in (None, "supervisor", "director"):
        owe(
            work,
            order,
            TaskKind.PRICE_DOUBT,
            title=f"Price of {order.number} is in doubt",
            title_zh=f"订单 {order.number} 价格存疑",
            due_at=work.now,
            role=role,
            details={"doubts": order.gate(GateKind.PRICE).figures.get("doubts", [])},
        )


def end_doubts(work: Work, order: Order, *, outcome: str) -> None:
    """End the three reports of a doubt that is settled."""
    for task in tasks.open_tasks(work, order.id, TaskKind.PRICE_DOUBT):
        task.end(TaskState.DONE, by=work.principal.person_id, at=work.now, outcome=outcome)


def report_refusal(work: Work, order: Order, gate: Gate) -> None:
    """Tell whose customer it is that a gate was signed against: he offers another way (O12, O14).

    What was told of gates that stand otherwise by now ends.
    """
    end_refusals(work, order)
    if not gate.stands_against:
        return
    what = f"{in_chinese(str(gate.kind))}{in_chinese(str(gate.verdict))}"
    reference = gate.figures.get("reference")
    said = " / ".join(words for words in (gate.text, reference) if words)
    owe(
        work,
        order,
        TaskKind.GATE_REFUSED,
        title=f"The {gate.kind} of {order.number} is {gate.verdict}: {said}",
        title_zh=f"订单 {order.number} {what}：{said}",
        due_at=work.now,
        details={
            "gate": gate.kind,
            "verdict": gate.verdict,
            "text": gate.text,
            "reference": reference,
            "signer_name": gate.signer_name,
            "signed_at": gate.signed_at and gate.signed_at.isoformat(),
            "attachment": gate.attachment,
            "material_date": gate.figures.get("material_date"),
        },
    )


def end_refusals(work: Work, order: Order) -> None:
    """End what was told of gates that were signed anew, opened anew or are no more."""
    for task in tasks.open_tasks(work, order.id, TaskKind.GATE_REFUSED):
        gate = order.find_gate(GateKind(task.details["gate"]))
        told_at = datetime.fromisoformat(task.details["signed_at"])
        if gate is not None and gate.stands_against and gate.signed_at == told_at:
            continue
        outcome = "no longer needed" if gate is None else f"now {gate.verdict}"
        task.end(TaskState.DONE, by=work.principal.person_id, at=work.now, outcome=outcome)


def take_statement(work: Work, statement: Mapping[str, Any]) -> None:
    """Set a gate as inventory's signed statement says; one for an old revision changes nothing.

    A statement may overtake the one it builds on: it is kept, and applied when its gate opens.
    """
    order = orders.find_order(work, UUID(str(statement["order_id"])))
    if order is None:
        return
    copies.keep_statement(work, statement)
    if order.stage is Stage.IN_REVIEW:
        if apply_statements(work, order):
            work.announce(*order.settle_gates(work.now))
    elif order.stage in _STATED_TOO_LATE:
        _take_late_statement(work, order, GateKind(statement["kind"]))


def apply_statements(work: Work, order: Order) -> bool:
    """Let each gate stand as the newest statement about this revision says.

    A statement that is signed anew re-opens what was signed on its strength: approval always,
    the schedule for every new material statement, all below for a verdict taken back.
    """
    seen = copies.statements_seen(work, order.id)
    changed = False
    for kind in STATED:
        gate, statement = order.find_gate(kind), seen.get(kind)
        if gate is None or gate.opened_at is None or not _is_news(order, gate, statement, seen):
            continue
        assert statement is not None  # noqa: S101  no news otherwise
        before, view = gate.verdict, statement.view
        again = gate.signed_at is not None
        _sign(gate, view, work.now)
        if again and (not gate.has_passed or kind is not GateKind.TECHNIQUE):
            order.reopen_after(kind)
        report_refusal(work, order, gate)
        if kind is GateKind.SCHEDULE and gate.has_passed:
            _take_dates(work, order, view)
        order.open_gates(work.now)
        work.log(
            "order",
            order.number,
            f"state_{kind}",
            changes={str(kind): [before, gate.verdict]},
            note=f"{view['signer_name']}: {view['text'] or ''}".strip(": "),
        )
        changed = True
    if changed:
        clocks.run_until_stated(work, order)
    return changed


def _is_news(
    order: Order, gate: Gate, statement: StatementSeen | None, seen: Mapping[str, StatementSeen]
) -> bool:
    """Tell whether a gate does not stand yet as this statement says."""
    if statement is None or statement.revision != order.revision:
        return False
    signed_at = _signed_at(statement)
    if gate.figures.get("signed_at") == statement.view["signed_at"]:
        return False
    material = seen.get(GateKind.MATERIAL)
    if gate.kind is GateKind.SCHEDULE and material is not None:
        # A schedule from before the present material statement no longer stands.
        return material.revision != order.revision or signed_at >= _signed_at(material)
    return True


def _signed_at(statement: StatementSeen) -> datetime:
    return datetime.fromisoformat(statement.view["signed_at"])


def _sign(gate: Gate, view: Mapping[str, Any], now: datetime) -> None:
    gate.sign(
        Verdict(view["verdict"]),
        signer_id=view["signer_id"],
        signer_name=view["signer_name"],
        at=now,
        text=view["text"] or "",
        figures={
            "figures": view.get("figures"),
            "material_date": view.get("material_date"),
            "production_due": view.get("production_due"),
            "reference": view.get("reference"),
            "signed_at": view["signed_at"],
        },
        valid_until=_day(view.get("valid_until")),
        attachment=view.get("attachment"),
    )


# An order that has just been approved, or gone on from there, when a statement reaches it.
_STATED_TOO_LATE = (
    Stage.APPROVED,
    Stage.AWAITING_RETURN,
    Stage.CONFIRMED,
    Stage.IN_PROGRESS,
)


def _take_late_statement(work: Work, order: Order, kind: GateKind) -> None:
    """Take what is signed anew about an order past its review.

    Another date is taken over. What no longer passes cannot call the order back, since others
    go on with it already: people decide, told at once by an anomaly.
    """
    gate, seen = order.find_gate(kind), copies.statements_seen(work, order.id)
    statement = seen.get(kind)
    if gate is None or statement is None or not _is_news(order, gate, statement, seen):
        return
    before, due = gate.verdict, order.production_due(work.today)
    _sign(gate, statement.view, work.now)
    if kind is GateKind.SCHEDULE and gate.has_passed:
        _take_dates(work, order, statement.view)
    work.log(
        "order",
        order.number,
        f"state_{kind}",
        changes={
            str(kind): [before, gate.verdict],
            "production_due": [due, order.production_due(work.today)],
        },
        note=f"{statement.view['signer_name']}: {statement.view['text'] or ''}".strip(": "),
    )
    work.announce(order.change())
    promised, made = order.customer_due(work.today), order.production_due(work.today)
    late = promised is not None and made is not None and promised < made
    if late or not gate.has_passed:
        why = f"ready {made}, promised {promised}" if late else f"now {gate.verdict}"
        why_zh = (
            f"成品 {made}，客户交期 {promised}" if late else f"现为{in_chinese(str(gate.verdict))}"
        )
        open_anomaly(
            work,
            order,
            cause=AnomalyClass.PRODUCTION,
            topic=Topic.DELAY,
            priority=Priority.URGENT,
            text=f"The {kind} statement of {order.number} changed after its review: {why}.",
            text_zh=f"订单 {order.number} 的{in_chinese(str(kind))}说明在审核后变更：{why_zh}。",
        )


def _take_dates(work: Work, order: Order, view: Mapping[str, Any]) -> None:
    latest = _day(view.get("production_due"))
    if latest is None:
        return
    by_line = {
        UUID(str(line["line_id"])): date.fromisoformat(line["production_due"])
        for line in view.get("lines") or ()
        if line.get("production_due")
    }
    order.set_production_due(by_line, latest, work.today)


def _day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(str(value))
