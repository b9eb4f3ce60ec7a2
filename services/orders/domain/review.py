"""The review: which gates an order needs, what each depends on, how a new submit keeps them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chassis.clock import business_date
from chassis.notation import to_hash
from services.orders.domain import events
from services.orders.domain.gate import RULE_VERSION, STATED, Gate
from services.orders.domain.lifecycle import GateKind, Verdict
from services.orders.domain.line import OrderLine
from services.orders.domain.order import Order
from services.orders.domain.pricing import PriceFindings

_ALWAYS = (GateKind.PRICE, GateKind.CREDIT)

# The system signs where the figures alone decide.
SYSTEM_ID, SYSTEM_NAME = "system", "系统"


def needed_gates(order: Order) -> list[GateKind]:
    """Give the kinds of gates: stock lines skip technique, material and schedule."""
    made = STATED if order.made_lines else ()
    return [*_ALWAYS, *made, GateKind.APPROVAL]


def inputs_of(order: Order, kind: GateKind) -> str:
    """Give the hash of what a gate of `kind` depends on; while it is the same, the gate stands."""
    made = order.made_lines
    depends: list[Any]
    match kind:
        case GateKind.TECHNIQUE:
            depends = [[line.product_id, line.spec] for line in made]
        case GateKind.MATERIAL:
            # It is held by the line's id, and a line that was dropped may come back by another.
            depends = [
                [line.id, line.product_id, line.spec, _plain(line.quantity)] for line in made
            ]
        case GateKind.SCHEDULE:
            depends = [[line.product_id, line.spec, _plain(line.quantity)] for line in made]
            depends.append(order.base_customer_due)
        case GateKind.PRICE:
            depends = [
                [
                    line.product_id,
                    line.spec,
                    _plain(line.quantity),
                    _plain(line.unit_price),
                    _plain(line.discount),
                ]
                for line in order.lines
            ]
        case GateKind.CREDIT:
            # Customers ask for money by the total, which may change under the same upper bound.
            depends = [order.customer_id, order.credit_amount, order.total]
        case GateKind.APPROVAL:
            depends = [order.revision_inputs(), [_approved_of(line) for line in order.lines]]
    return to_hash(depends)[:32]


def renew_gates(order: Order, now: datetime) -> None:
    """Set up the gates of a new revision: what stands carries over, the rest re-opens.

    That is what did not change and has not expired. The order's `revision` has been counted up
    already.
    """
    today = business_date(now)
    kept = {gate.kind: gate for gate in order.gates}
    changed: set[GateKind] = set()
    gates: list[Gate] = []
    for kind in needed_gates(order):
        inputs = inputs_of(order, kind)
        gate = kept.get(kind)
        if gate is None:
            gate = Gate(order.id, kind, revision=order.revision, inputs=inputs)
            changed.add(kind)
        elif (
            gate.inputs != inputs
            or not gate.has_passed
            or gate.has_expired(today)
            or (kind is GateKind.SCHEDULE and (GateKind.MATERIAL in changed or _lacks_dates(order)))
        ):
            gate.reopen(order.revision, inputs)
            changed.add(kind)
        else:
            gate.revision = order.revision
        gates.append(gate)
    if changed - {GateKind.APPROVAL}:
        approval = next(gate for gate in gates if gate.kind is GateKind.APPROVAL)
        approval.reopen(order.revision, approval.inputs)
    order.gates = gates
    order.open_gates(now)


def reopen_expired(order: Order, today: date, now: datetime) -> list[GateKind]:
    """Open the gates of a review anew whose statements have expired; gives which.

    As a resubmit does, with the date that stands on its material and the approval of all. A
    statement that was taken is no news afterwards, and passes no gate a second time.
    """
    expired = [gate.kind for gate in order.gates if gate.has_expired(today)]
    asked = {*expired, GateKind.APPROVAL} if expired else set()
    if GateKind.MATERIAL in asked:
        asked.add(GateKind.SCHEDULE)
    for gate in order.gates:
        if gate.kind in asked:
            taken = gate.figures.get("signed_at")
            gate.reopen(order.revision, gate.inputs)
            gate.figures = {"signed_at": taken} if taken else {}
    order.open_gates(now)
    return expired


def _lacks_dates(order: Order) -> bool:
    """Whether a made line was dropped and came back: the planner's date of it is lost."""
    return any(line.base_production_due is None for line in order.made_lines)


