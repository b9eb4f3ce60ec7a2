"""What may be done with an order now, by whom, and why the rest may not.

Judged by orders' own rows and copies; a guard that another service answers is
`checked_when_done`.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from chassis.actions import action, refusal_of
from chassis.chinese import in_chinese
from chassis.database import Work
from services.orders.domain.errors import NotPlannedYet
from services.orders.domain.gate import OWNERS, Gate
from services.orders.domain.lifecycle import (
    BEING_PREPARED,
    ON_ITS_WAY,
    GateKind,
    Stage,
    Verdict,
)
from services.orders.domain.order import Order
from services.orders.storage import copies
from services.orders.use_cases.drafting import RETURNERS
from services.orders.use_cases.reviewing import director_reasons_now, guard_approver

DESK = ("clerk", "assistant", "supervisor")


@dataclass(frozen=True)
class Action:
    """One verb: who may, what must hold, and whether another service still has a say."""

    verb: str
    zh: str
    who: tuple[str, ...]
    guard: Callable[[Order, Work], None]
    checked_when_done: bool = False


def _move(wish: Stage) -> Callable[[Order, Work], None]:
    return lambda order, _: order.guard_move(wish, None)


def _edit(order: Order, _: Work) -> None:
    order.guard_edit(None)


def _submit(order: Order, work: Work) -> None:
    order.guard_move(Stage.IN_REVIEW, None)
    # A price that is missing the command looks up first.
    if order.missing_fields().keys() - {"unit_price"}:
        order.guard_submit(None, work.today)
    order.guard_due_to_come(work.today)
    copies.guard_buying(work, order.customer_id)


def _gate(kind: GateKind, verdict: Verdict) -> Callable[[Order, Work], None]:
    def guard(order: Order, _: Work) -> None:
        order.guard_gate(kind, verdict, None)

    return guard


def _approve(order: Order, work: Work) -> None:
    order.guard_signing(GateKind.APPROVAL)
    order.guard_change(None)
    order.guard_hold()
    order.guard_dates()
    order.guard_statements(work.today)
    guard_approver(work, order)


def _send(order: Order, work: Work) -> None:
    order.guard_sending(None)
    order.guard_statements(work.today)


def _sign_back(order: Order, _: Work) -> None:
    order.guard_sign_back(None)


def _receive(order: Order, _: Work) -> None:
    order.guard_receiving(None)


def _verify(order: Order, _: Work) -> None:
    order.guard_verifying(None)


def _issue(order: Order, _: Work) -> None:
    to_issue = [line for line in order.made_lines if line.is_to_be_issued]
    first = next((line.line_no for line in to_issue or order.made_lines), 1)
    order.guard_issuing(first, None)
    # The command asks inventory, which knows of the planner's date at once.
    if all(line.is_to_be_planned for line in to_issue):
        raise NotPlannedYet(order_number=order.number, line_no=first)


def _hold(order: Order, _: Work) -> None:
    order.guard_putting_on_hold(None)


def _resume(order: Order, work: Work) -> None:
    order.guard_resume(work.principal)
    order.guard_change(None)


def _cancel(order: Order, _: Work) -> None:
    order.guard_cancel(None)


def _promise(order: Order, _: Work) -> None:
    order.guard_promise(None)


def _draft(order: Order, _: Work) -> None:
    order.guard_draft(None)


def _return_to_draft(order: Order, work: Work) -> None:
    order.guard_return(None)
    work.principal.require(*RETURNERS[order.stage])


def _short_close(order: Order, _: Work) -> None:
    order.guard_fulfilling(None)


def _reopen(order: Order, _: Work) -> None:
    order.guard_reopening(None)


ACTIONS: tuple[Action, ...] = (
    Action("draft", "转为草稿", ("clerk",), _draft),
    Action("check_key_data", "核对关键信息", ("clerk", "assistant"), _edit),
    Action("submit", "提交审核", ("clerk",), _submit, checked_when_done=True),
    Action(
        "return_to_draft",
        "退回草稿",
        ("clerk", "sales", "supervisor", "director", "finance", "technician", "planner"),
        _return_to_draft,
    ),
    Action("retry_price", "重新核价", (*DESK, "sales"), _gate(GateKind.PRICE, Verdict.DOUBT)),
    Action("override_price", "特批价格", ("director",), _gate(GateKind.PRICE, Verdict.DOUBT)),
    Action(
        "retry_credit",
        "重试授信",
        (*DESK, "sales", "finance"),
        _gate(GateKind.CREDIT, Verdict.HELD),
        checked_when_done=True,
    ),
    Action(
        "override_credit",
        "特批授信",
        ("finance", "director"),
        _gate(GateKind.CREDIT, Verdict.HELD),
        checked_when_done=True,
    ),
    Action("sign_approval", "审批", ("supervisor", "director"), _approve),
    Action("promise_date", "变更客户交期", ("clerk", "assistant", "sales"), _promise),
    Action("send_confirmation", "发送确认书", ("clerk",), _send, checked_when_done=True),
    Action("send_confirmation_again", "再次发送确认书", ("clerk",), _sign_back),
    Action("note_received_clearly", "登记客户已清晰接收", ("clerk",), _receive),
    Action("verify_sign_back", "核验回传", ("clerk",), _verify, checked_when_done=True),
    Action("reject_sign_back", "退回回传件", ("clerk",), _sign_back),
    Action(
        "confirm_by_grade",
        "A类先行确认",
        ("clerk",),
        _move(Stage.CONFIRMED),
        checked_when_done=True,
    ),
    Action("issue_instruction", "下达生产指令", ("clerk",), _issue, checked_when_done=True),
    Action("short_close_line", "短缺结行", ("supervisor",), _short_close, checked_when_done=True),
    Action("hold", "暂停", (*DESK, "sales", "director", "finance"), _hold, checked_when_done=True),
    Action(
        "resume",
        "恢复",
        (*DESK, "sales", "director", "finance"),
        _resume,
        checked_when_done=True,
    ),
    Action("wish_cancel", "请求取消", ("clerk", "sales"), _cancel),
    Action("cancel", "取消", ("supervisor",), _cancel, checked_when_done=True),
    Action("close", "结案", ("finance",), _move(Stage.CLOSED), checked_when_done=True),
    Action("reopen", "重新打开", ("director",), _reopen, checked_when_done=True),
)


def list_actions(work: Work, order: Order) -> list[dict[str, Any]]:
    """Give every verb with whether the asker may do it now, and if not, why."""
    return [_judged(each, order, work) for each in ACTIONS]


def _judged(judged: Action, order: Order, work: Work) -> dict[str, Any]:
    return action(
        judged.verb,
        who=judged.who,
        refusal=refusal_of(
            partial(judged.guard, order, work), partial(work.principal.require, *judged.who)
        ),
        checked_when_done=judged.checked_when_done,
        title_zh=judged.zh,
    )


def next_step(work: Work, order: Order, shipments: Set[str]) -> dict[str, Any]:
    """Say where an order is and what is next, for people (G3); `shipments` by their states."""
    if order.is_on_hold:
        return {"verb": "resume", "who": ["supervisor"], "text_zh": "暂停中，由设置人或主管恢复"}
    match order.stage:
        case Stage.MEMO:
            return {"verb": "draft", "who": ["clerk"], "text_zh": "备忘，待转草稿"}
        case Stage.DRAFT:
            return {"verb": "submit", "who": ["clerk"], "text_zh": "草稿，待补齐并提交"}
        case Stage.IN_REVIEW:
            return _next_gate(work, order)
        case Stage.APPROVED:
            return {"verb": "send_confirmation", "who": ["clerk"], "text_zh": "已审批，待发确认书"}
        case Stage.AWAITING_RETURN:
            return {"verb": "verify_sign_back", "who": ["clerk"], "text_zh": "待客户签章回传"}
        case Stage.CONFIRMED | Stage.IN_PROGRESS:
            return _next_of_making(order, shipments)
        case Stage.FULFILLED:
            return {"verb": "close", "who": ["finance"], "text_zh": "已签收，待结算"}
        case _:
            return {"verb": None, "who": [], "text_zh": {"closed": "已结案"}.get(order.stage, "")}


_GATE_WORK: dict[GateKind, tuple[str, tuple[str, ...], str]] = {
    GateKind.PRICE: ("override_price", ("director",), "价格存疑，待处理"),
    GateKind.CREDIT: ("override_credit", ("finance", "director"), "额度不足，待处理"),
    GateKind.TECHNIQUE: ("sign_technique", ("technician",), "待技术确认"),
    GateKind.MATERIAL: ("sign_material", ("technician",), "待原料说明"),
    GateKind.SCHEDULE: ("sign_schedule", ("planner",), "待生产排期"),
    GateKind.APPROVAL: ("sign_approval", ("supervisor", "director"), "待审批"),
}


_SHORT = ("sign_material", ("technician", "sales"), "原料短缺，待到料或与客户另商")


def _next_gate(work: Work, order: Order) -> dict[str, Any]:
    waiting = [gate for gate in order.gates if gate.is_open]
    for gate in waiting:
        if gate.verdict is Verdict.REFUSED:
            return _after_refusal(order, gate)
    for gate in waiting:
        verb, who, words = _SHORT if gate.verdict is Verdict.SHORT else _GATE_WORK[gate.kind]
        if gate.kind is GateKind.APPROVAL and director_reasons_now(work, order):
            who = ("director",)
        return {"verb": verb, "who": list(who), "text_zh": words}
    return {"verb": None, "who": [], "text_zh": "审核中"}


def _after_refusal(order: Order, gate: Gate) -> dict[str, Any]:
    """Say who sends back what was refused: the salesperson, else whose gate it is."""
    who = ("sales",) if order.salesperson_id else OWNERS[gate.kind]
    words = f"{in_chinese(str(gate.kind))}不通过，待与客户商定、退回草稿"
    return {"verb": "return_to_draft", "who": list(who), "text_zh": words}


# By what comes next for a works instruction: its state, or what comes between two states.
_MAKING: dict[str, tuple[str, tuple[str, ...], str]] = {
    "draft": ("issue_instruction", ("clerk",), "待下达生产指令"),
    "plan": ("plan", ("planner",), "补产待排期"),
    "issued": ("accept", ("planner",), "待确认生产指令单"),
    "accepted": ("start", ("planner",), "待开始生产"),
    "running": ("report_production", ("planner", "assistant"), "生产中"),
    "abnormal": ("resume", ("planner", "assistant"), "生产异常，待处理"),
    "finished": ("inspect", ("inspector",), "待成品检验"),
    "countersign": ("countersign", ("clerk",), "待会签检验结果"),
    "inspected": ("stock_in", ("inspector",), "待成品交库"),
    "record_consent": (
        "record_consent",
        ("clerk", "sales", "supervisor"),
        "数量超出允差，待登记客户同意",
    ),
}


# Of a shipment that has not left, by its state; that it is being picked nobody announces.
_PREPARING: dict[str, tuple[str, tuple[str, ...], str]] = {
    "requested": ("release", ("finance",), "待放行"),
    "released": ("check", ("clerk", "assistant"), "待复核"),
    "checked": ("hand", ("dispatcher",), "待交接复述"),
    "handed": ("pack", ("warehouse",), "待拣货、打包"),
    "picking": ("pack", ("warehouse",), "待拣货、打包"),
    "packed": ("dispatch", ("dispatcher",), "待发出"),
}


def _next_of_shipment(order: Order, state: str) -> dict[str, Any]:
    verb, who, words = _PREPARING[state]
    if verb == "release" and order.grade == "A":
        who = (*who, "clerk")
    return {"verb": verb, "who": list(who), "text_zh": words}


def _next_of_making(order: Order, shipments: Set[str]) -> dict[str, Any]:
    for line in order.made_lines:
        follows = line.instruction_follows or line.production or "draft"
        if follows in _MAKING and not line.short_closed:
            verb, who, words = _MAKING[follows]
            return {"verb": verb, "who": list(who), "text_zh": words}
    for state in BEING_PREPARED:
        if state in shipments:
            return _next_of_shipment(order, state)
    if any(line.is_ready for line in order.lines):
        return {"verb": "request_dispatch", "who": ["clerk"], "text_zh": "待发货"}
    if not shipments.isdisjoint(ON_ITS_WAY):
        return {"verb": "report_signature", "who": ["assistant"], "text_zh": "待签收"}
    # Its case pays it back or sends it anew, as another order; then nothing more comes of it.
    astray = any(line.astray_quantity and not line.is_served for line in order.lines)
    words = f"{'货物丢失或退回' if astray else '签收不足'}，售后处理后由主管结清"
    return {"verb": "short_close_line", "who": ["aftersales", "supervisor"], "text_zh": words}
