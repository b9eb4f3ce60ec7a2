"""What waits in inventory for technician, planner, assistant, inspector and the desk."""

from datetime import datetime
from typing import Any

from chassis.calendar import WorkingCalendar, calendar_of
from chassis.database import Work
from services.inventory.domain.instruction import CONSENT, COUNTERSIGN, PLAN
from services.inventory.domain.lifecycle import InstructionState, StatementKind
from services.inventory.domain.schedule import Risk
from services.inventory.domain.statement import SIGNERS
from services.inventory.storage import instructions, statements
from services.inventory.use_cases import instruction_pages

# What follows for an instruction, by its state or what comes before it is left: verb, roles,
# titles.
_NEXT: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    InstructionState.DRAFT: (
        "issue_instruction",
        ("clerk",),
        "Issue works instruction",
        "下达生产指令单",
    ),
    PLAN: ("plan", ("planner",), "Date further instruction", "补产排期"),
    InstructionState.ISSUED: ("accept", ("planner",), "Accept works instruction", "确认生产指令单"),
    InstructionState.ACCEPTED: ("start", ("planner",), "Start production", "开始生产"),
    InstructionState.RUNNING: (
        "report_production",
        ("planner", "assistant"),
        "Report production",
        "填报生产日报",
    ),
    InstructionState.ABNORMAL: (
        "resume",
        ("planner", "assistant"),
        "Settle abnormal production",
        "处理生产异常",
    ),
    InstructionState.FINISHED: ("inspect", ("inspector",), "Inspect finished goods", "成品检验"),
    COUNTERSIGN: ("countersign", ("clerk",), "Countersign inspection", "会签检验结果"),
    CONSENT: (
        "record_consent",
        ("clerk", "sales", "supervisor"),
        "Record the customer's consent to the quantity",
        "登记客户对数量的同意",
    ),
    InstructionState.INSPECTED: ("stock_in", ("inspector",), "Book goods into stock", "成品交库"),
}
# What follows before a state is left, and which state that is.
_BEFORE = {
    PLAN: InstructionState.DRAFT,
    COUNTERSIGN: InstructionState.FINISHED,
    CONSENT: InstructionState.INSPECTED,
}

_TITLES = {
    StatementKind.TECHNIQUE: ("Sign technique statement", "签署技术说明"),
    StatementKind.MATERIAL: ("Sign material statement", "签署原料说明"),
    StatementKind.SCHEDULE: ("Sign schedule statement", "签署生产说明"),
}


# Who is warned of a date that will be missed, before it is (SPEC §6).
WARNED = ("planner", "assistant")
_WARNINGS = {
    Risk.AT_RISK: ("Will be late", "预计延期"),
    Risk.LATE: ("Is late", "已延期"),
}


def list_making_work(work: Work, limit: int) -> list[dict[str, Any]]:
    """Give what waits for the asker's roles, of each kind the most urgent."""
    kinds = [kind for kind, role in SIGNERS.items() if work.principal.has(role)]
    follows = [key for key, (_, roles, _, _) in _NEXT.items() if work.principal.has(*roles)]
    calendar = calendar_of(work, for_facts=True)
    items = []
    if kinds:
        found = statements.to_sign(work, kinds, limit)
        items += [_statement_item(each, calendar) for each in found]
    if follows:
        states = {_BEFORE.get(key) or InstructionState(key) for key in follows}
        days = _report_days(work, calendar)
        next_moves = instructions.waiting(work, states, follows, days, limit)
        items += [_instruction_item(each, calendar) for each in next_moves]
    return items


def list_dates_in_danger(work: Work, limit: int) -> list[dict[str, Any]]:
    """Give the instructions that are late or will be, of as many as are listed at most.

    What is late has been due longest and comes first, but takes a quarter of the list at most:
    a warning is nobody's move, and must not stand before all that are.
    """
    found = instruction_pages.instructions_at_risk(
        work, limit=limit, most_judged=limit, stopped_too=False
    )
    calendar = calendar_of(work, for_facts=True)
    warned = [each for each in found if each.outlook.risk in _WARNINGS]
    return [_warning_item(each, calendar) for each in warned[: limit // 4]]


def _report_days(work: Work, calendar: WorkingCalendar) -> instructions.ReportDays:
    """Give when a running instruction's report is due: each working day's at its end (I5)."""
    return instructions.ReportDays(
        today=work.today,
        missing_on=calendar.add_working_days(work.today, 0),
        next_on=calendar.next_working_day(work.today),
    )


def _statement_item(statement: Any, calendar: WorkingCalendar) -> dict[str, Any]:
    kind = StatementKind(statement.kind)
    title, title_zh = _TITLES[kind]
    due_at = statement.needed_by
    if due_at is None and statement.production_due is not None:
        due_at = calendar.end_of_working_day(statement.production_due)
    return {
        "kind": f"{statement.kind}_statement",
        "title": title,
        "title_zh": title_zh,
        "order_number": statement.order_number,
        "customer_name": statement.customer_name,
        "entity_type": "statement",
        "entity_number": f"{statement.order_number}/{statement.kind}",
        "roles": [SIGNERS[kind]],
        "person_id": None,
        "due_at": due_at,
        "verb": f"sign_{statement.kind}",
        "path": f"/api/v1/orders/{statement.order_number}/statements/{statement.kind}",
    }


def _instruction_item(instruction: Any, calendar: WorkingCalendar) -> dict[str, Any]:
    verb, roles, title, title_zh = _NEXT[instruction.follows]
    # Orders leads the issuing: it is done at the order's address.
    if instruction.follows == InstructionState.DRAFT:
        path = f"/api/v1/orders/{instruction.order_number}"
    else:
        path = f"/api/v1/instructions/{instruction.number}"
    return {
        "kind": "instruction",
        "title": title,
        "title_zh": title_zh,
        "order_number": instruction.order_number,
        "customer_name": instruction.customer_name,
        "entity_type": "instruction",
        "entity_number": instruction.number,
        "roles": list(roles),
        "person_id": None,
        "due_at": _due_at(instruction, calendar),
        "verb": verb,
        "path": path,
    }


def _warning_item(found: instruction_pages.AtRisk, calendar: WorkingCalendar) -> dict[str, Any]:
    instruction, ready_on = found.instruction, found.outlook.ready_on
    due = instruction.production_due
    title, title_zh = _WARNINGS[found.outlook.risk]
    return {
        "kind": "production_risk",
        "title": f"{title}: {instruction.number}, ready {ready_on or 'nobody knows when'}",
        "title_zh": f"{title_zh}：{instruction.number}，预计完工 {ready_on or '未知'}",
        "order_number": instruction.order_number,
        "customer_name": found.customer_name,
        "entity_type": "instruction",
        "entity_number": instruction.number,
        "roles": list(WARNED),
        "person_id": None,
        "due_at": None if due is None else calendar.end_of_working_day(due),
        "verb": None,
        "path": f"/api/v1/instructions/{instruction.number}",
    }


def _due_at(instruction: Any, calendar: WorkingCalendar) -> datetime:
    if instruction.due_on is not None:
        return calendar.end_of_working_day(instruction.due_on)
    # What is still to be dated has been due since it was drafted.
    drafted_at: datetime = instruction.drafted_at
    return drafted_at