def return_order(order: Order, why: str, today: date, now: datetime) -> events.OrderReturnedToDraft:
    """Send an order back to draft.

    What its dates slid by is in its dates from then on. That is nobody's change, so the gates
    that depend on a date are told the new one as theirs and carry over.
    """
    standing = [gate for gate in order.gates if gate.inputs == inputs_of(order, gate.kind)]
    event = order.return_to_draft(why, today, now)
    for gate in standing:
        gate.inputs = inputs_of(order, gate.kind)
    return event


def judge_price(gate: Gate, findings: PriceFindings, now: datetime) -> None:
    """Let the system sign the price gate: passed, or doubt with each finding."""
    figures = {
        "rule": RULE_VERSION,
        "scheme_total": format(findings.scheme_total, "f"),
        "promotion": findings.promotion,
        "coupons": findings.coupons,
        "lines": findings.lines,
        "doubts": findings.doubts,
    }
    doubt = bool(findings.doubts)
    gate.sign(
        Verdict.DOUBT if doubt else Verdict.PASSED,
        signer_id=SYSTEM_ID,
        signer_name=SYSTEM_NAME,
        at=now,
        text=(
            f"{len(findings.doubts)} doubt(s) about prices."
            if doubt
            else "Every line equals the price scheme in force."
        ),
        text_zh=f"价格存疑 {len(findings.doubts)} 处。"
        if doubt
        else "各行价格与现行价格方案一致。",
        figures=figures,
    )


def judge_credit(gate: Gate, answer: Mapping[str, Any], now: datetime) -> None:
    """Let the system sign the credit gate as customers answered."""
    passed = answer["verdict"] == "passed"
    gate.sign(
        Verdict.PASSED if passed else Verdict.HELD,
        signer_id=SYSTEM_ID,
        signer_name=SYSTEM_NAME,
        at=now,
        text=str(answer.get("text") or answer["verdict"]),
        text_zh=answer.get("text_zh"),
        figures={"rule": RULE_VERSION, **answer},
    )


def take_terms(order: Order, answer: Mapping[str, Any]) -> None:
    """Note on what terms customers answered."""
    order.terms, order.grade = answer["terms"], answer["grade"]
    order.deposit_percent = Decimal(answer["deposit_percent"] or 0)


def director_reasons(
    order: Order, *, above: Decimal, off_percent: Decimal
) -> list[tuple[str, str]]:
    """Say, in English and in Chinese, why the supervisor may not approve alone.

    Empty where he may (SPEC §5, approval).
    """
    reasons: list[tuple[str, str]] = []
    total, scheme = order.total, order.scheme_total
    if total > above:
        reasons.append((f"total {total} is above {above}", f"总额 {total} 超过 {above}"))
    if (scheme - total) * 100 > scheme * off_percent:
        percent = f"{off_percent.normalize():f}"
        reasons.append(
            (
                f"total {total} is more than {percent} % off the scheme's {scheme}",
                f"总额 {total} 比价格方案的 {scheme} 低 {percent}% 以上",
            )
        )
    return reasons


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _approved_of(line: OrderLine) -> list[Any]:
    return [
        line.line_no,
        line.product_id,
        line.spec,
        line.supply,
        _plain(line.quantity),
        _plain(line.unit_price),
        _plain(line.discount),
        _plain(line.tolerance_over),
        _plain(line.tolerance_under),
        line.packing,
    ]
