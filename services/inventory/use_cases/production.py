"""The daily production report (生产日报表): what was made and spoilt, shift by shift."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from chassis import quantity as quantities
from chassis.database import Work
from chassis.errors import guard_version
from services.inventory.domain.errors import ReportDayWrong, ReportNotPositive
from services.inventory.domain.events import ProductionReported
from services.inventory.domain.instruction import Instruction
from services.inventory.domain.production_report import ProductionReport
from services.inventory.storage import instructions, orders
from services.inventory.storage.pages import Page
from services.inventory.use_cases.changes import require_why
from services.inventory.use_cases.guards import own_only, signed

REPORTERS = ("planner", "assistant")


def report_production(
    work: Work,
    number: str,
    *,
    reported_on: date | None,
    shift: str,
    quantity: Decimal,
    scrap: Decimal,
    note: str | None,
    expected_version: int | None,
) -> Instruction:
    """Book one day's (or shift's) production; today unless said otherwise.

    It is a fact: a hold does not stop it, and it may exceed the plan.
    Raises ReportDayWrong, ReportNotPositive, IllegalMove before it is made, ReportsEnded after.
    """
    instruction = _in_work(work, number)
    guard_version(number, instruction.version, expected_version)
    report = _report(
        work,
        instruction,
        reported_on=reported_on or work.today,
        shift=shift,
        quantity=quantity,
        scrap=scrap,
        note=note,
    )
    _count(work, instruction, report, "report_production", before=None, reason=None)
    return instruction


def correct_report(
    work: Work,
    number: str,
    *,
    report_id: UUID,
    quantity: Decimal,
    scrap: Decimal | None,
    reason: str | None,
    note: str | None,
    expected_version: int | None,
) -> Instruction:
    """Replace a report by a right one, saying why; the wrong one is kept and counts no more.

    A scrap that is not named stays as it was. Raises ReportNotFound for one that was corrected
    already, IllegalMove before it is made, ReportsEnded after.
    """
    instruction = _in_work(work, number)
    wrong = instructions.report(work.session, instruction, report_id)
    guard_version(number, instruction.version, expected_version)
    why = require_why(reason)
    report = _report(
        work,
        instruction,
        reported_on=wrong.reported_on,
        shift=wrong.shift,
        quantity=quantity,
        scrap=wrong.scrap if scrap is None else scrap,
        note=note,
        corrects_id=wrong.id,
    )
    wrong.corrected = True
    _count(work, instruction, report, "correct_report", before=wrong, reason=why)
    return instruction


def _in_work(work: Work, number: str) -> Instruction:
    work.principal.require(*REPORTERS)
    orders.lock(work, instructions.order_of(work.session, number))
    instruction = instructions.locked(work.session, number)
    instruction.check_reportable()
    return instruction


def _report(
    work: Work,
    instruction: Instruction,
    *,
    reported_on: date,
    shift: str,
    quantity: Decimal,
    scrap: Decimal,
    note: str | None,
    corrects_id: UUID | None = None,
) -> ProductionReport:
    if corrects_id is None and quantity + scrap <= 0:
        raise ReportNotPositive
    started_on = instruction.started_on or work.today
    if not started_on <= reported_on <= work.today:
        raise ReportDayWrong(reported_on=reported_on, started_on=started_on, today=work.today)
    report = ProductionReport(
        report_id=uuid4(),
        instruction_id=instruction.id,
        reported_on=reported_on,
        shift=shift,
        quantity=quantities.check(quantity, instruction.unit_decimals),
        scrap=quantities.check(scrap, instruction.unit_decimals),
        note=note,
        signed=signed(work),
        corrects_id=corrects_id,
    )
    work.session.add(report)
    return report


def _count(
    work: Work,
    instruction: Instruction,
    report: ProductionReport,
    action: str,
    *,
    before: ProductionReport | None,
    reason: str | None,
) -> None:
    work.session.flush()
    produced, scrap = instructions.reported(work.session, instruction.id)
    instruction.count(produced=produced, scrap=scrap)
    work.announce(ProductionReported(instruction, report.reported_on, report.quantity))
    work.log(
        "instruction",
        instruction.number,
        action,
        changes={
            "reported_on": [None, report.reported_on],
            "quantity": [before.quantity if before else None, report.quantity],
            "scrap": [before.scrap if before else None, report.scrap],
            "produced": [None, instruction.produced_quantity],
        },
        reason=reason,
        note=report.note,
    )
    work.session.flush()


def daily_report(
    work: Work, *, since: date, until: date, limit: int, after: str | None
) -> Page[instructions.Reported]:
    """List what was reported on some days."""
    return instructions.reports_by_day(
        work.session,
        since=since,
        until=until,
        salesperson_id=own_only(work),
        limit=limit,
        after=after,
    )
